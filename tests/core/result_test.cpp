// SPDX-License-Identifier: MIT
#include <rondo/core/result.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>

namespace rondo {
namespace {

result<int> half(int n) {
    if (n % 2 != 0)
        return fail(EDOM, attempt::control);
    return n / 2;
}
result<std::string> spelled(int n) {
    result<int> const h = half(n);
    if (!h)
        return fail(h.error());
    return std::to_string(*h);
}
result<> checked(int n) {
    if (result<int> const h = half(n); !h)
        return fail(h.error());
    return {};
}

TEST(result, holds_a_value_or_what_took_its_place) {
    EXPECT_EQ(half(4).value(), 2);
    EXPECT_EQ(half(3).error(), EDOM);
    EXPECT_EQ(half(3).error().attempted(), attempt::control);
    EXPECT_EQ(spelled(8).value(), "4");
    EXPECT_EQ(spelled(7).error(), EDOM);
    EXPECT_TRUE(checked(2).has_value());
    EXPECT_EQ(checked(1).error(), EDOM);
}

TEST(result, or_throw_gives_the_value_away) {
    EXPECT_EQ(half(4).or_throw("half"), 2);
    checked(2).or_throw("check");
    result<std::unique_ptr<int>> owner(std::make_unique<int>(7));
    std::unique_ptr<int> const taken = std::move(owner).or_throw("own");
    EXPECT_EQ(*taken, 7);
}

TEST(result, or_throw_says_what_failed) {
    try {
        checked(1).or_throw("checking one");
        FAIL() << "nothing was thrown";
    } catch (std::system_error const& e) {
        EXPECT_EQ(e.code(), std::errc::argument_out_of_domain);
        std::string const said = e.what();
        EXPECT_EQ(said.find("checking one: "), 0u) << said;
        EXPECT_NE(said.find("Numerical argument out of domain"), std::string::npos) << said;
    }
}

TEST(result, or_throw_tells_the_cause) {
    result<int> const failed = fail(EINVAL, attempt::setup, cause::entries, 77);
    try {
        static_cast<void>(result<int>(failed).or_throw("ring"));
        FAIL() << "nothing was thrown";
    } catch (std::system_error const& e) {
        EXPECT_NE(std::string(e.what()).find("77 entries"), std::string::npos) << e.what();
    }
}

} // namespace
} // namespace rondo
