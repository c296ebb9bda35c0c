// SPDX-License-Identifier: MIT

// listener: what it refuses, and that no failure of accept ends it.

#include <rondo/abi/flags.hpp>
#include <rondo/abi/params.hpp>
#include <rondo/abi/sqe.hpp>
#include <rondo/interop/listener.hpp>

#include <interop/connection_pair.hpp>

#include <support/child.hpp>
#include <support/wrapped_kernel.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::test {
namespace {

bool says(error const& e, std::string_view words) {
    return std::string_view(e.message()).find(words) != std::string_view::npos;
}

TEST(listener_errors, names_the_network_that_there_is_not) {
    auto const none = listener::listen("tpc", ":0");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error(), EINVAL);
    EXPECT_EQ(none.error().why(), cause::unknown_network);
    EXPECT_TRUE(says(none.error(), "\"tpc\"")) << none.error().message().c_str();
    EXPECT_TRUE(says(none.error(), "tcp6")) << "which there are";
}

TEST(listener_errors, sends_udp_to_datagram_sockets) {
    for (char const* const network : {"udp", "udp4", "udp6"}) {
        auto const none = listener::listen(network, ":0");
        ASSERT_FALSE(none);
        EXPECT_EQ(none.error(), EOPNOTSUPP);
        EXPECT_TRUE(says(none.error(), "datagram_socket")) << none.error().message().c_str();
    }
}

TEST(listener_errors, tells_of_a_port_in_use) {
    listener const first = listener::listen("tcp", "127.0.0.1:0").or_throw("listen");
    auto const second =
        listener::listen("tcp", first.local_address().or_throw("address").to_string());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error(), EADDRINUSE);
    EXPECT_TRUE(says(second.error(), "Address already in use"));
}

TEST(listener_errors, tells_of_addresses_that_make_no_sense) {
    for (char const* const address :
         {"", "127.0.0.1", "127.0.0.1:", "::1:80", "[::1:80", ":65536"}) {
        auto const none = listener::listen("tcp", address);
        ASSERT_FALSE(none) << address;
        EXPECT_EQ(none.error().why(), cause::bad_address) << address;
    }
    RONDO_EXPECT_ERROR(listener::listen("tcp", "192.0.2.200:0"), EADDRNOTAVAIL);
    auto const other_version = listener::listen("tcp4", "[::1]:0");
    ASSERT_FALSE(other_version);
    EXPECT_EQ(other_version.error().domain(), error_domain::resolver);
}

TEST(listener_errors, tells_of_paths_that_are_too_long) {
    auto const none = listener::listen("unix", "/tmp/" + std::string(103, 'x'));
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error(), ENAMETOOLONG);
    EXPECT_TRUE(says(none.error(), "107 bytes at most, this one has 108"))
        << none.error().message().c_str();
    RONDO_EXPECT_OK(listener::listen("unix", "@" + std::string(107, 'x')));
    RONDO_EXPECT_ERROR(listener::listen("unix", "@" + std::string(108, 'x')), ENAMETOOLONG);
    RONDO_EXPECT_ERROR(listener::listen("unix", ""), EINVAL);
    RONDO_EXPECT_ERROR(listener::listen("unix", "/no/such/directory/socket"), ENOENT);
}

/// A socket file whose program has ended.
std::string leave_behind(temporary_directory const& directory) {
    std::string path = directory / "socket";
    ::sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, path.size());
    unique_fd const gone(must(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    must(::bind(gone.get(), reinterpret_cast<::sockaddr*>(&address), sizeof address), "bind");
    return path;
}

TEST(listener_errors, says_that_a_socket_file_was_left_behind) {
    temporary_directory directory;
    std::string const path = leave_behind(directory);
    auto const refused = listener::listen("unix", path);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), EADDRINUSE);
    EXPECT_EQ(refused.error().why(), cause::stale_socket);
    EXPECT_TRUE(says(refused.error(), "remove_stale")) << refused.error().message().c_str();
    listener server = listener::listen("unix", path, {.remove_stale = true}).or_throw("listen");
    RONDO_EXPECT_OK(connection::connect("unix", path));
    RONDO_EXPECT_OK(server.close());
}

TEST(listener_errors, removes_neither_sockets_in_use_nor_other_files) {
    temporary_directory directory;
    std::string const path = directory / "socket";
    listener first = listener::listen("unix", path).or_throw("listen");
    auto const second = listener::listen("unix", path, {.remove_stale = true});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error(), EADDRINUSE);
    EXPECT_EQ(second.error().why(), cause::none);
    RONDO_EXPECT_OK(connection::connect("unix", path));
    RONDO_EXPECT_OK(first.set_deadline(5s));
    RONDO_EXPECT_OK(first.accept()); // only the connection above came: nobody knocked to look

    std::string const file = directory / "file";
    unique_fd(must(::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600), "open")).reset();
    RONDO_EXPECT_ERROR(listener::listen("unix", file, {.remove_stale = true}), EADDRINUSE);
    struct ::stat about{};
    EXPECT_EQ(::stat(file.c_str(), &about), 0);
}

