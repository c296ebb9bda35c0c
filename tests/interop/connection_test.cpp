// SPDX-License-Identifier: MIT

// connection: connecting, transfers, addresses, failures. Deadlines and closing have their own
// files.

#include <rondo/interop/connection.hpp>

#include <interop/connection_pair.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace rondo::test {
namespace {

std::string numbers(std::size_t size) {
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
        out[i] = static_cast<char>(i % 251);
    return out;
}

class connection_networks : public ::testing::TestWithParam<place> {
protected:
    std::string address() {
        return std::string_view(GetParam().address) == "path" ? directory_ / "socket"
                                                              : GetParam().address;
    }
    temporary_directory directory_;
};
INSTANTIATE_TEST_SUITE_P(all, connection_networks, ::testing::ValuesIn(stream_places));

TEST_P(connection_networks, carry_bytes_both_ways) {
    auto [here, there] = connected(GetParam().network, address());
    std::array<char, 16> buffer;
    RONDO_EXPECT_OK(here.write_all(std::string_view("question")));
    EXPECT_EQ(there.read(buffer).or_throw("read"), 8u);
    EXPECT_EQ(std::string_view(buffer.data(), 8), "question");
    RONDO_EXPECT_OK(there.write_all(std::string_view("answer")));
    EXPECT_EQ(here.read_exactly({buffer.data(), 6}).or_throw("read"), 6u);
    EXPECT_EQ(std::string_view(buffer.data(), 6), "answer");
    RONDO_EXPECT_OK(here.close());
    EXPECT_EQ(there.read(buffer).or_throw("read"), 0u);
}

TEST_P(connection_networks, tell_both_addresses) {
    listener server = listener::listen(GetParam().network, address()).or_throw("listen");
    auto [here, there] = connected(server);
    endpoint const at = server.local_address().or_throw("address");
    EXPECT_EQ(here.remote_address().or_throw("remote").port(), at.port());
    EXPECT_EQ(there.local_address().or_throw("local").port(), at.port());
    EXPECT_EQ(here.local_address().or_throw("local").port(),
              there.remote_address().or_throw("remote").port());
    EXPECT_EQ(here.remote_address().or_throw("remote").network(), at.network());
    if (at.network() == "unix") {
        EXPECT_EQ(here.remote_address().or_throw("remote"), at);
        EXPECT_EQ(there.remote_address().or_throw("remote").to_string(), "");
        EXPECT_EQ(there.local_address().or_throw("local"), at);
    } else {
        EXPECT_NE(here.remote_address().or_throw("remote").port(), 0);
    }
}

TEST(connection, moves_more_bytes_than_the_system_buffers) {
    auto [here, there] = connected();
    std::string const text = numbers(20'000'000);
    std::thread writer([&] {
        RONDO_EXPECT_OK(here.write_all(text));
        RONDO_EXPECT_OK(here.shutdown(shutdown_half::writing));
    });
    std::string got(text.size() + 10, '\0');
    EXPECT_EQ(there.read_exactly(got).or_throw("read"), text.size());
    writer.join();
    got.resize(text.size());
    EXPECT_TRUE(got == text);
}

TEST(connection, reads_and_writes_at_the_same_time) {
    auto [here, there] = connected("unix", "@");
    std::string const text = numbers(3'000'000);
    auto const talk = [&](connection& one) {
        std::thread writer([&] { RONDO_EXPECT_OK(one.write_all(text)); });
        std::string got(text.size(), '\0');
        EXPECT_EQ(one.read_exactly(got).or_throw("read"), text.size());
        writer.join();
        EXPECT_TRUE(got == text);
    };
    std::thread other([&] { talk(there); });
    talk(here);
    other.join();
}

TEST(connection, gives_each_byte_to_one_of_several_readers) {
    auto [here, there] = connected();
    constexpr std::size_t count = 4;
    std::array<std::string, count> got;
    std::vector<std::thread> readers;
    for (std::string& mine : got)
        readers.emplace_back([&] {
            std::array<char, 97> part;
            for (;;) {
                std::size_t const n = there.read(part).or_throw("read");
                if (n == 0)
                    return;
                mine.append(part.data(), n);
            }
        });
    std::string const text = numbers(100'000);
    RONDO_EXPECT_OK(here.write_all(text));
    RONDO_EXPECT_OK(here.shutdown(shutdown_half::writing));
    for (std::thread& one : readers)
        one.join();
    std::array<std::size_t, 256> balance{};
    for (char const c : text)
        ++balance[static_cast<unsigned char>(c)];
    for (std::string const& part : got)
        for (char const c : part)
            --balance[static_cast<unsigned char>(c)];
    EXPECT_TRUE(std::ranges::all_of(balance, [](std::size_t n) { return n == 0; }));
}

TEST(connection, takes_empty_spans) {
    auto [here, there] = connected();
    RONDO_EXPECT_OK(here.write_all({}));
    EXPECT_EQ(here.write({}).or_throw("write"), 0u);
    EXPECT_EQ(there.read({}).or_throw("read"), 0u);
    EXPECT_EQ(there.read_exactly({}).or_throw("read"), 0u);
}

TEST(connection, ends_each_half_by_itself) {
    auto [here, there] = connected();
    char c = 'a';
    RONDO_EXPECT_OK(here.shutdown(shutdown_half::writing));
    EXPECT_EQ(there.read({&c, 1}).or_throw("read"), 0u);
    RONDO_EXPECT_ERROR(here.write({&c, 1}), EPIPE);
    RONDO_EXPECT_OK(there.write_all({&c, 1}));
    EXPECT_EQ(here.read({&c, 1}).or_throw("read"), 1u);
    RONDO_EXPECT_OK(here.shutdown(shutdown_half::reading));
    EXPECT_EQ(here.read({&c, 1}).or_throw("read"), 0u);
}

TEST(connection, raises_no_signal_when_the_peer_is_gone) {
    ASSERT_NE(::signal(SIGPIPE, SIG_DFL), SIG_ERR); // the signal would end the program
    auto [here, there] = connected("unix", "@");
    RONDO_EXPECT_OK(there.close());
    RONDO_EXPECT_ERROR(here.write_all(std::string_view("x")), EPIPE);
}

TEST(connection, reports_a_peer_that_resets_and_what_went_before) {
    auto [here, there] = connected();
    RONDO_EXPECT_OK(here.write_all(std::string_view("unread")));
    ::linger const at_once{.l_onoff = 1, .l_linger = 0};
    ASSERT_EQ(::setsockopt(there.native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once),
              0);
    RONDO_EXPECT_OK(there.write_all(std::string_view("abc")));
    std::array<char, 8> buffer;
    auto reader = in_thread([&] { return here.read_exactly(buffer); });
    RONDO_EXPECT_OK(there.close());
    auto const got = outcome_of(reader);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error(), ECONNRESET);
    EXPECT_EQ(got.error().detail(), 3u);
    EXPECT_EQ(std::string_view(buffer.data(), 3), "abc");
}

TEST(connection, counts_what_was_written_before_the_peer_went) {
    auto [here, there] = connected("unix", "@");
    std::string const text = numbers(10'000'000);
    auto writer = in_thread([&] { return here.write_all(text); });
    RONDO_EXPECT_OK(there.close());
    auto const done = outcome_of(writer);
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error() == EPIPE || done.error() == ECONNRESET);
    EXPECT_GT(done.error().detail(), 1000u);
    EXPECT_LT(done.error().detail(), 10'000'000u);
}

