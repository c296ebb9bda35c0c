// SPDX-License-Identifier: MIT

#include <rondo/op/control.hpp>
#include <rondo/op/net.hpp>
#include <rondo/op/open.hpp>
#include <rondo/ring/files.hpp>

#include <support/child.hpp>
#include <support/files_test.hpp>
#include <support/other_kernel.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <cerrno>

namespace rondo {
namespace {

class ring_files_slots : public test::files_test {};

TEST_F(ring_files_slots, the_kernel_chooses_only_from_its_own_slots) {
    auto const file = file_with("f", "hello");
    auto slots = table({.slots = 2, .kernel_slots = 2});
    auto const path = directory_ / "f";
    op::openat const open{.path = path.c_str(), .as = slots.any_slot()};
    auto const a = ring_.run(open).or_throw("openat");
    auto const b = ring_.run(open).or_throw("openat");
    EXPECT_EQ(a.index() + b.index(), 2u + 3u);
    RONDO_EXPECT_ERROR(ring_.run(open), ENFILE);
    EXPECT_EQ(read_slot(a), "hello");
    auto const c = slots.insert(file.get()).or_throw("insert");
    auto const d = slots.insert(file.get()).or_throw("insert");
    EXPECT_EQ(c.index() + d.index(), 0u + 1u);
    RONDO_EXPECT_ERROR(slots.insert(file.get()), ENFILE);
}

TEST_F(ring_files_slots, a_slot_that_the_kernel_chose_is_emptied_by_its_owner) {
    auto const file = file_with("f", "hello");
    auto slots = table({.slots = 1, .kernel_slots = 1});
    auto const path = directory_ / "f";
    op::openat const open{.path = path.c_str(), .as = slots.any_slot()};
    for (int i = 0; i < 3; ++i) {
        auto const slot = ring_.run(open).or_throw("openat");
        EXPECT_EQ(slot.index(), 1u);
    }
    EXPECT_EQ(slots.free_slots(), 1u);
}

TEST_F(ring_files_slots, a_named_slot_takes_what_an_operation_opens) {
    auto const file = file_with("f", "hello");
    auto slots = table({.slots = 2});
    auto const path = directory_ / "f";
    {
        auto const slot =
            ring_.run(op::openat{.path = path.c_str(), .as = slots.slot(0)}).or_throw("openat");
        EXPECT_EQ(slot.index(), 0u);
        EXPECT_EQ(slots.free_slots(), 1u);
        EXPECT_EQ(slots.insert(file.get()).or_throw("insert").index(), 1u);
        EXPECT_EQ(read_slot(slot), "hello");
    }
    EXPECT_EQ(slots.free_slots(), 2u);
}

TEST_F(ring_files_slots, a_socket_can_live_in_a_slot_alone) {
    auto slots = table({.slots = 1, .kernel_slots = 1});
    auto const socket =
        ring_.run(op::socket{.domain = AF_UNIX, .type = SOCK_STREAM, .as = slots.any_slot()})
            .or_throw("socket");
    auto const copy = ring_.run(op::fixed_fd_install{.slot = socket.index()}).or_throw("install");
    int type = 0;
    ::socklen_t size = sizeof type;
    EXPECT_EQ(::getsockopt(copy.get(), SOL_SOCKET, SO_TYPE, &type, &size), 0);
    EXPECT_EQ(type, SOCK_STREAM);
}

TEST_F(ring_files_slots, the_kernels_range_moves_only_over_free_slots) {
    auto const file = file_with("f", "hello");
    auto slots = table({.slots = 4});
    auto const slot = slots.insert(file.get(), {.at = 1}).or_throw("insert");
    auto const over = slots.alloc_range(0, 2);
    ASSERT_FALSE(over.has_value());
    EXPECT_EQ(over.error().why(), cause::in_use);
    RONDO_EXPECT_OK(slots.alloc_range(2, 2));
    EXPECT_EQ(slots.free_slots(), 1u);
    auto const path = directory_ / "f";
    auto const chosen =
        ring_.run(op::openat{.path = path.c_str(), .as = slots.any_slot()}).or_throw("openat");
    EXPECT_EQ(chosen.index(), 2u);
    RONDO_EXPECT_ERROR(slots.alloc_range(3, 2), EINVAL);
}

TEST_F(ring_files_slots, slots_that_leave_the_kernels_range_count_as_taken_until_emptied) {
    auto const file = file_with("f", "hello");
    auto slots = table({.slots = 1, .kernel_slots = 2});
    auto const path = directory_ / "f";
    auto chosen =
        ring_.run(op::openat{.path = path.c_str(), .as = slots.any_slot()}).or_throw("openat");
    ASSERT_EQ(chosen.index(), 1u);
    RONDO_EXPECT_OK(slots.alloc_range(0, 0));
    EXPECT_EQ(slots.free_slots(), 1u);
    EXPECT_EQ(read_slot(chosen), "hello");
    chosen.reset();
    EXPECT_EQ(slots.free_slots(), 2u);
    RONDO_EXPECT_OK(slots.release(2));
    EXPECT_EQ(slots.free_slots(), 3u);
}

TEST_F(ring_files_slots, slots_that_the_kernel_cannot_choose_abort_by_name) {
    auto const end = test::in_child([] {
        auto r = ring::create({.entries = 4}).or_throw("ring");
        auto slots = files::create(r, {.slots = 2}).or_throw("files");
        static_cast<void>(slots.any_slot());
    });
    EXPECT_TRUE(end.aborted_with("without slots for the kernel")) << end;
}

TEST_F(ring_files_slots, the_kernels_choice_is_a_missing_feature_before_6_0) {
    test::other_kernel older;
    older.lack(abi::register_op::file_alloc_range);
    auto r = ring::create({.entries = 4, .backend = &older}).or_throw("ring");
    auto const refused = files::create(r, {.slots = 1, .kernel_slots = 1});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().why(), cause::missing_feature);
    RONDO_EXPECT_OK(files::create(r, {.slots = 1}));
}

TEST_F(ring_files_slots, a_table_works_without_tags_before_5_13) {
    test::other_kernel older;
    older.lack(abi::register_op::files2);
    older.lack(abi::register_op::files_update2);
    older.lack(abi::register_op::file_alloc_range);
    auto r = ring::create({.entries = 4, .backend = &older}).or_throw("ring");
    auto const file = file_with("f", "hello");
    auto slots = files::create(r, {.slots = 2}).or_throw("files");
    auto slot = slots.insert(file.get(), {.at = 1}).or_throw("insert");
    EXPECT_EQ(r.run(op::read{.fd = slot, .into = memory_, .at = 0}).or_throw("read"), 5u);
    RONDO_EXPECT_ERROR(slots.insert(file.get(), {.tag = 1}), EINVAL);
    slot.reset();
    RONDO_EXPECT_ERROR(r.run(op::read{.fd = slots[1], .into = memory_, .at = 0}), EBADF);
}

} // namespace
} // namespace rondo
