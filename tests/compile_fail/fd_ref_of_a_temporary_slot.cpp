// expect: deleted
// SPDX-License-Identifier: MIT

#include <rondo/op/slot.hpp>

rondo::owned_slot open_it();

int use() {
#ifdef RONDO_MUST_COMPILE
    rondo::owned_slot const owner = open_it();
    rondo::fd_ref const fd = owner;
#else
    rondo::fd_ref const fd = open_it();
#endif
    return fd.value();
}
