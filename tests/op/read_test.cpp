// SPDX-License-Identifier: MIT

#include <rondo/op/read.hpp>
#include <rondo/ring/ring.hpp>

#include <support/buffer_group.hpp>
#include <support/ring_test.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>

namespace rondo {
namespace {

class op_read : public test::ring_test {};

std::string_view text(buffer_lease const& lease) {
    auto const bytes = lease.bytes();
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

TEST_F(op_read, at_a_position_leaves_the_own_position_alone) {
    auto const file = file_with("f", "hello io_uring!");
    std::array<char, 8> memory{};
    auto const n = ring_.run(op::read{.fd = file, .into = memory, .at = 6}).or_throw("read");
    EXPECT_EQ(std::string_view(memory.data(), n), "io_uring");
    EXPECT_EQ(::lseek(file.get(), 0, SEEK_CUR), 0);
}

TEST_F(op_read, at_the_own_position_moves_it_on) {
    auto const file = file_with("f", "hello");
    std::array<char, 3> memory{};
    EXPECT_EQ(ring_.run(op::read{.fd = file, .into = memory}).or_throw("read"), 3u);
    EXPECT_EQ(ring_.run(op::read{.fd = file, .into = memory}).or_throw("read"), 2u);
    EXPECT_EQ(std::string_view(memory.data(), 2), "lo");
    EXPECT_EQ(ring_.run(op::read{.fd = file, .into = memory}).or_throw("read"), 0u);
}

TEST_F(op_read, of_a_bad_descriptor_says_that_a_read_was_attempted) {
    std::array<char, 3> memory{};
    auto const n = ring_.run(op::read{.fd = -1, .into = memory});
    ASSERT_FALSE(n.has_value());
    EXPECT_EQ(n.error().code(), EBADF);
    EXPECT_EQ(n.error().attempted(), static_cast<attempt>(22));
}

TEST_F(op_read, of_a_slot_reads_the_registered_file) {
    auto const file = file_with("f", "hello");
    register_files({-1, file.get()});
    std::array<char, 16> memory{};
    auto const n =
        ring_.run(op::read{.fd = fd_ref::slot(1), .into = memory, .at = 0}).or_throw("read");
    EXPECT_EQ(std::string_view(memory.data(), n), "hello");
    RONDO_EXPECT_ERROR(ring_.run(op::read{.fd = fd_ref::slot(0), .into = memory}), EBADF);
}

TEST_F(op_read, into_iovecs_scatters) {
    auto const file = file_with("f", "hello world");
    std::array<char, 6> first{};
    std::array<char, 16> second{};
    std::array const parts{::iovec{first.data(), first.size()},
                           ::iovec{second.data(), second.size()}};
    EXPECT_EQ(ring_.run(op::read{.fd = file, .into = parts, .at = 0}).or_throw("read"), 11u);
    EXPECT_EQ(std::string_view(first.data(), 6), "hello ");
    EXPECT_EQ(std::string_view(second.data(), 5), "world");
}

TEST_F(op_read, takes_the_flags_of_preadv2) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    unique_fd const out(ends[0]), in(ends[1]);
    std::array<char, 4> memory{};
    ::iovec const part{memory.data(), memory.size()};
    RONDO_EXPECT_ERROR(ring_.run(op::read{.fd = out, .into = memory, .flags = RWF_NOWAIT}), EAGAIN);
    RONDO_EXPECT_ERROR(
        ring_.run(op::read{.fd = out, .into = iovecs(&part, 1), .flags = RWF_NOWAIT}), EAGAIN);
}

TEST_F(op_read, refuses_a_priority_that_ioprio_set_would_refuse) {
    auto const file = file_with("f", "hello");
    std::array<char, 4> memory{};
    constexpr std::uint16_t best_effort_4 = 2u << 13 | 4u;
    constexpr std::uint16_t no_such_class = 7u << 13;
    RONDO_EXPECT_OK(
        ring_.run(op::read{.fd = file, .into = memory, .at = 0, .priority = best_effort_4}));
    RONDO_EXPECT_ERROR(
        ring_.run(op::read{.fd = file, .into = memory, .at = 0, .priority = no_such_class}),
        EINVAL);
}

TEST_F(op_read, into_a_registered_buffer_must_stay_inside_it) {
    auto const file = file_with("f", "hello");
    std::array<char, 128> memory{};
    ::iovec half{memory.data(), 64};
    ring_.register_(abi::register_op::buffers, &half, 1).or_throw("register buffers");
    registered_bytes const inside{memory.data() + 10, 20, 0};
    auto const n = ring_.run(op::read{.fd = file, .into = inside, .at = 0}).or_throw("read");
    EXPECT_EQ(std::string_view(memory.data() + 10, n), "hello");
    RONDO_EXPECT_ERROR(
        ring_.run(op::read{.fd = file, .into = registered_bytes{memory.data(), 65, 0}, .at = 0}),
        EFAULT);
    RONDO_EXPECT_ERROR(
        ring_.run(op::read{.fd = file, .into = registered_bytes{memory.data(), 5, 1}, .at = 0}),
        EFAULT);
}

TEST_F(op_read, into_parts_of_a_registered_buffer_scatters) {
    auto const file = file_with("f", "hello world");
    std::array<char, 64> memory{};
    ::iovec all{memory.data(), memory.size()};
    ring_.register_(abi::register_op::buffers, &all, 1).or_throw("register buffers");
    std::array const parts{::iovec{memory.data() + 32, 6}, ::iovec{memory.data(), 16}};
    auto const n = ring_.run(op::read{.fd = file, .into = registered_iovecs{parts, 0}, .at = 0})
                       .or_throw("read");
    EXPECT_EQ(n, 11u);
    EXPECT_EQ(std::string_view(memory.data() + 32, 6), "hello ");
    EXPECT_EQ(std::string_view(memory.data(), 5), "world");
}

TEST_F(op_read, from_a_group_leases_the_buffer_that_was_filled) {
    auto const file = file_with("f", "hello");
    test::buffer_group group(ring_, 7);
    {
        auto const lease =
            ring_.run(op::read{.fd = file, .into = group.source(), .at = 0}).or_throw("read");
        EXPECT_EQ(text(lease), "hello");
        EXPECT_EQ(group.lent(), 1);
    }
    EXPECT_EQ(group.lent(), 0);
    buffer_source two = group.source();
    two.limit = 2;
    EXPECT_EQ(text(ring_.run(op::read{.fd = file, .into = two, .at = 0}).or_throw("read")), "he");
}

TEST_F(op_read, from_a_group_reports_an_empty_group) {
    auto const file = file_with("f", "hello");
    test::buffer_group group(ring_, 7);
    std::array<buffer_lease, test::buffer_group::count> leases;
    for (buffer_lease& lease : leases)
        lease = ring_.run(op::read{.fd = file, .into = group.source(), .at = 0}).or_throw("read");
    RONDO_EXPECT_ERROR(ring_.run(op::read{.fd = file, .into = group.source(), .at = 0}), ENOBUFS);
    leases[2].reset();
    RONDO_EXPECT_OK(ring_.run(op::read{.fd = file, .into = group.source(), .at = 0}));
}

// The kernel uses a buffer up for a read that fails, and names it beside the error.
TEST_F(op_read, that_fails_gives_the_chosen_buffer_back) {
    unique_fd const not_a_file(::open(directory_.path().c_str(), O_RDONLY | O_DIRECTORY));
    test::buffer_group group(ring_, 7);
    for (int i = 0; i < 3 * test::buffer_group::count; ++i) {
        RONDO_EXPECT_ERROR(ring_.run(op::read{.fd = not_a_file, .into = group.source(), .at = 0}),
                           EISDIR);
        ASSERT_EQ(group.lent(), 0);
    }
}

TEST_F(op_read, with_protection_information_is_refused_by_what_keeps_none) {
    auto const file = file_with("f", "hello");
    std::array<char, 8> memory{};
    std::array<char, 8> tags{};
    abi::attr_pi protection{};
    protection.addr = reinterpret_cast<std::uintptr_t>(tags.data());
    protection.len = tags.size();
    RONDO_EXPECT_ERROR(
        ring_.run(op::read{.fd = file, .into = memory, .at = 0, .protection = &protection}),
        EINVAL);
}

TEST_F(op_read, stream_leases_every_arrival_and_ends_without_a_buffer) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    unique_fd const out(ends[0]);
    unique_fd in(ends[1]);
    test::buffer_group group(ring_, 7);
    op::read_stream const stream{.fd = out, .into = group.source()};
    ASSERT_TRUE(ring_.push(stream, 1));
    ring_.submit().or_throw("submit");
    for (std::string_view const word : {"one", "two", "three", "four", "five", "six"}) {
        ASSERT_EQ(::write(in.get(), word.data(), word.size()), static_cast<::ssize_t>(word.size()));
        abi::cqe const c = next();
        EXPECT_TRUE(abi::more(c));
        EXPECT_EQ(text(op::value_of(stream, c).or_throw("read_stream")), word);
    }
    in.reset();
    abi::cqe const last = next();
    EXPECT_FALSE(abi::more(last));
    auto const lease = op::value_of(stream, last).or_throw("read_stream");
    EXPECT_EQ(lease.size(), 0u);
    EXPECT_EQ(lease.parts(), 0u);
    EXPECT_EQ(group.lent(), 0);
}

TEST_F(op_read, stream_of_a_regular_file_or_with_a_limit_is_refused) {
    auto const file = file_with("f", "hello");
    unique_fd const counter(::eventfd(1, EFD_CLOEXEC));
    test::buffer_group group(ring_, 7);
    op::read_stream const regular{.fd = file, .into = group.source()};
    ASSERT_TRUE(ring_.push(regular, 1));
    RONDO_EXPECT_ERROR(op::value_of(regular, next()), EBADFD);
    op::read_stream limited{.fd = counter, .into = group.source()};
    limited.into.limit = 8;
    ASSERT_TRUE(ring_.push(limited, 1));
    RONDO_EXPECT_ERROR(op::value_of(limited, next()), EINVAL);
    EXPECT_EQ(group.lent(), 0);
}

} // namespace
} // namespace rondo
