// SPDX-License-Identifier: MIT

// Closing connections: what waits is woken, and no call meets a descriptor that is another's.

#include <rondo/interop/connection.hpp>

#include <interop/connection_pair.hpp>

#include <fcntl.h>

#include <array>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace rondo::test {
namespace {

TEST(connection_close, wakes_a_read_that_waits) {
    quickly const timed;
    auto [here, there] = connected();
    char c = 0;
    auto reader = in_thread([&] { return here.read({&c, 1}); });
    RONDO_EXPECT_OK(here.close());
    auto const got = outcome_of(reader);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error(), ECANCELED);
    EXPECT_EQ(got.error().why(), cause::ended);
}

TEST(connection_close, wakes_a_write_that_waits_and_counts_its_bytes) {
    quickly const timed;
    auto [here, there] = connected("unix", "@");
    std::string const text(30'000'000, 'x');
    auto writer = in_thread([&] { return here.write_all(text); });
    RONDO_EXPECT_OK(here.close());
    auto const done = outcome_of(writer);
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error() == ECANCELED || done.error() == EBADF);
    std::string got(text.size(), '\0');
    EXPECT_EQ(there.read_exactly(got).or_throw("read"), done.error().detail());
}

TEST(connection_close, wakes_calls_on_sockets_that_are_not_blocking) {
    quickly const timed;
    int ends[2];
    must(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), "socketpair");
    connection here = connection::adopt(unique_fd(ends[0])).or_throw("adopt");
    unique_fd const there(ends[1]);
    char c = 0;
    auto reader = in_thread([&] { return here.read({&c, 1}); });
    RONDO_EXPECT_OK(here.close());
    RONDO_EXPECT_ERROR(outcome_of(reader), ECANCELED);
}

TEST(connection_close, is_an_error_the_second_time) {
    auto [here, there] = connected();
    RONDO_EXPECT_OK(here.close());
    auto const again = here.close();
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error(), EBADF);
    EXPECT_EQ(again.error().attempted(), attempt::use_closed);
    connection const moved(std::move(there));
    RONDO_EXPECT_ERROR(there.close(), EBADF);
}

TEST(connection_close, leaves_nothing_that_can_be_used) {
    auto [here, there] = connected();
    RONDO_EXPECT_OK(here.close());
    char c = 0;
    EXPECT_FALSE(here.is_open());
    EXPECT_EQ(here.native_handle(), -1);
    RONDO_EXPECT_ERROR(here.read({&c, 1}), EBADF);
    RONDO_EXPECT_ERROR(here.write({&c, 1}), EBADF);
    RONDO_EXPECT_ERROR(here.read_exactly({&c, 1}), EBADF);
    RONDO_EXPECT_ERROR(here.write_all({&c, 1}), EBADF);
    RONDO_EXPECT_ERROR(here.shutdown(shutdown_half::both), EBADF);
    RONDO_EXPECT_ERROR(here.set_deadline(1s), EBADF);
    RONDO_EXPECT_ERROR(here.set_read_deadline({}), EBADF);
    RONDO_EXPECT_ERROR(here.set_write_deadline({}), EBADF);
    RONDO_EXPECT_ERROR(here.local_address(), EBADF);
    RONDO_EXPECT_ERROR(here.remote_address(), EBADF);
}

TEST(connection_close, by_the_destructor_ends_the_peers_reads) {
    std::optional<connection_pair> both(connected());
    connection there = std::move(both->there);
    int const fd = both->here.native_handle();
    both.reset();
    EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
    char c = 0;
    EXPECT_EQ(there.read({&c, 1}).or_throw("read"), 0u);
}

TEST(connection_close, of_many_at_once_works_for_one) {
    for (int round = 0; round < 50; ++round) {
        auto [here, there] = connected("unix", "@");
        std::vector<std::future<result<>>> closers;
        for (int i = 0; i < 3; ++i)
            closers.push_back(std::async(std::launch::async, [&] { return here.close(); }));
        int closed = 0;
        for (auto& one : closers)
            closed += outcome_of(one) ? 1 : 0;
        ASSERT_EQ(closed, 1);
    }
}

/// Readers, a writer and a closer meet on each of many connections, while their descriptors'
/// numbers are used again at once: nobody reads what was meant for others.
TEST(connection_close, lets_no_call_reach_the_next_user_of_the_number) {
    listener server = listener::listen("unix", "@").or_throw("listen");
    for (int round = 0; round < 200; ++round) {
        auto [here, there] = connected(server);
        std::vector<std::thread> users;
        for (int i = 0; i < 2; ++i)
            users.emplace_back([&] {
                std::array<char, 16> buffer;
                for (;;) {
                    auto const got = here.read(buffer);
                    if (!got) {
                        EXPECT_TRUE(got.error() == ECANCELED || got.error() == EBADF)
                            << got.error().message().c_str();
                        return;
                    }
                    EXPECT_EQ(std::string_view(buffer.data(), *got).find('!'),
                              std::string_view::npos);
                }
            });
        RONDO_EXPECT_OK(there.write_all(std::string_view("mine")));
        if (round % 2 == 0)
            std::this_thread::sleep_for(200us);
        int const number = here.native_handle();
        RONDO_EXPECT_OK(here.close());
        int ends[2];
        must(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
        unique_fd const one(ends[0]);
        unique_fd const other(ends[1]);
        EXPECT_EQ(one.get(), number) << "the number is free";
        send_text(other, "!!!!!!!!");
        for (std::thread& user : users)
            user.join();
        EXPECT_EQ(receive_text(one, 8), "!!!!!!!!");
    }
}

TEST(connection_close, after_its_ring_was_stopped_still_closes) {
    shared_ring ring = shared_ring::create({.shards = 1, .entries = 4}).or_throw("ring");
    listener server = listener::listen(ring, "unix", "@").or_throw("listen");
    std::string const name = server.local_address().or_throw("address").to_string();
    connection here = connection::connect(ring, "unix", name).or_throw("connect");
    char c = 0;
    auto reader = in_thread([&] { return here.read({&c, 1}); }, ring);
    ring.stop();
    EXPECT_FALSE(outcome_of(reader));
    RONDO_EXPECT_ERROR(here.write({&c, 1}), ESHUTDOWN);
    RONDO_EXPECT_OK(here.close());
    RONDO_EXPECT_OK(server.close());
}

} // namespace
} // namespace rondo::test