/// The kernel, but the next accepts answer what they are told to.
class unlucky_kernel final : public wrapped_kernel {
public:
    long enter(int fd, std::uint32_t to_submit, std::uint32_t min_complete, std::uint32_t flags,
               void const* arg, std::size_t arg_size) noexcept override {
        for (abi::sqe& s : sqes_)
            if (to_submit != 0 && s.opcode == raw(abi::opcode::accept) && !answers.empty()) {
                std::uint64_t const user_data = s.user_data;
                s = abi::sqe{};
                s.opcode = raw(abi::opcode::nop);
                s.fd = -1;
                s.len = static_cast<std::uint32_t>(-answers.front());
                s.nop_flags = raw(abi::nop_flag::inject_result);
                s.user_data = user_data;
                answers.pop_front();
            }
        return wrapped_kernel::enter(fd, to_submit, min_complete, flags, arg, arg_size);
    }
    result<mapping> map(int fd, std::uint64_t offset, std::size_t bytes) noexcept override {
        auto pages = wrapped_kernel::map(fd, offset, bytes);
        if (pages && offset == abi::off_sqes)
            sqes_ = {reinterpret_cast<abi::sqe*>(pages->data()), bytes / sizeof(abi::sqe)};
        return pages;
    }

    std::deque<int> answers;

private:
    std::span<abi::sqe> sqes_;
};

class listener_misfortune : public ::testing::Test {
protected:
    listener make(accept_error_handler on_error = {}) {
        return listener::listen(ring_, "tcp", "127.0.0.1:0", {}, std::move(on_error))
            .or_throw("listen");
    }
    static connection come_to(listener const& server) {
        return connection::connect("tcp", server.local_address().or_throw("address").to_string())
            .or_throw("connect");
    }
    unlucky_kernel kernel_;
    shared_ring ring_ =
        shared_ring::create({.shards = 1, .entries = 4, .backend = &kernel_}).or_throw("ring");
};

TEST_F(listener_misfortune, of_single_connections_is_passed_over) {
    listener server = make();
    connection const here = come_to(server);
    kernel_.answers = {ECONNABORTED, EPROTO, EPERM, EHOSTUNREACH, ENETDOWN, EINTR};
    RONDO_EXPECT_OK(server.accept());
    EXPECT_TRUE(kernel_.answers.empty());
}

TEST_F(listener_misfortune, is_told_to_the_handler) {
    std::vector<int> told;
    listener server = make([&](error const& e) { told.push_back(e.code()); });
    connection const here = come_to(server);
    kernel_.answers = {ECONNABORTED, EMFILE, ENOBUFS, EPROTO};
    RONDO_EXPECT_OK(server.accept());
    EXPECT_EQ(told, (std::vector<int>{ECONNABORTED, EMFILE, ENOBUFS, EPROTO}));
}

TEST_F(listener_misfortune, of_the_whole_system_is_reported_and_then_it_goes_on) {
    listener server = make();
    connection const here = come_to(server);
    for (int const code : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EINVAL}) {
        kernel_.answers = {code};
        RONDO_EXPECT_ERROR(server.accept(), code);
    }
    RONDO_EXPECT_OK(server.accept());
}

TEST_F(listener_misfortune, that_lasts_is_waited_out_with_pauses) {
    int told = 0;
    listener server = make([&](error const&) { ++told; });
    for (int i = 0; i < 1000; ++i)
        kernel_.answers.push_back(EMFILE);
    RONDO_EXPECT_OK(server.set_deadline(300ms));
    auto const start = std::chrono::steady_clock::now();
    RONDO_EXPECT_ERROR(server.accept(), ETIME);
    EXPECT_GE(std::chrono::steady_clock::now() - start, 300ms);
    EXPECT_GE(told, 2);
    EXPECT_LE(told, 12) << "it spins";
    kernel_.answers.clear();
    RONDO_EXPECT_OK(server.set_deadline({}));
    connection const here = come_to(server);
    RONDO_EXPECT_OK(server.accept());
}

TEST_F(listener_misfortune, lets_the_handler_close_the_listener) {
    quickly const timed;
    listener* server = nullptr;
    listener made = make([&](error const&) { RONDO_EXPECT_OK(server->close()); });
    server = &made;
    kernel_.answers = {EMFILE};
    RONDO_EXPECT_ERROR(made.accept(), EBADF);
}

TEST_F(listener_misfortune, ends_its_pause_when_it_is_closed) {
    quickly const timed;
    std::atomic<int> told = 0;
    listener server = make([&](error const&) { ++told; });
    for (int i = 0; i < 1000; ++i)
        kernel_.answers.push_back(EMFILE);
    auto waiting = in_thread([&] { return server.accept(); }, ring_);
    RONDO_EXPECT_OK(server.close());
    auto const got = outcome_of(waiting);
    ASSERT_FALSE(got);
    EXPECT_TRUE(got.error() == ECANCELED || got.error() == EBADF);
}

TEST(listener_errors, goes_on_when_descriptors_are_to_be_had_again) {
    child_end const end = in_child([] {
        ::rlimit limit{};
        ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
        std::vector<int> told;
        told.reserve(10);
        // Without a descriptor left, UBSan cannot look at what it checks: nothing is checked here.
        listener server = listener::listen("tcp", "127.0.0.1:0", {}, [&](error const& e) {
                              told.push_back(e.code());
                              if (told.size() == 2)
                                  ::setrlimit(RLIMIT_NOFILE, &limit);
                          }).or_throw("listen");
        std::string const address = server.local_address().or_throw("address").to_string();
        connection const here = connection::connect("tcp", address).or_throw("connect");
        // poll(2) takes no more entries than there may be descriptors, so that 0 would be too few.
        ::rlimit const none{static_cast<::rlim_t>(here.native_handle()) + 1, limit.rlim_max};
        ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
        auto const got = server.accept();
        ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
        EXPECT_TRUE(got) << got.error().message().c_str();
        EXPECT_EQ(told, (std::vector<int>{EMFILE, EMFILE}));
    });
    EXPECT_TRUE(end.succeeded()) << end;
}

} // namespace
} // namespace rondo::test
