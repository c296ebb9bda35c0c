// SPDX-License-Identifier: MIT
// shared_ring::run: from any thread, more of them than there are slots.
#include "shared_test.hpp"

#include <support/temporary_directory.hpp>

#include <rondo/op/open.hpp>

#include <fcntl.h>
#include <sched.h>

#include <csignal>
#include <cstring>
#include <pthread.h>

namespace rondo {
namespace {

using namespace test;

class shared_run : public shared_matrix {};
RONDO_FOR_EVERY_SHAPE(shared_run);

TEST_P(shared_run, each_of_many_threads_gets_its_own_values) {
    on_threads(24, [&](std::size_t t) {
        for (std::int32_t i = 0; i < 100; ++i) {
            auto const number = static_cast<std::int32_t>(t) * 1000 + i;
            EXPECT_TRUE(holds(shared_->run(numbered_nop(number)), number));
        }
    });
}

TEST_P(shared_run, threads_that_wait_for_each_other_all_go_on) {
    constexpr std::size_t count = 20;
    std::vector<pipe_pair> ring_of_pipes(count);
    on_threads(count, [&](std::size_t t) {
        std::array<char, 1> byte{};
        for (int round = 0; round < 20; ++round) {
            if (t == 0) {
                EXPECT_TRUE(holds(shared_->run(op::write{ring_of_pipes[0].in, bytes_of("x")}), 1u));
            }
            EXPECT_TRUE(holds(shared_->run(op::read{ring_of_pipes[t].out, byte}), 1u));
            if (t + 1 < count) {
                EXPECT_TRUE(holds(
                    shared_->run(op::write{ring_of_pipes[t + 1].in, std::span<char const>(byte)}),
                    1u));
            }
        }
    });
}

TEST_P(shared_run, file_reads_of_many_threads_bring_each_its_block) {
    temporary_directory const there;
    unique_fd const file(
        must(::open((there / "blocks").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), "open"));
    constexpr std::size_t blocks = 64;
    std::array<std::uint32_t, 128> block{};
    for (std::uint32_t i = 0; i < blocks; ++i) {
        block.fill(i);
        EXPECT_EQ(::pwrite(file.get(), block.data(), sizeof block, i * sizeof block),
                  static_cast<::ssize_t>(sizeof block));
    }
    on_threads(12, [&](std::size_t t) {
        std::array<std::uint32_t, 128> mine{};
        for (std::size_t i = 0; i < 60; ++i) {
            auto const which = static_cast<std::uint32_t>((t * 7 + i) % blocks);
            EXPECT_TRUE(holds(shared_->run(op::read{file, std::as_writable_bytes(std::span(mine)),
                                                    which * sizeof mine}),
                              sizeof mine));
            EXPECT_EQ(mine[0], which);
            EXPECT_EQ(mine[127], which);
        }
    });
}

TEST_P(shared_run, errors_of_operations_are_told_to_their_own_callers) {
    on_threads(8, [&](std::size_t t) {
        std::array<char, 1> byte{};
        for (int i = 0; i < 50; ++i) {
            if (t % 2 == 0)
                EXPECT_TRUE(fails(shared_->run(op::read{fd_ref(-1), byte}), EBADF));
            else
                EXPECT_TRUE(fails(shared_->run(op::openat{.path = "/nowhere/at/all"}), ENOENT));
        }
    });
}

TEST_P(shared_run, a_thread_may_change_its_cpu_at_any_time) {
    ::cpu_set_t before;
    ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
    if (CPU_COUNT(&before) < 2)
        GTEST_SKIP() << "there is one CPU only";
    std::vector<std::size_t> cpus;
    for (std::size_t i = 0; i < CPU_SETSIZE; ++i)
        if (CPU_ISSET(i, &before))
            cpus.push_back(i);
    on_threads(4, [&](std::size_t t) {
        auto const go_to = [&](std::size_t i) {
            ::cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(cpus[i % cpus.size()], &one);
            EXPECT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
        };
        for (std::size_t i = 0; i < 60; ++i) {
            go_to(t + i);
            auto const number = static_cast<std::int32_t>(t * 100 + i);
            auto const first = shared_->submit(numbered_nop(number)).or_throw("submit");
            go_to(t + i + 1);
            auto const second = shared_->submit(numbered_nop(-number)).or_throw("submit");
            EXPECT_TRUE(holds(shared_->wait(first), number));
            if (number != 0)
                EXPECT_TRUE(fails(shared_->wait(second), number));
            else
                EXPECT_TRUE(holds(shared_->wait(second), 0));
        }
    });
}

extern "C" void only_interrupt(int) {}

TEST_P(shared_run, signals_without_restart_do_not_show) {
    struct ::sigaction handler{}, before{};
    handler.sa_handler = only_interrupt;
    ASSERT_EQ(::sigaction(SIGUSR1, &handler, &before), 0);
    constexpr std::size_t count = 4;
    std::array<pipe_pair, count> pipes;
    std::array<std::atomic<::pthread_t>, count> threads{};
    std::atomic<std::size_t> left{count};
    {
        std::vector<std::jthread> readers;
        for (std::size_t t = 0; t < count; ++t)
            readers.emplace_back([&, t] {
                threads[t] = ::pthread_self();
                std::array<char, 1> byte{};
                for (int i = 0; i < 20; ++i) {
                    auto const later = shared_->submit(op::read{pipes[t].out, byte});
                    ASSERT_TRUE(later.has_value()) << why(later);
                    EXPECT_TRUE(holds(shared_->wait(*later, patience), 1u));
                    op::timeout const soon{.when = 1ms};
                    EXPECT_TRUE(holds(shared_->run(soon), op::timeout_end::time));
                }
                --left;
                while (left != 0) // the storm must find it alive
                    std::this_thread::sleep_for(1ms);
            });
        ASSERT_TRUE(eventually([&] {
            for (auto const& t : threads)
                if (t == ::pthread_t{})
                    return false;
            return true;
        }));
        for (int i = 0; left != 0 && i < 20'000; ++i) {
            for (std::size_t t = 0; t < count; ++t) {
                if (left != 0)
                    ::pthread_kill(threads[t], SIGUSR1);
                if (i < 20 * 8 && i % 8 == 0)
                    pipes[t].write("x");
            }
            std::this_thread::sleep_for(200us);
        }
        EXPECT_EQ(left, 0u);
    }
    ::sigaction(SIGUSR1, &before, nullptr);
}

} // namespace
} // namespace rondo
