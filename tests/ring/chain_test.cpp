// SPDX-License-Identifier: MIT
// Chains: their order, how they break, and that they are queued whole or not at all. On every
// set-up.
#include <support/matrix.hpp>
#include <support/pipe_pair.hpp>

#include <rondo/op/chain.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/modifier.hpp>
#include <rondo/op/poll.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/time.hpp>
#include <rondo/op/write.hpp>

#include <gtest/gtest.h>

#include <poll.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace rondo {
namespace {

using namespace test;

class ring_chain : public matrix_test {
protected:
    static void expect_next(ring& r, std::uint64_t user_data, std::int32_t res) {
        abi::cqe const c = next(r);
        EXPECT_EQ(c.user_data, user_data);
        EXPECT_EQ(c.res, res) << "of operation " << user_data;
    }
    static constexpr op::nop failing{.flags = static_cast<abi::nop_flag>(1u << 30)};
    std::array<char, 16> memory_{};
};
RONDO_FOR_EVERY_SET_UP(ring_chain);

TEST_P(ring_chain, runs_in_order) {
    ring r = make(8);
    for (int round = 0; round < 50; ++round) {
        r.make_room(3).or_throw("make_room");
        r.push(op::link(op::nop{}, op::nop{}, op::nop{}), {1, 2, 3}).or_throw("push");
        for (std::uint64_t i = 1; i <= 3; ++i)
            expect_next(r, i, 0);
    }
    EXPECT_EQ(r.in_flight(), 0u);
}

TEST_P(ring_chain, each_starts_when_the_one_before_is_complete) {
    RONDO_NEEDS_SYSTEM("pipes");
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make(8);
    pipe_pair const first, second;
    // The write behind the read must not happen while the read waits.
    r.push(op::link(op::read{.fd = first.out, .into = std::span(memory_).first(2)},
                    op::write{.fd = second.in, .from = std::string_view("done")}, op::nop{}),
           {1, 2, 3})
        .or_throw("push");
    r.submit().or_throw("submit");
    EXPECT_TRUE(is_quiet(r));
    ::pollfd p{second.out.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&p, 1, 0), 0);
    first.write("go");
    expect_next(r, 1, 2);
    expect_next(r, 2, 4);
    expect_next(r, 3, 0);
}

TEST_P(ring_chain, what_is_behind_a_failure_is_cancelled) {
    ring r = make(8);
    r.push(op::link(op::nop{}, op::read{.fd = -1, .into = memory_}, op::nop{}, op::nop{}),
           {1, 2, 3, 4})
        .or_throw("push");
    push(r, op::nop{}, 5); // no part of the chain
    std::array<std::int32_t, 6> res{};
    for (int i = 0; i < 5; ++i) {
        abi::cqe const c = next(r);
        ASSERT_LT(c.user_data, res.size());
        res[c.user_data] = c.res;
    }
    EXPECT_EQ(res, (std::array<std::int32_t, 6>{0, 0, -EBADF, -ECANCELED, -ECANCELED, 0}));
}

TEST_P(ring_chain, what_is_behind_a_bad_operation_is_cancelled) {
    ring r = make(8);
    r.push(op::link(op::nop{}, failing, op::nop{}), {1, 2, 3}).or_throw("push");
    std::array<std::int32_t, 4> res{};
    for (int i = 0; i < 3; ++i) {
        abi::cqe const c = next(r);
        ASSERT_LT(c.user_data, res.size());
        res[c.user_data] = c.res;
    }
    EXPECT_EQ(res[2], -EINVAL);
    EXPECT_EQ(res[3], -ECANCELED);
}

TEST_P(ring_chain, a_short_read_breaks_it_and_tells_what_it_read) {
    RONDO_NEEDS_SYSTEM("pipes");
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make(8);
    pipe_pair const pipe;
    pipe.write("abc");
    r.push(op::link(op::read{.fd = pipe.out, .into = std::span(memory_).first(10)}, op::nop{}),
           {1, 2})
        .or_throw("push");
    expect_next(r, 1, 3);
    expect_next(r, 2, -ECANCELED);
}

TEST_P(ring_chain, hard_links_go_on_after_a_failure) {
    ring r = make(8);
    r.push(op::hard_link(op::nop{}, op::read{.fd = -1, .into = memory_}, op::nop{}, op::nop{}),
           {1, 2, 3, 4})
        .or_throw("push");
    expect_next(r, 1, 0);
    expect_next(r, 2, -EBADF);
    expect_next(r, 3, 0);
    expect_next(r, 4, 0);
}

TEST_P(ring_chain, one_hard_link_is_passed_and_the_next_soft_one_breaks) {
    ring r = make(8);
    op::read const bad{.fd = -1, .into = memory_};
    r.push(op::link(op::hard(bad), bad, op::nop{}), {1, 2, 3}).or_throw("push");
    expect_next(r, 1, -EBADF);
    expect_next(r, 2, -EBADF);
    expect_next(r, 3, -ECANCELED);
}

