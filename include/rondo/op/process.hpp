// SPDX-License-Identifier: MIT
#pragma once

// Waiting for child processes. Value types; any thread.

#include <rondo/op/operation.hpp>

#include <signal.h>
#include <sys/wait.h>

#include <cstdint>

namespace rondo::op {

/// waitid(2). Linux 6.7. Value: none; `*into` says which child changed its state, and how.
///
/// `*into` must live until the final CQE. With WNOHANG and nothing to report its si_pid is 0. The
/// children are those of the process that submits. ECHILD when there is none to wait for.
struct waitid {
    using value_type = void;
    static constexpr abi::opcode code = abi::opcode::waitid;
    static constexpr about facts{"waitid", "waitid(2)", "6.7", "none"};
    static constexpr bool restartable = true;

    ::idtype_t which;            ///< P_PID, P_PIDFD, P_PGID or P_ALL
    ::id_t id;                   ///< what `which` says it is; ignored with P_ALL
    ::siginfo_t* into = nullptr; ///< may be null
    int options = WEXITED;       ///< WEXITED, WSTOPPED, WCONTINUED, WNOHANG, WNOWAIT

    void prep(abi::sqe& s) const noexcept {
        s.fd = static_cast<std::int32_t>(id);
        s.len = static_cast<std::uint32_t>(which);
        s.addr2 = reinterpret_cast<std::uintptr_t>(into);
        s.file_index = static_cast<std::uint32_t>(options);
    }
    template <class Visit>
    void memory(Visit&& visit) const {
        if (into != nullptr)
            visit(static_cast<void const*>(into), sizeof *into, access::writes);
    }
};

using process_operations = operations<waitid>;

} // namespace rondo::op
