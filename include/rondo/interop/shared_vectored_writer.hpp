// SPDX-License-Identifier: MIT
#pragma once

// shared_vectored_writer: a vectored_writer for any number of threads. What one append adds stays
// together, whoever else appends; several by with_lock() too. A flush holds the lock, so appends
// wait for it.
//
//     shared_vectored_writer log(vectored_writer::create(fd).or_throw("log"));
//     log.append_copy(line).or_throw("log");     // any thread
//
// Memory that is only borrowed must live until it is written, which any thread's flush or append
// may do: it is certain when a flush that began after the append has succeeded. Own, or copy.

#include <rondo/interop/vectored_writer.hpp>

#include <sys/uio.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

namespace rondo {

/// See the top of this file. Neither copied nor moved. The functions are vectored_writer's.
class shared_vectored_writer {
public:
    explicit shared_vectored_writer(vectored_writer writer) noexcept : writer_(std::move(writer)) {}
    shared_vectored_writer(shared_vectored_writer&&) = delete;

    result<std::size_t> append(const_bytes piece) noexcept {
        std::lock_guard const guard(lock_);
        return writer_.append(piece);
    }
    result<std::size_t> append(iovecs pieces) noexcept {
        std::lock_guard const guard(lock_);
        return writer_.append(pieces);
    }
    template <std::same_as<::iovec> Part>
    result<std::size_t> append(Part const& piece) noexcept {
        return append(iovecs(&piece, 1));
    }
    template <owned_bytes Own>
    result<std::size_t> append(Own&& piece) noexcept {
        std::lock_guard const guard(lock_);
        return writer_.append(std::move(piece));
    }
    template <short_lived_bytes R>
    result<std::size_t> append(R&& gone_before_the_flush) = delete;
    result<std::size_t> append_copy(const_bytes piece) noexcept {
        std::lock_guard const guard(lock_);
        return writer_.append_copy(piece);
    }
    result<std::size_t> flush() noexcept {
        std::lock_guard const guard(lock_);
        return writer_.flush();
    }
    [[nodiscard]] std::size_t pending_bytes() const noexcept {
        std::lock_guard const guard(lock_);
        return writer_.pending_bytes();
    }
    [[nodiscard]] unwritten_pieces take_back() noexcept {
        std::lock_guard const guard(lock_);
        return writer_.take_back();
    }
    [[nodiscard]] std::uint64_t written() const noexcept {
        std::lock_guard const guard(lock_);
        return writer_.written();
    }

    /// Calls `change(vectored_writer&)` while no other thread gets to the writer, and returns what
    /// it returns. Calling this object from there would wait for ever.
    template <class Change>
    decltype(auto) with_lock(Change&& change) {
        std::lock_guard const guard(lock_);
        return std::forward<Change>(change)(writer_);
    }

private:
    mutable std::mutex lock_;
    vectored_writer writer_;
};

} // namespace rondo
