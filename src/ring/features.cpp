// SPDX-License-Identifier: MIT
#include <rondo/ring/features.hpp>

#include "plan.hpp"

#include <rondo/abi/names.hpp>
#include <rondo/abi/probe.hpp>
#include <rondo/abi/query.hpp>
#include <rondo/engine/kernel.hpp>

#include <cerrno>

namespace rondo {

void features::query(engine::backend& who) noexcept {
    abi::query_opcode answer{};
    abi::query_hdr header{};
    header.query_data = reinterpret_cast<std::uintptr_t>(&answer);
    header.query_op = static_cast<std::uint32_t>(abi::query_op::opcodes);
    header.size = sizeof answer;
    if (who.register_(-1, raw(abi::register_op::query), &header, 0) < 0 || header.result != 0)
        return;
    learned_by = source::query;
    known_setup = static_cast<abi::setup>(answer.ring_setup_flags);
    kernel = static_cast<abi::feature>(answer.feature_flags);
    enter = static_cast<abi::enter>(answer.enter_flags);
    sqe_flags = static_cast<abi::sqe_flag>(answer.sqe_flags);
    register_ops = answer.nr_register_opcodes;
}

void features::probe(engine::backend& who, int fd, std::uint32_t operation_bits) noexcept {
    abi::probe_table table{};
    std::uint32_t const operation = raw(abi::register_op::probe) | operation_bits;
    if (who.register_(fd, operation, &table, 256) < 0)
        return;
    if (learned_by == source::trial)
        learned_by = source::probe;
    opcode_count = static_cast<std::uint8_t>(table.head.last_op + 1);
    for (std::uint32_t i = 0; i < table.head.ops_len; ++i)
        if ((table.ops[i].flags & raw(abi::probe_op_flag::supported)) != 0)
            opcodes[i / 64] |= std::uint64_t{1} << (i % 64);
}

void features::infer_from_setup() noexcept {
    if (learned_by == source::query)
        return;
    using abi::enter;
    using abi::feature;
    // Each flag came with, or before, the feature or opcode that it is read off here.
    auto const when = [](bool known, auto flag) { return known ? flag : decltype(flag){}; };
    this->enter = enter::getevents | enter::sq_wakeup |
                  when(has_feature(feature::ext_arg), enter::sq_wait | enter::ext_arg) |
                  when(supports(abi::opcode::msg_ring), enter::registered_ring) |
                  when(has_feature(feature::min_timeout), enter::abs_timer) |
                  when(has_feature(feature::rw_attr), enter::ext_arg_reg) |
                  when(has_feature(feature::no_iowait), enter::no_iowait);
    sqe_flags = abi::sqe_flag::fixed_file | abi::sqe_flag::io_drain | abi::sqe_flag::io_link |
                when(has_feature(feature::nodrop), abi::sqe_flag::io_hardlink) |
                when(has_feature(feature::rw_cur_pos), abi::sqe_flag::async) |
                when(has_feature(feature::fast_poll), abi::sqe_flag::buffer_select) |
                when(has_feature(feature::cqe_skip), abi::sqe_flag::cqe_skip_success);
}

result<features> features::ask(engine::backend& who) noexcept {
    features out;
    out.engine = engine::kind_of(who);
    out.query(who);
    abi::params p{};
    long const fd = who.setup(1, p);
    if (fd < 0)
        return fail(who.is_kernel() ? engine::explain_setup(static_cast<int>(-fd), 1, p, {})
                                    : error(static_cast<int>(-fd), attempt::setup));
    out.kernel = static_cast<abi::feature>(p.features);
    out.sq_entries = p.sq_entries;
    out.cq_entries = p.cq_entries;
    out.probe(who, static_cast<int>(fd), 0);
    out.infer_from_setup();
    if (!any(out.known_setup))
        out.known_setup = setup_flags_by_trial(who);
    who.close(static_cast<int>(fd));
    return out;
}

} // namespace rondo
