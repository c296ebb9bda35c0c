// SPDX-License-Identifier: MIT
#pragma once

// directory_ref says where a relative path starts. Operations that take paths copy them when the
// SQE is taken (feature::submit_stable, Linux 5.5), so a path must live until its operation is
// submitted; with an SQ poller, until the poller has taken it. A value type; any thread.

#include <rondo/core/fd.hpp>
#include <rondo/op/operation.hpp>

#include <fcntl.h>

namespace rondo {

/// An open directory, borrowed until the operation's final CQE, or the working directory. The
/// kernel takes no registered slot here.
class directory_ref {
public:
    /// The working directory of the thread that submits.
    constexpr directory_ref() noexcept = default;
    constexpr directory_ref(int fd) noexcept : value_(fd) {}
    constexpr directory_ref(unique_fd const& fd) noexcept : value_(fd.get()) {}
    directory_ref(unique_fd&&) = delete; // would be closed before the operation runs

    [[nodiscard]] constexpr int value() const noexcept { return value_; }

    friend constexpr bool operator==(directory_ref, directory_ref) noexcept = default;

private:
    int value_ = AT_FDCWD;
};

namespace op {

/// Reports a path, or an attribute's name, to an operation's memory(visit).
template <class Visit>
inline void visit_path(Visit& visit, char const* path) {
    if (path != nullptr)
        visit(static_cast<void const*>(path), __builtin_strlen(path) + 1,
              access::reads_until_submitted);
}

} // namespace op
} // namespace rondo
