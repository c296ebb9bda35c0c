// SPDX-License-Identifier: MIT
#pragma once

// Programs and what came of them, in words for people. One thread.

#include "side.hpp"

#include <string>

namespace fuzz {

[[nodiscard]] std::string words_of_topics(std::uint32_t topics);
[[nodiscard]] std::string name_of(place p);
/// `e`, which was made for `a`.
[[nodiscard]] std::string describe(surroundings const& on, action const& a, abi::sqe const& e);
[[nodiscard]] std::string describe(action const& a);
[[nodiscard]] std::string describe(note const& n);

} // namespace fuzz
