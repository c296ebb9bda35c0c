// SPDX-License-Identifier: MIT
// What the engine in user space owes to whoever knows the kernel's rings.
#include <support/pipe_pair.hpp>

#include <rondo/op/chain.hpp>
#include <rondo/op/poll.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/write.hpp>
#include <rondo/ring/files.hpp>
#include <rondo/ring/ring.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace rondo {
namespace {

using namespace test;

class emulated : public ::testing::Test {
protected:
    abi::cqe next() {
        abi::cqe c{};
        while (!ring_.pop(c))
            ring_.submit_and_wait(1, std::chrono::seconds{10}).or_throw("wait");
        return c;
    }
    ring ring_ = ring::create({.entries = 16, .engine = engine::emulated}).or_throw("ring");
};

TEST_F(emulated, two_may_wait_for_one_registered_file) {
    pipe_pair const pipe;
    auto slots = files::create(ring_, {.slots = 1}).or_throw("files");
    auto const slot = slots.insert(pipe.out.get()).or_throw("insert");
    std::array<char, 1> a{}, b{};
    ASSERT_TRUE(ring_.push(op::read{.fd = slot, .into = a}, 1));
    ASSERT_TRUE(ring_.push(op::read{.fd = slot, .into = b}, 2));
    ring_.submit().or_throw("submit");
    ASSERT_EQ(::write(pipe.in.get(), "xy", 2), 2);
    EXPECT_EQ(next().res, 1);
    EXPECT_EQ(next().res, 1);
}

TEST_F(emulated, what_a_chain_holds_back_was_read_when_it_was_submitted) {
    pipe_pair const gate, out;
    std::array<char, 1> memory{};
    char good[] = "good", evil[] = "evil";
    ::iovec part{good, 4};
    ring_
        .push(op::link(op::read{.fd = gate.out, .into = memory},
                       op::write{.fd = out.in, .from = iovecs(&part, 1)}),
              {1, 2})
        .or_throw("push");
    ring_.submit().or_throw("submit");
    part.iov_base = evil;
    ASSERT_EQ(::write(gate.in.get(), "x", 1), 1);
    EXPECT_EQ(next().res, 1);
    EXPECT_EQ(next().res, 4);
    char told[4] = {};
    ASSERT_EQ(::read(out.out.get(), told, 4), 4);
    EXPECT_EQ(std::string_view(told, 4), "good");
}

TEST_F(emulated, a_stream_of_polls_on_what_is_always_ready_ends) {
    unique_fd const file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(file);
    ASSERT_TRUE(ring_.push(op::poll_stream{.fd = file, .events = EPOLLIN}, 7));
    abi::cqe const c = next();
    EXPECT_EQ(c.user_data, 7u);
    EXPECT_EQ(c.res, EPOLLIN);
    EXPECT_FALSE(abi::more(c));
}

} // namespace
} // namespace rondo
