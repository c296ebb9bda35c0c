// SPDX-License-Identifier: MIT
#include "poll_set.hpp"

#include "chance.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

namespace rondo::engine::simulation {
namespace {

constexpr unsigned most_deep = 5; // one above the other: Linux's EP_MAX_NESTS, and the first

} // namespace

poll_set::~poll_set() {
    for (auto& [fd, one] : items_)
        forget(*one);
}

/// Takes it out of the list of whom it watches.
void poll_set::forget(watched& one) noexcept { std::erase(one.what->watchers, &one); }

void poll_set::remove(items::iterator at) noexcept {
    watched& one = *at->second;
    forget(one);
    if (one.listed)
        std::erase(listed_, &one);
    items_.erase(at);
}

std::uint32_t poll_set::events_of(watched const& one) noexcept {
    std::shared_ptr<open_file> const file = one.file.lock();
    if (!file || one.disarmed)
        return 0;
    return one.what->ready(*file) & (one.event.events | EPOLLERR | EPOLLHUP);
}

std::uint32_t poll_set::ready(open_file const&) const noexcept {
    bool const some =
        std::ranges::any_of(listed_, [](watched const* one) { return events_of(*one) != 0; });
    return some ? EPOLLIN | EPOLLRDNORM : 0;
}

void poll_set::notice(watched& one) noexcept {
    if (!one.listed) {
        try {
            listed_.push_back(&one);
            one.listed = true;
        } catch (std::bad_alloc const&) {
            return; // room was made when it was added: control()
        }
    }
    changed();
}

bool poll_set::watches(object const& what) const noexcept {
    return std::ranges::any_of(items_, [&what](auto const& item) {
        auto const* const inner = dynamic_cast<poll_set const*>(item.second->what.get());
        return item.second->what.get() == &what || (inner != nullptr && inner->watches(what));
    });
}

unsigned poll_set::depth() const noexcept {
    unsigned most = 0;
    for (auto const& [fd, one] : items_)
        if (auto const* const inner = dynamic_cast<poll_set const*>(one->what.get()))
            most = std::max(most, inner->depth());
    return most + 1;
}

unsigned poll_set::height() const noexcept {
    unsigned most = 0;
    for (watched const* one : watchers)
        most = std::max(most, one->set->height());
    return most + 1;
}

long poll_set::control(int how, int fd, std::shared_ptr<open_file> const& file,
                       ::epoll_event const* event) noexcept {
    if (!file->what->is_pollable())
        return -EPERM;
    if (file->what.get() == this)
        return -EINVAL;
    if (auto const* const set = dynamic_cast<poll_set const*>(file->what.get());
        how == EPOLL_CTL_ADD && set != nullptr &&
        (set->watches(*this) || height() + set->depth() > most_deep))
        return -ELOOP;
    auto at = items_.find(fd);
    if (at != items_.end() && at->second->file.lock() != file) {
        remove(at); // the descriptor was another's, who is gone
        at = items_.end();
    }
    if (how == EPOLL_CTL_DEL || how == EPOLL_CTL_MOD) {
        if (at == items_.end())
            return -ENOENT;
        if (how == EPOLL_CTL_DEL) {
            remove(at);
            return 0;
        }
    } else if (how != EPOLL_CTL_ADD) {
        return -EINVAL;
    } else if (at != items_.end()) {
        return -EEXIST;
    }
    if (event == nullptr)
        return -EFAULT;
    try {
        if (at == items_.end()) {
            auto made = std::make_unique<watched>();
            made->set = this;
            made->file = file;
            made->what = file->what;
            listed_.reserve(items_.size() + 1);
            file->what->watchers.push_back(made.get());
            at = items_.emplace(fd, std::move(made)).first;
        }
    } catch (std::bad_alloc const&) {
        return -ENOMEM;
    }
    at->second->event = *event;
    at->second->disarmed = false;
    notice(*at->second);
    return 0;
}

long poll_set::collect(std::span<::epoll_event> out, chance& luck) noexcept {
    // Those that show nothing have nothing to be told, and those of closed files are gone.
    std::erase_if(listed_, [](watched* one) {
        if (events_of(*one) != 0)
            return false;
        one->listed = false;
        return true;
    });
    std::size_t const there = listed_.size();
    for (std::size_t i = there; i > 1; --i)
        std::swap(listed_[i - 1], listed_[luck.below(i)]);
    std::size_t const told = std::min(
        out.size(),
        there > 1 && luck.below(4) == 0 ? 1 + static_cast<std::size_t>(luck.below(there)) : there);
    std::vector<watched*>::iterator kept = listed_.begin();
    for (std::size_t i = 0; i < told; ++i) {
        watched& one = *listed_[i];
        out[i] = one.event;
        out[i].events = events_of(one);
        one.disarmed = (one.event.events & EPOLLONESHOT) != 0;
        if ((one.event.events & EPOLLET) == 0 && !one.disarmed)
            *kept++ = &one; // it is told again as long as it is ready
        else
            one.listed = false;
    }
    listed_.erase(kept, listed_.begin() + static_cast<std::ptrdiff_t>(told));
    return static_cast<long>(told);
}

} // namespace rondo::engine::simulation
