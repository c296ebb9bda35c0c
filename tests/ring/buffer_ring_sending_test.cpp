// SPDX-License-Identifier: MIT

#include <rondo/op/send.hpp>
#include <rondo/ring/buffer_ring.hpp>

#include <support/pool_test.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rondo {
namespace {

using test::text;

class ring_buffer_ring_sending : public test::pool_test {};

TEST_F(ring_buffer_ring_sending, sends_what_is_offered_in_that_order) {
    auto buffers = pool({.entries = 4, .buffer_size = 8, .sending = true});
    EXPECT_EQ(buffers.available(), 0u);
    op::send_stream const stream{.fd = here_, .from = buffers.choose_bundle().from};
    for (std::string_view const word : {"one ", "two ", "three ", "four"}) {
        auto buffer = buffers.take().or_throw("take");
        ASSERT_EQ(buffer.bytes().size(), 8u);
        word.copy(reinterpret_cast<char*>(buffer.bytes().data()), word.size());
        buffers.offer(std::move(buffer), word.size());
    }
    RONDO_EXPECT_ERROR(buffers.take(), ENOBUFS);
    ASSERT_TRUE(ring_.push(stream, 1));
    std::string sent;
    for (;;) {
        abi::cqe const c = next();
        auto const lease = op::value_of(stream, c);
        if (lease)
            sent += text(*lease);
        if (!abi::more(c))
            break;
    }
    EXPECT_EQ(sent, "one two three four");
    std::array<char, 64> got{};
    ::ssize_t const n = ::read(there_.get(), got.data(), got.size());
    EXPECT_EQ(std::string_view(got.data(), static_cast<std::size_t>(n)), sent);
    std::vector<buffer_lease> all;
    for (int i = 0; i < 4; ++i)
        all.push_back(buffers.take().or_throw("take"));
}

TEST_F(ring_buffer_ring_sending, a_taken_buffer_that_is_not_offered_is_free_again) {
    auto buffers = pool({.entries = 1, .sending = true});
    for (int i = 0; i < 3; ++i)
        RONDO_EXPECT_OK(buffers.take());
    auto one = buffers.take().or_throw("take");
    one.bytes()[0] = std::byte{'x'};
    buffers.offer(std::move(one), 1);
    EXPECT_EQ(ring_.run(op::send{.fd = here_, .from = buffers.choose()}).or_throw("send").size(),
              1u);
    RONDO_EXPECT_OK(buffers.take());
}

} // namespace
} // namespace rondo
