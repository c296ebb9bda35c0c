// SPDX-License-Identifier: MIT
#pragma once

// A ring with nothing around it, on whichever engine: entries are written as they are, completions
// come back as they are. One thread.

#include <rondo/abi/cqe.hpp>
#include <rondo/abi/params.hpp>
#include <rondo/abi/flags.hpp>
#include <rondo/abi/opcode.hpp>
#include <rondo/abi/registration.hpp>
#include <rondo/abi/sqe.hpp>
#include <rondo/core/mapping.hpp>
#include <rondo/engine/engine.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rondo::test {

class raw_ring {
public:
    /// `flags` are abi::setup's; `cq_entries` 0 leaves the size to the engine. An error is told by
    /// `error()`.
    raw_ring(engine::backend& on, std::uint32_t entries, std::uint32_t flags,
             std::uint32_t cq_entries);
    raw_ring(raw_ring const&) = delete;
    raw_ring& operator=(raw_ring const&) = delete;
    ~raw_ring();

    [[nodiscard]] int fd() const noexcept { return fd_; }
    /// 0, or the -errno that kept it from being made.
    [[nodiscard]] long error() const noexcept { return error_; }

    void push(abi::sqe const& entry) noexcept;
    /// Gives up to all that was pushed to the engine, once: what io_uring_enter(2) answers.
    long submit() noexcept;
    [[nodiscard]] std::uint32_t unsent() const noexcept { return unsent_; }
    /// Forgets what was pushed and not taken.
    void withdraw() noexcept;
    /// Lets the engine do what it has to do; waits for a completion for up to `ns`, 0: not at all.
    long look(std::int64_t ns) noexcept;
    /// Appends what there is to `out` and gives the entries back, unless it hoards. True: there is
    /// more, which did not fit and comes with the next look.
    bool reap(std::vector<abi::cqe>& out);
    /// From now on entries are given back only when completions did not fit.
    void hoard() noexcept { hoards_ = true; }
    long register_(abi::register_op what, void* arg, std::uint32_t count) noexcept;

private:
    [[nodiscard]] std::uint32_t* word(std::uint32_t offset) const noexcept;

    engine::backend& on_;
    abi::params p_{};
    int fd_ = -1;
    long error_ = 0;
    mapping rings_, entries_;
    std::uint32_t unsent_ = 0;
    std::uint32_t seen_ = 0; // completions taken out
    bool hoards_ = false;
};

} // namespace rondo::test
