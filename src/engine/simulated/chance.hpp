// SPDX-License-Identifier: MIT
#pragma once

// A seeded sequence of numbers, the same on every machine. One thread.

#include <cstdint>
#include <random>

namespace rondo::engine::simulation {

/// See the top of this file.
class chance {
public:
    explicit chance(std::uint64_t seed) : numbers_(seed) {}

    /// The next 64 bits.
    std::uint64_t next() noexcept { return numbers_(); }
    /// A number from 0 to n - 1; 0 for n < 2.
    std::uint64_t below(std::uint64_t n) noexcept { return n < 2 ? 0 : next() % n; }
    /// True with that probability; nothing is drawn where it is certain.
    bool happens(double rate) noexcept {
        if (rate <= 0 || rate >= 1)
            return rate >= 1;
        return static_cast<double>(next() >> 11) < rate * 0x1p53;
    }

private:
    std::mt19937_64 numbers_; // whose numbers the standard fixes, unlike its distributions
};

} // namespace rondo::engine::simulation
