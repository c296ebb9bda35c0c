// SPDX-License-Identifier: MIT
#pragma once

// What the operations that move bytes have in common: positions, lengths, how each kind of buffer
// is written into an SQE, and how a buffer that the kernel chose becomes a lease. Pure functions
// of their arguments: any thread.

#include <rondo/abi/bits.hpp>
#include <rondo/abi/cqe.hpp>
#include <rondo/abi/flags.hpp>
#include <rondo/abi/sqe.hpp>
#include <rondo/op/bytes.hpp>
#include <rondo/op/lease.hpp>
#include <rondo/op/operation.hpp>

#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace rondo::op {

/// As an offset: where the file's own position is, which then moves on, as read(2) does it. Also
/// what pipes, sockets and terminals want, which have no other. Linux 5.6
inline constexpr std::uint64_t current_position = ~std::uint64_t{0};

/// The most bytes that one transfer moves, 2 GiB less a page: the kernel's own limit. Asking for
/// more is allowed and moves less, as in read(2).
inline constexpr std::size_t max_transfer = 0x7fff'f000;

/// A length or a count as sqe.len holds it, cut to max_transfer.
[[nodiscard, gnu::always_inline]] constexpr std::uint32_t clamped(std::size_t size) noexcept {
    return static_cast<std::uint32_t>(size < max_transfer ? size : max_transfer);
}

[[gnu::always_inline]] inline void set_buffer(abi::sqe& s, mutable_bytes b) noexcept {
    set_memory(s, b.data(), clamped(b.size()));
}
[[gnu::always_inline]] inline void set_buffer(abi::sqe& s, const_bytes b) noexcept {
    set_memory(s, b.data(), clamped(b.size()));
}
[[gnu::always_inline]] inline void set_buffer(abi::sqe& s, iovecs b) noexcept {
    set_memory(s, b.data(), clamped(b.size()));
}
[[gnu::always_inline]] inline void set_buffer(abi::sqe& s, registered_bytes const& b) noexcept {
    set_memory(s, b.data, clamped(b.size));
    s.buf_index = b.index;
}
[[gnu::always_inline]] inline void set_buffer(abi::sqe& s, registered_iovecs const& b) noexcept {
    set_memory(s, b.parts.data(), clamped(b.parts.size()));
    s.buf_index = b.index;
}
[[gnu::always_inline]] inline void set_buffer(abi::sqe& s, buffer_source const& b) noexcept {
    s.flags |= static_cast<std::uint8_t>(abi::sqe_flag::buffer_select);
    s.len = b.limit;
    s.buf_group = b.group;
}

/// Attributes of a read or write; protection information is the one kind there is.
[[gnu::always_inline]] inline void set_protection(abi::sqe& s,
                                                  abi::attr_pi const* protection) noexcept {
    if (protection != nullptr) {
        s.attr_ptr = reinterpret_cast<std::uintptr_t>(protection);
        s.attr_type_mask = raw(abi::rw_attr_flag::pi);
    }
}

/// Reports a buffer to an operation's memory(visit). What the kernel chooses is the pool's affair.
template <class Visit, class Buffer>
inline void visit_buffer(Visit& visit, Buffer const& b, access how) {
    if constexpr (std::is_same_v<Buffer, iovecs>) {
        visit(static_cast<void const*>(b.data()), b.size_bytes(), access::reads_until_submitted);
        for (::iovec const& part : b)
            visit(static_cast<void const*>(part.iov_base), part.iov_len, how);
    } else if constexpr (std::is_same_v<Buffer, registered_iovecs>) {
        visit_buffer(visit, b.parts, how);
    } else if constexpr (std::is_same_v<Buffer, registered_bytes>) {
        visit(static_cast<void const*>(b.data), b.size, how);
    } else if constexpr (!std::is_same_v<Buffer, buffer_source>) {
        visit(static_cast<void const*>(b.data()), b.size(), how);
    }
}

template <class Visit>
inline void visit_protection(Visit& visit, abi::attr_pi const* protection, access how) {
    if (protection == nullptr)
        return;
    visit(static_cast<void const*>(protection), sizeof *protection, access::reads_until_submitted);
    visit(reinterpret_cast<void const*>(static_cast<std::uintptr_t>(protection->addr)),
          std::size_t{protection->len}, how);
}

/// The kinds of buffer a file is read into and written from.
template <class T, class Plain>
concept transfer_buffer = std::same_as<T, Plain> || std::same_as<T, iovecs> ||
                          std::same_as<T, registered_bytes> || std::same_as<T, registered_iovecs> ||
                          (std::same_as<T, buffer_source> && std::same_as<Plain, mutable_bytes>);

/// The buffer type that an operation keeps of what it was given: bytes in any container are a
/// `Plain`, vectors of iovec are iovecs, and what names its kind stays that kind.
template <class Plain, class Given>
constexpr auto buffer_kind_of() noexcept {
    using given = std::remove_cvref_t<Given>;
    if constexpr (transfer_buffer<given, Plain>)
        return std::type_identity<given>{};
    else if constexpr (std::convertible_to<Given, Plain>)
        return std::type_identity<Plain>{};
    else if constexpr (std::convertible_to<Given, iovecs>)
        return std::type_identity<iovecs>{};
    else if constexpr (std::convertible_to<Given, registered_bytes>)
        return std::type_identity<registered_bytes>{};
    else if constexpr (std::convertible_to<Given, buffer_source>)
        return std::type_identity<buffer_source>{};
    else
        return std::type_identity<Plain>{};
}
template <class Plain, class Given>
using buffer_kind = typename decltype(buffer_kind_of<Plain, Given>())::type;

/// What a completion means to an operation that let the kernel choose the buffer. A failed one may
/// have used up a buffer too; that goes back to its pool here. At end of file there may be none.
/// The one place where a pool hears of those that it starved.
template <class Op, class Source>
[[nodiscard]] inline result<buffer_lease> leased_value(Source const& source,
                                                       abi::cqe const& c) noexcept {
    if (!abi::has(c, abi::cqe_flag::buffer)) {
        if (c.res < 0) [[unlikely]] {
            if (c.res == -ENOBUFS)
                source.starved();
            return failure<Op>(c);
        }
        return buffer_lease();
    }
    buffer_lease lease = source.adopt(c);
    if (c.res < 0) [[unlikely]]
        return failure<Op>(c);
    return lease;
}

} // namespace rondo::op
