// SPDX-License-Identifier: MIT
#include "data_file.hpp"

#include "check.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <stdlib.h>
#include <unistd.h>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

void write_all(int fd, char const* data, std::size_t size) {
    while (size != 0) {
        auto const n = static_cast<std::size_t>(checked(::write(fd, data, size), "write"));
        data += n;
        size -= n;
    }
}

} // namespace

data_file::data_file(std::size_t mebibytes) {
    std::string name = std::filesystem::temp_directory_path() / "rondo-bench-XXXXXX";
    fd_ = owned(::mkostemp(name.data(), O_CLOEXEC), name.c_str());
    checked(::unlink(name.c_str()), name.c_str());
    std::vector<std::uint64_t> block(mebibyte / sizeof(std::uint64_t));
    std::uint64_t state = 1;
    for (std::size_t i = 0; i < mebibytes; ++i) {
        for (std::uint64_t& word : block)
            word = state = state * 6364136223846793005u + 1442695040888963407u;
        write_all(fd(), reinterpret_cast<char const*>(block.data()), mebibyte);
    }
    // What is not on disk yet would be written back during the measurement.
    checked(::fsync(fd()), "fsync");
}

std::string data_file::path() const { return fmt::format("/proc/{}/fd/{}", ::getpid(), fd()); }

void warm(int fd) {
    std::vector<char> block(mebibyte);
    for (::off_t at = 0;;) {
        auto const n = checked(::pread(fd, block.data(), block.size(), at), "pread");
        if (n == 0)
            return;
        at += n;
    }
}

} // namespace bench
