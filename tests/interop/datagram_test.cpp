// SPDX-License-Identifier: MIT

// datagram_socket, and connections over UDP.

#include <rondo/interop/datagram.hpp>

#include <interop/connection_pair.hpp>
#include <rondo/interop/address.hpp>

#include <fcntl.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace rondo::test {
namespace {

datagram_socket bound(std::string_view network = "udp", std::string_view address = "127.0.0.1:0") {
    return datagram_socket::bind(network, address).or_throw("bind");
}

std::string_view text(std::array<char, 16> const& buffer, std::size_t size) {
    return {buffer.data(), size};
}

TEST(datagram, goes_to_whom_it_is_sent_and_can_be_answered) {
    constexpr place places[] = {
        {"udp", "127.0.0.1:0"}, {"udp4", "127.0.0.1:0"}, {"udp6", "[::1]:0"}, {"udp", "[::1]:0"}};
    for (place const& p : places) {
        datagram_socket server = bound(p.network, p.address);
        datagram_socket client = bound(p.network, p.address);
        endpoint const at = server.local_address().or_throw("address");
        EXPECT_NE(at.port(), 0);
        EXPECT_EQ(at.network(), "udp");
        std::array<char, 16> buffer;
        RONDO_EXPECT_OK(client.send_to(std::string_view("question"), at));
        datagram const got = server.receive_from(buffer).or_throw("receive");
        EXPECT_EQ(text(buffer, got.size), "question");
        EXPECT_FALSE(got.truncated);
        EXPECT_EQ(got.from, client.local_address().or_throw("address"));
        RONDO_EXPECT_OK(server.send_to(std::string_view("answer"), got.from));
        datagram const back = client.receive_from(buffer).or_throw("receive");
        EXPECT_EQ(text(buffer, back.size), "answer");
        EXPECT_EQ(back.from, at);
    }
}

TEST(datagram, on_six_is_a_socket_of_six) {
    // And it alone: the port of the other version is free, unless another program has it.
    for (int tries = 0; tries < 20; ++tries) {
        datagram_socket const six = bound("udp6", ":0");
        int domain = 0;
        ::socklen_t size = sizeof domain;
        must(::getsockopt(six.native_handle(), SOL_SOCKET, SO_DOMAIN, &domain, &size), "domain");
        EXPECT_EQ(domain, AF_INET6);
        std::uint16_t const port = six.local_address().or_throw("address").port();
        if (datagram_socket::bind("udp4", ":" + std::to_string(port)))
            return;
    }
    FAIL() << "it takes the ports of both";
}

TEST(datagram, keeps_its_bounds_and_says_when_it_was_cut) {
    datagram_socket server = bound();
    datagram_socket client = bound();
    endpoint const at = server.local_address().or_throw("address");
    RONDO_EXPECT_OK(client.send_to(std::string(30, 'x'), at));
    RONDO_EXPECT_OK(client.send_to({}, at));
    RONDO_EXPECT_OK(client.send_to(std::string_view("abc"), at));
    std::array<char, 16> buffer;
    datagram got = server.receive_from(buffer).or_throw("receive");
    EXPECT_EQ(got.size, 16u);
    EXPECT_TRUE(got.truncated);
    got = server.receive_from(buffer).or_throw("receive");
    EXPECT_EQ(got.size, 0u);
    EXPECT_FALSE(got.truncated);
    EXPECT_EQ(got.from, client.local_address().or_throw("address")) << "empty, but from somebody";
    got = server.receive_from(buffer).or_throw("receive");
    EXPECT_EQ(text(buffer, got.size), "abc");
    RONDO_EXPECT_ERROR(client.send_to(std::string(70'000, 'x'), at), EMSGSIZE);
}

TEST(datagram, is_waited_for_until_the_deadline_or_the_end) {
    quickly const timed;
    datagram_socket server = bound();
    std::array<char, 16> buffer;
    auto receiver = in_thread([&] { return server.receive_from(buffer); });
    RONDO_EXPECT_OK(server.set_read_deadline(10ms));
    RONDO_EXPECT_ERROR(outcome_of(receiver), ETIME);
    endpoint const at = server.local_address().or_throw("address");
    RONDO_EXPECT_OK(server.send_to(std::string_view("to itself"), at));
    RONDO_EXPECT_ERROR(server.receive_from(buffer), ETIME);
    RONDO_EXPECT_OK(server.set_deadline({}));
    EXPECT_EQ(server.receive_from(buffer).or_throw("receive").size, 9u);
    RONDO_EXPECT_OK(server.set_write_deadline(0s));
    RONDO_EXPECT_ERROR(server.send_to({}, at), ETIME);

    auto again = in_thread([&] { return server.receive_from(buffer); });
    RONDO_EXPECT_OK(server.close());
    auto const got = outcome_of(again);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error(), ECANCELED);
    EXPECT_EQ(got.error().why(), cause::ended);
    RONDO_EXPECT_ERROR(server.close(), EBADF);
    RONDO_EXPECT_ERROR(server.receive_from(buffer), EBADF);
    RONDO_EXPECT_ERROR(server.send_to({}, at), EBADF);
    RONDO_EXPECT_ERROR(server.local_address(), EBADF);
    RONDO_EXPECT_ERROR(server.set_deadline({}), EBADF);
    EXPECT_FALSE(server.is_open());
}

TEST(datagram, has_options_like_other_sockets) {
    socket_options const shared{.reuse_port = true, .receive_buffer = 50'000};
    datagram_socket const one =
        datagram_socket::bind("udp", "127.0.0.1:0", shared).or_throw("bind");
    std::string const address = one.local_address().or_throw("address").to_string();
    RONDO_EXPECT_ERROR(datagram_socket::bind("udp", address), EADDRINUSE);
    RONDO_EXPECT_OK(datagram_socket::bind("udp", address, shared));
    auto const refused = datagram_socket::bind("udp", ":0", {.no_delay = true});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().why(), cause::option_refused);
    RONDO_EXPECT_ERROR(datagram_socket::bind("tcp", ":0"), EPROTOTYPE);
    RONDO_EXPECT_ERROR(datagram_socket::bind("unix", "@x"), EPROTOTYPE);
    RONDO_EXPECT_ERROR(datagram_socket::bind("udp", "127.0.0.1"), EINVAL);
}

TEST(datagram, socket_is_adopted_blocking_or_not) {
    quickly const timed;
    unique_fd fd = bound_socket(SOCK_DGRAM);
    must(::fcntl(fd.get(), F_SETFL, O_NONBLOCK), "fcntl");
    datagram_socket server = datagram_socket::adopt(std::move(fd)).or_throw("adopt");
    std::array<char, 16> buffer;
    auto receiver = in_thread([&] { return server.receive_from(buffer); });
    RONDO_EXPECT_OK(
        bound().send_to(std::string_view("x"), server.local_address().or_throw("address")));
    EXPECT_EQ(outcome_of(receiver).or_throw("receive").size, 1u);
    RONDO_EXPECT_ERROR(datagram_socket::adopt(bound_socket(SOCK_STREAM)), EPROTOTYPE);
    RONDO_EXPECT_ERROR(datagram_socket::adopt(unix_pair(SOCK_DGRAM).first), EPROTOTYPE);
}

TEST(datagram, connection_talks_to_one_peer) {
    quickly const timed;
    datagram_socket server = bound();
    endpoint const at = server.local_address().or_throw("address");
    connection here = connection::connect("udp", at.to_string()).or_throw("connect");
    EXPECT_EQ(here.remote_address().or_throw("remote"), at);
    EXPECT_EQ(here.remote_address().or_throw("remote").network(), "udp");
    std::array<char, 16> buffer;
    EXPECT_EQ(here.write(std::string_view("hello")).or_throw("write"), 5u);
    EXPECT_EQ(here.write({}).or_throw("write"), 0u);
    datagram const got = server.receive_from(buffer).or_throw("receive");
    EXPECT_EQ(text(buffer, got.size), "hello");
    EXPECT_EQ(got.from, here.local_address().or_throw("address"));
    EXPECT_EQ(server.receive_from(buffer).or_throw("receive").size, 0u) << "an empty one was sent";
    RONDO_EXPECT_OK(server.send_to(std::string_view("one"), got.from));
    RONDO_EXPECT_OK(server.send_to(std::string_view("two"), got.from));
    EXPECT_EQ(here.read(buffer).or_throw("read"), 3u);
    EXPECT_EQ(text(buffer, 3), "one");
    EXPECT_EQ(here.read(buffer).or_throw("read"), 3u);
    RONDO_EXPECT_OK(bound().send_to(std::string_view("stranger"), got.from));
    RONDO_EXPECT_OK(here.set_read_deadline(30ms));
    RONDO_EXPECT_ERROR(here.read(buffer), ETIME);
    RONDO_EXPECT_OK(here.set_read_deadline({}));
    RONDO_EXPECT_OK(server.close());
    RONDO_EXPECT_OK(here.write(std::string_view("x")));
    RONDO_EXPECT_ERROR(here.read(buffer), ECONNREFUSED);
}

TEST(datagram, connection_can_be_adopted) {
    datagram_socket server = bound();
    unique_fd fd = bound_socket(SOCK_DGRAM);
    endpoint const at = server.local_address().or_throw("address");
    must(::connect(fd.get(), at.data(), at.size()), "connect");
    connection here = connection::adopt(std::move(fd)).or_throw("adopt");
    EXPECT_EQ(here.remote_address().or_throw("remote"), at);
}

} // namespace
} // namespace rondo::test
