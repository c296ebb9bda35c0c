// SPDX-License-Identifier: MIT
#pragma once

// The file streams of the standard and ours, for tests that both must pass. One thread.

#include <rondo/interop/fstream.hpp>

#include <support/scratch_files.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>

namespace rondo::test {
struct standard {
    using filebuf = std::filebuf;
    using ifstream = std::ifstream;
    using ofstream = std::ofstream;
    using fstream = std::fstream;
};
struct ours {
    using filebuf = rondo::filebuf;
    using ifstream = rondo::ifstream;
    using ofstream = rondo::ofstream;
    using fstream = rondo::fstream;
};

/// More than several full blocks, and no multiple of any.
inline constexpr std::size_t large = (std::size_t{3} << 20) + 12345;

inline std::string bytes_without_pattern(std::size_t size) {
    std::mt19937_64 random(size); // always the same ones
    std::string out(size, '\0');
    for (char& c : out)
        c = static_cast<char>(random());
    return out;
}

template <class Kind>
class fstream_test : public scratch_files, public ::testing::Test {
protected:
    std::string path(char const* name = "file") { return directory_ / name; }
    std::string file(std::string_view contents) {
        file_with("file", contents);
        return path();
    }
    std::string contents() {
        std::ifstream in(path(), std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(in), {});
    }
};

struct kind_name {
    template <class Kind>
    static std::string GetName(int) {
        return std::is_same_v<Kind, ours> ? "ours" : "standard";
    }
};
using kinds = ::testing::Types<standard, ours>;

} // namespace rondo::test
