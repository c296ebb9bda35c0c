// SPDX-License-Identifier: MIT

#include "socket_attempts.hpp"

#include <rondo/op/message.hpp>
#include <rondo/op/send.hpp>

#include <support/sockets.hpp>

#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace rondo::engine::emulation {
namespace {

using namespace std::string_view_literals;

/// Takes what is there to be received until `size` bytes have come.
std::string take(unique_fd const& fd, std::size_t size) {
    std::string out;
    while (out.size() < size) {
        char buffer[65536];
        ::ssize_t const n = ::recv(fd.get(), buffer, sizeof buffer, 0);
        if (n <= 0)
            break;
        out.append(buffer, static_cast<std::size_t>(n));
    }
    return out;
}

/// More than any socket here takes at once, and no two parts alike.
std::string long_text() {
    std::string out;
    for (int i = 0; out.size() < (std::size_t{8} << 20); ++i)
        out += std::to_string(i);
    return out;
}

/// Attempts until it is over, as the ring does, while someone reads. Bytes that came.
std::string drive(lone_request& r, unique_fd const& there, std::size_t size, outcome& how) {
    std::string got;
    std::thread reader([&] { got = take(there, size); });
    for (how = r.attempt(); how.what == kind::poll; how = r.attempt())
        if (!r.becomes_ready(how))
            break;
    reader.join();
    return got;
}

TEST(emulated_send, sends_what_it_is_given) {
    auto const [here, there] = test::tcp_pair();
    lone_request r(op::send{.fd = here, .from = "hello"sv});
    ASSERT_EQ(r.check(), 0);
    outcome const how = r.attempt();
    expect_answer(how, 5);
    EXPECT_FALSE(how.broken);
    EXPECT_EQ(test::receive_text(there, 5), "hello");
}

TEST(emulated_send, answers_what_fitted_unless_all_is_asked_for) {
    auto const [here, there] = test::tcp_pair();
    std::string const text = long_text();
    lone_request r(op::send{.fd = here, .from = text});
    outcome const how = r.attempt();
    EXPECT_EQ(how.what, kind::done);
    EXPECT_GT(how.res, 0);
    EXPECT_LT(static_cast<std::size_t>(how.res), text.size());
    EXPECT_FALSE(how.broken);
    EXPECT_EQ(lone_request(op::send{.fd = here, .from = text}).attempt().what, kind::poll);
    expect_answer(lone_request(op::send{.fd = here, .from = text, .flags = MSG_DONTWAIT}).attempt(),
                  -EAGAIN);
}

TEST(emulated_send, with_waitall_goes_on_until_all_is_sent) {
    auto const [here, there] = test::tcp_pair();
    std::string const text = long_text();
    lone_request r(op::send{.fd = here, .from = text, .flags = MSG_WAITALL});
    outcome how;
    EXPECT_TRUE(drive(r, there, text.size(), how) == text);
    expect_answer(how, static_cast<std::int32_t>(text.size()));
    EXPECT_FALSE(how.broken);
}

TEST(emulated_send, with_waitall_tells_what_was_sent_before_the_end) {
    auto const [here, there] = test::unix_pair();
    std::string const text = long_text();
    lone_request r(op::send{.fd = here, .from = text, .flags = MSG_WAITALL});
    ASSERT_EQ(r.attempt().what, kind::poll);
    EXPECT_GT(r.progress, 0u);
    test::must(::shutdown(there.get(), SHUT_RD), "shutdown");
    outcome const how = r.attempt();
    EXPECT_EQ(how.what, kind::done);
    EXPECT_EQ(static_cast<std::uint64_t>(how.res), r.progress);
    EXPECT_TRUE(how.broken);
    expect_answer(lone_request(op::send{.fd = here, .from = text}).attempt(), -EPIPE);
}

TEST(emulated_send, from_vectors_survives_their_array) {
    auto const [here, there] = test::unix_pair();
    std::string const text = long_text();
    std::size_t const half = text.size() / 2;
    char* const data = const_cast<char*>(text.data());
    std::vector<::iovec> parts{{data, 3}, {data + 3, half - 3}, {data + half, text.size() - half}};
    lone_request r(op::send<iovecs>{.fd = here, .from = parts, .flags = MSG_WAITALL});
    ASSERT_EQ(r.check(), 0);
    ASSERT_EQ(r.attempt().what, kind::poll);
    ASSERT_TRUE(r.keep());
    parts = {{}, {}, {}};
    outcome how;
    EXPECT_TRUE(drive(r, there, text.size(), how) == text);
    expect_answer(how, static_cast<std::int32_t>(text.size()));
}

TEST(emulated_send, goes_to_the_address_it_kept) {
    unique_fd const here = test::bound_socket(SOCK_DGRAM), there = test::bound_socket(SOCK_DGRAM);
    ::sockaddr_in a = test::name_of(there);
    lone_request r(op::send{
        .fd = here,
        .from = "abc"sv,
        .to = test::address_of(a),
        .to_size = sizeof a,
        .poll_first = true,
    });
    ASSERT_EQ(r.check(), 0);
    outcome const wait = r.attempt();
    ASSERT_EQ(wait.what, kind::poll);
    ASSERT_TRUE(r.keep());
    a = {};
    ASSERT_TRUE(r.becomes_ready(wait));
    expect_answer(r.attempt(), 3);
    EXPECT_EQ(test::receive_text(there, 3), "abc");
}

TEST(emulated_send, leaves_datagrams_for_a_full_unix_socket_to_a_worker) {
    unique_fd const here(test::must(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
    unique_fd const there(test::must(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
    ::sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
    test::must(::bind(there.get(), reinterpret_cast<::sockaddr*>(&name), sizeof(::sa_family_t)),
               "bind"); // the kernel picks a name
    ::socklen_t size = sizeof name;
    test::must(::getsockname(there.get(), reinterpret_cast<::sockaddr*>(&name), &size), "name");
    op::send const o{
        .fd = here, .from = "x"sv, .to = reinterpret_cast<::sockaddr*>(&name), .to_size = size};
    lone_request r(o);
    outcome how = r.attempt();
    while (how.what == kind::done && how.res > 0)
        how = r.attempt();
    ASSERT_EQ(how.what, kind::work);
    std::thread worker([&] { how = r.attempt_on_worker(); });
    char c[2];
    EXPECT_EQ(::recv(there.get(), c, sizeof c, 0), 1);
    worker.join();
    expect_answer(how, 1);
}

TEST(emulated_send, of_a_bundle_sends_all_buffers_and_goes_on_while_there_are_more) {
    auto const [here, there] = test::tcp_pair();
    char a[] = "abc", b[] = "defg";
    abi::sqe s{};
    op::fill(s, op::send_stream{.fd = here, .from = {.group = 1}}, 1);
    lone_request r(s);
    ASSERT_EQ(r.check(), 0);
    EXPECT_TRUE(r.what->chooses);
    r.chosen = {{a, 3}, {b, 4}};
    outcome how = r.attempt();
    EXPECT_EQ(how.what, kind::more);
    EXPECT_EQ(how.res, 7);
    r.chosen_all = true;
    how = r.attempt();
    EXPECT_EQ(how.what, kind::done);
    EXPECT_EQ(how.res, 7);
    EXPECT_EQ(take(there, 14), "abcdefgabcdefg");
}

TEST(emulated_send, refuses_what_makes_no_sense) {
    auto const [here, there] = test::tcp_pair();
    std::array<::iovec, 1> parts{};
    for (auto const& [set, error] :
         {std::pair{+[](abi::sqe& s) { s.ioprio = 4; }, -EINVAL},
          std::pair{+[](abi::sqe& s) { s.pad3 = 1; }, -EINVAL},
          std::pair{+[](abi::sqe& s) { s.addr2 = 8, s.addr_len = 129; }, -EINVAL},
          std::pair{+[](abi::sqe& s) { s.addr2 = 8, s.addr_len = 16; }, -EFAULT},
          std::pair{+[](abi::sqe& s) { s.len = 1025; }, -EINVAL},
          std::pair{+[](abi::sqe& s) { s.addr = 0; }, -EFAULT}}) {
        lone_request r(op::send<iovecs>{.fd = here, .from = parts});
        set(r.sqe());
        EXPECT_EQ(r.check(), error);
    }
    expect_answer(lone_request(op::send{.fd = no_socket(), .from = "x"sv}).attempt(), -ENOTSOCK);
    expect_answer(
        lone_request(op::send{.fd = no_socket(), .from = "x"sv, .poll_first = true}).attempt(),
        -ENOTSOCK);
}

TEST(emulated_send_zc, copies_and_says_so) {
    auto const [here, there] = test::tcp_pair();
    lone_request r(op::send_zc{.fd = here, .from = "abc"sv, .report_usage = true});
    ASSERT_EQ(r.check(), 0);
    outcome const how = r.attempt();
    expect_answer(how, 3);
    EXPECT_TRUE(how.notify);
    EXPECT_TRUE(op::was_copied({1, how.notice, 0}));
    EXPECT_EQ(take(there, 3), "abc");
    lone_request silent(op::send_zc{.fd = here, .from = "abc"sv});
    EXPECT_EQ(silent.attempt().notice, 0);
}

TEST(emulated_send_zc, fails_with_a_notification_where_the_kernel_cannot) {
    auto const [here, there] = test::unix_pair();
    outcome const how = lone_request(op::send_zc{.fd = here, .from = "x"sv}).attempt();
    expect_answer(how, -EOPNOTSUPP);
    EXPECT_TRUE(how.notify);
    outcome const none = lone_request(op::send_zc{.fd = no_socket(), .from = "x"sv}).attempt();
    expect_answer(none, -ENOTSOCK);
}

TEST(emulated_send_zc, refuses_what_makes_no_sense) {
    auto const [here, there] = test::tcp_pair();
    for (auto const set : {+[](abi::sqe& s) { s.ioprio = 16; }, +[](abi::sqe& s) { s.addr3 = 1; },
                           +[](abi::sqe& s) { s.flags = raw(abi::sqe_flag::cqe_skip_success); },
                           +[](abi::sqe& s) { s.pad2 = 1; }}) {
        lone_request r(op::send_zc{.fd = here, .from = "x"sv});
        ASSERT_EQ(r.check(), 0);
        set(r.sqe());
        EXPECT_EQ(r.check(), -EINVAL);
    }
}

TEST(emulated_sendmsg, survives_its_header_and_goes_on) {
    auto const [here, there] = test::unix_pair();
    std::string const text = long_text();
    std::array<::iovec, 2> parts{{{const_cast<char*>(text.data()), 5},
                                  {const_cast<char*>(text.data()) + 5, text.size() - 5}}};
    ::msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    lone_request r(op::sendmsg{.fd = here, .message = &message, .flags = MSG_WAITALL});
    ASSERT_EQ(r.check(), 0);
    ASSERT_EQ(r.attempt().what, kind::poll);
    ASSERT_TRUE(r.keep());
    message = {};
    parts = {};
    outcome how;
    EXPECT_TRUE(drive(r, there, text.size(), how) == text);
    expect_answer(how, static_cast<std::int32_t>(text.size()));
}

TEST(emulated_sendmsg, passes_descriptors) {
    auto const [here, there] = test::unix_pair();
    alignas(::cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    char byte = 'x';
    ::iovec part{&byte, 1};
    ::msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ::cmsghdr* const c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    int const passed = no_socket().get();
    std::memcpy(CMSG_DATA(c), &passed, sizeof passed);
    expect_answer(lone_request(op::sendmsg{.fd = here, .message = &message}).attempt(), 1);
    EXPECT_EQ(::recvmsg(there.get(), &message, MSG_CMSG_CLOEXEC), 1);
    int got = -1;
    ASSERT_NE(CMSG_FIRSTHDR(&message), nullptr);
    std::memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof got);
    EXPECT_TRUE(unique_fd(got));
    EXPECT_NE(got, passed);
}

TEST(emulated_sendmsg, refuses_what_makes_no_sense) {
    auto const [here, there] = test::tcp_pair();
    ::msghdr message{};
    auto const check_with = [&, fd = here.get()](auto set) {
        message = {};
        lone_request r(op::sendmsg{.fd = fd_ref(fd), .message = &message});
        set(r.sqe());
        return r.check();
    };
    EXPECT_EQ(check_with([](abi::sqe& s) { s.ioprio = 16; }), -EINVAL);
    EXPECT_EQ(check_with([](abi::sqe& s) { s.addr2 = 1; }), -EINVAL);
    EXPECT_EQ(check_with([](abi::sqe& s) { s.file_index = 1; }), -EINVAL);
    EXPECT_EQ(check_with([](abi::sqe& s) { s.addr = 0; }), -EFAULT);
    EXPECT_EQ(check_with([&](abi::sqe&) { message.msg_iovlen = 1025; }), -EMSGSIZE);
    EXPECT_EQ(check_with([&](abi::sqe&) { message.msg_iovlen = 1; }), -EFAULT);
    EXPECT_EQ(check_with([&](abi::sqe&) {
                  message.msg_name = &message;
                  message.msg_namelen = ~::socklen_t{0};
              }),
              -EINVAL);
}

} // namespace
} // namespace rondo::engine::emulation
