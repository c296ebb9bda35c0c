// SPDX-License-Identifier: MIT
#pragma once

// Instructions of a co_await, of the same through the raw ring, and of Asio, by compiler. One
// thread.

#include <support/report.hpp>

namespace bench::coro {

void report_instructions(report& out);

} // namespace bench::coro
