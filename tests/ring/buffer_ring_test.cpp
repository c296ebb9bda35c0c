// SPDX-License-Identifier: MIT

#include <rondo/op/receive.hpp>
#include <rondo/ring/buffer_ring.hpp>

#include <support/pool_test.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

namespace rondo {
namespace {

using test::text;

class ring_buffer_ring : public test::pool_test {};

TEST_F(ring_buffer_ring, a_lease_holds_what_was_received_and_gives_its_buffer_back) {
    auto buffers = pool({.entries = 2, .buffer_size = 64});
    EXPECT_EQ(buffers.available(), 2u);
    write_there("hello");
    {
        auto const lease = receive(buffers).or_throw("recv");
        EXPECT_EQ(text(lease), "hello");
        EXPECT_EQ(lease.size(), 5u);
        EXPECT_EQ(buffers.available(), 1u);
        EXPECT_EQ(buffers.leases(), 1u);
    }
    EXPECT_EQ(buffers.available(), 2u);
    EXPECT_EQ(buffers.leases(), 0u);
    EXPECT_EQ(buffers.untouched().or_throw("status"), 2u);
}

TEST_F(ring_buffer_ring, buffers_go_round_many_more_times_than_the_ring_has_entries) {
    auto buffers = pool({.entries = 4, .buffer_size = 16});
    for (int i = 0; i < 70'000; ++i) { // past the wrap of the 16-bit tail
        std::string const sent = std::to_string(i);
        write_there(sent);
        auto const lease = receive(buffers).or_throw("recv");
        ASSERT_EQ(text(lease), sent);
    }
    EXPECT_EQ(buffers.available(), 4u);
}

TEST_F(ring_buffer_ring, without_a_free_buffer_says_ENOBUFS_until_a_lease_ends) {
    auto buffers = pool({.entries = 2, .buffer_size = 4});
    write_there("aaaabbbbcccc");
    auto first = receive(buffers).or_throw("recv");
    auto const second = receive(buffers).or_throw("recv");
    EXPECT_EQ(buffers.available(), 0u);
    RONDO_EXPECT_ERROR(receive(buffers), ENOBUFS);
    first.reset();
    EXPECT_EQ(text(receive(buffers).or_throw("recv")), "cccc");
    EXPECT_EQ(text(second), "bbbb");
}

TEST_F(ring_buffer_ring, a_starved_stream_ends_with_ENOBUFS_and_can_be_started_again) {
    auto buffers = pool({.entries = 2, .buffer_size = 4});
    op::recv_stream const stream{.fd = here_, .into = buffers.choose()};
    ASSERT_TRUE(ring_.push(stream, 1));
    ASSERT_TRUE(ring_.submit());
    write_there("aaaabbbbcccc");
    std::vector<buffer_lease> leases;
    std::string received;
    for (abi::cqe c = next();; c = next()) {
        auto lease = op::value_of(stream, c);
        if (!abi::more(c)) {
            RONDO_EXPECT_ERROR(std::move(lease), ENOBUFS);
            break;
        }
        received += text(*lease);
        leases.push_back(std::move(*lease));
    }
    EXPECT_EQ(received, "aaaabbbb");
    leases.clear();
    ASSERT_TRUE(ring_.push(stream, 2));
    EXPECT_EQ(text(op::value_of(stream, next()).or_throw("recv")), "cccc");
    here_.reset();
    there_.reset();
    EXPECT_FALSE(abi::more(next()));
}

TEST_F(ring_buffer_ring, the_kernel_can_allocate_the_ring) {
    auto buffers = pool({.entries = 512, .buffer_size = 8, .group = 2047, .kernel_mapped = true});
    EXPECT_EQ(buffers.group(), 2047u);
    for (int i = 0; i < 2000; ++i) {
        write_there("abc");
        ASSERT_EQ(text(receive(buffers).or_throw("recv")), "abc");
    }
}

TEST_F(ring_buffer_ring, huge_pages_are_used_or_done_without) {
    auto buffers = pool({.entries = 2, .buffer_size = 8, .huge_pages = true});
    write_there("abc");
    EXPECT_EQ(text(receive(buffers).or_throw("recv")), "abc");
}

TEST_F(ring_buffer_ring, groups_are_numbered_by_the_library_or_by_the_caller) {
    auto const a = pool({.entries = 1});
    auto const b = pool({.entries = 1});
    auto const c = pool({.entries = 1, .group = 5});
    EXPECT_NE(a.group(), b.group());
    EXPECT_EQ(c.group(), 5u);
    auto const taken = buffer_ring::create(ring_, {.entries = 1, .group = 5});
    ASSERT_FALSE(taken.has_value());
    EXPECT_EQ(taken.error(), EEXIST);
    EXPECT_EQ(taken.error().why(), cause::in_use);
}

TEST_F(ring_buffer_ring, a_group_is_free_again_after_its_pool) {
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(pool({.entries = 1, .group = 5}).group(), 5u);
}

TEST_F(ring_buffer_ring, sizes_out_of_range_are_refused) {
    RONDO_EXPECT_ERROR(buffer_ring::create(ring_, {.entries = 0}), EINVAL);
    RONDO_EXPECT_ERROR(buffer_ring::create(ring_, {.entries = 32769}), EINVAL);
    RONDO_EXPECT_ERROR(buffer_ring::create(ring_, {.buffer_size = 0}), EINVAL);
    RONDO_EXPECT_ERROR(buffer_ring::create(ring_, {.entries = 4, .buffers = 5}), EINVAL);
    RONDO_EXPECT_ERROR(buffer_ring::create(ring_, {.group = 65536}), EINVAL);
    RONDO_EXPECT_ERROR(buffer_ring::create(ring_, {.group = 2048, .kernel_mapped = true}), EINVAL);
    EXPECT_EQ(pool({.entries = 3, .buffer_size = 16}).capacity(), 4u);
    EXPECT_EQ(pool({.entries = 32768, .buffer_size = 16}).available(), 32768u);
}

TEST_F(ring_buffer_ring, grows_up_to_its_capacity) {
    auto buffers = pool({.entries = 4, .buffer_size = 4, .buffers = 1});
    write_there("aaaabbbb");
    auto const a = receive(buffers).or_throw("recv");
    RONDO_EXPECT_ERROR(receive(buffers), ENOBUFS);
    RONDO_EXPECT_OK(buffers.grow(2));
    EXPECT_EQ(buffers.size(), 3u);
    EXPECT_EQ(text(receive(buffers).or_throw("recv")), "bbbb");
    RONDO_EXPECT_ERROR(buffers.grow(2), ENOSPC);
    RONDO_EXPECT_OK(buffers.grow(1));
    EXPECT_EQ(buffers.available(), 3u);
}

} // namespace
} // namespace rondo
