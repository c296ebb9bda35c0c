// SPDX-License-Identifier: MIT
#pragma once

// Looks after rings whose program sleeps elsewhere, on an eventfd that it registered: one thread
// sleeps for all of them. It starts with the first ring and ends after the last. Any thread; it
// takes no lock of a ring while it holds its own.

#include <memory>

namespace rondo::engine::emulation {

class kernel_side;

/// See the top of this file.
class attendant {
public:
    /// Throws std::bad_alloc.
    attendant();
    attendant(attendant const&) = delete;
    attendant& operator=(attendant const&) = delete;
    /// After the last ring.
    ~attendant() = default;

    /// From now on ring.tend() is called whenever something comes to its poller: 0, or -errno.
    long add(kernel_side& ring) noexcept;
    /// Before the ring's descriptor is closed. A call of tend() may still be on its way.
    void remove(kernel_side& ring) noexcept;
    /// Calls ring.tend() again if something is left in its poller.
    void look_again(kernel_side& ring) noexcept;

private:
    struct state;
    std::shared_ptr<state> state_; // the thread's too
};

} // namespace rondo::engine::emulation
