// SPDX-License-Identifier: MIT

#include <rondo/abi/names.hpp>

#include <rondo/abi/enter.hpp>
#include <rondo/abi/params.hpp>
#include <rondo/abi/sqe.hpp>

#include <array>
#include <cstddef>

namespace rondo::abi {
namespace {

constexpr auto opcodes_table = std::to_array<entry>({
    {"nop", "IORING_OP_NOP", "5.1", raw(opcode::nop)},
    {"readv", "IORING_OP_READV", "5.1", raw(opcode::readv)},
    {"writev", "IORING_OP_WRITEV", "5.1", raw(opcode::writev)},
    {"fsync", "IORING_OP_FSYNC", "5.1", raw(opcode::fsync)},
    {"read_fixed", "IORING_OP_READ_FIXED", "5.1", raw(opcode::read_fixed)},
    {"write_fixed", "IORING_OP_WRITE_FIXED", "5.1", raw(opcode::write_fixed)},
    {"poll_add", "IORING_OP_POLL_ADD", "5.1", raw(opcode::poll_add)},
    {"poll_remove", "IORING_OP_POLL_REMOVE", "5.1", raw(opcode::poll_remove)},
    {"sync_file_range", "IORING_OP_SYNC_FILE_RANGE", "5.2", raw(opcode::sync_file_range)},
    {"sendmsg", "IORING_OP_SENDMSG", "5.3", raw(opcode::sendmsg)},
    {"recvmsg", "IORING_OP_RECVMSG", "5.3", raw(opcode::recvmsg)},
    {"timeout", "IORING_OP_TIMEOUT", "5.4", raw(opcode::timeout)},
    {"timeout_remove", "IORING_OP_TIMEOUT_REMOVE", "5.5", raw(opcode::timeout_remove)},
    {"accept", "IORING_OP_ACCEPT", "5.5", raw(opcode::accept)},
    {"async_cancel", "IORING_OP_ASYNC_CANCEL", "5.5", raw(opcode::async_cancel)},
    {"link_timeout", "IORING_OP_LINK_TIMEOUT", "5.5", raw(opcode::link_timeout)},
    {"connect", "IORING_OP_CONNECT", "5.5", raw(opcode::connect)},
    {"fallocate", "IORING_OP_FALLOCATE", "5.6", raw(opcode::fallocate)},
    {"openat", "IORING_OP_OPENAT", "5.6", raw(opcode::openat)},
    {"close", "IORING_OP_CLOSE", "5.6", raw(opcode::close)},
    {"files_update", "IORING_OP_FILES_UPDATE", "5.6", raw(opcode::files_update)},
    {"statx", "IORING_OP_STATX", "5.6", raw(opcode::statx)},
    {"read", "IORING_OP_READ", "5.6", raw(opcode::read)},
    {"write", "IORING_OP_WRITE", "5.6", raw(opcode::write)},
    {"fadvise", "IORING_OP_FADVISE", "5.6", raw(opcode::fadvise)},
    {"madvise", "IORING_OP_MADVISE", "5.6", raw(opcode::madvise)},
    {"send", "IORING_OP_SEND", "5.6", raw(opcode::send)},
    {"recv", "IORING_OP_RECV", "5.6", raw(opcode::recv)},
    {"openat2", "IORING_OP_OPENAT2", "5.6", raw(opcode::openat2)},
    {"epoll_ctl", "IORING_OP_EPOLL_CTL", "5.6", raw(opcode::epoll_ctl)},
    {"splice", "IORING_OP_SPLICE", "5.7", raw(opcode::splice)},
    {"provide_buffers", "IORING_OP_PROVIDE_BUFFERS", "5.7", raw(opcode::provide_buffers)},
    {"remove_buffers", "IORING_OP_REMOVE_BUFFERS", "5.7", raw(opcode::remove_buffers)},
    {"tee", "IORING_OP_TEE", "5.8", raw(opcode::tee)},
    {"shutdown", "IORING_OP_SHUTDOWN", "5.11", raw(opcode::shutdown)},
    {"renameat", "IORING_OP_RENAMEAT", "5.11", raw(opcode::renameat)},
    {"unlinkat", "IORING_OP_UNLINKAT", "5.11", raw(opcode::unlinkat)},
    {"mkdirat", "IORING_OP_MKDIRAT", "5.15", raw(opcode::mkdirat)},
    {"symlinkat", "IORING_OP_SYMLINKAT", "5.15", raw(opcode::symlinkat)},
    {"linkat", "IORING_OP_LINKAT", "5.15", raw(opcode::linkat)},
    {"msg_ring", "IORING_OP_MSG_RING", "5.18", raw(opcode::msg_ring)},
    {"fsetxattr", "IORING_OP_FSETXATTR", "5.19", raw(opcode::fsetxattr)},
    {"setxattr", "IORING_OP_SETXATTR", "5.19", raw(opcode::setxattr)},
    {"fgetxattr", "IORING_OP_FGETXATTR", "5.19", raw(opcode::fgetxattr)},
    {"getxattr", "IORING_OP_GETXATTR", "5.19", raw(opcode::getxattr)},
    {"socket", "IORING_OP_SOCKET", "5.19", raw(opcode::socket)},
    {"uring_cmd", "IORING_OP_URING_CMD", "5.19", raw(opcode::uring_cmd)},
    {"send_zc", "IORING_OP_SEND_ZC", "6.0", raw(opcode::send_zc)},
    {"sendmsg_zc", "IORING_OP_SENDMSG_ZC", "6.1", raw(opcode::sendmsg_zc)},
    {"read_multishot", "IORING_OP_READ_MULTISHOT", "6.7", raw(opcode::read_multishot)},
    {"waitid", "IORING_OP_WAITID", "6.7", raw(opcode::waitid)},
    {"futex_wait", "IORING_OP_FUTEX_WAIT", "6.7", raw(opcode::futex_wait)},
    {"futex_wake", "IORING_OP_FUTEX_WAKE", "6.7", raw(opcode::futex_wake)},
    {"futex_waitv", "IORING_OP_FUTEX_WAITV", "6.7", raw(opcode::futex_waitv)},
    {"fixed_fd_install", "IORING_OP_FIXED_FD_INSTALL", "6.8", raw(opcode::fixed_fd_install)},
    {"ftruncate", "IORING_OP_FTRUNCATE", "6.9", raw(opcode::ftruncate)},
    {"bind", "IORING_OP_BIND", "6.11", raw(opcode::bind)},
    {"listen", "IORING_OP_LISTEN", "6.11", raw(opcode::listen)},
    {"recv_zc", "IORING_OP_RECV_ZC", "6.15", raw(opcode::recv_zc)},
    {"epoll_wait", "IORING_OP_EPOLL_WAIT", "6.15", raw(opcode::epoll_wait)},
    {"readv_fixed", "IORING_OP_READV_FIXED", "6.15", raw(opcode::readv_fixed)},
    {"writev_fixed", "IORING_OP_WRITEV_FIXED", "6.15", raw(opcode::writev_fixed)},
    {"pipe", "IORING_OP_PIPE", "6.16", raw(opcode::pipe)},
    {"nop128", "IORING_OP_NOP128", "6.19", raw(opcode::nop128)},
    {"uring_cmd128", "IORING_OP_URING_CMD128", "6.19", raw(opcode::uring_cmd128)},
});

constexpr auto setup_flags_table = std::to_array<entry>({
    {"iopoll", "IORING_SETUP_IOPOLL", "5.1", raw(setup::iopoll)},
    {"sqpoll", "IORING_SETUP_SQPOLL", "5.1", raw(setup::sqpoll)},
    {"sq_aff", "IORING_SETUP_SQ_AFF", "5.1", raw(setup::sq_aff)},
    {"cqsize", "IORING_SETUP_CQSIZE", "5.5", raw(setup::cqsize)},
    {"clamp", "IORING_SETUP_CLAMP", "5.6", raw(setup::clamp)},
    {"attach_wq", "IORING_SETUP_ATTACH_WQ", "5.6", raw(setup::attach_wq)},
    {"r_disabled", "IORING_SETUP_R_DISABLED", "5.10", raw(setup::r_disabled)},
    {"submit_all", "IORING_SETUP_SUBMIT_ALL", "5.18", raw(setup::submit_all)},
    {"coop_taskrun", "IORING_SETUP_COOP_TASKRUN", "5.19", raw(setup::coop_taskrun)},
    {"taskrun_flag", "IORING_SETUP_TASKRUN_FLAG", "5.19", raw(setup::taskrun_flag)},
    {"sqe128", "IORING_SETUP_SQE128", "5.19", raw(setup::sqe128)},
    {"cqe32", "IORING_SETUP_CQE32", "5.19", raw(setup::cqe32)},
    {"single_issuer", "IORING_SETUP_SINGLE_ISSUER", "6.0", raw(setup::single_issuer)},
    {"defer_taskrun", "IORING_SETUP_DEFER_TASKRUN", "6.1", raw(setup::defer_taskrun)},
    {"no_mmap", "IORING_SETUP_NO_MMAP", "6.5", raw(setup::no_mmap)},
    {"registered_fd_only", "IORING_SETUP_REGISTERED_FD_ONLY", "6.5",
     raw(setup::registered_fd_only)},
    {"no_sqarray", "IORING_SETUP_NO_SQARRAY", "6.6", raw(setup::no_sqarray)},
    {"hybrid_iopoll", "IORING_SETUP_HYBRID_IOPOLL", "6.13", raw(setup::hybrid_iopoll)},
    {"cqe_mixed", "IORING_SETUP_CQE_MIXED", "6.18", raw(setup::cqe_mixed)},
    {"sqe_mixed", "IORING_SETUP_SQE_MIXED", "6.19", raw(setup::sqe_mixed)},
    {"sq_rewind", "IORING_SETUP_SQ_REWIND", "7.0", raw(setup::sq_rewind)},
});

constexpr auto features_table = std::to_array<entry>({
    {"single_mmap", "IORING_FEAT_SINGLE_MMAP", "5.4", raw(feature::single_mmap)},
    {"nodrop", "IORING_FEAT_NODROP", "5.5", raw(feature::nodrop)},
    {"submit_stable", "IORING_FEAT_SUBMIT_STABLE", "5.5", raw(feature::submit_stable)},
    {"rw_cur_pos", "IORING_FEAT_RW_CUR_POS", "5.6", raw(feature::rw_cur_pos)},
    {"cur_personality", "IORING_FEAT_CUR_PERSONALITY", "5.6", raw(feature::cur_personality)},
    {"fast_poll", "IORING_FEAT_FAST_POLL", "5.7", raw(feature::fast_poll)},
    {"poll_32bits", "IORING_FEAT_POLL_32BITS", "5.9", raw(feature::poll_32bits)},
    {"sqpoll_nonfixed", "IORING_FEAT_SQPOLL_NONFIXED", "5.11", raw(feature::sqpoll_nonfixed)},
    {"ext_arg", "IORING_FEAT_EXT_ARG", "5.11", raw(feature::ext_arg)},
    {"native_workers", "IORING_FEAT_NATIVE_WORKERS", "5.12", raw(feature::native_workers)},
    {"rsrc_tags", "IORING_FEAT_RSRC_TAGS", "5.13", raw(feature::rsrc_tags)},
    {"cqe_skip", "IORING_FEAT_CQE_SKIP", "5.17", raw(feature::cqe_skip)},
    {"linked_file", "IORING_FEAT_LINKED_FILE", "5.17", raw(feature::linked_file)},
    {"reg_reg_ring", "IORING_FEAT_REG_REG_RING", "6.3", raw(feature::reg_reg_ring)},
    {"recvsend_bundle", "IORING_FEAT_RECVSEND_BUNDLE", "6.10", raw(feature::recvsend_bundle)},
    {"min_timeout", "IORING_FEAT_MIN_TIMEOUT", "6.12", raw(feature::min_timeout)},
    {"rw_attr", "IORING_FEAT_RW_ATTR", "6.14", raw(feature::rw_attr)},
    {"no_iowait", "IORING_FEAT_NO_IOWAIT", "6.15", raw(feature::no_iowait)},
});

constexpr auto enter_flags_table = std::to_array<entry>({
    {"getevents", "IORING_ENTER_GETEVENTS", "5.1", raw(enter::getevents)},
    {"sq_wakeup", "IORING_ENTER_SQ_WAKEUP", "5.1", raw(enter::sq_wakeup)},
    {"sq_wait", "IORING_ENTER_SQ_WAIT", "5.10", raw(enter::sq_wait)},
    {"ext_arg", "IORING_ENTER_EXT_ARG", "5.11", raw(enter::ext_arg)},
    {"registered_ring", "IORING_ENTER_REGISTERED_RING", "5.18", raw(enter::registered_ring)},
    {"abs_timer", "IORING_ENTER_ABS_TIMER", "6.12", raw(enter::abs_timer)},
    {"ext_arg_reg", "IORING_ENTER_EXT_ARG_REG", "6.13", raw(enter::ext_arg_reg)},
    {"no_iowait", "IORING_ENTER_NO_IOWAIT", "6.15", raw(enter::no_iowait)},
});

constexpr auto sqe_flags_table = std::to_array<entry>({
    {"fixed_file", "IOSQE_FIXED_FILE", "5.1", raw(sqe_flag::fixed_file)},
    {"io_drain", "IOSQE_IO_DRAIN", "5.2", raw(sqe_flag::io_drain)},
    {"io_link", "IOSQE_IO_LINK", "5.3", raw(sqe_flag::io_link)},
    {"io_hardlink", "IOSQE_IO_HARDLINK", "5.5", raw(sqe_flag::io_hardlink)},
    {"async", "IOSQE_ASYNC", "5.6", raw(sqe_flag::async)},
    {"buffer_select", "IOSQE_BUFFER_SELECT", "5.7", raw(sqe_flag::buffer_select)},
    {"cqe_skip_success", "IOSQE_CQE_SKIP_SUCCESS", "5.17", raw(sqe_flag::cqe_skip_success)},
});

constexpr auto register_ops_table = std::to_array<entry>({
    {"buffers", "IORING_REGISTER_BUFFERS", "5.1", raw(register_op::buffers)},
    {"unregister_buffers", "IORING_UNREGISTER_BUFFERS", "5.1",
     raw(register_op::unregister_buffers)},
    {"files", "IORING_REGISTER_FILES", "5.1", raw(register_op::files)},
    {"unregister_files", "IORING_UNREGISTER_FILES", "5.1", raw(register_op::unregister_files)},
    {"eventfd", "IORING_REGISTER_EVENTFD", "5.2", raw(register_op::eventfd)},
    {"unregister_eventfd", "IORING_UNREGISTER_EVENTFD", "5.2",
     raw(register_op::unregister_eventfd)},
    {"files_update", "IORING_REGISTER_FILES_UPDATE", "5.5", raw(register_op::files_update)},
    {"eventfd_async", "IORING_REGISTER_EVENTFD_ASYNC", "5.6", raw(register_op::eventfd_async)},
    {"probe", "IORING_REGISTER_PROBE", "5.6", raw(register_op::probe)},
    {"personality", "IORING_REGISTER_PERSONALITY", "5.6", raw(register_op::personality)},
    {"unregister_personality", "IORING_UNREGISTER_PERSONALITY", "5.6",
     raw(register_op::unregister_personality)},
    {"restrictions", "IORING_REGISTER_RESTRICTIONS", "5.10", raw(register_op::restrictions)},
    {"enable_rings", "IORING_REGISTER_ENABLE_RINGS", "5.10", raw(register_op::enable_rings)},
    {"files2", "IORING_REGISTER_FILES2", "5.13", raw(register_op::files2)},
    {"files_update2", "IORING_REGISTER_FILES_UPDATE2", "5.13", raw(register_op::files_update2)},
    {"buffers2", "IORING_REGISTER_BUFFERS2", "5.13", raw(register_op::buffers2)},
    {"buffers_update", "IORING_REGISTER_BUFFERS_UPDATE", "5.13", raw(register_op::buffers_update)},
    {"iowq_aff", "IORING_REGISTER_IOWQ_AFF", "5.14", raw(register_op::iowq_aff)},
    {"unregister_iowq_aff", "IORING_UNREGISTER_IOWQ_AFF", "5.14",
     raw(register_op::unregister_iowq_aff)},
    {"iowq_max_workers", "IORING_REGISTER_IOWQ_MAX_WORKERS", "5.15",
     raw(register_op::iowq_max_workers)},
    {"ring_fds", "IORING_REGISTER_RING_FDS", "5.18", raw(register_op::ring_fds)},
    {"unregister_ring_fds", "IORING_UNREGISTER_RING_FDS", "5.18",
     raw(register_op::unregister_ring_fds)},
    {"pbuf_ring", "IORING_REGISTER_PBUF_RING", "5.19", raw(register_op::pbuf_ring)},
    {"unregister_pbuf_ring", "IORING_UNREGISTER_PBUF_RING", "5.19",
     raw(register_op::unregister_pbuf_ring)},
    {"sync_cancel", "IORING_REGISTER_SYNC_CANCEL", "6.0", raw(register_op::sync_cancel)},
    {"file_alloc_range", "IORING_REGISTER_FILE_ALLOC_RANGE", "6.0",
     raw(register_op::file_alloc_range)},
    {"pbuf_status", "IORING_REGISTER_PBUF_STATUS", "6.8", raw(register_op::pbuf_status)},
    {"napi", "IORING_REGISTER_NAPI", "6.9", raw(register_op::napi)},
    {"unregister_napi", "IORING_UNREGISTER_NAPI", "6.9", raw(register_op::unregister_napi)},
    {"clock", "IORING_REGISTER_CLOCK", "6.12", raw(register_op::clock)},
    {"clone_buffers", "IORING_REGISTER_CLONE_BUFFERS", "6.12", raw(register_op::clone_buffers)},
    {"send_msg_ring", "IORING_REGISTER_SEND_MSG_RING", "6.13", raw(register_op::send_msg_ring)},
    {"zcrx_ifq", "IORING_REGISTER_ZCRX_IFQ", "6.15", raw(register_op::zcrx_ifq)},
    {"resize_rings", "IORING_REGISTER_RESIZE_RINGS", "6.13", raw(register_op::resize_rings)},
    {"mem_region", "IORING_REGISTER_MEM_REGION", "6.13", raw(register_op::mem_region)},
    {"query", "IORING_REGISTER_QUERY", "6.18", raw(register_op::query)},
    {"zcrx_ctrl", "IORING_REGISTER_ZCRX_CTRL", "6.19", raw(register_op::zcrx_ctrl)},
    {"bpf_filter", "IORING_REGISTER_BPF_FILTER", "7.0", raw(register_op::bpf_filter)},
});

// name_of() and the callers index these tables by value.
template <std::size_t Count>
consteval bool is_indexed_by_value(std::array<entry, Count> const& table) {
    for (std::size_t i = 0; i < Count; ++i) {
        if (table[i].value != i) {
            return false;
        }
    }
    return true;
}
static_assert(opcodes_table.size() == raw(opcode::last) && is_indexed_by_value(opcodes_table));
static_assert(register_ops_table.size() == raw(register_op::last));
static_assert(is_indexed_by_value(register_ops_table));

std::string_view name_at(std::span<entry const> table, std::size_t index) noexcept {
    return index < table.size() ? table[index].name : std::string_view{"unknown"};
}

} // namespace

std::span<entry const> opcodes() noexcept { return opcodes_table; }

std::span<entry const> setup_flags() noexcept { return setup_flags_table; }

std::span<entry const> features() noexcept { return features_table; }

std::span<entry const> enter_flags() noexcept { return enter_flags_table; }

std::span<entry const> sqe_flags() noexcept { return sqe_flags_table; }

std::span<entry const> register_ops() noexcept { return register_ops_table; }

std::string_view name_of(opcode op) noexcept { return name_at(opcodes_table, raw(op)); }

std::string_view name_of(register_op op) noexcept {
    return name_at(register_ops_table, raw(op) & ~raw(register_op::use_registered_ring));
}

} // namespace rondo::abi
