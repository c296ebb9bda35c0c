// SPDX-License-Identifier: MIT
// Receivers of random programs on simulations share a pool that is too small for them: each byte
// comes once and in order, every buffer comes back, and nobody waits where there are buffers.
#include <coro/property_fixture.hpp>

#include <rondo/coro/buffer_in.hpp>
#include <rondo/ring/buffer_ring.hpp>

#include <algorithm>
#include <vector>

namespace rondo::test {
namespace {

using testing::explore;
using testing::findings;

/// One way from a sender to a receiver.
struct connection {
    unique_fd in;
    unique_fd out;
    std::uint64_t to_send;
    std::uint64_t got = 0;
    bool over = false; ///< the receiver saw the end

    explicit connection(world& w) : to_send(w.dice(80)) {
        auto ends = w.sim.socket_pair(SOCK_STREAM).or_throw("sockets");
        in = std::move(ends.first);
        out = std::move(ends.second);
        w.opened += 2;
    }
};

/// Who receives, and from which pool.
struct receiver_of {
    world& w;
    buffer_ring& pool;
    connection& from;
};

task<result<>> send_all(world& w, connection& to) {
    frame_count count(w);
    result<> out;
    std::byte bytes[16];
    std::uint64_t at = 0;
    while (at < to.to_send && out) {
        if (w.dice(2) == 0)
            static_cast<void>(co_await sleep_for(w.a_while()));
        std::size_t const n = std::min<std::uint64_t>(1 + w.dice(16), to.to_send - at);
        for (std::size_t i = 0; i < n; ++i)
            bytes[i] = byte_at(at + i);
        op::send const sending{.fd = to.out, .from = const_bytes(bytes, n)};
        auto const sent = co_await sending;
        if (sent)
            at += *sent;
        else if (!passes(sent.error()))
            out = fail(sent.error());
    }
    to.to_send = at;
    co_await shielded(close_surely(w, std::move(to.out)));
    count.end();
    ++w.results_taken;
    co_return out;
}

/// Looks at what came, and keeps it for a while.
task<void> use(receiver_of const& r, buffer_lease lease) {
    for (std::byte const b : lease.bytes())
        r.w.expect(b == byte_at(r.from.got++), "bytes were lost, told twice or out of order");
    r.from.over = lease.size() == 0;
    r.w.expect(!r.from.over || r.from.got == r.from.to_send, "the end came early");
    if (r.w.dice(2) == 0)
        static_cast<void>(co_await sleep_for(r.w.a_while()));
}

using receiving = stream<op::recv_stream<>>;

task<result<buffer_lease>> next_of(receiving& from) { co_return co_await from.next(); }

task<result<>> receive_by_stream(receiver_of r) {
    world& w = r.w;
    frame_count count(w);
    result<> out;
    {
        receiving from(co_await this_strand(),
                       op::recv_stream{.fd = r.from.in, .into = r.pool.choose()}, r.pool);
        while (!r.from.over && out) {
            auto got = co_await timeout(next_of(from), w.a_while());
            if (got)
                co_await use(r, std::move(*got));
            else if (got.error().stopped())
                out = fail(got.error());
            else
                w.expect(got.error() != ENOBUFS && (got.error() == ETIME || passes(got.error())),
                         "a stream failed");
        }
    }
    count.end();
    ++w.results_taken;
    co_return out;
}

task<result<>> a_buffer(buffer_ring& pool) { co_return co_await buffer_in(pool); }

task<result<>> receive_one_by_one(receiver_of r) {
    world& w = r.w;
    frame_count count(w);
    result<> out;
    while (!r.from.over && out) {
        op::recv const one{.fd = r.from.in, .into = r.pool.choose()};
        auto got = co_await timeout(one, w.a_while());
        if (got) {
            co_await use(r, std::move(*got));
            continue;
        }
        error why = got.error();
        if (why == ENOBUFS) {
            auto const waited = co_await timeout(a_buffer(r.pool), w.a_while());
            why = waited ? error(EAGAIN) : waited.error();
        }
        if (why.stopped())
            out = fail(why);
        else
            w.expect(why == ETIME || passes(why), "a receive failed");
    }
    count.end();
    ++w.results_taken;
    co_return out;
}

/// An answer that nobody waits for may hold a buffer until the loop has seen it.
task<bool> all_back(buffer_ring const& pool) {
    for (int i = 0; i < 100 && pool.available() != pool.size(); ++i)
        static_cast<void>(co_await sleep_for(microseconds(100)));
    co_return pool.leases() == 0 && pool.available() == pool.size() &&
        pool.untouched().or_throw("untouched") == pool.size();
}

task<result<>> share(world& w) {
    frame_count count(w);
    auto pool =
        buffer_ring::create(w.on->ring(), {.entries = static_cast<std::uint32_t>(1 + w.dice(3)),
                                           .buffer_size = 1 + w.dice(8),
                                           .buffers = 1,
                                           .grows_by = static_cast<std::uint32_t>(w.dice(2))})
            .or_throw("pool");
    std::vector<connection> all;
    for (std::uint64_t i = 2 + w.dice(4); i != 0; --i)
        all.emplace_back(w);
    bool stopped = false;
    auto const body = [&](scope& s) -> task<> {
        for (connection& one : all) {
            s.spawn(send_all(w, one));
            if (w.dice(2) == 0)
                s.spawn(receive_by_stream({w, pool, one}));
            else
                s.spawn(receive_one_by_one({w, pool, one}));
        }
        if (w.dice(4) == 0) {
            static_cast<void>(co_await sleep_for(w.a_while() * 4));
            stopped = true;
            s.stop();
        }
        co_return;
    };
    auto const served = co_await with_scope(body);
    w.expect(served || stopped, "a scope failed");
    for (connection& one : all) {
        w.expect(one.over || stopped, "a receiver missed the end");
        co_await close_surely(w, std::move(one.in));
    }
    w.expect(co_await all_back(pool), "a buffer did not come back");
    count.end();
    co_return result<>{};
}

bool shares(simulation& s, std::uint32_t entries, std::uint32_t completions) {
    loop_options options{};
    options.ring.entries = entries;
    options.ring.cq_entries = completions;
    return run_program(s, options, [](world& w) { return share(w); });
}

TEST(coro_property_buffers, receivers_share_a_pool_that_is_too_small_for_them) {
    findings const found = explore({}, 1'500, [](simulation& s) { return shares(s, 64, 0); });
    EXPECT_TRUE(found) << found.text();
}

TEST(coro_property_buffers, and_come_out_even_in_small_queues_when_all_goes_wrong) {
    chances often = chances::hostile();
    often.enobufs = 0.2;
    findings const found = explore({.seed = 100'000, .how = often}, 1'500,
                                   [](simulation& s) { return shares(s, 1, 8); });
    EXPECT_TRUE(found) << found.text();
}

} // namespace
} // namespace rondo::test
