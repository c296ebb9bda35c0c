// SPDX-License-Identifier: MIT
#include "allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::uint64_t> count = 0;
std::atomic<std::uint64_t> bytes_asked_for = 0;

} // namespace

std::uint64_t bench::coro::allocations() noexcept { return count; }
std::uint64_t bench::coro::allocated_bytes() noexcept { return bytes_asked_for; }

void* operator new(std::size_t bytes) {
    // Relaxed: they order nothing, and are read when the threads that count have been joined.
    count.fetch_add(1, std::memory_order_relaxed);
    bytes_asked_for.fetch_add(bytes, std::memory_order_relaxed);
    void* const memory = std::malloc(bytes);
    if (memory == nullptr)
        throw std::bad_alloc();
    return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
