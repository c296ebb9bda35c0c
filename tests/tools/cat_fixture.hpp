// SPDX-License-Identifier: MIT
#pragma once

// What the tests of `rondo cat` start from: a directory for files, and comparisons with cat(1).
// One thread.

#include "program.hpp"

#include <support/temporary_directory.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace rondo::test {

/// Bytes of every value, different in every place, the same in every run.
inline std::string noise(std::size_t size) {
    std::mt19937_64 random(size);
    std::string out(size + sizeof(std::uint64_t), '\0');
    for (std::size_t i = 0; i < size; i += sizeof(std::uint64_t)) {
        std::uint64_t const eight = random();
        std::memcpy(out.data() + i, &eight, sizeof eight);
    }
    out.resize(size);
    return out;
}

/// Everything until the other end is closed.
inline std::string drain(unique_fd const& from) {
    std::string out;
    char part[65536];
    for (::ssize_t n; (n = ::read(from.get(), part, sizeof part)) > 0;)
        out.append(part, static_cast<std::size_t>(n));
    return out;
}

class cat : public ::testing::Test {
protected:
    /// Programs are run with the default; here a pipe to one that has ended must not end the test.
    cat() { ::signal(SIGPIPE, SIG_IGN); }

    [[nodiscard]] std::string path(char const* name) const { return directory_ / name; }

    void write_file(char const* name, std::string const& contents) const {
        std::ofstream(path(name), std::ios::binary) << contents;
    }
    [[nodiscard]] std::string read_file(char const* name) const {
        std::ifstream file(path(name), std::ios::binary);
        return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    }
    [[nodiscard]] unique_fd open_file(char const* name, int flags) const {
        unique_fd out(::open(path(name).c_str(), flags | O_CLOEXEC, 0644));
        EXPECT_TRUE(out) << name << ": " << std::strerror(errno);
        return out;
    }

    static void expect_same(program_end const& end, program_end const& expected,
                            std::size_t length) {
        EXPECT_EQ(end.status, expected.status);
        EXPECT_EQ(end.err, expected.err);
        // Not EXPECT_EQ: it would print megabytes.
        EXPECT_TRUE(end.out == expected.out) << "of " << length << " bytes: got " << end.out.size()
                                             << ", expected " << expected.out.size();
    }

    /// Runs both and compares output, messages and status. `input` names a file for standard input.
    void expect_like_cat(std::vector<std::string> const& arguments,
                         char const* input = nullptr) const {
        program_end ends[2];
        std::vector<std::string> commands[] = {{"/bin/cat"}, rondo_with({"cat"})};
        for (int i = 0; i < 2; ++i) {
            unique_fd const in = input != nullptr ? open_file(input, O_RDONLY) : unique_fd();
            commands[i].insert(commands[i].end(), arguments.begin(), arguments.end());
            ends[i] = run_program(commands[i], {.input = in.get()});
        }
        std::string& theirs = ends[0].err;
        for (std::size_t at = 0; at < theirs.size(); at = theirs.find('\n', at) + 1)
            theirs.replace(at, std::strlen("/bin/cat"), "rondo cat");
        expect_same(ends[1], ends[0], ends[0].out.size());
    }

    temporary_directory directory_;
};

} // namespace rondo::test
