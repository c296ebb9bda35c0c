// SPDX-License-Identifier: MIT
// Memory that is mapped more than once.
#include <rondo/core/mapping.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <limits>

namespace rondo {
namespace {

TEST(mapping_again, shows_the_same_memory) {
    mapping const first = mapping::shareable(page_size() + 1).or_throw("shareable");
    EXPECT_EQ(first.size(), 2 * page_size());
    mapping const second = first.again(first.size()).or_throw("again");
    ASSERT_NE(second.data(), first.data());
    EXPECT_EQ(second.data()[page_size()], std::byte{0});
    first.data()[page_size()] = std::byte{7};
    EXPECT_EQ(second.data()[page_size()], std::byte{7});
}

TEST(mapping_again, outlives_the_first) {
    mapping first = mapping::shareable(1).or_throw("shareable");
    first.data()[0] = std::byte{7};
    mapping const second = first.again(1).or_throw("again");
    EXPECT_EQ(second.size(), page_size());
    first.reset();
    EXPECT_EQ(second.data()[0], std::byte{7});
}

TEST(mapping_again, refuses_more_than_there_is_and_nothing) {
    mapping const first = mapping::shareable(page_size()).or_throw("shareable");
    for (std::size_t const bytes :
         {std::size_t{0}, page_size() + 1, std::numeric_limits<std::size_t>::max()}) {
        auto const second = first.again(bytes);
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().code(), EINVAL);
    }
    EXPECT_FALSE(mapping().again(1));
}

} // namespace
} // namespace rondo
