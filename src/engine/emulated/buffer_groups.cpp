// SPDX-License-Identifier: MIT
#include "buffer_groups.hpp"

#include "arguments.hpp"
#include "descriptors.hpp"
#include "memory_parts.hpp"

#include <rondo/abi/cqe.hpp>
#include <rondo/abi/opcode.hpp>
#include <rondo/abi/params.hpp>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

namespace rondo::engine::emulation {
namespace {

constexpr std::uint32_t most_at_once = 65536;
constexpr std::uint32_t highest_id = 65535;
/// A longer buffer of a list is cut to what one transfer moves.
constexpr std::uint32_t longest_buffer = most_bytes;
/// No program has an address beyond this; where the end is nearer, reading there fails later.
constexpr std::uint64_t end_of_memory = std::uint64_t{1} << 56;

bool is_read(request const& r) noexcept {
    auto const code = static_cast<abi::opcode>(r.sqe().opcode);
    return code == abi::opcode::read || code == abi::opcode::readv;
}

/// Whether an answer of nothing, or an error, gives back what the operation had only been shown.
bool returns_unused(request const& r, std::int32_t res, bool of_list) noexcept {
    switch (static_cast<abi::opcode>(r.sqe().opcode)) {
    case abi::opcode::recv:
    case abi::opcode::recvmsg:
    case abi::opcode::read_multishot: return res <= 0;
    default:
        // A read that fails is not asked back for the buffer of a list.
        return res < 0 && !of_list;
    }
}

/// How many of the buffers `res` bytes fill, one at least.
std::uint32_t count_filled(request const& r, std::int32_t res) noexcept {
    std::uint32_t count = 0;
    std::size_t left = res > 0 ? static_cast<std::size_t>(res) : 0;
    for (::iovec const& part : r.chosen) {
        ++count;
        if (left <= part.iov_len)
            break;
        left -= part.iov_len;
    }
    return std::max(count, 1u);
}

void forget(request& r) noexcept {
    r.chosen.clear();
    r.has_chosen = choice::none;
    r.chosen_remains = false;
    r.chosen_list_bytes = 0;
}

} // namespace

buffer_groups::group* buffer_groups::find(std::uint32_t id) noexcept {
    auto const found = groups_.find(id);
    return found != groups_.end() ? &found->second : nullptr;
}

provided_ring* buffer_groups::ring_of(request const& r) noexcept {
    return std::get_if<provided_ring>(find(r.sqe().buf_group));
}

buffer_groups::list* buffer_groups::list_of(request const& r) noexcept {
    return std::get_if<list>(find(r.sqe().buf_group));
}

provided_ring const* buffer_groups::find_ring(std::uint32_t id, long& why_not) const noexcept {
    auto const found = groups_.find(id);
    why_not = found == groups_.end() ? -ENOENT : -EINVAL;
    return found != groups_.end() ? std::get_if<provided_ring>(&found->second) : nullptr;
}

long buffer_groups::enrol(abi::buf_reg const& what) noexcept {
    if (!provided_ring::is_possible(what))
        return -EINVAL;
    if (group const* const former = find(what.bgid))
        if (auto const* const old = std::get_if<list>(former); old == nullptr || !old->empty())
            return -EEXIST;
    auto ring = provided_ring::create(what);
    if (!ring)
        return -ring.error().code();
    try {
        groups_.insert_or_assign(what.bgid, group(std::move(*ring)));
    } catch (std::bad_alloc const&) {
        return -ENOMEM;
    }
    return 0;
}

long buffer_groups::unregister(abi::buf_reg const& what) noexcept {
    if (!all_zero(what.resv) || what.flags != 0)
        return -EINVAL;
    long why_not = 0;
    if (find_ring(what.bgid, why_not) == nullptr)
        return why_not;
    groups_.erase(what.bgid);
    return 0;
}

long buffer_groups::status(abi::buf_status& what) const noexcept {
    if (!all_zero(what.resv))
        return -EINVAL;
    long why_not = 0;
    provided_ring const* const ring = find_ring(what.buf_group, why_not);
    if (ring == nullptr)
        return why_not;
    what.head = ring->head();
    return 0;
}

result<mapping> buffer_groups::map(std::uint64_t offset, std::size_t bytes) const noexcept {
    long why_not = 0;
    std::uint64_t const id = (offset & ~abi::off_mmap_mask) >> abi::off_pbuf_shift;
    provided_ring const* const ring =
        id <= highest_id ? find_ring(static_cast<std::uint32_t>(id), why_not) : nullptr;
    if (ring == nullptr)
        return fail(ENOMEM, attempt::map_rings); // what Linux finds no place for
    return ring->map(bytes);
}

std::int32_t buffer_groups::check_provide(abi::sqe const& entry) noexcept {
    if (entry.rw_flags != 0 || entry.splice_fd_in != 0)
        return -EINVAL;
    if (entry.fd <= 0 || static_cast<std::uint32_t>(entry.fd) > most_at_once)
        return -E2BIG;
    if (entry.len == 0)
        return -EINVAL;
    auto const count = static_cast<std::uint32_t>(entry.fd);
    std::uint64_t const bytes = std::uint64_t{entry.len} * count;
    std::uint64_t end = 0;
    if (__builtin_add_overflow(entry.addr, bytes, &end))
        return -EOVERFLOW;
    if (end > end_of_memory)
        return -EFAULT;
    if (entry.off > highest_id)
        return -E2BIG;
    return entry.off + count > most_at_once ? -EINVAL : 0;
}

std::int32_t buffer_groups::check_remove(abi::sqe const& entry) noexcept {
    if (entry.rw_flags != 0 || entry.addr != 0 || entry.len != 0 || entry.off != 0 ||
        entry.splice_fd_in != 0)
        return -EINVAL;
    return entry.fd <= 0 || static_cast<std::uint32_t>(entry.fd) > most_at_once ? -EINVAL : 0;
}

std::int32_t buffer_groups::provide(std::uint16_t id, std::uint64_t address, std::uint32_t bytes,
                                    std::uint32_t count, std::uint16_t first_id) noexcept {
    std::uint32_t done = 0;
    try {
        auto const [place, is_new] = groups_.try_emplace(id);
        list* const buffers = std::get_if<list>(&place->second);
        if (buffers == nullptr)
            return -EINVAL;
        for (; done < count; ++done) {
            // One id fewer than there are: with more, two buffers would have the same.
            if (buffers->size() >= highest_id)
                return done != 0 ? 0 : -EOVERFLOW;
            buffers->push_back({address + std::uint64_t{done} * bytes,
                                std::min(bytes, longest_buffer),
                                static_cast<std::uint16_t>(first_id + done), 0});
        }
    } catch (std::bad_alloc const&) {
        return done != 0 ? 0 : -ENOMEM;
    }
    return 0;
}

std::int32_t buffer_groups::remove(std::uint16_t id, std::uint32_t count) noexcept {
    group* const found = find(id);
    if (found == nullptr)
        return -ENOENT;
    list* const buffers = std::get_if<list>(found);
    if (buffers == nullptr)
        return -EINVAL;
    auto const removed = std::min<std::size_t>(count, buffers->size());
    buffers->erase(buffers->begin(), buffers->begin() + static_cast<std::ptrdiff_t>(removed));
    return static_cast<std::int32_t>(removed);
}

std::int32_t buffer_groups::choose(request& r, std::uint16_t id, std::uint32_t wanted,
                                   std::uint32_t most) noexcept {
    if (r.has_chosen == choice::kept && !r.chosen.empty())
        return 0;
    forget(r);
    group* const found = find(id);
    if (found == nullptr)
        return -ENOBUFS;
    if (auto const* const ring = std::get_if<provided_ring>(found)) {
        if (!ring->show(r, wanted, most))
            return -ENOBUFS;
    } else {
        auto const& buffers = *std::get_if<list>(found);
        if (buffers.empty())
            return -ENOBUFS;
        abi::buf const& first = buffers.front();
        // Of a list, what is to be sent is all of the buffer, whatever length was asked for.
        bool const whole = wanted == 0 || r.sqe().opcode == raw(abi::opcode::send);
        std::uint32_t const bytes = whole ? first.len : std::min(wanted, first.len);
        try {
            auto const address = static_cast<std::uintptr_t>(first.addr);
            r.chosen.push_back({reinterpret_cast<void*>(address), bytes});
        } catch (std::bad_alloc const&) {
            return -ENOBUFS;
        }
        r.chosen_id = first.bid;
        r.chosen_all = buffers.size() == 1;
        r.chosen_list_bytes = first.len;
    }
    r.has_chosen = choice::shown;
    if (r.sqe().opcode == raw(abi::opcode::send))
        keep(r);
    return 0;
}

void buffer_groups::keep(request& r) noexcept {
    if (r.has_chosen != choice::shown)
        return;
    std::uint64_t bytes = 0;
    for (::iovec const& part : r.chosen)
        bytes += part.iov_len;
    consume(r, static_cast<std::uint32_t>(r.chosen.size()), bytes);
}

void buffer_groups::consume(request& r, std::uint32_t buffers, std::uint64_t bytes) noexcept {
    r.has_chosen = choice::kept;
    if (provided_ring* const ring = ring_of(r))
        r.chosen_remains = ring->consume(buffers, bytes);
    else if (list* const provided = list_of(r); provided != nullptr && !provided->empty())
        provided->pop_front();
}

void buffer_groups::return_to_list(request& r) noexcept {
    list* const buffers = list_of(r);
    if (buffers == nullptr)
        return; // the group has become a ring meanwhile
    try {
        auto const address = reinterpret_cast<std::uintptr_t>(r.chosen.front().iov_base);
        buffers->push_front({address, r.chosen_list_bytes, r.chosen_id, 0});
    } catch (std::bad_alloc const&) {
        return; // as if it had been used
    }
}

/// The kernel keeps the choice of a read that it cannot poll for from the start. It only makes a
/// difference here, so only here the file is looked at.
bool buffer_groups::was_never_the_groups(request const& r, std::int32_t res) noexcept {
    if (r.chosen_list_bytes != 0 || !is_read(r))
        return false;
    provided_ring const* const ring = ring_of(r);
    return (res < 0 || (ring != nullptr && ring->is_incremental())) && has_blocks(r.fd);
}

std::uint32_t buffer_groups::commit(request& r, std::int32_t res) noexcept {
    if (r.has_chosen == choice::none)
        return 0;
    if (r.has_chosen == choice::shown && was_never_the_groups(r, res))
        keep(r);
    bool const of_list = r.chosen_list_bytes != 0;
    bool const shown = r.has_chosen == choice::shown;
    if (returns_unused(r, res, of_list) && (shown || of_list)) {
        if (!shown)
            return_to_list(r);
        forget(r);
        return 0;
    }
    if (shown)
        consume(r, count_filled(r, res), static_cast<std::uint64_t>(std::max(res, 0)));
    std::uint32_t flags = raw(abi::cqe_flag::buffer) | std::uint32_t{r.chosen_id}
                                                           << abi::cqe_buffer_shift;
    if (r.chosen_remains)
        flags |= raw(abi::cqe_flag::buf_more);
    forget(r);
    return flags;
}

void buffer_groups::recycle(request& r) noexcept {
    bool const is_list = r.has_chosen == choice::kept && r.chosen_list_bytes != 0;
    if (!is_list || is_read(r) || r.progress != 0)
        return;
    return_to_list(r);
    forget(r);
}

void buffer_groups::put_back(request& r) noexcept {
    if (r.has_chosen != choice::shown)
        return;
    // Part of an answer is in it already.
    if (r.progress != 0)
        keep(r);
    else
        forget(r);
}

} // namespace rondo::engine::emulation
