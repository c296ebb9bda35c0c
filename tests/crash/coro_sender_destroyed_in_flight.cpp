// SPDX-License-Identifier: MIT
// expect: an operation was destroyed in flight: read
#include <rondo/coro/sender.hpp>
#include <rondo/op/read.hpp>

#include <cstddef>
#include <span>
#include <unistd.h>

namespace {

struct nobody {
    void set_value(std::size_t) noexcept {}
    void set_error(rondo::error const&) noexcept {}
    void set_stopped() noexcept {}
};

} // namespace

int main() {
    rondo::loop on = rondo::loop::create().or_throw("loop");
    int ends[2];
    if (::pipe(ends) != 0)
        return 0;
    std::byte into[1];
    auto state =
        rondo::as_sender(on, rondo::op::read{.fd = ends[0], .into = into}).connect(nobody{});
    state.start();
    on.run_ready().or_throw("run_ready");
}
