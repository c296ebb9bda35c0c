// SPDX-License-Identifier: MIT
#pragma once

// The threads that make the system calls which block: one pool for all rings of an engine. It grows
// on demand up to a bound, and shrinks when there is nothing to do. Any thread may call it. In a
// child of fork(2) its threads are gone: leave the object there as it is, and make a new one.

#include "request.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace rondo::engine::emulation {

/// Who does the work that blocks: threads, or a simulation.
class worker_pool {
public:
    /// Gets a request back, on the worker and under no lock of the pool.
    using finish_function = void (*)(void* to, request& r, outcome how) noexcept;

    worker_pool() = default;
    worker_pool(worker_pool const&) = delete;
    worker_pool& operator=(worker_pool const&) = delete;
    virtual ~worker_pool() = default;

    /// Some thread runs r.what->attempt(r, true) and then done(to, r, outcome). An attempt that
    /// answers -EINTR is repeated, or after interrupt() becomes -ECANCELED. First come, first
    /// served. False for want of memory, or of even one thread, or after stop().
    [[nodiscard]] virtual bool start(request& r, finish_function done, void* to) noexcept = 0;
    /// True: no thread had begun it, and none will.
    [[nodiscard]] virtual bool take_back(request& r) noexcept = 0;
    /// Makes the system call that a thread is in for `r` answer EINTR; nothing if none is. Must be
    /// repeated, say every millisecond, until `r` is done: it may come before the call begins.
    virtual void interrupt(request& r) noexcept = 0;
};

/// See the top of this file.
class workers final : public worker_pool {
public:
    struct limits {
        unsigned threads = 0;         ///< at most; 0: four for each CPU, from 4 to 64
        std::uint32_t idle_ms = 1000; ///< after so long without work a thread ends
    };

    workers() : workers(limits{}) {}
    /// Throws std::bad_alloc.
    explicit workers(limits most);
    /// Lets the threads go: they end by themselves after what they are in. Waits for nothing.
    ~workers() override;

    [[nodiscard]] bool start(request& r, finish_function done, void* to) noexcept override;
    [[nodiscard]] bool take_back(request& r) noexcept override;
    void interrupt(request& r) noexcept override;

    /// No more requests; waits until all there are were done and the threads have ended. False when
    /// `patience_ms` were not enough. Not from a worker.
    bool stop(std::uint32_t patience_ms) noexcept;
    /// How many threads there are now.
    [[nodiscard]] std::size_t threads() const noexcept;

private:
    struct state;
    std::shared_ptr<state> state_; // the threads' too
};

} // namespace rondo::engine::emulation