TEST_P(ring_chain, may_fill_the_whole_queue) {
    ring r = make(8);
    auto const eight = op::link(op::nop{}, op::nop{}, op::nop{}, op::nop{}, op::nop{}, op::nop{},
                                op::nop{}, op::nop{});
    for (std::uint64_t round = 0; round < 10; ++round) {
        r.make_room(8).or_throw("make_room");
        r.push(eight, {0, 1, 2, 3, 4, 5, 6, 7}).or_throw("push");
        EXPECT_FALSE(r.push(op::nop{}, 99));
        for (std::uint64_t i = 0; i < 8; ++i)
            expect_next(r, i, 0);
    }
}

TEST_P(ring_chain, is_refused_when_it_can_never_fit) {
    ring r = make(4);
    result<> const pushed =
        r.push(op::link(op::nop{}, op::nop{}, op::nop{}, op::nop{}, op::nop{}), {0, 1, 2, 3, 4});
    ASSERT_FALSE(pushed.has_value());
    EXPECT_EQ(pushed.error(), EINVAL);
    EXPECT_EQ(pushed.error().attempted(), attempt::push);
    EXPECT_EQ(pushed.error().why(), cause::too_long);
    EXPECT_NE(std::string_view(pushed.error().message())
                  .find("the submission queue has 4 entries and 5 were asked for at once"),
              std::string_view::npos);
    EXPECT_EQ(r.sq().unpublished(), 0u);
    EXPECT_EQ(r.submit().or_throw("submit"), 0u);
}

TEST_P(ring_chain, is_refused_whole_when_there_is_no_room_now) {
    ring r = make(4);
    push(r, op::nop{}, 0);
    push(r, op::nop{}, 1);
    auto const three = op::link(op::nop{}, op::nop{}, op::nop{});
    result<> const pushed = r.push(three, {2, 3, 4});
    ASSERT_FALSE(pushed.has_value());
    EXPECT_EQ(pushed.error(), EAGAIN);
    EXPECT_EQ(pushed.error().why(), cause::queue_full);
    EXPECT_EQ(r.sq().unpublished(), 2u);
    r.make_room(3).or_throw("make_room");
    r.push(three, {2, 3, 4}).or_throw("push");
    for (std::uint64_t i = 0; i < 5; ++i)
        expect_next(r, i, 0);
}

TEST_P(ring_chain, two_do_not_hang_together) {
    ring r = make(8);
    r.push(op::link(op::read{.fd = -1, .into = memory_}, op::nop{}), {1, 2}).or_throw("push");
    r.push(op::link(op::nop{}, op::nop{}), {3, 4}).or_throw("push");
    std::array<std::int32_t, 5> res{};
    for (int i = 0; i < 4; ++i) {
        abi::cqe const c = next(r);
        ASSERT_LT(c.user_data, res.size());
        res[c.user_data] = c.res;
    }
    EXPECT_EQ(res, (std::array<std::int32_t, 5>{0, -EBADF, -ECANCELED, 0, 0}));
}

TEST_P(ring_chain, a_link_timeout_ends_what_takes_too_long) {
    RONDO_NEEDS_SYSTEM("pipes");
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make(8);
    pipe_pair const pipe;
    op::link_timeout const soon{.when = std::chrono::milliseconds{10}};
    r.push(op::link(op::poll{.fd = pipe.out, .events = POLLIN}, soon), {1, 2}).or_throw("push");
    std::array<std::int32_t, 3> res{};
    for (int i = 0; i < 2; ++i) { // in either order
        abi::cqe const c = next(r);
        ASSERT_LT(c.user_data, res.size());
        res[c.user_data] = c.res;
    }
    EXPECT_EQ(res, (std::array<std::int32_t, 3>{0, -ECANCELED, -ETIME}));
}

TEST_P(ring_chain, a_link_timeout_lets_go_of_what_was_in_time) {
    RONDO_NEEDS_SYSTEM("pipes");
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make(8);
    pipe_pair const pipe;
    op::link_timeout const late{.when = std::chrono::hours{1}};
    r.push(op::link(op::poll{.fd = pipe.out, .events = POLLIN}, late), {1, 2}).or_throw("push");
    r.submit().or_throw("submit");
    pipe.write("x");
    expect_next(r, 1, POLLIN);
    expect_next(r, 2, -ECANCELED);
    EXPECT_EQ(r.in_flight(), 0u);
}

TEST_P(ring_chain, is_submitted_by_run_and_its_completions_come_later) {
    ring r = make(8);
    r.push(op::link(op::nop{}, op::nop{}), {1, 2}).or_throw("push");
    EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
    expect_next(r, 1, 0);
    expect_next(r, 2, 0);
}

TEST_P(ring_chain, a_silent_head_leaves_the_tail_to_tell) {
    ring r = make(8);
    if (!r.features().has_feature(abi::feature::cqe_skip))
        GTEST_SKIP() << "this kernel lacks IORING_FEAT_CQE_SKIP";
    r.push(op::link(op::skip_success(op::nop{}), op::nop{}), {1, 2}).or_throw("push");
    expect_next(r, 2, 0);
    abi::cqe none;
    EXPECT_FALSE(r.pop(none));
}

} // namespace
} // namespace rondo
