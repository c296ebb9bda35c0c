// SPDX-License-Identifier: MIT
#include "filebuf_modes.hpp"

#include <fcntl.h>

namespace rondo {

std::optional<int> flags_of(std::ios_base::openmode mode) noexcept {
    using std::ios_base;
    auto const has = [mode](ios_base::openmode bit) { return (mode & bit) != 0; };
    bool const appends = has(ios_base::app);
    bool const writes = has(ios_base::out) || appends;
    if (!writes && !has(ios_base::in))
        return std::nullopt;
    if (has(ios_base::trunc) && (appends || !has(ios_base::out)))
        return std::nullopt;
    int flags = !writes ? O_RDONLY : has(ios_base::in) ? O_RDWR : O_WRONLY;
    bool const replaces = writes && !appends && (has(ios_base::trunc) || !has(ios_base::in));
    if (appends)
        flags |= O_CREAT | O_APPEND;
    if (replaces)
        flags |= O_CREAT | O_TRUNC;
#if defined(__cpp_lib_ios_noreplace)
    if (has(ios_base::noreplace)) {
        if (!replaces)
            return std::nullopt;
        flags |= O_EXCL;
    }
#endif
    return flags;
}

} // namespace rondo
