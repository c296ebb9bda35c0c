// SPDX-License-Identifier: MIT
// expect: a mutex was destroyed while it is held
#include <rondo/coro/mutex.hpp>

#include <optional>
#include <utility>

int main() {
    std::optional<rondo::mutex> of(std::in_place);
    auto const held = of->try_lock();
    of.reset();
}
