// SPDX-License-Identifier: MIT
#include "attendant.hpp"

#include "calls.hpp"
#include "held_fd.hpp"
#include "kernel_side.hpp"
#include "own_thread.hpp"

#include <cerrno>
#include <map>
#include <mutex>
#include <new>
#include <sys/epoll.h>
#include <sys/eventfd.h>

namespace rondo::engine::emulation {
namespace {

constexpr int bell_mark = -1;
constexpr int batch = 16;

} // namespace

struct attendant::state {
    /// With the lock; 0 or -errno.
    long open() noexcept;
    long start(std::shared_ptr<state> const& self) noexcept;
    void live() noexcept;
    static void* begin(void* self) noexcept;
    long watch(int how, int fd, int mark) noexcept;
    std::shared_ptr<kernel_side> find(int fd) noexcept;
    /// True: nobody is left, and the thread is to end.
    bool close_if_idle() noexcept;

    std::mutex mutex;
    std::map<int, std::weak_ptr<kernel_side>> rings; // by descriptor
    bool running = false;
    held_fd set; // while it runs
    held_fd bell;
};

long attendant::state::watch(int how, int fd, int mark) noexcept {
    ::epoll_event event{};
    // Edges: what stays readable until the program does something must not wake for ever.
    event.events = EPOLLIN | EPOLLET;
    event.data.fd = mark;
    return call(SYS_epoll_ctl, set.get(), how, fd, &event);
}

long attendant::state::open() noexcept {
    long const made = call(SYS_epoll_create1, EPOLL_CLOEXEC);
    if (made < 0)
        return made;
    set.reset(static_cast<int>(made));
    long const rung = call(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (rung < 0)
        return rung;
    bell.reset(static_cast<int>(rung));
    return watch(EPOLL_CTL_ADD, bell.get(), bell_mark);
}

long attendant::state::start(std::shared_ptr<state> const& self) noexcept {
    if (running)
        return 0;
    long const opened = open();
    auto* const of_thread = opened == 0 ? new (std::nothrow) std::shared_ptr<state>(self) : nullptr;
    running = of_thread != nullptr && start_thread(&begin, of_thread);
    if (running)
        return 0;
    delete of_thread;
    set.reset();
    bell.reset();
    return opened != 0 ? opened : -ENOMEM;
}

void* attendant::state::begin(void* self) noexcept {
    std::unique_ptr<std::shared_ptr<state>> const owner(static_cast<std::shared_ptr<state>*>(self));
    (*owner)->live();
    return nullptr;
}

void attendant::state::live() noexcept {
    static_cast<void>(name_thread("rondo-attend"));
    do {
        ::epoll_event events[batch];
        long const found = call(SYS_epoll_pwait, set.get(), events, batch, -1, nullptr, 8);
        for (long i = 0; i < found; ++i)
            if (auto const ring = find(events[i].data.fd))
                ring->tend();
    } while (!close_if_idle());
}

std::shared_ptr<kernel_side> attendant::state::find(int fd) noexcept {
    std::lock_guard const held(mutex);
    auto const found = rings.find(fd);
    return found != rings.end() ? found->second.lock() : nullptr;
}

bool attendant::state::close_if_idle() noexcept {
    std::lock_guard const held(mutex);
    if (!rings.empty())
        return false;
    set.reset();
    bell.reset();
    running = false;
    return true;
}

attendant::attendant() : state_(std::make_shared<state>()) {}

long attendant::add(kernel_side& ring) noexcept {
    int const fd = ring.descriptor();
    std::lock_guard const held(state_->mutex);
    try {
        state_->rings[fd] = ring.weak_from_this();
    } catch (std::bad_alloc const&) {
        return -ENOMEM;
    }
    long done = state_->start(state_);
    if (done == 0)
        done = state_->watch(EPOLL_CTL_ADD, fd, fd);
    if (done != 0)
        state_->rings.erase(fd); // a thread that has nobody else ends when it next wakes
    return done;
}

void attendant::remove(kernel_side& ring) noexcept {
    int const fd = ring.descriptor();
    std::lock_guard const held(state_->mutex);
    if (state_->rings.erase(fd) == 0)
        return;
    state_->watch(EPOLL_CTL_DEL, fd, fd);
    std::uint64_t const one = 1;
    if (state_->rings.empty())
        call(SYS_write, state_->bell.get(), &one, sizeof one);
}

void attendant::look_again(kernel_side& ring) noexcept {
    int const fd = ring.descriptor();
    std::lock_guard const held(state_->mutex);
    if (state_->rings.contains(fd))
        state_->watch(EPOLL_CTL_MOD, fd, fd);
}

} // namespace rondo::engine::emulation
