// SPDX-License-Identifier: MIT
#pragma once

// What a kernel says of itself when it is asked without a ring; `features` is made of these
// answers. Any thread.

#include <rondo/abi/query.hpp>
#include <rondo/abi/registration.hpp>
#include <rondo/core/result.hpp>
#include <rondo/engine/kernel.hpp>
#include <rondo/ring/features.hpp>

namespace rondo {

/// Counts of opcodes, and masks of the flags that are accepted. EINVAL with cause::missing_feature:
/// this kernel cannot be asked. Linux 6.18
result<abi::query_opcode> query_opcodes(engine::backend& who = engine::kernel_backend()) noexcept;

/// What zero-copy receive can do here. EOPNOTSUPP with cause::missing_feature: the kernel does not
/// know this question, or was built without an answer. Linux 6.19
result<abi::query_zcrx> query_zcrx(engine::backend& who = engine::kernel_backend()) noexcept;

/// What the head of the queues needs in the caller's memory. Errors as query_zcrx. Linux 6.19
result<abi::query_scq> query_scq(engine::backend& who = engine::kernel_backend()) noexcept;

/// Whether a register operation is there: by query, else by naming a ring that cannot exist, which
/// tells only what is missing. Never does anything.
[[nodiscard]] support query_registration(abi::register_op operation,
                                         engine::backend& who = engine::kernel_backend()) noexcept;

} // namespace rondo
