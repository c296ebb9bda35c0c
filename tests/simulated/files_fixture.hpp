// SPDX-License-Identifier: MIT
#pragma once

// System calls about files in a world of their own. One thread.

#include "world_fixture.hpp"

#include <engine/simulated/tree.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <linux/stat.h>
#include <span>
#include <string>
#include <string_view>
#include <sys/syscall.h>

namespace rondo::engine::simulation {

class files_fixture : public world_fixture {
protected:
    /// openat(2), closed at the end.
    long open(char const* path, int flags, ::mode_t mode = 0644, long from = AT_FDCWD) {
        return keep(call(SYS_openat, from, path, flags, mode));
    }
    bool make(std::string_view path, std::string_view text = "") {
        return w.files().write(path, std::as_bytes(std::span(text))) == 0;
    }
    std::string contents(std::string_view path) {
        auto const bytes = w.files().read(path);
        return bytes ? std::string(reinterpret_cast<char const*>(bytes->data()), bytes->size())
                     : "no file";
    }
    struct ::statx about(char const* path, int flags = AT_SYMLINK_NOFOLLOW, long fd = AT_FDCWD) {
        struct ::statx out{};
        EXPECT_EQ(call(SYS_statx, fd, path, flags, STATX_BASIC_STATS, &out), 0) << path;
        return out;
    }
};

} // namespace rondo::engine::simulation
