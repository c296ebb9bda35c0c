// SPDX-License-Identifier: MIT
#pragma once

// vectored_reader: gathers places that lie anywhere in memory, and fills them together, in order;
// from a file, a socket, a pipe, or whatever else has a descriptor.
//
//     auto in = vectored_reader::create(fd).or_throw("in");
//     in.append(head).or_throw("in");
//     in.append(body).or_throw("in");
//     std::size_t filled = in.fill().or_throw("in");     // fewer bytes than asked for: the end
//
// One thread at a time.

#include <rondo/core/result.hpp>
#include <rondo/interop/vectored_descriptor.hpp>
#include <rondo/op/bytes.hpp>
#include <rondo/op/target.hpp>

#include <sys/uio.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

namespace rondo {

/// See the top of this file. Move-only.
class vectored_reader {
public:
    /// `fd` must stay open, and its owner where it is, while the reader is used; close() of a
    /// connection does not wait for it. Errors as of vectored_descriptor::examine().
    [[nodiscard]] static result<vectored_reader> create(
        fd_ref fd, vectored_options const& options = {}) noexcept;
    template <descriptor_owner Owner>
    [[nodiscard]] static auto create(Owner const& of,
                                     vectored_options const& options = {}) noexcept {
        return detail::create_on<vectored_reader>(of, options);
    }
    vectored_reader(vectored_reader&&) = default;
    vectored_reader& operator=(vectored_reader&&) = default;

    /// Adds a place, which must live until it is filled or given up; it reads nothing. Any number
    /// of them. ENOMEM: it was not taken.
    result<> append(mutable_bytes place) noexcept;
    template <std::same_as<::iovec> Part>
    result<> append(Part const& place) noexcept {
        return append(iovecs(&place, 1));
    }
    /// Adds all of them, or after an error none. The array is copied.
    result<> append(iovecs places) noexcept;

    /// Reads until all places are full or the input has ended, and returns how many bytes that
    /// were: fewer than there was room for mean the end. error::detail() counts the bytes read
    /// before a failure; the places left are pending(), and may be filled by another call.
    result<std::size_t> fill() noexcept;
    /// The last fill() found the end of the input.
    [[nodiscard]] bool at_end() const noexcept { return at_end_; }

    /// What is not filled yet, in order; the first may be the rest of one that was filled in part.
    [[nodiscard]] iovecs pending() const noexcept { return places_; }
    /// Bytes of these.
    [[nodiscard]] std::size_t pending_bytes() const noexcept;
    /// Forgets them.
    void clear() noexcept { places_.clear(); }
    /// Bytes read since the beginning.
    [[nodiscard]] std::uint64_t filled() const noexcept { return filled_; }

private:
    explicit vectored_reader(vectored_descriptor const& from) noexcept : from_(from) {}

    vectored_descriptor from_;
    std::vector<::iovec> places_;
    std::uint64_t filled_ = 0;
    bool at_end_ = false;
};

/// Fills all the places in one go, as many as there are, until the input ends, and returns how many
/// bytes: fewer than there was room for mean the end. error::detail() counts the bytes read before
/// a failure. Errors beside readv(2)'s as of vectored_reader.
result<std::size_t> read_exactly(fd_ref fd, std::span<mutable_bytes const> places,
                                 vectored_options const& options = {}) noexcept;
result<std::size_t> read_exactly(fd_ref fd, std::initializer_list<mutable_bytes> places,
                                 vectored_options const& options = {}) noexcept;
result<std::size_t> read_exactly(fd_ref fd, iovecs places,
                                 vectored_options const& options = {}) noexcept;

} // namespace rondo
