// SPDX-License-Identifier: MIT
#pragma once

// The bridge from rondo::error to <system_error>, apart because that header costs 0.25 s of compile
// time in every file that includes it. Any thread.

#include <rondo/core/error.hpp>

#include <system_error>

namespace rondo {

/// The category of error_domain::resolver: getaddrinfo(3)'s EAI_ codes.
[[nodiscard]] std::error_category const& resolver_category() noexcept;

/// The same failure as a std::error_code; what was attempted and why stay behind.
[[nodiscard]] inline std::error_code to_error_code(error const& e) noexcept {
    if (e.domain() == error_domain::resolver)
        return {e.code(), resolver_category()};
    return {e.code(), std::system_category()};
}

/// `if (r.error() == std::errc::no_such_file_or_directory)`
[[nodiscard]] inline bool operator==(error const& e, std::errc condition) noexcept {
    return to_error_code(e) == condition;
}

} // namespace rondo
