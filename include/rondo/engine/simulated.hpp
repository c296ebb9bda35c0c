// SPDX-License-Identifier: MIT
#pragma once

// A simulated kernel to test programs against. Rings made with its backend run on the engine in
// user space (engine/emulated.hpp), over files, pipes, sockets and a clock that are in memory. In
// which order things happen, and what goes wrong, is decided by a seed: equal seeds give equal
// runs, each with a trace of what was decided. Time is virtual: an hour's wait takes no time.
//
// One thread: whoever makes a simulation makes, uses and ends its rings. Its descriptors are real
// placeholders: they can be owned, copied and closed, but read and written through rings only.
// Points in time are those of simulation::now(), not of the system's clocks.

#include <rondo/abi/flags.hpp>
#include <rondo/abi/opcode.hpp>
#include <rondo/core/fd.hpp>
#include <rondo/core/result.hpp>
#include <rondo/core/sole_owner.hpp>
#include <rondo/engine/engine.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rondo::testing {

/// How likely it is, from 0 to 1, that something happens where it can. The defaults are what every
/// program must live with on a real kernel; calm() has none of it.
struct chances {
    double worker = 0.3;        ///< an operation goes the long way, and completes later than others
    double late_cancel = 0.5;   ///< what a cancel or link timeout finds completes first, if it can
    double busy_worker = 0.5;   ///< a cancel comes when the work has begun (-EALREADY)
    double short_count = 0.1;   ///< a read or write moves less than it could
    double interrupted = 0;     ///< a wait answers EINTR
    double refused_enter = 0;   ///< a submission answers EAGAIN, and nothing was taken
    double overflow = 0.02;     ///< a completion goes by way of the overflow list
    double ended_stream = 0.05; ///< a multishot operation ends early, without an error
    double late_notification = 0.5; ///< a zero-copy send's notification comes later than its result
    double wake_up = 0.02;          ///< a waiting operation is tried again for no reason
    double eintr = 0;               ///< a read, write, accept, connect, ... answers -EINTR
    double eagain = 0;              ///< a read, write, ... answers -EAGAIN
    double enomem = 0;              ///< any operation answers -ENOMEM
    double enobufs = 0;             ///< a send, or what chooses a buffer, answers -ENOBUFS
    double eio = 0;                 ///< a read, write or fsync of a file answers -EIO
    double enospc = 0;              ///< a write or fallocate of a file answers -ENOSPC

    /// Everything works, at once and in order.
    [[nodiscard]] static constexpr chances calm() noexcept {
        return {.worker = 0,
                .late_cancel = 0,
                .busy_worker = 0,
                .short_count = 0,
                .overflow = 0,
                .ended_stream = 0,
                .late_notification = 0,
                .wake_up = 0};
    }
    /// All of it, errors too, one time in twenty.
    [[nodiscard]] static constexpr chances hostile() noexcept {
        chances all;
        all.interrupted = all.refused_enter = all.eintr = all.eagain = all.enomem = all.enobufs =
            all.eio = all.enospc = 0.05;
        return all;
    }
};

/// Beside chance: what surely goes wrong. The `after`th matching operation, counted from 0, and the
/// `times - 1` that follow it are answered with -error.
struct fault {
    abi::opcode opcode = abi::opcode::read;
    int error = 5; ///< an errno, as EIO
    std::uint64_t after = 0;
    std::uint64_t times = 1;
};

struct simulation_options {
    std::uint64_t seed = 1;
    chances how{};
    std::vector<fault> faults{};
    /// Opcodes and set-up flags that this kernel does not know.
    std::vector<abi::opcode> refused_opcodes{};
    abi::setup refused_setup{};
    /// Virtual nanoseconds, each a bound: of a ring's call, of an operation that goes the long way,
    /// of bytes on their way through a socket.
    std::int64_t call_ns = 1'000;
    std::int64_t work_ns = 100'000;
    std::int64_t net_ns = 200'000;
    /// Bytes that all files may have, in whole pages of 4096; beyond them it is ENOSPC. 0: 1 GiB.
    std::size_t disk_bytes = 0;
    /// Where the indices of the rings' queues begin. A kernel's begin with 0, and pass 2^31 and
    /// 2^32 in time.
    std::uint32_t first_index = 0;
    /// How many lines of the trace are kept, the newest.
    std::size_t trace_lines = 2'000;
};

