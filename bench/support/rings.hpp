// SPDX-License-Identifier: MIT
#pragma once

// A ring of ours and one of liburing's behind the same three verbs, and the one loop that drives
// either: queue a batch, submit it and wait for all of it, reap all of it. Everything is inline, so
// that each side is compiled as a program of its own would be. One thread.

#include "program.hpp"
#include "report.hpp"
#include "sample.hpp"

#include <rondo/ring/ring.hpp>

#include <liburing.h>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace bench {

inline constexpr unsigned queue_entries = 128;

/// Set-up flags for comparing the same set-up; liburing 2.3 has no way to NO_SQARRAY.
inline constexpr auto same_setup = rondo::abi::setup::single_issuer |
                                   rondo::abi::setup::defer_taskrun | rondo::abi::setup::submit_all;

/// Ours. Reaps with pop().
class our_ring {
public:
    explicit our_ring(rondo::abi::setup flags = rondo::default_setup)
        : ring_(rondo::ring::create({.entries = queue_entries, .flags = flags})
                    .or_throw("rondo::ring::create")) {
        ring_.bind_to_this_thread().or_throw("rondo::ring::bind_to_this_thread");
    }

    rondo::ring& native() { return ring_; }

    [[gnu::always_inline]] bool submit_and_wait(unsigned count) {
        return ring_.submit_and_wait(count).has_value();
    }
    /// Calls use(i, user_data, res) for up to `count` completions; returns how many there were.
    template <class Use>
    [[gnu::always_inline]] std::uint64_t reap(std::uint64_t count, Use use) {
        rondo::abi::cqe c;
        std::uint64_t n = 0;
        for (; n < count && ring_.pop(c); ++n)
            use(n, c.user_data, c.res);
        return n;
    }

private:
    rondo::ring ring_;
};

/// liburing's, with its quickest way of reaping.
class peer_ring {
public:
    enum class descriptor { plain, registered };

    peer_ring(unsigned flags, descriptor kind) {
        int const code = ::io_uring_queue_init(queue_entries, &ring_, flags);
        if (code < 0)
            rondo::throw_error(rondo::error(-code), "io_uring_queue_init");
        if (kind == descriptor::registered && ::io_uring_register_ring_fd(&ring_) != 1)
            throw std::runtime_error("io_uring_register_ring_fd failed");
    }
    peer_ring(peer_ring&&) = delete;
    ~peer_ring() { ::io_uring_queue_exit(&ring_); }

    ::io_uring& native() { return ring_; }

    [[gnu::always_inline]] bool submit_and_wait(unsigned count) {
        return ::io_uring_submit_and_wait(&ring_, count) >= 0;
    }
    template <class Use>
    [[gnu::always_inline]] std::uint64_t reap(std::uint64_t, Use use) {
        ::io_uring_cqe* c;
        unsigned head;
        std::uint64_t n = 0;
        io_uring_for_each_cqe(&ring_, head, c) {
            use(n, c->user_data, c->res);
            ++n;
        }
        ::io_uring_cq_advance(&ring_, static_cast<unsigned>(n));
        return n;
    }

private:
    ::io_uring ring_;
};

/// Ends the benchmark: what did not work was not measured either.
[[noreturn, gnu::cold, gnu::noinline]] void give_up(char const* what);

/// Runs `rounds` rounds on a side with push(i), submit_and_wait(count), reap(count, use) and a
/// static is_right(i, user_data, res): whether the i-th completion of a round is as it must be.
template <class Side>
[[gnu::noinline]] void run_rounds(Side& side, unsigned batch, std::uint64_t rounds) {
    while (rounds-- > 0) {
        for (std::uint64_t i = 0; i < batch; ++i)
            if (!side.push(i)) [[unlikely]]
                give_up("a submission queue was full");
        if (!side.submit_and_wait(batch)) [[unlikely]]
            give_up("io_uring_enter failed");
        std::uint64_t const reaped =
            side.reap(batch, [](std::uint64_t i, std::uint64_t user_data, int res) {
                if (!Side::is_right(i, user_data, res)) [[unlikely]]
                    give_up("an operation did not do what it should");
            });
        if (reaped != batch) [[unlikely]]
            give_up("completions are missing");
    }
}

/// Operations in a second of this thread's CPU time, in millions, over about 0.2 s of it. The
/// kernel does this work inside the thread's own calls and nothing waits, so on an idle machine
/// this is what a clock would show; on a busy one the time that others had is left out.
template <class Side>
double throughput(Side& side, unsigned batch) {
    std::uint64_t const rounds = 4096 / batch;
    std::uint64_t operations = 0;
    double const begin = cpu_seconds();
    double elapsed = 0;
    do {
        run_rounds(side, batch, rounds);
        operations += rounds * batch;
        elapsed = cpu_seconds() - begin;
    } while (elapsed < 0.2);
    return static_cast<double>(operations) / elapsed / 1e6;
}

/// Pairs of slices per line.
inline constexpr int throughput_pairs = 9;

/// The line of two sides measured in turn.
template <class Ours, class Peer>
line compare_throughput(std::string name, Ours& ours, Peer& peer, unsigned batch) {
    comparison const c = alternate(
        throughput_pairs, [&] { return throughput(ours, batch); },
        [&] { return throughput(peer, batch); });
    return {std::move(name), c.ours, c.peer, "liburing", "Mop/CPU-s", c.ratio, c.spread};
}

/// The line of both sides counted by callgrind; see count_instructions().
[[nodiscard]] line compare_instructions(std::string name, unsigned batch,
                                        std::string const& data = {});

} // namespace bench
