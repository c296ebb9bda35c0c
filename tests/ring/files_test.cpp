// SPDX-License-Identifier: MIT

#include <rondo/op/read.hpp>
#include <rondo/ring/files.hpp>

#include <support/child.hpp>
#include <support/files_test.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace rondo {
namespace {

class ring_files : public test::files_test {};

TEST_F(ring_files, an_inserted_file_is_read_by_its_slot) {
    auto const file = file_with("f", "hello");
    auto slots = table({.slots = 4});
    auto const slot = slots.insert(file.get()).or_throw("insert");
    EXPECT_EQ(read_slot(slot), "hello");
    EXPECT_EQ(slots.free_slots(), 3u);
}

TEST_F(ring_files, an_inserted_owned_descriptor_is_closed_and_the_file_stays_open) {
    auto file = file_with("f", "hello");
    int const number = file.get();
    auto slots = table({.slots = 4});
    auto const slot = slots.insert(std::move(file)).or_throw("insert");
    EXPECT_EQ(::fcntl(number, F_GETFD), -1);
    EXPECT_EQ(read_slot(slot), "hello");
}

TEST_F(ring_files, an_owned_slot_empties_its_slot_when_it_ends) {
    auto const file = file_with("f", "hello");
    auto slots = table({.slots = 1});
    {
        auto const slot = slots.insert(file.get()).or_throw("insert");
        RONDO_EXPECT_ERROR(slots.insert(file.get()), ENFILE);
    }
    EXPECT_EQ(read_slot(slots[0]), "EBADF");
    EXPECT_EQ(slots.free_slots(), 1u);
    RONDO_EXPECT_OK(slots.insert(file.get()));
}

TEST_F(ring_files, a_slot_that_outlives_its_table_is_harmless) {
    auto const file = file_with("f", "hello");
    std::optional<owned_slot> old;
    {
        auto first = table({.slots = 2});
        old = first.insert(file.get()).or_throw("insert");
    }
    auto second = table({.slots = 2});
    auto const kept = second.insert(file.get()).or_throw("insert");
    ASSERT_EQ(kept.index(), old->index());
    old.reset();
    EXPECT_EQ(read_slot(kept), "hello");
}

TEST_F(ring_files, a_slot_that_outlives_ring_and_table_is_harmless) {
    auto const file = file_with("f", "hello");
    owned_slot slot;
    {
        auto other = ring::create({.entries = 4}).or_throw("ring");
        auto slots = files::create(other, {.slots = 2}).or_throw("files");
        slot = slots.insert(file.get()).or_throw("insert");
    }
    EXPECT_TRUE(slot);
    slot.reset();
    EXPECT_FALSE(slot);
}

TEST_F(ring_files, a_table_that_outlives_its_ring_answers_EBADF) {
    auto const file = file_with("f", "hello");
    std::optional<ring> other = ring::create({.entries = 4}).or_throw("ring");
    auto slots = files::create(*other, {.slots = 2}).or_throw("files");
    other.reset();
    RONDO_EXPECT_ERROR(slots.insert(file.get()), EBADF);
}

TEST_F(ring_files, a_table_moves_with_its_slots) {
    auto const file = file_with("f", "hello");
    auto first = table({.slots = 2});
    auto slot = first.insert(file.get()).or_throw("insert");
    files second = std::move(first);
    EXPECT_EQ(read_slot(slot), "hello");
    slot.reset();
    EXPECT_EQ(second.free_slots(), 2u);
    EXPECT_EQ(first.size(), 0u);
}

TEST_F(ring_files, unregisters_so_that_the_ring_can_have_another_table) {
    {
        auto const first = table({.slots = 2});
    }
    auto const second = table({.slots = 8});
    EXPECT_EQ(second.size(), 8u);
}

TEST_F(ring_files, a_second_table_is_refused_by_name) {
    auto const first = table({.slots = 2});
    auto const second = files::create(ring_, {.slots = 2});
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error(), EBUSY);
    EXPECT_EQ(second.error().why(), cause::in_use);
}

