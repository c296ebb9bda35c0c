// SPDX-License-Identifier: MIT
// Reads and writes that move less than they could, and what becomes of the chains they are in.
#include "simulated_test.hpp"

#include <rondo/ring/buffers.hpp>

#include <algorithm>
#include <array>
#include <string_view>

namespace rondo::test {
namespace {

constexpr std::size_t size = 64;
using block = std::array<char, size>;

simulation_options shortening(std::uint64_t seed = 1) {
    return only(&chances::short_count, 1, seed);
}

/// Moved something, and less than all.
template <class T>
bool is_short(result<T> const& got) {
    return got && *got > 0 && *got < size;
}

TEST(short_counts, come_of_files_in_all_kinds_of_buffers) {
    simulation s = simulate(shortening());
    ring r = ring_of(s);
    unique_fd const file = file_of(s, r, size);
    block into{};
    ::iovec const parts[3] = {{into.data(), 20}, {&into[20], 20}, {&into[40], 24}};
    EXPECT_TRUE(is_short(r.run(op::read{.fd = file, .into = into, .at = 0})));
    EXPECT_TRUE(is_short(r.run(op::write{.fd = file, .from = into, .at = 0})));
    EXPECT_TRUE(is_short(r.run(op::read{.fd = file, .into = iovecs(parts), .at = 0})));
    EXPECT_TRUE(is_short(r.run(op::write{.fd = file, .from = iovecs(parts), .at = 0})));
    EXPECT_EQ(parts[0].iov_len + parts[1].iov_len + parts[2].iov_len, size); // ours, as they were
    auto memory = buffers::create(r, {.count = 1, .buffer_size = size}).or_throw("buffers");
    EXPECT_TRUE(is_short(r.run(op::read{.fd = file, .into = memory[0].bytes(), .at = 0})));
    EXPECT_TRUE(is_short(r.run(op::write{.fd = file, .from = memory[0].bytes(), .at = 0})));
    EXPECT_TRUE(tells(s, "is shortened to"));
}

TEST(short_counts, of_an_iovec_list_fill_its_beginning_only) {
    simulation s = simulate(shortening(7));
    ring r = ring_of(s);
    unique_fd const file = file_of(s, r, size);
    for (int i = 0; i < 20; ++i) {
        block into{};
        ::iovec const parts[2] = {{into.data(), 7}, {&into[7], size - 7}};
        auto const got = r.run(op::read{.fd = file, .into = iovecs(parts), .at = 0});
        ASSERT_TRUE(is_short(got));
        EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(into, 'x')), *got);
        EXPECT_EQ(into[*got], '\0');
    }
}

TEST(short_counts, come_of_pipes_and_stream_sockets) {
    simulation s = simulate(shortening());
    ring r = ring_of(s);
    block bytes{};
    std::vector<char> much(8 * 4096);
    auto const pipe = s.pipe().or_throw("pipe");
    auto const written = r.run(op::write{.fd = pipe.second, .from = much});
    ASSERT_TRUE(written);
    EXPECT_LT(*written, much.size());
    EXPECT_TRUE(is_short(r.run(op::read{.fd = pipe.first, .into = bytes})));
    auto const ends = s.socket_pair(SOCK_STREAM).or_throw("socket pair");
    auto const sent = r.run(op::send{.fd = ends.first, .from = bytes});
    EXPECT_TRUE(is_short(sent));
    block into{};
    auto const received = r.run(op::recv{.fd = ends.second, .into = into});
    ASSERT_TRUE(received);
    EXPECT_GE(*received, 1u);
    EXPECT_LE(*received, *sent);
}

TEST(short_counts, never_come_of_messages_or_of_writes_that_are_atomic) {
    simulation s = simulate(shortening());
    ring r = ring_of(s);
    block bytes{};
    for (int const type : {SOCK_DGRAM, SOCK_SEQPACKET}) {
        auto const ends = s.socket_pair(type).or_throw("socket pair");
        EXPECT_EQ(r.run(op::send{.fd = ends.first, .from = bytes}), size);
        EXPECT_EQ(r.run(op::recv{.fd = ends.second, .into = bytes}), size);
    }
    auto const pipe = s.pipe().or_throw("pipe");
    EXPECT_EQ(r.run(op::write{.fd = pipe.second, .from = bytes}), size);
    auto const events = s.event_counter(3).or_throw("event counter");
    std::uint64_t count = 0;
    EXPECT_EQ(r.run(op::read{.fd = events, .into = std::as_writable_bytes(std::span(&count, 1))}),
              8u);
    EXPECT_EQ(count, 3u);
}

TEST(short_counts, of_one_byte_are_impossible) {
    simulation s = simulate(shortening());
    ring r = ring_of(s);
    unique_fd const file = file_of(s, r, size);
    char one = 0;
    EXPECT_EQ(r.run(op::read{.fd = file, .into = {&one, 1}, .at = 0}), 1u);
    EXPECT_EQ(one, 'x');
}

