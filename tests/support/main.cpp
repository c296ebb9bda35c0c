// SPDX-License-Identifier: MIT
// Runs the tests; with RONDO_TEST_WITHOUT_IO_URING set, where io_uring is forbidden as container
// engines forbid it: the tests and the programs that they start find another engine, or explain.
#include "seccomp.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>

int main(int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    if (std::getenv("RONDO_TEST_WITHOUT_IO_URING") != nullptr &&
        !rondo::test::forbid_io_uring(EPERM))
        return 1;
    return RUN_ALL_TESTS();
}
