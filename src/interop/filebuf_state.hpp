// SPDX-License-Identifier: MIT
#pragma once

// What a filebuf keeps behind its pointer, so that moving it moves nothing that is in use. One
// thread.

#include "filebuf_file.hpp"
#include "filebuf_read_ahead.hpp"
#include "filebuf_write_behind.hpp"

#include <rondo/core/error.hpp>
#include <rondo/interop/filebuf.hpp>

#include <cstdint>
#include <ios>

namespace rondo {

/// See the top of this file.
struct filebuf::state {
    enum class activity : std::uint8_t {
        none,    ///< neither area is in use
        reading, ///< the get area ends where the next transfer begins
        writing, ///< the put area begins there
    };

    filebuf_file file; // outlives what is in flight on it
    read_ahead reader;
    write_behind writer;
    std::ios_base::openmode mode{};
    activity doing = activity::none;
    bool converts = false; ///< the locale's codecvt would change bytes
    error failure;

    /// While a character that differs from the file's is put back, the get area is this one alone,
    /// and the real one goes on at `resumed`.
    bool has_putback = false;
    char putback = 0;
    char* begin = nullptr;
    char* resumed = nullptr;
    char* end = nullptr;
    char single = 0; ///< the get area of an unbuffered file
};

} // namespace rondo
