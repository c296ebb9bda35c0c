// SPDX-License-Identifier: MIT
#pragma once

// A large file to read in measurements. One thread.

#include <rondo/core/fd.hpp>

#include <cstddef>
#include <string>

namespace bench {

/// Bytes without a pattern under $TMPDIR, or /tmp. The file has no name there, so that however this
/// process ends nothing is left behind; others open it by way of this process's descriptor.
class data_file {
public:
    explicit data_file(std::size_t mebibytes);

    [[nodiscard]] int fd() const { return fd_.get(); }
    /// A path that this process's children can open while this object lives.
    [[nodiscard]] std::string path() const;

private:
    rondo::unique_fd fd_;
};

/// Reads the whole file, so that it is in the page cache: it is evicted when nobody looks.
void warm(int fd);

} // namespace bench
