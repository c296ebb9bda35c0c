// SPDX-License-Identifier: MIT
// What a file pays for including a header of ours: compile time of a file that does nothing else,
// next to one that includes <liburing.h>; and of the header with everything, what it takes beyond
// the headers of the standard library and the system that it is made of.
#include "support/process.hpp"
#include "support/program.hpp"
#include "support/report.hpp"
#include "support/sample.hpp"
#include "support/scratch.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace {

/// Headers that a program would include.
constexpr char const* headers[] = {
    "rondo/core/result.hpp",         "rondo/op/file.hpp", "rondo/op/all.hpp", "rondo/ring/ring.hpp",
    "rondo/interop/file_stream.hpp", "rondo/rondo.hpp",
};
constexpr char const* budgeted = "rondo/ring/ring.hpp";
constexpr double budget_s = 0.40;
constexpr char const* everything = "rondo/rondo.hpp";
constexpr double most_of_our_own_s = 0.35;
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
        return seconds_of("#include <" + header + ">\n");
    }
    double seconds_of(std::string const& text) const {
        std::string const source = directory_ / "one.cpp";
        std::ofstream(source) << text;
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

/// The includes of others' headers in `header` and in all of ours that it includes.
void collect(std::string const& header, std::set<std::string>& seen, std::string& others) {
    std::ifstream in(std::filesystem::path(RONDO_SOURCE_DIR "/include") / header);
    if (!in)
        throw std::runtime_error(header + " cannot be read");
    constexpr std::string_view include = "#include <";
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with(include))
            continue;
        std::string const name = line.substr(include.size(), line.find('>') - include.size());
        if (!seen.insert(name).second)
            continue;
        if (name.starts_with("rondo/"))
            collect(name, seen, others);
        else
            others += line + '\n';
    }
}

void measure_our_own(bench::report& out, compiler const& cxx) {
    std::set<std::string> seen;
    std::string others;
    collect(everything, seen, others);
    bench::comparison const c = bench::alternate(
        pairs, [&] { return cxx.seconds(everything); }, [&] { return cxx.seconds_of(others); });
    double const own = c.ours - c.peer;
    bench::line l{fmt::format("include {} beyond others", everything),
                  own,
                  c.peer,
                  "others' headers",
                  "CPU-s",
                  c.peer / own,
                  c.spread,
                  {}};
    l.marks.push_back(bench::most_ours(most_of_our_own_s));
    out.add(l);
}

void measure(bench::report& out) {
    bench::scratch const directory;
    compiler const cxx(directory);
    for (std::string const header : headers) {
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
    measure_our_own(out, cxx);
}

} // namespace

int main(int argc, char** argv) {
    return bench::run(argc, argv, "compile time of one include", [](bench::options const& options) {
        bench::report out(options.json);
        measure(out);
    });
}
