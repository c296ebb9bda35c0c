// SPDX-License-Identifier: MIT
#include <rondo/interop/filesystem.hpp>

#include "filesystem_replacement.hpp"

#include <rondo/core/fd.hpp>
#include <rondo/interop/vectored_descriptor.hpp>
#include <rondo/interop/vectored_writer.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <exception>

namespace rondo {
namespace {

/// Steps in which the contents grow when the file does not tell its size.
constexpr std::size_t least_growth = 64 * 1024;

template <class Contents>
result<Contents> read_all(shared_ring* on, char const* path, std::size_t limit) noexcept {
    unique_fd const fd(::open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!fd)
        return fail(error::last(attempt::open));
    struct ::stat about{};
    if (::fstat(fd.get(), &about) != 0)
        return fail(error::last(attempt::stat));
    auto from = vectored_descriptor::examine(fd, {.on = on});
    if (!from)
        return fail(from.error());
    std::size_t const size = S_ISREG(about.st_mode) ? static_cast<std::size_t>(about.st_size) : 0;
    if (size > limit)
        return fail(EFBIG, attempt::read);

    Contents out;
    // One byte more than the file seems to have, so that the first round can find its end.
    for (std::size_t growth = size != 0 ? size + 1 : least_growth;;) {
        std::size_t const start = out.size();
        if (limit - start < growth)
            growth = limit - start + 1;
        try {
            out.resize(start + growth);
        } catch (std::exception const&) { // std::bad_alloc, std::length_error
            return fail(ENOMEM, attempt::allocate);
        }
        ::iovec rest{out.data() + start, growth};
        std::span<::iovec> parts(&rest, 1);
        std::size_t filled = 0;
        if (result<> const done = from->read(parts, filled); !done)
            return fail(done.error());
        out.resize(start + filled);
        if (out.size() > limit)
            return fail(EFBIG, attempt::read);
        if (filled < growth)
            return out;
        growth = std::max(least_growth, out.size());
    }
}

result<> replace(shared_ring* on, char const* path, const_bytes contents,
                 write_file_options const& options) noexcept {
    auto file = replacement::create(path, options.permissions, options.in_place);
    if (!file)
        return fail(file.error());
    auto const written = write_all(file->fd(), {contents}, {.on = on});
    if (!written)
        return fail(written.error());
    return file->commit(options.sync, options.sync_directory);
}

} // namespace

template <file_contents Contents>
result<Contents> read_file(char const* path, std::size_t limit) noexcept {
    return read_all<Contents>(nullptr, path, limit);
}
template <file_contents Contents>
result<Contents> read_file(shared_ring& on, char const* path, std::size_t limit) noexcept {
    return read_all<Contents>(&on, path, limit);
}
template result<std::string> read_file(char const*, std::size_t) noexcept;
template result<std::string> read_file(shared_ring&, char const*, std::size_t) noexcept;
template result<std::vector<std::byte>> read_file(char const*, std::size_t) noexcept;
template result<std::vector<std::byte>> read_file(shared_ring&, char const*, std::size_t) noexcept;

result<> write_file(char const* path, const_bytes contents,
                    write_file_options const& options) noexcept {
    return replace(nullptr, path, contents, options);
}

result<> write_file(shared_ring& on, char const* path, const_bytes contents,
                    write_file_options const& options) noexcept {
    return replace(&on, path, contents, options);
}

} // namespace rondo
