// A program of someone else's: it knows only what an installed rondo offers.
#include <rondo/op/control.hpp>
#include <rondo/ring/ring.hpp>

#include <cstdio>

int main() {
    auto ring = rondo::ring::create({.entries = 8});
    if (!ring) {
        std::fputs("no ring could be set up\n", stderr);
        return 1;
    }
    return ring->run(rondo::op::nop{}) ? 0 : 2;
}
