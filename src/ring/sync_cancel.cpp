// SPDX-License-Identifier: MIT
#include <rondo/ring/sync_cancel.hpp>

#include "registration.hpp"

#include <rondo/core/futex.hpp>
#include <rondo/ring/call_deadline.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace rondo {
namespace {

constexpr std::int64_t second = 1'000'000'000;

} // namespace

result<std::uint32_t> sync_cancel(ring& owner, op::cancel const& what, deadline until) noexcept {
    abi::sync_cancel_reg request{};
    request.addr = what.what.user_data();
    request.fd = what.what.fd();
    request.opcode = static_cast<std::uint8_t>(what.what.code());
    request.flags =
        raw(what.what.flags() | (what.all ? abi::cancel_flag::all : abi::cancel_flag{}));
    std::int64_t const end = steady_time_of(until);
    bool found = false;
    // A request that meets a worker between its attempt and its wait is lost, and the kernel says
    // so no more than that time is up: it is asked again, after a while that doubles.
    for (std::int64_t turn = second / 100;; turn = std::min(2 * turn, second)) {
        std::int64_t const left = std::max<std::int64_t>(end - steady_now(), 0);
        std::int64_t const wait = std::min(left, turn);
        request.timeout = {wait / second, wait % second};
        auto const answer = register_explained(owner, abi::register_op::sync_cancel, &request, 1,
                                               arguments::checked);
        if (!answer && answer.error() == ETIME && left > wait) {
            found = true;
            continue;
        }
        if (!answer && answer.error() == ENOENT && found)
            return 0u; // over between two requests
        return answer;
    }
}

} // namespace rondo
