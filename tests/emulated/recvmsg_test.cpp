// SPDX-License-Identifier: MIT

#include "socket_attempts.hpp"

#include <rondo/op/message.hpp>

#include <support/sockets.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

namespace rondo::engine::emulation {
namespace {

class emulated_recvmsg : public testing::Test {
protected:
    emulated_recvmsg() {
        message_.msg_iov = parts_.data();
        message_.msg_iovlen = parts_.size();
        message_.msg_name = &peer_;
        message_.msg_namelen = sizeof peer_;
    }
    lone_request stream_of(unique_fd const& fd) {
        abi::sqe s{};
        op::fill(s, op::recvmsg_stream{.fd = fd, .like = &message_, .into = {.group = 1}}, 1);
        lone_request r(s);
        r.chosen = {{memory_.data(), memory_.size()}};
        return r;
    }
    result<op::received_message> parse(outcome const& how) {
        return op::received_message::parse(
            std::as_bytes(std::span(memory_)).first(static_cast<std::size_t>(how.res)), message_);
    }
    static std::string text(std::span<std::byte const> bytes) {
        return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
    }

    std::array<char, 96> memory_{};
    std::array<::iovec, 2> parts_{{{memory_.data(), 4}, {memory_.data() + 4, 4}}};
    ::sockaddr_in peer_{};
    ::msghdr message_{};
};

TEST_F(emulated_recvmsg, answers_into_the_callers_header_though_it_kept_a_copy) {
    auto const [here, there] = udp_pair();
    lone_request r(op::recvmsg<>{.fd = here, .message = &message_});
    ASSERT_EQ(r.check(), 0);
    outcome const wait = r.attempt();
    ASSERT_EQ(wait.what, kind::poll);
    ASSERT_TRUE(r.keep());
    parts_ = {};
    test::send_text(there, "0123456789");
    ASSERT_TRUE(r.becomes_ready(wait));
    expect_answer(r.attempt(), 8);
    EXPECT_EQ(std::string_view(memory_.data(), 8), "01234567");
    EXPECT_EQ(message_.msg_flags, int{MSG_TRUNC});
    EXPECT_EQ(message_.msg_namelen, sizeof peer_);
    EXPECT_EQ(message_.msg_iov, parts_.data());
    EXPECT_EQ(peer_.sin_port, test::name_of(there).sin_port);
}

TEST_F(emulated_recvmsg, with_waitall_collects_what_comes_in_parts) {
    auto const [here, there] = test::unix_pair();
    lone_request r(op::recvmsg<>{.fd = here, .message = &message_, .flags = MSG_WAITALL});
    test::send_text(there, "01234");
    outcome const wait = r.attempt();
    ASSERT_EQ(wait.what, kind::poll);
    ASSERT_TRUE(r.keep());
    test::send_text(there, "567");
    ASSERT_TRUE(r.becomes_ready(wait));
    expect_answer(r.attempt(), 8);
    EXPECT_EQ(std::string_view(memory_.data(), 8), "01234567");
}

TEST_F(emulated_recvmsg, takes_control_data) {
    auto const [here, there] = test::unix_pair();
    int const on = 1;
    test::must(::setsockopt(here.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on), "setsockopt");
    alignas(::cmsghdr) std::array<char, CMSG_SPACE(sizeof(::ucred))> control{};
    message_.msg_control = control.data();
    message_.msg_controllen = control.size();
    test::send_text(there, "hi");
    expect_answer(lone_request(op::recvmsg<>{.fd = here, .message = &message_}).attempt(), 2);
    EXPECT_EQ(message_.msg_controllen, control.size());
    EXPECT_EQ(CMSG_FIRSTHDR(&message_)->cmsg_type, SCM_CREDENTIALS);
}

TEST_F(emulated_recvmsg, into_a_chosen_buffer_takes_its_limit_from_the_vector) {
    auto const [here, there] = udp_pair();
    abi::sqe s{};
    op::fill(s, op::recvmsg<buffer_source>{.fd = here, .message = &message_, .into = {.group = 1}},
             1);
    EXPECT_EQ(lone_request(s).check(), -EINVAL); // two vectors
    message_.msg_iovlen = 1;
    lone_request r(s);
    ASSERT_EQ(r.check(), 0);
    r.chosen = {{memory_.data() + 16, 32}};
    test::send_text(there, "0123456789");
    expect_answer(r.attempt(), 4);
    EXPECT_EQ(std::string_view(memory_.data() + 16, 5), std::string_view("0123\0", 5));
}

TEST_F(emulated_recvmsg, in_a_stream_lays_header_name_and_payload_into_the_buffer) {
    auto const [here, there] = udp_pair();
    message_.msg_iovlen = 0;
    lone_request r = stream_of(here);
    ASSERT_EQ(r.check(), 0);
    outcome const wait = r.attempt();
    ASSERT_EQ(wait.what, kind::poll);
    ASSERT_TRUE(r.keep());
    test::send_text(there, "hello");
    ASSERT_TRUE(r.becomes_ready(wait));
    outcome how = r.attempt();
    EXPECT_EQ(how.what, kind::more);
    EXPECT_EQ(how.res, 16 + 16 + 5);
    auto const message = parse(how).or_throw("parse");
    EXPECT_EQ(text(message.payload()), "hello");
    ::sockaddr_in from{};
    std::memcpy(&from, message.name().data(), sizeof from);
    EXPECT_EQ(from.sin_port, test::name_of(there).sin_port);

    test::send_text(there, std::string(80, 'x'));
    how = r.attempt();
    EXPECT_EQ(how.res, 96);
    EXPECT_EQ(parse(how).or_throw("parse").flags(), std::uint32_t{MSG_TRUNC});

    test::send_text(there, "");
    expect_answer(r.attempt(), 32); // an empty one ends it
}

TEST_F(emulated_recvmsg, in_a_stream_cuts_names_and_lays_out_control_data) {
    auto const [here, there] = udp_pair();
    int const on = 1;
    test::must(::setsockopt(here.get(), SOL_SOCKET, SO_TIMESTAMP, &on, sizeof on), "setsockopt");
    message_.msg_iovlen = 0;
    message_.msg_namelen = 8;
    message_.msg_controllen = 32;
    lone_request r = stream_of(here);
    test::send_text(there, "hello");
    outcome const how = r.attempt();
    EXPECT_EQ(how.res, 16 + 8 + 32 + 5);
    auto const message = parse(how).or_throw("parse");
    EXPECT_EQ(message.full_name_size(), 16u);
    EXPECT_EQ(message.name().size(), 8u);
    EXPECT_EQ(message.control().size(), 32u);
    EXPECT_EQ(text(message.payload()), "hello");
}

TEST_F(emulated_recvmsg, in_a_stream_fails_when_the_header_does_not_fit) {
    auto const [here, there] = udp_pair();
    message_.msg_iovlen = 0;
    message_.msg_namelen = 81;
    test::send_text(there, "hello");
    expect_answer(stream_of(here).attempt(), -EFAULT);
    message_.msg_name = nullptr;
    message_.msg_namelen = 0x8000'0000;
    EXPECT_EQ(stream_of(here).check(), -EOVERFLOW);
}

TEST_F(emulated_recvmsg, refuses_what_makes_no_sense) {
    auto const [here, there] = test::tcp_pair();
    for (auto const set : {+[](abi::sqe& s) { s.ioprio = 16; }, +[](abi::sqe& s) { s.addr2 = 1; },
                           +[](abi::sqe& s) { s.optlen = 1; }}) {
        lone_request r = stream_of(here);
        set(r.sqe());
        EXPECT_EQ(r.check(), -EINVAL);
    }
    lone_request r(op::recvmsg<>{.fd = here, .message = nullptr});
    EXPECT_EQ(r.check(), -EFAULT);
}

} // namespace
} // namespace rondo::engine::emulation
