// SPDX-License-Identifier: MIT
#pragma once

// The subcommands of the program: each adds itself to the command line, and main() runs the one
// that was named. One thread.

#include <CLI/CLI.hpp>

#include <functional>

namespace rondo::tools {

/// A subcommand and what it does; run() returns the exit status.
struct command {
    CLI::App* parser;
    std::function<int()> run;
    int usage_status = 2; ///< the exit status after a mistake on the command line
};

[[nodiscard]] command add_cat(CLI::App& program);
[[nodiscard]] command add_probe(CLI::App& program);

} // namespace rondo::tools