TEST(connection, is_refused_where_nobody_listens) {
    unique_fd const taken = bound_socket(SOCK_STREAM); // so that nobody else listens there
    std::string const port = std::to_string(ntohs(name_of(taken).sin_port));
    auto const refused = connection::connect("tcp", "127.0.0.1:" + port);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), ECONNREFUSED);
    EXPECT_NE(std::string_view(refused.error().message()).find("Connection refused"),
              std::string_view::npos)
        << refused.error().message().c_str();
    RONDO_EXPECT_ERROR(connection::connect("tcp", "localhost:" + port), ECONNREFUSED);
    RONDO_EXPECT_ERROR(connection::connect("unix", "@rondo/nobody/listens/here"), ECONNREFUSED);
    temporary_directory directory;
    RONDO_EXPECT_ERROR(connection::connect("unix", directory / "nothing"), ENOENT);
}

TEST(connection, tries_all_addresses_of_a_name) {
    listener server = listener::listen("tcp4", "127.0.0.1:0").or_throw("listen");
    std::string const port = std::to_string(server.local_address().or_throw("address").port());
    // ":port" is [::1] first, where nobody listens.
    auto const here = connection::connect("tcp", ":" + port);
    ASSERT_TRUE(here) << here.error().message().c_str();
    EXPECT_EQ(here->remote_address().or_throw("remote").to_string(), "127.0.0.1:" + port);
}

