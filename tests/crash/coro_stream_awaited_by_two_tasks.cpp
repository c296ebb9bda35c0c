// SPDX-License-Identifier: MIT
// expect: a stream was awaited by two tasks at once
#include <rondo/coro/combine.hpp>
#include <rondo/coro/sleep.hpp>
#include <rondo/coro/stream.hpp>
#include <rondo/coro/sync_wait.hpp>
#include <rondo/op/poll.hpp>

#include <poll.h>
#include <sys/eventfd.h>

namespace {

using polls = rondo::stream<rondo::op::poll_stream>;

rondo::task<rondo::result<std::uint32_t>> next_of(polls& from) { co_return co_await from.next(); }
rondo::task<> awaits_twice(int fd) {
    polls ready(co_await rondo::this_strand(), rondo::op::poll_stream{.fd = fd, .events = POLLIN});
    co_await rondo::when_all(next_of(ready), next_of(ready));
}

} // namespace

int main() {
    rondo::unique_fd const counter(::eventfd(0, EFD_CLOEXEC));
    rondo::sync_wait(awaits_twice(counter.get()));
}
