// SPDX-License-Identifier: MIT
#include <rondo/engine/kernel.hpp>

#include <rondo/core/bits.hpp>
#include <rondo/core/fd.hpp>

#include <sys/resource.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>

namespace rondo::engine {
namespace {

/// The start of a small file under /proc, empty when it cannot be read.
class proc_text {
public:
    explicit proc_text(char const* path) noexcept {
        unique_fd const fd(::open(path, O_RDONLY | O_CLOEXEC));
        if (!fd)
            return;
        ssize_t const got = ::read(fd.get(), text_, sizeof text_);
        size_ = got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    [[nodiscard]] std::string_view view() const noexcept { return {text_, size_}; }

private:
    char text_[4096];
    std::size_t size_ = 0;
};

int number_after(std::string_view text, std::string_view key, int otherwise) noexcept {
    std::size_t const at = text.find(key);
    if (at == std::string_view::npos)
        return otherwise;
    text.remove_prefix(at + key.size());
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    int value = otherwise;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// EPERM has three sources; the sysctl is tested first because it is certain.
cause why_forbidden() noexcept {
    int const disabled =
        number_after(proc_text("/proc/sys/kernel/io_uring_disabled").view(), "", 0);
    if (disabled == 2)
        return cause::sysctl_disabled;
    bool const filtered = number_after(proc_text("/proc/self/status").view(), "\nSeccomp:", 0) == 2;
    if (disabled == 1 && !filtered)
        return cause::sysctl_group;
    return filtered ? cause::seccomp : cause::none;
}

std::uint64_t pack_kib(std::uint64_t needed, std::uint64_t limit) noexcept {
    auto const kib = [](std::uint64_t bytes) {
        std::uint64_t const out = (bytes + 1023) / 1024;
        return out > 0xffffffffu ? std::uint64_t{0xffffffffu} : out;
    };
    return kib(needed) << 32 | kib(limit);
}

std::size_t ring_bytes(std::uint32_t entries, abi::params const& p) noexcept {
    auto const flags = static_cast<abi::setup>(p.flags);
    std::size_t const sqe = has(flags, abi::setup::sqe128) ? 128 : 64;
    std::size_t const cqe = has(flags, abi::setup::cqe32) ? 32 : 16;
    std::size_t const cq = has(flags, abi::setup::cqsize) ? p.cq_entries : 2 * std::size_t{entries};
    return entries * (sqe + 4) + cq * cqe + 4096;
}

} // namespace

result<> available() noexcept {
    abi::params p{};
    long const answer = kernel_backend().setup(1, p);
    if (answer < 0)
        return fail(explain_setup(static_cast<int>(-answer), 1, p, abi::setup{}));
    kernel_backend().close(static_cast<int>(answer));
    return {};
}

error explain_pinning(int code, attempt what, std::size_t bytes) noexcept {
    ::rlimit limit{};
    if ((code != ENOMEM && code != EPERM) || ::getrlimit(RLIMIT_MEMLOCK, &limit) != 0 ||
        limit.rlim_cur == RLIM_INFINITY)
        return error(code, what);
    return error(code, what, cause::memlock, pack_kib(bytes, limit.rlim_cur));
}

error explain_setup(int code, std::uint32_t entries, abi::params const& p,
                    abi::setup known) noexcept {
    auto const asked = static_cast<abi::setup>(p.flags);
    switch (code) {
    case EPERM:
        // A poller's CPU or idle time never gives EPERM, so this is about io_uring as a whole.
        return error(code, attempt::setup, why_forbidden());
    case EACCES: return error(code, attempt::setup, cause::seccomp);
    case ENOSYS:
        return error(code, attempt::setup,
                     number_after(proc_text("/proc/self/status").view(), "\nSeccomp:", 0) == 2
                         ? cause::seccomp
                         : cause::no_kernel_support);
    case ENOMEM: return explain_pinning(code, attempt::setup, ring_bytes(entries, p));
    case EINVAL:
        if (any(known) && any(asked & ~known))
            return error(code, attempt::setup, cause::unknown_flag, raw(asked & ~known));
        return error(code, attempt::setup, cause::bad_combination, raw(asked));
    default: return error(code, attempt::setup);
    }
}

} // namespace rondo::engine
