// SPDX-License-Identifier: MIT
#include <rondo/ring/sync_cancel.hpp>

#include "registration.hpp"

#include <ctime>

namespace rondo {
namespace {

constexpr std::int64_t second = 1'000'000'000;

/// The kernel takes a time from now, or minus one for none.
abi::timespec left_until(deadline const& until) noexcept {
    if (until.which() == deadline::kind::never)
        return {-1, -1};
    std::int64_t ns = until.nanoseconds();
    if (until.which() == deadline::kind::absolute) {
        ::timespec now{};
        ::clock_gettime(CLOCK_MONOTONIC, &now);
        ns -= now.tv_sec * second + now.tv_nsec;
        ns = ns < 0 ? 0 : ns;
    }
    return {ns / second, ns % second};
}

} // namespace

result<std::uint32_t> sync_cancel(ring& owner, op::cancel const& what, deadline until) noexcept {
    abi::sync_cancel_reg request{};
    request.addr = what.what.user_data();
    request.fd = what.what.fd();
    request.opcode = static_cast<std::uint8_t>(what.what.code());
    request.flags =
        raw(what.what.flags() | (what.all ? abi::cancel_flag::all : abi::cancel_flag{}));
    request.timeout = left_until(until);
    return register_explained(owner, abi::register_op::sync_cancel, &request, 1,
                              arguments::checked);
}

} // namespace rondo
