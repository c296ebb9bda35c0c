// SPDX-License-Identifier: MIT
#pragma once

// wait_region: prepared arguments of timed waits, kept where the kernel reads them without copying.
// A ring does this by itself for its own waits; make one to have several kinds of wait ready. One
// thread: the ring's.
//
//     auto ring = rondo::ring::create({.wait_region = false}).or_throw("ring");
//     auto waits = rondo::wait_region::create(ring, {.slots = 2}).or_throw("wait region");
//     waits.set(0, {.until = 10ms});
//     waits.submit_and_wait(ring, 0, 8);

#include <rondo/abi/enter.hpp>
#include <rondo/core/result.hpp>
#include <rondo/ring/setup.hpp>

#include <cstdint>
#include <utility>

namespace rondo {

class ring;
struct wait_region_state;

/// Options of wait_region::create.
struct wait_region_options {
    /// Rounded up to fill whole pages.
    std::uint32_t slots = 64;
    /// Let the kernel allocate the memory.
    bool kernel_memory = false;
};

/// See the top of this file. Move-only.
class wait_region {
public:
    /// On a ring that was created with `.wait_region = false` and setup::r_disabled, before its
    /// first submit. Errors as region::create. Linux 6.13
    [[nodiscard]] static result<wait_region> create(
        ring& owner, wait_region_options const& options = {}) noexcept;

    wait_region(wait_region&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    wait_region& operator=(wait_region&& other) noexcept;
    ~wait_region();

    /// What waits through this slot do from now on; `wait.count` is not part of it. The signal mask
    /// must live as long as waits use it.
    void set(std::uint32_t slot, wait_options const& wait) noexcept;
    /// ring::submit_and_wait() with the arguments of a slot, of the ring that this belongs to.
    result<std::uint32_t> submit_and_wait(ring& owner, std::uint32_t slot,
                                          std::uint32_t count) noexcept;

    /// A slot as the kernel reads it, for waits of the caller's own: their argument is its offset
    /// in bytes, their size sizeof(abi::reg_wait), their flags enter::ext_arg | enter::ext_arg_reg.
    [[nodiscard]] abi::reg_wait& operator[](std::uint32_t slot) noexcept;
    [[nodiscard]] std::uint32_t size() const noexcept;

private:
    explicit constexpr wait_region(wait_region_state* state) noexcept : state_(state) {}

    wait_region_state* state_;
};

} // namespace rondo
