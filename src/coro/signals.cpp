// SPDX-License-Identifier: MIT
#include <rondo/coro/signals.hpp>

#include <rondo/op/read.hpp>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <span>
#include <sys/signalfd.h>

namespace rondo {

result<signals> signals::create(std::initializer_list<int> which) noexcept {
    sigset_t set;
    ::sigemptyset(&set);
    for (int const signal : which)
        if (::sigaddset(&set, signal) != 0)
            return fail(EINVAL, attempt::open);
    unique_fd made(::signalfd(-1, &set, SFD_CLOEXEC));
    if (!made)
        return fail(error::last(attempt::open));
    if (int const code = ::pthread_sigmask(SIG_BLOCK, &set, nullptr); code != 0)
        return fail(code, attempt::open);
    return signals(std::move(made));
}

task<result<int>> signals::next() {
    signalfd_siginfo info{};
    std::span const into(reinterpret_cast<std::byte*>(&info), sizeof info);
    auto const n = co_await op::read{.fd = fd_.get(), .into = into, .at = op::current_position};
    if (!n)
        co_return fail(n.error());
    co_return static_cast<int>(info.ssi_signo);
}

} // namespace rondo
