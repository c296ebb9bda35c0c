// SPDX-License-Identifier: MIT
// Making sockets, their addresses, connections and options.
#include "guarded.hpp"
#include "network.hpp"
#include "socket.hpp"
#include "user_data.hpp"
#include "world.hpp"

#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <sys/socket.h>
#include <sys/syscall.h>

namespace rondo::engine::simulation {
namespace {

static_assert(SOCK_NONBLOCK == O_NONBLOCK && SOCK_CLOEXEC == O_CLOEXEC);
constexpr int descriptor_flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
constexpr int type_mask = 0xf;

long make_one(world& w, words const& a) {
    int const type = static_cast<int>(a[1]), flags = type & ~type_mask;
    if ((flags & ~descriptor_flags) != 0)
        return -EINVAL;
    std::shared_ptr<socket> made;
    if (long const no =
            make_socket(w, static_cast<int>(a[0]), type & type_mask, static_cast<int>(a[2]), made);
        no < 0)
        return no;
    return w.add(std::move(made), O_RDWR | flags);
}

long make_pair(world& w, words const& a) {
    int const type = static_cast<int>(a[1]), flags = type & ~type_mask;
    if ((flags & ~descriptor_flags) != 0)
        return -EINVAL;
    if (a[3] == 0)
        return -EFAULT;
    std::shared_ptr<socket> probe; // which says what is wrong with the arguments
    if (long const no =
            make_socket(w, static_cast<int>(a[0]), type & type_mask, static_cast<int>(a[2]), probe);
        no < 0)
        return no;
    auto both = socket_pair(w, static_cast<int>(a[0]), type & type_mask);
    if (!both.first)
        return -EOPNOTSUPP;
    long const first = w.add(std::move(both.first), O_RDWR | flags);
    if (first < 0)
        return first;
    long const second = w.add(std::move(both.second), O_RDWR | flags);
    if (second < 0) {
        w.close(static_cast<int>(first));
        return second;
    }
    int const numbers[2] = {static_cast<int>(first), static_cast<int>(second)};
    put_value(a[3], numbers);
    return 0;
}

long accept(world& w, socket& listener, words const& a, int flags) {
    if ((flags & ~descriptor_flags) != 0)
        return -EINVAL;
    std::shared_ptr<socket> next;
    if (long const no = listener.accept(next); no < 0)
        return no;
    if (a[1] != 0 && a[2] == 0)
        return -EFAULT;
    long const fd = w.add(next, O_RDWR | flags);
    if (fd < 0)
        return fd; // and it waits on
    listener.accepted();
    long const told = put_address(next->remote(), a[1], a[2]);
    if (told == 0)
        return fd;
    w.close(static_cast<int>(fd));
    return told;
}

long tell_name(socket const& who, words const& a, bool of_peer) {
    if (a[1] == 0)
        return -EFAULT;
    socket_address peer;
    if (of_peer)
        if (long const no = who.peer_name(peer); no < 0)
            return no;
    return put_address(of_peer ? peer : who.name(), a[1], a[2]);
}

long shutdown(socket& one, long how) noexcept {
    if (how < SHUT_RD || how > SHUT_RDWR)
        return -EINVAL;
    return one.shutdown(static_cast<unsigned>(how) + 1);
}

/// What is done to the socket a[0].
long run(world& w, long number, words const& a) {
    long failure = 0;
    std::shared_ptr<socket> const one = find_socket(w, a[0], failure);
    if (!one)
        return failure;
    auto const level = static_cast<int>(a[1]), name = static_cast<int>(a[2]);
    switch (number) {
    case SYS_bind:
    case SYS_connect: {
        socket_address where;
        if (long const no = get_address(where, a[1], a[2]); no < 0)
            return no;
        return number == SYS_bind ? one->bind(where) : one->connect(where);
    }
    case SYS_listen: return one->listen(static_cast<int>(a[1]));
    case SYS_accept: return accept(w, *one, a, 0);
    case SYS_accept4: return accept(w, *one, a, static_cast<int>(a[3]));
    case SYS_shutdown: return shutdown(*one, static_cast<int>(a[1]));
    case SYS_getsockname: return tell_name(*one, a, false);
    case SYS_getpeername: return tell_name(*one, a, true);
    case SYS_getsockopt: return one->get_option(level, name, a[3], a[4]);
    default: return one->set_option(level, name, a[3], static_cast<int>(a[4]));
    }
}

} // namespace

bool socket_calls(world& w, long number, words const& a, long& answer) noexcept {
    switch (number) {
    case SYS_socket: answer = guarded([&] { return make_one(w, a); }); return true;
    case SYS_socketpair: answer = guarded([&] { return make_pair(w, a); }); return true;
    case SYS_bind:
    case SYS_connect:
    case SYS_listen:
    case SYS_accept:
    case SYS_accept4:
    case SYS_shutdown:
    case SYS_getsockname:
    case SYS_getpeername:
    case SYS_getsockopt:
    case SYS_setsockopt: answer = guarded([&] { return run(w, number, a); }); return true;
    default: return false;
    }
}

} // namespace rondo::engine::simulation
