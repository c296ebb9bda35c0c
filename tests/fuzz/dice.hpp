// SPDX-License-Identifier: MIT
#pragma once

// Random choices that a seed alone determines, the same with every standard library. One thread.

#include <cstddef>
#include <cstdint>
#include <span>

namespace fuzz {

/// splitmix64: small, and any 64 bits will do as a seed.
class dice {
public:
    explicit constexpr dice(std::uint64_t seed) noexcept : state_(seed) {}

    constexpr std::uint64_t next() noexcept {
        state_ += 0x9e3779b97f4a7c15u;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    /// A number in [0, n); n is not 0.
    constexpr std::uint32_t below(std::uint32_t n) noexcept {
        return static_cast<std::uint32_t>((next() >> 32) * n >> 32);
    }
    constexpr bool chance(std::uint32_t one_in) noexcept { return below(one_in) == 0; }
    template <class T, std::size_t N>
    constexpr T of(T const (&all)[N]) noexcept {
        return all[below(static_cast<std::uint32_t>(N))];
    }
    template <class T>
    constexpr T of(std::span<T const> all) noexcept {
        return all[below(static_cast<std::uint32_t>(all.size()))];
    }

private:
    std::uint64_t state_;
};

} // namespace fuzz
