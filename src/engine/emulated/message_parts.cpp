// SPDX-License-Identifier: MIT
#include "message_parts.hpp"

#include "arguments.hpp"
#include "calls.hpp"
#include "socket_facts.hpp"
#include "user_memory.hpp"

#include <rondo/abi/opcode.hpp>

#include <limits.h>

#include <algorithm>
#include <cerrno>

namespace rondo::engine::emulation {

bool moves_messages(abi::sqe const& entry) noexcept {
    switch (static_cast<abi::opcode>(entry.opcode)) {
    case abi::opcode::send:
    case abi::opcode::recv:
    case abi::opcode::sendmsg:
    case abi::opcode::recvmsg:
    case abi::opcode::send_zc:
    case abi::opcode::sendmsg_zc: return true;
    default: return false;
    }
}

outcome wait_for(request& r, std::uint32_t events) noexcept {
    r.in_progress = true;
    return outcome::until(events);
}

std::optional<outcome> first_wait(request& r, std::uint32_t events, bool on_worker) noexcept {
    bool const first = asks(r.sqe(), abi::recvsend_flag::poll_first) && !r.in_progress;
    bool const stream = asks(r.sqe(), abi::recvsend_flag::recv_multishot);
    if (!first && !(stream && on_worker && may_wait(r.sqe())))
        return {};
    bool const looks = static_cast<abi::opcode>(r.sqe().opcode) != abi::opcode::recv;
    if (long const type = looks ? socket_option(r.fd, SO_TYPE) : 0; type < 0)
        return outcome::answer(type);
    return may_wait(r.sqe()) ? wait_for(r, events) : outcome::answer(-EAGAIN);
}

::msghdr& header_of(abi::sqe const& entry) noexcept { return *pointer_to<::msghdr>(entry.addr); }

std::span<::iovec const> memory_of(::msghdr const& header) noexcept {
    return {header.msg_iov, header.msg_iovlen};
}

std::int32_t check_header(std::uint64_t address) noexcept {
    if (!is_readable(address, sizeof(::msghdr)))
        return -EFAULT;
    ::msghdr const& header = *pointer_to<::msghdr>(address);
    if (header.msg_name != nullptr && static_cast<int>(header.msg_namelen) < 0)
        return -EINVAL;
    if (header.msg_iovlen > IOV_MAX)
        return -EMSGSIZE;
    auto const parts = reinterpret_cast<std::uintptr_t>(header.msg_iov);
    return is_readable(parts, header.msg_iovlen * sizeof(::iovec)) ? 0 : -EFAULT;
}

bool keep_header(request& r, bool with_name) noexcept {
    abi::sqe& entry = r.sqe();
    std::uint64_t const original = entry.addr;
    if (!keep_bytes(r, entry.addr, sizeof(::msghdr)))
        return false;
    ::msghdr& header = header_of(entry);
    void* const parts = r.copy(header.msg_iov, header.msg_iovlen * sizeof(::iovec));
    if (parts == nullptr)
        return false;
    header.msg_iov = static_cast<::iovec*>(parts);
    if (with_name && header.msg_name != nullptr) {
        header.msg_namelen = std::min<::socklen_t>(header.msg_namelen, sizeof(::sockaddr_storage));
        header.msg_name = r.copy(header.msg_name, header.msg_namelen);
        if (header.msg_name == nullptr)
            return false;
    }
    entry.addr2 = original;
    return true;
}

bool keep_vector(request& r) noexcept {
    return keep_bytes(r, r.sqe().addr, std::size_t{r.sqe().len} * sizeof(::iovec));
}

} // namespace rondo::engine::emulation
