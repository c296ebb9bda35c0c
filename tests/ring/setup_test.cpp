// SPDX-License-Identifier: MIT
// What can be asked of a new ring, and what is said when it cannot be had.
#include <support/engine.hpp>
#include <support/child.hpp>
#include <support/matrix.hpp>

#include <rondo/engine/kernel.hpp>
#include <rondo/op/control.hpp>

#include <gtest/gtest.h>

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace rondo {
namespace {

using namespace test;
using abi::setup;

/// The error of a set-up that must fail with EINVAL.
error refusal(ring_options const& how) {
    auto const made = ring::create(how);
    EXPECT_FALSE(made.has_value());
    if (made)
        return error();
    EXPECT_EQ(made.error(), EINVAL) << made.error().message().c_str();
    EXPECT_EQ(made.error().attempted(), attempt::setup);
    return made.error();
}

bool says(error const& e, std::string_view what) {
    return std::string_view(e.message()).find(what) != std::string_view::npos;
}

TEST(ring_setup, sizes_that_no_queue_has_are_named) {
    for (std::uint32_t const entries : {0u, 32769u, 1u << 20, ~0u}) {
        error const e = refusal({.entries = entries});
        EXPECT_EQ(e.why(), cause::entries);
        EXPECT_EQ(e.detail(), entries);
        EXPECT_TRUE(says(e, std::to_string(entries) + " entries")) << e.message().c_str();
    }
    for (std::uint32_t const entries : {4u, 7u, 65537u, 1u << 20, ~0u}) {
        error const e = refusal({.entries = 8, .cq_entries = entries});
        EXPECT_EQ(e.why(), cause::entries);
        EXPECT_EQ(e.detail(), entries);
    }
}

TEST(ring_setup, the_largest_queues_are_granted) {
    ring r = ring::create({.entries = 32768, .cq_entries = 65536}).or_throw("ring");
    EXPECT_EQ(r.sq().capacity(), 32768u);
    EXPECT_EQ(r.cq().capacity(), 65536u);
    EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
}

TEST(ring_setup, sizes_beyond_the_largest_are_clamped_on_demand) {
    ring r = ring::create({.entries = 1u << 20, .cq_entries = 1u << 21, .required = setup::clamp})
                 .or_throw("ring");
    EXPECT_EQ(r.features().sq_entries, 32768u);
    EXPECT_EQ(r.features().cq_entries, 65536u);
    EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
}

TEST(ring_setup, flags_that_this_kernel_lacks_are_left_out_or_named) {
    RONDO_NEEDS_KERNEL("such flags");
    features const here = features::ask(test::this_engine()).or_throw("ask");
    if (here.learned_by != features::source::query)
        GTEST_SKIP() << "this kernel does not say which set-up flags it has";
    for (setup const lacking : {setup::sqe_mixed, setup::sq_rewind}) {
        if (has(here.known_setup, lacking))
            continue;
        ring r = ring::create({.flags = default_setup | lacking}).or_throw("ring");
        EXPECT_EQ(raw(r.features().refused), raw(lacking));
        EXPECT_FALSE(has(r.features().setup, lacking));
        EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
        error const e = refusal({.required = lacking});
        EXPECT_EQ(e.why(), cause::unknown_flag);
        EXPECT_EQ(e.detail(), raw(lacking));
    }
}

TEST(ring_setup, flags_that_exclude_each_other_are_named) {
    RONDO_NEEDS_KERNEL("such flags");
    for (ring_options const& how : {
             ring_options{.flags = setup::cqe32 | setup::cqe_mixed},
             ring_options{.required = setup::cqe32 | setup::cqe_mixed},
             ring_options{.required = setup::defer_taskrun, .poller = {.idle_ms = 1}},
         }) {
        error const e = refusal(how);
        EXPECT_EQ(e.why(), cause::bad_combination);
        EXPECT_TRUE(says(e, "do not go together")) << e.message().c_str();
    }
}

// What is required is never left out in silence, not even for want of another flag.
TEST(ring_setup, required_flags_that_need_another_are_refused_or_get_it) {
    RONDO_NEEDS_KERNEL("such flags");
    for (setup const flag : {setup::defer_taskrun, setup::taskrun_flag, setup::hybrid_iopoll,
                             setup::registered_fd_only, setup::sq_aff}) {
        auto const made = ring::create({.flags = {}, .required = flag});
        if (made) {
            EXPECT_TRUE(has(made->features().setup, flag)) << raw(flag);
        } else {
            EXPECT_EQ(made.error(), EINVAL);
            EXPECT_NE(made.error().why(), cause::none) << made.error().message().c_str();
        }
    }
}

// The kernel would take some of these and act on a field that nobody filled.
TEST(ring_setup, flags_that_follow_from_options_are_named_without_them) {
    for (setup const flag : {setup::sqpoll, setup::sq_aff, setup::attach_wq, setup::cqsize})
        for (ring_options const& how :
             {ring_options{.flags = flag}, ring_options{.flags = {}, .required = flag}}) {
            error const e = refusal(how);
            EXPECT_EQ(e.why(), cause::option_missing) << raw(flag);
            EXPECT_EQ(e.detail(), raw(flag));
            EXPECT_TRUE(says(e, "attach) were not given: ")) << e.message().c_str();
        }
    error const e = refusal({.flags = setup::sq_aff, .poller = {.idle_ms = 1}});
    EXPECT_EQ(e.detail(), raw(setup::sq_aff)) << "a poller, and no CPU for it";
}

TEST(ring_setup, memory_of_the_callers_must_be_enough_and_aligned) {
    ring_options how{.entries = 64, .required = setup::no_mmap};
    std::size_t const need = ring::memory_needed(how);
    EXPECT_GE(need, 64u * 64 + 128 * 16);
    EXPECT_EQ(need % page_size(), 0u);
    auto const memory = mapping::anonymous(need + page_size()).or_throw("memory");
    std::span const all(memory.data(), memory.size());
    for (std::span const wrong : {all.first(need - 1), all.subspan(64, need), all.first(1)}) {
        how.memory = wrong;
        error const e = refusal(how);
        EXPECT_EQ(e.why(), cause::memory_size);
        EXPECT_EQ(e.detail(), need);
        EXPECT_TRUE(says(e, std::to_string(need) + " bytes")) << e.message().c_str();
    }
    how.memory = all.first(need);
    ring r = ring::create(how).or_throw("ring");
    EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
}

TEST(ring_setup, memory_needed_is_enough_for_every_size) {
    for (std::uint32_t const entries : {1u, 3u, 64u, 100u, 4096u, 32768u})
        for (setup const more : {setup{}, setup::cqe32 | setup::sqe128, setup::cqe_mixed}) {
            ring_options how{.entries = entries, .required = setup::no_mmap | more};
            auto const memory =
                mapping::anonymous(ring::memory_needed(how) + page_size()).or_throw("memory");
            how.memory = {memory.data(), ring::memory_needed(how)};
            std::byte* const behind = memory.data() + how.memory.size();
            std::fill_n(behind, page_size(), std::byte{0x77});
            auto made = ring::create(how);
            if (!made && (made.error().why() == cause::unknown_flag || is_emulated()))
                continue;
            ring r = std::move(made).or_throw("ring");
            for (std::uint32_t i = 0; i < 3 * std::min(entries, 4096u); ++i)
                push(r, op::nop{}, i);
            for (std::uint32_t i = 0; i < 3 * std::min(entries, 4096u); ++i)
                ASSERT_EQ(next(r).user_data, i);
            EXPECT_EQ(std::count(behind, behind + page_size(), std::byte{0x77}),
                      static_cast<std::ptrdiff_t>(page_size()));
        }
}

TEST(ring_setup, memory_of_the_callers_is_used_and_given_back) {
    ring_options how{.entries = 8, .required = setup::no_mmap};
    auto const memory = mapping::anonymous(ring::memory_needed(how)).or_throw("memory");
    how.memory = {memory.data(), memory.size()};
    for (int round = 0; round < 3; ++round) {
        ring r = ring::create(how).or_throw("ring");
        push(r, op::nop{}, 0x1234'5678'9abc'def0);
        static_cast<void>(next(r));
        std::string_view const all(reinterpret_cast<char const*>(memory.data()), memory.size());
        std::string_view const number("\xf0\xde\xbc\x9a\x78\x56\x34\x12", 8);
        EXPECT_NE(all.find(number), std::string_view::npos) << "the SQE and its CQE are there";
    }
}

TEST(ring_setup, a_wait_region_is_registered_where_it_can_be) {
    ring const with = ring::create().or_throw("ring");
    if (with.features().supports(abi::register_op::mem_region) == support::yes) {
        EXPECT_TRUE(with.features().wait_region);
    }
    EXPECT_FALSE(ring::create({.wait_region = false}).or_throw("ring").features().wait_region);
    // It goes in before a ring is enabled, so there is none where it is never disabled.
    EXPECT_FALSE(ring::create({.flags = {}}).or_throw("ring").features().wait_region);
}

TEST(ring_setup, a_dead_ring_to_attach_to_is_an_error) {
    ring dead = ring::create().or_throw("ring");
    ::close(dead.native_handle());
    EXPECT_FALSE(ring::create({.attach = &dead}).has_value());
    auto only = ring::create({.required = setup::no_mmap | setup::registered_fd_only});
    if (only) {
        EXPECT_FALSE(ring::create({.attach = &*only}).has_value()) << "it has no descriptor";
    }
}

/// Takes away this process's privileges, and limits what it may pin.
void limit_locked_memory(std::size_t bytes) {
    ::rlimit const little{bytes, bytes};
    ASSERT_EQ(::setrlimit(RLIMIT_MEMLOCK, &little), 0);
    ::__user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    ::__user_cap_data_struct const none[2] = {};
    ASSERT_EQ(::syscall(SYS_capset, &header, none), 0);
}

TEST(ring_setup, exhausted_locked_memory_is_named_with_its_limit) {
    child_end const end = in_child([] {
        limit_locked_memory(64 * 1024);
        std::vector<ring> rings;
        for (int i = 0; i < 8; ++i) {
            auto made = ring::create({.entries = 1024});
            if (made) {
                rings.push_back(std::move(*made));
                continue;
            }
            EXPECT_EQ(made.error(), ENOMEM);
            EXPECT_EQ(made.error().why(), cause::memlock);
            EXPECT_EQ(made.error().detail() & 0xffff'ffff, 64u);
            EXPECT_GE(made.error().detail() >> 32, 64u);
            EXPECT_TRUE(says(made.error(), "RLIMIT_MEMLOCK is 64 KiB"))
                << made.error().message().c_str();
            std::fprintf(stderr, "refused");
            return;
        }
    });
    ASSERT_TRUE(end.succeeded()) << end;
    if (end.output.find("refused") == std::string::npos)
        GTEST_SKIP() << "this kernel does not count a ring's memory as locked";
}

TEST(ring_setup, little_locked_memory_is_enough_for_a_small_ring) {
    child_end const end = in_child([] {
        limit_locked_memory(16 * 1024);
        ring r = ring::create({.entries = 8}).or_throw("ring");
        EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
    });
    EXPECT_TRUE(end.succeeded()) << end;
}

} // namespace
} // namespace rondo
