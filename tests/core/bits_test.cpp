// SPDX-License-Identifier: MIT
#include <rondo/core/bits.hpp>

#include <gtest/gtest.h>

#include <cstdint>

namespace rondo {
namespace {

enum class colour : std::uint8_t { red = 1, green = 2, blue = 4 };
enum class plain : std::uint32_t { one = 1 };

} // namespace

template <>
inline constexpr bool is_flags<colour> = true;

namespace {

static_assert(flag_enum<colour>);
static_assert(!flag_enum<plain>);
static_assert(!flag_enum<int>);
template <class T>
concept has_or = requires(T a) { a | a; };
static_assert(has_or<colour> && !has_or<plain>);

TEST(flags, combine_as_sets) {
    constexpr colour both = colour::red | colour::blue;
    static_assert(raw(both) == 5);
    static_assert(raw(both & colour::blue) == 4);
    static_assert(raw(both ^ colour::blue) == 1);
    static_assert(raw(~both) == 0xfa);
    static_assert(raw(both & ~colour::red) == 4);
}

TEST(flags, change_in_place) {
    colour c{};
    c |= colour::green;
    c |= colour::red;
    EXPECT_EQ(raw(c), 3);
    c &= ~colour::red;
    EXPECT_EQ(raw(c), 2);
    c ^= colour::blue;
    EXPECT_EQ(raw(c), 6);
}

TEST(flags, are_asked_for_all_or_any) {
    constexpr colour two = colour::red | colour::green;
    static_assert(has(two, colour::red));
    static_assert(has(two, two));
    static_assert(!has(two, colour::red | colour::blue));
    static_assert(has(two, colour{}));
    static_assert(any(two & colour::red));
    static_assert(!any(two & colour::blue));
    static_assert(!any(colour{}));
}

TEST(powers_of_two, are_told_and_found) {
    static_assert(!is_power_of_two(0u));
    static_assert(is_power_of_two(1u));
    static_assert(is_power_of_two(1u << 31));
    static_assert(!is_power_of_two(3u));
    static_assert(round_up_to_power_of_two(0u) == 1);
    static_assert(round_up_to_power_of_two(1u) == 1);
    static_assert(round_up_to_power_of_two(3u) == 4);
    static_assert(round_up_to_power_of_two(4u) == 4);
    static_assert(round_up_to_power_of_two((1u << 30) + 1) == 1u << 31);
    static_assert(round_up_to_power_of_two(std::uint64_t{1} << 62) == std::uint64_t{1} << 62);
}

} // namespace
} // namespace rondo
