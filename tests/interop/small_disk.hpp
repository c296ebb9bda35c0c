// SPDX-License-Identifier: MIT
#pragma once

// A file system that is soon full, where mount(2) is allowed. One thread.

#include <support/temporary_directory.hpp>

#include <sys/mount.h>

#include <cerrno>
#include <string>

namespace rondo::test {

class small_disk {
public:
    explicit small_disk(char const* size) {
        std::string const options = std::string("size=") + size;
        is_there_ = ::mount("rondo-test", place_.path().c_str(), "tmpfs", 0, options.c_str()) == 0;
    }
    small_disk(small_disk&&) = delete;
    ~small_disk() {
        if (is_there_)
            ::umount2(place_.path().c_str(), MNT_DETACH);
    }

    [[nodiscard]] bool is_there() const { return is_there_; }
    [[nodiscard]] std::string operator/(char const* name) const { return place_ / name; }
    [[nodiscard]] std::string path() const { return place_.path(); }

private:
    temporary_directory place_;
    bool is_there_ = false;
};

#define RONDO_NEEDS_DISK(disk)                                                                     \
    do {                                                                                           \
        if (!(disk).is_there())                                                                    \
            GTEST_SKIP() << "no file system can be mounted here";                                  \
    } while (false)

} // namespace rondo::test
