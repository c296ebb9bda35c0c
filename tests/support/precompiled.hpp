// SPDX-License-Identifier: MIT
#pragma once

// What nearly every test includes, read by the compiler once per build instead of once per file.
// Tests include what they use all the same.

#include <rondo/op/all.hpp>
#include <rondo/ring/ring.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>
