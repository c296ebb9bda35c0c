// SPDX-License-Identifier: MIT
// What rings do among themselves: chains, drains, messages, words, watched descriptors, resizing,
// several of them on one thread; under the chances that every test has.
#include "simulated_test.hpp"

#include <rondo/ring/completion_event.hpp>
#include <rondo/ring/files.hpp>
#include <rondo/ring/message.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <poll.h>
#include <span>
#include <string_view>
#include <sys/epoll.h>

namespace rondo::test {
namespace {

constexpr std::string_view text = "hello";

/// Runs a test once in a calm world and with many seeds in a moody one.
template <class Test>
void in_all_moods(Test test) {
    test(calm());
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        test({.seed = seed});
    }
}

TEST(a_ring, passes_the_ends_of_its_indices) {
    for (std::uint32_t const first : {0x7fff'fffdu, 0xffff'fffdu}) {
        simulation_options options = calm();
        options.first_index = first;
        simulation s = simulate(options);
        ring r = ring_of(s, {.entries = 4});
        EXPECT_EQ(r.sq().next(), first);
        EXPECT_EQ(r.in_flight(), 0u);
        for (std::uint64_t i = 0; i < 12; i += 4) {
            for (std::uint64_t k = i; k < i + 4; ++k)
                ASSERT_TRUE(r.push(op::nop{}, k));
            EXPECT_FALSE(r.push(op::nop{}, 0));
            for (std::uint64_t k = i; k < i + 4; ++k)
                EXPECT_EQ(next(r).user_data, k);
        }
        EXPECT_EQ(r.sq().next(), first + 12);
        EXPECT_EQ(r.in_flight(), 0u);
    }
}

TEST(a_chain, runs_in_order_whatever_happens) {
    in_all_moods([](simulation_options options) {
        options.how.short_count = 0;
        simulation s = simulate(options);
        ring r = ring_of(s);
        unique_fd const file = file_of(s, r, 0);
        std::array<char, 8> into{};
        ASSERT_TRUE(
            r.push(op::link(op::write{.fd = file, .from = text, .at = 0}, op::fsync{.fd = file},
                            op::read{.fd = file, .into = {into.data(), 5}, .at = 0}),
                   {1, 2, 3}));
        std::vector<std::uint64_t> order;
        for (abi::cqe const& c : next(r, 3))
            order.push_back(c.user_data);
        EXPECT_EQ(order, (std::vector<std::uint64_t>{1, 2, 3}));
        EXPECT_EQ(std::string_view(into.data()), text);
    });
}

TEST(a_chain, is_broken_by_a_failure_unless_it_is_hard) {
    in_all_moods([](simulation_options const& options) {
        simulation s = simulate(options);
        ring r = ring_of(s);
        ASSERT_TRUE(r.push(op::link(op::openat<>{.path = "/none"}, op::nop{}), {1, 2}));
        ASSERT_TRUE(r.push(op::hard_link(op::openat<>{.path = "/none"}, op::nop{}), {3, 4}));
        auto const got = results(r, 4);
        EXPECT_EQ(got.at(1), -ENOENT);
        EXPECT_EQ(got.at(2), -ECANCELED);
        EXPECT_EQ(got.at(3), -ENOENT);
        EXPECT_EQ(got.at(4), 0);
    });
}

TEST(a_drain, waits_for_all_before_it_and_holds_up_all_after_it) {
    in_all_moods([](simulation_options const& options) {
        simulation s = simulate(options);
        ring r = ring_of(s);
        op::timeout const soon{.when = std::chrono::milliseconds(1)};
        ASSERT_TRUE(r.push(soon, 1));
        ASSERT_TRUE(r.push(op::async(op::nop{}), 2));
        ASSERT_TRUE(r.push(op::drain(op::nop{}), 3));
        ASSERT_TRUE(r.push(op::nop{}, 4));
        std::vector<std::uint64_t> order;
        for (abi::cqe const& c : next(r, 4))
            order.push_back(c.user_data);
        EXPECT_EQ(order, (std::vector<std::uint64_t>{2, 1, 3, 4}));
    });
}

TEST(a_message, goes_from_ring_to_ring) {
    in_all_moods([](simulation_options const& options) {
        simulation s = simulate(options);
        ring one = ring_of(s), other = ring_of(s);
        other.bind_to_this_thread().or_throw("bind");
        EXPECT_TRUE(
            one.run(op::message_ring{.ring = other.native_handle(), .user_data = 7, .res = 42}));
        abi::cqe const c = next(other);
        EXPECT_EQ(c.user_data, 7u);
        EXPECT_EQ(c.res, 42);
        EXPECT_TRUE(send_message({.ring = other.native_handle(), .user_data = 8}, s.backend()));
        EXPECT_EQ(next(other).user_data, 8u);
        EXPECT_TRUE(one.run(op::message_ring{.ring = one.native_handle(), .user_data = 9}));
        EXPECT_EQ(next(one).user_data, 9u);
        auto const pipe = s.pipe().or_throw("pipe");
        EXPECT_EQ(one.run(op::message_ring{.ring = pipe.first, .user_data = 1}).error(), EBADFD);
    });
}

TEST(a_message, may_carry_a_file) {
    simulation s = simulate(calm());
    ring one = ring_of(s), other = ring_of(s);
    other.bind_to_this_thread().or_throw("bind");
    auto here = files::create(one, {.slots = 2}).or_throw("files");
    auto there = files::create(other, {.slots = 2, .kernel_slots = 2}).or_throw("files");
    auto const slot = here.insert(file_of(s, one, 8)).or_throw("insert");
    auto const got = one.run(op::message_ring_fd{.ring = other.native_handle(),
                                                 .slot = fd_ref(slot).value() == 0 ? 0u : 1u});
    ASSERT_TRUE(got);
    EXPECT_EQ(next(other).res, static_cast<int>(*got));
    std::array<char, 8> into{};
    EXPECT_EQ(other.run(op::read{.fd = fd_ref::slot(*got), .into = into, .at = 0}), 8u);
}

TEST(two_rings, take_turns_on_one_thread) {
    in_all_moods([](simulation_options const& options) {
        simulation s = simulate(options);
        ring one = ring_of(s), other = ring_of(s);
        auto const ends = s.socket_pair(SOCK_SEQPACKET).or_throw("socket pair");
        for (int i = 0; i < 10; ++i) {
            std::array<char, 8> into{};
            ASSERT_TRUE(one.push(op::recv{.fd = ends.first, .into = into}, 1));
            one.submit().or_throw("submit");
            EXPECT_EQ(other.run(op::send{.fd = ends.second, .from = text}), 5u);
            EXPECT_EQ(next(one).res, 5);
            EXPECT_EQ(std::string_view(into.data()), text);
        }
    });
}

TEST(a_word, wakes_those_who_wait_for_it) {
    in_all_moods([](simulation_options const& options) {
        simulation s = simulate(options);
        ring r = ring_of(s);
        std::uint32_t word = 1, other = 2;
        EXPECT_EQ(r.run(op::futex_wait{.word = &word, .expected = 5}).error(), EAGAIN);
        ASSERT_TRUE(r.push(op::futex_wait{.word = &word, .expected = 1, .mask = 1}, 1));
        ASSERT_TRUE(r.push(op::futex_wait{.word = &word, .expected = 1, .mask = 2}, 2));
        std::array<::futex_waitv, 2> const words = {op::futex_waiter(&other, 2),
                                                    op::futex_waiter(&word, 1)};
        ASSERT_TRUE(r.push(op::futex_waitv{.waiters = words}, 3));
        r.submit().or_throw("submit");
        EXPECT_EQ(r.run(op::futex_wake{.word = &word, .count = 9, .mask = 2}), 2u);
        auto got = results(r, 2);
        EXPECT_EQ(got.at(2), 0);
        EXPECT_EQ(got.at(3), 1); // the index of the word
        EXPECT_EQ(r.run(op::futex_wake{.word = &other}), 0u);
        EXPECT_EQ(r.run(op::futex_wake{.word = &word}), 1u);
        EXPECT_EQ(next(r).user_data, 1u);
        ASSERT_TRUE(r.push(op::futex_wait{.word = &word, .expected = 1}, 4));
        ASSERT_TRUE(r.push(op::cancel{op::cancel_match::user_data(4)}, 5));
        EXPECT_EQ(results(r, 2).at(4), -ECANCELED);
    });
}

/// op::epoll_ctl, to be told of what is to be read.
result<> watch(ring& r, int epoll, int fd, std::uint64_t data) {
    ::epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = data;
    return r.run(op::epoll_ctl{.epoll = epoll, .fd = fd, .action = EPOLL_CTL_ADD, .event = &event});
}

TEST(epoll, works_through_its_operations) {
    in_all_moods([](simulation_options const& options) {
        simulation s = simulate(options);
        ring r = ring_of(s);
        auto const pipe = s.pipe().or_throw("pipe");
        auto const epoll = s.epoll_set().or_throw("epoll");
        EXPECT_TRUE(watch(r, epoll.get(), pipe.first.get(), 77));
        EXPECT_EQ(watch(r, epoll.get(), pipe.first.get(), 78).error(), EEXIST);
        std::array<::epoll_event, 4> events{};
        ASSERT_TRUE(r.push(op::epoll_wait{.fd = epoll, .events = events}, 1));
        EXPECT_EQ(r.run(op::write{.fd = pipe.second, .from = text}), 5u);
        EXPECT_EQ(next(r).res, 1);
        EXPECT_EQ(events[0].data.u64, 77u);
        EXPECT_EQ(r.run(op::poll{.fd = epoll, .events = POLLIN}), unsigned{POLLIN});
        EXPECT_TRUE(r.run(
            op::epoll_ctl{.epoll = epoll.get(), .fd = pipe.first.get(), .action = EPOLL_CTL_DEL}));
    });
}

TEST(epoll, watches_no_loop_of_itself_and_no_tower_of_more_than_five) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    std::vector<unique_fd> sets;
    for (int i = 0; i < 6; ++i)
        sets.push_back(s.epoll_set().or_throw("epoll"));
    EXPECT_EQ(watch(r, sets[0].get(), sets[0].get(), 0).error(), EINVAL);
    EXPECT_TRUE(watch(r, sets[0].get(), sets[1].get(), 0));
    EXPECT_TRUE(watch(r, sets[1].get(), sets[2].get(), 0));
    EXPECT_EQ(watch(r, sets[2].get(), sets[0].get(), 0).error(), ELOOP);
    EXPECT_TRUE(watch(r, sets[4].get(), sets[5].get(), 0));
    EXPECT_TRUE(watch(r, sets[3].get(), sets[4].get(), 0));
    EXPECT_EQ(watch(r, sets[2].get(), sets[3].get(), 0).error(), ELOOP);
    EXPECT_TRUE(watch(r, sets[2].get(), sets[4].get(), 0));
}

