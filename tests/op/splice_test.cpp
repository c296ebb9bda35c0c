// SPDX-License-Identifier: MIT

#include <rondo/op/splice.hpp>
#include <rondo/op/read.hpp>
#include <rondo/ring/ring.hpp>

#include <support/ring_test.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace rondo {
namespace {

class op_splice : public test::ring_test {
protected:
    op_splice() {
        int ends[2] = {-1, -1};
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        out_.reset(ends[0]);
        in_.reset(ends[1]);
    }
    /// What is in a pipe now.
    static std::string drain(unique_fd const& out) {
        std::array<char, 256> memory;
        auto const n = ::read(out.get(), memory.data(), memory.size());
        return {memory.data(), n < 0 ? 0u : static_cast<std::size_t>(n)};
    }
    void fill(std::string_view text) {
        EXPECT_EQ(::write(in_.get(), text.data(), text.size()),
                  static_cast<::ssize_t>(text.size()));
    }

    unique_fd out_;
    unique_fd in_;
};

TEST_F(op_splice, moves_from_a_position_of_a_file_into_a_pipe) {
    auto const file = file_with("f", "hello world");
    auto const n = ring_.run(op::splice{.from = file, .to = in_, .size = 3, .from_at = 6});
    EXPECT_EQ(n.value(), 3u);
    EXPECT_EQ(drain(out_), "wor");
    EXPECT_EQ(::lseek(file.get(), 0, SEEK_CUR), 0);
}

TEST_F(op_splice, moves_on_from_the_own_position_until_the_end) {
    auto const file = file_with("f", "hello");
    op::splice const o{.from = file, .to = in_, .size = 4096};
    EXPECT_EQ(ring_.run(o).or_throw("splice"), 5u);
    EXPECT_EQ(ring_.run(o).or_throw("splice"), 0u);
    EXPECT_EQ(drain(out_), "hello");
}

TEST_F(op_splice, moves_from_a_pipe_to_a_position_of_a_file) {
    auto const file = file_with("f", "hello moon");
    fill("suns");
    auto const n = ring_.run(
        op::splice{.from = out_, .to = file, .size = 4, .to_at = 6, .flags = SPLICE_F_MOVE});
    EXPECT_EQ(n.value(), 4u);
    EXPECT_EQ(contents_of(file), "hello suns");
}

TEST_F(op_splice, takes_slots_on_both_sides) {
    auto const file = file_with("f", "hello");
    register_files({file.get(), in_.get()});
    auto const n = ring_.run(
        op::splice{.from = fd_ref::slot(0), .to = fd_ref::slot(1), .size = 5, .from_at = 1});
    EXPECT_EQ(n.value(), 4u);
    EXPECT_EQ(drain(out_), "ello");
}

TEST_F(op_splice, refuses_a_position_in_a_pipe_and_two_files) {
    auto const file = file_with("f", "hello");
    RONDO_EXPECT_ERROR(ring_.run(op::splice{.from = file, .to = in_, .size = 5, .to_at = 0}),
                       ESPIPE);
    auto const other = file_with("g", "");
    RONDO_EXPECT_ERROR(ring_.run(op::splice{.from = file, .to = other, .size = 5}), EINVAL);
}

TEST_F(op_splice, tee_leaves_the_bytes_where_they_were) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    unique_fd const second_out(ends[0]), second_in(ends[1]);
    fill("hello");
    EXPECT_EQ(ring_.run(op::tee{.from = out_, .to = second_in, .size = 4}).or_throw("tee"), 4u);
    EXPECT_EQ(drain(second_out), "hell");
    register_files({out_.get(), second_in.get()});
    op::tee const slots{.from = fd_ref::slot(0), .to = fd_ref::slot(1), .size = 100};
    EXPECT_EQ(ring_.run(slots).or_throw("tee"), 5u);
    EXPECT_EQ(drain(second_out), "hello");
    EXPECT_EQ(drain(out_), "hello");
    RONDO_EXPECT_ERROR(
        ring_.run(op::tee{.from = out_, .to = second_in, .size = 4, .flags = SPLICE_F_NONBLOCK}),
        EAGAIN);
}

class op_pipe : public op_splice {};

TEST_F(op_pipe, gives_two_descriptors_that_close_on_exec) {
    int numbers[2] = {-1, -1};
    auto const ends = ring_.run(op::pipe{.into = &numbers}).or_throw("pipe");
    ASSERT_EQ(::write(ends.write.get(), "hello", 5), 5);
    EXPECT_EQ(drain(ends.read), "hello");
    EXPECT_EQ(::fcntl(ends.read.get(), F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(::fcntl(ends.write.get(), F_GETFD), FD_CLOEXEC);
}

TEST_F(op_pipe, takes_flags_and_refuses_unknown_ones) {
    int numbers[2] = {-1, -1};
    auto const ends = ring_.run(op::pipe{.into = &numbers, .flags = O_NONBLOCK}).or_throw("pipe");
    EXPECT_EQ(::fcntl(ends.read.get(), F_GETFD), 0);
    EXPECT_NE(::fcntl(ends.read.get(), F_GETFL) & O_NONBLOCK, 0);
    RONDO_EXPECT_ERROR(ring_.run(op::pipe{.into = &numbers, .flags = O_APPEND}), EINVAL);
}

TEST_F(op_pipe, fills_a_slot_and_the_one_after_it) {
    register_files({-1, -1, -1, -1});
    int numbers[2] = {-1, -1};
    auto const ends =
        ring_.run(op::pipe{.into = &numbers, .as = slot_source{.index = 2}}).or_throw("pipe");
    EXPECT_EQ(ends.read.index(), 2u);
    EXPECT_EQ(ends.write.index(), 3u);
    fill("hello");
    EXPECT_EQ(ring_.run(op::splice{.from = out_, .to = ends.write, .size = 5}).or_throw("splice"),
              5u);
    std::array<char, 16> memory{};
    EXPECT_EQ(ring_.run(op::read{.fd = ends.read, .into = memory}).or_throw("read"), 5u);
    EXPECT_EQ(std::string_view(memory.data(), 5), "hello");
}

TEST_F(op_pipe, lets_the_kernel_choose_both_slots) {
    register_files({0, -1, 0, -1});
    int numbers[2] = {-1, -1};
    auto const ends = ring_.run(op::pipe{.into = &numbers, .as = slot_source{}}).or_throw("pipe");
    EXPECT_EQ((std::set{ends.read.index(), ends.write.index()}), (std::set{1u, 3u}));
    fill("hello");
    EXPECT_EQ(ring_.run(op::splice{.from = out_, .to = ends.write, .size = 5}).or_throw("splice"),
              5u);
    std::array<char, 16> memory{};
    EXPECT_EQ(ring_.run(op::read{.fd = ends.read, .into = memory}).or_throw("read"), 5u);
    RONDO_EXPECT_ERROR(ring_.run(op::pipe{.into = &numbers, .as = slot_source{}}), ENFILE);
}

} // namespace
} // namespace rondo
