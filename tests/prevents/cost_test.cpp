// SPDX-License-Identifier: MIT
// What others suffered: system calls, timers and wake-ups that each cost something, and programs
// that cannot be looked into.
#include <prevents/prevents.hpp>

#include <rondo/interop/connection.hpp>
#include <rondo/interop/file_stream.hpp>
#include <rondo/interop/filesystem.hpp>
#include <rondo/interop/listener.hpp>
#include <rondo/loop/inbox.hpp>
#include <rondo/ring/shared_ring.hpp>
#include <rondo/ring/workers.hpp>

#include <support/child.hpp>
#include <support/pipe_pair.hpp>
#include <support/temporary_directory.hpp>
#include <support/threads.hpp>
#include <support/wrapped_kernel.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace rondo::test {
namespace {

task<> nops(int count) {
    for (int i = 0; i < count; ++i)
        EXPECT_TRUE(co_await one(op::nop{}));
}

// 23: an enter for each operation
TEST(prevents, a_system_call_for_each_operation) {
    loop on = loop_here();
    auto const body = [&]() -> task<> {
        scope all(co_await this_strand());
        for (int i = 0; i < 32; ++i)
            all.spawn(nops(50));
        EXPECT_TRUE(co_await all.join());
    };
    sync_wait(on, body());
    EXPECT_EQ(on.statistics().completed, 1'600u);
    EXPECT_LE(on.statistics().enters, 60u);
    EXPECT_GE(on.statistics().largest_batch, 32u);
}

// 23: a system call for each message
TEST(prevents, a_wake_up_for_each_message_to_a_thread_that_is_awake) {
    loop on = loop_here();
    constexpr int count = 1'000;
    int heard = 0;
    bool over = false;
    struct message : inbox_item {
        message(int& heard_so_far, bool& all_heard) noexcept
            : inbox_item([](inbox_item& m) noexcept {
                  auto& self = static_cast<message&>(m);
                  self.over = ++self.heard == count;
              }),
              heard(heard_so_far), over(all_heard) {}
        int& heard;
        bool& over;
    };
    std::vector<std::unique_ptr<message>> all;
    for (int i = 0; i < count; ++i)
        all.push_back(std::make_unique<message>(heard, over));
    std::atomic<bool> all_posted{false};
    std::thread other;
    auto const busy = [&]() -> task<> { // so that nobody has to wake it
        other = std::thread([&] {
            for (auto const& m : all)
                EXPECT_TRUE(on.inbox().post(*m));
            all_posted = true;
        });
        while (!all_posted)
            std::this_thread::yield();
        co_return;
    };
    sync_wait(on, busy());
    on.run_until(over).or_throw("run");
    other.join();
    EXPECT_EQ(heard, count);
    EXPECT_EQ(on.statistics().wake_ups, 0u);
}

// 23: pread(2) is faster for one read of a cached file, so rings of others are slower than that
TEST(prevents, single_reads_of_files_that_make_a_detour_through_the_ring) {
    temporary_directory const here;
    write_file((here / "file").c_str(), std::string_view("bytes")).or_throw("file");
    auto on = shared_ring::create().or_throw("shared ring");
    auto file = file_stream::open(on, (here / "file").c_str()).or_throw("open");
    std::uint64_t const before = on.statistics().submitted;
    std::array<char, 8> memory{};
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(file.read_at(memory, 0), 5u);
    EXPECT_EQ(on.statistics().submitted, before);
}

// 23: a copy that is slower than cp(1), as it moves what the kernel could
TEST(prevents, a_copy_that_moves_every_byte_itself) {
    temporary_directory const here;
    std::string const from = here / "from", to = here / "to";
    write_file(from.c_str(), std::string(3'000'000, 'x')).or_throw("file");
    auto const submissions = [&](copy_file_options const& options) {
        auto on = shared_ring::create().or_throw("shared ring");
        EXPECT_EQ(copy_file(on, from.c_str(), to.c_str(), options), 3'000'000u);
        return on.statistics().submitted;
    };
    std::uint64_t const by_itself = submissions({.reflink = false, .in_kernel = false});
    EXPECT_GT(by_itself, 2u);
    EXPECT_EQ(submissions({}), 0u);
}

// 24: an entry of the queue, and a completion, for each timer
TEST(prevents, an_operation_of_the_kernel_for_each_timer) {
    simulation s = simulate(calm());
    loop on = loop_on(s);
    int slept = 0;
    auto const sleeper = [&](std::int64_t when) -> task<> {
        slept += (co_await sleep_for(microseconds(when))) ? 1 : 0;
    };
    auto const body = [&]() -> task<> {
        scope all(co_await this_strand());
        for (int i = 0; i < 10'000; ++i)
            all.spawn(sleeper(1'000 * (1 + i % 20)));
        EXPECT_TRUE(co_await all.join());
    };
    std::uint64_t const before = s.operations();
    sync_wait(on, body());
    EXPECT_EQ(slept, 10'000);
    EXPECT_EQ(s.operations(), before);
    EXPECT_LE(on.statistics().enters, 60u); // twenty points in time
}

// 24: deadlines that cost an operation each, met or not
TEST(prevents, an_operation_of_the_kernel_for_each_deadline) {
    loop on = loop_here();
    auto const body = [&]() -> task<> {
        for (int i = 0; i < 1'000; ++i)
            EXPECT_TRUE(co_await timeout(op::nop{}, 10s));
    };
    sync_wait(on, body());
    EXPECT_EQ(on.statistics().started, 1'000u);
    EXPECT_EQ(on.statistics().cancels, 0u);
}

// 24: a deadline that is moved reaches later calls only
TEST(prevents, a_deadline_that_does_not_reach_the_call_that_waits) {
    auto server = listener::listen("tcp", "127.0.0.1:0").or_throw("listen");
    std::string const at = server.local_address().or_throw("address").to_string();
    auto here = connection::connect("tcp", at).or_throw("connect");
    auto const there = server.accept().or_throw("accept");
    EXPECT_TRUE(here.set_deadline(1h));
    std::array<char, 8> memory{};
    auto reader = std::async(std::launch::async, [&] { return here.read(memory); });
    EXPECT_EQ(reader.wait_for(5ms), std::future_status::timeout);
    EXPECT_TRUE(here.set_deadline(1ms));
    ASSERT_EQ(reader.wait_for(10s), std::future_status::ready);
    EXPECT_EQ(reader.get().error(), ETIME);
}

// 25: a loop that says nothing of what it does
TEST(prevents, a_loop_whose_work_cannot_be_counted_or_followed) {
    struct log {
        std::uint64_t events[5] = {};
        bool has_names = true;
    } seen;
    loop_options options = sized(4, 8);
    options.trace_argument = &seen;
    options.trace = [](void* argument, loop_event const& e) {
        auto& all = *static_cast<log*>(argument);
        ++all.events[static_cast<std::size_t>(e.what)];
        all.has_names = all.has_names && e.name != nullptr && *e.name != '\0';
    };
    loop on = loop_here(options);
    pipe_pair const p;
    char byte = 0;
    op::read const reading{.fd = p.out, .into = std::span(&byte, 1)};
    auto const late = [&]() -> task<> {
        EXPECT_EQ((co_await timeout(reading, 5ms)).error().code(), ETIME);
    };
    auto const body = [&]() -> task<> {
        scope all(co_await this_strand());
        for (int i = 0; i < 20; ++i)
            all.spawn(late());
        EXPECT_EQ(on.in_flight(), 20u);
        EXPECT_TRUE(co_await all.join());
    };
    sync_wait(on, body());
    auto const count = [&](loop_event::kind k) { return seen.events[static_cast<std::size_t>(k)]; };
    loop_statistics const told = on.statistics();
    EXPECT_EQ(on.in_flight(), 0u);
    EXPECT_EQ(told.started, told.completed);
    EXPECT_EQ(told.starved, count(loop_event::kind::deferred));
    EXPECT_EQ(told.started, count(loop_event::kind::started));
    EXPECT_EQ(count(loop_event::kind::completed), 20u);
    EXPECT_EQ(told.cancels, count(loop_event::kind::cancelled));
    EXPECT_GT(told.starved, 0u);
    EXPECT_GT(told.cancels, 0u);
    EXPECT_GT(told.expired, 0u);
    EXPECT_TRUE(seen.has_names);
}

// 25: an operation that is forgotten in flight, and nobody can say which
TEST(prevents, an_operation_in_flight_that_nobody_can_name) {
    child_end const end = in_child([] {
        pipe_pair const p;
        char byte = 0;
        auto const reader = [&]() -> task<> {
            static_cast<void>(co_await one(op::read{.fd = p.out, .into = std::span(&byte, 1)}));
        };
        std::optional<loop> on(loop_here());
        loop_scope tasks(*on);
        tasks.spawn(reader());
        static_cast<void>(on->run_ready());
        on.reset();
    });
    EXPECT_TRUE(end.aborted_with("destroyed with an operation in flight: read")) << end;
}

/// Remembers whether every enter that waits asks not to count as waiting for I/O.
class accounting_kernel final : public wrapped_kernel {
public:
    long enter(int fd, std::uint32_t to_submit, std::uint32_t min_complete, std::uint32_t flags,
               void const* arg, std::size_t arg_size) noexcept override {
        if (min_complete != 0) {
            ++waits;
            quiet += (flags & raw(abi::enter::no_iowait)) != 0 ? 1 : 0;
        }
        return wrapped_kernel::enter(fd, to_submit, min_complete, flags, arg, arg_size);
    }
    int waits = 0;
    int quiet = 0;
};

// 25: an idle server that looks as if it waited for a disk
TEST(prevents, idle_waits_that_count_as_waiting_for_a_disk) {
    for (bool const wanted : {false, true}) {
        accounting_kernel kernel;
        loop_options options{};
        if (wanted)
            options.ring.iowait = true;
        options.ring.backend = &kernel;
        loop on = loop_here(options);
        if (!has(on.features().enter, abi::enter::no_iowait))
            GTEST_SKIP() << "this kernel has no no_iowait (Linux 6.15)";
        auto const body = [&]() -> task<> { EXPECT_TRUE(co_await sleep_for(2ms)); };
        sync_wait(on, body());
        EXPECT_GT(kernel.waits, 0);
        EXPECT_EQ(kernel.quiet, wanted ? 0 : kernel.waits);
    }
}

int workers_of_this_thread() {
    return static_cast<int>(threads_named("iou-wrk-" + std::to_string(::gettid())).size());
}

// 25: operations that turn into as many threads, unseen
TEST(prevents, worker_threads_without_number) {
    RONDO_NEEDS_KERNEL("workers of its own for each ring");
    loop on = loop_here();
    on.ring().bind_to_this_thread().or_throw("bind");
    limit_workers(on.ring(), {.bounded = 2, .unbounded = 3}).or_throw("limits");
    pipe_pair const p;
    char byte = 0;
    op::read const reading{.fd = p.out, .into = std::span(&byte, 1)};
    auto const blocked = [&]() -> task<> { static_cast<void>(co_await one(op::async(reading))); };
    auto const body = [&]() -> task<> {
        scope all(co_await this_strand());
        for (int i = 0; i < 40; ++i)
            all.spawn(blocked());
        for (int i = 0; i < 1'000 && workers_of_this_thread() == 0; ++i)
            EXPECT_TRUE(co_await sleep_for(5ms));
        EXPECT_TRUE(co_await sleep_for(20ms));
        int const count = workers_of_this_thread();
        EXPECT_GT(count, 0);
        EXPECT_LE(count, 5);
        all.stop();
        EXPECT_TRUE(co_await all.join());
    };
    sync_wait(on, body());
}

} // namespace
} // namespace rondo::test
