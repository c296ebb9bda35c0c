// SPDX-License-Identifier: MIT
#pragma once

// Extended attributes of files, named by a descriptor or by a path. Names, paths and values to set
// are copied when the SQE is taken and must live until the operation is submitted; memory for
// values to get must live until the final CQE. Value types; any thread.

#include <rondo/op/bytes.hpp>
#include <rondo/op/operation.hpp>
#include <rondo/op/path.hpp>
#include <rondo/op/target.hpp>
#include <rondo/op/transfer.hpp>

#include <cstddef>
#include <cstdint>

namespace rondo::op {

/// The name and the value: addr2 is the memory, len its size.
[[gnu::always_inline]] inline void set_attribute(abi::sqe& s, char const* name, void const* memory,
                                                 std::size_t size) noexcept {
    set_memory(s, name, clamped(size));
    s.addr2 = reinterpret_cast<std::uintptr_t>(memory);
}

/// fsetxattr(2). Linux 5.19. Value: none.
struct fsetxattr {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::fsetxattr;
    static constexpr about facts{"fsetxattr", "fsetxattr(2)", "5.19", "none"};

    fd_ref fd;
    char const* name; ///< with its namespace: "user.mime_type"
    const_bytes from; ///< the value
    int flags = 0;    ///< XATTR_CREATE or XATTR_REPLACE; 0: whichever it is

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        set_attribute(s, name, from.data(), from.size());
        s.xattr_flags = static_cast<std::uint32_t>(flags);
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_path(visit, name);
        visit_buffer(visit, from, access::reads_until_submitted);
    }
};

/// setxattr(2). Linux 5.19. Value: none. A symbolic link is followed; a relative path starts at the
/// working directory.
struct setxattr {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::setxattr;
    static constexpr about facts{"setxattr", "setxattr(2)", "5.19", "none"};

    char const* path;
    char const* name; ///< with its namespace: "user.mime_type"
    const_bytes from; ///< the value
    int flags = 0;    ///< XATTR_CREATE or XATTR_REPLACE; 0: whichever it is

    void prep(abi::sqe& s) const noexcept {
        s.fd = -1;
        set_attribute(s, name, from.data(), from.size());
        s.xattr_flags = static_cast<std::uint32_t>(flags);
        s.addr3 = reinterpret_cast<std::uintptr_t>(path);
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_path(visit, path);
        visit_path(visit, name);
        visit_buffer(visit, from, access::reads_until_submitted);
    }
};

/// fgetxattr(2). Linux 5.19. Value: bytes of the attribute's value, written to `into`; with an
/// empty `into`, how many there are. ERANGE when they do not fit.
struct fgetxattr {
    using value_type = std::size_t;
    static constexpr abi::opcode code = abi::opcode::fgetxattr;
    static constexpr about facts{"fgetxattr", "fgetxattr(2)", "5.19", "size of the value"};
    static constexpr bool restartable = true;

    fd_ref fd;
    char const* name; ///< with its namespace: "user.mime_type"
    mutable_bytes into;

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        set_attribute(s, name, into.data(), into.size());
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_path(visit, name);
        visit_buffer(visit, into, access::writes);
    }
};

/// getxattr(2). Linux 5.19. Value: as that of fgetxattr. A symbolic link is followed; a relative
/// path starts at the working directory.
struct getxattr {
    using value_type = std::size_t;
    static constexpr abi::opcode code = abi::opcode::getxattr;
    static constexpr about facts{"getxattr", "getxattr(2)", "5.19", "size of the value"};
    static constexpr bool restartable = true;

    char const* path;
    char const* name; ///< with its namespace: "user.mime_type"
    mutable_bytes into;

    void prep(abi::sqe& s) const noexcept {
        s.fd = -1;
        set_attribute(s, name, into.data(), into.size());
        s.addr3 = reinterpret_cast<std::uintptr_t>(path);
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        visit_path(visit, path);
        visit_path(visit, name);
        visit_buffer(visit, into, access::writes);
    }
};

} // namespace rondo::op
