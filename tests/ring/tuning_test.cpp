// SPDX-License-Identifier: MIT

#include <rondo/op/control.hpp>
#include <rondo/op/open.hpp>
#include <rondo/op/poll.hpp>
#include <rondo/op/read.hpp>
#include <rondo/ring/busy_poll.hpp>
#include <rondo/ring/completion_event.hpp>
#include <rondo/ring/personality.hpp>
#include <rondo/ring/wait_clock.hpp>
#include <rondo/ring/workers.hpp>

#include <support/engine.hpp>
#include <support/other_kernel.hpp>
#include <support/ring_test.hpp>
#include <support/threads.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rondo {
namespace {

using namespace std::chrono_literals;

class ring_event : public test::ring_test {
protected:
    static bool is_signalled(int fd) {
        ::pollfd p{fd, POLLIN, 0};
        return ::poll(&p, 1, 0) == 1;
    }
    static std::uint64_t take(int fd) {
        std::uint64_t count = 0;
        return ::read(fd, &count, sizeof count) == sizeof count ? count : 0;
    }
    void run_nop() { RONDO_EXPECT_OK(ring_.run(op::nop{})); }
};

TEST_F(ring_event, is_signalled_by_a_completion) {
    auto const event = completion_event::create(ring_).or_throw("event");
    EXPECT_FALSE(is_signalled(event.native_handle()));
    run_nop();
    EXPECT_TRUE(is_signalled(event.native_handle()));
    EXPECT_GE(take(event.native_handle()), 1u);
    EXPECT_FALSE(is_signalled(event.native_handle()));
}

TEST_F(ring_event, of_the_asynchronous_kind_is_signalled_by_worker_threads_only) {
    auto const event = completion_event::create(ring_, {.async_only = true}).or_throw("event");
    run_nop();
    EXPECT_FALSE(is_signalled(event.native_handle()));
    auto const file = file_with("f", "hello");
    std::array<char, 8> memory{};
    RONDO_EXPECT_OK(ring_.run(op::async(op::read{.fd = file, .into = memory, .at = 0})));
    EXPECT_TRUE(is_signalled(event.native_handle()));
}

TEST_F(ring_event, can_be_silenced_without_a_system_call) {
    auto const event = completion_event::create(ring_).or_throw("event");
    RONDO_EXPECT_OK(completion_event::silence(ring_, true));
    run_nop();
    EXPECT_FALSE(is_signalled(event.native_handle()));
    RONDO_EXPECT_OK(completion_event::silence(ring_, false));
    run_nop();
    EXPECT_TRUE(is_signalled(event.native_handle()));
}

TEST_F(ring_event, may_be_the_callers) {
    unique_fd const fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    {
        auto const event = completion_event::create(ring_, {.fd = fd.get()}).or_throw("event");
        EXPECT_EQ(event.native_handle(), fd.get());
        run_nop();
        EXPECT_GE(take(fd.get()), 1u);
    }
    run_nop();
    EXPECT_FALSE(is_signalled(fd.get()));
}

TEST_F(ring_event, is_one_per_ring_and_free_again_when_it_ends) {
    std::optional<completion_event> first = completion_event::create(ring_).or_throw("event");
    auto const second = completion_event::create(ring_);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().why(), cause::in_use);
    completion_event moved = std::move(*first);
    first.reset();
    run_nop();
    EXPECT_TRUE(is_signalled(moved.native_handle()));
    moved = completion_event(std::move(moved));
}

TEST_F(ring_event, must_be_an_eventfd) {
    auto const file = file_with("f", "");
    RONDO_EXPECT_ERROR(completion_event::create(ring_, {.fd = file.get()}), EINVAL);
}

class ring_personality : public test::ring_test {};

/// Takes another user's identity for file access, of this thread alone, and gives it back.
class other_user {
public:
    explicit other_user(::uid_t id) { ::syscall(SYS_setfsuid, id); }
    other_user(other_user&&) = delete;
    ~other_user() { ::syscall(SYS_setfsuid, ::geteuid()); }
};

TEST_F(ring_personality, operations_run_with_the_credentials_that_it_kept) {
    RONDO_NEEDS_KERNEL("personalities");
    if (::geteuid() != 0)
        GTEST_SKIP() << "only root can take another user's identity";
    ASSERT_EQ(::chmod(directory_.path().c_str(), 0755), 0);
    auto const file = file_with("f", "secret");
    ASSERT_EQ(::fchmod(file.get(), 0600), 0);
    std::optional<personality> nobody;
    {
        other_user const scope(65534);
        nobody = personality::create(ring_).or_throw("personality");
    }
    EXPECT_NE(nobody->id(), 0);
    auto const path = directory_ / "f";
    op::openat const open{.path = path.c_str(), .flags = O_RDONLY};
    RONDO_EXPECT_ERROR(ring_.run(op::as(nobody->id(), open)), EACCES);
    RONDO_EXPECT_OK(ring_.run(open));
}

TEST_F(ring_personality, is_unknown_after_its_end) {
    RONDO_NEEDS_KERNEL("personalities");
    std::uint16_t id = 0;
    {
        auto const me = personality::create(ring_).or_throw("personality");
        id = me.id();
        RONDO_EXPECT_OK(ring_.run(op::as(id, op::nop{})));
        personality moved = personality::create(ring_).or_throw("personality");
        EXPECT_NE(moved.id(), id);
    }
    RONDO_EXPECT_ERROR(ring_.run(op::as(id, op::nop{})), EINVAL);
}

class ring_workers : public test::ring_test {};

