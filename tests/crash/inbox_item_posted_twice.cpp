// SPDX-License-Identifier: MIT
// expect: an inbox_item was posted twice
#include <rondo/loop/inbox.hpp>

int main() {
    rondo::inbox box([](void*) noexcept {}, nullptr);
    rondo::inbox_item item([](rondo::inbox_item&) noexcept {});
    static_cast<void>(box.post(item));
    static_cast<void>(box.post(item));
}
