// SPDX-License-Identifier: MIT
#pragma once

// The flags that the engine knows, as it checks them and as register_op::query tells them.
// Constants only: any thread.

#include <rondo/abi/enter.hpp>
#include <rondo/abi/params.hpp>
#include <rondo/abi/sqe.hpp>

namespace rondo::engine::emulation {

inline constexpr auto known_setup =
    abi::setup::cqsize | abi::setup::clamp | abi::setup::attach_wq | abi::setup::r_disabled |
    abi::setup::submit_all | abi::setup::coop_taskrun | abi::setup::taskrun_flag |
    abi::setup::sqe128 | abi::setup::cqe32 | abi::setup::single_issuer | abi::setup::defer_taskrun |
    abi::setup::no_mmap | abi::setup::no_sqarray;

inline constexpr auto known_features =
    abi::feature::single_mmap | abi::feature::nodrop | abi::feature::submit_stable |
    abi::feature::rw_cur_pos | abi::feature::fast_poll | abi::feature::poll_32bits |
    abi::feature::ext_arg | abi::feature::rsrc_tags | abi::feature::cqe_skip |
    abi::feature::linked_file | abi::feature::recvsend_bundle | abi::feature::min_timeout |
    abi::feature::no_iowait;

inline constexpr auto known_enter = abi::enter::getevents | abi::enter::ext_arg |
                                    abi::enter::abs_timer | abi::enter::ext_arg_reg |
                                    abi::enter::no_iowait;
/// Not told of, since they are about a poller, which there is none of; but as with the kernel's
/// rings without one they are no error and do nothing.
inline constexpr auto idle_enter = abi::enter::sq_wakeup | abi::enter::sq_wait;

inline constexpr auto known_sqe = abi::sqe_flag::fixed_file | abi::sqe_flag::io_drain |
                                  abi::sqe_flag::io_link | abi::sqe_flag::io_hardlink |
                                  abi::sqe_flag::async | abi::sqe_flag::buffer_select |
                                  abi::sqe_flag::cqe_skip_success;

} // namespace rondo::engine::emulation
