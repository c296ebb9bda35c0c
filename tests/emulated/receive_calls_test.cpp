// SPDX-License-Identifier: MIT

#include "socket_attempts.hpp"

#include <rondo/op/receive.hpp>

#include <support/sockets.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

namespace rondo::engine::emulation {
namespace {

void await(unique_fd const& fd, short events = POLLIN) {
    ::pollfd set{fd.get(), events, 0};
    ASSERT_EQ(::poll(&set, 1, 5000), 1);
}

class emulated_recv : public testing::Test {
protected:
    [[nodiscard]] std::string_view text(outcome const& how) const {
        return {memory_.data(), static_cast<std::size_t>(how.res < 0 ? 0 : how.res)};
    }
    template <class... More>
    lone_request of(unique_fd const& fd, std::size_t size, int flags = 0, bool poll_first = false) {
        return lone_request(
            op::recv<>{.fd = fd,
                       .into = std::as_writable_bytes(std::span(memory_)).first(size),
                       .flags = flags,
                       .poll_first = poll_first});
    }

    std::array<char, 64> memory_{};
};

TEST_F(emulated_recv, waits_for_what_comes_late_even_on_a_nonblocking_socket) {
    auto const [here, there] = test::tcp_pair();
    ::fcntl(here.get(), F_SETFL, O_NONBLOCK);
    lone_request r = of(here, 16);
    ASSERT_EQ(r.check(), 0);
    outcome const wait = r.attempt();
    ASSERT_EQ(wait.what, kind::poll);
    test::send_text(there, "late");
    ASSERT_TRUE(r.becomes_ready(wait));
    outcome const how = r.attempt();
    expect_answer(how, 4);
    EXPECT_EQ(text(how), "late");
}

TEST_F(emulated_recv, says_eagain_when_told_not_to_wait) {
    auto const [here, there] = test::tcp_pair();
    expect_answer(of(here, 16, MSG_DONTWAIT).attempt(), -EAGAIN);
    test::send_text(there, "there");
    await(here);
    expect_answer(of(here, 16, MSG_DONTWAIT, true).attempt(), -EAGAIN);
    expect_answer(of(here, 16, MSG_DONTWAIT).attempt(), 5);
}

TEST_F(emulated_recv, tells_whether_more_is_there) {
    auto const [here, there] = test::tcp_pair();
    test::send_text(there, "hello");
    await(here);
    expect_answer(of(here, 0).attempt(), 0, nonempty);
    expect_answer(of(here, 16, MSG_PEEK).attempt(), 5, nonempty);
    expect_answer(of(here, 2).attempt(), 2, nonempty);
    expect_answer(of(here, 3).attempt(), 3);
    test::send_text(there, "hello");
    test::must(::shutdown(there.get(), SHUT_WR), "shutdown");
    await(here, POLLRDHUP);
    expect_answer(of(here, 5).attempt(), 5, nonempty);
    expect_answer(of(here, 5).attempt(), 0, nonempty);
}

TEST_F(emulated_recv, tells_of_more_in_unix_streams_and_never_of_datagrams) {
    auto const [here, there] = test::unix_pair();
    test::send_text(there, "hello");
    test::must(::shutdown(there.get(), SHUT_WR), "shutdown");
    expect_answer(of(here, 2).attempt(), 2, nonempty);
    expect_answer(of(here, 3).attempt(), 3);
    expect_answer(of(here, 3).attempt(), 0);
    for (int const type : {SOCK_DGRAM, SOCK_SEQPACKET}) {
        auto const [to, from] = test::unix_pair(type);
        test::send_text(from, "one");
        test::send_text(from, "two");
        expect_answer(of(to, 2).attempt(), 2);
    }
}

TEST_F(emulated_recv, with_waitall_collects_what_comes_in_parts) {
    auto const [here, there] = test::tcp_pair();
    lone_request r = of(here, 10, MSG_WAITALL);
    test::send_text(there, "hello");
    await(here);
    outcome const wait = r.attempt();
    ASSERT_EQ(wait.what, kind::poll);
    EXPECT_EQ(r.progress, 5u);
    test::send_text(there, "world");
    ASSERT_TRUE(r.becomes_ready(wait));
    outcome const how = r.attempt();
    expect_answer(how, 10);
    EXPECT_EQ(text(how), "helloworld");
    EXPECT_FALSE(how.broken);
}

TEST_F(emulated_recv, with_waitall_breaks_its_chain_when_the_end_comes_first) {
    auto const [here, there] = test::tcp_pair();
    lone_request r = of(here, 10, MSG_WAITALL);
    test::send_text(there, "hello");
    test::must(::shutdown(there.get(), SHUT_WR), "shutdown");
    await(here, POLLRDHUP);
    ASSERT_EQ(r.attempt().what, kind::poll);
    outcome const how = r.attempt();
    expect_answer(how, 5, nonempty);
    EXPECT_TRUE(how.broken);
    EXPECT_FALSE(of(here, 10).attempt().broken); // an end is no failure when all was not asked for
}

TEST_F(emulated_recv, with_waitall_breaks_its_chain_over_short_and_cut_datagrams) {
    auto const [here, there] = udp_pair();
    test::send_text(there, "hello");
    test::send_text(there, "hello");
    outcome how = of(here, 10, MSG_WAITALL).attempt();
    expect_answer(how, 5);
    EXPECT_TRUE(how.broken);
    how = of(here, 2, MSG_WAITALL).attempt();
    expect_answer(how, 2);
    EXPECT_TRUE(how.broken);
}

TEST_F(emulated_recv, waits_for_errors_and_urgent_data_only_when_they_are_asked_for) {
    auto const [here, there] = test::tcp_pair();
    EXPECT_EQ(of(here, 1).attempt().events, std::uint32_t{EPOLLIN | EPOLLRDHUP});
    EXPECT_EQ(of(here, 1, MSG_ERRQUEUE).attempt().events, std::uint32_t{EPOLLERR});
    lone_request r = of(here, 1, MSG_OOB, true);
    outcome const wait = r.attempt();
    ASSERT_EQ(::send(there.get(), "u", 1, MSG_OOB), 1);
    ASSERT_TRUE(r.becomes_ready(wait));
    expect_answer(r.attempt(), 1);
}

TEST_F(emulated_recv, refuses_what_makes_no_sense) {
    auto const [here, there] = test::tcp_pair();
    for (auto const set : {+[](abi::sqe& s) { s.ioprio = 4; }, +[](abi::sqe& s) { s.addr2 = 1; },
                           +[](abi::sqe& s) { s.optlen = 1; }, +[](abi::sqe& s) { s.ioprio = 2; },
                           +[](abi::sqe& s) {
                               s.ioprio = 2, s.flags = raw(abi::sqe_flag::buffer_select),
                               s.msg_flags = MSG_WAITALL;
                           }}) {
        lone_request r = of(here, 1);
        set(r.sqe());
        EXPECT_EQ(r.check(), -EINVAL);
    }
    expect_answer(of(no_socket(), 1).attempt(), -ENOTSOCK);
    // Who is to wait first is told when the wait is over, as by the kernel.
    lone_request waiting = of(no_socket(), 1, 0, true);
    EXPECT_EQ(waiting.attempt().what, kind::poll);
    expect_answer(waiting.attempt(), -ENOTSOCK);
}

/// Receives from a group of buffers, which the tests choose themselves.
class emulated_recv_stream : public testing::Test {
protected:
    static lone_request of(unique_fd const& fd, std::uint32_t limit = 0, std::uint32_t total = 0,
                           bool bundle = false) {
        abi::sqe s{};
        buffer_source const group{.group = 1, .limit = limit};
        if (bundle)
            op::fill(s, op::recv_stream<op::bundle>{.fd = fd, .into = {group}, .total = total}, 1);
        else
            op::fill(s, op::recv_stream<>{.fd = fd, .into = group, .total = total}, 1);
        return lone_request(s);
    }
    void choose(request& r, std::size_t count) {
        r.chosen.clear();
        for (std::size_t i = 0; i < count; ++i)
            r.chosen.push_back({memory_[i].data(), memory_[i].size()});
    }

