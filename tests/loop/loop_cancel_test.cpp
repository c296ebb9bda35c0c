// SPDX-License-Identifier: MIT
// Loops: cancels, at every stage of an operation, and what -EINTR means.
#include "loop_fixture.hpp"

#include <support/pipe_pair.hpp>

#include <string>
#include <unistd.h>

namespace rondo::test {
namespace {

using reading = operation<op::read<>>;

class a_cancel_of : public on_both {
protected:
    pipe_pair p;
    char into[8] = {};
    op::read<> read_p() { return op::read{.fd = p.out, .into = into}; }
};
RONDO_LOOPS_ON_BOTH(a_cancel_of);

TEST_P(a_cancel_of, an_idle_operation_does_nothing) {
    loop l = make();
    reading r(l, read_p());
    r.cancel();
    p.write("x");
    r.start();
    l.run().or_throw("run");
    EXPECT_EQ(r.result, 1);
    EXPECT_FALSE(r.was_stopped);
    r.cancel(); // over
    EXPECT_EQ(l.statistics().cancels, 0u);
    EXPECT_TRUE(r.is_idle());
    p.write("x");
    r.start();
    l.run().or_throw("run");
    EXPECT_EQ(r.result, 1);
    EXPECT_FALSE(r.was_stopped);
}

TEST_P(a_cancel_of, one_in_flight_ends_it) {
    loop l = make();
    reading r(l, read_p());
    r.start();
    static_cast<void>(l.run_ready().or_throw("run_ready"));
    r.cancel();
    r.cancel();
    EXPECT_EQ(r.runs, 0); // never inside cancel()
    l.run().or_throw("run");
    EXPECT_EQ(r.runs, 1);
    EXPECT_EQ(r.result, -ECANCELED);
    EXPECT_TRUE(r.was_stopped);
    EXPECT_FALSE(r.had_not_started);
    EXPECT_EQ(l.statistics().cancels, 1u);
}

TEST_P(a_cancel_of, one_that_is_only_queued_ends_it) {
    loop l = make();
    reading r(l, read_p());
    r.start();
    r.cancel();
    l.run().or_throw("run");
    EXPECT_EQ(r.runs, 1);
    EXPECT_EQ(r.result, -ECANCELED);
}

TEST_P(a_cancel_of, one_that_waits_for_room_keeps_it_from_the_kernel) {
    loop_options options{};
    options.most_in_flight = 1;
    loop l = make(options);
    std::vector<any_operation*> order;
    reading first(l, read_p()), second(l, read_p()), third(l, read_p());
    first.order = second.order = third.order = &order;
    first.start();
    second.start();
    third.start();
    second.cancel();
    EXPECT_EQ(second.runs, 0);
    EXPECT_EQ(l.in_flight(), 2u);
    static_cast<void>(l.run_ready().or_throw("run_ready"));
    EXPECT_EQ(second.runs, 1);
    EXPECT_EQ(second.result, -ECANCELED);
    EXPECT_TRUE(second.had_not_started);
    third.cancel();
    third.cancel();
    first.cancel();
    l.run().or_throw("run");
    EXPECT_EQ(order, (std::vector<any_operation*>{&second, &third, &first}));
    EXPECT_TRUE(third.had_not_started);
    EXPECT_FALSE(first.had_not_started);
    EXPECT_EQ(l.statistics().started, 1u);
}

TEST_P(a_cancel_of, one_about_to_run_leaves_its_result) {
    loop l = make();
    reading r(l, read_p());
    operation<op::nop> n(l, {});
    p.write("xy");
    n.then = [&] { r.cancel(); }; // both are in one batch
    n.start();
    r.start();
    l.run().or_throw("run");
    if (l.statistics().batches == 1) { // the wish was taken back
        EXPECT_EQ(r.result, 2);
        EXPECT_EQ(l.statistics().cancels, 0u);
        EXPECT_TRUE(r.was_stopped);
    }
    EXPECT_EQ(r.runs, 1);
}

TEST_P(a_cancel_of, one_whose_result_is_there_delivers_it) {
    for (int i = 0; i < 100; ++i) {
        loop l = make(2, 2);
        reading r(l, read_p());
        r.start();
        static_cast<void>(l.run_ready().or_throw("run_ready"));
        p.write("abc");
        r.cancel();
        l.run().or_throw("run");
        EXPECT_EQ(r.runs, 1);
        if (r.result == -ECANCELED) { // then nothing was read
            EXPECT_EQ(::read(p.out.get(), into, sizeof into), 3);
        } else {
            EXPECT_EQ(r.result, 3);
        }
    }
}

TEST_P(a_cancel_of, many_goes_through_the_smallest_queue) {
    for (bool const grows : {false, true}) {
        loop l = make(1, 2, grows);
        std::vector<std::unique_ptr<reading>> all;
        for (int i = 0; i < 200; ++i) {
            all.push_back(std::make_unique<reading>(l, read_p()));
            all.back()->start();
        }
        static_cast<void>(l.run_ready().or_throw("run_ready"));
        for (auto const& r : all)
            r->cancel();
        l.run().or_throw("run");
        for (auto const& r : all) {
            EXPECT_EQ(r->runs, 1);
            EXPECT_EQ(r->result, -ECANCELED);
        }
        EXPECT_EQ(l.in_flight(), 0u);
    }
}

TEST_P(a_cancel_of, one_blocked_in_a_worker_interrupts_it) {
    using blocked = operation<decltype(op::async(std::declval<op::read<>>()))>;
    loop l = make(4, 8);
    for (int round = 0; round < 20; ++round) {
        std::vector<std::unique_ptr<blocked>> all;
        for (int i = 0; i < 8; ++i) {
            all.push_back(std::make_unique<blocked>(l, op::async(read_p())));
            all.back()->start();
        }
        if (round % 2 == 0)
            static_cast<void>(l.run_ready().or_throw("run_ready"));
        if (round % 4 == 0)
            ::usleep(2'000); // the workers block by now
        for (auto const& b : all)
            b->cancel();
        l.run().or_throw("run"); // a cancel that the kernel loses is repeated
        for (auto const& b : all) {
            EXPECT_EQ(b->runs, 1);
            EXPECT_TRUE(b->result == -ECANCELED || b->result == -EINTR) << b->result;
        }
    }
}

TEST_P(a_cancel_of, a_completion_started_again_does_not_meet_its_next_operation) {
    loop l = make(4, 8);
    reading r(l, read_p());
    int cancelled = 0, read = 0;
    for (int i = 0; i < 200; ++i) {
        r.start();
        static_cast<void>(l.run_ready().or_throw("run_ready"));
        if (i % 3 == 0)
            p.write("x");
        r.cancel();
        if (i % 3 == 1)
            p.write("x");
        while (!r.is_idle())
            static_cast<void>(l.run_ready().or_throw("run_ready"));
        (r.result == -ECANCELED ? cancelled : read) += 1;
        if (r.result == -ECANCELED && i % 3 != 2) {
            EXPECT_EQ(::read(p.out.get(), into, 1), 1);
        }
        // Whatever is left of the cancel must not end this one.
        r.start();
        static_cast<void>(l.run_ready().or_throw("run_ready"));
        p.write("y");
        l.run().or_throw("run");
        ASSERT_EQ(r.result, 1) << i;
    }
    EXPECT_GT(cancelled, 0);
    EXPECT_EQ(r.runs, r.starts);
}

TEST_P(a_cancel_of, a_stream_ends_it_after_its_last_completion) {
    loop l = make(4, 8);
    operation<op::poll_stream> s(l, op::poll_stream{.fd = p.out, .events = 1});
    s.start();
    static_cast<void>(l.run_ready().or_throw("run_ready"));
    for (std::size_t i = 1; i <= 3; ++i) {
        p.write("x");
        run_until(l, [&] { return s.more.size() >= i || s.runs != 0; });
        EXPECT_EQ(::read(p.out.get(), into, 1), 1);
    }
    EXPECT_EQ(s.runs, 0);
    s.cancel();
    l.run().or_throw("run");
    EXPECT_EQ(s.runs, 1);
    EXPECT_EQ(s.result, -ECANCELED);
    EXPECT_GE(s.more.size(), 3u);
}

TEST(a_cancel, is_repeated_when_its_answer_took_long) {
    // The kernel may answer -EALREADY long after it was asked, and the operation go on.
    auto s = simulation::create({.how = chances::calm()}).or_throw("simulation");
    loop l = loop_of(s);
    auto const pipe = s.pipe().or_throw("pipe");
    char into[8];
    reading r(l, op::read{.fd = pipe.first, .into = into});
    r.start();
    static_cast<void>(l.run_ready().or_throw("run_ready"));
    r.cancel();
    s.pass(50'000'000);
    l.run().or_throw("run");
    EXPECT_EQ(r.result, -ECANCELED);
}

TEST(an_interrupted_operation, is_started_again) {
    auto s = simulation::create({.how = chances::calm()}).or_throw("simulation");
    loop l = loop_of(s);
    auto const pipe = s.pipe().or_throw("pipe");
    char into[8];
    s.add_fault({.opcode = abi::opcode::read, .error = EINTR, .times = 3});
    reading r(l, op::read{.fd = pipe.first, .into = into});
    operation<op::write<>> w(l, op::write{.fd = pipe.second, .from = std::string_view("abc")});
    w.start();
    r.start();
    l.run().or_throw("run");
    EXPECT_EQ(r.runs, 1);
    EXPECT_EQ(r.result, 3);
    EXPECT_EQ(l.statistics().restarted, 3u);
}

TEST(an_interrupted_operation, is_not_started_again_once_its_end_is_wanted) {
    auto s = simulation::create({.how = chances::calm()}).or_throw("simulation");
    loop l = loop_of(s);
    auto const pipe = s.pipe().or_throw("pipe");
    char into[8];
    s.add_fault({.opcode = abi::opcode::read, .error = EINTR, .times = 100});
    reading r(l, op::read{.fd = pipe.first, .into = into});
    r.start();
    r.cancel();
    l.run().or_throw("run");
    EXPECT_EQ(r.runs, 1);
    EXPECT_TRUE(r.result == -EINTR || r.result == -ECANCELED) << r.result;
    EXPECT_EQ(l.statistics().restarted, 0u);
}

TEST(an_interrupted_operation, that_is_not_restartable_answers_so) {
    auto s = simulation::create({.how = chances::calm()}).or_throw("simulation");
    loop l = loop_of(s);
    s.add_fault({.opcode = abi::opcode::nop, .error = EINTR, .times = 1});
    operation<op::nop> n(l, {});
    n.start();
    l.run().or_throw("run");
    EXPECT_EQ(n.result, -EINTR);
    EXPECT_EQ(l.statistics().restarted, 0u);
}

} // namespace
} // namespace rondo::test
