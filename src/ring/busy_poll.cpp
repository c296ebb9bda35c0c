// SPDX-License-Identifier: MIT
#include <rondo/ring/busy_poll.hpp>

#include "registration.hpp"

namespace rondo {

result<busy_poll> busy_poll::create(ring& owner, busy_poll_options const& options) noexcept {
    abi::napi request{};
    request.busy_poll_to = options.poll_us;
    request.prefer_busy_poll = options.prefer ? 1 : 0;
    if (auto done = register_explained(owner, abi::register_op::napi, &request, 1); !done)
        return fail(done.error());
    return busy_poll(owner.registry(),
                     {.poll_us = request.busy_poll_to, .prefer = request.prefer_busy_poll != 0});
}

busy_poll& busy_poll::operator=(busy_poll&& other) noexcept {
    if (this != &other) {
        end();
        registry_ = std::move(other.registry_);
        former_ = other.former_;
    }
    return *this;
}

void busy_poll::end() noexcept {
    abi::napi former{};
    if (registry_)
        static_cast<void>(registry_->call(abi::register_op::unregister_napi, &former, 1));
}

} // namespace rondo
