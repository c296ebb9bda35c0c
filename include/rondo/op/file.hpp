// SPDX-License-Identifier: MIT
#pragma once

// What is done to an open file, or to memory, beside reading and writing: its size, its way to the
// disk, and what the kernel should expect. Value types; any thread.

#include <rondo/abi/bits.hpp>
#include <rondo/abi/flags.hpp>
#include <rondo/op/bytes.hpp>
#include <rondo/op/operation.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/target.hpp>
#include <rondo/op/write.hpp>

#include <cstdint>
#include <limits>

namespace rondo::op {

/// fallocate(2). Linux 5.6. Value: none.
struct fallocate {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::fallocate;
    static constexpr about facts{"fallocate", "fallocate(2)", "5.6", "none"};

    fd_ref fd;
    std::uint64_t size;   ///< bytes
    std::uint64_t at = 0; ///< bytes from the file's start
    int mode = 0;         ///< FALLOC_FL_

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        s.off = at;
        s.addr = size;
        s.len = static_cast<std::uint32_t>(mode);
    }
};

/// ftruncate(2). Linux 6.9. Value: none.
struct ftruncate {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::ftruncate;
    static constexpr about facts{"ftruncate", "ftruncate(2)", "6.9", "none"};
    static constexpr bool restartable = true;

    fd_ref fd;
    std::uint64_t size; ///< the file's new one, bytes

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        s.off = size;
    }
};

/// fsync(2), fdatasync(2) with abi::fsync_flag::datasync. Linux 5.1. Value: none.
///
/// It starts when it is submitted and knows nothing of writes still in flight: put it behind them
/// in a chain, or drain.
struct fsync {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::fsync;
    static constexpr about facts{"fsync", "fsync(2)", "5.1", "none"};
    static constexpr bool restartable = true;

    fd_ref fd;
    abi::fsync_flag flags = {};
    std::uint64_t at = 0;   ///< bytes from the file's start
    std::uint32_t size = 0; ///< bytes; 0 with `at` 0: the whole file

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        s.off = at;
        s.len = size;
        s.fsync_flags = raw(flags);
    }
};

/// sync_file_range(2). Linux 5.2. Value: none. Data only: after a crash the file may not know of
/// them.
struct sync_file_range {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::sync_file_range;
    static constexpr about facts{"sync_file_range", "sync_file_range(2)", "5.2", "none"};
    static constexpr bool restartable = true;

    fd_ref fd;
    unsigned flags;         ///< SYNC_FILE_RANGE_
    std::uint64_t at = 0;   ///< bytes from the file's start
    std::uint32_t size = 0; ///< bytes; 0: to the end of the file

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        s.off = at;
        s.len = size;
        s.sync_range_flags = flags;
    }
};

/// posix_fadvise(2). Linux 5.6; a `size` of 4 GiB and more 6.11, EINVAL before. Value: none.
struct fadvise {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::fadvise;
    static constexpr about facts{"fadvise", "posix_fadvise(2)", "5.6", "none"};
    static constexpr bool restartable = true;

    fd_ref fd;
    int advice;             ///< POSIX_FADV_
    std::uint64_t at = 0;   ///< bytes from the file's start
    std::uint64_t size = 0; ///< bytes; 0: to the end of the file

    void prep(abi::sqe& s) const noexcept {
        set_target(s, fd);
        s.off = at;
        // Kernels before 6.11 know sqe.len only and refuse anything in sqe.addr.
        if (size <= std::numeric_limits<std::uint32_t>::max())
            s.len = static_cast<std::uint32_t>(size);
        else
            s.addr = size;
        s.fadvise_advice = static_cast<std::uint32_t>(advice);
    }
};

/// madvise(2). Linux 5.6; 4 GiB and more 6.11, EINVAL before. Value: none.
///
/// The range must stay mapped until the final CQE. Advice that discards contents discards what
/// other operations in flight have there.
struct madvise {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::madvise;
    static constexpr about facts{"madvise", "madvise(2)", "5.6", "none"};
    static constexpr bool restartable = true;

    mutable_bytes range; ///< starts at a page
    int advice;          ///< MADV_

    void prep(abi::sqe& s) const noexcept {
        s.fd = -1;
        s.addr = reinterpret_cast<std::uintptr_t>(range.data());
        // Kernels before 6.11 know sqe.len only and refuse anything in sqe.off.
        if (range.size() <= std::numeric_limits<std::uint32_t>::max())
            s.len = static_cast<std::uint32_t>(range.size());
        else
            s.off = range.size();
        s.fadvise_advice = static_cast<std::uint32_t>(advice);
    }
};

using file_operations =
    operations<read<>, read<iovecs>, read<registered_bytes>, read<registered_iovecs>,
               read<buffer_source>, read_stream, write<>, write<iovecs>, write<registered_bytes>,
               write<registered_iovecs>, fallocate, ftruncate, fsync, sync_file_range, fadvise,
               madvise>;

} // namespace rondo::op
