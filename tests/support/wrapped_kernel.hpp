// SPDX-License-Identifier: MIT
#pragma once

// Engines for tests that pass everything on to this machine's kernel, and what stands in between:
// counting, and faults on demand. A ring on one makes no system call past it. One thread.

#include <rondo/abi/enter.hpp>
#include <rondo/core/bits.hpp>
#include <support/engine.hpp>

#include <algorithm>
#include <deque>

namespace rondo::test {

/// Passes everything on.
class wrapped_kernel : public engine::backend {
public:
    long setup(std::uint32_t entries, abi::params& p) noexcept override {
        return this_engine().setup(entries, p);
    }
    long enter(int fd, std::uint32_t to_submit, std::uint32_t min_complete, std::uint32_t flags,
               void const* arg, std::size_t arg_size) noexcept override {
        return this_engine().enter(fd, to_submit, min_complete, flags, arg, arg_size);
    }
    long register_(int fd, std::uint32_t operation, void* arg,
                   std::uint32_t count) noexcept override {
        return this_engine().register_(fd, operation, arg, count);
    }
    result<mapping> map(int fd, std::uint64_t offset, std::size_t bytes) noexcept override {
        return this_engine().map(fd, offset, bytes);
    }
    void close(int fd) noexcept override { this_engine().close(fd); }
};

/// Refuses every set-up.
class refusing_kernel final : public wrapped_kernel {
public:
    explicit refusing_kernel(int code) noexcept : code_(code) {}
    long setup(std::uint32_t, abi::params&) noexcept override { return -code_; }

private:
    int code_;
};

/// What an enter is to do instead of what was asked.
struct fault {
    int code; ///< fail with this errno; 0: submit at most `taken` and do not wait
    std::uint32_t taken = 0;
};

/// Counts the calls, and spoils those for which a fault is waiting.
class faulty_kernel final : public wrapped_kernel {
public:
    long enter(int fd, std::uint32_t to_submit, std::uint32_t min_complete, std::uint32_t flags,
               void const* arg, std::size_t arg_size) noexcept override {
        ++enters;
        if (faults.empty())
            return wrapped_kernel::enter(fd, to_submit, min_complete, flags, arg, arg_size);
        fault const next = faults.front();
        faults.pop_front();
        if (next.code != 0)
            return -next.code;
        constexpr std::uint32_t waiting =
            raw(abi::enter::getevents | abi::enter::ext_arg | abi::enter::ext_arg_reg);
        return wrapped_kernel::enter(fd, std::min(next.taken, to_submit), 0, flags & ~waiting,
                                     nullptr, 0);
    }

    std::deque<fault> faults; ///< one per enter, oldest first
    int enters = 0;
};

} // namespace rondo::test
