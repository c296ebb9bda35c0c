// SPDX-License-Identifier: MIT
#include <rondo/engine/simulated.hpp>

#include "engine.hpp"
#include "event_count.hpp"
#include "network.hpp"
#include "pipe.hpp"
#include "poll_set.hpp"
#include "tree.hpp"

#include <rondo/core/word.hpp>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>

namespace rondo::testing {
namespace {

using engine::simulation::object;
using visit = engine::simulation::engine::visit;

/// What world::add() has answered.
result<unique_fd> opened(long fd) noexcept {
    if (fd < 0)
        return fail(static_cast<int>(-fd), attempt::allocate);
    return unique_fd(static_cast<int>(fd));
}

/// Two descriptors for two objects, or none.
result<std::pair<unique_fd, unique_fd>> open_both(
    engine::simulation::world& w,
    std::pair<std::shared_ptr<object>, std::shared_ptr<object>> const& ends, int first_flags,
    int second_flags) noexcept {
    auto first = opened(w.add(ends.first, first_flags));
    if (!first)
        return fail(first.error());
    auto second = opened(w.add(ends.second, second_flags));
    if (!second)
        return fail(second.error());
    return std::pair{std::move(*first), std::move(*second)};
}

} // namespace

struct simulation::state {
    explicit state(simulation_options&& options) : seed(options.seed), engine(std::move(options)) {}
    std::uint64_t seed;
    engine::simulation::engine engine;
};

simulation::simulation(std::unique_ptr<state> made) noexcept : state_(std::move(made)) {}
simulation::simulation(simulation&&) noexcept = default;
simulation& simulation::operator=(simulation&&) noexcept = default;
simulation::~simulation() = default;

result<simulation> simulation::create(simulation_options options) noexcept {
    try {
        return simulation(std::make_unique<state>(std::move(options)));
    } catch (std::bad_alloc const&) {
        return fail(ENOMEM, attempt::allocate);
    }
}

engine::backend& simulation::backend() noexcept { return state_->engine; }
std::uint64_t simulation::seed() const noexcept { return state_->seed; }
std::int64_t simulation::now() const noexcept { return state_->engine.below().now(); }
void simulation::pass(std::int64_t ns) noexcept { state_->engine.pass(ns); }

result<> simulation::write_file(std::string_view path, std::span<std::byte const> bytes) noexcept {
    visit const inside(state_->engine);
    long const answer = state_->engine.below().files().write(path, bytes);
    if (answer < 0)
        return fail(static_cast<int>(-answer), attempt::write);
    return {};
}

result<> simulation::write_file(std::string_view path, std::string_view text) noexcept {
    return write_file(path, std::as_bytes(std::span(text)));
}

std::optional<std::vector<std::byte>> simulation::read_file(std::string_view path) const {
    visit const inside(state_->engine);
    return state_->engine.below().files().read(path);
}

std::optional<std::string> simulation::read_text(std::string_view path) const {
    auto const bytes = read_file(path);
    if (!bytes)
        return std::nullopt;
    return std::string(reinterpret_cast<char const*>(bytes->data()), bytes->size());
}

result<std::pair<unique_fd, unique_fd>> simulation::pipe() noexcept {
    visit const inside(state_->engine);
    auto& w = state_->engine.below();
    try {
        return open_both(w, engine::simulation::make_pipe(w), O_RDONLY, O_WRONLY);
    } catch (std::bad_alloc const&) {
        return fail(ENOMEM, attempt::allocate);
    }
}

result<std::pair<unique_fd, unique_fd>> simulation::socket_pair(int type) noexcept {
    visit const inside(state_->engine);
    auto& w = state_->engine.below();
    try {
        return open_both(w, engine::simulation::socket_pair(w, AF_UNIX, type), O_RDWR, O_RDWR);
    } catch (std::bad_alloc const&) {
        return fail(ENOMEM, attempt::allocate);
    }
}

result<unique_fd> simulation::event_counter(unsigned initial) noexcept {
    visit const inside(state_->engine);
    auto& w = state_->engine.below();
    try {
        return opened(w.add(engine::simulation::make_event_count(w, initial, 0), O_RDWR));
    } catch (std::bad_alloc const&) {
        return fail(ENOMEM, attempt::allocate);
    }
}

result<unique_fd> simulation::epoll_set() noexcept {
    visit const inside(state_->engine);
    auto& w = state_->engine.below();
    try {
        return opened(w.add(w.make<engine::simulation::poll_set>(), O_RDWR));
    } catch (std::bad_alloc const&) {
        return fail(ENOMEM, attempt::allocate);
    }
}

void simulation::add_fault(fault what) { state_->engine.system().faults().push_back(what); }

void simulation::change(chances how) noexcept { state_->engine.change(how); }

std::string simulation::trace() const {
    return "seed " + std::to_string(seed()) + "\n" + state_->engine.below().log().text();
}

std::uint64_t simulation::trace_digest() const noexcept {
    return state_->engine.below().log().digest();
}

std::uint64_t simulation::operations() const noexcept {
    return state_->engine.system().operations();
}

void simulation::note(std::string_view line) {
    state_->engine.system().note("note: " + std::string(line));
}

std::string findings::text() const {
    if (passed)
        return std::to_string(runs) + " runs, none failed";
    return "seed " + std::to_string(seed) + " failed (RONDO_SEED=" + std::to_string(seed) +
           " runs it again): " + reason + "\n" + trace;
}

std::optional<std::uint64_t> seed_of_environment() noexcept {
    char const* const text = ::secure_getenv("RONDO_SEED");
    if (text == nullptr)
        return std::nullopt;
    std::uint64_t seed = 0;
    char const* const last = text + std::strlen(text);
    auto const [end, wrong] = std::from_chars(text, last, seed);
    return end == last && wrong == std::errc() ? std::optional(seed) : std::nullopt;
}

} // namespace rondo::testing
