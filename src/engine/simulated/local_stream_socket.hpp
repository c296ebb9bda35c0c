// SPDX-License-Identifier: MIT
#pragma once

// unix(7) sockets with connections: SOCK_STREAM and SOCK_SEQPACKET. Connecting takes no time. One
// thread.

#include "local_place.hpp"
#include "stream_socket.hpp"

#include <memory>

namespace rondo::engine::simulation {

/// See the top of this file.
class local_stream_socket final : public stream_socket {
public:
    local_stream_socket(world& w, int style) noexcept;

    long bind(socket_address const& to) override;
    long listen(int backlog) override;
    long connect(socket_address const& to) override;
    long shutdown(unsigned shut) noexcept override;
    long peer_name(socket_address& out) const override;
    void told(unsigned shut, bool reset) noexcept override;

private:
    void left() noexcept override;
    [[nodiscard]] long may_send(socket_address const* to) noexcept override;
    [[nodiscard]] long may_receive() noexcept override;
    [[nodiscard]] bool is_hung_up() const noexcept override { return state_ == state::fresh; }

    local_place place_;
};

} // namespace rondo::engine::simulation
