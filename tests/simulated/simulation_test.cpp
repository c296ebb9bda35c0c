// SPDX-License-Identifier: MIT
// Programs of rings on a simulated kernel: the same seed gives the same run, faults come as asked
// for, and time is virtual.
#include <rondo/engine/simulated.hpp>
#include <rondo/op/all.hpp>
#include <rondo/ring/ring.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstring>
#include <string>
#include <vector>

namespace rondo {
namespace {

using testing::chances;
using testing::simulation;
using testing::simulation_options;

simulation simulate(simulation_options options = {}) {
    return simulation::create(std::move(options)).or_throw("simulation");
}

ring ring_of(simulation& s, std::uint32_t entries = 64) {
    return ring::create({.entries = entries, .backend = &s.backend()}).or_throw("ring");
}

simulation_options calm(std::uint64_t seed = 1) { return {.seed = seed, .how = chances::calm()}; }

TEST(simulation, runs_a_ring_over_files_in_memory) {
    simulation s = simulate(calm());
    ASSERT_TRUE(s.write_file("/etc/motd", "hello"));
    ring r = ring_of(s);
    auto file = r.run(op::openat<>{.path = "/etc/motd", .flags = O_RDWR}).or_throw("open");
    std::array<char, 16> buffer{};
    EXPECT_EQ(r.run(op::read{.fd = file, .into = buffer, .at = 0}).or_throw("read"), 5u);
    EXPECT_STREQ(buffer.data(), "hello");
    EXPECT_EQ(
        r.run(op::write{.fd = file, .from = std::string_view(" world"), .at = 5}).or_throw("write"),
        6u);
    EXPECT_EQ(s.read_text("/etc/motd"), "hello world");
    EXPECT_EQ(r.run(op::openat<>{.path = "/none"}).error(), ENOENT);
}

TEST(simulation, takes_no_time_to_sleep) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    auto const before = std::chrono::steady_clock::now();
    std::int64_t const virtual_before = s.now();
    EXPECT_TRUE(r.run(op::timeout{.when = std::chrono::hours(1000)}));
    EXPECT_GE(s.now() - virtual_before, 3'600'000'000'000'000);
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(10));
}

/// What a program on a socket pair sees, as one text: receives, sends, a cancel, a timeout.
std::string story(simulation& s) {
    std::string out;
    ring r = ring_of(s);
    auto const pair = s.socket_pair(SOCK_STREAM).or_throw("socketpair");
    std::array<std::array<char, 32>, 8> buffers{};
    op::timeout const limit{.when = std::chrono::milliseconds(5)};
    EXPECT_TRUE(r.push(limit, 100));
    for (std::uint64_t i = 0; i < 8; ++i) {
        EXPECT_TRUE(r.push(op::recv{.fd = pair.first, .into = buffers[i]}, i));
        EXPECT_TRUE(r.push(op::send{.fd = pair.second, .from = std::string_view("bytes")}, 10 + i));
    }
    std::size_t left = 17;
    while (left != 0) {
        auto entered = r.submit_and_wait(1);
        if (!entered && entered.error() != EINTR && entered.error() != EAGAIN)
            static_cast<void>(std::move(entered).or_throw("wait"));
        for (abi::cqe c; r.pop(c); --left) {
            out += std::to_string(c.user_data) + ":" + std::to_string(c.res) + " ";
            // Receives that have nothing left to come.
            if (c.user_data == 100 &&
                r.push(op::cancel{op::cancel_match::fd(pair.first), true}, 101))
                ++left;
        }
    }
    return out + std::to_string(s.now());
}

TEST(simulation, runs_the_same_for_the_same_seed_byte_for_byte) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        simulation first = simulate({.seed = seed}), second = simulate({.seed = seed});
        EXPECT_EQ(story(first), story(second));
        EXPECT_EQ(first.trace(), second.trace());
        EXPECT_EQ(first.trace_digest(), second.trace_digest());
    }
}

} // namespace
} // namespace rondo
