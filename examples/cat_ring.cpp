// SPDX-License-Identifier: MIT
// cat: prints files, one read and one write at a time, through a ring. What a ring does in the
// fewest lines; cat_queues.cpp does the same without it.
//
//     cat_ring FILE...
#include <rondo/op/open.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/write.hpp>
#include <rondo/ring/ring.hpp>

#include <csignal>
#include <cstdio>
#include <exception>
#include <string_view>
#include <vector>

namespace op = rondo::op;

namespace {

/// Writes all of `bytes` to standard output: a pipe may take fewer at a time.
void print(rondo::ring& ring, std::string_view bytes) {
    while (!bytes.empty())
        bytes.remove_prefix(ring.run(op::write{.fd = 1, .from = bytes}).or_throw("write"));
}

/// To its end, wherever that is: block devices, pipes and /proc have one, too.
void print_file(rondo::ring& ring, char const* name) {
    auto const file = ring.run(op::openat<>{.path = name}).or_throw(name);
    std::vector<char> block(64 * 1024);
    while (std::size_t const size = ring.run(op::read{.fd = file, .into = block}).or_throw(name))
        print(ring, std::string_view(block.data(), size));
}

} // namespace

int main(int argc, char** argv) try {
    std::signal(SIGPIPE, SIG_IGN); // writing says EPIPE instead
    auto ring = rondo::ring::create({.entries = 1}).or_throw("ring");
    for (int i = 1; i < argc; ++i)
        print_file(ring, argv[i]);
} catch (std::exception const& e) {
    std::fprintf(stderr, "cat_ring: %s\n", e.what());
    return 1;
}
