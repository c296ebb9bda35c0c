// SPDX-License-Identifier: MIT
#include "kernel_side.hpp"

#include "calls.hpp"
#include "descriptors.hpp"
#include "finish.hpp"
#include "installation.hpp"
#include "timeouts.hpp"

#include <rondo/abi/opcode.hpp>

#include <cerrno>
#include <utility>

namespace rondo::engine::emulation {

kernel_side::kernel_side(installation& home, queues&& shared, poller&& watched, abi::setup flags)
    : home_(home), director_(home.meddler()), queues_(std::move(shared)),
      poller_(std::move(watched)), flags_(flags), descriptor_(poller_.descriptor()),
      disabled_(has(flags, abi::setup::r_disabled)) {
    alarmed_.fill(no_time);
    if (!disabled_)
        owner_ = call(SYS_gettid);
}

void kernel_side::connect() noexcept {
    tag_target const tags{std::static_pointer_cast<void>(shared_from_this()),
                          [](void* to, std::uint64_t tag) noexcept {
                              static_cast<kernel_side*>(to)->send({{tag, 0, 0}, {}});
                          }};
    files_.connect(tags, {[](void* who, int fd) noexcept {
                              return static_cast<installation*>(who)->is_ring(fd);
                          },
                          &home_});
    buffers_.connect(tags);
}

result<mapping> kernel_side::map(std::uint64_t offset, std::size_t bytes) noexcept {
    std::lock_guard const held(lock_);
    if ((offset & abi::off_mmap_mask) == abi::off_pbuf_ring)
        return groups_.map(offset, bytes);
    if (offset == region_offset)
        return region_memory_.again(bytes);
    return queues_.map(offset, bytes);
}

void kernel_side::expose() noexcept {
    std::lock_guard const held(lock_);
    exposed_ = true;
    leave();
}

/// A thread that marks itself asleep and then finds the inbox empty is woken by whoever fills it
/// later: both sides write first and then read, in the one order of sequential consistency.
void kernel_side::hand_over(request& r, outcome const& how) noexcept {
    std::shared_ptr<kernel_side> const alive = shared_from_this();
    inbox_.put(r, how);
    tell_of_mail();
    if (closed_)
        discard(inbox_.take());
}

bool kernel_side::send(abi::cqe32 const& c) noexcept {
    if (!inbox_.put(c))
        return false;
    tell_of_mail();
    return true;
}

void kernel_side::tell_of_mail() noexcept {
    queues_.set_flags(abi::sq_ring_flag::taskrun);
    if (asleep_ || exposed_)
        poller_.wake();
    if (has_event_) {
        std::lock_guard const held(event_lock_);
        signal_event(false);
    }
}

/// Nobody waits for these any more. What kept the ring alive for them is let go.
void kernel_side::discard(inbox::contents mail) noexcept {
    while (mail.requests != nullptr) {
        request& r = *mail.requests;
        mail.requests = std::exchange(r.next, nullptr);
        if (r.handed.res >= 0 && r.what->makes_file)
            held_fd const unwanted(r.handed.res);
        r.target.reset();
        r.keeper.reset();
    }
}

void kernel_side::close() noexcept {
    std::shared_ptr<kernel_side> const alive = shared_from_this();
    std::unique_lock held(lock_);
    closed_ = true;
    // The descriptor is not closed under someone who sleeps on it.
    ++others_;
    while (sleeps_) {
        poller_.wake();
        turn_.wait(held);
    }
    --others_;
    if (tended_)
        home_.tender().remove(*this);
    for (request* r = requests_.oldest(); r != nullptr; r = r->newer) {
        bool taken = false;
        if (r->armed)
            poller_.unwatch(*r);
        if (r->where == place::queued) {
            taken = home_.pool().take_back(*r);
            if (!taken)
                home_.pool().interrupt(*r);
        } else if (r->where == place::watched && r->what->take_back != nullptr) {
            taken = r->what->take_back(*r);
        }
        if (taken) {
            r->target.reset();
            r->keeper.reset();
        }
    }
    poller_.close();
    discard(inbox_.take());
    turn_.notify_all();
}

request* kernel_side::find_timeout(std::uint64_t user_data, bool of_link) noexcept {
    for (request* r = requests_.oldest(); r != nullptr; r = r->newer)
        if (r->where == place::timed && r->due != no_time && (r->guarded != nullptr) == of_link &&
            r->sqe().user_data == user_data)
            return r;
    return nullptr;
}

request* kernel_side::find_poll(std::uint64_t user_data) noexcept {
    for (request* r = requests_.oldest(); r != nullptr; r = r->newer)
        if ((r->where == place::polled || r->where == place::timed) &&
            r->sqe().user_data == user_data &&
            r->sqe().opcode == static_cast<std::uint8_t>(abi::opcode::poll_add))
            return r;
    return nullptr;
}

void kernel_side::attempt_again(request& r) noexcept {
    if (r.where == place::timed)
        detach(r);
    r.where = place::nowhere;
    ready_.push(r);
}

bool kernel_side::has_file(std::int32_t fd, bool fixed) const noexcept {
    return fixed ? files_.at(static_cast<std::uint32_t>(fd)) != nullptr : gives_access(fd);
}

bool kernel_side::is_ring(int fd) const noexcept { return home_.is_ring(fd); }

void finish_later(request& r, outcome how) noexcept { r.owner->hand_over(r, how); }

} // namespace rondo::engine::emulation
