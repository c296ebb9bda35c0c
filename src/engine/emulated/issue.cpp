// SPDX-License-Identifier: MIT
// Issuing requests: their files and buffers are found, the operation is attempted, and what came
// of it is done with it: an end, a wait for its descriptor, a worker.
#include "kernel_side.hpp"

#include "calls.hpp"
#include "descriptors.hpp"
#include "installation.hpp"
#include "message_parts.hpp"
#include "operations.hpp"
#include "socket_facts.hpp"

#include <rondo/abi/flags.hpp>

#include <cerrno>
#include <new>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <utility>

namespace rondo::engine::emulation {
namespace {

constexpr unsigned most_answers_at_once = 32; // of one multishot request, before others have a turn
constexpr std::uint32_t most_buffers = 256;   // of one bundle

bool is(request const& r, abi::opcode code) noexcept {
    return r.sqe().opcode == static_cast<std::uint8_t>(code);
}

bool is_splice(request const& r) noexcept {
    return is(r, abi::opcode::splice) || is(r, abi::opcode::tee);
}

/// How much of a provided buffer may be used; 0: all of it.
std::uint32_t wanted_bytes(request const& r) noexcept {
    abi::sqe const& entry = r.sqe();
    ::iovec const* first = nullptr;
    if (is(r, abi::opcode::readv) && entry.len != 0) {
        first = pointer_to<::iovec const>(entry.addr);
    } else if (is(r, abi::opcode::recvmsg)) {
        if (r.answered) // only the first message is cut
            return 0;
        auto const& header = *pointer_to<::msghdr const>(entry.addr);
        first = header.msg_iovlen != 0 ? header.msg_iov : nullptr;
    } else {
        return entry.len;
    }
    return first != nullptr ? static_cast<std::uint32_t>(first->iov_len) : 0;
}

bool receives(request const& r) noexcept {
    return is(r, abi::opcode::recv) || is(r, abi::opcode::recvmsg);
}

bool takes_many(request const& r) noexcept {
    return is(r, abi::opcode::read_multishot) ||
           (receives(r) && asks(r.sqe(), abi::recvsend_flag::recv_multishot));
}

std::uint32_t events_of(request const& r) noexcept {
    return is(r, abi::opcode::send) ? std::uint32_t{EPOLLOUT} : EPOLLIN | EPOLLRDHUP;
}

/// True if it is to wait before it chooses a buffer, once.
bool waits_first(request const& r) noexcept {
    abi::sqe const& entry = r.sqe();
    return !r.in_progress && moves_messages(entry) && asks(entry, abi::recvsend_flag::poll_first);
}

/// True if it needs no buffer before there is something to put into it: the kernel knows that there
/// is no more, as it does not of datagrams.
bool knows_of_nothing(request const& r) noexcept {
    bool const knows = is(r, abi::opcode::read_multishot) ||
                       (receives(r) && socket_option(r.fd, SO_TYPE) == SOCK_STREAM);
    return r.answered && knows && seen_now(r.fd, POLLIN) == 0;
}

} // namespace

void kernel_side::run_ready() noexcept {
    while (!ready_.empty()) {
        request& r = ready_.pop();
        r.attempted ? attempt(r) : issue(r);
        if (ready_.empty() && issued_ == 0)
            start_deferred();
    }
}

void kernel_side::issue(request& r) noexcept {
    r.where = place::nowhere;
    r.attempted = true;
    bool const guarded = r.rest != nullptr && is(*r.rest, abi::opcode::link_timeout);
    if (guarded)
        attach_guard(r);
    std::int32_t found = r.result != 0 ? r.result : find_files(r);
    if (found == 0)
        found = find_buffer(r);
    if (found != 0) {
        if (guarded)
            r.guard->result = -ECANCELED; // never armed
        return finish(r, outcome::answer(found));
    }
    std::uint32_t const index = r.index, generation = r.generation;
    if (!r.has(abi::sqe_flag::async) || r.what->on_ring)
        attempt(r);
    else if (!takes_many(r))
        give_to_worker(r);
    else // no buffer is kept for what may have to wait
        has_blocks(r.fd) ? finish(r, outcome::answer(-EBADFD)) : wait_for_events(r, events_of(r));
    if (!guarded)
        return;
    request* const waiting = requests_.at(index, generation);
    if (waiting != nullptr && waiting->guard != nullptr)
        arm_guard(*waiting->guard);
}

/// issue() and finish() of what has nothing that they would see to: most entries, most of the time.
void kernel_side::issue_directly(request& r) noexcept {
    r.attempted = true;
    r.fd = r.sqe().fd;
    outcome const how = r.what->attempt(r, false);
    if (how.what != outcome::kind::done)
        return follow(r, how);
    post({{r.sqe().user_data, how.res, how.flags}, {}}, &r);
    release(r);
}

std::int32_t kernel_side::find_files(request& r) noexcept {
    abi::sqe const& entry = r.sqe();
    if (r.what->has_file) {
        r.fd = entry.fd;
        if (r.has(abi::sqe_flag::fixed_file)) {
            shared_fd const* const slot = files_.at(static_cast<std::uint32_t>(entry.fd));
            if (slot == nullptr)
                return -EBADF;
            r.slot = *slot;
            r.fd = r.slot->get();
        }
    }
    if (is_splice(r)) {
        r.second = entry.splice_fd_in;
        if ((entry.splice_flags & raw(abi::splice_flag::fd_in_fixed)) != 0) {
            shared_fd const* const slot = files_.at(static_cast<std::uint32_t>(entry.splice_fd_in));
            if (slot == nullptr)
                return -EBADF;
            r.second_slot = *slot;
            r.second = r.second_slot->get();
        }
    }
    return 0;
}

/// Registered buffers are held as long as the request needs them.
std::int32_t kernel_side::find_buffer(request& r) noexcept {
    abi::sqe const& entry = r.sqe();
    bool const plain = is(r, abi::opcode::read_fixed) || is(r, abi::opcode::write_fixed);
    bool const vector = is(r, abi::opcode::readv_fixed) || is(r, abi::opcode::writev_fixed);
    bool const message = (is(r, abi::opcode::send_zc) || is(r, abi::opcode::sendmsg_zc)) &&
                         asks(entry, abi::recvsend_flag::fixed_buf);
    if (!plain && !vector && !message)
        return 0;
    long ok = 0;
    if (vector && buffers_.hold(entry.buf_index) == nullptr) {
        ok = -EFAULT;
    } else if (vector) {
        auto const* const parts = pointer_to<::iovec const>(entry.addr);
        for (std::uint32_t i = 0; ok == 0 && i < entry.len; ++i)
            ok = parts[i].iov_len == 0 // the kernel refuses what is empty
                     ? -EFAULT
                     : buffers_.check(entry.buf_index,
                                      reinterpret_cast<std::uintptr_t>(parts[i].iov_base),
                                      parts[i].iov_len);
    } else if (is(r, abi::opcode::sendmsg_zc)) {
        auto const& header = *pointer_to<::msghdr const>(entry.addr);
        for (std::size_t i = 0; ok == 0 && i < header.msg_iovlen; ++i)
            ok = buffers_.check(entry.buf_index,
                                reinterpret_cast<std::uintptr_t>(header.msg_iov[i].iov_base),
                                header.msg_iov[i].iov_len);
    } else {
        ok = buffers_.check(entry.buf_index, entry.addr, entry.len);
    }
    if (ok != 0) {
        if (!is_open(r.fd))
            return -EBADF;
        if (is(r, abi::opcode::send_zc)) { // it looks at its socket first
            if (long const type = socket_option(r.fd, SO_TYPE); type < 0)
                return static_cast<std::int32_t>(type);
            if (!sends_without_copy(r.fd))
                return -EOPNOTSUPP;
        }
        return static_cast<std::int32_t>(ok);
    }
    r.buffer = buffers_.hold(entry.buf_index);
    return 0;
}

outcome kernel_side::attempt_with_buffer(request& r) noexcept {
    // What is sent is taken from its group at once, so the socket is looked at before.
    long type = is(r, abi::opcode::send) ? socket_option(r.fd, SO_TYPE) : 0;
    if (type < 0)
        return outcome::answer(type);
    if (waits_first(r)) {
        if (!may_wait(r.sqe()))
            return outcome::answer(-EAGAIN);
        r.in_progress = true;
        return outcome::until(events_of(r));
    }
    if (std::int32_t const chosen = choose_buffer(r); chosen < 0)
        return attempt_without_buffer(r, chosen);
    outcome how = r.what->attempt(r, false);
    switch (how.what) {
    case outcome::kind::done: // finish() settles it
        if (how.res == -ENOTSOCK || (how.res == -EBADF && !is_open(r.fd)))
            groups_.put_back(r);
        break;
    case outcome::kind::more: how.flags |= groups_.commit(r, how.res); break;
    case outcome::kind::work: groups_.keep(r); break;
    default: // a read that is to wait has its buffer of a list from now on
        if (r.chosen_list_bytes != 0 && (is(r, abi::opcode::read) || is(r, abi::opcode::readv)))
            groups_.keep(r);
        else
            groups_.put_back(r);
        break;
    }
    return how;
}

/// What comes of a request whose group has none for it, as `why` says.
outcome kernel_side::attempt_without_buffer(request& r, std::int32_t why) noexcept {
    if (!is_open(r.fd))
        return outcome::answer(-EBADF);
    if (long const type = moves_messages(r.sqe()) ? socket_option(r.fd, SO_TYPE) : 0; type < 0)
        return outcome::answer(type);
    if (is(r, abi::opcode::read_multishot) && has_blocks(r.fd))
        return outcome::answer(-EBADFD);
    if (knows_of_nothing(r))
        return outcome::until(events_of(r));
    bool const names_no_group = is(r, abi::opcode::send) && !groups_.has(r.sqe().buf_group);
    return outcome::answer(names_no_group ? -ENOENT : why);
}

std::int32_t kernel_side::choose_buffer(request& r) noexcept {
    abi::sqe const& entry = r.sqe();
    bool const bundle = moves_messages(entry) && asks(entry, abi::recvsend_flag::bundle);
    return groups_.choose(r, entry.buf_group, wanted_bytes(r), bundle ? most_buffers : 1);
}

outcome kernel_side::attempt_once(request& r) noexcept {
    outcome how;
    if (director_ != nullptr && director_->answers(r, how))
        return how;
    how = r.has(abi::sqe_flag::buffer_select) ? attempt_with_buffer(r) : r.what->attempt(r, false);
    if (director_ != nullptr && how.what == outcome::kind::more && director_->ends_stream(r))
        how.what = outcome::kind::done;
    return how;
}

void kernel_side::attempt(request& r) noexcept {
    r.where = place::nowhere;
    follow(r, attempt_once(r));
}

/// Does what `how` says of an attempt, and makes the next ones of a stream of answers.
void kernel_side::follow(request& r, outcome how) noexcept {
    for (unsigned answers = 1;; ++answers) {
        switch (how.what) {
        case outcome::kind::done: return finish(r, how);
        case outcome::kind::more:
            install(r, how);
            if (how.res < 0)
                return finish(r, outcome::answer(how.res, how.flags));
            post_more(r, how.res, how.flags);
            if (how.events != 0)
                return wait_for_events(r, how.events);
            break;
        case outcome::kind::poll: return wait_for_events(r, how.events);
        case outcome::kind::work: return give_to_worker(r);
        case outcome::kind::kept:
            if (r.armed)
                poller_.unwatch(r);
            if (r.where == place::nowhere) {
                r.where = place::watched;
                r.keeper = shared_from_this();
            }
            if (!keep(r))
                static_cast<void>(cancel_one(r));
            return;
        }
        if (answers == most_answers_at_once) {
            ready_.push(r);
            return;
        }
        how = attempt_once(r);
    }
}

/// Has duplicates of the caller's descriptors, so that nobody closes them while they are waited
/// for, as the kernel holds the files. Without room for more the caller's own must do.
bool kernel_side::hold(request& r) noexcept {
    if (r.what->has_file && !r.own) {
        // Of a slot's file, too: one descriptor can be watched for one request only.
        long const fd = duplicate(r.fd);
        if (fd == -EBADF)
            return false;
        if (fd >= 0) {
            r.own.reset(static_cast<int>(fd));
            r.fd = r.own.get();
        }
    }
    if (r.second >= 0 && !r.second_slot && !r.second_own) {
        long const fd = duplicate(r.second);
        if (fd == -EBADF)
            return false;
        if (fd >= 0) {
            r.second_own.reset(static_cast<int>(fd));
            r.second = r.second_own.get();
        }
    }
    return true;
}

/// Once: what the entry points to is copied before the submitter goes on.
bool kernel_side::keep(request& r) noexcept {
    if (r.kept || r.what->keep == nullptr)
        return true;
    r.kept = true;
    return r.what->keep(r);
}

void kernel_side::give_to_worker(request& r) noexcept {
    if (r.has(abi::sqe_flag::buffer_select)) { // async was asked for: there was no attempt
        if (!is_open(r.fd))
            return finish(r, outcome::answer(-EBADF));
        long const type = moves_messages(r.sqe()) ? socket_option(r.fd, SO_TYPE) : 0;
        if (type < 0)
            return finish(r, outcome::answer(type));
        if (std::int32_t const chosen = choose_buffer(r); chosen < 0)
            return finish(r, attempt_without_buffer(r, chosen));
        groups_.keep(r);
    }
    if (!hold(r))
        return finish(r, outcome::answer(-EBADF));
    if (!keep(r))
        return finish(r, outcome::answer(-ENOMEM));
    if (r.armed)
        poller_.unwatch(r);
    r.where = place::queued;
    r.keeper = shared_from_this();
    if (!home_.pool().start(r, &installation::worked, nullptr)) {
        r.keeper.reset();
        finish(r, outcome::answer(-EAGAIN));
    }
}

void kernel_side::wait_for_events(request& r, std::uint32_t events) noexcept {
    if (events == 0) { // something may have changed already
        ready_.push(r);
        return;
    }
    if (!hold(r))
        return finish(r, outcome::answer(-EBADF));
    if (!keep(r))
        return finish(r, outcome::answer(-ENOMEM));
    std::int32_t const watched = poller_.watch(r, events);
    if (watched == -EPERM && is(r, abi::opcode::poll_add)) {
        std::uint32_t const there = events & (EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM);
        return finish(r, outcome::answer(there != 0 ? static_cast<long>(there) : -EINVAL));
    }
    if (watched == -EPERM) // always ready: what does not come at once comes by blocking
        return give_to_worker(r);
    if (watched == -EEXIST) // no descriptor was left for a duplicate
        return finish(r, outcome::answer(-EMFILE));
    if (watched != 0)
        return finish(r, outcome::answer(watched));
    r.where = place::polled;
}

/// Puts a new descriptor into the slot that was asked for.
void kernel_side::install(request& r, outcome& how) noexcept {
    if (!r.what->makes_file || how.res < 0 || r.sqe().file_index == 0)
        return;
    how.res = static_cast<std::int32_t>(files_.install(held_fd(how.res), r.sqe().file_index));
    how.harmless = is(r, abi::opcode::socket); // what is linked to it starts without one
}

} // namespace rondo::engine::emulation
