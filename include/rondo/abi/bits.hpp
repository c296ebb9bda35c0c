// SPDX-License-Identifier: MIT
#pragma once

// The bitmask operators of rondo/core/bits.hpp, made visible to argument-dependent lookup for the
// enums of this namespace, so that code anywhere may write `setup::iopoll | setup::sqpoll`.
// Pure functions of their arguments: any thread may use them.

#include <rondo/core/bits.hpp>

namespace rondo::abi {

using rondo::any;
using rondo::has;
using rondo::raw;
using rondo::operator|;
using rondo::operator&;
using rondo::operator^;
using rondo::operator~;
using rondo::operator|=;
using rondo::operator&=;
using rondo::operator^=;

} // namespace rondo::abi
