// SPDX-License-Identifier: MIT
// Threads that end with operations submitted: the kernel cancels those, and whoever waits gets
// their results all the same.
#include "shared_test.hpp"

#include <rondo/op/all.hpp>

#include <sys/stat.h>

namespace rondo {
namespace {

using namespace test;

class shared_ended_threads : public shared_matrix {
protected:
    /// What `body` returns, from a thread that is gone.
    template <class Body>
    auto from_a_thread_that_ends(Body const& body) {
        std::optional<decltype(body())> out;
        std::thread([&] {
            out.emplace(body());
            static_cast<void>(shared_->flush());
        }).join();
        return *out;
    }
    /// The tickets of an operation or a chain whose thread is gone.
    template <class What>
    auto left_behind(What const& what) {
        return from_a_thread_that_ends([&] { return shared_->submit(what).or_throw("submit"); });
    }
    /// The same, once a worker thread of the kernel's sleeps in it.
    template <class What>
    auto left_asleep(What const& what) {
        return from_a_thread_that_ends([&] {
            auto const t = shared_->submit(what).or_throw("submit");
            static_cast<void>(shared_->flush());
            std::this_thread::sleep_for(5ms);
            return t;
        });
    }
    static std::jthread writes_soon(pipe_pair const& to, std::string_view text) {
        return std::jthread([&to, text] {
            std::this_thread::sleep_for(5ms);
            to.write(text);
        });
    }
};
RONDO_FOR_EVERY_SHAPE(shared_ended_threads);

TEST_P(shared_ended_threads, a_read_brings_its_bytes) {
    for (int i = 0; i < 10; ++i) {
        pipe_pair const pipe;
        std::array<char, 8> memory{};
        auto const later = left_behind(op::read{pipe.out, memory});
        if (i % 2 == 0)
            pipe.write("abc");
        std::jthread writer([&] {
            std::this_thread::sleep_for(3ms);
            if (i % 2 != 0)
                pipe.write("abc");
        });
        EXPECT_TRUE(holds(shared_->wait(later, patience), 3u));
        EXPECT_EQ(std::string_view(memory.data(), 3), "abc");
    }
}

TEST_P(shared_ended_threads, a_receive_a_poll_and_a_timeout_end_as_they_should) {
    auto const [client, server] = tcp_pair();
    std::array<char, 8> memory{};
    op::timeout const when{.when = 20ms};
    auto const start = std::chrono::steady_clock::now();
    auto const [received, polled, timed] = from_a_thread_that_ends([&, &s = server] {
        return std::tuple(shared_->submit(op::recv{s, memory, MSG_PEEK}).or_throw("recv"),
                          shared_->submit(op::poll{.fd = s, .events = POLLIN}).or_throw("poll"),
                          shared_->submit(when).or_throw("timeout"));
    });
    EXPECT_TRUE(fails(shared_->wait(received, 5ms), ETIME));
    EXPECT_TRUE(holds(shared_->wait(timed, patience), op::timeout_end::time));
    EXPECT_GE(std::chrono::steady_clock::now() - start, 20ms);
    send_text(client, "hello");
    EXPECT_TRUE(holds(shared_->wait(received, patience), 5u));
    EXPECT_TRUE(holds(shared_->wait(polled, patience), std::uint32_t{POLLIN}));
}

TEST_P(shared_ended_threads, one_in_a_worker_thread_is_run_again) {
    pipe_pair const pipe;
    std::array<char, 8> memory{};
    auto const later = left_behind(op::async(op::read{pipe.out, memory}));
    EXPECT_TRUE(fails(shared_->wait(later, 20ms), ETIME));
    pipe.write("abcd");
    EXPECT_TRUE(holds(shared_->wait(later, patience), 4u));
}

TEST_P(shared_ended_threads, a_splice_moves_its_bytes) {
    pipe_pair const from, to;
    op::splice const move{.from = from.out, .to = to.in, .size = 8};
    auto const later = left_behind(move);
    EXPECT_TRUE(fails(shared_->wait(later, 20ms), ETIME));
    from.write("abcd");
    EXPECT_TRUE(holds(shared_->wait(later, patience), 4u));
}

TEST_P(shared_ended_threads, what_is_polled_as_over_is_not_waited_for) {
    pipe_pair const pipe;
    std::array<char, 8> memory{};
    auto const later = left_behind(op::async(op::read{pipe.out, memory}));
    for (int i = 0; i < 20; ++i) {
        EXPECT_FALSE(shared_->poll(later)) << "nothing was written";
        std::this_thread::sleep_for(1ms);
    }
    pipe.write("abcd");
    EXPECT_TRUE(eventually([&] { return shared_->poll(later); }));
    EXPECT_TRUE(holds(shared_->wait(later, patience), 4u));
}

TEST_P(shared_ended_threads, a_chain_runs_whole) {
    pipe_pair const pipe;
    std::array<char, 3> memory{};
    auto const tickets = left_behind(op::link(op::read{pipe.out, memory}, numbered_nop(5)));
    std::jthread const writer = writes_soon(pipe, "abc");
    auto const [read, nop] = shared_->wait(tickets, patience);
    EXPECT_TRUE(holds(read, 3u));
    EXPECT_TRUE(holds(nop, 5));
}

TEST_P(shared_ended_threads, a_chain_whose_head_a_worker_ran_runs_whole) {
    pipe_pair const from, to;
    op::splice const move{.from = from.out, .to = to.in, .size = 4};
    auto const tickets = left_asleep(op::link(move, numbered_nop(5)));
    std::jthread const writer = writes_soon(from, "abcd");
    auto const [moved, nop] = shared_->wait(tickets, patience);
    EXPECT_TRUE(holds(moved, 4u));
    EXPECT_TRUE(holds(nop, 5));
}

TEST_P(shared_ended_threads, what_is_left_of_a_chain_runs_and_what_was_done_does_not) {
    pipe_pair const done, left;
    std::array<char, 3> memory{};
    auto const tickets =
        left_behind(op::link(op::write{done.in, bytes_of("x")}, op::read{left.out, memory}));
    left.write("abc");
    auto const [wrote, read] = shared_->wait(tickets, patience);
    EXPECT_TRUE(holds(wrote, 1u));
    EXPECT_TRUE(holds(read, 3u));
    EXPECT_TRUE(holds(shared_->run(op::read{done.out, memory}, patience), 1u)) << "written once";
}

TEST_P(shared_ended_threads, a_hard_linked_chain_runs_whole) {
    pipe_pair const pipe;
    std::array<char, 3> memory{};
    auto const tickets = left_behind(op::hard_link(op::read{pipe.out, memory}, numbered_nop(5)));
    pipe.write("abc");
    auto const [read, nop] = shared_->wait(tickets, patience);
    EXPECT_TRUE(holds(read, 3u));
    EXPECT_TRUE(holds(nop, 5));
}

TEST_P(shared_ended_threads, a_part_whose_turn_comes_after_the_end_runs) {
    op::timeout const soon{.when = 5ms};
    auto const tickets = left_behind(op::hard_link(soon, numbered_nop(5)));
    auto const [timed, nop] = shared_->wait(tickets, patience);
    EXPECT_TRUE(holds(timed, op::timeout_end::time));
    EXPECT_TRUE(holds(nop, 5));
}

TEST_P(shared_ended_threads, a_chain_that_a_short_read_broke_stays_broken) {
    pipe_pair const pipe, other;
    std::array<char, 8> memory{};
    pipe.write("abc");
    auto const tickets =
        left_behind(op::link(op::read{pipe.out, memory}, op::write{other.in, bytes_of("x")}));
    auto const [read, wrote] = shared_->wait(tickets, patience);
    EXPECT_TRUE(holds(read, 3u));
    EXPECT_TRUE(fails(wrote, ECANCELED));
    EXPECT_TRUE(fails(shared_->run(op::read{other.out, memory}, 1ms), ETIME));
}

TEST_P(shared_ended_threads, a_limit_ends_what_is_before_it) {
    pipe_pair const pipe;
    std::array<char, 3> memory{};
    op::link_timeout const soon{.when = 5ms};
    auto const ended = left_behind(op::link(op::read{pipe.out, memory}, soon));
    auto const [read, limit] = shared_->wait(ended, patience);
    EXPECT_TRUE(fails(read, ECANCELED));
    EXPECT_TRUE(holds(limit)) << "time was up";

    op::link_timeout const late{.when = 1h};
    auto const in_time = left_behind(op::link(op::read{pipe.out, memory}, late));
    pipe.write("abc");
    auto const [again, unused] = shared_->wait(in_time, patience);
    EXPECT_TRUE(holds(again, 3u));
    EXPECT_TRUE(fails(unused, ECANCELED));
}

TEST_P(shared_ended_threads, a_limit_that_was_not_needed_is_not_run_with_what_is_left) {
    if (entries() < 4)
        GTEST_SKIP() << "a chain of four";
    pipe_pair const done, left;
    std::array<char, 3> memory{};
    op::link_timeout const late{.when = 1h};
    auto const tickets = left_behind(op::link(op::write{done.in, bytes_of("x")}, late,
                                              op::read{left.out, memory}, numbered_nop(5)));
    left.write("abc");
    auto const [wrote, limit, read, nop] = shared_->wait(tickets, patience);
    EXPECT_TRUE(holds(wrote, 1u));
    EXPECT_TRUE(fails(limit, ECANCELED));
    EXPECT_TRUE(holds(read, 3u));
    EXPECT_TRUE(holds(nop, 5));
}

TEST_P(shared_ended_threads, a_chain_that_was_asked_to_end_is_not_run_again) {
    pipe_pair const pipe, other;
    std::array<char, 3> memory{};
    auto const tickets =
        left_behind(op::link(op::read{pipe.out, memory}, op::write{other.in, bytes_of("x")}));
    EXPECT_TRUE(holds(shared_->cancel(op::cancel_match::fd(pipe.out))));
    auto const [read, wrote] = shared_->wait(tickets, patience);
    EXPECT_TRUE(fails(read, ECANCELED));
    EXPECT_TRUE(fails(wrote, ECANCELED));
}

TEST_P(shared_ended_threads, a_chain_whose_last_part_was_asked_to_end_is_cancelled_whole) {
    pipe_pair const from, to;
    op::splice const move{.from = from.out, .to = to.in, .size = 4};
    auto const tickets = left_asleep(op::link(move, numbered_nop(5)));
    EXPECT_TRUE(holds(shared_->cancel(tickets.get<1>())));
    from.write("abcd");
    auto const [moved, nop] = shared_->wait(tickets, patience);
    if (!moved) { // where its thread's end does not matter it goes on
        EXPECT_TRUE(fails(moved, ECANCELED));
        EXPECT_TRUE(fails(nop, ECANCELED));
    }
}

TEST_P(shared_ended_threads, what_was_asked_to_end_is_not_run_again) {
    pipe_pair const pipe;
    std::array<char, 8> memory{};
    auto const one = from_a_thread_that_ends([&] {
        auto const t = shared_->submit(op::read{pipe.out, memory}).or_throw("submit");
        EXPECT_TRUE(holds(shared_->cancel(t)));
        return t;
    });
    EXPECT_TRUE(fails(shared_->wait(one, patience), ECANCELED));
    auto const two = left_behind(op::read{pipe.out, memory});
    EXPECT_TRUE(holds(shared_->cancel(two)));
    EXPECT_TRUE(fails(shared_->wait(two, patience), ECANCELED));
    auto const three = left_behind(op::async(op::read{pipe.out, memory}));
    EXPECT_TRUE(holds(shared_->cancel(three)));
    EXPECT_TRUE(fails(shared_->wait(three, patience), ECANCELED));
}

TEST_P(shared_ended_threads, what_is_over_because_of_that_can_be_asked_to_end) {
    pipe_pair const pipe, other;
    std::array<char, 8> memory{};
    auto const [alone, chained] = from_a_thread_that_ends([&] {
        auto const read = op::async(op::read{pipe.out, memory});
        return std::tuple(
            shared_->submit(read).or_throw("submit"),
            shared_->submit(op::link(read, op::write{other.in, bytes_of("x")})).or_throw("submit"));
    });
    for (int i = 0; i < 20 && shared_->statistics().in_flight != 0; ++i) {
        std::this_thread::sleep_for(1ms);
        EXPECT_TRUE(holds(shared_->flush())); // which takes what has come
    }
    EXPECT_TRUE(holds(shared_->cancel(op::cancel_match::fd(pipe.out))));
    EXPECT_TRUE(fails(shared_->wait(alone, patience), ECANCELED));
    auto const [read, wrote] = shared_->wait(chained, patience);
    EXPECT_TRUE(fails(read, ECANCELED));
    EXPECT_TRUE(fails(wrote, ECANCELED));
}

TEST_P(shared_ended_threads, a_cancel_of_other_files_does_not_end_it) {
    pipe_pair const pipe, other;
    std::array<char, 8> memory{};
    auto const later = left_behind(op::async(op::read{pipe.out, memory}));
    EXPECT_TRUE(holds(shared_->cancel(op::cancel_match::fd(other.out)), 0u));
    pipe.write("ab");
    EXPECT_TRUE(holds(shared_->wait(later, patience), 2u));
}

TEST_P(shared_ended_threads, many_that_end_at_once_lose_nothing) {
    constexpr std::size_t count = 24;
    std::vector<pipe_pair> pipes(count);
    std::array<std::array<char, 4>, count> memory{};
    std::vector<ticket<op::read<>>> tickets(count);
    std::vector<std::jthread> waiters;
    std::array<std::atomic<bool>, count> ready{};
    on_threads(count, [&](std::size_t t) {
        tickets[t] = shared_->submit(op::read{pipes[t].out, memory[t]}).or_throw("submit");
        ready[t] = true;
    });
    for (std::size_t t = 0; t < count; ++t)
        waiters.emplace_back([&, t] {
            EXPECT_TRUE(holds(shared_->wait(tickets[t], patience), 2u));
            EXPECT_EQ(memory[t][0], static_cast<char>('a' + t));
        });
    for (std::size_t t = 0; t < count; ++t) {
        char const text[2] = {static_cast<char>('a' + t), '!'};
        pipes[t].write({text, 2});
    }
}

} // namespace
} // namespace rondo
