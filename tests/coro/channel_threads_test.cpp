// SPDX-License-Identifier: MIT
// Channels between loops of several threads, and threads without one.
#include <rondo/coro/channel.hpp>
#include <rondo/coro/combine.hpp>
#include <rondo/coro/sync_wait.hpp>
#include <rondo/coro/timeout.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rondo {
namespace {

using namespace std::chrono_literals;

constexpr int values = 100'000;
using parcel = std::unique_ptr<int>; // one that is lost or doubled is found by the sanitizers too

task<> sends(sender<parcel> tx, int n) {
    for (int i = 0; i < n; ++i)
        EXPECT_TRUE(co_await tx.send(std::make_unique<int>(i)));
}
task<> in_order(receiver<parcel> rx, int& next) {
    while (auto const value = co_await rx.receive())
        EXPECT_EQ(**value, next++);
}
task<> adds(receiver<parcel> rx, std::int64_t& sum, int& count) {
    while (auto const value = co_await rx.receive()) {
        sum += **value;
        ++count;
    }
}

class coro_channel_of : public ::testing::TestWithParam<std::size_t> {};

TEST_P(coro_channel_of, two_loops_passes_all_values_in_order) {
    auto ends = make_channel<parcel>(GetParam()).or_throw("channel");
    int next = 0;
    std::thread other([&] { sync_wait(in_order(std::move(ends.rx), next)); });
    sync_wait(sends(std::move(ends.tx), values));
    other.join();
    EXPECT_EQ(next, values);
}

TEST_P(coro_channel_of, many_senders_and_receivers_passes_each_value_once) {
    auto ends = make_channel<parcel>(GetParam()).or_throw("channel");
    std::int64_t sums[5] = {};
    int counts[5] = {};
    std::vector<std::thread> all;
    for (std::size_t i = 0; i < 2; ++i) {
        all.emplace_back([&, tx = ends.tx] {
            auto const body = [&]() -> task<> {
                co_await when_all(sends(tx, values / 10), sends(tx, values / 10));
            };
            sync_wait(body());
        });
        all.emplace_back([&, i, rx = ends.rx] {
            auto const body = [&]() -> task<> {
                co_await when_all(adds(rx, sums[2 * i], counts[2 * i]),
                                  adds(rx, sums[2 * i + 1], counts[2 * i + 1]));
            };
            sync_wait(body());
        });
    }
    all.emplace_back([&, rx = ends.rx] {
        while (auto const value = sync_wait(rx.receive())) {
            sums[4] += **value;
            ++counts[4];
        }
    });
    all.emplace_back([tx = std::move(ends.tx)] {
        for (int i = 0; i < values / 10; ++i)
            EXPECT_TRUE(sync_wait(tx.send(std::make_unique<int>(i))));
    });
    for (auto& t : all)
        t.join();
    std::int64_t const each = std::int64_t{values / 10} * (values / 10 - 1) / 2;
    EXPECT_EQ(sums[0] + sums[1] + sums[2] + sums[3] + sums[4], 5 * each);
    EXPECT_EQ(counts[0] + counts[1] + counts[2] + counts[3] + counts[4], 5 * values / 10);
}

task<> sends_impatiently(sender<parcel> tx, int n, int& late) {
    for (int i = 0; i < n; ++i) {
        auto value = std::make_unique<int>(i);
        for (;;) {
            auto const sent = co_await timeout(tx.send(std::move(value)), 20us);
            // NOLINTNEXTLINE(bugprone-use-after-move): it is moved away only when it is sent
            EXPECT_EQ(value == nullptr, sent.has_value());
            if (sent)
                break;
            EXPECT_EQ(sent.error(), ETIME);
            ++late;
        }
    }
}
task<> receives_impatiently(receiver<parcel> rx, std::atomic<std::int64_t>& sum) {
    for (;;) {
        auto const value = co_await timeout(rx.receive(), 20us);
        if (value)
            sum += **value;
        else if (value.error().why() == cause::ended)
            co_return;
    }
}

TEST_P(coro_channel_of, who_wait_for_a_while_only_loses_nothing) {
    auto ends = make_channel<parcel>(GetParam()).or_throw("channel");
    constexpr int n = 5'000;
    std::atomic<std::int64_t> sum{0};
    int late[2] = {};
    std::thread other([&, rx = std::move(ends.rx)] {
        auto const body = [&]() -> task<> {
            co_await when_all(receives_impatiently(rx, sum), receives_impatiently(rx, sum));
        };
        sync_wait(body());
    });
    std::thread third([&, tx = ends.tx] { sync_wait(sends_impatiently(tx, n, late[0])); });
    sync_wait(sends_impatiently(std::move(ends.tx), n, late[1]));
    third.join();
    other.join();
    EXPECT_EQ(sum.load(), std::int64_t{n} * (n - 1));
}

TEST_P(coro_channel_of, a_thread_that_waits_for_a_while_only_loses_nothing) {
    auto ends = make_channel<parcel>(GetParam()).or_throw("channel");
    constexpr int n = 5'000;
    std::int64_t sum = 0;
    std::thread other([&, rx = std::move(ends.rx)] {
        for (;;) {
            auto const value = sync_wait(rx.receive(), 5us);
            if (value)
                sum += **value;
            else if (value.error().why() == cause::ended)
                return;
            else
                EXPECT_EQ(value.error(), ETIME);
        }
    });
    sync_wait(sends(std::move(ends.tx), n));
    other.join();
    EXPECT_EQ(sum, std::int64_t{n} * (n - 1) / 2);
}

INSTANTIATE_TEST_SUITE_P(any, coro_channel_of, ::testing::Values(0, 1, 64, unbounded),
                         [](auto const& which) {
                             return which.param == unbounded ? std::string("unbounded")
                                                             : std::to_string(which.param);
                         });

TEST(coro_channel_threads, close_by_another_thread_ends_all_waits) {
    for (int round = 0; round < 200; ++round) {
        auto ends = make_channel<parcel>(0).or_throw("channel");
        auto const receives = [&]() -> task<result<parcel>> {
            co_return co_await ends.rx.receive();
        };
        auto const body = [&]() -> task<> {
            auto const [a, b] = co_await when_all(receives(), receives());
            EXPECT_EQ(a.error().why(), cause::ended);
            EXPECT_EQ(b.error().why(), cause::ended);
        };
        std::thread other([&] { sync_wait(body()); });
        std::thread third([&] { EXPECT_FALSE(sync_wait(ends.rx.receive())); });
        ends.rx.close();
        other.join();
        third.join();
    }
}

} // namespace
} // namespace rondo
