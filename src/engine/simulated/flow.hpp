// SPDX-License-Identifier: MIT
#pragma once

// One direction of a connection: what was sent, what of it has come, and what is told after it. It
// outlives its sender until all is there. One thread.

#include "byte_queue.hpp"
#include "lane.hpp"

#include <cstddef>
#include <deque>
#include <memory>

namespace rondo::engine::simulation {

class stream_socket;

/// See the top of this file. With records, each send is one, as of SOCK_SEQPACKET.
class flow final : public lane {
public:
    flow(world& w, bool has_records) noexcept : lane(w), has_records_(has_records) {}

    // For the sender.

    [[nodiscard]] std::size_t limit() const noexcept { return send_limit + receive_limit; }
    [[nodiscard]] std::size_t room() const noexcept {
        return limit() > queue_.size() ? limit() - queue_.size() : 0;
    }
    /// What EPOLLOUT tells: Linux does so only when a third is free.
    [[nodiscard]] bool is_writable() const noexcept { return room() >= limit() / 3; }
    /// Bytes that were sent and are not taken.
    [[nodiscard]] std::size_t unread() const noexcept { return queue_.size(); }
    /// Sends `count` bytes. Throws std::bad_alloc.
    void send(parts from, std::size_t count);
    /// Tells the receiver, after all that was sent, what of shut_both is shut, or all by force.
    void tell(unsigned shut, bool reset) noexcept;

    // For the receiver.

    [[nodiscard]] std::size_t arrived() const noexcept { return arrived_; }
    [[nodiscard]] bool has_something() const noexcept {
        return has_records_ ? arrived_records_ != 0 : arrived_ != 0;
    }
    [[nodiscard]] std::size_t first_record() const noexcept { return records_.front(); }
    /// Copies up to `count` bytes that have arrived and leaves them there.
    std::size_t peek(parts into, std::size_t count) const noexcept;
    /// Forgets bytes of those, or the first record with its bytes.
    void drop(std::size_t count) noexcept;
    void drop_record() noexcept;
    /// The receiver is closed: what has come and what still comes is lost.
    void abandon() noexcept;

    stream_socket* sender = nullptr;   ///< null: closed
    stream_socket* receiver = nullptr; ///< null: closed
    std::weak_ptr<flow> back;          ///< the other direction
    std::size_t send_limit = 0;        ///< in bytes: the sender's and the receiver's buffers
    std::size_t receive_limit = 0;
    bool answers = false; ///< TCP: what comes too late is answered with a reset

private:
    void arrive(std::size_t count) noexcept;

    byte_queue queue_; // what has arrived and then what is on the way
    std::size_t arrived_ = 0;
    bool has_records_;
    bool refused_ = false;            // a reset has answered
    std::deque<std::size_t> records_; // their sizes
    std::size_t arrived_records_ = 0;
};

} // namespace rondo::engine::simulation
