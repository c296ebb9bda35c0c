// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>

namespace bench {
namespace {

/// A median lies within about half the spread of what another run would find.
std::string_view verdict(mark const& m, line const& l) {
    if (m.what == mark::kind::most_ours)
        return l.ours <= m.limit ? "holds" : "MISSED";
    if (l.ratio >= m.limit)
        return "holds";
    return l.ratio * (1 + l.spread / 2) >= m.limit ? "missed by less than the spread" : "MISSED";
}

std::string text_of(mark const& m, line const& l) {
    std::string const limit = m.what == mark::kind::most_ours
                                  ? fmt::format("at most {:.4g}", m.limit)
                                  : fmt::format("ratio {:.3g}", m.limit);
    return fmt::format("{}: {}", limit, verdict(m, l));
}

/// Four significant digits are more than this machine can tell apart.
double rounded(double value) {
    if (value == 0 || !std::isfinite(value))
        return value;
    double const scale = std::pow(10.0, 3 - std::floor(std::log10(std::fabs(value))));
    return std::round(value * scale) / scale;
}

} // namespace

void report::add(line const& l) {
    if (json_) {
        nlohmann::ordered_json const object{
            {"case", l.name},
            {"ours", rounded(l.ours)},
            {"peer", rounded(l.peer)},
            {"peer_name", l.peer_name},
            {"unit", l.unit},
            {"ratio", rounded(l.ratio)},
            {"spread", rounded(l.spread)},
        };
        fmt::print("{}\n", object.dump());
    } else {
        if (!headed_)
            fmt::print("{:<46} {:>9} {:>9}  {:<14} {:<10} {:>6} {:>7}  {}\n", "case", "ours",
                       "peer", "unit", "peer is", "ratio", "spread", "marks");
        headed_ = true;
        std::string marks;
        for (mark const& m : l.marks)
            marks += (marks.empty() ? "" : "; ") + text_of(m, l);
        fmt::print("{:<46} {:>9.4g} {:>9.4g}  {:<14} {:<10} {:>5.2f}x {:>6.1f}%  {}\n", l.name,
                   l.ours, l.peer, l.unit, l.peer_name, l.ratio, l.spread * 100, marks);
    }
    std::fflush(stdout);
}

} // namespace bench
