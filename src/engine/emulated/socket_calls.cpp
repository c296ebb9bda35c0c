// SPDX-License-Identifier: MIT
// Sockets before and after the data, as far as each is one system call.
#include "families.hpp"

#include "arguments.hpp"
#include "calls.hpp"
#include "socket_facts.hpp"
#include "socket_operations.hpp"
#include "user_memory.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace rondo::engine::emulation {
namespace {

constexpr int type_mask = 0xf; // of socket(2)'s second argument; the rest are flags

std::int32_t check_socket(abi::sqe const& entry) noexcept {
    if (any_set(entry.addr, entry.rw_flags, entry.buf_index))
        return -EINVAL;
    int const flags = static_cast<int>(entry.off) & ~type_mask;
    if (entry.file_index != 0 && (flags & SOCK_CLOEXEC) != 0)
        return -EINVAL;
    return (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) != 0 ? -EINVAL : 0;
}

outcome attempt_socket(request& r, bool) noexcept {
    abi::sqe const& entry = r.sqe();
    // What goes to a slot is a descriptor on its way there: no exec may catch it.
    int const type = static_cast<int>(entry.off) | (entry.file_index != 0 ? SOCK_CLOEXEC : 0);
    return outcome::answer(call(SYS_socket, entry.fd, type, static_cast<int>(entry.len)));
}

std::int32_t check_bind(abi::sqe const& entry) noexcept {
    if (any_set(entry.len, entry.buf_index, entry.rw_flags, entry.splice_fd_in))
        return -EINVAL;
    return check_address(entry.addr, static_cast<std::uint32_t>(entry.addr2));
}

bool keep_bind(request& r) noexcept {
    return keep_bytes(r, r.sqe().addr, static_cast<std::uint32_t>(r.sqe().addr2));
}

outcome attempt_bind(request& r, bool may_block) noexcept {
    // A name in the file system has to be made there.
    if (!may_block && socket_option(r.fd, SO_DOMAIN) == AF_UNIX)
        return outcome::blocking();
    return outcome::answer(call(SYS_bind, r.fd, r.sqe().addr, static_cast<int>(r.sqe().addr2)));
}

std::int32_t check_listen(abi::sqe const& entry) noexcept {
    return any_set(entry.addr, entry.addr2, entry.buf_index, entry.rw_flags, entry.splice_fd_in)
               ? -EINVAL
               : 0;
}

outcome attempt_listen(request& r, bool) noexcept {
    return outcome::answer(call(SYS_listen, r.fd, static_cast<int>(r.sqe().len)));
}

std::int32_t check_shutdown(abi::sqe const& entry) noexcept {
    return any_set(entry.off, entry.addr, entry.buf_index, entry.rw_flags, entry.splice_fd_in)
               ? -EINVAL
               : 0;
}

outcome attempt_shutdown(request& r, bool) noexcept {
    long const done = call(SYS_shutdown, r.fd, static_cast<int>(r.sqe().len));
    // What the protocol says does not break a chain.
    return done == -EBADF || done == -ENOTSOCK ? outcome::answer(done) : harmless_answer(done);
}

constexpr operation socket_operation{
    .check = check_socket, .attempt = attempt_socket, .makes_file = true};
constexpr operation bind_operation{
    .check = check_bind, .keep = keep_bind, .attempt = attempt_bind, .has_file = true};
constexpr operation listen_operation{
    .check = check_listen, .attempt = attempt_listen, .has_file = true};
constexpr operation shutdown_operation{
    .check = check_shutdown, .attempt = attempt_shutdown, .has_file = true};

} // namespace

std::int32_t check_address(std::uint64_t address, std::uint32_t bytes) noexcept {
    if (bytes > sizeof(::sockaddr_storage))
        return -EINVAL;
    return is_mapped(address, bytes) ? 0 : -EFAULT;
}

operation const* find_socket(abi::opcode code) noexcept {
    switch (code) {
    case abi::opcode::socket: return &socket_operation;
    case abi::opcode::bind: return &bind_operation;
    case abi::opcode::listen: return &listen_operation;
    case abi::opcode::accept: return &accept_operation;
    case abi::opcode::connect: return &connect_operation;
    case abi::opcode::shutdown: return &shutdown_operation;
    case abi::opcode::uring_cmd: return &socket_command_operation;
    default: return nullptr;
    }
}

operation const* find_message(abi::opcode code) noexcept {
    switch (code) {
    case abi::opcode::send: return &send_operation;
    case abi::opcode::send_zc: return &send_zc_operation;
    case abi::opcode::sendmsg: return &sendmsg_operation;
    case abi::opcode::sendmsg_zc: return &sendmsg_zc_operation;
    case abi::opcode::recv: return &recv_operation;
    case abi::opcode::recvmsg: return &recvmsg_operation;
    default: return nullptr;
    }
}

} // namespace rondo::engine::emulation
