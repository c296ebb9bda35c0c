// SPDX-License-Identifier: MIT
#include <rondo/ring/ring.hpp>

#include "state.hpp"

#include <rondo/core/assert.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <new>

namespace rondo {
namespace {

[[noreturn]] void fail_audit(char const* operation, char const* when) noexcept {
    error_text text;
    text.append("op::").append(operation).append(" ").append(when);
    text.append(" memory that is freed, out of scope or lent to another operation");
    RONDO_ASSERT(false, text.c_str());
    __builtin_unreachable();
}

} // namespace

ring_guard const ring::moved_from_guard = {.fast = ring_guard::always_slow, .owner = 0, .alive = 1};

bool held_completions::make_room(std::size_t n) noexcept {
    // What was popped goes when it is at least as much as what would be moved.
    if (next_ >= size()) {
        held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(next_));
        next_ = 0;
    }
    if (held_.capacity() - held_.size() >= n)
        return true;
    try {
        held_.reserve(std::max(held_.size() + n, 2 * held_.capacity()));
        return true;
    } catch (std::bad_alloc const&) {
        return false;
    }
}

void held_completions::push(abi::cqe32 const& c) noexcept {
    finals_ += abi::more(c.head) ? 0u : 1u;
    try {
        held_.push_back(c);
    } catch (std::bad_alloc const&) {
        RONDO_ASSERT(false, "out of memory while ring::run kept the completions of others: pop "
                            "them before calling run");
    }
}

abi::cqe32 held_completions::pop() noexcept {
    abi::cqe32 const& oldest = held_[next_++];
    finals_ -= abi::more(oldest.head) ? 0u : 1u;
    return oldest;
}

ring::ring(ring&& other) noexcept
    : sq_(std::exchange(other.sq_, {})), cq_(std::exchange(other.cq_, {})),
      guard_(std::exchange(other.guard_, &moved_from_guard)),
      enter_fd_(std::exchange(other.enter_fd_, -1)), enter_flags_(other.enter_flags_),
      wait_flags_(other.wait_flags_), silent_(other.silent_),
      state_(std::exchange(other.state_, nullptr)) {}

ring& ring::operator=(ring&& other) noexcept {
    if (this != &other) {
        close();
        sq_ = std::exchange(other.sq_, {});
        cq_ = std::exchange(other.cq_, {});
        guard_ = std::exchange(other.guard_, &moved_from_guard);
        enter_fd_ = std::exchange(other.enter_fd_, -1);
        set_enter_flags(other.enter_flags_);
        silent_ = other.silent_;
        state_ = std::exchange(other.state_, nullptr);
    }
    return *this;
}

ring::~ring() { close(); }

features const& ring::features() const noexcept {
    RONDO_ASSERT(state_ != nullptr, "a moved-from ring was used");
    return state_->features;
}

int ring::native_handle() const noexcept {
    RONDO_ASSERT(state_ != nullptr, "a moved-from ring was used");
    int const fd = state_->registry->fd();
    if (fd >= 0)
        state_->backend().expose(fd);
    return fd;
}

registrar_ref const& ring::registry() const noexcept {
    RONDO_ASSERT(state_ != nullptr, "a moved-from ring was used");
    return state_->registry;
}

result<std::uint32_t> ring::register_(abi::register_op operation, void* arg,
                                      std::uint32_t count) noexcept {
    return registry()->call(operation, arg, count);
}

std::uint32_t ring::in_flight() const noexcept {
    std::uint32_t const kept = state_ != nullptr ? state_->held.finals() : 0;
    // A poller completes operations before it tells how many it took: there, what was published
    // counts.
    bool const has_poller = state_ != nullptr && state_->has_poller;
    std::uint32_t const submitted = has_poller ? sq_.tail() - sq_.unpublished() : sq_.head();
    auto const n = static_cast<std::int32_t>(submitted - cq_.finals() + kept);
    return n > 0 ? static_cast<std::uint32_t>(n) : 0; // messages complete what nobody submitted
}

bool ring::refuse_push() const noexcept {
    RONDO_ASSERT(state_ != nullptr, "an operation was pushed to a moved-from ring");
    return false;
}

abi::sqe128* ring::reserve_wide() noexcept {
    RONDO_ASSERT(state_ != nullptr, "an operation was pushed to a moved-from ring");
    if (sq_.entry_bytes() == sizeof(abi::sqe128))
        return sq_.is_full() ? nullptr : reinterpret_cast<abi::sqe128*>(&sq_.reserve());
    RONDO_ASSERT(has(state_->features.setup, abi::setup::sqe_mixed),
                 "this operation needs 128-byte SQEs: create the ring with setup::sqe128");
    // Two entries side by side: one that would wrap around is filled with a nop first.
    bool const wraps = sq_.next_slot() == sq_.capacity() - 1;
    if (!sq_.has_room(wraps ? 3 : 2))
        return nullptr;
    if (wraps) {
        abi::sqe& filler = sq_.reserve();
        filler = abi::sqe{};
        filler.flags = raw(abi::sqe_flag::cqe_skip_success);
        ++silent_;
    }
    auto* const wide = reinterpret_cast<abi::sqe128*>(&sq_.reserve());
    static_cast<void>(sq_.reserve());
    return wide;
}

result<> ring::room_for_chain(std::size_t n) noexcept {
    RONDO_ASSERT(state_ != nullptr, "a chain was pushed to a moved-from ring");
    if (n > sq_.capacity())
        return fail(EINVAL, attempt::push, cause::too_long,
                    std::uint64_t{sq_.capacity()} << 32 | n);
    if (state_->shared_poller)
        return fail(ENOTSUP, attempt::push, cause::shared_poller);
    if (!sq_.has_room(static_cast<std::uint32_t>(n)))
        return fail(EAGAIN, attempt::push, cause::queue_full, sq_.capacity());
    return {};
}

void ring::audit_memory(char const* name, void const* p, std::size_t bytes, op::access how,
                        alive_test alive) noexcept {
    if (!alive(p, bytes))
        fail_audit(name, "was pushed with");
    if (how == op::access::reads_until_submitted && bytes != 0 && state_ != nullptr)
        state_->audited.push_back({name, p, bytes});
}

void ring::audit_pushed(alive_test alive) noexcept {
    if (state_ == nullptr)
        return;
    for (audited_memory const& memory : state_->audited)
        if (!alive(memory.data, memory.bytes))
            fail_audit(memory.operation, "was submitted with");
    state_->audited.clear();
}

} // namespace rondo
