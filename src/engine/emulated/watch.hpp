// SPDX-License-Identifier: MIT
#pragma once

// A thread of its own that sleeps in one system call for one request and then gives the request
// back. For what no descriptor shows: futexes, and children that stop. Each request has one, so
// that it stands in the kernel's queues exactly as the operation would. Attempts and take_back()
// come under the ring's lock; a watch takes no lock of a ring while it holds its own.

#include "request.hpp"

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>

namespace rondo::engine::emulation {

/// Waits in the place of a request that was left `kept`, which owns it.
class waiter {
public:
    waiter() = default;
    waiter(waiter const&) = delete;
    waiter& operator=(waiter const&) = delete;
    virtual ~waiter() = default;
    /// Takes its request back. False: too late, it is given back, or about to be.
    [[nodiscard]] virtual bool take() noexcept = 0;
};

/// See the top of this file. Owned by its request and by its thread.
class watch : public waiter {
public:
    explicit watch(request& r) noexcept : request_(r) {}

    /// Starts the thread and lets the request own `self`. False for want of memory or threads.
    [[nodiscard]] static bool start(std::shared_ptr<watch> const& self) noexcept;
    /// operation::take_back for requests with a waiter. A thread is waited for until it has left
    /// its system call, which takes it some microseconds.
    [[nodiscard]] static bool take_back(request& r) noexcept;
    /// The request is given back, or about to be.
    [[nodiscard]] bool is_over() noexcept;

protected:
    /// Makes the system call. After -EINTR it is called again, unless the request was taken back.
    virtual long sleep() noexcept = 0;
    /// What an answer of sleep() means for the request.
    [[nodiscard]] virtual outcome end(long answer) noexcept = 0;

private:
    enum class phase : std::uint8_t { asleep, wanted, taken, over };

    static void* run(void* self) noexcept;
    void live() noexcept;
    [[nodiscard]] bool take() noexcept override;

    request& request_;
    std::mutex mutex_;
    std::condition_variable changed_;
    phase phase_ = phase::asleep;
    int tid_ = 0; // of the thread, once it runs
};

} // namespace rondo::engine::emulation
