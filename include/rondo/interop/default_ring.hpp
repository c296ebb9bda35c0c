// SPDX-License-Identifier: MIT
#pragma once

// The ring of those who do not want to keep one: streams and free functions use it when they are
// given none. Any thread.

#include <rondo/core/result.hpp>
#include <rondo/ring/shared_ring.hpp>

namespace rondo {

/// A shared_ring for the whole process, made when it is first asked for, with all options as they
/// are; it is never destroyed, so that what static objects do at exit still works. A child of fork
/// gets one of its own. Errors as of shared_ring::create; the next call tries again.
[[nodiscard]] result<shared_ring*> default_ring() noexcept;

} // namespace rondo
