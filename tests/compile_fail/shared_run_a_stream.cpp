// expect: run takes operations that complete once
// SPDX-License-Identifier: MIT

#include <rondo/op/poll.hpp>
#include <rondo/ring/shared_ring.hpp>

bool wait_for(rondo::shared_ring& shared, rondo::fd_ref fd) {
    using namespace rondo;
#ifdef RONDO_MUST_COMPILE
    return shared.run(op::poll{.fd = fd, .events = 1}).has_value();
#else
    return shared.run(op::poll_stream{.fd = fd, .events = 1}).has_value();
#endif
}
