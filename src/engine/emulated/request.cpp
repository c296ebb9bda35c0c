// SPDX-License-Identifier: MIT
#include "request.hpp"

#include <cstring>
#include <new>
#include <utility>

namespace rondo::engine::emulation {

// Field by field: a new request costs no more than what the last one used.
void request::clear() noexcept {
    ++generation;
    owner = nullptr;
    older = newer = rest = next = guard = guarded = nullptr;
    where = place::nowhere;
    failed = silent_chain = cancelled = attempted = follows = answered = in_progress = false;
    armed = kept = drains = met_director = shortened = false;
    result = 0;
    progress = 0;
    note = 0;
    chosen_all = false;
    fd = second = -1;
    if (slot)
        slot.reset();
    if (second_slot)
        second_slot.reset();
    own.reset();
    second_own.reset();
    polled_events = seen_events = 0;
    clock = timer_clock::monotonic;
    due = 0;
    if (keeper)
        keeper.reset();
    if (buffer)
        buffer.reset();
    if (target)
        target.reset();
    if (watcher)
        watcher.reset();
    chosen.clear();
    chosen_id = 0;
    has_chosen = choice::none;
    chosen_remains = false;
    chosen_list_bytes = 0;
    copies.clear();
}

void* request::copy(void const* from, std::size_t bytes) noexcept {
    try {
        auto made = std::make_unique_for_overwrite<std::byte[]>(bytes != 0 ? bytes : 1);
        if (bytes != 0)
            std::memcpy(made.get(), from, bytes);
        copies.push_back(std::move(made));
        return copies.back().get();
    } catch (std::bad_alloc const&) {
        return nullptr;
    }
}

char* request::copy_text(char const* from) noexcept {
    return static_cast<char*>(copy(from, std::strlen(from) + 1));
}

} // namespace rondo::engine::emulation
