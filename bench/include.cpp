// SPDX-License-Identifier: MIT
// What a file pays for including a header of ours: compile time of a file that does nothing else,
// next to one that includes <liburing.h>.
#include "support/process.hpp"
#include "support/program.hpp"
#include "support/report.hpp"
#include "support/sample.hpp"
#include "support/scratch.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

/// Headers that a program would include; those of layers above are left out until they exist.
constexpr char const* headers[] = {
    "rondo/core/result.hpp",         "rondo/op/file.hpp", "rondo/op/all.hpp", "rondo/ring/ring.hpp",
    "rondo/interop/file_stream.hpp", "rondo/rondo.hpp",
};
constexpr char const* budgeted = "rondo/ring/ring.hpp";
constexpr double budget_s = 0.40;
constexpr int pairs = 9;

class compiler {
public:
    explicit compiler(bench::scratch const& directory) : directory_(directory.path()) {
        char const* const chosen = std::getenv("CXX");
        if (chosen != nullptr && *chosen != '\0')
            program_ = chosen;
    }

    /// CPU seconds of one run on a file that includes `header` and has nothing else in it: what a
    /// clock shows on an idle machine.
    double seconds(std::string const& header) const {
        std::string const source = directory_ / "one.cpp";
        std::ofstream(source) << "#include <" << header << ">\n";
        double const begin = bench::children_cpu_seconds();
        static_cast<void>(bench::error_output_of({program_, "-std=c++23", "-O2", "-I",
                                                  RONDO_SOURCE_DIR "/include", "-c", source, "-o",
                                                  directory_ / "one.o"}));
        return bench::children_cpu_seconds() - begin;
    }

private:
    std::filesystem::path directory_;
    std::string program_ = "g++";
};

void measure(bench::report& out) {
    bench::scratch const directory;
    compiler const cxx(directory);
    std::filesystem::path const root = RONDO_SOURCE_DIR "/include";
    for (std::string const header : headers) {
        if (!exists(root / header))
            continue;
        bench::comparison const c = bench::alternate(
            pairs, [&] { return cxx.seconds(header); }, [&] { return cxx.seconds("liburing.h"); });
        bench::line l{fmt::format("include {} time", header),
                      c.ours,
                      c.peer,
                      "liburing.h",
                      "CPU-s",
                      1 / c.ratio,
                      c.spread,
                      {}};
        if (header == budgeted)
            l.marks.push_back(bench::most_ours(budget_s));
        out.add(l);
    }
}

} // namespace

int main(int argc, char** argv) {
    return bench::run(argc, argv, "compile time of one include", [](bench::options const& options) {
        bench::report out(options.json);
        measure(out);
    });
}
