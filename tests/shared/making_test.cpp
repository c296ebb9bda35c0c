// SPDX-License-Identifier: MIT
// How shared rings are made, what they tell of themselves, and what fork(2) does to them.
#include "shared_test.hpp"

#include <support/child.hpp>
#include <support/wrapped_kernel.hpp>

#include <rondo/op/all.hpp>
#include <rondo/ring/shared_tables.hpp>

#include <sys/resource.h>
#include <sys/wait.h>

namespace rondo {
namespace {

using namespace test;

TEST(shared_making, fails_with_a_reason) {
    EXPECT_TRUE(fails(shared_ring::create({.entries = 0}), EINVAL));
    EXPECT_TRUE(fails(shared_ring::create({.entries = 1'000'000}), EINVAL));
    EXPECT_TRUE(fails(shared_ring::create({.entries = 64, .cq_entries = 8}), EINVAL));
    EXPECT_TRUE(fails(shared_ring::create({.shards = 100'000}), EINVAL, cause::entries));
    refusing_kernel refuses(ENOMEM);
    EXPECT_TRUE(fails(shared_ring::create({.backend = &refuses}), ENOMEM));
    refusing_kernel forbids(EPERM);
    EXPECT_TRUE(fails(shared_ring::create({.backend = &forbids}), EPERM));
}

TEST(shared_making, one_shard_per_cpu_unless_asked_otherwise) {
    ::cpu_set_t allowed;
    ASSERT_EQ(::sched_getaffinity(0, sizeof allowed, &allowed), 0);
    EXPECT_EQ(make_shared({}).shards(), static_cast<std::uint32_t>(CPU_COUNT(&allowed)));
    EXPECT_EQ(make_shared({.shards = 1}).shards(), 1u);
    EXPECT_EQ(make_shared({.shards = 7}).shards(), 7u);
    EXPECT_EQ(make_shared({.shards = 4096, .entries = 1}).shards(), 4096u);
}

TEST(shared_making, works_on_where_no_more_shards_can_be_made) {
    class one_ring_kernel final : public wrapped_kernel {
    public:
        long setup(std::uint32_t entries, abi::params& p) noexcept override {
            return ++rings > allowed ? -EMFILE : wrapped_kernel::setup(entries, p);
        }
        std::atomic<int> rings{0};
        std::atomic<int> allowed{1000};
    } kernel;
    shared_ring shared = make_shared({.entries = 8, .backend = &kernel});
    kernel.allowed = 0;
    on_threads(8, [&](std::size_t t) {
        for (std::int32_t i = 0; i < 100; ++i) {
            EXPECT_TRUE(holds(shared.run(numbered_nop(i)), i));
            if (t == 0)
                std::this_thread::yield();
        }
    });
    EXPECT_EQ(shared.statistics().in_flight, 0u);
    EXPECT_TRUE(holds(shared.cancel(op::cancel_match::any()), 0u));
}

TEST(shared_making, statistics_count_what_was_done) {
    shared_ring shared = make_shared({.shards = 1, .entries = 8});
    auto const fresh = shared.statistics();
    EXPECT_EQ(fresh.submitted + fresh.enters + fresh.in_flight + fresh.handovers, 0u);
    for (int i = 0; i < 20; ++i)
        EXPECT_TRUE(holds(shared.run(op::nop{}), 0));
    pipe_pair const pipe;
    std::array<char, 4> memory{};
    auto const later = shared.submit(op::read{pipe.out, memory}).or_throw("submit");
    auto const busy = shared.statistics(0);
    EXPECT_EQ(busy.submitted, 21u);
    EXPECT_EQ(busy.in_flight, 1u);
    EXPECT_EQ(busy.sq_head, busy.sq_tail);
    EXPECT_EQ(busy.cq_head, busy.cq_tail);
    EXPECT_EQ(busy.cq_tail, 20u);
    EXPECT_EQ(busy.enters, 21u);
    EXPECT_EQ(busy.dropped, 0u);
    EXPECT_EQ(busy.overflows, 0u);
    pipe.write("x");
    EXPECT_TRUE(holds(shared.wait(later), 1u));
    EXPECT_EQ(shared.statistics().in_flight, 0u);
    EXPECT_EQ(shared.statistics(1).submitted, 0u) << "there is no such shard";
    EXPECT_EQ(shared.statistics(0xffff'ffff).submitted, 0u);
}

TEST(shared_making, statistics_may_be_asked_at_any_time) {
    shared_ring shared = make_shared({.entries = 8});
    std::atomic<bool> done{false};
    std::jthread observer([&] {
        std::uint64_t before = 0;
        while (!done) {
            auto const now = shared.statistics();
            EXPECT_GE(now.submitted, before);
            before = now.submitted;
            static_cast<void>(shared.is_stopped());
        }
    });
    on_threads(4, [&](std::size_t) {
        for (std::int32_t i = 0; i < 500; ++i)
            EXPECT_TRUE(holds(shared.run(numbered_nop(i)), i));
    });
    done = true;
    observer.join();
    EXPECT_EQ(shared.statistics().submitted, 2000u);
}

TEST(shared_making, a_feature_that_is_missing_is_named) {
    shared_ring shared = make_shared({.shards = 1});
    EXPECT_EQ(shared.features().engine, is_emulated() ? engine::emulated : engine::kernel);
    EXPECT_GE(shared.features().sq_entries, 128u);
}

TEST(shared_making, a_poller_takes_submissions_and_is_woken_when_it_sleeps) {
    auto made = shared_ring::create({.entries = 8, .poller = {.idle_ms = 1}});
    if (!made && is_emulated())
        GTEST_SKIP() << "no poller in user space: " << made.error().message().c_str();
    shared_ring shared = std::move(made).or_throw("shared ring");
    EXPECT_EQ(shared.shards(), 1u);
    for (std::int32_t i = 0; i < 20; ++i) {
        std::this_thread::sleep_for(i % 4 == 0 ? 5ms : 0ms);
        EXPECT_TRUE(holds(shared.run(numbered_nop(i)), i));
        auto const [a, b] = shared.run(op::link(numbered_nop(i), numbered_nop(i + 1)));
        EXPECT_TRUE(holds(a, i));
        EXPECT_TRUE(holds(b, i + 1));
    }
}

class shared_fork : public shared_matrix {};
RONDO_FOR_EVERY_SHAPE(shared_fork);

TEST_P(shared_fork, calls_in_the_child_fail_and_the_parent_goes_on) {
    pipe_pair const pipe;
    std::array<char, 4> memory{};
    auto const later = shared_->submit(op::read{pipe.out, memory}).or_throw("submit");
    auto const over = shared_->submit(numbered_nop(3)).or_throw("submit");
    child_end const end = in_child([&] {
        EXPECT_TRUE(shared_->is_inherited());
        EXPECT_TRUE(fails(shared_->run(op::nop{}), ECHILD, cause::forked));
        EXPECT_TRUE(fails(shared_->run(op::nop{}, 1ms), ECHILD, cause::forked));
        EXPECT_TRUE(fails(shared_->submit(op::nop{}), ECHILD, cause::forked));
        EXPECT_TRUE(fails(shared_->submit(op::link(op::nop{}, op::nop{})), ECHILD));
        EXPECT_TRUE(fails(shared_->reserve(1), ECHILD, cause::forked));
        EXPECT_TRUE(fails(shared_->wait(later), ECHILD, cause::forked));
        EXPECT_TRUE(fails(shared_->cancel(later), ECHILD, cause::forked));
        EXPECT_TRUE(fails(shared_->cancel(op::cancel_match::any()), ECHILD, cause::forked));
        EXPECT_TRUE(fails(shared_->push(op::nop{}, 1), ECHILD, cause::forked));
        EXPECT_TRUE(fails(shared_->next(), ECHILD, cause::forked));
        EXPECT_TRUE(fails(shared_->flush(), ECHILD, cause::forked));
        EXPECT_TRUE(shared_->poll(later)) << "a wait would not block";
        shared_->stop();
        shared_.reset();
    });
    EXPECT_TRUE(end.succeeded()) << end;
    EXPECT_FALSE(shared_->is_inherited());
    EXPECT_TRUE(fails(shared_->wait(later, 10ms), ETIME)) << "the child must not cancel it";
    pipe.write("x");
    EXPECT_TRUE(holds(shared_->wait(later, patience), 1u));
    EXPECT_TRUE(holds(shared_->wait(over, patience), 3));
    EXPECT_TRUE(holds(shared_->run(numbered_nop(4)), 4));
}

TEST_P(shared_fork, a_reservation_cannot_be_committed_in_the_child) {
    reservation batch = shared_->reserve(1).or_throw("reserve");
    auto const later = batch.add(numbered_nop(6));
    child_end const end = in_child([&] {
        EXPECT_TRUE(fails(batch.commit(), ECHILD, cause::forked));
        EXPECT_TRUE(fails(shared_->wait(later), ECHILD));
    });
    EXPECT_TRUE(end.succeeded()) << end;
    EXPECT_TRUE(holds(batch.commit()));
    EXPECT_TRUE(holds(shared_->wait(later), 6));
}

TEST_P(shared_fork, a_deadline_moved_in_the_child_reaches_nobody) {
    pipe_pair const pipe;
    std::array<char, 4> memory{};
    call_deadline limit;
    std::jthread const reader(
        [&] { EXPECT_TRUE(holds(shared_->run(op::read{pipe.out, memory}, limit), 1u)); });
    ASSERT_TRUE(eventually([&] { return limit.waiting() == 1; }));
    child_end const end = in_child([&] {
        limit.set(1ms);
        limit.end();
    });
    EXPECT_TRUE(end.succeeded()) << end;
    pipe.write("x");
}

TEST_P(shared_fork, the_child_may_ask_about_it) {
    EXPECT_TRUE(holds(shared_->run(op::nop{}), 0));
    child_end const end = in_child([&] {
        static_cast<void>(shared_->statistics());
        static_cast<void>(shared_->statistics(0));
        EXPECT_FALSE(shared_->is_stopped());
        EXPECT_GE(shared_->shards(), 1u);
        EXPECT_GE(shared_->features().sq_entries, 1u);
    });
    EXPECT_TRUE(end.succeeded()) << end;
}

/// Lets a thread stop inside one of the calls, as long as it is told to.
class halting_kernel final : public wrapped_kernel {
public:
    long setup(std::uint32_t entries, abi::params& p) noexcept override {
        halt();
        return wrapped_kernel::setup(entries, p);
    }
    long register_(int fd, std::uint32_t operation, void* arg,
                   std::uint32_t count) noexcept override {
        halt();
        return wrapped_kernel::register_(fd, operation, arg, count);
    }
    std::atomic<bool> halts{false};
    std::atomic<bool> halted{false};

private:
    void halt() noexcept {
        while (halts) {
            halted = true;
            std::this_thread::sleep_for(1ms);
        }
    }
};

TEST(shared_inherited, the_child_may_ask_while_another_thread_was_making_a_shard) {
    halting_kernel kernel;
    shared_ring shared = make_shared({.shards = 2, .entries = 4, .backend = &kernel});
    kernel.halts = true;
    std::jthread const maker([&] { EXPECT_TRUE(holds(shared_files::create(shared, 4))); });
    ASSERT_TRUE(eventually([&] { return kernel.halted.load(); }));
    child_end const end = in_child(
        [&] {
            EXPECT_EQ(shared.statistics().submitted, 0u);
            EXPECT_EQ(shared.statistics(1).submitted, 0u);
            EXPECT_FALSE(shared.is_stopped());
            EXPECT_TRUE(fails(shared.run(op::nop{}), ECHILD, cause::forked));
            EXPECT_TRUE(fails(shared.flush(), ECHILD, cause::forked));
            EXPECT_TRUE(fails(shared_files::create(shared, 4), ECHILD, cause::forked));
            shared.stop();
            std::optional<shared_ring> const ended(std::move(shared));
        },
        5);
    EXPECT_TRUE(end.succeeded()) << end;
    kernel.halts = false;
}

TEST(shared_inherited, the_child_may_use_a_table_that_another_thread_was_changing) {
    halting_kernel kernel;
    shared_ring shared = make_shared({.shards = 1, .entries = 4, .backend = &kernel});
    pipe_pair const pipe;
    auto table = shared_files::create(shared, 4).or_throw("files");
    owned_slot mine = table.insert(pipe.in.get()).or_throw("insert");
    kernel.halts = true;
    std::jthread const other([&] { EXPECT_TRUE(holds(table.insert(pipe.out.get()))); });
    ASSERT_TRUE(eventually([&] { return kernel.halted.load(); }));
    child_end const end = in_child(
        [&] {
            EXPECT_TRUE(fails(table.insert(pipe.out.get()), ECHILD, cause::forked));
            EXPECT_TRUE(fails(table.release(0), ECHILD, cause::forked));
            EXPECT_EQ(table.free_slots(), 0u);
            owned_slot const ended(std::move(mine));
        },
        5);
    EXPECT_TRUE(end.succeeded()) << end;
    kernel.halts = false;
}

TEST_P(shared_fork, an_own_ring_works_in_the_child) {
    EXPECT_TRUE(holds(shared_->run(op::nop{}), 0));
    child_end const end = in_child([&] {
        shared_ = make_shared(GetParam().options);
        on_threads(4, [&](std::size_t) {
            for (std::int32_t i = 0; i < 50; ++i)
                EXPECT_TRUE(holds(shared_->run(numbered_nop(i)), i));
        });
        shared_.reset();
    });
    EXPECT_TRUE(end.succeeded()) << end;
}

} // namespace
} // namespace rondo
