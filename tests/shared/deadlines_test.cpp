// SPDX-License-Identifier: MIT
// Deadlines of waits and runs, and those that other threads move.
#include "shared_test.hpp"

#include <rondo/op/all.hpp>

namespace rondo {
namespace {

using namespace test;
using clock = std::chrono::steady_clock;

class shared_deadlines : public shared_matrix {
protected:
    /// Reads from a pipe that stays empty, by a deadline, and tells what came of it.
    [[nodiscard]] result<std::size_t> read_by(call_deadline& until) {
        std::array<char, 8> memory{};
        return shared_->run(op::read{empty_.out, memory}, until);
    }
    pipe_pair empty_;
};
RONDO_FOR_EVERY_SHAPE(shared_deadlines);

TEST_P(shared_deadlines, a_wait_that_gives_up_leaves_the_ticket_good) {
    std::array<char, 8> memory{};
    auto const later = shared_->submit(op::read{empty_.out, memory}).or_throw("submit");
    auto const start = clock::now();
    EXPECT_TRUE(fails(shared_->wait(later, 20ms), ETIME));
    EXPECT_GE(clock::now() - start, 20ms);
    EXPECT_LT(clock::now() - start, 5s);
    EXPECT_TRUE(fails(shared_->wait(later, clock::now() - 1h), ETIME));
    EXPECT_TRUE(fails(shared_->wait(later, -1ms), ETIME));
    empty_.write("ab");
    EXPECT_TRUE(holds(shared_->wait(later, patience), 2u));
}

TEST_P(shared_deadlines, a_run_is_cancelled_at_its_own) {
    std::array<char, 8> memory{};
    for (int i = 0; i < 5; ++i) {
        auto const start = clock::now();
        EXPECT_TRUE(fails(shared_->run(op::read{empty_.out, memory}, 5ms), ETIME));
        EXPECT_GE(clock::now() - start, 5ms);
        EXPECT_LT(clock::now() - start, 5s);
    }
    EXPECT_TRUE(fails(shared_->run(op::read{empty_.out, memory}, clock::now() - 1h), ETIME));
    EXPECT_EQ(memory, (std::array<char, 8>{}));
    empty_.write("abc");
    EXPECT_TRUE(holds(shared_->run(op::read{empty_.out, memory}, patience), 3u))
        << "nothing else takes it";
}

TEST_P(shared_deadlines, a_value_that_is_there_wins_over_a_deadline_in_the_past) {
    empty_.write("abc");
    std::array<char, 1> memory{};
    for (std::size_t i = 0; i < 3; ++i)
        EXPECT_TRUE(holds(shared_->run(op::read{empty_.out, memory}, clock::now() - 1h), 1u));
    call_deadline past;
    past.set(clock::now() - 1h);
    EXPECT_TRUE(holds(shared_->run(numbered_nop(2), past), 2));
}

TEST_P(shared_deadlines, those_of_many_threads_end_each_its_own_call) {
    on_threads(16, [&](std::size_t t) {
        pipe_pair const mine;
        std::array<char, 1> memory{};
        for (int i = 0; i < 6; ++i) {
            auto const limit = std::chrono::milliseconds(1 + (t * 5) % 13);
            auto const start = clock::now();
            EXPECT_TRUE(fails(shared_->run(op::read{mine.out, memory}, limit), ETIME));
            EXPECT_GE(clock::now() - start, limit);
        }
    });
    EXPECT_TRUE(eventually([&] {
        EXPECT_TRUE(holds(shared_->flush()));
        return shared_->statistics().in_flight == 0;
    }));
}

TEST_P(shared_deadlines, a_call_in_a_worker_is_ended_too) {
    std::array<char, 8> memory{};
    EXPECT_TRUE(fails(shared_->run(op::async(op::read{empty_.out, memory}), 5ms), ETIME));
}

TEST_P(shared_deadlines, a_splice_is_ended_too) {
    RONDO_NEEDS_KERNEL("codes of the kernel's own");
    pipe_pair const to;
    op::splice const move{.from = empty_.out, .to = to.in, .size = 8};
    EXPECT_TRUE(fails(shared_->run(move, 5ms), ETIME));
}

TEST_P(shared_deadlines, one_that_is_set_ends_the_call_that_waits) {
    for (int i = 0; i < 5; ++i) {
        call_deadline limit;
        std::jthread caller([&] { EXPECT_TRUE(fails(read_by(limit), ETIME)); });
        ASSERT_TRUE(eventually([&] { return limit.waiting() == 1; }));
        if (i % 2 == 0) // else it may be on its way to sleep still
            std::this_thread::sleep_for(5ms);
        limit.set(i < 3 ? deadline(2ms) : deadline(clock::now() - 1s));
        caller.join();
        EXPECT_EQ(limit.waiting(), 0u);
    }
}

TEST_P(shared_deadlines, one_that_is_put_off_lets_the_call_go_on) {
    call_deadline limit;
    limit.set(100ms);
    auto const start = clock::now();
    std::jthread caller([&] { EXPECT_TRUE(holds(read_by(limit), 1u)); });
    ASSERT_TRUE(eventually([&] { return limit.waiting() == 1; }));
    limit.set({});
    std::this_thread::sleep_until(start + 200ms);
    EXPECT_EQ(limit.waiting(), 1u);
    empty_.write("x");
}

TEST_P(shared_deadlines, one_moves_for_all_who_wait_asleep_in_the_kernel_or_not) {
    call_deadline limit;
    std::vector<std::jthread> callers;
    for (int i = 0; i < 12; ++i)
        callers.emplace_back([&] { EXPECT_TRUE(fails(read_by(limit), ETIME)); });
    ASSERT_TRUE(eventually([&] { return limit.waiting() == 12; }));
    std::this_thread::sleep_for(5ms);
    limit.set(1h);
    std::this_thread::sleep_for(5ms);
    EXPECT_EQ(limit.waiting(), 12u);
    auto const start = clock::now();
    limit.set(10ms);
    callers.clear();
    EXPECT_LT(clock::now() - start, 5s);
    EXPECT_EQ(limit.waiting(), 0u);
}

TEST_P(shared_deadlines, of_many_moved_by_many_none_is_missed) {
    constexpr std::size_t count = 6;
    std::array<call_deadline, count> limits;
    std::atomic<std::size_t> left{count};
    std::vector<std::jthread> callers;
    for (std::size_t t = 0; t < count; ++t)
        callers.emplace_back([&, t] {
            for (int i = 0; i < 25; ++i) {
                limits[t].set({});
                EXPECT_TRUE(fails(read_by(limits[t]), ETIME));
            }
            --left;
        });
    auto const start = clock::now();
    for (std::size_t i = 0; left != 0 && clock::now() - start < patience; ++i) {
        limits[i % count].set(i / count % 3 == 0 ? deadline(1h) : deadline(clock::now()));
        if (i % 7 == 0)
            std::this_thread::sleep_for(100us);
    }
    EXPECT_EQ(left, 0u);
    for (auto& l : limits)
        l.end();
}

TEST_P(shared_deadlines, an_ended_one_ends_calls_now_and_later) {
    call_deadline limit;
    std::vector<std::jthread> callers;
    for (int i = 0; i < 6; ++i)
        callers.emplace_back([&] { EXPECT_TRUE(fails(read_by(limit), ECANCELED, cause::ended)); });
    ASSERT_TRUE(eventually([&] { return limit.waiting() == 6; }));
    limit.end();
    callers.clear();
    EXPECT_TRUE(limit.has_ended());
    limit.set(1h);
    EXPECT_TRUE(limit.has_ended()) << "for good";
    EXPECT_TRUE(fails(read_by(limit), ECANCELED, cause::ended));
}

TEST_P(shared_deadlines, what_arrives_while_one_moves_is_not_lost) {
    constexpr int count = 100;
    call_deadline limit;
    std::atomic<int> arrived{0};
    std::atomic<bool> done{false};
    std::jthread mover([&] {
        for (int i = 0; !done; ++i) {
            limit.set(i % 2 == 0 ? deadline(200us) : deadline(1h));
            std::this_thread::sleep_for(150us);
        }
    });
    std::jthread writer([&] {
        for (int i = 0; i < count; ++i) {
            empty_.write("x");
            std::this_thread::sleep_for(200us);
        }
    });
    std::array<char, 1> memory{};
    auto const start = clock::now();
    while (arrived < count && clock::now() - start < patience) {
        auto const got = shared_->run(op::read{empty_.out, memory}, limit);
        if (got)
            ++arrived;
        else
            EXPECT_TRUE(fails(got, ETIME));
    }
    done = true;
    EXPECT_EQ(arrived, count) << "a byte was read and its result dropped";
}

} // namespace
} // namespace rondo
