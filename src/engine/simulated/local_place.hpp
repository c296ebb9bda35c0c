// SPDX-License-Identifier: MIT
#pragma once

// Where a unix(7) socket is bound: its name in the table of names. One thread.

#include "network.hpp"
#include "socket.hpp"

#include <cerrno>

namespace rondo::engine::simulation {

/// See the top of this file. A connection has its listener's name, but not in the table.
class local_place {
public:
    /// Of `who`, whose name is `local`.
    local_place(socket& who, name_table& names, socket_address& local) noexcept
        : who_(who), names_(names), local_(local) {}
    local_place(local_place const&) = delete;
    local_place& operator=(local_place const&) = delete;
    ~local_place() { leave(); }

    /// bind(2): 0, or why it cannot. Throws std::bad_alloc.
    long bind(socket_address const& to) {
        if (to.family != AF_UNIX)
            return -EINVAL;
        if (!local_.path.empty())
            return to.any_name ? 0 : -EINVAL;
        socket_address wanted = to;
        if (long const no = names_.claim(who_, wanted); no < 0)
            return no;
        local_ = wanted;
        is_taken_ = true;
        return 0;
    }
    void leave() noexcept {
        if (is_taken_)
            names_.release(who_, local_);
        is_taken_ = false;
    }

private:
    socket& who_;
    name_table& names_;
    socket_address& local_;
    bool is_taken_ = false;
};

} // namespace rondo::engine::simulation
