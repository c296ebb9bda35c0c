// SPDX-License-Identifier: MIT
#pragma once

// What tests of buffer rings start from: a ring, a pair of connected sockets, and ways to make the
// kernel take buffers.

#include <rondo/op/modifier.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/receive.hpp>
#include <rondo/ring/buffer_ring.hpp>

#include <support/ring_test.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rondo::test {

/// All bytes of a lease.
inline std::string text(buffer_lease const& lease) {
    std::string out;
    for (std::size_t i = 0; i < lease.parts(); ++i) {
        auto const part = lease.part(i);
        out.append(reinterpret_cast<char const*>(part.data()), part.size());
    }
    return out;
}

class pool_test : public ring_test {
protected:
    pool_test() {
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        here_.reset(ends[0]);
        there_.reset(ends[1]);
    }

    buffer_ring pool(buffer_ring_options const& options) {
        return buffer_ring::create(ring_, options).or_throw("buffer ring");
    }
    void write_there(std::string_view bytes) {
        ASSERT_EQ(::write(there_.get(), bytes.data(), bytes.size()),
                  static_cast<::ssize_t>(bytes.size()));
    }
    result<buffer_lease> receive(buffer_ring& from) {
        return ring_.run(op::recv{.fd = here_, .into = from.choose(), .flags = MSG_DONTWAIT});
    }
    /// A read from an empty pipe, handed to a worker thread, which takes its buffer at once.
    unique_fd start_blocked_read(buffer_ring& from, std::uint64_t user_data) {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        pipe_.reset(ends[0]);
        EXPECT_TRUE(ring_.push(op::async(op::read{.fd = pipe_, .into = from.choose()}), user_data));
        EXPECT_TRUE(ring_.submit());
        std::uint32_t const before = from.available();
        for (int i = 0; i < 1000 && from.untouched().or_throw("status") == before; ++i)
            ::usleep(1000);
        return unique_fd(ends[1]);
    }

    unique_fd here_;
    unique_fd there_;
    unique_fd pipe_;
};

} // namespace rondo::test
