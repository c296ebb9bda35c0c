// SPDX-License-Identifier: MIT
// Where no descriptor may be opened any more, and polls of many that are to answer once: on both
// engines.
#include <support/both_engines.hpp>
#include <support/child.hpp>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace rondo {
namespace {

using namespace test;
using enum abi::opcode;

constexpr auto more = raw(abi::cqe_flag::more);

void allow_no_descriptor() {
    ::rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 0;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
}

class rare_entries : public both_engines {};
RONDO_ON_BOTH_ENGINES(rare_entries);

TEST_P(rare_entries, a_waiting_connection_is_refused_where_no_descriptor_may_be_opened) {
    child_end const end = in_child([&] {
        raw_ring ring(GetParam() == engine::kernel ? engine::kernel_backend()
                                                   : engine::emulated_backend(),
                      16, 0, 0);
        std::vector<abi::cqe> seen;
        unique_fd const server = tcp_listener();
        unique_fd const client(must(::socket(AF_INET, SOCK_STREAM, 0), "socket"));
        ::sockaddr_in name = name_of(server);
        must(::connect(client.get(), test::address_of(name), sizeof name), "connect");
        allow_no_descriptor();
        ring.push(entry(accept, 1, server.get()));
        ring.submit();
        for (int tries = 0; seen.empty() && tries < 5000; ++tries) {
            ring.look(1'000'000);
            ring.reap(seen);
        }
        ASSERT_EQ(seen.size(), 1u);
        EXPECT_EQ(seen[0].res, -EMFILE);
    });
    EXPECT_TRUE(end.succeeded()) << end;
}

TEST_P(rare_entries, what_comes_is_told_where_no_descriptor_may_be_opened) {
    child_end const end = in_child([&] {
        raw_ring ring(GetParam() == engine::kernel ? engine::kernel_backend()
                                                   : engine::emulated_backend(),
                      16, 0, 0);
        pipe_pair const pipe;
        std::vector<abi::cqe> seen;
        allow_no_descriptor();
        ring.push(poll(1, pipe.in.get(), POLLOUT));
        ring.push(poll(2, pipe.out.get(), POLLIN));
        ring.submit();
        pipe.write("x");
        for (int tries = 0; seen.size() < 2 && tries < 5000; ++tries) {
            ring.look(1'000'000);
            ring.reap(seen);
        }
        ASSERT_EQ(seen.size(), 2u);
        EXPECT_EQ(seen[0].user_data, 1u);
        EXPECT_EQ(seen[0].res, POLLOUT);
        EXPECT_EQ(seen[1].res, POLLIN);
    });
    EXPECT_TRUE(end.succeeded()) << end;
}

TEST_P(rare_entries, a_poll_of_many_answers_once_if_its_events_say_so) {
    pipe_pair const pipe;
    submit({poll(1, pipe.in.get(), POLLOUT | std::uint32_t{EPOLLONESHOT}, true)});
    abi::cqe const there = next(1);
    EXPECT_EQ(there.res, POLLOUT);
    EXPECT_EQ(there.flags & more, 0u);
    submit({poll(2, pipe.out.get(), POLLIN | std::uint32_t{EPOLLONESHOT}, true)});
    abi::sqe update = entry(poll_remove, 3);
    update.addr = 2;
    update.len = raw(abi::poll_flag::update_events) | raw(abi::poll_flag::add_multi);
    update.poll32_events = POLLIN | POLLPRI;
    EXPECT_EQ(answer(update), 0);
    pipe.write("x");
    abi::cqe const come = next(2);
    EXPECT_EQ(come.res, POLLIN);
    EXPECT_EQ(come.flags & more, 0u);
}

} // namespace
} // namespace rondo
