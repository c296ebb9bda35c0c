// SPDX-License-Identifier: MIT
#pragma once

// Reading and writing by the plain system calls, on descriptors that others opened: interrupted
// calls are made again, non-blocking files are waited for, short writes are resumed. Any thread.

#include <rondo/core/result.hpp>
#include <rondo/op/bytes.hpp>

#include <cstddef>

namespace rondo::tools {

/// read(2). 0 only at the end of the file.
result<std::size_t> read_some(int fd, mutable_bytes into) noexcept;

/// write(2) until all is written.
result<> write_all(int fd, const_bytes from) noexcept;

} // namespace rondo::tools
