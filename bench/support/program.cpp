// SPDX-License-Identifier: MIT
#include "program.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <exception>

namespace bench {

int run(int argc, char** argv, char const* description,
        std::function<void(options const&)> const& body) {
    options o;
    CLI::App app(description);
    app.add_flag("--json", o.json, "One JSON object per line");
    app.add_option("--read-ahead", o.read_ahead_kb,
                   "KiB that the kernel reads ahead on the disk meanwhile, where files are read "
                   "cold; 128 is usual. Needs root");
    // For the processes that a benchmark starts of itself; group "" keeps them out of --help.
    app.add_option("--count", o.count.side)->group("")->check(CLI::IsMember({"ours", "peer"}));
    app.add_option("--batch", o.count.batch)->group("");
    app.add_option("--rounds", o.count.rounds)->group("");
    app.add_option("--data", o.count.data)->group("");
    CLI11_PARSE(app, argc, argv);
    try {
        body(o);
        return 0;
    } catch (std::exception const& e) {
        fmt::print(stderr, "{}: {}\n", argv[0], e.what());
        return 1;
    }
}

} // namespace bench