TEST(epoll, takes_no_ring_for_a_set_of_its_own) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    auto const pipe = s.pipe().or_throw("pipe");
    std::array<::epoll_event, 4> events{};
    EXPECT_EQ(watch(r, r.native_handle(), pipe.first.get(), 77).error(), EINVAL);
    EXPECT_EQ(r.run(op::epoll_wait{.fd = r.native_handle(), .events = events}).error(), EINVAL);
    EXPECT_EQ(watch(r, pipe.first.get(), pipe.first.get(), 0).error(), EINVAL);
    EXPECT_EQ(watch(r, 999, pipe.first.get(), 0).error(), EBADF);
}

TEST(polls, tell_of_what_is_and_of_what_comes) {
    in_all_moods([](simulation_options const& options) {
        simulation s = simulate(options);
        ring r = ring_of(s);
        auto pipe = s.pipe().or_throw("pipe");
        EXPECT_EQ(r.run(op::poll{.fd = pipe.second, .events = POLLOUT}), unsigned{POLLOUT});
        ASSERT_TRUE(r.push(op::poll{.fd = pipe.first, .events = POLLIN}, 1));
        EXPECT_EQ(r.run(op::write{.fd = pipe.second, .from = text}), 5u);
        EXPECT_EQ(next(r).res, POLLIN);
        ASSERT_TRUE(r.push(op::poll{.fd = pipe.first, .events = POLLRDHUP}, 2));
        pipe.second.reset();
        EXPECT_EQ(next(r).res, POLLHUP);
    });
}

