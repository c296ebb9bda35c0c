// SPDX-License-Identifier: MIT

#include <rondo/op/time.hpp>

#include <support/golden.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <type_traits>

namespace rondo {
namespace {

using namespace std::chrono_literals;
using op::immediate;
using op::moment;
using op::timeout_clock;
using test::expect_sqe;
using test::golden;

abi::cqe completion(std::int32_t res, std::uint32_t flags = 0) {
    return {.user_data = 0, .res = res, .flags = flags};
}

// The time itself is the first member of a moment, which is the first of these operations.
TEST(golden_timeout, points_to_the_time_in_the_operation_with_a_count_of_one) {
    op::timeout const o{.when = 1500ms};
    expect_sqe(o, golden{}.u8(0, 11).i32(4, -1).ptr(16, &o.when.time()).u32(24, 1));
    EXPECT_EQ(o.when.time().tv_sec, 1);
    EXPECT_EQ(o.when.time().tv_nsec, 500'000'000);
}

TEST(golden_timeout, counts_completions_in_off) {
    op::timeout const o{.when = 1s, .count = 3, .continue_chain = true};
    expect_sqe(
        o, golden{}.u8(0, 11).i32(4, -1).u64(8, 3).ptr(16, &o.when.time()).u32(24, 1).u32(28, 32));
}

TEST(golden_timeout, at_a_point_of_the_steady_clock_is_absolute) {
    op::timeout const o{.when = std::chrono::steady_clock::time_point(7s + 1ns)};
    expect_sqe(o, golden{}.u8(0, 11).i32(4, -1).ptr(16, &o.when.time()).u32(24, 1).u32(28, 1));
    EXPECT_EQ(o.when.time().tv_sec, 7);
    EXPECT_EQ(o.when.time().tv_nsec, 1);
}

TEST(golden_timeout, at_a_point_of_the_wall_clock_is_absolute_in_real_time) {
    op::timeout const o{.when = std::chrono::system_clock::time_point(1'700'000'000s)};
    expect_sqe(o, golden{}.u8(0, 11).i32(4, -1).ptr(16, &o.when.time()).u32(24, 1).u32(28, 9));
    EXPECT_EQ(o.when.time().tv_sec, 1'700'000'000);
}

TEST(golden_timeout, names_the_clock_of_a_duration) {
    op::timeout const boot{.when = moment(1s, timeout_clock::boottime)};
    expect_sqe(boot,
               golden{}.u8(0, 11).i32(4, -1).ptr(16, &boot.when.time()).u32(24, 1).u32(28, 4));
    op::timeout const real{.when = moment(1s, timeout_clock::realtime)};
    expect_sqe(real,
               golden{}.u8(0, 11).i32(4, -1).ptr(16, &real.when.time()).u32(24, 1).u32(28, 8));
    op::timeout const at{.when = moment::at(90s, timeout_clock::boottime)};
    expect_sqe(at, golden{}.u8(0, 11).i32(4, -1).ptr(16, &at.when.time()).u32(24, 1).u32(28, 5));
}

TEST(golden_timeout, immediate_holds_nanoseconds_and_points_nowhere) {
    expect_sqe(op::timeout{.when = immediate(2s + 3ns), .count = 4, .continue_chain = true},
               golden{}
                   .u8(0, 11)
                   .i32(4, -1)
                   .u64(8, 4)
                   .u64(16, 2'000'000'003)
                   .u32(24, 1)
                   .u32(28, 128 | 32));
    expect_sqe(op::timeout{.when = immediate(std::chrono::steady_clock::time_point(5ns))},
               golden{}.u8(0, 11).i32(4, -1).u64(16, 5).u32(24, 1).u32(28, 128 | 1));
    expect_sqe(op::timeout{.when = immediate::at(6ns, timeout_clock::boottime)},
               golden{}.u8(0, 11).i32(4, -1).u64(16, 6).u32(24, 1).u32(28, 128 | 4 | 1));
}

TEST(golden_timeout_stream, is_a_timeout_with_the_multishot_flag) {
    op::timeout_stream const o{.every = 10ms, .repeats = 3};
    expect_sqe(
        o, golden{}.u8(0, 11).i32(4, -1).u64(8, 3).ptr(16, &o.every.time()).u32(24, 1).u32(28, 64));
    expect_sqe(op::timeout_stream{.every = immediate(10ms)},
               golden{}.u8(0, 11).i32(4, -1).u64(16, 10'000'000).u32(24, 1).u32(28, 64 | 128));
}

TEST(golden_link_timeout, has_an_opcode_of_its_own) {
    op::link_timeout const o{.when = 1s};
    expect_sqe(o, golden{}.u8(0, 15).i32(4, -1).ptr(16, &o.when.time()).u32(24, 1));
    op::link_timeout const at{.when = std::chrono::steady_clock::time_point(7s)};
    expect_sqe(at, golden{}.u8(0, 15).i32(4, -1).ptr(16, &at.when.time()).u32(24, 1).u32(28, 1));
    expect_sqe(op::link_timeout{.when = immediate(1us)},
               golden{}.u8(0, 15).i32(4, -1).u64(16, 1000).u32(24, 1).u32(28, 128));
}

TEST(golden_timeout_update, points_to_the_new_time_with_addr2) {
    op::timeout_update const o{.user_data = 77, .when = 1s};
    expect_sqe(o, golden{}.u8(0, 12).i32(4, -1).ptr(8, &o.when.time()).u64(16, 77).u32(28, 2));
    op::timeout_update const at{.user_data = 77, .when = std::chrono::system_clock::time_point(7s)};
    expect_sqe(at, golden{}.u8(0, 12).i32(4, -1).ptr(8, &at.when.time()).u64(16, 77).u32(28, 3));
    expect_sqe(op::timeout_update{.user_data = 77, .when = immediate(9ns)},
               golden{}.u8(0, 12).i32(4, -1).u64(8, 9).u64(16, 77).u32(28, 128 | 2));
}

TEST(golden_link_timeout_update, has_both_update_flags) {
    op::link_timeout_update const o{.user_data = 77, .when = 1s};
    expect_sqe(o, golden{}.u8(0, 12).i32(4, -1).ptr(8, &o.when.time()).u64(16, 77).u32(28, 18));
    expect_sqe(op::link_timeout_update{.user_data = 77, .when = immediate(9ns)},
               golden{}.u8(0, 12).i32(4, -1).u64(8, 9).u64(16, 77).u32(28, 128 | 18));
}

TEST(golden_timeout_remove, names_the_timeout_in_addr) {
    expect_sqe(op::timeout_remove{.user_data = 77}, golden{}.u8(0, 12).i32(4, -1).u64(16, 77));
}

TEST(moment, that_lies_in_the_past_is_now_and_parts_of_nanoseconds_round_up) {
    EXPECT_EQ(moment(-5s).time().tv_sec, 0);
    EXPECT_EQ(moment(-5s).time().tv_nsec, 0);
    EXPECT_EQ(immediate(-1ns).nanoseconds(), 0);
    EXPECT_EQ(moment(std::chrono::duration<double>(1.5)).time().tv_nsec, 500'000'000);
    EXPECT_EQ(moment(std::chrono::duration<double, std::nano>(0.5)).time().tv_nsec, 1);
    EXPECT_EQ(moment(std::chrono::hours::max()).time().tv_sec, 9'223'372'036);
    EXPECT_EQ(moment(std::chrono::hours::max()).time().tv_nsec, 854'775'807);
}

TEST(timeout_types, are_pinned_where_they_point_into_themselves) {
    static_assert(op::is_pinned<op::timeout<>> && !op::is_pinned<op::timeout<immediate>>);
    static_assert(op::is_pinned<op::timeout_update<>>);
    static_assert(op::is_stream<op::timeout_stream<>> && !op::is_stream<op::timeout<>>);
    static_assert(op::is_chain_only<op::link_timeout<>>);
    static_assert(op::is_chain_only<op::link_timeout<immediate>>);
    static_assert(!op::pushable<op::timeout<>> && op::pushable<op::timeout<>&>);
    static_assert(op::pushable<op::timeout<immediate>>);
    EXPECT_TRUE(
        (std::is_same_v<decltype(op::timeout{.when = immediate(1s)}), op::timeout<immediate>>));
}

TEST(value_of_timeout, is_what_ended_it) {
    op::timeout const o{.when = 1s};
    EXPECT_EQ(op::value_of(o, completion(-ETIME)), op::timeout_end::time);
    EXPECT_EQ(op::value_of(o, completion(0)), op::timeout_end::count);
    EXPECT_EQ(op::value_of(o, completion(-ECANCELED)).error(), ECANCELED);
}

TEST(value_of_timeout, is_success_for_what_repeats_or_bounds_another_operation) {
    op::timeout_stream const stream{.every = 1s};
    EXPECT_TRUE(op::value_of(stream, completion(-ETIME, 2)).has_value());
    EXPECT_EQ(op::value_of(stream, completion(-ECANCELED)).error(), ECANCELED);
    op::link_timeout const link{.when = 1s};
    EXPECT_TRUE(op::value_of(link, completion(-ETIME)).has_value());
    EXPECT_EQ(op::value_of(link, completion(-ECANCELED)).error(), ECANCELED);
    EXPECT_EQ(op::value_of(link, completion(-EALREADY)).error(), EALREADY);
}

} // namespace
} // namespace rondo
