// SPDX-License-Identifier: MIT
// inbox with threads that post while the consumer sleeps, wakes and ends.
#include <rondo/loop/inbox.hpp>

#include <rondo/core/annotate.hpp>
#include <rondo/core/fd.hpp>
#include <rondo/core/futex.hpp>

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

namespace rondo {
namespace {

#if defined(RONDO_TSAN) || defined(RONDO_ASAN)
constexpr std::uint32_t slowdown = 3;
#else
constexpr std::uint32_t slowdown = 1;
#endif

/// How a consumer sleeps. A wake-up that does not come ends the program.
class eventfd_sleeper {
public:
    eventfd_sleeper() : fd_(::eventfd(0, EFD_CLOEXEC)) {}
    static void wake(void* self) noexcept {
        std::uint64_t const signal = 1;
        auto& own = *static_cast<eventfd_sleeper*>(self);
        RONDO_ASSERT(::write(own.fd_.get(), &signal, sizeof signal) == sizeof signal,
                     "the consumer's eventfd is gone");
        own.wakes_.fetch_add(1, std::memory_order_relaxed);
    }
    void sleep() {
        pollfd wait{.fd = fd_.get(), .events = POLLIN, .revents = 0};
        RONDO_ASSERT(::poll(&wait, 1, 30'000) == 1, "a wake-up was lost");
        std::uint64_t signals = 0;
        RONDO_ASSERT(::read(fd_.get(), &signals, sizeof signals) == sizeof signals, "eventfd");
        ++sleeps;
    }
    [[nodiscard]] std::uint64_t wakes() const { return wakes_.load(std::memory_order_relaxed); }
    std::uint64_t sleeps = 0;

private:
    unique_fd fd_;
    std::atomic<std::uint64_t> wakes_{0};
};

class futex_sleeper {
public:
    static void wake(void* self) noexcept {
        auto& own = *static_cast<futex_sleeper*>(self);
        own.wakes_.fetch_add(1, std::memory_order_relaxed);
        __atomic_store_n(&own.word_, 1, __ATOMIC_RELEASE);
        futex_wake(&own.word_);
    }
    void sleep() {
        std::int64_t const end = steady_now() + 30'000'000'000;
        while (__atomic_exchange_n(&word_, 0, __ATOMIC_ACQUIRE) == 0) {
            RONDO_ASSERT(steady_now() < end, "a wake-up was lost");
            futex_wait(&word_, 0, end);
        }
        ++sleeps;
    }
    [[nodiscard]] std::uint64_t wakes() const { return wakes_.load(std::memory_order_relaxed); }
    std::uint64_t sleeps = 0;

private:
    std::uint32_t word_ = 0;
    std::atomic<std::uint64_t> wakes_{0};
};

constexpr std::size_t posters = 8;

/// What the consumer alone writes, and the functions of items check.
struct tally {
    std::array<std::uint32_t, posters> ran{}; // so the number of the next one
    std::uint32_t out_of_order = 0;
    [[nodiscard]] std::uint32_t sum() const {
        std::uint32_t all = 0;
        for (std::uint32_t const n : ran)
            all += n;
        return all;
    }
};

/// An item that its poster uses again when it has run.
struct job : inbox_item {
    job() : inbox_item(&run) {}
    static void run(inbox_item& self) noexcept {
        auto& own = static_cast<job&>(self);
        std::uint32_t& next = own.list->ran[own.poster];
        own.list->out_of_order += own.number == next ? 0 : 1;
        ++next;
        own.free.store(true, std::memory_order_release); // partner: post_all's acquire
    }
    tally* list = nullptr;
    std::size_t poster = 0;
    std::uint32_t number = 0;
    std::atomic<bool> free{true};
};

/// A poster's thread: in bursts of different lengths, from a few items. Returns how many posts were
/// true; after one that was false there are no more.
std::uint32_t post_all(inbox& box, tally& list, std::size_t index, std::uint32_t count) {
    std::array<job, 16> items;
    std::uint32_t posted = 0;
    for (; posted < count; ++posted) {
        job& item = items[posted % items.size()];
        while (!item.free.load(std::memory_order_acquire)) // partner: job::run's release
            std::this_thread::yield();
        item.list = &list;
        item.poster = index;
        item.number = posted;
        item.free.store(false, std::memory_order_relaxed);
        if (!box.post(item)) {
            item.free.store(true, std::memory_order_relaxed);
            break;
        }
        if (posted % (7 + 40 * index) == 0)
            std::this_thread::yield();
    }
    for (job const& item : items)
        while (!item.free.load(std::memory_order_acquire))
            std::this_thread::yield();
    return posted;
}

template <class Sleeper>
class inbox_of_threads : public testing::Test {
protected:
    /// Takes until `done` says so, asleep when there is nothing. Returns the marks set.
    template <class Done>
    void consume(Done done) {
        for (;;) {
            box->take().run();
            if (done())
                return;
            if (box->prepare_to_sleep()) {
                ++marks;
                sleeper.sleep();
                box->awake();
            }
        }
    }
    void start(std::uint32_t each) {
        for (std::size_t i = 0; i < posters; ++i)
            threads.emplace_back([this, i, each] { posted[i] = post_all(*box, list, i, each); });
    }
    void join() {
        for (std::thread& t : threads)
            t.join();
        threads.clear();
    }

    Sleeper sleeper;
    std::unique_ptr<inbox> box = std::make_unique<inbox>(&Sleeper::wake, &sleeper);
    tally list;
    std::array<std::uint32_t, posters> posted{};
    std::vector<std::thread> threads;
    std::uint64_t marks = 0;
};
using sleepers = testing::Types<eventfd_sleeper, futex_sleeper>;
class name_of_sleeper {
public:
    template <class Sleeper>
    static std::string GetName(int) {
        return std::is_same_v<Sleeper, eventfd_sleeper> ? "eventfd" : "futex";
    }
};
TYPED_TEST_SUITE(inbox_of_threads, sleepers, name_of_sleeper);

TYPED_TEST(inbox_of_threads, runs_every_item_once_and_in_the_order_of_its_thread) {
    constexpr std::uint32_t each = 50'000 / slowdown;
    this->start(each);
    this->consume([&] { return this->list.sum() == posters * each; });
    EXPECT_TRUE(this->box->close().empty());
    EXPECT_LE(this->sleeper.wakes(), this->marks);
    EXPECT_GE(this->sleeper.wakes(), this->sleeper.sleeps);
    this->join();
    EXPECT_EQ(this->list.out_of_order, 0u);
    for (std::size_t i = 0; i < posters; ++i) {
        EXPECT_EQ(this->posted[i], each);
        EXPECT_EQ(this->list.ran[i], each);
    }
}

TYPED_TEST(inbox_of_threads, loses_nothing_that_was_accepted_before_a_close) {
    for (std::uint32_t round = 0; round < 60 / slowdown + 4; ++round) {
        this->list = {};
        this->start(1'000'000);
        this->consume([&] { return this->list.sum() >= round * 100; });
        this->box->close().run();
        this->join();
        EXPECT_EQ(this->list.out_of_order, 0u);
        EXPECT_EQ(this->posted, this->list.ran);
        this->box = std::make_unique<inbox>(&TypeParam::wake, &this->sleeper);
    }
}

// Its post may be about to wake, or yet to return, when the item runs.
TYPED_TEST(inbox_of_threads, may_be_ended_by_an_item) {
    struct farewell : inbox_item {
        farewell() : inbox_item(&run) {}
        static void run(inbox_item& self) noexcept { static_cast<farewell&>(self).said = true; }
        bool said = false;
    };
    for (std::uint32_t round = 0; round < 2'000 / slowdown; ++round) {
        auto const last = std::make_unique<farewell>();
        auto const bed = std::make_unique<TypeParam>();
        auto door = std::make_unique<inbox>(&TypeParam::wake, bed.get());
        std::thread poster([to = door.get(), item = last.get()] { EXPECT_TRUE(to->post(*item)); });
        bool const marked = door->prepare_to_sleep();
        if (marked && round % 2 == 0)
            bed->sleep();
        for (; !last->said; std::this_thread::yield()) // in odd rounds awake for no reason
            door->take().run();
        EXPECT_TRUE(door->close().empty());
        EXPECT_LE(bed->wakes(), marked ? 1u : 0u);
        door.reset();
        poster.join();
    }
}

// What is wrong with it only TSan sees.
TEST(inbox_post, shows_who_is_refused_what_went_before) {
    struct short_lived : inbox_item {
        short_lived() : inbox_item(&run) {}
        static void run(inbox_item& self) noexcept { delete &static_cast<short_lived&>(self); }
    };
    for (std::uint32_t round = 0; round < 500 / slowdown; ++round) {
        inbox box([](void*) noexcept {}, nullptr);
        int before = 0;
        std::thread poster([&] {
            auto* item = new short_lived;
            for (; box.post(*item); item = new short_lived) // it ends itself
                std::this_thread::yield();
            delete item;
            EXPECT_EQ(before, 1);
        });
        before = 1;
        box.close().run();
        poster.join();
    }
}

} // namespace
} // namespace rondo
