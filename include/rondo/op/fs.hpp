// SPDX-License-Identifier: MIT
#pragma once

// Names in file systems: what is behind them, renaming, removing, making and linking them. Paths
// are copied when the SQE is taken, so they must live until the operation is submitted. Value
// types; any thread.

#include <rondo/op/open.hpp>
#include <rondo/op/operation.hpp>
#include <rondo/op/path.hpp>
#include <rondo/op/xattr.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdint>

namespace rondo::op {

/// The second of two paths, and the directory where it starts.
[[gnu::always_inline]] inline void set_second_path(abi::sqe& s, char const* path,
                                                   directory_ref directory) noexcept {
    s.addr2 = reinterpret_cast<std::uintptr_t>(path);
    s.len = static_cast<std::uint32_t>(directory.value());
}

/// statx(2). Linux 5.6. Value: none; `*into` is filled.
///
/// `*into` must live until the final CQE, the path until the operation is submitted. For an open
/// file: `{.path = "", .into = &s, .directory = fd, .flags = AT_EMPTY_PATH}`.
struct statx {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::statx;
    static constexpr about facts{"statx", "statx(2)", "5.6", "none"};
    static constexpr bool restartable = true;

    char const* path;
    struct ::statx* into;
    std::uint32_t mask = STATX_BASIC_STATS; ///< STATX_: which members to fill
    directory_ref directory = {};           ///< where a relative path starts
    int flags = 0;                          ///< AT_

    void prep(abi::sqe& s) const noexcept {
        s.fd = directory.value();
        set_memory(s, path, mask);
        s.addr2 = reinterpret_cast<std::uintptr_t>(into);
        s.statx_flags = static_cast<std::uint32_t>(flags);
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_path(visit, path);
        visit(static_cast<void const*>(into), sizeof *into, access::writes);
    }
};

/// renameat2(2). Linux 5.11. Value: none.
struct renameat {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::renameat;
    static constexpr about facts{"renameat", "renameat2(2)", "5.11", "none"};

    char const* from;
    char const* to;
    unsigned flags = 0;                ///< RENAME_
    directory_ref from_directory = {}; ///< where a relative `from` starts
    directory_ref to_directory = {};   ///< where a relative `to` starts

    void prep(abi::sqe& s) const noexcept {
        s.fd = from_directory.value();
        s.addr = reinterpret_cast<std::uintptr_t>(from);
        set_second_path(s, to, to_directory);
        s.rename_flags = flags;
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_path(visit, from);
        visit_path(visit, to);
    }
};

/// unlinkat(2). Linux 5.11. Value: none.
struct unlinkat {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::unlinkat;
    static constexpr about facts{"unlinkat", "unlinkat(2)", "5.11", "none"};

    char const* path;
    int flags = 0;                ///< AT_REMOVEDIR for a directory
    directory_ref directory = {}; ///< where a relative path starts

    void prep(abi::sqe& s) const noexcept {
        s.fd = directory.value();
        s.addr = reinterpret_cast<std::uintptr_t>(path);
        s.unlink_flags = static_cast<std::uint32_t>(flags);
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_path(visit, path);
    }
};

/// mkdirat(2). Linux 5.15. Value: none.
struct mkdirat {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::mkdirat;
    static constexpr about facts{"mkdirat", "mkdirat(2)", "5.15", "none"};

    char const* path;
    ::mode_t mode = 0777;         ///< the umask applies
    directory_ref directory = {}; ///< where a relative path starts

    void prep(abi::sqe& s) const noexcept {
        s.fd = directory.value();
        set_memory(s, path, mode);
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_path(visit, path);
    }
};

/// symlinkat(2). Linux 5.15. Value: none.
struct symlinkat {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::symlinkat;
    static constexpr about facts{"symlinkat", "symlinkat(2)", "5.15", "none"};

    char const* target;           ///< what the link says; need not exist
    char const* path;             ///< of the new link
    directory_ref directory = {}; ///< where a relative `path` starts

    void prep(abi::sqe& s) const noexcept {
        s.fd = directory.value();
        s.addr = reinterpret_cast<std::uintptr_t>(target);
        s.addr2 = reinterpret_cast<std::uintptr_t>(path);
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_path(visit, target);
        visit_path(visit, path);
    }
};

/// linkat(2). Linux 5.15. Value: none.
struct linkat {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::linkat;
    static constexpr about facts{"linkat", "linkat(2)", "5.15", "none"};

    char const* from;                  ///< the file that gets another name
    char const* to;                    ///< the new name
    int flags = 0;                     ///< AT_SYMLINK_FOLLOW, AT_EMPTY_PATH
    directory_ref from_directory = {}; ///< where a relative `from` starts
    directory_ref to_directory = {};   ///< where a relative `to` starts

    void prep(abi::sqe& s) const noexcept {
        s.fd = from_directory.value();
        s.addr = reinterpret_cast<std::uintptr_t>(from);
        set_second_path(s, to, to_directory);
        s.hardlink_flags = static_cast<std::uint32_t>(flags);
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_path(visit, from);
        visit_path(visit, to);
    }
};

using fs_operations = operations<openat<>, openat<slot_source>, openat2<>, openat2<slot_source>,
                                 close, statx, renameat, unlinkat, mkdirat, symlinkat, linkat,
                                 fsetxattr, setxattr, fgetxattr, getxattr>;

} // namespace rondo::op
