// SPDX-License-Identifier: MIT
#pragma once

// Pipes, and moving bytes through them without copying them to the process. Value types; any
// thread.

#include <rondo/abi/bits.hpp>
#include <rondo/abi/flags.hpp>
#include <rondo/core/fd.hpp>
#include <rondo/op/destination.hpp>
#include <rondo/op/operation.hpp>
#include <rondo/op/target.hpp>
#include <rondo/op/transfer.hpp>

#include <fcntl.h>

#include <cstddef>
#include <cstdint>

namespace rondo::op {

/// Where bytes come from: a field of its own beside the target, with a flag of its own.
[[gnu::always_inline]] inline void set_source(abi::sqe& s, fd_ref from, unsigned flags) noexcept {
    s.splice_fd_in = from.value();
    s.splice_flags = from.is_slot() ? flags | raw(abi::splice_flag::fd_in_fixed) : flags;
}

/// splice(2). Linux 5.7. Value: bytes moved, 0 at end of file. At least one of the two is a pipe;
/// it takes no position (ESPIPE). Always runs on a worker thread.
struct splice {
    using value_type = std::size_t;
    static constexpr abi::opcode code = abi::opcode::splice;
    static constexpr about facts{"splice", "splice(2)", "5.7", "bytes moved"};
    static constexpr bool restartable = true;

    fd_ref from;
    fd_ref to;
    std::size_t size;                         ///< bytes at most, max_transfer if more
    std::uint64_t from_at = current_position; ///< bytes from the start of `from`
    std::uint64_t to_at = current_position;   ///< bytes from the start of `to`
    unsigned flags = 0;                       ///< SPLICE_F_

    void prep(abi::sqe& s) const noexcept {
        set_target(s, to);
        s.off = to_at;
        s.splice_off_in = from_at;
        s.len = clamped(size);
        set_source(s, from, flags);
    }
};

/// tee(2). Linux 5.8. Value: bytes duplicated, 0 when `from` is empty and its writers are gone.
/// Both are pipes; the bytes stay in `from`. Always runs on a worker thread.
struct tee {
    using value_type = std::size_t;
    static constexpr abi::opcode code = abi::opcode::tee;
    static constexpr about facts{"tee", "tee(2)", "5.8", "bytes duplicated"};
    static constexpr bool restartable = true;

    fd_ref from;
    fd_ref to;
    std::size_t size;   ///< bytes at most, max_transfer if more
    unsigned flags = 0; ///< SPLICE_F_

    void prep(abi::sqe& s) const noexcept {
        set_target(s, to);
        s.len = clamped(size);
        set_source(s, from, flags);
    }
};

/// The two ends of a new pipe.
template <class Owner>
struct pipe_ends {
    Owner read;
    Owner write;
};

/// pipe2(2). Linux 6.16. Value: the two ends, as unique_fds or with a slot_source as owned_slots.
///
/// The kernel writes the two numbers into `*into`, which must live until the value has been taken.
/// An explicit slot is the reading end's; the writing end's is the one after it.
template <class As = plain_descriptor>
struct pipe {
    static_assert(file_destination<As>);
    static constexpr bool into_slot = is_slot_source<As>;

    using value_type = pipe_ends<owner_of<As>>;
    static constexpr abi::opcode code = abi::opcode::pipe;
    static constexpr about facts{"pipe", "pipe2(2)", "6.16",
                                 into_slot ? "two owned_slots" : "two unique_fds"};

    int (*into)[2];
    int flags = O_CLOEXEC; ///< O_; O_CLOEXEC is dropped for slots, which know none
    As as = {};

    void prep(abi::sqe& s) const noexcept {
        s.addr = reinterpret_cast<std::uintptr_t>(into);
        s.pipe_flags = static_cast<std::uint32_t>(into_slot ? flags & ~O_CLOEXEC : flags);
        set_destination(s, as);
    }
    static result<value_type> value(pipe const& o, abi::cqe const& c) noexcept {
        if (c.res < 0) [[unlikely]]
            return failure<pipe>(c);
        return value_type{o.owner((*o.into)[0]), o.owner((*o.into)[1])};
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit(static_cast<void const*>(into), sizeof *into, access::writes);
    }

private:
    owner_of<As> owner(int number) const noexcept {
        if constexpr (into_slot)
            return {as.functions, as.table, static_cast<std::uint32_t>(number)};
        else
            return owner_of<As>(number);
    }
};

using splice_operations = operations<splice, tee, pipe<>, pipe<slot_source>>;

} // namespace rondo::op
