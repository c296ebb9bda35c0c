// SPDX-License-Identifier: MIT
#pragma once

// What tests of single operations start from: a ring, a directory, and shorthands for both.

#include <rondo/core/fd.hpp>
#include <rondo/ring/ring.hpp>

#include <support/temporary_directory.hpp>

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

class ring_test : public ::testing::Test {
protected:
    /// A file of this test's directory, made or emptied, with this in it.
    unique_fd file_with(char const* name, std::string_view contents) {
        unique_fd fd(
            ::open((directory_ / name).c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
        EXPECT_TRUE(fd) << name;
        EXPECT_EQ(::pwrite(fd.get(), contents.data(), contents.size(), 0),
                  static_cast<::ssize_t>(contents.size()));
        return fd;
    }
    /// Everything that is in the file, from its start.
    static std::string contents_of(unique_fd const& fd) {
        std::string out(4096, '\0');
        ::ssize_t const n = ::pread(fd.get(), out.data(), out.size(), 0);
        EXPECT_GE(n, 0);
        out.resize(static_cast<std::size_t>(n < 0 ? 0 : n));
        return out;
    }
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

    temporary_directory directory_;
    ring ring_ = ring::create({.entries = 8}).or_throw("ring");
};

} // namespace rondo::test
