// SPDX-License-Identifier: MIT
// expect: a sender was used after it was moved away
#include <rondo/coro/channel.hpp>

#include <utility>

int main() {
    auto ends = rondo::make_channel<int>(1).or_throw("channel");
    rondo::sender<int> const other = std::move(ends.tx);
    static_cast<void>(ends.tx.try_send(1)); // NOLINT(bugprone-use-after-move)
}
