// SPDX-License-Identifier: MIT
#include "buffer_table.hpp"

#include "arguments.hpp"
#include "user_memory.hpp"

#include <rondo/core/mapping.hpp>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

namespace rondo::engine::emulation {
namespace {

constexpr std::uint32_t most_buffers = 1u << 14;
constexpr std::size_t largest_buffer = std::size_t{1} << 30;

/// 0, or why this cannot be a buffer. No address and no length is an empty slot.
long check_buffer(::iovec const& memory) noexcept {
    auto const address = reinterpret_cast<std::uintptr_t>(memory.iov_base);
    if (static_cast<std::ptrdiff_t>(memory.iov_len) < 0)
        return -EINVAL;
    if (address == 0)
        return memory.iov_len == 0 ? 0 : -EFAULT;
    if (memory.iov_len == 0 || memory.iov_len > largest_buffer)
        return -EFAULT;
    std::uintptr_t end = 0;
    if (__builtin_add_overflow(address, memory.iov_len + page_size() - 1, &end))
        return -EOVERFLOW;
    return is_writable(address, memory.iov_len) ? 0 : -EFAULT;
}

/// What goes into a slot for `memory`, without a tag yet, or why it cannot.
long make_buffer(::iovec const& memory, std::uint64_t tag,
                 std::shared_ptr<registered_buffer>& out) noexcept {
    if (long const failure = check_buffer(memory); failure != 0)
        return failure;
    if (memory.iov_base == nullptr)
        return tag == 0 ? 0 : -EINVAL;
    try {
        out = std::make_shared<registered_buffer>();
    } catch (std::bad_alloc const&) {
        return -ENOMEM;
    }
    out->address = reinterpret_cast<std::uintptr_t>(memory.iov_base);
    out->bytes = memory.iov_len;
    return 0;
}

/// Which slots are copied where, or why none can be.
struct clone_range {
    std::uint32_t from;
    std::uint32_t to;
    std::uint32_t count;
};

long find_range(abi::clone_buffers const& what, std::uint32_t available,
                clone_range& out) noexcept {
    if (what.nr == 0 && (what.dst_off != 0 || what.src_off != 0))
        return -EINVAL;
    if (available == 0)
        return -ENXIO;
    if (what.nr > available)
        return -EINVAL;
    out = {what.src_off, what.dst_off, what.nr != 0 ? what.nr : available};
    std::uint32_t end = 0;
    if (__builtin_add_overflow(out.from, out.count, &end) || end > available)
        return -EOVERFLOW;
    if (__builtin_add_overflow(out.to, out.count, &end))
        return -EOVERFLOW;
    return end > most_buffers ? -EINVAL : 0;
}

} // namespace

long buffer_table::check(std::uint32_t index, std::uint64_t address,
                         std::uint64_t bytes) const noexcept {
    if (index >= slots_.size() || !slots_[index])
        return -EFAULT;
    registered_buffer const& buffer = *slots_[index];
    std::uint64_t const offset = address - buffer.address;
    bool const inside =
        address >= buffer.address && offset <= buffer.bytes && bytes <= buffer.bytes - offset;
    return inside ? 0 : -EFAULT;
}

long buffer_table::enrol(::iovec const* memory, std::uint32_t count,
                         std::uint64_t const* tags) noexcept {
    if (exists())
        return -EBUSY;
    if (count == 0 || count > most_buffers)
        return -EINVAL;
    if (!is_mapped(memory, memory != nullptr ? count * sizeof *memory : 0) ||
        !is_mapped(tags, tags != nullptr ? count * sizeof *tags : 0))
        return -EFAULT;
    try {
        std::vector<slot> made(count);
        for (std::uint32_t i = 0; i < count; ++i) {
            ::iovec const wanted = memory != nullptr ? memory[i] : ::iovec{};
            std::uint64_t const tag = tags != nullptr ? tags[i] : 0;
            if (long const failure = make_buffer(wanted, tag, made[i]); failure != 0)
                return failure;
        }
        // Only now: a table that was refused posts no tags.
        for (std::uint32_t i = 0; tags != nullptr && i < count; ++i)
            if (made[i])
                made[i]->ticket.arm(tags_, tags[i]);
        slots_ = std::move(made);
    } catch (std::bad_alloc const&) {
        return -ENOMEM;
    }
    return 0;
}

long buffer_table::update(std::uint32_t first, ::iovec const* memory, std::uint32_t count,
                          std::uint64_t const* tags) noexcept {
    if (long const failure = check_slots(first, count, size()); failure != 0)
        return failure;
    if (!is_mapped(memory, count * sizeof *memory) ||
        !is_mapped(tags, tags != nullptr ? count * sizeof *tags : 0))
        return -EFAULT;
    long failure = 0;
    std::uint32_t done = 0;
    for (; done < count; ++done) {
        slot made;
        std::uint64_t const tag = tags != nullptr ? tags[done] : 0;
        failure = make_buffer(memory[done], tag, made);
        if (failure != 0)
            break;
        if (made)
            made->ticket.arm(tags_, tag);
        // What was there may end with a tag, so only after the slot has its new buffer.
        made.swap(slots_[first + done]);
    }
    return done != 0 ? static_cast<long>(done) : failure;
}

long buffer_table::unregister() noexcept {
    if (!exists())
        return -ENXIO;
    // Tags are posted while the table is gone already.
    std::vector<slot> const former = std::move(slots_);
    slots_.clear();
    return 0;
}

long buffer_table::clone(buffer_table const& source, abi::clone_buffers const& what) noexcept {
    bool const replaces = (what.flags & raw(abi::clone_buffers_flag::dst_replace)) != 0;
    if (exists() && !replaces)
        return -EBUSY;
    clone_range range{};
    if (long const failure = find_range(what, source.size(), range); failure != 0)
        return failure;
    std::vector<slot> former;
    try {
        std::vector<slot> made = slots_;
        made.resize(std::max(slots_.size(), std::size_t{range.to} + range.count));
        for (std::uint32_t i = 0; i < range.count; ++i) {
            slot const& original = source.slots_[range.from + i];
            slot copy;
            if (original) {
                copy = std::make_shared<registered_buffer>();
                copy->address = original->address;
                copy->bytes = original->bytes;
            }
            made[range.to + i] = std::move(copy);
        }
        former = std::exchange(slots_, std::move(made));
    } catch (std::bad_alloc const&) {
        return -ENOMEM;
    }
    return 0;
}

} // namespace rondo::engine::emulation
