// SPDX-License-Identifier: MIT
#pragma once

// One client's connection: requests come, files go out, one operation at a time. One thread.

#include "request.hpp"

#include <rondo/core/fd.hpp>
#include <rondo/op/open.hpp>
#include <rondo/ring/ring.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>

namespace web {

using clock = std::chrono::steady_clock;

/// What all connections share.
struct site {
    rondo::ring& ring;
    int root;                        ///< the folder below which everything served lies
    std::chrono::seconds patience{}; ///< with a client that does nothing
    std::uint64_t slowest = 1024;    ///< bytes per second that a client must take
    bool stopping = false;           ///< every answer is its connection's last
};

/// See the top of this file. It stays where it is while the kernel has an operation of it, which is
/// from start() until finish_step() says no.
class connection {
public:
    /// `id` is the user_data of its operations.
    connection(site const& on, std::uint64_t id, rondo::unique_fd socket)
        : site_(on), id_(id), socket_(std::move(socket)) {}
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;

    void start() { await_request(); }
    /// Its operation is complete with this result. False: that was the last one.
    [[nodiscard]] bool finish_step(int result);

    /// Whether the client has taken too long, so that its operation is to be cancelled.
    [[nodiscard]] bool is_late(clock::time_point now);
    /// It waits for a request of which nothing has come.
    [[nodiscard]] bool is_idle() const { return step_ == step::receiving && !parser_.begun(); }
    /// No more time for the client.
    void hurry() { hurried_ = true; }

private:
    enum class step : std::uint8_t { receiving, opening, reading, sending, lingering };

    void await_request();
    bool received(int result);
    void parse(std::string_view bytes);
    void answer();
    void opened(int result);
    void send_file(std::uint64_t file_size);
    bool was_read(int result);
    void send_page(int status);
    void begin_answer(std::string_view head);
    void send_output();
    bool was_sent(int result);
    void linger();
    void begin(step what);

    site const& site_;
    std::uint64_t id_;
    rondo::unique_fd socket_;
    step step_ = step::receiving;
    clock::time_point deadline_;
    bool hurried_ = false;

    request_parser parser_;
    std::array<char, 8192> input_;
    std::string_view unparsed_; ///< in input_

    bool keep_alive_ = false;
    rondo::op::openat2<> open_{};
    rondo::unique_fd file_;
    std::uint64_t file_at_ = 0;
    std::uint64_t file_left_ = 0; ///< bytes to read and send

    std::array<char, 64 * 1024> output_; ///< a head, and behind it, or alone, what the file has
    std::size_t output_size_ = 0;
    std::string_view unsent_;        ///< in output_
    std::uint64_t sent_ = 0;         ///< bytes of this answer
    std::uint64_t sent_by_then_ = 0; ///< of these, when the deadline was set
};

} // namespace web
