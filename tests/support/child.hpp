// SPDX-License-Identifier: MIT
#pragma once

// Runs a part of a test in a child process and tells how it ended. For what must abort, for what
// fork(2) does to a ring, and for limits that cannot be taken back. One thread.

#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

namespace rondo::test {

struct child_end {
    int status;         ///< as waitpid(2) tells it
    std::string output; ///< what it wrote to standard error

    /// It ran to its end, and no expectation failed in it.
    [[nodiscard]] bool succeeded() const;
    /// It aborted, and said this.
    [[nodiscard]] bool aborted_with(std::string_view message) const;
};

/// For the message of a failed expectation.
std::ostream& operator<<(std::ostream& out, child_end const& end);

/// Runs `body` in a child of fork(2), which is killed after so many seconds. What it throws, and
/// every expectation that fails in it, makes it end with a failure.
[[nodiscard]] child_end in_child(std::function<void()> const& body, unsigned patience_s = 20);

} // namespace rondo::test
