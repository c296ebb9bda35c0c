// SPDX-License-Identifier: MIT
#include <rondo/interop/vectored_reader.hpp>

#include "vectored_pieces.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <iterator>

namespace rondo {
namespace {

template <class Place>
result<std::size_t> read_places(fd_ref fd, std::span<Place const> places,
                                vectored_options const& options) noexcept {
    auto from = vectored_descriptor::examine(fd, options);
    if (!from)
        return fail(from.error());
    return move_windows(places, [&](std::span<::iovec>& window, std::size_t& done) {
        return from->read(window, done);
    });
}

} // namespace

result<vectored_reader> vectored_reader::create(fd_ref fd,
                                                vectored_options const& options) noexcept {
    auto from = vectored_descriptor::examine(fd, options);
    if (!from)
        return fail(from.error());
    return vectored_reader(*from);
}

result<> vectored_reader::append(mutable_bytes place) noexcept {
    ::iovec const part = as_iovec(place);
    return append(iovecs(&part, 1));
}

result<> vectored_reader::append(iovecs places) noexcept {
    try {
        if (std::size_t const size = places_.size() + places.size(); size > places_.capacity())
            places_.reserve(std::max(size, 2 * places_.capacity()));
    } catch (std::exception const&) { // std::bad_alloc, std::length_error
        return fail(ENOMEM, attempt::allocate);
    }
    std::copy_if(places.begin(), places.end(), std::back_inserter(places_),
                 [](::iovec const& part) { return part.iov_len != 0; });
    return {};
}

result<std::size_t> vectored_reader::fill() noexcept {
    std::span<::iovec> left(places_);
    std::size_t done = 0;
    result<> const outcome = from_.read(left, done);
    filled_ += done;
    at_end_ = outcome && !left.empty();
    places_.erase(places_.begin(), places_.end() - static_cast<std::ptrdiff_t>(left.size()));
    if (!outcome)
        return after_bytes(outcome.error(), done);
    return done;
}

std::size_t vectored_reader::pending_bytes() const noexcept {
    std::size_t out = 0;
    for (::iovec const& part : places_)
        out += part.iov_len;
    return out;
}

result<std::size_t> read_exactly(fd_ref fd, std::span<mutable_bytes const> places,
                                 vectored_options const& options) noexcept {
    return read_places(fd, places, options);
}

result<std::size_t> read_exactly(fd_ref fd, std::initializer_list<mutable_bytes> places,
                                 vectored_options const& options) noexcept {
    return read_places(fd, std::span<mutable_bytes const>(places.begin(), places.size()), options);
}

result<std::size_t> read_exactly(fd_ref fd, iovecs places,
                                 vectored_options const& options) noexcept {
    return read_places(fd, places, options);
}

} // namespace rondo
