// SPDX-License-Identifier: MIT

#include <engine/emulated/calls.hpp>
#include <engine/emulated/workers.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <unistd.h>
#include <vector>

namespace rondo::engine::emulation {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 10s;

/// Receives what the pool is through with.
class receiver {
public:
    static void done(void* to, request& r, outcome how) noexcept {
        auto& self = *static_cast<receiver*>(to);
        std::lock_guard const lock(self.mutex_);
        self.done_.emplace_back(&r, how);
        self.changed_.notify_all();
    }
    /// Waits until there are so many.
    [[nodiscard]] bool has(std::size_t count, std::chrono::milliseconds most = patience) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, most, [&] { return done_.size() >= count; });
    }
    [[nodiscard]] std::vector<std::pair<request*, outcome>> all() {
        std::lock_guard const lock(mutex_);
        return done_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::pair<request*, outcome>> done_;
};

/// A pipe whose reader blocks.
struct gate {
    gate() { EXPECT_EQ(::pipe(ends), 0); }
    gate(gate const&) = delete;
    ~gate() {
        ::close(ends[0]);
        ::close(ends[1]);
    }
    void open_for(std::size_t readers) const {
        std::vector<char> const bytes(readers);
        EXPECT_EQ(::write(ends[1], bytes.data(), readers), static_cast<::ssize_t>(readers));
    }
    int ends[2] = {-1, -1};
};

std::atomic<int> inside{0};
std::atomic<int> most_inside{0};
std::atomic<int> runs{0};

outcome read_a_byte(request& r, bool) noexcept {
    int const now = ++inside;
    for (int most = most_inside; most < now && !most_inside.compare_exchange_weak(most, now);) {
    }
    char byte = 0;
    long const answer = call(SYS_read, r.fd, &byte, 1);
    --inside;
    return outcome::answer(answer);
}

outcome count_runs(request& r, bool may_block) noexcept {
    ++runs;
    return outcome::answer(may_block ? static_cast<long>(r.sqe().user_data) : -EINVAL);
}

outcome interrupted_thrice(request& r, bool) noexcept {
    return outcome::answer(++r.progress <= 3 ? -EINTR : 77);
}

constexpr operation reading{.attempt = read_a_byte};
constexpr operation counting{.attempt = count_runs};
constexpr operation unlucky{.attempt = interrupted_thrice};

template <class Condition>
bool comes_true(Condition&& holds) {
    auto const end = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > end)
            return false;
        std::this_thread::sleep_for(1ms);
    }
    return true;
}

class emulated_workers : public testing::Test {
protected:
    emulated_workers() { most_inside = runs = 0; }
    ~emulated_workers() override { EXPECT_EQ(inside, 0); }

    std::vector<request> make(std::size_t count, operation const& what, int fd = -1) {
        std::vector<request> made(count);
        for (std::size_t i = 0; i < count; ++i) {
            made[i].what = &what;
            made[i].fd = fd;
            made[i].sqe().user_data = i;
        }
        return made;
    }

    receiver out_;
};

