// SPDX-License-Identifier: MIT
#pragma once

// Opening and closing, as descriptors of the process or as slots of the ring's registered table.
// Value types; any thread.

#include <rondo/op/destination.hpp>
#include <rondo/op/operation.hpp>
#include <rondo/op/path.hpp>
#include <rondo/op/target.hpp>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/types.h>

#include <cstdint>

namespace rondo::op {

/// openat(2). Linux 5.6; into a slot 5.15, into one that the kernel chooses 5.19. Value: the open
/// file, a unique_fd or with a slot_source an owned_slot.
///
/// The path must live until the operation is submitted. What a named slot held is replaced.
/// Errors beside openat(2)'s: ENFILE when no slot is free, ENXIO without a registered table.
template <class As = plain_descriptor>
struct openat {
    static_assert(file_destination<As>);
    static constexpr bool into_slot = is_slot_source<As>;

    using value_type = owner_of<As>;
    static constexpr abi::opcode code = abi::opcode::openat;
    static constexpr about facts{"openat", "openat(2)", into_slot ? "5.15" : "5.6",
                                 into_slot ? "owned_slot" : "unique_fd"};
    static constexpr bool restartable = true;

    char const* path;
    int flags = O_RDONLY | O_CLOEXEC; ///< O_; O_CLOEXEC is dropped for a slot, which knows none
    ::mode_t mode = 0666;             ///< of a file that is created; the umask applies
    directory_ref directory = {};     ///< where a relative path starts
    As as = {};

    void prep(abi::sqe& s) const noexcept {
        s.fd = directory.value();
        set_memory(s, path, mode);
        s.open_flags = static_cast<std::uint32_t>(into_slot ? flags & ~O_CLOEXEC : flags);
        set_destination(s, as);
    }
    static result<value_type> value(openat const& o, abi::cqe const& c) noexcept {
        return opened_value<openat>(o.as, c);
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_path(visit, path);
    }
};

/// openat2(2). Linux 5.6; into a slot 5.15, into one that the kernel chooses 5.19. Value: the open
/// file, a unique_fd or with a slot_source an owned_slot.
///
/// `how` is part of the operation and so one thing less for the caller to keep alive; in return the
/// operation is pinned until it is submitted, and so is the path. Errors beside openat2(2)'s:
/// EINVAL for O_CLOEXEC with a slot, ENFILE when no slot is free, ENXIO without a registered table.
template <class As = plain_descriptor>
struct openat2 {
    static_assert(file_destination<As>);
    static constexpr bool into_slot = is_slot_source<As>;

    using value_type = owner_of<As>;
    static constexpr abi::opcode code = abi::opcode::openat2;
    static constexpr about facts{"openat2", "openat2(2)", into_slot ? "5.15" : "5.6",
                                 into_slot ? "owned_slot" : "unique_fd"};
    static constexpr bool restartable = true;
    static constexpr bool pinned = true;

    char const* path;
    ::open_how how;               ///< O_ flags, mode (0 unless creating) and RESOLVE_ flags
    directory_ref directory = {}; ///< where a relative path starts
    As as = {};

    void prep(abi::sqe& s) const noexcept {
        s.fd = directory.value();
        set_memory(s, path, sizeof how);
        s.addr2 = reinterpret_cast<std::uintptr_t>(&how);
        set_destination(s, as);
    }
    static result<value_type> value(openat2 const& o, abi::cqe const& c) noexcept {
        return opened_value<openat2>(o.as, c);
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_path(visit, path);
        visit(static_cast<void const*>(&how), sizeof how, access::reads_until_submitted);
    }
};

/// close(2). Linux 5.6; of a slot 5.15. Value: none.
///
/// Whoever owned the descriptor or slot must have let go of it: `op::close{.fd = file.release()}`.
/// It is gone whatever close(2) says of the data (EIO, EDQUOT, EINTR), but not after EBADF or
/// ECANCELED. Operations that still use the file keep it open. Rings are refused: EBADF.
struct close {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::close;
    static constexpr about facts{"close", "close(2)", "5.6", "none"};

    fd_ref fd;

    void prep(abi::sqe& s) const noexcept {
        if (fd.is_slot())
            s.file_index = static_cast<std::uint32_t>(fd.value()) + 1;
        else
            s.fd = fd.value();
    }
};

} // namespace rondo::op
