// SPDX-License-Identifier: MIT

#include <engine/emulated/registrations.hpp>

#include <rondo/abi/buffer_ring.hpp>
#include <rondo/abi/flags.hpp>
#include <rondo/abi/probe.hpp>
#include <rondo/core/fd.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace rondo::engine::emulation {
namespace {

std::uint64_t address_of(void const* data) { return reinterpret_cast<std::uintptr_t>(data); }

class emulated_registrations : public ::testing::Test {
protected:
    long call(abi::register_op operation, void* arg, std::size_t nr) {
        return register_tables(files_, buffers_, groups_, raw(operation), arg,
                               static_cast<std::uint32_t>(nr));
    }

    file_table files_;
    buffer_table buffers_;
    buffer_groups groups_;
    unique_fd const null_{::open("/dev/null", O_RDWR | O_CLOEXEC)};
};

TEST_F(emulated_registrations, leaves_alone_what_is_not_about_tables) {
    for (auto const operation :
         {abi::register_op::eventfd, abi::register_op::clone_buffers, abi::register_op::query,
          abi::register_op::probe, abi::register_op::last})
        EXPECT_EQ(call(operation, nullptr, 0), not_mine);
}

TEST_F(emulated_registrations, files_come_and_go_in_all_forms) {
    std::array fds{null_.get(), -1};
    ASSERT_EQ(call(abi::register_op::files, fds.data(), 2), 0);
    abi::files_update change{1, 0, address_of(fds.data())};
    EXPECT_EQ(call(abi::register_op::files_update, &change, 1), 1);
    EXPECT_NE(files_.at(1), nullptr);
    abi::rsrc_update2 change2{};
    change2.data = address_of(fds.data() + 1);
    change2.nr = 1;
    EXPECT_EQ(call(abi::register_op::files_update2, &change2, sizeof change2), 1);
    EXPECT_EQ(files_.at(0), nullptr);
    abi::file_index_range range{1, 1, 0};
    EXPECT_EQ(call(abi::register_op::file_alloc_range, &range, 0), 0);
    EXPECT_EQ(call(abi::register_op::unregister_files, nullptr, 0), 0);
    abi::rsrc_register what{};
    what.nr = 5;
    what.flags = raw(abi::rsrc_register_flag::sparse);
    EXPECT_EQ(call(abi::register_op::files2, &what, sizeof what), 0);
    EXPECT_EQ(files_.size(), 5u);
}

TEST_F(emulated_registrations, buffers_come_and_go_in_all_forms) {
    std::array<char, 100> memory{};
    ::iovec part{memory.data(), memory.size()};
    ASSERT_EQ(call(abi::register_op::buffers, &part, 1), 0);
    part.iov_len = 50;
    abi::rsrc_update2 change{};
    change.data = address_of(&part);
    change.nr = 1;
    EXPECT_EQ(call(abi::register_op::buffers_update, &change, sizeof change), 1);
    EXPECT_EQ(buffers_.hold(0)->bytes, 50u);
    EXPECT_EQ(call(abi::register_op::unregister_buffers, nullptr, 0), 0);
    abi::rsrc_register what{};
    what.nr = 1;
    what.data = address_of(&part);
    EXPECT_EQ(call(abi::register_op::buffers2, &what, sizeof what), 0);
    EXPECT_EQ(buffers_.hold(0)->bytes, 50u);
}

TEST_F(emulated_registrations, groups_come_and_go) {
    abi::buf_reg what{};
    what.ring_entries = 8;
    what.flags = raw(abi::buf_ring_flag::mmap);
    ASSERT_EQ(call(abi::register_op::pbuf_ring, &what, 1), 0);
    abi::buf_status status{};
    status.head = 77;
    EXPECT_EQ(call(abi::register_op::pbuf_status, &status, 1), 0);
    EXPECT_EQ(status.head, 0u);
    what.flags = 0;
    EXPECT_EQ(call(abi::register_op::unregister_pbuf_ring, &what, 1), 0);
    EXPECT_EQ(call(abi::register_op::pbuf_status, &status, 1), -ENOENT);
}

TEST_F(emulated_registrations, arguments_of_another_size_or_count_are_refused) {
    std::array<char, 64> room{};
    EXPECT_EQ(call(abi::register_op::files2, room.data(), 31), -EINVAL);
    EXPECT_EQ(call(abi::register_op::buffers2, room.data(), 33), -EINVAL);
    EXPECT_EQ(call(abi::register_op::files_update2, room.data(), 1), -EINVAL);
    EXPECT_EQ(call(abi::register_op::buffers_update, room.data(), 1), -EINVAL);
    EXPECT_EQ(call(abi::register_op::files_update, room.data(), 0), -EINVAL);
    EXPECT_EQ(call(abi::register_op::file_alloc_range, room.data(), 1), -EINVAL);
    EXPECT_EQ(call(abi::register_op::unregister_files, room.data(), 0), -EINVAL);
    EXPECT_EQ(call(abi::register_op::unregister_buffers, nullptr, 1), -EINVAL);
    for (auto const operation :
         {abi::register_op::pbuf_ring, abi::register_op::unregister_pbuf_ring,
          abi::register_op::pbuf_status}) {
        EXPECT_EQ(call(operation, room.data(), 2), -EINVAL);
        EXPECT_EQ(call(operation, nullptr, 1), -EINVAL);
    }
}

TEST_F(emulated_registrations, arguments_that_are_not_there_are_refused) {
    auto* const nowhere = reinterpret_cast<void*>(0x1000);
    for (void* const arg : {static_cast<void*>(nullptr), nowhere}) {
        EXPECT_EQ(call(abi::register_op::files, arg, 1), -EFAULT);
        EXPECT_EQ(call(abi::register_op::buffers, arg, 1), -EFAULT);
        EXPECT_EQ(call(abi::register_op::files_update, arg, 1), -EFAULT);
        EXPECT_EQ(call(abi::register_op::files2, arg, sizeof(abi::rsrc_register)), -EFAULT);
        EXPECT_EQ(call(abi::register_op::buffers_update, arg, sizeof(abi::rsrc_update2)), -EFAULT);
    }
    EXPECT_EQ(call(abi::register_op::pbuf_ring, nowhere, 1), -EFAULT);
}

TEST_F(emulated_registrations, reserved_fields_must_be_zero) {
    abi::rsrc_register what{};
    what.nr = 1;
    what.resv2 = 1;
    EXPECT_EQ(call(abi::register_op::files2, &what, sizeof what), -EINVAL);
    what.resv2 = 0;
    what.flags = 2;
    EXPECT_EQ(call(abi::register_op::buffers2, &what, sizeof what), -EINVAL);
    what.flags = 1;
    what.data = 1;
    EXPECT_EQ(call(abi::register_op::buffers2, &what, sizeof what), -EINVAL);
    abi::rsrc_update2 change{};
    change.nr = 1;
    change.resv2 = 1;
    EXPECT_EQ(call(abi::register_op::files_update2, &change, sizeof change), -EINVAL);
    abi::file_index_range range{0, 0, 1};
    EXPECT_EQ(call(abi::register_op::file_alloc_range, &range, 0), -EINVAL);
    abi::buf_status status{};
    status.resv[7] = 1;
    EXPECT_EQ(call(abi::register_op::pbuf_status, &status, 1), -EINVAL);
}

TEST_F(emulated_registrations, a_clone_is_read_before_its_source_is_known) {
    abi::clone_buffers what{};
    abi::clone_buffers out{};
    what.src_fd = 9;
    EXPECT_EQ(read_clone_buffers(buffers_, &what, 1, out), 0);
    EXPECT_EQ(out.src_fd, 9u);
    EXPECT_EQ(read_clone_buffers(buffers_, nullptr, 1, out), -EINVAL);
    EXPECT_EQ(read_clone_buffers(buffers_, &what, 2, out), -EINVAL);
    what.pad[2] = 1;
    EXPECT_EQ(read_clone_buffers(buffers_, &what, 1, out), -EINVAL);
    ASSERT_EQ(buffers_.enrol(nullptr, 1, nullptr), 0);
    EXPECT_EQ(read_clone_buffers(buffers_, &what, 1, out), -EBUSY);
    what.flags = 1u << 3;
    EXPECT_EQ(read_clone_buffers(buffers_, &what, 1, out), -EINVAL);
    what.flags = raw(abi::clone_buffers_flag::dst_replace);
    what.pad[2] = 0;
    EXPECT_EQ(read_clone_buffers(buffers_, &what, 1, out), 0);
}

TEST_F(emulated_registrations, the_opcode_updates_named_slots_or_any) {
    ASSERT_EQ(files_.enrol(nullptr, 4, nullptr), 0);
    std::array fds{null_.get(), null_.get()};
    abi::sqe entry{};
    entry.addr = address_of(fds.data());
    EXPECT_EQ(check_files_update(entry), -EINVAL);
    entry.len = 2;
    entry.off = 2;
    EXPECT_EQ(check_files_update(entry), 0);
    EXPECT_EQ(update_files(files_, entry), 2);
    entry.off = abi::file_index_alloc;
    EXPECT_EQ(update_files(files_, entry), 2);
    EXPECT_EQ(fds, (std::array{0, 1}));
    entry.rw_flags = 1;
    EXPECT_EQ(check_files_update(entry), -EINVAL);
    entry.rw_flags = 0;
    entry.flags = raw(abi::sqe_flag::fixed_file);
    EXPECT_EQ(check_files_update(entry), -EINVAL);
}

bool has_up_to_ten_but_three(std::uint8_t opcode) { return opcode <= 10 && opcode != 3; }

TEST(emulated_probe, tells_of_each_opcode_up_to_the_last) {
    abi::probe_table table{};
    ASSERT_EQ(answer_probe(&table, 256, has_up_to_ten_but_three), 0);
    EXPECT_EQ(table.head.last_op, 10u);
    EXPECT_EQ(table.head.ops_len, 11u);
    for (std::uint8_t i = 0; i < 11; ++i) {
        EXPECT_EQ(table.ops[i].op, i);
        EXPECT_EQ(table.ops[i].flags, i != 3 ? raw(abi::probe_op_flag::supported) : 0u);
    }
    EXPECT_EQ(count_opcodes(has_up_to_ten_but_three), 11u);
}

TEST(emulated_probe, writes_no_more_than_there_is_room_for) {
    abi::probe_table table{};
    ASSERT_EQ(answer_probe(&table, 2, has_up_to_ten_but_three), 0);
    EXPECT_EQ(table.head.ops_len, 2u);
    EXPECT_EQ(table.ops[1].op, 1u);
    EXPECT_EQ(table.ops[2].op, 0u);
    EXPECT_EQ(answer_probe(&table, 2, has_up_to_ten_but_three), -EINVAL); // not zero any more
    EXPECT_EQ(answer_probe(&table, 257, has_up_to_ten_but_three), -EINVAL);
    EXPECT_EQ(answer_probe(nullptr, 1, has_up_to_ten_but_three), -EINVAL);
}

abi::query_hdr question_about(abi::query_op what, void* answer, std::uint32_t size) {
    abi::query_hdr header{};
    header.query_op = static_cast<std::uint32_t>(what);
    header.query_data = address_of(answer);
    header.size = size;
    return header;
}

TEST(emulated_query, answers_a_chain_each_in_its_place) {
    abi::query_opcode known{};
    known.nr_request_opcodes = 50;
    known.nr_query_opcodes = 1;
    abi::query_opcode first{};
    abi::query_opcode second{};
    std::array chain{question_about(abi::query_op::opcodes, &first, sizeof first),
                     question_about(abi::query_op::opcodes, &second, sizeof second)};
    chain[0].next_entry = address_of(&chain[1]);
    ASSERT_EQ(answer_query(chain.data(), 0, known), 0);
    EXPECT_EQ(chain[1].result, 0);
    EXPECT_EQ(chain[1].size, sizeof known);
    EXPECT_EQ(first.nr_request_opcodes, 50u);
    EXPECT_EQ(second.nr_query_opcodes, 1u);
}

TEST(emulated_query, cuts_an_answer_and_fills_up_with_zeros) {
    abi::query_opcode known{};
    known.nr_request_opcodes = 50;
    known.nr_register_opcodes = 30;
    std::array<std::uint32_t, 20> room{};
    room.fill(99);
    auto header = question_about(abi::query_op::opcodes, room.data(), 4);
    ASSERT_EQ(answer_query(&header, 0, known), 0);
    EXPECT_EQ(header.size, 4u);
    EXPECT_EQ(room[0], 50u);
    EXPECT_EQ(room[1], 99u);
    header = question_about(abi::query_op::opcodes, room.data(), sizeof room);
    ASSERT_EQ(answer_query(&header, 0, known), 0);
    EXPECT_EQ(header.size, sizeof known);
    EXPECT_EQ(room[1], 30u);
    EXPECT_EQ(room[12], 0u);
    EXPECT_EQ(room[19], 0u);
}

TEST(emulated_query, says_what_is_wrong_with_a_question) {
    abi::query_opcode answer{};
    auto unknown = question_about(abi::query_op::zcrx, &answer, sizeof answer);
    ASSERT_EQ(answer_query(&unknown, 0, {}), 0);
    EXPECT_EQ(unknown.result, -EOPNOTSUPP);
    EXPECT_EQ(unknown.size, 0u);
    auto odd = question_about(abi::query_op::opcodes, &answer, sizeof answer);
    odd.resv[1] = 1;
    ASSERT_EQ(answer_query(&odd, 0, {}), 0);
    EXPECT_EQ(odd.result, -EINVAL);
    auto empty = question_about(abi::query_op::opcodes, &answer, 0);
    ASSERT_EQ(answer_query(&empty, 0, {}), 0);
    EXPECT_EQ(empty.result, -EINVAL);
}

TEST(emulated_query, refuses_what_it_cannot_read_or_finish) {
    abi::query_opcode answer{};
    auto header = question_about(abi::query_op::opcodes, &answer, sizeof answer);
    EXPECT_EQ(answer_query(&header, 1, {}), -EINVAL);
    EXPECT_EQ(answer_query(nullptr, 0, {}), 0);
    EXPECT_EQ(answer_query(reinterpret_cast<void*>(0x1000), 0, {}), -EFAULT);
    auto nowhere = question_about(abi::query_op::opcodes, nullptr, sizeof answer);
    EXPECT_EQ(answer_query(&nowhere, 0, {}), -EFAULT);
    header.next_entry = address_of(&header);
    EXPECT_EQ(answer_query(&header, 0, {}), -ERANGE);
}

} // namespace
} // namespace rondo::engine::emulation
