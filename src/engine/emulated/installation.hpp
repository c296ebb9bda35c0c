// SPDX-License-Identifier: MIT
#pragma once

// All emulated rings of one process: which descriptor names which, and the workers they share. Any
// thread. A child of fork gets one of its own.

#include "kernel_side.hpp"
#include "workers.hpp"

#include <rondo/abi/params.hpp>
#include <rondo/abi/query.hpp>
#include <rondo/core/mapping.hpp>
#include <rondo/core/result.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

namespace rondo::engine::emulation {

/// See the top of this file. Calls answer as the system calls do.
class installation {
public:
    long setup(std::uint32_t entries, abi::params& p) noexcept;
    void close(int fd) noexcept;
    /// The ring that `fd` names; null: none.
    [[nodiscard]] std::shared_ptr<kernel_side> find(int fd) noexcept;
    [[nodiscard]] bool is_ring(int fd) noexcept { return find(fd) != nullptr; }
    /// Without owning it, for calls that may not run beside close().
    [[nodiscard]] kernel_side* peek(int fd) noexcept;
    [[nodiscard]] workers& pool() noexcept { return pool_; }

    installation* before = nullptr; ///< the parent's, in a child of fork
    /// What workers call when they are through.
    static void worked(void* to, request& r, outcome how) noexcept;

private:
    static constexpr std::size_t quick = 1024; // descriptors that are looked up without the lock

    std::mutex lock_;
    std::map<int, std::shared_ptr<kernel_side>> rings_;
    std::array<std::atomic<kernel_side*>, quick> quick_{};
    workers pool_;
};

/// register_op::send_msg_ring.
long send_message(installation& home, abi::sqe const& entry) noexcept;

/// The set-up flags, features and so on that the engine has, as register_op::query tells them.
[[nodiscard]] abi::query_opcode const& what_there_is() noexcept;

} // namespace rondo::engine::emulation
