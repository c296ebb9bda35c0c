// SPDX-License-Identifier: MIT
#include "descriptor.hpp"

#include <rondo/abi/registration.hpp>
#include <rondo/abi/syscall.hpp>

#include <unistd.h>

namespace rondo {

constinit thread_local known_shard shards_of_thread[known_shards] = {};

namespace {

/// Visits after which a registration has paid for itself soon.
constexpr std::uint32_t enough_visits = 32;

/// The process that this thread's registrations were made in: a child of fork has its parent's
/// words, but none of its registrations.
constinit thread_local ::pid_t registered_in = 0;

void unregister(int index, int fd) noexcept {
    abi::rsrc_update entry{static_cast<std::uint32_t>(index), 0, 0};
    abi::call_register(fd, raw(abi::register_op::unregister_ring_fds), &entry, 1);
}

} // namespace

std::uint64_t next_shard_id() noexcept {
    static constinit std::uint64_t last = 0;
    return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

ring_descriptor visit_shard(std::uint64_t id, int fd) noexcept {
    ring_descriptor const plain{fd, 0};
    known_shard& known = shards_of_thread[id % known_shards];
    if (known.id != id) {
        // Another's place: two shards in turn would only push each other out.
        if (known.index >= 0 && ++known.visits < enough_visits)
            return plain;
        if (known.index >= 0 && registered_in == ::getpid())
            unregister(known.index, fd);
        known = {id, -1, 0};
    }
    if (++known.visits != enough_visits) {
        known.visits = known.visits > enough_visits ? enough_visits : known.visits;
        return plain;
    }
    if (registered_in != ::getpid()) {
        for (known_shard& other : shards_of_thread)
            other.index = -1;
        registered_in = ::getpid();
    }
    abi::rsrc_update entry{~std::uint32_t{0}, 0, static_cast<std::uint64_t>(fd)};
    if (abi::call_register(fd, raw(abi::register_op::ring_fds), &entry, 1) != 1)
        return plain; // the table is full, or the kernel has none
    known.index = static_cast<std::int32_t>(entry.offset);
    known.visits = 0;
    return {known.index, raw(abi::enter::registered_ring)};
}

void forget_shard(std::uint64_t id, int fd) noexcept {
    known_shard& known = shards_of_thread[id % known_shards];
    if (known.id != id)
        return;
    if (known.index >= 0 && registered_in == ::getpid())
        unregister(known.index, fd);
    known = {};
}

} // namespace rondo
