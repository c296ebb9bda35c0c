// SPDX-License-Identifier: MIT
#include "system.hpp"

#include "lent_bytes.hpp"

#include <engine/emulated/kernel_side.hpp>
#include <engine/emulated/watch.hpp>

#include <rondo/abi/flags.hpp>
#include <rondo/abi/names.hpp>
#include <rondo/abi/socket.hpp>

#include <algorithm>
#include <cerrno>
#include <new>

namespace rondo::engine::simulation {
namespace {

using emulation::outcome;
using emulation::request;

abi::opcode code_of(request const& r) noexcept { return static_cast<abi::opcode>(r.sqe().opcode); }

} // namespace

std::string system::name_of(request const& r) noexcept {
    std::string out = "operation " + std::to_string(r.number);
    out += " (";
    out += abi::name_of(code_of(r));
    if (r.what == nullptr || !r.what->has_file)
        return out + ")";
    if (r.has(abi::sqe_flag::fixed_file))
        return out + " on slot " + std::to_string(r.sqe().fd) + ")";
    return out + " on " + name_of(r.fd >= 0 ? r.fd : r.sqe().fd) + ")";
}

std::string system::name_of(int fd) noexcept {
    std::shared_ptr<open_file> const file = world_.find(fd);
    return file ? std::string(file->what->kind()) + " " + std::to_string(file->what->id)
                : "no file";
}

void system::taken(request& r) noexcept {
    r.number = ++operations_;
    note(name_of(r) + " is taken");
    if (r.what == nullptr || r.what->on_ring || r.has(abi::sqe_flag::async))
        return;
    if (world_.luck().happens(how_.worker))
        r.sqe().flags |= raw(abi::sqe_flag::async);
}

bool system::answers(request& r, outcome& how) noexcept {
    if (r.met_director)
        return false;
    r.met_director = true;
    std::int32_t const error = error_for(r);
    if (error == 0) {
        shorten(r);
        return false;
    }
    note(name_of(r) + " is made to fail with " + std::to_string(error));
    how = outcome::answer(error);
    return true;
}

bool system::ends_stream(request const& r) noexcept {
    if (!world_.luck().happens(how_.ended_stream))
        return false;
    note(name_of(r) + " ends early");
    return true;
}

bool system::is_late(request const& r) noexcept {
    if (!world_.luck().happens(how_.late_cancel))
        return false;
    note(name_of(r) + " is tried before it is cancelled");
    return true;
}

bool system::keeps_notification(request const& r, std::int32_t res, abi::cqe32 const& c) noexcept {
    if (!world_.luck().happens(how_.late_notification))
        return false;
    // Until then the program must leave the memory alone, and here is who sees that it does.
    auto const lent = std::make_shared<lent_bytes const>(r, res);
    std::string const name = name_of(r);
    note("the notification of " + name + " is kept back");
    std::weak_ptr<emulation::kernel_side> const to = r.owner->weak_from_this();
    auto const delay = 1 + static_cast<std::int64_t>(world_.luck().below(
                               static_cast<std::uint64_t>(world_.how().work_ns)));
    ++kept_;
    world_.later(delay, [this, to, c, lent, name] {
        --kept_;
        auto const ring = to.lock();
        if (!ring || ring->is_closed())
            return;
        if (char const* const done = lent->complaint())
            world_.stuck(("the memory of " + name + ", a zero-copy send, was " + done +
                          " before its notification")
                             .c_str());
        note("the notification of " + name + " comes");
        static_cast<void>(ring->send(c));
    });
    return true;
}

/// Numbers of real descriptors are no two runs' own: what they stand for is told.
std::string system::result_of(abi::cqe const& c, request const* r) noexcept {
    if (r == nullptr)
        return "a message comes"; // with whatever its sender made of it
    bool const file = r->what != nullptr && c.res >= 0 && r->sqe().file_index == 0 &&
                      (r->what->makes_file || code_of(*r) == abi::opcode::fixed_fd_install);
    std::string out = name_of(*r) + " completes: ";
    out += file ? name_of(c.res) : std::to_string(c.res);
    return c.flags != 0 ? out + ", flags " + std::to_string(c.flags) : out;
}

bool system::overflows(abi::cqe32 const& c, request const* r) noexcept {
    note(result_of(c.head, r));
    if (!world_.luck().happens(how_.overflow))
        return false;
    note("its completion overflows");
    return true;
}

bool system::wakes(request const& r) noexcept {
    if (!world_.luck().happens(how_.wake_up))
        return false;
    note(name_of(r) + " is woken for nothing");
    return true;
}

long system::refuses_enter() noexcept {
    if (!world_.luck().happens(how_.refused_enter))
        return 0;
    note("a submission is refused: EAGAIN");
    return -EAGAIN;
}

// Work.

bool system::start(request& r, finish_function done, void* to) noexcept {
    try {
        std::uint64_t const number = ++works_;
        working_[&r] = {number, {done, to}};
        auto const most = static_cast<std::uint64_t>(world_.how().work_ns);
        world_.later(static_cast<std::int64_t>(world_.luck().below(most)),
                     [this, &r, number] { run(r, number); });
        return true;
    } catch (std::bad_alloc const&) {
        return false;
    }
}

void system::run(request& r, std::uint64_t number) noexcept {
    auto const found = working_.find(&r);
    if (found == working_.end() || found->second.first != number)
        return; // it was taken back
    work const what = found->second.second;
    working_.erase(found);
    // A call that was interrupted may have come to its end before.
    bool const gives_up = what.interrupted && world_.luck().happens(0.5);
    outcome how = outcome::answer(-ECANCELED);
    if (!gives_up && !answers(r, how))
        do
            how = r.what->attempt(r, true);
        while (how.what == outcome::kind::done && how.res == -EINTR);
    note("a worker is through with " + name_of(r));
    what.done(what.to, r, how);
}

bool system::take_back(request& r) noexcept {
    auto const found = working_.find(&r);
    if (found == working_.end())
        return false;
    if (found->second.second.interrupted || world_.luck().happens(how_.busy_worker)) {
        note("a worker has begun " + name_of(r) + " already");
        return false;
    }
    working_.erase(found);
    return true;
}

void system::interrupt(request& r) noexcept {
    auto const found = working_.find(&r);
    if (found != working_.end())
        found->second.second.interrupted = true;
}

void system::finish_work() noexcept {
    while ((!working_.empty() || kept_ != 0) && world_.run_next(-1))
        continue;
}

// Words of memory.

/// A request that sleeps on words. In the list for as long as it sleeps.
struct system::sleeper final : emulation::waiter {
    sleeper(system& where, request& r, std::span<::futex_waitv const> on, std::uint32_t with)
        : home(where), who(r), awaited(on.begin(), on.end()), mask(with) {}
    bool take() noexcept override { return std::erase(home.sleepers_, this) != 0; }
    system& home;
    request& who;
    std::vector<::futex_waitv> const awaited;
    std::uint32_t const mask; // 0: of futex_waitv
};

outcome system::wait_for_words(request& r, std::span<::futex_waitv const> on,
                               std::uint32_t mask) noexcept {
    for (::futex_waitv const& one : on) {
        auto const* const word = reinterpret_cast<std::uint32_t const*>(one.uaddr);
        if (word == nullptr)
            return outcome::answer(-EFAULT);
        if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != static_cast<std::uint32_t>(one.val))
            return outcome::answer(-EAGAIN);
    }
    try {
        auto const made = std::make_shared<sleeper>(*this, r, on, mask);
        sleepers_.push_back(made.get());
        r.watcher = made;
        return {.what = outcome::kind::kept};
    } catch (std::bad_alloc const&) {
        return outcome::answer(-ENOMEM);
    }
}

long system::wake_word(std::uint32_t const* word, std::uint32_t count,
                       std::uint32_t mask) noexcept {
    if (mask == 0)
        return -EINVAL;
    long woken = 0;
    for (auto at = sleepers_.begin(); at != sleepers_.end() && woken < static_cast<long>(count);) {
        sleeper& one = **at;
        auto const hit = std::ranges::find(one.awaited, reinterpret_cast<std::uintptr_t>(word),
                                           &::futex_waitv::uaddr);
        if (hit == one.awaited.end() || (one.mask != 0 && (one.mask & mask) == 0)) {
            ++at;
            continue;
        }
        at = sleepers_.erase(at);
        ++woken;
        long const index = one.mask != 0 ? 0 : hit - one.awaited.begin();
        one.who.owner->hand_over(one.who, outcome::answer(index));
    }
    return woken;
}

} // namespace rondo::engine::simulation
