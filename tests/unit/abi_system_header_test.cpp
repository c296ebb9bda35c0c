// SPDX-License-Identifier: MIT
// Our declarations against this machine's own kernel header, for whatever that header has. The
// header may be older or newer than we are; nothing but tests may include it.

#if __has_include(<linux/io_uring.h>)
#include <linux/io_uring.h>
#endif

#include <rondo/abi/buffer_ring.hpp>
#include <rondo/abi/cqe.hpp>
#include <rondo/abi/enter.hpp>
#include <rondo/abi/flags.hpp>
#include <rondo/abi/opcode.hpp>
#include <rondo/abi/params.hpp>
#include <rondo/abi/probe.hpp>
#include <rondo/abi/registration.hpp>
#include <rondo/abi/restriction.hpp>
#include <rondo/abi/socket.hpp>
#include <rondo/abi/sqe.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>

// Linux 6.1, below which enumerators used here are missing.
#ifdef IORING_SETUP_DEFER_TASKRUN

namespace rondo::abi_test {
namespace {

static_assert(sizeof(abi::sqe) == sizeof(io_uring_sqe));
static_assert(sizeof(abi::cqe) == sizeof(io_uring_cqe));
static_assert(sizeof(abi::sq_ring_offsets) == sizeof(io_sqring_offsets));
static_assert(sizeof(abi::cq_ring_offsets) == sizeof(io_cqring_offsets));
static_assert(sizeof(abi::params) == sizeof(io_uring_params));
static_assert(offsetof(abi::params, sq_off) == offsetof(io_uring_params, sq_off));
static_assert(offsetof(abi::params, cq_off) == offsetof(io_uring_params, cq_off));
static_assert(sizeof(abi::files_update) == sizeof(io_uring_files_update));
static_assert(sizeof(abi::rsrc_register) == sizeof(io_uring_rsrc_register));
static_assert(sizeof(abi::rsrc_update) == sizeof(io_uring_rsrc_update));
static_assert(sizeof(abi::rsrc_update2) == sizeof(io_uring_rsrc_update2));
static_assert(sizeof(abi::probe_op) == sizeof(io_uring_probe_op));
static_assert(sizeof(abi::probe) == sizeof(io_uring_probe));
static_assert(sizeof(abi::restriction) == sizeof(io_uring_restriction));
static_assert(sizeof(abi::buf) == sizeof(io_uring_buf));
static_assert(sizeof(abi::buf_reg) == sizeof(io_uring_buf_reg));
static_assert(offsetof(abi::buf_reg, bgid) == offsetof(io_uring_buf_reg, bgid));
static_assert(offsetof(abi::buf_ring, tail) == offsetof(io_uring_buf_ring, tail));
static_assert(sizeof(abi::getevents_arg) == sizeof(io_uring_getevents_arg));
static_assert(offsetof(abi::getevents_arg, ts) == offsetof(io_uring_getevents_arg, ts));
static_assert(sizeof(abi::sync_cancel_reg) == sizeof(io_uring_sync_cancel_reg));
static_assert(sizeof(abi::file_index_range) == sizeof(io_uring_file_index_range));
static_assert(sizeof(abi::recvmsg_out) == sizeof(io_uring_recvmsg_out));

static_assert(raw(abi::opcode::nop) == IORING_OP_NOP);
static_assert(raw(abi::opcode::read_fixed) == IORING_OP_READ_FIXED);
static_assert(raw(abi::opcode::accept) == IORING_OP_ACCEPT);
static_assert(raw(abi::opcode::read) == IORING_OP_READ);
static_assert(raw(abi::opcode::splice) == IORING_OP_SPLICE);
static_assert(raw(abi::opcode::linkat) == IORING_OP_LINKAT);
static_assert(raw(abi::opcode::msg_ring) == IORING_OP_MSG_RING);
static_assert(raw(abi::opcode::uring_cmd) == IORING_OP_URING_CMD);
static_assert(raw(abi::opcode::sendmsg_zc) == IORING_OP_SENDMSG_ZC);

static_assert(raw(abi::register_op::buffers) == IORING_REGISTER_BUFFERS);
static_assert(raw(abi::register_op::probe) == IORING_REGISTER_PROBE);
static_assert(raw(abi::register_op::ring_fds) == IORING_REGISTER_RING_FDS);
static_assert(raw(abi::register_op::pbuf_ring) == IORING_REGISTER_PBUF_RING);
static_assert(raw(abi::register_op::sync_cancel) == IORING_REGISTER_SYNC_CANCEL);
static_assert(raw(abi::register_op::file_alloc_range) == IORING_REGISTER_FILE_ALLOC_RANGE);
static_assert(abi::register_files_skip == IORING_REGISTER_FILES_SKIP);

static_assert(raw(abi::setup::iopoll) == IORING_SETUP_IOPOLL);
static_assert(raw(abi::setup::r_disabled) == IORING_SETUP_R_DISABLED);
static_assert(raw(abi::setup::defer_taskrun) == IORING_SETUP_DEFER_TASKRUN);
static_assert(raw(abi::feature::single_mmap) == IORING_FEAT_SINGLE_MMAP);
static_assert(raw(abi::feature::linked_file) == IORING_FEAT_LINKED_FILE);
static_assert(raw(abi::enter::getevents) == IORING_ENTER_GETEVENTS);
static_assert(raw(abi::enter::registered_ring) == IORING_ENTER_REGISTERED_RING);
static_assert(raw(abi::sqe_flag::cqe_skip_success) == IOSQE_CQE_SKIP_SUCCESS);
static_assert(raw(abi::sqe_flag::buffer_select) == IOSQE_BUFFER_SELECT);
static_assert(raw(abi::cqe_flag::more) == IORING_CQE_F_MORE);
static_assert(raw(abi::cqe_flag::notif) == IORING_CQE_F_NOTIF);
static_assert(abi::cqe_buffer_shift == IORING_CQE_BUFFER_SHIFT);
static_assert(raw(abi::sq_ring_flag::taskrun) == IORING_SQ_TASKRUN);
static_assert(raw(abi::cq_ring_flag::eventfd_disabled) == IORING_CQ_EVENTFD_DISABLED);
static_assert(raw(abi::timeout_flag::etime_success) == IORING_TIMEOUT_ETIME_SUCCESS);
static_assert(raw(abi::timeout_flag::link_timeout_update) == IORING_LINK_TIMEOUT_UPDATE);
static_assert(raw(abi::poll_flag::add_multi) == IORING_POLL_ADD_MULTI);
static_assert(raw(abi::cancel_flag::fd_fixed) == IORING_ASYNC_CANCEL_FD_FIXED);
static_assert(raw(abi::recvsend_flag::poll_first) == IORING_RECVSEND_POLL_FIRST);
static_assert(raw(abi::accept_flag::multishot) == IORING_ACCEPT_MULTISHOT);
static_assert(raw(abi::msg_ring_command::send_fd) == IORING_MSG_SEND_FD);
static_assert(abi::off_sq_ring == IORING_OFF_SQ_RING && abi::off_cq_ring == IORING_OFF_CQ_RING);
static_assert(abi::off_sqes == IORING_OFF_SQES);

#ifdef IORING_SETUP_NO_SQARRAY
static_assert(raw(abi::setup::no_sqarray) == IORING_SETUP_NO_SQARRAY);
#endif
#ifdef IORING_SETUP_CQE_MIXED
static_assert(raw(abi::setup::cqe_mixed) == IORING_SETUP_CQE_MIXED);
#endif
#ifdef IORING_SETUP_SQE_MIXED
static_assert(raw(abi::setup::sqe_mixed) == IORING_SETUP_SQE_MIXED);
#endif

TEST(abi_system_header, writes_an_sqe_byte_for_byte_as_ours) {
    abi::sqe ours{};
    ours.opcode = raw(abi::opcode::splice);
    ours.flags = raw(abi::sqe_flag::async | abi::sqe_flag::fixed_file);
    ours.ioprio = 0x1234;
    ours.fd = -7;
    ours.off = 0x1122334455667788;
    ours.splice_off_in = 0x99aabbccddeeff00;
    ours.len = 0xcafe;
    ours.splice_flags = raw(abi::splice_flag::fd_in_fixed);
    ours.user_data = 0x0102030405060708;
    ours.buf_group = 0x4321;
    ours.personality = 0x5678;
    ours.splice_fd_in = -9;
    ours.addr3 = 0x1029384756;

    io_uring_sqe kernels{};
    kernels.opcode = IORING_OP_SPLICE;
    kernels.flags = IOSQE_ASYNC | IOSQE_FIXED_FILE;
    kernels.ioprio = 0x1234;
    kernels.fd = -7;
    kernels.off = 0x1122334455667788;
    kernels.splice_off_in = 0x99aabbccddeeff00;
    kernels.len = 0xcafe;
    kernels.splice_flags = SPLICE_F_FD_IN_FIXED;
    kernels.user_data = 0x0102030405060708;
    kernels.buf_group = 0x4321;
    kernels.personality = 0x5678;
    kernels.splice_fd_in = -9;
    kernels.addr3 = 0x1029384756;
    EXPECT_EQ(std::memcmp(&ours, &kernels, sizeof ours), 0);
}

} // namespace
} // namespace rondo::abi_test

#else

TEST(abi_system_header, writes_an_sqe_byte_for_byte_as_ours) {
    GTEST_SKIP() << "<linux/io_uring.h> is missing here, or older than Linux 6.1";
}

#endif
