// SPDX-License-Identifier: MIT
#pragma once

// The same numbers through a channel of ours, through one of Asio's, and through a queue under a
// mutex.

#include <cstddef>
#include <cstdint>

namespace bench::coro {

/// One loop: a coroutine sends 0 to `count` - 1, another receives them.
void pass_through_channel(std::size_t capacity, std::uint64_t count);
void pass_through_asio(std::size_t capacity, std::uint64_t count);

/// The same between two threads, each with a loop of its own.
void pass_between_loops(std::size_t capacity, std::uint64_t count);
void pass_between_contexts(std::size_t capacity, std::uint64_t count);

/// The same between two threads without loops: a ring of that many under a std::mutex, with a
/// condition variable for either side.
void pass_between_threads(std::size_t capacity, std::uint64_t count);

/// Bytes that operator new was asked for, for each of `count` coroutines that wait for a value.
[[nodiscard]] double bytes_per_receiver(std::size_t count);

} // namespace bench::coro
