// SPDX-License-Identifier: MIT
#pragma once

// Which engine the tests run on: the kernel, or the emulated one where that is forbidden.

#include <rondo/ring/ring.hpp>

#include <gtest/gtest.h>

namespace rondo::test {

/// Whether rings that ask for nothing special are the emulated engine's.
[[nodiscard]] bool is_emulated();

/// The engine that such rings run on.
[[nodiscard]] engine::backend& this_engine();

/// Ends a test of what only the kernel has.
#define RONDO_NEEDS_KERNEL(what)                                                                   \
    do {                                                                                           \
        if (::rondo::test::is_emulated())                                                          \
            GTEST_SKIP() << "the emulated engine has no " << (what);                               \
    } while (false)

} // namespace rondo::test
