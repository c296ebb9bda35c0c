// SPDX-License-Identifier: MIT
#pragma once

// Entering a shard by a descriptor registered with the calling thread, which saves the kernel a
// look-up per call. Registrations are a thread's own (16 at most) and end with it; a few are kept
// for shards that the thread comes back to. Any thread.

#include <rondo/abi/enter.hpp>
#include <rondo/core/bits.hpp>

#include <cstdint>

namespace rondo {

/// What io_uring_enter(2) is called with.
struct ring_descriptor {
    std::int32_t fd;
    std::uint32_t flags;
};

/// A number that no other shard of the process has had.
[[nodiscard]] std::uint64_t next_shard_id() noexcept;

/// What this thread knows of a shard: its registered index, or how often it came so far.
struct known_shard {
    std::uint64_t id = 0;
    std::int32_t index = -1;
    std::uint32_t visits = 0;
};
inline constexpr std::size_t known_shards = 4;
extern constinit thread_local known_shard shards_of_thread
    [[gnu::tls_model("initial-exec")]][known_shards];

/// Registers the descriptor after some visits; until then, and without room, the plain one.
[[nodiscard, gnu::cold]] ring_descriptor visit_shard(std::uint64_t id, int fd) noexcept;

[[nodiscard]] inline ring_descriptor descriptor_here(std::uint64_t id, int fd) noexcept {
    known_shard const& known = shards_of_thread[id % known_shards];
    if (known.id == id && known.index >= 0) [[likely]]
        return {known.index, raw(abi::enter::registered_ring)};
    return visit_shard(id, fd);
}

/// Before a shard's end: this thread lets go of it. Others do when they need the place.
void forget_shard(std::uint64_t id, int fd) noexcept;

} // namespace rondo
