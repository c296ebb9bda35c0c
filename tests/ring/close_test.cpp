// SPDX-License-Identifier: MIT
// The end of a ring with operations in flight, on every set-up: when the destructor has returned
// the kernel writes no more, whatever it was doing, and the destructor does return.
#include <support/child.hpp>
#include <support/matrix.hpp>
#include <support/pipe_pair.hpp>
#include <support/sockets.hpp>

#include <rondo/op/cancel.hpp>
#include <rondo/op/chain.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/futex.hpp>
#include <rondo/op/modifier.hpp>
#include <rondo/op/net.hpp>
#include <rondo/op/poll.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/ring_message.hpp>
#include <rondo/op/time.hpp>

#include <gtest/gtest.h>

#include <poll.h>

#include <array>
#include <cerrno>
#include <functional>
#include <optional>
#include <span>
#include <thread>

namespace rondo {
namespace {

using namespace test;
using clock = std::chrono::steady_clock;

constexpr char pattern = '\x5a';

class ring_close : public matrix_test {
protected:
    ring_close() { memory_.fill(pattern); }

    /// Makes a ring, lets `begin` start what it likes on it, and destroys it. Then data comes for
    /// whatever should still be reading from the pipe, and must stay there.
    void expect_end_after(std::function<void(ring&)> const& begin, std::uint32_t entries = 8) {
        child_end const end = in_child([&] { begin_and_end(begin, entries); }, 10);
        EXPECT_TRUE(end.succeeded()) << end;
    }
    [[nodiscard]] std::span<char> part(std::size_t index) {
        return std::span(memory_).subspan(index * 64, 64);
    }
    pipe_pair pipe_;

private:
    void begin_and_end(std::function<void(ring&)> const& begin, std::uint32_t entries) {
        std::optional<ring> r(make(entries));
        begin(*r);
        auto const start = clock::now();
        r.reset();
        EXPECT_LT(clock::now() - start, std::chrono::seconds{5});
        std::array<char, 256> const data{};
        ASSERT_EQ(::write(pipe_.in.get(), data.data(), data.size()), 256);
        ::poll(nullptr, 0, 30);
        for (char const c : memory_)
            ASSERT_EQ(c, pattern) << "the kernel wrote after the end";
        std::array<char, 512> back{};
        EXPECT_EQ(::read(pipe_.out.get(), back.data(), back.size()), 256) << "somebody read";
    }
    std::array<char, 1024> memory_{};
};
RONDO_FOR_EVERY_SET_UP(ring_close);

TEST_P(ring_close, with_reads_waiting_for_data) {
    RONDO_NEEDS_ANY_OPERATION();
    expect_end_after([&](ring& r) {
        for (std::uint64_t i = 0; i < 8; ++i)
            push(r, op::read{.fd = pipe_.out, .into = part(i)}, i);
        r.submit().or_throw("submit");
    });
}

TEST_P(ring_close, with_workers_waiting_for_data) {
    RONDO_NEEDS_ANY_OPERATION();
    for (int const delay_ms : {0, 20}) // before and after the workers begin
        expect_end_after([&](ring& r) {
            for (std::uint64_t i = 0; i < 8; ++i)
                push(r, op::async(op::read{.fd = pipe_.out, .into = part(i)}), i);
            r.submit().or_throw("submit");
            ::poll(nullptr, 0, delay_ms);
        });
}

TEST_P(ring_close, with_more_in_flight_than_its_queues_hold) {
    RONDO_NEEDS_ANY_OPERATION();
    expect_end_after(
        [&](ring& r) {
            for (std::uint64_t i = 0; i < 200; ++i)
                push(r, op::read{.fd = pipe_.out, .into = part(i % 16)}, i);
        },
        4);
}

TEST_P(ring_close, with_submissions_that_were_never_submitted) {
    RONDO_NEEDS_ANY_OPERATION();
    expect_end_after([&](ring& r) {
        push(r, op::read{.fd = pipe_.out, .into = part(0)}, 1);
        r.submit().or_throw("submit");
        push(r, op::read{.fd = pipe_.out, .into = part(1)}, 2);
        push(r, op::read{.fd = pipe_.out, .into = part(2)}, 3);
    });
    expect_end_after([&](ring& r) { push(r, op::read{.fd = pipe_.out, .into = part(0)}, 1); });
    expect_end_after([&](ring& r) { // shown to the kernel, but not taken
        r.bind_to_this_thread().or_throw("bind");
        push(r, op::read{.fd = pipe_.out, .into = part(0)}, 1);
        if (!GetParam().has_poller())
            r.sq().publish();
    });
}

TEST_P(ring_close, with_timeouts_running) {
    RONDO_NEEDS_ANY_OPERATION();
    expect_end_after([](ring& r) {
        op::timeout const once{.when = std::chrono::hours{1}};
        op::timeout_stream const often{.every = std::chrono::milliseconds{1}};
        op::timeout const counting{.when = std::chrono::hours{1}, .count = 100};
        push(r, once, 1);
        push(r, often, 2);
        push(r, counting, 3);
        r.submit().or_throw("submit");
        ::poll(nullptr, 0, 10);
    });
}

TEST_P(ring_close, with_streams_running) {
    RONDO_NEEDS_ANY_OPERATION();
    unique_fd const listener = tcp_listener();
    pipe_pair const busy;
    expect_end_after([&](ring& r) {
        push(r, op::poll_stream{.fd = busy.out, .events = POLLIN}, 1);
        push(r, op::accept_stream{.fd = listener}, 2);
        r.submit().or_throw("submit");
        busy.write("x");
    });
}

TEST_P(ring_close, with_a_futex_waited_for) {
    RONDO_NEEDS_ANY_OPERATION();
    std::uint32_t word = 0;
    expect_end_after([&](ring& r) {
        if (r.features().learned_by != features::source::trial &&
            !r.features().supports<op::futex_wait>())
            return;
        push(r, op::futex_wait{.word = &word, .expected = 0}, 1);
        r.submit().or_throw("submit");
    });
}

TEST_P(ring_close, with_chains_half_way) {
    RONDO_NEEDS_ANY_OPERATION();
    expect_end_after([&](ring& r) {
        auto const read = [&](std::size_t i) { return op::read{.fd = pipe_.out, .into = part(i)}; };
        op::link_timeout const late{.when = std::chrono::hours{1}};
        r.push(op::link(op::nop{}, read(0), read(1)), {1, 2, 3}).or_throw("chain");
        r.push(op::hard_link(read(2), read(3), read(4)), {4, 5, 6}).or_throw("hard chain");
        r.push(op::link(read(5), late), {7, 8}).or_throw("timed");
        r.submit().or_throw("submit");
    });
}

TEST_P(ring_close, with_operations_behind_a_drain) {
    RONDO_NEEDS_ANY_OPERATION();
    expect_end_after([&](ring& r) {
        push(r, op::read{.fd = pipe_.out, .into = part(0)}, 1);
        push(r, op::drain(op::read{.fd = pipe_.out, .into = part(1)}), 2);
        push(r, op::read{.fd = pipe_.out, .into = part(2)}, 3);
        push(r, op::drain(op::read{.fd = pipe_.out, .into = part(3)}), 4);
        push(r, op::read{.fd = pipe_.out, .into = part(4)}, 5);
        r.submit().or_throw("submit");
    });
}

// A drain says nothing any more once an operation was silent, so the end is found in another way.
TEST_P(ring_close, with_silent_operations_in_flight) {
    RONDO_NEEDS_ANY_OPERATION();
    expect_end_after([&](ring& r) {
        push(r, op::skip_success(op::read{.fd = pipe_.out, .into = part(0)}), 1);
        push(r, op::skip_success(op::async(op::read{.fd = pipe_.out, .into = part(1)})), 2);
        push(r, op::read{.fd = pipe_.out, .into = part(2)}, 3);
        r.submit().or_throw("submit");
    });
}

TEST_P(ring_close, after_silent_operations_are_over) {
    RONDO_NEEDS_ANY_OPERATION();
    expect_end_after([&](ring& r) {
        for (std::uint64_t i = 0; i < 5; ++i)
            push(r, op::skip_success(op::nop{}), i);
        push(r, op::read{.fd = pipe_.out, .into = part(0)}, 9);
        push(r, op::async(op::read{.fd = pipe_.out, .into = part(1)}), 10);
        r.submit().or_throw("submit");
        ::poll(nullptr, 0, 10);
    });
}

TEST_P(ring_close, with_completions_that_run_kept) {
    RONDO_NEEDS_ANY_OPERATION();
    expect_end_after([&](ring& r) {
        for (std::uint64_t i = 0; i < 3; ++i)
            push(r, op::nop{}, i);
        push(r, op::read{.fd = pipe_.out, .into = part(0)}, 9);
        push(r, op::async(op::read{.fd = pipe_.out, .into = part(1)}), 10);
        EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
    });
}

// Completions that stand for no submission must not be taken for the end of one.
TEST_P(ring_close, with_messages_of_another_ring_in_between) {
    RONDO_NEEDS_ANY_OPERATION();
    if (GetParam().has(abi::setup::registered_fd_only))
        GTEST_SKIP() << "a message needs the descriptor of its ring";
    expect_end_after([&](ring& r) {
        ring sender = ring::create().or_throw("sender");
        r.bind_to_this_thread().or_throw("bind");
        push(r, op::read{.fd = pipe_.out, .into = part(0)}, 1);
        push(r, op::async(op::read{.fd = pipe_.out, .into = part(1)}), 2);
        r.submit().or_throw("submit");
        for (std::uint64_t i = 0; i < 5; ++i)
            sender.run(op::message_ring{.ring = r.native_handle(), .user_data = i})
                .or_throw("message");
        for (int i = 0; i < 2; ++i)
            static_cast<void>(next(r));
    });
}

TEST_P(ring_close, again_and_again) {
    RONDO_NEEDS_ANY_OPERATION();
    expect_end_after([&](ring& r) {
        for (int i = 0; i < 30; ++i) {
            push(r, op::read{.fd = pipe_.out, .into = part(0)}, 1);
            push(r, op::async(op::read{.fd = pipe_.out, .into = part(1)}), 2);
            r.submit().or_throw("submit");
            r = make(4);
        }
    });
}

TEST_P(ring_close, in_a_thread_that_ends) {
    RONDO_NEEDS_ANY_OPERATION();
    expect_end_after([&](ring&) {
        std::thread([&] {
            thread_local std::optional<ring> own;
            own.emplace(make(4));
            push(*own, op::read{.fd = pipe_.out, .into = part(0)}, 1);
            push(*own, op::async(op::read{.fd = pipe_.out, .into = part(1)}), 2);
            own->submit().or_throw("submit");
        }).join();
    });
}

} // namespace
} // namespace rondo