TEST_F(ring_workers, limits_answer_the_former_ones) {
    RONDO_NEEDS_KERNEL("workers of its own for each ring");
    RONDO_EXPECT_OK(ring_.bind_to_this_thread());
    RONDO_EXPECT_OK(limit_workers(ring_, {.bounded = 3, .unbounded = 5}));
    auto const now = limits_of_workers(ring_).or_throw("limits");
    EXPECT_EQ(now.bounded, 3u);
    EXPECT_EQ(now.unbounded, 5u);
    auto const former = limit_workers(ring_, {.bounded = 2}).or_throw("limits");
    EXPECT_EQ(former.bounded, 3u);
    EXPECT_EQ(limits_of_workers(ring_).or_throw("limits").unbounded, 5u);
}

/// How many CPUs each worker of this thread may use; they are named after it.
std::vector<int> cpus_of_workers() {
    std::vector<int> counts;
    for (int const worker : test::threads_named("iou-wrk-" + std::to_string(::gettid()))) {
        ::cpu_set_t set;
        if (::sched_getaffinity(worker, sizeof set, &set) == 0)
            counts.push_back(CPU_COUNT(&set));
    }
    return counts;
}

TEST_F(ring_workers, an_affinity_keeps_them_on_its_cpus) {
    RONDO_NEEDS_KERNEL("workers of its own for each ring");
    ::cpu_set_t allowed;
    ASSERT_EQ(::sched_getaffinity(0, sizeof allowed, &allowed), 0);
    if (CPU_COUNT(&allowed) < 2)
        GTEST_SKIP() << "this machine has one CPU only";
    ::cpu_set_t one;
    CPU_ZERO(&one);
    for (std::size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++i)
        if (CPU_ISSET(i, &allowed))
            CPU_SET(i, &one);
    auto const file = file_with("f", "hello");
    // A thread of its own has no workers yet; those that run already stay where they are.
    std::thread([&] {
        auto r = ring::create({.entries = 4}).or_throw("ring");
        auto const affinity = worker_affinity::create(r, one).or_throw("affinity");
        std::array<char, 8> memory{};
        RONDO_EXPECT_OK(r.run(op::async(op::read{.fd = file, .into = memory, .at = 0})));
        auto const counts = cpus_of_workers();
        EXPECT_FALSE(counts.empty());
        for (int const n : counts)
            EXPECT_EQ(n, 1);
    }).join();
}

TEST_F(ring_workers, an_affinity_ends_with_its_object) {
    RONDO_NEEDS_KERNEL("workers of its own for each ring");
    ::cpu_set_t allowed;
    ASSERT_EQ(::sched_getaffinity(0, sizeof allowed, &allowed), 0);
    auto const file = file_with("f", "hello");
    std::thread([&] {
        auto r = ring::create({.entries = 4}).or_throw("ring");
        ::cpu_set_t one;
        CPU_ZERO(&one);
        for (std::size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++i)
            if (CPU_ISSET(i, &allowed))
                CPU_SET(i, &one);
        {
            auto const affinity = worker_affinity::create(r, one).or_throw("affinity");
        }
        std::array<char, 8> memory{};
        RONDO_EXPECT_OK(r.run(op::async(op::read{.fd = file, .into = memory, .at = 0})));
        for (int const n : cpus_of_workers())
            EXPECT_EQ(n, CPU_COUNT(&allowed));
    }).join();
}

TEST_F(ring_workers, an_affinity_with_no_cpu_is_refused) {
    RONDO_NEEDS_KERNEL("workers of its own for each ring");
    ::cpu_set_t none;
    CPU_ZERO(&none);
    RONDO_EXPECT_ERROR(worker_affinity::create(ring_, none), EINVAL);
    RONDO_EXPECT_ERROR(worker_affinity::create(ring_, std::span<std::byte const>{}), EINVAL);
}

class ring_busy_poll : public test::ring_test {};

TEST_F(ring_busy_poll, is_set_and_tells_what_was_set_before) {
    RONDO_NEEDS_KERNEL("busy polling");
    auto const first = busy_poll::create(ring_, {.poll_us = 40, .prefer = true});
    if (!first && first.error().why() == cause::missing_feature)
        GTEST_SKIP() << first.error().message().c_str();
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(first->former().poll_us, 0u);
    {
        auto const second = busy_poll::create(ring_, {.poll_us = 10}).or_throw("busy poll");
        EXPECT_EQ(second.former().poll_us, 40u);
        EXPECT_TRUE(second.former().prefer);
    }
    auto const third = busy_poll::create(ring_).or_throw("busy poll");
    EXPECT_EQ(third.former().poll_us, 0u);
    RONDO_EXPECT_OK(ring_.run(op::nop{}));
}

TEST_F(ring_busy_poll, a_kernel_built_without_it_says_so) {
    RONDO_NEEDS_KERNEL("busy polling");
    test::other_kernel kernel;
    kernel.play(abi::register_op::napi, [](int, void*, std::uint32_t) { return -EOPNOTSUPP; });
    auto other = ring::create({.entries = 4, .backend = &kernel}).or_throw("ring");
    auto const refused = busy_poll::create(other);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().why(), cause::missing_feature);
}

class ring_wait_clock : public test::ring_test {};

TEST_F(ring_wait_clock, may_be_the_one_that_counts_while_the_machine_sleeps) {
    RONDO_EXPECT_OK(set_wait_clock(ring_, wait_clock::boottime));
    auto const start = std::chrono::steady_clock::now();
    RONDO_EXPECT_ERROR(ring_.submit_and_wait(1, 20ms), ETIME);
    EXPECT_GE(std::chrono::steady_clock::now() - start, 15ms);
    RONDO_EXPECT_OK(set_wait_clock(ring_, wait_clock::monotonic));
    RONDO_EXPECT_ERROR(ring_.submit_and_wait(1, std::chrono::steady_clock::now() + 1ms), ETIME);
}

} // namespace
} // namespace rondo
