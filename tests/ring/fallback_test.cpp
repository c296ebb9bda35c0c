// SPDX-License-Identifier: MIT
// Rings on older kernels: what is left out, how that is learned and told, and that the rest works.
#include <support/engine.hpp>
#include <support/child.hpp>
#include <support/matrix.hpp>
#include <support/old_kernel.hpp>
#include <support/pipe_pair.hpp>

#include <rondo/op/chain.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/modifier.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/time.hpp>
#include <rondo/op/write.hpp>

#include <gtest/gtest.h>

#include <poll.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>

namespace rondo {
namespace {

using namespace test;
using std::chrono::milliseconds;

class ring_fallback : public ::testing::TestWithParam<version> {
protected:
    void SetUp() override { RONDO_NEEDS_KERNEL("kernel to be taken for an older one"); }
    [[nodiscard]] bool is_before(int major, int minor) const {
        return GetParam() < version{major, minor};
    }
    [[nodiscard]] ring make(std::uint32_t entries = 8) {
        return ring::create({.entries = entries, .backend = &kernel_}).or_throw("ring");
    }
    old_kernel kernel_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(linux, ring_fallback,
                         ::testing::Values(version{5, 1}, version{5, 4}, version{5, 6},
                                           version{5, 10}, version{5, 11}, version{5, 19},
                                           version{6, 1}, version{6, 6}, version{6, 12},
                                           version{6, 17}, version{6, 18}),
                         [](auto const& v) {
                             return std::to_string(v.param.major) + "_" +
                                    std::to_string(v.param.minor);
                         });

TEST_P(ring_fallback, what_is_unknown_is_left_out_and_told) {
    ring const r = make();
    features const& f = r.features();
    abi::setup expected = default_setup & kernel_.setup_flags();
    if (!has(expected, abi::setup::defer_taskrun))
        expected &= ~abi::setup::taskrun_flag; // means nothing alone, and is refused so
    EXPECT_EQ(raw(f.setup), raw(expected));
    EXPECT_EQ(raw(f.refused), raw(default_setup & ~expected));
    EXPECT_EQ(raw(f.kernel), raw(kernel_.features()));
    EXPECT_EQ(f.engine, engine::automatic) << "one of the caller's own";
}

TEST_P(ring_fallback, what_the_kernel_has_is_learned_from_the_surest_source) {
    ring const r = make();
    features::source const expected = is_before(5, 6)    ? features::source::trial
                                      : is_before(6, 18) ? features::source::probe
                                                         : features::source::query;
    EXPECT_EQ(r.features().learned_by, expected);
    if (expected != features::source::trial) {
        EXPECT_EQ(r.features().opcode_count, kernel_.opcodes());
        EXPECT_TRUE(r.features().supports<op::nop>());
        EXPECT_EQ(r.features().supports(abi::opcode::socket), !is_before(5, 19));
    }
    EXPECT_EQ(r.features().supports(abi::register_op::buffers),
              is_before(6, 18) ? support::unknown : support::yes);
}

TEST_P(ring_fallback, features_can_be_asked_for_without_a_ring) {
    features const f = features::ask(kernel_).or_throw("ask");
    EXPECT_EQ(raw(f.kernel), raw(kernel_.features()));
    EXPECT_EQ(f.supports(abi::opcode::socket), !is_before(5, 19));
}

TEST_P(ring_fallback, operations_work) {
    ring r = make(4);
    pipe_pair const pipe;
    std::array<char, 8> memory{};
    std::uint64_t popped = 0;
    for (std::uint64_t i = 0; i < 100; ++i) {
        push(r, op::nop{}, i);
        r.submit().or_throw("submit");
        for (abi::cqe c; r.pop(c);)
            ASSERT_EQ(c.user_data, popped++);
    }
    EXPECT_EQ(r.run(op::write{.fd = pipe.in, .from = std::string_view("abc")}).or_throw("w"), 3u);
    EXPECT_EQ(r.run(op::read{.fd = pipe.out, .into = memory}).or_throw("read"), 3u);
    r.push(op::link(op::nop{}, op::nop{}), {1000, 1001}).or_throw("chain");
    r.submit_and_wait(2).or_throw("submit_and_wait");
    std::uint64_t last = 0;
    for (abi::cqe c; r.pop(c);)
        last = c.user_data;
    EXPECT_EQ(last, 1001u);
    EXPECT_EQ(r.in_flight(), 0u);
}

TEST_P(ring_fallback, a_deadline_is_kept_or_refused) {
    ring r = make();
    for (deadline const& limit : {deadline(milliseconds{5}),
                                  deadline(std::chrono::steady_clock::now() + milliseconds{20})}) {
        auto const waited = r.submit_and_wait(1, limit);
        ASSERT_FALSE(waited.has_value());
        if (is_before(5, 11)) {
            EXPECT_EQ(waited.error(), ENOTSUP);
            EXPECT_EQ(waited.error().why(), cause::missing_feature);
        } else {
            EXPECT_EQ(waited.error(), ETIME) << waited.error().message().c_str();
        }
    }
    auto const window = r.submit_and_wait(1, milliseconds{1}, 1000);
    ASSERT_FALSE(window.has_value());
    EXPECT_EQ(window.error(), is_before(6, 12) ? ENOTSUP : ETIME);
}

// A wait that cannot be made must not leave behind what it would have submitted, nor lose it.
TEST_P(ring_fallback, a_refused_deadline_loses_no_submission) {
    ring r = make();
    push(r, op::nop{}, 1);
    auto const waited = r.submit_and_wait(1, patience);
    EXPECT_EQ(waited.has_value(), !is_before(5, 11));
    r.submit_and_wait(1).or_throw("submit_and_wait");
    abi::cqe c;
    ASSERT_TRUE(r.pop(c));
    EXPECT_EQ(c.user_data, 1u);
    EXPECT_FALSE(r.pop(c));
}

TEST_P(ring_fallback, a_required_flag_that_is_unknown_is_named) {
    for (abi::entry const& flag : abi::setup_flags()) {
        auto const bit = static_cast<abi::setup>(flag.value);
        if (has(kernel_.setup_flags(), bit) || bit == abi::setup::attach_wq)
            continue; // the latter is not asked for by its flag
        ring_options how{.required = bit, .backend = &kernel_};
        if (bit == abi::setup::cqsize)
            how.cq_entries = 256; // it needs its option beside it
        auto const made = ring::create(how);
        ASSERT_FALSE(made.has_value()) << flag.name;
        EXPECT_EQ(made.error(), EINVAL);
        EXPECT_EQ(made.error().why(), cause::unknown_flag) << flag.name;
        EXPECT_EQ(made.error().detail(), flag.value) << flag.name;
        EXPECT_NE(std::string_view(made.error().message()).find(flag.name), std::string_view::npos)
            << made.error().message().c_str();
    }
}

// The library does not know what they would mean for it, so it does not pass them on.
TEST_P(ring_fallback, flags_of_the_future_are_named) {
    constexpr auto future = static_cast<abi::setup>(1u << 30);
    ring_options const wanted{.flags = default_setup | future, .backend = &kernel_};
    ring_options const required{.required = future, .backend = &kernel_};
    for (ring_options const& how : {wanted, required}) {
        auto const made = ring::create(how);
        ASSERT_FALSE(made.has_value());
        EXPECT_EQ(made.error(), EINVAL);
        EXPECT_EQ(made.error().why(), cause::unknown_flag);
        EXPECT_EQ(made.error().detail(), 1u << 30);
    }
}

TEST_P(ring_fallback, a_kernel_that_accepts_is_not_tried_out) {
    ring const r = ring::create({.flags = {}, .backend = &kernel_}).or_throw("ring");
    EXPECT_EQ(kernel_.set_ups, 1);
}

TEST_P(ring_fallback, the_callers_memory_is_left_alone_where_it_cannot_be_used) {
    ring_options how{.entries = 8, .flags = {}, .backend = &kernel_};
    auto const lent = mapping::anonymous(ring::memory_needed(how)).or_throw("memory");
    how.memory = {lent.data(), lent.size()};
    ring r = ring::create(how).or_throw("ring");
    EXPECT_EQ(has(r.features().setup, abi::setup::no_mmap), !is_before(6, 5));
    EXPECT_EQ(has(r.features().refused, abi::setup::no_mmap), is_before(6, 5));
    EXPECT_FALSE(r.features().huge_pages);
    EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
}

// The kernel has no way to cancel everything at once, or none to wait with a deadline, or both.
TEST_P(ring_fallback, a_ring_is_closed_with_operations_in_flight) {
    child_end const end = in_child(
        [this] {
            pipe_pair const pipe;
            std::array<char, 64> memory{};
            {
                ring r = make();
                push(r, op::read{.fd = pipe.out, .into = memory}, 1);
                r.submit().or_throw("submit");
            }
            pipe.write("must not be read");
            ::poll(nullptr, 0, 50);
            EXPECT_EQ(memory, (std::array<char, 64>{}));
        },
        5);
    EXPECT_TRUE(end.succeeded()) << end;
}

TEST_P(ring_fallback, a_ring_is_closed_with_a_worker_waiting) {
    if (is_before(5, 6))
        GTEST_SKIP() << "IOSQE_ASYNC came with 5.6";
    child_end const end = in_child(
        [this] {
            pipe_pair const pipe;
            std::array<char, 64> memory{};
            {
                ring r = make();
                push(r, op::async(op::read{.fd = pipe.out, .into = memory}), 1);
                r.submit().or_throw("submit");
                ::poll(nullptr, 0, 20); // let the worker begin
            }
            pipe.write("must not be read");
            ::poll(nullptr, 0, 50);
            EXPECT_EQ(memory, (std::array<char, 64>{}));
        },
        5);
    EXPECT_TRUE(end.succeeded()) << end;
}

TEST(ring_refused, errors_say_what_was_attempted) {
    for (int const code : {EPERM, ENOSYS, ENOMEM, EMFILE, EACCES, EINVAL}) {
        refusing_kernel kernel(code);
        auto const made = ring::create({.backend = &kernel});
        ASSERT_FALSE(made.has_value());
        EXPECT_EQ(made.error(), code);
        EXPECT_EQ(made.error().attempted(), attempt::setup);
        auto const asked = features::ask(kernel);
        ASSERT_FALSE(asked.has_value());
        EXPECT_EQ(asked.error(), code);
    }
}

TEST(ring_refused, a_kernel_without_io_uring_is_named) {
    RONDO_NEEDS_KERNEL("kernel: a filter that is there would be named");
    refusing_kernel kernel(ENOSYS);
    EXPECT_EQ(ring::create({.backend = &kernel}).error().why(), cause::no_kernel_support);
}

} // namespace
} // namespace rondo
