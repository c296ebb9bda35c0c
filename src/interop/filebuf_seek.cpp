// SPDX-License-Identifier: MIT
// Positions of a filebuf.
#include "filebuf_state.hpp"

#include <cstdio>

namespace rondo {

/// Where reading or writing goes on, without moving anything.
filebuf::pos_type filebuf::tell() {
    pos_type const nowhere(off_type(-1));
    state& s = *state_;
    off_type buffered = 0;
    if (s.doing == state::activity::writing) {
        // Where a file is appended to is known when it was: its end may be anywhere.
        if (s.file.appends && !write_out())
            return nowhere;
        buffered = pptr() - pbase();
    } else if (s.has_putback) {
        buffered = -((s.end - s.resumed) - (gptr() != eback() ? 1 : 0));
    } else {
        buffered = -(egptr() - gptr());
    }
    auto const there = s.file.position();
    if (!there) {
        note(there.error());
        return nowhere;
    }
    return pos_type(static_cast<off_type>(*there) + buffered);
}

filebuf::pos_type filebuf::move_to(off_type offset, int whence) {
    pos_type const nowhere(off_type(-1));
    state& s = *state_;
    if (s.doing == state::activity::writing && !end_writing())
        return nowhere;
    end_putback();
    if (whence == SEEK_CUR) {
        off_type const unread = egptr() - gptr();
        if (s.file.is_positional()) {
            whence = SEEK_SET;
            offset += static_cast<off_type>(s.file.at);
        }
        offset -= unread;
    }
    auto const there = s.file.seek(offset, whence);
    if (!there) {
        note(there.error());
        return nowhere;
    }
    s.reader.restart();
    s.doing = state::activity::none;
    setg(nullptr, nullptr, nullptr);
    return pos_type(static_cast<off_type>(*there));
}

filebuf::pos_type filebuf::seekoff(off_type offset, std::ios_base::seekdir from,
                                   std::ios_base::openmode) {
    if (!is_open())
        return pos_type(off_type(-1));
    if (from == std::ios_base::cur)
        return offset == 0 ? tell() : move_to(offset, SEEK_CUR);
    return move_to(offset, from == std::ios_base::beg ? SEEK_SET : SEEK_END);
}

filebuf::pos_type filebuf::seekpos(pos_type place, std::ios_base::openmode) {
    if (!is_open())
        return pos_type(off_type(-1));
    return move_to(off_type(place), SEEK_SET);
}

} // namespace rondo
