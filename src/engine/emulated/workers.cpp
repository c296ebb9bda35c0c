// SPDX-License-Identifier: MIT
#include "workers.hpp"

#include "own_thread.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <new>
#include <thread>

namespace rondo::engine::emulation {
namespace {

struct task {
    request* what;
    workers::finish_function done;
    void* to;
};

/// What a thread is at. Under the pool's lock, but for the flag.
struct seat {
    bool taken = false;
    request* what = nullptr;
    int tid = 0;
    std::atomic<bool> interrupted = false; // the worker looks at it between attempts
};

unsigned default_threads() noexcept {
    return std::clamp(4 * std::thread::hardware_concurrency(), 4u, 64u);
}

outcome run(request& r, std::atomic<bool> const& interrupted) noexcept {
    for (;;) {
        if (interrupted.load())
            return outcome::answer(-ECANCELED);
        outcome const how = r.what->attempt(r, true);
        if (how.what != outcome::kind::done || how.res != -EINTR)
            return how;
    }
}

} // namespace

struct workers::state {
    explicit state(limits most)
        : bound(most.threads != 0 ? most.threads : default_threads()), idle_ms(most.idle_ms),
          seats(std::make_unique<seat[]>(bound)) {}

    /// What a new thread is told.
    struct beginning {
        std::shared_ptr<state> pool;
        seat* mine;
    };

    bool grow(std::shared_ptr<state> const& self) noexcept;
    void live(seat& mine) noexcept;
    static void* begin(void* argument) noexcept;

    unsigned const bound;
    std::uint32_t const idle_ms;
    std::mutex mutex;
    std::condition_variable work;  // there is some, or no more will come
    std::condition_variable ended; // a thread has
    std::deque<task> queue;
    std::unique_ptr<seat[]> const seats;
    std::size_t threads = 0;
    std::size_t idle = 0; // threads that wait for work, told of it or not
    bool stopping = false;
};

bool workers::state::grow(std::shared_ptr<state> const& self) noexcept {
    seat* const free =
        std::find_if(seats.get(), seats.get() + bound, [](seat const& s) { return !s.taken; });
    auto* const argument = new (std::nothrow) beginning{self, free};
    if (argument == nullptr)
        return false;
    free->taken = true;
    ++threads;
    if (start_thread(&begin, argument))
        return true;
    --threads;
    free->taken = false;
    delete argument;
    return false;
}

void* workers::state::begin(void* argument) noexcept {
    std::unique_ptr<beginning> const told(static_cast<beginning*>(argument));
    told->pool->live(*told->mine);
    return nullptr;
}

void workers::state::live(seat& mine) noexcept {
    int const tid = name_thread("rondo-worker");
    std::unique_lock lock(mutex);
    mine.tid = tid;
    for (;;) {
        while (queue.empty() && !stopping) {
            ++idle;
            bool const late =
                work.wait_for(lock, std::chrono::milliseconds(idle_ms)) == std::cv_status::timeout;
            --idle;
            if (late)
                break;
        }
        if (queue.empty())
            break;
        task const t = queue.front();
        queue.pop_front();
        mine.interrupted.store(false);
        mine.what = t.what;
        lock.unlock();
        outcome const how = run(*t.what, mine.interrupted);
        lock.lock();
        mine.what = nullptr; // from here on nobody interrupts
        lock.unlock();
        t.done(t.to, *t.what, how);
        lock.lock();
    }
    mine.taken = false;
    --threads;
    ended.notify_all();
}

workers::workers(limits most) : state_(std::make_shared<state>(most)) {}

workers::~workers() {
    std::lock_guard const lock(state_->mutex);
    state_->stopping = true;
    state_->work.notify_all();
}

bool workers::start(request& r, finish_function done, void* to) noexcept {
    state& s = *state_;
    std::lock_guard const lock(s.mutex);
    if (s.stopping)
        return false;
    try {
        s.queue.push_back({&r, done, to});
    } catch (std::bad_alloc const&) {
        return false;
    }
    if (s.queue.size() > s.idle && s.threads < s.bound && !s.grow(state_) && s.threads == 0) {
        s.queue.pop_back();
        return false;
    }
    s.work.notify_one();
    return true;
}

bool workers::take_back(request& r) noexcept {
    std::lock_guard const lock(state_->mutex);
    return std::erase_if(state_->queue, [&](task const& t) { return t.what == &r; }) != 0;
}

void workers::interrupt(request& r) noexcept {
    state& s = *state_;
    std::lock_guard const lock(s.mutex);
    for (seat* one = s.seats.get(); one != s.seats.get() + s.bound; ++one) {
        if (one->what != &r)
            continue;
        one->interrupted.store(true);
        static_cast<void>(nudge(one->tid)); // without a signal, the call ends when it ends
        return;
    }
}

bool workers::stop(std::uint32_t patience_ms) noexcept {
    state& s = *state_;
    std::unique_lock lock(s.mutex);
    s.stopping = true;
    s.work.notify_all();
    return s.ended.wait_for(lock, std::chrono::milliseconds(patience_ms),
                            [&] { return s.threads == 0; });
}

std::size_t workers::threads() const noexcept {
    std::lock_guard const lock(state_->mutex);
    return state_->threads;
}

} // namespace rondo::engine::emulation
