// SPDX-License-Identifier: MIT
#pragma once

// The smallest pool of provided buffers that operations can be tested with: a buffer ring of one
// group, whose buffers come back by their leases. It counts what it lends. One thread.

#include <rondo/abi/buffer_ring.hpp>
#include <rondo/op/lease.hpp>
#include <rondo/ring/ring.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rondo::test {

class buffer_group {
public:
    static constexpr std::uint16_t count = 4;
    static constexpr std::size_t size = 64; ///< bytes per buffer

    buffer_group(ring& owner, std::uint16_t group) : owner_(owner), group_(group) {
        abi::buf_reg reg{};
        reg.ring_addr = reinterpret_cast<std::uintptr_t>(page_);
        reg.ring_entries = count;
        reg.bgid = group;
        owner_.register_(abi::register_op::pbuf_ring, &reg, 1).or_throw("register a buffer ring");
        for (std::uint16_t id = 0; id < count; ++id)
            offer(id);
    }
    buffer_group(buffer_group&&) = delete;
    ~buffer_group() {
        abi::buf_reg reg{};
        reg.bgid = group_;
        static_cast<void>(owner_.register_(abi::register_op::unregister_pbuf_ring, &reg, 1));
    }

    [[nodiscard]] buffer_source source() noexcept {
        return {.group = group_, .limit = 0, .functions = &functions, .pool = this};
    }
    /// Buffers that leases hold.
    [[nodiscard]] int lent() const noexcept { return lent_; }
    /// A buffer of the group, for sends to find something in.
    [[nodiscard]] std::span<std::byte> memory(std::size_t id) noexcept { return memory_[id]; }

private:
    static buffer_lease adopt(void* pool, abi::cqe const& c) noexcept {
        std::uint32_t const filled = static_cast<std::uint32_t>(c.res < 0 ? 0 : c.res);
        auto const parts = static_cast<std::uint16_t>(filled == 0 ? 1 : (filled + size - 1) / size);
        static_cast<buffer_group*>(pool)->lent_ += parts;
        return {&functions, pool, abi::buffer_id(c), parts, 0, filled, false};
    }
    // The buffers of a bundle follow each other by id, as they were offered at first.
    static std::span<std::byte> part(void* pool, buffer_lease const& lease,
                                     std::size_t index) noexcept {
        auto& self = *static_cast<buffer_group*>(pool);
        std::size_t const filled = lease.size() - index * size;
        return std::span(self.memory_[(lease.first_id() + index) % count])
            .first(filled < size ? filled : size);
    }
    static void give_back(void* pool, buffer_lease const& lease) noexcept {
        auto& self = *static_cast<buffer_group*>(pool);
        for (std::size_t i = 0; i < lease.parts(); ++i) {
            --self.lent_;
            self.offer(static_cast<std::uint16_t>((lease.first_id() + i) % count));
        }
    }
    static constexpr buffer_pool_functions functions{adopt, part, give_back};

    void offer(std::uint16_t id) noexcept {
        auto* const head = static_cast<abi::buf_ring*>(static_cast<void*>(page_));
        abi::buf& entry = abi::entries(head)[tail_ % count];
        entry.addr = reinterpret_cast<std::uintptr_t>(memory_[id]);
        entry.len = size;
        entry.bid = id;
        // Partner: the kernel's acquiring load of the tail before it takes a buffer.
        std::atomic_ref(head->tail).store(++tail_, std::memory_order_release);
    }

    ring& owner_;
    std::uint16_t group_;
    std::uint16_t tail_ = 0;
    int lent_ = 0;
    std::byte memory_[count][size] = {};
    alignas(4096) std::byte page_[4096] = {};
};

} // namespace rondo::test
