// SPDX-License-Identifier: MIT
#include "socket_state.hpp"

#include <rondo/core/word.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <new>
#include <utility>

namespace rondo {

socket_state::~socket_state() {
    if ((load_acquire(&users_) & closed) == 0)
        static_cast<void>(close());
}

result<std::unique_ptr<socket_state>> socket_state::create(shared_ring& on, unique_fd fd,
                                                           network_kind kind) noexcept {
    std::unique_ptr<socket_state> out(new (std::nothrow) socket_state(on, std::move(fd), kind));
    if (!out)
        return fail(ENOMEM, attempt::allocate);
    return out;
}

bool socket_state::enter() noexcept {
    std::uint32_t seen = load_relaxed(&users_);
    do {
        if ((seen & closed) != 0)
            return false;
        // Acquire and release in both directions: close() follows all that the users did.
    } while (!__atomic_compare_exchange_n(&users_, &seen, seen + 1, true, __ATOMIC_ACQ_REL,
                                          __ATOMIC_RELAXED));
    return true;
}

void socket_state::leave() noexcept {
    // Partner: the acquire in close(), which may destroy this object as soon as it sees the store.
    if (__atomic_sub_fetch(&users_, 1, __ATOMIC_ACQ_REL) == closed)
        futex_wake(&users_);
}

result<> socket_state::close() noexcept {
    std::uint32_t seen = __atomic_fetch_or(&users_, closed, __ATOMIC_ACQ_REL);
    if ((seen & closed) != 0)
        return used_after_close();
    reading.end();
    writing.end();
    while ((seen = load_acquire(&users_)) != closed)
        futex_wait(&users_, seen);
    if (::close(fd_) != 0)
        return fail(error::last(attempt::close));
    return {};
}

int socket_state::native_handle() const noexcept {
    return (load_acquire(&users_) & closed) == 0 ? fd_ : -1;
}

result<endpoint> socket_state::name(int (*ask)(int, ::sockaddr*, ::socklen_t*)) noexcept {
    use const mine(this);
    if (!mine)
        return used_after_close();
    ::sockaddr_storage address{};
    ::socklen_t size = sizeof address;
    auto* const to = reinterpret_cast<::sockaddr*>(&address);
    if (ask(mine.fd(), to, &size) != 0)
        return fail(error::last(attempt::stat));
    return endpoint::from(to, size, network);
}

bool socket_state::has_passed(call_deadline const& limit) noexcept {
    std::int64_t const at = limit.at();
    // What has ended answers for itself, as a call that was waiting does.
    return at != call_deadline::never && at != call_deadline::ended && at <= steady_now();
}

bool socket_state::is_non_blocking() const noexcept {
    int const flags = ::fcntl(fd_, F_GETFL);
    return flags >= 0 && (flags & O_NONBLOCK) != 0;
}

} // namespace rondo
