// SPDX-License-Identifier: MIT
// Random trees of tasks on simulations where everything goes wrong, and what must come out even.
#include <rondo/loop/orphan.hpp>
#include <coro/property_fixture.hpp>

#include <algorithm>
#include <optional>
#include <stop_token>

namespace rondo::test {
namespace {

using testing::explore;
using testing::findings;

task<result<>> node(world& w, int depth);

/// Counts that the result of a child arrives.
task<result<>> child_of(world& w, int depth) {
    if (--w.left < 0)
        co_return result<>{};
    auto const r = co_await node(w, depth + 1);
    ++w.results_taken;
    co_return r;
}

task<void> void_child(world& w, int depth) { static_cast<void>(co_await child_of(w, depth)); }

task<result<>> write_all(world& w, channel_ends& c, std::uint64_t total) {
    frame_count count(w);
    result<> out;
    std::array<std::byte, 64> from;
    while (c.written < total) {
        std::size_t const n = std::min<std::uint64_t>(from.size(), total - c.written);
        for (std::size_t i = 0; i < n; ++i)
            from[i] = byte_at(c.written + i);
        std::span<std::byte const> const bytes(from.data(), n);
        result<std::size_t> done = std::size_t{0};
        if (c.sockets && w.dice(2) == 0)
            done = co_await op::send{.fd = c.out.get(), .from = bytes};
        else
            done = co_await op::write{.fd = c.out.get(), .from = bytes, .at = op::current_position};
        if (done) {
            w.expect(*done != 0 && *done <= n, "a write has a wrong count");
            c.written += *done;
            w.written += *done;
        } else if (!passes(done.error())) {
            w.expect(done.error().stopped(), "a write failed");
            out = fail(done.error());
            break;
        }
        if (w.dice(4) == 0)
            static_cast<void>(co_await sleep_for(w.a_while()));
    }
    count.end();
    co_return out;
}

/// To the end of the bytes, or until it is stopped.
task<result<>> read_all(world& w, channel_ends& c) {
    frame_count count(w);
    result<> out;
    std::array<std::byte, 48> into;
    for (;;) {
        std::size_t const n = 1 + w.dice(into.size());
        std::span<std::byte> const bytes(into.data(), n);
        op::read const one{.fd = c.in.get(), .into = bytes, .at = op::current_position};
        result<std::size_t> got = std::size_t{0};
        if (w.cramped || w.dice(4) == 0)
            got = co_await timeout(one, w.a_while());
        else
            got = co_await one;
        if (!got && got.error() == ETIME)
            continue;
        if (!got && passes(got.error()))
            continue;
        if (!got) {
            w.expect(got.error().stopped(), "a read failed");
            out = fail(got.error());
            break;
        }
        if (*got == 0)
            break;
        for (std::size_t i = 0; i < *got; ++i)
            w.expect(into[i] == byte_at(c.read + i), "a byte was changed");
        c.read += *got;
        w.read += *got;
    }
    count.end();
    co_return out;
}

/// What must be done even if all is stopped: the rest is read, the ends are closed.
task<void> clean_up(world& w, channel_ends& c) {
    if (c.out)
        co_await close_surely(w, std::move(c.out));
    auto const rest = co_await read_all(w, c);
    ++w.results_taken;
    w.expect(rest.has_value(), "a shielded read was stopped");
    co_await close_surely(w, std::move(c.in));
}

task<result<>> write_and_close(world& w, channel_ends& c, std::uint64_t total) {
    auto const r = co_await write_all(w, c, total);
    ++w.results_taken;
    co_await shielded(close_surely(w, std::move(c.out)));
    co_return r;
}
task<result<>> read_counted(world& w, channel_ends& c) {
    auto const r = co_await read_all(w, c);
    ++w.results_taken;
    co_return r;
}

task<result<>> transfer(world& w) {
    channel_ends c(w);
    std::uint64_t const total = w.dice(400);
    auto [wrote, read] = co_await when_all(write_and_close(w, c, total), read_counted(w, c));
    co_await shielded(clean_up(w, c));
    w.expect(!wrote || c.written == total, "a writer ended early");
    w.expect(c.written == c.read, "a channel lost bytes");
    co_return wrote ? read : wrote;
}

/// A write behind a nop, a timeout behind both, or a read that nothing comes for.
task<result<>> chained(world& w) {
    channel_ends c(w);
    std::array<std::byte, 8> bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = byte_at(i);
    op::write const put{.fd = c.out.get(), .from = bytes, .at = op::current_position};
    if (w.dice(2) == 0) {
        auto const [first, wrote] = co_await op::link(op::nop{}, put);
        w.expect(first || !wrote, "a chain went on after a failure");
        c.written = wrote ? *wrote : 0;
    } else {
        std::array<std::byte, 8> into;
        op::read const forever{.fd = c.in.get(), .into = into, .at = op::current_position};
        op::link_timeout const until{.when = op::moment(w.a_while())};
        auto const [got, limit] = co_await op::link(forever, until);
        w.expect(!got, "a read gave what nobody wrote");
        static_cast<void>(limit);
    }
    w.written += c.written;
    co_await shielded(clean_up(w, c));
    co_return result<>{};
}

task<result<>> throws_or_not(world& w) {
    static_cast<void>(co_await schedule());
    if (w.dice(8) == 0) {
        ++w.thrown;
        throw std::runtime_error("as told");
    }
    co_return result<>{};
}

task<result<>> in_scope(world& w, int depth) {
    auto const how = w.dice(2) == 0 ? on_failure::collect : on_failure::stop_all;
    std::uint64_t const n = w.dice(4);
    bool const stops = w.dice(3) == 0;
    auto const body = [&w, depth, n, stops](scope& s) -> task<> {
        for (std::uint64_t i = 0; i < n; ++i) {
            if (w.dice(2) == 0)
                s.spawn(child_of(w, depth));
            else
                s.spawn(void_child(w, depth));
            if (w.dice(4) == 0)
                static_cast<void>(co_await sleep_for(w.a_while()));
        }
        if (stops) {
            static_cast<void>(co_await sleep_for(w.a_while()));
            s.stop();
        }
    };
    co_return co_await with_scope(body, how);
}

task<result<>> stopped_by_token(world& w, int depth) {
    std::stop_source source;
    auto const asks = [](world& of, std::stop_source& by) -> task<> {
        static_cast<void>(co_await sleep_for(of.a_while()));
        by.request_stop();
    };
    auto const obeys = [](world& of, std::stop_token token, int deep) -> task<result<>> {
        co_return co_await with_stop(std::move(token), child_of(of, deep));
    };
    if (w.dice(8) == 0)
        source.request_stop();
    auto [done, asked] = co_await when_all(obeys(w, source.get_token(), depth), asks(w, source));
    static_cast<void>(asked);
    co_return done;
}

task<result<>> leaves_orphans(world& w) {
    loop& on = (co_await this_strand()).where();
    for (std::uint64_t i = w.dice(4); i != 0; --i)
        w.expect(on.orphan(op::nop{}).has_value(), "an orphan was refused");
    if (w.cramped)
        co_return result<>{};
    auto ends = w.sim.pipe().or_throw("pipe");
    int const in = ends.first.get();
    struct kept {
        unique_fd in, out;
        std::vector<std::byte> bytes;
    };
    kept all{std::move(ends.first), std::move(ends.second), std::vector<std::byte>(16)};
    op::read const forever{.fd = in, .into = all.bytes, .at = op::current_position};
    w.expect(on.orphan(forever, std::move(all)).has_value(), "an orphan was refused");
    co_return result<>{};
}

task<result<>> inner(world& w, int depth) {
    std::uint64_t const first = depth < 2 ? 7 : 0; // nothing but more tasks near the root
    std::uint64_t const kinds = depth < 4 ? 14 : 7;
    switch (first + w.dice(kinds - first)) {
    case 0: co_return co_await sleep_for(w.a_while());
    case 1: co_return co_await transfer(w);
    case 2: co_return co_await transfer(w);
    case 3: co_return co_await chained(w);
    case 4: co_return co_await throws_or_not(w);
    case 5: co_return co_await schedule();
    case 6: {
        auto const r = co_await op::nop{};
        if (!r)
            co_return fail(r.error());
        co_return result<>{};
    }
    case 7: {
        auto [a, b] = co_await when_all(child_of(w, depth), child_of(w, depth));
        co_return a ? b : a;
    }
    case 8: {
        auto const all = co_await when_any(child_of(w, depth), child_of(w, depth), op::nop{});
        co_return std::get<0>(all.results);
    }
    case 9: co_return co_await timeout(child_of(w, depth), w.a_while());
    case 10: co_return co_await in_scope(w, depth);
    case 11: co_return co_await stopped_by_token(w, depth);
    case 12: co_return co_await shielded(child_of(w, depth));
    default:
        if (w.dice(10) == 0)
            co_return co_await leaves_orphans(w);
        co_return co_await child_of(w, depth);
    }
}

task<result<>> node(world& w, int depth) {
    frame_count count(w);
    result<> out;
    try {
        out = co_await inner(w, depth);
    } catch (...) {
        count.end();
        throw;
    }
    count.end();
    co_return out;
}

struct way {
    char const* name;
    chances how;
    std::uint32_t entries;
    std::uint32_t completions;
    bool grows;
    std::uint64_t runs;
    std::uint32_t first_index = 0;
};

class coro_property : public ::testing::TestWithParam<way> {};

TEST_P(coro_property, trees_of_tasks_come_out_even) {
    way const& how = GetParam();
    loop_options options{.grows = how.grows};
    options.ring.entries = how.entries;
    options.ring.cq_entries = how.completions;
    findings const found = explore(
        {.seed = 1 + how.entries * 1'000'000, .how = how.how, .first_index = how.first_index},
        how.runs, [&](simulation& s) {
            return run_program(s, options, [](world& w) { return node(w, 0); });
        });
    EXPECT_TRUE(found) << found.text();
}

INSTANTIATE_TEST_SUITE_P(
    ways, coro_property,
    ::testing::Values(way{"smallest_hostile", chances::hostile(), 1, 1, false, 3'000},
                      way{"smallest", chances{}, 1, 2, false, 3'000, 0xffff'fff0},
                      way{"two_hostile", chances::hostile(), 2, 2, false, 3'000, 0x7fff'fff0},
                      way{"four_hostile", chances::hostile(), 4, 4, false, 3'000},
                      way{"growing_hostile", chances::hostile(), 3, 3, true, 3'000, 0x7ffd'fff0},
                      way{"large_hostile", chances::hostile(), 64, 0, true, 2'000},
                      way{"large_calm", chances::calm(), 128, 0, true, 1'000}),
    [](auto const& of) { return of.param.name; });

} // namespace
} // namespace rondo::test
