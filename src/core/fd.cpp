// SPDX-License-Identifier: MIT
#include <rondo/core/fd.hpp>

#include <unistd.h>

namespace rondo {

void close_descriptor(int fd) noexcept { static_cast<void>(::close(fd)); }

} // namespace rondo
