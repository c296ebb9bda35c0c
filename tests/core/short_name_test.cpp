// SPDX-License-Identifier: MIT
#include <rondo/core/short_name.hpp>

#include <gtest/gtest.h>

#include <string>

namespace rondo {
namespace {

std::string back(std::string_view name) {
    return std::string(std::string_view(short_name(short_name::pack(name))));
}

TEST(short_name, keeps_ten_characters_and_says_that_there_were_more) {
    EXPECT_EQ(back(""), "");
    EXPECT_EQ(back("a"), "a");
    EXPECT_EQ(back("reuse_port"), "reuse_port");
    EXPECT_EQ(back("reuse_ports"), "reuse_port...");
    EXPECT_EQ(back("0123456789_"), "0123456789...");
    EXPECT_EQ(back("TcpZz"), "TcpZz");
}

TEST(short_name, has_one_sign_for_all_other_characters) {
    EXPECT_EQ(back("a-b c?"), "a?b?c?");
    EXPECT_EQ(back(std::string_view("x\0\xff", 3)), "x??");
}

TEST(short_name, takes_every_detail) {
    EXPECT_EQ(std::string_view(short_name(0)), "");
    EXPECT_EQ(std::string_view(short_name(~std::uint64_t{0})), "??????????...");
}

} // namespace
} // namespace rondo
