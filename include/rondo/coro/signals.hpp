// SPDX-License-Identifier: MIT
#pragma once

// signals: a program's signals as values to be awaited. One thread: the loop's.
//
//     auto until = signals::create({SIGINT, SIGTERM}).or_throw("signals");
//     int const which = (co_await until.next()).or_throw("signals");

#include <rondo/core/fd.hpp>
#include <rondo/core/result.hpp>
#include <rondo/coro/task.hpp>

#include <initializer_list>

namespace rondo {

/// See the top of this file. Move-only. The signals are blocked for the thread that calls create(),
/// and stay so: do it before other threads are started, which inherit that. signalfd(2)
class signals {
public:
    /// EINVAL: no such signal. EMFILE, ENFILE, ENOMEM.
    [[nodiscard]] static result<signals> create(std::initializer_list<int> which) noexcept;

    /// The next signal's number. Several of one kind that come before it is awaited may be one.
    [[nodiscard]] task<result<int>> next();
    /// signalfd(2)'s, for operations of the caller's own.
    [[nodiscard]] int native_handle() const noexcept { return fd_.get(); }

private:
    explicit signals(unique_fd&& fd) noexcept : fd_(std::move(fd)) {}
    unique_fd fd_;
};

} // namespace rondo
