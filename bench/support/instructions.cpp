// SPDX-License-Identifier: MIT
#include "instructions.hpp"

#include "process.hpp"
#include "sample.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace bench {
namespace {

/// User-space instructions of a whole process.
double collected(std::string const& side, unsigned batch, unsigned rounds,
                 std::string const& data) {
    std::string const self = std::filesystem::read_symlink("/proc/self/exe");
    std::string const text = error_output_of(
        {"valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", self, "--count", side,
         "--batch", std::to_string(batch), "--rounds", std::to_string(rounds), "--data", data});
    // "==PID== Collected : 1234567"
    constexpr std::string_view label = "Collected : ";
    auto const at = text.find(label);
    if (at == std::string::npos)
        throw std::runtime_error("callgrind printed no total:\n" + text);
    return std::stod(text.substr(at + label.size()));
}

} // namespace

instruction_count count_instructions(std::string const& side, unsigned batch,
                                     std::string const& data) {
    // A multiple of what a queue needs to wrap, so that each part wraps as often as the others.
    constexpr unsigned rounds = 256;
    std::vector<double> costs;
    double before = collected(side, batch, rounds, data);
    for (unsigned part = 2; part <= 3; ++part) {
        double const after = collected(side, batch, part * rounds, data);
        costs.push_back((after - before) / rounds / batch);
        before = after;
    }
    return {median(costs), spread(costs)};
}

} // namespace bench
