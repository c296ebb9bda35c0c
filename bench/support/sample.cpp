// SPDX-License-Identifier: MIT
#include "sample.hpp"

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <stdexcept>
#include <sys/resource.h>

namespace bench {
namespace {

double seconds_of(::clockid_t clock) {
    ::timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

} // namespace

double median(std::vector<double> values) {
    if (values.empty())
        throw std::invalid_argument("the median of nothing");
    std::ranges::sort(values);
    std::size_t const middle = values.size() / 2;
    return values.size() % 2 != 0 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double spread(std::vector<double> const& values) {
    auto const [least, most] = std::ranges::minmax(values);
    return (most - least) / median(values);
}

double cpu_seconds() { return seconds_of(CLOCK_THREAD_CPUTIME_ID); }

double children_cpu_seconds() {
    ::rusage used{};
    ::getrusage(RUSAGE_CHILDREN, &used);
    return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

double wall_seconds() { return seconds_of(CLOCK_MONOTONIC); }

comparison alternate(int pairs, measurement const& ours, measurement const& peer) {
    std::vector<double> of_ours;
    std::vector<double> of_peer;
    std::vector<double> ratios;
    static_cast<void>(ours());
    static_cast<void>(peer());
    for (int i = 0; i < pairs; ++i) {
        bool const peer_first = i % 2 != 0;
        double const early = peer_first ? peer() : 0;
        of_ours.push_back(ours());
        of_peer.push_back(peer_first ? early : peer());
        ratios.push_back(of_ours.back() / of_peer.back());
    }
    return {median(of_ours), median(of_peer), median(ratios), spread(ratios)};
}

} // namespace bench
