// SPDX-License-Identifier: MIT
#include <rondo/core/futex.hpp>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

namespace rondo {
namespace {

constexpr std::int64_t second = 1'000'000'000;

} // namespace

std::int64_t steady_now() noexcept {
    ::timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * second + now.tv_nsec;
}

void futex_wait(std::uint32_t const* word, std::uint32_t value, std::int64_t at) noexcept {
    ::timespec limit{};
    ::timespec* when = nullptr;
    if (at != std::numeric_limits<std::int64_t>::max()) {
        at = at < 0 ? 0 : at;
        limit = {at / second, at % second};
        when = &limit;
    }
    ::syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, when, nullptr,
              FUTEX_BITSET_MATCH_ANY);
}

void futex_wake(std::uint32_t const* word) noexcept {
    ::syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

} // namespace rondo