    std::array<std::array<char, 4>, 4> memory_{};
};

TEST_F(emulated_recv_stream, answers_until_the_end) {
    auto const [here, there] = test::tcp_pair();
    lone_request r = of(here);
    ASSERT_EQ(r.check(), 0);
    choose(r, 1);
    EXPECT_EQ(r.attempt().what, kind::poll);
    test::send_text(there, "hello");
    await(here);
    outcome how = r.attempt();
    EXPECT_EQ(how.what, kind::more);
    EXPECT_EQ(how.res, 4);
    EXPECT_EQ(how.flags, nonempty);
    how = r.attempt();
    EXPECT_EQ(how.what, kind::more);
    EXPECT_EQ(how.res, 1);
    EXPECT_EQ(how.flags, 0u);
    test::must(::shutdown(there.get(), SHUT_WR), "shutdown");
    await(here, POLLRDHUP);
    expect_answer(r.attempt(), 0, nonempty);
    r.chosen.clear();
    expect_answer(r.attempt(), -ENOBUFS);
}

TEST_F(emulated_recv_stream, ends_when_the_total_is_reached) {
    auto const [here, there] = test::tcp_pair();
    test::send_text(there, "0123456789");
    await(here);
    lone_request r = of(here, 3, 5);
    choose(r, 1);
    EXPECT_EQ(r.attempt().what, kind::more);
    expect_answer(r.attempt(), 3, nonempty); // the last may go beyond
}

TEST_F(emulated_recv_stream, of_bundles_fills_several_buffers_and_ends_with_the_group) {
    auto const [here, there] = test::tcp_pair();
    test::send_text(there, "0123456789");
    await(here);
    lone_request r = of(here, 0, 0, true);
    choose(r, 3);
    r.chosen_all = true;
    expect_answer(r.attempt(), 10);
    EXPECT_EQ(memory_[2][1], '9');
    test::send_text(there, "01234567");
    await(here);
    EXPECT_EQ(r.attempt().what, kind::more); // the third one is still the group's
}

TEST_F(emulated_recv_stream, of_bundles_puts_a_datagram_into_one_buffer) {
    auto const [here, there] = udp_pair();
    test::send_text(there, "0123456789");
    test::send_text(there, "0123456789");
    lone_request r = of(here, 0, 0, true);
    choose(r, 4);
    EXPECT_EQ(r.attempt().res, 4);
    lone_request longer = of(here, 9, 0, true);
    choose(longer, 4);
    EXPECT_EQ(longer.attempt().res, 9);
}

TEST_F(emulated_recv_stream, is_not_for_a_worker) {
    auto const [here, there] = test::tcp_pair();
    test::send_text(there, "hi");
    await(here);
    lone_request r = of(here);
    choose(r, 1);
    EXPECT_EQ(r.attempt_on_worker().what, kind::poll);
    EXPECT_EQ(r.attempt().what, kind::more);
}

TEST_F(emulated_recv_stream, with_dontwait_ends_by_eagain) {
    auto const [here, there] = test::tcp_pair();
    test::send_text(there, "hi");
    await(here);
    lone_request r = of(here);
    r.sqe().msg_flags = MSG_DONTWAIT;
    choose(r, 1);
    EXPECT_EQ(r.attempt().what, kind::more);
    expect_answer(r.attempt(), -EAGAIN);
}

} // namespace
} // namespace rondo::engine::emulation
