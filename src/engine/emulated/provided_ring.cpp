// SPDX-License-Identifier: MIT
#include "provided_ring.hpp"

#include "arguments.hpp"
#include "user_memory.hpp"

#include <rondo/core/bits.hpp>
#include <rondo/core/word.hpp>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

namespace rondo::engine::emulation {
namespace {

constexpr std::uint32_t known_flags = raw(abi::buf_ring_flag::mmap) | raw(abi::buf_ring_flag::inc);
/// With 65536 a full ring could not be told from an empty one by its 16-bit positions.
constexpr std::uint32_t most_entries = 32768;

std::size_t bytes_of(std::uint32_t entries) noexcept {
    return whole_pages(entries * sizeof(abi::buf));
}

bool has_flag(abi::buf_reg const& what, abi::buf_ring_flag flag) noexcept {
    return (what.flags & raw(flag)) != 0;
}

/// 0, or why the ring cannot be in the caller's memory.
int check_memory(abi::buf_reg const& what) noexcept {
    if (what.ring_addr == 0)
        return EFAULT;
    if (what.ring_addr % page_size() != 0)
        return EINVAL;
    return is_writable(what.ring_addr, bytes_of(what.ring_entries)) ? 0 : EFAULT;
}

} // namespace

bool provided_ring::is_possible(abi::buf_reg const& what) noexcept {
    return all_zero(what.resv) && (what.flags & ~known_flags) == 0 &&
           is_power_of_two(what.ring_entries) && what.ring_entries <= most_entries &&
           (what.min_left == 0 || has_flag(what, abi::buf_ring_flag::inc));
}

result<provided_ring> provided_ring::create(abi::buf_reg const& what) noexcept {
    provided_ring out;
    if (has_flag(what, abi::buf_ring_flag::mmap)) {
        auto memory = mapping::shareable(bytes_of(what.ring_entries));
        if (!memory)
            return fail(memory.error());
        out.memory_ = std::move(*memory);
        out.ring_ = reinterpret_cast<abi::buf_ring*>(out.memory_.data());
    } else {
        if (int const failure = check_memory(what); failure != 0)
            return fail(failure);
        out.ring_ = reinterpret_cast<abi::buf_ring*>(static_cast<std::uintptr_t>(what.ring_addr));
    }
    out.mask_ = what.ring_entries - 1;
    out.incremental_ = has_flag(what, abi::buf_ring_flag::inc);
    out.min_left_ = what.min_left;
    return out;
}

result<mapping> provided_ring::map(std::size_t bytes) const noexcept {
    return memory_.again(bytes);
}

std::uint32_t provided_ring::available() const noexcept {
    // Acquire: the partner is the program's release of the tail after it wrote the entries.
    std::uint16_t const tail = load_acquire(&ring_->tail);
    return static_cast<std::uint16_t>(tail - head_);
}

bool provided_ring::show(request& r, std::uint32_t wanted, std::uint32_t most) const noexcept {
    std::uint32_t const unread = available();
    std::uint32_t const count = std::min(unread, most);
    if (count == 0)
        return false;
    r.chosen.clear();
    r.chosen_id = load_relaxed(&entry(head_).bid);
    // Of several it is told only when their number is what ended them, as the kernel does.
    r.chosen_all = unread == 1 && most == 1;
    std::uint64_t left = wanted;
    try {
        for (std::uint32_t i = 0; i < count; ++i) {
            abi::buf const& next = entry(static_cast<std::uint16_t>(head_ + i));
            std::uint64_t bytes = load_relaxed(&next.len);
            bool const cut = wanted != 0 && bytes > left;
            // Of a buffer that is used up by its first byte, a part is no use to others.
            if (cut && i != 0 && !incremental_)
                return true;
            if (cut)
                bytes = left;
            auto const address = static_cast<std::uintptr_t>(load_relaxed(&next.addr));
            r.chosen.push_back({reinterpret_cast<void*>(address), bytes});
            left -= wanted != 0 ? bytes : 0;
            if (wanted != 0 && left == 0)
                return true;
        }
    } catch (std::bad_alloc const&) {
        r.chosen.clear();
        return false;
    }
    r.chosen_all = count == unread;
    return true;
}

bool provided_ring::consume(std::uint32_t buffers, std::uint64_t bytes) noexcept {
    if (!incremental_) {
        head_ = static_cast<std::uint16_t>(head_ + buffers);
        return false;
    }
    // Nothing used: the first buffer stays as it is. An answer may be longer than what was offered
    // (MSG_TRUNC), so the end is the tail's; what the kernel finds behind it is mostly empty, and
    // then it says that there is more.
    std::uint32_t unread = available();
    do {
        if (unread == 0)
            return entry(head_).len == 0;
        abi::buf& first = entry(head_);
        auto const taken = static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes, first.len));
        std::uint32_t const rest = first.len - taken;
        if (taken == 0 || (rest != 0 && rest >= min_left_)) {
            first.addr += taken;
            first.len = rest;
            return true;
        }
        first.len = 0;
        ++head_;
        --unread;
        bytes -= taken;
    } while (bytes != 0);
    return false;
}

} // namespace rondo::engine::emulation
