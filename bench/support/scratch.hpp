// SPDX-License-Identifier: MIT
#pragma once

// A place for small files. One thread.

#include <filesystem>

namespace bench {

/// A fresh directory under $TMPDIR, or /tmp; removed with all in it at the end.
class scratch {
public:
    scratch();
    scratch(scratch&&) = delete;
    ~scratch();

    [[nodiscard]] std::filesystem::path const& path() const { return path_; }

private:
    std::filesystem::path path_;
};

} // namespace bench
