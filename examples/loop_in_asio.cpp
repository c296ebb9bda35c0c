// SPDX-License-Identifier: MIT
// run: "$source"

// Coroutines that read a file on a loop inside an Asio io_context, beside Asio's own timer: a
// program can begin to use rondo where it stands.
//
//     loop_in_asio FILE
#include "line_counter.hpp"

#include <rondo/coro/scope.hpp>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstdio>
#include <exception>
#include <unistd.h>

namespace {

/// Runs a loop whenever its descriptor is readable, until nothing of `tasks` runs any more.
class driver {
public:
    driver(asio::io_context& context, rondo::loop& what, rondo::loop_scope& tasks)
        : loop_(what), tasks_(tasks), readable_(context, ::dup(what.native_handle())) {}
    void go_on() {
        loop_.run_ready().or_throw("loop");
        if (tasks_.running() != 0)
            readable_.async_wait(asio::posix::stream_descriptor::wait_read,
                                 [this](asio::error_code) { go_on(); });
    }

private:
    rondo::loop& loop_;
    rondo::loop_scope& tasks_;
    asio::posix::stream_descriptor readable_;
};

/// Asio's own timer, every 2 ms until it is stopped.
class ticker {
public:
    explicit ticker(asio::io_context& context) : timer_(context) { tick(); }
    void stop() {
        // A cancel does not reach a handler that is queued already.
        stopped_ = true;
        timer_.cancel();
    }
    [[nodiscard]] unsigned long ticks() const noexcept { return ticks_; }

private:
    void tick() {
        timer_.expires_after(std::chrono::milliseconds(2));
        timer_.async_wait([this](asio::error_code) {
            if (stopped_)
                return;
            ++ticks_;
            tick();
        });
    }

    asio::steady_timer timer_;
    unsigned long ticks_ = 0;
    bool stopped_ = false;
};

rondo::task<> print_lines(char const* path, ticker& beside) {
    std::printf("%zu lines\n", co_await count_lines(path));
    beside.stop();
}

} // namespace

int main(int argc, char** argv) try {
    if (argc != 2) {
        std::fputs("usage: loop_in_asio FILE\n", stderr);
        return 2;
    }
    asio::io_context context;
    ticker beside(context);
    auto loop = rondo::loop::create().or_throw("loop");
    rondo::loop_scope tasks(loop);
    tasks.spawn(print_lines(argv[1], beside));
    driver drives(context, loop, tasks);
    drives.go_on();
    context.run();
    tasks.outcome().or_throw("count");
    std::printf("%lu ticks of Asio's timer meanwhile\n", beside.ticks());
} catch (std::exception const& e) {
    std::fprintf(stderr, "loop_in_asio: %s\n", e.what());
    return 1;
}
