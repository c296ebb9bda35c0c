// SPDX-License-Identifier: MIT
#include <rondo/ring/workers.hpp>

#include "registration.hpp"

#include <algorithm>
#include <cerrno>

namespace rondo {

result<worker_limits> limit_workers(ring& owner, worker_limits wanted) noexcept {
    std::uint32_t pair[2];
    pair[raw(abi::io_wq::bound)] = wanted.bounded;
    pair[raw(abi::io_wq::unbound)] = wanted.unbounded;
    if (auto done = register_explained(owner, abi::register_op::iowq_max_workers, pair, 2); !done)
        return fail(done.error());
    return worker_limits{pair[raw(abi::io_wq::bound)], pair[raw(abi::io_wq::unbound)]};
}

result<worker_limits> limits_of_workers(ring& owner) noexcept { return limit_workers(owner, {}); }

result<worker_affinity> worker_affinity::create(ring& owner, ::cpu_set_t const& cpus) noexcept {
    return create(owner, std::as_bytes(std::span(&cpus, 1)));
}

result<worker_affinity> worker_affinity::create(ring& owner,
                                                std::span<std::byte const> mask) noexcept {
    // The kernel takes an empty set, and leaves its workers nowhere to run.
    if (std::all_of(mask.begin(), mask.end(), [](std::byte b) { return b == std::byte{0}; }))
        return fail(EINVAL, attempt_to_register(raw(abi::register_op::iowq_aff)));
    // The thread has workers only once a ring is bound to it.
    if (result<> bound = owner.bind_to_this_thread(); !bound)
        return fail(bound.error());
    auto const done =
        register_explained(owner, abi::register_op::iowq_aff, const_cast<std::byte*>(mask.data()),
                           static_cast<std::uint32_t>(mask.size()));
    if (!done)
        return fail(done.error());
    return worker_affinity(owner.registry());
}

worker_affinity& worker_affinity::operator=(worker_affinity&& other) noexcept {
    if (this != &other) {
        end();
        registry_ = std::move(other.registry_);
    }
    return *this;
}

void worker_affinity::end() noexcept {
    if (registry_)
        static_cast<void>(registry_->call(abi::register_op::unregister_iowq_aff, nullptr, 0));
}

} // namespace rondo
