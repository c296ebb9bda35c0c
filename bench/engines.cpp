// SPDX-License-Identifier: MIT
// The emulated engine, and the kernel's beside it, against the plain system calls that it is made
// of: cached 4 KiB reads, 32 at once, against pread; an echo of 64 bytes over 256 connections
// against epoll. The ring's server receives by multishot into provided buffers and sends from them.
#include "support/check.hpp"
#include "support/data_file.hpp"
#include "support/echo_load.hpp"
#include "support/program.hpp"
#include "support/report.hpp"
#include "support/rings.hpp"
#include "support/sample.hpp"

#include <rondo/op/file.hpp>
#include <rondo/op/receive.hpp>
#include <rondo/op/send.hpp>
#include <rondo/ring/buffer_ring.hpp>

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using bench::checked;
using bench::give_up;

constexpr double slice_seconds = 0.2;

/// CPU seconds of all threads of this process: an engine's workers count, and the kernel's.
double process_seconds() {
    ::timespec now{};
    checked(::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), "clock_gettime");
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// What users get who ask for nothing but an engine.
rondo::ring make_ring(rondo::engine::kind engine, std::uint32_t entries) {
    rondo::ring made =
        rondo::ring::create({.entries = entries, .engine = engine}).or_throw("rondo::ring::create");
    if (made.features().engine != engine)
        give_up("another engine runs the ring: is RONDO_ENGINE set?");
    made.bind_to_this_thread().or_throw("rondo::ring::bind_to_this_thread");
    return made;
}

// Reads.

constexpr std::size_t file_mebibytes = 64;
constexpr std::size_t block = 4096;
constexpr unsigned depth = 32;
constexpr unsigned batches = 128;

/// What all sides read, batch by batch, and where to.
class work {
public:
    work() {
        std::mt19937_64 random; // always the same places
        std::size_t const blocks = (file_mebibytes << 20) / block;
        for (std::uint64_t& place : places_)
            place = random() % blocks * block;
        bench::warm(file_.fd());
    }

    [[nodiscard]] int fd() const { return file_.fd(); }
    [[nodiscard]] std::span<std::uint64_t const, depth> batch(unsigned i) const {
        return std::span<std::uint64_t const, depth>(&places_[std::size_t{i} * depth], depth);
    }
    [[nodiscard]] char* buffer(std::size_t i) { return &buffers_[i * block]; }

private:
    bench::data_file const file_{file_mebibytes};
    std::array<std::uint64_t, std::size_t{batches} * depth> places_{};
    alignas(block) std::array<char, depth * block> buffers_{};
};

void read_plainly(work& w, std::span<std::uint64_t const, depth> places) {
    for (std::size_t i = 0; i < depth; ++i)
        if (::pread(w.fd(), w.buffer(i), block, static_cast<::off_t>(places[i])) !=
            static_cast<::ssize_t>(block)) [[unlikely]]
            give_up("pread did not do what it should");
}

void read_by_ring(rondo::ring& ring, work& w, std::span<std::uint64_t const, depth> places) {
    for (std::size_t i = 0; i < depth; ++i)
        if (!ring.push(rondo::op::read{.fd = w.fd(), .into = {w.buffer(i), block}, .at = places[i]},
                       i)) [[unlikely]]
            give_up("a submission queue was full");
    if (!ring.submit_and_wait(depth)) [[unlikely]]
        give_up("io_uring_enter failed");
    rondo::abi::cqe c;
    for (std::size_t i = 0; i < depth; ++i)
        if (!ring.pop(c) || c.res != static_cast<int>(block)) [[unlikely]]
            give_up("a read did not do what it should");
}

/// Reads in a second of CPU time, in millions; `read_batch` reads a batch of places.
template <class ReadBatch>
double read_rate(work const& w, ReadBatch read_batch) {
    double const begin = process_seconds();
    double elapsed = 0;
    std::uint64_t reads = 0;
    do {
        for (unsigned i = 0; i < batches; ++i)
            read_batch(w.batch(i));
        reads += std::uint64_t{batches} * depth;
        elapsed = process_seconds() - begin;
    } while (elapsed < slice_seconds);
    return static_cast<double>(reads) / elapsed / 1e6;
}

// The echo. A server serves until all connections have ended, and counts the messages.

constexpr std::size_t connection_count = bench::echo_load::connections;
constexpr std::size_t buffer_bytes = 1024;

