// SPDX-License-Identifier: MIT
#pragma once

// The peer: standalone Asio, its coroutines and, for files, its io_uring back end. Kept apart since
// it takes long to compile. One thread, but for what posts.

#include "sides.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace bench::coro {

struct asio_state;

class asio_side {
public:
    asio_side();
    asio_side(asio_side&&) = delete;
    ~asio_side();

    /// As task_side::run; in place of a NOP a handler that is posted, since Asio has no other
    /// operation that does nothing: it does not enter the kernel.
    void run(kind what, desk const& d, std::uint64_t rounds);

    /// Spawns `count` coroutines that do nothing, a thousand at a time, and runs them.
    void spawn(std::size_t count);

    /// Starts `count` timers, in no order, and cancels them in another: seconds of CPU time of
    /// each half go to `insertion` and `cancel`.
    void timers(std::size_t count, double& insertion, double& cancel);

    /// Another thread posts `batches` times `batch` functions; returns when all have run.
    void post(std::size_t batches, std::size_t batch);

private:
    std::unique_ptr<asio_state> state_;
};

} // namespace bench::coro
