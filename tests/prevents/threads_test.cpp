// SPDX-License-Identifier: MIT
// What others suffered: rings used by the wrong thread, waits that signals end, children of fork,
// pollers.
#include <prevents/prevents.hpp>

#include <rondo/abi/probe.hpp>
#include <rondo/coro/signals.hpp>
#include <rondo/loop/inbox.hpp>
#include <rondo/ring/shared_ring.hpp>

#include <support/child.hpp>
#include <support/engine.hpp>
#include <support/pipe_pair.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <dirent.h>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <pthread.h>
#include <string>
#include <thread>

namespace rondo::test {
namespace {

// 13: a ring that two threads share, though nothing allows it
TEST(prevents, two_threads_in_a_ring_of_one) {
    child_end const end = in_child([] {
        ring r = ring::create().or_throw("ring");
        EXPECT_TRUE(r.run(op::nop{}));
        std::thread([&] { static_cast<void>(r.run(op::nop{})); }).join();
    });
    EXPECT_TRUE(end.aborted_with("a ring was used from a second thread")) << end;
}

// 13: nobody can submit while another thread waits
TEST(prevents, a_submission_that_has_to_wait_for_the_thread_that_waits) {
    auto shared = shared_ring::create({.shards = 1}).or_throw("shared ring");
    pipe_pair const p;
    std::array<char, 8> memory{};
    std::thread waiter(
        [&] { EXPECT_EQ(shared.run(op::read{.fd = p.out, .into = memory}, 10s), 3u); });
    while (shared.statistics().in_flight == 0)
        std::this_thread::sleep_for(1ms);
    EXPECT_TRUE(shared.run(op::nop{}, 5s));
    EXPECT_EQ(shared.run(op::write{.fd = p.in, .from = std::string_view("abc")}, 5s), 3u);
    waiter.join();
}

// 14: a ring is tied to the thread that made it, which is not the one that runs it
TEST(prevents, a_ring_that_only_its_maker_may_use) {
    ring r = ring::create().or_throw("ring");
    loop on = loop_here();
    std::thread([&] {
        EXPECT_TRUE(r.run(op::nop{}));
        EXPECT_TRUE(sync_wait(on, one(op::nop{})));
        abi::cqe c{};
        EXPECT_FALSE(r.pop(c));
    }).join();
}

// 14: what a second thread is told is that something exists
TEST(prevents, a_wrong_thread_that_is_told_eexist_and_no_more) {
    ring r = ring::create().or_throw("ring");
    r.bind_to_this_thread().or_throw("bind");
    std::thread([&] {
        abi::probe_table table{};
        auto const refused = r.register_(abi::register_op::probe, &table, 256);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().why(), cause::wrong_thread);
        std::string const text(refused.error().message().c_str());
        EXPECT_NE(text.find("thread"), std::string::npos) << text;
    }).join();
}

// 14: with defer_taskrun one wait does not bring all that is there
TEST(prevents, completions_left_behind_by_one_wait) {
    constexpr std::uint64_t count = 200;
    ring r = ring::create({.entries = 256}).or_throw("ring");
    pipe_pair const p;
    for (std::uint64_t i = 0; i < count; ++i)
        ASSERT_TRUE(r.push(op::poll{.fd = p.out, .events = POLLIN}, i));
    r.submit().or_throw("submit");
    p.write("x");
    r.submit_and_wait(1, 10s).or_throw("wait");
    std::uint64_t seen = 0;
    for (abi::cqe c; r.pop(c);)
        ++seen;
    EXPECT_EQ(seen, count);
}

// 14: a completion that makes no descriptor readable, and so never wakes the loop around it
TEST(prevents, a_completion_with_nothing_to_wake_the_loop_that_drives) {
    loop on = loop_here();
    pipe_pair const p;
    loop_scope tasks(on);
    bool over = false;
    std::array<char, 8> memory{};
    auto const reader = [&]() -> task<> {
        auto const n = co_await one(op::read{.fd = p.out, .into = memory});
        over = n && *n == 3 && co_await sleep_for(5ms);
    };
    tasks.spawn(reader());
    static_cast<void>(on.run_ready().or_throw("run_ready"));
    p.write("abc");
    ::pollfd readable{on.native_handle(), POLLIN, 0};
    for (int i = 0; i < 100 && tasks.running() != 0; ++i) {
        ASSERT_EQ(::poll(&readable, 1, 5'000), 1) << "asleep though there was something to do";
        static_cast<void>(on.run_ready().or_throw("run_ready"));
    }
    EXPECT_TRUE(over);
    EXPECT_TRUE(tasks.outcome());
}

// 15: the kernel cancels what a thread submitted when it exits
TEST(prevents, an_operation_ended_by_the_exit_of_the_thread_that_submitted_it) {
    auto shared = shared_ring::create({.shards = 1}).or_throw("shared ring");
    pipe_pair const p;
    std::array<char, 8> memory{};
    std::optional<ticket<op::read<>>> reading;
    std::thread([&] {
        reading = shared.submit(op::read{.fd = p.out, .into = memory}).or_throw("submit");
    }).join();
    std::thread late([&] {
        std::this_thread::sleep_for(5ms);
        p.write("abc");
    });
    EXPECT_EQ(shared.wait(*reading, 10s), 3u);
    late.join();
}

/// Signals the thread that made it, without SA_RESTART, until it has caught many; then writes.
class pestering {
public:
    explicit pestering(pipe_pair const& to) : to_(to), whom_(::pthread_self()) {
        struct ::sigaction action{};
        action.sa_handler = [](int) { ++caught; };
        ::sigaction(SIGUSR1, &action, &before_);
        caught = 0;
        thread_ = std::thread([this] {
            while (caught < 20) {
                ::pthread_kill(whom_, SIGUSR1);
                std::this_thread::sleep_for(200us);
            }
            to_.write("abc");
        });
    }
    pestering(pestering const&) = delete;
    pestering& operator=(pestering const&) = delete;
    ~pestering() {
        thread_.join();
        ::sigaction(SIGUSR1, &before_, nullptr);
    }

private:
    static inline std::atomic<int> caught;
    pipe_pair const& to_;
    ::pthread_t whom_;
    struct ::sigaction before_{};
    std::thread thread_;
};

template <class Read>
void expect_whole_while_pestered(Read read) {
    pipe_pair const p;
    std::array<char, 8> memory{};
    pestering const signals_now(p);
    EXPECT_EQ(read(op::read{.fd = p.out, .into = memory}), 3u);
}

// 16: a profiler's signal, or Ctrl-Z, ends a wait and with it the program
TEST(prevents, a_signal_that_ends_what_it_should_not) {
    ring r = ring::create().or_throw("ring");
    expect_whole_while_pestered([&](op::read<> const& o) { return r.run(o); });
    auto shared = shared_ring::create().or_throw("shared ring");
    expect_whole_while_pestered([&](op::read<> const& o) { return shared.run(o); });
    expect_whole_while_pestered([&](op::read<> const& o) { return sync_wait(one(o)); });
    expect_whole_while_pestered([&](op::read<> const& o) {
        return sync_wait(one(op::async(o))); // the worker's system call
    });
}

// 16: a completion that says EINTR, and means "again"
TEST(prevents, an_interrupted_operation_reported_as_failed) {
    simulation_options options = only(&chances::eintr, 0.5);
    options.how.interrupted = 0.5;
    findings const found = explore(options, 100, [](simulation& s) {
        s.write_file("/file", std::string_view("bytes")).or_throw("file");
        loop on = loop_on(s);
        auto const body = [&]() -> task<bool> {
            auto const opened = co_await one(op::openat<>{.path = "/file", .flags = O_RDWR});
            bool well = opened.has_value();
            for (int i = 0; well && i < 20; ++i) {
                std::array<char, 8> memory{};
                auto const n = co_await one(op::read{.fd = *opened, .into = memory, .at = 0});
                well = n && *n == 5;
            }
            co_return well;
        };
        return sync_wait(on, body());
    });
    EXPECT_TRUE(found) << found.text();
}

// 16: those who want to know of a signal cannot
TEST(prevents, a_signal_that_nobody_can_wait_for) {
    child_end const end = in_child([] {
        auto awaited = signals::create({SIGTERM}).or_throw("signals");
        auto const body = [&]() -> task<result<int>> {
            ::pthread_kill(::pthread_self(), SIGTERM);
            co_return co_await awaited.next();
        };
        EXPECT_EQ(sync_wait(body()), SIGTERM);
    });
    EXPECT_TRUE(end.succeeded()) << end;
}

// 17: a child that goes on with what is its parent's
TEST(prevents, a_child_that_uses_its_parents_ring) {
    loop on = loop_here();
    EXPECT_TRUE(sync_wait(on, one(op::nop{})));
    child_end const coroutine = in_child([&] { static_cast<void>(sync_wait(on, one(op::nop{}))); });
    EXPECT_TRUE(coroutine.aborted_with("a ring was used in a child of fork")) << coroutine;
    auto shared = shared_ring::create().or_throw("shared ring");
    child_end const thread = in_child([&] {
        EXPECT_EQ(shared.run(op::nop{}).error(), ECHILD);
        EXPECT_TRUE(sync_wait(one(op::nop{}))) << "it may have one of its own";
    });
    EXPECT_TRUE(thread.succeeded()) << thread;
    EXPECT_TRUE(shared.run(op::nop{}));
    EXPECT_TRUE(sync_wait(on, one(op::nop{})));
}

// 17: a child whose copies of rings, when they end, cancel what the parent waits for
TEST(prevents, a_child_whose_end_cancels_its_parents_operations) {
    std::optional<shared_ring> shared(shared_ring::create({.shards = 1}).or_throw("shared ring"));
    std::optional<ring> own(ring::create().or_throw("ring"));
    pipe_pair const p, q;
    std::array<char, 8> first{}, second{};
    auto const reading = shared->submit(op::read{.fd = p.out, .into = first}).or_throw("submit");
    ASSERT_TRUE(own->push(op::read{.fd = q.out, .into = second}, 1));
    own->submit().or_throw("submit");
    child_end const end = in_child([&] {
        own.reset();
        shared.reset();
    });
    EXPECT_TRUE(end.succeeded()) << end;
    p.write("abc");
    q.write("abcd");
    EXPECT_EQ(shared->wait(reading, 10s), 3u);
    own->submit_and_wait(1, 10s).or_throw("wait");
    abi::cqe c{};
    EXPECT_TRUE(own->pop(c) && c.res == 4);
}

// 17: programs that are started inherit the ring
TEST(prevents, a_started_program_that_has_its_parents_ring) {
    ring r = ring::create().or_throw("ring");
    int const flags = ::fcntl(r.native_handle(), F_GETFD);
    ASSERT_GE(flags, 0);
    EXPECT_NE(flags & FD_CLOEXEC, 0);
}

// 18: a poller that nobody told when to rest
TEST(prevents, a_poller_that_burns_a_cpu_by_mistake) {
    RONDO_NEEDS_KERNEL("pollers");
    auto const refused = ring::create({.required = abi::setup::sqpoll});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().why(), cause::option_missing);
    ring r =
        ring::create({.required = abi::setup::sqpoll, .poller = {.idle_ms = 1}}).or_throw("ring");
    EXPECT_TRUE(r.run(op::nop{}));
    for (int i = 0; i < 5'000 && !r.sq().needs_wakeup(); ++i)
        ::poll(nullptr, 0, 1);
    EXPECT_TRUE(r.sq().needs_wakeup()) << "it does not rest";
}

// 18: a poller that sleeps when it is given something
TEST(prevents, a_poller_that_sleeps_through_a_submission) {
    RONDO_NEEDS_KERNEL("pollers");
    loop_options options{};
    options.ring.required = abi::setup::sqpoll;
    options.ring.poller.idle_ms = 1;
    loop on = loop_here(options);
    auto const body = [&]() -> task<> {
        for (int i = 0; i < 5; ++i) {
            EXPECT_TRUE(co_await one(op::nop{}));
            for (int k = 0; k < 5'000 && !on.ring().sq().needs_wakeup(); ++k)
                ::poll(nullptr, 0, 1);
        }
        EXPECT_TRUE(co_await timeout(op::nop{}, 10s));
    };
    sync_wait(on, body());
}

// 18: a poller for each ring
TEST(prevents, a_poller_for_each_of_many_rings) {
    RONDO_NEEDS_KERNEL("pollers");
    ring_options options{.required = abi::setup::sqpoll, .poller = {.idle_ms = 1}};
    ring first = ring::create(options).or_throw("ring");
    auto const tasks = [] {
        int n = 0;
        ::DIR* const all = ::opendir("/proc/self/task");
        while (::readdir(all) != nullptr)
            ++n;
        ::closedir(all);
        return n;
    };
    int const before = tasks();
    options.attach = &first;
    ring second = ring::create(options).or_throw("ring");
    EXPECT_EQ(tasks(), before);
    EXPECT_TRUE(second.run(op::nop{}));
    EXPECT_TRUE(first.run(op::nop{}));
}

} // namespace
} // namespace rondo::test