TEST_F(emulated_workers, do_hundreds_of_requests) {
    workers pool({.threads = 4});
    auto rs = make(500, counting);
    for (request& r : rs)
        ASSERT_TRUE(pool.start(r, &receiver::done, &out_));
    ASSERT_TRUE(out_.has(rs.size()));
    EXPECT_EQ(runs, 500);
    for (auto const& [r, how] : out_.all())
        EXPECT_EQ(how.res, static_cast<std::int32_t>(r->sqe().user_data));
    EXPECT_TRUE(pool.stop(10'000));
}

TEST_F(emulated_workers, of_one_thread_serve_in_order) {
    workers pool({.threads = 1});
    auto rs = make(50, counting);
    for (request& r : rs)
        ASSERT_TRUE(pool.start(r, &receiver::done, &out_));
    ASSERT_TRUE(out_.has(rs.size()));
    auto const all = out_.all();
    for (std::size_t i = 0; i < all.size(); ++i)
        EXPECT_EQ(all[i].first, &rs[i]);
    EXPECT_EQ(pool.threads(), 1u);
    EXPECT_TRUE(pool.stop(10'000));
}

TEST_F(emulated_workers, take_requests_from_many_threads) {
    workers pool({.threads = 3});
    auto rs = make(400, counting);
    std::vector<std::thread> submitters;
    for (std::size_t t = 0; t < 4; ++t)
        submitters.emplace_back([&, t] {
            for (std::size_t i = t; i < rs.size(); i += 4)
                EXPECT_TRUE(pool.start(rs[i], &receiver::done, &out_));
        });
    for (std::thread& t : submitters)
        t.join();
    EXPECT_TRUE(out_.has(rs.size()));
    EXPECT_TRUE(pool.stop(10'000));
}

TEST_F(emulated_workers, grow_up_to_their_bound) {
    gate const g;
    workers pool({.threads = 3});
    auto rs = make(8, reading, g.ends[0]);
    for (request& r : rs)
        ASSERT_TRUE(pool.start(r, &receiver::done, &out_));
    EXPECT_TRUE(comes_true([] { return inside == 3; }));
    EXPECT_EQ(pool.threads(), 3u);
    g.open_for(rs.size());
    EXPECT_TRUE(out_.has(rs.size()));
    EXPECT_EQ(most_inside, 3);
    EXPECT_TRUE(pool.stop(10'000));
}

TEST_F(emulated_workers, that_are_idle_go_and_come_again) {
    workers pool({.threads = 4, .idle_ms = 20});
    for (std::size_t round = 1; round <= 3; ++round) {
        auto rs = make(10, counting);
        for (request& r : rs)
            ASSERT_TRUE(pool.start(r, &receiver::done, &out_));
        ASSERT_TRUE(out_.has(10 * round));
        EXPECT_TRUE(comes_true([&] { return pool.threads() == 0; }));
    }
}

TEST_F(emulated_workers, repeat_what_was_interrupted_by_chance) {
    workers pool({.threads = 1});
    auto rs = make(1, unlucky);
    ASSERT_TRUE(pool.start(rs[0], &receiver::done, &out_));
    ASSERT_TRUE(out_.has(1));
    EXPECT_EQ(out_.all()[0].second.res, 77);
    EXPECT_TRUE(pool.stop(10'000));
}

TEST_F(emulated_workers, are_interrupted_in_a_system_call_that_would_last_for_ever) {
    gate const g;
    workers pool({.threads = 4});
    auto rs = make(3, reading, g.ends[0]);
    for (request& r : rs)
        ASSERT_TRUE(pool.start(r, &receiver::done, &out_));
    do
        pool.interrupt(rs[1]);
    while (!out_.has(1, 1ms));
    auto const all = out_.all();
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].first, &rs[1]);
    EXPECT_EQ(all[0].second.res, -ECANCELED);
    g.open_for(2);
    EXPECT_TRUE(out_.has(3));
    EXPECT_EQ(out_.all()[2].second.res, 1);
    EXPECT_TRUE(pool.stop(10'000));
}

TEST_F(emulated_workers, that_were_interrupted_do_the_next_request_as_if_nothing_had_been) {
    gate const g;
    workers pool({.threads = 1});
    auto rs = make(2, reading, g.ends[0]);
    ASSERT_TRUE(pool.start(rs[0], &receiver::done, &out_));
    ASSERT_TRUE(pool.start(rs[1], &receiver::done, &out_));
    do
        pool.interrupt(rs[0]);
    while (!out_.has(1, 1ms));
    pool.interrupt(rs[0]);
    EXPECT_FALSE(out_.has(2, 20ms));
    g.open_for(1);
    ASSERT_TRUE(out_.has(2));
    EXPECT_EQ(out_.all()[1].second.res, 1);
    EXPECT_TRUE(pool.stop(10'000));
}

TEST_F(emulated_workers, give_back_what_no_thread_has_begun) {
    gate const g;
    workers pool({.threads = 1});
    auto rs = make(3, reading, g.ends[0]);
    for (request& r : rs)
        ASSERT_TRUE(pool.start(r, &receiver::done, &out_));
    ASSERT_TRUE(comes_true([] { return inside == 1; }));
    EXPECT_FALSE(pool.take_back(rs[0]));
    EXPECT_TRUE(pool.take_back(rs[1]));
    EXPECT_FALSE(pool.take_back(rs[1]));
    g.open_for(2);
    ASSERT_TRUE(out_.has(2));
    EXPECT_EQ(out_.all()[1].first, &rs[2]);
    EXPECT_FALSE(out_.has(3, 20ms));
    EXPECT_TRUE(pool.stop(10'000));
}

TEST_F(emulated_workers, do_each_request_or_give_it_back_but_not_both) {
    workers pool({.threads = 2});
    auto rs = make(2000, counting);
    std::size_t taken = 0;
    for (request& r : rs) {
        ASSERT_TRUE(pool.start(r, &receiver::done, &out_));
        if (r.sqe().user_data % 3 != 0)
            std::this_thread::yield();
        taken += pool.take_back(r) ? 1u : 0u;
    }
    ASSERT_TRUE(pool.stop(10'000));
    EXPECT_EQ(out_.all().size(), rs.size() - taken);
    EXPECT_EQ(runs, static_cast<int>(rs.size() - taken));
}

TEST_F(emulated_workers, that_stopped_take_nothing_more) {
    workers pool({.threads = 2});
    auto rs = make(2, counting);
    ASSERT_TRUE(pool.start(rs[0], &receiver::done, &out_));
    EXPECT_TRUE(pool.stop(10'000));
    EXPECT_EQ(pool.threads(), 0u);
    EXPECT_TRUE(out_.has(1));
    EXPECT_FALSE(pool.start(rs[1], &receiver::done, &out_));
}

TEST_F(emulated_workers, do_not_hold_up_the_end_of_their_pool) {
    gate const g;
    auto rs = make(1, reading, g.ends[0]);
    {
        workers pool({.threads = 1});
        ASSERT_TRUE(pool.start(rs[0], &receiver::done, &out_));
        ASSERT_TRUE(comes_true([] { return inside == 1; }));
        EXPECT_FALSE(pool.stop(10));
    }
    g.open_for(1);
    EXPECT_TRUE(out_.has(1));
}

} // namespace
} // namespace rondo::engine::emulation
