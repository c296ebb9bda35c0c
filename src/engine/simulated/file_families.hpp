// SPDX-License-Identifier: MIT
#pragma once

// The system calls about files that path_calls is made of. One thread.

#include "world.hpp"

#include <sys/syscall.h>

namespace rondo::engine::simulation {

bool open_calls(world& w, long number, words const& a, long& answer) noexcept;
bool attribute_calls(world& w, long number, words const& a, long& answer) noexcept;

} // namespace rondo::engine::simulation
