// SPDX-License-Identifier: MIT
#pragma once

// The shapes that every test of shared rings runs over, and what such tests have in common. Any
// thread may use the helpers; a fixture belongs to one.

#include <support/engine.hpp>
#include <support/pipe_pair.hpp>
#include <support/sockets.hpp>

#include <rondo/op/control.hpp>
#include <rondo/op/poll.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/time.hpp>
#include <rondo/op/write.hpp>
#include <rondo/ring/shared_ring.hpp>

#include <gtest/gtest.h>

#include <poll.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace rondo::test {

using namespace std::chrono_literals;

/// Long enough for anything that a test waits for, short enough to end before the test is killed.
inline constexpr std::chrono::seconds patience{20};

/// How the shared rings of one run through the tests are made.
struct shape {
    char const* name;
    shared_ring_options options;
};
inline std::ostream& operator<<(std::ostream& out, shape const& s) { return out << s.name; }

inline shape const shapes[] = {
    {"two_entries", {.shards = 1, .entries = 2}},
    {"four_entries", {.shards = 1, .entries = 4}},
    {"eight_entries", {.shards = 1, .entries = 8}},
    {"two_completions", {.shards = 1, .entries = 2, .cq_entries = 2}},
    {"shards", {.entries = 8}},
    {"three_shards", {.shards = 3, .entries = 4}},
    {"delayed", {.shards = 1, .entries = 8, .submit_delay_ns = 200'000}},
    {"poller", {.shards = 1, .entries = 8, .poller = {.idle_ms = 5}}},
};

[[nodiscard]] inline std::string shape_name(::testing::TestParamInfo<shape> const& info) {
    return info.param.name;
}

class shared_matrix : public ::testing::TestWithParam<shape> {
protected:
    void SetUp() override {
        result<shared_ring> made = shared_ring::create(GetParam().options);
        if (!made && is_emulated())
            GTEST_SKIP() << "not in user space: " << made.error().message().c_str();
        ASSERT_TRUE(made.has_value()) << made.error().message().c_str();
        shared_.emplace(std::move(*made));
    }
    [[nodiscard]] bool has_poller() const { return GetParam().options.poller.idle_ms != 0; }
    /// The longest chain or batch.
    [[nodiscard]] std::uint32_t entries() const { return GetParam().options.entries; }

    std::optional<shared_ring> shared_;
};

#define RONDO_FOR_EVERY_SHAPE(suite)                                                               \
    INSTANTIATE_TEST_SUITE_P(shapes, suite, ::testing::ValuesIn(::rondo::test::shapes),            \
                             ::rondo::test::shape_name)

[[nodiscard]] inline shared_ring make_shared(shared_ring_options const& options) {
    return shared_ring::create(options).or_throw("shared ring");
}

/// Runs body(0), body(1), ... on threads of their own and waits for them.
template <class Body>
void on_threads(std::size_t count, Body const& body) {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < count; ++i)
        threads.emplace_back([&body, i] { body(i); });
}

/// Waits until a condition holds that another thread brings about.
template <class Condition>
[[nodiscard]] bool eventually(Condition const& condition) {
    auto const end = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= end)
            return false;
        std::this_thread::sleep_for(1ms);
    }
    return true;
}

[[nodiscard]] inline op::nop numbered_nop(std::int32_t number) {
    return {.flags = abi::nop_flag::inject_result, .result = number};
}

[[nodiscard]] inline std::span<char const> bytes_of(std::string_view text) { return text; }

template <class T>
[[nodiscard]] std::string why(result<T> const& r) {
    return r ? "it succeeded" : std::string(r.error().message().c_str());
}

/// EXPECT_TRUE(holds(shared.run(...), 5)), and it is told why not.
template <class T, class Expected>
[[nodiscard]] ::testing::AssertionResult holds(result<T> const& r, Expected const& expected) {
    if (!r)
        return ::testing::AssertionFailure() << why(r);
    if (!(*r == static_cast<T>(expected)))
        return ::testing::AssertionFailure() << ::testing::PrintToString(*r) << " instead of "
                                             << ::testing::PrintToString(expected);
    return ::testing::AssertionSuccess();
}
template <class T>
[[nodiscard]] ::testing::AssertionResult holds(result<T> const& r) {
    return r ? ::testing::AssertionSuccess() : ::testing::AssertionFailure() << why(r);
}
/// EXPECT_TRUE(fails(shared.wait(t), ESTALE, cause::stale_ticket))
template <class T>
[[nodiscard]] ::testing::AssertionResult fails(result<T> const& r, int code,
                                               std::optional<cause> reason = {}) {
    if (!r && r.error() == code && (!reason || r.error().why() == *reason))
        return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << why(r) << ", where errno " << code << " was expected";
}

} // namespace rondo::test
