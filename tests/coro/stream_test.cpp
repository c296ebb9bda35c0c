// SPDX-License-Identifier: MIT
#include <rondo/coro/scope.hpp>
#include <rondo/coro/sleep.hpp>
#include <rondo/coro/stream.hpp>
#include <rondo/coro/sync_wait.hpp>
#include <rondo/coro/timeout.hpp>
#include <rondo/op/all.hpp>

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <chrono>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace rondo {
namespace {

using namespace std::chrono_literals;

struct listening {
    unique_fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in at{};

    listening() {
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        auto* const address = reinterpret_cast<sockaddr*>(&at);
        if (::bind(fd.get(), address, size) != 0 || ::listen(fd.get(), 64) != 0 ||
            ::getsockname(fd.get(), address, &size) != 0)
            throw std::runtime_error("listen");
    }
    [[nodiscard]] unique_fd connect() const {
        unique_fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (::connect(client.get(), reinterpret_cast<sockaddr const*>(&at), sizeof at) != 0)
            throw std::runtime_error("connect");
        return client;
    }
};

bool was_closed(int peer) {
    pollfd p{peer, POLLIN, 0};
    char byte = 0;
    return ::poll(&p, 1, 5'000) == 1 && ::read(peer, &byte, 1) <= 0;
}

TEST(coro_stream, gives_each_value_once_in_order) {
    listening l;
    auto const body = [&]() -> task<> {
        stream accepted(co_await this_strand(), op::accept_stream{.fd = l.fd.get()});
        std::vector<unique_fd> clients;
        for (int i = 0; i < 5; ++i) {
            clients.push_back(l.connect());
            auto const one = co_await accepted.next();
            EXPECT_TRUE(one && one->get() >= 0);
        }
    };
    sync_wait(body());
}

TEST(coro_stream, keeps_what_comes_before_it_is_asked_for_and_stops_at_its_bound) {
    listening l;
    auto const body = [&]() -> task<> {
        strand& line = co_await this_strand();
        stream accepted(line, op::accept_stream{.fd = l.fd.get()}, 3);
        std::vector<unique_fd> clients;
        clients.push_back(l.connect());
        EXPECT_TRUE(co_await accepted.next());
        for (int i = 0; i < 10; ++i) {
            clients.push_back(l.connect());
            EXPECT_TRUE(co_await sleep_for(1ms));
        }
        EXPECT_GE(accepted.ready(), 3u);
        EXPECT_LT(accepted.ready(), 10u);
        for (int i = 0; i < 10; ++i)
            EXPECT_TRUE(co_await accepted.next()) << i;
        EXPECT_EQ(accepted.ready(), 0u);
    };
    sync_wait(body());
}

TEST(coro_stream, that_is_destroyed_closes_what_nobody_took) {
    listening l;
    unique_fd first, second;
    auto const body = [&]() -> task<> {
        stream accepted(co_await this_strand(), op::accept_stream{.fd = l.fd.get()});
        first = l.connect();
        EXPECT_TRUE(co_await accepted.next());
        second = l.connect();
        EXPECT_TRUE(co_await sleep_for(2ms));
    };
    sync_wait(body());
    EXPECT_TRUE(was_closed(first.get()));
    EXPECT_TRUE(was_closed(second.get()));
}

TEST(coro_stream, a_stopped_wait_ends_and_the_stream_can_be_asked_again) {
    listening l;
    auto const body = [&]() -> task<> {
        stream accepted(co_await this_strand(), op::accept_stream{.fd = l.fd.get()});
        auto const next = [&]() -> task<result<unique_fd>> { co_return co_await accepted.next(); };
        auto const late = co_await timeout(next(), 3ms);
        EXPECT_TRUE(!late && late.error() == ETIME);
        auto const client = l.connect();
        EXPECT_TRUE(co_await timeout(next(), 5s));
    };
    sync_wait(body());
}

TEST(coro_stream, an_error_comes_in_its_turn) {
    auto const body = []() -> task<> {
        stream accepted(co_await this_strand(), op::accept_stream{.fd = -1});
        for (int i = 0; i < 2; ++i) {
            auto const one = co_await accepted.next();
            EXPECT_TRUE(!one && one.error() == EBADF);
        }
    };
    sync_wait(body());
}

TEST(coro_stream, of_polls_tells_of_each_event) {
    unique_fd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    auto const body = [&]() -> task<> {
        stream ready(co_await this_strand(), op::poll_stream{.fd = event.get(), .events = POLLIN});
        for (int i = 0; i < 3; ++i) {
            EXPECT_EQ(::eventfd_write(event.get(), 1), 0);
            EXPECT_TRUE(co_await ready.next());
        }
    };
    sync_wait(body());
}

} // namespace
} // namespace rondo
