// SPDX-License-Identifier: MIT
#pragma once

// What the typed registrations share: one call that says more about a failure than its errno. One
// thread: the ring's.

#include <rondo/abi/registration.hpp>
#include <rondo/core/result.hpp>
#include <rondo/ring/features.hpp>
#include <rondo/ring/registrar.hpp>
#include <rondo/ring/ring.hpp>

#include <cstdint>

namespace rondo {

/// What is known about an operation when its call fails.
enum class arguments : std::uint8_t {
    as_given, ///< EINVAL may be the caller's fault
    checked,  ///< they were checked before: EINVAL can only mean an operation or flag unknown here
};

/// Adds the cause to a failed registration where its errno tells it.
[[nodiscard]] error explain_registration(error const& failure, support known,
                                         arguments given) noexcept;

/// io_uring_register(2) on the ring of `registry`, its failure explained.
result<std::uint32_t> register_explained(registrar_ref const& registry, support known,
                                         abi::register_op operation, void* arg, std::uint32_t count,
                                         arguments given = arguments::as_given) noexcept;
/// The same on a ring that can say what its kernel supports.
result<std::uint32_t> register_explained(ring& owner, abi::register_op operation, void* arg,
                                         std::uint32_t count,
                                         arguments given = arguments::as_given) noexcept;

/// An address as the kernel's structures hold it.
[[nodiscard]] inline std::uint64_t address_of(void const* p) noexcept {
    return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(p));
}

} // namespace rondo
