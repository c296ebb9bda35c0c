// SPDX-License-Identifier: MIT
// run:
#include <rondo/op/file.hpp>
#include <rondo/op/open.hpp>
#include <rondo/ring/ring.hpp>

#include <cstdio>
#include <exception>
#include <string_view>

namespace op = rondo::op;

int main() try {
    auto ring = rondo::ring::create().or_throw("ring");
    auto file = ring.run(op::openat<>{.path = "hello.txt", .flags = O_RDWR | O_CREAT | O_TRUNC})
                    .or_throw("hello.txt");

    std::string_view const text = "hello io_uring!\n";
    ring.run(op::write{.fd = file, .from = text, .at = 0}).or_throw("hello.txt");

    char back[64];
    auto const size = ring.run(op::read{.fd = file, .into = back, .at = 0}).or_throw("hello.txt");
    std::fwrite(back, 1, size, stdout);

    ring.run(op::close{.fd = file.release()}).or_throw("hello.txt");
} catch (std::exception const& e) {
    std::fprintf(stderr, "hello: %s\n", e.what());
    return 1;
}
