// SPDX-License-Identifier: MIT
#include <rondo/core/fd.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <type_traits>
#include <utility>

namespace rondo {
namespace {

static_assert(!std::is_copy_constructible_v<unique_fd> && !std::is_copy_assignable_v<unique_fd>);
static_assert(std::is_nothrow_move_constructible_v<unique_fd>);
static_assert(sizeof(unique_fd) == sizeof(int));

int fresh() { return ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(unique_fd, is_empty_at_first) {
    unique_fd const none;
    EXPECT_FALSE(none);
    EXPECT_EQ(none.get(), -1);
}

TEST(unique_fd, closes_what_it_holds) {
    int const n = fresh();
    {
        unique_fd const fd(n);
        EXPECT_TRUE(fd);
        EXPECT_EQ(fd.get(), n);
        EXPECT_TRUE(is_open(n));
    }
    EXPECT_FALSE(is_open(n));
}

TEST(unique_fd, zero_is_a_descriptor_and_minus_one_is_none) {
    unique_fd zero(0);
    EXPECT_TRUE(zero);
    EXPECT_EQ(zero.release(), 0);
    EXPECT_FALSE(zero);
    unique_fd const none(-1);
    EXPECT_FALSE(none);
}

TEST(unique_fd, moves_without_closing) {
    int const n = fresh();
    unique_fd a(n);
    unique_fd b(std::move(a));
    EXPECT_FALSE(a);
    EXPECT_EQ(b.get(), n);
    int const old = fresh();
    unique_fd c(old);
    c = std::move(b);
    EXPECT_FALSE(is_open(old)) << "what it held before";
    EXPECT_TRUE(is_open(n));
    unique_fd& same = c;
    c = std::move(same);
    EXPECT_EQ(c.get(), n);
    EXPECT_TRUE(is_open(n));
    c = unique_fd();
    EXPECT_FALSE(is_open(n));
}

TEST(unique_fd, gives_away_and_takes) {
    int const first = fresh(), second = fresh();
    unique_fd fd(first);
    EXPECT_EQ(fd.release(), first);
    EXPECT_TRUE(is_open(first));
    fd.reset(first);
    fd.reset(second);
    EXPECT_FALSE(is_open(first));
    fd.reset();
    EXPECT_FALSE(is_open(second));
    fd.reset();
}

} // namespace
} // namespace rondo
