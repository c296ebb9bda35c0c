// SPDX-License-Identifier: MIT
#include <rondo/ring/wait_clock.hpp>

#include "registration.hpp"

#include <ctime>

namespace rondo {

result<> set_wait_clock(ring& owner, wait_clock clock) noexcept {
    abi::clock_register request{};
    request.clockid = clock == wait_clock::boottime ? CLOCK_BOOTTIME : CLOCK_MONOTONIC;
    if (auto done =
            register_explained(owner, abi::register_op::clock, &request, 0, arguments::checked);
        !done)
        return fail(done.error());
    return {};
}

} // namespace rondo
