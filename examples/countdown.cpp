// SPDX-License-Identifier: MIT
// run:

// A writer counts down once in a while, a reader prints what comes through a channel between them,
// and at zero stops the program.
#include <rondo/coro/channel.hpp>
#include <rondo/coro/scope.hpp>
#include <rondo/coro/sleep.hpp>
#include <rondo/coro/stop.hpp>
#include <rondo/coro/sync_wait.hpp>

#include <chrono>
#include <cstdio>
#include <exception>
#include <stop_token>
#include <utility>

namespace {

using namespace std::chrono_literals;

rondo::task<rondo::result<>> write(rondo::sender<int> numbers) {
    for (int n = 10;; --n) {
        if (auto const slept = co_await rondo::sleep_for(20ms); !slept)
            co_return slept;
        if (auto const sent = co_await numbers.send(n); !sent)
            co_return sent;
    }
}

rondo::task<rondo::result<>> read(rondo::receiver<int> numbers, std::stop_source& all) {
    for (;;) {
        auto const n = co_await numbers.receive();
        if (!n)
            co_return rondo::fail(n.error());
        std::printf("%d\n", *n);
        if (*n == 0)
            all.request_stop();
    }
}

rondo::task<rondo::result<>> both(std::stop_source& all) {
    auto [to, from] = rondo::make_channel<int>(0).or_throw("channel");
    co_return co_await rondo::with_scope([&](rondo::scope& tasks) -> rondo::task<> {
        tasks.spawn(write(std::move(to)));
        tasks.spawn(read(std::move(from), all));
        co_return;
    });
}

rondo::task<rondo::result<>> until_stopped(std::stop_source& all) {
    co_return co_await rondo::with_stop(all.get_token(), both(all));
}

} // namespace

int main() try {
    std::stop_source all;
    rondo::sync_wait(until_stopped(all)).or_throw("countdown");
    std::puts("stopped");
} catch (std::exception const& e) {
    std::fprintf(stderr, "countdown: %s\n", e.what());
    return 1;
}
