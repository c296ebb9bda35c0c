// SPDX-License-Identifier: MIT
// Programs that sleep on a registered eventfd or on the ring's descriptor, and enter when woken.
#include <support/pipe_pair.hpp>
#include <support/ring_test.hpp>

#include <rondo/op/chain.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/modifier.hpp>
#include <rondo/op/poll.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/time.hpp>
#include <rondo/op/write.hpp>
#include <rondo/ring/completion_event.hpp>

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rondo {
namespace {

using namespace std::chrono_literals;

bool is_readable(int fd, int patience_ms) {
    ::pollfd p{fd, POLLIN, 0};
    return ::poll(&p, 1, patience_ms) == 1;
}

struct kind_of_ring {
    char const* name;
    abi::setup flags;
};
constexpr kind_of_ring kinds[] = {
    {"plain", {}},
    {"coop_taskrun", abi::setup::coop_taskrun | abi::setup::taskrun_flag},
    {"defer_taskrun", abi::setup::single_issuer | abi::setup::defer_taskrun},
};

class ring_asleep_elsewhere : public ::testing::TestWithParam<kind_of_ring> {
protected:
    ring_asleep_elsewhere() { ring_.bind_to_this_thread().or_throw("bind"); }

    template <class Op>
    void start(Op const& o, std::uint64_t user_data) {
        ASSERT_TRUE(ring_.push(o, user_data));
        ring_.submit().or_throw("submit");
    }
    /// Sleeps on the eventfd alone, then takes what there is.
    abi::cqe next() {
        abi::cqe c{};
        for (int tries = 0; tries < 100 && !ring_.pop(c); ++tries) {
            if (!is_readable(event_.native_handle(), 5'000)) {
                ADD_FAILURE() << "nobody signalled the eventfd";
                return c;
            }
            clear();
            ring_.submit_and_wait(0, 0ns).or_throw("enter");
        }
        return c;
    }
    void clear() {
        std::uint64_t count = 0;
        static_cast<void>(::read(event_.native_handle(), &count, sizeof count));
    }

    std::array<char, 8> memory_{};
    test::pipe_pair pipe_;
    ring ring_ = ring::create({.entries = 512, .flags = GetParam().flags}).or_throw("ring");
    completion_event event_ = completion_event::create(ring_).or_throw("event");
};
INSTANTIATE_TEST_SUITE_P(every, ring_asleep_elsewhere, ::testing::ValuesIn(kinds),
                         [](auto const& kind) { return std::string(kind.param.name); });

TEST_P(ring_asleep_elsewhere, a_read_that_can_go_on_signals_the_eventfd) {
    for (int i = 0; i < 20; ++i) {
        start(op::read{.fd = pipe_.out, .into = memory_}, 1);
        clear();
        EXPECT_FALSE(is_readable(event_.native_handle(), 0));
        pipe_.write("abc");
        EXPECT_TRUE(is_readable(event_.native_handle(), 5'000));
        EXPECT_EQ(next().res, 3);
    }
}

TEST_P(ring_asleep_elsewhere, a_timeout_that_is_due_signals_the_eventfd) {
    for (int i = 0; i < 5; ++i) {
        op::timeout const soon{.when = 5ms};
        start(soon, 1);
        clear();
        EXPECT_EQ(next().res, -ETIME);
    }
}

TEST_P(ring_asleep_elsewhere, a_later_timeout_is_not_lost_behind_an_earlier_one) {
    op::timeout const late{.when = 40ms}, early{.when = 5ms};
    start(late, 1);
    start(early, 2);
    EXPECT_EQ(next().user_data, 2u);
    EXPECT_EQ(next().user_data, 1u);
}

TEST_P(ring_asleep_elsewhere, what_comes_while_completions_are_unread_is_not_lost) {
    test::pipe_pair const other;
    start(op::read{.fd = pipe_.out, .into = memory_}, 1);
    start(op::poll{.fd = other.out, .events = POLLIN}, 2);
    pipe_.write("x");
    ASSERT_TRUE(is_readable(event_.native_handle(), 5'000));
    ::poll(nullptr, 0, 10);
    other.write("x");
    EXPECT_EQ(next().user_data, 1u);
    EXPECT_EQ(next().user_data, 2u);
}

TEST_P(ring_asleep_elsewhere, many_that_can_go_on_at_once_are_all_told) {
    constexpr std::uint64_t count = 300;
    std::vector<test::pipe_pair> pipes(count);
    for (std::uint64_t i = 0; i < count; ++i)
        start(op::poll{.fd = pipes[i].out, .events = POLLIN}, i);
    for (test::pipe_pair const& one : pipes)
        one.write("x");
    std::vector<bool> seen(count);
    for (std::uint64_t i = 0; i < count; ++i)
        seen.at(next().user_data) = true;
    EXPECT_EQ(seen, std::vector<bool>(count, true));
}

TEST_P(ring_asleep_elsewhere, entering_for_something_else_loses_nothing) {
    for (int i = 0; i < 50; ++i) {
        start(op::read{.fd = pipe_.out, .into = memory_}, 1);
        pipe_.write("x");
        ASSERT_TRUE(ring_.push(op::nop{}, 2));
        ring_.submit_and_wait(1).or_throw("wait");
        EXPECT_EQ(next().user_data + next().user_data, 3u);
    }
}

TEST_P(ring_asleep_elsewhere, a_timeout_makes_the_rings_descriptor_readable) {
    int const fd = ring_.native_handle();
    for (int i = 0; i < 3; ++i) {
        op::timeout const soon{.when = 5ms};
        start(soon, 1);
        // The kernel does not wake who polls a ring with defer_taskrun for a timeout: it is
        // readable when looked at.
        EXPECT_TRUE(is_readable(fd, 500));
        EXPECT_EQ(next().res, -ETIME);
        ring_.submit_and_wait(0, 0ns).or_throw("enter");
        EXPECT_FALSE(is_readable(fd, 0));
    }
}

TEST_P(ring_asleep_elsewhere, a_read_makes_the_rings_descriptor_readable) {
    int const fd = ring_.native_handle();
    start(op::read{.fd = pipe_.out, .into = memory_}, 1);
    EXPECT_FALSE(is_readable(fd, 10));
    pipe_.write("x");
    EXPECT_TRUE(is_readable(fd, 5'000));
    EXPECT_EQ(next().res, 1);
}

TEST_P(ring_asleep_elsewhere, sleeping_costs_no_processor_time) {
    static_cast<void>(ring_.native_handle()); // polled from outside, too
    op::timeout const early{.when = 5ms}, late{.when = 1h};
    start(early, 1);
    start(late, 2);
    start(op::read{.fd = pipe_.out, .into = memory_}, 3);
    ASSERT_TRUE(is_readable(event_.native_handle(), 5'000)); // and it is left unread
    auto const used = [] {
        ::rusage all{};
        ::getrusage(RUSAGE_SELF, &all);
        auto const us = [](::timeval t) { return t.tv_sec * 1'000'000 + t.tv_usec; };
        return us(all.ru_utime) + us(all.ru_stime);
    };
    auto const before = used();
    ::poll(nullptr, 0, 300);
    EXPECT_LT(used() - before, 100'000);
}

TEST_P(ring_asleep_elsewhere, an_event_may_end_and_begin_again) {
    for (int i = 0; i < 50; ++i) {
        {
            completion_event const ended = std::move(event_);
        }
        event_ = completion_event::create(ring_).or_throw("event");
        start(op::read{.fd = pipe_.out, .into = memory_}, 1);
        pipe_.write("x");
        EXPECT_EQ(next().res, 1);
    }
}

class ring_asleep_elsewhere_undeferred : public ring_asleep_elsewhere {};
INSTANTIATE_TEST_SUITE_P(every, ring_asleep_elsewhere_undeferred,
                         ::testing::Values(kinds[0], kinds[1]),
                         [](auto const& kind) { return std::string(kind.param.name); });

// With defer_taskrun a kernel, too, goes on only when its owner enters.
TEST_P(ring_asleep_elsewhere_undeferred, a_chain_goes_on_though_nobody_enters) {
    test::pipe_pair const behind;
    ring_
        .push(op::link(op::read{.fd = pipe_.out, .into = std::span(memory_).first(1)},
                       op::write{.fd = behind.in, .from = std::string_view("y")}),
              {1, 2})
        .or_throw("push");
    ring_.submit().or_throw("submit");
    pipe_.write("x");
    EXPECT_TRUE(is_readable(behind.out.get(), 5'000));
    EXPECT_EQ(next().user_data, 1u);
    EXPECT_EQ(next().user_data, 2u);
}

} // namespace
} // namespace rondo
