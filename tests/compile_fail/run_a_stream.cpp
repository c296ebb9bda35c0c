// expect: a stream completes many times
// SPDX-License-Identifier: MIT

#include <rondo/op/poll.hpp>
#include <rondo/ring/ring.hpp>

bool wait_for(rondo::ring& ring, rondo::fd_ref fd) {
    using namespace rondo;
#ifdef RONDO_MUST_COMPILE
    return ring.run(op::poll{.fd = fd, .events = 1}).has_value();
#else
    return ring.run(op::poll_stream{.fd = fd, .events = 1}).has_value();
#endif
}
