// SPDX-License-Identifier: MIT
#pragma once

// What simulated rings stand on: work that blocks is done later, by nobody's thread, in an order
// left to chance; sleepers on words wait in a list; and the rings' work is meddled with as the
// options of the simulation say. All decisions go into the trace. One thread.

#include "world.hpp"

#include <rondo/engine/simulated.hpp>

#include <engine/emulated/calls.hpp>
#include <engine/emulated/director.hpp>
#include <engine/emulated/workers.hpp>

#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>
#include <vector>

namespace rondo::engine::simulation {

/// See the top of this file.
class system final : public emulation::system_calls,
                     public emulation::worker_pool,
                     public emulation::director {
public:
    system(world& below, testing::simulation_options const& options)
        : world_(below), how_(options.how), faults_(options.faults),
          first_index_(options.first_index) {}

    // system_calls
    long call(long number, words const& a) noexcept override { return world_.call(number, a); }
    emulation::outcome wait_for_words(emulation::request& r, std::span<::futex_waitv const> on,
                                      std::uint32_t mask) noexcept override;
    long wake_word(std::uint32_t const* word, std::uint32_t count,
                   std::uint32_t mask) noexcept override;

    // worker_pool
    bool start(emulation::request& r, finish_function done, void* to) noexcept override;
    bool take_back(emulation::request& r) noexcept override;
    void interrupt(emulation::request& r) noexcept override;

    // director
    [[nodiscard]] std::uint32_t first_index() noexcept override { return first_index_; }
    void taken(emulation::request& r) noexcept override;
    bool answers(emulation::request& r, emulation::outcome& how) noexcept override;
    bool ends_stream(emulation::request const& r) noexcept override;
    bool is_late(emulation::request const& r) noexcept override;
    bool keeps_notification(emulation::request const& r, std::int32_t res,
                            abi::cqe32 const& c) noexcept override;
    bool overflows(abi::cqe32 const& c, emulation::request const* r) noexcept override;
    bool wakes(emulation::request const& r) noexcept override;

    /// A submission of a ring is to be refused, with that -errno; 0: it is not.
    long refuses_enter() noexcept;
    /// Lets time go on until nobody works any more.
    void finish_work() noexcept;
    [[nodiscard]] std::uint64_t operations() const noexcept { return operations_; }
    [[nodiscard]] testing::chances& how() noexcept { return how_; }
    [[nodiscard]] std::vector<testing::fault>& faults() noexcept { return faults_; }
    void note(std::string_view line) { world_.log().add(world_.now() - beginning, line); }

private:
    struct work {
        finish_function done;
        void* to;
        bool interrupted = false;
    };
    struct sleeper;

    static constexpr std::int64_t beginning = world::beginning;

    void run(emulation::request& r, std::uint64_t number) noexcept;
    void shorten(emulation::request& r) noexcept;
    [[nodiscard]] std::int32_t error_for(emulation::request const& r) noexcept;
    [[nodiscard]] std::int32_t planned_error(emulation::request const& r) noexcept;
    [[nodiscard]] std::string name_of(emulation::request const& r) noexcept;
    [[nodiscard]] std::string name_of(int fd) noexcept;
    [[nodiscard]] std::string result_of(abi::cqe const& c, emulation::request const* r) noexcept;

    world& world_;
    testing::chances how_;
    std::vector<testing::fault> faults_;
    std::uint32_t first_index_;
    std::unordered_map<emulation::request*, std::pair<std::uint64_t, work>> working_;
    std::list<sleeper*> sleepers_; // in the order they came; their requests own them
    std::uint64_t kept_ = 0;       // notifications
    std::uint64_t operations_ = 0;
    std::uint64_t works_ = 0;
};

} // namespace rondo::engine::simulation
