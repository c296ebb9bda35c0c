// SPDX-License-Identifier: MIT
#include "command.hpp"

#include <rondo/core/error.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

namespace rondo::tools {
namespace {

int refuse(std::string const& what, CLI::App const& parser, int status) {
    fmt::print(stderr, "rondo: {}\nTry '{} --help'.\n", what,
               parser.get_parent() != nullptr ? "rondo " + parser.get_name() : "rondo");
    return status;
}

bool is_command(std::vector<command> const& commands, char const* word) {
    return std::any_of(commands.begin(), commands.end(),
                       [word](command const& c) { return c.parser->get_name() == word; });
}

int run(int argc, char** argv) {
    CLI::App program("Tools for io_uring.", "rondo");
    program.set_version_flag("--version", "rondo " RONDO_VERSION);
    program.require_subcommand(1);
    std::vector<command> const commands{add_cat(program), add_probe(program)};

    if (argc < 2)
        return refuse("no command given", program, 2);
    if (argv[1][0] != '-' && !is_command(commands, argv[1]))
        return refuse(fmt::format("there is no command '{}'", argv[1]), program, 2);
    try {
        program.parse(argc, argv);
    } catch (CLI::Success const& wish) { // --help, --version
        return program.exit(wish);
    } catch (CLI::ParseError const& mistake) {
        for (command const& c : commands)
            if (c.parser->parsed())
                return refuse(mistake.what(), *c.parser, c.usage_status);
        return refuse(mistake.what(), program, 2);
    }
    for (command const& c : commands)
        if (c.parser->parsed())
            return c.run();
    return 2;
}

/// The exit status, after what is still in the buffer of standard output went where it belongs.
int flushed(int status) {
    if (std::fflush(stdout) == 0)
        return status;
    error const why = error::last(attempt::write);
    fmt::print(stderr, "rondo: write error: {}\n", ::strerrordesc_np(why.code()));
    return status != 0 ? status : 1;
}

} // namespace
} // namespace rondo::tools

int main(int argc, char** argv) try {
    return rondo::tools::flushed(rondo::tools::run(argc, argv));
} catch (std::exception const& e) {
    fmt::print(stderr, "rondo: {}\n", e.what());
    return 1;
}
