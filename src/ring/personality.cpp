// SPDX-License-Identifier: MIT
#include <rondo/ring/personality.hpp>

#include "registration.hpp"

namespace rondo {

result<personality> personality::create(ring& owner) noexcept {
    auto const id =
        register_explained(owner, abi::register_op::personality, nullptr, 0, arguments::checked);
    if (!id)
        return fail(id.error());
    return personality(owner.registry(), static_cast<std::uint16_t>(*id));
}

personality& personality::operator=(personality&& other) noexcept {
    if (this != &other) {
        end();
        registry_ = std::move(other.registry_);
        id_ = std::exchange(other.id_, std::uint16_t{0});
    }
    return *this;
}

void personality::end() noexcept {
    if (registry_)
        static_cast<void>(registry_->call(abi::register_op::unregister_personality, nullptr, id_));
}

} // namespace rondo
