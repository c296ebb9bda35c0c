// SPDX-License-Identifier: MIT
#include <rondo/loop/latency_histogram.hpp>

#include <rondo/core/assert.hpp>

#include <algorithm>
#include <memory>
#include <new>
#include <utility>

namespace rondo {

latency_histogram::~latency_histogram() { delete[] flights_; }

void latency_histogram::attach(loop_options& options) noexcept {
    RONDO_ASSERT(trace_ != &listen && options.trace != &listen,
                 "a latency_histogram was attached where there is one already; each loop has its "
                 "own");
    trace_ = std::exchange(options.trace, &listen);
    trace_argument_ = std::exchange(options.trace_argument, this);
}

void latency_histogram::listen(void* self, loop_event const& event) {
    auto& h = *static_cast<latency_histogram*>(self);
    if (event.what == loop_event::kind::started)
        h.started(event.which, event.at_ns);
    else if (event.what == loop_event::kind::completed)
        h.completed(event.which, event.at_ns);
    if (h.trace_ != nullptr)
        h.trace_(h.trace_argument_, event);
}

void latency_histogram::started(completion const* which, std::int64_t now_ns) noexcept {
    if (2 * (in_flight_ + 1) > places_ && !grow()) {
        ++missed_;
        return;
    }
    flight& f = flights_[place_of(which)];
    in_flight_ += f.which == nullptr ? 1u : 0u;
    f = {which, now_ns};
}

void latency_histogram::completed(completion const* which, std::int64_t now_ns) noexcept {
    if (places_ == 0)
        return;
    std::size_t const at = place_of(which);
    if (flights_[at].which == nullptr) // it ended before the kernel heard of it, or was missed
        return;
    count(now_ns - flights_[at].since_ns);
    take_out(at);
}

void latency_histogram::count(std::int64_t ns) noexcept {
    ++buckets_[bucket_of(ns)];
    ++count_;
    max_ns_ = std::max(max_ns_, ns);
}

std::int64_t latency_histogram::quantile_ns(unsigned per_mille) const noexcept {
    std::uint64_t const share = std::min(per_mille, 1'000u);
    // Rounded up, without overflow.
    std::uint64_t const wanted = count_ / 1'000 * share + (count_ % 1'000 * share + 999) / 1'000;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < bucket_count; ++i) {
        seen += buckets_[i];
        if (seen >= wanted && seen != 0)
            return std::min(most_ns_of(i), max_ns_);
    }
    return 0;
}

void latency_histogram::add(latency_histogram const& other) noexcept {
    for (std::size_t i = 0; i < bucket_count; ++i)
        buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    missed_ += other.missed_;
    max_ns_ = std::max(max_ns_, other.max_ns_);
}

void latency_histogram::clear() noexcept {
    std::fill(std::begin(buckets_), std::end(buckets_), 0u);
    count_ = missed_ = 0;
    max_ns_ = 0;
}

/// Twice as many places, half of them free at least.
bool latency_histogram::grow() noexcept {
    std::size_t const before = places_;
    std::size_t const places = before == 0 ? 64 : 2 * before;
    auto* const made = new (std::nothrow) flight[places];
    if (made == nullptr)
        return false;
    std::unique_ptr<flight[]> const old(std::exchange(flights_, made));
    places_ = places;
    for (std::size_t i = 0; i < before; ++i)
        if (old[i].which != nullptr)
            flights_[place_of(old[i].which)] = old[i];
    return true;
}

std::size_t latency_histogram::home_of(completion const* which) const noexcept {
    constexpr std::uint64_t golden = 0x9e37'79b9'7f4a'7c15; // 2^64 / the golden ratio
    return static_cast<std::size_t>((loop::user_data_of(*which) * golden) >> 32) & (places_ - 1);
}

/// Where it is, or the free place where it would be put.
std::size_t latency_histogram::place_of(completion const* which) const noexcept {
    std::size_t at = home_of(which);
    while (flights_[at].which != nullptr && flights_[at].which != which)
        at = (at + 1) & (places_ - 1);
    return at;
}

/// Those behind it move up, so that no search ends at a place that was freed.
void latency_histogram::take_out(std::size_t place) noexcept {
    std::size_t const last = places_ - 1;
    for (std::size_t next = (place + 1) & last; flights_[next].which != nullptr;
         next = (next + 1) & last) {
        std::size_t const home = home_of(flights_[next].which);
        if (((next - home) & last) < ((next - place) & last))
            continue; // it would come before its home
        flights_[place] = flights_[next];
        place = next;
    }
    flights_[place] = {};
    --in_flight_;
}

} // namespace rondo
