// SPDX-License-Identifier: MIT
// Every struct of the kernel interface against tests/data/structs.tsv, both ways.

#include "abi_table.hpp"

#include <rondo/abi/bpf.hpp>
#include <rondo/abi/buffer_ring.hpp>
#include <rondo/abi/cqe.hpp>
#include <rondo/abi/enter.hpp>
#include <rondo/abi/params.hpp>
#include <rondo/abi/probe.hpp>
#include <rondo/abi/query.hpp>
#include <rondo/abi/region.hpp>
#include <rondo/abi/registration.hpp>
#include <rondo/abi/restriction.hpp>
#include <rondo/abi/socket.hpp>
#include <rondo/abi/sqe.hpp>
#include <rondo/abi/timespec.hpp>
#include <rondo/abi/zcrx.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace rondo::abi_test {
namespace {

struct field {
    std::string name; // ours: the kernel's without leading underscores
    std::size_t struct_size;
    std::size_t offset;
    std::size_t size; // 0: a flexible array, of which only the place is compared
    std::size_t align;
};

struct structure {
    std::string kernel_name;
    std::vector<field> fields;
};

// What every struct must be, so that it can be copied to the kernel and back, byte for byte.
template <class T>
concept plain =
    std::is_trivially_copyable_v<T> && std::is_standard_layout_v<T> && std::is_aggregate_v<T>;

// `{}` zeroes the first member of a union and need not touch a byte beyond it. So the first must be
// as wide as the union; and it alone may be read in a constant expression.
static_assert(abi::sqe{}.off == 0 && abi::sqe{}.addr == 0 && abi::sqe{}.rw_flags == 0);
static_assert(abi::sqe{}.buf_index == 0 && abi::sqe{}.splice_fd_in == 0);
static_assert(abi::sqe{}.addr3 == 0 && abi::sqe{}.pad2 == 0);
static_assert(abi::restriction{}.register_op == 0);
static_assert(abi::zcrx_ctrl{}.zc_export.zcrx_fd == 0 && abi::zcrx_ctrl{}.zc_export.resv1[10] == 0);
static_assert(abi::bpf_ctx{}.open.flags == 0 && abi::bpf_ctx{}.open.resolve == 0);

std::size_t offset_of_entries() {
    abi::buf_ring ring{};
    auto const* const entry = reinterpret_cast<char const*>(abi::entries(&ring));
    return static_cast<std::size_t>(entry - reinterpret_cast<char const*>(&ring));
}

// What RONDO_STRUCT says of one field; the inner names of `a.b` are reached through an object.
#define RONDO_FIELD(type, name)                                                                    \
    field{#name, sizeof(type), offsetof(type, name), sizeof(std::declval<type&>().name),           \
          alignof(type)},

// RONDO_EACH(type, a, b, ...) is RONDO_FIELD(type, a) RONDO_FIELD(type, b) ..., up to 256 of them.
#define RONDO_OPEN ()
#define RONDO_FOUR(...) RONDO_TWO(RONDO_TWO(RONDO_TWO(RONDO_TWO(__VA_ARGS__))))
#define RONDO_TWO(...) RONDO_ONE(RONDO_ONE(RONDO_ONE(RONDO_ONE(__VA_ARGS__))))
#define RONDO_ONE(...) RONDO_SCAN(RONDO_SCAN(RONDO_SCAN(RONDO_SCAN(__VA_ARGS__))))
#define RONDO_SCAN(...) __VA_ARGS__
#define RONDO_EACH(...) RONDO_FOUR(RONDO_NEXT(__VA_ARGS__))
#define RONDO_NEXT(type, name, ...)                                                                \
    RONDO_FIELD(type, name) __VA_OPT__(RONDO_AGAIN RONDO_OPEN(type, __VA_ARGS__))
#define RONDO_AGAIN() RONDO_NEXT

#define RONDO_STRUCT(kernel_name, ours, ...)                                                       \
    static_assert(plain<abi::ours>);                                                               \
    structure const ours##_struct = {#kernel_name, {RONDO_EACH(abi::ours, __VA_ARGS__)}};

// clang-format off
RONDO_STRUCT(io_uring_sqe, sqe, opcode, flags, ioprio, fd, off, addr2, cmd_op, pad1, addr,
             splice_off_in, level, optname, len, rw_flags, fsync_flags, poll_events, poll32_events,
             sync_range_flags, msg_flags, timeout_flags, accept_flags, cancel_flags, open_flags,
             statx_flags, fadvise_advice, splice_flags, rename_flags, unlink_flags, hardlink_flags,
             xattr_flags, msg_ring_flags, uring_cmd_flags, waitid_flags, futex_flags,
             install_fd_flags, nop_flags, pipe_flags, user_data, buf_index, buf_group, personality,
             splice_fd_in, file_index, zcrx_ifq_idx, optlen, addr_len, pad3, addr3, pad2, attr_ptr,
             attr_type_mask, optval, cmd)
RONDO_STRUCT(io_uring_attr_pi, attr_pi, flags, app_tag, len, addr, seed, rsvd)
RONDO_STRUCT(io_uring_cqe, cqe, user_data, res, flags)
RONDO_STRUCT(io_sqring_offsets, sq_ring_offsets, head, tail, ring_mask, ring_entries, flags,
             dropped, array, resv1, user_addr)
RONDO_STRUCT(io_cqring_offsets, cq_ring_offsets, head, tail, ring_mask, ring_entries, overflow,
             cqes, flags, resv1, user_addr)
RONDO_STRUCT(io_uring_params, params, sq_entries, cq_entries, flags, sq_thread_cpu, sq_thread_idle,
             features, wq_fd, resv, sq_off, sq_off.head, sq_off.tail, sq_off.ring_mask,
             sq_off.ring_entries, sq_off.flags, sq_off.dropped, sq_off.array, sq_off.resv1,
             sq_off.user_addr, cq_off, cq_off.head, cq_off.tail, cq_off.ring_mask,
             cq_off.ring_entries, cq_off.overflow, cq_off.cqes, cq_off.flags, cq_off.resv1,
             cq_off.user_addr)
RONDO_STRUCT(io_uring_files_update, files_update, offset, resv, fds)
RONDO_STRUCT(io_uring_region_desc, region_desc, user_addr, size, flags, id, mmap_offset, resv)
RONDO_STRUCT(io_uring_mem_region_reg, mem_region_reg, region_uptr, flags, resv)
RONDO_STRUCT(io_uring_rsrc_register, rsrc_register, nr, flags, resv2, data, tags)
RONDO_STRUCT(io_uring_rsrc_update, rsrc_update, offset, resv, data)
RONDO_STRUCT(io_uring_rsrc_update2, rsrc_update2, offset, resv, data, tags, nr, resv2)
RONDO_STRUCT(io_uring_probe_op, probe_op, op, resv, flags, resv2)
RONDO_STRUCT(io_uring_probe, probe, last_op, ops_len, resv, resv2)
RONDO_STRUCT(io_uring_restriction, restriction, opcode, register_op, sqe_op, sqe_flags, resv, resv2)
RONDO_STRUCT(io_uring_task_restriction, task_restriction, flags, nr_res, resv)
RONDO_STRUCT(io_uring_clock_register, clock_register, clockid, resv)
RONDO_STRUCT(io_uring_clone_buffers, clone_buffers, src_fd, flags, src_off, dst_off, nr, pad)
RONDO_STRUCT(io_uring_buf, buf, addr, len, bid, resv)
RONDO_STRUCT(io_uring_buf_ring, buf_ring, resv1, resv2, resv3, tail)
RONDO_STRUCT(io_uring_buf_reg, buf_reg, ring_addr, ring_entries, bgid, flags, min_left, resv)
RONDO_STRUCT(io_uring_buf_status, buf_status, buf_group, head, resv)
RONDO_STRUCT(io_uring_napi, napi, busy_poll_to, prefer_busy_poll, pad, resv)
RONDO_STRUCT(io_uring_reg_wait, reg_wait, ts, ts.tv_sec, ts.tv_nsec, min_wait_usec, flags, sigmask,
             sigmask_sz, pad, pad2)
RONDO_STRUCT(io_uring_getevents_arg, getevents_arg, sigmask, sigmask_sz, min_wait_usec, ts)
RONDO_STRUCT(io_uring_sync_cancel_reg, sync_cancel_reg, addr, fd, flags, timeout, timeout.tv_sec,
             timeout.tv_nsec, opcode, pad, pad2)
RONDO_STRUCT(io_uring_file_index_range, file_index_range, off, len, resv)
RONDO_STRUCT(io_uring_recvmsg_out, recvmsg_out, namelen, controllen, payloadlen, flags)
RONDO_STRUCT(io_timespec, timespec, tv_sec, tv_nsec)
RONDO_STRUCT(io_uring_zcrx_rqe, zcrx_rqe, off, len, pad)
RONDO_STRUCT(io_uring_zcrx_cqe, zcrx_cqe, off, pad)
RONDO_STRUCT(io_uring_zcrx_offsets, zcrx_offsets, head, tail, rqes, resv2, resv)
RONDO_STRUCT(io_uring_zcrx_area_reg, zcrx_area_reg, addr, len, rq_area_token, flags, dmabuf_fd,
             resv2)
RONDO_STRUCT(io_uring_zcrx_ifq_reg, zcrx_ifq_reg, if_idx, if_rxq, rq_entries, flags, area_ptr,
             region_ptr, offsets, offsets.head, offsets.tail, offsets.rqes, offsets.resv2,
             offsets.resv, zcrx_id, rx_buf_len, resv)
RONDO_STRUCT(zcrx_ctrl_flush_rq, zcrx_ctrl_flush_rq, resv)
RONDO_STRUCT(zcrx_ctrl_export, zcrx_ctrl_export, zcrx_fd, resv1)
RONDO_STRUCT(zcrx_ctrl, zcrx_ctrl, zcrx_id, op, resv, zc_export, zc_export.zcrx_fd, zc_export.resv1,
             zc_flush, zc_flush.resv)
RONDO_STRUCT(io_uring_query_hdr, query_hdr, next_entry, query_data, query_op, size, result, resv)
RONDO_STRUCT(io_uring_query_opcode, query_opcode, nr_request_opcodes, nr_register_opcodes,
             feature_flags, ring_setup_flags, enter_flags, sqe_flags, nr_query_opcodes, pad)
RONDO_STRUCT(io_uring_query_zcrx, query_zcrx, register_flags, area_flags, nr_ctrl_opcodes, features,
             rq_hdr_size, rq_hdr_alignment, resv2)
RONDO_STRUCT(io_uring_query_scq, query_scq, hdr_size, hdr_alignment)
RONDO_STRUCT(io_uring_bpf_ctx, bpf_ctx, user_data, opcode, sqe_flags, pdu_size, pad, socket,
             socket.family, socket.type, socket.protocol, open, open.flags, open.mode, open.resolve)
RONDO_STRUCT(io_uring_bpf_filter, bpf_filter, opcode, flags, filter_len, pdu_size, resv, filter_ptr,
             resv2)
RONDO_STRUCT(io_uring_bpf, bpf, cmd_type, cmd_flags, resv, filter, filter.opcode, filter.flags,
             filter.filter_len, filter.pdu_size, filter.resv, filter.filter_ptr, filter.resv2)
// clang-format on

// The kernel's flexible arrays have no size; where the first element lies is compared.
structure const arrays_struct[] = {
    {"io_uring_cqe",

     {{"big_cqe", sizeof(abi::cqe), offsetof(abi::cqe32, extra), 0, alignof(abi::cqe)}}},
    {"io_uring_probe",

     {{"ops", sizeof(abi::probe), offsetof(abi::probe_table, ops), 0, alignof(abi::probe)}}},
    {"io_uring_task_restriction",

     {{"restrictions", sizeof(abi::task_restriction),
       offsetof(abi::task_restriction_table<1>, restrictions), 0, alignof(abi::task_restriction)}}},
    {"io_uring_buf_ring",

     {{"bufs", sizeof(abi::buf_ring), offset_of_entries(), 0, alignof(abi::buf_ring)}}},
};

structure const all[] = {sqe_struct,
                         attr_pi_struct,
                         cqe_struct,
                         sq_ring_offsets_struct,
                         cq_ring_offsets_struct,
                         params_struct,
                         files_update_struct,
                         region_desc_struct,
                         mem_region_reg_struct,
                         rsrc_register_struct,
                         rsrc_update_struct,
                         rsrc_update2_struct,
                         probe_op_struct,
                         probe_struct,
                         restriction_struct,
                         task_restriction_struct,
                         clock_register_struct,
                         clone_buffers_struct,
                         buf_struct,
                         buf_ring_struct,
                         buf_reg_struct,
                         buf_status_struct,
                         napi_struct,
                         reg_wait_struct,
                         getevents_arg_struct,
                         sync_cancel_reg_struct,
                         file_index_range_struct,
                         recvmsg_out_struct,
                         timespec_struct,
                         zcrx_rqe_struct,
                         zcrx_cqe_struct,
                         zcrx_offsets_struct,
                         zcrx_area_reg_struct,
                         zcrx_ifq_reg_struct,
                         zcrx_ctrl_flush_rq_struct,
                         zcrx_ctrl_export_struct,
                         zcrx_ctrl_struct,
                         query_hdr_struct,
                         query_opcode_struct,
                         query_zcrx_struct,
                         query_scq_struct,
                         bpf_ctx_struct,
                         bpf_filter_struct,
                         bpf_struct,
                         arrays_struct[0],
                         arrays_struct[1],
                         arrays_struct[2],
                         arrays_struct[3]};

// The kernel's spelling of a field, or of a field of a field, to ours.
std::string without_underscores(std::string const& kernel_name) {
    std::string name;
    for (std::size_t i = 0; i < kernel_name.size(); ++i) {
        bool const starts = i == 0 || kernel_name[i - 1] == '.';
        if (starts && kernel_name.compare(i, 2, "__") == 0) {
            ++i;
        } else {
            name += kernel_name[i];
        }
    }
    return name;
}

TEST(abi_layout, equals_the_table_row_by_row) {
    std::map<std::string, field> ours;
    for (auto const& structure : all) {
        for (auto const& field : structure.fields) {
            ours.emplace(structure.kernel_name + "." + field.name, field);
        }
    }
    auto const rows = read_table("structs.tsv");
    ASSERT_FALSE(rows.empty());
    for (auto const& row : rows) {
        ASSERT_EQ(row.size(), 6u);
        auto const name = row[0] + "." + without_underscores(row[2]);
        auto const found = ours.find(name);
        if (found == ours.end()) {
            ADD_FAILURE() << name << " is not declared";
            continue;
        }
        EXPECT_EQ(std::to_string(found->second.struct_size), row[1]) << "size around " << name;
        EXPECT_EQ(std::to_string(found->second.offset), row[3]) << "offset of " << name;
        EXPECT_EQ(std::to_string(found->second.align), row[5]) << "alignment around " << name;
        if (row[4] != "0") {
            EXPECT_EQ(std::to_string(found->second.size), row[4]) << "size of " << name;
        }
    }
}

TEST(abi_layout, has_a_row_for_each_field_and_only_one) {
    std::map<std::string, int> seen;
    for (auto const& row : read_table("structs.tsv")) {
        ++seen[row.at(0) + "." + without_underscores(row.at(2))];
    }
    for (auto const& structure : all) {
        for (auto const& field : structure.fields) {
            auto const name = structure.kernel_name + "." + field.name;
            EXPECT_EQ(seen[name], 1) << name;
            seen[name] = -1; // a second entry of the same name is found here
        }
    }
}

TEST(abi_layout, of_the_wide_entries_puts_the_extra_bytes_behind_the_plain_ones) {
    EXPECT_EQ(sizeof(abi::sqe128), 128u);
    EXPECT_EQ(offsetof(abi::sqe128, cmd), sizeof(abi::sqe));
    EXPECT_EQ(offsetof(abi::sqe, cmd) + sizeof(std::declval<abi::sqe&>().cmd), sizeof(abi::sqe));
    EXPECT_EQ(sizeof(abi::cqe32), 32u);
    EXPECT_EQ(sizeof(abi::probe_table), sizeof(abi::probe) + 256 * sizeof(abi::probe_op));
}

} // namespace
} // namespace rondo::abi_test
