// SPDX-License-Identifier: MIT
// expect: an inbox was destroyed with items in it; run what close\(\) returns
#include <rondo/loop/inbox.hpp>

int main() {
    rondo::inbox_item item([](rondo::inbox_item&) noexcept {});
    rondo::inbox box([](void*) noexcept {}, nullptr);
    static_cast<void>(box.post(item));
}
