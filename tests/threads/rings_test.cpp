// SPDX-License-Identifier: MIT
// Rings of several threads, for ThreadSanitizer: what one thread hands to another by way of the
// kernel is no race.
#include <support/matrix.hpp>
#include <support/pipe_pair.hpp>

#include <rondo/op/control.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/ring_message.hpp>
#include <rondo/op/write.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <vector>

namespace rondo {
namespace {

using namespace test;

class rings_of_threads : public matrix_test {
protected:
    void SetUp() override {
        matrix_test::SetUp();
        if (!IsSkipped() && GetParam().polls_devices())
            GTEST_SKIP() << "a ring with setup::iopoll takes only what a device is polled for";
    }
};
RONDO_FOR_EVERY_SET_UP(rings_of_threads);

TEST_P(rings_of_threads, a_ring_is_made_here_and_used_there) {
    if (GetParam().has(abi::setup::registered_fd_only) ||
        (GetParam().has(abi::setup::single_issuer) && !GetParam().has(abi::setup::r_disabled)))
        GTEST_SKIP() << "in this set-up a ring belongs to the thread that makes it";
    std::optional<ring> r(make());
    push(*r, op::nop{}, 1);
    std::thread([&] {
        EXPECT_EQ(next(*r).user_data, 1u);
        for (std::uint64_t i = 0; i < 50; ++i) {
            push(*r, op::nop{}, i);
            EXPECT_EQ(next(*r).user_data, i);
            EXPECT_EQ(r->run(op::nop{}).or_throw("run"), 0);
        }
    }).join();
    r.reset();
}

TEST_P(rings_of_threads, bytes_go_through_a_pipe_from_ring_to_ring) {
    pipe_pair const pipe;
    constexpr std::uint8_t count = 100;
    ring_options const how = options(8, 0);
    std::thread writer([&] {
        ring r = ring::create(how).or_throw("ring");
        std::array<std::uint8_t, 64> data{};
        for (std::uint8_t i = 0; i < count; ++i) {
            data.fill(i);
            EXPECT_EQ(r.run(op::write{.fd = pipe.in, .from = std::span(data)}).or_throw("write"),
                      64u);
        }
    });
    ring r = make();
    std::array<std::uint8_t, 64> data{};
    for (std::uint8_t i = 0; i < count; ++i) {
        EXPECT_EQ(r.run(op::read{.fd = pipe.out, .into = std::span(data)}).or_throw("read"), 64u);
        EXPECT_EQ(data[0], i);
        EXPECT_EQ(data[63], i);
    }
    writer.join();
}

struct letter {
    std::uint64_t number;
    std::vector<int> contents;
};

/// What a message carries: the address of something that the receiver is to own.
std::uint64_t address_of(std::unique_ptr<letter> owned) {
    return reinterpret_cast<std::uintptr_t>(owned.release());
}

/// Receives `count` letters. `Next` is how a completion is waited for.
template <class Next>
void receive(ring& r, std::uint64_t count, Next next_completion) {
    for (std::uint64_t i = 0; i < count; ++i) {
        abi::cqe const c = next_completion(r);
        std::unique_ptr<letter> const got(reinterpret_cast<letter*>(c.user_data));
        EXPECT_EQ(got->number, i);
        EXPECT_EQ(got->contents, std::vector<int>(3, static_cast<int>(i)));
        got->contents.clear();
    }
}

class rings_with_messages : public rings_of_threads {
protected:
    void SetUp() override {
        rings_of_threads::SetUp();
        if (!IsSkipped() && GetParam().has(abi::setup::registered_fd_only))
            GTEST_SKIP() << "a message needs the descriptor of its ring";
    }
    /// Without a flag that tells of pending work nothing is posted unless the kernel is asked.
    static void ask_if_needed(ring& r) {
        if (GetParam().has(abi::setup::defer_taskrun) && !GetParam().has(abi::setup::taskrun_flag))
            r.submit_and_wait(0).or_throw("submit_and_wait");
    }
    /// Sends letters from a thread of its own to a ring of this one.
    template <class Next>
    void exchange(Next next_completion) {
        constexpr std::uint64_t count = 200;
        ring r = make(8, 256);
        r.bind_to_this_thread().or_throw("bind");
        int const to = r.native_handle();
        ring_options const how = options(8, 0);
        std::thread sender([&, to] {
            ring own = ring::create(how).or_throw("ring");
            for (std::uint64_t i = 0; i < count; ++i) {
                auto l = std::make_unique<letter>();
                l->number = i;
                l->contents.assign(3, static_cast<int>(i));
                own.run(op::message_ring{.ring = to, .user_data = address_of(std::move(l))})
                    .or_throw("message");
            }
        });
        receive(r, count, next_completion);
        sender.join();
    }
};
RONDO_FOR_EVERY_SET_UP(rings_with_messages);

TEST_P(rings_with_messages, objects_are_handed_over_to_who_waits) {
    exchange([](ring& r) { return next(r); });
}

// Without an enter of its own the receiver sees the completion only in shared memory.
TEST_P(rings_with_messages, objects_are_handed_over_to_who_only_pops) {
    exchange([](ring& r) {
        abi::cqe c{};
        while (!r.pop(c)) {
            ask_if_needed(r);
            std::this_thread::yield();
        }
        return c;
    });
}

TEST_P(rings_with_messages, objects_are_handed_over_in_batches) {
    exchange([batch = std::vector<abi::cqe>(8), at = std::size_t{0},
              size = std::size_t{0}](ring& r) mutable {
        while (at == size) {
            ask_if_needed(r);
            at = 0;
            size = r.copy_completions(batch);
        }
        return batch[at++];
    });
}

TEST_P(rings_with_messages, objects_are_handed_over_beside_run) {
    exchange([](ring& r) {
        abi::cqe c{};
        while (!r.pop(c))
            r.run(op::nop{}).or_throw("run");
        return c;
    });
}

} // namespace
} // namespace rondo