TEST_F(ring_files, a_table_needs_a_slot_and_not_too_many) {
    RONDO_EXPECT_ERROR(files::create(ring_, {.slots = 0}), EINVAL);
    ::rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < (1u << 20))
        RONDO_EXPECT_ERROR(
            files::create(ring_, {.slots = static_cast<std::uint32_t>(limit.rlim_cur) + 1}),
            EMFILE);
    RONDO_EXPECT_ERROR(files::create(ring_, {.slots = (1u << 20) + 1}), EMFILE);
}

TEST_F(ring_files, inserts_at_a_given_index_and_refuses_a_taken_one) {
    auto const file = file_with("f", "hello");
    auto slots = table({.slots = 4});
    auto const slot = slots.insert(file.get(), {.at = 2}).or_throw("insert");
    EXPECT_EQ(slot.index(), 2u);
    auto const taken = slots.insert(file.get(), {.at = 2});
    ASSERT_FALSE(taken.has_value());
    EXPECT_EQ(taken.error(), EBUSY);
    auto const outside = slots.insert(file.get(), {.at = 4});
    ASSERT_FALSE(outside.has_value());
    EXPECT_EQ(outside.error().why(), cause::not_registered);
    RONDO_EXPECT_ERROR(slots.insert(-1), EBADF);
    RONDO_EXPECT_ERROR(slots.insert(1 << 20), EBADF);
    EXPECT_EQ(slots.free_slots(), 3u);
}

TEST_F(ring_files, a_table_of_files_has_them_from_the_start) {
    auto const file = file_with("f", "hello");
    std::array const fds{-1, file.get(), -1};
    auto slots = files::create(ring_, fds).or_throw("files");
    EXPECT_EQ(slots.size(), 3u);
    EXPECT_EQ(slots.free_slots(), 2u);
    EXPECT_EQ(read_slot(slots[1]), "hello");
    EXPECT_EQ(read_slot(slots[0]), "EBADF");
}

TEST_F(ring_files, a_table_with_a_bad_descriptor_registers_nothing) {
    auto const file = file_with("f", "hello");
    std::array const fds{file.get(), 1 << 20};
    RONDO_EXPECT_ERROR(files::create(ring_, fds), EBADF);
    RONDO_EXPECT_OK(files::create(ring_, {.slots = 1}));
}

TEST_F(ring_files, an_update_replaces_empties_and_skips) {
    auto const a = file_with("a", "aaa");
    auto const b = file_with("b", "bbb");
    std::array const before{a.get(), a.get(), a.get(), -1};
    auto slots = files::create(ring_, before).or_throw("files");
    std::array const change{files::skip, -1, b.get()};
    EXPECT_EQ(slots.update(0, change).or_throw("update"), 3u);
    EXPECT_EQ(read_slot(slots[0]), "aaa");
    EXPECT_EQ(read_slot(slots[1]), "EBADF");
    EXPECT_EQ(read_slot(slots[2]), "bbb");
    EXPECT_EQ(slots.free_slots(), 2u);
}

TEST_F(ring_files, an_update_stops_at_the_first_failure_and_says_how_far_it_came) {
    auto const a = file_with("a", "aaa");
    auto slots = table({.slots = 4});
    std::array const change{a.get(), 1 << 20, a.get()};
    EXPECT_EQ(slots.update(1, change).or_throw("update"), 1u);
    EXPECT_EQ(slots.free_slots(), 3u);
    RONDO_EXPECT_ERROR(slots.update(2, std::span(change).subspan(1)), EBADF);
    auto const outside = slots.update(2, change);
    ASSERT_FALSE(outside.has_value());
    EXPECT_EQ(outside.error().why(), cause::not_registered);
}

