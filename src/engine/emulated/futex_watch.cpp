// SPDX-License-Identifier: MIT
#include "futex_watch.hpp"

#include "calls.hpp"
#include "watch.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <ctime>
#include <memory>
#include <new>
#include <sched.h>
#include <vector>

namespace rondo::engine::emulation {
namespace {

// When the submitting call returns, the request must stand in the word's queue: the next wake-up
// finds it and counts it, whether or not it changes the word. A thread cannot be seen falling
// asleep, but it can be moved: it goes to sleep on a word of its own, its bed, and the submitter
// moves it from there to the caller's word (FUTEX_CMP_REQUEUE), which tells whether it did sleep.
// Mask and place in the list move with it. The word's value is looked at before the move and again
// after it:
//  - equal both times: as if it had been looked at in between;
//  - another afterwards: taken back, -EAGAIN, as if it had been looked at then; and when a wake-up
//    came first, it was looked at in time.
//
// A thread that is stopped and continued, or nudged, begins its system call anew, on its bed. That
// holds 1 once all were moved, so the call answers -EAGAIN, and the thread goes to sleep on the
// caller's words themselves. A wake-up may have gone by meanwhile; one that matters changed the
// word first, and then the wait ends, with 0, as it would have.
//
// One futex_waitv for the words of many requests would need fewer threads, but it has no masks,
// tells one word when two were woken, and its words are nobody's between two calls.

#ifdef SYS_futex
constexpr long nr_futex = SYS_futex;
#else
constexpr long nr_futex = SYS_futex_time64; // the times here are null
#endif
constexpr long nr_futex_waitv = 449;                       // Linux 5.16
constexpr std::uint32_t private_flag = FUTEX_PRIVATE_FLAG; // and FUTEX2_PRIVATE, the same bit
static_assert(private_flag == 128);

std::uint32_t const* word_of(::futex_waitv const& waiter) noexcept {
    return pointer_to<std::uint32_t const>(waiter.uaddr);
}

/// Moves up to `most` waiters from one word to another, while the first is `value`: their number.
long move(std::uint32_t const* from, std::uint32_t value, std::uint32_t const* to, int most,
          std::uint32_t flags) noexcept {
    return call(nr_futex, from, FUTEX_CMP_REQUEUE | (flags & private_flag), 0, most, to, value);
}

/// 0 while the word has its expected value, -EAGAIN when not, or what else is wrong with it.
long compare(::futex_waitv const& waiter) noexcept {
    return move(word_of(waiter), static_cast<std::uint32_t>(waiter.val), word_of(waiter), 0,
                waiter.flags);
}

long compare(std::span<::futex_waitv const> waiters) noexcept {
    for (::futex_waitv const& waiter : waiters)
        if (long const answer = compare(waiter); answer < 0)
            return answer;
    return 0;
}

class futex_watch final : public watch {
public:
    /// With `mask` 0 it is futex_waitv, else futex_wait.
    futex_watch(request& r, std::span<::futex_waitv const> waiters, std::uint32_t mask)
        : watch(r), words_(waiters.begin(), waiters.end()),
          beds_(std::make_unique<std::atomic<std::uint32_t>[]>(waiters.size())), at_home_(words_),
          mask_(mask) {
        for (std::size_t i = 0; i < words_.size(); ++i) {
            at_home_[i].uaddr = reinterpret_cast<std::uintptr_t>(&beds_[i]);
            at_home_[i].val = 0;
        }
    }

    /// 0: it stands in all queues, or was woken before it did. Else the -errno to end with.
    long enlist() noexcept {
        if (long const answer = move_all(0, true); answer < 0 || is_over())
            return answer < 0 ? answer : 0;
        for (std::size_t i = 0; i < words_.size(); ++i)
            beds_[i].store(1);
        if (long const answer = move_all(1, false); answer < 0)
            return answer;
        return compare(words_);
    }

protected:
    long sleep() noexcept override {
        if (!left_home_) {
            long const answer = wait(at_home_);
            if (answer != -EAGAIN)
                return answer;
            left_home_ = true;
        }
        long const answer = wait(words_);
        return answer == -EAGAIN ? changed() : answer;
    }
    outcome end(long answer) noexcept override { return outcome::answer(answer); }

private:
    long wait(std::span<::futex_waitv const> on) const noexcept {
        if (mask_ == 0)
            return call(nr_futex_waitv, on.data(), on.size(), 0, nullptr, 0);
        return call(nr_futex, word_of(on[0]), FUTEX_WAIT_BITSET | (on[0].flags & private_flag),
                    on[0].val, nullptr, nullptr, mask_);
    }

