// SPDX-License-Identifier: MIT
// Messages from ring to ring within one process: a completion, or a registered file.
#include "families.hpp"

#include "descriptors.hpp"
#include "installation.hpp"
#include "kernel_side.hpp"

#include <rondo/abi/flags.hpp>

#include <cerrno>
#include <memory>
#include <mutex>
#include <utility>

namespace rondo::engine::emulation {
namespace {

constexpr std::uint32_t known = raw(abi::msg_ring_flag::cqe_skip | abi::msg_ring_flag::flags_pass);

std::int32_t check(abi::sqe const& entry) noexcept {
    if (entry.buf_index != 0 || entry.personality != 0)
        return -EINVAL;
    return (entry.msg_ring_flags & ~known) != 0 ? -EINVAL : 0;
}

bool asks(abi::sqe const& entry, abi::msg_ring_flag f) noexcept {
    return (entry.msg_ring_flags & raw(f)) != 0;
}

std::int32_t send_data(abi::sqe const& entry, kernel_side& to) noexcept {
    bool const passes = asks(entry, abi::msg_ring_flag::flags_pass);
    if (entry.addr3 != 0 || asks(entry, abi::msg_ring_flag::cqe_skip) ||
        (!passes && entry.file_index != 0))
        return -EINVAL;
    if (to.is_disabled())
        return -EBADFD;
    abi::cqe32 const c{
        {entry.off, static_cast<std::int32_t>(entry.len), passes ? entry.file_index : 0}, {}};
    return to.send(c) ? 0 : -ENOMEM;
}

/// With the other ring's lock.
outcome put_file(abi::sqe const& entry, held_fd file, kernel_side& to) noexcept {
    long const slot = to.files().install(std::move(file), entry.file_index);
    if (slot < 0)
        return outcome::answer(slot);
    if (!asks(entry, abi::msg_ring_flag::cqe_skip))
        to.send({{entry.off, static_cast<std::int32_t>(slot), 0}, {}});
    return outcome::answer(slot);
}

/// The slots of the other ring are under its own lock. Waiting for that while holding this one
/// could last for ever: when it is taken, a worker waits for it, which holds none.
outcome send_file(request& r, std::shared_ptr<kernel_side> const& to) noexcept {
    abi::sqe const& entry = r.sqe();
    if (to.get() == r.owner || entry.len != 0)
        return outcome::answer(-EINVAL);
    if (to->is_disabled())
        return outcome::answer(-EBADFD);
    shared_fd const* const from = r.owner->files().at(static_cast<std::uint32_t>(entry.addr3));
    if (from == nullptr)
        return outcome::answer(-EBADF);
    long const fd = duplicate((*from)->get());
    if (fd < 0)
        return outcome::answer(fd);
    held_fd file(static_cast<int>(fd));
    std::unique_lock const other(to->lock(), std::try_to_lock);
    if (other.owns_lock())
        return put_file(entry, std::move(file), *to);
    r.second_own = std::move(file);
    r.target = to;
    return outcome::blocking();
}

outcome attempt(request& r, bool may_block) noexcept {
    abi::sqe const& entry = r.sqe();
    if (may_block) { // only send_file() asks for that
        // Let go of afterwards: two rings must not keep each other.
        auto const to = std::move(r.target);
        std::lock_guard const other(to->lock());
        return put_file(entry, std::move(r.second_own), *to);
    }
    auto const to = r.owner->home().find(r.fd);
    if (!to)
        return outcome::answer(is_open(r.fd) ? -EBADFD : -EBADF);
    switch (entry.addr) {
    case static_cast<std::uint64_t>(abi::msg_ring_command::data):
        return outcome::answer(send_data(entry, *to));
    case static_cast<std::uint64_t>(abi::msg_ring_command::send_fd): return send_file(r, to);
    default: return outcome::answer(-EINVAL);
    }
}

constexpr operation message_operation{
    .check = check, .attempt = attempt, .on_ring = true, .has_file = true};

} // namespace

operation const* find_ring_message(abi::opcode code) noexcept {
    return code == abi::opcode::msg_ring ? &message_operation : nullptr;
}

/// Without a ring of one's own: register_op::send_msg_ring.
long send_message(installation& home, abi::sqe const& entry) noexcept {
    if (std::int32_t const ok = check(entry); ok != 0)
        return ok;
    if (entry.addr != static_cast<std::uint64_t>(abi::msg_ring_command::data) || entry.flags != 0)
        return -EINVAL;
    auto const to = home.find(entry.fd);
    if (!to)
        return is_open(entry.fd) ? -EBADFD : -EBADF;
    return send_data(entry, *to);
}

} // namespace rondo::engine::emulation
