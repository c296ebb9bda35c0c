// SPDX-License-Identifier: MIT
// One shared ring and several threads: NOPs and cached 4 KiB reads, one at a time and 32 at a time
// per thread. Ours with its default shards and with one, against liburing with one std::mutex round
// get, submit and reap; and against a ring of its own for each thread, which is what sharing costs.
#include "support/check.hpp"
#include "support/data_file.hpp"
#include "support/program.hpp"
#include "support/report.hpp"
#include "support/rings.hpp"
#include "support/sample.hpp"

#include <rondo/op/control.hpp>
#include <rondo/op/read.hpp>
#include <rondo/ring/ring.hpp>
#include <rondo/ring/shared_ring.hpp>

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <barrier>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <sched.h>
#include <string>
#include <thread>
#include <vector>

namespace {

using bench::give_up;

constexpr std::size_t file_mebibytes = 64;
constexpr std::size_t block = 4096;
constexpr unsigned deepest = 32;
constexpr double slice_seconds = 0.15;
constexpr int pairs = 7;

enum class kind { nop, read };

/// A thread's places to read at and buffers to read into.
class desk {
public:
    explicit desk(unsigned seed) {
        std::mt19937_64 random(seed);
        std::size_t const blocks = (file_mebibytes << 20) / block;
        for (std::uint64_t& place : places_)
            place = random() % blocks * block;
    }
    [[nodiscard]] std::uint64_t next_place() { return places_[turn_++ % places_.size()]; }
    [[nodiscard]] char* buffer(unsigned i) { return &buffers_[i * block]; }

private:
    std::size_t turn_ = 0;
    std::array<std::uint64_t, 1024> places_{};
    alignas(block) std::array<char, deepest * block> buffers_{};
};

/// What one measurement does.
struct job {
    kind what;
    unsigned depth;
    int fd;
};

rondo::op::read<> read_at(job const& j, desk& d, unsigned i) {
    return {.fd = j.fd, .into = {d.buffer(i), block}, .at = d.next_place()};
}

// Ours.

template <class Op>
[[gnu::always_inline]] inline void run_batch(rondo::shared_ring& ring, job const& j,
                                             auto const& make) {
    auto batch = ring.reserve(j.depth).or_throw("rondo::shared_ring::reserve");
    std::array<rondo::ticket<Op>, deepest> tickets;
    for (unsigned i = 0; i < j.depth; ++i)
        tickets[i] = batch.add(make(i));
    batch.commit().or_throw("rondo::reservation::commit");
    for (unsigned i = 0; i < j.depth; ++i)
        if (!ring.wait(tickets[i])) [[unlikely]]
            give_up("an operation of a shared ring failed");
}

// One round: as many operations as the job is deep. All sides' rounds are parts of their loops: the
// first return through a frame that is older than a system call can cost 100 ns (see
// rondo::shard_enter), and who pays that is not to be the compiler's choice.

[[gnu::always_inline]] inline void ours_once(rondo::shared_ring& ring, job const& j, desk& d) {
    bool done = true;
    if (j.depth == 1)
        done = j.what == kind::nop ? ring.run(rondo::op::nop{}).has_value()
                                   : ring.run(read_at(j, d, 0)).has_value();
    else if (j.what == kind::nop)
        run_batch<rondo::op::nop>(ring, j, [](unsigned) { return rondo::op::nop{}; });
    else
        run_batch<rondo::op::read<>>(ring, j, [&](unsigned i) { return read_at(j, d, i); });
    if (!done) [[unlikely]]
        give_up("an operation of a shared ring failed");
}

// A ring of its own for each thread.

[[gnu::always_inline]] inline void private_once(rondo::ring& ring, job const& j, desk& d) {
    for (unsigned i = 0; i < j.depth; ++i) {
        bool const pushed =
            j.what == kind::nop ? ring.push(rondo::op::nop{}, i) : ring.push(read_at(j, d, i), i);
        if (!pushed) [[unlikely]]
            give_up("a submission queue was full");
    }
    if (!ring.submit_and_wait(j.depth)) [[unlikely]]
        give_up("io_uring_enter failed");
    rondo::abi::cqe c;
    for (unsigned i = 0; i < j.depth; ++i)
        if (!ring.pop(c) || c.res < 0) [[unlikely]]
            give_up("an operation of a private ring failed");
}

// liburing and a mutex.

class locked_ring {
public:
    locked_ring() {
        if (int const code = ::io_uring_queue_init(bench::queue_entries, &ring_, 0); code < 0)
            rondo::throw_error(rondo::error(-code), "io_uring_queue_init");
    }
    locked_ring(locked_ring&&) = delete;
    ~locked_ring() { ::io_uring_queue_exit(&ring_); }

