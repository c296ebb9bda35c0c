// SPDX-License-Identifier: MIT
#pragma once

// What a fixture with files has: a directory of its own, and shorthands for what is in its files.
// One thread.

#include <rondo/core/fd.hpp>

#include <support/temporary_directory.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace rondo::test {

class scratch_files {
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

    temporary_directory directory_;
};

} // namespace rondo::test
