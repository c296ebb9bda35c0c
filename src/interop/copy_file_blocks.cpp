// SPDX-License-Identifier: MIT
#include "copy_file_blocks.hpp"

#include <algorithm>
#include <cerrno>
#include <new>

namespace rondo {

block_copier::~block_copier() {
    // What these say is of no use any more, but the memory is the kernel's until they say it.
    for (block& b : blocks_)
        if (b.now == step::reading)
            static_cast<void>(ring_->cancel(b.reading));
        else if (b.now == step::writing)
            static_cast<void>(ring_->cancel(b.writing));
    for (block& b : blocks_)
        if (b.now == step::reading)
            static_cast<void>(ring_->wait(b.reading));
        else if (b.now == step::writing)
            static_cast<void>(ring_->wait(b.writing));
}

/// Submits what is left of a block's step; idle when that fails.
result<> block_copier::submit(block& b) noexcept {
    std::byte* const rest = b.memory.get() + b.finished;
    std::size_t const size = b.size - b.finished;
    std::uint64_t const at = b.at + b.finished;
    step const what = std::exchange(b.now, step::idle);
    if (what == step::reading) {
        auto const t = ring_->submit(op::read<>{.fd = from_, .into = {rest, size}, .at = at});
        if (!t)
            return fail(t.error());
        b.reading = *t;
    } else {
        auto const t = ring_->submit(op::write<>{.fd = to_, .from = {rest, size}, .at = at});
        if (!t)
            return fail(t.error());
        b.writing = *t;
    }
    b.now = what;
    return {};
}

result<> block_copier::start(block& b, std::uint64_t at, std::size_t size) noexcept {
    if (b.memory == nullptr)
        b.memory.reset(new (std::nothrow) std::byte[block_size]);
    if (b.memory == nullptr)
        return fail(ENOMEM, attempt::allocate);
    b.at = at;
    b.size = size;
    b.finished = 0;
    b.now = step::reading;
    return submit(b);
}

/// Waits for what a block has in flight, and submits what comes next.
result<> block_copier::go_on(block& b) noexcept {
    step const what = std::exchange(b.now, step::idle);
    auto const moved = what == step::reading ? ring_->wait(b.reading) : ring_->wait(b.writing);
    if (!moved)
        return fail(moved.error());
    if (*moved == 0 && what == step::writing) // a device that takes nothing would be asked for ever
        return fail(EIO, attempt::write);
    b.finished += *moved;
    if (*moved == 0) { // the source has become shorter meanwhile
        b.size = b.finished;
        source_end_ = std::min(source_end_, b.at + b.size);
    }
    if (b.finished == b.size) {
        if (what == step::writing || b.size == 0)
            return {};
        b.finished = 0;
        b.now = step::writing;
    } else {
        b.now = what;
    }
    return submit(b);
}

result<std::uint64_t> block_copier::copy(std::uint64_t begin, std::uint64_t end) noexcept {
    source_end_ = end;
    std::uint64_t next = begin;
    // Round and round: the one that was submitted first is waited for first, while the others go
    // on. A round in which all were idle was the last.
    for (bool busy = true; busy;) {
        busy = false;
        for (std::size_t i = 0; i < depth_; ++i) {
            block& b = blocks_[i];
            if (b.now != step::idle)
                if (result<> const done = go_on(b); !done)
                    return fail(done.error());
            if (b.now == step::idle && next < source_end_) {
                std::size_t const size =
                    static_cast<std::size_t>(std::min<std::uint64_t>(end - next, block_size));
                if (result<> const begun = start(b, next, size); !begun)
                    return fail(begun.error());
                next += size;
            }
            busy = busy || b.now != step::idle;
        }
    }
    return source_end_;
}

} // namespace rondo
