// SPDX-License-Identifier: MIT
// expect: a batch of inbox items was dropped; run all of it
#include <rondo/loop/inbox.hpp>

int main() {
    rondo::inbox box([](void*) noexcept {}, nullptr);
    rondo::inbox_item item([](rondo::inbox_item&) noexcept {});
    static_cast<void>(box.post(item));
    static_cast<void>(box.take());
}
