// SPDX-License-Identifier: MIT
#include <rondo/interop/connection_stream.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace rondo {

connection_streambuf::connection_streambuf(rondo::connection socket)
    : socket_(std::move(socket)), incoming_(new buffer), outgoing_(new buffer) {
    setg(incoming_->data(), incoming_->data(), incoming_->data());
    setp(outgoing_->data(), outgoing_->data() + outgoing_->size());
}

connection_streambuf::connection_streambuf(connection_streambuf&& other) noexcept
    : std::streambuf(other), socket_(std::move(other.socket_)),
      incoming_(std::move(other.incoming_)), outgoing_(std::move(other.outgoing_)),
      error_(std::exchange(other.error_, {})) {
    other.setg(nullptr, nullptr, nullptr);
    other.setp(nullptr, nullptr);
}

connection_streambuf::~connection_streambuf() { static_cast<void>(send_all()); }

result<> connection_streambuf::close() noexcept {
    bool const sent = send_all();
    result<> const closed = socket_.close();
    if (!sent)
        return fail(error_);
    if (!closed)
        error_ = closed.error();
    return closed;
}

/// Sends the buffer; what could not be sent stays in it, at its start.
bool connection_streambuf::send_all() noexcept {
    std::size_t const size = static_cast<std::size_t>(pptr() - pbase());
    if (size == 0)
        return true;
    result<> const done = socket_.write_all({pbase(), size});
    std::size_t sent = size;
    if (!done) {
        error_ = done.error();
        sent = static_cast<std::size_t>(std::min<std::uint64_t>(error_.detail(), size));
        std::memmove(pbase(), pbase() + sent, size - sent);
    }
    setp(outgoing_->data(), outgoing_->data() + outgoing_->size());
    pbump(static_cast<int>(size - sent));
    return done.has_value();
}

/// Bytes from the peer; 0: it sends no more, or there was a failure.
std::size_t connection_streambuf::receive(char* to, std::size_t size) noexcept {
    if (!send_all())
        return 0;
    auto const got = socket_.read({to, size});
    if (!got) {
        error_ = got.error();
        return 0;
    }
    return *got;
}

connection_streambuf::int_type connection_streambuf::underflow() {
    if (gptr() < egptr())
        return traits_type::to_int_type(*gptr());
    if (!incoming_)
        return traits_type::eof();
    std::size_t const keep = std::min(kept, static_cast<std::size_t>(gptr() - eback()));
    char* const start = incoming_->data();
    std::memmove(start, gptr() - keep, keep);
    std::size_t const got = receive(start + keep, incoming_->size() - keep);
    setg(start, start + keep, start + keep + got);
    return got == 0 ? traits_type::eof() : traits_type::to_int_type(*gptr());
}

std::streamsize connection_streambuf::xsgetn(char* to, std::streamsize size) {
    std::streamsize done = 0;
    while (incoming_ && done < size) {
        if (std::streamsize const there = egptr() - gptr(); there > 0) {
            std::streamsize const part = std::min(there, size - done);
            std::memcpy(to + done, gptr(), static_cast<std::size_t>(part));
            gbump(static_cast<int>(part));
            done += part;
        } else if (size - done < static_cast<std::streamsize>(buffer_size)) {
            if (traits_type::eq_int_type(underflow(), traits_type::eof()))
                break;
        } else {
            std::size_t const got = receive(to + done, static_cast<std::size_t>(size - done));
            if (got == 0)
                break;
            done += static_cast<std::streamsize>(got);
            remember(to + done, got);
        }
    }
    return done;
}

/// Keeps the end of what went past the buffer for putback.
void connection_streambuf::remember(char const* end, std::size_t size) noexcept {
    std::size_t const keep = std::min(kept, size);
    char* const start = incoming_->data();
    std::memcpy(start, end - keep, keep);
    setg(start, start + keep, start + keep);
}

/// Asked when the buffer is empty: what a read would find cannot be told.
std::streamsize connection_streambuf::showmanyc() { return socket_.is_open() ? 0 : -1; }

connection_streambuf::int_type connection_streambuf::overflow(int_type c) {
    if (!outgoing_ || !send_all())
        return traits_type::eof();
    if (!traits_type::eq_int_type(c, traits_type::eof())) {
        *pptr() = traits_type::to_char_type(c);
        pbump(1);
    }
    return traits_type::not_eof(c);
}

std::streamsize connection_streambuf::xsputn(char const* from, std::streamsize size) {
    if (size < static_cast<std::streamsize>(buffer_size))
        return std::streambuf::xsputn(from, size);
    if (!send_all())
        return 0;
    result<> const done = socket_.write_all({from, static_cast<std::size_t>(size)});
    if (done)
        return size;
    error_ = done.error();
    return static_cast<std::streamsize>(error_.detail());
}

int connection_streambuf::sync() { return send_all() ? 0 : -1; }

// The base comes to life before the buffer does.
connection_stream::connection_stream(rondo::connection socket)
    : std::iostream(nullptr), buffer_(std::move(socket)) {
    std::ios::rdbuf(&buffer_);
}

connection_stream::connection_stream(connection_stream&& other) noexcept
    : std::iostream(static_cast<std::iostream&&>(other)), buffer_(std::move(other.buffer_)) {
    set_rdbuf(&buffer_);
}

} // namespace rondo
