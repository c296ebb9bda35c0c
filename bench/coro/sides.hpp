// SPDX-License-Identifier: MIT
#pragma once

// The same work done by coroutines of ours and through our raw ring: rounds of 32 NOPs, or of 32
// cached 4 KiB reads. All of it is inline, so that each compiler shows what it makes of it. One
// thread.

#include <rondo/coro/scope.hpp>
#include <rondo/coro/sync_wait.hpp>
#include <rondo/coro/task.hpp>
#include <rondo/loop/loop.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/read.hpp>
#include <rondo/ring/ring.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>

namespace bench::coro {

enum class kind { nop, read };

inline constexpr unsigned width = 32; ///< coroutines, or operations in flight
inline constexpr std::size_t block = 4096;

/// What did not work was not measured either.
[[noreturn, gnu::cold, gnu::noinline]] inline void give_up(char const* what) {
    std::fprintf(stderr, "bench coro: %s\n", what);
    std::exit(1);
}

/// A file of at least `width` blocks, and a buffer for each of them.
struct desk {
    int fd;
    std::unique_ptr<std::array<char, width * block>> buffers =
        std::make_unique<std::array<char, width * block>>();

    [[nodiscard]] rondo::op::read<> read(unsigned i) const {
        return {.fd = fd, .into = {buffers->data() + i * block, block}, .at = i * block};
    }
};

inline rondo::task<> nops(std::uint64_t rounds) {
    for (; rounds != 0; --rounds) {
        auto const done = co_await rondo::op::nop{};
        if (!done) [[unlikely]]
            give_up("a nop failed");
    }
}

inline rondo::task<> reads(desk const& d, unsigned i, std::uint64_t rounds) {
    std::span const into(d.buffers->data() + i * block, block);
    for (; rounds != 0; --rounds) {
        auto const n = co_await rondo::op::read{.fd = d.fd, .into = into, .at = i * block};
        if (!n || *n != block) [[unlikely]]
            give_up("a read was short or failed");
    }
}

/// Coroutines on a loop.
class task_side {
public:
    void run(kind what, desk const& d, std::uint64_t rounds) {
        rondo::sync_wait(loop_, crew(what, d, rounds)).or_throw("rondo::scope");
    }

private:
    static rondo::task<rondo::result<>> crew(kind what, desk const& d, std::uint64_t rounds) {
        rondo::scope s{co_await rondo::this_strand()};
        for (unsigned i = 0; i < width; ++i)
            s.spawn(what == kind::nop ? nops(rounds) : reads(d, i, rounds));
        co_return co_await s.join();
    }

    rondo::loop loop_ = rondo::loop::create().or_throw("rondo::loop::create");
};

/// The ring by itself.
class ring_side {
public:
    void run(kind what, desk const& d, std::uint64_t rounds) {
        if (what == kind::nop)
            go(rounds, 0, [](unsigned) { return rondo::op::nop{}; });
        else
            go(rounds, block, [&](unsigned i) { return d.read(i); });
    }

private:
    void go(std::uint64_t rounds, std::int32_t expected, auto const& make) {
        for (; rounds != 0; --rounds) {
            for (unsigned i = 0; i < width; ++i)
                if (!ring_.push(make(i), i)) [[unlikely]]
                    give_up("a submission queue was full");
            if (!ring_.submit_and_wait(width)) [[unlikely]]
                give_up("io_uring_enter failed");
            rondo::abi::cqe c;
            for (unsigned i = 0; i < width; ++i)
                if (!ring_.pop(c) || c.res != expected) [[unlikely]]
                    give_up("an operation of the ring failed");
        }
    }

    rondo::ring ring_ = rondo::ring::create({}).or_throw("rondo::ring::create");
};

} // namespace bench::coro
