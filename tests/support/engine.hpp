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

/// Whether the rings of matrix_test are a simulation's, of which each test has its own:
/// RONDO_TEST_SIMULATED is set.
[[nodiscard]] bool is_simulated();

/// Ends a test that does system calls of its own on what its rings use.
#define RONDO_NEEDS_SYSTEM(what)                                                                   \
    do {                                                                                           \
        if (::rondo::test::is_simulated())                                                         \
            GTEST_SKIP() << "a simulation has no real " << (what);                                 \
    } while (false)

/// Ends a test of what only the kernel has.
#define RONDO_NEEDS_KERNEL(what)                                                                   \
    do {                                                                                           \
        if (::rondo::test::is_emulated() || ::rondo::test::is_simulated())                         \
            GTEST_SKIP() << "the engines in user space have no " << (what);                        \
    } while (false)

} // namespace rondo::test
