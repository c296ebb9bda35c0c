// SPDX-License-Identifier: MIT
// Sockets from their making to their shutdown, and their options.
#include "family.hpp"

#include <rondo/abi/socket.hpp>

#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

namespace fuzz {
namespace {

constexpr place listeners[] = {place::listener, place::listener, place::listener, place::stream0_a};
constexpr place callers[] = {place::caller, place::caller, place::made, place::packet_a};
constexpr place ends[] = {place::stream0_a, place::stream0_b, place::stream1_a, place::stream1_b,
                          place::packet_a,  place::tcp_a,     place::tcp_b,     place::pipe0_in};
// Who waits in a datagram socket that is shut, and from when on, is told by nobody.
constexpr place to_be_shut[] = {place::stream0_a, place::stream0_b, place::stream1_a,
                                place::stream1_b, place::tcp_a,     place::tcp_b,
                                place::pipe0_in};
constexpr place made_ones[] = {place::made};

void choose_slot(filling& f) {
    static constexpr std::uint32_t all[] = {
        1, 6, 9, 11, 13, abi::file_index_alloc, abi::file_index_alloc};
    if (f.roll.chance(3))
        f.to.file_index = f.roll.of(all);
}

void make_socket(filling& f) {
    static constexpr int families[] = {AF_UNIX, AF_UNIX, AF_INET, 99};
    static constexpr int types[] = {
        SOCK_STREAM,    SOCK_DGRAM, SOCK_STREAM | SOCK_CLOEXEC, SOCK_DGRAM | SOCK_NONBLOCK,
        SOCK_SEQPACKET, 77};
    f.to.fd = f.roll.of(families);
    f.to.off = static_cast<std::uint32_t>(f.roll.of(types));
    f.to.len = f.roll.chance(12) ? 99 : 0;
    choose_slot(f);
}

void accept(filling& f) {
    if (f.roll.chance(2)) {
        std::memset(&f.with.name, 0, sizeof f.with.name);
        f.with.name_size = sizeof f.with.name;
        f.to.addr = address_of(&f.with.name);
        f.to.off = address_of(&f.with.name_size);
    }
    static constexpr std::uint32_t flags[] = {0, SOCK_CLOEXEC, SOCK_NONBLOCK, 8};
    f.to.accept_flags = f.roll.of(flags);
    bool const threads =
        f.what.behind || f.what.hurried || (f.what.flags & raw(abi::sqe_flag::async)) != 0;
    bool const is_slot = (f.what.flags & raw(abi::sqe_flag::fixed_file)) != 0;
    if (f.roll.chance(8) && !threads && !is_slot && !f.what.spoiled && f.what.on == place::listener)
        f.to.ioprio = raw(abi::accept_flag::poll_first);
    else if (f.roll.chance(8))
        f.to.ioprio = raw(abi::accept_flag::dontwait);
    choose_slot(f);
}

void accept_many(filling& f) {
    f.to.ioprio = raw(abi::accept_flag::multishot);
    if (f.roll.chance(3))
        f.to.file_index = abi::file_index_alloc;
}

std::uint64_t inspect_accept(surroundings& on, action const& a, abi::cqe const& c) {
    tools const& with = on.hidden(a.number);
    return c.res < 0 ? 0 : mixed(with.name_size, with.name.ss_family);
}

void connect(filling& f) {
    f.to.addr = address_of(&f.on.address());
    f.to.off = f.on.address_size();
    if (f.roll.chance(6)) { // to nobody
        f.with.name = f.on.address();
        f.with.name.ss_family = f.roll.chance(2) ? sa_family_t{AF_INET6} : sa_family_t{77};
        f.to.addr = address_of(&f.with.name);
    }
}

/// To nothing in particular, so that the system finds a free name.
void bind(filling& f) {
    f.with.name = {};
    f.with.name.ss_family = AF_UNIX;
    f.to.addr = address_of(&f.with.name);
    f.to.off = f.roll.chance(6) ? 1 : sizeof(sa_family_t);
}

void listen(filling& f) { f.to.len = f.roll.below(5); }

/// Of TCP only for sending: what those who receive are told after the other is left open.
void shut_down(filling& f) {
    bool const far = f.what.on == place::tcp_a || f.what.on == place::tcp_b;
    f.to.len = far ? 1 : 1 + f.roll.below(3); // of receiving alone others are told or not
}

void ask_queue(filling& f) {
    f.to.cmd_op = static_cast<std::uint32_t>(f.roll.chance(2) ? abi::socket_command::siocinq
                                                              : abi::socket_command::siocoutq);
}

void get_option(filling& f) {
    static constexpr std::uint32_t names[] = {SO_TYPE, SO_ERROR, SO_ACCEPTCONN, SO_REUSEADDR, 9999};
    f.to.cmd_op = static_cast<std::uint32_t>(abi::socket_command::getsockopt);
    f.to.level = f.roll.chance(8) ? 12345u : std::uint32_t{SOL_SOCKET};
    f.to.optname = f.roll.of(names);
    f.to.optval = address_of(f.room());
    f.to.optlen = f.roll.of({4u, 8u, 1u});
}

void set_option(filling& f) {
    static constexpr std::uint32_t names[] = {SO_REUSEADDR, SO_KEEPALIVE, SO_TYPE, 9999};
    auto* const value = reinterpret_cast<int*>(f.with.control.data());
    *value = f.roll.chance(2);
    f.to.cmd_op = static_cast<std::uint32_t>(abi::socket_command::setsockopt);
    f.to.level = SOL_SOCKET;
    f.to.optname = f.roll.of(names);
    f.to.optval = address_of(value);
    f.to.optlen = f.roll.of({4u, 4u, 1u});
}

using code = abi::opcode;
constexpr auto sure = static_cast<std::uint32_t>(trait::sure);
constexpr auto makes = trait::makes_fd | trait::loud;
constexpr auto slots = resource(place::slots);
constexpr auto call = resource(place::listener);

constexpr family table[] = {
    {.name = "socket",
     .code = code::socket,
     .fill = make_socket,
     .traits = makes | trait::sure | trait::plain_fd,
     .weight = 3,
     .claims = slots},
    {.name = "accept",
     .code = code::accept,
     .fill = accept,
     .where = listeners,
     .traits = makes,
     .needs = topic::listener,
     .weight = 16,
     .claims = slots | call,
     .inspect = inspect_accept},
    {.name = "accept many",
     .code = code::accept,
     .fill = accept_many,
     .where = listeners,
     .traits = makes | trait::many,
     .needs = topic::listener,
     .weight = 8,
     .claims = slots | call},
    {.name = "connect",
     .code = code::connect,
     .fill = connect,
     .where = callers,
     .traits = trait::threaded | 0u, // if the listener of a unix socket has no room
     .needs = topic::listener,
     .weight = 12,
     .claims = call},
    {.name = "bind",
     .code = code::bind,
     .fill = bind,
     .where = made_ones,
     .traits = sure,
     .needs = topic::listener,
     .claims = call},
    {.name = "listen",
     .code = code::listen,
     .fill = listen,
     .where = callers,
     .traits = sure,
     .needs = topic::listener},
    {.name = "shutdown",
     .code = code::shutdown,
     .fill = shut_down,
     .where = to_be_shut,
     .traits = trait::sure | trait::threaded,
     .weight = 2},
    {.name = "socket queue",
     .code = code::uring_cmd,
     .fill = ask_queue,
     .where = ends,
     .traits = sure,
     .weight = 3},
    {.name = "getsockopt",
     .code = code::uring_cmd,
     .fill = get_option,
     .where = ends,
     .traits = sure,
     .weight = 2},
    {.name = "setsockopt",
     .code = code::uring_cmd,
     .fill = set_option,
     .where = ends,
     .traits = sure,
     .weight = 2},
};

} // namespace

std::span<family const> socket_families() noexcept { return table; }

} // namespace fuzz
