// SPDX-License-Identifier: MIT
#include "raw_ring.hpp"

#include <rondo/abi/enter.hpp>
#include <rondo/abi/timespec.hpp>
#include <rondo/core/word.hpp>

#include <algorithm>
#include <cstring>

namespace rondo::test {

raw_ring::raw_ring(engine::backend& on, std::uint32_t entries, std::uint32_t flags,
                   std::uint32_t cq_entries)
    : on_(on) {
    p_.flags = flags;
    if (cq_entries != 0) {
        p_.flags |= raw(abi::setup::cqsize);
        p_.cq_entries = cq_entries;
    }
    long const made = on.setup(entries, p_);
    if (made < 0) {
        error_ = made;
        return;
    }
    fd_ = static_cast<int>(made);
    std::size_t const sq = p_.sq_off.array + std::size_t{p_.sq_entries} * 4;
    std::size_t const cq = p_.cq_off.cqes + std::size_t{p_.cq_entries} * sizeof(abi::cqe);
    auto rings = on.map(fd_, abi::off_sq_ring, std::max(sq, cq));
    auto list = on.map(fd_, abi::off_sqes, std::size_t{p_.sq_entries} * sizeof(abi::sqe));
    if (!rings || !list) {
        error_ = -12;
        return;
    }
    rings_ = std::move(*rings);
    entries_ = std::move(*list);
    for (std::uint32_t i = 0; i < p_.sq_entries; ++i)
        word(p_.sq_off.array)[i] = i;
}

raw_ring::~raw_ring() {
    if (fd_ >= 0)
        on_.close(fd_);
}

std::uint32_t* raw_ring::word(std::uint32_t offset) const noexcept {
    return reinterpret_cast<std::uint32_t*>(rings_.data() + offset);
}

void raw_ring::push(abi::sqe const& entry) noexcept {
    std::uint32_t const tail = *word(p_.sq_off.tail);
    std::size_t const index = tail & (p_.sq_entries - 1);
    std::memcpy(entries_.data() + index * sizeof entry, &entry, sizeof entry);
    store_release(word(p_.sq_off.tail), tail + 1);
    ++unsent_;
}

long raw_ring::submit() noexcept {
    long const n = on_.enter(fd_, unsent_, 0, 0, nullptr, 0);
    if (n > 0)
        unsent_ -= std::min(static_cast<std::uint32_t>(n), unsent_);
    return n;
}

void raw_ring::withdraw() noexcept {
    std::uint32_t const tail = *word(p_.sq_off.tail);
    store_release(word(p_.sq_off.tail), tail - unsent_);
    unsent_ = 0;
}

long raw_ring::look(std::int64_t ns) noexcept {
    if (ns == 0)
        return on_.enter(fd_, 0, 0, raw(abi::enter::getevents), nullptr, 0);
    abi::timespec const limit{ns / 1'000'000'000, ns % 1'000'000'000};
    abi::getevents_arg arg{};
    arg.ts = reinterpret_cast<std::uintptr_t>(&limit);
    // What is hoarded counts as well.
    std::uint32_t const wanted = seen_ - *word(p_.cq_off.head) + 1;
    if (wanted > p_.cq_entries)
        store_release(word(p_.cq_off.head), seen_);
    return on_.enter(fd_, 0, wanted > p_.cq_entries ? 1 : wanted,
                     raw(abi::enter::getevents | abi::enter::ext_arg), &arg, sizeof arg);
}

bool raw_ring::reap(std::vector<abi::cqe>& out) {
    std::uint32_t const tail = load_acquire(word(p_.cq_off.tail));
    for (; seen_ != tail; ++seen_) {
        std::size_t const index = seen_ & (p_.cq_entries - 1);
        abi::cqe c;
        std::memcpy(&c, rings_.data() + p_.cq_off.cqes + index * sizeof c, sizeof c);
        out.push_back(c);
    }
    std::uint32_t const flags = load_acquire(word(p_.sq_off.flags));
    bool const more = (flags & raw(abi::sq_ring_flag::cq_overflow)) != 0;
    if (!hoards_ || more)
        store_release(word(p_.cq_off.head), seen_);
    return more;
}

long raw_ring::register_(abi::register_op what, void* arg, std::uint32_t count) noexcept {
    return on_.register_(fd_, static_cast<std::uint32_t>(what), arg, count);
}

} // namespace rondo::test
