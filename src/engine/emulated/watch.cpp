// SPDX-License-Identifier: MIT
#include "watch.hpp"

#include "finish.hpp"
#include "own_thread.hpp"

#include <cerrno>
#include <chrono>
#include <new>

namespace rondo::engine::emulation {

bool watch::start(std::shared_ptr<watch> const& self) noexcept {
    auto* const of_thread = new (std::nothrow) std::shared_ptr<watch>(self);
    if (of_thread == nullptr)
        return false;
    self->request_.watcher = self;
    if (start_thread(&run, of_thread))
        return true;
    self->request_.watcher.reset();
    delete of_thread;
    return false;
}

bool watch::take_back(request& r) noexcept { return r.watcher->take(); }

bool watch::is_over() noexcept {
    std::lock_guard const lock(mutex_);
    return phase_ == phase::over;
}

void* watch::run(void* self) noexcept {
    std::unique_ptr<std::shared_ptr<watch>> const owner(static_cast<std::shared_ptr<watch>*>(self));
    (*owner)->live();
    return nullptr;
}

void watch::live() noexcept {
    int const tid = name_thread("rondo-watch");
    long answer = -EINTR;
    while (answer == -EINTR) {
        {
            std::lock_guard const lock(mutex_);
            tid_ = tid;
            if (phase_ == phase::wanted) {
                phase_ = phase::taken;
                changed_.notify_all();
                return;
            }
        }
        answer = sleep();
    }
    outcome const how = end(answer);
    {
        // Also when it was wanted back meanwhile: what woke the thread is used up, and must not be
        // lost.
        std::lock_guard const lock(mutex_);
        phase_ = phase::over;
        changed_.notify_all();
    }
    give_back.load()(request_, how);
}

bool watch::take() noexcept {
    std::unique_lock lock(mutex_);
    if (phase_ != phase::asleep)
        return phase_ == phase::taken;
    phase_ = phase::wanted;
    while (phase_ == phase::wanted) {
        if (tid_ != 0 && !nudge(tid_)) {
            phase_ = phase::asleep; // no signal is free: it sleeps on
            return false;
        }
        changed_.wait_for(lock, std::chrono::milliseconds(1));
    }
    return phase_ == phase::taken;
}

} // namespace rondo::engine::emulation
