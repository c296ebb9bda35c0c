// SPDX-License-Identifier: MIT
#pragma once

// A block device over an ordinary file, for tests, where losetup(8) can make one. One thread.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace rondo::test {

class loop_device {
public:
    explicit loop_device(std::string const& file) {
        std::FILE* const answer =
            ::popen(("losetup -f --show '" + file + "' 2>/dev/null").c_str(), "r");
        char line[256] = "";
        if (answer != nullptr && std::fgets(line, sizeof line, answer) != nullptr)
            name_ = std::string(line, std::strcspn(line, "\n"));
        if (answer != nullptr)
            ::pclose(answer);
    }
    loop_device(loop_device&&) = delete;
    ~loop_device() {
        if (!name_.empty() && std::system(("losetup -d " + name_).c_str()) != 0)
            std::fprintf(stderr, "losetup -d %s failed\n", name_.c_str());
    }

    /// Its path under /dev; empty when none could be made.
    [[nodiscard]] std::string const& name() const { return name_; }

private:
    std::string name_;
};

} // namespace rondo::test
