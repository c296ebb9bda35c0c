// SPDX-License-Identifier: MIT
#include "file_table.hpp"

#include "registration.hpp"

#include <rondo/ring/files.hpp>

#include <atomic>
#include <cerrno>
#include <new>

namespace rondo {
namespace {

/// One table that lives, or (id 0) the place for one. Places are never freed, so that the list can
/// be walked without a lock; there are as many as there ever were tables at a time.
struct place {
    std::atomic<std::uintptr_t> id{0};
    file_table* table = nullptr;
    place* next = nullptr;
};

constexpr std::uintptr_t being_filled = 1;
constinit std::atomic<place*> places{nullptr};
constinit std::atomic<std::uintptr_t> last_id{being_filled};

/// Makes `table` findable. Its id, or 0 for want of memory.
std::uintptr_t announce(file_table& table) noexcept {
    std::uintptr_t const id = last_id.fetch_add(1, std::memory_order_relaxed) + 1;
    place* p = places.load(std::memory_order_acquire);
    for (; p != nullptr; p = p->next) {
        std::uintptr_t vacant = 0;
        // Acquire: the partner is the release in withdraw().
        if (p->id.compare_exchange_strong(vacant, being_filled, std::memory_order_acquire,
                                          std::memory_order_relaxed))
            break;
    }
    if (p == nullptr) {
        p = new (std::nothrow) place;
        if (p == nullptr)
            return 0;
        p->id.store(being_filled, std::memory_order_relaxed);
        p->next = places.load(std::memory_order_relaxed);
        // Release: the partner is the acquire of whoever walks the list.
        while (!places.compare_exchange_weak(p->next, p, std::memory_order_release,
                                             std::memory_order_relaxed)) {
        }
    }
    p->table = &table;
    p->id.store(id, std::memory_order_release); // partner: the acquire in find()
    return id;
}

void withdraw(std::uintptr_t id) noexcept {
    for (place* p = places.load(std::memory_order_acquire); p != nullptr; p = p->next)
        if (p->id.load(std::memory_order_relaxed) == id)
            return p->id.store(0, std::memory_order_release);
}

/// The table with this id, or null when it is gone.
file_table* find(std::uintptr_t id) noexcept {
    for (place* p = places.load(std::memory_order_acquire); p != nullptr; p = p->next)
        if (p->id.load(std::memory_order_acquire) == id)
            return p->table;
    return nullptr;
}

void release_slot(void* token, std::uint32_t index) noexcept {
    file_table* const table = find(reinterpret_cast<std::uintptr_t>(token));
    if (table == nullptr)
        return;
    int const empty = -1;
    // Refused (another thread's ring, a child process, a closed ring): the slot stays taken.
    static_cast<void>(table->update(index, {&empty, 1}, {}));
}

constexpr slot_table_functions table_functions{release_slot};

} // namespace

file_table::file_table(registrar_ref registry, std::uint32_t slots)
    : registry_(std::move(registry)), taken_(slots, false), size_(slots), free_(slots) {}

file_table* file_table::create(registrar_ref registry, std::uint32_t slots) noexcept {
    file_table* table = nullptr;
    try {
        table = new file_table(std::move(registry), slots);
    } catch (std::bad_alloc const&) {
        return nullptr;
    }
    table->id_ = announce(*table);
    if (table->id_ == 0) {
        delete table;
        return nullptr;
    }
    return table;
}

file_table::~file_table() {
    if (enrolled_)
        static_cast<void>(registry_->call(abi::register_op::unregister_files, nullptr, 0));
    if (id_ != 0)
        withdraw(id_);
}

void* file_table::token() const noexcept { return reinterpret_cast<void*>(id_); }

slot_table_functions const& file_table::functions() noexcept { return table_functions; }

std::uint32_t file_table::find_free() noexcept {
    while (lowest_ < size_ && taken_[lowest_])
        ++lowest_;
    return lowest_ < size_ ? lowest_ : slot_options::anywhere;
}

void file_table::mark(std::uint32_t index, bool taken) noexcept {
    if (taken_[index] == taken || is_kernels(index))
        return;
    taken_[index] = taken;
    free_ += taken ? ~std::uint32_t{0} : 1u;
    if (!taken && index < lowest_)
        lowest_ = index;
}

bool file_table::may_give_to_kernel(std::uint32_t first, std::uint32_t count) const noexcept {
    for (std::uint32_t i = first; i != first + count; ++i)
        if (taken_[i] && !is_kernels(i))
            return false;
    return true;
}

void file_table::give_to_kernel(std::uint32_t first, std::uint32_t count) noexcept {
    for (std::uint32_t i = first; i != first + count; ++i)
        mark(i, true);
    kernel_first_ = first;
    kernel_count_ = count;
}

result<> file_table::enrol(std::span<int const> fds, std::span<std::uint64_t const> tags) noexcept {
    abi::rsrc_register request{};
    request.nr = size_;
    request.flags = fds.empty() ? raw(abi::rsrc_register_flag::sparse) : 0u;
    request.data = address_of(fds.data());
    request.tags = tags.empty() ? 0 : address_of(tags.data());
    auto done = registry_->call(abi::register_op::files2, &request, sizeof request);
    has_update2_ = done.has_value();
    if (!done && done.error() == EINVAL && tags.empty()) {
        // Before Linux 5.19 there are no sparse tables, before 5.13 no tags.
        try {
            std::vector<int> given(fds.begin(), fds.end());
            given.resize(size_, -1);
            done = registry_->call(abi::register_op::files, given.data(), size_);
        } catch (std::bad_alloc const&) {
            return fail(ENOMEM, attempt::allocate);
        }
    }
    if (!done)
        return fail(explain_registration(done.error(), support::unknown, arguments::as_given));
    enrolled_ = true;
    for (std::uint32_t i = 0; i < fds.size(); ++i)
        mark(i, fds[i] >= 0);
    return {};
}

result<std::uint32_t> file_table::call_update(std::uint32_t first, std::span<int const> fds,
                                              std::span<std::uint64_t const> tags) noexcept {
    auto const count = static_cast<std::uint32_t>(fds.size());
    if (has_update2_ || !tags.empty()) {
        abi::rsrc_update2 request{};
        request.offset = first;
        request.data = address_of(fds.data());
        request.tags = tags.empty() ? 0 : address_of(tags.data());
        request.nr = count;
        return registry_->call(abi::register_op::files_update2, &request, sizeof request);
    }
    abi::files_update request{};
    request.offset = first;
    request.fds = address_of(fds.data());
    return registry_->call(abi::register_op::files_update, &request, count);
}

result<std::uint32_t> file_table::update(std::uint32_t first, std::span<int const> fds,
                                         std::span<std::uint64_t const> tags) noexcept {
    attempt const what = attempt_to_register(raw(abi::register_op::files_update2));
    if (first > size_ || fds.size() > size_ - first)
        return fail(EINVAL, what, cause::not_registered, first + fds.size());
    if (!tags.empty() && tags.size() != fds.size())
        return fail(EINVAL, what);
    if (fds.empty())
        return 0u;
    auto const done = call_update(first, fds, tags);
    if (!done)
        return fail(explain_registration(done.error(), support::unknown, arguments::as_given));
    for (std::uint32_t i = 0; i < *done; ++i)
        if (fds[i] != files::skip)
            mark(first + i, fds[i] >= 0);
    return done;
}

} // namespace rondo
