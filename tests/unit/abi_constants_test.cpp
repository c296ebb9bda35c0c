// SPDX-License-Identifier: MIT
// Every constant of the kernel interface against tests/data/constants.tsv, both ways.

#include "abi_table.hpp"

#include <rondo/abi/bpf.hpp>
#include <rondo/abi/buffer_ring.hpp>
#include <rondo/abi/cqe.hpp>
#include <rondo/abi/enter.hpp>
#include <rondo/abi/flags.hpp>
#include <rondo/abi/opcode.hpp>
#include <rondo/abi/params.hpp>
#include <rondo/abi/probe.hpp>
#include <rondo/abi/query.hpp>
#include <rondo/abi/region.hpp>
#include <rondo/abi/registration.hpp>
#include <rondo/abi/restriction.hpp>
#include <rondo/abi/socket.hpp>
#include <rondo/abi/sqe.hpp>
#include <rondo/abi/zcrx.hpp>

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <type_traits>
#include <utility>

namespace rondo::abi_test {
namespace {

// Decimal text, because the values run from -2 to beyond the range of int64_t.
template <class Value>
std::string text(Value value) {
    if constexpr (std::is_enum_v<Value>) {
        return std::to_string(raw(value));
    } else {
        return std::to_string(value);
    }
}

std::pair<std::string, std::string> const ours[] = {
    {"IORING_RW_ATTR_FLAG_PI", text(abi::rw_attr_flag::pi)},
    {"IORING_FILE_INDEX_ALLOC", text(abi::file_index_alloc)},
    {"IOSQE_FIXED_FILE", text(abi::sqe_flag::fixed_file)},
    {"IOSQE_IO_DRAIN", text(abi::sqe_flag::io_drain)},
    {"IOSQE_IO_LINK", text(abi::sqe_flag::io_link)},
    {"IOSQE_IO_HARDLINK", text(abi::sqe_flag::io_hardlink)},
    {"IOSQE_ASYNC", text(abi::sqe_flag::async)},
    {"IOSQE_BUFFER_SELECT", text(abi::sqe_flag::buffer_select)},
    {"IOSQE_CQE_SKIP_SUCCESS", text(abi::sqe_flag::cqe_skip_success)},
    {"IORING_SETUP_IOPOLL", text(abi::setup::iopoll)},
    {"IORING_SETUP_SQPOLL", text(abi::setup::sqpoll)},
    {"IORING_SETUP_SQ_AFF", text(abi::setup::sq_aff)},
    {"IORING_SETUP_CQSIZE", text(abi::setup::cqsize)},
    {"IORING_SETUP_CLAMP", text(abi::setup::clamp)},
    {"IORING_SETUP_ATTACH_WQ", text(abi::setup::attach_wq)},
    {"IORING_SETUP_R_DISABLED", text(abi::setup::r_disabled)},
    {"IORING_SETUP_SUBMIT_ALL", text(abi::setup::submit_all)},
    {"IORING_SETUP_COOP_TASKRUN", text(abi::setup::coop_taskrun)},
    {"IORING_SETUP_TASKRUN_FLAG", text(abi::setup::taskrun_flag)},
    {"IORING_SETUP_SQE128", text(abi::setup::sqe128)},
    {"IORING_SETUP_CQE32", text(abi::setup::cqe32)},
    {"IORING_SETUP_SINGLE_ISSUER", text(abi::setup::single_issuer)},
    {"IORING_SETUP_DEFER_TASKRUN", text(abi::setup::defer_taskrun)},
    {"IORING_SETUP_NO_MMAP", text(abi::setup::no_mmap)},
    {"IORING_SETUP_REGISTERED_FD_ONLY", text(abi::setup::registered_fd_only)},
    {"IORING_SETUP_NO_SQARRAY", text(abi::setup::no_sqarray)},
    {"IORING_SETUP_HYBRID_IOPOLL", text(abi::setup::hybrid_iopoll)},
    {"IORING_SETUP_CQE_MIXED", text(abi::setup::cqe_mixed)},
    {"IORING_SETUP_SQE_MIXED", text(abi::setup::sqe_mixed)},
    {"IORING_SETUP_SQ_REWIND", text(abi::setup::sq_rewind)},
    {"IORING_URING_CMD_FIXED", text(abi::uring_cmd_flag::fixed)},
    {"IORING_URING_CMD_MASK", text(abi::uring_cmd_flag::mask)},
    {"IORING_FSYNC_DATASYNC", text(abi::fsync_flag::datasync)},
    {"IORING_TIMEOUT_ABS", text(abi::timeout_flag::abs)},
    {"IORING_TIMEOUT_UPDATE", text(abi::timeout_flag::update)},
    {"IORING_TIMEOUT_BOOTTIME", text(abi::timeout_flag::boottime)},
    {"IORING_TIMEOUT_REALTIME", text(abi::timeout_flag::realtime)},
    {"IORING_LINK_TIMEOUT_UPDATE", text(abi::timeout_flag::link_timeout_update)},
    {"IORING_TIMEOUT_ETIME_SUCCESS", text(abi::timeout_flag::etime_success)},
    {"IORING_TIMEOUT_MULTISHOT", text(abi::timeout_flag::multishot)},
    {"IORING_TIMEOUT_IMMEDIATE_ARG", text(abi::timeout_flag::immediate_arg)},
    {"IORING_TIMEOUT_CLOCK_MASK", text(abi::timeout_flag::clock_mask)},
    {"IORING_TIMEOUT_UPDATE_MASK", text(abi::timeout_flag::update_mask)},
    {"SPLICE_F_FD_IN_FIXED", text(abi::splice_flag::fd_in_fixed)},
    {"IORING_POLL_ADD_MULTI", text(abi::poll_flag::add_multi)},
    {"IORING_POLL_UPDATE_EVENTS", text(abi::poll_flag::update_events)},
    {"IORING_POLL_UPDATE_USER_DATA", text(abi::poll_flag::update_user_data)},
    {"IORING_POLL_ADD_LEVEL", text(abi::poll_flag::add_level)},
    {"IORING_ASYNC_CANCEL_ALL", text(abi::cancel_flag::all)},
    {"IORING_ASYNC_CANCEL_FD", text(abi::cancel_flag::fd)},
    {"IORING_ASYNC_CANCEL_ANY", text(abi::cancel_flag::any)},
    {"IORING_ASYNC_CANCEL_FD_FIXED", text(abi::cancel_flag::fd_fixed)},
    {"IORING_ASYNC_CANCEL_USERDATA", text(abi::cancel_flag::userdata)},
    {"IORING_ASYNC_CANCEL_OP", text(abi::cancel_flag::op)},
    {"IORING_RECVSEND_POLL_FIRST", text(abi::recvsend_flag::poll_first)},
    {"IORING_RECV_MULTISHOT", text(abi::recvsend_flag::recv_multishot)},
    {"IORING_RECVSEND_FIXED_BUF", text(abi::recvsend_flag::fixed_buf)},
    {"IORING_SEND_ZC_REPORT_USAGE", text(abi::recvsend_flag::send_zc_report_usage)},
    {"IORING_RECVSEND_BUNDLE", text(abi::recvsend_flag::bundle)},
    {"IORING_SEND_VECTORIZED", text(abi::recvsend_flag::send_vectorized)},
    {"IORING_NOTIF_USAGE_ZC_COPIED", text(abi::notif_usage_zc_copied)},
    {"IORING_ACCEPT_MULTISHOT", text(abi::accept_flag::multishot)},
    {"IORING_ACCEPT_DONTWAIT", text(abi::accept_flag::dontwait)},
    {"IORING_ACCEPT_POLL_FIRST", text(abi::accept_flag::poll_first)},
    {"IORING_MSG_RING_CQE_SKIP", text(abi::msg_ring_flag::cqe_skip)},
    {"IORING_MSG_RING_FLAGS_PASS", text(abi::msg_ring_flag::flags_pass)},
    {"IORING_FIXED_FD_NO_CLOEXEC", text(abi::install_fd_flag::no_cloexec)},
    {"IORING_NOP_INJECT_RESULT", text(abi::nop_flag::inject_result)},
    {"IORING_NOP_CQE32", text(abi::nop_flag::cqe32)},
    {"IORING_CQE_F_BUFFER", text(abi::cqe_flag::buffer)},
    {"IORING_CQE_F_MORE", text(abi::cqe_flag::more)},
    {"IORING_CQE_F_SOCK_NONEMPTY", text(abi::cqe_flag::sock_nonempty)},
    {"IORING_CQE_F_NOTIF", text(abi::cqe_flag::notif)},
    {"IORING_CQE_F_BUF_MORE", text(abi::cqe_flag::buf_more)},
    {"IORING_CQE_F_SKIP", text(abi::cqe_flag::skip)},
    {"IORING_CQE_F_32", text(abi::cqe_flag::cqe32)},
    {"IORING_CQE_BUFFER_SHIFT", text(abi::cqe_buffer_shift)},
    {"IORING_OFF_SQ_RING", text(abi::off_sq_ring)},
    {"IORING_OFF_CQ_RING", text(abi::off_cq_ring)},
    {"IORING_OFF_SQES", text(abi::off_sqes)},
    {"IORING_OFF_PBUF_RING", text(abi::off_pbuf_ring)},
    {"IORING_OFF_PBUF_SHIFT", text(abi::off_pbuf_shift)},
    {"IORING_OFF_MMAP_MASK", text(abi::off_mmap_mask)},
    {"IORING_SQ_NEED_WAKEUP", text(abi::sq_ring_flag::need_wakeup)},
    {"IORING_SQ_CQ_OVERFLOW", text(abi::sq_ring_flag::cq_overflow)},
    {"IORING_SQ_TASKRUN", text(abi::sq_ring_flag::taskrun)},
    {"IORING_CQ_EVENTFD_DISABLED", text(abi::cq_ring_flag::eventfd_disabled)},
    {"IORING_ENTER_GETEVENTS", text(abi::enter::getevents)},
    {"IORING_ENTER_SQ_WAKEUP", text(abi::enter::sq_wakeup)},
    {"IORING_ENTER_SQ_WAIT", text(abi::enter::sq_wait)},
    {"IORING_ENTER_EXT_ARG", text(abi::enter::ext_arg)},
    {"IORING_ENTER_REGISTERED_RING", text(abi::enter::registered_ring)},
    {"IORING_ENTER_ABS_TIMER", text(abi::enter::abs_timer)},
    {"IORING_ENTER_EXT_ARG_REG", text(abi::enter::ext_arg_reg)},
    {"IORING_ENTER_NO_IOWAIT", text(abi::enter::no_iowait)},
    {"IORING_FEAT_SINGLE_MMAP", text(abi::feature::single_mmap)},
    {"IORING_FEAT_NODROP", text(abi::feature::nodrop)},
    {"IORING_FEAT_SUBMIT_STABLE", text(abi::feature::submit_stable)},
    {"IORING_FEAT_RW_CUR_POS", text(abi::feature::rw_cur_pos)},
    {"IORING_FEAT_CUR_PERSONALITY", text(abi::feature::cur_personality)},
    {"IORING_FEAT_FAST_POLL", text(abi::feature::fast_poll)},
    {"IORING_FEAT_POLL_32BITS", text(abi::feature::poll_32bits)},
    {"IORING_FEAT_SQPOLL_NONFIXED", text(abi::feature::sqpoll_nonfixed)},
    {"IORING_FEAT_EXT_ARG", text(abi::feature::ext_arg)},
    {"IORING_FEAT_NATIVE_WORKERS", text(abi::feature::native_workers)},
    {"IORING_FEAT_RSRC_TAGS", text(abi::feature::rsrc_tags)},
    {"IORING_FEAT_CQE_SKIP", text(abi::feature::cqe_skip)},
    {"IORING_FEAT_LINKED_FILE", text(abi::feature::linked_file)},
    {"IORING_FEAT_REG_REG_RING", text(abi::feature::reg_reg_ring)},
    {"IORING_FEAT_RECVSEND_BUNDLE", text(abi::feature::recvsend_bundle)},
    {"IORING_FEAT_MIN_TIMEOUT", text(abi::feature::min_timeout)},
    {"IORING_FEAT_RW_ATTR", text(abi::feature::rw_attr)},
    {"IORING_FEAT_NO_IOWAIT", text(abi::feature::no_iowait)},
    {"IORING_RSRC_REGISTER_SPARSE", text(abi::rsrc_register_flag::sparse)},
    {"IORING_REGISTER_FILES_SKIP", text(abi::register_files_skip)},
    {"IO_URING_OP_SUPPORTED", text(abi::probe_op_flag::supported)},
    {"IORING_TIMESTAMP_HW_SHIFT", text(abi::timestamp_hw_shift)},
    {"IORING_TIMESTAMP_TYPE_SHIFT", text(abi::timestamp_type_shift)},
    {"IORING_CQE_F_TSTAMP_HW", text(abi::cqe_flag::tstamp_hw)},
    {"IORING_ZCRX_AREA_SHIFT", text(abi::zcrx_area_shift)},
    {"IORING_ZCRX_AREA_MASK", text(abi::zcrx_area_mask)},
    {"IOSQE_FIXED_FILE_BIT", text(abi::sqe_flag_bit::fixed_file)},
    {"IOSQE_IO_DRAIN_BIT", text(abi::sqe_flag_bit::io_drain)},
    {"IOSQE_IO_LINK_BIT", text(abi::sqe_flag_bit::io_link)},
    {"IOSQE_IO_HARDLINK_BIT", text(abi::sqe_flag_bit::io_hardlink)},
    {"IOSQE_ASYNC_BIT", text(abi::sqe_flag_bit::async)},
    {"IOSQE_BUFFER_SELECT_BIT", text(abi::sqe_flag_bit::buffer_select)},
    {"IOSQE_CQE_SKIP_SUCCESS_BIT", text(abi::sqe_flag_bit::cqe_skip_success)},
    {"IORING_OP_NOP", text(abi::opcode::nop)},
    {"IORING_OP_READV", text(abi::opcode::readv)},
    {"IORING_OP_WRITEV", text(abi::opcode::writev)},
    {"IORING_OP_FSYNC", text(abi::opcode::fsync)},
    {"IORING_OP_READ_FIXED", text(abi::opcode::read_fixed)},
    {"IORING_OP_WRITE_FIXED", text(abi::opcode::write_fixed)},
    {"IORING_OP_POLL_ADD", text(abi::opcode::poll_add)},
    {"IORING_OP_POLL_REMOVE", text(abi::opcode::poll_remove)},
    {"IORING_OP_SYNC_FILE_RANGE", text(abi::opcode::sync_file_range)},
    {"IORING_OP_SENDMSG", text(abi::opcode::sendmsg)},
    {"IORING_OP_RECVMSG", text(abi::opcode::recvmsg)},
    {"IORING_OP_TIMEOUT", text(abi::opcode::timeout)},
    {"IORING_OP_TIMEOUT_REMOVE", text(abi::opcode::timeout_remove)},
    {"IORING_OP_ACCEPT", text(abi::opcode::accept)},
    {"IORING_OP_ASYNC_CANCEL", text(abi::opcode::async_cancel)},
    {"IORING_OP_LINK_TIMEOUT", text(abi::opcode::link_timeout)},
    {"IORING_OP_CONNECT", text(abi::opcode::connect)},
    {"IORING_OP_FALLOCATE", text(abi::opcode::fallocate)},
    {"IORING_OP_OPENAT", text(abi::opcode::openat)},
    {"IORING_OP_CLOSE", text(abi::opcode::close)},
    {"IORING_OP_FILES_UPDATE", text(abi::opcode::files_update)},
    {"IORING_OP_STATX", text(abi::opcode::statx)},
    {"IORING_OP_READ", text(abi::opcode::read)},
    {"IORING_OP_WRITE", text(abi::opcode::write)},
    {"IORING_OP_FADVISE", text(abi::opcode::fadvise)},
    {"IORING_OP_MADVISE", text(abi::opcode::madvise)},
    {"IORING_OP_SEND", text(abi::opcode::send)},
    {"IORING_OP_RECV", text(abi::opcode::recv)},
    {"IORING_OP_OPENAT2", text(abi::opcode::openat2)},
    {"IORING_OP_EPOLL_CTL", text(abi::opcode::epoll_ctl)},
    {"IORING_OP_SPLICE", text(abi::opcode::splice)},
    {"IORING_OP_PROVIDE_BUFFERS", text(abi::opcode::provide_buffers)},
    {"IORING_OP_REMOVE_BUFFERS", text(abi::opcode::remove_buffers)},
    {"IORING_OP_TEE", text(abi::opcode::tee)},
    {"IORING_OP_SHUTDOWN", text(abi::opcode::shutdown)},
    {"IORING_OP_RENAMEAT", text(abi::opcode::renameat)},
    {"IORING_OP_UNLINKAT", text(abi::opcode::unlinkat)},
    {"IORING_OP_MKDIRAT", text(abi::opcode::mkdirat)},
    {"IORING_OP_SYMLINKAT", text(abi::opcode::symlinkat)},
    {"IORING_OP_LINKAT", text(abi::opcode::linkat)},
    {"IORING_OP_MSG_RING", text(abi::opcode::msg_ring)},
    {"IORING_OP_FSETXATTR", text(abi::opcode::fsetxattr)},
    {"IORING_OP_SETXATTR", text(abi::opcode::setxattr)},
    {"IORING_OP_FGETXATTR", text(abi::opcode::fgetxattr)},
    {"IORING_OP_GETXATTR", text(abi::opcode::getxattr)},
    {"IORING_OP_SOCKET", text(abi::opcode::socket)},
    {"IORING_OP_URING_CMD", text(abi::opcode::uring_cmd)},
    {"IORING_OP_SEND_ZC", text(abi::opcode::send_zc)},
    {"IORING_OP_SENDMSG_ZC", text(abi::opcode::sendmsg_zc)},
    {"IORING_OP_READ_MULTISHOT", text(abi::opcode::read_multishot)},
    {"IORING_OP_WAITID", text(abi::opcode::waitid)},
    {"IORING_OP_FUTEX_WAIT", text(abi::opcode::futex_wait)},
    {"IORING_OP_FUTEX_WAKE", text(abi::opcode::futex_wake)},
    {"IORING_OP_FUTEX_WAITV", text(abi::opcode::futex_waitv)},
    {"IORING_OP_FIXED_FD_INSTALL", text(abi::opcode::fixed_fd_install)},
    {"IORING_OP_FTRUNCATE", text(abi::opcode::ftruncate)},
    {"IORING_OP_BIND", text(abi::opcode::bind)},
    {"IORING_OP_LISTEN", text(abi::opcode::listen)},
    {"IORING_OP_RECV_ZC", text(abi::opcode::recv_zc)},
    {"IORING_OP_EPOLL_WAIT", text(abi::opcode::epoll_wait)},
    {"IORING_OP_READV_FIXED", text(abi::opcode::readv_fixed)},
    {"IORING_OP_WRITEV_FIXED", text(abi::opcode::writev_fixed)},
    {"IORING_OP_PIPE", text(abi::opcode::pipe)},
    {"IORING_OP_NOP128", text(abi::opcode::nop128)},
    {"IORING_OP_URING_CMD128", text(abi::opcode::uring_cmd128)},
    {"IORING_OP_LAST", text(abi::opcode::last)},
    {"IORING_MSG_DATA", text(abi::msg_ring_command::data)},
    {"IORING_MSG_SEND_FD", text(abi::msg_ring_command::send_fd)},
    {"IORING_REGISTER_BUFFERS", text(abi::register_op::buffers)},
    {"IORING_UNREGISTER_BUFFERS", text(abi::register_op::unregister_buffers)},
    {"IORING_REGISTER_FILES", text(abi::register_op::files)},
    {"IORING_UNREGISTER_FILES", text(abi::register_op::unregister_files)},
    {"IORING_REGISTER_EVENTFD", text(abi::register_op::eventfd)},
    {"IORING_UNREGISTER_EVENTFD", text(abi::register_op::unregister_eventfd)},
    {"IORING_REGISTER_FILES_UPDATE", text(abi::register_op::files_update)},
    {"IORING_REGISTER_EVENTFD_ASYNC", text(abi::register_op::eventfd_async)},
    {"IORING_REGISTER_PROBE", text(abi::register_op::probe)},
    {"IORING_REGISTER_PERSONALITY", text(abi::register_op::personality)},
    {"IORING_UNREGISTER_PERSONALITY", text(abi::register_op::unregister_personality)},
    {"IORING_REGISTER_RESTRICTIONS", text(abi::register_op::restrictions)},
    {"IORING_REGISTER_ENABLE_RINGS", text(abi::register_op::enable_rings)},
    {"IORING_REGISTER_FILES2", text(abi::register_op::files2)},
    {"IORING_REGISTER_FILES_UPDATE2", text(abi::register_op::files_update2)},
    {"IORING_REGISTER_BUFFERS2", text(abi::register_op::buffers2)},
    {"IORING_REGISTER_BUFFERS_UPDATE", text(abi::register_op::buffers_update)},
    {"IORING_REGISTER_IOWQ_AFF", text(abi::register_op::iowq_aff)},
    {"IORING_UNREGISTER_IOWQ_AFF", text(abi::register_op::unregister_iowq_aff)},
    {"IORING_REGISTER_IOWQ_MAX_WORKERS", text(abi::register_op::iowq_max_workers)},
    {"IORING_REGISTER_RING_FDS", text(abi::register_op::ring_fds)},
    {"IORING_UNREGISTER_RING_FDS", text(abi::register_op::unregister_ring_fds)},
    {"IORING_REGISTER_PBUF_RING", text(abi::register_op::pbuf_ring)},
    {"IORING_UNREGISTER_PBUF_RING", text(abi::register_op::unregister_pbuf_ring)},
    {"IORING_REGISTER_SYNC_CANCEL", text(abi::register_op::sync_cancel)},
    {"IORING_REGISTER_FILE_ALLOC_RANGE", text(abi::register_op::file_alloc_range)},
    {"IORING_REGISTER_PBUF_STATUS", text(abi::register_op::pbuf_status)},
    {"IORING_REGISTER_NAPI", text(abi::register_op::napi)},
    {"IORING_UNREGISTER_NAPI", text(abi::register_op::unregister_napi)},
    {"IORING_REGISTER_CLOCK", text(abi::register_op::clock)},
    {"IORING_REGISTER_CLONE_BUFFERS", text(abi::register_op::clone_buffers)},
    {"IORING_REGISTER_SEND_MSG_RING", text(abi::register_op::send_msg_ring)},
    {"IORING_REGISTER_ZCRX_IFQ", text(abi::register_op::zcrx_ifq)},
    {"IORING_REGISTER_RESIZE_RINGS", text(abi::register_op::resize_rings)},
    {"IORING_REGISTER_MEM_REGION", text(abi::register_op::mem_region)},
    {"IORING_REGISTER_QUERY", text(abi::register_op::query)},
    {"IORING_REGISTER_ZCRX_CTRL", text(abi::register_op::zcrx_ctrl)},
    {"IORING_REGISTER_BPF_FILTER", text(abi::register_op::bpf_filter)},
    {"IORING_REGISTER_LAST", text(abi::register_op::last)},
    {"IORING_REGISTER_USE_REGISTERED_RING", text(abi::register_op::use_registered_ring)},
    {"IO_WQ_BOUND", text(abi::io_wq::bound)},
    {"IO_WQ_UNBOUND", text(abi::io_wq::unbound)},
    {"IORING_MEM_REGION_TYPE_USER", text(abi::region_flag::type_user)},
    {"IORING_MEM_REGION_REG_WAIT_ARG", text(abi::mem_region_flag::reg_wait_arg)},
    {"IORING_REGISTER_SRC_REGISTERED", text(abi::clone_buffers_flag::src_registered)},
    {"IORING_REGISTER_DST_REPLACE", text(abi::clone_buffers_flag::dst_replace)},
    {"IOU_PBUF_RING_MMAP", text(abi::buf_ring_flag::mmap)},
    {"IOU_PBUF_RING_INC", text(abi::buf_ring_flag::inc)},
    {"IORING_RESTRICTION_REGISTER_OP", text(abi::restriction_op::register_op)},
    {"IORING_RESTRICTION_SQE_OP", text(abi::restriction_op::sqe_op)},
    {"IORING_RESTRICTION_SQE_FLAGS_ALLOWED", text(abi::restriction_op::sqe_flags_allowed)},
    {"IORING_RESTRICTION_SQE_FLAGS_REQUIRED", text(abi::restriction_op::sqe_flags_required)},
    {"IORING_RESTRICTION_LAST", text(abi::restriction_op::last)},
    {"IORING_REG_WAIT_TS", text(abi::reg_wait_flag::ts)},
    {"SOCKET_URING_OP_SIOCINQ", text(abi::socket_command::siocinq)},
    {"SOCKET_URING_OP_SIOCOUTQ", text(abi::socket_command::siocoutq)},
    {"SOCKET_URING_OP_GETSOCKOPT", text(abi::socket_command::getsockopt)},
    {"SOCKET_URING_OP_SETSOCKOPT", text(abi::socket_command::setsockopt)},
    {"SOCKET_URING_OP_TX_TIMESTAMP", text(abi::socket_command::tx_timestamp)},
    {"SOCKET_URING_OP_GETSOCKNAME", text(abi::socket_command::getsockname)},
    {"IORING_ZCRX_AREA_DMABUF", text(abi::zcrx_area_flag::dmabuf)},
    {"ZCRX_REG_IMPORT", text(abi::zcrx_reg_flag::import)},
    {"ZCRX_REG_NODEV", text(abi::zcrx_reg_flag::nodev)},
    {"ZCRX_FEATURE_RX_PAGE_SIZE", text(abi::zcrx_feature::rx_page_size)},
    {"ZCRX_CTRL_FLUSH_RQ", text(abi::zcrx_ctrl_op::flush_rq)},
    {"ZCRX_CTRL_EXPORT", text(abi::zcrx_ctrl_op::zc_export)},
    {"__ZCRX_CTRL_LAST", text(abi::zcrx_ctrl_op::last)},
    {"IO_URING_QUERY_OPCODES", text(abi::query_op::opcodes)},
    {"IO_URING_QUERY_ZCRX", text(abi::query_op::zcrx)},
    {"IO_URING_QUERY_SCQ", text(abi::query_op::scq)},
    {"__IO_URING_QUERY_MAX", text(abi::query_op::max)},
    {"IO_URING_BPF_FILTER_DENY_REST", text(abi::bpf_filter_flag::deny_rest)},
    {"IO_URING_BPF_FILTER_SZ_STRICT", text(abi::bpf_filter_flag::sz_strict)},
    {"IO_URING_BPF_CMD_FILTER", text(abi::bpf_command::filter)},
};

TEST(abi_constants, equal_the_table_row_by_row) {
    std::map<std::string, std::string> const known{std::begin(ours), std::end(ours)};
    auto const rows = read_table("constants.tsv");
    ASSERT_FALSE(rows.empty());
    for (auto const& row : rows) {
        ASSERT_EQ(row.size(), 3u);
        auto const found = known.find(row[1]);
        if (found == known.end()) {
            ADD_FAILURE() << row[1] << " is not declared";
        } else {
            EXPECT_EQ(found->second, row[2]) << row[1];
        }
    }
}

TEST(abi_constants, have_a_row_each_and_only_one) {
    std::map<std::string, int> seen;
    for (auto const& row : read_table("constants.tsv")) {
        ++seen[row.at(1)];
    }
    for (auto const& [name, value] : ours) {
        EXPECT_EQ(seen[name], 1) << name << " = " << value;
        seen[name] = -1; // a second declaration of the same name is found here
    }
}

} // namespace
} // namespace rondo::abi_test
