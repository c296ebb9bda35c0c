// SPDX-License-Identifier: MIT
#include "pages.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>
#include <vector>

namespace rondo::engine::simulation {
namespace {

constexpr std::uint64_t size_of_page = pages::page_bytes;

/// Bytes from `at` to the end of its page, but not more than `most`.
std::size_t piece_at(std::uint64_t at, std::uint64_t most) noexcept {
    return static_cast<std::size_t>(std::min(size_of_page - at % size_of_page, most));
}

} // namespace

pages::~pages() { room_->used -= taken(); }

bool pages::has_room(std::uint64_t bytes) const noexcept {
    return room_->used <= room_->capacity && bytes <= room_->capacity - room_->used;
}

void pages::read(std::uint64_t at, std::size_t bytes, parts into) const noexcept {
    static constexpr page hole{};
    for (std::size_t done = 0; done < bytes;) {
        std::size_t const piece = piece_at(at + done, bytes - done);
        auto const found = pages_.find((at + done) / page_bytes);
        bool const written = found != pages_.end() && found->second;
        page const& from = written ? *found->second : hole;
        copy_to(into, done, from.data() + (at + done) % page_bytes, piece);
        done += piece;
    }
}

pages::page* pages::writable(std::uint64_t index) {
    auto found = pages_.find(index);
    if (found != pages_.end() && found->second)
        return found->second.get();
    if (found == pages_.end() && !has_room(page_bytes))
        return nullptr;
    auto fresh = std::make_unique<page>();
    if (found == pages_.end()) {
        found = pages_.emplace(index, nullptr).first;
        room_->used += page_bytes;
    }
    found->second = std::move(fresh);
    return found->second.get();
}

long pages::write(std::uint64_t at, std::size_t bytes, parts from) noexcept {
    std::size_t done = 0;
    long why = 0;
    try {
        while (done < bytes) {
            page* const to = writable((at + done) / page_bytes);
            if (to == nullptr) {
                why = -ENOSPC;
                break;
            }
            std::size_t const piece = piece_at(at + done, bytes - done);
            copy_from(from, done, to->data() + (at + done) % page_bytes, piece);
            done += piece;
        }
    } catch (std::bad_alloc const&) {
        why = -ENOMEM;
    }
    return done != 0 ? static_cast<long>(done) : why;
}

long pages::reserve(std::uint64_t from, std::uint64_t to) noexcept {
    if (from >= to)
        return 0;
    std::uint64_t const first = from / page_bytes;
    std::uint64_t const last = (to - 1) / page_bytes;
    auto const begin = pages_.lower_bound(first);
    auto const there = static_cast<std::uint64_t>(std::distance(begin, pages_.upper_bound(last)));
    std::uint64_t const missing = last - first + 1 - there;
    if (missing > room_->capacity / page_bytes || !has_room(missing * page_bytes))
        return -ENOSPC;
    std::vector<std::uint64_t> added;
    try {
        added.reserve(static_cast<std::size_t>(missing));
        for (std::uint64_t index = first; index <= last; ++index)
            if (pages_.try_emplace(index, nullptr).second)
                added.push_back(index);
    } catch (std::bad_alloc const&) {
        for (std::uint64_t const index : added)
            pages_.erase(index);
        return -ENOMEM;
    }
    room_->used += missing * page_bytes;
    return 0;
}

void pages::zero(std::uint64_t from, std::uint64_t to) noexcept {
    auto const found = pages_.find(from / page_bytes);
    if (from == to || found == pages_.end() || !found->second)
        return;
    auto const begin = found->second->begin() + static_cast<std::ptrdiff_t>(from % page_bytes);
    std::fill_n(begin, to - from, std::byte{});
}

void pages::clear(std::uint64_t from, std::uint64_t to, bool give_back) noexcept {
    if (from >= to)
        return;
    std::uint64_t const first = from / page_bytes + (from % page_bytes != 0);
    std::uint64_t const end = to / page_bytes; // the page after the last whole one
    if (first > end) {                         // all of it is inside one page
        zero(from, to);
        return;
    }
    zero(from, first * page_bytes);
    for (auto i = pages_.lower_bound(first); i != pages_.end() && i->first < end;) {
        if (give_back) {
            i = pages_.erase(i);
            room_->used -= page_bytes;
        } else {
            (i++)->second.reset();
        }
    }
    zero(end * page_bytes, to);
}

std::uint64_t pages::next_data(std::uint64_t at, std::uint64_t end) const noexcept {
    auto i = pages_.lower_bound(at / page_bytes);
    while (i != pages_.end() && !i->second)
        ++i;
    return i == pages_.end() ? end : std::min(std::max(i->first * page_bytes, at), end);
}

std::uint64_t pages::next_hole(std::uint64_t at, std::uint64_t end) const noexcept {
    std::uint64_t index = at / page_bytes;
    auto i = pages_.lower_bound(index);
    while (i != pages_.end() && i->first == index && i->second) {
        ++i;
        ++index;
    }
    return std::min(std::max(index * page_bytes, at), end);
}

} // namespace rondo::engine::simulation