TEST(bytes, are_spliced_and_teed_between_pipes_and_files) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    unique_fd const from = file_of(s, r, 5, "/from"), to = file_of(s, r, 0, "/to");
    auto const one = s.pipe().or_throw("pipe"), other = s.pipe().or_throw("pipe");
    EXPECT_EQ(r.run(op::splice{.from = from, .to = one.second, .size = 5, .from_at = 0}), 5u);
    EXPECT_EQ(r.run(op::tee{.from = one.first, .to = other.second, .size = 5}), 5u);
    EXPECT_EQ(r.run(op::splice{.from = one.first, .to = to, .size = 5, .to_at = 0}), 5u);
    EXPECT_EQ(s.read_text("/to"), "xxxxx");
    std::array<char, 8> into{};
    EXPECT_EQ(r.run(op::read{.fd = other.first, .into = into}), 5u);
    int made[2];
    auto const ends = r.run(op::pipe<>{.into = &made});
    ASSERT_TRUE(ends) << ends.error().message().c_str();
    EXPECT_EQ(r.run(op::write{.fd = ends->write, .from = text}), 5u);
    EXPECT_EQ(r.run(op::read{.fd = ends->read, .into = into}), 5u);
}

TEST(a_ring, may_be_resized_with_all_that_is_in_it) {
    in_all_moods([](simulation_options const& options) {
        simulation s = simulate(options);
        ring r = ring_of(s, {.entries = 8});
        for (std::uint64_t i = 0; i < 8; ++i)
            ASSERT_TRUE(r.push(op::nop{}, i));
        r.submit().or_throw("submit");
        ASSERT_TRUE(r.resize(32, 64));
        EXPECT_EQ(r.features().sq_entries, 32u);
        for (std::uint64_t i = 8; i < 32; ++i)
            ASSERT_TRUE(r.push(op::nop{}, i));
        EXPECT_EQ(results(r, 32).size(), 32u);
    });
}

