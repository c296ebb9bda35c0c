// SPDX-License-Identifier: MIT
// bulk_sender: one message to many sockets with one submission. Whoever connects and asks for
// anything by HTTP subscribes to server-sent events, one at each interval. Who has not taken a
// message when the next is due is dropped, so nobody holds up the others.
//
//     bulk_sender [PORT [MILLISECONDS [BYTES]]]     8000, 1000 and 32 when not given
//     curl -N http://127.0.0.1:8000/
#include "local_server.hpp"

#include <rondo/op/net.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/receive.hpp>
#include <rondo/op/send.hpp>
#include <rondo/ring/ring.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace op = rondo::op;
using clock_type = std::chrono::steady_clock;

namespace {

constexpr std::size_t most_subscribers = 1000;
constexpr std::size_t longest_request = 8192; // bytes
constexpr std::chrono::seconds time_to_ask{10};

/// A connection. One receive is in flight as long as it lasts, and one send at most.
struct subscriber {
    rondo::unique_fd socket;
    clock_type::time_point since = clock_type::now();
    std::array<char, 512> input{};
    std::size_t asked = 0;    ///< bytes of the request so far
    std::size_t end_seen = 0; ///< characters of the empty line that ends it
    bool subscribed = false;  ///< the head of the answer is out
    bool dropped = false;
    bool receiving = false;
    /// What is being sent; all who get the same message share it, and it lives until the last of
    /// their sends is over.
    std::shared_ptr<std::string const> sending = nullptr;
};

class sender {
public:
    /// Of the ring: a receive and a send for each subscriber, the accept and the signal.
    static constexpr std::uint32_t entries = 2 * most_subscribers + 2;

    sender(rondo::ring own, rondo::unique_fd listener, rondo::unique_fd signals)
        : listener_(std::move(listener)), signals_(std::move(signals)), ring_(std::move(own)) {}

    /// Until a signal comes.
    void run(std::chrono::milliseconds interval, std::size_t bytes) {
        push(op::read{.fd = signals_, .into = {&signal_, sizeof signal_}}, signalling);
        auto next = clock_type::now() + interval;
        while (!stopping_ || !subscribers_.empty()) {
            if (!accepting_ && !stopping_) {
                accepting_ = true;
                push(op::accept_stream<>{.fd = listener_}, accepting);
            }
            auto const entered = ring_.submit_and_wait(1, next);
            if (!entered && entered.error() != ETIME && entered.error() != EINTR &&
                entered.error() != EAGAIN && entered.error() != EBUSY)
                rondo::throw_error(entered.error(), "wait");
            for (rondo::abi::cqe c; ring_.pop(c);)
                finish(c);
            if (!stopping_ && clock_type::now() >= next) {
                next = clock_type::now() + interval;
                send_to_all(bytes);
            }
        }
    }

private:
    /// user_data: of the subscriber with number n, 2n for what it receives and 2n + 1 for what it
    /// is sent.
    enum : std::uint64_t { accepting, signalling, first_subscriber };

    template <class Op>
    void push(Op const& o, std::uint64_t user_data) {
        if (!ring_.push(o, user_data))
            throw std::logic_error("more operations than the ring was made for");
    }

    void finish(rondo::abi::cqe const& done) {
        if (done.user_data == accepting) {
            accepting_ = more(done);
            if (done.res >= 0)
                welcome(rondo::unique_fd(done.res));
            return;
        }
        if (done.user_data == signalling) {
            stopping_ = true;
            for (auto& [id, s] : subscribers_)
                drop(id, *s, "the end");
            return;
        }
        std::uint64_t const id = done.user_data / 2;
        subscriber& s = *subscribers_.at(id);
        if (done.user_data % 2 == 0) {
            s.receiving = false;
            received(id, s, done.res);
        } else {
            bool const all = std::cmp_equal(done.res, s.sending->size());
            s.sending.reset();
            s.subscribed = true; // what is over may have been the head of the answer
            if (!all)
                drop(id, s, "gone");
        }
        if (!s.receiving && s.sending == nullptr)
            subscribers_.erase(id);
    }

