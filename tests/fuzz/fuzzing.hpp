// SPDX-License-Identifier: MIT
#pragma once

// Many programs one after the other, and what became of them. One thread.

#include "lockstep.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace fuzz {

struct options {
    std::uint64_t first_seed = 1;
    std::uint64_t programs = 0;    ///< 0: as many as the seconds allow
    std::uint32_t operations = 60; ///< of a program
    double seconds = 0;            ///< 0: no limit
    std::uint64_t distortion = 0;  ///< 0: none; else which answer of the emulated engine is wrong
    bool shrinks = false;
    bool goes_on = false;  ///< after a difference
    std::string directory; ///< for files; empty: wherever temporary ones go
};

struct tally {
    std::uint64_t first_seed = 0, last_seed = 0, programs = 0, operations = 0;
    std::uint64_t differences = 0;
    std::vector<std::uint64_t> unsteady; ///< seeds that differed, but seldom
    double seconds = 0;

    /// Nothing differed but what a busy machine may be blamed for: two, and one of 2,000.
    [[nodiscard]] bool agree() const noexcept {
        return differences == 0 && unsteady.size() <= 2 + programs / 2000;
    }
};

/// Everything that lasts for as long as the fuzzer runs; throws std::runtime_error with the reason
/// when there is no io_uring here.
class fuzzer {
public:
    explicit fuzzer(options what);
    fuzzer(fuzzer const&) = delete;
    fuzzer& operator=(fuzzer const&) = delete;
    ~fuzzer();

    /// All programs, up to the first difference.
    tally run();
    /// One program, told in words whether it differs or not. True: the engines agree.
    bool replay(std::uint64_t seed);
    /// Whether distortions of all kinds are found.
    bool test_itself();

private:
    /// How many times of some that it is run the program differs.
    [[nodiscard]] int differs_again(program const& p);
    void report(program const& p, std::string const& first);

    options what_;
    std::string directory_;
    arena arena_;
};

/// The seed that runs, for who must tell of it at once.
[[nodiscard]] std::uint64_t running_seed() noexcept;

} // namespace fuzz
