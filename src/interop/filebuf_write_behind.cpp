// SPDX-License-Identifier: MIT
#include "filebuf_write_behind.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <new>
#include <utility>

namespace rondo {
namespace {

/// Failures that say something of the ring, or of the moment: a plain call may do better.
bool is_of_the_ring(error const& e) noexcept {
    return e == ECANCELED || e == ESHUTDOWN || e == ESTALE || e == EAGAIN || e == ENOMEM ||
           e == EINTR;
}

} // namespace

void write_behind::use(char* memory, std::size_t size) noexcept {
    is_lent_ = true;
    lent_ = {memory, size};
}

bool write_behind::make_room(slot& s, std::size_t size) noexcept {
    if (s.capacity < size) {
        s.memory.reset(new (std::nothrow) char[size]);
        s.capacity = s.memory ? size : 0;
    }
    return s.memory != nullptr;
}

std::span<char> write_behind::area() {
    if (is_lent_)
        return lent_;
    if (!make_room(area_, block_))
        throw std::bad_alloc();
    return {area_.memory.get(), block_};
}

/// Writes what is in the area, and moves what is left after a failure to its beginning.
result<> write_behind::write_area(filebuf_file& file, char* data, std::size_t& filled) noexcept {
    std::size_t written = 0;
    result<> const done = file.write({data, filled}, written);
    filled -= written;
    if (filled != 0 && written != 0)
        std::memmove(data, data + written, filled);
    return done;
}

/// Whether the next full block goes to the ring.
bool write_behind::hands_off(filebuf_file const& file) noexcept {
    if (file.own != nullptr)
        return true;
    if (slow_ < slow_streak)
        return false;
    if (++handed_ <= patience)
        return true;
    handed_ = 0;
    slow_ = slow_streak - 1; // another slow one will do
    return false;
}

/// Hands the full area to the ring and swaps the two; false: nothing has happened.
bool write_behind::submit(filebuf_file& file, std::size_t filled) noexcept {
    ring_ = file.ring();
    if (ring_ == nullptr || !make_room(behind_, full_block))
        return false;
    auto const writing =
        ring_->submit(op::write{.fd = file.fd,
                                .from = const_bytes(area_.memory.get(), filled),
                                .at = file.appends ? op::current_position : file.at});
    if (!writing)
        return false;
    writing_ = *writing;
    in_flight_ = true;
    std::swap(area_, behind_);
    behind_.size = filled;
    behind_.written = 0;
    behind_.at = file.at;
    if (!file.appends)
        file.at += filled;
    return true;
}

/// Waits for the block behind and writes what the ring left of it. Afterwards it is written, or
/// the failure is reported and the rest of it is there to be tried again.
result<> write_behind::settle(filebuf_file& file) noexcept {
    if (in_flight_) {
        auto const put = ring_->wait(writing_);
        in_flight_ = false;
        if (put)
            behind_.written += *put;
        else if (put.error() == ECHILD)
            behind_.size = 0; // it is the parent process that writes it
        else if (!is_of_the_ring(put.error()))
            return fail(put.error());
    }
    if (behind_.size == 0)
        return {};
    if (behind_.written < behind_.size) {
        std::size_t written = 0;
        result<> const done =
            file.write_at({behind_.memory.get() + behind_.written, behind_.size - behind_.written},
                          behind_.at + behind_.written, written);
        behind_.written += written;
        if (!done)
            return done;
    }
    behind_.size = 0;
    return file.appends ? file.follow_append() : result<>();
}

result<> write_behind::give(filebuf_file& file, std::size_t& filled) noexcept {
    if (result<> const done = settle(file); !done || filled == 0)
        return done;
    if (is_lent_)
        return write_area(file, lent_.data(), filled);
    bool const full = filled == full_block && file.is_positional();
    if (full && hands_off(file) && submit(file, filled)) {
        filled = 0;
        return {};
    }
    auto const begin = std::chrono::steady_clock::now();
    result<> const done = write_area(file, area_.memory.get(), filled);
    if (full)
        slow_ = std::chrono::steady_clock::now() - begin > std::chrono::nanoseconds(slow_ns)
                    ? slow_ + 1
                    : 0;
    if (done)
        block_ = std::min(4 * block_, full_block);
    return done;
}

result<> write_behind::finish(filebuf_file& file, std::size_t& filled) noexcept {
    if (result<> const done = settle(file); !done || filled == 0)
        return done;
    return write_area(file, is_lent_ ? lent_.data() : area_.memory.get(), filled);
}

bool write_behind::is_direct(std::size_t size) const noexcept {
    return size >= (is_lent_ ? lent_.size() : full_block);
}

result<> write_behind::write_directly(filebuf_file& file, const_bytes from, std::size_t& filled,
                                      std::size_t& written) noexcept {
    written = 0;
    if (result<> const done = finish(file, filled); !done)
        return done;
    return file.write(from, written);
}

void write_behind::drop() noexcept {
    if (std::exchange(in_flight_, false))
        static_cast<void>(ring_->wait(writing_));
    behind_.size = 0;
}

void write_behind::end() noexcept {
    drop();
    area_ = {};
    behind_ = {};
    block_ = least_block;
    slow_ = handed_ = 0;
}

} // namespace rondo
