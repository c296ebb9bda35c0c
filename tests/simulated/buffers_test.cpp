// SPDX-License-Identifier: MIT
// Registered files and buffers, buffers that the kernel chooses, files opened straight into slots.
#include "simulated_test.hpp"

#include <rondo/ring/buffer_ring.hpp>
#include <rondo/ring/buffers.hpp>
#include <rondo/ring/files.hpp>

#include <array>
#include <cstring>
#include <string_view>

namespace rondo::test {
namespace {

constexpr std::string_view text = "hello";

std::string_view text_of(buffer_lease const& lease) {
    return {reinterpret_cast<char const*>(lease.bytes().data()), lease.size()};
}

/// Short counts, or nothing, in the way.
simulation_options moody(std::uint64_t seed) {
    simulation_options out{.seed = seed};
    out.how.short_count = 0;
    return out;
}

TEST(registered_files, are_read_and_written_by_their_slots) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        simulation s = simulate(moody(seed));
        ring r = ring_of(s);
        auto table = files::create(r, {.slots = 4, .kernel_slots = 4}).or_throw("files");
        s.write_file("/file", "").or_throw("write_file");
        auto const slot = table.insert(file_of(s, r, 0)).or_throw("insert");
        EXPECT_EQ(r.run(op::write{.fd = slot, .from = text, .at = 0}), 5u);
        auto opened = r.run(op::openat{.path = "/file", .as = table.any_slot()}).or_throw("open");
        std::array<char, 8> into{};
        EXPECT_EQ(r.run(op::read{.fd = opened, .into = into, .at = 0}), 5u);
        auto const plain =
            r.run(op::fixed_fd_install{.slot = static_cast<std::uint32_t>(fd_ref(opened).value())})
                .or_throw("install");
        opened.reset();
        EXPECT_EQ(r.run(op::read{.fd = plain, .into = into, .at = 0}), 5u);
        EXPECT_EQ(r.run(op::read{.fd = table[3], .into = into, .at = 0}).error(), EBADF);
    }
}

TEST(registered_files, may_be_connections) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    auto table = files::create(r, {.slots = 4, .kernel_slots = 4}).or_throw("files");
    auto ends = s.socket_pair(SOCK_STREAM).or_throw("socket pair");
    auto slot = table.insert(std::move(ends.first)).or_throw("insert");
    EXPECT_EQ(r.run(op::send{.fd = slot, .from = text}), 5u);
    std::array<char, 8> into{};
    EXPECT_EQ(r.run(op::recv{.fd = ends.second, .into = into}), 5u);
    slot.reset(); // its last owner
    EXPECT_EQ(r.run(op::recv{.fd = ends.second, .into = into}), 0u);
}

TEST(registered_buffers, are_read_into_and_written_from) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        simulation s = simulate(moody(seed));
        ring r = ring_of(s);
        auto memory = buffers::create(r, {.count = 2, .buffer_size = 64}).or_throw("buffers");
        unique_fd const file = file_of(s, r, 64);
        EXPECT_EQ(r.run(op::read{.fd = file, .into = memory[1].bytes(0, 16), .at = 0}), 16u);
        EXPECT_EQ(std::memcmp(memory[1].memory().data(), "xxxxxxxxxxxxxxxx", 16), 0);
        std::memset(memory[0].memory().data(), 'y', 64);
        EXPECT_EQ(r.run(op::write{.fd = file, .from = memory[0].bytes(0, 8), .at = 0}), 8u);
        EXPECT_EQ(s.read_text("/file").value_or("").substr(0, 10), "yyyyyyyyxx");
    }
}

