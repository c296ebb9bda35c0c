// SPDX-License-Identifier: MIT
#include "filebuf_read_ahead.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

namespace rondo {

void read_ahead::use(char* memory, std::size_t size) noexcept {
    lent_ = memory;
    lent_size_ = size;
}

char* read_ahead::data() noexcept {
    if (lent_ != nullptr)
        return lent_;
    slot const& s = slots_[current_];
    return s.memory ? s.data() : nullptr;
}

std::size_t read_ahead::block_size() const noexcept {
    return static_cast<std::size_t>(std::clamp<std::uint64_t>(2 * run_, least_block, full_block));
}

bool read_ahead::make_room(slot& s, std::size_t size) noexcept {
    if (s.capacity < size) {
        s.memory.reset(new (std::nothrow) char[kept + size]);
        s.capacity = s.memory ? size : 0;
    }
    return s.memory != nullptr;
}

read_ahead::answer read_ahead::next(filebuf_file& file, char const* end, std::size_t tail) {
    if (lent_ != nullptr)
        return {file.read({lent_, lent_size_}), 0};
    if (in_flight_ != 0)
        return next_in_flight(file, end, tail);
    std::size_t const size = block_size();
    tail = keep(end, tail);
    slot const& s = slots_[current_];
    bool const asks = size == full_block && file.is_positional();
    if (asks && file.own != nullptr) {
        if (start(file))
            return next_in_flight(file, s.data(), tail);
    } else if (asks && file.tells_cached) {
        auto const got = file.read_cached({s.data(), size});
        if (got || got.error() != EAGAIN) {
            run_ += got.value_or(0);
            return {got, tail};
        }
        if (start(file))
            return next_in_flight(file, s.data(), tail);
    }
    auto const got = file.read({s.data(), size});
    run_ += got.value_or(0);
    return {got, tail};
}

std::size_t read_ahead::keep(char const* end, std::size_t tail) {
    if (lent_ != nullptr)
        return 0;
    tail = std::min(tail, kept);
    char bytes[kept]; // `end` may be in the memory that make_room gives back
    if (tail != 0)
        std::memcpy(bytes, end - tail, tail);
    slot& s = slots_[current_];
    if (!make_room(s, block_size()))
        throw std::bad_alloc();
    if (tail != 0)
        std::memcpy(s.data() - tail, bytes, tail);
    return tail;
}

bool read_ahead::start(filebuf_file& file) noexcept {
    ring_ = file.ring();
    end_ = file.size();
    ahead_ = file.at;
    streak_ = 0;
    if (ring_ == nullptr || end_ <= file.at || end_ - file.at <= full_block)
        return false; // nothing behind the next block
    while (in_flight_ < depth) {
        std::size_t const before = in_flight_;
        submit_next(file);
        if (in_flight_ == before)
            break;
    }
    return in_flight_ != 0;
}

void read_ahead::submit_next(filebuf_file& file) noexcept {
    if (ahead_ >= end_)
        return;
    slot& s = ahead_of_current(in_flight_ + 1);
    if (!make_room(s, full_block))
        return;
    auto const reading = ring_->submit(
        op::read{.fd = file.fd, .into = mutable_bytes(s.data(), full_block), .at = ahead_});
    if (!reading)
        return; // there are plain calls when nothing is in flight
    s.reading = *reading;
    ahead_ += full_block;
    ++in_flight_;
    streak_ = ring_->poll(s.reading) ? streak_ + 1 : 0;
}

read_ahead::answer read_ahead::next_in_flight(filebuf_file& file, char const* end,
                                              std::size_t tail) noexcept {
    slot& s = ahead_of_current(1);
    auto got = ring_->wait(s.reading);
    --in_flight_;
    tail = std::min(tail, kept);
    if (tail != 0)
        std::memcpy(s.data() - tail, end - tail, tail);
    current_ = (current_ + 1) % slots_.size();
    if (!got) {
        // A stopped ring, a child of fork, a real error: a plain call knows better than this.
        drop();
        got = file.read({s.data(), full_block});
    } else {
        file.at += *got;
    }
    run_ += got.value_or(0);
    if (got.value_or(0) < full_block)
        drop(); // the blocks behind a short one are not the next
    else if (file.own != nullptr || streak_ < cached_streak)
        submit_next(file);
    return {got, tail};
}

bool read_ahead::is_direct(std::size_t size) const noexcept {
    return in_flight_ == 0 && size >= (lent_ != nullptr ? lent_size_ : direct);
}

result<std::size_t> read_ahead::read_directly(filebuf_file& file, mutable_bytes into) noexcept {
    result<std::size_t> got = 0u;
    if (lent_ == nullptr && unasked_ < full_block) {
        got = file.read({into.data(), std::min(into.size(), full_block)});
        unasked_ += got.value_or(0);
    } else if (lent_ != nullptr || !file.is_positional() || !file.tells_cached) {
        got = file.read(into);
    } else {
        unasked_ = 0;
        got = file.own != nullptr ? result<std::size_t>(fail(EAGAIN, attempt::read))
                                  : file.read_cached(into);
        if (!got && got.error() == EAGAIN) {
            if (start(file))
                return got;
            got = file.read(into);
        }
    }
    run_ += got.value_or(0);
    return got;
}

void read_ahead::drop() noexcept {
    for (; in_flight_ != 0; --in_flight_)
        static_cast<void>(ring_->wait(ahead_of_current(in_flight_).reading));
}

void read_ahead::restart() noexcept {
    drop();
    run_ = 0;
    unasked_ = 0;
}

void read_ahead::end() noexcept {
    restart();
    for (slot& s : slots_)
        s = {};
}

} // namespace rondo
