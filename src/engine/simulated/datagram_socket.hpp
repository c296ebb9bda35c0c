// SPDX-License-Identifier: MIT
#pragma once

// A socket for messages, each whole: what UDP and the unix kind share. One thread.

#include "socket.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace rondo::engine::simulation {

/// One message.
struct datagram {
    std::vector<std::byte> bytes;
    socket_address from;
};

/// See the top of this file.
class datagram_socket : public socket {
public:
    datagram_socket(world& w, int domain, int protocol) noexcept
        : socket(w, domain, SOCK_DGRAM, protocol) {}

    [[nodiscard]] std::uint32_t ready(open_file const& via) const noexcept override;
    [[nodiscard]] long readable_bytes() const noexcept override;
    long receive(parts into, int flags, reception& about) override;

protected:
    /// A copy of what is to be sent. Throws std::bad_alloc.
    [[nodiscard]] static std::shared_ptr<datagram> copy_of(parts from,
                                                           socket_address const& sender);

    [[nodiscard]] virtual bool is_writable() const noexcept = 0;
    /// The next message is taken out.
    virtual void taken(datagram const& gone) noexcept;

    /// One that has come.
    void enqueue(std::shared_ptr<datagram> one);
    [[nodiscard]] std::size_t waiting() const noexcept { return queue_.size(); }
    [[nodiscard]] std::size_t waiting_bytes() const noexcept { return bytes_; }
    void forget_all() noexcept;

    bool is_connected_ = false;

private:
    std::deque<std::shared_ptr<datagram>> queue_;
    std::size_t bytes_ = 0; // of queue_
};

} // namespace rondo::engine::simulation
