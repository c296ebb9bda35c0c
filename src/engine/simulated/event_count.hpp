// SPDX-License-Identifier: MIT
#pragma once

// What eventfd(2) makes: a counter that is read and written eight bytes at a time. One thread.

#include "object.hpp"

#include <cstdint>
#include <memory>

namespace rondo::engine::simulation {

/// See the top of this file.
class event_count final : public object {
public:
    /// As a semaphore, a read takes one instead of all.
    event_count(unsigned initial, bool semaphore) noexcept
        : count_(initial), semaphore_(semaphore) {}

    [[nodiscard]] char const* kind() const noexcept override { return "eventfd"; }
    [[nodiscard]] ::mode_t type() const noexcept override { return 0; }
    [[nodiscard]] std::uint32_t ready(open_file const& via) const noexcept override;
    long read(open_file& via, parts into, std::int64_t at, int rwf) noexcept override;
    long write(open_file& via, parts from, std::int64_t at, int rwf) noexcept override;

private:
    long add(std::uint64_t value) noexcept;

    std::uint64_t count_;
    bool semaphore_;
};

/// Of `flags` it looks at EFD_SEMAPHORE only. Throws std::bad_alloc.
[[nodiscard]] std::shared_ptr<object> make_event_count(world& w, unsigned initial, int flags);

} // namespace rondo::engine::simulation