    void welcome(rondo::unique_fd socket) {
        if (stopping_ || subscribers_.size() == most_subscribers)
            return; // which closes it
        std::uint64_t const id = next_id_++;
        auto const added = subscribers_.emplace(id, std::make_unique<subscriber>()).first;
        added->second->socket = std::move(socket);
        receive(id, *added->second);
    }

    void receive(std::uint64_t id, subscriber& s) {
        s.receiving = true;
        push(op::recv{.fd = s.socket, .into = s.input}, 2 * id);
    }

    /// The request, of which only the end matters; and, sooner or later, that it is gone.
    void received(std::uint64_t id, subscriber& s, int result) {
        if (result <= 0 || s.dropped) {
            drop(id, s, "gone");
            return;
        }
        receive(id, s);
        constexpr std::string_view end = "\r\n\r\n";
        if (s.end_seen == end.size())
            return;
        for (char const c : std::string_view(s.input.data(), static_cast<std::size_t>(result))) {
            s.end_seen = c == end[s.end_seen] ? s.end_seen + 1 : (c == end[0] ? 1 : 0);
            if (s.end_seen == end.size()) {
                send(id, s, head_);
                return;
            }
        }
        s.asked += static_cast<std::size_t>(result);
        if (s.asked > longest_request)
            drop(id, s, "too talkative");
    }

    /// MSG_WAITALL: the kernel goes on where a send came short.
    void send(std::uint64_t id, subscriber& s, std::shared_ptr<std::string const> const& what) {
        s.sending = what;
        push(op::send{.fd = s.socket, .from = *what, .flags = MSG_WAITALL}, 2 * id + 1);
    }

    void send_to_all(std::size_t bytes) {
        std::string text = "data: " + std::to_string(++messages_) + ' ';
        text.append(bytes, '.').append("\n\n");
        auto const message = std::make_shared<std::string const>(std::move(text));
        std::size_t count = 0;
        for (auto& [id, s] : subscribers_) {
            if (s->dropped)
                continue;
            if (!s->subscribed) {
                if (clock_type::now() - s->since > time_to_ask)
                    drop(id, *s, "silent");
            } else if (s->sending != nullptr) {
                drop(id, *s, "slow");
            } else {
                send(id, *s, message);
                ++count;
            }
        }
        if (count == 0)
            return;
        // What it does not take now goes with the next wait.
        std::uint32_t const taken = ring_.submit().value_or(0);
        std::printf("message %llu: %zu subscribers, %u operations in one submission\n",
                    static_cast<unsigned long long>(messages_), count, taken);
    }

    /// Ends what is in flight for a subscriber; it is forgotten when that is over.
    void drop(std::uint64_t id, subscriber& s, char const* why) {
        if (std::exchange(s.dropped, true))
            return;
        ::shutdown(s.socket.get(), SHUT_RDWR);
        std::printf("subscriber %llu dropped: %s\n", static_cast<unsigned long long>(id), why);
    }

    rondo::unique_fd listener_, signals_;
    ::signalfd_siginfo signal_{};
    std::unordered_map<std::uint64_t, std::unique_ptr<subscriber>> subscribers_;
    std::uint64_t next_id_ = first_subscriber;
    std::uint64_t messages_ = 0;
    bool accepting_ = false;
    bool stopping_ = false;
    std::shared_ptr<std::string const> head_ = std::make_shared<std::string const>(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
        "Connection: close\r\n\r\n");
    /// The last member, so the first to go: it waits until the kernel has let go of the others.
    rondo::ring ring_;
};

} // namespace

int main(int argc, char** argv) try {
    using namespace local_server;
    auto const port = number<std::uint16_t>(argc > 1 ? argv[1] : "8000");
    std::chrono::milliseconds const interval(number<std::uint16_t>(argc > 2 ? argv[2] : "1000"));
    auto const bytes = number<std::uint32_t>(argc > 3 ? argv[3] : "32");

    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    auto signals = take_signals();
    auto listener = listen_on(port);
    auto ring = rondo::ring::create({.entries = sender::entries}).or_throw("ring");
    sender(std::move(ring), std::move(listener), std::move(signals)).run(interval, bytes);
} catch (std::exception const& e) {
    std::fprintf(stderr, "bulk_sender: %s\n", e.what());
    return 1;
}
