// expect: received_area
// SPDX-License-Identifier: MIT

#include <rondo/op/receive.hpp>

#ifdef RONDO_MUST_COMPILE
using completion = rondo::abi::cqe32;
#else
using completion = rondo::abi::cqe;
#endif

bool received(rondo::op::recv_zc_stream const& o, completion const& c) {
    return rondo::op::value_of(o, c).has_value();
}
