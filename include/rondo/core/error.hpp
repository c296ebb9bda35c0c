// SPDX-License-Identifier: MIT
#pragma once

// What went wrong: the code, what was attempted, the cause that was found, and one number more.
// Sixteen bytes, trivially copyable. `core/error_code.hpp` adds std::error_code and std::errc for
// those who want them (<system_error> is dear to include). Any thread.

#include <cstddef>
#include <cstdint>
#include <string_view>

// Compilers that know it warn when a view outlives the text it looks into.
#if defined(__clang__)
#define RONDO_LIFETIMEBOUND [[clang::lifetimebound]]
#else
#define RONDO_LIFETIMEBOUND
#endif

namespace rondo {

/// Whose numbering error::code() follows.
enum class error_domain : std::uint8_t {
    system,   ///< errno
    resolver, ///< getaddrinfo(3)'s EAI_ codes
};

/// What was being done. Values below 256 are operations, by their io_uring opcode.
enum class attempt : std::uint16_t {
    none = 0x100,
    setup,                ///< io_uring_setup(2)
    enter,                ///< io_uring_enter(2)
    map_rings,            ///< mmap(2) of the queues
    allocate,             ///< memory of the library's own
    open,                 ///< open(2)
    close,                ///< close(2)
    read,                 ///< read(2), readv(2), pread(2)
    write,                ///< write(2), writev(2), pwrite(2)
    seek,                 ///< lseek(2)
    stat,                 ///< fstat(2), statx(2)
    control,              ///< ioctl(2), fcntl(2)
    push,                 ///< queueing a submission
    wait,                 ///< waiting for completions
    adopt,                ///< taking over a descriptor
    use_closed,           ///< using what was closed
    resolve,              ///< finding the address that a text names
    socket_option,        ///< setsockopt(2)
    registration = 0x200, ///< plus the io_uring_register(2) operation
};

/// The attempt of an io_uring_register(2) operation.
constexpr attempt attempt_to_register(std::uint32_t operation) noexcept {
    return static_cast<attempt>(static_cast<std::uint32_t>(attempt::registration) + operation);
}

/// Why, where the library could find out more than the errno says.
enum class cause : std::uint8_t {
    none,
    seccomp,           ///< a seccomp filter forbids the system call
    sysctl_disabled,   ///< kernel.io_uring_disabled is 2
    sysctl_group,      ///< kernel.io_uring_disabled is 1 and the process is not in the group
    no_kernel_support, ///< the kernel was built without io_uring, or is older than 5.1
    memlock,           ///< RLIMIT_MEMLOCK; detail: needed KiB << 32 | limit KiB
    unknown_flag,      ///< detail: the set-up flags that this kernel does not know
    bad_combination,   ///< detail: set-up flags that exclude each other or need another
    option_missing,    ///< detail: set-up flags that follow from options which were not given
    not_for_loops,     ///< detail: set-up flags that a loop cannot work with
    entries,           ///< detail: the number of entries asked for
    too_long,          ///< detail: queue length << 32 | what was asked of it
    queue_full,        ///< detail: the queue's length
    shared_poller,     ///< chains are refused where a poller serves several rings
    wrong_thread,      ///< a ring belongs to one thread
    memory_size,       ///< detail: bytes needed of the caller's memory
    not_registered,    ///< a table that was not registered, or an index outside it
    in_use,            ///< what was asked for is taken
    disabled,          ///< the ring is not enabled yet, or already is
    restricted,        ///< the ring's restrictions forbid it
    missing_feature,   ///< the kernel lacks what this needs
    unknown_engine,    ///< RONDO_ENGINE names no engine
    device_polling,    ///< a ring with setup::iopoll cannot wait like that
    forked,            ///< the ring belongs to the parent process
    moved_from,        ///< the object was moved away
    ended,             ///< the object was stopped or closed
    stale_ticket,      ///< the ticket's operation was waited for before
    unknown_network,   ///< detail: the name, by short_name
    unknown_option,    ///< detail: the socket option's name, by short_name
    option_value,      ///< detail: the socket option whose value is out of range, by short_name
    option_refused,    ///< detail: the socket option that the system refuses, by short_name
    bad_address,       ///< detail: at which of its characters an address makes no sense, from 0
    long_path,         ///< detail: bytes of a unix socket's path; 107 are the most
    stale_socket,      ///< the file of a unix socket whose program has ended
    no_connections,    ///< a network without connections that could be accepted
    stopped,           ///< somebody asked for its end, and it ended without a result
};

/// Text of bounded length, owned; what error::message() returns. Converts to a view into itself.
class error_text {
public:
    static constexpr std::size_t capacity = 383;

    /// Null-terminated. Lives as long as this object.
    [[nodiscard]] char const* c_str() const noexcept RONDO_LIFETIMEBOUND { return text_; }
    operator std::string_view() const noexcept RONDO_LIFETIMEBOUND {
        return std::string_view(text_, size_);
    }

    /// Adds `more`, cutting what exceeds the capacity.
    error_text& append(std::string_view more) noexcept;
    /// Adds a decimal number.
    error_text& append(std::int64_t number) noexcept;

private:
    char text_[capacity + 1] = {};
    std::size_t size_ = 0;
};

/// A failure. A default-constructed error is code 0 and stands for "no failure known".
class error {
public:
    constexpr error() noexcept = default;
    explicit constexpr error(int code, attempt what = attempt::none, cause why = cause::none,
                             std::uint64_t detail = 0,
                             error_domain domain = error_domain::system) noexcept
        : code_(code), attempted_(what), cause_(why), domain_(domain), detail_(detail) {}

    /// errno as the last failed C library call left it.
    [[nodiscard]] static error last(attempt what) noexcept;

    /// The errno value (ENOENT, ...), or the domain's own code. Positive.
    [[nodiscard]] constexpr int code() const noexcept { return code_; }
    [[nodiscard]] constexpr error_domain domain() const noexcept { return domain_; }
    [[nodiscard]] constexpr attempt attempted() const noexcept { return attempted_; }
    [[nodiscard]] constexpr cause why() const noexcept { return cause_; }
    /// It did not fail: its end was asked for.
    [[nodiscard]] constexpr bool stopped() const noexcept { return cause_ == cause::stopped; }
    /// Its meaning depends on why(); 0 where it has none.
    [[nodiscard]] constexpr std::uint64_t detail() const noexcept { return detail_; }

    /// "WHAT WAS ATTEMPTED: ERRNO TEXT: CAUSE AND REMEDY", as much of it as is known.
    [[nodiscard]] error_text message() const noexcept;
    /// message() without the errno text: for those who print that themselves.
    [[nodiscard]] error_text context() const noexcept;

    /// Same code in the same domain; how one came to it does not matter.
    friend constexpr bool operator==(error const& a, error const& b) noexcept {
        return a.code_ == b.code_ && a.domain_ == b.domain_;
    }
    /// Compares with an errno value: `if (r.error() == ENOENT)`.
    friend constexpr bool operator==(error const& a, int system_code) noexcept {
        return a.domain_ == error_domain::system && a.code_ == system_code;
    }

private:
    std::int32_t code_ = 0;
    attempt attempted_ = attempt::none;
    cause cause_ = cause::none;
    error_domain domain_ = error_domain::system;
    std::uint64_t detail_ = 0;
};
static_assert(sizeof(error) == 16);

} // namespace rondo
