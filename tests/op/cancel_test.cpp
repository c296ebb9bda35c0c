// SPDX-License-Identifier: MIT

#include <rondo/op/cancel.hpp>
#include <rondo/op/poll.hpp>
#include <rondo/op/read.hpp>
#include <rondo/ring/ring.hpp>

#include <support/ring_test.hpp>

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <cstdint>
#include <set>

namespace rondo {
namespace {

using op::cancel_match;

class op_cancel : public test::ring_test {
protected:
    void arm(std::uint64_t user_data, fd_ref fd) {
        ASSERT_TRUE(ring_.push(op::poll{.fd = fd, .events = POLLIN}, user_data));
        ring_.submit().or_throw("submit");
    }
    /// The user_data of the completions that are there; all must be cancelled.
    std::multiset<std::uint64_t> cancelled() {
        std::multiset<std::uint64_t> out;
        abi::cqe c{};
        while (ring_.pop(c)) {
            EXPECT_EQ(c.res, -ECANCELED);
            out.insert(c.user_data);
        }
        return out;
    }

    unique_fd const a_{::eventfd(0, EFD_CLOEXEC)};
    unique_fd const b_{::eventfd(0, EFD_CLOEXEC)};
    using ids = std::multiset<std::uint64_t>;
};

TEST_F(op_cancel, by_user_data_cancels_one) {
    arm(1, a_);
    arm(1, a_);
    arm(2, a_);
    EXPECT_EQ(ring_.run(op::cancel{.what = cancel_match::user_data(1)}), 1u);
    EXPECT_EQ(cancelled(), ids{1});
    RONDO_EXPECT_ERROR(ring_.run(op::cancel{.what = cancel_match::user_data(3)}), ENOENT);
}

TEST_F(op_cancel, by_user_data_cancels_all_of_that_name) {
    arm(1, a_);
    arm(1, b_);
    arm(2, a_);
    EXPECT_EQ(ring_.run(op::cancel{.what = cancel_match::user_data(1), .all = true}), 2u);
    EXPECT_EQ(cancelled(), (ids{1, 1}));
    EXPECT_EQ(ring_.run(op::cancel{.what = cancel_match::user_data(1), .all = true}), 0u);
}

TEST_F(op_cancel, by_file_finds_descriptors_and_slots) {
    register_files({b_.get()});
    arm(1, a_);
    arm(2, fd_ref::slot(0));
    EXPECT_EQ(ring_.run(op::cancel{.what = cancel_match::fd(a_)}), 1u);
    EXPECT_EQ(cancelled(), ids{1});
    EXPECT_EQ(ring_.run(op::cancel{.what = cancel_match::fd(fd_ref::slot(0)), .all = true}), 1u);
    EXPECT_EQ(cancelled(), ids{2});
}

TEST_F(op_cancel, by_opcode_leaves_others_alone) {
    std::uint64_t value = 0;
    arm(1, a_);
    ASSERT_TRUE(ring_.push(op::read{.fd = a_, .into = mutable_bytes(&value, sizeof value)}, 2));
    ring_.submit().or_throw("submit");
    EXPECT_EQ(ring_.run(op::cancel{.what = cancel_match::code(abi::opcode::read)}), 1u);
    EXPECT_EQ(cancelled(), ids{2});
}

TEST_F(op_cancel, by_several_conditions_needs_all_of_them) {
    arm(1, a_);
    arm(1, b_);
    arm(2, b_);
    auto const poll = cancel_match::code(abi::opcode::poll_add);
    auto const named = cancel_match::user_data(1) & cancel_match::fd(b_) & poll;
    EXPECT_EQ(ring_.run(op::cancel{.what = named, .all = true}), 1u);
    EXPECT_EQ(cancelled(), ids{1});
    auto const reads = cancel_match::fd(b_) & cancel_match::code(abi::opcode::read);
    RONDO_EXPECT_ERROR(ring_.run(op::cancel{.what = reads}), ENOENT);
}

TEST_F(op_cancel, of_anything_cancels_everything) {
    arm(1, a_);
    arm(2, b_);
    EXPECT_EQ(ring_.run(op::cancel{.what = cancel_match::any()}), 2u);
    EXPECT_EQ(cancelled(), (ids{1, 2}));
    EXPECT_EQ(ring_.run(op::cancel{.what = cancel_match::any()}), 0u);
}

TEST_F(op_cancel, of_a_finished_read_leaves_its_bytes) {
    std::uint64_t one = 1, value = 0;
    ASSERT_EQ(::write(a_.get(), &one, sizeof one), 8);
    ASSERT_TRUE(ring_.push(op::read{.fd = a_, .into = mutable_bytes(&value, sizeof value)}, 1));
    RONDO_EXPECT_ERROR(ring_.run(op::cancel{.what = cancel_match::user_data(1)}), ENOENT);
    EXPECT_EQ(next().res, 8);
    EXPECT_EQ(value, 1u);
}

} // namespace
} // namespace rondo