    /// Index of a word that is not what was expected.
    [[nodiscard]] long changed() const noexcept {
        for (std::size_t i = 0; i < words_.size(); ++i)
            if (compare(words_[i]) == -EAGAIN)
                return static_cast<long>(i);
        return 0;
    }

    /// Moves the thread from beds that hold `value`. With `surely` it waits until the thread lies
    /// in each of them, or was woken; else those where it does not are passed over.
    long move_all(std::uint32_t value, bool surely) noexcept {
        for (std::size_t i = 0; i < words_.size(); ++i) {
            for (unsigned tries = 0;; ++tries) {
                long const moved =
                    move(word_of(at_home_[i]), value, word_of(words_[i]), 1, words_[i].flags);
                if (moved < 0)
                    return moved;
                if (moved > 0 || !surely || is_over())
                    break;
                yield(tries);
            }
        }
        return 0;
    }

    /// Until the new thread has come to its system call.
    static void yield(unsigned tries) noexcept {
        if (tries < 16) {
            call(SYS_sched_yield);
            return;
        }
        ::timespec const pause{.tv_sec = 0, .tv_nsec = 20'000};
        ::clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, nullptr);
    }

    std::vector<::futex_waitv> const words_;
    std::unique_ptr<std::atomic<std::uint32_t>[]> const beds_; // 0; 1 when all were moved
    std::vector<::futex_waitv> at_home_;                       // words_, but for the beds
    std::uint32_t const mask_;
    bool left_home_ = false; // the thread's own
};

outcome sleep_on(request& r, std::span<::futex_waitv const> waiters, std::uint32_t mask) noexcept {
    if (long const answer = compare(waiters); answer < 0)
        return outcome::answer(answer);
    try {
        auto const sleeper = std::make_shared<futex_watch>(r, waiters, mask);
        if (!watch::start(sleeper))
            return outcome::answer(-ENOMEM);
        long const answer = sleeper->enlist();
        if (answer < 0 && watch::take_back(r))
            return outcome::answer(answer);
        return {.what = outcome::kind::kept};
    } catch (std::bad_alloc const&) {
        return outcome::answer(-ENOMEM);
    }
}

} // namespace

outcome watch_futex(request& r, ::futex_waitv const& waiter, std::uint32_t mask) noexcept {
    if (mask == 0)
        return outcome::answer(-EINVAL);
    if (other_system != nullptr)
        return other_system->wait_for_words(r, {&waiter, 1}, mask);
    return sleep_on(r, {&waiter, 1}, mask);
}

outcome watch_futexes(request& r, std::span<::futex_waitv const> waiters) noexcept {
    if (other_system != nullptr)
        return other_system->wait_for_words(r, waiters, 0);
    return sleep_on(r, waiters, 0);
}

bool has_futex_waitv() noexcept {
    // An empty list is refused by who knows the call.
    static bool const known =
        abi::call(nr_futex_waitv, 0, 0, 0, 0, 0, 0) == -EINVAL; // this machine's, once for all
    return known;
}

long wake_futex(std::uint32_t const* word, std::uint32_t count, std::uint32_t mask,
                std::uint32_t flags) noexcept {
    if (mask == 0)
        return -EINVAL;
    if (other_system != nullptr)
        return other_system->wake_word(word, count, mask);
    // FUTEX_WAKE takes 0 for 1; a requeue of none only looks at the address.
    if (count == 0)
        return call(nr_futex, word, FUTEX_REQUEUE | (flags & private_flag), 0, 0, word, 0);
    return call(nr_futex, word, FUTEX_WAKE_BITSET | (flags & private_flag), count, nullptr, nullptr,
                mask);
}

} // namespace rondo::engine::emulation
