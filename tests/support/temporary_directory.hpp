// SPDX-License-Identifier: MIT
#pragma once

// A directory for one test's files, removed with all that is in it. One thread.

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace rondo::test {

class temporary_directory {
public:
    temporary_directory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "rondo-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr)
            throw std::system_error(errno, std::system_category(), "mkdtemp");
        path_ = pattern;
    }
    temporary_directory(temporary_directory&&) = delete;
    ~temporary_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    /// The absolute path of something in it, which need not exist.
    [[nodiscard]] std::string operator/(char const* name) const { return (path_ / name).string(); }
    [[nodiscard]] std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

} // namespace rondo::test
