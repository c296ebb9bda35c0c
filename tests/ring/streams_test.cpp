// SPDX-License-Identifier: MIT
// Operations that complete many times, and how they are counted, on every set-up.
#include <support/matrix.hpp>
#include <support/pipe_pair.hpp>
#include <support/sockets.hpp>

#include <rondo/op/cancel.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/net.hpp>
#include <rondo/op/poll.hpp>
#include <rondo/op/time.hpp>

#include <gtest/gtest.h>

#include <poll.h>

#include <cerrno>
#include <vector>

namespace rondo {
namespace {

using namespace test;

class ring_streams : public matrix_test {
protected:
    static void cancel(ring& r, std::uint64_t user_data) {
        EXPECT_EQ(
            r.run(op::cancel{.what = op::cancel_match::user_data(user_data)}).or_throw("cancel"),
            1u);
    }
};
RONDO_FOR_EVERY_SET_UP(ring_streams);

TEST_P(ring_streams, a_poll_stream_is_one_operation_until_it_ends) {
    RONDO_NEEDS_SYSTEM("pipes");
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make();
    pipe_pair const pipe;
    push(r, op::poll_stream{.fd = pipe.out, .events = POLLIN}, 1);
    r.submit().or_throw("submit");
    for (int i = 0; i < 20; ++i) {
        pipe.write("x");
        abi::cqe const c = next(r);
        EXPECT_EQ(c.user_data, 1u);
        EXPECT_EQ(c.res, POLLIN);
        ASSERT_TRUE(abi::more(c)) << "after " << i;
        EXPECT_EQ(r.in_flight(), 1u);
    }
    cancel(r, 1);
    abi::cqe const last = next(r);
    EXPECT_EQ(last.res, -ECANCELED);
    EXPECT_FALSE(abi::more(last));
    EXPECT_EQ(r.in_flight(), 0u);
}

TEST_P(ring_streams, an_accept_stream_takes_every_connection) {
    RONDO_NEEDS_SYSTEM("sockets");
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make();
    unique_fd const listener = tcp_listener();
    ::sockaddr_in where = name_of(listener);
    op::accept_stream const stream{.fd = listener};
    push(r, stream, 7);
    r.submit().or_throw("submit");
    for (int i = 0; i < 5; ++i) {
        unique_fd const client(must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
        must(::connect(client.get(), address_of(where), sizeof where), "connect");
        abi::cqe const c = next(r);
        EXPECT_TRUE(abi::more(c));
        unique_fd const server = op::value_of(stream, c).or_throw("accept_stream");
        EXPECT_EQ(::send(client.get(), "x", 1, 0), 1);
        char byte = 0;
        EXPECT_EQ(::recv(server.get(), &byte, 1, 0), 1);
        EXPECT_EQ(r.in_flight(), 1u);
    }
    cancel(r, 7);
    EXPECT_EQ(next(r).res, -ECANCELED);
    EXPECT_EQ(r.in_flight(), 0u);
}

TEST_P(ring_streams, a_timeout_stream_ends_after_its_repeats) {
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make();
    op::timeout_stream const stream{.every = std::chrono::milliseconds{3}, .repeats = 4};
    push(r, stream, 1);
    for (int i = 1; i <= 4; ++i) {
        abi::cqe const c = next(r);
        EXPECT_EQ(c.res, -ETIME);
        EXPECT_EQ(abi::more(c), i < 4);
        EXPECT_EQ(r.in_flight(), i < 4 ? 1u : 0u);
    }
}

TEST_P(ring_streams, count_right_in_batches_and_behind_run) {
    RONDO_NEEDS_SYSTEM("pipes");
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make(8, 32);
    pipe_pair const pipe;
    push(r, op::poll_stream{.fd = pipe.out, .events = POLLIN}, 1);
    r.submit().or_throw("submit");
    std::vector<abi::cqe> batch(32);
    for (int round = 0; round < 10; ++round) {
        pipe.write("x");
        EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
        push(r, op::nop{}, 2);
        r.submit_and_wait(2).or_throw("submit_and_wait");
        std::size_t seen = 0;
        while (seen < 2)
            seen += r.copy_completions(batch);
        EXPECT_EQ(seen, 2u);
        EXPECT_EQ(r.in_flight(), 1u);
    }
}

TEST_P(ring_streams, count_right_in_a_loop_of_the_callers_own) {
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make(8, 32);
    pipe_pair const pipe;
    push(r, op::poll_stream{.fd = pipe.out, .events = POLLIN}, 1);
    r.submit().or_throw("submit");
    pipe.write("x");
    push(r, op::nop{}, 2);
    push(r, op::nop{}, 3);
    r.submit_and_wait(3).or_throw("submit_and_wait");
    r.cq().advance(3);
    EXPECT_EQ(r.in_flight(), 1u);
}

TEST_P(ring_streams, one_that_a_full_queue_ends_can_be_started_again) {
    RONDO_NEEDS_ANY_OPERATION();
    ring r = make(2, 2);
    op::timeout_stream const stream{.every = std::chrono::milliseconds{1}};
    bool running = false;
    for (int round = 0; round < 5; ++round) {
        if (!running)
            push(r, stream, 1);
        r.submit().or_throw("submit");
        running = true;
        ::poll(nullptr, 0, 10); // more intervals than the queue has entries
        abi::cqe c = next(r);
        do {
            EXPECT_EQ(c.user_data, 1u);
            EXPECT_EQ(c.res, -ETIME);
            running = abi::more(c);
        } while (running && r.pop(c));
        EXPECT_EQ(r.in_flight(), running ? 1u : 0u);
    }
}

} // namespace
} // namespace rondo
