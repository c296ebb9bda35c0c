// SPDX-License-Identifier: MIT
#pragma once

// The two ends of a pipe(7), two objects over the same bytes. A write of up to PIPE_BUF bytes is
// whole or -EAGAIN; the writing end is ready when one such write fits. One thread.

#include "byte_queue.hpp"
#include "object.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace rondo::engine::simulation {

class pipe_end;

/// What both ends share.
struct pipe_bytes {
    byte_queue queue;
    std::size_t capacity = 64 * 1024; ///< in bytes
    pipe_end* reader = nullptr;       ///< null: closed
    pipe_end* writer = nullptr;       ///< null: closed

    [[nodiscard]] std::size_t room() const noexcept {
        return capacity > queue.size() ? capacity - queue.size() : 0;
    }
    /// True when less than a page is left, which is what Linux counts in.
    [[nodiscard]] bool is_full() const noexcept;
    /// Forgets bytes that were read, and wakes the writer if that made room.
    void drop(std::size_t count) noexcept;
    /// After bytes were added.
    void added() noexcept;
};

/// See the top of this file.
class pipe_end final : public object {
public:
    pipe_end(world& w, std::shared_ptr<pipe_bytes> shared, bool reads) noexcept;
    ~pipe_end() override;

    [[nodiscard]] char const* kind() const noexcept override { return "pipe"; }
    [[nodiscard]] ::mode_t type() const noexcept override { return S_IFIFO; }
    [[nodiscard]] std::uint32_t ready(open_file const& via) const noexcept override;
    long read(open_file& via, parts into, std::int64_t at, int rwf) noexcept override;
    long write(open_file& via, parts from, std::int64_t at, int rwf) noexcept override;
    [[nodiscard]] long readable_bytes() const noexcept override;
    void opened(open_file const& via) noexcept override;
    void closed(open_file const& via) noexcept override;

    [[nodiscard]] pipe_bytes& bytes() noexcept { return *shared_; }
    [[nodiscard]] bool reads() const noexcept { return reads_; }

private:
    void leave() noexcept;

    world& world_;
    std::shared_ptr<pipe_bytes> shared_;
    bool reads_;
    int open_ = 0; // descriptions
};

/// A new pipe: the reading and the writing end. Throws std::bad_alloc.
[[nodiscard]] std::pair<std::shared_ptr<object>, std::shared_ptr<object>> make_pipe(world& w);

/// fcntl(2) F_GETPIPE_SZ and F_SETPIPE_SZ, in bytes: the capacity, or -EBADF for what is no pipe;
/// -EBUSY when more bytes are in it.
[[nodiscard]] long pipe_capacity(open_file& of) noexcept;
[[nodiscard]] long set_pipe_capacity(open_file& of, long bytes) noexcept;

} // namespace rondo::engine::simulation