/// See the top of this file. Move-only; it outlives its rings.
class simulation {
public:
    /// ENOMEM.
    [[nodiscard]] static result<simulation> create(simulation_options options = {}) noexcept;
    simulation(simulation&&) noexcept;
    simulation& operator=(simulation&&) noexcept;
    ~simulation();

    /// For ring_options::backend.
    [[nodiscard]] engine::backend& backend() noexcept;
    [[nodiscard]] std::uint64_t seed() const noexcept;

    /// Virtual nanoseconds on CLOCK_MONOTONIC.
    [[nodiscard]] std::int64_t now() const noexcept;
    /// Lets time go by, and what falls due happen; rings notice at their next call.
    void pass(std::int64_t ns) noexcept;

    // The world from outside, without faults. Paths are absolute.

    /// Makes or replaces a file, and the directories above it. ENOSPC, ENOMEM, ENOTDIR, ...
    result<> write_file(std::string_view path, std::span<std::byte const> bytes) noexcept;
    result<> write_file(std::string_view path, std::string_view text) noexcept;
    /// None: there is no such regular file.
    [[nodiscard]] std::optional<std::vector<std::byte>> read_file(std::string_view path) const;
    [[nodiscard]] std::optional<std::string> read_text(std::string_view path) const;
    /// pipe2(2): reading end, writing end. EMFILE, ENOMEM.
    [[nodiscard]] result<std::pair<unique_fd, unique_fd>> pipe() noexcept;
    /// socketpair(2), of AF_UNIX. `type` is SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET.
    [[nodiscard]] result<std::pair<unique_fd, unique_fd>> socket_pair(int type) noexcept;
    /// eventfd(2).
    [[nodiscard]] result<unique_fd> event_counter(unsigned initial = 0) noexcept;
    /// epoll_create1(2), for op::epoll_ctl and op::epoll_wait.
    [[nodiscard]] result<unique_fd> epoll_set() noexcept;

    /// One more of the certain faults.
    void add_fault(fault what);
    /// From now on other chances: errors end, say, when a program shuts down.
    void change(chances how) noexcept;

    /// What was decided and done, a line each. Operations are numbered in the order they were
    /// submitted, files and sockets in the order they were made.
    [[nodiscard]] std::string trace() const;
    /// A digest of the whole trace, with the lines that were not kept.
    [[nodiscard]] std::uint64_t trace_digest() const noexcept;
    /// Operations that rings have taken so far.
    [[nodiscard]] std::uint64_t operations() const noexcept;
    /// A line of the program's own for the trace.
    void note(std::string_view line);

private:
    struct state;
    explicit simulation(std::unique_ptr<state> made) noexcept;
    detail::sole_owner<state> state_;
};

/// What explore() found.
struct findings {
    bool passed = true;
    std::uint64_t runs = 0;
    std::uint64_t seed = 0; ///< of the run that failed
    std::string reason;     ///< what the program threw, or "returned false"
    std::string trace;      ///< of that run

    explicit operator bool() const noexcept { return passed; }
    /// For a test's message: reason, seed, trace.
    [[nodiscard]] std::string text() const;
};

/// RONDO_SEED of the environment, when it is a number.
[[nodiscard]] std::optional<std::uint64_t> seed_of_environment() noexcept;

/// Runs `program(simulation&)`, which answers whether all was well, with `runs` seeds from
/// options.seed on, until one fails by false or an exception. RONDO_SEED in the environment comes
/// before both: that seed alone is run.
template <class Program>
[[nodiscard]] findings explore(simulation_options options, std::uint64_t runs, Program&& program) {
    findings out;
    if (auto const only = seed_of_environment()) {
        options.seed = *only;
        runs = 1;
    }
    for (; out.passed && out.runs < runs; ++out.runs, ++options.seed) {
        auto made = simulation::create(options);
        if (!made)
            return {.passed = false, .seed = options.seed, .reason = "no memory", .trace = {}};
        try {
            if (!program(*made))
                out.reason = "returned false";
        } catch (std::exception const& thrown) {
            out.reason = *thrown.what() != '\0' ? thrown.what() : "threw";
        } catch (...) {
            out.reason = "threw what is no std::exception";
        }
        out.passed = out.reason.empty();
        if (!out.passed) {
            out.seed = options.seed;
            out.trace = made->trace();
        }
    }
    return out;
}

} // namespace rondo::testing
