// SPDX-License-Identifier: MIT
// Tickets: waited for in any order, by any thread, once; polled; cancelled.
#include "shared_test.hpp"

#include <rondo/op/all.hpp>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <random>

namespace rondo {
namespace {

using namespace test;

using nop_ticket = ticket<op::nop>;

template <class... Ops>
constexpr bool all_fit(op::operations<Ops...>) {
    return ((!shareable<Ops> || sizeof(Ops) <= flight_slot::operation_bytes) && ...);
}
static_assert(all_fit(op::all{}), "every operation must fit a slot");

class shared_tickets : public shared_matrix {};
RONDO_FOR_EVERY_SHAPE(shared_tickets);

TEST_P(shared_tickets, many_more_operations_than_entries_are_waited_for_in_any_order) {
    constexpr std::int32_t count = 500;
    std::vector<std::pair<std::int32_t, nop_ticket>> tickets;
    for (std::int32_t i = 0; i < count; ++i)
        tickets.emplace_back(i, shared_->submit(numbered_nop(i)).or_throw("submit"));
    std::mt19937 dice(7);
    std::shuffle(tickets.begin(), tickets.end(), dice);
    for (auto const& [number, t] : tickets)
        EXPECT_TRUE(holds(shared_->wait(t), number));
    EXPECT_EQ(shared_->statistics().in_flight, 0u);
}

TEST_P(shared_tickets, other_threads_than_the_submitter_wait_for_them) {
    std::mutex guard;
    std::condition_variable came;
    std::deque<std::pair<std::int32_t, nop_ticket>> queue;
    constexpr std::size_t each = 300, threads = 4;
    std::atomic<std::size_t> waited{0};
    on_threads(2 * threads, [&](std::size_t t) {
        for (std::size_t i = 0; i < each; ++i) {
            if (t < threads) {
                auto const number = static_cast<std::int32_t>(t * 1000 + i);
                auto const later = shared_->submit(numbered_nop(number)).or_throw("submit");
                std::lock_guard const held(guard);
                queue.emplace_back(number, later);
                came.notify_one();
            } else {
                std::unique_lock held(guard);
                came.wait(held, [&] { return !queue.empty(); });
                auto const [number, later] = queue.front();
                queue.pop_front();
                held.unlock();
                EXPECT_TRUE(holds(shared_->wait(later), number));
                ++waited;
            }
        }
    });
    EXPECT_EQ(waited, threads * each);
    EXPECT_EQ(shared_->statistics().in_flight, 0u);
}

TEST_P(shared_tickets, what_is_not_over_is_not_polled_as_over) {
    pipe_pair const pipe;
    std::array<char, 8> memory{};
    auto const later = shared_->submit(op::read{pipe.out, memory}).or_throw("submit");
    for (int i = 0; i < 10; ++i)
        EXPECT_FALSE(shared_->poll(later));
    ASSERT_TRUE(shared_->flush().has_value());
    pipe.write("abc");
    EXPECT_TRUE(eventually([&] { return shared_->poll(later); }));
    EXPECT_TRUE(shared_->poll(later)) << "it stays so";
    auto const start = std::chrono::steady_clock::now();
    EXPECT_TRUE(holds(shared_->wait(later), 3u));
    EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
    EXPECT_EQ(std::string_view(memory.data(), 3), "abc");
    EXPECT_TRUE(shared_->poll(later)) << "a wait for it returns at once";
}

TEST_P(shared_tickets, one_that_was_waited_for_is_stale) {
    auto const later = shared_->submit(op::nop{}).or_throw("submit");
    EXPECT_TRUE(holds(shared_->wait(later), 0));
    EXPECT_TRUE(fails(shared_->wait(later), ESTALE, cause::stale_ticket));
    EXPECT_TRUE(fails(shared_->cancel(later), ESTALE, cause::stale_ticket));
    // Its slot's next user is another.
    auto const next = shared_->submit(numbered_nop(5)).or_throw("submit");
    EXPECT_TRUE(fails(shared_->wait(later), ESTALE, cause::stale_ticket));
    EXPECT_TRUE(holds(shared_->wait(next), 5));
}

TEST_P(shared_tickets, one_that_names_nothing_is_refused) {
    nop_ticket const nothing;
    EXPECT_TRUE(fails(shared_->wait(nothing), ESTALE, cause::stale_ticket));
    EXPECT_TRUE(fails(shared_->cancel(nothing), ESTALE, cause::stale_ticket));
    EXPECT_TRUE(shared_->poll(nothing));
}

TEST_P(shared_tickets, a_second_thread_that_waits_for_the_same_is_refused) {
    pipe_pair const pipe;
    std::array<char, 8> memory{};
    auto const later = shared_->submit(op::read{pipe.out, memory}).or_throw("submit");
    std::jthread first([&] {
        result<std::size_t> end = fail(EBUSY);
        while (!end && end.error() == EBUSY)
            end = shared_->wait(later, patience);
        EXPECT_TRUE(holds(end, 2u));
    });
    EXPECT_TRUE(eventually([&] {
        auto const second = shared_->wait(later, 1ms);
        return !second && second.error() == EBUSY && second.error().why() == cause::in_use;
    }));
    EXPECT_FALSE(shared_->poll(later));
    pipe.write("ab");
    first.join();
    EXPECT_TRUE(fails(shared_->wait(later), ESTALE));
}

TEST_P(shared_tickets, of_many_threads_that_wait_for_the_same_one_gets_it) {
    for (std::int32_t i = 0; i < 50; ++i) {
        auto const later = shared_->submit(numbered_nop(i)).or_throw("submit");
        std::atomic<int> got{0};
        on_threads(3, [&](std::size_t) {
            auto const mine = shared_->wait(later);
            if (mine) {
                EXPECT_EQ(*mine, i);
                ++got;
            } else {
                EXPECT_TRUE(mine.error() == ESTALE || mine.error() == EBUSY) << why(mine);
            }
        });
        EXPECT_EQ(got, 1);
    }
}

TEST_P(shared_tickets, a_cancelled_operation_says_so) {
    pipe_pair const pipe;
    std::array<char, 8> memory{};
    for (int i = 0; i < 20; ++i) {
        auto const read = shared_->submit(op::read{pipe.out, memory}).or_throw("submit");
        auto const poll =
            shared_->submit(op::poll{.fd = pipe.out, .events = POLLIN}).or_throw("submit");
        op::timeout const hour{.when = 1h};
        auto const timeout = shared_->submit(hour).or_throw("submit");
        EXPECT_TRUE(shared_->cancel(poll).has_value());
        EXPECT_TRUE(shared_->cancel(timeout).has_value());
        EXPECT_TRUE(shared_->cancel(read).has_value());
        EXPECT_TRUE(fails(shared_->wait(read, patience), ECANCELED));
        EXPECT_TRUE(fails(shared_->wait(timeout, patience), ECANCELED));
        EXPECT_TRUE(fails(shared_->wait(poll, patience), ECANCELED));
    }
    pipe.write("x");
    EXPECT_TRUE(holds(shared_->run(op::read{pipe.out, memory}), 1u));
}

TEST_P(shared_tickets, a_cancel_wakes_the_thread_that_waits) {
    std::array<pipe_pair, 6> pipes;
    std::array<std::array<char, 8>, 6> memory{};
    std::vector<ticket<op::read<>>> tickets;
    for (std::size_t i = 0; i < pipes.size(); ++i)
        tickets.push_back(shared_->submit(op::read{pipes[i].out, memory[i]}).or_throw("submit"));
    std::vector<std::jthread> waiters;
    for (auto const& t : tickets)
        waiters.emplace_back([&, t] { EXPECT_TRUE(fails(shared_->wait(t, patience), ECANCELED)); });
    std::this_thread::sleep_for(10ms);
    for (auto const& t : tickets)
        EXPECT_TRUE(shared_->cancel(t).has_value());
}

TEST_P(shared_tickets, a_cancel_of_what_is_over_leaves_its_value) {
    auto const later = shared_->submit(numbered_nop(3)).or_throw("submit");
    ASSERT_TRUE(eventually([&] { return shared_->poll(later); }));
    EXPECT_TRUE(shared_->cancel(later).has_value());
    EXPECT_TRUE(holds(shared_->wait(later), 3));
}

TEST_P(shared_tickets, an_operation_that_blocks_in_a_worker_can_be_cancelled) {
    pipe_pair const pipe;
    std::array<char, 8> memory{};
    for (int i = 0; i < 5; ++i) {
        auto const later =
            shared_->submit(op::async(op::read{pipe.out, memory})).or_throw("submit");
        EXPECT_TRUE(shared_->flush().has_value());
        std::this_thread::sleep_for(2ms);
        EXPECT_TRUE(shared_->cancel(later).has_value());
        EXPECT_TRUE(fails(shared_->wait(later, patience), ECANCELED));
    }
}

TEST_P(shared_tickets, a_cancel_by_file_finds_its_operations_on_every_shard) {
    pipe_pair const wanted, other;
    constexpr std::size_t count = 8;
    std::array<std::array<char, 8>, count + 1> memory{};
    std::vector<ticket<op::read<>>> tickets(count);
    on_threads(count, [&](std::size_t t) {
        // Half the threads on each CPU; the kernel may place them as it likes.
        tickets[t] = shared_->submit(op::read{wanted.out, memory[t]}).or_throw("submit");
        EXPECT_TRUE(shared_->flush().has_value());
        std::this_thread::sleep_for(1ms);
    });
    auto const spared = shared_->submit(op::read{other.out, memory[count]}).or_throw("submit");
    std::vector<std::jthread> waiters;
    std::atomic<std::size_t> cancelled{0};
    for (auto const& t : tickets)
        waiters.emplace_back([&, t] {
            auto const end = shared_->wait(t, patience);
            cancelled += !end && end.error() == ECANCELED ? 1u : 0u;
        });
    std::this_thread::sleep_for(10ms);
    EXPECT_TRUE(holds(shared_->cancel(op::cancel_match::fd(wanted.out)), count));
    waiters.clear();
    EXPECT_EQ(cancelled, count);
    EXPECT_FALSE(shared_->poll(spared));
    other.write("x");
    EXPECT_TRUE(holds(shared_->wait(spared, patience), 1u));
    EXPECT_TRUE(holds(shared_->cancel(op::cancel_match::fd(wanted.out)), 0u));
}

TEST_P(shared_tickets, a_splice_that_a_cancel_interrupts_says_that_it_was_cancelled) {
    RONDO_NEEDS_KERNEL("codes of the kernel's own");
    pipe_pair const from, to;
    for (int i = 0; i < 5; ++i) {
        op::splice const move{.from = from.out, .to = to.in, .size = 8};
        auto const later = shared_->submit(move).or_throw("submit");
        EXPECT_TRUE(shared_->flush().has_value());
        std::this_thread::sleep_for(2ms);
        EXPECT_TRUE(shared_->cancel(later).has_value());
        EXPECT_TRUE(fails(shared_->wait(later, patience), ECANCELED));
    }
}

TEST_P(shared_tickets, a_cancel_of_everything_ends_runs_too) {
    pipe_pair const pipe;
    std::vector<std::jthread> runs;
    std::atomic<int> ended{0};
    for (int i = 0; i < 3; ++i)
        runs.emplace_back([&] {
            std::array<char, 8> memory{};
            EXPECT_TRUE(fails(shared_->run(op::read{pipe.out, memory}), ECANCELED));
            ++ended;
        });
    // How many were found does not tell when to stop asking: what was cancelled is found again by
    // the next cancel, until the thread that submitted it has run.
    std::uint32_t found = 0;
    EXPECT_TRUE(eventually([&] {
        found += shared_->cancel(op::cancel_match::any()).or_throw("cancel");
        return ended == 3;
    }));
    EXPECT_GE(found, 3u);
    shared_->stop(); // ends what is left after a failure
}

} // namespace
} // namespace rondo
