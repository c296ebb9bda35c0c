// SPDX-License-Identifier: MIT
#include "buffer_pool.hpp"

#include "registration.hpp"

#include <rondo/core/annotate.hpp>
#include <rondo/core/assert.hpp>
#include <rondo/core/word.hpp>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

namespace rondo {
namespace {

buffer_ring_state& pool_of(void* pool) noexcept { return *static_cast<buffer_ring_state*>(pool); }
buffer_lease adopt_single(void* pool, abi::cqe const& c) noexcept {
    return pool_of(pool).adopt(c, false);
}
buffer_lease adopt_spanning(void* pool, abi::cqe const& c) noexcept {
    return pool_of(pool).adopt(c, true);
}
std::span<std::byte> part_of(void* pool, buffer_lease const& lease, std::size_t index) noexcept {
    return pool_of(pool).part(lease, index);
}
void give_back_to(void* pool, buffer_lease const& lease) noexcept {
    pool_of(pool).give_back(lease);
}
void starved_by(void* pool) noexcept { pool_of(pool).starved(); }

} // namespace

constinit buffer_pool_functions const buffer_ring_state::single{adopt_single, part_of, give_back_to,
                                                                adopt_spanning, starved_by};
constinit buffer_pool_functions const buffer_ring_state::spanning{
    adopt_spanning, part_of, give_back_to, adopt_spanning, starved_by};

result<> buffer_ring_state::prepare(std::uint32_t room_for) noexcept {
    static_assert(sizeof(buffer_record) >= sizeof(std::uint32_t));
    auto memory = mapping::anonymous((std::size_t{room_for} + 1) * sizeof(buffer_record),
                                     {.wipe_in_children = true});
    if (!memory)
        return fail(memory.error());
    records = std::move(*memory);
    *reinterpret_cast<std::uint32_t*>(records.data()) = 1;
    return {};
}

result<> buffer_ring_state::add(std::uint32_t more, bool huge) noexcept {
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(std::size_t{buffer_size}, more, &bytes))
        return fail(ENOMEM, attempt::allocate);
    result<mapping> memory = fail(ENOMEM);
    if (huge)
        memory = mapping::anonymous(bytes, {.keep_from_children = true, .huge = true});
    if (!memory)
        memory = mapping::anonymous(bytes, {.keep_from_children = true});
    if (!memory)
        return fail(memory.error());
    std::byte* const data = memory->data();
    try {
        chunks.push_back(std::move(*memory));
    } catch (std::bad_alloc const&) {
        return fail(ENOMEM, attempt::allocate);
    }
    for (std::uint32_t i = 0; i < more; ++i) {
        auto const id = static_cast<std::uint16_t>(count++);
        at(id).data = data + std::size_t{i} * buffer_size;
        recycle(id);
    }
    return {};
}

void buffer_ring_state::publish(std::uint16_t id, std::uint32_t bytes) noexcept {
    buffer_record& r = at(id);
    r.position = tail;
    r.room = bytes;
    r.used = 0;
    r.with_kernel = true;
    at(newest).next = id;
    newest = id;
    ++with_kernel;
    annotate::lend(r.data, buffer_size);
    // Not `entry = {...}`: the last field of entry 0 is the tail.
    abi::buf& entry = abi::entries(ring)[tail & (entries - 1)];
    entry.addr = address_of(r.data);
    entry.len = bytes;
    entry.bid = id;
    ++tail;
    // Partner: the kernel's acquire of the tail before it reads the entry.
    store_release(&ring->tail, static_cast<std::uint16_t>(tail));
}

/// What becomes of a buffer that nobody has any more.
void buffer_ring_state::recycle(std::uint16_t id) noexcept {
    if (!sending) {
        publish(id, buffer_size);
    } else {
        at(id).next_free = first_free;
        first_free = id;
        ++free;
    }
    if (first_in_line != nullptr) [[unlikely]]
        tell_of_one_more();
}

void buffer_ring_state::starved() noexcept {
    ++starvations;
    // Several that were starved at once are told one after another: what the first of them added
    // is there when the next tells of it.
    if (grows_by != 0 && with_kernel == 0 && count < entries)
        static_cast<void>(add(std::min(grows_by, entries - count), false)); // or stays as it is
}

