// SPDX-License-Identifier: MIT
// `rondo cat` and `cat` on a 1 GiB file in the page cache, to /dev/null and through a pipe whose
// reader throws everything away.
#include "support/check.hpp"
#include "support/data_file.hpp"
#include "support/process.hpp"
#include "support/program.hpp"
#include "support/report.hpp"
#include "support/sample.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#ifndef RONDO_BINARY
#define RONDO_BINARY "rondo" // the one in PATH
#endif

namespace {

constexpr std::size_t mebibytes = 1024;
constexpr std::size_t pipe_block = std::size_t{1} << 20;
constexpr int pairs = 9;

using command = std::vector<std::string>;

/// What a pipe's reader does with a block; called with its place in the stream.
using consumer = void (*)(bench::data_file const&, std::vector<char> const&, std::size_t size,
                          ::off_t at);

void drop(bench::data_file const&, std::vector<char> const&, std::size_t, ::off_t) {}

void compare(bench::data_file const& file, std::vector<char> const& block, std::size_t size,
             ::off_t at) {
    std::vector<char> expected(size);
    if (bench::checked(::pread(file.fd(), expected.data(), size, at), "pread") !=
            static_cast<::ssize_t>(size) ||
        std::memcmp(block.data(), expected.data(), size) != 0)
        throw std::runtime_error("the output is not what is in the file");
}

/// Runs the program with its output in a pipe that this thread reads in large blocks.
void through_pipe(command const& program, bench::data_file const& file, consumer use) {
    int ends[2];
    bench::checked(::pipe2(ends, O_CLOEXEC), "pipe2");
    rondo::unique_fd const reading(ends[0]);
    rondo::unique_fd writing(ends[1]);
    bench::process child(program, STDIN_FILENO, writing.get(), STDERR_FILENO);
    writing.reset();
    std::vector<char> block(pipe_block);
    ::off_t at = 0;
    while (auto const n =
               bench::checked(::read(reading.get(), block.data(), block.size()), "read")) {
        use(file, block, static_cast<std::size_t>(n), at);
        at += n;
    }
    child.wait();
    if (at != static_cast<::off_t>(mebibytes << 20))
        throw std::runtime_error(program[0] + ": the output is too short");
}

void to_null(command const& program) {
    auto const null = bench::owned(::open("/dev/null", O_WRONLY | O_CLOEXEC), "/dev/null");
    bench::process child(program, STDIN_FILENO, null.get(), STDERR_FILENO);
    child.wait();
}

/// GiB a second of one run.
template <class Run>
double rate(bench::data_file const& file, Run run) {
    bench::warm(file.fd());
    double const begin = bench::wall_seconds();
    run();
    return static_cast<double>(mebibytes) / 1024 / (bench::wall_seconds() - begin);
}

template <class Run>
void measure(bench::report& out, std::string name, bench::data_file const& file, Run run) {
    command const ours{RONDO_BINARY, "cat", file.path()};
    command const peer{"cat", file.path()};
    bench::comparison const c = bench::alternate(
        pairs, [&] { return rate(file, [&] { run(ours); }); },
        [&] { return rate(file, [&] { run(peer); }); });
    out.add({std::move(name),
             c.ours,
             c.peer,
             "cat",
             "GiB/s",
             c.ratio,
             c.spread,
             {bench::least_ratio(1.0)}});
}

void measure_all(bench::report& out) {
    bench::data_file const file(mebibytes);
    through_pipe({RONDO_BINARY, "cat", file.path()}, file, compare);
    measure(out, "cat 1 GiB pipe throughput", file,
            [&](command const& program) { through_pipe(program, file, drop); });
    measure(out, "cat 1 GiB /dev/null throughput", file, to_null);
}

} // namespace

int main(int argc, char** argv) {
    return bench::run(argc, argv, "rondo cat and cat", [](bench::options const& options) {
        bench::report out(options.json);
        measure_all(out);
    });
}
