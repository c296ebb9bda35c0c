// SPDX-License-Identifier: MIT
// expect: works no more .*: Bad file descriptor.* waits for read, .*leave the ring's descriptor
#include <rondo/coro/sync_wait.hpp>
#include <rondo/op/read.hpp>
#include <support/pipe_pair.hpp>
#include <support/wrapped_kernel.hpp>

#include <cerrno>
#include <span>

namespace {

/// Takes the first submission, and fails from then on.
class breaking_kernel final : public rondo::test::wrapped_kernel {
public:
    long enter(int fd, std::uint32_t to_submit, std::uint32_t, std::uint32_t flags, void const*,
               std::size_t) noexcept override {
        if (taken_)
            return -EBADF;
        taken_ = to_submit != 0;
        constexpr std::uint32_t waiting =
            rondo::raw(rondo::abi::enter::ext_arg | rondo::abi::enter::ext_arg_reg);
        return wrapped_kernel::enter(fd, to_submit, 0, flags & ~waiting, nullptr, 0);
    }

private:
    bool taken_ = false;
};

rondo::task<> reads(int fd) {
    char byte = 0;
    static_cast<void>(co_await rondo::op::read{.fd = fd, .into = std::span(&byte, 1)});
}

} // namespace

int main() {
    using namespace rondo;
    breaking_kernel kernel;
    loop_options options{};
    options.ring.backend = &kernel;
    loop on = loop::create(options).or_throw("loop");
    test::pipe_pair const p;
    sync_wait(on, reads(p.out.get()));
}
