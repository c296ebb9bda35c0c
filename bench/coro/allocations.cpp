// SPDX-License-Identifier: MIT
#include "allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::uint64_t> count = 0;

} // namespace

std::uint64_t bench::coro::allocations() noexcept { return count; }

void* operator new(std::size_t bytes) {
    // Relaxed: it orders nothing, and is read when the threads that count have been joined.
    count.fetch_add(1, std::memory_order_relaxed);
    void* const memory = std::malloc(bytes);
    if (memory == nullptr)
        throw std::bad_alloc();
    return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
