// SPDX-License-Identifier: MIT
// What happens to the things of a program from outside of its ring: other ends are written, read,
// shut and closed, slots change hands, buffers are given back.
#include "family.hpp"

#include <linux/futex.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace fuzz {
namespace {

constexpr place writable[] = {place::pipe0_in,  place::pipe1_in,  place::small_in, place::stream0_b,
                              place::stream1_b, place::stream0_a, place::packet_a, place::counter,
                              place::tcp_a,     place::udp_a};
constexpr place readable[] = {place::pipe0_out, place::small_out, place::pipe1_out,
                              place::stream0_a, place::stream1_a, place::packet_b,
                              place::counter};
constexpr place closable[] = {place::pipe0_in,  place::pipe0_out, place::pipe1_in,
                              place::stream0_b, place::stream1_a, place::packet_a,
                              place::tcp_a,     place::small_out};
constexpr place sockets[] = {place::stream0_b, place::stream1_b, place::stream0_a, place::tcp_a};
constexpr place listeners[] = {place::listener};

long answer(long value) noexcept { return value < 0 ? -errno : value; }

long write(surroundings& on, action const& a, dice& roll) {
    static constexpr std::size_t sizes[] = {1, 4, 8, 8, 20, 60, 120, 5000};
    ::iovec const part{const_cast<std::byte*>(letters_from(a.number)),
                       a.on == place::counter ? 8 : roll.of(sizes)};
    int const fd = on.fd(a.on);
    ::msghdr h{};
    h.msg_iov = const_cast<::iovec*>(&part);
    h.msg_iovlen = 1;
    long const sent = ::sendmsg(fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0 || errno != ENOTSOCK)
        return answer(sent);
    if (a.on == place::counter) {
        std::uint64_t const one = 1 + roll.below(3);
        return answer(::write(fd, &one, sizeof one));
    }
    ::pollfd one{fd, POLLOUT, 0};
    if (::poll(&one, 1, 0) <= 0)
        return -EAGAIN;
    // As much as does not have to wait when there is room at all.
    return answer(::write(fd, part.iov_base, std::min<std::size_t>(part.iov_len, 4096)));
}

long read(surroundings& on, action const& a, dice& roll) {
    std::byte bytes[6000];
    static constexpr std::size_t sizes[] = {1, 8, 100, 4096, 6000};
    ::iovec const part{bytes, roll.of(sizes)};
    ::pollfd one{on.fd(a.on), POLLIN, 0};
    if (::poll(&one, 1, 0) <= 0 || (one.revents & POLLIN) == 0)
        return -EAGAIN;
    long const n = ::readv(one.fd, &part, 1);
    std::uint64_t sum = 0;
    for (long i = 0; i < n; ++i)
        sum = mixed(sum, static_cast<std::uint64_t>(bytes[i]));
    return n <= 0 ? answer(n) : static_cast<long>((sum << 16 | static_cast<std::uint64_t>(n)) >> 1);
}

long close(surroundings& on, action const& a, dice&) {
    on.shut(a.on);
    return 0;
}

long shut_down(surroundings& on, action const& a, dice& roll) {
    bool const far = a.on == place::tcp_a;
    return answer(::shutdown(on.fd(a.on), far ? 1 : static_cast<int>(1 + roll.below(2))));
}

long wake(surroundings& on, action const&, dice& roll) {
    std::uint32_t* const word = &on.shown().words[roll.below(3)];
    *word = roll.below(2);
    return answer(::syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1 + roll.below(2),
                            nullptr, nullptr, 0));
}

long end_child(surroundings& on, action const&, dice&) {
    on.release_child();
    ::siginfo_t ignored; // it stays for others to wait for, but from now on it has ended
    ::waitid(P_PID, static_cast<::id_t>(on.child()), &ignored, WEXITED | WNOWAIT);
    return 0;
}

long give_back(surroundings& on, action const&, dice& roll) {
    on.give(roll.chance(2) ? ringed_group : pieced_group, 1 + roll.below(2));
    return 0;
}

long change_slots(surroundings& on, action const&, dice& roll) {
    static constexpr place all[] = {place::slot_file, place::slot_file, place::nowhere};
    std::array<std::int32_t, 2> list;
    for (std::int32_t& fd : list)
        fd = roll.chance(6) ? abi::register_files_skip : on.fd(roll.of(all));
    abi::files_update how{};
    how.offset = roll.below(12);
    how.fds = address_of(list.data());
    return on.ring().register_(abi::register_op::files_update, &how, 2);
}

long change_buffer(surroundings& on, action const&, dice& roll) {
    std::uint32_t const which = roll.below(5);
    ::iovec part{on.shown().registered[which % registered_buffers].data(),
                 roll.chance(3) ? 0 : room_bytes};
    if (part.iov_len == 0)
        part.iov_base = nullptr;
    abi::rsrc_update2 how{};
    how.offset = which;
    how.data = address_of(&part);
    how.nr = 1;
    return on.ring().register_(abi::register_op::buffers_update, &how, sizeof how);
}

long limit_slots(surroundings& on, action const&, dice& roll) {
    abi::file_index_range range{roll.below(10), roll.below(6), 0};
    return on.ring().register_(abi::register_op::file_alloc_range, &range, 0);
}

long cancel(surroundings& on, action const& a, dice& roll) {
    abi::sync_cancel_reg how{};
    how.addr =
        a.number > 1
            ? a.number - 1 - roll.below(static_cast<std::uint32_t>(a.number < 9 ? a.number : 8))
            : 1;
    how.fd = -1;
    how.timeout = {0, 20'000'000};
    static constexpr abi::cancel_flag kinds[] = {
        abi::cancel_flag{}, abi::cancel_flag{}, abi::cancel_flag::all,
        abi::cancel_flag::op | abi::cancel_flag::all, abi::cancel_flag::any};
    how.flags = raw(roll.of(kinds));
    how.opcode = static_cast<std::uint8_t>(roll.chance(2) ? abi::opcode::read : abi::opcode::recv);
    return on.ring().register_(abi::register_op::sync_cancel, &how, 1);
}

long call(surroundings& on, action const&, dice&) {
    auto const* const name = reinterpret_cast<::sockaddr const*>(&on.address());
    int const fd = ::socket(name->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    long const done = answer(::connect(fd, name, on.address_size()));
    on.add_made(fd);
    return done;
}

constexpr family deed(std::string_view name, long (*act)(surroundings&, action const&, dice&),
                      std::span<place const> where, std::uint32_t weight,
                      topic needs = topic::basic) {
    return {.name = name, .where = where, .needs = needs, .weight = weight, .act = act};
}

constexpr family table[] = {
    deed("outside: write", write, writable, 30),
    deed("outside: read", read, readable, 10),
    deed("outside: close", close, closable, 3),
    deed("outside: shutdown", shut_down, sockets, 3),
    deed("outside: wake a word", wake, {}, 20, topic::words),
    deed("outside: let the child end", end_child, {}, 6, topic::child),
    deed("outside: give buffers", give_back, {}, 16, topic::groups),
    deed("outside: change slots", change_slots, {}, 12, topic::slots),
    deed("outside: limit chosen slots", limit_slots, {}, 3, topic::slots),
    deed("outside: change a buffer", change_buffer, {}, 6, topic::buffers),
    {.name = "outside: cancel",
     .traits = static_cast<std::uint32_t>(trait::alone),
     .needs = topic::cancels,
     .weight = 8,
     .act = cancel},
    deed("outside: connect", call, listeners, 20, topic::listener),
};

} // namespace

std::span<family const> outside_families() noexcept { return table; }

} // namespace fuzz
