// SPDX-License-Identifier: MIT
#pragma once

// Operations that nobody waits for: a loop keeps them, and what their memory is in, until they are
// over. One thread: the loop's.

#include <rondo/loop/loop.hpp>
#include <rondo/loop/may_start.hpp>

#include <cerrno>
#include <cstdint>
#include <limits>
#include <new>
#include <type_traits>
#include <utility>

namespace rondo {

/// An operation that its loop owns.
class orphan : public completion {
public:
    explicit orphan(completion_functions const& functions) noexcept : completion(functions) {}

protected:
    ~orphan() = default;
    /// From now on `who` waits for it before it ends.
    void belong_to(loop& who) noexcept {
        owner_ = &who;
        who.adopt(*this);
    }
    void begin_on(loop& who) noexcept {
        note(nothing_yet);
        who.start(*this);
    }
    /// The last thing but to be deleted.
    void leave() noexcept {
        set_idle();
        owner_->let_go(*this);
    }
    static void stop_it(work& w) noexcept {
        auto& self = static_cast<orphan&>(w);
        self.owner_->cancel(self);
    }

private:
    friend class loop;
    friend struct loop_state;

    static constexpr abi::cqe nothing_yet{0, std::numeric_limits<std::int32_t>::min(), 0};
    [[nodiscard]] bool is_over() const noexcept { return res() != nothing_yet.res; }

    loop* owner_ = nullptr;
    orphan* previous_ = nullptr; // of the loop's
    orphan* next_one_ = nullptr;
};

namespace detail {

template <op::operation Op, class Owned>
class orphan_of final : public orphan {
public:
    orphan_of(Op const& o, Owned&& owned) noexcept
        : orphan(functions_of), op_(o), owned_(std::move(owned)) {}
    void begin(loop& on) noexcept {
        belong_to(on);
        begin_on(on);
    }

private:
    static orphan_of& self_of(work& w) noexcept { return static_cast<orphan_of&>(w); }
    static void resume(work& w) noexcept {
        orphan_of& self = self_of(w);
        // The value owns what the kernel handed over, and goes.
        static_cast<void>(op::value_of(self.op_, self.outcome()));
        self.leave();
        delete &self;
    }
    static void fill(completion& c, submission_queue& to) noexcept {
        op::fill(to.reserve(), self_of(c).op_, loop::user_data_of(c));
    }
    static void more(completion& c, abi::cqe const& e) noexcept {
        if constexpr (op::is_stream<Op>)
            static_cast<void>(op::value_of(self_of(c).op_, e));
        else
            c.note(e);
    }
    static void give_back(completion& c) noexcept {
        static_cast<void>(op::value_of(self_of(c).op_, c.outcome()));
    }
    static constexpr completion_functions functions_of{
        {&stop_it, Op::facts.name}, &resume, &fill, &more, 1, op::is_restartable<Op>, &give_back};

    Op op_;
    [[no_unique_address]] Owned owned_;
};

struct owns_nothing {};

} // namespace detail

template <op::operation Op, class Owned>
result<> loop::orphan(Op const& o, Owned&& keeps) noexcept {
    static_assert(!std::is_lvalue_reference_v<Owned>, "the loop adopts what it is given: move it");
    static_assert(std::is_nothrow_move_constructible_v<Owned>);
    static_assert(detail::may_start_alone<Op>());
    using kept = detail::orphan_of<Op, std::remove_cvref_t<Owned>>;
    auto* const made = new (std::nothrow) kept(o, std::forward<Owned>(keeps));
    if (made == nullptr)
        return fail(ENOMEM, attempt::allocate);
    made->begin(*this);
    return {};
}

template <op::operation Op>
result<> loop::orphan(Op const& o) noexcept {
    return orphan(o, detail::owns_nothing{});
}

} // namespace rondo
