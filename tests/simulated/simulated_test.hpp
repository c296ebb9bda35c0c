// SPDX-License-Identifier: MIT
#pragma once

// What tests of programs on a simulated kernel start from: a simulation, a ring on it, and
// shorthands for both. One thread.

#include <rondo/core/fd.hpp>
#include <rondo/op/all.hpp>
#include <rondo/ring/ring.hpp>
#include <support/simulations.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <map>
#include <string>
#include <sys/socket.h>
#include <vector>

namespace rondo::test {

using testing::fault;

inline ring ring_of(simulation& s, ring_options options = {.entries = 64}) {
    options.backend = &s.backend();
    return ring::create(options).or_throw("ring");
}

/// The next completion, waited for.
inline abi::cqe next(ring& r) {
    for (;;) {
        auto const entered = r.submit_and_wait(1);
        abi::cqe c{};
        if (r.pop(c))
            return c;
        if (!entered && entered.error() != EINTR && entered.error() != EAGAIN)
            throw std::runtime_error("a wait failed");
    }
}

/// The next `count` completions.
inline std::vector<abi::cqe> next(ring& r, std::size_t count) {
    std::vector<abi::cqe> out;
    while (out.size() != count)
        out.push_back(next(r));
    return out;
}

/// The results of the next `count` completions, by user_data.
inline std::map<std::uint64_t, std::int32_t> results(ring& r, std::size_t count) {
    std::map<std::uint64_t, std::int32_t> out;
    for (abi::cqe const& c : next(r, count))
        out[c.user_data] = c.res;
    return out;
}

inline bool has_more(abi::cqe const& c) { return (c.flags & raw(abi::cqe_flag::more)) != 0; }
inline bool is_notification(abi::cqe const& c) {
    return (c.flags & raw(abi::cqe_flag::notif)) != 0;
}

/// Whether the trace tells of it.
inline bool tells(simulation const& s, std::string const& what) {
    return s.trace().find(what) != std::string::npos;
}

/// A file with so many bytes 'x', open for both.
inline unique_fd file_of(simulation& s, ring& r, std::size_t bytes, char const* path = "/file") {
    s.write_file(path, std::string(bytes, 'x')).or_throw("write_file");
    return r.run(op::openat<>{.path = path, .flags = O_RDWR}).or_throw("open");
}

} // namespace rondo::test
