// SPDX-License-Identifier: MIT
// Readiness: poll once, poll for changes, and changes of such polls.
#include "families.hpp"

#include "descriptors.hpp"
#include "kernel_side.hpp"

#include <rondo/abi/flags.hpp>

#include <bit>
#include <cerrno>
#include <poll.h>
#include <sys/epoll.h>

namespace rondo::engine::emulation {
namespace {

constexpr std::uint32_t always = EPOLLERR | EPOLLHUP | EPOLLRDHUP;
constexpr std::uint32_t settings = EPOLLEXCLUSIVE | EPOLLET | EPOLLONESHOT | EPOLLWAKEUP;

std::uint32_t events_of(abi::sqe const& entry) noexcept {
    std::uint32_t const word = entry.poll32_events;
    return std::endian::native == std::endian::big ? std::rotl(word, 16) : word;
}

void set_events(abi::sqe& entry, std::uint32_t events) noexcept {
    entry.poll32_events = std::endian::native == std::endian::big ? std::rotl(events, 16) : events;
}

bool asks(abi::sqe const& entry, abi::poll_flag f) noexcept { return (entry.len & raw(f)) != 0; }

std::int32_t check_add(abi::sqe const& entry) noexcept {
    if (entry.buf_index != 0 || entry.off != 0 || entry.addr != 0)
        return -EINVAL;
    bool const multi = asks(entry, abi::poll_flag::add_multi);
    if ((entry.len & ~raw(abi::poll_flag::add_multi)) != 0)
        return -EINVAL;
    if (multi && (entry.flags & raw(abi::sqe_flag::cqe_skip_success)) != 0)
        return -EINVAL;
    return 0;
}

/// A ring cannot be in its own poller. A stream of these would wake itself by each of its answers:
/// the kernel ends it with the first, too.
outcome add_own_ring(request& r, std::uint32_t wanted) noexcept {
    std::uint32_t there = EPOLLOUT | EPOLLWRNORM; // there is room where this entry was
    if (r.owner->has_completions())
        there |= EPOLLIN | EPOLLRDNORM;
    if ((there & wanted) != 0)
        return outcome::answer(static_cast<std::int32_t>(there & wanted));
    return r.owner->wait_for_completion(r) ? outcome{.what = outcome::kind::kept}
                                           : outcome::answer(-ENOMEM);
}

outcome add(request& r, bool) noexcept {
    abi::sqe const& entry = r.sqe();
    std::uint32_t const wanted = (events_of(entry) & ~settings) | always;
    if (r.fd == r.owner->descriptor())
        return add_own_ring(r, wanted);
    // epoll's word for once is the kernel's own here, and stronger than the flag.
    bool const once = (events_of(entry) & EPOLLONESHOT) != 0;
    if (asks(entry, abi::poll_flag::add_multi) && !once) {
        // Each change is told once, the present state first: that is what the edge trigger gives.
        std::uint32_t const seen = r.seen_events & wanted;
        r.seen_events = 0;
        if (seen != 0)
            return {.what = outcome::kind::more, .res = static_cast<std::int32_t>(seen)};
        return outcome::until(wanted | EPOLLET);
    }
    // What woke it counts, though somebody else may have taken it since.
    if (std::uint32_t const woken = r.seen_events & wanted; woken != 0)
        return outcome::answer(static_cast<std::int32_t>(woken));
    std::uint32_t const seen = seen_now(r.fd, wanted);
    if ((seen & POLLNVAL) != 0)
        return outcome::answer(-EBADF);
    std::uint32_t const there = seen & wanted;
    return there != 0 ? outcome::answer(static_cast<std::int32_t>(there)) : outcome::until(wanted);
}

constexpr auto update_known = raw(abi::poll_flag::update_events | abi::poll_flag::update_user_data |
                                  abi::poll_flag::add_multi);

std::int32_t check_remove(abi::sqe const& entry) noexcept {
    if (entry.buf_index != 0 || entry.splice_fd_in != 0 || (entry.len & ~update_known) != 0)
        return -EINVAL;
    bool const events = asks(entry, abi::poll_flag::update_events);
    bool const data = asks(entry, abi::poll_flag::update_user_data);
    if (entry.len == raw(abi::poll_flag::add_multi) || (!data && entry.off != 0) ||
        (!events && entry.poll32_events != 0))
        return -EINVAL;
    return 0;
}

outcome remove(request& r, bool) noexcept {
    abi::sqe const& entry = r.sqe();
    kernel_side& ring = *r.owner;
    request* const found = ring.find_poll(entry.addr);
    if (found == nullptr)
        return outcome::answer(-ENOENT);
    bool const events = asks(entry, abi::poll_flag::update_events);
    bool const data = asks(entry, abi::poll_flag::update_user_data);
    if (!events && !data) {
        ring.finish(*found, outcome::answer(-ECANCELED));
        return outcome::answer(0);
    }
    if (data)
        found->sqe().user_data = entry.off;
    constexpr std::uint32_t changed = 0xffff; // whether it answers once or often stays as it was
    if (events)
        set_events(found->sqe(),
                   (events_of(found->sqe()) & ~changed) | (events_of(entry) & changed));
    found->polled_events = 0; // watched anew: what is there is told, even if it was before
    ring.attempt_again(*found);
    return outcome::answer(0);
}

constexpr operation add_operation{
    .check = check_add, .attempt = add, .on_ring = true, .has_file = true};
constexpr operation remove_operation{.check = check_remove, .attempt = remove, .on_ring = true};

} // namespace

operation const* find_poll(abi::opcode code) noexcept {
    switch (code) {
    case abi::opcode::poll_add: return &add_operation;
    case abi::opcode::poll_remove: return &remove_operation;
    default: return nullptr;
    }
}

} // namespace rondo::engine::emulation
