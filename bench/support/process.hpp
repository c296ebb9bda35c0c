// SPDX-License-Identifier: MIT
#pragma once

// Child processes: started, waited for, and an exception when they fail. One thread.

#include <string>
#include <sys/types.h>
#include <vector>

namespace bench {

/// A running child. The destructor kills and reaps it if nobody waited.
class process {
public:
    /// Starts arguments[0], looked up in PATH, with these as its standard streams.
    process(std::vector<std::string> arguments, int in, int out, int err);
    process(process&&) = delete;
    ~process();

    /// Waits for it to exit. Throws unless it exits with 0.
    void wait();

private:
    std::string name_;
    ::pid_t pid_ = -1;
};

/// Runs a program to its end and returns what it wrote to its standard error.
[[nodiscard]] std::string error_output_of(std::vector<std::string> const& arguments);

} // namespace bench