TEST(a_completion_event, is_a_simulated_one) {
    simulation s = simulate(calm());
    ring r = ring_of(s), other = ring_of(s);
    auto const counter = s.event_counter().or_throw("event counter");
    auto const event = completion_event::create(r, {.fd = counter.get()});
    ASSERT_TRUE(event) << event.error().message().c_str();
    std::uint64_t count = 0;
    ASSERT_TRUE(other.push(
        op::read{.fd = counter, .into = std::as_writable_bytes(std::span(&count, 1))}, 1));
    other.submit().or_throw("submit");
    EXPECT_TRUE(r.run(op::nop{}));
    EXPECT_EQ(next(other).res, 8);
    EXPECT_GE(count, 1u);
    // A real one could be signalled, but not be waited for.
    EXPECT_EQ(completion_event::create(other).error(), EINVAL);
}

TEST(a_world_without_delays, runs_all_the_same) {
    simulation_options options{.seed = 2, .call_ns = 0, .work_ns = 0, .net_ns = 0};
    options.how.worker = 1;
    simulation s = simulate(options);
    ring r = ring_of(s);
    auto const ends = s.socket_pair(SOCK_SEQPACKET).or_throw("socket pair");
    std::int64_t const before = s.now();
    for (int i = 0; i < 50; ++i) {
        std::array<char, 8> into{};
        EXPECT_TRUE(r.run(op::openat<>{.path = "/"}));
        EXPECT_EQ(r.run(op::send{.fd = ends.first, .from = text}), 5u);
        EXPECT_EQ(r.run(op::recv{.fd = ends.second, .into = into}), 5u);
    }
    EXPECT_EQ(s.now(), before);
}

TEST(a_ring, may_be_moved_and_run_beside_others_completions) {
    in_all_moods([](simulation_options const& options) {
        simulation s = simulate(options);
        ring first = ring_of(s);
        ASSERT_TRUE(first.push(op::nop{}, 1));
        ring r = std::move(first);
        EXPECT_TRUE(r.run(op::nop{}));
        EXPECT_EQ(next(r).user_data, 1u);
    });
}

} // namespace
} // namespace rondo::test
