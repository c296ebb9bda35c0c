// SPDX-License-Identifier: MIT
// expect: a loop was destroyed with an operation in flight: read; run the loop until it is over
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
    std::byte into[8];
    auto reader = reads(ends[0], into);
    std::optional<loop> on(loop::create().or_throw("loop"));
    detail::begin_strand(
        reader.promise(), *on, [](detail::task_promise_base&) noexcept {}, nullptr);
    static_cast<void>(on->run_ready().or_throw("run_ready"));
    on.reset();
}
