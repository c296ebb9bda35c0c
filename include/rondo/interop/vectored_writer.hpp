// SPDX-License-Identifier: MIT
#pragma once

// vectored_writer: gathers pieces that lie anywhere in memory, without copying them, and writes
// them together; to a file, a socket, a pipe, or whatever else has a descriptor.
//
//     auto out = vectored_writer::create(fd).or_throw("out");
//     out.append(head).or_throw("out");                  // stays the caller's until flush()
//     out.append(std::move(body)).or_throw("out");       // a std::string, now the writer's
//     out.append_copy(trailer).or_throw("out");          // the writer's own copy
//     std::size_t written = out.flush().or_throw("out");
//
// Nothing is lost: after an error all that is not written is still there, to be flushed again or
// taken back. One thread at a time; shared_vectored_writer is for many.

#include <rondo/core/result.hpp>
#include <rondo/interop/vectored_descriptor.hpp>
#include <rondo/op/bytes.hpp>
#include <rondo/op/target.hpp>

#include <sys/uio.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <list>
#include <ranges>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace rondo {

/// A container that can be handed over, by std::move or as a temporary.
template <class R>
concept owned_bytes = std::same_as<R, std::string> || std::same_as<R, std::vector<std::byte>>;

/// Any other container that would be gone before a flush, and its memory with it.
template <class R>
concept short_lived_bytes =
    byte_range<R> && std::ranges::range<R> && !std::is_lvalue_reference_v<R> &&
    !std::ranges::enable_borrowed_range<std::remove_cvref_t<R>> && !owned_bytes<R>;

/// What a writer had not written when it was taken back: the pieces in order, and the memory of
/// those that were the writer's own. Move-only.
class unwritten_pieces {
public:
    unwritten_pieces() noexcept = default;
    unwritten_pieces(unwritten_pieces&&) = default;
    unwritten_pieces& operator=(unwritten_pieces&&) = default;

    /// None is empty; the first may be the rest of one that was written in part. Good while this
    /// object lives, and while borrowed memory does.
    [[nodiscard]] iovecs pieces() const noexcept { return parts_; }
    /// Bytes in all of them.
    [[nodiscard]] std::size_t size() const noexcept;
    /// A copy of them all, one behind the other. Throws std::bad_alloc.
    [[nodiscard]] std::string joined() const;

private:
    friend class vectored_writer;
    /// Memory that was handed over, and which piece, counted from the writer's first, it is.
    struct kept {
        std::uint64_t piece = 0;
        // One of the two; a variant takes long to compile.
        std::string text;
        std::vector<std::byte> bytes;

        template <class Own>
        [[nodiscard]] Own& memory() noexcept {
            if constexpr (std::is_same_v<Own, std::string>)
                return text;
            else
                return bytes;
        }
    };

    std::vector<::iovec> parts_;
    std::list<kept> kept_;
};

/// See the top of this file. Move-only. What was never flushed when it ends is not written.
class vectored_writer {
public:
    /// `fd` must stay open, and its owner where it is, while the writer is used; close() of a
    /// connection does not wait for it. Errors as of vectored_descriptor::examine().
    [[nodiscard]] static result<vectored_writer> create(
        fd_ref fd, vectored_options const& options = {}) noexcept;
    template <descriptor_owner Owner>
    [[nodiscard]] static auto create(Owner const& of,
                                     vectored_options const& options = {}) noexcept {
        return detail::create_on<vectored_writer>(of, options);
    }

    /// Adds a piece, which must live and keep its contents until a flush has written it. Flushes
    /// first when `limit` pieces are there, and returns how many bytes that wrote; else 0.
    ///
    /// An error means that the piece was not taken: the flush's, or ENOMEM. All that was there
    /// before and is not written still is, so the same append may be tried again.
    result<std::size_t> append(const_bytes piece) noexcept;
    template <std::same_as<::iovec> Part>
    result<std::size_t> append(Part const& piece) noexcept {
        return append(iovecs(&piece, 1));
    }
    /// Adds all of them, or after an error none, in one place. The array is copied.
    result<std::size_t> append(iovecs pieces) noexcept;
    /// Adds a piece and takes its memory over, until it is written. After an error `piece` is as
    /// it was.
    template <owned_bytes Own>
    result<std::size_t> append(Own&& piece) noexcept {
        return take_over(piece);
    }
    template <short_lived_bytes R>
    result<std::size_t> append(R&& gone_before_the_flush) = delete;
    /// Adds a copy of a piece.
    result<std::size_t> append_copy(const_bytes piece) noexcept;

    /// Writes all that is there, resuming what is written in part, and returns how many bytes.
    /// error::detail() counts the bytes written before a failure; the rest is pending().
    result<std::size_t> flush() noexcept;

    /// What is not written yet, in order. Good until the next call that changes it.
    [[nodiscard]] iovecs pending() const noexcept { return rest_.parts_; }
    /// Bytes of these.
    [[nodiscard]] std::size_t pending_bytes() const noexcept { return rest_.size(); }
    /// Gives back what is not written, and has nothing left.
    [[nodiscard]] unwritten_pieces take_back() noexcept;
    /// Bytes written since the beginning.
    [[nodiscard]] std::uint64_t written() const noexcept { return written_; }

private:
    vectored_writer(vectored_descriptor const& to, std::size_t limit) noexcept
        : to_(to), limit_(limit) {}
    template <owned_bytes Own>
    result<std::size_t> take_over(Own& piece) noexcept;
    result<std::size_t> make_room(std::size_t pieces) noexcept;
    void drop(std::size_t pieces) noexcept;

    vectored_descriptor to_;
    std::size_t limit_;
    unwritten_pieces rest_;
    std::uint64_t dropped_ = 0; ///< pieces that were there before the first of rest_
    std::uint64_t written_ = 0;
};

extern template result<std::size_t> vectored_writer::take_over(std::string&) noexcept;
extern template result<std::size_t> vectored_writer::take_over(std::vector<std::byte>&) noexcept;

/// Writes all the pieces in one go, as many as there are and however they come, and returns how
/// many bytes. error::detail() counts the bytes written before a failure. The pieces must live and
/// keep their contents for the call only. Errors beside writev(2)'s as of vectored_writer.
result<std::size_t> write_all(fd_ref fd, std::span<const_bytes const> pieces,
                              vectored_options const& options = {}) noexcept;
result<std::size_t> write_all(fd_ref fd, std::initializer_list<const_bytes> pieces,
                              vectored_options const& options = {}) noexcept;
result<std::size_t> write_all(fd_ref fd, iovecs pieces,
                              vectored_options const& options = {}) noexcept;

} // namespace rondo
