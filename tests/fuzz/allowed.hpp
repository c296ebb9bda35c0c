// SPDX-License-Identifier: MIT
#pragma once

// In what the engines may differ, because the kernel leaves it open. Any thread.

#include "side.hpp"

#include <span>
#include <vector>

namespace fuzz {

/// One thing that is left open.
struct allowance {
    char const* reason;
    /// Whether the kernel's `k` and the emulated engine's `e`, answers to the same request, differ
    /// in this alone.
    bool (*covers)(note const& k, note const& e);
};

/// All of them but what `agree` does by itself.
[[nodiscard]] std::span<allowance const> allowances() noexcept;

/// Whether two lists of completions are the same but for what is allowed.
[[nodiscard]] bool agree(std::span<note const> kernel, std::span<note const> emulated);

} // namespace fuzz
