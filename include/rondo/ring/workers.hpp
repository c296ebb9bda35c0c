// SPDX-License-Identifier: MIT
#pragma once

// The kernel's worker threads, which run what would block: how many there may be, and on which
// CPUs. They belong to the thread that submits, not to one ring. One thread: the ring's.

#include <rondo/core/result.hpp>
#include <rondo/ring/registrar.hpp>

#include <sched.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace rondo {

class ring;

/// Upper bounds per NUMA node; 0: leave it as it is, and as an answer that it was not set yet.
struct worker_limits {
    std::uint32_t bounded = 0;   ///< for work on regular files and block devices, which ends soon
    std::uint32_t unbounded = 0; ///< for everything else, which may take for ever
};

/// Sets the limits; returns the former ones. Linux 5.15
result<worker_limits> limit_workers(ring& owner, worker_limits wanted) noexcept;
/// The limits as they are. Linux 5.15
result<worker_limits> limits_of_workers(ring& owner) noexcept;

/// Keeps the worker threads of the calling thread on some CPUs: those that start from now on, since
/// the ones that run stay where they are. Move-only; afterwards they start where their thread may.
class worker_affinity {
public:
    /// `mask` is that of sched_setaffinity(2). Binds the ring to this thread. EINVAL: there is no
    /// CPU in it, or one that the thread may not use. Linux 5.14
    [[nodiscard]] static result<worker_affinity> create(ring& owner,
                                                        std::span<std::byte const> mask) noexcept;
    [[nodiscard]] static result<worker_affinity> create(ring& owner,
                                                        ::cpu_set_t const& cpus) noexcept;

    worker_affinity(worker_affinity&&) noexcept = default;
    worker_affinity& operator=(worker_affinity&& other) noexcept;
    ~worker_affinity() { end(); }

private:
    explicit worker_affinity(registrar_ref registry) noexcept : registry_(std::move(registry)) {}
    void end() noexcept;

    registrar_ref registry_;
};

} // namespace rondo
