// SPDX-License-Identifier: MIT
#include "command.hpp"
#include "relay.hpp"

#include <rondo/core/fd.hpp>

#include <fmt/core.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rondo::tools {
namespace {

struct options {
    bool unbuffered = false;
    bool verbose = false;
};

void complain(std::string_view about, error const& why) {
    fmt::print(stderr, "rondo cat: {}: {}\n", about, ::strerrordesc_np(why.code()));
}

/// Whether printing `input` would only make it longer.
bool is_the_output(int input, struct ::stat const& in, struct ::stat const& out) {
    return S_ISREG(out.st_mode) && in.st_dev == out.st_dev && in.st_ino == out.st_ino &&
           ::lseek(input, 0, SEEK_CUR) < in.st_size;
}

class printer {
public:
    printer(options const& how, struct ::stat const& about_output)
        : how_(how), about_output_(about_output), relay_(STDOUT_FILENO, about_output) {}

    /// False when the output can take no more.
    bool print(std::string const& name);
    [[nodiscard]] int status() const { return status_; }

private:
    void refuse(std::string const& name, error const& why) {
        complain(name, why);
        status_ = 1;
    }
    void explain_refusal();

    options how_;
    struct ::stat about_output_;
    relay relay_;
    int status_ = 0;
    bool explained_ = false;
};

bool printer::print(std::string const& name) {
    unique_fd opened;
    int input = STDIN_FILENO;
    if (name != "-") {
        opened.reset(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
        if (!opened) {
            refuse(name, error::last(attempt::open));
            return true;
        }
        input = opened.get();
    }
    struct ::stat about{};
    if (::fstat(input, &about) != 0) {
        refuse(name, error::last(attempt::stat));
        return true;
    }
    if (is_the_output(input, about, about_output_)) {
        fmt::print(stderr, "rondo cat: {}: input file is output file\n", name);
        status_ = 1;
        return true;
    }
    relay::outcome const end = relay_.run(input, about);
    explain_refusal();
    if (end.failed == relay::outcome::side::none)
        return true;
    bool const to_output = end.failed == relay::outcome::side::output;
    refuse(to_output ? "write error" : name, end.why);
    return !to_output;
}

void printer::explain_refusal() {
    std::optional<error> const& why = relay_.refusal();
    if (!how_.verbose || explained_ || !why)
        return;
    fmt::print(stderr, "rondo cat: plain reads and writes are used, not io_uring: {}\n",
               why->message().c_str());
    explained_ = true;
}

int print_all(options const& how, std::vector<std::string> const& names) {
    struct ::stat about_output{};
    if (::fstat(STDOUT_FILENO, &about_output) != 0) {
        complain("standard output", error::last(attempt::stat));
        return 1;
    }
    printer all(how, about_output);
    for (std::string const& name : names)
        if (!all.print(name))
            return all.status();
    // Some file systems tell only here that data did not get to the disk.
    if (::close(STDOUT_FILENO) != 0) {
        complain("write error", error::last(attempt::close));
        return 1;
    }
    return all.status();
}

} // namespace

command add_cat(CLI::App& program) {
    CLI::App* const parser =
        program.add_subcommand("cat", "Print files one after another, as cat(1) does.");
    auto const how = std::make_shared<options>();
    parser->add_flag("-u", how->unbuffered, "Nothing: output is never held back");
    parser->add_flag("--verbose", how->verbose, "Say why, when io_uring cannot be used");
    CLI::Option* const files =
        parser->add_option("FILE", "What to print; none, or -: standard input");
    // Not expected(-1): then CLI11 would split a file called "[a,b]" into two.
    constexpr int any_number = CLI::detail::expected_max_vector_size;
    files->expected(any_number, any_number)->take_all()->type_name("");
    auto const run = [how, files] {
        // As they were given: converted to values, a "{}" would be lost.
        std::vector<std::string> names = files->results();
        if (names.empty())
            names.emplace_back("-");
        return print_all(*how, names);
    };
    return {parser, run, 1};
}

} // namespace rondo::tools
