// SPDX-License-Identifier: MIT
#pragma once

// What tests of registered files start from.

#include <rondo/op/read.hpp>
#include <rondo/ring/files.hpp>

#include <support/ring_test.hpp>

#include <array>
#include <cerrno>
#include <string_view>

namespace rondo::test {

class files_test : public ring_test {
protected:
    files table(files_options const& options) {
        return files::create(ring_, options).or_throw("files");
    }
    std::string_view read_slot(fd_ref slot) {
        auto const n = ring_.run(op::read{.fd = slot, .into = memory_, .at = 0});
        if (!n)
            return n.error() == EBADF ? "EBADF" : "other error";
        return {memory_.data(), *n};
    }

    std::array<char, 64> memory_{};
};

} // namespace rondo::test
