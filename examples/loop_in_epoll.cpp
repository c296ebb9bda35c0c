// SPDX-License-Identifier: MIT
// run: "$source"

// Coroutines that read a file on a loop which plain epoll drives, beside a timer of its own. The
// loop's descriptor is readable when there is something to do; run_ready() never blocks.
//
//     loop_in_epoll FILE
#include "line_counter.hpp"

#include <rondo/coro/scope.hpp>

#include <array>
#include <cstdio>
#include <exception>
#include <span>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace {

/// The event loop that was there before.
class poller {
public:
    poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}
    void watch(int fd) const {
        epoll_event what{.events = EPOLLIN, .data = {.fd = fd}};
        if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &what) != 0)
            throw std::runtime_error("epoll_ctl");
    }
    /// Calls ready(descriptor) for what is readable.
    template <class Ready>
    void wait(Ready&& ready) const {
        std::array<epoll_event, 8> events{};
        int const n = ::epoll_wait(epoll_.get(), events.data(), 8, -1);
        for (epoll_event const& e : std::span(events).first(n > 0 ? static_cast<unsigned>(n) : 0u))
            ready(e.data.fd);
    }

private:
    rondo::unique_fd epoll_;
};

rondo::task<> print_lines(char const* path) {
    std::printf("%zu lines\n", co_await count_lines(path));
}

} // namespace

int main(int argc, char** argv) try {
    poller events;
    rondo::unique_fd const ticker(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
    itimerspec const each{.it_interval = {0, 2'000'000}, .it_value = {0, 2'000'000}};
    ::timerfd_settime(ticker.get(), 0, &each, nullptr);
    events.watch(ticker.get());

    auto loop = rondo::loop::create().or_throw("loop");
    events.watch(loop.native_handle());
    rondo::loop_scope tasks(loop);
    for (int i = 1; i < argc; ++i)
        tasks.spawn(print_lines(argv[i]));
    loop.run_ready().or_throw("loop");

    unsigned long ticks = 0;
    while (tasks.running() != 0)
        events.wait([&](int fd) {
            if (fd == loop.native_handle())
                loop.run_ready().or_throw("loop");
            else if (unsigned long n = 0; ::read(fd, &n, sizeof n) == sizeof n)
                ticks += n;
        });
    tasks.outcome().or_throw("count");
    std::printf("%lu ticks of the other timer meanwhile\n", ticks);
} catch (std::exception const& e) {
    std::fprintf(stderr, "loop_in_epoll: %s\n", e.what());
    return 1;
}
