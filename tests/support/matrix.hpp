// SPDX-License-Identifier: MIT
#pragma once

// The set-ups that every test of rings runs over. One that this kernel refuses is skipped with the
// kernel's reason. One thread per fixture.

#include <support/engine.hpp>

#include <rondo/core/mapping.hpp>
#include <rondo/engine/simulated.hpp>
#include <rondo/ring/ring.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace rondo::test {

/// How the rings of one run through the tests are made.
struct set_up {
    char const* name;
    abi::setup flags = default_setup;
    abi::setup required = {};
    std::uint32_t idle_ms = 0;
    bool callers_memory = false;
    bool plain_enter = false; ///< no registered descriptor and no wait region

    [[nodiscard]] constexpr bool has(abi::setup flag) const noexcept {
        return rondo::has(flags | required, flag);
    }
    /// The kernel takes only what it can poll a device for.
    [[nodiscard]] constexpr bool polls_devices() const noexcept { return has(abi::setup::iopoll); }
    [[nodiscard]] constexpr bool has_poller() const noexcept { return idle_ms != 0; }
    [[nodiscard]] constexpr bool has_wide_completions() const noexcept {
        return has(abi::setup::cqe32) || has(abi::setup::cqe_mixed);
    }
};
inline std::ostream& operator<<(std::ostream& out, set_up const& s) { return out << s.name; }

/// A set-up that must have exactly these flags.
[[nodiscard]] constexpr set_up exactly(char const* name, abi::setup flags) noexcept {
    return {.name = name, .flags = flags, .required = flags};
}
/// The default with these besides.
[[nodiscard]] constexpr set_up default_with(char const* name, abi::setup flags) noexcept {
    return {.name = name, .required = flags};
}

inline constexpr set_up set_ups[] = {
    {.name = "default_set_up"},
    exactly("plain", {}),
    exactly("defer_taskrun", abi::setup::single_issuer | abi::setup::defer_taskrun),
    exactly("coop_taskrun", abi::setup::coop_taskrun),
    exactly("coop_taskrun_flag", abi::setup::coop_taskrun | abi::setup::taskrun_flag),
    {.name = "poller", .required = abi::setup::sqpoll, .idle_ms = 5},
    {.name = "poller_plain", .flags = {}, .required = abi::setup::sqpoll, .idle_ms = 5},
    {.name = "with_array", .flags = default_setup & ~abi::setup::no_sqarray},
    default_with("wide", abi::setup::cqe32 | abi::setup::sqe128),
    default_with("mixed", abi::setup::cqe_mixed),
    default_with("own_memory", abi::setup::no_mmap),
    {.name = "callers_memory", .required = abi::setup::no_mmap, .callers_memory = true},
    default_with("registered_only", abi::setup::no_mmap | abi::setup::registered_fd_only),
    default_with("device_polling", abi::setup::iopoll),
    {.name = "plain_enter", .plain_enter = true},
};

[[nodiscard]] inline std::string set_up_name(::testing::TestParamInfo<set_up> const& info) {
    return info.param.name;
}

/// Long enough for anything that a test waits for, short enough to end before the test is killed.
inline constexpr std::chrono::seconds patience{10};

class matrix_test : public ::testing::TestWithParam<set_up> {
protected:
    void SetUp() override {
        result<ring> const made = ring::create(options(8, 0));
        if (!made && made.error().why() == cause::unknown_flag)
            GTEST_SKIP() << made.error().message().c_str();
        if (!made && (is_emulated() || is_simulated()))
            GTEST_SKIP() << "the engines in user space do not have this set-up either: "
                         << made.error().message().c_str();
        ASSERT_TRUE(made.has_value()) << made.error().message().c_str();
    }

    [[nodiscard]] ring_options options(std::uint32_t entries, std::uint32_t cq_entries) {
        set_up const& how = GetParam();
        ring_options out{.entries = entries,
                         .cq_entries = cq_entries,
                         .flags = how.flags,
                         .required = how.required,
                         .poller = {.idle_ms = how.idle_ms},
                         .register_descriptor = !how.plain_enter,
                         .wait_region = !how.plain_enter,
                         .backend = backend()};
        if (how.callers_memory) {
            lent_.push_back(mapping::anonymous(ring::memory_needed(out)).or_throw("memory"));
            out.memory = {lent_.back().data(), lent_.back().size()};
        }
        return out;
    }
    [[nodiscard]] ring make(std::uint32_t entries = 8, std::uint32_t cq_entries = 0) {
        return ring::create(options(entries, cq_entries)).or_throw(GetParam().name);
    }

private:
    /// Null: whoever runs rings that ask for nothing special.
    [[nodiscard]] engine::backend* backend() {
        if (!is_simulated())
            return nullptr;
        if (!simulation_)
            simulation_.emplace(testing::simulation::create({.how = testing::chances::calm()})
                                    .or_throw("simulation"));
        return &simulation_->backend();
    }

    std::optional<testing::simulation> simulation_;
    std::vector<mapping> lent_; // outlives the rings, which are the tests' own
};

/// Ends a test whose operations a ring that polls devices does not take.
#define RONDO_NEEDS_ANY_OPERATION()                                                                \
    do {                                                                                           \
        if (GetParam().polls_devices())                                                            \
            GTEST_SKIP() << "a ring with setup::iopoll takes only what a device is polled for";    \
    } while (false)

#define RONDO_FOR_EVERY_SET_UP(suite)                                                              \
    INSTANTIATE_TEST_SUITE_P(matrix, suite, ::testing::ValuesIn(::rondo::test::set_ups),           \
                             ::rondo::test::set_up_name)

/// Queues an operation, waiting for room where a poller is slow to make it.
template <class Op>
void push(ring& r, Op const& o, std::uint64_t user_data) {
    while (!r.push(o, user_data))
        r.make_room(1).or_throw("make_room");
}

/// The next completion, waited for.
template <class Completion = abi::cqe>
[[nodiscard]] Completion next(ring& r) {
    // Rings that poll devices know no deadline.
    deadline const limit =
        has(r.features().setup, abi::setup::iopoll) ? deadline() : deadline(patience);
    Completion c{};
    while (!r.pop(c))
        r.submit_and_wait(1, limit).or_throw("wait for a completion");
    return c;
}

/// Whether nothing completes, though the kernel is given the time to.
[[nodiscard]] inline bool is_quiet(ring& r) {
    abi::cqe c;
    auto const waited = r.submit_and_wait(1, std::chrono::milliseconds{20});
    return !r.pop(c) && (waited || waited.error() == ETIME);
}

} // namespace rondo::test
