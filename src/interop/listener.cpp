// SPDX-License-Identifier: MIT
#include <rondo/interop/listener.hpp>

#include "socket_opening.hpp"
#include "socket_state.hpp"

#include <rondo/core/word.hpp>
#include <rondo/interop/default_ring.hpp>
#include <rondo/op/net.hpp>
#include <rondo/op/time.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <new>
#include <utility>

namespace rondo {
namespace {

constexpr attempt accepting = op::attempt_of<op::accept<>>;

/// The file of a unix socket, for who made it: one process, and that very file.
class socket_file {
public:
    socket_file() noexcept = default;
    explicit socket_file(endpoint const& place) noexcept {
        if (place.has_path() && ::lstat(path_of(place), &about_) == 0) {
            place_ = place;
            maker_ = ::getpid();
        }
    }
    /// Another socket may be on the path by now, and a child of fork(2) has its parent's.
    void remove() noexcept {
        struct ::stat now{};
        if (maker_ == ::getpid() && ::lstat(path_of(place_), &now) == 0 &&
            now.st_dev == about_.st_dev && now.st_ino == about_.st_ino)
            ::unlink(path_of(place_));
    }

private:
    static char const* path_of(endpoint const& place) noexcept {
        return reinterpret_cast<::sockaddr_un const*>(place.data())->sun_path;
    }

    endpoint place_;
    ::pid_t maker_ = 0;
    struct ::stat about_{};
};

/// What befell one connection: the next one may be well. accept(2) lists them.
bool concerns_one_connection(error const& e) noexcept {
    constexpr int codes[] = {ECONNABORTED, EPROTO,       ENOPROTOOPT, EHOSTDOWN,
                             ENONET,       EHOSTUNREACH, ENETDOWN,    ENETUNREACH,
                             ETIMEDOUT,    ECONNRESET,   EPERM,       EINTR};
    return std::ranges::any_of(codes, [&](int code) { return e == code; });
}

bool is_shortage(error const& e) noexcept {
    return e == EMFILE || e == ENFILE || e == ENOBUFS || e == ENOMEM;
}

} // namespace

struct listener_state {
    listener_state(shared_ring& on, opened_socket from, accept_error_handler handler) noexcept
        : socket(on, std::move(from.fd), from.network), on_error(std::move(handler)) {}
    ~listener_state() { static_cast<void>(close()); }

    /// The file goes first: nobody can have made another on the path while this one is bound.
    result<> close() noexcept {
        if (__atomic_exchange_n(&has_file, false, __ATOMIC_ACQ_REL))
            file.remove();
        return socket.close();
    }
    void tell(error const& e) const noexcept {
        if (on_error)
            on_error(e);
    }

