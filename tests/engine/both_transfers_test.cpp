// SPDX-License-Identifier: MIT
// Reads, writes, sends and receives: what both engines answer to rare entries.
#include <support/both_engines.hpp>

#include <rondo/abi/socket.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace rondo {
namespace {

using namespace test;
using enum abi::opcode;

class both_transfers : public both_engines {
protected:
    /// Four buffers of 16 bytes in the classic group 1.
    void provide() {
        abi::sqe e = entry(provide_buffers, 90, 4);
        e.addr = address_of(given_.data());
        e.len = 16;
        e.buf_group = 1;
        ASSERT_EQ(answer(e), 0);
    }
    std::int32_t buffers_left() {
        abi::sqe e = entry(remove_buffers, 91, 100);
        e.buf_group = 1;
        return answer(e);
    }
    static abi::sqe choosing(abi::opcode code, std::uint64_t user_data, int fd,
                             std::uint32_t bytes) {
        abi::sqe e = entry(code, user_data, fd);
        e.len = bytes;
        e.flags = raw(abi::sqe_flag::buffer_select);
        e.buf_group = 1;
        return e;
    }

    std::array<char, 64> memory_{};
    std::array<char, 64> given_{};
};
RONDO_ON_BOTH_ENGINES(both_transfers);

TEST_P(both_transfers, all_of_a_stream_that_ended_meanwhile_is_what_there_was) {
    auto [ours, theirs] = unix_pair();
    send_text(theirs, "twenty bytes of text");
    ::shutdown(theirs.get(), SHUT_WR);
    abi::sqe e = transfer(recv, 1, ours.get(), memory_);
    e.msg_flags = MSG_WAITALL;
    e.ioprio = raw(abi::recvsend_flag::poll_first);
    EXPECT_EQ(answer(e), 20);
}

TEST_P(both_transfers, a_write_of_nothing_to_a_socket_is_a_message) {
    auto [ours, theirs] = unix_pair(SOCK_DGRAM);
    abi::sqe e = entry(write, 1, theirs.get());
    e.off = ~std::uint64_t{0};
    EXPECT_EQ(answer(e), 0);
    EXPECT_EQ(::recv(ours.get(), memory_.data(), 1, MSG_DONTWAIT), 0);
}

TEST_P(both_transfers, sockets_have_no_positions_and_pipes_ignore_them) {
    auto [ours, theirs] = unix_pair();
    pipe_pair const pipe;
    send_text(theirs, "x");
    pipe.write("x");
    abi::sqe e = transfer(read, 1, ours.get(), memory_);
    e.off = 1;
    EXPECT_EQ(answer(e), -ESPIPE);
    e.fd = pipe.out.get();
    EXPECT_EQ(answer(e), 1);
}

TEST_P(both_transfers, flags_of_transfers_are_looked_at_even_if_nothing_is_moved) {
    unique_fd const file(::memfd_create("flags", MFD_CLOEXEC));
    abi::sqe e = entry(read, 1, file.get());
    e.rw_flags = RWF_HIPRI;
    EXPECT_EQ(answer(e), -EINVAL) << "nothing is polled for";
    e.rw_flags = 1u << 20;
    EXPECT_EQ(answer(e), -EOPNOTSUPP);
    e.fd = -1;
    EXPECT_EQ(answer(e), -EBADF);
}

TEST_P(both_transfers, an_empty_part_is_not_in_a_registered_buffer) {
    ::iovec const buffer{memory_.data(), memory_.size()};
    ASSERT_EQ(ring_.register_(abi::register_op::buffers, const_cast<::iovec*>(&buffer), 1), 0);
    pipe_pair const pipe;
    pipe.write("abc");
    ::iovec parts[2] = {{memory_.data(), 2}, {memory_.data() + 2, 0}};
    abi::sqe e = entry(readv_fixed, 1, pipe.out.get());
    e.addr = address_of(parts);
    e.len = 2;
    e.off = ~std::uint64_t{0};
    EXPECT_EQ(answer(e), -EFAULT);
    e.len = 1;
    EXPECT_EQ(answer(e), 2);
    e.buf_index = 7;
    e.len = 0;
    EXPECT_EQ(answer(e), -EFAULT) << "no such buffer";
}

TEST_P(both_transfers, a_counter_that_is_full_does_not_hold_up_the_ring) {
    unique_fd const counter(::eventfd(0, EFD_CLOEXEC));
    std::uint64_t const most = ~std::uint64_t{0} - 10; // there is room, but not for so much
    ASSERT_EQ(::write(counter.get(), &most, sizeof most), 8);
    std::uint64_t twenty = 20;
    abi::sqe e = entry(write, 1, counter.get());
    e.addr = address_of(&twenty);
    e.len = sizeof twenty;
    e.off = ~std::uint64_t{0};
    submit({e, entry(nop, 2)});
    EXPECT_EQ(next(2).res, 0);
    std::uint64_t sum = 0;
    ASSERT_EQ(::read(counter.get(), &sum, sizeof sum), 8);
    EXPECT_EQ(next(1).res, 8);
}

TEST_P(both_transfers, what_is_no_socket_takes_no_buffer) {
    provide();
    pipe_pair const pipe;
    submit({choosing(send, 1, pipe.in.get(), 0)});
    abi::cqe const c = next(1);
    EXPECT_EQ(c.res, -ENOTSOCK);
    EXPECT_EQ(c.flags, 0u);
    EXPECT_EQ(buffers_left(), 4);
}

TEST_P(both_transfers, a_send_from_an_unknown_group_finds_no_such_thing) {
    auto [ours, theirs] = unix_pair();
    abi::sqe e = choosing(send, 1, ours.get(), 0);
    e.buf_group = 9;
    EXPECT_EQ(answer(e), -ENOENT);
    e.opcode = raw(recv);
    EXPECT_EQ(answer(e), -ENOBUFS);
}

TEST_P(both_transfers, a_chosen_buffer_of_a_list_is_sent_whole) {
    provide();
    auto [ours, theirs] = unix_pair();
    EXPECT_EQ(answer(choosing(send, 1, ours.get(), 5)), 16);
}

TEST_P(both_transfers, a_read_that_waits_keeps_its_buffer_of_a_list_and_a_receive_does_not) {
    provide();
    auto [ours, theirs] = unix_pair();
    for (abi::opcode const code : {read, recv}) {
        abi::sqe e = choosing(code, 1, ours.get(), 5);
        e.off = code == read ? ~std::uint64_t{0} : 0;
        submit({e});
        ASSERT_TRUE(is_quiet(1));
        abi::sqe cancel = entry(async_cancel, 2);
        cancel.addr = 1;
        EXPECT_EQ(answer(cancel), 0);
        abi::cqe const c = next(1);
        EXPECT_EQ(c.res, -ECANCELED);
        EXPECT_EQ(has(c, abi::cqe_flag::buffer), code == read);
    }
    EXPECT_EQ(buffers_left(), 3);
}

TEST_P(both_transfers, reading_again_and_again_needs_no_buffer_before_there_is_something) {
    provide();
    pipe_pair const pipe;
    abi::sqe e = choosing(read_multishot, 1, pipe.out.get(), 0);
    e.off = ~std::uint64_t{0};
    submit({e});
    for (int i = 0; i < 4; ++i) {
        pipe.write("ab");
        abi::cqe const c = next(1);
        EXPECT_EQ(c.res, 2);
        EXPECT_TRUE(more(c));
    }
    EXPECT_TRUE(is_quiet(1));
    pipe.write("c");
    EXPECT_EQ(next(1).res, -ENOBUFS);
}

TEST_P(both_transfers, a_file_that_gives_no_access_is_told_where_other_failures_are_not) {
    unique_fd const path(::open("/", O_PATH | O_CLOEXEC));
    abi::sqe e = entry(ftruncate, 1, path.get());
    e.flags = raw(abi::sqe_flag::cqe_skip_success);
    EXPECT_EQ(answer(e), -EBADF);
}

TEST_P(both_transfers, a_send_without_copy_looks_at_its_socket_before_its_buffer) {
    pipe_pair const pipe;
    auto [ours, theirs] = unix_pair();
    abi::sqe e = transfer(send_zc, 1, pipe.in.get(), memory_);
    e.off = 0;
    e.ioprio = raw(abi::recvsend_flag::fixed_buf);
    std::int32_t const refused = answer(e);
    if (GetParam() == engine::kernel && refused == -EINVAL)
        GTEST_SKIP() << "no zero-copy sends in this kernel's rings";
    EXPECT_EQ(refused, -ENOTSOCK);
    e.fd = ours.get();
    e.user_data = 2;
    EXPECT_EQ(answer(e), -EOPNOTSUPP);
}

TEST_P(both_transfers, a_stream_of_reads_from_a_socket_has_no_position) {
    provide();
    auto [ours, theirs] = unix_pair();
    abi::sqe e = choosing(read_multishot, 1, ours.get(), 0);
    ASSERT_EQ(::write(theirs.get(), "x", 1), 1);
    e.off = 7;
    EXPECT_EQ(answer(e), -ESPIPE);
    e.off = 0;
    EXPECT_EQ(answer(e), 1);
}

TEST_P(both_transfers, a_name_of_no_bytes_is_none_to_sendmsg_and_a_bad_one_to_send) {
    unique_fd const ours(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ::sockaddr_in self{};
    self.sin_family = AF_INET;
    self.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::socklen_t size = sizeof self;
    auto* const name = reinterpret_cast<::sockaddr*>(&self);
    ASSERT_EQ(::bind(ours.get(), name, size), 0);
    ASSERT_EQ(::getsockname(ours.get(), name, &size), 0);
    ASSERT_EQ(::connect(ours.get(), name, size), 0);
    abi::sqe plain = entry(send, 1, ours.get());
    plain.addr2 = address_of(this);
    EXPECT_EQ(answer(plain), -EINVAL);
    ::msghdr header{};
    header.msg_name = this;
    abi::sqe message = entry(sendmsg, 2, ours.get());
    message.addr = address_of(&header);
    message.len = 1;
    EXPECT_EQ(answer(message), 0);
}

} // namespace
} // namespace rondo
