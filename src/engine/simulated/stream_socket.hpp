// SPDX-License-Identifier: MIT
#pragma once

// A socket with connections: what TCP and the unix kinds share. One thread.

#include "flow.hpp"
#include "socket.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

namespace rondo::engine::simulation {

/// See the top of this file.
class stream_socket : public socket {
public:
    stream_socket(world& w, int domain, int style, int protocol) noexcept
        : socket(w, domain, style, protocol) {}
    ~stream_socket() override;

    [[nodiscard]] std::uint32_t ready(open_file const& via) const noexcept override;
    [[nodiscard]] long readable_bytes() const noexcept override;
    [[nodiscard]] long unsent_bytes() const noexcept override;
    long accept(std::shared_ptr<socket>& out) override;
    void accepted() noexcept override { waiting_.pop_front(); }
    long send(parts from, int flags, socket_address const* to) override;
    long receive(parts into, int flags, reception& about) override;

    /// For the flow that it receives: false when no byte may come any more, and one has come.
    [[nodiscard]] virtual bool takes_more() const noexcept { return true; }
    virtual void refuse() noexcept {}
    /// Bytes have come, and what was told after them.
    void came(std::size_t bytes) noexcept;
    virtual void told(unsigned shut, bool reset) noexcept = 0;

protected:
    enum class state : std::uint8_t { fresh, listening, connecting, connected, ended, failed };

    friend void join(stream_socket& one, stream_socket& other);

    [[nodiscard]] bool is_listening() const noexcept override { return state_ == state::listening; }
    void after_option() noexcept override;
    /// 0: send and receive may go on; of a receive, before there were bytes to take.
    [[nodiscard]] virtual long may_send(socket_address const* to) noexcept = 0;
    [[nodiscard]] virtual long may_receive() noexcept = 0;
    /// The end has come: receiving tells of it rather than of an error after it.
    [[nodiscard]] virtual bool has_ended() const noexcept { return false; }
    [[nodiscard]] virtual bool is_hung_up() const noexcept = 0;

    [[nodiscard]] bool has_records() const noexcept { return style() == SOCK_SEQPACKET; }
    [[nodiscard]] bool is_full() const noexcept {
        return waiting_.size() + on_the_way_ > static_cast<std::size_t>(backlog_);
    }
    void start_listening(int backlog) noexcept;
    /// A connection to accept.
    void enqueue(std::shared_ptr<stream_socket> connection);
    /// Resets those that nobody accepted.
    void refuse_waiting() noexcept;
    /// Resets the connection of a socket that nobody has.
    void abort() noexcept;
    /// The peer is told nothing more by this socket, which hears nothing more.
    void detach() noexcept;

    state state_ = state::fresh;
    std::shared_ptr<flow> in_, out_; // while and after it is connected
    std::size_t on_the_way_ = 0;     // connections that will come to wait here

private:
    long receive_record(parts into, int flags, reception& about) noexcept;

    std::deque<std::shared_ptr<stream_socket>> waiting_; // to be accepted
    int backlog_ = 0;
};

/// Connects two sockets. Throws std::bad_alloc.
void join(stream_socket& one, stream_socket& other);

} // namespace rondo::engine::simulation
