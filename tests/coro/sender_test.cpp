// SPDX-License-Identifier: MIT
// Operations as senders: connected to receivers, started, stopped.
#include <rondo/coro/sender.hpp>
#include <rondo/engine/simulated.hpp>
#include <rondo/op/all.hpp>
#include <support/pipe_pair.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <sys/socket.h>
#include <type_traits>
#include <unistd.h>
#include <vector>

namespace rondo::test {
namespace {

/// What a receiver was told.
template <class V>
struct told {
    std::optional<V> value;
    std::optional<error> why;
    int stopped = 0;

    [[nodiscard]] int times() const { return (value ? 1 : 0) + (why ? 1 : 0) + stopped; }
};

template <class V>
struct writes_down {
    told<V>* to;
    void set_value(V v) noexcept { to->value.emplace(std::move(v)); }
    void set_error(error const& e) noexcept { to->why = e; }
    void set_stopped() noexcept { ++to->stopped; }
};
struct counts_ends {
    told<int>* to;
    void set_value() noexcept { to->value = to->value.value_or(0) + 1; }
    void set_error(error const& e) noexcept { to->why = e; }
    void set_stopped() noexcept { ++to->stopped; }
};

using notes = writes_down<std::int32_t>;

loop make_loop() { return loop::create().or_throw("loop"); }
op::read<> one_byte(pipe_pair const& p, char& into) {
    return {.fd = p.out, .into = std::span(&into, 1)};
}

static_assert(receiver_of<writes_down<std::size_t>, std::size_t>);
static_assert(receiver_of<counts_ends, void>);
static_assert(!receiver_of<counts_ends, std::size_t>);
using state_of_a_nop = decltype(as_sender(std::declval<loop&>(), op::nop{}).connect(notes{}));
static_assert(!std::move_constructible<state_of_a_nop>);

TEST(coro_sender, tells_its_receiver_the_value_when_the_loop_runs) {
    loop on = make_loop();
    pipe_pair const p;
    char byte = 0;
    told<std::size_t> it;
    auto state = as_sender(on, one_byte(p, byte)).connect(writes_down<std::size_t>{&it});
    state.start();
    EXPECT_EQ(it.times(), 0);
    ASSERT_EQ(::write(p.in.get(), "x", 1), 1);
    on.run().or_throw("run");
    EXPECT_EQ(it.times(), 1);
    EXPECT_EQ(it.value, 1u);
    EXPECT_EQ(byte, 'x');
}

TEST(coro_sender, does_nothing_before_it_is_started) {
    loop on = make_loop();
    told<std::int32_t> it;
    auto state = as_sender(on, op::nop{}).connect(notes{&it});
    on.run().or_throw("run");
    EXPECT_EQ(it.times(), 0);
    EXPECT_EQ(on.statistics().started, 0u);
    state.start();
    on.run().or_throw("run");
    EXPECT_EQ(it.value, 0);
}

TEST(coro_sender, has_no_value_to_tell_where_the_operation_has_none) {
    loop on = make_loop();
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    unique_fd const one(ends[0]), other(ends[1]);
    told<int> it;
    auto state = as_sender(on, op::shutdown{.fd = one}).connect(counts_ends{&it});
    state.start();
    on.run().or_throw("run");
    EXPECT_EQ(it.value, 1);
    EXPECT_EQ(it.times(), 1);
}

TEST(coro_sender, tells_of_an_error) {
    loop on = make_loop();
    char byte = 0;
    told<std::size_t> it;
    auto state = as_sender(on, op::read{.fd = -1, .into = std::span(&byte, 1)})
                     .connect(writes_down<std::size_t>{&it});
    state.start();
    on.run().or_throw("run");
    EXPECT_EQ(it.times(), 1);
    ASSERT_TRUE(it.why);
    EXPECT_EQ(it.why->code(), EBADF);
}

TEST(coro_sender, tells_of_a_stop_by_a_channel_of_its_own) {
    loop on = make_loop();
    pipe_pair const p;
    char byte = 0;
    told<std::size_t> it;
    auto state = as_sender(on, one_byte(p, byte)).connect(writes_down<std::size_t>{&it});
    state.start();
    on.run_ready().or_throw("run_ready");
    state.request_stop();
    EXPECT_EQ(it.times(), 0);
    on.run().or_throw("run");
    EXPECT_EQ(it.times(), 1);
    EXPECT_EQ(it.stopped, 1);
    EXPECT_EQ(on.in_flight(), 0u);
}

TEST(coro_sender, that_was_stopped_before_it_started_sends_nothing) {
    loop on = make_loop();
    told<std::int32_t> it;
    auto state = as_sender(on, op::nop{}).connect(notes{&it});
    state.request_stop();
    EXPECT_EQ(it.times(), 0);
    state.start();
    EXPECT_EQ(it.stopped, 1);
    on.run().or_throw("run");
    EXPECT_EQ(it.times(), 1);
    EXPECT_EQ(on.statistics().started, 0u);
}

TEST(coro_sender, that_was_quicker_than_its_stop_delivers_its_value) {
    loop on = make_loop();
    pipe_pair const p;
    ASSERT_EQ(::write(p.in.get(), "x", 1), 1);
    char byte = 0;
    told<std::size_t> it;
    auto state = as_sender(on, one_byte(p, byte)).connect(writes_down<std::size_t>{&it});
    state.start();
    ASSERT_TRUE(on.ring().submit()); // it is over, and nobody has looked
    state.request_stop();
    on.run().or_throw("run");
    EXPECT_EQ(it.times(), 1);
    EXPECT_EQ(it.value, 1u);
}

/// Destroys the state that it was connected to.
struct last_word {
    std::unique_ptr<operation_state<op::nop, last_word>>* state;
    int* told;
    void set_value(std::int32_t) noexcept {
        ++*told;
        state->reset();
    }
    void set_error(error const&) noexcept { state->reset(); }
    void set_stopped() noexcept { state->reset(); }
};

TEST(coro_sender, may_be_destroyed_by_what_it_tells) {
    loop on = make_loop();
    std::unique_ptr<operation_state<op::nop, last_word>> state;
    int told = 0;
    state.reset(new auto(as_sender(on, op::nop{}).connect(last_word{&state, &told})));
    state->start();
    on.run().or_throw("run");
    EXPECT_EQ(told, 1);
    EXPECT_FALSE(state);
}

TEST(coro_sender, waits_for_room_in_queues_of_one) {
    loop_options options{.grows = false};
    options.ring.entries = 1;
    loop on = loop::create(options).or_throw("loop");
    std::array<told<std::int32_t>, 50> all;
    std::vector<std::unique_ptr<state_of_a_nop>> states;
    for (told<std::int32_t>& it : all) {
        states.emplace_back(new auto(as_sender(on, op::nop{}).connect(notes{&it})));
        states.back()->start();
    }
    states[7]->request_stop();
    on.run().or_throw("run");
    for (std::size_t i = 0; i < all.size(); ++i)
        EXPECT_EQ(all[i].times(), 1) << i;
    EXPECT_EQ(all[7].stopped, 1);
}

TEST(coro_sender, tells_every_receiver_once_whatever_happens) {
    testing::findings const found = testing::explore({}, 300, [](testing::simulation& s) {
        loop_options options{};
        options.ring.backend = &s.backend();
        options.ring.entries = 2;
        loop on = loop::create(options).or_throw("loop");
        auto const ends = s.socket_pair(SOCK_STREAM).or_throw("sockets");
        std::array<told<std::size_t>, 8> all;
        std::array<char, 8> bytes{};
        using state = operation_state<op::recv<>, writes_down<std::size_t>>;
        std::vector<std::unique_ptr<state>> states;
        for (std::size_t i = 0; i < all.size(); ++i) {
            op::recv const receiving{.fd = ends.second, .into = std::span(&bytes[i], 1)};
            states.emplace_back(
                new auto(as_sender(on, receiving).connect(writes_down<std::size_t>{&all[i]})));
            states.back()->start();
        }
        told<std::size_t> sent;
        op::send const sending{.fd = ends.first, .from = std::string_view("abcd")};
        auto sends = as_sender(on, sending).connect(writes_down<std::size_t>{&sent});
        sends.start();
        on.run_ready().or_throw("run_ready");
        for (auto const& one : states)
            one->request_stop();
        on.run().or_throw("run");
        bool once = sent.times() == 1;
        for (told<std::size_t> const& it : all)
            once = once && it.times() == 1;
        return once && on.in_flight() == 0;
    });
    EXPECT_TRUE(found) << found.text();
}

} // namespace
} // namespace rondo::test
