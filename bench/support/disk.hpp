// SPDX-License-Identifier: MIT
#pragma once

// What the kernel does for who reads from a disk. One thread.

#include <filesystem>
#include <string>

namespace bench {

/// While it is there, the disk of a file has another read-ahead.
class read_ahead_setting {
public:
    /// `kib` 0: leaves it as it is. Throws where it cannot be set: that needs root.
    read_ahead_setting(std::filesystem::path const& of, unsigned kib);
    read_ahead_setting(read_ahead_setting&&) = delete;
    ~read_ahead_setting();

private:
    std::filesystem::path file_;
    std::string before_;
};

} // namespace bench
