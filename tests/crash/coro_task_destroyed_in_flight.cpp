// SPDX-License-Identifier: MIT
// expect: a task was destroyed before it was over; stop it and await it
#include <rondo/coro/operation.hpp>
#include <rondo/coro/task.hpp>
#include <rondo/op/read.hpp>

#include <optional>
#include <span>
#include <sys/socket.h>

namespace {

rondo::task<> reads(int fd, std::span<std::byte> into) {
    static_cast<void>(co_await rondo::op::read{.fd = fd, .into = into, .at = 0});
}

} // namespace

int main() {
    using namespace rondo;
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return 1;
    auto on = loop::create().or_throw("loop");
    std::byte into[8];
    std::optional<task<>> reader(reads(ends[0], into));
    detail::begin_strand(
        reader->promise(), on, [](detail::task_promise_base&) noexcept {}, nullptr);
    static_cast<void>(on.run_ready().or_throw("run_ready"));
    reader.reset();
}
