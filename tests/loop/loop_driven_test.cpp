// SPDX-License-Identifier: MIT
// Loops under another event loop: run_ready() never blocks, and the descriptor is readable as soon
// as there is a reason to call it.
#include "loop_fixture.hpp"

#include <support/other_kernel.hpp>
#include <support/pipe_pair.hpp>
#include <support/threads.hpp>
#include <support/wrapped_kernel.hpp>

#include <array>
#include <chrono>
#include <poll.h>
#include <set>
#include <string>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>

namespace rondo::test {
namespace {

using reading = operation<op::read<>>;
using namespace std::chrono_literals;

bool is_readable(int fd, std::chrono::milliseconds patience) {
    ::pollfd one{fd, POLLIN, 0};
    return ::poll(&one, 1, static_cast<int>(patience.count())) == 1;
}

bool run_ready(loop& l) { return l.run_ready().or_throw("run_ready"); }

/// As poll(2) would have it, until `done`. Returns how often the loop was run.
int drive(loop& l, std::function<bool()> const& done) {
    int turns = 0;
    for (; !done() && turns < 100'000; ++turns) {
        if (turns != 0 && !is_readable(l.native_handle(), 5s)) {
            ADD_FAILURE() << "the descriptor should be readable";
            break;
        }
        run_ready(l);
    }
    EXPECT_TRUE(done());
    return turns;
}

class a_driven_loop : public on_both {
protected:
    pipe_pair p;
    std::array<char, 8> into{};
    op::read<> read_p() { return op::read{.fd = p.out, .into = into}; }
};
RONDO_LOOPS_ON_BOTH(a_driven_loop);

TEST_P(a_driven_loop, is_not_readable_while_there_is_nothing_to_do) {
    loop l = make();
    int const fd = l.native_handle();
    EXPECT_FALSE(run_ready(l));
    EXPECT_FALSE(is_readable(fd, 20ms));
    reading r(l, read_p());
    r.start();
    EXPECT_FALSE(run_ready(l));
    EXPECT_FALSE(is_readable(fd, 20ms));
    p.write("x");
    EXPECT_TRUE(is_readable(fd, 5s));
    EXPECT_EQ(r.runs, 0);
    for (int i = 0; i < 100 && r.runs == 0; ++i)
        run_ready(l);
    EXPECT_EQ(r.result, 1);
    while (is_readable(fd, 10ms))
        EXPECT_FALSE(run_ready(l));
}

TEST_P(a_driven_loop, is_readable_when_a_timer_is_due) {
    loop l = make();
    std::vector<int> order;
    called_timer late([&] { order.push_back(2); }), early([&] { order.push_back(1); });
    std::int64_t const begin = l.now();
    l.timers().arm(late, begin + 30'000'000);
    static_cast<void>(l.native_handle()); // readable until the next run_ready()
    run_ready(l);
    EXPECT_FALSE(is_readable(l.native_handle(), 5ms));
    l.timers().arm(early, begin + 15'000'000); // earlier than what the kernel was told
    int const turns = drive(l, [&] { return order.size() == 2; });
    EXPECT_EQ(order, (std::vector{1, 2}));
    EXPECT_GE(l.now(), begin + 30'000'000);
    EXPECT_LT(turns, 12);
    while (is_readable(l.native_handle(), 5ms))
        run_ready(l);
}

TEST_P(a_driven_loop, sends_cancels_of_what_ran) {
    loop l = make(2, 4);
    reading r(l, read_p());
    called_timer t([&] { r.cancel(); });
    r.start();
    l.timers().arm(t, l.now() + 1'000'000);
    drive(l, [&] { return r.runs == 1; });
    EXPECT_EQ(r.result, -ECANCELED);
    posted w([&] { r.cancel(); });
    r.start();
    run_ready(l);
    l.post(w);
    run_ready(l);
    drive(l, [&] { return r.runs == 2; });
}

TEST_P(a_driven_loop, gives_the_kernel_what_completions_start) {
    loop l = make(1, 2, false);
    int left = 200;
    std::vector<std::unique_ptr<operation<op::nop>>> all;
    for (int i = 0; i < 10; ++i) {
        all.push_back(std::make_unique<operation<op::nop>>(l, op::nop{}));
        all.back()->then = [&, self = all.back().get()] {
            if (left-- > 0)
                self->start();
        };
        all.back()->start();
    }
    drive(l, [&] { return l.in_flight() == 0; });
    EXPECT_EQ(left, -10);
}

TEST_P(a_driven_loop, does_not_spin_while_operations_wait_for_room) {
    loop_options options{};
    options.most_in_flight = 1;
    loop l = make(options);
    reading first(l, read_p()), second(l, read_p());
    first.start();
    second.start();
    static_cast<void>(l.native_handle());
    run_ready(l);
    run_ready(l);
    EXPECT_FALSE(is_readable(l.native_handle(), 20ms));
    p.write("x");
    drive(l, [&] { return first.runs == 1; });
    while (is_readable(l.native_handle(), 10ms))
        run_ready(l);
    EXPECT_EQ(second.runs, 0);
    p.write("x");
    drive(l, [&] { return second.runs == 1; });
}

TEST_P(a_driven_loop, is_readable_after_a_post_from_another_thread) {
    loop l = make();
    drive(l, [] { return true; });
    run_ready(l);
    constexpr int rounds = 200;
    int ran = 0;
    std::vector<std::unique_ptr<posted_item>> items;
    for (int i = 0; i < rounds; ++i)
        items.push_back(std::make_unique<posted_item>([&ran] { ++ran; }));
    std::thread other([&] {
        for (auto const& i : items) {
            EXPECT_TRUE(l.inbox().post(*i));
            std::this_thread::yield();
        }
    });
    drive(l, [&] { return ran == rounds; });
    other.join();
    while (is_readable(l.native_handle(), 5ms))
        run_ready(l);
}

TEST_P(a_driven_loop, is_readable_while_work_posts_itself) {
    loop l = make();
    int left = 100;
    posted again([&] {
        if (--left > 0)
            l.post(again);
    });
    l.post(again);
    int const turns = drive(l, [&] { return left == 0; });
    EXPECT_LT(turns, 50);
}

TEST_P(a_driven_loop, can_be_run_by_itself_in_between) {
    loop l = make();
    reading r(l, read_p());
    called_timer t([&] { p.write("x"); });
    for (int round = 1; round <= 5; ++round) {
        r.start();
        l.timers().arm(t, l.now() + 1'000'000);
        if (round % 2 == 0)
            drive(l, [&] { return r.runs == round; });
        else
            l.run().or_throw("run");
        EXPECT_EQ(r.runs, round);
    }
}

TEST_P(a_driven_loop, stands_under_epoll_edge_or_level) {
    for (std::uint32_t const edge : {std::uint32_t{0}, std::uint32_t{EPOLLET}}) {
        loop l = make();
        unique_fd const set(::epoll_create1(EPOLL_CLOEXEC));
        ::epoll_event event{.events = EPOLLIN | edge, .data = {}};
        ASSERT_EQ(::epoll_ctl(set.get(), EPOLL_CTL_ADD, l.native_handle(), &event), 0);
        reading r(l, read_p());
        called_timer t;
        t.f = [&] {
            p.write("x");
            if (r.runs < 20)
                l.timers().arm(t, l.now() + 500'000);
        };
        r.then = [&] {
            if (r.runs < 20)
                r.start();
        };
        r.start();
        l.timers().arm(t, l.now());
        run_ready(l);
        while (r.runs < 20) {
            int ready = -1;
            do // the kernel's task work may interrupt it, as a signal would
                ready = ::epoll_wait(set.get(), &event, 1, 5'000);
            while (ready < 0 && errno == EINTR);
            if (ready != 1) {
                ADD_FAILURE() << "not readable after " << r.runs << " runs";
                break;
            }
            run_ready(l);
        }
        l.timers().disarm(t);
        r.then = {};
        r.cancel();
        l.run().or_throw("run");
        p = pipe_pair(); // with what was written too much
    }
}

TEST_P(a_driven_loop, is_readable_each_time_that_a_write_to_an_eventfd_ends_an_operation) {
    loop l = make();
    unique_fd const counter(::eventfd(0, EFD_CLOEXEC));
    std::uint64_t count = 0;
    reading r(l, op::read{.fd = counter, .into = mutable_bytes(&count, sizeof count)});
    for (int i = 1; i <= 20; ++i) {
        r.start();
        run_ready(l);
        while (is_readable(l.native_handle(), 2ms))
            run_ready(l);
        std::thread([&] { ::eventfd_write(counter.get(), 1); }).join();
        ASSERT_TRUE(is_readable(l.native_handle(), 5s)) << i;
        drive(l, [&] { return r.runs == i; });
    }
}

TEST(a_driven_loop_without_io_uring, keeps_its_engines_thread) {
    loop_options options{};
    options.ring.engine = engine::emulated;
    loop l = loop::create(options).or_throw("loop");
    pipe_pair p;
    std::array<char, 8> into{};
    reading r(l, op::read{.fd = p.out, .into = into});
    static_cast<void>(l.native_handle());
    std::set<int> seen;
    for (int i = 1; i <= 2000; ++i) {
        r.start();
        run_ready(l);
        p.write("x");
        drive(l, [&] { return r.runs == i; });
        for (int const attendant : threads_named("rondo-attend")) // or none: it has its name later
            seen.insert(attendant);
    }
    EXPECT_EQ(seen.size(), 1u);
}

/// What a loop of an older kernel does: it is woken by an eventfd.
TEST(a_driven_loop_without_messages, is_readable_after_each_post) {
    other_kernel old;
    old.lack(abi::register_op::query); // so nobody says that there are messages
    loop_options options{};
    options.ring.backend = &old;
    loop l = loop::create(options).or_throw("loop");
    run_ready(l);
    for (int i = 1; i <= 50; ++i) {
        int ran = 0;
        posted_item item([&ran] { ++ran; });
        std::thread([&] { EXPECT_TRUE(l.inbox().post(item)); }).join();
        ASSERT_TRUE(is_readable(l.native_handle(), 5s)) << i;
        for (int turn = 0; turn < 10 && ran == 0; ++turn)
            run_ready(l);
        EXPECT_EQ(ran, 1);
    }
}

TEST(a_driven_loop_short_of_memory, is_readable_until_the_kernel_has_taken_all) {
    faulty_kernel kernel;
    loop_options options{};
    options.ring = {.entries = 2, .cq_entries = 4, .backend = &kernel};
    loop l = loop::create(options).or_throw("loop");
    operation<op::nop> a(l, {}), b(l, {}), c(l, {});
    run_ready(l);
    a.start();
    b.start();
    c.start();
    for (int i = 0; i < 12; ++i)
        kernel.faults.push_back({EAGAIN});
    drive(l, [&] { return a.runs + b.runs + c.runs == 3; });
    EXPECT_TRUE(kernel.faults.empty());
}

} // namespace
} // namespace rondo::test
