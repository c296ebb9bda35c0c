// SPDX-License-Identifier: MIT
#include "plan.hpp"

#include <rondo/abi/names.hpp>

namespace rondo {
namespace {

using abi::setup;

/// What else a flag needs to be accepted at all.
setup companions_of(setup flag) noexcept {
    switch (flag) {
    case setup::sq_aff: return setup::sqpoll;
    case setup::taskrun_flag: return setup::coop_taskrun;
    case setup::defer_taskrun: return setup::single_issuer;
    case setup::registered_fd_only: return setup::no_mmap;
    case setup::hybrid_iopoll: return setup::iopoll;
    case setup::sq_rewind: return setup::no_sqarray;
    default: return {};
    }
}

bool accepts(engine::backend& who, setup flag, int other_ring, mapping const& memory) noexcept {
    abi::params p{};
    setup const all = flag | companions_of(flag);
    p.flags = raw(all);
    p.sq_thread_idle = 1;
    if (flag == setup::cqsize)
        p.cq_entries = 8;
    if (flag == setup::attach_wq)
        p.wq_fd = static_cast<std::uint32_t>(other_ring);
    if (any(all & setup::no_mmap)) {
        auto const address = reinterpret_cast<std::uintptr_t>(memory.data());
        p.cq_off.user_addr = address;
        p.sq_off.user_addr = address + page_size();
    }
    long const fd = who.setup(4, p);
    if (fd < 0)
        return false;
    if (flag == setup::registered_fd_only) {
        // Not a descriptor but an index of the thread's table: taking it out closes the ring.
        abi::rsrc_update entry{static_cast<std::uint32_t>(fd), 0, 0};
        std::uint32_t const operation =
            raw(abi::register_op::unregister_ring_fds) | raw(abi::register_op::use_registered_ring);
        static_cast<void>(who.register_(static_cast<int>(fd), operation, &entry, 1));
    } else {
        who.close(static_cast<int>(fd));
    }
    return true;
}

} // namespace

setup setup_flags_by_trial(engine::backend& who) noexcept {
    setup out{};
    result<mapping> const memory = mapping::anonymous(2 * page_size());
    abi::params p{};
    long const other = who.setup(1, p);
    if (!memory || other < 0)
        return out;
    for (abi::entry const& flag : abi::setup_flags()) {
        auto const bit = static_cast<setup>(flag.value);
        if (accepts(who, bit, static_cast<int>(other), *memory))
            out |= bit;
    }
    who.close(static_cast<int>(other));
    return out;
}

} // namespace rondo
