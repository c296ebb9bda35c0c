// SPDX-License-Identifier: MIT
// The get and put areas of a filebuf: filling, emptying, putting back, and transfers past them.
#include "filebuf_state.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace rondo {

bool filebuf::can_read() const noexcept {
    return is_open() && (state_->mode & std::ios_base::in) != 0;
}

bool filebuf::can_write() const noexcept {
    return is_open() && (state_->mode & (std::ios_base::out | std::ios_base::app)) != 0;
}

/// Goes back to the real get area, behind the character that was put back if it was read again.
void filebuf::end_putback() noexcept {
    state& s = *state_;
    if (!s.has_putback)
        return;
    s.has_putback = false;
    setg(s.begin, s.resumed + (gptr() != eback() ? 1 : 0), s.end);
}

/// Makes the file ready for reading; false when what was to be written before could not be.
bool filebuf::begin_reading() {
    state& s = *state_;
    if (s.doing == state::activity::writing && !end_writing())
        return false;
    if (s.converts)
        fail_to_read(error(ENOTSUP, attempt::read));
    end_putback();
    return true;
}

filebuf::int_type filebuf::underflow() {
    if (!can_read() || !begin_reading())
        return traits_type::eof();
    if (gptr() < egptr())
        return traits_type::to_int_type(*gptr());
    state& s = *state_;
    auto const [size, tail] =
        s.reader.next(s.file, egptr(), static_cast<std::size_t>(egptr() - eback()));
    s.doing = state::activity::reading;
    char* const data = s.reader.data();
    setg(data - tail, data, data + size.value_or(0));
    if (!size)
        fail_to_read(size.error());
    return *size != 0 ? traits_type::to_int_type(*data) : traits_type::eof();
}

std::streamsize filebuf::xsgetn(char* to, std::streamsize size) {
    if (!can_read() || size <= 0)
        return 0;
    auto const wanted = static_cast<std::size_t>(size);
    std::size_t got = 0;
    while (got < wanted) {
        if (gptr() < egptr()) {
            auto const n = std::min(static_cast<std::size_t>(egptr() - gptr()), wanted - got);
            std::memcpy(to + got, gptr(), n);
            setg(eback(), gptr() + n, egptr());
            got += n;
            continue;
        }
        if (!begin_reading())
            break;
        if (gptr() < egptr())
            continue; // behind a character that was put back
        if (state_->reader.is_direct(wanted - got)) {
            std::size_t const n = read_directly(to + got, wanted - got);
            if (n != 0) {
                got += n;
                continue;
            }
            if (!state_->reader.is_ahead())
                break;
        }
        if (traits_type::eq_int_type(underflow(), traits_type::eof()))
            break;
    }
    return static_cast<std::streamsize>(got);
}

/// Reads past the empty get area. 0: the file has ended, or the reader is ahead now.
std::size_t filebuf::read_directly(char* to, std::size_t size) {
    state& s = *state_;
    auto const got = s.reader.read_directly(s.file, {to, size});
    if (!got && !s.reader.is_ahead())
        fail_to_read(got.error());
    std::size_t const n = got.value_or(0);
    if (n != 0) {
        std::size_t const tail = s.reader.keep(to + n, n);
        s.doing = state::activity::reading;
        char* const data = s.reader.data();
        setg(data - tail, data, data);
    }
    return n;
}

filebuf::int_type filebuf::pbackfail(int_type c) {
    if (!can_read())
        return traits_type::eof();
    state& s = *state_;
    if (s.doing == state::activity::writing && !end_writing())
        return traits_type::eof();
    bool const any = traits_type::eq_int_type(c, traits_type::eof());
    if (eback() < gptr())
        gbump(-1);
    else if (s.has_putback || move_to(-1, SEEK_CUR) == pos_type(off_type(-1)) ||
             traits_type::eq_int_type(underflow(), traits_type::eof()))
        return traits_type::eof();
    if (any)
        return traits_type::not_eof(c);
    if (traits_type::eq_int_type(c, traits_type::to_int_type(*gptr())))
        return c;
    if (s.has_putback) { // there is room for one
        gbump(1);
        return traits_type::eof();
    }
    s.has_putback = true;
    s.putback = traits_type::to_char_type(c);
    s.begin = eback();
    s.resumed = gptr();
    s.end = egptr();
    setg(&s.putback, &s.putback, &s.putback + 1);
    return c;
}

