// SPDX-License-Identifier: MIT
#include <rondo/op/control.hpp>
#include <rondo/ring/ring.hpp>

#include <support/engine.hpp>
#include <support/ring_test.hpp>

#include <gtest/gtest.h>

#include <sched.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rondo {
namespace {

using abi::setup;

std::string text_of(error const& e) { return std::string(std::string_view(e.message())); }

TEST(ring_options, sizes_out_of_range_are_refused_by_name) {
    for (std::uint32_t const entries : {0u, 1u << 20}) {
        auto const refused = ring::create({.entries = entries});
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error(), EINVAL);
        EXPECT_EQ(refused.error().why(), cause::entries);
        EXPECT_NE(text_of(refused.error()).find(std::to_string(entries)), std::string::npos);
    }
    auto const fewer = ring::create({.entries = 64, .cq_entries = 32});
    ASSERT_FALSE(fewer.has_value());
    EXPECT_EQ(fewer.error().why(), cause::entries);
}

TEST(ring_options, sizes_out_of_range_are_cut_when_asked_for) {
    ring const r =
        ring::create({.entries = 1u << 20, .flags = default_setup | setup::clamp}).or_throw("ring");
    EXPECT_EQ(r.features().sq_entries, 32768u);
}

TEST(ring_options, flags_that_nobody_knows_are_an_error) {
    auto const strange = static_cast<setup>(1u << 30);
    for (ring_options const& options :
         {ring_options{.flags = default_setup | strange}, ring_options{.required = strange}}) {
        auto const refused = ring::create(options);
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error(), EINVAL);
        EXPECT_EQ(refused.error().why(), cause::unknown_flag);
        EXPECT_EQ(refused.error().detail(), 1u << 30);
    }
}

TEST(ring_options, flags_that_exclude_each_other_are_named) {
    auto const refused = ring::create({.flags = setup::cqe32 | setup::cqe_mixed});
    ASSERT_FALSE(refused.has_value());
    EXPECT_NE(text_of(refused.error()).find("cqe32|cqe_mixed"), std::string::npos);
    auto const poller = ring::create({.flags = setup::sqpoll});
    ASSERT_FALSE(poller.has_value()) << "a poller without an idle time";
    EXPECT_EQ(poller.error().why(), cause::option_missing);
}

TEST(ring_options, flags_whose_companion_is_missing_are_left_out) {
    ring const r = ring::create({.flags = setup::hybrid_iopoll}).or_throw("ring");
    EXPECT_FALSE(has(r.features().setup, setup::hybrid_iopoll));
    EXPECT_TRUE(has(r.features().refused, setup::hybrid_iopoll));
}

TEST(ring_options, hybrid_polling_is_had_with_polling) {
    RONDO_NEEDS_KERNEL("device polling");
    auto const r = ring::create({.flags = {}, .required = setup::iopoll | setup::hybrid_iopoll});
    if (!r && r.error().why() == cause::unknown_flag)
        GTEST_SKIP() << "this kernel has no hybrid_iopoll (Linux 6.13)";
    ASSERT_TRUE(r.has_value()) << r.error().message().c_str();
    EXPECT_TRUE(has(r->features().setup, setup::iopoll | setup::hybrid_iopoll));
}

TEST(ring_options, a_poller_can_stay_on_one_cpu) {
    RONDO_NEEDS_KERNEL("pollers");
    ::cpu_set_t cpus;
    ASSERT_EQ(::sched_getaffinity(0, sizeof cpus, &cpus), 0);
    std::int32_t cpu = 0;
    while (CPU_ISSET(static_cast<std::size_t>(cpu), &cpus) == 0)
        ++cpu;
    ring r = ring::create({.entries = 8, .poller = {.idle_ms = 1, .cpu = cpu}}).or_throw("ring");
    EXPECT_TRUE(has(r.features().setup, setup::sqpoll | setup::sq_aff));
    RONDO_EXPECT_OK(r.run(op::nop{}));
    EXPECT_FALSE(ring::create({.poller = {.idle_ms = 1, .cpu = 4095}}).has_value());
}

TEST(ring_options, rings_can_share_worker_threads_and_a_poller) {
    RONDO_NEEDS_KERNEL("pollers");
    ring first = ring::create({.entries = 8, .poller = {.idle_ms = 1}}).or_throw("ring");
    ring second =
        ring::create({.entries = 8, .poller = {.idle_ms = 1}, .attach = &first}).or_throw("ring");
    EXPECT_TRUE(has(second.features().setup, setup::attach_wq));
    RONDO_EXPECT_OK(second.run(op::nop{}));
    for (ring* const r : {&first, &second}) {
        auto const chain = r->push(op::link(op::nop{}, op::nop{}), {1, 2});
        ASSERT_FALSE(chain.has_value()) << "the kernel cuts chains on a shared poller";
        EXPECT_EQ(chain.error(), ENOTSUP);
        EXPECT_EQ(chain.error().why(), cause::shared_poller);
    }
    ring workers = ring::create({.entries = 8, .attach = &first}).or_throw("ring");
    RONDO_EXPECT_OK(workers.push(op::link(op::nop{}, op::nop{}), {1, 2}));
}

TEST(ring_options, memory_of_the_callers_must_be_large_enough_and_aligned) {
    ring_options options{.entries = 8};
    std::size_t const needed = ring::memory_needed(options);
    auto const pages = mapping::anonymous(needed + page_size()).or_throw("mapping");
    options.memory = {pages.data(), needed - page_size()};
    auto const small = ring::create(options);
    ASSERT_FALSE(small.has_value());
    EXPECT_EQ(small.error().why(), cause::memory_size);
    EXPECT_EQ(small.error().detail(), needed);
    options.memory = {pages.data() + 64, needed};
    EXPECT_FALSE(ring::create(options).has_value());
    options.memory = {pages.data(), needed};
    ring r = ring::create(options).or_throw("ring");
    RONDO_EXPECT_OK(r.run(op::nop{}));
}

TEST(ring_options, huge_pages_are_used_or_done_without) {
    ring r = ring::create({.entries = 8, .huge_pages = true}).or_throw("ring");
    EXPECT_TRUE(has(r.features().setup, setup::no_mmap));
    RONDO_EXPECT_OK(r.run(op::nop{}));
}

TEST(ring_options, waits_need_not_count_as_waiting_for_io) {
    ring r = ring::create({.entries = 8, .iowait = false}).or_throw("ring");
    if (!has(r.features().enter, abi::enter::no_iowait))
        GTEST_SKIP() << "this kernel has no no_iowait (Linux 6.15)";
    RONDO_EXPECT_OK(r.run(op::nop{}));
}

} // namespace
} // namespace rondo
