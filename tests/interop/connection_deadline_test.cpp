// SPDX-License-Identifier: MIT

// Deadlines of connections: of calls that wait already and of later ones, from any thread.

#include <rondo/interop/connection.hpp>
#include <rondo/op/receive.hpp>

#include <interop/connection_pair.hpp>

#include <array>
#include <atomic>
#include <future>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace rondo::test {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t too_much = 30'000'000; ///< bytes, more than any socket buffers

TEST(connection_deadline, ends_a_read_that_waits_already) {
    quickly const timed;
    auto [here, there] = connected();
    char c = 0;
    auto reader = in_thread([&] { return here.read({&c, 1}); });
    RONDO_EXPECT_OK(here.set_read_deadline(20ms));
    RONDO_EXPECT_ERROR(outcome_of(reader), ETIME);
}

TEST(connection_deadline, ends_a_write_that_waits_already_and_counts_its_bytes) {
    quickly const timed;
    auto [here, there] = connected("unix", "@");
    std::string const text(too_much, 'x');
    auto writer = in_thread([&] { return here.write_all(text); });
    RONDO_EXPECT_OK(here.set_write_deadline(20ms));
    auto const done = outcome_of(writer);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error(), ETIME);
    std::uint64_t const written = done.error().detail();
    EXPECT_GT(written, 0u);
    RONDO_EXPECT_OK(here.shutdown(shutdown_half::writing));
    std::string got(too_much, '\0');
    EXPECT_EQ(there.read_exactly(got).or_throw("read"), written) << "bytes lost or sent twice";
}

TEST(connection_deadline, of_both_is_for_reads_and_writes) {
    quickly const timed;
    auto [here, there] = connected();
    char c = 0;
    std::string const text(too_much, 'x');
    auto reader = in_thread([&] { return here.read({&c, 1}); });
    auto writer = in_thread([&] { return here.write_all(text); });
    RONDO_EXPECT_OK(here.set_deadline(clock::now() + 20ms));
    RONDO_EXPECT_ERROR(outcome_of(reader), ETIME);
    RONDO_EXPECT_ERROR(outcome_of(writer), ETIME);
}

TEST(connection_deadline, of_reads_leaves_writes_alone_and_the_reverse) {
    auto [here, there] = connected();
    char c = 'x';
    RONDO_EXPECT_OK(here.set_read_deadline(0s));
    RONDO_EXPECT_OK(here.write_all({&c, 1}));
    RONDO_EXPECT_ERROR(here.read({&c, 1}), ETIME);
    RONDO_EXPECT_OK(here.set_read_deadline({}));
    RONDO_EXPECT_OK(here.set_write_deadline(0s));
    RONDO_EXPECT_ERROR(here.write({&c, 1}), ETIME);
    RONDO_EXPECT_OK(there.write_all({&c, 1}));
    EXPECT_EQ(here.read({&c, 1}).or_throw("read"), 1u);
}

TEST(connection_deadline, is_for_later_calls_too) {
    quickly const timed;
    auto [here, there] = connected();
    char c = 0;
    RONDO_EXPECT_OK(here.set_deadline(30ms));
    RONDO_EXPECT_ERROR(here.read({&c, 1}), ETIME);
    RONDO_EXPECT_ERROR(here.read({&c, 1}), ETIME);
    RONDO_EXPECT_ERROR(here.read_exactly({&c, 1}), ETIME);
}

TEST(connection_deadline, in_the_past_ends_calls_at_once_and_loses_no_byte) {
    quickly const timed;
    auto [here, there] = connected();
    RONDO_EXPECT_OK(there.write_all(std::string_view("abc")));
    std::array<char, 3> three{};
    RONDO_EXPECT_OK(here.set_deadline(clock::now() - 1h));
    RONDO_EXPECT_ERROR(here.read(three), ETIME);
    RONDO_EXPECT_ERROR(here.write(three), ETIME);
    RONDO_EXPECT_OK(here.set_deadline(clock::time_point{}));
    RONDO_EXPECT_ERROR(here.read(three), ETIME);
    RONDO_EXPECT_OK(here.set_deadline({}));
    EXPECT_EQ(here.read_exactly(three).or_throw("read"), 3u);
    EXPECT_EQ(std::string_view(three.data(), 3), "abc");
}

TEST(connection_deadline, in_the_past_ends_a_connect_at_once) {
    quickly const timed;
    listener server = listener::listen("tcp", "127.0.0.1:0").or_throw("listen");
    std::string const address = server.local_address().or_throw("address").to_string();
    RONDO_EXPECT_ERROR(connection::connect("tcp", address, {}, clock::now() - 1s), ETIME);
    RONDO_EXPECT_OK(server.set_deadline(20ms));
    RONDO_EXPECT_ERROR(server.accept(), ETIME); // nobody came
}

