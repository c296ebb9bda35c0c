// SPDX-License-Identifier: MIT
#pragma once

// All of rondo but for the bridges to <system_error> (rondo/core/error_code.hpp). Any thread.

#include <rondo/interop/file_stream.hpp>
#include <rondo/op/all.hpp>
#include <rondo/ring/ring.hpp>
