// SPDX-License-Identifier: MIT
#pragma once

// The simulated engine: the engine in user space over a world in memory. One thread.

#include "system.hpp"

#include <engine/emulated/installation.hpp>

#include <rondo/engine/engine.hpp>
#include <rondo/engine/simulated.hpp>

#include <memory>

namespace rondo::engine::simulation {

/// See the top of this file.
class engine final : public backend {
public:
    /// Throws std::bad_alloc.
    explicit engine(testing::simulation_options&& options);
    engine(engine const&) = delete;
    engine& operator=(engine const&) = delete;
    ~engine();

    long setup(std::uint32_t entries, abi::params& p) noexcept override;
    long enter(int fd, std::uint32_t to_submit, std::uint32_t min_complete, std::uint32_t flags,
               void const* arg, std::size_t arg_size) noexcept override;
    long register_(int fd, std::uint32_t operation, void* arg,
                   std::uint32_t count) noexcept override;
    result<mapping> map(int fd, std::uint64_t offset, std::size_t bytes) noexcept override;
    void close(int fd) noexcept override;
    void expose(int fd) noexcept override;
    [[nodiscard]] std::int64_t now() const noexcept override { return world_.now(); }

    /// While it is there, the engine's system calls on this thread are the world's. Aborts on
    /// another thread than the engine's.
    class visit;

    [[nodiscard]] world& below() noexcept { return world_; }
    [[nodiscard]] simulation::system& system() noexcept { return *system_; }
    void pass(std::int64_t ns) noexcept;
    void change(testing::chances const& how) noexcept;

private:
    world world_;
    simulation::system* system_; // the installation's
    std::unique_ptr<emulation::installation> home_;
    void const* const thread_;
};

class engine::visit {
public:
    explicit visit(engine& where) noexcept;
    visit(visit const&) = delete;
    visit& operator=(visit const&) = delete;
    ~visit() { emulation::other_system = before_; }

private:
    emulation::system_calls* before_;
};

} // namespace rondo::engine::simulation
