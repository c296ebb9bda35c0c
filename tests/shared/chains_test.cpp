// SPDX-License-Identifier: MIT
// Chains through a shared ring: together, in order, whole or not at all.
#include "shared_test.hpp"

#include <support/temporary_directory.hpp>

#include <rondo/op/all.hpp>

#include <fcntl.h>

namespace rondo {
namespace {

using namespace test;

class shared_chains : public shared_matrix {};
RONDO_FOR_EVERY_SHAPE(shared_chains);

TEST_P(shared_chains, all_of_one_runs_in_order) {
    temporary_directory const there;
    unique_fd const file(
        must(::open((there / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), "open"));
    std::array<char, 4> memory{};
    for (int i = 0; i < 20; ++i) {
        std::string const text = std::to_string(1000 + i);
        auto const [wrote, read] =
            shared_->run(op::link(op::write{file, bytes_of(text), std::uint64_t{0}},
                                  op::read{file, memory, std::uint64_t{0}}));
        EXPECT_TRUE(holds(wrote, 4u));
        EXPECT_TRUE(holds(read, 4u));
        EXPECT_EQ(std::string_view(memory.data(), 4), text);
    }
}

TEST_P(shared_chains, those_of_many_threads_do_not_mix) {
    on_threads(12, [&](std::size_t t) {
        pipe_pair const pipe;
        std::array<char, 1> byte{};
        for (int i = 0; i < 40; ++i) {
            char const mine = static_cast<char>('a' + (t + static_cast<std::size_t>(i)) % 26);
            auto const [wrote, read] = shared_->run(op::link(
                op::write{pipe.in, std::span<char const>(&mine, 1)}, op::read{pipe.out, byte}));
            EXPECT_TRUE(holds(wrote, 1u));
            EXPECT_TRUE(holds(read, 1u));
            EXPECT_EQ(byte[0], mine);
        }
    });
    EXPECT_EQ(shared_->statistics().in_flight, 0u);
}

TEST_P(shared_chains, a_failing_head_cancels_the_rest) {
    for (int i = 0; i < 5; ++i) {
        auto const [first, second] = shared_->run(op::link(numbered_nop(-EIO), op::nop{}));
        EXPECT_TRUE(fails(first, EIO));
        EXPECT_TRUE(fails(second, ECANCELED));
        auto const [hard, after] = shared_->run(op::hard_link(numbered_nop(-EIO), op::nop{}));
        EXPECT_TRUE(fails(hard, EIO));
        EXPECT_TRUE(holds(after, 0));
    }
}

TEST_P(shared_chains, a_short_read_breaks_one) {
    pipe_pair const pipe;
    std::array<char, 8> memory{};
    pipe.write("abc");
    auto const [read, after] = shared_->run(op::link(op::read{pipe.out, memory}, numbered_nop(7)));
    EXPECT_TRUE(holds(read, 3u));
    EXPECT_TRUE(fails(after, ECANCELED));
}

TEST_P(shared_chains, the_end_of_a_file_breaks_one_into_a_buffer_of_a_group) {
    if (GetParam().options.shards != 1)
        GTEST_SKIP() << "a group is a ring's own";
    pipe_pair from, other;
    from.in.reset();
    std::array<char, 64> memory{};
    EXPECT_TRUE(holds(shared_->run(
        op::provide_buffers{.data = memory.data(), .size = 64, .count = 1, .group = 3})));
    auto const [read, wrote] = shared_->run(op::link(op::read{from.out, buffer_source{.group = 3}},
                                                     op::write{other.in, bytes_of("x")}));
    EXPECT_TRUE(holds(read)) << "nothing was left, and the kernel ended the chain";
    EXPECT_TRUE(fails(wrote, ECANCELED));
}

TEST_P(shared_chains, one_with_a_part_that_the_kernel_refuses_does_nothing) {
    if (entries() < 4)
        GTEST_SKIP() << "a chain of three";
    pipe_pair const pipe;
    std::array<char, 8> memory{};
    auto const [first, refused, last] =
        shared_->run(op::hard_link(op::write{pipe.in, bytes_of("a")}, op::openat{.path = ""},
                                   op::write{pipe.in, bytes_of("c")}));
    EXPECT_TRUE(fails(refused, ENOENT));
    if (is_emulated() && first.has_value())
        return; // it refuses in time
    EXPECT_TRUE(fails(first, ECANCELED));
    EXPECT_TRUE(fails(last, ECANCELED)) << "what comes before has not been done";
    EXPECT_TRUE(fails(shared_->run(op::read{pipe.out, memory}, 1ms), ETIME));
}

TEST_P(shared_chains, a_zero_copy_send_that_is_cancelled_with_one_is_over_once) {
    auto const [client, server] = tcp_pair();
    std::array<char, 1> byte{};
    op::send_zc const send{client, bytes_of("never")};
    for (int i = 0; i < 20; ++i) {
        auto const [failed, sent] = shared_->run(op::link(numbered_nop(-EIO), send));
        EXPECT_TRUE(fails(failed, EIO));
        EXPECT_TRUE(fails(sent, ECANCELED));
        // In the same slots, so that what the kernel says late of the one meets the other.
        pipe_pair const pipe;
        auto const next =
            shared_->submit(op::link(op::read{pipe.out, byte}, numbered_nop(i))).or_throw("submit");
        EXPECT_FALSE(shared_->poll(next.get<1>()));
        pipe.write("x");
        auto const [read, nop] = shared_->wait(next, patience);
        EXPECT_TRUE(holds(read, 1u));
        EXPECT_TRUE(holds(nop, i));
        EXPECT_EQ(shared_->statistics().in_flight, 0u);
    }
    shared_->stop();
}

TEST_P(shared_chains, one_that_is_longer_than_the_queue_is_refused) {
    auto const tickets =
        shared_->submit(op::link(op::nop{}, op::nop{}, op::nop{}, op::nop{}, op::nop{}, op::nop{},
                                 op::nop{}, op::nop{}, op::nop{}));
    EXPECT_TRUE(fails(tickets, EINVAL, cause::too_long));
    EXPECT_EQ(tickets.error().detail(), std::uint64_t{entries()} << 32 | 9);
    auto const ran = shared_->run(op::link(op::nop{}, op::nop{}, op::nop{}, op::nop{}, op::nop{},
                                           op::nop{}, op::nop{}, op::nop{}, op::nop{}));
    EXPECT_TRUE(fails(std::get<8>(ran), EINVAL, cause::too_long));
    EXPECT_EQ(shared_->statistics().submitted, 0u);
    auto const [first, second] = shared_->run(op::link(op::nop{}, op::nop{}));
    EXPECT_TRUE(holds(first, 0));
    EXPECT_TRUE(holds(second, 0));
}

TEST_P(shared_chains, a_linked_timeout_ends_what_is_before_it) {
    pipe_pair const pipe;
    std::array<char, 8> memory{};
    op::link_timeout const soon{.when = 5ms};
    auto const [read, timeout] = shared_->run(op::link(op::read{pipe.out, memory}, soon));
    EXPECT_TRUE(fails(read, ECANCELED));
    EXPECT_TRUE(holds(timeout)) << "time was up";

    op::link_timeout const late{.when = 1h};
    pipe.write("x");
    auto const [in_time, unused] = shared_->run(op::link(op::read{pipe.out, memory}, late));
    EXPECT_TRUE(holds(in_time, 1u));
    EXPECT_TRUE(fails(unused, ECANCELED));
}

TEST_P(shared_chains, the_parts_of_one_are_waited_for_alone_and_in_any_order) {
    auto const tickets =
        shared_->submit(op::link(numbered_nop(1), numbered_nop(2))).or_throw("submit");
    EXPECT_TRUE(holds(shared_->wait(tickets.get<1>()), 2));
    auto const [first, second] = shared_->wait(tickets);
    EXPECT_TRUE(fails(second, ESTALE)) << "one part is gone";
    EXPECT_TRUE(fails(first, ESTALE));
    EXPECT_TRUE(holds(shared_->wait(tickets.get<0>()), 1)) << "the other one is not";
}

TEST_P(shared_chains, a_wait_that_gives_up_leaves_all_tickets_good) {
    pipe_pair const pipe;
    std::array<char, 1> memory{};
    auto const tickets =
        shared_->submit(op::link(op::read{pipe.out, memory}, numbered_nop(2))).or_throw("submit");
    auto const [first, second] = shared_->wait(tickets, 5ms);
    EXPECT_TRUE(fails(first, ETIME));
    EXPECT_TRUE(fails(second, ETIME));
    EXPECT_FALSE(shared_->poll(tickets.get<1>()));
    pipe.write("x");
    auto const [read, nop] = shared_->wait(tickets, patience);
    EXPECT_TRUE(holds(read, 1u));
    EXPECT_TRUE(holds(nop, 2));
}

TEST_P(shared_chains, a_cancel_of_the_head_ends_one) {
    pipe_pair const pipe;
    std::array<char, 1> memory{};
    auto const tickets =
        shared_->submit(op::link(op::read{pipe.out, memory}, op::nop{})).or_throw("submit");
    EXPECT_TRUE(holds(shared_->cancel(tickets.get<0>())));
    auto const [read, nop] = shared_->wait(tickets, patience);
    EXPECT_TRUE(fails(read, ECANCELED));
    EXPECT_TRUE(fails(nop, ECANCELED));
}

TEST_P(shared_chains, a_cancel_of_a_later_part_reaches_it_when_it_has_begun) {
    pipe_pair const first, second;
    std::array<char, 1> one{}, two{};
    auto const tickets =
        shared_->submit(op::link(op::read{first.out, one}, op::read{second.out, two}))
            .or_throw("submit");
    EXPECT_TRUE(holds(shared_->cancel(tickets.get<1>())));
    first.write("x");
    auto const [a, b] = shared_->wait(tickets, patience);
    EXPECT_TRUE(holds(a, 1u));
    EXPECT_TRUE(fails(b, ECANCELED));
}

} // namespace
} // namespace rondo
