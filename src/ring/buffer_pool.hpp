// SPDX-License-Identifier: MIT
#pragma once

// The books of a buffer_ring: which buffers the kernel has, in which order, what of each it has
// filled, and how many leases share it. It follows the kernel's rules for what a completion
// consumed, so that it knows that without asking. One thread: the ring's.
//
//   free (sending only) -- offer --> with the kernel -- completion --> leased -- last lease ends
//     ^                                   ^                                          |
//     +-----------------------------------+------------------------------------------+
//
// Incremental buffers may be leased and with the kernel at the same time.

#include <rondo/abi/buffer_ring.hpp>
#include <rondo/abi/cqe.hpp>
#include <rondo/core/mapping.hpp>
#include <rondo/core/result.hpp>
#include <rondo/op/lease.hpp>
#include <rondo/ring/buffer_hook.hpp>
#include <rondo/ring/registrar.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rondo {

/// What is known of one buffer.
struct buffer_record {
    std::byte* data;
    std::uint32_t position; // running index in the ring where it was published last
    std::uint32_t room;     // bytes that the kernel was given
    std::uint32_t used;     // bytes of those that it has consumed
    std::uint16_t next;     // published after it; bundles go on there
    std::uint16_t next_free;
    std::uint16_t leases;
    bool with_kernel;
};

struct buffer_ring_state {
    registrar_ref registry;
    mapping ring_memory;
    mapping records; // wiped in children of fork, and so tells them apart
    std::vector<mapping> chunks;
    abi::buf_ring* ring = nullptr;
    std::uint32_t entries = 0;
    std::uint32_t count = 0;
    std::uint32_t buffer_size = 0;
    std::uint32_t tail = 0; // running; the ring's tail is its lower half
    std::uint32_t with_kernel = 0;
    std::uint32_t leases = 0;
    std::uint64_t starvations = 0;
    buffer_hook* first_in_line = nullptr;
    buffer_hook* last_in_line = nullptr;
    std::uint32_t told = 0;     // of those in line
    std::uint32_t grows_by = 0; // buffers, when it starved an operation
    buffer_ring_state* next_retired = nullptr;
    std::uint16_t group = 0;
    std::uint16_t newest = 0; // published last
    std::uint16_t first_free = 0;
    std::uint32_t free = 0; // buffers in that list
    bool incremental = false;
    bool sending = false;
    bool registered = false;

    /// Makes the records; ENOMEM.
    result<> prepare(std::uint32_t room_for) noexcept;
    /// False in a child of fork(2), where none of the memory is there.
    [[nodiscard]] bool is_parents() const noexcept {
        return *reinterpret_cast<std::uint32_t const*>(records.data()) != 0;
    }
    [[nodiscard]] buffer_record& at(std::uint32_t id) const noexcept {
        return reinterpret_cast<buffer_record*>(records.data())[id + 1]; // 0: the mark above
    }

    /// Adds that many buffers, which fit. ENOMEM.
    result<> add(std::uint32_t more, bool huge) noexcept;
    /// An operation found no buffer. Its pool may have ended.
    void starved() noexcept;
    /// Whether an operation would find a buffer, or take() of a sending group.
    [[nodiscard]] bool has_buffer() const noexcept;
    /// There is one more, which is for the first in line that does not know of one.
    void tell_of_one_more() noexcept;
    /// Shows the first `bytes` of a buffer to the kernel.
    void publish(std::uint16_t id, std::uint32_t bytes) noexcept;
    /// A free buffer of a sending group; there must be one.
    buffer_lease take() noexcept;
    /// What a completion consumed. With `spans` in as many buffers as its bytes fill; else they are
    /// in the first, and what they exceed it by was cut off (MSG_TRUNC).
    buffer_lease adopt(abi::cqe const& c, bool spans) noexcept;
    [[nodiscard]] std::span<std::byte> part(buffer_lease const& lease,
                                            std::size_t index) const noexcept;
    void give_back(buffer_lease const& lease) noexcept;
    /// Buffers that the kernel has not begun to use, from REGISTER_PBUF_STATUS. Linux 6.8
    result<std::uint32_t> untouched() const noexcept;

    static buffer_pool_functions const single;
    static buffer_pool_functions const spanning;

private:
    void recycle(std::uint16_t id) noexcept;
    [[nodiscard]] bool kernel_is_past(buffer_record const& r) const noexcept;
};

} // namespace rondo
