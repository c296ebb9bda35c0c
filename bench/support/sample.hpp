// SPDX-License-Identifier: MIT
#pragma once

// Measuring two sides against each other on a machine that other people use too: in turn, many
// times, and only the ratios of neighbours are trusted. One thread.

#include <functional>
#include <vector>

namespace bench {

/// The middle value; the mean of the two middle ones of an even number. Not of nothing.
[[nodiscard]] double median(std::vector<double> values);

/// (largest - smallest) / median.
[[nodiscard]] double spread(std::vector<double> const& values);

/// Seconds that this thread has run so far, in user space and in the kernel.
[[nodiscard]] double cpu_seconds();

/// Seconds that finished and awaited child processes have run so far.
[[nodiscard]] double children_cpu_seconds();

/// Seconds of a clock that only runs forward.
[[nodiscard]] double wall_seconds();

/// What alternate() saw.
struct comparison {
    double ours = 0;   ///< median
    double peer = 0;   ///< median
    double ratio = 0;  ///< median of ours / peer, pair by pair
    double spread = 0; ///< of those ratios
};

/// Measures a side once, for about a fraction of a second.
using measurement = std::function<double()>;

/// Measures both sides once without looking, then `pairs` times in turn; who begins alternates too.
[[nodiscard]] comparison alternate(int pairs, measurement const& ours, measurement const& peer);

} // namespace bench
