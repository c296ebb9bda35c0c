// SPDX-License-Identifier: MIT
// Streams of random programs on simulations: each connection is accepted, given on and closed once,
// whether its stream is stopped, full, asked again or destroyed meanwhile.
#include <coro/property_fixture.hpp>

#include <algorithm>
#include <sys/un.h>

namespace rondo::test {
namespace {

using testing::explore;
using testing::findings;

/// Repeats what a simulation that is hostile refuses for now. `make` makes a task.
template <class Make>
auto surely(world& w, Make make) -> decltype(make()) {
    for (;;) {
        auto got = co_await make();
        if (got || !passes(got.error()))
            co_return got;
        w.expect(!got.error().stopped(), "a shielded operation was stopped");
    }
}

template <op::operation Op>
task<result<typename Op::value_type>> one(Op o) {
    co_return co_await o;
}

struct place {
    sockaddr_un at{};
    place() {
        at.sun_family = AF_UNIX;
        at.sun_path[1] = 'p'; // an abstract name
    }
    [[nodiscard]] sockaddr const* address() const noexcept {
        return reinterpret_cast<sockaddr const*>(&at);
    }
};

task<result<unique_fd>> socket_of(world& w) {
    auto made = co_await surely(
        w, [] { return one(op::socket<>{.domain = AF_UNIX, .type = SOCK_STREAM}); });
    if (made)
        ++w.opened;
    co_return made;
}

/// Connects, stays for a while, and closes.
task<result<>> client(world& w, place const& to) {
    frame_count count(w);
    auto made = co_await shielded(socket_of(w));
    w.expect(made.has_value(), "no socket");
    static_cast<void>(co_await sleep_for(w.a_while()));
    op::connect const connecting{
        .fd = made->get(), .address = to.address(), .size = sizeof(sockaddr_un)};
    static_cast<void>(co_await timeout(connecting, w.a_while()));
    static_cast<void>(co_await sleep_for(w.a_while()));
    co_await shielded(close_surely(w, std::move(*made)));
    count.end();
    ++w.results_taken;
    co_return result<>{};
}

using accepting = stream<op::accept_stream<>>;

task<result<unique_fd>> next_of(accepting& from) { co_return co_await from.next(); }

/// Takes connections until it is stopped, or has asked `times` times.
task<result<>> server(world& w, int listening, std::uint64_t times) {
    frame_count count(w);
    accepting accepted(co_await this_strand(), op::accept_stream<>{.fd = listening}, 1 + w.dice(3));
    result<> out;
    for (; times != 0 && out; --times) {
        auto got = co_await timeout(next_of(accepted), w.a_while());
        if (got) {
            ++w.opened;
            if (w.dice(3) == 0)
                static_cast<void>(co_await sleep_for(w.a_while()));
            co_await shielded(close_surely(w, std::move(*got)));
        } else if (got.error().stopped()) {
            out = fail(got.error());
        } else {
            w.expect(got.error() == ETIME || passes(got.error()), "accept failed");
        }
    }
    count.end();
    ++w.results_taken;
    co_return out;
}

/// Counts the beats of a clock until it is stopped.
task<result<>> beats(world& w) {
    frame_count count(w);
    stream clock(co_await this_strand(),
                 op::timeout_stream<>{.every = op::moment(microseconds(20 + w.dice(100)))});
    result<> out;
    for (std::uint64_t i = w.dice(8); i != 0 && out; --i) {
        auto const beat = co_await clock.next();
        if (!beat && !passes(beat.error())) {
            w.expect(beat.error().stopped(), "a clock failed");
            out = fail(beat.error());
        }
    }
    count.end();
    ++w.results_taken;
    co_return out;
}

task<result<>> serve(world& w) {
    frame_count count(w);
    place const here;
    auto made = co_await socket_of(w);
    int const listening = made->get();
    auto const bound = co_await surely(w, [&] {
        return one(
            op::bind{.fd = listening, .address = here.address(), .size = sizeof(sockaddr_un)});
    });
    w.expect(bound.has_value(), "bind failed");
    auto const heard = co_await surely(w, [&] { return one(op::listen{.fd = listening}); });
    w.expect(heard.has_value(), "listen failed");
    auto const body = [&w, &here, listening](scope& s) -> task<> {
        for (std::uint64_t i = 1 + w.dice(2); i != 0; --i)
            s.spawn(server(w, listening, 1 + w.dice(12)));
        for (std::uint64_t i = w.dice(6); i != 0; --i)
            s.spawn(client(w, here));
        if (w.dice(2) == 0)
            s.spawn(beats(w));
        if (w.dice(3) == 0) {
            static_cast<void>(co_await sleep_for(w.a_while()));
            s.stop();
        }
    };
    auto const served = co_await with_scope(body);
    w.expect(served.has_value(), "a scope failed");
    co_await close_surely(w, std::move(*made));
    count.end();
    co_return result<>{};
}

bool serves(simulation& s, std::uint32_t entries, std::uint32_t completions) {
    loop_options options{};
    options.ring.entries = entries;
    options.ring.cq_entries = completions;
    return run_program(s, options, [](world& w) { return serve(w); });
}

TEST(coro_property_stream, connections_come_out_even_in_small_queues) {
    findings const found =
        explore({.how = chances::hostile()}, 1'500, [](simulation& s) { return serves(s, 1, 8); });
    EXPECT_TRUE(found) << found.text();
}

TEST(coro_property_stream, connections_come_out_even_in_large_queues) {
    chances often = chances::hostile();
    often.ended_stream = 0.3;
    findings const found = explore({.seed = 100'000, .how = often}, 1'500,
                                   [](simulation& s) { return serves(s, 64, 0); });
    EXPECT_TRUE(found) << found.text();
}

} // namespace
} // namespace rondo::test