TEST_F(ring_files, the_tag_arrives_when_the_kernel_let_go_of_the_file) {
    auto const file = file_with("f", "hello");
    auto slots = table({.slots = 2});
    auto slot = slots.insert(file.get(), {.tag = 77}).or_throw("insert");
    abi::cqe c{};
    EXPECT_FALSE(ring_.pop(c));
    slot.reset();
    c = next();
    EXPECT_EQ(c.user_data, 77u);
    EXPECT_EQ(c.res, 0);
}

TEST_F(ring_files, the_tag_waits_for_the_operation_that_uses_the_file) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    unique_fd read_end(ends[0]);
    unique_fd const write_end(ends[1]);
    auto slots = table({.slots = 2});
    auto slot = slots.insert(std::move(read_end), {.tag = 77}).or_throw("insert");
    ASSERT_TRUE(ring_.push(op::read{.fd = slot, .into = memory_}, 1));
    ASSERT_TRUE(ring_.submit());
    slot.reset();
    abi::cqe c{};
    ASSERT_TRUE(ring_.submit());
    EXPECT_FALSE(ring_.pop(c));
    ASSERT_EQ(::write(write_end.get(), "x", 1), 1);
    c = next();
    EXPECT_EQ(c.user_data, 1u);
    EXPECT_EQ(c.res, 1);
    EXPECT_EQ(next().user_data, 77u);
}

TEST_F(ring_files, tags_of_a_whole_table_arrive_when_it_ends) {
    auto const file = file_with("f", "hello");
    {
        std::array const fds{file.get(), file.get()};
        std::array<std::uint64_t, 2> const tags{11, 12};
        auto const slots = files::create(ring_, fds, tags).or_throw("files");
    }
    std::uint64_t sum = next().user_data;
    abi::cqe c{};
    if (!ring_.pop(c))
        c = next();
    sum += c.user_data;
    EXPECT_EQ(sum, 23u);
}

TEST_F(ring_files, an_operation_outlives_the_table_it_works_through) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    unique_fd const write_end(ends[1]);
    {
        auto slots = table({.slots = 2});
        auto const slot = slots.insert(unique_fd(ends[0])).or_throw("insert");
        ASSERT_TRUE(ring_.push(op::read{.fd = slot, .into = memory_}, 1));
        ASSERT_TRUE(ring_.submit());
    }
    ASSERT_EQ(::write(write_end.get(), "xy", 2), 2);
    EXPECT_EQ(next().res, 2);
}

TEST_F(ring_files, another_thread_is_told_that_the_table_is_not_its_own) {
    auto const file = file_with("f", "hello");
    auto slots = table({.slots = 2});
    RONDO_EXPECT_OK(ring_.bind_to_this_thread());
    std::thread([&] {
        auto const refused = slots.insert(file.get());
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error().why(), cause::wrong_thread);
    }).join();
    RONDO_EXPECT_OK(slots.insert(file.get()));
}

TEST_F(ring_files, many_tables_at_a_time_keep_their_slots_apart) {
    auto const file = file_with("f", "hello");
    std::vector<ring> rings;
    std::vector<files> tables;
    std::vector<owned_slot> slots;
    for (int i = 0; i < 5; ++i) {
        rings.push_back(ring::create({.entries = 2}).or_throw("ring"));
        tables.push_back(files::create(rings.back(), {.slots = 2}).or_throw("files"));
        slots.push_back(tables.back().insert(file.get()).or_throw("insert"));
    }
    slots.erase(slots.begin() + 2);
    for (std::size_t i = 0; i < tables.size(); ++i)
        EXPECT_EQ(tables[i].free_slots(), i == 2 ? 2u : 1u) << i;
}

TEST_F(ring_files, a_forked_child_may_end_the_parents_slots_and_table) {
    auto const file = file_with("f", "hello");
    std::optional<files> slots = table({.slots = 2});
    auto slot = slots->insert(file.get()).or_throw("insert");
    auto const end = test::in_child([&] {
        slot.reset();
        slots.reset();
    });
    EXPECT_TRUE(end.succeeded()) << end;
    EXPECT_EQ(read_slot(slot), "hello");
}

} // namespace
} // namespace rondo
