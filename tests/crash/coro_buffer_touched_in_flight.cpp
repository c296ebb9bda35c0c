// SPDX-License-Identifier: MIT
// expect: use-after-poison
// sanitizer: address
#include <rondo/coro/combine.hpp>
#include <rondo/coro/sync_wait.hpp>
#include <rondo/op/read.hpp>

#include <array>
#include <unistd.h>

namespace {

rondo::task<> meddle(std::array<char, 64>& memory) {
    memory[0] = 1;
    co_return;
}

rondo::task<> body(int from) {
    std::array<char, 64> memory{};
    co_await rondo::when_all(rondo::op::read{.fd = from, .into = memory}, meddle(memory));
}

} // namespace

int main() {
    int ends[2];
    if (::pipe(ends) != 0)
        return 1;
    rondo::sync_wait(body(ends[0]));
}
