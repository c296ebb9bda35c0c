// SPDX-License-Identifier: MIT
#include "engine.hpp"

#include <engine/emulated/calls.hpp>
#include "tree.hpp"

#include <rondo/abi/enter.hpp>
#include <rondo/core/assert.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace rondo::engine::simulation {
namespace {

habits habits_of(testing::simulation_options const& options) noexcept {
    return {.short_count = options.how.short_count,
            .interrupted = options.how.interrupted,
            .trace_lines = options.trace_lines,
            .call_ns = std::max<std::int64_t>(options.call_ns, 0),
            .work_ns = std::max<std::int64_t>(options.work_ns, 0),
            .net_ns = std::max<std::int64_t>(options.net_ns, 0)};
}

/// Different for each thread that there is.
void const* this_thread() noexcept {
    static thread_local char const mark = 0;
    return &mark;
}

} // namespace

engine::visit::visit(engine& where) noexcept
    : before_(std::exchange(emulation::other_system, where.system_)) {
    RONDO_ASSERT(this_thread() == where.thread_,
                 "a simulation was used from a second thread: all its rings run on the one that "
                 "made it");
    where.world_.notice_descriptors();
}

engine::engine(testing::simulation_options&& options)
    : world_(options.seed, habits_of(options)), thread_(this_thread()) {
    auto made = std::make_unique<simulation::system>(world_, options);
    system_ = made.get();
    home_ = std::make_unique<emulation::installation>(std::move(made), *system_);
    for (abi::opcode const code : options.refused_opcodes)
        home_->refuse(code);
    home_->refuse(options.refused_setup);
    if (options.disk_bytes != 0)
        world_.files().set_capacity(options.disk_bytes);
}

engine::~engine() {
    visit const inside(*this);
    RONDO_ASSERT(!home_->has_rings(), "a simulation ended before its rings");
    home_.reset();
}

long engine::setup(std::uint32_t entries, abi::params& p) noexcept {
    visit const inside(*this);
    return home_->setup(entries, p);
}

long engine::enter(int fd, std::uint32_t to_submit, std::uint32_t min_complete, std::uint32_t flags,
                   void const* arg, std::size_t arg_size) noexcept {
    visit const inside(*this);
    world_.pass(static_cast<std::int64_t>(
        world_.luck().below(static_cast<std::uint64_t>(world_.how().call_ns))));
    if (to_submit != 0)
        if (long const refused = system_->refuses_enter(); refused != 0)
            return refused;
    return home_->enter(fd, to_submit, min_complete, flags, arg, arg_size);
}

long engine::register_(int fd, std::uint32_t operation, void* arg, std::uint32_t count) noexcept {
    visit const inside(*this);
    return home_->register_(fd, operation, arg, count);
}

result<mapping> engine::map(int fd, std::uint64_t offset, std::size_t bytes) noexcept {
    visit const inside(*this);
    return home_->map(fd, offset, bytes);
}

void engine::expose(int fd) noexcept {
    visit const inside(*this);
    home_->expose(fd);
}

/// What workers have goes on until it is complete, which is now.
void engine::close(int fd) noexcept {
    visit const inside(*this);
    home_->close(fd);
    system_->finish_work();
}

void engine::pass(std::int64_t ns) noexcept {
    visit const inside(*this);
    world_.pass(ns);
}

void engine::change(testing::chances const& how) noexcept {
    system_->how() = how;
    world_.change(how.short_count, how.interrupted);
}

} // namespace rondo::engine::simulation