TEST(connection_deadline, ends_a_connect_that_waits_for_room) {
    quickly const timed;
    listener server = listener::listen("unix", "@", {.backlog = 0}).or_throw("listen");
    std::string const name = server.local_address().or_throw("address").to_string();
    connection const first = connection::connect("unix", name).or_throw("connect");
    auto const second = connection::connect("unix", name, {}, 50ms);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error(), ETIME) << second.error().message().c_str();
}

TEST(connection_deadline, keeps_what_a_read_had_before_it) {
    auto [here, there] = connected();
    RONDO_EXPECT_OK(there.write_all(std::string_view("abc")));
    std::array<char, 8> buffer{};
    RONDO_EXPECT_OK(here.set_read_deadline(30ms));
    auto const got = here.read_exactly(buffer);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error(), ETIME);
    EXPECT_EQ(got.error().detail(), 3u);
    EXPECT_EQ(std::string_view(buffer.data(), 3), "abc");
}

TEST(connection_deadline, can_be_moved_back_and_taken_away_while_a_call_waits) {
    auto [here, there] = connected();
    char c = 0;
    RONDO_EXPECT_OK(here.set_read_deadline(150ms));
    auto const start = clock::now();
    auto reader = in_thread([&] { return here.read({&c, 1}); });
    RONDO_EXPECT_OK(here.set_read_deadline(1h));
    EXPECT_EQ(reader.wait_until(start + 200ms), std::future_status::timeout);
    RONDO_EXPECT_OK(here.set_read_deadline(10ms));
    RONDO_EXPECT_ERROR(outcome_of(reader), ETIME);

    RONDO_EXPECT_OK(here.set_read_deadline(80ms));
    auto again = in_thread([&] { return here.read({&c, 1}); });
    RONDO_EXPECT_OK(here.set_read_deadline({}));
    EXPECT_EQ(again.wait_for(100ms), std::future_status::timeout);
    RONDO_EXPECT_OK(there.write_all(std::string_view("x")));
    EXPECT_EQ(outcome_of(again).or_throw("read"), 1u);
}

TEST(connection_deadline, ends_all_readers_that_wait) {
    quickly const timed;
    auto [here, there] = connected("unix", "@");
    std::vector<std::future<result<std::size_t>>> readers;
    std::array<char, 4> buffer{};
    for (char& c : buffer)
        readers.push_back(std::async(std::launch::async, [&] { return here.read({&c, 1}); }));
    std::this_thread::sleep_for(30ms);
    RONDO_EXPECT_OK(here.set_read_deadline(0s));
    for (auto& one : readers)
        RONDO_EXPECT_ERROR(outcome_of(one), ETIME);
}

TEST(connection_deadline, is_kept_by_sockets_that_are_not_blocking) {
    quickly const timed;
    int ends[2];
    must(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), "socketpair");
    connection here = connection::adopt(unique_fd(ends[0])).or_throw("adopt");
    unique_fd const there(ends[1]);
    char c = 0;
    auto reader = in_thread([&] { return here.read({&c, 1}); });
    RONDO_EXPECT_OK(here.set_deadline(20ms));
    auto const got = outcome_of(reader);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error(), ETIME);
    EXPECT_EQ(got.error().attempted(), op::attempt_of<op::recv<>>);
    std::string const text(too_much, 'x');
    RONDO_EXPECT_ERROR(here.write_all(text), ETIME);
}

TEST(connection_deadline, moved_by_many_threads_loses_no_byte) {
    auto [here, there] = connected("unix", "@");
    constexpr std::size_t count = 20'000;
    std::atomic<bool> done = false;
    std::vector<std::thread> movers;
    for (int i = 0; i < 2; ++i)
        movers.emplace_back([&, i] {
            while (!done.load()) {
                RONDO_EXPECT_OK(i == 0 ? here.set_read_deadline(50us) : here.set_deadline({}));
                std::this_thread::sleep_for(20us);
            }
        });
    std::thread writer([&] {
        for (std::size_t i = 0; i < count; ++i) {
            char const c = static_cast<char>(i % 251);
            RONDO_EXPECT_OK(there.write_all({&c, 1}));
        }
    });
    std::size_t at = 0;
    std::size_t expired = 0;
    bool is_in_order = true;
    while (at < count) {
        std::array<char, 7> part{};
        auto const got = here.read(part);
        if (!got) {
            ASSERT_EQ(got.error(), ETIME);
            ++expired;
            continue;
        }
        for (std::size_t i = 0; i < *got; ++i, ++at)
            is_in_order = is_in_order && part[i] == static_cast<char>(at % 251);
    }
    done = true;
    writer.join();
    for (std::thread& one : movers)
        one.join();
    EXPECT_TRUE(is_in_order);
    EXPECT_GT(expired, 0u);
}

} // namespace
} // namespace rondo::test
