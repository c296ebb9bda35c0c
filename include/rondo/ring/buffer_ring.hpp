// SPDX-License-Identifier: MIT
#pragma once

// buffer_ring: a group of buffers that the kernel chooses from when there is something to receive,
// so that idle operations hold no memory. What an operation received comes as a buffer_lease, which
// gives its buffers back by itself, also after errors and cancels. One thread: the ring's.
//
//     auto pool = rondo::buffer_ring::create(ring, {.entries = 64, .buffer_size = 4096})
//                     .or_throw("buffer ring");
//     auto lease = ring.run(op::recv{.fd = socket, .into = pool.choose()}).or_throw("recv");
//     use(lease.bytes());
//
// With `incremental` the kernel fills a buffer piece by piece: several leases share it, and it goes
// back when the kernel is done with it and the last of them ends. With `sending` the program fills
// the buffers and the kernel chooses what to send, in the order of offer().

#include <rondo/core/result.hpp>
#include <rondo/op/lease.hpp>
#include <rondo/op/receive.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace rondo {

class ring;
struct buffer_ring_state;

/// Options of buffer_ring::create.
struct buffer_ring_options {
    static constexpr std::int32_t automatic = -1;

    /// The most buffers it can have, 1 to 32768, rounded up to a power of two.
    std::uint32_t entries = 64;
    /// Bytes of each buffer, up to 2 GiB.
    std::size_t buffer_size = 4096;
    /// Buffers that it starts with; 0: as many as entries. grow() adds more.
    std::uint32_t buffers = 0;
    /// Buffers that it adds by itself, up to `entries` in all, when an operation found none and
    /// all are leased. That operation fails with ENOBUFS all the same; the next finds them.
    std::uint32_t grows_by = 0;
    /// The group's number, 0 to 65535, or 2047 when kernel_mapped; automatic: the highest free one.
    std::int32_t group = automatic;
    /// Consume buffers piece by piece. Linux 6.12
    bool incremental = false;
    /// Let the kernel allocate the ring (not the buffers) and map it. Linux 6.4
    bool kernel_mapped = false;
    /// The buffers in huge pages where there are free ones.
    bool huge_pages = false;
    /// For sends: the buffers start with the program, which offers them when they are filled.
    bool sending = false;
};

/// See the top of this file. Move-only. It must not end before its leases: that aborts. Operations
/// that choose from it should be over; those that wait get ENOBUFS, and buffers that the kernel has
/// for one whose completion nobody adopted stay mapped, since the kernel may still write to them.
/// To end one that is waited for by a buffer_hook, such as buffer_in(), aborts.
class buffer_ring {
public:
    /// Linux 5.19. EEXIST with cause::in_use: the group is taken. EINVAL with
    /// cause::missing_feature: this kernel has no buffer rings, or not of that kind. ENOMEM with
    /// cause::memlock. ENOTSUP: kernel_mapped on a ring without a descriptor.
    [[nodiscard]] static result<buffer_ring> create(
        ring& owner, buffer_ring_options const& options = {}) noexcept;

    buffer_ring(buffer_ring&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    buffer_ring& operator=(buffer_ring&& other) noexcept;
    ~buffer_ring();

    /// "Into a buffer of this group": one buffer per completion. `limit`: the most bytes, 0 for
    /// what the buffer holds; aborts on an incremental group, where the kernel may count a read of
    /// a regular file that comes short of its limit as the whole limit.
    [[nodiscard]] buffer_source choose(std::uint32_t limit = 0) noexcept;
    /// "Into as many buffers of this group as it takes": for receives, and (its `from`) for
    /// op::send_stream. Linux 6.10
    [[nodiscard]] op::bundle choose_bundle() noexcept;

    /// Of a sending group: a buffer to fill, all of it in lease.bytes(). ENOBUFS: none is free.
    [[nodiscard]] result<buffer_lease> take() noexcept;
    /// Of a sending group: lets the kernel send the first `bytes` of a buffer from take(), after
    /// those offered before. The completion's lease is what was sent.
    void offer(buffer_lease filled, std::size_t bytes) noexcept;

    /// Adds buffers, up to `entries` in all. ENOSPC: there would be more.
    result<> grow(std::uint32_t more) noexcept;

    [[nodiscard]] std::uint16_t group() const noexcept;
    [[nodiscard]] std::size_t buffer_size() const noexcept;
    /// The most buffers it can have.
    [[nodiscard]] std::uint32_t capacity() const noexcept;
    /// Buffers that it has.
    [[nodiscard]] std::uint32_t size() const noexcept;
    /// Buffers with the kernel, as far as completions were adopted. When it is 0, operations say
    /// ENOBUFS, and a lease that ends is what lets them go on.
    [[nodiscard]] std::uint32_t available() const noexcept;
    /// Leases that have not ended.
    [[nodiscard]] std::uint32_t leases() const noexcept;
    /// Operations that failed with ENOBUFS, as far as their values were taken (op::value_of); a
    /// sender's may mean the network. buffer_in(pool) waits for a buffer then, and so do streams
    /// that are given the pool.
    [[nodiscard]] std::uint64_t starvations() const noexcept;
    /// Asks the kernel how many buffers it has not begun to use. Linux 6.8
    result<std::uint32_t> untouched() const noexcept;

private:
    friend class buffer_hook;

    explicit constexpr buffer_ring(buffer_ring_state* state) noexcept : state_(state) {}

    buffer_ring_state* state_;
};

} // namespace rondo
