// SPDX-License-Identifier: MIT
#pragma once

// What the examples of driven loops do: count the lines of a file, block by block.

#include <rondo/coro/sleep.hpp>
#include <rondo/coro/task.hpp>
#include <rondo/op/open.hpp>
#include <rondo/op/read.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

/// The number of lines in a file, of which it reads at most one block per millisecond.
inline rondo::task<std::size_t> count_lines(char const* path) {
    auto const file = (co_await rondo::op::openat<>{.path = path}).or_throw(path);
    std::array<char, 1024> block{};
    std::size_t lines = 0;
    for (std::uint64_t at = 0;;) {
        std::size_t const n =
            (co_await rondo::op::read{.fd = file, .into = block, .at = at}).or_throw(path);
        if (n == 0)
            co_return lines;
        lines += static_cast<std::size_t>(std::count(block.data(), block.data() + n, '\n'));
        at += n;
        (co_await rondo::sleep_for(std::chrono::milliseconds(1))).or_throw("sleep");
    }
}
