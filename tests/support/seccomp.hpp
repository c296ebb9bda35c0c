// SPDX-License-Identifier: MIT
#pragma once

// A seccomp filter that forbids io_uring, as the default profiles of container engines do.

namespace rondo::test {

/// From here on io_uring's three system calls answer `code` in this process and its children.
/// False: the system does not let it.
bool forbid_io_uring(int code);

} // namespace rondo::test
