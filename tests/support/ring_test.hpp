// SPDX-License-Identifier: MIT
#pragma once

// What tests of single operations start from: a ring, a directory, and shorthands for both.

#include <rondo/core/fd.hpp>
#include <rondo/ring/ring.hpp>

#include <support/scratch_files.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::test {

/// `expression` must be a result that holds an error of this errno.
#define RONDO_EXPECT_ERROR(expression, errno_value)                                                \
    do {                                                                                           \
        auto const outcome = (expression);                                                         \
        ASSERT_FALSE(outcome.has_value());                                                         \
        EXPECT_EQ(outcome.error().code(), (errno_value)) << outcome.error().message().c_str();     \
    } while (false)

/// `expression` must be a result that holds a value.
#define RONDO_EXPECT_OK(expression)                                                                \
    do {                                                                                           \
        auto const outcome = (expression);                                                         \
        EXPECT_TRUE(outcome.has_value()) << outcome.error().message().c_str();                     \
    } while (false)

class ring_test : public ::testing::Test, protected scratch_files {
protected:
    /// A table of registered files, -1 for an empty slot.
    void register_files(std::vector<std::int32_t> fds) {
        ring_.register_(abi::register_op::files, fds.data(), static_cast<std::uint32_t>(fds.size()))
            .or_throw("register files");
    }
    /// The next completion, waited for; it must come within ten seconds.
    abi::cqe next() {
        ring_.submit_and_wait(1, std::chrono::seconds(10)).or_throw("submit_and_wait");
        abi::cqe c{};
        EXPECT_TRUE(ring_.pop(c));
        return c;
    }

    ring ring_ = ring::create({.entries = 8}).or_throw("ring");
};

} // namespace rondo::test
