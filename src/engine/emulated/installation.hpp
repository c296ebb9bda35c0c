// SPDX-License-Identifier: MIT
#pragma once

// All emulated rings of one process: which descriptor names which, and the workers they share. Any
// thread. A child of fork gets one of its own.

#include "attendant.hpp"
#include "director.hpp"
#include "kernel_side.hpp"
#include "workers.hpp"

#include <rondo/abi/opcode.hpp>
#include <rondo/abi/params.hpp>
#include <rondo/abi/query.hpp>
#include <rondo/core/mapping.hpp>
#include <rondo/core/result.hpp>

#include <array>
#include <atomic>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace rondo::engine::emulation {

/// See the top of this file. Calls answer as the system calls do.
class installation {
public:
    /// With threads for what blocks, and nobody who meddles. Throws std::bad_alloc.
    installation() : pool_(std::make_unique<workers>()) {}
    /// With those of a simulation; `who` outlives it.
    installation(std::unique_ptr<worker_pool> pool, director& who) noexcept
        : pool_(std::move(pool)), director_(&who) {}

    // As those of engine::backend.

    long setup(std::uint32_t entries, abi::params& p) noexcept;
    long enter(int fd, std::uint32_t to_submit, std::uint32_t min_complete, std::uint32_t flags,
               void const* arg, std::size_t arg_size) noexcept;
    long register_(int fd, std::uint32_t operation, void* arg, std::uint32_t count) noexcept;
    result<mapping> map(int fd, std::uint64_t offset, std::size_t bytes) noexcept;
    void expose(int fd) noexcept;
    void close(int fd) noexcept;

    /// What is said of a descriptor that names no ring of the engine.
    [[nodiscard]] static long no_ring(int fd) noexcept;
    /// The ring that `fd` names; null: none.
    [[nodiscard]] std::shared_ptr<kernel_side> find(int fd) noexcept;
    [[nodiscard]] bool is_ring(int fd) noexcept { return find(fd) != nullptr; }
    [[nodiscard]] bool has_rings() noexcept {
        std::lock_guard const held(lock_);
        return !rings_.empty();
    }
    [[nodiscard]] worker_pool& pool() noexcept { return *pool_; }
    [[nodiscard]] attendant& tender() noexcept { return tender_; }
    /// Null: nobody.
    [[nodiscard]] director* meddler() noexcept { return director_; }
    /// From now on as an engine that does not know them.
    void refuse(abi::opcode code) noexcept { refused_.set(static_cast<std::size_t>(code)); }
    void refuse(abi::setup flags) noexcept { refused_setup_ = flags; }
    /// What the engine does for `code`; null: it does not know it.
    [[nodiscard]] operation const* find_operation(abi::opcode code) const noexcept;
    /// The set-up flags, features and so on that there are, as register_op::query tells them.
    [[nodiscard]] abi::query_opcode what_there_is() const noexcept;

    installation* before = nullptr; ///< the parent's, in a child of fork
    /// What workers call when they are through.
    static void worked(void* to, request& r, outcome how) noexcept;

private:
    class visit;

    /// What a descriptor names, to be looked up without the lock. Apart from its neighbours', which
    /// other threads use.
    struct alignas(64) seat {
        std::atomic<kernel_side*> ring = nullptr;
        std::atomic<std::uint32_t> visits = 0; ///< calls that may be in its ring, or the one before
    };

    long register_without_ring(std::uint32_t operation, void* arg, std::uint32_t count) noexcept;
    [[nodiscard]] seat* seat_of(int fd) noexcept {
        return fd >= 0 && static_cast<std::size_t>(fd) < seats_.size()
                   ? &seats_[static_cast<std::size_t>(fd)]
                   : nullptr;
    }
    void let_go() noexcept;

    std::mutex lock_;
    std::map<int, std::shared_ptr<kernel_side>> rings_;
    std::array<seat, 256> seats_;
    std::vector<std::pair<seat*, std::shared_ptr<kernel_side>>> closed_; // with visits perhaps
    std::atomic<bool> has_closed_ = false;
    attendant tender_;
    std::unique_ptr<worker_pool> pool_;
    director* director_ = nullptr;
    std::bitset<256> refused_; // opcodes
    abi::setup refused_setup_{};
};

/// register_op::send_msg_ring.
long send_message(installation& home, abi::sqe const& entry) noexcept;

} // namespace rondo::engine::emulation
