// SPDX-License-Identifier: MIT
#pragma once

// epoll in memory: what is watched, and which of it may have become ready. In which order, and how
// much of it is told at once, is left to chance. One thread.

#include "object.hpp"

#include <sys/epoll.h>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

namespace rondo::engine::simulation {

class chance;
class poll_set;

/// One descriptor in one set.
struct watched {
    poll_set* set = nullptr;
    std::weak_ptr<open_file> file;
    std::shared_ptr<object> what;
    ::epoll_event event{};
    bool listed = false;   ///< among those that may be ready
    bool disarmed = false; ///< EPOLLONESHOT has fired
};

/// See the top of this file.
class poll_set final : public object {
public:
    ~poll_set() override;
    [[nodiscard]] char const* kind() const noexcept override { return "epoll"; }
    [[nodiscard]] ::mode_t type() const noexcept override { return 0; }
    [[nodiscard]] std::uint32_t ready(open_file const& via) const noexcept override;

    /// epoll_ctl(2).
    long control(int how, int fd, std::shared_ptr<open_file> const& file,
                 ::epoll_event const* event) noexcept;
    /// epoll_wait(2) without waiting: how many events there are.
    long collect(std::span<::epoll_event> out, chance& luck) noexcept;
    /// Something about `one` has changed.
    void notice(watched& one) noexcept;

private:
    using items = std::map<int, std::unique_ptr<watched>>;

    [[nodiscard]] bool watches(object const& what) const noexcept;
    [[nodiscard]] unsigned depth() const noexcept;  // sets from here down
    [[nodiscard]] unsigned height() const noexcept; // sets from here up
    void remove(items::iterator at) noexcept;
    void forget(watched& one) noexcept;
    [[nodiscard]] static std::uint32_t events_of(watched const& one) noexcept;

    items items_; // by descriptor
    std::vector<watched*> listed_;
};

} // namespace rondo::engine::simulation
