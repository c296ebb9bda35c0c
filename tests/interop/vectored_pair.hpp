// SPDX-License-Identifier: MIT
#pragma once

// What tests of gathering and scattering start from: what one writes to and what it comes out of,
// for every kind of file; text whose bytes tell their places; texts in pieces. One thread.

#include <rondo/core/fd.hpp>
#include <rondo/op/bytes.hpp>

#include <support/pipe_pair.hpp>
#include <support/ring_test.hpp>
#include <support/sockets.hpp>
#include <support/temporary_directory.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rondo::test {

inline std::string numbered(std::size_t size) {
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
        out[i] = static_cast<char>((i * 7 + i / 251) % 253);
    return out;
}

/// All of `text` in pieces of 0 to `longest` bytes.
inline std::vector<const_bytes> cut(std::string_view text, std::size_t longest, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<const_bytes> out;
    while (!text.empty()) {
        std::size_t const size = std::min<std::size_t>(random() % (longest + 1), text.size());
        out.emplace_back(text.substr(0, size));
        text.remove_prefix(size);
    }
    return out;
}

/// Everything until the end.
inline std::string read_rest(unique_fd const& from) {
    std::string out;
    char part[5000];
    while (::ssize_t const n =
               must(static_cast<int>(::read(from.get(), part, sizeof part)), "read"))
        out.append(part, static_cast<std::size_t>(n));
    return out;
}

enum class kind_of_file { regular, pipe, tcp, unix_socket, non_blocking_pipe, non_blocking_tcp };
inline void PrintTo(kind_of_file k, std::ostream* out) { *out << static_cast<int>(k); }

inline constexpr kind_of_file every_kind[] = {
    kind_of_file::regular,
    kind_of_file::pipe,
    kind_of_file::tcp,
    kind_of_file::unix_socket,
    kind_of_file::non_blocking_pipe,
    kind_of_file::non_blocking_tcp,
};

/// Two descriptors: what is written to one comes out of the other.
struct file_ends {
    unique_fd in;
    unique_fd out;
};

inline file_ends ends_of(kind_of_file kind, temporary_directory const& directory) {
    auto const not_blocking = [](unique_fd const& fd) {
        must(::fcntl(fd.get(), F_SETFL, O_NONBLOCK), "fcntl");
    };
    file_ends made;
    switch (kind) {
    case kind_of_file::regular: {
        std::string const path = directory / "file";
        made.in.reset(must(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600), "open"));
        made.out.reset(must(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "open"));
        break;
    }
    case kind_of_file::pipe:
    case kind_of_file::non_blocking_pipe: {
        pipe_pair pipe;
        made = {std::move(pipe.in), std::move(pipe.out)};
        break;
    }
    case kind_of_file::tcp:
    case kind_of_file::non_blocking_tcp: {
        auto [one, other] = tcp_pair();
        made = {std::move(one), std::move(other)};
        break;
    }
    case kind_of_file::unix_socket: {
        auto [one, other] = unix_pair();
        made = {std::move(one), std::move(other)};
        break;
    }
    }
    if (kind == kind_of_file::non_blocking_pipe || kind == kind_of_file::non_blocking_tcp) {
        not_blocking(made.in);
        not_blocking(made.out);
    }
    return made;
}

} // namespace rondo::test
