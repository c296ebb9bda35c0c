// SPDX-License-Identifier: MIT
#include <rondo/ring/registrar.hpp>

#include "buffer_pool.hpp"

#include <rondo/core/bits.hpp>

#include <cerrno>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace rondo {

constinit thread_local std::uint32_t this_thread_stamp = unstamped;

std::uint32_t stamp_this_thread() noexcept {
    // A child of fork(2) inherits its parent's stamp, so the number is asked for each time; this is
    // never on a hot path.
    this_thread_stamp = static_cast<std::uint32_t>(::syscall(SYS_gettid));
    return this_thread_stamp;
}

registrar::~registrar() {
    while (buffer_ring_state* const one = take_retired())
        delete one;
}

void registrar::retire(buffer_ring_state& ended) noexcept {
    ended.next_retired = retired_;
    retired_ = &ended;
}

buffer_ring_state* registrar::take_retired() noexcept {
    buffer_ring_state* const one = retired_;
    if (one != nullptr)
        retired_ = std::exchange(one->next_retired, nullptr);
    return one;
}

result<std::uint32_t> registrar::call(abi::register_op operation, void* arg,
                                      std::uint32_t count) noexcept {
    attempt const what = attempt_to_register(raw(operation));
    if (guard_ == nullptr)
        return fail(EBADF, what, cause::moved_from);
    if (guard_->alive == 0)
        return fail(ECHILD, what, cause::forked);
    if (guard_->owner != 0 && guard_->owner != this_thread_stamp)
        return fail(EEXIST, what, cause::wrong_thread);
    std::uint32_t bits = raw(operation);
    int fd = fd_;
    if (fd < 0 || (by_index_ && guard_->owner != 0)) {
        fd = registered_index_;
        bits |= raw(abi::register_op::use_registered_ring);
    }
    long const answer = backend_->register_(fd, bits, arg, count);
    if (answer < 0)
        return fail(static_cast<int>(-answer), what,
                    answer == -EBADFD ? cause::disabled : cause::none);
    return static_cast<std::uint32_t>(answer);
}

} // namespace rondo
