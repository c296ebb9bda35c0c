// SPDX-License-Identifier: MIT
#pragma once

// relay moves everything from one open file after another to one output, each by the fastest way
// that the two allow: copy_file_range(2) between regular files, splice(2) through the ring into a
// pipe, reads in flight through the ring, and in the end plain reads and writes. A way that fails
// leaves the rest, and finding out why, to the next one, which starts where it stopped: at the
// input's own offset. One thread.

#include <rondo/core/mapping.hpp>
#include <rondo/core/result.hpp>
#include <rondo/ring/buffers.hpp>
#include <rondo/ring/ring.hpp>

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace rondo::tools {

/// See the top of this file.
class relay {
public:
    /// How a run ended, and what the side that failed said.
    struct outcome {
        enum class side : std::uint8_t { none, input, output } failed = side::none;
        error why{};
    };

    /// The output is borrowed.
    relay(int output, struct ::stat const& about_output) noexcept
        : output_(output), about_output_(about_output) {}

    /// Moves all that is left of `input` and leaves its offset at its end.
    outcome run(int input, struct ::stat const& about_input) noexcept;

    /// Why io_uring is not used; nothing while it is, or was not needed.
    [[nodiscard]] std::optional<error> const& refusal() const noexcept { return refusal_; }

private:
    void copy_between_files(int input) noexcept;
    bool splice_into_pipe(ring& on, int input, ::off_t size) noexcept;
    outcome read_in_flight(ring& on, int input) noexcept;
    outcome read_and_write(int input) noexcept;
    ring* get_ring() noexcept;
    bool has_memory() noexcept;
    bool pin_memory(ring& on, ::off_t size) noexcept;

    int output_;
    struct ::stat about_output_;
    mapping memory_; // outlives the ring, whose reads write to it
    std::optional<ring> ring_;
    std::optional<buffers> pinned_;
    std::optional<error> refusal_;
    bool pipe_is_wide_ = false;
};

} // namespace rondo::tools
