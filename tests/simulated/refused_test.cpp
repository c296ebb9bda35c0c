// SPDX-License-Identifier: MIT
// Kernels that do not know an opcode or a set-up flag, and submissions that are refused.
#include "simulated_test.hpp"

#include <array>
#include <string>

namespace rondo::test {
namespace {

TEST(a_refused_opcode, is_unknown_to_the_probe_and_invalid) {
    simulation_options options = calm();
    options.refused_opcodes = {abi::opcode::send_zc, abi::opcode::futex_wait, abi::opcode::nop};
    simulation s = simulate(options);
    ring r = ring_of(s);
    for (abi::opcode const code : options.refused_opcodes)
        EXPECT_FALSE(r.features().supports(code));
    EXPECT_TRUE(r.features().supports(abi::opcode::read));
    EXPECT_TRUE(r.features().supports(abi::opcode::futex_wake));
    ASSERT_TRUE(r.push(op::nop{}, 1));
    EXPECT_EQ(next(r).res, -EINVAL);
    auto const got = r.run(op::nop{});
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error(), EINVAL);
    EXPECT_EQ(got.error().why(), cause::missing_feature);
}

TEST(a_refused_opcode, breaks_the_chain_it_is_in) {
    simulation_options options = calm();
    options.refused_opcodes = {abi::opcode::fsync};
    simulation s = simulate(options);
    ring r = ring_of(s);
    unique_fd const file = file_of(s, r, 8);
    ASSERT_TRUE(r.push(op::link(op::nop{}, op::fsync{.fd = file}, op::nop{}), {1, 2, 3}));
    auto const got = results(r, 3);
    EXPECT_EQ(got.at(1), -ECANCELED); // the kernel looks at all of a chain before it starts it
    EXPECT_EQ(got.at(2), -EINVAL);
    EXPECT_EQ(got.at(3), -ECANCELED);
}

TEST(a_refused_opcode, that_is_the_highest_ends_the_table) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    std::uint8_t const all = r.features().opcode_count;
    simulation_options options = calm();
    for (int code = all - 3; code < 256; ++code)
        options.refused_opcodes.push_back(static_cast<abi::opcode>(code));
    simulation less = simulate(options);
    EXPECT_LE(ring_of(less).features().opcode_count, all - 3);
}

TEST(refused_flags, are_done_without_and_named) {
    simulation_options options = calm();
    options.refused_setup = abi::setup::defer_taskrun | abi::setup::no_sqarray;
    simulation s = simulate(options);
    ring r = ring_of(s);
    EXPECT_FALSE(has(r.features().setup, abi::setup::defer_taskrun));
    EXPECT_FALSE(has(r.features().setup, abi::setup::no_sqarray));
    EXPECT_TRUE(has(r.features().refused, abi::setup::defer_taskrun));
    EXPECT_TRUE(has(r.features().refused, abi::setup::no_sqarray));
    EXPECT_TRUE(has(r.features().setup, abi::setup::submit_all));
    EXPECT_TRUE(r.run(op::nop{}));
}

TEST(refused_flags, that_are_all_there_are_leave_a_plain_ring) {
    simulation_options options = calm();
    options.refused_setup = default_setup | abi::setup::cqsize | abi::setup::clamp;
    simulation s = simulate(options);
    ring r = ring_of(s);
    EXPECT_EQ(raw(r.features().setup), 0u);
    std::array<char, 8> into{};
    unique_fd const file = file_of(s, r, 8);
    EXPECT_EQ(r.run(op::read{.fd = file, .into = into, .at = 0}), 8u);
}

TEST(refused_flags, that_are_required_are_an_error) {
    simulation_options options = calm();
    options.refused_setup = abi::setup::defer_taskrun;
    simulation s = simulate(options);
    auto const made = ring::create(
        {.entries = 8, .required = abi::setup::defer_taskrun, .backend = &s.backend()});
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error(), EINVAL);
    EXPECT_EQ(made.error().why(), cause::unknown_flag);
    EXPECT_NE(std::string(made.error().message().c_str()).find("defer_taskrun"), std::string::npos)
        << made.error().message().c_str();
}

TEST(a_refused_submission, is_taken_another_time_and_loses_nothing) {
    simulation s = simulate(only(&chances::refused_enter, 0.5, 2));
    ring r = ring_of(s);
    int refused = 0;
    for (std::uint64_t i = 0; i < 50; ++i) {
        ASSERT_TRUE(r.push(op::nop{}, i));
        for (;;) {
            auto const entered = r.submit();
            if (entered) {
                EXPECT_EQ(*entered, 1u);
                break;
            }
            ASSERT_EQ(entered.error(), EAGAIN);
            abi::cqe c{};
            EXPECT_FALSE(r.pop(c)); // nothing was taken
            ++refused;
        }
        EXPECT_EQ(next(r).user_data, i);
    }
    EXPECT_GT(refused, 20);
    EXPECT_TRUE(tells(s, "a submission is refused: EAGAIN"));
    EXPECT_TRUE(r.run(op::nop{})); // which deals with it
}

TEST(a_refused_submission, keeps_a_chain_whole) {
    simulation s = simulate(only(&chances::refused_enter, 0.5, 3));
    ring r = ring_of(s);
    for (std::uint64_t i = 0; i < 20; ++i) {
        ASSERT_TRUE(r.push(op::link(op::nop{}, op::nop{}, op::nop{}), {1, 2, 3}));
        auto const got = results(r, 3);
        EXPECT_EQ(got, (std::map<std::uint64_t, std::int32_t>{{1, 0}, {2, 0}, {3, 0}}));
    }
}

} // namespace
} // namespace rondo::test
