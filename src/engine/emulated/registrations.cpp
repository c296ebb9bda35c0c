// SPDX-License-Identifier: MIT
#include "registrations.hpp"

#include "arguments.hpp"
#include "calls.hpp"
#include "user_memory.hpp"

#include <rondo/abi/buffer_ring.hpp>
#include <rondo/abi/flags.hpp>
#include <rondo/abi/probe.hpp>

#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

namespace rondo::engine::emulation {
namespace {

/// Copies an argument that the program wrote: 0, or -EFAULT.
template <class T>
long fetch(void const* from, T& out) noexcept {
    static_assert(std::is_trivially_copyable_v<T>);
    if (from == nullptr || !is_mapped(from, sizeof out))
        return -EFAULT;
    std::memcpy(&out, from, sizeof out);
    return 0;
}

bool has_flag(abi::rsrc_register const& what, abi::rsrc_register_flag flag) noexcept {
    return (what.flags & raw(flag)) != 0;
}

/// files2 and buffers2. A null address makes empty slots, as sparse does.
template <class Element, class Table>
long enrol(Table& table, void const* arg, std::uint32_t nr) noexcept {
    abi::rsrc_register what{};
    if (nr != sizeof what)
        return -EINVAL;
    if (long const failure = fetch(arg, what); failure != 0)
        return failure;
    bool const sparse = has_flag(what, abi::rsrc_register_flag::sparse);
    if (what.nr == 0 || what.resv2 != 0 ||
        (what.flags & ~raw(abi::rsrc_register_flag::sparse)) != 0 || (sparse && what.data != 0))
        return -EINVAL;
    return table.enrol(pointer_to<Element const>(what.data), what.nr,
                       pointer_to<std::uint64_t const>(what.tags));
}

/// files_update2 and buffers_update.
template <class Element, class Table>
long update(Table& table, void const* arg, std::uint32_t nr) noexcept {
    abi::rsrc_update2 what{};
    if (nr != sizeof what)
        return -EINVAL;
    if (long const failure = fetch(arg, what); failure != 0)
        return failure;
    if (what.nr == 0 || what.resv != 0 || what.resv2 != 0)
        return -EINVAL;
    return table.update(what.offset, pointer_to<Element const>(what.data), what.nr,
                        pointer_to<std::uint64_t const>(what.tags));
}

long update_files_of_old(file_table& files, void const* arg, std::uint32_t nr) noexcept {
    abi::files_update what{};
    if (nr == 0)
        return -EINVAL;
    if (long const failure = fetch(arg, what); failure != 0)
        return failure;
    if (what.resv != 0)
        return -EINVAL;
    return files.update(what.offset, pointer_to<std::int32_t const>(what.fds), nr, nullptr);
}

long set_range(file_table& files, void const* arg, std::uint32_t nr) noexcept {
    abi::file_index_range what{};
    if (arg == nullptr || nr != 0)
        return -EINVAL;
    if (long const failure = fetch(arg, what); failure != 0)
        return failure;
    std::uint32_t end = 0;
    if (__builtin_add_overflow(what.off, what.len, &end))
        return -EOVERFLOW;
    return what.resv != 0 ? -EINVAL : files.set_range(what.off, what.len);
}

/// Operations that take one struct and say so by a count of 1.
template <class Argument>
long fetch_only(void const* arg, std::uint32_t nr, Argument& out) noexcept {
    return arg == nullptr || nr != 1 ? -EINVAL : fetch(arg, out);
}

long register_group(buffer_groups& groups, bool ends, void const* arg, std::uint32_t nr) noexcept {
    abi::buf_reg what{};
    if (long const failure = fetch_only(arg, nr, what); failure != 0)
        return failure;
    return ends ? groups.unregister(what) : groups.enrol(what);
}

long tell_status(buffer_groups const& groups, void* arg, std::uint32_t nr) noexcept {
    abi::buf_status what{};
    if (long const failure = fetch_only(arg, nr, what); failure != 0)
        return failure;
    if (long const failure = groups.status(what); failure != 0)
        return failure;
    std::memcpy(arg, &what, sizeof what);
    return 0;
}

} // namespace

long register_tables(file_table& files, buffer_table& buffers, buffer_groups& groups,
                     std::uint32_t operation, void* arg, std::uint32_t nr) noexcept {
    bool const given = arg != nullptr || nr != 0;
    switch (static_cast<abi::register_op>(operation)) {
    case abi::register_op::buffers:
        return arg == nullptr ? -EFAULT
                              : buffers.enrol(static_cast<::iovec const*>(arg), nr, nullptr);
    case abi::register_op::unregister_buffers: return given ? -EINVAL : buffers.unregister();
    case abi::register_op::files:
        return arg == nullptr ? -EFAULT
                              : files.enrol(static_cast<std::int32_t const*>(arg), nr, nullptr);
    case abi::register_op::unregister_files: return given ? -EINVAL : files.unregister();
    case abi::register_op::files_update: return update_files_of_old(files, arg, nr);
    case abi::register_op::files2: return enrol<std::int32_t>(files, arg, nr);
    case abi::register_op::files_update2: return update<std::int32_t>(files, arg, nr);
    case abi::register_op::buffers2: return enrol<::iovec>(buffers, arg, nr);
    case abi::register_op::buffers_update: return update<::iovec>(buffers, arg, nr);
    case abi::register_op::file_alloc_range: return set_range(files, arg, nr);
    case abi::register_op::pbuf_ring: return register_group(groups, false, arg, nr);
    case abi::register_op::unregister_pbuf_ring: return register_group(groups, true, arg, nr);
    case abi::register_op::pbuf_status: return tell_status(groups, arg, nr);
    default: return not_mine;
    }
}

long read_clone_buffers(buffer_table const& into, void const* arg, std::uint32_t nr,
                        abi::clone_buffers& out) noexcept {
    if (long const failure = fetch_only(arg, nr, out); failure != 0)
        return failure;
    std::uint32_t const replace = raw(abi::clone_buffers_flag::dst_replace);
    if ((out.flags & ~(replace | raw(abi::clone_buffers_flag::src_registered))) != 0)
        return -EINVAL;
    if ((out.flags & replace) == 0 && into.exists())
        return -EBUSY;
    return all_zero(out.pad) ? 0 : -EINVAL;
}

std::int32_t check_files_update(abi::sqe const& entry) noexcept {
    auto const refused = static_cast<std::uint8_t>(raw(abi::sqe_flag::fixed_file) |
                                                   raw(abi::sqe_flag::buffer_select));
    bool const odd = (entry.flags & refused) != 0 || entry.rw_flags != 0 || entry.splice_fd_in != 0;
    return odd || entry.len == 0 ? -EINVAL : 0;
}

std::int32_t update_files(file_table& files, abi::sqe const& entry) noexcept {
    // The kernel takes the lower half of the offset only.
    auto const first = static_cast<std::uint32_t>(entry.off);
    auto* const fds = pointer_to<std::int32_t>(entry.addr);
    return static_cast<std::int32_t>(first == abi::file_index_alloc
                                         ? files.update_anywhere(fds, entry.len)
                                         : files.update(first, fds, entry.len, nullptr));
}

std::uint32_t count_opcodes(std::function<bool(std::uint8_t opcode)> const& has) noexcept {
    std::uint32_t count = 0;
    for (std::uint32_t i = 0; i < 256; ++i)
        if (has(static_cast<std::uint8_t>(i)))
            count = i + 1;
    return count;
}

long answer_probe(void* arg, std::uint32_t nr,
                  std::function<bool(std::uint8_t opcode)> const& has) noexcept {
    if (arg == nullptr || nr > 256)
        return -EINVAL;
    std::size_t const bytes = sizeof(abi::probe) + nr * sizeof(abi::probe_op);
    if (!is_mapped(arg, bytes))
        return -EFAULT;
    if (!all_zero(std::span(static_cast<unsigned char const*>(arg), bytes)))
        return -EINVAL;
    std::uint32_t const known = count_opcodes(has);
    std::uint32_t const told = std::min(nr, known);
    abi::probe_table answer{};
    answer.head.last_op = static_cast<std::uint8_t>(known - 1);
    answer.head.ops_len = static_cast<std::uint8_t>(told);
    for (std::uint32_t i = 0; i < told; ++i) {
        answer.ops[i].op = static_cast<std::uint8_t>(i);
        if (has(static_cast<std::uint8_t>(i)))
            answer.ops[i].flags = raw(abi::probe_op_flag::supported);
    }
    std::memcpy(arg, &answer, bytes);
    return 0;
}

} // namespace rondo::engine::emulation
