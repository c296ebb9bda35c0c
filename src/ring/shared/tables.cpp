// SPDX-License-Identifier: MIT
#include <rondo/ring/shared_tables.hpp>

#include "state.hpp"

#include <rondo/core/assert.hpp>
#include <rondo/ring/buffers.hpp>
#include <rondo/ring/files.hpp>

#include <cerrno>
#include <exception>
#include <mutex>
#include <new>
#include <unistd.h>
#include <vector>

namespace rondo {

struct shared_files_state {
    mutable std::mutex mutex; ///< each table is for one thread at a time
    ::pid_t const maker = ::getpid();
    std::vector<files> tables;

    result<owned_slot> insert(int fd) noexcept;
    result<> release(std::uint32_t index) noexcept;
    /// In a child of fork nobody lets go of what another thread held then.
    [[nodiscard]] bool is_child() const noexcept { return ::getpid() != maker; }
};

struct shared_buffers_state {
    std::vector<buffers> tables; ///< the first owns the memory, if the library does
};

namespace {

/// Makes every shard that is not there yet; their rings. Several places may be one shard.
result<std::vector<ring*>> all_rings(shared_state& state) noexcept {
    if (state.is_child())
        return fail(ECHILD, attempt::setup, cause::forked);
    for (std::uint32_t i = 0; i < state.place_count; ++i)
        if (state.at(i) == nullptr)
            if (auto made = state.make(i); !made)
                return fail(made.error());
    try {
        std::vector<ring*> out;
        state.each([&](shard& s) { out.push_back(&s.kernel_ring()); });
        return out;
    } catch (std::exception const&) {
        return fail(ENOMEM, attempt::allocate);
    }
}

constexpr slot_table_functions slot_functions{[](void* table, std::uint32_t index) noexcept {
    static_cast<void>(static_cast<shared_files_state*>(table)->release(index));
}};

/// Fills `tables` with one per ring, made by `make(ring)`.
template <class Table, class Make>
result<> make_tables(std::vector<Table>& tables, std::vector<ring*> const& rings,
                     Make const& make) noexcept {
    try {
        tables.reserve(rings.size());
    } catch (std::exception const&) {
        return fail(ENOMEM, attempt::allocate);
    }
    for (ring* const one : rings) {
        auto made = make(*one);
        if (!made)
            return fail(made.error());
        tables.push_back(std::move(*made));
    }
    return {};
}

} // namespace

result<owned_slot> shared_files_state::insert(int fd) noexcept {
    if (is_child())
        return fail(ECHILD, attempt_to_register(raw(abi::register_op::files_update2)),
                    cause::forked);
    std::lock_guard const guard(mutex);
    auto first = tables.front().insert(fd);
    if (!first)
        return fail(first.error());
    std::uint32_t const index = first->release();
    for (std::size_t i = 1; i < tables.size(); ++i) {
        auto next = tables[i].insert(fd, {.at = index});
        if (!next) {
            for (std::size_t k = 0; k < i; ++k)
                static_cast<void>(tables[k].release(index));
            return fail(next.error());
        }
        static_cast<void>(next->release());
    }
    return owned_slot(&slot_functions, this, index);
}

result<> shared_files_state::release(std::uint32_t index) noexcept {
    if (is_child())
        return fail(ECHILD, attempt_to_register(raw(abi::register_op::files_update2)),
                    cause::forked);
    std::lock_guard const guard(mutex);
    result<> out;
    for (files& table : tables)
        if (result<> done = table.release(index); !done)
            out = done;
    return out;
}

result<shared_files> shared_files::create(shared_ring& owner, std::uint32_t slots) noexcept {
    RONDO_ASSERT(owner.state_ != nullptr, "a moved-from shared_ring was used");
    auto const rings = all_rings(*owner.state_);
    if (!rings)
        return fail(rings.error());
    auto* const state = new (std::nothrow) shared_files_state;
    if (state == nullptr)
        return fail(ENOMEM, attempt::allocate);
    shared_files out(state);
    result<> const made = make_tables(state->tables, *rings, [&](ring& one) {
        return files::create(one, files_options{.slots = slots});
    });
    if (!made)
        return fail(made.error());
    return out;
}

shared_files& shared_files::operator=(shared_files&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
}

shared_files::~shared_files() { delete state_; }

result<owned_slot> shared_files::insert(unique_fd fd) noexcept { return insert(fd.get()); }

result<owned_slot> shared_files::insert(int fd) noexcept {
    RONDO_ASSERT(state_ != nullptr, "moved-from shared_files were used");
    return state_->insert(fd);
}

result<> shared_files::release(std::uint32_t index) noexcept {
    RONDO_ASSERT(state_ != nullptr, "moved-from shared_files were used");
    return state_->release(index);
}

std::uint32_t shared_files::size() const noexcept {
    RONDO_ASSERT(state_ != nullptr, "moved-from shared_files were used");
    return state_->tables.front().size();
}

std::uint32_t shared_files::free_slots() const noexcept {
    RONDO_ASSERT(state_ != nullptr, "moved-from shared_files were used");
    if (state_->is_child())
        return 0;
    std::lock_guard const guard(state_->mutex);
    return state_->tables.front().free_slots();
}

/// A table on every ring, the first made by `make(ring)`, the others with its memory.
template <class Make>
static result<> share(shared_state& shared, shared_buffers_state& state,
                      Make const& make) noexcept {
    auto const rings = all_rings(shared);
    if (!rings)
        return fail(rings.error());
    return make_tables(state.tables, *rings, [&](ring& one) -> result<buffers> {
        if (state.tables.empty())
            return make(one);
        buffers const& first = state.tables.front();
        if (auto cloned = buffers::clone(one, first)) // pinned once; Linux 6.12
            return cloned;
        try {
            std::vector<::iovec> memory;
            memory.reserve(first.size());
            for (std::uint32_t i = 0; i < first.size(); ++i)
                memory.push_back({first[i].memory().data(), first[i].size()});
            return buffers::create(one, iovecs(memory));
        } catch (std::exception const&) {
            return fail(ENOMEM, attempt::allocate);
        }
    });
}

template <class Make>
result<shared_buffers> shared_buffers::make(shared_ring& owner, Make const& make_one) noexcept {
    RONDO_ASSERT(owner.state_ != nullptr, "a moved-from shared_ring was used");
    auto* const state = new (std::nothrow) shared_buffers_state;
    if (state == nullptr)
        return fail(ENOMEM, attempt::allocate);
    shared_buffers out(state);
    if (result<> made = share(*owner.state_, *state, make_one); !made)
        return fail(made.error());
    return out;
}

result<shared_buffers> shared_buffers::create(shared_ring& owner,
                                              buffers_options const& options) noexcept {
    return make(owner, [&](ring& one) { return buffers::create(one, options); });
}

result<shared_buffers> shared_buffers::create(shared_ring& owner, iovecs memory) noexcept {
    return make(owner, [&](ring& one) { return buffers::create(one, memory); });
}

shared_buffers& shared_buffers::operator=(shared_buffers&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
}

shared_buffers::~shared_buffers() {
    if (state_ == nullptr)
        return;
    while (state_->tables.size() > 1) // the first has the memory
        state_->tables.pop_back();
    delete state_;
}

registered_buffer shared_buffers::operator[](std::uint32_t index) const noexcept {
    RONDO_ASSERT(state_ != nullptr, "moved-from shared_buffers were used");
    return state_->tables.front()[index];
}

std::uint32_t shared_buffers::size() const noexcept {
    RONDO_ASSERT(state_ != nullptr, "moved-from shared_buffers were used");
    return state_->tables.front().size();
}

} // namespace rondo
