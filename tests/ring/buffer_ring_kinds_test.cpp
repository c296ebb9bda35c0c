// SPDX-License-Identifier: MIT

#include <rondo/op/read.hpp>
#include <rondo/op/receive.hpp>
#include <rondo/ring/buffer_ring.hpp>

#include <support/child.hpp>
#include <support/pool_test.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <string>
#include <vector>

namespace rondo {
namespace {

using test::text;

class ring_buffer_ring_kinds : public test::pool_test {};

TEST_F(ring_buffer_ring_kinds, the_end_of_a_file_holds_no_buffer) {
    for (bool const incremental : {false, true}) {
        auto buffers = pool({.entries = 2, .buffer_size = 64, .incremental = incremental});
        auto const file = file_with("f", "hello");
        for (int i = 0; i < 5; ++i) {
            auto const lease =
                ring_.run(op::read{.fd = file, .into = buffers.choose(), .at = 5}).or_throw("read");
            EXPECT_EQ(lease.size(), 0u);
            EXPECT_EQ(lease.parts(), 0u);
            EXPECT_TRUE(lease.bytes().empty());
        }
        EXPECT_EQ(buffers.available(), 2u);
        EXPECT_EQ(buffers.leases(), 0u);
        EXPECT_EQ(buffers.untouched().or_throw("status"), 2u);
    }
}

TEST_F(ring_buffer_ring_kinds, the_end_of_a_pipe_holds_no_buffer) {
    for (bool const incremental : {false, true}) {
        auto buffers = pool({.entries = 2, .buffer_size = 8, .incremental = incremental});
        int ends[2];
        ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        unique_fd const read_end(ends[0]);
        unique_fd write_end(ends[1]);
        ASSERT_EQ(::write(write_end.get(), "abcdefghijk", 11), 11);
        write_end.reset();
        std::string got;
        for (int i = 0; i < 5; ++i)
            got += text(
                ring_.run(op::read{.fd = read_end, .into = buffers.choose()}).or_throw("read"));
        EXPECT_EQ(got, "abcdefghijk");
        EXPECT_EQ(buffers.available(), 2u);
        EXPECT_EQ(buffers.untouched().or_throw("status"), 2u);
    }
}

TEST_F(ring_buffer_ring_kinds, a_short_read_of_a_file_uses_up_an_incremental_buffer) {
    auto buffers = pool({.entries = 2, .buffer_size = 64, .incremental = true});
    auto const file = file_with("f", "hello");
    for (int i = 0; i < 5; ++i) {
        auto const lease =
            ring_.run(op::read{.fd = file, .into = buffers.choose(), .at = 0}).or_throw("read");
        EXPECT_EQ(text(lease), "hello");
        EXPECT_EQ(lease.offset(), 0u);
    }
    EXPECT_EQ(buffers.available(), 2u);
}

TEST_F(ring_buffer_ring_kinds, leases_of_an_incremental_buffer_share_it) {
    auto buffers = pool({.entries = 2, .buffer_size = 8, .incremental = true});
    write_there("abc");
    auto first = receive(buffers).or_throw("recv");
    write_there("de");
    auto second = receive(buffers).or_throw("recv");
    EXPECT_EQ(first.first_id(), second.first_id());
    EXPECT_EQ(second.offset(), 3u);
    EXPECT_TRUE(second.kernel_keeps());
    write_there("fgh");
    auto third = receive(buffers).or_throw("recv");
    EXPECT_EQ(text(first) + text(second) + text(third), "abcdefgh");
    EXPECT_FALSE(third.kernel_keeps());
    EXPECT_EQ(buffers.available(), 1u);
    third.reset();
    first.reset();
    EXPECT_EQ(buffers.available(), 1u);
    EXPECT_EQ(text(second), "de");
    second.reset();
    EXPECT_EQ(buffers.available(), 2u);
}

TEST_F(ring_buffer_ring_kinds, an_incremental_buffer_that_the_kernel_keeps_is_not_given_back) {
    auto buffers = pool({.entries = 1, .buffer_size = 8, .incremental = true});
    for (int i = 0; i < 100; ++i) {
        write_there("abc");
        std::string got = text(receive(buffers).or_throw("recv"));
        if (got.size() < 3)
            got += text(receive(buffers).or_throw("recv"));
        EXPECT_EQ(got, "abc");
        EXPECT_EQ(buffers.available(), 1u);
    }
}

TEST_F(ring_buffer_ring_kinds, a_bundle_spans_buffers_in_the_order_in_which_they_came_back) {
    auto buffers = pool({.entries = 4, .buffer_size = 4});
    write_there("aaaabbbbccccdddd");
    std::vector<buffer_lease> leases;
    for (int i = 0; i < 4; ++i)
        leases.push_back(receive(buffers).or_throw("recv"));
    for (std::size_t const i : {2u, 0u, 3u, 1u})
        leases[i].reset();
    write_there("0123456789");
    op::recv const receive_bundle{.fd = here_, .into = buffers.choose_bundle()};
    // How many buffers the kernel looks at in one go is its own affair; two at least.
    auto const lease = ring_.run(receive_bundle).or_throw("recv");
    ASSERT_GE(lease.parts(), 2u);
    EXPECT_EQ(lease.first_id(), 2u);
    EXPECT_EQ(lease.part(0).size(), 4u);
    EXPECT_TRUE(lease.part(lease.parts()).empty());
    EXPECT_EQ(text(lease), std::string("0123456789").substr(0, lease.size()));
    std::string rest;
    if (lease.size() < 10)
        rest = text(ring_.run(receive_bundle).or_throw("recv"));
    EXPECT_EQ(text(lease) + rest, "0123456789");
    EXPECT_EQ(buffers.available(), lease.size() < 10 ? 2u : 1u);
}

TEST_F(ring_buffer_ring_kinds,
       a_bundle_starts_inside_an_incremental_buffer_and_ends_inside_another) {
    auto buffers = pool({.entries = 4, .buffer_size = 8, .incremental = true});
    auto const bundle = buffers.choose_bundle();
    write_there("abc");
    auto first = ring_.run(op::recv{.fd = here_, .into = bundle}).or_throw("recv");
    write_there("defghijklmnopqr");
    auto second = ring_.run(op::recv{.fd = here_, .into = bundle}).or_throw("recv");
    EXPECT_EQ(text(second), "defghijklmnopqr");
    EXPECT_EQ(second.parts(), 3u);
    EXPECT_EQ(second.offset(), 3u);
    EXPECT_EQ(buffers.available(), 2u);
    write_there("st");
    auto third = ring_.run(op::recv{.fd = here_, .into = bundle}).or_throw("recv");
    EXPECT_EQ(third.offset(), 2u);
    second.reset();
    EXPECT_EQ(buffers.available(), 3u);
    first.reset();
    EXPECT_EQ(buffers.available(), 4u);
    EXPECT_EQ(text(third), "st");
}

TEST_F(ring_buffer_ring_kinds, what_a_datagram_exceeds_its_buffer_by_is_cut_off) {
    for (bool const incremental : {false, true}) {
        auto buffers = pool({.entries = 4, .buffer_size = 8, .incremental = incremental});
        int ends[2];
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
        unique_fd const in(ends[0]);
        unique_fd const out(ends[1]);
        for (int i = 0; i < 20; ++i) {
            ASSERT_EQ(::send(out.get(), "0123456789abc", 13, 0), 13);
            auto const lease =
                ring_.run(op::recv{.fd = in, .into = buffers.choose(), .flags = MSG_TRUNC})
                    .or_throw("recv");
            ASSERT_EQ(lease.parts(), 1u);
            ASSERT_EQ(text(lease), std::string("0123456789abc").substr(0, lease.size()));
            ASSERT_GE(lease.size(), incremental ? 1u : 8u);
        }
        EXPECT_EQ(buffers.available(), 4u);
        EXPECT_EQ(buffers.untouched().or_throw("status"), 4u);
    }
}

TEST_F(ring_buffer_ring_kinds, a_datagram_of_no_bytes_holds_no_buffer) {
    auto buffers = pool({.entries = 2, .buffer_size = 8});
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
    unique_fd const in(ends[0]);
    unique_fd const out(ends[1]);
    ASSERT_EQ(::send(out.get(), "", 0, 0), 0);
    auto const lease = ring_.run(op::recv{.fd = in, .into = buffers.choose()}).or_throw("recv");
    EXPECT_EQ(lease.size(), 0u);
    EXPECT_EQ(lease.parts(), 0u);
    EXPECT_EQ(buffers.available(), 2u);
}

TEST_F(ring_buffer_ring_kinds, a_limit_cuts_what_goes_into_a_buffer) {
    auto buffers = pool({.entries = 2, .buffer_size = 64});
    write_there("0123456789");
    auto const a = ring_.run(op::recv{.fd = here_, .into = buffers.choose(4)}).or_throw("recv");
    auto const b = ring_.run(op::recv{.fd = here_, .into = buffers.choose()}).or_throw("recv");
    EXPECT_EQ(text(a), "0123");
    EXPECT_EQ(text(b), "456789");
}

TEST_F(ring_buffer_ring_kinds, a_limit_on_an_incremental_pool_aborts) {
    auto const end = test::in_child([&] {
        auto r = ring::create({.entries = 4}).or_throw("ring");
        auto buffers = buffer_ring::create(r, {.incremental = true}).or_throw("buffer ring");
        static_cast<void>(buffers.choose(1));
    });
    EXPECT_TRUE(end.aborted_with("cannot be chosen with a limit")) << end;
}

} // namespace
} // namespace rondo
