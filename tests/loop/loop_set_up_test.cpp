// SPDX-License-Identifier: MIT
// Loops on rings with set-up flags that are not the usual ones, and those that a loop refuses.
#include "loop_fixture.hpp"

#include <support/rewinding_kernel.hpp>

#include <cerrno>
#include <list>
#include <string>
#include <string_view>

namespace rondo::test {
namespace {

class a_set_up_loop : public on_both {};
RONDO_LOOPS_ON_BOTH(a_set_up_loop);

// A completion of two entries would be taken for two, the second with any address.
TEST_P(a_set_up_loop, refuses_completions_of_mixed_size) {
    for (bool const required : {false, true}) {
        loop_options options{};
        options.ring.engine = GetParam();
        (required ? options.ring.required : options.ring.flags) |= abi::setup::cqe_mixed;
        auto const refused = loop::create(options);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error(), EINVAL);
        EXPECT_EQ(refused.error().why(), cause::not_for_loops);
        std::string const text = refused.error().message().c_str();
        EXPECT_NE(text.find("leave them out of its ring's options"), std::string::npos) << text;
        EXPECT_NE(text.find("cqe_mixed"), std::string::npos) << text;
    }
}

/// More than there is room for, so that the queues grow where they can.
void expect_working(loop& l) {
    std::list<operation<op::nop>> all;
    for (int i = 0; i < 100; ++i)
        all.emplace_back(l, op::nop{});
    for (auto& one : all)
        one.start();
    l.run().or_throw("run");
    for (auto const& one : all)
        EXPECT_TRUE(one.runs == 1 && one.result == 0);
    EXPECT_EQ(l.in_flight(), 0u);
    loop_statistics const told = l.statistics();
    EXPECT_EQ(told.completed, 100u);
    EXPECT_EQ(told.started, 100u);
}

TEST_P(a_set_up_loop, works_with_entries_of_every_other_size) {
    using abi::setup;
    for (setup const sizes : {setup::cqe32, setup::sqe128, setup::cqe32 | setup::sqe128,
                              setup::sqe_mixed, setup::sqe_mixed | setup::cqe32}) {
        loop_options options{};
        options.ring.engine = GetParam();
        options.ring.entries = 4;
        options.ring.required = sizes;
        auto made = loop::create(options);
        if (!made && made.error().why() == cause::unknown_flag)
            continue;
        loop l = std::move(made).or_throw("loop");
        expect_working(l);
    }
}

TEST(a_rewinding_loop, counts_what_is_in_flight_when_its_queues_grow) {
    rewinding_kernel kernel;
    loop_options options{};
    options.ring.entries = 2;
    options.ring.cq_entries = 4;
    options.ring.flags |= abi::setup::sq_rewind;
    options.ring.required = abi::setup::sq_rewind;
    options.ring.backend = &kernel;
    loop l = loop::create(options).or_throw("loop");
    l.run().or_throw("run");
    expect_working(l);
    if (l.statistics().resizes == 0)
        GTEST_SKIP() << "no queue changes its size here";
}

} // namespace
} // namespace rondo::test
