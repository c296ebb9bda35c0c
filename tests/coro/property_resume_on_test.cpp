// SPDX-License-Identifier: MIT
// Random tasks that wander among the loops of a simulation, which one thread drives in turn, while
// they are stopped from home and from where they are; and what must come out even.
#include <rondo/coro/remote.hpp>
#include <rondo/coro/resume_on.hpp>
#include <coro/property_fixture.hpp>

#include <deque>
#include <memory>
#include <stop_token>

namespace rondo::test {
namespace {

using testing::explore;
using testing::findings;

struct wide_world : world {
    wide_world(simulation& s, loop_options options, std::size_t loops) : world(s, options) {
        options.ring.backend = &s.backend();
        while (others.size() + 1 < loops)
            others.push_back(
                std::make_unique<loop>(loop::create(options).or_throw("another loop")));
    }
    [[nodiscard]] std::size_t size() const { return others.size() + 1; }
    loop& at(std::size_t i) { return i == 0 ? *on : *others[i - 1]; }
    loop& any() { return at(dice(size())); }

    std::vector<std::unique_ptr<loop>> others;
    int moves = 0; ///< from loop to loop
};

task<result<>> node(wide_world& w, int depth);

/// Goes on where the strand is said to be.
void expect_here(wide_world& w, strand const& line) {
    w.expect(loop::current() == &line.where(), "a strand went on on another loop than its own");
}

/// A stop is told of where the strand is then; by who is outside of all loops only at home.
class stop_watch : stop_hook {
public:
    stop_watch(wide_world& w, strand& line) : stop_hook(&told), w_(w), line_(line) {
        line.hook(*this);
    }

private:
    static void told(stop_hook& h) noexcept {
        auto const& self = static_cast<stop_watch&>(h);
        loop const* const here = loop::current();
        self.w_.expect(here == nullptr || here == &self.line_.where(),
                       "a stop came to a strand on another loop than its own");
    }
    wide_world& w_;
    strand& line_;
};

/// Counts that the result of a child arrives.
task<result<>> child_of(wide_world& w, int depth) {
    if (--w.left < 0)
        co_return result<>{};
    auto const r = co_await node(w, depth + 1);
    ++w.results_taken;
    co_return r;
}

task<result<>> moves(wide_world& w, strand& line) {
    loop& from = line.where();
    loop& to = w.any();
    auto const moved = co_await resume_on(to);
    w.expect(&line.where() == (moved ? &to : &from), "a strand is not where it was to go");
    w.expect(moved || moved.error().stopped(), "a move failed");
    w.moves += &line.where() != &from ? 1 : 0;
    co_return moved;
}

/// Ends by a stop only, which finds it wherever it is.
task<result<>> waits_for_its_stop(wide_world& w) {
    frame_count count(w);
    strand& line = co_await this_strand();
    stop_watch const watch(w, line);
    result<> out;
    for (std::uint64_t n = w.dice(40); n != 0 && out; --n)
        out = co_await moves(w, line);
    while (out)
        out = co_await sleep_for(std::chrono::hours(1));
    count.end();
    --w.results_made; // a timeout tells of its own
    co_return out;
}

/// Writes on one loop and reads on another, and closes both ends wherever it is then.
task<result<>> carries(wide_world& w, strand& line) {
    channel_ends c(w);
    std::byte byte = byte_at(c.written);
    result<> out;
    bool wrote = false;
    while (out && !wrote) {
        op::write const put{.fd = c.out.get(), .from = std::span(&byte, 1)};
        auto const n = co_await put;
        if (n)
            wrote = true;
        else if (!passes(n.error()))
            out = fail(n.error());
    }
    if (out)
        out = co_await moves(w, line);
    bool got = false;
    while (out && !got) {
        op::read const take{.fd = c.in.get(), .into = std::span(&byte, 1)};
        auto const n = co_await take;
        if (n)
            got = *n == 1 && byte == byte_at(c.written);
        else if (!passes(n.error()))
            out = fail(n.error());
        w.expect(!n || got, "a byte was changed on its way");
    }
    w.expect(out || out.error().stopped(), "a transfer failed");
    co_await shielded(close_surely(w, std::move(c.out)));
    co_await shielded(close_surely(w, std::move(c.in)));
    co_return out;
}

/// A scope keeps its strand where it is; those that it spawns wander.
task<result<>> in_scope(wide_world& w, int depth) {
    auto const how = w.dice(2) == 0 ? on_failure::collect : on_failure::stop_all;
    auto const body = [&w, depth](scope& s) -> task<> {
        for (std::uint64_t n = w.dice(4); n != 0; --n)
            s.spawn(child_of(w, depth));
        if (w.dice(2) == 0) {
            static_cast<void>(co_await sleep_for(w.a_while()));
            s.stop();
        }
    };
    co_return co_await with_scope(body, how);
}

/// A token is stopped from wherever a wandering task is.
task<result<>> stopped_by_token(wide_world& w, int depth) {
    std::stop_source source;
    auto const asks = [](wide_world& of, std::stop_source& by) -> task<> {
        static_cast<void>(co_await sleep_for(of.a_while()));
        static_cast<void>(co_await moves(of, co_await this_strand()));
        by.request_stop();
    };
    auto const obeys = [](wide_world& of, std::stop_token token, int deep) -> task<result<>> {
        co_return co_await with_stop(std::move(token), child_of(of, deep));
    };
    auto [done, asked] = co_await when_all(obeys(w, source.get_token(), depth), asks(w, source));
    static_cast<void>(asked);
    co_return done;
}

task<result<>> step(wide_world& w, strand& line, int depth) {
    switch (w.dice(depth < 3 ? 15 : 8)) {
    case 0: co_return co_await sleep_for(w.a_while());
    case 1: co_return co_await carries(w, line);
    case 2: static_cast<void>(co_await op::nop{}); co_return result<>{};
    case 3: {
        auto const ended = co_await timeout(waits_for_its_stop(w), microseconds(w.dice(60)));
        w.expect(!ended, "what waits for its stop ended without");
        co_return line.stop_requested() ? ended : result<>{};
    }
    case 8: {
        auto [a, b] = co_await when_all(child_of(w, depth), child_of(w, depth));
        co_return a ? b : a;
    }
    case 9: {
        auto const all = co_await when_any(child_of(w, depth), child_of(w, depth));
        co_return std::get<0>(all.results);
    }
    case 10: co_return co_await timeout(child_of(w, depth), w.a_while());
    case 11: co_return co_await in_scope(w, depth);
    case 12: co_return co_await stopped_by_token(w, depth);
    case 13: co_return co_await on(w.any(), child_of(w, depth));
    case 14: co_return co_await shielded(child_of(w, depth));
    default: co_return co_await moves(w, line);
    }
}

task<result<>> steps(wide_world& w, int depth) {
    strand& line = co_await this_strand();
    stop_watch const watch(w, line);
    result<> out;
    for (std::uint64_t n = 1 + w.dice(6); n != 0 && out; --n) {
        out = co_await step(w, line, depth);
        expect_here(w, line);
        if (w.dice(30) == 0)
            line.request_stop(); // from where it is
    }
    if (w.dice(30) == 0) {
        ++w.thrown;
        throw std::runtime_error("as told");
    }
    co_return out;
}

task<result<>> node(wide_world& w, int depth) {
    frame_count count(w);
    result<> out;
    try {
        out = co_await steps(w, depth);
    } catch (...) {
        count.end();
        throw;
    }
    count.end();
    co_return out;
}

/// What is spawned from outside begins there, not on its loop.
task<result<>> root(wide_world& w) {
    if (auto const begun = co_await schedule(); !begun)
        co_return begun;
    co_return co_await child_of(w, 0);
}

/// Drives the loops by turns, in any order, until all tasks are over; stops some from outside.
void drive(wide_world& w, std::deque<loop_scope>& tasks) {
    std::uint64_t idle = 0;
    auto const running = [&] {
        std::size_t n = 0;
        for (loop_scope const& s : tasks)
            n += s.running();
        return n;
    };
    for (int turn = 0; running() != 0; ++turn) {
        if (turn == 20'000)
            throw std::runtime_error("a task never ends");
        if (w.dice(100) == 0)
            tasks[w.dice(tasks.size())].stop();
        auto const ran = w.any().run_ready();
        w.expect(ran || passes(ran.error()), "a turn failed");
        idle = ran && *ran ? 0 : idle + 1;
        if (idle > 2 * w.size())
            w.sim.pass(static_cast<std::int64_t>(w.dice(100'000)));
    }
}

bool run_wanderers(simulation& s, loop_options const& options, std::size_t loops, int& moves_made) {
    on_abort const tell(s);
    { // what a simulation has to the end, it has from its first ring on
        wide_world const first(s, options, loops);
        static_cast<void>(s.pipe());
    }
    std::size_t const before = open_descriptors();
    wide_world w(s, options, loops);
    {
        std::deque<loop_scope> tasks;
        for (std::size_t i = 0; i < w.size(); ++i) {
            tasks.emplace_back(w.at(i));
            for (std::uint64_t n = 1 + w.dice(2); n != 0; --n)
                tasks.back().spawn(root(w));
        }
        drive(w, tasks);
        for (loop_scope& one : tasks)
            try {
                static_cast<void>(one.outcome());
            } catch (std::runtime_error const& e) {
                w.expect(std::string(e.what()) == "as told", e.what());
            }
    }
    for (auto const& one : w.others)
        w.expect(one->in_flight() == 0, "operations are in flight");
    w.others.clear();
    moves_made += w.moves;
    return comes_out_even(w, before);
}

struct way {
    char const* name;
    chances how;
    std::uint32_t entries;
    bool grows;
    std::size_t loops;
    std::uint64_t runs;
};

class coro_resume_on_property : public ::testing::TestWithParam<way> {};

TEST_P(coro_resume_on_property, tasks_that_wander_come_out_even) {
    way const& how = GetParam();
    loop_options options{.grows = how.grows};
    options.ring.entries = how.entries;
    int moves_made = 0;
    findings const found =
        explore({.seed = 1 + how.entries * 1'000'000, .how = how.how}, how.runs,
                [&](simulation& s) { return run_wanderers(s, options, how.loops, moves_made); });
    EXPECT_TRUE(found) << found.text();
    EXPECT_GT(moves_made, static_cast<int>(found.runs));
}

INSTANTIATE_TEST_SUITE_P(
    ways, coro_resume_on_property,
    ::testing::Values(way{"two_smallest_hostile", chances::hostile(), 2, false, 2, 500},
                      way{"three_hostile", chances::hostile(), 8, true, 3, 500},
                      way{"three_calm", chances::calm(), 64, true, 3, 500}),
    [](auto const& of) { return of.param.name; });

} // namespace
} // namespace rondo::test
