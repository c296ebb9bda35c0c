// expect: it completes many times: use rondo::stream
// SPDX-License-Identifier: MIT

#include <rondo/coro/task.hpp>
#include <rondo/op/net.hpp>

rondo::task<> awaits_it(int fd) {
#ifdef RONDO_MUST_COMPILE
    static_cast<void>(co_await rondo::op::accept<>{.fd = fd});
#else
    static_cast<void>(co_await rondo::op::accept_stream<>{.fd = fd});
#endif
}
