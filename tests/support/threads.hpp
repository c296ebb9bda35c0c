// SPDX-License-Identifier: MIT
#pragma once

// The threads of this process by their names, those of the kernel's workers for it among them.

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::test {

/// Their ids, as gettid(2) tells them.
inline std::vector<int> threads_named(std::string_view wanted) {
    std::vector<int> out;
    for (auto const& thread : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream comm(thread.path() / "comm");
        std::string name;
        if (std::getline(comm, name) && name == wanted)
            out.push_back(std::stoi(thread.path().filename()));
    }
    return out;
}

} // namespace rondo::test
