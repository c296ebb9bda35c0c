// SPDX-License-Identifier: MIT
#pragma once

// zero_copy_receive: a receive queue of a network card that writes what arrives into memory of the
// ring's user. op::recv_zc_stream says where the bytes are; they stay there until they are given
// back, and the card drops packets when it has no memory left. One thread: the ring's.
//
//     auto queue = rondo::zero_copy_receive::create(
//         ring, {.interface_index = if_nametoindex("eth0"), .queue = 3, .area_bytes = 64 << 20})
//                      .or_throw("zero-copy receive");
//     ring.push(op::recv_zc_stream{.fd = socket, .queue = queue.id()}, 1);
//     ...
//     use(queue.bytes(received));
//     queue.give_back(received);
//
// The ring needs 32-byte CQEs (setup::cqe32 or setup::cqe_mixed), the card header split and a flow
// rule that steers the connection to the queue: ethtool(8).

#include <rondo/abi/zcrx.hpp>
#include <rondo/core/fd.hpp>
#include <rondo/core/mapping.hpp>
#include <rondo/core/result.hpp>
#include <rondo/op/receive.hpp>
#include <rondo/ring/registrar.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace rondo {

class ring;

/// Options of zero_copy_receive::create.
struct zero_copy_receive_options {
    std::uint32_t interface_index = 0; ///< if_nametoindex(3)
    std::uint32_t queue = 0;           ///< the interface's receive queue, from 0
    /// Places that can be given back between two looks of the kernel; a power of two.
    std::uint32_t entries = 4096;
    /// Memory of the library's own to receive into, in bytes. Not looked at with `area`.
    std::size_t area_bytes = std::size_t{16} << 20;
    /// Page-aligned memory of the caller's, which must outlive this.
    std::span<std::byte> area = {};
    /// A dma-buf to receive into, -1 for memory; bytes() then has nothing to show. Its size is
    /// area_bytes. Linux 6.16
    int dmabuf = -1;
    /// Bytes of each piece that the card fills; 0: a page. Linux 7.0
    std::uint32_t piece_bytes = 0;
    /// No device: the memory is filled by copying. Linux 7.1
    bool without_device = false;
    bool huge_pages = false;
};

/// See the top of this file. Move-only. The kernel cannot end the registration before the ring
/// ends: this object, which owns the memory, must outlive the ring's receives.
class zero_copy_receive {
public:
    /// Linux 6.15. EOPNOTSUPP with cause::missing_feature: the kernel was built without it, or the
    /// card cannot do it. EPERM: needs CAP_NET_ADMIN. EINVAL: the ring has no 32-byte CQEs, or is
    /// not single_issuer with defer_taskrun.
    [[nodiscard]] static result<zero_copy_receive> create(
        ring& owner, zero_copy_receive_options const& options) noexcept;
    /// Takes part in a queue that share() exported from another ring. Its bytes and what is given
    /// back are that ring's affair. Linux 6.19
    [[nodiscard]] static result<zero_copy_receive> import(ring& owner, int shared) noexcept;

    /// For op::recv_zc_stream.
    [[nodiscard]] std::uint32_t id() const noexcept { return id_; }
    /// What arrived. Valid until given back.
    [[nodiscard]] std::span<std::byte> bytes(op::received_area const& received) const noexcept;
    /// Lets the card use the place again. False when all entries wait for the kernel to look:
    /// receive on or flush(), then give back again.
    [[nodiscard("false means that nothing was given back")]] bool give_back(
        op::received_area const& received) noexcept;
    /// Makes the kernel look at what was given back now. Linux 6.19
    result<> flush() noexcept;
    /// A descriptor that another ring can import(). Linux 6.19
    result<unique_fd> share() noexcept;

private:
    explicit zero_copy_receive(registrar_ref registry) noexcept : registry_(std::move(registry)) {}
    result<> allocate(zero_copy_receive_options const& options) noexcept;
    result<abi::zcrx_ctrl> control(abi::zcrx_ctrl_op operation) noexcept;

    registrar_ref registry_;
    mapping refill_;
    mapping own_area_;
    std::span<std::byte> area_;
    std::uint64_t token_ = 0;
    std::uint32_t* head_ = nullptr; // the kernel's: entries taken
    std::uint32_t* tail_ = nullptr; // ours: entries given
    abi::zcrx_rqe* entries_ = nullptr;
    std::uint32_t entry_count_ = 0;
    std::uint32_t id_ = 0;
};

} // namespace rondo
