// SPDX-License-Identifier: MIT
#pragma once

// Operations on rings themselves: doing nothing, the tables of registered files, groups of provided
// buffers, and messages to other rings. Value types; any thread.

#include <rondo/abi/flags.hpp>
#include <rondo/abi/sqe.hpp>
#include <rondo/op/operation.hpp>
#include <rondo/op/slot.hpp>
#include <rondo/op/target.hpp>
#include <rondo/op/transfer.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace rondo::op {

/// Does nothing, and completes at once. io_uring_enter(2). Linux 5.1; flags 6.10 and later. Value:
/// `result` with nop_flag::inject_result, else 0.
struct nop {
    using value_type = std::int32_t;
    static constexpr abi::opcode code = abi::opcode::nop;
    static constexpr about facts{"nop", "io_uring_enter(2)", "5.1", "the injected result, or 0"};

    abi::nop_flag flags = {};
    std::int32_t result = 0;         ///< with inject_result; an error if negative. Linux 6.10
    fd_ref fd = -1;                  ///< with file: looked up and let go; a slot too. Linux 6.13
    std::uint16_t buffer = 0;        ///< with fixed_buffer: index, looked up likewise. Linux 6.13
    std::uint64_t extra[2] = {0, 0}; ///< with cqe32: the second half of the CQE. Linux 6.18

    void prep(abi::sqe& s) const noexcept {
        s.fd = fd.value();
        s.off = extra[0];
        s.addr = extra[1];
        s.len = static_cast<std::uint32_t>(result);
        s.nop_flags = raw(fd.is_slot() ? flags | abi::nop_flag::fixed_file : flags);
        s.buf_index = buffer;
    }
};

/// The same in an SQE of 128 bytes, for rings that mix both sizes. io_uring_enter(2). Linux 6.19.
/// Value: `result` with nop_flag::inject_result, else 0.
struct nop128 {
    using value_type = std::int32_t;
    static constexpr abi::opcode code = abi::opcode::nop128;
    static constexpr about facts{"nop128", "io_uring_enter(2)", "6.19",
                                 "the injected result, or 0"};
    static constexpr bool wide = true;

    abi::nop_flag flags = {};
    std::int32_t result = 0;         ///< with inject_result; an error if negative
    fd_ref fd = -1;                  ///< with file: looked up and let go; a slot too
    std::uint16_t buffer = 0;        ///< with fixed_buffer: index, looked up likewise
    std::uint64_t extra[2] = {0, 0}; ///< with cqe32: the second half of the CQE

    void prep(abi::sqe128& s) const noexcept {
        nop{flags, result, fd, buffer, {extra[0], extra[1]}}.prep(s.head);
    }
};

/// "Wherever there is room": files_update fills free slots and writes down which.
struct any_slots {};

/// Changes slots of the registered table. io_uring_register(2). Linux 5.6; any_slots 5.19. Value:
/// how many slots were changed, in order, before the first error.
///
/// A descriptor of -1 empties a slot, -2 (IORING_REGISTER_FILES_SKIP, 5.12) leaves it. `fds` must
/// live until the final CQE; with any_slots they are replaced by the slots' indices. The table
/// keeps the files open by itself.
template <class First = std::uint32_t>
struct files_update {
    static constexpr bool anywhere = std::is_same_v<First, any_slots>;
    static_assert(anywhere || std::is_same_v<First, std::uint32_t>);

    using value_type = std::size_t;
    static constexpr abi::opcode code = abi::opcode::files_update;
    static constexpr about facts{"files_update", "io_uring_register(2)", anywhere ? "5.19" : "5.6",
                                 "slots changed"};

    std::span<std::conditional_t<anywhere, int, int const>> fds;
    First first; ///< index of the first slot to change, or any_slots

    void prep(abi::sqe& s) const noexcept {
        s.fd = -1;
        set_memory(s, fds.data(), clamped(fds.size()));
        if constexpr (anywhere)
            s.off = abi::file_index_alloc;
        else
            s.off = first;
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit(static_cast<void const*>(fds.data()), fds.size_bytes(),
              anywhere ? access::writes : access::reads);
    }
};
template <class Fds, class First>
files_update(Fds&&, First&&)
    -> files_update<std::conditional_t<std::is_same_v<std::remove_cvref_t<First>, any_slots>,
                                       any_slots, std::uint32_t>>;

/// Makes a descriptor of the process out of a registered slot. dup(2). Linux 6.8. Value: the new
/// descriptor. The slot stays filled. EBADF: the slot is empty.
struct fixed_fd_install {
    using value_type = unique_fd;
    static constexpr abi::opcode code = abi::opcode::fixed_fd_install;
    static constexpr about facts{"fixed_fd_install", "dup(2)", "6.8", "unique_fd"};

    std::uint32_t slot; ///< index in the registered table
    bool close_on_exec = true;

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd_ref::slot(slot));
        s.install_fd_flags =
            raw(close_on_exec ? abi::install_fd_flag{} : abi::install_fd_flag::no_cloexec);
    }
};

/// Adds buffers to a group, the old way: a buffer ring costs less. Linux 5.7. Value: none.
///
/// `data` are `count` buffers of `size` bytes each, one behind the other. Each is the kernel's
/// until a completion names it. E2BIG, EINVAL: too many, or ids above 65535.
struct provide_buffers {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::provide_buffers;
    static constexpr about facts{"provide_buffers", "io_uring_prep_provide_buffers(3)", "5.7",
                                 "none"};

    void* data;
    std::uint32_t size;  ///< bytes of each buffer
    std::uint32_t count; ///< buffers, at most 65536
    std::uint16_t group;
    std::uint16_t first_id = 0; ///< the others count up from it

    void prep(abi::sqe& s) const noexcept {
        s.fd = static_cast<std::int32_t>(count);
        set_memory(s, data, size);
        s.off = first_id;
        s.buf_group = group;
    }
};

/// Takes back buffers that provide_buffers added and no operation took. Linux 5.7. Value: how many.
/// ENOENT: no such group.
struct remove_buffers {
    using value_type = std::uint32_t;
    static constexpr abi::opcode code = abi::opcode::remove_buffers;
    static constexpr about facts{"remove_buffers", "io_uring_prep_remove_buffers(3)", "5.7",
                                 "buffers removed"};

    std::uint32_t count; ///< at most so many
    std::uint16_t group;

    void prep(abi::sqe& s) const noexcept {
        s.fd = static_cast<std::int32_t>(count);
        s.buf_group = group;
    }
};

using control_operations = operations<nop, nop128, files_update<>, files_update<any_slots>,
                                      fixed_fd_install, provide_buffers, remove_buffers>;

} // namespace rondo::op
