// SPDX-License-Identifier: MIT
// Taking submissions: an entry becomes a request, requests become chains, chains start or wait
// behind a drain.
#include "kernel_side.hpp"

#include "installation.hpp"
#include "known_flags.hpp"

#include <rondo/abi/flags.hpp>
#include <rondo/core/annotate.hpp>

#include <cerrno>

namespace rondo::engine::emulation {
namespace {

bool takes_priority(abi::opcode code) noexcept {
    switch (code) {
    case abi::opcode::readv:
    case abi::opcode::writev:
    case abi::opcode::read_fixed:
    case abi::opcode::write_fixed:
    case abi::opcode::read:
    case abi::opcode::write:
    case abi::opcode::readv_fixed:
    case abi::opcode::writev_fixed:
    case abi::opcode::accept:
    case abi::opcode::send:
    case abi::opcode::recv:
    case abi::opcode::sendmsg:
    case abi::opcode::recvmsg:
    case abi::opcode::send_zc:
    case abi::opcode::sendmsg_zc:
    case abi::opcode::recv_zc: return true;
    default: return false;
    }
}

bool is_linked(request const& r) noexcept {
    return r.has(abi::sqe_flag::io_link) || r.has(abi::sqe_flag::io_hardlink);
}

} // namespace

std::uint32_t kernel_side::submit(std::uint32_t most) noexcept {
    std::uint32_t const queued = queues_.submissions();
    std::uint32_t taken = 0;
    submitting_ = true;
    counted_before_ = counted_so_far();
    for (std::uint32_t left = most < queued ? most : queued; left != 0; --left) {
        ++taken;
        if (!take_one())
            break;
    }
    if (chain_head_ != nullptr)
        end_chain();
    queues_.release_submissions();
    run_ready();
    keep_waiting(taken);
    submitting_ = false;
    return taken;
}

/// What waits in a chain or behind a drain is copied before the submitter goes on, as what is in
/// flight was. Only the newest can be such: `taken` bounds how far back they go.
void kernel_side::keep_waiting(std::uint32_t taken) noexcept {
    for (request* r = requests_.newest(); r != nullptr && taken != 0; r = r->older, --taken)
        if ((r->where == place::chained || r->where == place::deferred) && !keep(*r))
            r->result = -ENOMEM; // told when its turn comes
}

/// False: what comes after it has to wait for the next call.
bool kernel_side::take_one() noexcept {
    request* const r = requests_.add(*this);
    if (r == nullptr) {
        abi::sqe128 entry;
        if (!queues_.take(entry))
            return true;
        post({{entry.head.user_data, -ENOMEM, 0}, {}}, nullptr);
        return false;
    }
    if (!queues_.take(r->entry)) {
        requests_.remove(*r);
        return true;
    }
    r->result = admit(*r);
    if (director_ != nullptr)
        director_->taken(*r);
    // A bad entry in the middle of a chain is the chain's affair: it is taken to its end.
    bool const stops = r->result != 0 && !is_linked(*r) && !has(flags_, abi::setup::submit_all);
    // A chain of one that nothing holds up and nobody is before needs no queue.
    if (r->result == 0 && chain_head_ == nullptr && !is_linked(*r) &&
        !r->has(abi::sqe_flag::io_drain) && !drain_next_ && !barrier_ && deferred_.empty() &&
        ready_.empty()) {
        ++issued_;
        if (r->what->direct && r->sqe().flags == 0 && director_ == nullptr)
            issue_directly(*r);
        else
            issue(*r);
    } else {
        append(*r);
    }
    if (!ready_.empty())
        run_ready();
    return !stops;
}

/// What the kernel looks at when it takes an entry: 0, or the -errno of one that makes no sense.
std::int32_t kernel_side::admit(request& r) noexcept {
    abi::sqe const& entry = r.sqe();
    auto const code = static_cast<abi::opcode>(entry.opcode);
    r.what = home_.find_operation(code);
    if (r.what == nullptr)
        return -EINVAL;
    auto const flags = static_cast<abi::sqe_flag>(entry.flags);
    if (any(flags & ~known_sqe))
        return -EINVAL;
    if (any(flags & abi::sqe_flag::buffer_select) && !r.what->chooses)
        return -EOPNOTSUPP;
    if (any(flags & abi::sqe_flag::cqe_skip_success))
        refuses_drain_ = true;
    if (any(flags & abi::sqe_flag::io_drain) && refuses_drain_)
        return -EOPNOTSUPP;
    if (!restrictions_.allow(entry))
        return -EACCES;
    if ((entry.ioprio != 0 && !takes_priority(code)) || entry.personality != 0)
        return -EINVAL;
    if (code == abi::opcode::nop && (entry.nop_flags & raw(abi::nop_flag::cqe32)) != 0 &&
        !has(flags_, abi::setup::cqe32))
        return -EINVAL;
    std::int32_t const checked = r.what->check != nullptr ? r.what->check(entry) : 0;
    if (checked == 0 && code == abi::opcode::link_timeout &&
        (chain_head_ == nullptr || chain_tail_->sqe().opcode == raw(abi::opcode::link_timeout)))
        return -EINVAL;
    return checked;
}

void kernel_side::append(request& r) noexcept {
    bool const linked = is_linked(r);
    if (chain_head_ == nullptr)
        chain_head_ = &r;
    else
        chain_tail_->rest = &r;
    chain_tail_ = &r;
    r.where = place::chained;
    if (!linked)
        end_chain();
}

/// Starts the chain that was taken, or fails all of it when one of its entries was refused.
void kernel_side::end_chain() noexcept {
    request* const head = std::exchange(chain_head_, nullptr);
    chain_tail_ = nullptr;
    bool refused = false;
    for (request const* r = head; r != nullptr; r = r->rest) {
        refused = refused || r->result != 0;
        ++issued_;
    }
    if (!refused)
        return start(*head);
    // The head fails first: under skip_success it silences those behind it.
    bool const silent = head->has(abi::sqe_flag::cqe_skip_success);
    // But for the timeout that guards the head, which is told in any case.
    request const* const second = head->rest;
    bool const guarded = second != nullptr && second->result == 0 &&
                         second->sqe().opcode == raw(abi::opcode::link_timeout);
    for (request* r = head; r != nullptr;) {
        request* const rest = std::exchange(r->rest, nullptr);
        bool const is_guard = guarded && r == second;
        if (is_guard ? !r->has(abi::sqe_flag::cqe_skip_success) : r == head || !silent)
            post({{r->sqe().user_data, r->result != 0 ? r->result : -ECANCELED, 0}, {}}, r);
        release(*r);
        r = rest;
    }
}

/// A drain waits for all that started before it, and what is taken later waits for the drain.
void kernel_side::start(request& head) noexcept {
    bool drains = drain_next_;
    drain_next_ = false;
    std::uint32_t length = 0;
    for (request const* r = &head; r != nullptr; r = r->rest, ++length)
        if (r->has(abi::sqe_flag::io_drain)) {
            drains = true;
            drain_next_ = drain_next_ || length != 0; // in the middle: what follows drains, too
        }
    head.drains = drains;
    bool const waits = !deferred_.empty() || ((drains || barrier_) && issued_ > length);
    if (waits) {
        issued_ -= length;
        head.chain_length = length;
        head.where = place::deferred;
        deferred_.push(head);
        return;
    }
    barrier_ = drains;
    ready_.push(head);
}

void kernel_side::start_deferred() noexcept {
    while (!deferred_.empty()) {
        request& head = *deferred_.first();
        if ((head.drains || barrier_) && issued_ != 0)
            return;
        deferred_.pop();
        issued_ += head.chain_length;
        barrier_ = head.drains;
        head.where = place::nowhere;
        ready_.push(head);
    }
}

} // namespace rondo::engine::emulation
