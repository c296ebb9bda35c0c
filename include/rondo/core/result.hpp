// SPDX-License-Identifier: MIT
#pragma once

// result<T>: a value or the rondo::error that took its place. std::expected with a name, a warning
// when it is dropped, and or_throw() for programs that prefer exceptions. Any thread.

#include <rondo/core/error.hpp>

#include <expected>
#include <type_traits>
#include <utility>

namespace rondo {

/// Throws std::system_error with `failure` and "WHAT: context: errno text" as its text.
[[noreturn, gnu::cold]] void throw_error(error const& failure, char const* what);

template <class T = void>
class [[nodiscard("a result may hold an error: check it, or call or_throw()")]] result
    : public std::expected<T, error> {
public:
    using std::expected<T, error>::expected;

    /// The value, or a std::system_error that says `what` was attempted.
    T or_throw(char const* what) && {
        if (!this->has_value()) [[unlikely]]
            throw_error(this->error(), what);
        if constexpr (!std::is_void_v<T>)
            return std::move(**this);
    }
};

/// What a function returns instead of its value: `return fail(ENOENT, attempt::open);`
[[nodiscard]] constexpr std::unexpected<error> fail(int code, attempt what = attempt::none,
                                                    cause why = cause::none,
                                                    std::uint64_t detail = 0) noexcept {
    return std::unexpected<error>(error(code, what, why, detail));
}

/// Passes a failure on: `if (!r) return fail(r.error());`
[[nodiscard]] constexpr std::unexpected<error> fail(error const& e) noexcept {
    return std::unexpected<error>(e);
}

} // namespace rondo
