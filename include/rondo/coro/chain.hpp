// SPDX-License-Identifier: MIT
#pragma once

// co_await op::link(a, b, c): a chain, submitted whole. Its value is a tuple of results, one for
// each operation, which is there when all are over. One thread: the loop's.

#include <rondo/coro/operation.hpp>
#include <rondo/loop/lending.hpp>
#include <rondo/loop/may_start.hpp>
#include <rondo/op/chain.hpp>

#include <array>
#include <cerrno>
#include <coroutine>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace rondo {
namespace detail {

/// What the parts of a chain in flight have in common.
class chain_base {
public:
    chain_base(chain_base const&) = delete;

protected:
    /// One operation of it. The first one stands for all until they are started.
    struct part final : completion {
        part(completion_functions const& functions, chain_base& whose) noexcept
            : completion(functions), owner(whose) {}
        chain_base& owner;
    };
    explicit chain_base(strand& line) noexcept : line_(&line) {}
    ~chain_base() = default;

    static void part_is_over(work& w) noexcept;
    static void stop_part(work& w) noexcept;
    static void more(completion& c, abi::cqe const& e) noexcept { c.note(e); }
    void start(part* all, std::size_t n) noexcept;

    strand* line_;
    std::coroutine_handle<> frame_;
    part* parts_ = nullptr;
    std::size_t count_ = 0;
    std::size_t left_ = 0;
    bool stopped_ = false;
    bool refused_ = false; // the kernel heard of none of it; the first says why
};

template <class... Ops>
class chain_awaiter final : chain_base {
    static_assert(!(op::is_stream<std::remove_cvref_t<Ops>> || ...),
                  "a stream completes many times: it has no place in a chain");
    static_assert((may_start<std::remove_cvref_t<Ops>>() && ...));

public:
    chain_awaiter(strand& line, op::chain<Ops...> const& what) noexcept
        : chain_base(line), chain_(what) {
        if (!line.stop_requested()) {
            line.waits_for(&all_[0]);
            start(all_.data(), sizeof...(Ops));
        }
    }
    [[nodiscard]] bool await_ready() const noexcept { return parts_ == nullptr; }
    void await_suspend(std::coroutine_handle<> frame) noexcept { frame_ = frame; }
    [[nodiscard]] auto await_resume() const noexcept {
        chain_.each([](std::size_t, auto const& o, abi::sqe_flag) { lend(o, false); });
        return values(std::index_sequence_for<Ops...>{});
    }

private:
    template <std::size_t I>
    using op_at = std::remove_cvref_t<std::tuple_element_t<I, std::tuple<Ops...>>>;

    template <std::size_t I>
    result<typename op_at<I>::value_type> value_at() const noexcept {
        using operation = op_at<I>;
        abi::cqe const c = all_[refused_ ? 0 : I].outcome();
        if (parts_ == nullptr)
            return fail(stopped_error(op::attempt_of<operation>));
        // Also of what was stopped: what came with the answer, such as a buffer, goes back.
        result<typename operation::value_type> value = op::value_of(chain_.template get<I>(), c);
        if (stopped_ && ended_by_stop<operation>(c.res))
            return fail(stopped_error(op::attempt_of<operation>));
        return value;
    }
    template <std::size_t... I>
    auto values(std::index_sequence<I...>) const noexcept {
        return std::tuple<result<typename op_at<I>::value_type>...>{value_at<I>()...};
    }
    static void fill(completion& first, submission_queue& to) noexcept {
        auto& self = static_cast<chain_awaiter&>(static_cast<part&>(first).owner);
        self.chain_.each([&](std::size_t i, auto const& o, abi::sqe_flag link) {
            abi::sqe& s = to.reserve();
            op::fill(s, o, loop::user_data_of(self.all_[i]));
            s.flags = static_cast<std::uint8_t>(s.flags | raw(link));
            self.all_[i].set_started();
            lend(o, true);
        });
    }
    template <std::size_t I>
    static constexpr completion_functions functions_of{
        {&stop_part, "chain"}, &part_is_over, &fill,   &more,
        sizeof...(Ops),        false,         nullptr, I != 0 && op::is_zero_copy<op_at<I>>};

    template <std::size_t... I>
    std::array<part, sizeof...(I)> make_parts(std::index_sequence<I...>) noexcept {
        return {part(functions_of<I>, *this)...};
    }

    op::chain<Ops...> const& chain_;
    std::array<part, sizeof...(Ops)> all_ = make_parts(std::index_sequence_for<Ops...>{});
};

} // namespace detail
} // namespace rondo
