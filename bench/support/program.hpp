// SPDX-License-Identifier: MIT
#pragma once

// The command line that all benchmarks share, and how they end: 0 when everything was measured,
// whatever it was, 1 when something could not be. One thread.

#include <cstdint>
#include <functional>
#include <string>

namespace bench {

/// One side of a benchmark by itself, for counting its instructions: see instructions.hpp.
struct count_request {
    std::string side; ///< "ours" or "peer"; empty: not asked for
    unsigned batch = 1;
    std::uint64_t rounds = 0;
    std::string data; ///< a file to work on, where the benchmark needs one
};

struct options {
    bool json = false;
    /// KiB that the kernel reads ahead of who reads a file from its disk; 0: as the machine has it.
    unsigned read_ahead_kb = 0;
    count_request count;
};

/// Parses the arguments and calls `body`; an exception becomes a message and status 1.
int run(int argc, char** argv, char const* description,
        std::function<void(options const&)> const& body);

} // namespace bench
