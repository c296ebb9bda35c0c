// SPDX-License-Identifier: MIT
// Opening, closing and owning; the areas are in filebuf_areas.cpp, positions in filebuf_seek.cpp.
#include "filebuf_modes.hpp"
#include "filebuf_state.hpp"

#include <rondo/core/error_code.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

namespace rondo {
namespace {

bool converts_bytes(std::locale const& locale) {
    return !std::use_facet<std::codecvt<char, char, std::mbstate_t>>(locale).always_noconv();
}

} // namespace

filebuf::filebuf() noexcept = default;

filebuf::filebuf(shared_ring& on) noexcept : ring_(&on) {}

filebuf::filebuf(filebuf&& other) noexcept
    : std::streambuf(other), ring_(other.ring_), state_(std::move(other.state_)) {
    other.forget_areas();
}

filebuf& filebuf::operator=(filebuf&& other) noexcept {
    if (this != &other) {
        close();
        std::streambuf::operator=(other);
        ring_ = other.ring_;
        state_ = std::move(other.state_);
        other.forget_areas();
    }
    return *this;
}

filebuf::~filebuf() { close(); }

void filebuf::swap(filebuf& other) noexcept {
    std::streambuf::swap(other);
    std::swap(ring_, other.ring_);
    std::swap(state_, other.state_);
}

filebuf::state& filebuf::made_state() {
    if (!state_)
        state_ = std::make_unique<state>();
    return *state_;
}

filebuf* filebuf::open(char const* path, std::ios_base::openmode mode) {
    state& s = made_state();
    if (s.file.fd)
        return nullptr;
    auto const flags = flags_of(mode);
    if (!flags) {
        note(error(EINVAL, attempt::open));
        return nullptr;
    }
    s.converts = converts_bytes(getloc());
    s.file.own = ring_;
    if (result<> const opened = s.file.open(path, *flags); !opened) {
        note(opened.error());
        return nullptr;
    }
    if ((mode & std::ios_base::ate) != 0) {
        if (auto const there = s.file.seek(0, SEEK_END); !there) {
            note(there.error());
            s.file.fd.reset();
            return nullptr;
        }
    }
    s.mode = mode;
    s.failure = {};
    return this;
}

bool filebuf::is_open() const noexcept { return state_ && state_->file.fd; }

filebuf* filebuf::close() {
    if (!is_open())
        return nullptr;
    state& s = *state_;
    bool good = true;
    if (s.doing == state::activity::writing)
        good = write_out();
    s.reader.end();
    s.writer.end();
    if (result<> const closed = s.file.close(); !closed)
        good = note(closed.error());
    s.mode = {};
    s.doing = state::activity::none;
    s.has_putback = false;
    forget_areas();
    return good ? this : nullptr;
}

error filebuf::failure() const noexcept { return state_ ? state_->failure : error(); }

std::streambuf* filebuf::setbuf(char* memory, std::streamsize size) {
    if (is_open())
        return this;
    if (memory == nullptr && size == 0) {
        state& s = made_state();
        s.reader.use(&s.single, 1);
        s.writer.use(nullptr, 0);
    } else if (memory != nullptr && size > 0) {
        // pbump() and gbump() count in int.
        auto const usable =
            static_cast<std::size_t>(std::min<std::streamsize>(size, std::streamsize{1} << 30));
        state& s = made_state();
        s.reader.use(memory, usable);
        s.writer.use(memory, usable);
    }
    return this;
}

void filebuf::imbue(std::locale const& locale) {
    if (state_)
        state_->converts = converts_bytes(locale);
}

/// Keeps a failure for failure(); false, for what returns whether all went well.
bool filebuf::note(error const& e) noexcept {
    state_->failure = e;
    return false;
}

void filebuf::fail_to_read(error const& e) {
    note(e);
    throw std::ios_base::failure("rondo::filebuf: reading failed", to_error_code(e));
}

void filebuf::forget_areas() noexcept {
    setg(nullptr, nullptr, nullptr);
    setp(nullptr, nullptr);
}

} // namespace rondo
