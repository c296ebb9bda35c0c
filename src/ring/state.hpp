// SPDX-License-Identifier: MIT
#pragma once

// What a ring keeps beside its hot words: it does not move when the ring does. One thread: the
// ring's.

#include <rondo/abi/enter.hpp>
#include <rondo/core/mapping.hpp>
#include <rondo/ring/features.hpp>
#include <rondo/ring/registrar.hpp>
#include <rondo/ring/ring.hpp>

#include <cstddef>
#include <vector>

namespace rondo {

/// Memory that a queued operation points to, kept until it is submitted, under ASan only.
struct audited_memory {
    char const* operation;
    void const* data;
    std::size_t bytes;
};

/// Completions that run() took out of the queue for others, oldest first.
class held_completions {
public:
    [[nodiscard]] bool empty() const noexcept { return next_ == held_.size(); }
    [[nodiscard]] std::size_t size() const noexcept { return held_.size() - next_; }
    /// Makes room for `n` more; false for want of memory.
    bool make_room(std::size_t n) noexcept;
    /// Aborts when memory runs out beyond the room made: the completion would be lost.
    void push(abi::cqe32 const& c) noexcept;
    abi::cqe32 pop() noexcept;
    void clear() noexcept {
        next_ = held_.size();
        finals_ = 0;
    }
    /// How many of them end an operation.
    [[nodiscard]] std::uint32_t finals() const noexcept { return finals_; }

private:
    std::vector<abi::cqe32> held_;
    std::size_t next_ = 0;
    std::uint32_t finals_ = 0;
};

struct ring_state {
    registrar_ref registry;
    rondo::features features;
    abi::params params{};
    mapping guard_page;
    mapping rings;
    mapping completions; // apart from `rings` only on kernels without feature::single_mmap
    mapping sqes;
    mapping own_memory;          // of a no_mmap ring whose caller gave none
    mapping waits;               // registered wait arguments
    std::span<std::byte> memory; // the memory of a no_mmap ring, whoever owns it
    held_completions held;
    std::uint32_t frozen_tail = 0; // see completion_queue::hold()
    abi::cqe popped{};             // what take_slowly() points to
    std::vector<audited_memory> audited;
    bool has_poller = false;
    bool shared_poller = false;
    bool must_enter_to_reap = false; // IOPOLL: completions appear only inside enter
    bool disabled = false;           // R_DISABLED and not enabled yet
    bool register_descriptor = true;

    [[nodiscard]] ring_guard& guard() const noexcept {
        return *reinterpret_cast<ring_guard*>(guard_page.data());
    }
    [[nodiscard]] abi::reg_wait& wait_slot() const noexcept {
        return *reinterpret_cast<abi::reg_wait*>(waits.data());
    }
    [[nodiscard]] engine::backend& backend() const noexcept { return registry->backend(); }
};

} // namespace rondo
