// SPDX-License-Identifier: MIT
#pragma once

// The register calls over the tables, and those that tell what the engine has: they take arguments
// apart as io_uring_register(2) does. Used under the ring's lock.

#include "buffer_groups.hpp"
#include "buffer_table.hpp"
#include "file_table.hpp"

#include <rondo/abi/query.hpp>
#include <rondo/abi/registration.hpp>
#include <rondo/abi/sqe.hpp>

#include <cstdint>
#include <functional>

namespace rondo::engine::emulation {

/// The answer to an operation that is someone else's affair; no errno is so small.
inline constexpr long not_mine = -(1L << 20);

/// Files, buffers and buffer groups, without clone_buffers: a value, minus an errno, or not_mine.
long register_tables(file_table& files, buffer_table& buffers, buffer_groups& groups,
                     std::uint32_t operation, void* arg, std::uint32_t nr) noexcept;

/// The argument of clone_buffers, before its source is known: 0 and `out`, or minus an errno.
/// buffer_table::clone does the rest.
long read_clone_buffers(buffer_table const& into, void const* arg, std::uint32_t nr,
                        abi::clone_buffers& out) noexcept;

/// Whether an entry of opcode files_update makes sense: 0, or why not.
std::int32_t check_files_update(abi::sqe const& entry) noexcept;
/// Opcode files_update: how many slots were changed, or minus an errno.
std::int32_t update_files(file_table& files, abi::sqe const& entry) noexcept;

/// register_op::query: `opcodes` answers the only question that is known here.
long answer_query(void* arg, std::uint32_t nr, abi::query_opcode const& opcodes) noexcept;

/// register_op::probe. The highest opcode that `has` knows is the last one.
long answer_probe(void* arg, std::uint32_t nr,
                  std::function<bool(std::uint8_t opcode)> const& has) noexcept;
/// One more than that.
std::uint32_t count_opcodes(std::function<bool(std::uint8_t opcode)> const& has) noexcept;

} // namespace rondo::engine::emulation