TEST(short_counts, lose_and_double_no_byte) {
    simulation s = simulate(only(&chances::short_count, 0.5, 3));
    ring r = ring_of(s);
    unique_fd const file = file_of(s, r, 0);
    std::string const text = "all that is written can be read again, in order, whatever happens";
    for (std::size_t at = 0; at < text.size();)
        at += r.run(op::write{.fd = file, .from = std::string_view(text).substr(at), .at = at})
                  .or_throw("write");
    EXPECT_EQ(s.read_text("/file"), text);
    auto const ends = s.socket_pair(SOCK_STREAM).or_throw("socket pair");
    std::string received;
    for (std::size_t at = 0; at < text.size();)
        at += r.run(op::send{.fd = ends.first, .from = std::string_view(text).substr(at)})
                  .or_throw("send");
    while (received.size() < text.size()) {
        char into[16];
        received.append(into, r.run(op::recv{.fd = ends.second, .into = into}).or_throw("recv"));
    }
    EXPECT_EQ(received, text);
}

TEST(short_counts, do_not_reach_a_send_or_receive_that_waits_for_all) {
    simulation s = simulate(only(&chances::short_count, 0.7, 5));
    ring r = ring_of(s);
    auto const ends = s.socket_pair(SOCK_STREAM).or_throw("socket pair");
    std::vector<char> out(10'000, 'y'), in(10'000);
    ASSERT_TRUE(r.push(op::recv{.fd = ends.second, .into = in, .flags = MSG_WAITALL}, 1));
    ASSERT_TRUE(r.push(op::send{.fd = ends.first, .from = out, .flags = MSG_WAITALL}, 2));
    auto const got = results(r, 2);
    EXPECT_EQ(got.at(1), 10'000);
    EXPECT_EQ(got.at(2), 10'000);
    EXPECT_EQ(in, out);
}

TEST(a_short_read, breaks_its_chain) {
    simulation s = simulate(shortening());
    ring r = ring_of(s);
    unique_fd const file = file_of(s, r, size);
    block into{};
    ::iovec const part{into.data(), size};
    iovecs const list(&part, 1);
    ASSERT_TRUE(r.push(op::link(op::read{.fd = file, .into = into, .at = 0}, op::nop{}), {1, 2}));
    ASSERT_TRUE(r.push(op::link(op::read{.fd = file, .into = list, .at = 0}, op::nop{}), {3, 4}));
    ASSERT_TRUE(r.push(op::link(op::write{.fd = file, .from = into, .at = 0}, op::nop{}), {5, 6}));
    auto const got = results(r, 6);
    for (std::uint64_t const head : {1u, 3u, 5u}) {
        EXPECT_GT(got.at(head), 0);
        EXPECT_LT(got.at(head), static_cast<int>(size));
        EXPECT_EQ(got.at(head + 1), -ECANCELED) << head;
    }
}

TEST(a_short_read, of_a_pipe_breaks_its_chain_too) {
    simulation s = simulate(shortening());
    ring r = ring_of(s);
    auto const pipe = s.pipe().or_throw("pipe");
    block bytes{};
    EXPECT_TRUE(r.run(op::write{.fd = pipe.second, .from = bytes}));
    ASSERT_TRUE(r.push(op::link(op::read{.fd = pipe.first, .into = bytes}, op::nop{}), {1, 2}));
    EXPECT_EQ(results(r, 2).at(2), -ECANCELED);
}

TEST(a_short_read, does_not_break_a_hard_link) {
    simulation s = simulate(shortening());
    ring r = ring_of(s);
    unique_fd const file = file_of(s, r, size);
    block into{};
    ASSERT_TRUE(
        r.push(op::hard_link(op::read{.fd = file, .into = into, .at = 0}, op::nop{}), {1, 2}));
    auto const got = results(r, 2);
    EXPECT_LT(got.at(1), static_cast<int>(size));
    EXPECT_EQ(got.at(2), 0);
}

TEST(a_short_read, is_told_under_skip_success) {
    simulation s = simulate(shortening());
    ring r = ring_of(s);
    unique_fd const file = file_of(s, r, size);
    block into{};
    ASSERT_TRUE(r.push(op::skip_success(op::nop{}), 1));
    ASSERT_TRUE(r.push(op::skip_success(op::read{.fd = file, .into = into, .at = 0}), 2));
    ASSERT_TRUE(r.push(op::nop{}, 3));
    auto const got = results(r, 2);
    EXPECT_EQ(got.count(1), 0u);
    EXPECT_LT(got.at(2), static_cast<int>(size));
    EXPECT_EQ(got.at(3), 0);
}

TEST(a_short_send, breaks_a_chain_only_when_it_was_to_send_all) {
    simulation s = simulate(shortening());
    ring r = ring_of(s);
    auto const ends = s.socket_pair(SOCK_STREAM).or_throw("socket pair");
    block const bytes{};
    ASSERT_TRUE(r.push(op::link(op::send{.fd = ends.first, .from = bytes}, op::nop{}), {1, 2}));
    auto const got = results(r, 2);
    EXPECT_LT(got.at(1), static_cast<int>(size));
    EXPECT_EQ(got.at(2), 0);
}

} // namespace
} // namespace rondo::test
