// SPDX-License-Identifier: MIT
#pragma once

// What random programs of tasks are checked by: a loop on a simulation, dice, and counts of frames,
// ends, results, descriptors and bytes that must come out even. One thread.

#include <rondo/coro/combine.hpp>
#include <rondo/coro/scope.hpp>
#include <rondo/coro/sleep.hpp>
#include <rondo/coro/stop.hpp>
#include <rondo/coro/stream.hpp>
#include <rondo/coro/sync_wait.hpp>
#include <rondo/coro/timeout.hpp>
#include <rondo/engine/simulated.hpp>
#include <rondo/op/all.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <dirent.h>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace rondo::test {

using testing::chances;
using testing::simulation;
using std::chrono::microseconds;

inline std::size_t open_descriptors() {
    std::size_t n = 0;
    ::DIR* const all = ::opendir("/proc/self/fd");
    while (::readdir(all) != nullptr)
        ++n;
    ::closedir(all);
    return n;
}

/// Tells of the run that was under way when the program aborts or takes too long.
class on_abort {
public:
    explicit on_abort(simulation const& s) {
        running = &s;
        std::signal(SIGABRT, &tell);
        std::signal(SIGALRM, &tell);
        ::alarm(50);
    }
    on_abort(on_abort const&) = delete;
    on_abort& operator=(on_abort const&) = delete;
    ~on_abort() {
        ::alarm(0);
        running = nullptr;
    }

private:
    static void tell(int signal) {
        if (running != nullptr)
            std::fprintf(stderr, "RONDO_SEED=%llu\n%s\n",
                         static_cast<unsigned long long>(running->seed()),
                         running->trace().c_str());
        std::signal(signal, SIG_DFL);
        std::raise(signal);
    }
    inline static simulation const* running = nullptr;
};

/// One random program's.
struct world {
    world(simulation& s, loop_options options) : sim(s), state_(s.seed() * 2 + 1) {
        options.ring.backend = &s.backend();
        on.emplace(loop::create(options).or_throw("loop"));
        cramped = !options.grows;
    }

    std::uint64_t dice(std::uint64_t n) noexcept { // splitmix64
        state_ += 0x9e3779b97f4a7c15u;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return (z ^ (z >> 31)) % n;
    }
    microseconds a_while() noexcept { return microseconds(dice(600)); }

    simulation& sim;
    std::optional<loop> on;
    bool cramped = false;  ///< an operation must not wait for one that may find no room
    int alive = 0;         ///< locals in frames
    int begun = 0;         ///< tasks, ever
    int ended = 0;         ///< of those
    int results_made = 0;  ///< co_returned
    int results_taken = 0; ///< seen by who awaited
    int thrown = 0;        ///< results that were exceptions, which may hide others
    int opened = 0;        ///< descriptors
    int closed = 0;        ///< by an operation that succeeded
    std::uint64_t written = 0;
    std::uint64_t read = 0;
    std::string wrong; ///< the first thing that was
    int left = 24;     ///< tasks that may yet be made

    void expect(bool well, char const* what) {
        if (!well && wrong.empty())
            wrong = what;
    }

private:
    std::uint64_t state_;
};

/// In each frame: counts it, and its end.
class frame_count {
public:
    explicit frame_count(world& w) : w_(w) {
        ++w.alive;
        ++w.begun;
    }
    frame_count(frame_count const&) = delete;
    frame_count& operator=(frame_count const&) = delete;
    ~frame_count() {
        w_.expect(ended_ == 1, "a frame was destroyed without its end");
        --w_.alive;
    }
    void end() {
        w_.expect(++ended_ == 1, "a task ended twice");
        ++w_.ended;
        ++w_.results_made;
    }

private:
    world& w_;
    int ended_ = 0;
};

inline bool passes(error const& e) {
    for (int const code : {EINTR, EAGAIN, ENOMEM, ENOBUFS, EIO, ENOSPC})
        if (e == code)
            return true;
    return false;
}

/// What is left of a program when it is over.
inline bool comes_out_even(world& w, std::size_t descriptors_before) {
    w.expect(w.on->in_flight() == 0, "operations are in flight");
    w.expect(w.begun == w.ended, "a task did not end");
    w.on.reset();
    w.expect(w.alive == 0, "a frame was leaked");
    w.expect(w.thrown != 0 || w.results_made == w.results_taken, "a result was not delivered");
    w.expect(w.opened == w.closed, "a descriptor was not closed once");
    w.expect(w.written == w.read, "bytes were lost");
    w.expect(open_descriptors() == descriptors_before, "a descriptor was leaked");
    if (!w.wrong.empty())
        throw std::runtime_error(w.wrong);
    return true;
}

/// Runs root(world&), a task<result<>>, and looks at what is left.
template <class Root>
bool run_program(simulation& s, loop_options const& options, Root&& root) {
    on_abort const tell(s);
    { // what a simulation has to the end, it has from its first ring on
        world const first(s, options);
        static_cast<void>(s.pipe());
    }
    std::size_t const before = open_descriptors();
    world w(s, options);
    try {
        if (sync_wait(*w.on, root(w)))
            s.note("the program succeeded");
        ++w.results_taken;
    } catch (std::runtime_error const& e) {
        w.expect(std::string(e.what()) == "as told", e.what());
    }
    return comes_out_even(w, before);
}

inline task<void> close_surely(world& w, unique_fd fd) {
    int const raw = fd.release();
    for (;;) {
        auto const closed = co_await op::close{.fd = raw};
        if (closed)
            break;
        w.expect(passes(closed.error()), "close failed");
    }
    ++w.closed;
}

/// The byte that stands at `at`, of what travels through a pipe.
constexpr std::byte byte_at(std::uint64_t at) noexcept {
    return static_cast<std::byte>(at * 7 + (at >> 8));
}

/// A pipe or a pair of sockets, one way.
struct channel_ends {
    unique_fd in;
    unique_fd out;
    bool sockets;
    std::uint64_t written = 0;
    std::uint64_t read = 0;

    explicit channel_ends(world& w) : sockets(w.dice(2) == 0) {
        auto both = sockets ? w.sim.socket_pair(SOCK_STREAM) : w.sim.pipe();
        auto ends = std::move(both).or_throw("channel");
        in = std::move(ends.first);
        out = std::move(ends.second);
        w.opened += 2;
    }
};

} // namespace rondo::test
