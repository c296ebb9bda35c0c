// SPDX-License-Identifier: MIT
#pragma once

// What a restricted ring may still do: register_op::restrictions. Under the ring's lock.

#include <rondo/abi/sqe.hpp>

#include <bitset>
#include <cstdint>

namespace rondo::engine::emulation {

/// See the top of this file.
class restriction_set {
public:
    /// The argument of the register call: 0, -EINVAL, -EBUSY when there are some already.
    long set(void const* arg, std::uint32_t count) noexcept;
    /// They hold from the moment that the ring is enabled.
    void enforce() noexcept { enforced_ = set_; }

    [[nodiscard]] bool allow(abi::sqe const& entry) const noexcept {
        if (!enforced_)
            return true;
        return operations_[entry.opcode] && (entry.flags & required_) == required_ &&
               (entry.flags & ~(allowed_ | required_)) == 0;
    }
    [[nodiscard]] bool allow_registration(std::uint32_t operation) const noexcept {
        return !enforced_ || (operation < 256 && registrations_[operation]);
    }

private:
    std::bitset<256> operations_;
    std::bitset<256> registrations_;
    std::uint8_t allowed_ = 0;
    std::uint8_t required_ = 0;
    bool set_ = false;
    bool enforced_ = false;
};

} // namespace rondo::engine::emulation
