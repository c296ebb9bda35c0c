// SPDX-License-Identifier: MIT
#include "restriction_set.hpp"

#include <rondo/abi/opcode.hpp>
#include <rondo/abi/registration.hpp>
#include <rondo/abi/restriction.hpp>

#include <cerrno>
#include <span>

namespace rondo::engine::emulation {

long restriction_set::set(void const* arg, std::uint32_t count) noexcept {
    if (set_)
        return -EBUSY;
    if (arg == nullptr || count > 96)
        return -EINVAL;
    restriction_set fresh;
    for (abi::restriction const& one :
         std::span(static_cast<abi::restriction const*>(arg), count)) {
        switch (static_cast<abi::restriction_op>(one.opcode)) {
        case abi::restriction_op::register_op:
            if (one.register_op >= static_cast<std::uint32_t>(abi::register_op::last))
                return -EINVAL;
            fresh.registrations_.set(one.register_op);
            break;
        case abi::restriction_op::sqe_op:
            if (one.sqe_op >= static_cast<std::uint32_t>(abi::opcode::last))
                return -EINVAL;
            fresh.operations_.set(one.sqe_op);
            break;
        case abi::restriction_op::sqe_flags_allowed: fresh.allowed_ = one.sqe_flags; break;
        case abi::restriction_op::sqe_flags_required: fresh.required_ = one.sqe_flags; break;
        default: return -EINVAL;
        }
    }
    *this = fresh;
    set_ = true;
    return 0;
}

} // namespace rondo::engine::emulation
