// SPDX-License-Identifier: MIT
#pragma once

// connection_stream: a connection as a std::iostream, with a buffer for each direction.
//
//     connection_stream peer(connection::connect("tcp", "localhost:7").or_throw("connect"));
//     peer << "hello\n";
//     std::getline(peer, line);
//
// One thread at a time, as with all standard streams; but deadlines, shutdown() and close() of the
// connection() below may come from any.

#include <rondo/core/error.hpp>
#include <rondo/core/result.hpp>
#include <rondo/core/sole_owner.hpp>
#include <rondo/interop/connection.hpp>

#include <array>
#include <cstddef>
#include <istream>
#include <memory>
#include <streambuf>

namespace rondo {

/// The buffers between a stream and a connection. Moved by construction only.
///
/// Before it waits for the peer it sends what was written, so that who has asked gets an answer.
/// Transfers as long as a buffer go past it.
class connection_streambuf : public std::streambuf {
public:
    static constexpr std::size_t buffer_size = 16384; ///< bytes, for each direction

    /// Throws std::bad_alloc.
    explicit connection_streambuf(rondo::connection socket);
    connection_streambuf(connection_streambuf&& other) noexcept;
    /// Sends what is left, as far as the write deadline allows, and closes.
    ~connection_streambuf() override;

    [[nodiscard]] rondo::connection& connection() noexcept { return socket_; }
    /// The last failure of the connection; code 0: none since clear_error().
    [[nodiscard]] rondo::error error() const noexcept { return error_; }
    void clear_error() noexcept { error_ = {}; }
    /// Sends what is left and closes. The connection is closed whatever it says.
    result<> close() noexcept;

protected:
    int_type underflow() override;
    std::streamsize xsgetn(char* to, std::streamsize size) override;
    std::streamsize showmanyc() override;
    int_type overflow(int_type c) override;
    std::streamsize xsputn(char const* from, std::streamsize size) override;
    int sync() override;

private:
    using buffer = std::array<char, buffer_size>;

    /// What putback may take back after the buffer was filled again.
    static constexpr std::size_t kept = 8;

    [[nodiscard]] bool send_all() noexcept;
    [[nodiscard]] std::size_t receive(char* to, std::size_t size) noexcept;
    void remember(char const* end, std::size_t size) noexcept;

    rondo::connection socket_;
    detail::sole_owner<buffer> incoming_; // null when moved from
    detail::sole_owner<buffer> outgoing_;
    rondo::error error_;
};

/// See the top of this file. Moved by construction only.
///
/// When the peer sends no more, reads set eofbit, and error() is 0. A failure ends reads in the
/// same way and sets badbit for writes; error() tells of it, and so a stream that ended from one
/// that broke. After ETIME it goes on where it was: move the deadline, clear() it, and try again;
/// nothing received is lost, and what was not sent is still to be sent.
class connection_stream : public std::iostream {
public:
    /// Throws std::bad_alloc.
    explicit connection_stream(rondo::connection socket);
    connection_stream(connection_stream&& other) noexcept;
    ~connection_stream() override = default;

    [[nodiscard]] connection_streambuf* rdbuf() noexcept { return &buffer_; }
    /// For deadlines, addresses and shutdown(). What it reads is missing here.
    [[nodiscard]] rondo::connection& connection() noexcept { return buffer_.connection(); }
    /// The last failure of the connection; code 0: none since clear_error().
    [[nodiscard]] rondo::error error() const noexcept { return buffer_.error(); }
    void clear_error() noexcept { buffer_.clear_error(); }
    /// Sends what is left and closes. The connection is closed whatever it says.
    result<> close() noexcept { return buffer_.close(); }

private:
    connection_streambuf buffer_;
};

} // namespace rondo
