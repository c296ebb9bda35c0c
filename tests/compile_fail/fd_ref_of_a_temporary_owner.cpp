// expect: deleted
// SPDX-License-Identifier: MIT

#include <rondo/op/target.hpp>

rondo::unique_fd open_it();

int use() {
#ifdef RONDO_MUST_COMPILE
    rondo::unique_fd const owner = open_it();
    rondo::fd_ref const fd = owner;
#else
    rondo::fd_ref const fd = open_it();
#endif
    return fd.value();
}
