// SPDX-License-Identifier: MIT
#pragma once

// What a ring needs from whoever runs it: io_uring's interface is shared memory and three calls, so
// behind them a kernel can be replaced. Rings on the real kernel make their system calls directly
// and come here for set-up and registration only. Each engine says which threads may call it.

#include <rondo/abi/params.hpp>
#include <rondo/core/mapping.hpp>
#include <rondo/core/result.hpp>

#include <cstddef>
#include <cstdint>

namespace rondo::engine {

/// Who is to run a ring.
enum class kind : std::uint8_t {
    automatic, ///< the kernel, or where it may not be used the emulated engine
    kernel,    ///< the kernel, or an error
    emulated,  ///< the engine in user space: engine/emulated.hpp
};
inline constexpr kind automatic = kind::automatic;
inline constexpr kind kernel = kind::kernel;
inline constexpr kind emulated = kind::emulated;

/// The interface of io_uring. Calls answer as the system calls do: a value, or minus an errno.
class backend {
public:
    /// io_uring_setup(2): the ring's descriptor; `p` is read and written.
    virtual long setup(std::uint32_t entries, abi::params& p) noexcept = 0;
    /// io_uring_enter(2).
    virtual long enter(int fd, std::uint32_t to_submit, std::uint32_t min_complete,
                       std::uint32_t flags, void const* arg, std::size_t arg_size) noexcept = 0;
    /// io_uring_register(2); `fd` is -1 for what needs no ring.
    virtual long register_(int fd, std::uint32_t operation, void* arg,
                           std::uint32_t count) noexcept = 0;
    /// mmap(2) of a part of the ring (abi::off_sq_ring, ...), shared and kept from children.
    virtual result<mapping> map(int fd, std::uint64_t offset, std::size_t bytes) noexcept = 0;
    /// close(2) of a ring. What is in flight goes on until it is complete.
    virtual void close(int fd) noexcept = 0;
    /// From now on someone polls the ring's descriptor: it must be readable when there are
    /// completions. A kernel's always is.
    virtual void expose(int fd) noexcept { static_cast<void>(fd); }
    /// Nanoseconds of the clock by which waits and timeouts are measured: CLOCK_MONOTONIC, unless
    /// time itself is the engine's.
    [[nodiscard]] virtual std::int64_t now() const noexcept;
    /// True for the system's own kernel, whose calls rings make without coming here.
    [[nodiscard]] virtual bool is_kernel() const noexcept { return false; }

protected:
    ~backend() = default;
};

/// kernel, emulated, or automatic for an engine that is neither.
[[nodiscard]] kind kind_of(backend const& who) noexcept;

} // namespace rondo::engine