TEST(connection, says_that_a_socket_file_was_left_behind) {
    temporary_directory directory;
    std::string const path = directory / "left";
    ::sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, path.size());
    {
        unique_fd const gone(must(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
        must(::bind(gone.get(), reinterpret_cast<::sockaddr*>(&address), sizeof address), "bind");
    }
    auto const refused = connection::connect("unix", path);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), ECONNREFUSED);
    EXPECT_EQ(refused.error().why(), cause::stale_socket);
}

TEST(connection, refuses_networks_and_addresses_that_it_does_not_know) {
    auto const network = connection::connect("tcp5", "127.0.0.1:1");
    ASSERT_FALSE(network);
    EXPECT_EQ(network.error().why(), cause::unknown_network);
    EXPECT_NE(std::string_view(network.error().message()).find("\"tcp5\""), std::string_view::npos);
    auto const address = connection::connect("tcp", "127.0.0.1");
    ASSERT_FALSE(address);
    EXPECT_EQ(address.error().why(), cause::bad_address);
    auto const option = connection::connect("unix", "@x", {.no_delay = true});
    ASSERT_FALSE(option);
    EXPECT_EQ(option.error().why(), cause::option_refused);
}

TEST(connection, adopts_sockets_blocking_or_not) {
    int ends[2];
    must(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), "socketpair");
    connection here = connection::adopt(unique_fd(ends[0])).or_throw("adopt");
    connection there = connection::adopt(unique_fd(ends[1])).or_throw("adopt");
    EXPECT_EQ(here.native_handle(), ends[0]);
    EXPECT_EQ(here.remote_address().or_throw("remote").to_string(), "");
    std::string const text = numbers(3'000'000);
    std::string got(text.size(), '\0');
    auto reader = in_thread([&] { return there.read_exactly(got); });
    RONDO_EXPECT_OK(here.write_all(text));
    EXPECT_EQ(outcome_of(reader).or_throw("read"), text.size());
    EXPECT_TRUE(got == text);
    there.set_deadline(20ms).or_throw("deadline");
    RONDO_EXPECT_ERROR(there.read(got), ETIME);

    auto [client, server] = tcp_pair();
    ::sockaddr_in const peer = name_of(server);
    connection tcp = connection::adopt(std::move(client)).or_throw("adopt");
    EXPECT_EQ(tcp.remote_address().or_throw("remote").port(), ntohs(peer.sin_port));
    EXPECT_EQ(tcp.remote_address().or_throw("remote").network(), "tcp");
}

TEST(connection, adopts_nothing_but_connected_sockets) {
    temporary_directory directory;
    int const file = ::open((directory / "file").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    RONDO_EXPECT_ERROR(connection::adopt(unique_fd(file)), ENOTSOCK);
    EXPECT_EQ(::fcntl(file, F_GETFD), -1) << "not closed";
    RONDO_EXPECT_ERROR(connection::adopt(bound_socket(SOCK_STREAM)), ENOTCONN);
    RONDO_EXPECT_ERROR(connection::adopt(unix_pair(SOCK_SEQPACKET).first), EPROTONOSUPPORT);
    RONDO_EXPECT_ERROR(connection::adopt(unique_fd()), EBADF);
}

TEST(connection, moves_as_a_value) {
    auto [here, there] = connected();
    connection moved(std::move(here));
    RONDO_EXPECT_OK(moved.write_all(std::string_view("x")));
    char c = 0;
    EXPECT_EQ(there.read({&c, 1}).or_throw("read"), 1u);
    connection_pair other = connected();
    other.here = std::move(moved); // its own end closes
    EXPECT_EQ(other.there.read({&c, 1}).or_throw("read"), 0u);
    RONDO_EXPECT_OK(other.here.write_all(std::string_view("y")));
    EXPECT_EQ(there.read({&c, 1}).or_throw("read"), 1u);
    EXPECT_EQ(c, 'y');
}

TEST(connection, works_on_a_ring_of_the_callers) {
    shared_ring ring = shared_ring::create({.shards = 1, .entries = 4}).or_throw("ring");
    listener server = listener::listen(ring, "tcp", "127.0.0.1:0").or_throw("listen");
    std::string const address = server.local_address().or_throw("address").to_string();
    connection here = connection::connect(ring, "tcp", address).or_throw("connect");
    connection there = server.accept().or_throw("accept");
    std::uint64_t const before = ring.statistics().submitted;
    RONDO_EXPECT_OK(here.write_all(std::string_view("abc")));
    std::array<char, 3> three;
    EXPECT_EQ(there.read_exactly(three).or_throw("read"), 3u);
    EXPECT_GT(ring.statistics().submitted, before);
}

} // namespace
} // namespace rondo::test
