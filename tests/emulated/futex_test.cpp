// SPDX-License-Identifier: MIT

#include "watch_test.hpp"

#include <engine/emulated/calls.hpp>
#include <engine/emulated/own_thread.hpp>

#include <rondo/op/futex.hpp>

#include <support/threads.hpp>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <span>
#include <thread>
#include <vector>

namespace rondo::engine::emulation {
namespace {

using enum abi::opcode;

/// The thread that watches, which shall be the only one.
int watching_thread() {
    std::vector<int> const found = test::threads_named("rondo-watch");
    return found.empty() ? 0 : found.back();
}

class emulated_futex : public watch_test {
protected:
    template <class Op>
    request& make_of(Op const& op) {
        abi::sqe entry{};
        op.prep(entry);
        return make(Op::code, entry);
    }
    request& wait_for(std::uint32_t const& word, std::uint32_t mask = op::futex_match_any,
                      futex_flag flags = futex_flag::process_private) {
        request& r =
            make_of(op::futex_wait{.word = &word, .expected = word, .mask = mask, .flags = flags});
        EXPECT_EQ(check(r), 0);
        EXPECT_EQ(attempt(r).what, outcome::kind::kept);
        return r;
    }
    int wake(std::uint32_t const& word, std::uint32_t count = 1,
             std::uint32_t mask = op::futex_match_any,
             futex_flag flags = futex_flag::process_private) {
        request& r =
            make_of(op::futex_wake{.word = &word, .count = count, .mask = mask, .flags = flags});
        EXPECT_EQ(check(r), 0);
        outcome const how = attempt(r);
        EXPECT_EQ(how.what, outcome::kind::done);
        return how.res;
    }
    /// Until one was there to be woken.
    bool wakes_at_last(std::uint32_t const& word) {
        for (int i = 0; i < 2000; ++i) {
            if (wake(word) == 1)
                return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return false;
    }
    void expect_woken(request const& r, int value = 0) {
        auto const [who, how] = next();
        EXPECT_EQ(who, &r);
        EXPECT_EQ(how.what, outcome::kind::done);
        EXPECT_EQ(how.res, value);
    }
};

TEST_F(emulated_futex, wait_for_another_value_answers_eagain) {
    std::uint32_t const word = 1;
    request& r = make_of(op::futex_wait{.word = &word, .expected = 2});
    EXPECT_EQ(attempt(r).res, -EAGAIN);
}

TEST_F(emulated_futex, wait_is_found_by_a_wake_that_follows_at_once) {
    std::uint32_t const word = 0;
    for (int i = 0; i < 200; ++i) {
        request const& r = wait_for(word);
        ASSERT_EQ(wake(word), 1);
        expect_woken(r);
    }
}

TEST_F(emulated_futex, wake_wakes_as_many_as_it_is_told_in_the_order_they_came) {
    std::uint32_t const word = 0;
    std::vector<request const*> waiting;
    for (int i = 0; i < 5; ++i)
        waiting.push_back(&wait_for(word));
    EXPECT_EQ(wake(word, 0), 0);
    EXPECT_TRUE(none_comes());
    for (request const* const r : waiting) {
        EXPECT_EQ(wake(word, 1), 1);
        expect_woken(*r);
    }
    for (int i = 0; i < 5; ++i)
        wait_for(word);
    EXPECT_EQ(wake(word, 2), 2);
    EXPECT_EQ(wake(word, INT_MAX), 3);
    for (int i = 0; i < 5; ++i)
        next();
    EXPECT_EQ(wake(word, INT_MAX), 0);
}

TEST_F(emulated_futex, wake_passes_over_masks_that_have_nothing_in_common) {
    std::uint32_t const word = 0;
    request const& first = wait_for(word, 1);
    request const& second = wait_for(word, 2);
    EXPECT_EQ(wake(word, 9, 6), 1);
    expect_woken(second);
    EXPECT_EQ(wake(word, 9, 1), 1);
    expect_woken(first);
}

TEST_F(emulated_futex, private_and_shared_do_not_meet) {
    std::uint32_t const word = 0;
    request const& own = wait_for(word);
    request const& shared = wait_for(word, 4, {});
    EXPECT_EQ(call(SYS_futex, &word, FUTEX_WAKE, 9), 1);
    expect_woken(shared);
    EXPECT_TRUE(none_comes());
    EXPECT_EQ(call(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 9), 1);
    expect_woken(own);
}

TEST_F(emulated_futex, wait_that_is_taken_back_uses_up_no_wake) {
    std::uint32_t const word = 0;
    request& r = wait_for(word);
    request const& other = wait_for(word);
    EXPECT_TRUE(take_back(r));
    EXPECT_EQ(wake(word), 1);
    expect_woken(other);
    EXPECT_TRUE(none_comes());
}

TEST_F(emulated_futex, wait_that_was_woken_cannot_be_taken_back) {
    std::uint32_t const word = 0;
    request& r = wait_for(word);
    EXPECT_EQ(wake(word), 1);
    EXPECT_FALSE(take_back(r));
    expect_woken(r);
}

TEST_F(emulated_futex, wait_is_either_woken_or_taken_back) {
    std::uint32_t const word = 0;
    int both[2] = {0, 0};
    for (int i = 0; i < 200; ++i) {
        request& r = wait_for(word);
        std::atomic<long> woken = -1;
        std::thread waker([&] { woken = call(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1); });
        bool const taken = take_back(r);
        waker.join();
        ASSERT_EQ(woken, taken ? 0 : 1);
        ++both[taken ? 0 : 1];
        if (!taken)
            expect_woken(r);
    }
    RecordProperty("taken", both[0]);
    RecordProperty("woken", both[1]);
}

TEST_F(emulated_futex, wait_that_a_signal_hits_goes_on) {
    std::uint32_t const word = 0;
    request const& r = wait_for(word);
    ASSERT_TRUE(nudge(watching_thread()));
    EXPECT_TRUE(none_comes());
    ASSERT_TRUE(nudge(watching_thread()));
    EXPECT_TRUE(wakes_at_last(word));
    expect_woken(r);
}

TEST_F(emulated_futex, wait_that_a_signal_hits_ends_when_its_word_has_changed) {
    std::uint32_t word = 0;
    request const& r = wait_for(word);
    std::atomic_ref(word).store(1);
    EXPECT_TRUE(none_comes());
    ASSERT_TRUE(nudge(watching_thread()));
    expect_woken(r);
}

TEST_F(emulated_futex, hand_over_of_a_token_loses_no_wake) {
    // Each side changes the word and wakes, and waits through a request while it is not its turn.
    std::uint32_t word = 0;
    std::atomic_ref turn(word);
    std::thread other([&] {
        for (std::uint32_t i = 0; i < 300; ++i) {
            while (turn.load() != 2 * i + 1)
                call(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 2 * i, nullptr);
            turn.store(2 * i + 2);
            call(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
        }
    });
    for (std::uint32_t i = 0; i < 300; ++i) {
        turn.store(2 * i + 1);
        call(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
        while (turn.load() != 2 * i + 2) {
            request& r = make_of(op::futex_wait{.word = &word, .expected = 2 * i + 1});
            outcome const how = attempt(r);
            if (how.what == outcome::kind::kept)
                expect_woken(r);
            else
                EXPECT_EQ(how.res, -EAGAIN);
        }
    }
    other.join();
}

TEST_F(emulated_futex, waitv_says_which_word_was_woken) {
    if (find_wait(futex_waitv) == nullptr)
        GTEST_SKIP() << "futex_waitv(2) cannot be had";
    std::uint32_t words[128] = {};
    std::vector<::futex_waitv> waiters;
    for (std::uint32_t const& word : words)
        waiters.push_back(op::futex_waiter(&word, 0));
    for (std::size_t const which : {0u, 127u, 64u}) {
        request& r = make_of(op::futex_waitv{.waiters = waiters});
        ASSERT_EQ(check(r), 0);
        ASSERT_EQ(attempt(r).what, outcome::kind::kept);
        EXPECT_EQ(wake(words[which]), 1);
        expect_woken(r, static_cast<int>(which));
    }
    request& r = make_of(op::futex_waitv{.waiters = waiters});
    ASSERT_EQ(attempt(r).what, outcome::kind::kept);
    EXPECT_TRUE(take_back(r));
    EXPECT_EQ(wake(words[5]), 0);
    std::atomic_ref(words[9]).store(1);
    EXPECT_EQ(attempt(make_of(op::futex_waitv{.waiters = waiters})).res, -EAGAIN);
}

TEST_F(emulated_futex, waitv_that_a_signal_hits_tells_the_word_that_changed) {
    if (find_wait(futex_waitv) == nullptr)
        GTEST_SKIP() << "futex_waitv(2) cannot be had";
    std::uint32_t words[3] = {};
    ::futex_waitv const waiters[]{op::futex_waiter(&words[0], 0), op::futex_waiter(&words[1], 0),
                                  op::futex_waiter(&words[2], 0, {})};
    request& r = make_of(op::futex_waitv{.waiters = waiters});
    ASSERT_EQ(attempt(r).what, outcome::kind::kept);
    std::atomic_ref(words[2]).store(1);
    ASSERT_TRUE(nudge(watching_thread()));
    expect_woken(r, 2);
}

TEST_F(emulated_futex, waitv_keeps_a_copy_of_its_list) {
    if (find_wait(futex_waitv) == nullptr)
        GTEST_SKIP() << "futex_waitv(2) cannot be had";
    std::uint32_t const word = 0;
    std::vector<::futex_waitv> waiters{op::futex_waiter(&word, 0)};
    request& r = make_of(op::futex_waitv{.waiters = waiters});
    ASSERT_TRUE(r.what->keep(r));
    waiters.assign(1, {});
    ASSERT_EQ(attempt(r).what, outcome::kind::kept);
    EXPECT_EQ(wake(word), 1);
    expect_woken(r);
}

TEST_F(emulated_futex, entries_that_make_no_sense_are_refused) {
    std::uint32_t const word = 0;
    auto const refused = [&](auto change, int code = -EINVAL) {
        request& wait = make_of(op::futex_wait{.word = &word, .expected = 0});
        request& wake = make_of(op::futex_wake{.word = &word});
        change(wait.sqe());
        change(wake.sqe());
        return check(wait) == code && check(wake) == code;
    };
    EXPECT_TRUE(refused([](abi::sqe&) {}, 0));
    EXPECT_TRUE(refused([](abi::sqe& s) { s.len = 1; }));
    EXPECT_TRUE(refused([](abi::sqe& s) { s.ioprio = 1; }));
    EXPECT_TRUE(refused([](abi::sqe& s) { s.futex_flags = 1; }));
    EXPECT_TRUE(refused([](abi::sqe& s) { s.buf_index = 1; }));
    EXPECT_TRUE(refused([](abi::sqe& s) { s.file_index = 1; }));
    EXPECT_TRUE(refused([](abi::sqe& s) { s.addr2 = 1ull << 32; }));
    EXPECT_TRUE(refused([](abi::sqe& s) { s.addr3 = 1ull << 32; }));
    EXPECT_TRUE(refused([](abi::sqe& s) { s.fd = 0x80; }));
    EXPECT_TRUE(refused([](abi::sqe& s) { s.fd = 0x92; }));
    EXPECT_TRUE(refused([](abi::sqe& s) { s.fd = -1; }));
}

TEST_F(emulated_futex, addresses_and_masks_are_judged_as_by_the_kernel) {
    std::uint32_t const words[2] = {};
    auto const tried = [&](abi::opcode code, std::uint64_t address, int flags, std::uint64_t mask,
                           std::uint64_t value) {
        abi::sqe s{};
        s.fd = flags;
        s.addr = address;
        s.addr2 = value;
        s.addr3 = mask;
        return attempt(make(code, s)).res;
    };
    auto const sound = reinterpret_cast<std::uintptr_t>(words);
    EXPECT_EQ(tried(futex_wait, sound, 0x82, 0, 0), -EINVAL);
    EXPECT_EQ(tried(futex_wait, sound, 0x82, 0, 1), -EINVAL);
    EXPECT_EQ(tried(futex_wait, sound + 1, 0x82, 1, 1), -EINVAL);
    EXPECT_EQ(tried(futex_wait, 4096, 0x82, 1, 1), -EFAULT);
    EXPECT_EQ(tried(futex_wake, sound, 0x82, 0, 1), -EINVAL);
    EXPECT_EQ(tried(futex_wake, sound + 1, 0x82, 1, 1), -EINVAL);
    EXPECT_EQ(tried(futex_wake, sound + 1, 0x82, 1, 0), -EINVAL);
    EXPECT_EQ(tried(futex_wake, 4096, 0x82, 1, 1), 0);
    EXPECT_EQ(tried(futex_wake, 4096, 0x02, 1, 1), -EFAULT);
}

TEST_F(emulated_futex, lists_that_make_no_sense_are_refused) {
    if (find_wait(futex_waitv) == nullptr)
        GTEST_SKIP() << "futex_waitv(2) cannot be had";
    std::uint32_t const word = 0;
    std::vector<::futex_waitv> list(129, op::futex_waiter(&word, 0));
    auto const judged = [&](std::size_t count) {
        return check(make_of(op::futex_waitv{.waiters = std::span(list).first(count)}));
    };
    EXPECT_EQ(judged(0), -EINVAL);
    EXPECT_EQ(judged(128), 0);
    EXPECT_EQ(judged(129), -EINVAL);
    list[1].__reserved = 1;
    EXPECT_EQ(judged(1), 0);
    EXPECT_EQ(judged(2), -EINVAL);
    list[0].val = 1ull << 32;
    EXPECT_EQ(judged(1), -EINVAL);
    list[0] = op::futex_waiter(&word, 0);
    list[0].flags |= 0x10;
    EXPECT_EQ(judged(1), -EINVAL);
    abi::sqe s{};
    s.addr = 4096;
    s.len = 1;
    EXPECT_EQ(check(make(futex_waitv, s)), -EFAULT);
}

} // namespace
} // namespace rondo::engine::emulation
