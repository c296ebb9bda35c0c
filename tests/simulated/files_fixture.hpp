// SPDX-License-Identifier: MIT
#pragma once

// System calls about files in a world of their own. One thread.

#include <engine/simulated/tree.hpp>
#include <engine/simulated/world.hpp>

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
#include <type_traits>
#include <vector>

namespace rondo::engine::simulation {

class files_fixture : public ::testing::Test {
protected:
    ~files_fixture() override {
        for (long const fd : opened_)
            w.close(static_cast<int>(fd));
    }

    template <class... Arguments>
    long call(long number, Arguments... arguments) {
        long const all[6] = {to_word(arguments)...};
        return w.call(number, all);
    }

    /// openat(2), closed at the end.
    long open(char const* path, int flags, ::mode_t mode = 0644, long from = AT_FDCWD) {
        long const fd = call(SYS_openat, from, path, flags, mode);
        if (fd >= 0)
            opened_.push_back(fd);
        return fd;
    }
    long write(long fd, std::string_view text, long at = -1) {
        ::iovec const all = parts_of(text);
        return call(SYS_pwritev2, fd, &all, 1, at, 0, 0);
    }
    std::string read(long fd, std::size_t bytes, long at = -1) {
        std::string out(bytes, '?');
        ::iovec const all{out.data(), out.size()};
        long const done = call(SYS_preadv2, fd, &all, 1, at, 0, 0);
        return done < 0 ? "error " + std::to_string(-done)
                        : out.substr(0, static_cast<std::size_t>(done));
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

    static ::iovec parts_of(std::string_view text) {
        return {const_cast<char*>(text.data()), text.size()};
    }

    world w{1, {}};

private:
    template <class Value>
    static long to_word(Value value) {
        if constexpr (std::is_pointer_v<Value>)
            return reinterpret_cast<long>(value);
        else if constexpr (std::is_null_pointer_v<Value>)
            return 0;
        else
            return static_cast<long>(value);
    }

    std::vector<long> opened_;
};

} // namespace rondo::engine::simulation
