// SPDX-License-Identifier: MIT

#include "groups_test.hpp"

#include <rondo/core/fd.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstdint>

namespace rondo::engine::emulation {
namespace {

class emulated_buffer_groups : public groups_test {};

TEST_F(emulated_buffer_groups, shows_the_first_buffer_and_consumes_it_when_it_was_used) {
    make_ring();
    request r = request_for(abi::opcode::read);
    ASSERT_EQ(choose(r), 0);
    ASSERT_EQ(r.chosen.size(), 1u);
    EXPECT_EQ(r.chosen[0].iov_base, part(0));
    EXPECT_EQ(r.chosen[0].iov_len, 64u);
    EXPECT_EQ(head(), 0u);
    EXPECT_EQ(groups_.commit(r, 5), flags_of(10));
    EXPECT_EQ(head(), 1u);
    EXPECT_EQ(groups_.commit(r, 5), 0u);
    EXPECT_EQ(run(abi::opcode::read, 64), flags_of(11));
}

TEST_F(emulated_buffer_groups, what_is_put_back_is_shown_to_the_next) {
    for (std::uint16_t const group : {ring_group, list_group}) {
        make_list_or_ring(group);
        request r = request_for(abi::opcode::recv, group);
        ASSERT_EQ(choose(r), 0);
        groups_.put_back(r);
        EXPECT_TRUE(r.chosen.empty());
        EXPECT_EQ(groups_.commit(r, 5), 0u);
        EXPECT_EQ(run(abi::opcode::recv, 5, false, group), flags_of(10));
    }
}

TEST_F(emulated_buffer_groups, what_is_kept_stays_its_requests) {
    for (std::uint16_t const group : {ring_group, list_group}) {
        make_list_or_ring(group);
        request r = request_for(abi::opcode::recv, group);
        ASSERT_EQ(choose(r), 0);
        groups_.keep(r);
        groups_.put_back(r);
        ASSERT_EQ(choose(r), 0);
        ASSERT_EQ(r.chosen.size(), 1u);
        EXPECT_EQ(r.chosen[0].iov_base, part(0));
        EXPECT_EQ(run(abi::opcode::recv, 5, false, group), flags_of(11));
        EXPECT_EQ(groups_.commit(r, 5), flags_of(10));
    }
    EXPECT_EQ(head(), 2u);
    EXPECT_EQ(left_in_list(), 2);
}

TEST_F(emulated_buffer_groups, a_kept_buffer_outlives_its_group) {
    for (std::uint16_t const group : {ring_group, list_group}) {
        make_list_or_ring(group);
        request r = request_for(abi::opcode::read, group);
        ASSERT_EQ(choose(r), 0);
        groups_.keep(r);
        if (group == ring_group)
            ASSERT_EQ(groups_.unregister(ring_of()), 0);
        else
            EXPECT_EQ(left_in_list(), 3);
        EXPECT_EQ(groups_.commit(r, 5), flags_of(10));
    }
}

TEST_F(emulated_buffer_groups, an_empty_or_unknown_group_has_no_buffers) {
    request r = request_for(abi::opcode::recv);
    EXPECT_EQ(choose(r), -ENOBUFS);
    EXPECT_EQ(groups_.commit(r, -ENOBUFS), 0u);
    make_ring();
    for (int i = 0; i < 8; ++i)
        run(abi::opcode::recv, 1);
    EXPECT_EQ(choose(r), -ENOBUFS);
    add(5);
    EXPECT_EQ(run(abi::opcode::recv, 1), flags_of(15));
    make_list();
    EXPECT_EQ(left_in_list(), 4);
    request of_list = request_for(abi::opcode::recv, list_group);
    EXPECT_EQ(choose(of_list), -ENOBUFS);
}

TEST_F(emulated_buffer_groups, positions_wrap_like_the_16_bits_that_they_are) {
    make_ring();
    for (std::uint32_t i = 0; i < 70'000; ++i) {
        ASSERT_EQ(run(abi::opcode::recv, 1), flags_of(first_id + i % 8));
        add(static_cast<std::uint16_t>(i % 8));
    }
    EXPECT_EQ(head(), 70'000u % 65'536);
}

TEST_F(emulated_buffer_groups, a_length_cuts_a_buffer) {
    for (std::uint16_t const group : {ring_group, list_group}) {
        make_list_or_ring(group);
        request r = request_for(abi::opcode::recv, group);
        ASSERT_EQ(choose(r, 4), 0);
        EXPECT_EQ(r.chosen[0].iov_len, 4u);
        EXPECT_EQ(groups_.commit(r, 4), flags_of(10));
        ASSERT_EQ(choose(r, 400), 0);
        EXPECT_EQ(r.chosen[0].iov_len, 64u);
        EXPECT_EQ(groups_.commit(r, 4), flags_of(11));
    }
}

// What becomes of a buffer for which nothing came, as Linux 6.18 has it.
TEST_F(emulated_buffer_groups, nothing_received_uses_no_buffer) {
    for (std::uint16_t const group : {ring_group, list_group}) {
        make_list_or_ring(group);
        for (abi::opcode const code :
             {abi::opcode::recv, abi::opcode::recvmsg, abi::opcode::read_multishot})
            for (std::int32_t const res : {0, -ENOTCONN})
                EXPECT_EQ(run(code, res, false, group), 0u);
    }
    EXPECT_EQ(head(), 0u);
    EXPECT_EQ(left_in_list(), 4);
}

TEST_F(emulated_buffer_groups, the_end_of_a_file_uses_a_buffer) {
    for (std::uint16_t const group : {ring_group, list_group}) {
        make_list_or_ring(group);
        EXPECT_EQ(run(abi::opcode::read, 0, false, group), flags_of(10));
    }
    EXPECT_EQ(head(), 1u);
    EXPECT_EQ(left_in_list(), 3);
}

TEST_F(emulated_buffer_groups, a_read_that_fails_uses_the_buffer_of_a_list_only) {
    make_ring();
    make_list();
    EXPECT_EQ(run(abi::opcode::read, -EBADF), 0u);
    EXPECT_EQ(head(), 0u);
    EXPECT_EQ(run(abi::opcode::read, -EBADF, false, list_group), flags_of(10));
    EXPECT_EQ(left_in_list(), 3);
}

TEST_F(emulated_buffer_groups, a_failure_names_a_kept_buffer_except_a_lists_of_a_receive) {
    make_ring();
    make_list();
    EXPECT_EQ(run(abi::opcode::read, -EISDIR, true), flags_of(10));
    EXPECT_EQ(run(abi::opcode::recv, -ENOTCONN, true), flags_of(11));
    EXPECT_EQ(head(), 2u);
    EXPECT_EQ(run(abi::opcode::read, -EISDIR, true, list_group), flags_of(10));
    EXPECT_EQ(run(abi::opcode::recv, -ENOTCONN, true, list_group, 7), 0u);
    request r = request_for(abi::opcode::recv, list_group);
    ASSERT_EQ(choose(r), 0);
    EXPECT_EQ(r.chosen_id, 11u);
    EXPECT_EQ(r.chosen[0].iov_len, 64u);
}

TEST_F(emulated_buffer_groups, what_is_sent_is_kept_at_once) {
    make_ring();
    request r = request_for(abi::opcode::send);
    ASSERT_EQ(choose(r), 0);
    EXPECT_EQ(head(), 1u);
    groups_.put_back(r);
    EXPECT_EQ(groups_.commit(r, -EPIPE), flags_of(10));
    EXPECT_EQ(head(), 1u);
}

TEST_F(emulated_buffer_groups, an_incremental_buffer_is_used_piece_by_piece) {
    make_incremental_ring();
    EXPECT_EQ(run(abi::opcode::recv, 3), flags_of(10, has_more));
    request r = request_for(abi::opcode::recv);
    ASSERT_EQ(choose(r), 0);
    EXPECT_EQ(r.chosen[0].iov_base, part(0) + 3);
    EXPECT_EQ(r.chosen[0].iov_len, 61u);
    EXPECT_EQ(groups_.commit(r, 61), flags_of(10));
    EXPECT_EQ(head(), 1u);
    EXPECT_EQ(entries()[0].len, 0u);
    EXPECT_EQ(run(abi::opcode::read, 0), flags_of(11, has_more));
    EXPECT_EQ(head(), 1u);
}

TEST_F(emulated_buffer_groups, a_kept_incremental_buffer_is_used_as_far_as_it_was_offered) {
    make_incremental_ring();
    EXPECT_EQ(run(abi::opcode::read, 1, true, ring_group, 3), flags_of(10, has_more));
    EXPECT_EQ(entries()[0].len, 61u);
    EXPECT_EQ(run(abi::opcode::read, 5, true), flags_of(10));
    EXPECT_EQ(head(), 1u);
    EXPECT_EQ(run(abi::opcode::read, -EISDIR, true), flags_of(11));
}

TEST_F(emulated_buffer_groups, a_read_of_a_file_keeps_what_it_was_offered) {
    make_incremental_ring();
    unique_fd const file(::memfd_create("f", MFD_CLOEXEC));
    unique_fd const folder(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    request r = request_for(abi::opcode::read);
    r.fd = file.get();
    ASSERT_EQ(choose(r), 0);
    EXPECT_EQ(groups_.commit(r, 5), flags_of(10));
    EXPECT_EQ(head(), 1u);
    ASSERT_EQ(choose(r, 3), 0);
    EXPECT_EQ(groups_.commit(r, 1), flags_of(11, has_more));
    EXPECT_EQ(entries()[1].len, 61u);
    r.fd = folder.get();
    ASSERT_EQ(choose(r), 0);
    EXPECT_EQ(groups_.commit(r, -EISDIR), flags_of(11));
    EXPECT_EQ(head(), 2u);
}

TEST_F(emulated_buffer_groups, a_buffer_with_bytes_in_it_is_not_put_back) {
    make_ring();
    request r = request_for(abi::opcode::recv);
    ASSERT_EQ(choose(r), 0);
    r.progress = 5;
    groups_.put_back(r);
    EXPECT_EQ(run(abi::opcode::recv, 1), flags_of(11));
    ASSERT_EQ(choose(r), 0);
    EXPECT_EQ(r.chosen[0].iov_base, part(0));
    EXPECT_EQ(groups_.commit(r, 64), flags_of(10));
}

TEST_F(emulated_buffer_groups, tells_when_nothing_is_left_beyond_what_was_chosen) {
    make_ring();
    make_list();
    request r = request_for(abi::opcode::recv);
    ASSERT_EQ(choose(r, 0, 7), 0);
    EXPECT_FALSE(r.chosen_all);
    groups_.put_back(r);
    ASSERT_EQ(choose(r, 0, 8), 0);
    EXPECT_TRUE(r.chosen_all);
    EXPECT_EQ(groups_.commit(r, 7 * 64), flags_of(10));
    ASSERT_EQ(choose(r, 3), 0);
    EXPECT_TRUE(r.chosen_all);
    request of_list = request_for(abi::opcode::recv, list_group);
    for (int i = 0; i < 4; ++i) {
        ASSERT_EQ(choose(of_list), 0);
        EXPECT_EQ(of_list.chosen_all, i == 3);
        EXPECT_NE(groups_.commit(of_list, 1), 0u);
    }
}

TEST_F(emulated_buffer_groups, an_incremental_buffer_with_less_than_the_least_is_used_up) {
    make_incremental_ring(10);
    EXPECT_EQ(run(abi::opcode::recv, 54), flags_of(10, has_more));
    EXPECT_EQ(run(abi::opcode::recv, 1), flags_of(10));
    EXPECT_EQ(head(), 1u);
    EXPECT_EQ(run(abi::opcode::recv, 55), flags_of(11));
}

TEST_F(emulated_buffer_groups, an_answer_longer_than_its_buffer_uses_the_next_and_never_the_tail) {
    make_incremental_ring();
    EXPECT_EQ(run(abi::opcode::recv, 100), flags_of(10, has_more));
    EXPECT_EQ(head(), 1u);
    EXPECT_EQ(entries()[1].len, 28u);
    // Behind the tail lies what was used up before: to a kernel that is a buffer with a rest.
    EXPECT_EQ(run(abi::opcode::recv, 100'000), flags_of(11, has_more));
    EXPECT_EQ(head(), 8u);
}

TEST_F(emulated_buffer_groups, a_bundle_has_several_buffers_and_uses_those_that_it_filled) {
    make_ring();
    request r = request_for(abi::opcode::recv);
    ASSERT_EQ(choose(r, 0, 3), 0);
    EXPECT_EQ(r.chosen.size(), 3u);
    EXPECT_EQ(groups_.commit(r, 65), flags_of(10));
    EXPECT_EQ(head(), 2u);
    ASSERT_EQ(choose(r, 0, 100), 0);
    EXPECT_EQ(r.chosen.size(), 6u);
    EXPECT_EQ(groups_.commit(r, 64), flags_of(12));
    EXPECT_EQ(head(), 3u);
}

TEST_F(emulated_buffer_groups, a_bundle_of_a_length_ends_before_a_buffer_that_it_would_cut) {
    make_ring();
    request r = request_for(abi::opcode::recv);
    ASSERT_EQ(choose(r, 100, 8), 0);
    ASSERT_EQ(r.chosen.size(), 1u);
    EXPECT_EQ(r.chosen[0].iov_len, 64u);
    groups_.put_back(r);
    ASSERT_EQ(choose(r, 10, 8), 0);
    EXPECT_EQ(r.chosen[0].iov_len, 10u);
    groups_.put_back(r);
    ASSERT_EQ(choose(r, 128, 8), 0);
    EXPECT_EQ(r.chosen.size(), 2u);
}

TEST_F(emulated_buffer_groups, a_bundle_of_incremental_buffers_starts_and_ends_inside_them) {
    make_incremental_ring();
    request r = request_for(abi::opcode::recv);
    ASSERT_EQ(choose(r, 100, 8), 0);
    ASSERT_EQ(r.chosen.size(), 2u);
    EXPECT_EQ(r.chosen[1].iov_len, 36u);
    EXPECT_EQ(groups_.commit(r, 100), flags_of(10, has_more));
    EXPECT_EQ(head(), 1u);
    EXPECT_EQ(entries()[1].len, 28u);
    request sending = request_for(abi::opcode::send);
    ASSERT_EQ(choose(sending, 0, 2), 0);
    EXPECT_EQ(sending.chosen[0].iov_base, part(1) + 36);
    EXPECT_EQ(groups_.commit(sending, 1), flags_of(11));
    EXPECT_EQ(head(), 3u);
}

TEST_F(emulated_buffer_groups, a_list_gives_one_buffer_at_a_time) {
    make_list();
    request r = request_for(abi::opcode::recv, list_group);
    ASSERT_EQ(choose(r, 0, 8), 0);
    EXPECT_EQ(r.chosen.size(), 1u);
}

} // namespace
} // namespace rondo::engine::emulation
