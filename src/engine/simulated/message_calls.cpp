// SPDX-License-Identifier: MIT
// Sending and receiving. Descriptors and credentials cannot be sent: control data is refused.
#include "guarded.hpp"
#include "socket.hpp"
#include "user_data.hpp"
#include "world.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <memory>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <vector>

namespace rondo::engine::simulation {
namespace {

constexpr std::size_t most_bytes = 0x7fff'f000; // of one transfer, whatever it asks for

/// The one piece of memory of sendto and recvfrom.
[[nodiscard]] long get_part(::iovec& out, long at, long bytes) noexcept {
    out = piece(at, std::min(static_cast<std::size_t>(bytes), most_bytes));
    return at == 0 && out.iov_len != 0 ? -EFAULT : 0;
}

long send_to(socket& one, words const& a) {
    ::iovec part{};
    if (long const no = get_part(part, a[1], a[2]); no < 0)
        return no;
    socket_address to;
    if (a[4] != 0)
        if (long const no = get_address(to, a[4], a[5]); no < 0)
            return no;
    return one.send({&part, 1}, static_cast<int>(a[3]), a[4] != 0 ? &to : nullptr);
}

long receive_from(socket& one, words const& a) {
    ::iovec part{};
    if (long const no = get_part(part, a[1], a[2]); no < 0)
        return no;
    reception about;
    long const got = one.receive({&part, 1}, static_cast<int>(a[3]), about);
    if (got < 0 || a[4] == 0)
        return got;
    if (!about.has_name && a[5] != 0) {
        put_value(a[5], 0);
        return got;
    }
    long const told = put_address(about.from, a[4], a[5]);
    return told < 0 ? told : got;
}

/// The header of sendmsg and recvmsg and its memory.
struct message {
    ::msghdr header{};
    std::vector<::iovec> memory;

    long get(long at) {
        if (at == 0)
            return -EFAULT;
        header = get_value<::msghdr>(at);
        if (header.msg_name != nullptr && static_cast<int>(header.msg_namelen) < 0)
            return -EINVAL;
        if (header.msg_iovlen > IOV_MAX)
            return -EMSGSIZE;
        if (header.msg_iov == nullptr && header.msg_iovlen != 0)
            return -EFAULT;
        memory.resize(header.msg_iovlen);
        get_bytes(reinterpret_cast<long>(header.msg_iov), memory.data(),
                  memory.size() * sizeof(::iovec));
        std::size_t left = most_bytes;
        for (::iovec& part : memory) {
            if (static_cast<long>(part.iov_len) < 0)
                return -EINVAL;
            part.iov_len = std::min(part.iov_len, left);
            left -= part.iov_len;
            if (part.iov_base == nullptr && part.iov_len != 0)
                return -EFAULT;
        }
        return 0;
    }
};

long send_message(socket& one, words const& a) {
    message what;
    if (long const no = what.get(a[1]); no < 0)
        return no;
    if (what.header.msg_control != nullptr && what.header.msg_controllen != 0)
        return -EOPNOTSUPP;
    bool const has_name = what.header.msg_name != nullptr && what.header.msg_namelen != 0;
    socket_address to;
    if (has_name) {
        constexpr ::socklen_t most = sizeof(::sockaddr_storage);
        if (long const no = get_address(to, reinterpret_cast<long>(what.header.msg_name),
                                        std::min(what.header.msg_namelen, most));
            no < 0)
            return no;
    }
    return one.send(what.memory, static_cast<int>(a[2]), has_name ? &to : nullptr);
}

long receive_message(socket& one, words const& a) {
    message what;
    if (long const no = what.get(a[1]); no < 0)
        return no;
    reception about;
    long const got = one.receive(what.memory, static_cast<int>(a[2]), about);
    if (got < 0)
        return got;
    ::msghdr header = what.header;
    if (header.msg_name != nullptr)
        header.msg_namelen =
            about.has_name
                ? put_name(about.from, reinterpret_cast<long>(header.msg_name), header.msg_namelen)
                : 0;
    header.msg_controllen = 0;
    header.msg_flags = about.flags | (static_cast<int>(a[2]) & MSG_CMSG_CLOEXEC);
    put_value(a[1], header);
    return got;
}

using action = long (*)(socket& one, words const& a);

long run(world& w, words const& a, action what) noexcept {
    return guarded([&] {
        long failure = 0;
        std::shared_ptr<socket> const one = find_socket(w, a[0], failure);
        return one ? what(*one, a) : failure;
    });
}

} // namespace

bool message_calls(world& w, long number, words const& a, long& answer) noexcept {
    switch (number) {
    case SYS_sendto: answer = run(w, a, send_to); return true;
    case SYS_recvfrom: answer = run(w, a, receive_from); return true;
    case SYS_sendmsg: answer = run(w, a, send_message); return true;
    case SYS_recvmsg: answer = run(w, a, receive_message); return true;
    default: return false;
    }
}

} // namespace rondo::engine::simulation
