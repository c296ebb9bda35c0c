// SPDX-License-Identifier: MIT
// expect: an operation was destroyed in flight: read; cancel it and wait until it is over
#include <loop/loop_fixture.hpp>

#include <optional>

int main() {
    using namespace rondo;
    int ends[2];
    if (::pipe(ends) != 0)
        return 1;
    loop l = loop::create().or_throw("loop");
    char into[8];
    std::optional<test::operation<op::read<>>> r(std::in_place, l,
                                                 op::read{.fd = ends[0], .into = into});
    r->start();
    static_cast<void>(l.run_ready().or_throw("run_ready"));
    r.reset();
}
