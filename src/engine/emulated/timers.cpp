// SPDX-License-Identifier: MIT
#include "timers.hpp"

#include <new>
#include <utility>

namespace rondo::engine::emulation {
namespace {

void put(std::vector<request*>& h, std::size_t at, request* r) noexcept {
    h[at] = r;
    r->heap_index = at;
}

} // namespace

void timers::up(request_heap& h, std::size_t at) noexcept {
    request* const r = h[at];
    while (at > 0 && r->due < h[(at - 1) / 2]->due) {
        put(h, at, h[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(h, at, r);
}

void timers::down(request_heap& h, std::size_t at) noexcept {
    request* const r = h[at];
    for (;;) {
        std::size_t child = 2 * at + 1;
        if (child >= h.size())
            break;
        if (child + 1 < h.size() && h[child + 1]->due < h[child]->due)
            ++child;
        if (r->due <= h[child]->due)
            break;
        put(h, at, h[child]);
        at = child;
    }
    put(h, at, r);
}

bool timers::add(request& r) noexcept {
    request_heap& h = heaps_[static_cast<std::size_t>(r.clock)];
    try {
        h.push_back(&r);
    } catch (std::bad_alloc const&) {
        return false;
    }
    up(h, h.size() - 1);
    return true;
}

void timers::remove(request& r) noexcept {
    request_heap& h = heaps_[static_cast<std::size_t>(r.clock)];
    std::size_t const at = r.heap_index;
    request* const last = h.back();
    h.pop_back();
    if (last == &r)
        return;
    put(h, at, last);
    up(h, at);
    down(h, last->heap_index);
}

} // namespace rondo::engine::emulation
