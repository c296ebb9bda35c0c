// SPDX-License-Identifier: MIT
#pragma once

// personality: the credentials that a thread has now, kept with a ring so that single operations
// can run with them later: `ring.push(op::as(p.id(), op::openat{...}), 1)`. One thread: the ring's.

#include <rondo/core/result.hpp>
#include <rondo/ring/registrar.hpp>

#include <cstdint>
#include <utility>

namespace rondo {

class ring;

/// See the top of this file. Move-only; ends the registration. Operations that run keep theirs.
class personality {
public:
    /// Keeps the calling thread's credentials. Linux 5.6
    [[nodiscard]] static result<personality> create(ring& owner) noexcept;

    personality(personality&& other) noexcept
        : registry_(std::move(other.registry_)), id_(std::exchange(other.id_, std::uint16_t{0})) {}
    personality& operator=(personality&& other) noexcept;
    ~personality() { end(); }

    /// For op::as(). Never 0.
    [[nodiscard]] std::uint16_t id() const noexcept { return id_; }

private:
    personality(registrar_ref registry, std::uint16_t id) noexcept
        : registry_(std::move(registry)), id_(id) {}
    void end() noexcept;

    registrar_ref registry_;
    std::uint16_t id_;
};

} // namespace rondo
