// SPDX-License-Identifier: MIT
// What a program and its tests do with a tree, without descriptors.
#include "tree.hpp"

#include "guarded.hpp"
#include "regular_file.hpp"

#include <cerrno>
#include <fcntl.h>

namespace rondo::engine::simulation {
namespace {

regular_file* as_file(std::shared_ptr<node> const& what) noexcept {
    return what && what->type() == S_IFREG ? static_cast<regular_file*>(what.get()) : nullptr;
}

} // namespace

long tree::write(std::string_view path, std::span<std::byte const> contents) noexcept {
    return guarded([&]() -> long {
        for (std::size_t end = path.find('/', 1); end < path.size(); end = path.find('/', end + 1))
            if (long const made = make_directory(top_, path.substr(0, end), 0755);
                made != 0 && made != -EEXIST)
                return made;
        std::shared_ptr<node> found;
        long const opened = open(top_, path, O_CREAT | O_TRUNC | O_WRONLY, 0644, 0, found);
        if (opened != 0)
            return opened;
        open_file via;
        // The parts are only read from.
        ::iovec const all{const_cast<std::byte*>(contents.data()), contents.size()};
        long const done = as_file(found)->write(via, {&all, 1}, 0, 0);
        if (done < 0)
            return done;
        return static_cast<std::size_t>(done) == contents.size() ? 0 : -ENOSPC;
    });
}

std::optional<std::vector<std::byte>> tree::read(std::string_view path) const {
    std::shared_ptr<node> found;
    if (find(top_, path, {}, found) != 0 || !as_file(found))
        return std::nullopt;
    std::vector<std::byte> out(static_cast<std::size_t>(found->size()));
    open_file via;
    ::iovec const all{out.data(), out.size()};
    as_file(found)->read(via, {&all, 1}, 0, 0);
    return out;
}

bool tree::exists(std::string_view path) const {
    std::shared_ptr<node> found;
    return find(top_, path, {}, found) == 0;
}

std::vector<std::string> tree::list(std::string_view path) const {
    std::shared_ptr<node> found;
    std::vector<std::string> out;
    if (find(top_, path, {}, found) == 0 && found->type() == S_IFDIR)
        static_cast<directory const&>(*found).for_names(
            [&out](std::string const& name) { out.push_back(name); });
    return out;
}

bool tree::remove(std::string_view path) {
    long const removed = unlink(top_, path, false);
    return removed == 0 || (removed == -EISDIR && unlink(top_, path, true) == 0);
}

} // namespace rondo::engine::simulation
