// SPDX-License-Identifier: MIT
#pragma once

// The bytes of a zero-copy send, which the program must leave alone until the notification: whoever
// remembers them can tell whether it did. One thread.

#include <engine/emulated/request.hpp>

#include <sys/uio.h>

#include <cstdint>
#include <vector>

namespace rondo::engine::simulation {

/// See the top of this file.
class lent_bytes {
public:
    /// Those that `r`, just done, has sent; none if `res` is an errno. Throws std::bad_alloc.
    lent_bytes(emulation::request const& r, std::int32_t res);

    /// What the program did to them; null: nothing.
    [[nodiscard]] char const* complaint() const;

private:
    [[nodiscard]] std::uint64_t digest() const;

    std::vector<::iovec> parts_;
    std::uint64_t digest_ = 0;
};

} // namespace rondo::engine::simulation
