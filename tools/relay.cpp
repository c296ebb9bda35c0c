// SPDX-License-Identifier: MIT
#include "relay.hpp"

#include "plain_io.hpp"
#include "read_ahead.hpp"

#include <rondo/op/splice.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <limits>

namespace rondo::tools {
namespace {

using side = relay::outcome::side;

/// What one splice moves at most, and how much a pipe is made to hold for it: the limit for users
/// without privileges (/proc/sys/fs/pipe-max-size).
constexpr int pipe_size = 1 << 20;

constexpr std::size_t most_at_once = std::numeric_limits<::ssize_t>::max() / 2;

} // namespace

/// Made when first needed; null when it cannot be.
ring* relay::get_ring() noexcept {
    if (!ring_ && !refusal_) {
        // Waiting for a slow reader of the output is no waiting for I/O. Where the kernel's rings
        // may not be used, plain calls do as well as an emulated one.
        if (auto made = ring::create(
                {.entries = 2 * read_ahead::depth, .iowait = false, .engine = engine::kernel}))
            ring_.emplace(std::move(*made));
        else
            refusal_ = made.error();
    }
    return ring_ ? &*ring_ : nullptr;
}

bool relay::has_memory() noexcept {
    if (memory_)
        return true;
    auto pages = mapping::anonymous(read_ahead::memory_size);
    if (pages)
        memory_ = std::move(*pages);
    return pages.has_value();
}

/// Registers the memory with the ring, which makes reads cheaper, if that is allowed and the input
/// is long enough to pay for it.
bool relay::pin_memory(ring& on, ::off_t size) noexcept {
    if (!pinned_ && size >= ::off_t{read_ahead::memory_size}) {
        ::iovec const all{memory_.data(), read_ahead::memory_size};
        if (auto table = buffers::create(on, iovecs(&all, 1)))
            pinned_.emplace(std::move(*table));
    }
    return pinned_.has_value();
}

/// The file system may share the blocks, or copy without this process.
void relay::copy_between_files(int input) noexcept {
    while (::copy_file_range(input, nullptr, output_, nullptr, most_at_once, 0) > 0) {
    }
}

/// Pages go into the pipe by reference. True when the input is known to be at its end, which
/// asking again, at a fifo with a new writer, would deny.
bool relay::splice_into_pipe(ring& on, int input, ::off_t size) noexcept {
    if (!pipe_is_wide_ && size > pipe_size / 4) {
        // A pipe that may not grow works as it is.
        static_cast<void>(::fcntl(output_, F_SETPIPE_SZ, pipe_size));
        pipe_is_wide_ = true;
    }
    for (;;) {
        auto const moved = on.run(op::splice{.from = input, .to = output_, .size = pipe_size});
        if (!moved || *moved == 0)
            return moved.has_value();
    }
}

relay::outcome relay::read_in_flight(ring& on, int input) noexcept {
    ::off_t const from = ::lseek(input, 0, SEEK_CUR);
    ::off_t const to = ::lseek(input, 0, SEEK_END);
    if (from < 0 || to < 0)
        return {};
    outcome end;
    ::off_t done = from;
    if (from < to) {
        bool const pinned = pin_memory(on, to - from);
        read_ahead reads(on, {memory_.data(), pinned}, input, static_cast<std::uint64_t>(from),
                         static_cast<std::uint64_t>(to));
        for (const_bytes part = reads.next(); part.size() != 0; part = reads.next()) {
            if (result<> const written = write_all(output_, part); !written) {
                end = {side::output, written.error()};
                break;
            }
            done += static_cast<::off_t>(part.size());
        }
        if (!reads.finish()) {
            pinned_.reset();
            ring_.reset(); // waits until the kernel has let go of the memory
            refusal_ = error(EIO, attempt::enter);
        }
    }
    ::lseek(input, done, SEEK_SET);
    return end;
}

relay::outcome relay::read_and_write(int input) noexcept {
    mutable_bytes const buffer(memory_.data(), read_ahead::block_size);
    for (;;) {
        auto const got = read_some(input, buffer);
        if (!got)
            return {side::input, got.error()};
        if (*got == 0)
            return {};
        if (result<> const written = write_all(output_, {memory_.data(), *got}); !written)
            return {side::output, written.error()};
    }
}

relay::outcome relay::run(int input, struct ::stat const& about_input) noexcept {
    bool const regular = S_ISREG(about_input.st_mode);
    // What claims to be empty may be one of /proc, made while it is read.
    bool const sized = (regular && about_input.st_size > 0) || S_ISBLK(about_input.st_mode);
    if (!has_memory())
        return {side::input, error(ENOMEM, attempt::allocate)};
    if (sized)
        static_cast<void>(::posix_fadvise(input, 0, 0, POSIX_FADV_SEQUENTIAL));
    if (sized && regular && S_ISREG(about_output_.st_mode)) {
        copy_between_files(input);
        if (::lseek(input, 0, SEEK_CUR) >= about_input.st_size)
            return read_and_write(input); // what was added meanwhile
    }
    bool const from_fifo = S_ISFIFO(about_input.st_mode);
    if (ring* const on = sized || from_fifo ? get_ring() : nullptr) {
        auto const size = S_ISBLK(about_input.st_mode) ? pipe_size : about_input.st_size;
        if (S_ISFIFO(about_output_.st_mode) && splice_into_pipe(*on, input, size) && from_fifo)
            return {};
        if (sized)
            if (outcome const end = read_in_flight(*on, input); end.failed != side::none)
                return end;
    }
    return read_and_write(input);
}

} // namespace rondo::tools
