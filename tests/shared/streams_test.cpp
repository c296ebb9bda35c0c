// SPDX-License-Identifier: MIT
// The completions of what was pushed, for one who takes them all: streams, too.
#include "shared_test.hpp"

#include <rondo/op/all.hpp>

#include <map>

namespace rondo {
namespace {

using namespace test;

class shared_streams : public shared_matrix {};
RONDO_FOR_EVERY_SHAPE(shared_streams);

TEST_P(shared_streams, each_completion_comes_once) {
    constexpr std::uint64_t count = 300;
    std::jthread pusher([&] {
        for (std::uint64_t i = 0; i < count; ++i)
            EXPECT_TRUE(holds(shared_->push(numbered_nop(static_cast<std::int32_t>(i * 2)), i)));
        EXPECT_TRUE(holds(shared_->flush()));
    });
    std::map<std::uint64_t, std::int32_t> seen;
    while (seen.size() < count) {
        auto const c = shared_->next(patience);
        ASSERT_TRUE(c.has_value()) << why(c);
        EXPECT_TRUE(seen.emplace(c->user_data, c->res).second) << "twice";
        EXPECT_EQ(c->res, static_cast<std::int32_t>(c->user_data * 2));
    }
    EXPECT_TRUE(fails(shared_->next(1ms), ETIME));
}

TEST_P(shared_streams, many_who_push_and_many_who_run_do_not_disturb_one_another) {
    constexpr std::uint64_t each = 100, pushers = 4;
    std::vector<std::jthread> threads;
    for (std::uint64_t t = 0; t < pushers; ++t)
        threads.emplace_back([&, t] {
            for (std::uint64_t i = 0; i < each; ++i)
                EXPECT_TRUE(holds(shared_->push(op::nop{}, t * each + i)));
            EXPECT_TRUE(holds(shared_->flush()));
        });
    for (std::int32_t t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (std::int32_t i = 0; i < 200; ++i)
                EXPECT_TRUE(holds(shared_->run(numbered_nop(t + i)), t + i));
        });
    std::vector<int> seen(each * pushers);
    for (std::size_t i = 0; i < seen.size(); ++i) {
        auto const c = shared_->next(patience);
        ASSERT_TRUE(c.has_value()) << why(c);
        ++seen.at(c->user_data);
    }
    for (int const n : seen)
        EXPECT_EQ(n, 1);
}

TEST_P(shared_streams, one_thread_at_a_time_takes_them) {
    std::jthread taker([&] {
        result<abi::cqe> c = fail(EBUSY);
        while (!c && c.error() == EBUSY)
            c = shared_->next(patience);
        ASSERT_TRUE(c.has_value()) << why(c);
        EXPECT_EQ(c->user_data, 3u);
    });
    EXPECT_TRUE(eventually([&] {
        auto const second = shared_->next(1ms);
        return !second && second.error() == EBUSY && second.error().why() == cause::in_use;
    }));
    EXPECT_TRUE(holds(shared_->push(op::nop{}, 3)));
    EXPECT_TRUE(holds(shared_->flush()));
    taker.join();
}

TEST_P(shared_streams, a_waiter_asleep_behind_another_is_woken) {
    pipe_pair const pipe;
    std::array<char, 4> memory{};
    std::jthread reaper([&] { EXPECT_TRUE(holds(shared_->run(op::read{pipe.out, memory}), 1u)); });
    std::this_thread::sleep_for(5ms);
    std::jthread taker([&] {
        for (std::uint64_t i = 0; i < 20; ++i) {
            auto const c = shared_->next(patience);
            ASSERT_TRUE(c.has_value()) << why(c);
            EXPECT_EQ(c->user_data, i);
        }
    });
    for (std::uint64_t i = 0; i < 20; ++i) {
        EXPECT_TRUE(holds(shared_->push(op::nop{}, i)));
        EXPECT_TRUE(holds(shared_->flush()));
        std::this_thread::sleep_for(500us);
    }
    taker.join();
    pipe.write("x");
}

TEST_P(shared_streams, a_poll_stream_tells_of_each_byte) {
    pipe_pair const pipe;
    EXPECT_TRUE(holds(shared_->push(op::poll_stream{.fd = pipe.out, .events = POLLIN}, 5)));
    EXPECT_TRUE(holds(shared_->flush()));
    for (int i = 0; i < 5; ++i) {
        pipe.write("x");
        auto const c = shared_->next(patience);
        ASSERT_TRUE(c.has_value()) << why(c);
        EXPECT_EQ(c->user_data, 5u);
        EXPECT_TRUE((c->res & POLLIN) != 0);
        if (!abi::more(*c)) { // a queue that is full ends it
            EXPECT_TRUE(holds(shared_->push(op::poll_stream{.fd = pipe.out, .events = POLLIN}, 5)));
        }
        char byte;
        EXPECT_EQ(::read(pipe.out.get(), &byte, 1), 1);
    }
    EXPECT_TRUE(holds(shared_->cancel(op::cancel_match::fd(pipe.out)), 1u));
    for (;;) {
        auto const c = shared_->next(patience);
        ASSERT_TRUE(c.has_value()) << why(c);
        if (!abi::more(*c)) {
            EXPECT_EQ(c->res, -ECANCELED);
            break;
        }
    }
    EXPECT_EQ(shared_->statistics().in_flight, 0u);
}

TEST_P(shared_streams, an_accept_stream_brings_every_connection) {
    unique_fd const listener = tcp_listener();
    op::accept_stream<> const accept{.fd = listener};
    EXPECT_TRUE(holds(shared_->push(accept, 9)));
    EXPECT_TRUE(holds(shared_->flush()));
    std::vector<unique_fd> clients, served;
    for (int i = 0; i < 12; ++i)
        clients.push_back(tcp_client(listener));
    while (served.size() < clients.size()) {
        auto const c = shared_->next(patience);
        ASSERT_TRUE(c.has_value()) << why(c);
        if (c->res >= 0)
            served.emplace_back(c->res);
        if (!abi::more(*c)) {
            EXPECT_TRUE(holds(shared_->push(accept, 9)));
            EXPECT_TRUE(holds(shared_->flush()));
        }
    }
    for (auto const& s : served)
        send_text(s, "hello");
    for (auto const& c : clients)
        EXPECT_EQ(receive_text(c, 5), "hello");
}

TEST_P(shared_streams, completions_beyond_a_tiny_queue_are_not_lost) {
    // Nobody reaps while the polls fire, so that the kernel has to keep most of them.
    constexpr std::uint64_t count = 64;
    pipe_pair const pipe;
    std::array<ticket<op::poll>, count> tickets;
    for (std::uint64_t i = 0; i < count; ++i) {
        EXPECT_TRUE(holds(shared_->push(op::poll{.fd = pipe.out, .events = POLLIN}, i)));
        tickets[i] = shared_->submit(op::poll{.fd = pipe.out, .events = POLLIN}).or_throw("poll");
    }
    EXPECT_TRUE(holds(shared_->flush()));
    pipe.write("x");
    std::this_thread::sleep_for(10ms);
    std::vector<int> seen(count);
    for (std::uint64_t i = 0; i < count; ++i) {
        EXPECT_TRUE(holds(shared_->wait(tickets[i], patience), std::uint32_t{POLLIN}));
        auto const c = shared_->next(patience);
        ASSERT_TRUE(c.has_value()) << why(c);
        EXPECT_EQ(c->res, POLLIN);
        ++seen.at(c->user_data);
    }
    for (int const n : seen)
        EXPECT_EQ(n, 1);
    EXPECT_EQ(shared_->statistics().in_flight, 0u);
    EXPECT_EQ(shared_->statistics().dropped, 0u);
}

TEST_P(shared_streams, those_left_when_it_stops_are_still_taken) {
    for (std::uint64_t i = 0; i < 5; ++i)
        EXPECT_TRUE(holds(shared_->push(op::nop{}, i)));
    op::timeout const hour{.when = 1h};
    EXPECT_TRUE(holds(shared_->push(hour, 5)));
    shared_->stop();
    std::uint64_t sum = 0;
    for (int i = 0; i < 6; ++i) {
        auto const c = shared_->next();
        ASSERT_TRUE(c.has_value()) << why(c);
        sum += c->user_data;
        EXPECT_EQ(c->res, c->user_data == 5 ? -ECANCELED : 0);
    }
    EXPECT_EQ(sum, 15u);
    EXPECT_TRUE(fails(shared_->next(), ESHUTDOWN, cause::ended));
}

TEST_P(shared_streams, a_zero_copy_send_is_over_when_its_memory_is_free) {
    auto const [client, server] = tcp_pair();
    std::vector<char> data(200'000, 'z');
    std::atomic<std::size_t> received{0};
    std::jthread drain([&, &s = server] {
        std::vector<char> sink(65536);
        for (::ssize_t n = 0; (n = ::recv(s.get(), sink.data(), sink.size(), 0)) > 0;)
            received += static_cast<std::size_t>(n);
    });
    std::size_t sent = 0;
    for (int i = 0; i < 10; ++i) {
        auto const n = shared_->run(op::send_zc{client, std::span<char const>(data)});
        ASSERT_TRUE(n.has_value()) << why(n);
        sent += *n;
        auto const later =
            shared_->submit(op::send_zc{client, std::span<char const>(data)}).or_throw("submit");
        auto const m = shared_->wait(later, patience);
        ASSERT_TRUE(m.has_value()) << why(m);
        sent += *m;
        EXPECT_EQ(shared_->statistics().in_flight, 0u) << "notifications included";
    }
    ::shutdown(client.get(), SHUT_WR);
    drain.join();
    EXPECT_EQ(received, sent);
    EXPECT_TRUE(fails(shared_->run(op::send_zc{fd_ref(-1), std::span<char const>(data)}), EBADF));
}

} // namespace
} // namespace rondo
