// SPDX-License-Identifier: MIT
#include "file_table.hpp"

#include "arguments.hpp"
#include "calls.hpp"
#include "descriptors.hpp"
#include "user_memory.hpp"

#include <rondo/abi/flags.hpp>
#include <rondo/abi/registration.hpp>

#include <fcntl.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <new>

namespace rondo::engine::emulation {
namespace {

constexpr std::uint32_t most_files = 1u << 20;

std::uint64_t most_descriptors() noexcept {
    ::rlimit limit{};
    if (call(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &limit) != 0)
        return most_files;
    return limit.rlim_cur;
}

} // namespace

/// What a slot shares: the descriptor, closed before the tag is posted.
struct file_table::registered_file {
    tag_ticket ticket;
    held_fd fd;
};

void file_table::connect(tag_target const& tags, ring_test rings) noexcept {
    tags_ = tags;
    rings_ = rings;
}

long file_table::take_copy(std::int32_t fd, std::shared_ptr<registered_file>& into) const noexcept {
    if (rings_.is_ring != nullptr && rings_.is_ring(rings_.who, fd))
        return -EBADF;
    long const flags = call(SYS_fcntl, fd, F_GETFL);
    if (flags < 0 || (flags & O_PATH) != 0)
        return -EBADF;
    long const copy = duplicate(fd);
    if (copy < 0)
        return copy;
    held_fd owned(static_cast<int>(copy));
    try {
        into = std::make_shared<registered_file>();
    } catch (std::bad_alloc const&) {
        return -ENOMEM;
    }
    into->fd = std::move(owned);
    return 0;
}

void file_table::fill(std::uint32_t index, shared_fd file) noexcept {
    bool const was_empty = !slots_[index];
    // What was there may end with a tag, so only after the slot has its new file.
    file.swap(slots_[index]);
    if (was_empty)
        hint_ = index + 1;
}

void file_table::empty(std::uint32_t index) noexcept {
    if (!slots_[index])
        return;
    hint_ = index;
    slots_[index].reset();
}

long file_table::find_free() noexcept {
    if (hint_ < range_first_ || hint_ >= range_end_)
        hint_ = range_first_;
    for (std::uint32_t i = hint_; i < range_end_; ++i)
        if (!slots_[i])
            return i;
    for (std::uint32_t i = range_first_; i < hint_; ++i)
        if (!slots_[i])
            return i;
    hint_ = range_first_;
    return -ENFILE;
}

long file_table::install(held_fd fd, std::uint32_t file_index) noexcept {
    bool const anywhere = file_index == abi::file_index_alloc;
    std::uint32_t index = file_index - 1;
    if (anywhere) {
        long const found = find_free();
        if (found < 0)
            return found;
        index = static_cast<std::uint32_t>(found);
    }
    if (rings_.is_ring != nullptr && rings_.is_ring(rings_.who, fd.get()))
        return -EBADF;
    if (!exists())
        return -ENXIO;
    if (index >= size())
        return -EINVAL;
    try {
        fill(index, std::make_shared<held_fd const>(std::move(fd)));
    } catch (std::bad_alloc const&) {
        return -ENOMEM;
    }
    return anywhere ? static_cast<long>(index) : 0;
}

long file_table::remove(std::uint32_t index) noexcept {
    if (!exists())
        return -ENXIO;
    if (index >= size())
        return -EINVAL;
    if (!slots_[index])
        return -EBADF;
    empty(index);
    return 0;
}

long file_table::enrol(std::int32_t const* fds, std::uint32_t count,
                       std::uint64_t const* tags) noexcept {
    if (exists())
        return -EBUSY;
    if (count == 0)
        return -EINVAL;
    if (count > most_files || count > most_descriptors())
        return -EMFILE;
    if (!is_mapped(tags, tags != nullptr ? count * sizeof *tags : 0) ||
        !is_mapped(fds, fds != nullptr ? count * sizeof *fds : 0))
        return -EFAULT;
    try {
        std::vector<std::shared_ptr<registered_file>> files(count);
        for (std::uint32_t i = 0; i < count; ++i) {
            if (fds == nullptr || fds[i] == -1) {
                if (tags != nullptr && tags[i] != 0)
                    return -EINVAL;
                continue;
            }
            if (long const failure = take_copy(fds[i], files[i]); failure != 0)
                return failure;
        }
        slots_.resize(count);
        // Only now: a table that was refused posts no tags.
        for (std::uint32_t i = 0; i < count; ++i) {
            if (!files[i])
                continue;
            if (tags != nullptr)
                files[i]->ticket.arm(tags_, tags[i]);
            slots_[i] = shared_fd(files[i], &files[i]->fd);
        }
    } catch (std::bad_alloc const&) {
        return -ENOMEM;
    }
    return set_range(0, count);
}

long file_table::update(std::uint32_t first, std::int32_t const* fds, std::uint32_t count,
                        std::uint64_t const* tags) noexcept {
    if (long const failure = check_slots(first, count, size()); failure != 0)
        return failure;
    if (!is_mapped(tags, tags != nullptr ? count * sizeof *tags : 0) ||
        !is_mapped(fds, count * sizeof *fds))
        return -EFAULT;
    long failure = 0;
    std::uint32_t done = 0;
    for (; done < count; ++done) {
        std::int32_t const fd = fds[done];
        std::uint64_t const tag = tags != nullptr ? tags[done] : 0;
        bool const skipped = fd == abi::register_files_skip;
        if ((skipped || fd == -1) && tag != 0) {
            failure = -EINVAL;
            break;
        }
        if (skipped)
            continue;
        // The former file goes even if the new one cannot come.
        empty(first + done);
        if (fd == -1)
            continue;
        std::shared_ptr<registered_file> file;
        failure = take_copy(fd, file);
        if (failure != 0)
            break;
        file->ticket.arm(tags_, tag);
        fill(first + done, shared_fd(file, &file->fd));
    }
    return done != 0 ? static_cast<long>(done) : failure;
}

long file_table::update_anywhere(std::int32_t* fds, std::uint32_t count) noexcept {
    if (!exists())
        return -ENXIO;
    if (!is_mapped(fds, count * sizeof *fds))
        return -EFAULT;
    long failure = 0;
    std::uint32_t done = 0;
    for (; done < count; ++done) {
        std::shared_ptr<registered_file> file;
        failure = take_copy(read_lent(fds + done), file);
        if (failure == 0)
            failure = find_free();
        if (failure < 0)
            break;
        auto const index = static_cast<std::uint32_t>(failure);
        fill(index, shared_fd(file, &file->fd));
        write_lent(fds + done, static_cast<std::int32_t>(index));
    }
    return done != 0 ? static_cast<long>(done) : failure;
}

long file_table::unregister() noexcept {
    if (!exists())
        return -ENXIO;
    // Tags are posted while the table is gone already.
    std::vector<shared_fd> const former = std::move(slots_);
    slots_.clear();
    return set_range(0, 0);
}

long file_table::set_range(std::uint32_t first, std::uint32_t count) noexcept {
    std::uint32_t end = 0;
    if (__builtin_add_overflow(first, count, &end))
        return -EOVERFLOW;
    if (end > size())
        return -EINVAL;
    range_first_ = first;
    range_end_ = end;
    hint_ = first;
    return 0;
}

} // namespace rondo::engine::emulation