    socket_state socket;
    accept_error_handler on_error;
    socket_file file;
    bool has_file = false; ///< that is to be removed
};

listener::listener(std::unique_ptr<listener_state> state) noexcept : state_(std::move(state)) {}
listener::listener(listener&& other) noexcept = default;
listener& listener::operator=(listener&& other) noexcept = default;
listener::~listener() = default;

result<listener> listener::listen(std::string_view network, std::string_view address,
                                  socket_options const& options,
                                  accept_error_handler on_error) noexcept {
    auto const on = default_ring();
    if (!on)
        return fail(on.error());
    return listen(**on, network, address, options, std::move(on_error));
}

result<listener> listener::listen(shared_ring& on, std::string_view network,
                                  std::string_view address, socket_options const& options,
                                  accept_error_handler on_error) noexcept {
    auto bound = open_bound(network, address, options, socket_role::listens);
    if (!bound)
        return fail(bound.error());
    socket_file file(bound->place);
    if (::listen(bound->fd.get(), options.backlog) != 0) {
        error const failure = error::last(op::attempt_of<op::listen>);
        file.remove();
        return fail(failure);
    }
    std::unique_ptr<listener_state> state(
        new (std::nothrow) listener_state(on, std::move(*bound), std::move(on_error)));
    if (!state) {
        file.remove();
        return fail(ENOMEM, attempt::allocate);
    }
    state->file = file;
    state->has_file = true;
    return listener(std::move(state));
}

result<listener> listener::adopt(unique_fd fd, accept_error_handler on_error) noexcept {
    auto const on = default_ring();
    if (!on)
        return fail(on.error());
    return adopt(**on, std::move(fd), std::move(on_error));
}

result<listener> listener::adopt(shared_ring& on, unique_fd fd,
                                 accept_error_handler on_error) noexcept {
    auto const listens = socket_fact(fd.get(), SO_ACCEPTCONN);
    if (!listens)
        return fail(listens.error());
    if (*listens == 0)
        return fail(EINVAL, attempt::adopt);
    auto const network = examine(fd.get(), false);
    if (!network)
        return fail(network.error());
    std::unique_ptr<listener_state> state(new (std::nothrow) listener_state(
        on, opened_socket{std::move(fd), *network}, std::move(on_error)));
    if (!state)
        return fail(ENOMEM, attempt::allocate);
    return listener(std::move(state));
}

/// Holds the descriptor no longer than one attempt, so that the handler may close the listener.
result<connection> listener::accept_one() noexcept {
    socket_state::use const mine(&state_->socket);
    if (!mine)
        return used_after_close();
    ::sockaddr_storage address{};
    ::socklen_t size = sizeof address;
    auto* const name = reinterpret_cast<::sockaddr*>(&address);
    socket_state& s = state_->socket;
    auto fd =
        s.run(op::accept<>{.fd = mine.fd(), .address = name, .size = &size}, s.reading, POLLIN);
    if (!fd)
        return fail(fd.error());
    // A peer on a unix socket that has no name has no address at all.
    auto const peer = endpoint::from(name, size, s.network);
    return connection::make(s.ring, std::move(*fd), s.network, peer ? *peer : endpoint());
}

result<> listener::pause(std::int64_t nanoseconds) noexcept {
    socket_state::use const mine(&state_->socket);
    if (!mine)
        return used_after_close();
    op::timeout const sleep{.when = std::chrono::nanoseconds(nanoseconds)};
    auto const over = state_->socket.ring.run(sleep, state_->socket.reading);
    if (!over)
        return fail(over.error().code(), accepting, over.error().why());
    return {};
}

result<connection> listener::accept() noexcept {
    constexpr std::int64_t millisecond = 1'000'000;
    constexpr std::int64_t longest_pause = 1000 * millisecond;
    // Each takes a connection from the queue, so a row of these is an error of another kind.
    constexpr int most_in_a_row = 1000;
    if (!state_)
        return used_after_close();
    std::int64_t next_pause = 5 * millisecond;
    for (int in_a_row = 1;; ++in_a_row) {
        auto one = accept_one();
        if (one)
            return one;
        error const failure = one.error();
        if (is_shortage(failure) && state_->on_error) {
            in_a_row = 0;
            state_->tell(failure);
            if (result<> const slept = pause(next_pause); !slept)
                return fail(slept.error());
            next_pause = std::min(2 * next_pause, longest_pause);
        } else if (concerns_one_connection(failure) && in_a_row < most_in_a_row) {
            state_->tell(failure);
        } else {
            return one;
        }
    }
}

result<> listener::set_deadline(deadline until) noexcept {
    if (!is_open())
        return used_after_close();
    state_->socket.reading.set(until);
    return {};
}

result<endpoint> listener::local_address() const noexcept {
    if (!state_)
        return used_after_close();
    return state_->socket.name(::getsockname);
}

result<> listener::close() noexcept {
    if (!state_)
        return used_after_close();
    return state_->close();
}

int listener::native_handle() const noexcept {
    return state_ ? state_->socket.native_handle() : -1;
}

} // namespace rondo
