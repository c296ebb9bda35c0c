// SPDX-License-Identifier: MIT
#include <rondo/coro/channel.hpp>
#include <rondo/coro/combine.hpp>
#include <rondo/coro/scope.hpp>
#include <rondo/coro/sync_wait.hpp>
#include <rondo/coro/timeout.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rondo {
namespace {

using namespace std::chrono_literals;

template <class T = int>
channel_ends<T> channel_of(std::size_t capacity) {
    return make_channel<T>(capacity).or_throw("channel");
}

task<result<>> sends(sender<int> tx, int first, int last) {
    for (int i = first; i <= last; ++i)
        if (auto const sent = co_await tx.send(i); !sent)
            co_return fail(sent.error());
    co_return {};
}
/// Its own end is gone when it is over; a parameter would be there until its frame is.
task<result<>> sends_all(sender<int> tx, int first, int last) {
    sender<int> const own(std::move(tx));
    co_return co_await sends(own, first, last);
}
task<result<int>> receives(receiver<int> rx) { co_return co_await rx.receive(); }
task<> collects(receiver<int> rx, std::vector<int>& into) {
    while (auto const value = co_await rx.receive())
        into.push_back(*value);
}
std::vector<int> up_to(int n) {
    std::vector<int> all;
    for (int i = 1; i <= n; ++i)
        all.push_back(i);
    return all;
}

TEST(coro_channel, gives_all_values_in_order_whatever_it_holds) {
    for (std::size_t const capacity : {std::size_t{0}, std::size_t{1}, std::size_t{7}, unbounded}) {
        auto ends = channel_of(capacity);
        std::vector<int> got;
        auto const body = [&]() -> task<> {
            co_await when_all(collects(std::move(ends.rx), got),
                              sends_all(std::move(ends.tx), 1, 100));
        };
        sync_wait(body());
        EXPECT_EQ(got, up_to(100)) << capacity;
    }
}

TEST(coro_channel, holds_as_many_as_it_was_made_for) {
    auto const [tx, rx] = channel_of(2);
    EXPECT_EQ(rx.try_receive().error(), EAGAIN);
    EXPECT_TRUE(tx.try_send(1));
    EXPECT_TRUE(tx.try_send(2));
    EXPECT_EQ(tx.try_send(3).error(), EAGAIN);
    EXPECT_EQ(rx.size(), 2u);
    EXPECT_EQ(rx.try_receive().value(), 1);
    EXPECT_EQ(rx.try_receive().value(), 2);
    EXPECT_EQ(rx.try_receive().error(), EAGAIN);
}

TEST(coro_channel, without_bound_holds_any_number) {
    auto const [tx, rx] = channel_of<std::string>(unbounded);
    std::size_t received = 0;
    for (std::size_t i = 0; i < 20'000; ++i) {
        EXPECT_TRUE(tx.try_send("a value with memory of its own " + std::to_string(i)));
        if (i % 3 != 0)
            continue;
        EXPECT_TRUE(rx.try_receive().value().ends_with(" " + std::to_string(received++)));
    }
    EXPECT_EQ(rx.size(), 20'000 - received);
    while (auto const value = rx.try_receive())
        EXPECT_TRUE(value->ends_with(" " + std::to_string(received++)));
    EXPECT_EQ(received, 20'000u);
    EXPECT_TRUE(tx.try_send("and some that nobody receives"));
}

TEST(coro_channel, without_room_ends_a_send_when_the_value_is_received) {
    auto ends = channel_of(0);
    EXPECT_EQ(ends.tx.try_send(1).error(), EAGAIN);
    bool sent = false;
    auto const sender_of_one = [&]() -> task<> {
        EXPECT_TRUE(co_await ends.tx.send(5));
        sent = true;
    };
    auto const body = [&]() -> task<> {
        scope s{co_await this_strand()};
        s.spawn(sender_of_one());
        static_cast<void>(co_await schedule());
        EXPECT_FALSE(sent);
        EXPECT_EQ(ends.rx.size(), 0u);
        EXPECT_EQ(ends.rx.try_receive().value(), 5);
        EXPECT_TRUE(co_await s.join());
        EXPECT_TRUE(sent);
    };
    sync_wait(body());
}

TEST(coro_channel, hands_a_value_to_who_waits_and_not_to_who_comes_later) {
    auto ends = channel_of(4);
    auto const body = [&]() -> task<> {
        std::vector<int> got;
        scope s{co_await this_strand()};
        auto const takes = [&](int who) -> task<> {
            got.push_back(who * 10 + (co_await ends.rx.receive()).value());
        };
        s.spawn(takes(1));
        s.spawn(takes(2));
        EXPECT_TRUE(ends.tx.try_send(1));
        EXPECT_TRUE(ends.tx.try_send(2));
        EXPECT_EQ(ends.rx.try_receive().error(), EAGAIN);
        EXPECT_TRUE(co_await s.join());
        EXPECT_EQ(got, (std::vector{11, 22}));
    };
    sync_wait(body());
}

TEST(coro_channel, that_was_closed_gives_what_is_in_it_and_then_its_end) {
    auto const [tx, rx] = channel_of(4);
    EXPECT_TRUE(tx.try_send(1));
    EXPECT_TRUE(tx.try_send(2));
    rx.close();
    auto const refused = tx.try_send(3);
    EXPECT_TRUE(!refused && refused.error().why() == cause::ended && refused.error() == EPIPE);
    EXPECT_EQ(sync_wait(rx.receive()).value(), 1);
    EXPECT_EQ(rx.try_receive().value(), 2);
    EXPECT_EQ(sync_wait(rx.receive()).error().why(), cause::ended);
    EXPECT_EQ(rx.try_receive().error().why(), cause::ended);
    EXPECT_FALSE(rx.try_receive().error().stopped());
}

TEST(coro_channel, ends_the_waits_on_both_sides_when_it_is_closed) {
    auto full = channel_of(1);
    auto empty = channel_of(1);
    auto const closes = [&]() -> task<> {
        static_cast<void>(co_await schedule());
        full.rx.close();
        empty.tx.close();
    };
    auto const body = [&]() -> task<> {
        auto const [a, b, c, d, e] =
            co_await when_all(sends(full.tx, 1, 2), sends(full.tx, 3, 3), receives(empty.rx),
                              receives(empty.rx), closes());
        for (error const& why : {a.error(), b.error(), c.error(), d.error()})
            EXPECT_EQ(why.why(), cause::ended);
    };
    sync_wait(body());
    EXPECT_EQ(full.rx.try_receive().value(), 1);
    EXPECT_EQ(full.rx.try_receive().error().why(), cause::ended);
}

TEST(coro_channel, leaves_a_value_that_was_not_sent_with_its_owner) {
    auto const ends = channel_of<std::unique_ptr<int>>(1);
    auto const& tx = ends.tx;
    auto const& rx = ends.rx;
    auto first = std::make_unique<int>(1);
    auto second = std::make_unique<int>(2);
    EXPECT_TRUE(tx.try_send(std::move(first)));
    EXPECT_FALSE(first); // NOLINT(bugprone-use-after-move): that is the question
    EXPECT_FALSE(tx.try_send(std::move(second)));
    EXPECT_TRUE(second); // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(sync_wait(tx.send(std::move(second)), 1ms).error(), ETIME);
    EXPECT_EQ(*second, 2); // NOLINT(bugprone-use-after-move)
    auto const body = [&]() -> task<> {
        EXPECT_EQ((co_await timeout(tx.send(std::move(second)), 1ms)).error(), ETIME);
        EXPECT_EQ(*second, 2); // NOLINT(bugprone-use-after-move)
        auto const closes = [](receiver<std::unique_ptr<int>> end) -> task<> {
            static_cast<void>(co_await schedule());
            end.close();
        };
        auto const waits = [&]() -> task<result<>> {
            co_return co_await tx.send(std::move(second));
        };
        auto const [sent, closed] = co_await when_all(waits(), closes(rx));
        EXPECT_EQ(sent.error().why(), cause::ended);
    };
    sync_wait(body());
    EXPECT_EQ(*second, 2); // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(*rx.try_receive().value(), 1);
}

TEST(coro_channel, is_closed_with_its_last_sender_and_with_its_last_receiver) {
    auto ends = channel_of(4);
    std::optional<sender<int>> other(ends.tx);
    {
        sender<int> const gone(std::move(ends.tx));
        EXPECT_TRUE(gone.try_send(1));
    }
    EXPECT_TRUE(other->try_send(2));
    other.reset();
    std::vector<int> got;
    sync_wait(collects(ends.rx, got));
    EXPECT_EQ(got, up_to(2));

    auto more = channel_of<std::shared_ptr<int>>(4);
    auto const counted = std::make_shared<int>();
    EXPECT_TRUE(more.tx.try_send(counted));
    EXPECT_EQ(counted.use_count(), 2);
    {
        auto const last = std::move(more.rx);
    }
    EXPECT_EQ(counted.use_count(), 1); // nobody can receive it
    EXPECT_EQ(more.tx.try_send(counted).error().why(), cause::ended);
}

TEST(coro_channel, may_carry_its_own_ends) {
    struct parcel {
        explicit parcel(sender<parcel> of) : tx(std::move(of)) {}
        sender<parcel> tx;
    };
    auto ends = channel_of<parcel>(4);
    EXPECT_TRUE(ends.tx.try_send(parcel(ends.tx)));
    EXPECT_TRUE(ends.tx.try_send(parcel(ends.tx)));
}

TEST(coro_channel, delivers_a_value_that_came_before_the_stop) {
    auto ends = channel_of(4);
    auto const sends_one = [&]() -> task<> {
        static_cast<void>(co_await schedule());
        EXPECT_TRUE(ends.tx.try_send(7));
    };
    auto const body = [&]() -> task<> {
        auto const any = co_await when_any(receives(ends.rx), sends_one());
        EXPECT_EQ(any.first, 1u);
        EXPECT_EQ(std::get<0>(any.results).value(), 7);
    };
    sync_wait(body());
}

TEST(coro_channel, gives_the_next_value_to_the_next_in_line_when_the_first_was_stopped) {
    auto ends = channel_of(0);
    auto const body = [&]() -> task<> {
        auto const any = co_await when_any(receives(ends.rx), sleep_for(1ms), sleep_for(10s));
        EXPECT_TRUE(std::get<0>(any.results).error().stopped());
        EXPECT_EQ(ends.tx.try_send(1).error(), EAGAIN);
        auto const [value, sent] = co_await when_all(receives(ends.rx), sends(ends.tx, 2, 2));
        EXPECT_EQ(value.value(), 2);
        EXPECT_TRUE(sent);
    };
    sync_wait(body());
}

TEST(coro_channel, carries_a_million_values_without_growing_the_stack) {
    for (std::size_t const capacity : {std::size_t{0}, std::size_t{64}}) {
        auto ends = channel_of(capacity);
        long sum = 0;
        auto const adds = [&](receiver<int> rx) -> task<> {
            while (auto const value = co_await rx.receive())
                sum += *value;
        };
        auto const body = [&]() -> task<> {
            co_await when_all(adds(std::move(ends.rx)),
                              sends_all(std::move(ends.tx), 1, 1'000'000));
        };
        sync_wait(body());
        EXPECT_EQ(sum, 500'000'500'000);
    }
}

/// Counts the bytes of frames.
template <class T>
struct counting {
    using value_type = T;
    explicit counting(std::size_t& total) noexcept : bytes(&total) {}
    template <class U>
    explicit(false) counting(counting<U> const& other) noexcept : bytes(other.bytes) {}
    T* allocate(std::size_t n) {
        *bytes += n * sizeof(T);
        return std::allocator<T>().allocate(n);
    }
    void deallocate(T* p, std::size_t n) noexcept { std::allocator<T>().deallocate(p, n); }
    friend bool operator==(counting const&, counting const&) = default;
    std::size_t* bytes;
};

task<> idle(std::allocator_arg_t, counting<std::byte>, receiver<int> rx, std::size_t& woken) {
    auto const value = co_await rx.receive();
    woken += value ? 0u : 1u;
}

TEST(coro_channel, costs_an_idle_coroutine_less_than_400_bytes) {
    constexpr std::size_t many = 100'000;
    std::size_t bytes = 0;
    std::size_t woken = 0;
    auto ends = channel_of(1);
    auto const body = [&]() -> task<> {
        scope s{co_await this_strand()};
        for (std::size_t i = 0; i < many; ++i)
            s.spawn(idle(std::allocator_arg, counting<std::byte>(bytes), ends.rx, woken));
        ends.tx.close();
        EXPECT_TRUE(co_await s.join());
    };
    sync_wait(body());
    EXPECT_EQ(woken, many);
    RecordProperty("bytes", static_cast<int>(bytes / many));
    EXPECT_LT(bytes / many, 400u);
    EXPECT_GT(bytes / many, sizeof(detail::receive_wait<int>));
}

} // namespace
} // namespace rondo
