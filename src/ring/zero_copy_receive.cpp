// SPDX-License-Identifier: MIT
#include <rondo/ring/zero_copy_receive.hpp>

#include "registration.hpp"

#include <rondo/abi/region.hpp>
#include <rondo/core/assert.hpp>
#include <rondo/core/word.hpp>
#include <rondo/engine/kernel.hpp>

#include <cerrno>

namespace rondo {
namespace {

constexpr attempt registering = attempt_to_register(raw(abi::register_op::zcrx_ifq));

/// The refill ring's words come before its entries; where, the kernel says afterwards.
std::size_t refill_bytes(std::uint32_t entries) noexcept {
    return page_size() + std::size_t{entries} * sizeof(abi::zcrx_rqe);
}

error explain(error const& failure, std::size_t bytes) noexcept {
    return failure == ENOMEM ? engine::explain_pinning(ENOMEM, registering, bytes) : failure;
}

} // namespace

result<> zero_copy_receive::allocate(zero_copy_receive_options const& options) noexcept {
    auto refill = mapping::anonymous(refill_bytes(options.entries), {.keep_from_children = true});
    if (!refill)
        return fail(refill.error());
    refill_ = std::move(*refill);
    area_ = options.area;
    if (options.dmabuf >= 0 || !area_.empty())
        return {};
    result<mapping> memory = fail(ENOMEM);
    if (options.huge_pages)
        memory = mapping::anonymous(options.area_bytes, {.keep_from_children = true, .huge = true});
    if (!memory)
        memory = mapping::anonymous(options.area_bytes, {.keep_from_children = true});
    if (!memory)
        return fail(memory.error());
    own_area_ = std::move(*memory);
    area_ = {own_area_.data(), own_area_.size()};
    return {};
}

result<zero_copy_receive> zero_copy_receive::create(
    ring& owner, zero_copy_receive_options const& options) noexcept {
    if (options.entries == 0 || !is_power_of_two(options.entries))
        return fail(EINVAL, registering);
    zero_copy_receive out(owner.registry());
    if (result<> done = out.allocate(options); !done)
        return fail(done.error());

    abi::region_desc region{};
    region.user_addr = address_of(out.refill_.data());
    region.size = out.refill_.size();
    region.flags = raw(abi::region_flag::type_user);
    abi::zcrx_area_reg area{};
    area.addr = address_of(out.area_.data());
    area.len = out.area_.empty() ? options.area_bytes : out.area_.size();
    if (options.dmabuf >= 0) {
        area.addr = 0;
        area.flags = raw(abi::zcrx_area_flag::dmabuf);
        area.dmabuf_fd = static_cast<std::uint32_t>(options.dmabuf);
    }
    abi::zcrx_ifq_reg request{};
    request.if_idx = options.interface_index;
    request.if_rxq = options.queue;
    request.rq_entries = options.entries;
    request.flags = options.without_device ? raw(abi::zcrx_reg_flag::nodev) : 0u;
    request.area_ptr = address_of(&area);
    request.region_ptr = address_of(&region);
    request.rx_buf_len = options.piece_bytes;
    if (auto done = register_explained(owner, abi::register_op::zcrx_ifq, &request, 1); !done)
        return fail(explain(done.error(), region.size + area.len));

    std::byte* const memory = out.refill_.data();
    out.head_ = reinterpret_cast<std::uint32_t*>(memory + request.offsets.head);
    out.tail_ = reinterpret_cast<std::uint32_t*>(memory + request.offsets.tail);
    out.entries_ = reinterpret_cast<abi::zcrx_rqe*>(memory + request.offsets.rqes);
    out.entry_count_ = request.rq_entries;
    out.token_ = area.rq_area_token;
    out.id_ = request.zcrx_id;
    return out;
}

result<zero_copy_receive> zero_copy_receive::import(ring& owner, int shared) noexcept {
    abi::zcrx_ifq_reg request{};
    // The kernel takes the descriptor in the place of the interface.
    request.if_idx = static_cast<std::uint32_t>(shared);
    request.flags = raw(abi::zcrx_reg_flag::import);
    if (auto done = register_explained(owner, abi::register_op::zcrx_ifq, &request, 1); !done)
        return fail(done.error());
    zero_copy_receive out(owner.registry());
    out.id_ = request.zcrx_id;
    return out;
}

std::span<std::byte> zero_copy_receive::bytes(op::received_area const& received) const noexcept {
    if (area_.empty())
        return {};
    std::uint64_t const offset = received.offset & ~abi::zcrx_area_mask;
    RONDO_ASSERT(offset <= area_.size() && received.size <= area_.size() - offset,
                 "received bytes were looked up in another area than they are in");
    return area_.subspan(offset, received.size);
}

bool zero_copy_receive::give_back(op::received_area const& received) noexcept {
    RONDO_ASSERT(entries_ != nullptr, "an imported queue's bytes are given back by its exporter");
    if (received.size == 0)
        return true;
    std::uint32_t const tail = load_relaxed(tail_); // ours alone to write
    // Partner: the kernel's release of the head after it has read the entries before it.
    if (tail - load_acquire(head_) == entry_count_)
        return false;
    abi::zcrx_rqe& entry = entries_[tail & (entry_count_ - 1)];
    entry.off = (received.offset & ~abi::zcrx_area_mask) | token_;
    entry.len = static_cast<std::uint32_t>(received.size);
    entry.pad = 0;
    // Partner: the kernel's acquire of the tail before it reads the entry.
    store_release(tail_, tail + 1);
    return true;
}

result<abi::zcrx_ctrl> zero_copy_receive::control(abi::zcrx_ctrl_op operation) noexcept {
    abi::zcrx_ctrl request{};
    request.zcrx_id = id_;
    request.op = static_cast<std::uint32_t>(operation);
    auto const done = register_explained(registry_, support::unknown, abi::register_op::zcrx_ctrl,
                                         &request, 0, arguments::checked);
    if (!done)
        return fail(done.error());
    return request;
}

result<> zero_copy_receive::flush() noexcept {
    auto const done = control(abi::zcrx_ctrl_op::flush_rq);
    if (!done)
        return fail(done.error());
    return {};
}

result<unique_fd> zero_copy_receive::share() noexcept {
    auto const done = control(abi::zcrx_ctrl_op::zc_export);
    if (!done)
        return fail(done.error());
    return unique_fd(static_cast<int>(done->zc_export.zcrx_fd));
}

} // namespace rondo
