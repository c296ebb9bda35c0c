// SPDX-License-Identifier: MIT

#include "groups_test.hpp"

#include <rondo/abi/params.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>

namespace rondo::engine::emulation {
namespace {

class emulated_buffer_group_kinds : public groups_test {};

TEST_F(emulated_buffer_group_kinds, a_ring_that_cannot_be_is_refused) {
    abi::buf_reg what = ring_of();
    for (std::uint32_t const entries : {0u, 7u, 65536u}) {
        what.ring_entries = entries;
        EXPECT_EQ(groups_.enrol(what), -EINVAL) << entries;
    }
    what = ring_of(1u << 2);
    EXPECT_EQ(groups_.enrol(what), -EINVAL);
    what = ring_of();
    what.resv[4] = 1;
    EXPECT_EQ(groups_.enrol(what), -EINVAL);
    what = ring_of();
    what.min_left = 1;
    EXPECT_EQ(groups_.enrol(what), -EINVAL);
    what = ring_of();
    what.ring_addr += 8;
    EXPECT_EQ(groups_.enrol(what), -EINVAL);
    what.ring_addr = 0;
    EXPECT_EQ(groups_.enrol(what), -EFAULT);
    what.ring_addr = 0x1000;
    EXPECT_EQ(groups_.enrol(what), -EFAULT);
}

TEST_F(emulated_buffer_group_kinds, a_group_is_of_one_kind) {
    make_list();
    abi::buf_reg what = ring_of();
    what.bgid = list_group;
    EXPECT_EQ(groups_.enrol(what), -EEXIST);
    EXPECT_EQ(groups_.unregister(what), -EINVAL);
    abi::buf_status status{};
    status.buf_group = list_group;
    EXPECT_EQ(groups_.status(status), -EINVAL);
    EXPECT_EQ(left_in_list(), 4);
    EXPECT_EQ(groups_.enrol(what), 0); // an empty list makes room
    EXPECT_EQ(groups_.enrol(what), -EEXIST);
    EXPECT_EQ(groups_.provide(list_group, 0, 1, 1, 0), -EINVAL);
    EXPECT_EQ(groups_.remove(list_group, 1), -EINVAL);
    EXPECT_EQ(groups_.unregister(what), 0);
    EXPECT_EQ(groups_.unregister(what), -ENOENT);
    EXPECT_EQ(groups_.status(status), -ENOENT);
    EXPECT_EQ(groups_.remove(list_group, 1), -ENOENT);
}

TEST_F(emulated_buffer_group_kinds, a_ring_of_the_engines_own_is_mapped_by_its_number) {
    abi::buf_reg what = ring_of(raw(abi::buf_ring_flag::mmap));
    what.ring_addr = 0;
    ASSERT_EQ(groups_.enrol(what), 0);
    std::uint64_t const offset = abi::off_pbuf_ring | std::uint64_t{ring_group}
                                                          << abi::off_pbuf_shift;
    auto const mapped = groups_.map(offset, 128).or_throw("map");
    auto* const shared = reinterpret_cast<abi::buf_ring*>(mapped.data());
    abi::entries(shared)[0].addr = reinterpret_cast<std::uintptr_t>(part(0));
    abi::entries(shared)[0].len = buffer_bytes;
    abi::entries(shared)[0].bid = 42;
    store_release(&shared->tail, std::uint16_t{1});
    EXPECT_EQ(run(abi::opcode::recv, 1), flags_of(42));
    EXPECT_EQ(groups_.unregister(ring_of()), 0);
    EXPECT_EQ(shared->tail, 1u); // the caller's mapping is the caller's
}

TEST_F(emulated_buffer_group_kinds, only_rings_of_the_engines_own_can_be_mapped) {
    make_ring();
    auto const offset = [](std::uint64_t group) {
        return abi::off_pbuf_ring | group << abi::off_pbuf_shift;
    };
    EXPECT_EQ(groups_.map(offset(ring_group), 128).error().code(), EINVAL);
    EXPECT_EQ(groups_.map(offset(99), 128).error().code(), ENOMEM);
    ASSERT_EQ(groups_.unregister(ring_of()), 0);
    ASSERT_EQ(groups_.enrol(ring_of(raw(abi::buf_ring_flag::mmap))), 0);
    EXPECT_EQ(groups_.map(offset(ring_group), 1 << 20).error().code(), EINVAL);
}

TEST_F(emulated_buffer_group_kinds, provided_buffers_are_counted_and_numbered) {
    EXPECT_EQ(groups_.provide(9, 4096, 16, 65536, 0), 0);
    EXPECT_EQ(groups_.provide(9, 4096, 16, 1, 0), -EOVERFLOW);
    EXPECT_EQ(groups_.remove(9, 5), 5);
    request r = request_for(abi::opcode::recv, 9);
    ASSERT_EQ(choose(r), 0);
    EXPECT_EQ(r.chosen_id, 5u);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(r.chosen[0].iov_base), 4096u + 5 * 16);
    EXPECT_EQ(groups_.remove(9, 65536), 65530);
    EXPECT_EQ(groups_.remove(9, 1), 0);
    EXPECT_EQ(groups_.remove(10, 1), -ENOENT);
}

TEST_F(emulated_buffer_group_kinds, entries_that_provide_or_remove_nonsense_are_refused) {
    abi::sqe entry{};
    entry.len = 16;
    for (std::int32_t const count : {0, -1, 65537}) {
        entry.fd = count;
        EXPECT_EQ(buffer_groups::check_provide(entry), -E2BIG) << count;
    }
    entry.fd = 2;
    EXPECT_EQ(buffer_groups::check_provide(entry), 0);
    entry.off = 65535;
    EXPECT_EQ(buffer_groups::check_provide(entry), -EINVAL);
    entry.off = 65536;
    EXPECT_EQ(buffer_groups::check_provide(entry), -E2BIG);
    entry.off = 0;
    entry.addr = ~std::uint64_t{0};
    EXPECT_EQ(buffer_groups::check_provide(entry), -EOVERFLOW);
    entry.addr = std::uint64_t{1} << 63;
    EXPECT_EQ(buffer_groups::check_provide(entry), -EFAULT);
    entry.addr = 0;
    entry.len = 0;
    EXPECT_EQ(buffer_groups::check_provide(entry), -EINVAL);
    EXPECT_EQ(buffer_groups::check_remove(entry), 0);
    entry.len = 1;
    EXPECT_EQ(buffer_groups::check_remove(entry), -EINVAL);
    entry.len = 0;
    entry.fd = 0;
    EXPECT_EQ(buffer_groups::check_remove(entry), -EINVAL);
}

} // namespace
} // namespace rondo::engine::emulation
