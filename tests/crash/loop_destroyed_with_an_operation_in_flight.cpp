// SPDX-License-Identifier: MIT
// expect: a loop was destroyed with an operation in flight: recv; run the loop until it is over
#include <loop/loop_fixture.hpp>

#include <optional>
#include <sys/socket.h>

int main() {
    using namespace rondo;
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return 1;
    std::optional<loop> l(loop::create().or_throw("loop"));
    char into[8];
    test::operation<op::recv<>> r(*l, op::recv{.fd = ends[0], .into = into});
    r.start();
    static_cast<void>(l->run_ready().or_throw("run_ready"));
    l.reset();
}
