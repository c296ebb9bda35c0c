// SPDX-License-Identifier: MIT
#include <rondo/ring/shared_ring.hpp>

#include "state.hpp"

#include <rondo/core/assert.hpp>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <new>
#include <sched.h>

namespace rondo {
namespace {

/// Gives each CPU that the process may run on its shard; 0 shards: as many as CPUs.
void spread_over_cpus(shared_state& state, std::uint32_t shards) {
    ::cpu_set_t allowed;
    CPU_ZERO(&allowed);
    static_cast<void>(::sched_getaffinity(0, sizeof allowed, &allowed)); // or none is known
    auto const cpus = static_cast<std::uint32_t>(CPU_COUNT(&allowed));
    state.place_count = shards != 0 ? shards : std::max(cpus, 1u);
    state.places = std::make_unique<shard*[]>(state.place_count);
    state.place_of_cpu = std::make_unique<std::uint16_t[]>(CPU_SETSIZE);
    for (std::uint32_t seen = 0; seen < cpus; ++state.cpu_count) {
        state.place_of_cpu[state.cpu_count] = static_cast<std::uint16_t>(seen % state.place_count);
        seen += CPU_ISSET(state.cpu_count, &allowed) ? 1u : 0u;
    }
}

shared_state& checked(shared_state* state) noexcept {
    RONDO_ASSERT(state != nullptr, "a moved-from shared_ring was used");
    return *state;
}

} // namespace

result<shared_ring> shared_ring::create(shared_ring_options const& options) noexcept {
    constexpr std::uint32_t most_shards = 4096;
    if (options.shards > most_shards)
        return fail(EINVAL, attempt::setup, cause::entries, options.shards);
    auto* const state = new (std::nothrow) shared_state;
    if (state == nullptr)
        return fail(ENOMEM, attempt::allocate);
    shared_ring out(state);
    state->options = options;
    auto page = mapping::anonymous(sizeof(std::uint32_t), {.wipe_in_children = true});
    if (!page)
        return fail(page.error());
    state->alive_page = std::move(*page);
    *state->alive() = 1;
    std::uint32_t shards = options.shards;
    if (shards == 0 && options.poller.idle_ms != 0)
        shards = 1;
    try {
        spread_over_cpus(*state, shards);
    } catch (std::exception const&) {
        return fail(ENOMEM, attempt::allocate);
    }
    if (auto first = state->make(0); !first)
        return fail(first.error());
    return out;
}

shared_ring& shared_ring::operator=(shared_ring&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
}

shared_ring::~shared_ring() {
    if (state_ != nullptr && state_->alive_page && !state_->is_child())
        stop();
    delete state_;
}

void shared_ring::stop() noexcept {
    shared_state& state = checked(state_);
    if (state.is_child())
        return;
    state.making.lock();
    store_relaxed(&state.stopped, true);
    state.making.unlock();
    state.each([](shard& s) { s.drain(); });
}

bool shared_ring::is_stopped() const noexcept { return load_relaxed(&checked(state_).stopped); }

bool shared_ring::is_inherited() const noexcept { return checked(state_).is_child(); }

result<> shared_ring::flush() noexcept {
    shared_state& state = checked(state_);
    if (state.is_child())
        return fail(ECHILD, attempt::enter, cause::forked);
    state.each([](shard& s) {
        shard::hold h(s);
        s.flush(h);
        s.reap(h);
    });
    return {};
}

features const& shared_ring::features() const noexcept {
    return checked(state_).at(0)->kernel_ring().features();
}

std::uint32_t shared_ring::shards() const noexcept { return checked(state_).place_count; }

shard_statistics shared_ring::statistics(std::uint32_t shard) const noexcept {
    rondo::shard* const there = checked(state_).at(shard);
    return there == nullptr ? shard_statistics{} : there->statistics();
}

shard_statistics shared_ring::statistics() const noexcept {
    shard_statistics sum;
    shared_state& state = checked(state_);
    if (state.is_child()) // whoever was making a shard at the time of the fork still is, here
        return sum;
    state.each([&](shard& s) {
        shard_statistics const one = s.statistics();
        sum.dropped += one.dropped;
        sum.overflows += one.overflows;
        sum.in_flight += one.in_flight;
        sum.submitted += one.submitted;
        sum.enters += one.enters;
        sum.contended += one.contended;
        sum.handovers += one.handovers;
    });
    return sum;
}

} // namespace rondo
