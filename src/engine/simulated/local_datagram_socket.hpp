// SPDX-License-Identifier: MIT
#pragma once

// unix(7) sockets for messages: in order, and never lost: a sender whose receiver has no room is
// told to wait. One thread.

#include "datagram_socket.hpp"
#include "lane.hpp"
#include "local_place.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace rondo::engine::simulation {

/// See the top of this file.
class local_datagram_socket final : public datagram_socket {
public:
    explicit local_datagram_socket(world& w);
    ~local_datagram_socket() override;

    long bind(socket_address const& to) override;
    long connect(socket_address const& to) override;
    long shutdown(unsigned shut) noexcept override;
    long send(parts from, int flags, socket_address const* to) override;
    long peer_name(socket_address& out) const override;
    /// Connects both with each other. Throws std::bad_alloc.
    void join(local_datagram_socket& other);

private:
    void left() noexcept override;
    [[nodiscard]] bool is_writable() const noexcept override;
    void taken(datagram const& gone) noexcept override;

    [[nodiscard]] std::shared_ptr<local_datagram_socket> peer() const noexcept;
    /// Where it goes to: 0 or why it cannot.
    [[nodiscard]] long find_way(socket_address const* to,
                                std::shared_ptr<local_datagram_socket>& there);
    /// One that is connected hears its own peer only.
    [[nodiscard]] bool hears(local_datagram_socket const& sender) const noexcept {
        return !is_connected_ || peer().get() == &sender;
    }
    [[nodiscard]] bool is_full_for(local_datagram_socket const& sender) const noexcept;
    void set_peer(std::shared_ptr<local_datagram_socket> const& other);
    void leave_peer() noexcept;
    void change_peer(std::shared_ptr<local_datagram_socket> const& other);
    void wake_senders() noexcept;

    std::weak_ptr<local_datagram_socket> peer_;
    std::vector<local_datagram_socket*> senders_; // connected to this one
    std::shared_ptr<lane> way_here_;
    std::size_t coming_ = 0;       // messages on their way here
    std::size_t coming_bytes_ = 0; // and their bytes
    local_place place_;
};

} // namespace rondo::engine::simulation
