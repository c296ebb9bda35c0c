// SPDX-License-Identifier: MIT
// Loops whose kernel takes nothing at the worst of moments.
#include "loop_fixture.hpp"

#include <support/pipe_pair.hpp>
#include <support/wrapped_kernel.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <span>

namespace rondo::test {
namespace {

using reading = operation<op::read<>>;

class a_loop_short_of_memory : public ::testing::Test {
protected:
    loop make(std::uint32_t entries, abi::setup flags = default_setup) {
        loop_options options{.grows = false};
        options.ring = {.entries = entries, .cq_entries = 16, .flags = flags, .backend = &kernel};
        return loop::create(options).or_throw("loop");
    }
    op::read<> read_p() { return op::read{.fd = p.out, .into = into}; }
    static void run_ready(loop& l) { static_cast<void>(l.run_ready().or_throw("run_ready")); }
    void refuse(int times, fault how = {EAGAIN}) {
        for (int i = 0; i < times; ++i)
            kernel.faults.push_back(how);
    }

    faulty_kernel kernel;
    pipe_pair p;
    std::array<char, 8> into{};
};

TEST_F(a_loop_short_of_memory, does_not_sleep_before_its_cancels_are_sent) {
    loop l = make(1);
    reading first(l, read_p()), second(l, read_p());
    first.then = [&] { p.write("x"); };
    first.start();
    run_ready(l);
    second.start(); // the queue is full
    first.cancel();
    refuse(1);
    l.run().or_throw("run");
    EXPECT_EQ(first.result, -ECANCELED);
    EXPECT_EQ(second.result, 1);
}

TEST_F(a_loop_short_of_memory, does_not_sleep_before_those_that_wait_are_given_to_it) {
    loop l = make(1);
    op::read const one{.fd = p.out, .into = std::span(into).first(1)};
    reading first(l, one), second(l, one);
    operation<op::nop> third(l, {});
    third.then = [&] { p.write("xy"); };
    first.start();
    second.start();
    third.start();
    refuse(1);
    l.run().or_throw("run");
    EXPECT_EQ(third.runs, 1);
    EXPECT_EQ(first.result, 1);
    EXPECT_EQ(second.result, 1);
}

TEST_F(a_loop_short_of_memory, gives_no_room_that_its_cancels_have_taken) {
    loop l = make(4);
    std::vector<std::unique_ptr<any_operation>> reads, nops;
    for (int i = 0; i < 3; ++i) {
        reads.push_back(std::make_unique<reading>(l, read_p()));
        reads.back()->start();
        nops.push_back(std::make_unique<operation<op::nop>>(l, op::nop{}));
        nops.push_back(std::make_unique<operation<op::nop>>(l, op::nop{}));
    }
    run_ready(l);
    posted_item item([&] {
        for (auto const& n : nops)
            n->start();
    });
    for (auto const& r : reads)
        r->cancel();
    ASSERT_TRUE(l.inbox().post(item));
    refuse(3);
    l.run().or_throw("run");
    for (auto const& r : reads)
        EXPECT_EQ(r->result, -ECANCELED);
    for (auto const& n : nops)
        EXPECT_EQ(n->runs, 1);
}

TEST_F(a_loop_short_of_memory, gives_no_room_that_its_driver_needs) {
    loop l = make(2);
    called_timer t([] {});
    l.timers().arm(t, l.now() + 1'000'000);
    static_cast<void>(l.native_handle());
    kernel.faults = {{0, 8}, {EAGAIN}}; // the timeout for the driver stays in the queue
    run_ready(l);
    operation<op::nop> a(l, {}), b(l, {}), c(l, {});
    a.start();
    b.start();
    c.start();
    l.run().or_throw("run");
    EXPECT_EQ(a.runs + b.runs + c.runs, 3);
}

/// A result that is there before the cancel that is on its way was sent.
class a_cancel_that_is_late : public a_loop_short_of_memory {
protected:
    /// Only without defer_taskrun the kernel completes what it does not wait for.
    void make_late(loop& l, reading& r) {
        r.start();
        run_ready(l);
        r.cancel();
        p.write("abc");
        refuse(2, {0, 0});
        run_ready(l);
        ASSERT_TRUE(kernel.faults.empty());
        if (l.in_flight() != 0) {
            l.run().or_throw("run");
            GTEST_SKIP() << "the kernel did not complete the read in time";
        }
    }
};

TEST_F(a_cancel_that_is_late, keeps_the_completion_until_it_was_answered) {
    loop l = make(4, abi::setup{});
    reading r(l, read_p());
    make_late(l, r);
    if (IsSkipped())
        return;
    EXPECT_FALSE(r.is_idle());
    EXPECT_EQ(r.runs, 0);
    while (r.runs == 0)
        run_ready(l);
    EXPECT_EQ(r.result, 3);
    r.start(); // at the same address
    run_ready(l);
    p.write("x");
    l.run().or_throw("run");
    EXPECT_EQ(r.result, 1);
    EXPECT_EQ(r.runs, 2);
}

TEST_F(a_cancel_that_is_late, is_waited_for_at_the_end) {
    std::optional<loop> l(make(4, abi::setup{}));
    reading r(*l, read_p());
    make_late(*l, r);
    if (IsSkipped())
        return;
    l.reset();
    EXPECT_EQ(r.runs, 1);
    EXPECT_EQ(r.result, 3);
}

/// The second part of a chain is not there to be cancelled before the first is over.
struct pair_of final : any_operation {
    pair_of(loop& on, std::chrono::milliseconds when, op::read<> then_read)
        : any_operation(on, kinds), wait{.when = op::moment(when), .continue_chain = true},
          second(on, then_read) {}
    void start() override { where->start(*this); }
    static void resume(work& w) noexcept { self_of(w).ran(); }
    static void fill(completion& c, submission_queue& to) noexcept {
        auto& self = static_cast<pair_of&>(c);
        abi::sqe& head = to.reserve();
        op::fill(head, self.wait, loop::user_data_of(self));
        head.flags |= raw(abi::sqe_flag::io_link);
        self.second.set_started();
        op::fill(to.reserve(), self.second.what, loop::user_data_of(self.second));
    }
    static constexpr completion_functions kinds{{&stop_it, "pair"}, &resume, &fill, &take_more, 2};

    op::timeout<> wait;
    reading second;
};

class a_cancel_that_finds_nothing : public on_both {};
RONDO_LOOPS_ON_BOTH(a_cancel_that_finds_nothing);

TEST_P(a_cancel_that_finds_nothing, is_repeated_until_it_does) {
    loop l = make(4, 8);
    pipe_pair const p;
    std::array<char, 8> into{};
    pair_of c(l, std::chrono::milliseconds(50), op::read{.fd = p.out, .into = into});
    c.start();
    static_cast<void>(l.run_ready().or_throw("run_ready"));
    c.second.cancel();
    l.run().or_throw("run");
    EXPECT_EQ(c.runs, 1);
    EXPECT_EQ(c.second.runs, 1);
    EXPECT_EQ(c.second.result, -ECANCELED);
    EXPECT_TRUE(c.second.was_stopped);
    EXPECT_LT(l.statistics().cancels, 20u); // less and less often
}

} // namespace
} // namespace rondo::test
