// SPDX-License-Identifier: MIT
#include <rondo/ring/files.hpp>

#include "file_table.hpp"
#include "registration.hpp"

#include <rondo/core/assert.hpp>

#include <cerrno>

namespace rondo {
namespace {

/// Tells the kernel which slots are its own to choose from.
result<> set_range(file_table const& table, std::uint32_t first, std::uint32_t count) noexcept {
    abi::file_index_range range{first, count, 0};
    auto const done =
        register_explained(table.registry(), support::unknown, abi::register_op::file_alloc_range,
                           &range, 0, arguments::checked);
    if (!done)
        return fail(done.error());
    return {};
}

result<file_table*> make_table(ring& owner, std::size_t slots) noexcept {
    if (slots == 0 || slots > ~std::uint32_t{0})
        return fail(EINVAL, attempt_to_register(raw(abi::register_op::files2)));
    file_table* const table =
        file_table::create(owner.registry(), static_cast<std::uint32_t>(slots));
    if (table == nullptr)
        return fail(ENOMEM, attempt::allocate);
    return table;
}

} // namespace

result<files> files::create(ring& owner, files_options const& options) noexcept {
    auto const made =
        make_table(owner, std::size_t{options.slots} + std::size_t{options.kernel_slots});
    if (!made)
        return fail(made.error());
    files out(*made);
    if (result<> done = out.table_->enrol({}, {}); !done)
        return fail(done.error());
    // Without this the kernel would choose from all slots, those of insert() among them.
    result<> const ranged = out.alloc_range(options.slots, options.kernel_slots);
    if (!ranged && options.kernel_slots != 0)
        return fail(ranged.error());
    return out;
}

result<files> files::create(ring& owner, std::span<int const> fds,
                            std::span<std::uint64_t const> tags) noexcept {
    if (!tags.empty() && tags.size() != fds.size())
        return fail(EINVAL, attempt_to_register(raw(abi::register_op::files2)));
    auto const made = make_table(owner, fds.size());
    if (!made)
        return fail(made.error());
    files out(*made);
    if (result<> done = out.table_->enrol(fds, tags); !done)
        return fail(done.error());
    // A kernel before 6.0 has no ranges; any_slot() is refused then, so nothing can collide.
    static_cast<void>(out.alloc_range(0, 0));
    return out;
}

files& files::operator=(files&& other) noexcept {
    if (this != &other) {
        delete table_;
        table_ = std::exchange(other.table_, nullptr);
    }
    return *this;
}

files::~files() { delete table_; }

result<owned_slot> files::insert(unique_fd fd, slot_options const& where) noexcept {
    return insert(fd.get(), where);
}

result<owned_slot> files::insert(int fd, slot_options const& where) noexcept {
    RONDO_ASSERT(table_ != nullptr, "a moved-from table of files was used");
    attempt const what = attempt_to_register(raw(abi::register_op::files_update2));
    if (fd < 0)
        return fail(EBADF, what);
    std::uint32_t index = where.at;
    if (index == slot_options::anywhere) {
        index = table_->find_free();
        if (index == slot_options::anywhere)
            return fail(ENFILE, what);
    } else if (index >= table_->size()) {
        return fail(EINVAL, what, cause::not_registered, index);
    } else if (table_->is_taken(index)) {
        return fail(EBUSY, what, cause::in_use, index);
    }
    std::span<std::uint64_t const> const tags(&where.tag, where.tag != 0 ? 1 : 0);
    auto const done = table_->update(index, {&fd, 1}, tags);
    if (!done)
        return fail(done.error());
    return owned_slot(&file_table::functions(), table_->token(), index);
}

result<std::uint32_t> files::update(std::uint32_t first, std::span<int const> fds,
                                    std::span<std::uint64_t const> tags) noexcept {
    RONDO_ASSERT(table_ != nullptr, "a moved-from table of files was used");
    return table_->update(first, fds, tags);
}

result<> files::release(std::uint32_t index) noexcept {
    int const empty = -1;
    auto const done = update(index, {&empty, 1});
    if (!done)
        return fail(done.error());
    return {};
}

slot_source files::any_slot() noexcept {
    RONDO_ASSERT(table_ != nullptr, "a moved-from table of files was used");
    RONDO_ASSERT(table_->kernel_slots() != 0,
                 "any_slot() of a table without slots for the kernel to choose from: create it "
                 "with kernel_slots, or call alloc_range()");
    return {.index = abi::file_index_alloc,
            .functions = &file_table::functions(),
            .table = table_->token()};
}

slot_source files::slot(std::uint32_t index) noexcept {
    RONDO_ASSERT(table_ != nullptr, "a moved-from table of files was used");
    RONDO_ASSERT(index < table_->size(), "a slot outside its table of files was asked for");
    table_->mark(index, true);
    return {.index = index, .functions = &file_table::functions(), .table = table_->token()};
}

result<> files::alloc_range(std::uint32_t first, std::uint32_t count) noexcept {
    RONDO_ASSERT(table_ != nullptr, "a moved-from table of files was used");
    attempt const what = attempt_to_register(raw(abi::register_op::file_alloc_range));
    if (first > table_->size() || count > table_->size() - first)
        return fail(EINVAL, what, cause::not_registered, std::uint64_t{first} + count);
    if (!table_->may_give_to_kernel(first, count))
        return fail(EBUSY, what, cause::in_use);
    if (result<> done = set_range(*table_, first, count); !done)
        return done;
    table_->give_to_kernel(first, count);
    return {};
}

fd_ref files::operator[](std::uint32_t index) const noexcept {
    RONDO_ASSERT(table_ != nullptr && index < table_->size(),
                 "a slot outside its table of files was asked for");
    return fd_ref::slot(index);
}

std::uint32_t files::size() const noexcept { return table_ != nullptr ? table_->size() : 0; }

std::uint32_t files::free_slots() const noexcept {
    return table_ != nullptr ? table_->free_slots() : 0;
}

} // namespace rondo
