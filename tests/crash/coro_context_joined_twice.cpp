// SPDX-License-Identifier: MIT
// expect: a context was joined twice
#include <rondo/coro/context.hpp>

int main() {
    auto threads = rondo::context::create({.threads = 1}).or_throw("context");
    static_cast<void>(threads.join());
    static_cast<void>(threads.join());
}
