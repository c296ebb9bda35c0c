// SPDX-License-Identifier: MIT
#pragma once

// work: what a loop runs once, in the order in which it became ready. Whoever made it keeps it in
// place until it has run. One thread: the loop's.

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
        : run_(how), functions_(&functions) {}
    work(work const&) = delete;
    work& operator=(work const&) = delete;

    void run() noexcept { run_(*this); }
    void stop() noexcept { functions_->stop(*this); }
    [[nodiscard]] work_functions const& functions() const noexcept { return *functions_; }

protected:
    ~work() = default;
    void run_by(run_function other) noexcept { run_ = other; }

private:
    friend class work_list;
    friend class loop;

    work* next_; // of the list it is in; else without a meaning
    run_function run_;
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
