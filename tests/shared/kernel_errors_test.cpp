// SPDX-License-Identifier: MIT
// What io_uring_enter(2) may answer on a bad day: a shared ring deals with it and loses nothing.
#include "rough_kernel.hpp"
#include "shared_test.hpp"

#include <rondo/op/all.hpp>

#include <cstdlib>

namespace rondo {
namespace {

using namespace test;

class shared_kernel_errors : public ::testing::TestWithParam<std::uint32_t> {
protected:
    void use_from_many_threads(shared_ring& shared) {
        on_threads(10, [&](std::size_t t) {
            pipe_pair const pipe;
            std::array<char, 1> byte{};
            for (std::int32_t i = 0; i < 40; ++i) {
                std::int32_t const number = static_cast<std::int32_t>(t) * 100 + i;
                EXPECT_TRUE(holds(shared.run(numbered_nop(number)), number));
                auto const read = shared.submit(op::read{pipe.out, byte}).or_throw("submit");
                auto const nop = shared.submit(numbered_nop(number)).or_throw("submit");
                EXPECT_TRUE(holds(shared.run(op::write{pipe.in, bytes_of("x")}), 1u));
                EXPECT_TRUE(holds(shared.wait(nop), number));
                EXPECT_TRUE(holds(shared.wait(read), 1u));
                if (i % 8 == 0) {
                    EXPECT_TRUE(fails(shared.run(op::read{pipe.out, byte}, 1ms), ETIME));
                }
            }
        });
    }
};
INSTANTIATE_TEST_SUITE_P(entries, shared_kernel_errors, ::testing::Values(2u, 4u, 8u));

TEST_P(shared_kernel_errors, enters_that_fail_at_random_lose_nothing) {
    for (std::uint64_t const one_in : {2u, 3u, 10u}) {
        rough_kernel rough(one_in);
        shared_ring shared = make_shared({.shards = 1, .entries = GetParam(), .backend = &rough});
        use_from_many_threads(shared);
        EXPECT_GT(rough.spoiled, 0u);
        shared.stop();
        EXPECT_EQ(shared.statistics().in_flight, 0u);
    }
}

TEST_P(shared_kernel_errors, enters_that_fail_at_random_leave_chains_whole) {
    rough_kernel rough(2, false);
    shared_ring shared = make_shared({.shards = 1, .entries = GetParam(), .backend = &rough});
    on_threads(6, [&](std::size_t) {
        pipe_pair const pipe;
        std::array<char, 1> byte{};
        for (int i = 0; i < 30; ++i) {
            auto const [wrote, read] =
                shared.run(op::link(op::write{pipe.in, bytes_of("x")}, op::read{pipe.out, byte}));
            EXPECT_TRUE(holds(wrote, 1u));
            EXPECT_TRUE(holds(read, 1u));
        }
    });
}

TEST_P(shared_kernel_errors, operations_that_the_kernel_refuses_for_good_fail_by_what_it_says) {
    class dead_kernel final : public wrapped_kernel {
    public:
        long enter(int fd, std::uint32_t to_submit, std::uint32_t min_complete, std::uint32_t flags,
                   void const* arg, std::size_t size) noexcept override {
            return dead && to_submit != 0
                       ? -ENXIO
                       : wrapped_kernel::enter(fd, to_submit, min_complete, flags, arg, size);
        }
        std::atomic<bool> dead{true};
    } kernel;
    shared_ring shared = make_shared({.shards = 1, .entries = GetParam(), .backend = &kernel});
    on_threads(4, [&](std::size_t) {
        for (int i = 0; i < 20; ++i) {
            EXPECT_TRUE(fails(shared.run(op::nop{}), ENXIO));
            auto const later = shared.submit(op::nop{});
            ASSERT_TRUE(later.has_value());
            EXPECT_TRUE(fails(shared.wait(*later), ENXIO));
            auto const [a, b] = shared.run(op::link(op::nop{}, op::nop{}));
            EXPECT_TRUE(fails(a, ENXIO));
            EXPECT_TRUE(fails(b, ENXIO));
        }
    });
    EXPECT_TRUE(holds(shared.push(op::nop{}, 8)));
    auto const c = shared.next(patience);
    ASSERT_TRUE(c.has_value()) << why(c);
    EXPECT_EQ(c->res, -ENXIO);
    EXPECT_EQ(shared.statistics().in_flight, 0u);
    kernel.dead = false;
    EXPECT_TRUE(holds(shared.run(numbered_nop(5)), 5));
}

TEST_P(shared_kernel_errors, a_cancel_that_is_lost_is_repeated) {
    deaf_kernel deaf;
    shared_ring shared = make_shared({.shards = 1, .entries = GetParam(), .backend = &deaf});
    pipe_pair const pipe;
    std::array<char, 1> byte{};
    deaf.deaf = true;
    std::jthread hears_again([&] {
        EXPECT_TRUE(eventually([&] { return deaf.lost >= 4; }));
        deaf.deaf = false;
    });
    EXPECT_TRUE(fails(shared.run(op::read{pipe.out, byte}, 1ms), ETIME));
    auto const later = shared.submit(op::read{pipe.out, byte}).or_throw("submit");
    deaf.deaf = true;
    EXPECT_TRUE(holds(shared.cancel(later)));
    deaf.deaf = false;
    EXPECT_TRUE(fails(shared.wait(later, patience), ECANCELED));
}

TEST_P(shared_kernel_errors, what_completes_while_a_cancel_is_repeated_is_not_lost) {
    static pipe_pair const* wanted = nullptr;
    static int times = 0;
    pipe_pair const pipe, reapers;
    wanted = &pipe;
    times = 0;
    deaf_kernel deaf;
    shared_ring shared = make_shared({.shards = 1, .entries = GetParam(), .backend = &deaf});
    // Another thread sleeps in the kernel, so that the one with the deadline sleeps on its flight.
    std::jthread reaper([&] {
        std::array<char, 1> memory{};
        EXPECT_TRUE(holds(shared.run(op::read{reapers.out, memory}), 1u));
    });
    std::this_thread::sleep_for(10ms);
    deaf.deaf = true;
    // When the cancel is repeated the kernel is busy, and just then the operation completes.
    deaf.when_busy = [](deaf_kernel& k) {
        if (times++ == 0)
            wanted->write("x");
        std::this_thread::sleep_for(1ms);
        k.busy = times < 2;
    };
    std::atomic<bool> returned{false};
    std::jthread caller([&] {
        std::array<char, 1> byte{};
        EXPECT_TRUE(holds(shared.run(op::read{pipe.out, byte}, 1ms), 1u));
        returned = true;
    });
    EXPECT_TRUE(eventually([&] { return deaf.lost >= 1; }));
    std::this_thread::sleep_for(2ms); // it sleeps until it asks again
    deaf.busy = true;
    EXPECT_TRUE(eventually([&] { return returned.load(); })) << "its completion was forgotten";
    reapers.write("x");
    if (!returned)
        std::_Exit(1); // it would wait for ever
}

TEST_P(shared_kernel_errors, a_run_that_another_thread_submitted_survives_that_threads_end) {
    deaf_kernel kernel;
    shared_ring shared = make_shared({.shards = 1, .entries = GetParam(), .backend = &kernel});
    pipe_pair const pipe;
    std::jthread caller([&] {
        kernel.busy_for = ::pthread_self();
        kernel.busy = true;
        std::array<char, 1> byte{};
        EXPECT_TRUE(holds(shared.run(op::read{pipe.out, byte}, patience), 1u));
    });
    // Its own attempts fail; between two of them somebody else sends all that is queued, and ends.
    ASSERT_TRUE(eventually([&] { return kernel.submits >= 2; }));
    std::jthread([&] { EXPECT_TRUE(holds(shared.run(op::nop{}), 0)); }).join();
    kernel.busy = false;
    pipe.write("x");
}

TEST_P(shared_kernel_errors, a_cancel_reaches_a_run_whose_submitter_ends_just_then) {
    for (int i = 0; i < 20; ++i) {
        deaf_kernel kernel;
        shared_ring shared = make_shared({.shards = 1, .entries = GetParam(), .backend = &kernel});
        pipe_pair const from, to;
        std::jthread caller([&] {
            kernel.busy_for = ::pthread_self();
            kernel.busy = true;
            op::splice const move{.from = from.out, .to = to.in, .size = 1};
            EXPECT_TRUE(fails(shared.run(move, patience), ECANCELED));
        });
        ASSERT_TRUE(eventually([&] { return kernel.submits >= 2; }));
        std::jthread([&] { EXPECT_TRUE(holds(shared.run(op::nop{}), 0)); }).join();
        kernel.busy = false;
        std::this_thread::sleep_for(i * 50us);
        EXPECT_TRUE(holds(shared.cancel(op::cancel_match::any())));
    }
}

/// One that submits nothing before it is full.
shared_ring gathering(std::uint32_t entries, deaf_kernel& kernel) {
    return make_shared({.shards = 1,
                        .entries = entries,
                        .submit_delay_ns = 1'000'000'000'000,
                        .backend = &kernel});
}

/// Until it is full, and then the kernel takes nothing.
std::vector<ticket<op::nop>> fill(std::uint32_t entries, shared_ring& shared, deaf_kernel& kernel) {
    std::vector<ticket<op::nop>> tickets;
    for (std::uint32_t i = 0; i < entries; ++i)
        tickets.push_back(shared.submit(op::nop{}).or_throw("submit"));
    kernel.busy = true;
    return tickets;
}

TEST_P(shared_kernel_errors, what_is_asked_to_end_while_it_waits_for_room_is_not_run_again) {
    if (is_emulated())
        GTEST_SKIP() << "the engines in user space do not mind that a thread ends";
    deaf_kernel kernel;
    shared_ring shared = gathering(GetParam(), kernel);
    pipe_pair const pipe;
    std::array<char, 1> byte{};
    ticket<op::read<>> later;
    std::jthread([&] {
        later = shared.submit(op::read{pipe.out, byte}).or_throw("submit");
        EXPECT_TRUE(holds(shared.flush()));
    }).join();
    pipe.write("x"); // which the kernel does not read for a thread that is gone
    ASSERT_TRUE(eventually([&] { return shared.flush() && shared.statistics().in_flight == 0; }));
    auto const tickets = fill(GetParam(), shared, kernel);
    std::jthread waiter([&] { EXPECT_TRUE(fails(shared.wait(later, patience), ECANCELED)); });
    ASSERT_TRUE(eventually([&] { return kernel.submits >= 4; }));
    std::jthread canceller([&] { EXPECT_TRUE(holds(shared.cancel(later))); });
    std::this_thread::sleep_for(10ms);
    kernel.busy = false;
    waiter.join();
    canceller.join();
    EXPECT_TRUE(holds(shared.run(op::read{pipe.out, byte}, patience), 1u)) << "it is still there";
    for (auto const& t : tickets)
        EXPECT_TRUE(holds(shared.wait(t), 0));
}

TEST_P(shared_kernel_errors, what_waits_for_room_while_it_stops_is_not_submitted_afterwards) {
    deaf_kernel kernel;
    shared_ring shared = gathering(GetParam(), kernel);
    pipe_pair const pipe;
    std::array<char, 1> byte{};
    // Full, and the kernel takes nothing for a while.
    auto const tickets = fill(GetParam(), shared, kernel);
    std::jthread late([&] {
        auto const end = shared.run(op::read{pipe.out, byte}, 2s);
        EXPECT_TRUE(!end && (end.error() == ESHUTDOWN || end.error() == ECANCELED)) << why(end);
    });
    std::this_thread::sleep_for(5ms);
    std::jthread stopper([&] { shared.stop(); });
    std::this_thread::sleep_for(5ms);
    kernel.busy = false;
    stopper.join();
    EXPECT_EQ(shared.statistics().in_flight, 0u);
    late.join();
    for (auto const& t : tickets)
        EXPECT_TRUE(holds(shared.wait(t), 0));
}

} // namespace
} // namespace rondo
