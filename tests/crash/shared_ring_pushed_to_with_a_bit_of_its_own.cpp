// SPDX-License-Identifier: MIT
// expect: the highest bit of user_data is the shared_ring's own
#include <rondo/op/control.hpp>
#include <rondo/ring/shared_ring.hpp>

#include <cstdint>

int main() {
    auto shared = rondo::shared_ring::create({.entries = 8}).or_throw("shared ring");
    static_cast<void>(shared.push(rondo::op::nop{}, std::uint64_t{1} << 63));
}
