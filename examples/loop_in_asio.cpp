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
#include <functional>
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

rondo::task<> print_lines(char const* path, asio::steady_timer& ticker) {
    std::printf("%zu lines\n", co_await count_lines(path));
    ticker.cancel();
}

} // namespace

int main(int argc, char** argv) try {
    asio::io_context context;
    asio::steady_timer ticker(context);
    unsigned long ticks = 0;
    std::function<void(asio::error_code)> const tick = [&](asio::error_code why) {
        if (why)
            return;
        ++ticks;
        ticker.expires_after(std::chrono::milliseconds(2));
        ticker.async_wait(tick);
    };
    tick({});

    auto loop = rondo::loop::create().or_throw("loop");
    rondo::loop_scope tasks(loop);
    if (argc > 1)
        tasks.spawn(print_lines(argv[1], ticker));
    driver drives(context, loop, tasks);
    drives.go_on();
    context.run();
    tasks.outcome().or_throw("count");
    std::printf("%lu ticks of Asio's timer meanwhile\n", ticks);
} catch (std::exception const& e) {
    std::fprintf(stderr, "loop_in_asio: %s\n", e.what());
    return 1;
}
