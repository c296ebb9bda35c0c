// expect: streams go by push
// SPDX-License-Identifier: MIT

#include <rondo/op/poll.hpp>
#include <rondo/ring/shared_ring.hpp>

bool start(rondo::shared_ring& shared, rondo::fd_ref fd) {
    using namespace rondo;
#ifdef RONDO_MUST_COMPILE
    return shared.submit(op::poll{.fd = fd, .events = 1}).has_value();
#else
    return shared.submit(op::poll_stream{.fd = fd, .events = 1}).has_value();
#endif
}