class epoll_server {
public:
    explicit epoll_server(std::span<rondo::unique_fd const> sockets)
        : set_(bench::owned(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
          open_(sockets.size()) {
        for (rondo::unique_fd const& s : sockets) {
            ::epoll_event event{.events = EPOLLIN, .data = {.fd = s.get()}};
            checked(::epoll_ctl(set_.get(), EPOLL_CTL_ADD, s.get(), &event), "epoll_ctl");
        }
    }

    std::uint64_t run() {
        while (open_ != 0) {
            int const found =
                ::epoll_wait(set_.get(), events_.data(), static_cast<int>(events_.size()), -1);
            // What the kernel has left to do for a ring that was closed here interrupts it.
            if (found < 0 && errno != EINTR)
                checked(found, "epoll_wait");
            for (int i = 0; i < found; ++i)
                answer(events_[static_cast<std::size_t>(i)].data.fd);
        }
        return messages_;
    }

private:
    /// Level-triggered, so one receive is enough: what it leaves is told again.
    void answer(int fd) {
        auto const n = checked(::recv(fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT), "recv");
        if (n == 0) {
            checked(::epoll_ctl(set_.get(), EPOLL_CTL_DEL, fd, nullptr), "epoll_ctl");
            --open_;
            return;
        }
        auto const bytes = static_cast<std::size_t>(n);
        if (::send(fd, buffer_.data(), bytes, MSG_DONTWAIT | MSG_NOSIGNAL) != n) [[unlikely]]
            give_up("a send did not do what it should");
        ++messages_;
    }

    rondo::unique_fd set_;
    std::size_t open_;
    std::uint64_t messages_ = 0;
    std::array<::epoll_event, connection_count> events_;
    std::array<char, buffer_bytes> buffer_;
};

class ring_server {
public:
    ring_server(std::span<rondo::unique_fd const> sockets, rondo::engine::kind engine)
        : sockets_(sockets), ring_(make_ring(engine, 2 * connection_count)),
          pool_(rondo::buffer_ring::create(
                    ring_, {.entries = 2 * connection_count, .buffer_size = buffer_bytes})
                    .or_throw("rondo::buffer_ring::create")),
          open_(sockets.size()) {
        for (std::size_t i = 0; i < sockets.size(); ++i)
            receive(i);
        ring_.submit().or_throw("rondo::ring::submit");
    }

    std::uint64_t run() {
        rondo::abi::cqe c;
        while (open_ != 0) {
            if (!ring_.submit_and_wait(1)) [[unlikely]]
                give_up("io_uring_enter failed");
            while (ring_.pop(c))
                c.user_data < connection_count ? received(c) : sent(c);
        }
        return messages_;
    }

private:
    // user_data: a receive's is its connection's index, a send's lies above all of those.
    void receive(std::size_t i) {
        push(rondo::op::recv_stream{.fd = sockets_[i].get(), .into = pool_.choose()}, i);
    }
    void received(rondo::abi::cqe const& c) {
        std::size_t const i = c.user_data;
        if (c.res < 0) [[unlikely]]
            give_up("a receive did not do what it should");
        if (c.res == 0) {
            --open_;
            return;
        }
        leases_[i] = pool_.choose().adopt(c);
        std::span<std::byte> const bytes = leases_[i].bytes();
        push(rondo::op::send{.fd = sockets_[i].get(), .from = {bytes.data(), bytes.size()}},
             connection_count + i);
        if (!has(static_cast<rondo::abi::cqe_flag>(c.flags), rondo::abi::cqe_flag::more))
            [[unlikely]]
            receive(i);
    }
    void sent(rondo::abi::cqe const& c) {
        rondo::buffer_lease& lease = leases_[c.user_data - connection_count];
        if (c.res != static_cast<int>(lease.size())) [[unlikely]]
            give_up("a send did not do what it should");
        lease.reset();
        ++messages_;
    }
    template <class Op>
    void push(Op const& o, std::uint64_t user_data) {
        if (ring_.push(o, user_data)) [[likely]]
            return;
        ring_.submit().or_throw("rondo::ring::submit");
        if (!ring_.push(o, user_data))
            give_up("a submission queue was full");
    }

    std::span<rondo::unique_fd const> sockets_;
    rondo::ring ring_;
    rondo::buffer_ring pool_;
    std::array<rondo::buffer_lease, connection_count> leases_;
    std::size_t open_;
    std::uint64_t messages_ = 0;
};

/// Millions of messages in a second of that clock.
template <class Server, class... Rest>
double echo_rate(double (*seconds)(), Rest... rest) {
    bench::echo_load l;
    Server server(l.sockets(), rest...);
    l.start();
    double const begin = seconds();
    std::uint64_t const messages = server.run();
    double const elapsed = seconds() - begin;
    l.finish();
    return static_cast<double>(messages) / elapsed / 1e6;
}

// Both.

constexpr int pairs = 9;

void add(bench::report& out, std::string name, bench::comparison const& c,
         std::string_view peer_name, std::string_view unit, std::vector<bench::mark> marks) {
    out.add(
        {std::move(name), c.ours, c.peer, peer_name, unit, c.ratio, c.spread, std::move(marks)});
}

/// Marks are the emulated engine's: what it may cost to do without the kernel's.
std::vector<bench::mark> marks_of(rondo::engine::kind engine, double limit) {
    if (engine == rondo::engine::emulated)
        return {bench::least_ratio(limit)};
    return {};
}

void measure(bench::report& out, rondo::engine::kind engine, std::string_view name, work& w) {
    rondo::ring ring = make_ring(engine, depth);
    auto const reads = bench::alternate(
        pairs, [&] { return read_rate(w, [&](auto places) { read_by_ring(ring, w, places); }); },
        [&] { return read_rate(w, [&](auto places) { read_plainly(w, places); }); });
    add(out, fmt::format("engines {} read throughput", name), reads, "pread", "Mop/CPU-s",
        marks_of(engine, 0.8));
    auto const echo = [&](std::string const& measure, double (*seconds)(), std::string_view unit,
                          std::vector<bench::mark> marks) {
        auto const c = bench::alternate(
            pairs, [&] { return echo_rate<ring_server>(seconds, engine); },
            [&] { return echo_rate<epoll_server>(seconds); });
        add(out, fmt::format("engines {} {}", name, measure), c, "epoll", unit, std::move(marks));
    };
    echo("echo throughput", process_seconds, "Mmsg/CPU-s", marks_of(engine, 0.7));
    echo("echo throughput by the clock", bench::wall_seconds, "Mmsg/s", {});
}

} // namespace

int main(int argc, char** argv) {
    return bench::run(argc, argv, "engines: rings of either and plain system calls",
                      [](bench::options const& options) {
                          bench::report out(options.json);
                          auto const w = std::make_unique<work>();
                          // Last: the kernel's may be forbidden, and that ends it all.
                          measure(out, rondo::engine::emulated, "emulated", *w);
                          measure(out, rondo::engine::kernel, "kernel", *w);
                      });
}
