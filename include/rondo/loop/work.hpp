// SPDX-License-Identifier: MIT
#pragma once

// work: what a loop runs once, in the order in which it became ready. Whoever made it keeps it in
// place until it has run. One thread: the loop's.
//
// It runs by a function, or goes on with a coroutine. For who runs it the two look alike: the frame
// of a coroutine begins with the function that resumes it, which is given the frame's address, and
// a work begins with its function in the same way. g++ and clang have promised that of their frames
// to debuggers. It saves every co_await the call of a function in between.

#include <coroutine>

namespace rondo {

class work;

/// What can be asked of work that is yet to become ready.
struct work_functions {
    /// Asks for an early end, which comes by way of run() as any other. May be called again, and
    /// when it is over already.
    void (*stop)(work& self) noexcept;
    char const* name; ///< for messages: "read", "sleep", "join"
};

/// See the top of this file.
class work {
public:
    using run_function = void (*)(work& self);

    constexpr work(run_function how, work_functions const& functions) noexcept
        : run_(how), step_(this), functions_(&functions) {}
    work(work const&) = delete;
    work& operator=(work const&) = delete;

    void run() noexcept {
        void* step = step_;
#if defined(__clang__)
        asm("" : "+r"(step)); // a call of what it sees to be no coroutine is undefined there
#endif
        std::coroutine_handle<>::from_address(step).resume();
    }
    void stop() noexcept { functions_->stop(*this); }
    [[nodiscard]] work_functions const& functions() const noexcept { return *functions_; }

protected:
    struct by_coroutine {};
    /// For who calls go_on_with() before it runs.
    work(by_coroutine, work_functions const& functions) noexcept : functions_(&functions) {}
    ~work() = default;

    void go_on_with(std::coroutine_handle<> frame) noexcept { step_ = frame.address(); }
    void run_by(run_function how) noexcept {
        run_ = how;
        step_ = this;
    }
    /// What run() takes, to be given back later.
    [[nodiscard]] void* step() const noexcept { return step_; }
    void set_step(void* taken) noexcept { step_ = taken; }

private:
    friend class work_list;
    friend class loop;

    run_function run_; // first: see the top of this file
    void* step_;       // this, or a coroutine's frame
    work* next_;       // of the list it is in; else without a meaning
    work_functions const* functions_;
};

/// First in, first out, without memory of its own.
class work_list {
public:
    work_list() noexcept = default;
    work_list(work_list const&) = delete;
    work_list& operator=(work_list const&) = delete;

    [[nodiscard]] bool empty() const noexcept { return end_ == &first_; }
    void push(work& w) noexcept {
        w.next_ = nullptr;
        *end_ = &w;
        end_ = &w.next_;
    }
    /// The oldest, or null.
    [[nodiscard]] work* pop() noexcept {
        if (empty())
            return nullptr;
        work* const w = first_;
        first_ = w->next_;
        if (first_ == nullptr)
            end_ = &first_;
        return w;
    }

private:
    friend class loop;

    work* first_ = nullptr; // the last one's next_ is null
    work** end_ = &first_;
};

} // namespace rondo
