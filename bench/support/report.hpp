// SPDX-License-Identifier: MIT
#pragma once

// What every benchmark prints: a table for people, or one JSON object per line for programs.
// One thread.

#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// What a line should reach. It informs; a miss does not make a benchmark fail.
struct mark {
    enum class kind { least_ratio, most_ours };
    kind what;
    double limit;
};

/// Ours has at least `limit` times the peer's throughput, or takes at most 1/`limit` of its time.
[[nodiscard]] constexpr mark least_ratio(double limit) { return {mark::kind::least_ratio, limit}; }
/// The figure of ours is at most `limit`, whatever the peer's is.
[[nodiscard]] constexpr mark most_ours(double limit) { return {mark::kind::most_ours, limit}; }

enum class better { more, less };

/// One case measured on both sides.
struct line {
    std::string name; ///< subject, parameters, measure: "nop batch 128 instructions"
    double ours;
    double peer;
    std::string_view peer_name;
    std::string_view unit;
    double ratio;  ///< above 1 is better for us
    double spread; ///< of the ratio: (largest - smallest) / median
    std::vector<mark> marks{};
};

/// peer / ours or ours / peer, so that above 1 is better for us.
[[nodiscard]] constexpr double ratio_of(double ours, double peer, better which) {
    return which == better::more ? ours / peer : peer / ours;
}

/// Prints lines as they come, flushed, since a benchmark takes its time.
class report {
public:
    explicit report(bool json) : json_(json) {}
    void add(line const& l);

private:
    bool json_;
    bool headed_ = false;
};

} // namespace bench
