// SPDX-License-Identifier: MIT
#pragma once

// The engine that is the kernel of this machine, and the reasons why it may refuse. Any thread.

#include <rondo/engine/engine.hpp>

namespace rondo::engine {

/// The system calls. One object for the whole program, without state.
[[nodiscard]] backend& kernel_backend() noexcept;

/// Whether this process may create rings; the error names the cause found (seccomp, the sysctls
/// kernel.io_uring_disabled and kernel.io_uring_group, a kernel without io_uring) and the remedy.
[[nodiscard]] result<> available() noexcept;

/// The fullest error for what io_uring_setup(2) answered: `code` is the errno, `p` what was asked,
/// `known` the set-up flags that this kernel is known to have (0: not known).
[[nodiscard]] error explain_setup(int code, std::uint32_t entries, abi::params const& p,
                                  abi::setup known) noexcept;

/// Adds to an ENOMEM or EPERM what RLIMIT_MEMLOCK has to do with it: `bytes` were to be pinned.
[[nodiscard]] error explain_pinning(int code, attempt what, std::size_t bytes) noexcept;

} // namespace rondo::engine
