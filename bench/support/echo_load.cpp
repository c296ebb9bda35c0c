// SPDX-License-Identifier: MIT
#include "echo_load.hpp"

#include "check.hpp"
#include "sample.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace bench {
namespace {

constexpr std::size_t message_bytes = 64;
constexpr double load_seconds = 0.25;
constexpr unsigned stuck_seconds = 20;

using message = std::array<unsigned char, message_bytes>;

bool send_message(int fd, std::size_t connection, unsigned char salt) {
    message out;
    out.fill(salt);
    std::memcpy(out.data(), &connection, sizeof connection);
    return ::send(fd, out.data(), out.size(), MSG_NOSIGNAL) == static_cast<::ssize_t>(out.size());
}

bool receive_message(int fd, std::size_t connection, unsigned char salt) {
    message expected;
    expected.fill(salt);
    std::memcpy(expected.data(), &connection, sizeof connection);
    message in;
    return ::recv(fd, in.data(), in.size(), MSG_DONTWAIT) == static_cast<::ssize_t>(in.size()) &&
           in == expected;
}

/// Keeps one message in flight per connection for a while. False: an echo was not what was sent.
bool run_load(std::span<rondo::unique_fd const> sockets, int gate) {
    rondo::unique_fd const set(::epoll_create1(EPOLL_CLOEXEC));
    for (std::size_t i = 0; i < sockets.size(); ++i) {
        ::epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
        if (::epoll_ctl(set.get(), EPOLL_CTL_ADD, sockets[i].get(), &event) != 0)
            return false;
    }
    char unused;
    if (::read(gate, &unused, 1) < 0) // until the server is there
        return false;
    std::array<unsigned char, echo_load::connections> salts{};
    for (std::size_t i = 0; i < sockets.size(); ++i)
        if (!send_message(sockets[i].get(), i, salts[i]))
            return false;
    double const end = wall_seconds() + load_seconds;
    std::array<::epoll_event, echo_load::connections> events;
    for (std::size_t in_flight = sockets.size(); in_flight != 0;) {
        int const found = ::epoll_wait(set.get(), events.data(), events.size(), -1);
        if (found < 0 && errno != EINTR)
            return false;
        bool const over = wall_seconds() >= end;
        for (std::size_t e = 0; e < static_cast<std::size_t>(std::max(found, 0)); ++e) {
            std::size_t const i = events[e].data.u64;
            int const fd = sockets[i].get();
            if (!receive_message(fd, i, salts[i]++))
                return false;
            if (over)
                --in_flight;
            else if (!send_message(fd, i, salts[i]))
                return false;
        }
    }
    return true;
}

} // namespace

echo_load::echo_load() {
    int ends[2];
    checked(::pipe2(ends, O_CLOEXEC), "pipe2");
    rondo::unique_fd const gate(ends[0]);
    start_.reset(ends[1]);
    std::vector<rondo::unique_fd> far;
    for (std::size_t i = 0; i < connections; ++i) {
        checked(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
        near_.emplace_back(ends[0]);
        far.emplace_back(ends[1]);
    }
    child_ = checked(::fork(), "fork");
    if (child_ != 0)
        return;
    ::alarm(stuck_seconds);
    near_.clear();
    start_.reset();
    ::_exit(run_load(far, gate.get()) ? 0 : 1);
}

echo_load::~echo_load() {
    start_.reset();
    near_.clear();
    if (child_ > 0)
        ::waitpid(child_, nullptr, 0);
}

void echo_load::finish() {
    int status = 0;
    checked(::waitpid(std::exchange(child_, -1), &status, 0), "waitpid");
    if (status != 0)
        throw std::runtime_error("an echo was not what was sent, or did not come");
}

} // namespace bench
