// SPDX-License-Identifier: MIT
#include "instructions.hpp"

#include "sides.hpp"

#include <support/data_file.hpp>
#include <support/process.hpp>
#include <support/sample.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bench::coro {
namespace {

struct cost {
    double per_operation;
    double spread;
};

/// Of a whole process, in user space.
double collected(char const* program, std::string const& side, std::string const& what,
                 unsigned rounds, std::string const& data) {
    std::string const text =
        error_output_of({"valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program,
                         side, what, std::to_string(rounds), data});
    // "==PID== Collected : 1234567"
    constexpr std::string_view label = "Collected : ";
    auto const at = text.find(label);
    if (at == std::string::npos)
        throw std::runtime_error("callgrind printed no total:\n" + text);
    return std::stod(text.substr(at + label.size()));
}

/// What longer runs have more than shorter ones, so without the start.
cost cost_of(char const* program, std::string const& side, std::string const& what,
             std::string const& data) {
    constexpr unsigned part = 256; // rounds; each part wraps the queues as often as the others
    std::vector<double> costs;
    double before = collected(program, side, what, part, data);
    for (unsigned parts = 2; parts <= 3; ++parts) {
        double const after = collected(program, side, what, parts * part, data);
        costs.push_back((after - before) / part / width);
        before = after;
    }
    return {median(costs), spread(costs)};
}

struct compiler {
    char const* program;
    char const* name;
    double most_for_nop;
    double most_for_read;
};

line line_of(std::string name, cost const& ours, cost const& peer, std::string_view peer_name) {
    return {std::move(name),
            ours.per_operation,
            peer.per_operation,
            peer_name,
            "instr/op",
            ratio_of(ours.per_operation, peer.per_operation, better::less),
            std::max(ours.spread, peer.spread)};
}

void report_one(report& out, compiler const& by, std::string const& what, double most,
                std::string const& data) {
    constexpr double most_beyond_the_ring = 65;
    cost const tasks = cost_of(by.program, "tasks", what, data);
    cost const ring = cost_of(by.program, "ring", what, data);
    cost const asio = cost_of(by.program, "asio", what, data);
    std::string const name = fmt::format("{} x{} {}", what, width, by.name);

    line against_ring = line_of(name + " instructions", tasks, ring, "our ring");
    against_ring.marks.push_back(most_ours(most));
    out.add(against_ring);
    out.add(line_of(name + " instructions", tasks, asio, what == "nop" ? "Asio post" : "Asio"));
    line beyond =
        line_of(name + " beyond the ring", {tasks.per_operation - ring.per_operation, tasks.spread},
                {asio.per_operation - ring.per_operation, asio.spread}, "Asio");
    beyond.marks.push_back(most_ours(most_beyond_the_ring));
    out.add(beyond);
}

} // namespace

void report_instructions(report& out) {
    constexpr compiler compilers[] = {
        {CORO_COST, "g++ -O2", 95, 140},
#if defined(CORO_COST_CLANG)
        {CORO_COST_CLANG, "clang -O3", 80, 110},
#endif
    };
    data_file const file(1);
    warm(file.fd());
    for (compiler const& by : compilers) {
        report_one(out, by, "nop", by.most_for_nop, file.path());
        report_one(out, by, "read", by.most_for_read, file.path());
    }
}

} // namespace bench::coro
