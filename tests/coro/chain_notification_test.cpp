// SPDX-License-Identifier: MIT

// Zero-copy sends that fail with their chain: the kernel notifies of them after their end.

#include <rondo/coro/chain.hpp>
#include <rondo/coro/scope.hpp>
#include <rondo/coro/stop.hpp>
#include <rondo/coro/timeout.hpp>
#include <rondo/op/all.hpp>

#include <support/pipe_pair.hpp>
#include <support/sockets.hpp>

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <span>

namespace rondo::test {
namespace {

using namespace std::chrono_literals;

constexpr op::read<> fails{.fd = -1, .into = {}};

class a_chained_zero_copy_send : public ::testing::Test {
protected:
    explicit a_chained_zero_copy_send(loop_options const& options = {})
        : l(loop::create(options).or_throw("loop")) {}
    loop l;
    std::pair<unique_fd, unique_fd> ends = tcp_pair();
    op::send_zc<> never() const {
        return {.fd = ends.first, .from = std::as_bytes(std::span("never", 5))};
    }
    void TearDown() override {
        EXPECT_EQ(l.in_flight(), 0u);
        loop_statistics const counts = l.statistics();
        EXPECT_EQ(counts.started, counts.completed);
    }
    void run(task<> what) {
        loop_scope tasks(l);
        tasks.spawn(std::move(what));
        l.run().or_throw("run");
        tasks.outcome().or_throw("task");
    }
};

TEST_F(a_chained_zero_copy_send, is_over_once_when_the_one_before_it_fails) {
    auto const body = [&]() -> task<> {
        for (int i = 0; i < 100; ++i) {
            auto const [bad, sent] = co_await op::link(fails, never());
            EXPECT_EQ(bad.error().code(), EBADF);
            EXPECT_EQ(sent.error().code(), ECANCELED);
            EXPECT_TRUE(co_await op::nop{});
        }
    };
    run(body());
}

class a_chained_zero_copy_send_with_a_poller : public a_chained_zero_copy_send {
protected:
    static loop_options polled() {
        loop_options out{};
        out.ring.poller.idle_ms = 20;
        return out;
    }
    a_chained_zero_copy_send_with_a_poller() : a_chained_zero_copy_send(polled()) {}
};

TEST_F(a_chained_zero_copy_send_with_a_poller, is_over_once) {
    auto const body = [&]() -> task<> {
        for (int i = 0; i < 100; ++i) {
            auto const [bad, one, other] = co_await op::link(fails, never(), never());
            EXPECT_EQ(one.error().code(), ECANCELED);
            EXPECT_EQ(other.error().code(), ECANCELED);
            EXPECT_TRUE(co_await op::nop{});
        }
    };
    run(body());
}

TEST_F(a_chained_zero_copy_send, is_over_once_when_the_kernel_refuses_it) {
    op::send_zc<> bad = never();
    bad.to = reinterpret_cast<::sockaddr const*>(8);
    bad.to_size = sizeof(::sockaddr_in);
    auto const body = [&]() -> task<> {
        for (int i = 0; i < 100; ++i) {
            auto const [nothing, sent] = co_await op::link(op::nop{}, bad);
            EXPECT_FALSE(nothing);
            EXPECT_EQ(sent.error().code(), EFAULT);
            EXPECT_TRUE(co_await op::nop{});
        }
    };
    run(body());
}

TEST_F(a_chained_zero_copy_send, is_over_once_among_many_others) {
    int over = 0;
    auto const body = [&](int i) -> task<> {
        for (int round = 0; round < 20; ++round) {
            if (i % 2 == 0) {
                auto const [bad, one, other] = co_await op::link(fails, never(), never());
                EXPECT_EQ(one.error().code(), ECANCELED);
                EXPECT_EQ(other.error().code(), ECANCELED);
            } else {
                EXPECT_TRUE(co_await op::nop{});
            }
        }
        ++over;
    };
    loop_scope tasks(l);
    for (int i = 0; i < 100; ++i)
        tasks.spawn(body(i));
    l.run().or_throw("run");
    EXPECT_EQ(over, 100);
}

TEST_F(a_chained_zero_copy_send, can_be_stopped_with_what_it_waits_for) {
    pipe_pair const p;
    auto const body = [&]() -> task<> {
        for (int i = 0; i < 20; ++i) {
            std::array<char, 1> into{};
            auto const chain = [&]() -> task<result<>> {
                auto const [n, sent] =
                    co_await op::link(op::read{.fd = p.out, .into = into}, never());
                EXPECT_FALSE(n);
                EXPECT_FALSE(sent);
                co_return fail(n.error());
            };
            EXPECT_FALSE(co_await timeout(chain(), 200us));
        }
    };
    run(body());
}

TEST_F(a_chained_zero_copy_send, arrives_when_nothing_fails) {
    std::array<char, 8> into{};
    auto const body = [&]() -> task<> {
        auto const [nothing, sent] = co_await op::link(op::nop{}, never());
        EXPECT_EQ(sent.value(), 5u);
        EXPECT_EQ((co_await op::recv{.fd = ends.second, .into = into}).value(), 5u);
    };
    run(body());
}

} // namespace
} // namespace rondo::test
