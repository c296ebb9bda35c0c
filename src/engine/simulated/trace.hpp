// SPDX-License-Identifier: MIT
#pragma once

// What a simulated system decided and did, line by line, each with its virtual time. No address and
// no number of a real descriptor is in it, so that equal runs have equal traces. Of a long run the
// newest lines are kept. One thread.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace rondo::engine::simulation {

/// See the top of this file.
class trace {
public:
    explicit trace(std::size_t lines) : most_(lines) {}

    /// Adds a line, at `ns` nanoseconds since the beginning.
    void add(std::int64_t ns, std::string_view line);
    /// All lines that are kept, with how many were dropped before them.
    [[nodiscard]] std::string text() const;
    /// A digest of all lines ever added: equal for equal runs.
    [[nodiscard]] std::uint64_t digest() const noexcept { return digest_; }

private:
    std::size_t most_;
    std::size_t dropped_ = 0;
    std::uint64_t digest_ = 0xcbf29ce484222325;
    std::deque<std::string> lines_;
};

} // namespace rondo::engine::simulation
