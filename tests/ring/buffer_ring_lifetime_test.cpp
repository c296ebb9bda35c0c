// SPDX-License-Identifier: MIT

#include <rondo/core/annotate.hpp>
#include <rondo/core/mapping.hpp>
#include <rondo/op/cancel.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/receive.hpp>
#include <rondo/ring/buffer_ring.hpp>

#include <support/child.hpp>
#include <support/pool_test.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rondo {
namespace {

using test::text;

class ring_buffer_ring_lifetime : public test::pool_test {};

TEST_F(ring_buffer_ring_lifetime, a_cancelled_operation_returns_the_buffer_that_it_had) {
    auto buffers = pool({.entries = 2, .buffer_size = 64});
    op::read const like{.fd = pipe_, .into = buffers.choose()};
    auto const write_end = start_blocked_read(buffers, 7);
    EXPECT_EQ(buffers.untouched().or_throw("status"), 1u);
    ASSERT_TRUE(ring_.push(op::cancel{.what = op::cancel_match::user_data(7)}, 8));
    for (int i = 0; i < 2; ++i) {
        abi::cqe const c = next();
        if (c.user_data == 7)
            RONDO_EXPECT_ERROR(op::value_of(like, c), ECANCELED);
    }
    EXPECT_EQ(buffers.available(), 2u);
    EXPECT_EQ(buffers.untouched().or_throw("status"), 2u);
}

TEST_F(ring_buffer_ring_lifetime, a_failed_operation_returns_the_buffer_that_it_had) {
    auto buffers = pool({.entries = 2, .buffer_size = 64});
    unique_fd const folder(::open(directory_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (int i = 0; i < 5; ++i)
        RONDO_EXPECT_ERROR(
            ring_.run(op::async(op::read{.fd = folder, .into = buffers.choose(), .at = 0})),
            EISDIR);
    EXPECT_EQ(buffers.available(), 2u);
    EXPECT_EQ(buffers.untouched().or_throw("status"), 2u);
}

TEST_F(ring_buffer_ring_lifetime, a_pool_moves_under_its_leases_and_operations) {
    auto first = pool({.entries = 2, .buffer_size = 8});
    op::recv const waiting{.fd = here_, .into = first.choose()};
    write_there("abc");
    auto lease = receive(first).or_throw("recv");
    ASSERT_TRUE(ring_.push(waiting, 1));
    ASSERT_TRUE(ring_.submit());
    buffer_ring second = std::move(first);
    EXPECT_EQ(text(lease), "abc");
    write_there("def");
    EXPECT_EQ(text(op::value_of(waiting, next()).or_throw("recv")), "def");
    lease.reset();
    EXPECT_EQ(second.available(), 2u);
    EXPECT_EQ(first.capacity(), 0u);
}

TEST_F(ring_buffer_ring_lifetime,
       an_operation_that_waits_without_a_buffer_gets_ENOBUFS_when_the_pool_ends) {
    std::optional<buffer_ring> buffers = pool({.entries = 2, .buffer_size = 8});
    ASSERT_TRUE(ring_.push(op::recv{.fd = here_, .into = buffers->choose()}, 1));
    ASSERT_TRUE(ring_.submit());
    buffers.reset();
    write_there("abc");
    EXPECT_EQ(next().res, -ENOBUFS);
}

TEST_F(ring_buffer_ring_lifetime, memory_that_the_kernel_still_has_stays_mapped) {
    std::optional<buffer_ring> buffers = pool({.entries = 1, .buffer_size = 4096});
    auto const write_end = start_blocked_read(*buffers, 1);
    buffers.reset();
    // Were the pages unmapped, these would take their addresses and the read would fill them.
    std::vector<mapping> fresh;
    for (int i = 0; i < 64; ++i)
        fresh.push_back(mapping::anonymous(4096).or_throw("mapping"));
    ASSERT_EQ(::write(write_end.get(), "xyz", 3), 3);
    EXPECT_EQ(next().res, 3);
    for (mapping const& m : fresh)
        for (std::size_t i = 0; i < m.size(); ++i)
            ASSERT_EQ(m.data()[i], std::byte{0});
}

TEST_F(ring_buffer_ring_lifetime, a_pool_and_its_leases_may_outlive_the_ring) {
    std::optional<ring> other = ring::create({.entries = 4}).or_throw("ring");
    auto buffers = buffer_ring::create(*other, {.entries = 2}).or_throw("buffer ring");
    write_there("abc");
    auto lease = other->run(op::recv{.fd = here_, .into = buffers.choose()}).or_throw("recv");
    other.reset();
    EXPECT_EQ(text(lease), "abc");
    lease.reset();
    RONDO_EXPECT_ERROR(buffers.untouched(), EBADF);
}

TEST_F(ring_buffer_ring_lifetime, a_forked_child_may_end_the_parents_pools_and_leases) {
    for (bool const mapped : {false, true}) {
        std::optional<buffer_ring> buffers =
            pool({.entries = 2, .buffer_size = 8, .kernel_mapped = mapped});
        write_there("abc");
        auto lease = receive(*buffers).or_throw("recv");
        auto const end = test::in_child([&] {
            lease.reset();
            buffers.reset();
        });
        EXPECT_TRUE(end.succeeded()) << end;
        EXPECT_EQ(text(lease), "abc");
    }
}

TEST_F(ring_buffer_ring_lifetime, that_ends_before_its_leases_aborts_and_says_how_many) {
    auto const end = test::in_child([&] {
        auto r = ring::create({.entries = 4}).or_throw("ring");
        std::optional<buffer_ring> buffers =
            buffer_ring::create(r, {.entries = 4, .buffer_size = 4}).or_throw("buffer ring");
        write_there("aaaabbbb");
        op::recv const receive_one{.fd = here_, .into = buffers->choose()};
        auto const a = r.run(receive_one);
        auto const b = r.run(receive_one);
        buffers.reset();
    });
    EXPECT_TRUE(end.aborted_with("a buffer ring ended before 2 of its leases")) << end;
}

TEST_F(ring_buffer_ring_lifetime, a_completion_adopted_twice_aborts) {
    auto const end = test::in_child([&] {
        auto r = ring::create({.entries = 4}).or_throw("ring");
        auto buffers = buffer_ring::create(r, {.entries = 4}).or_throw("buffer ring");
        write_there("aaaa");
        op::recv const receive_one{.fd = here_, .into = buffers.choose()};
        ASSERT_TRUE(r.push(receive_one, 1));
        RONDO_EXPECT_OK(r.submit_and_wait(1));
        abi::cqe c{};
        ASSERT_TRUE(r.pop(c));
        auto const a = op::value_of(receive_one, c);
        auto const b = op::value_of(receive_one, c);
    });
    EXPECT_TRUE(end.aborted_with("adopted twice")) << end;
}

#if defined(RONDO_ASAN)
TEST_F(ring_buffer_ring_lifetime, a_buffer_that_the_kernel_has_must_not_be_touched) {
    auto const end = test::in_child([&] {
        auto r = ring::create({.entries = 4}).or_throw("ring");
        auto buffers = buffer_ring::create(r, {.entries = 4}).or_throw("buffer ring");
        write_there("aaaa");
        auto lease = r.run(op::recv{.fd = here_, .into = buffers.choose()}).or_throw("recv");
        auto const bytes = lease.bytes();
        EXPECT_EQ(bytes[0], std::byte{'a'});
        lease.reset();
        EXPECT_EQ(bytes[0], std::byte{'a'});
    });
    EXPECT_FALSE(end.succeeded()) << end;
    EXPECT_NE(end.output.find("use-after-poison"), std::string::npos) << end;
}
#endif

} // namespace
} // namespace rondo
