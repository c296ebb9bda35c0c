// SPDX-License-Identifier: MIT
#include <rondo/ring/file_registry.hpp>

#include "file_table.hpp"

#include <rondo/core/assert.hpp>
#include <rondo/ring/files.hpp>
#include <rondo/ring/ring.hpp>

#include <algorithm>
#include <cerrno>
#include <new>
#include <unordered_map>
#include <vector>

namespace rondo {

struct file_registry_state {
    registrar_ref registry;
    file_table* table = nullptr;
    std::vector<int> fds; // by slot, -1 for an empty one
    std::unordered_map<int, std::uint32_t> slots;

    ~file_registry_state() { delete table; }
    /// Replaces the table by one with room for `room` files and the same in the same slots.
    result<> rebuild(std::size_t room);
    result<> grow();
};

result<> file_registry_state::rebuild(std::size_t room) {
    std::vector<int> next = fds;
    next.resize(room, -1);
    delete std::exchange(table, nullptr); // a ring has one table: this one must go first
    table = file_table::create(registry, static_cast<std::uint32_t>(room));
    if (table == nullptr)
        return fail(ENOMEM, attempt::allocate);
    if (result<> done = table->enrol(next, {}); !done) {
        delete std::exchange(table, nullptr);
        return done;
    }
    fds = std::move(next);
    return {};
}

result<> file_registry_state::grow() {
    std::size_t const before = fds.size();
    result<> const grown = rebuild(before * 2);
    if (grown)
        return {};
    // What was there a moment ago fits again, unless the caller closed one of the descriptors.
    if (result<> back = rebuild(before); !back)
        return back;
    return grown;
}

result<file_registry> file_registry::create(ring& owner, std::uint32_t slots) noexcept {
    if (slots == 0)
        return fail(EINVAL, attempt_to_register(raw(abi::register_op::files2)));
    try {
        file_registry out(new file_registry_state);
        out.state_->registry = owner.registry();
        if (result<> made = out.state_->rebuild(slots); !made)
            return fail(made.error());
        return out;
    } catch (std::bad_alloc const&) {
        return fail(ENOMEM, attempt::allocate);
    }
}

file_registry& file_registry::operator=(file_registry&& other) noexcept {
    if (this != &other) {
        delete state_;
        state_ = std::exchange(other.state_, nullptr);
    }
    return *this;
}

file_registry::~file_registry() { delete state_; }

result<fd_ref> file_registry::add(int fd) noexcept {
    RONDO_ASSERT(state_ != nullptr, "a moved-from file registry was used");
    attempt const what = attempt_to_register(raw(abi::register_op::files_update2));
    if (fd < 0)
        return fail(EBADF, what);
    if (fd_ref const known = find(fd); known.is_slot())
        return known;
    try {
        if (state_->table == nullptr || state_->table->free_slots() == 0)
            if (result<> grown = state_->grow(); !grown)
                return fail(grown.error());
        std::uint32_t const slot = state_->table->find_free();
        auto const entry = state_->slots.emplace(fd, slot).first;
        if (auto done = state_->table->update(slot, {&fd, 1}, {}); !done) {
            state_->slots.erase(entry);
            return fail(done.error());
        }
        state_->fds[slot] = fd;
        return fd_ref::slot(slot);
    } catch (std::bad_alloc const&) {
        return fail(ENOMEM, attempt::allocate);
    }
}

result<> file_registry::remove(int fd) noexcept {
    RONDO_ASSERT(state_ != nullptr, "a moved-from file registry was used");
    attempt const what = attempt_to_register(raw(abi::register_op::files_update2));
    auto const entry = state_->slots.find(fd);
    if (entry == state_->slots.end())
        return fail(ENOENT, what, cause::not_registered);
    int const empty = -1;
    if (state_->table != nullptr)
        if (auto done = state_->table->update(entry->second, {&empty, 1}, {}); !done)
            return fail(done.error());
    state_->fds[entry->second] = -1;
    state_->slots.erase(entry);
    return {};
}

fd_ref file_registry::find(int fd) const noexcept {
    if (state_ == nullptr || state_->table == nullptr)
        return fd;
    auto const entry = state_->slots.find(fd);
    return entry != state_->slots.end() ? fd_ref::slot(entry->second) : fd_ref(fd);
}

std::uint32_t file_registry::size() const noexcept {
    return state_ != nullptr ? static_cast<std::uint32_t>(state_->slots.size()) : 0;
}

std::uint32_t file_registry::capacity() const noexcept {
    return state_ != nullptr ? static_cast<std::uint32_t>(state_->fds.size()) : 0;
}

} // namespace rondo
