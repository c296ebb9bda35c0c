// SPDX-License-Identifier: MIT
#include <rondo/ring/wait_region.hpp>

#include "registration.hpp"

#include <rondo/core/annotate.hpp>
#include <rondo/core/assert.hpp>
#include <rondo/ring/region.hpp>

#include <cerrno>
#include <new>
#include <vector>

namespace rondo {

struct wait_region_state {
    region memory;
    std::vector<bool> absolute; // which slots hold a point in time: the kernel has no place for it
};

result<wait_region> wait_region::create(ring& owner, wait_region_options const& options) noexcept {
    if (options.slots == 0)
        return fail(EINVAL, attempt_to_register(raw(abi::register_op::mem_region)));
    auto memory = region::create(owner, {.size = options.slots * sizeof(abi::reg_wait),
                                         .kernel_memory = options.kernel_memory,
                                         .wait_arguments = true});
    if (!memory)
        return fail(memory.error());
    std::size_t const slots = memory->memory().size() / sizeof(abi::reg_wait);
    try {
        return wait_region(
            new wait_region_state{std::move(*memory), std::vector<bool>(slots, false)});
    } catch (std::bad_alloc const&) {
        return fail(ENOMEM, attempt::allocate);
    }
}

wait_region& wait_region::operator=(wait_region&& other) noexcept {
    if (this != &other) {
        delete state_;
        state_ = std::exchange(other.state_, nullptr);
    }
    return *this;
}

wait_region::~wait_region() { delete state_; }

void wait_region::set(std::uint32_t slot, wait_options const& wait) noexcept {
    constexpr std::int64_t second = 1'000'000'000;
    abi::reg_wait& into = (*this)[slot];
    into = abi::reg_wait{};
    std::int64_t const ns = wait.until.nanoseconds();
    into.ts = {ns / second, ns % second};
    into.flags = wait.until.which() != deadline::kind::never ? raw(abi::reg_wait_flag::ts) : 0u;
    into.min_wait_usec = wait.min_wait_us;
    into.sigmask = address_of(wait.signals);
    into.sigmask_sz = wait.signals != nullptr ? wait.signals_bytes : 0;
    state_->absolute[slot] = wait.until.which() == deadline::kind::absolute;
}

result<std::uint32_t> wait_region::submit_and_wait(ring& owner, std::uint32_t slot,
                                                   std::uint32_t count) noexcept {
    static_cast<void>((*this)[slot]);
    if (result<> bound = owner.bind_to_this_thread(); !bound)
        return fail(bound.error());
    abi::enter flags = abi::enter::getevents | abi::enter::ext_arg | abi::enter::ext_arg_reg;
    if (state_->absolute[slot])
        flags |= abi::enter::abs_timer;
    std::uint32_t queued = 0;
    if (has(owner.features().setup, abi::setup::sqpoll)) {
        queued = owner.sq().unpublished();
        if (owner.sq().publish_to_poller())
            flags |= abi::enter::sq_wakeup;
    } else {
        queued = owner.sq().publish();
    }
    // The argument is an offset into the region, not an address.
    auto* const offset =
        reinterpret_cast<void const*>(std::uintptr_t{slot} * sizeof(abi::reg_wait));
    annotate::submitting();
    auto const entered = owner.enter(queued, count, flags, offset, sizeof(abi::reg_wait));
    annotate::reaping();
    return entered;
}

abi::reg_wait& wait_region::operator[](std::uint32_t slot) noexcept {
    RONDO_ASSERT(state_ != nullptr, "a moved-from wait region was used");
    RONDO_ASSERT(slot < state_->absolute.size(), "a slot outside its wait region was asked for");
    return reinterpret_cast<abi::reg_wait*>(state_->memory.memory().data())[slot];
}

std::uint32_t wait_region::size() const noexcept {
    return state_ != nullptr ? static_cast<std::uint32_t>(state_->absolute.size()) : 0;
}

} // namespace rondo