    [[gnu::always_inline]] void once(job const& j, desk& d) {
        std::atomic<unsigned> left = j.depth;
        {
            std::lock_guard const guard(mutex_);
            for (unsigned i = 0; i < j.depth; ++i) {
                ::io_uring_sqe* const s = ::io_uring_get_sqe(&ring_);
                if (s == nullptr) [[unlikely]]
                    give_up("liburing's submission queue was full");
                if (j.what == kind::nop)
                    ::io_uring_prep_nop(s);
                else
                    ::io_uring_prep_read(s, j.fd, d.buffer(i), block, d.next_place());
                ::io_uring_sqe_set_data(s, &left);
            }
            if (::io_uring_submit(&ring_) < 0) [[unlikely]]
                give_up("io_uring_submit failed");
            reap();
        }
        while (left.load(std::memory_order_acquire) != 0) {
            ::sched_yield();
            std::lock_guard const guard(mutex_);
            reap();
        }
    }

private:
    void reap() {
        ::io_uring_cqe* c;
        unsigned head;
        unsigned n = 0;
        io_uring_for_each_cqe(&ring_, head, c) {
            if (c->res < 0) [[unlikely]]
                give_up("an operation of liburing's failed");
            auto* const left = static_cast<std::atomic<unsigned>*>(::io_uring_cqe_get_data(c));
            left->fetch_sub(1, std::memory_order_release);
            ++n;
        }
        ::io_uring_cq_advance(&ring_, n);
    }

    std::mutex mutex_;
    ::io_uring ring_;
};

/// Operations in a second, in millions, that `threads` threads do together. `prepare` makes what a
/// thread calls for each round.
double rate(unsigned threads, job const& j, auto const& prepare) {
    std::atomic<bool> stop = false;
    std::atomic<std::uint64_t> operations = 0;
    std::barrier begin(static_cast<std::ptrdiff_t>(threads) + 1);
    std::vector<std::jthread> crew;
    for (unsigned t = 0; t < threads; ++t)
        crew.emplace_back([&, t] {
            auto const d = std::make_unique<desk>(t);
            auto round = prepare(*d);
            begin.arrive_and_wait();
            std::uint64_t n = 0;
            for (; !stop.load(std::memory_order_relaxed); n += j.depth)
                round();
            operations += n;
        });
    begin.arrive_and_wait();
    double const from = bench::wall_seconds();
    std::this_thread::sleep_for(std::chrono::duration<double>(slice_seconds));
    stop = true;
    crew.clear();
    return static_cast<double>(operations) / (bench::wall_seconds() - from) / 1e6;
}

double ours_rate(rondo::shared_ring& ring, unsigned threads, job const& j) {
    return rate(threads, j, [&](desk& d) {
        return [&ring, &j, &d] [[gnu::always_inline]] () { ours_once(ring, j, d); };
    });
}

double locked_rate(locked_ring& ring, unsigned threads, job const& j) {
    return rate(threads, j, [&](desk& d) {
        return [&ring, &j, &d] [[gnu::always_inline]] () { ring.once(j, d); };
    });
}

double private_rate(unsigned threads, job const& j) {
    return rate(threads, j, [&](desk& d) {
        auto own = std::make_shared<rondo::ring>(
            rondo::ring::create({.entries = bench::queue_entries}).or_throw("rondo::ring::create"));
        own->bind_to_this_thread().or_throw("rondo::ring::bind_to_this_thread");
        return [own, &j, &d] [[gnu::always_inline]] () { private_once(*own, j, d); };
    });
}

std::string name_of(job const& j, unsigned threads) {
    return fmt::format("{} depth {} threads {}", j.what == kind::nop ? "nop" : "read", j.depth,
                       threads);
}

void compare(bench::report& out, std::string name, std::string_view peer, double mark,
             bench::measurement const& a, bench::measurement const& b) {
    bench::comparison const c = bench::alternate(pairs, a, b);
    out.add({std::move(name),
             c.ours,
             c.peer,
             peer,
             "Mop/s",
             c.ratio,
             c.spread,
             {bench::least_ratio(mark)}});
}

void measure(bench::report& out) {
    struct mark {
        unsigned threads;
        double shards;
        double one;
    };
    constexpr mark marks[] = {{1, 1.0, 1.0}, {2, 2.3, 0.9}, {4, 2.2, 0.9}, {8, 1.8, 0.9}};
    bench::data_file const file(file_mebibytes);
    bench::warm(file.fd());
    auto sharded = rondo::shared_ring::create().or_throw("rondo::shared_ring::create");
    auto single = rondo::shared_ring::create({.shards = 1}).or_throw("rondo::shared_ring::create");
    locked_ring peer;
    for (kind const what : {kind::nop, kind::read})
        for (unsigned const depth : {1u, deepest}) {
            job const j{what, depth, file.fd()};
            for (mark const& m : marks) {
                auto const locked = [&] { return locked_rate(peer, m.threads, j); };
                compare(
                    out, name_of(j, m.threads), "one mutex", m.shards,
                    [&] { return ours_rate(sharded, m.threads, j); }, locked);
                compare(
                    out, name_of(j, m.threads) + " one shard", "one mutex", m.one,
                    [&] { return ours_rate(single, m.threads, j); }, locked);
            }
            compare(
                out, name_of(j, 2) + " shared", "private rings",
                what == kind::nop && depth == 1 ? 0.70 : 0.85,
                [&] { return ours_rate(sharded, 2, j); }, [&] { return private_rate(2, j); });
        }
}

} // namespace

int main(int argc, char** argv) {
    return bench::run(argc, argv, "a ring that threads share: rondo, and liburing under a mutex",
                      [](bench::options const& options) {
                          bench::report out(options.json);
                          measure(out);
                      });
}
