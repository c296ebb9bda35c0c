// SPDX-License-Identifier: MIT
#include <rondo/interop/default_ring.hpp>

#include <cerrno>
#include <mutex>
#include <new>

namespace rondo {
namespace {

constinit std::mutex making;
constinit shared_ring* made = nullptr; // read with acquire, written under `making`

} // namespace

result<shared_ring*> default_ring() noexcept {
    // Partner: the release below.
    shared_ring* const there = __atomic_load_n(&made, __ATOMIC_ACQUIRE);
    if (there != nullptr && !there->is_inherited()) [[likely]]
        return there;
    std::lock_guard const guard(making);
    if (made != nullptr && !made->is_inherited())
        return made;
    auto fresh = shared_ring::create();
    if (!fresh)
        return fail(fresh.error());
    auto* const kept = new (std::nothrow) shared_ring(std::move(*fresh));
    if (kept == nullptr)
        return fail(ENOMEM, attempt::allocate);
    // A parent's is left alone: others of this process may hold its address.
    __atomic_store_n(&made, kept, __ATOMIC_RELEASE);
    return kept;
}

} // namespace rondo
