// SPDX-License-Identifier: MIT
#pragma once

// fd_ref says which file an operation works on: a descriptor of the process or a slot of the ring's
// registered table. It borrows: whoever owns the file keeps it open until the operation's final
// CQE. A value type; any thread.

#include <rondo/abi/flags.hpp>
#include <rondo/abi/sqe.hpp>
#include <rondo/core/fd.hpp>

#include <cstdint>

namespace rondo {

/// A descriptor or a registered slot, borrowed.
class fd_ref {
public:
    constexpr fd_ref(int fd) noexcept : which_(static_cast<std::uint32_t>(fd)) {}
    constexpr fd_ref(unique_fd const& fd) noexcept : fd_ref(fd.get()) {}
    fd_ref(unique_fd&&) = delete; // would be closed before the operation runs

    /// Slot `index` of the table registered with the ring (IOSQE_FIXED_FILE). Linux 5.1
    [[nodiscard]] static constexpr fd_ref slot(std::uint32_t index) noexcept {
        fd_ref out(static_cast<int>(index));
        out.which_ |= slot_bit;
        return out;
    }

    /// The descriptor's number or the slot's index.
    [[nodiscard]] constexpr int value() const noexcept {
        return static_cast<int>(static_cast<std::uint32_t>(which_));
    }
    [[nodiscard]] constexpr bool is_slot() const noexcept { return (which_ & slot_bit) != 0; }

    friend constexpr bool operator==(fd_ref const&, fd_ref const&) noexcept = default;

private:
    static constexpr std::uint64_t slot_bit = std::uint64_t{1} << 32;

    std::uint64_t which_; // one word, so that compilers see through copies of it in memory
};

namespace op {

/// Writes the target into an SQE: the number, and the flag when it is a slot.
[[gnu::always_inline]] inline void set_target(abi::sqe& s, fd_ref f) noexcept {
    s.fd = f.value();
    if (f.is_slot())
        s.flags |= static_cast<std::uint8_t>(abi::sqe_flag::fixed_file);
}

} // namespace op
} // namespace rondo
