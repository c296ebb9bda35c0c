// SPDX-License-Identifier: MIT
#pragma once

// The beginning of a name in 64 bits, so that error::detail() can say which name was meant: ten
// characters of the alphabet that names of options and networks are made of. Any thread.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rondo {

/// A name as it comes out of pack(): whole, or its first ten characters and "...". What is neither
/// letter, digit nor '_' is '?'.
class short_name {
public:
    static constexpr std::size_t capacity = 10;

    /// Six bits for each character, and above them how many there are; one more: it was cut.
    [[nodiscard]] static constexpr std::uint64_t pack(std::string_view name) noexcept {
        std::uint64_t const kept = name.size() < capacity ? name.size() : capacity;
        std::uint64_t out = (kept + (name.size() > capacity ? 1 : 0)) << 60;
        for (std::uint64_t i = 0; i < kept; ++i) {
            std::size_t const at = alphabet.find(name[static_cast<std::size_t>(i)]);
            out |= std::uint64_t{at < alphabet.size() ? at : alphabet.size() - 1} << (6 * i);
        }
        return out;
    }

    explicit constexpr short_name(std::uint64_t packed) noexcept {
        std::size_t const count = static_cast<std::size_t>(packed >> 60);
        size_ = count < capacity ? count : capacity;
        for (std::size_t i = 0; i < size_; ++i)
            text_[i] = alphabet[(packed >> (6 * i)) % alphabet.size()];
        for (std::size_t i = 0; count > capacity && i < 3; ++i)
            text_[size_++] = '.';
    }
    /// Valid while this object lives.
    constexpr operator std::string_view() const noexcept { return {text_, size_}; }

private:
    static constexpr std::string_view alphabet =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_?";
    static_assert(alphabet.size() == 64);

    char text_[capacity + 3] = {};
    std::size_t size_ = 0;
};

} // namespace rondo