TEST(chosen_buffers, come_from_a_ring_of_them_and_go_back) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        simulation s = simulate(moody(seed));
        ring r = ring_of(s);
        auto pool = buffer_ring::create(r, {.entries = 4, .buffer_size = 16}).or_throw("pool");
        auto const ends = s.socket_pair(SOCK_SEQPACKET).or_throw("socket pair");
        for (int i = 0; i < 20; ++i) {
            EXPECT_EQ(r.run(op::send{.fd = ends.first, .from = text}), 5u);
            auto const lease = r.run(op::recv{.fd = ends.second, .into = pool.choose()});
            ASSERT_TRUE(lease) << lease.error().message().c_str();
            EXPECT_EQ(text_of(*lease), text);
        }
        EXPECT_EQ(pool.available(), 4u);
    }
}

TEST(chosen_buffers, of_files_may_be_short_and_lose_nothing) {
    simulation s = simulate(only(&chances::short_count, 1));
    ring r = ring_of(s);
    auto pool = buffer_ring::create(r, {.entries = 4, .buffer_size = 64}).or_throw("pool");
    unique_fd const file = file_of(s, r, 64);
    for (int i = 0; i < 20; ++i) {
        auto const lease = r.run(op::read{.fd = file, .into = pool.choose(32), .at = 0});
        ASSERT_TRUE(lease);
        EXPECT_GT(lease->size(), 0u);
        EXPECT_LT(lease->size(), 32u);
    }
    EXPECT_EQ(pool.available(), 4u);
}

TEST(chosen_buffers, that_are_all_in_use_are_missed) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    auto pool = buffer_ring::create(r, {.entries = 1, .buffer_size = 16}).or_throw("pool");
    auto const ends = s.socket_pair(SOCK_SEQPACKET).or_throw("socket pair");
    EXPECT_EQ(r.run(op::send{.fd = ends.first, .from = text}), 5u);
    EXPECT_EQ(r.run(op::send{.fd = ends.first, .from = text}), 5u);
    s.pass(1'000'000);
    auto const first = r.run(op::recv{.fd = ends.second, .into = pool.choose()});
    ASSERT_TRUE(first);
    EXPECT_EQ(r.run(op::recv{.fd = ends.second, .into = pool.choose()}).error(), ENOBUFS);
}

TEST(provided_buffers, of_the_old_kind_are_chosen_once) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        simulation s = simulate(moody(seed));
        ring r = ring_of(s);
        std::array<char, 64> memory{};
        EXPECT_TRUE(
            r.run(op::provide_buffers{.data = memory.data(), .size = 32, .count = 2, .group = 5}));
        auto const ends = s.socket_pair(SOCK_SEQPACKET).or_throw("socket pair");
        std::array<bool, 2> seen{};
        for (int i = 0; i < 2; ++i) {
            EXPECT_EQ(r.run(op::send{.fd = ends.first, .from = text}), 5u);
            auto const lease =
                r.run(op::recv{.fd = ends.second, .into = buffer_source{.group = 5}});
            ASSERT_TRUE(lease) << lease.error().message().c_str();
            seen.at(lease->first_id()) = true;
            EXPECT_EQ(std::string_view(&memory.at(lease->first_id() * 32u), 5), text);
        }
        EXPECT_TRUE(seen[0] && seen[1]);
        EXPECT_EQ(r.run(op::send{.fd = ends.first, .from = text}), 5u);
        EXPECT_EQ(r.run(op::recv{.fd = ends.second, .into = buffer_source{.group = 5}}).error(),
                  ENOBUFS);
    }
}

TEST(bundles, fill_as_many_buffers_as_it_takes) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    auto pool = buffer_ring::create(r, {.entries = 8, .buffer_size = 4}).or_throw("pool");
    auto const ends = s.socket_pair(SOCK_STREAM).or_throw("socket pair");
    EXPECT_EQ(r.run(op::send{.fd = ends.first, .from = std::string_view("ten bytes!")}), 10u);
    auto const lease = r.run(op::recv{.fd = ends.second, .into = pool.choose_bundle()});
    ASSERT_TRUE(lease) << lease.error().message().c_str();
    EXPECT_EQ(lease->size(), 10u);
    EXPECT_EQ(lease->parts(), 3u);
}

} // namespace
} // namespace rondo::test
