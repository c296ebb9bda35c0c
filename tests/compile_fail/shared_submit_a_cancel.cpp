// expect: use shared_ring::cancel
// SPDX-License-Identifier: MIT

#include <rondo/op/cancel.hpp>
#include <rondo/ring/shared_ring.hpp>

bool end_all(rondo::shared_ring& shared) {
    using namespace rondo;
#ifdef RONDO_MUST_COMPILE
    return shared.cancel(op::cancel_match::any()).has_value();
#else
    return shared.submit(op::cancel{.what = op::cancel_match::any()}).has_value();
#endif
}
