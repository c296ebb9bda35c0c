// SPDX-License-Identifier: MIT
#pragma once

// What tests of buffer groups start from: a ring of 8 buffers, a list of 4, and whole operations on
// them.

#include <engine/emulated/buffer_groups.hpp>

#include <rondo/abi/cqe.hpp>
#include <rondo/abi/opcode.hpp>
#include <rondo/core/mapping.hpp>
#include <rondo/core/word.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace rondo::engine::emulation {

inline constexpr std::uint32_t has_buffer = raw(abi::cqe_flag::buffer);
inline constexpr std::uint32_t has_more = raw(abi::cqe_flag::buf_more);
inline constexpr std::uint16_t ring_group = 3;
inline constexpr std::uint16_t list_group = 4;
inline constexpr std::uint32_t buffer_bytes = 64;
inline constexpr std::uint16_t first_id = 10;

constexpr std::uint32_t flags_of(std::uint32_t id, std::uint32_t more = 0) {
    return has_buffer | more | id << abi::cqe_buffer_shift;
}

/// The ids of all buffers count from first_id.
class groups_test : public ::testing::Test {
protected:
    abi::buf_reg ring_of(std::uint16_t flags = 0) {
        abi::buf_reg what{};
        what.ring_addr = reinterpret_cast<std::uintptr_t>(memory_.data());
        what.ring_entries = 8;
        what.bgid = ring_group;
        what.flags = flags;
        return what;
    }
    void make_ring(std::uint16_t flags = 0, std::uint32_t min_left = 0) {
        abi::buf_reg what = ring_of(flags);
        what.min_left = min_left;
        ASSERT_EQ(groups_.enrol(what), 0);
        for (std::uint16_t i = 0; i < 8; ++i)
            add(i);
    }
    void make_incremental_ring(std::uint32_t min_left = 0) {
        make_ring(raw(abi::buf_ring_flag::inc), min_left);
    }
    void add(std::uint16_t which) {
        abi::buf& entry = entries()[ring()->tail & 7];
        entry.addr = reinterpret_cast<std::uintptr_t>(part(which));
        entry.len = buffer_bytes;
        entry.bid = static_cast<std::uint16_t>(first_id + which);
        store_release(&ring()->tail, static_cast<std::uint16_t>(ring()->tail + 1));
    }
    void make_list() {
        ASSERT_EQ(groups_.provide(list_group, reinterpret_cast<std::uintptr_t>(part(0)),
                                  buffer_bytes, 4, first_id),
                  0);
    }
    void make_list_or_ring(std::uint16_t group) { group == list_group ? make_list() : make_ring(); }

    static request request_for(abi::opcode code, std::uint16_t group = ring_group) {
        request r;
        r.sqe().opcode = raw(code);
        r.sqe().buf_group = group;
        return r;
    }
    std::int32_t choose(request& r, std::uint32_t wanted = 0, std::uint32_t most = 1) {
        return groups_.choose(r, r.sqe().buf_group, wanted, most);
    }
    /// One whole operation.
    std::uint32_t run(abi::opcode code, std::int32_t res, bool keeps = false,
                      std::uint16_t group = ring_group, std::uint32_t wanted = 0) {
        request r = request_for(code, group);
        EXPECT_EQ(choose(r, wanted), 0);
        if (keeps)
            groups_.keep(r);
        std::uint32_t const flags = groups_.commit(r, res);
        EXPECT_TRUE(r.chosen.empty());
        return flags;
    }
    std::uint32_t head() {
        abi::buf_status status{};
        status.buf_group = ring_group;
        EXPECT_EQ(groups_.status(status), 0);
        return status.head;
    }
    std::int32_t left_in_list() { return groups_.remove(list_group, 1000); }

    abi::buf_ring* ring() { return reinterpret_cast<abi::buf_ring*>(memory_.data()); }
    abi::buf* entries() { return abi::entries(ring()); }
    std::byte* part(std::uint32_t i) { return bytes_.data() + i * buffer_bytes; }

    std::array<std::byte, 8 * buffer_bytes> bytes_{};
    mapping memory_ = mapping::anonymous(4096).or_throw("mapping");
    buffer_groups groups_;
};

} // namespace rondo::engine::emulation
