// SPDX-License-Identifier: MIT
#pragma once

// strand: one line of execution on a loop, with all the tasks that await one another along it. What
// is stopped is a strand: what it waits for ends, and so does whatever it would wait for next. One
// thread: that of its loop.

#include <rondo/loop/loop.hpp>

#include <cstdint>

namespace rondo {
namespace detail {
class excursion;
class move_awaiter;
} // namespace detail

/// Is told when a strand is asked to stop. Pinned; unlinks itself when it is destroyed.
class stop_hook {
public:
    using function = void (*)(stop_hook&) noexcept;

    explicit stop_hook(function what) noexcept : what_(what) {}
    stop_hook(stop_hook const&) = delete;
    stop_hook& operator=(stop_hook const&) = delete;
    ~stop_hook() { unhook(); }

    void unhook() noexcept {
        if (previous_ == nullptr)
            return;
        *previous_ = next_;
        if (next_ != nullptr)
            next_->previous_ = previous_;
        previous_ = nullptr;
    }

private:
    friend class strand;

    function what_;
    stop_hook** previous_ = nullptr;
    stop_hook* next_ = nullptr;
};

/// See the top of this file.
class strand {
public:
    strand() noexcept = default;
    explicit strand(loop& where) noexcept : loop_(&where) {}
    strand(strand const&) = delete;
    strand& operator=(strand const&) = delete;

    [[nodiscard]] loop& where() const noexcept { return *loop_; }
    void set_where(loop& other) noexcept { loop_ = &other; }

    /// What it waits for; null while it runs.
    void waits_for(work* what) noexcept { waits_for_ = what; }
    /// The same for messages: "read", "sleep".
    [[nodiscard]] char const* awaited() const noexcept {
        return waits_for_ != nullptr ? waits_for_->functions().name : "nothing";
    }
    [[nodiscard]] bool stop_requested() const noexcept { return stop_requested_ && shields_ == 0; }

    /// Asks for an early end of all that it waits for, now and later. Once is enough. The thread of
    /// the loop that it began on, wherever resume_on() took it; or its own.
    void request_stop() noexcept;

    /// `h` is told of a stop from now on; if it was asked for before, at once.
    void hook(stop_hook& h) noexcept {
        if (stop_requested())
            return h.what_(h);
        h.next_ = hooks_;
        h.previous_ = &hooks_;
        if (hooks_ != nullptr)
            hooks_->previous_ = &h.next_;
        hooks_ = &h;
    }

    /// Between the two a stop is noted, and takes effect afterwards: for what must be done, such as
    /// closing a file, on the way out.
    void shield() noexcept { ++shields_; }
    void unshield() noexcept;

private:
    friend class detail::excursion;
    friend class detail::move_awaiter;
    friend class scope;

    void tell_of_stop() noexcept;
    void stop_here() noexcept;
    [[gnu::cold]] void ask_where_it_is() noexcept;

    loop* loop_ = nullptr;
    work* waits_for_ = nullptr;
    stop_hook* hooks_ = nullptr;
    bool stop_requested_ = false;
    bool away_ = false;        // from the loop that it began on, whose thread's this is
    std::uint16_t scopes_ = 0; // open ones, which keep it where it is
    unsigned shields_ = 0;
};

} // namespace rondo
