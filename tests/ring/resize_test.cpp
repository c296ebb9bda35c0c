// SPDX-License-Identifier: MIT
// Queues that change their size, with what is in them.
#include <support/child.hpp>
#include <support/matrix.hpp>
#include <support/pipe_pair.hpp>

#include <rondo/op/control.hpp>
#include <rondo/op/poll.hpp>

#include <gtest/gtest.h>

#include <poll.h>

#include <cerrno>
#include <utility>

namespace rondo {
namespace {

using namespace test;

class ring_resize : public matrix_test {
protected:
    /// Ends the test where the kernel lacks it or the set-up excludes it.
    void SetUp() override {
        matrix_test::SetUp();
        if (IsSkipped())
            return;
        ring r = make();
        result<> const resized = r.resize(16, 32);
        bool const possible =
            has(r.features().setup, abi::setup::defer_taskrun | abi::setup::no_sqarray) &&
            !has(r.features().setup, abi::setup::no_mmap);
        if (!possible) {
            ASSERT_FALSE(resized.has_value());
            EXPECT_EQ(resized.error(), EINVAL);
            EXPECT_EQ(resized.error().why(), cause::bad_combination);
            EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
            GTEST_SKIP() << "only rings with defer_taskrun, no index array and memory of the "
                            "kernel's change size";
        }
        if (!resized && r.features().supports(abi::register_op::resize_rings) != support::yes)
            GTEST_SKIP() << resized.error().message().c_str();
        ASSERT_TRUE(resized.has_value()) << resized.error().message().c_str();
        child_end const end = in_child(
            [this] {
                ring resized_ring = make();
                resized_ring.resize(16, 32).or_throw("resize");
                expect_working(resized_ring);
            },
            5);
        ASSERT_TRUE(end.succeeded()) << end;
    }
    static void expect_sizes(ring& r, std::uint32_t sq, std::uint32_t cq) {
        EXPECT_EQ(r.features().sq_entries, sq);
        EXPECT_EQ(r.features().cq_entries, cq);
        EXPECT_EQ(r.sq().capacity(), sq);
        EXPECT_EQ(r.cq().capacity(), cq);
    }
    /// Nops in, nops out, more than fit at once.
    static void expect_working(ring& r) {
        std::uint64_t popped = 0;
        for (std::uint64_t i = 0; i < 300; ++i) {
            push(r, op::nop{}, i);
            for (abi::cqe c; r.pop(c);)
                ASSERT_EQ(c.user_data, popped++);
        }
        while (popped < 300)
            ASSERT_EQ(next(r).user_data, popped++);
        EXPECT_EQ(r.in_flight(), 0u);
        EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
    }
};
RONDO_FOR_EVERY_SET_UP(ring_resize);

TEST_P(ring_resize, grows_and_shrinks) {
    ring r = make(8, 16);
    expect_working(r);
    for (std::uint32_t const entries : {64u, 4u, 1024u, 1u, 8u}) {
        r.resize(entries, entries * 4).or_throw("resize");
        expect_sizes(r, entries, entries * 4);
        expect_working(r);
    }
}

TEST_P(ring_resize, completion_entries_follow_when_not_given) {
    ring r = make(8, 64);
    r.resize(32, 0).or_throw("resize");
    expect_sizes(r, 32, 64);
}

TEST_P(ring_resize, keeps_what_is_queued) {
    ring r = make(8, 16);
    r.run(op::nop{}).or_throw("so that the counters are not 0");
    for (std::uint64_t i = 0; i < 8; ++i)
        push(r, op::nop{}, i);
    r.resize(64, 128).or_throw("resize");
    EXPECT_EQ(r.sq().pending(), 8u);
    for (std::uint64_t i = 8; i < 64; ++i)
        ASSERT_TRUE(r.push(op::nop{}, i));
    EXPECT_FALSE(r.push(op::nop{}, 99));
    for (std::uint64_t i = 0; i < 64; ++i)
        ASSERT_EQ(next(r).user_data, i);
}

TEST_P(ring_resize, keeps_completions_and_what_run_kept) {
    ring r = make(8, 16);
    for (std::uint64_t i = 0; i < 5; ++i)
        push(r, op::nop{}, i);
    r.run(op::nop{}).or_throw("run"); // keeps 0 to 4
    for (std::uint64_t i = 5; i < 9; ++i)
        push(r, op::nop{}, i);
    r.submit_and_wait(9).or_throw("submit");
    EXPECT_EQ(next(r).user_data, 0u);
    r.resize(16, 64).or_throw("resize");
    for (std::uint64_t i = 9; i < 13; ++i)
        push(r, op::nop{}, i);
    r.submit().or_throw("submit");
    for (std::uint64_t i = 1; i < 13; ++i)
        ASSERT_EQ(next(r).user_data, i);
    EXPECT_EQ(r.in_flight(), 0u);
}

TEST_P(ring_resize, keeps_operations_in_flight) {
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make(8, 16);
    pipe_pair const pipe;
    push(r, op::poll_stream{.fd = pipe.out, .events = POLLIN}, 1);
    push(r, op::poll{.fd = pipe.out, .events = POLLIN}, 2);
    r.submit().or_throw("submit");
    r.resize(16, 32).or_throw("resize");
    EXPECT_EQ(r.in_flight(), 2u);
    pipe.write("x");
    r.submit_and_wait(2).or_throw("wait");
    abi::cqe a, b;
    ASSERT_TRUE(r.pop(a) && r.pop(b));
    EXPECT_EQ(a.user_data + b.user_data, 3u);
    EXPECT_EQ(r.in_flight(), 1u);
}

TEST_P(ring_resize, says_so_when_the_contents_do_not_fit) {
    ring r = make(8, 16);
    for (std::uint64_t i = 0; i < 8; ++i)
        push(r, op::nop{}, i);
    result<> const small = r.resize(4, 16);
    ASSERT_FALSE(small.has_value());
    EXPECT_EQ(small.error(), EOVERFLOW);
    expect_sizes(r, 8, 16);
    r.submit_and_wait(8).or_throw("submit");
    result<> const smaller = r.resize(4, 4);
    ASSERT_FALSE(smaller.has_value());
    EXPECT_EQ(smaller.error(), EOVERFLOW);
    for (std::uint64_t i = 0; i < 8; ++i)
        ASSERT_EQ(next(r).user_data, i);
    expect_working(r);
}

TEST_P(ring_resize, refuses_sizes_that_no_ring_has) {
    ring r = make(8, 16);
    for (auto const& [sq, cq] : {std::pair{0u, 16u}, {1u << 20, 0u}, {8u, 4u}, {8u, 1u << 20}}) {
        EXPECT_FALSE(r.resize(sq, cq).has_value()) << sq << ", " << cq;
        expect_sizes(r, 8, 16);
    }
    expect_working(r);
}

} // namespace
} // namespace rondo
