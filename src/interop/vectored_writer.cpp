// SPDX-License-Identifier: MIT
#include <rondo/interop/vectored_writer.hpp>

#include "vectored_pieces.hpp"

#include <rondo/core/assert.hpp>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <iterator>

namespace rondo {
namespace {

/// Pieces that there is memory for from the first on: few writers have more.
constexpr std::size_t least_room = 16;

template <class Piece>
result<std::size_t> write_pieces(fd_ref fd, std::span<Piece const> pieces,
                                 vectored_options const& options) noexcept {
    auto to = vectored_descriptor::examine(fd, options);
    if (!to)
        return fail(to.error());
    return move_windows(pieces, [&](std::span<::iovec>& window, std::size_t& done) {
        return to->write(window, done);
    });
}

} // namespace

std::size_t unwritten_pieces::size() const noexcept {
    std::size_t out = 0;
    for (::iovec const& part : parts_)
        out += part.iov_len;
    return out;
}

std::string unwritten_pieces::joined() const {
    std::string out;
    out.reserve(size());
    for (::iovec const& part : parts_)
        out.append(static_cast<char const*>(part.iov_base), part.iov_len);
    return out;
}

result<vectored_writer> vectored_writer::create(fd_ref fd,
                                                vectored_options const& options) noexcept {
    RONDO_ASSERT(options.limit != 0, "a vectored_writer gathers at least one piece");
    auto to = vectored_descriptor::examine(fd, options);
    if (!to)
        return fail(to.error());
    return vectored_writer(*to, options.limit);
}

/// Flushes when that many pieces more would be too many, and has memory for them after that.
result<std::size_t> vectored_writer::make_room(std::size_t pieces) noexcept {
    std::size_t flushed = 0;
    auto& parts = rest_.parts_;
    if (!parts.empty() && parts.size() + pieces > limit_) {
        auto const done = flush();
        if (!done)
            return done;
        flushed = *done;
    }
    try {
        if (std::size_t const size = parts.size() + pieces; size > parts.capacity())
            parts.reserve(std::max({size, 2 * parts.capacity(), least_room}));
    } catch (std::exception const&) { // std::bad_alloc, std::length_error
        return fail(ENOMEM, attempt::allocate, cause::none, flushed);
    }
    return flushed;
}

result<std::size_t> vectored_writer::append(const_bytes piece) noexcept {
    ::iovec const part = as_iovec(piece);
    return append(iovecs(&part, 1));
}

result<std::size_t> vectored_writer::append(iovecs pieces) noexcept {
    auto const is_there = [](::iovec const& part) { return part.iov_len != 0; };
    auto const count = std::count_if(pieces.begin(), pieces.end(), is_there);
    if (count == 0)
        return 0u;
    auto const room = make_room(static_cast<std::size_t>(count));
    if (room)
        std::copy_if(pieces.begin(), pieces.end(), std::back_inserter(rest_.parts_), is_there);
    return room;
}

template <owned_bytes Own>
result<std::size_t> vectored_writer::take_over(Own& piece) noexcept {
    if (piece.empty())
        return 0u;
    auto const room = make_room(1);
    if (!room)
        return room;
    try {
        rest_.kept_.emplace_back();
    } catch (std::exception const&) {
        return fail(ENOMEM, attempt::allocate, cause::none, *room);
    }
    auto& kept = rest_.kept_.back();
    kept.piece = dropped_ + rest_.parts_.size();
    Own& own = kept.template memory<Own>();
    own = std::move(piece);
    rest_.parts_.push_back({own.data(), own.size()});
    return room;
}
template result<std::size_t> vectored_writer::take_over(std::string&) noexcept;
template result<std::size_t> vectored_writer::take_over(std::vector<std::byte>&) noexcept;

result<std::size_t> vectored_writer::append_copy(const_bytes piece) noexcept {
    std::string own;
    try {
        own.assign(static_cast<char const*>(piece.data()), piece.size());
    } catch (std::exception const&) {
        return fail(ENOMEM, attempt::allocate);
    }
    return take_over(own);
}

/// Forgets the first pieces, and lets go of their memory.
void vectored_writer::drop(std::size_t pieces) noexcept {
    auto& parts = rest_.parts_;
    parts.erase(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(pieces));
    dropped_ += pieces;
    while (!rest_.kept_.empty() && rest_.kept_.front().piece < dropped_)
        rest_.kept_.pop_front();
}

result<std::size_t> vectored_writer::flush() noexcept {
    std::span<::iovec> left(rest_.parts_);
    std::size_t done = 0;
    result<> const outcome = to_.write(left, done);
    written_ += done;
    drop(rest_.parts_.size() - left.size());
    if (!outcome)
        return after_bytes(outcome.error(), done);
    return done;
}

unwritten_pieces vectored_writer::take_back() noexcept {
    dropped_ += rest_.parts_.size();
    return std::exchange(rest_, {});
}

result<std::size_t> write_all(fd_ref fd, std::span<const_bytes const> pieces,
                              vectored_options const& options) noexcept {
    return write_pieces(fd, pieces, options);
}

result<std::size_t> write_all(fd_ref fd, std::initializer_list<const_bytes> pieces,
                              vectored_options const& options) noexcept {
    return write_pieces(fd, std::span<const_bytes const>(pieces.begin(), pieces.size()), options);
}

result<std::size_t> write_all(fd_ref fd, iovecs pieces, vectored_options const& options) noexcept {
    return write_pieces(fd, pieces, options);
}

} // namespace rondo
