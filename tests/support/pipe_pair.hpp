// SPDX-License-Identifier: MIT
#pragma once

// A pipe for tests: the simplest thing that an operation can wait on for as long as the test likes.
// Not synchronised, but both ends may be used at the same time.

#include <rondo/core/fd.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>

namespace rondo::test {

struct pipe_pair {
    unique_fd out; ///< to read from
    unique_fd in;  ///< to write to

    explicit pipe_pair(int flags = O_CLOEXEC) {
        int ends[2];
        if (::pipe2(ends, flags) != 0)
            throw std::system_error(errno, std::system_category(), "pipe2");
        out.reset(ends[0]);
        in.reset(ends[1]);
    }
    void write(std::string_view text) const {
        if (::write(in.get(), text.data(), text.size()) != static_cast<::ssize_t>(text.size()))
            throw std::system_error(errno, std::system_category(), "write to a pipe");
    }
};

} // namespace rondo::test