std::streamsize filebuf::showmanyc() {
    if (!can_read())
        return -1;
    return (egptr() - gptr()) + static_cast<std::streamsize>(state_->file.ready());
}

/// Makes the put area ready, where the reading has come to.
bool filebuf::begin_writing() {
    state& s = *state_;
    if (s.doing == state::activity::writing)
        return true;
    if (s.converts)
        return note(error(ENOTSUP, attempt::write));
    end_putback();
    auto const area = s.writer.area();
    if (s.doing == state::activity::reading) {
        auto const unread = static_cast<std::size_t>(egptr() - gptr());
        if (result<> const back = s.file.step_back(unread); !back)
            return note(back.error());
        s.reader.restart();
        setg(nullptr, nullptr, nullptr);
    }
    s.doing = state::activity::writing;
    setp(area.data(), area.data() + area.size());
    return true;
}

/// Writes everything. The put area is left with what could not be written.
bool filebuf::write_out() {
    state& s = *state_;
    auto filled = static_cast<std::size_t>(pptr() - pbase());
    result<> const done = s.writer.finish(s.file, filled);
    setp(pbase(), epptr());
    pbump(static_cast<int>(filled));
    return done ? true : note(done.error());
}

bool filebuf::end_writing() {
    if (!write_out())
        return false;
    state_->doing = state::activity::none;
    setp(nullptr, nullptr);
    return true;
}

filebuf::int_type filebuf::overflow(int_type c) {
    if (!can_write() || !begin_writing())
        return traits_type::eof();
    state& s = *state_;
    bool const any = traits_type::eq_int_type(c, traits_type::eof());
    if (any || pptr() == epptr()) {
        auto filled = static_cast<std::size_t>(pptr() - pbase());
        if (result<> const done = s.writer.give(s.file, filled); !done) {
            setp(pbase(), epptr());
            pbump(static_cast<int>(filled));
            note(done.error());
            return traits_type::eof();
        }
        s.doing = state::activity::none; // there may be no memory for the next area
        setp(nullptr, nullptr);
        if (!begin_writing())
            return traits_type::eof();
    }
    if (any)
        return traits_type::not_eof(c);
    char const one = traits_type::to_char_type(c);
    if (pptr() == epptr()) { // unbuffered
        std::size_t written = 0;
        if (result<> const done = s.file.write({&one, 1}, written); !done) {
            note(done.error());
            return traits_type::eof();
        }
        return c;
    }
    *pptr() = one;
    pbump(1);
    return c;
}

std::streamsize filebuf::xsputn(char const* from, std::streamsize size) {
    if (!can_write() || size <= 0 || !begin_writing())
        return 0;
    state& s = *state_;
    auto const wanted = static_cast<std::size_t>(size);
    std::size_t put = 0;
    while (put < wanted) {
        std::size_t const rest = wanted - put;
        if (rest > static_cast<std::size_t>(epptr() - pptr()) && s.writer.is_direct(rest)) {
            auto filled = static_cast<std::size_t>(pptr() - pbase());
            std::size_t written = 0;
            result<> const done =
                s.writer.write_directly(s.file, {from + put, rest}, filled, written);
            setp(pbase(), epptr());
            pbump(static_cast<int>(filled));
            if (!done)
                note(done.error());
            return static_cast<std::streamsize>(put + written);
        }
        if (pptr() == epptr() &&
            traits_type::eq_int_type(overflow(traits_type::eof()), traits_type::eof()))
            break;
        auto const n = std::min(static_cast<std::size_t>(epptr() - pptr()), rest);
        std::memcpy(pptr(), from + put, n);
        pbump(static_cast<int>(n));
        put += n;
    }
    return static_cast<std::streamsize>(put);
}

int filebuf::sync() {
    if (!is_open() || state_->doing != state::activity::writing)
        return 0;
    return write_out() ? 0 : -1;
}

} // namespace rondo
