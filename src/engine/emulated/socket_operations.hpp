// SPDX-License-Identifier: MIT
#pragma once

// The operations of sockets that are more than one system call each, and what they share. Any
// thread.

#include "request.hpp"

#include <cstdint>

namespace rondo::engine::emulation {

extern operation const accept_operation;
extern operation const connect_operation;
extern operation const socket_command_operation;

/// A socket address as the kernel takes it in: 0, -EINVAL for one that is too long, -EFAULT.
[[nodiscard]] std::int32_t check_address(std::uint64_t address, std::uint32_t bytes) noexcept;

extern operation const send_operation;
extern operation const send_zc_operation;
extern operation const sendmsg_operation;
extern operation const sendmsg_zc_operation;
extern operation const recv_operation;
extern operation const recvmsg_operation;

} // namespace rondo::engine::emulation
