// SPDX-License-Identifier: MIT
// Loops: starting, room in the queues, order, and what counts them.
#include "loop_fixture.hpp"

#include <support/pipe_pair.hpp>

#include <algorithm>
#include <optional>
#include <string>

namespace rondo::test {
namespace {

using nop = operation<op::nop>;

class a_loop : public on_both {};
RONDO_LOOPS_ON_BOTH(a_loop);

TEST_P(a_loop, runs_an_operation_once) {
    loop l = make();
    nop n(l, {});
    n.start();
    EXPECT_FALSE(n.is_idle());
    EXPECT_EQ(l.in_flight(), 1u);
    EXPECT_EQ(n.runs, 0); // never inside start()
    l.run().or_throw("run");
    EXPECT_EQ(n.runs, 1);
    EXPECT_TRUE(n.is_idle());
    EXPECT_EQ(l.in_flight(), 0u);
    n.start();
    l.run().or_throw("run");
    EXPECT_EQ(n.runs, 2);
}

TEST_P(a_loop, with_nothing_to_do_returns_at_once) {
    loop l = make();
    l.run().or_throw("run");
    EXPECT_EQ(l.statistics().enters, 0u);
}

TEST_P(a_loop, never_runs_one_completion_inside_another) {
    loop l = make();
    int depth = 0, deepest = 0, left = 1'000;
    std::vector<std::unique_ptr<nop>> all;
    for (int i = 0; i < 10; ++i) {
        all.push_back(std::make_unique<nop>(l, op::nop{}));
        all.back()->then = [&, self = all.back().get()] {
            deepest = std::max(deepest, ++depth);
            if (left-- > 0)
                self->start();
            --depth;
        };
        all.back()->start();
    }
    l.run().or_throw("run");
    EXPECT_EQ(deepest, 1);
    for (auto const& n : all)
        EXPECT_EQ(n->runs, n->starts);
}

struct sizes {
    std::uint32_t sq, cq;
    bool grows;
};

/// Each of `count` NOPs starts when it is its turn, the last ones long before there is room.
void run_many(loop& l, int count, bool by_room) {
    std::vector<std::unique_ptr<nop>> all;
    std::vector<any_operation*> order;
    for (int i = 0; i < count; ++i) {
        all.push_back(std::make_unique<nop>(l, op::nop{}));
        all.back()->order = &order;
        if (by_room) {
            ++all.back()->starts;
            l.start(*all.back());
        } else {
            all.back()->start();
        }
    }
    EXPECT_EQ(l.in_flight(), static_cast<std::uint64_t>(count));
    l.run().or_throw("run");
    EXPECT_EQ(l.in_flight(), 0u);
    ASSERT_EQ(order.size(), all.size());
    for (std::size_t i = 0; i < all.size(); ++i)
        EXPECT_EQ(order[i], all[i].get()) << i; // admitted and run in the order of start()
}

TEST_P(a_loop, admits_in_order_whatever_its_queues) {
    for (sizes const s : {sizes{1, 1, false}, sizes{1, 2, false}, sizes{2, 2, false},
                          sizes{4, 4, false}, sizes{1, 1, true}, sizes{2, 4, true}})
        for (bool const by_room : {false, true}) {
            loop l = make(s.sq, s.cq, s.grows);
            run_many(l, 500, by_room);
            loop_statistics const seen = l.statistics();
            EXPECT_EQ(seen.started, 500u);
            EXPECT_EQ(seen.completed, 500u);
            EXPECT_GT(seen.starved, 0u);
            if (!s.grows) {
                EXPECT_EQ(seen.resizes, 0u);
            }
        }
}

TEST_P(a_loop, grows_where_the_kernel_can) {
    loop l = make(1, 1);
    run_many(l, 500, true);
    if (GetParam() == engine::kernel) {
        loop_statistics const seen = l.statistics();
        if (l.features().supports(abi::register_op::resize_rings) == support::yes) {
            EXPECT_GT(seen.resizes, 0u);
            EXPECT_GT(l.features().cq_entries, 1u);
        }
    }
}

TEST_P(a_loop, grows_with_operations_in_flight_and_queued) {
    pipe_pair const p;
    loop l = make(2, 2);
    std::vector<char> into(300);
    std::vector<std::unique_ptr<operation<op::read<>>>> all;
    for (char& c : into) {
        all.push_back(std::make_unique<operation<op::read<>>>(
            l, op::read{.fd = p.out, .into = std::span(&c, 1)}));
        all.back()->start();
        static_cast<void>(l.run_ready().or_throw("run_ready"));
    }
    EXPECT_EQ(l.in_flight(), 300u);
    p.write(std::string(300, 'x'));
    l.run().or_throw("run");
    for (auto const& r : all) {
        EXPECT_EQ(r->runs, 1);
        EXPECT_EQ(r->result, 1);
    }
    EXPECT_EQ(std::count(into.begin(), into.end(), 'x'), 300);
}

TEST_P(a_loop, has_no_more_in_flight_than_it_may) {
    pipe_pair const p;
    loop_options options{};
    options.most_in_flight = 3;
    loop l = make(options);
    std::vector<char> into(10);
    std::vector<std::unique_ptr<operation<op::read<>>>> all;
    for (char& c : into) {
        all.push_back(std::make_unique<operation<op::read<>>>(
            l, op::read{.fd = p.out, .into = std::span(&c, 1)}));
        all.back()->start();
    }
    static_cast<void>(l.run_ready().or_throw("run_ready"));
    EXPECT_EQ(l.statistics().started, 3u);
    EXPECT_EQ(l.statistics().starved, 7u);
    EXPECT_EQ(l.in_flight(), 10u);
    for (int round = 0; round < 10; ++round) {
        loop_statistics const s = l.statistics();
        EXPECT_LE(s.started - s.completed, 3u);
        p.write("x");
        auto const before = l.statistics().completed;
        run_until(l, [&] { return l.statistics().completed > before; });
    }
    for (auto const& r : all)
        EXPECT_EQ(r->runs, 1);
}

TEST_P(a_loop, keeps_the_order_between_those_that_wait_and_new_ones) {
    pipe_pair const p;
    loop_options options{};
    options.most_in_flight = 1;
    loop l = make(options);
    std::vector<any_operation*> order;
    char c;
    operation<op::read<>> first(l, op::read{.fd = p.out, .into = std::span(&c, 1)});
    nop second(l, {}), third(l, {});
    for (any_operation* o :
         {static_cast<any_operation*>(&first), static_cast<any_operation*>(&second),
          static_cast<any_operation*>(&third)})
        o->order = &order;
    first.then = [&] { third.start(); }; // when there is room, but second waits for it
    first.start();
    second.start();
    p.write("x");
    l.run().or_throw("run");
    EXPECT_EQ(order, (std::vector<any_operation*>{&first, &second, &third}));
}

TEST_P(a_loop, may_be_moved_until_it_is_used) {
    loop first = make(2, 2);
    called_timer t;
    int ran = 0;
    t.f = [&] { ++ran; };
    first.timers().arm(t, first.now());
    posted_item item([&] { ++ran; });
    ASSERT_TRUE(first.inbox().post(item));
    loop second = std::move(first);
    std::optional<loop> third(std::move(second));
    run_many(*third, 20, false);
    EXPECT_EQ(ran, 2);
}

TEST_P(a_loop, runs_what_is_posted_after_what_is_ready_already) {
    loop l = make();
    std::vector<int> order;
    posted a([&] { order.push_back(1); });
    posted b([&] { order.push_back(2); });
    posted again([&] {
        order.push_back(3);
        l.post(a);
    });
    l.post(again);
    l.post(b);
    l.run().or_throw("run");
    EXPECT_EQ(order, (std::vector{3, 2, 1}));
}

TEST_P(a_loop, takes_completions_while_work_posts_itself_without_end) {
    loop l = make();
    nop n(l, {});
    bool over = false;
    std::uint64_t rounds = 0;
    posted again([&] {
        if (++rounds < 1'000'000 && !over)
            l.post(again);
    });
    n.then = [&] { over = true; };
    l.post(again);
    n.start();
    l.run().or_throw("run");
    EXPECT_TRUE(over);
    EXPECT_LT(rounds, 1'000u);
}

TEST_P(a_loop, tells_its_trace_of_every_step) {
    std::vector<loop_event::kind> seen;
    std::vector<std::string> names;
    pipe_pair const p;
    struct both {
        std::vector<loop_event::kind>& seen;
        std::vector<std::string>& names;
    } into{seen, names};
    loop_options options{};
    options.most_in_flight = 1;
    options.trace_argument = &into;
    options.trace = [](void* to, loop_event const& e) {
        static_cast<both*>(to)->seen.push_back(e.what);
        static_cast<both*>(to)->names.emplace_back(e.name);
    };
    loop l = make(options);
    char c;
    operation<op::read<>> r(l, op::read{.fd = p.out, .into = std::span(&c, 1)});
    nop n(l, {});
    r.start();
    n.start();
    r.cancel();
    l.run().or_throw("run");
    using enum loop_event::kind;
    EXPECT_EQ(seen, (std::vector{started, deferred, cancelled, completed, started, completed}));
    EXPECT_EQ(names, (std::vector<std::string>{"read", "nop", "read", "read", "nop", "nop"}));
    EXPECT_EQ(r.result, -ECANCELED);
}

TEST_P(a_loop, counts_its_batches) {
    loop l = make();
    run_many(l, 50, false);
    loop_statistics const s = l.statistics();
    EXPECT_EQ(s.batches, 1u);
    EXPECT_EQ(s.largest_batch, 50u);
    EXPECT_EQ(s.enters, 1u);
    EXPECT_EQ(s.overflows, 0u);
}

} // namespace
} // namespace rondo::test
