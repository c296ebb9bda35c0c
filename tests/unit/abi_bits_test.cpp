// SPDX-License-Identifier: MIT
// The bitmask operators from inside rondo, from inside rondo::abi and from a stranger's namespace,
// and the questions asked of a completion.

#include <rondo/abi/cqe.hpp>
#include <rondo/abi/params.hpp>
#include <rondo/abi/sqe.hpp>
#include <rondo/core/bits.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <type_traits>

namespace rondo {
enum class own : std::uint8_t { low = 1, high = 0x80 };
enum class plain : std::uint8_t { one = 1 };
template <>
inline constexpr bool is_flags<own> = true;

static_assert(raw(own::low | own::high) == 0x81);
static_assert(any(abi::setup::iopoll | abi::setup::sqpoll));
} // namespace rondo

namespace rondo::abi {
static_assert(has(setup::iopoll | setup::sqpoll, setup::sqpoll));
static_assert(raw(~sqe_flag::async) == 0xef);
} // namespace rondo::abi

namespace stranger {
namespace {

template <class E>
concept has_union = requires(E e) { e | e; };
static_assert(has_union<rondo::own> && has_union<rondo::abi::cqe_flag>);
static_assert(!has_union<rondo::plain> && !has_union<rondo::abi::sqe_flag_bit>);

template <class E>
concept can_be_any = requires(E e) { any(e); };
static_assert(can_be_any<rondo::own> && !can_be_any<rondo::plain>);
static_assert(raw(rondo::plain::one) == 1);

using rondo::abi::setup;

TEST(bits, join_meet_differ_and_complement) {
    auto const both = setup::clamp | setup::cqsize;
    EXPECT_EQ(raw(both), 0x18u);
    EXPECT_EQ(both & setup::clamp, setup::clamp);
    EXPECT_EQ(both ^ setup::clamp, setup::cqsize);
    EXPECT_EQ(both & ~setup::clamp, setup::cqsize);
    static_assert(noexcept(both | both) && std::is_same_v<decltype(~both), setup>);
}

TEST(bits, are_changed_in_place) {
    auto flags = setup{};
    EXPECT_FALSE(any(flags));
    flags |= setup::iopoll | setup::sqpoll;
    flags &= ~setup::iopoll;
    EXPECT_EQ(flags, setup::sqpoll);
    flags ^= setup::sqpoll | setup::clamp;
    EXPECT_EQ(flags, setup::clamp);
}

TEST(bits, has_asks_for_all_of_the_flags_and_any_for_one) {
    auto const flags = setup::iopoll | setup::sqpoll;
    EXPECT_TRUE(has(flags, setup::iopoll | setup::sqpoll));
    EXPECT_FALSE(has(flags, setup::iopoll | setup::clamp));
    EXPECT_TRUE(any(flags & (setup::iopoll | setup::clamp)));
    EXPECT_TRUE(has(flags, setup{}));
}

TEST(bits, powers_of_two_are_known_and_rounded_up_to) {
    EXPECT_FALSE(rondo::is_power_of_two(0u));
    EXPECT_TRUE(rondo::is_power_of_two(1u));
    EXPECT_FALSE(rondo::is_power_of_two(6u));
    EXPECT_TRUE(rondo::is_power_of_two(0x80000000u));
    EXPECT_EQ(rondo::round_up_to_power_of_two(0u), 1u);
    EXPECT_EQ(rondo::round_up_to_power_of_two(5u), 8u);
    EXPECT_EQ(rondo::round_up_to_power_of_two(8u), 8u);
    EXPECT_EQ(rondo::round_up_to_power_of_two(std::uint64_t{1} << 40), std::uint64_t{1} << 40);
}

TEST(cqe_flags, give_the_buffer_and_whether_more_follows) {
    rondo::abi::cqe entry{};
    EXPECT_FALSE(more(entry));
    entry.flags = 0xbeef0000u | raw(rondo::abi::cqe_flag::buffer);
    EXPECT_TRUE(has(entry, rondo::abi::cqe_flag::buffer));
    EXPECT_FALSE(has(entry, rondo::abi::cqe_flag::buffer | rondo::abi::cqe_flag::more));
    EXPECT_EQ(buffer_id(entry), 0xbeef);
    entry.flags |= raw(rondo::abi::cqe_flag::more);
    EXPECT_TRUE(more(entry));
}

TEST(sqe_flags, lie_at_their_bits) {
    using rondo::abi::sqe_flag;
    using rondo::abi::sqe_flag_bit;
    EXPECT_EQ(raw(sqe_flag::fixed_file), 1u << raw(sqe_flag_bit::fixed_file));
    EXPECT_EQ(raw(sqe_flag::cqe_skip_success), 1u << raw(sqe_flag_bit::cqe_skip_success));
}

} // namespace
} // namespace stranger
