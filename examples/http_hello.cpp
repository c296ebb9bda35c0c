// SPDX-License-Identifier: MIT
// http_hello: answers every request with a greeting. Blocking code on a listener and connections,
// with threads that share a ring underneath; deadlines get rid of clients that say nothing.
//
//     http_hello [PORT [THREADS]]     8000 and 64 when not given; port 0 is any free one
//
// Each thread serves one connection at a time; others wait to be accepted. SIGINT and SIGTERM end
// it.
#include "local_server.hpp"

#include <rondo/interop/connection.hpp>
#include <rondo/interop/listener.hpp>

#include <http_parser.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {

constexpr auto patience = 5s; ///< with a client that sends no request, or takes no answer

/// Takes requests apart, of which nothing but their end is of interest here.
class request_reader {
public:
    enum class outcome { request, malformed, gone };

    request_reader() {
        ::http_parser_settings_init(&calls_);
        calls_.on_message_complete = [](::http_parser* p) {
            ::http_parser_pause(p, 1); // what follows is the next request
            return 0;
        };
    }

    /// Reads up to the end of one request.
    outcome next(rondo::connection& from) {
        ::http_parser_init(&state_, HTTP_REQUEST);
        for (;;) {
            unparsed_.remove_prefix(
                ::http_parser_execute(&state_, &calls_, unparsed_.data(), unparsed_.size()));
            if (state_.http_errno == HPE_PAUSED)
                return outcome::request;
            if (state_.http_errno != HPE_OK)
                return outcome::malformed;
            auto const size = from.read(input_);
            if (!size || *size == 0) // the deadline too
                return outcome::gone;
            unparsed_ = {input_, *size};
        }
    }
    [[nodiscard]] bool keep_alive() const {
        return ::http_should_keep_alive(&state_) != 0 && state_.upgrade == 0;
    }

private:
    ::http_parser state_;
    ::http_parser_settings calls_;
    char input_[8192];
    std::string_view unparsed_; ///< in input_
};

std::string answer(char const* status, std::string_view body, bool keep_alive) {
    std::string out = std::string("HTTP/1.1 ") + status + "\r\nContent-Type: text/plain\r\n";
    out += "Content-Length: " + std::to_string(body.size()) + "\r\nConnection: ";
    return out.append(keep_alive ? "keep-alive" : "close").append("\r\n\r\n").append(body);
}

/// Serves one connection after the other, on a thread of its own.
class worker {
public:
    void run(rondo::listener& server) {
        // Only the end of the listener ends this: its handler is told of the rest.
        while (auto peer = server.accept()) {
            rondo::connection& c = begin(std::move(*peer));
            serve(c);
            end();
        }
    }
    /// From any thread: the request that is being answered is the last.
    void stop() {
        std::lock_guard const hold(guard_);
        stopping_ = true;
        if (!current_.empty()) // the read that waits now ends, too
            static_cast<void>(current_.front().set_read_deadline(std::chrono::steady_clock::now()));
    }

private:
    rondo::connection& begin(rondo::connection peer) {
        std::lock_guard const hold(guard_);
        return current_.emplace_back(std::move(peer));
    }
    void end() {
        std::lock_guard const hold(guard_);
        current_.clear();
    }

    void serve(rondo::connection& peer) {
        request_reader reader;
        for (bool again = true; again;) {
            if (!peer.set_deadline(patience) || stopping_) // in this order: see stop()
                return;
            auto const what = reader.next(peer);
            if (what == request_reader::outcome::gone)
                return;
            bool const good = what == request_reader::outcome::request;
            again = good && reader.keep_alive() && !stopping_;
            std::string const text = good ? answer("200 OK", "hello io_uring!\n", again)
                                          : answer("400 Bad Request", "what?\n", again);
            if (!peer.write_all(text))
                return;
        }
        // Closing with unread bytes would reset the connection and might take the answer along.
        if (!peer.shutdown(rondo::shutdown_half::writing) || !peer.set_deadline(1s))
            return;
        char rest[512];
        for (auto n = peer.read(rest); n && *n != 0;)
            n = peer.read(rest);
    }

    std::mutex guard_;
    std::deque<rondo::connection> current_; ///< one, or none
    std::atomic<bool> stopping_ = false;
};

} // namespace

int main(int argc, char** argv) try {
    using namespace local_server;
    auto const port = number<std::uint16_t>(argc > 1 ? argv[1] : "8000");
    auto const threads = number<std::uint8_t>(argc > 2 ? argv[2] : "64");

    auto const signals = take_signals(); // before there are threads
    auto server =
        rondo::listener::listen("tcp", "127.0.0.1:" + std::to_string(port), {.no_delay = true},
                                [](rondo::error const& why) {
                                    std::fprintf(stderr, "http_hello: %s\n", why.message().c_str());
                                })
            .or_throw("listen");
    auto const where = server.local_address().or_throw("local address");
    std::printf("http://%s/\n", where.to_string().c_str());
    std::fflush(stdout);

    std::deque<worker> workers(std::max<std::size_t>(threads, 1));
    std::vector<std::jthread> running;
    for (worker& w : workers)
        running.emplace_back([&] { w.run(server); });

    ::signalfd_siginfo signal;
    checked(static_cast<int>(::read(signals.get(), &signal, sizeof signal)), "signalfd");
    server.close().or_throw("close");
    for (worker& w : workers)
        w.stop();
} catch (std::exception const& e) {
    std::fprintf(stderr, "http_hello: %s\n", e.what());
    return 1;
}
