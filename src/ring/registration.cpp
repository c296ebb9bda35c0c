// SPDX-License-Identifier: MIT
#include "registration.hpp"

#include <cerrno>

namespace rondo {
namespace {

cause cause_of(int code, support known, arguments given) noexcept {
    switch (code) {
    case EINVAL:
        return known == support::no || given == arguments::checked ? cause::missing_feature
                                                                   : cause::none;
    case EACCES: return cause::restricted;
    case EOPNOTSUPP: return cause::missing_feature;
    case EBUSY:
    case EEXIST: return cause::in_use;
    case ENXIO: return cause::not_registered;
    default: return cause::none;
    }
}

} // namespace

error explain_registration(error const& failure, support known, arguments given) noexcept {
    if (failure.why() != cause::none)
        return failure;
    return error(failure.code(), failure.attempted(), cause_of(failure.code(), known, given),
                 failure.detail());
}

result<std::uint32_t> register_explained(registrar_ref const& registry, support known,
                                         abi::register_op operation, void* arg, std::uint32_t count,
                                         arguments given) noexcept {
    auto const done = registry->call(operation, arg, count);
    if (!done)
        return fail(explain_registration(done.error(), known, given));
    return done;
}

result<std::uint32_t> register_explained(ring& owner, abi::register_op operation, void* arg,
                                         std::uint32_t count, arguments given) noexcept {
    return register_explained(owner.registry(), owner.features().supports(operation), operation,
                              arg, count, given);
}

} // namespace rondo
