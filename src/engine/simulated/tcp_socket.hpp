// SPDX-License-Identifier: MIT
#pragma once

// TCP over 127.0.0.0/8 and ::1: connections that take their time to be made, ends and resets that
// travel after the bytes. There is no TIME_WAIT: a port is free at once. One thread.

#include "inet_place.hpp"
#include "stream_socket.hpp"

#include <cstdint>
#include <memory>

namespace rondo::engine::simulation {

/// See the top of this file.
class tcp_socket final : public stream_socket {
public:
    tcp_socket(world& w, int domain) noexcept;

    long bind(socket_address const& to) override;
    long listen(int backlog) override;
    long connect(socket_address const& to) override;
    long shutdown(unsigned shut) noexcept override;
    long peer_name(socket_address& out) const override;
    void told(unsigned shut, bool reset) noexcept override;
    /// After shutdown(2) of both directions bytes are as unwelcome as after close(2).
    [[nodiscard]] bool takes_more() const noexcept override {
        return !end_sent_ || (shut_ & shut_receive) == 0;
    }
    void refuse() noexcept override;

private:
    void left() noexcept override;
    [[nodiscard]] long may_send(socket_address const* to) noexcept override;
    [[nodiscard]] long may_receive() noexcept override;
    [[nodiscard]] bool is_hung_up() const noexcept override { return state_ != state::connected; }
    [[nodiscard]] bool has_ended() const noexcept override { return end_came_; }
    [[nodiscard]] long before_option(int level, int name) const noexcept override;
    void after_option() noexcept override;

    // A connection is made in three steps: knock at the listener's, meet it, get into its queue.

    void knock(int tries, std::int64_t after) noexcept;
    void knocked(int tries) noexcept;
    void meet(std::shared_ptr<tcp_socket> const& listener) noexcept;
    void meet_now(std::shared_ptr<tcp_socket> const& listener);
    void give_up(int error) noexcept;
    /// There is no connection any more. A port that was not asked for goes with it.
    void end(state now) noexcept;
    [[nodiscard]] long tell_connected() noexcept;
    /// connect(2) with AF_UNSPEC.
    long disconnect() noexcept;
    void stop_listening() noexcept;
    [[nodiscard]] std::shared_ptr<tcp_socket> self();

    inet_place place_;
    std::uint64_t attempt_ = 0;   // to connect: events of an earlier one mean nothing
    bool has_own_port_ = false;   // of bind(2)
    bool told_connected_ = false; // to connect(2)
    bool is_spoiled_ = false;     // shutdown(2) came after a failure that nobody has asked for
    bool end_sent_ = false, end_came_ = false;
};

} // namespace rondo::engine::simulation