/// The books do not know what the kernel has taken for operations that are under way in its worker
/// threads, or whose completions nobody looked at; it does, since Linux 6.8.
bool buffer_ring_state::has_buffer() const noexcept {
    if (sending || with_kernel == 0)
        return free != 0;
    auto const there = untouched();
    return !there || *there != 0;
}

buffer_lease buffer_ring_state::take() noexcept {
    std::uint16_t const id = first_free;
    buffer_record& r = at(id);
    first_free = r.next_free;
    --free;
    r.room = buffer_size;
    r.leases = 1;
    ++leases;
    annotate::take_back(r.data, buffer_size);
    return {&spanning, this, id, std::uint16_t{1}, 0, buffer_size, false};
}

buffer_lease buffer_ring_state::adopt(abi::cqe const& c, bool spans) noexcept {
    std::uint16_t const first = abi::buffer_id(c);
    RONDO_ASSERT(first < count && at(first).with_kernel,
                 "a completion was adopted twice, or by another buffer ring than its own");
    auto left = static_cast<std::uint32_t>(std::max(c.res, 0));
    bool keeps = incremental && abi::has(c, abi::cqe_flag::buf_more);
    // Before it knew better, the kernel did not say at end of file that it keeps the buffer.
    if (incremental && left == 0 && !keeps)
        keeps = !kernel_is_past(at(first));

    std::uint32_t const offset = at(first).used;
    std::uint32_t size = 0;
    std::uint16_t parts = 0;
    bool first_kept = false;
    std::uint16_t id = first;
    for (;;) {
        buffer_record& r = at(id);
        std::uint16_t const next = r.next; // recycling the buffer may change it
        std::uint32_t const taken = std::min(left, r.room - r.used);
        if (taken != 0 && (parts == 0 || spans)) {
            annotate::take_back(r.data + r.used, taken);
            ++parts;
            ++r.leases;
            size += taken;
        }
        r.used += taken;
        left -= taken;
        // The kernel goes on to the next buffer for what it sent or received in several, and, when
        // it counts in bytes, for what it cut off too.
        bool const last = left == 0 || (!spans && !incremental) || !at(next).with_kernel;
        if (last && keeps) {
            first_kept = id == first;
            break;
        }
        r.with_kernel = false;
        --with_kernel;
        if (r.leases == 0)
            recycle(id);
        if (last)
            break;
        id = next;
    }
    if (parts == 0)
        return {};
    ++leases;
    return {spans ? &spanning : &single, this, first, parts, offset, size, first_kept};
}

std::span<std::byte> buffer_ring_state::part(buffer_lease const& lease,
                                             std::size_t index) const noexcept {
    if (index >= lease.parts())
        return {};
    std::uint32_t id = lease.first_id();
    std::size_t offset = lease.offset();
    std::size_t before = 0;
    for (std::size_t i = 0; i < index; ++i) {
        before += at(id).room - offset;
        offset = 0;
        id = at(id).next;
    }
    return {at(id).data + offset, std::min(lease.size() - before, at(id).room - offset)};
}

void buffer_ring_state::give_back(buffer_lease const& lease) noexcept {
    if (!is_parents())
        return;
    --leases;
    std::uint16_t id = lease.first_id();
    for (std::size_t i = 0; i < lease.parts(); ++i) {
        buffer_record& r = at(id);
        std::uint16_t const next = r.next; // recycling the buffer may change it
        if (--r.leases == 0 && !r.with_kernel)
            recycle(id);
        id = next;
    }
}

result<std::uint32_t> buffer_ring_state::untouched() const noexcept {
    abi::buf_status status{};
    status.buf_group = group;
    auto const done = register_explained(registry, support::unknown, abi::register_op::pbuf_status,
                                         &status, 1, arguments::checked);
    if (!done)
        return fail(done.error());
    return static_cast<std::uint16_t>(tail - status.head);
}

bool buffer_ring_state::kernel_is_past(buffer_record const& r) const noexcept {
    auto const left = untouched();
    return !left || tail - r.position > *left;
}

} // namespace rondo
