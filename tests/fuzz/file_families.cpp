// SPDX-License-Identifier: MIT
// Files and the names of files.
#include "family.hpp"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstring>

namespace fuzz {
namespace {

constexpr place files[] = {place::file0, place::file1, place::made, place::pipe0_out,
                           place::stream1_a};
constexpr place real_files[] = {place::file0, place::file1, place::file0};
constexpr place directories[] = {place::directory};
constexpr place xattr_files[] = {place::made, place::file0};

/// A name in the directory, most of the time one that means something there.
char const* some_name(filling& f, std::size_t which) {
    static constexpr char const* all[] = {"a",   "b",   "d",   "l", "n",   "m",
                                          "d/x", "a/x", "n/x", "",  "./a", "d/../b"};
    auto& to = f.with.names[which];
    std::strncpy(to.data(), f.roll.of(all), to.size() - 1);
    to.back() = 0;
    return to.data();
}

/// In the slot file_index - 1, or in one of the ring's choice.
void choose_slot(filling& f) {
    if (!f.roll.chance(3))
        return;
    static constexpr std::uint32_t all[] = {
        1, 6, 9, 11, 12, 13, abi::file_index_alloc, abi::file_index_alloc};
    f.to.file_index = f.roll.of(all);
}

void fsync(filling& f) {
    f.to.fsync_flags = f.roll.chance(3) ? raw(abi::fsync_flag::datasync) : 0;
    if (f.roll.chance(6)) {
        f.to.off = 10;
        f.to.len = 20;
    }
}

void sync_range(filling& f) {
    f.to.off = f.roll.below(3) * 50;
    f.to.len = f.roll.below(3) * 50;
    f.to.sync_range_flags = f.roll.below(9);
}

void allocate(filling& f) {
    static constexpr std::uint32_t modes[] = {0, FALLOC_FL_KEEP_SIZE,
                                              FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                              FALLOC_FL_PUNCH_HOLE, FALLOC_FL_ZERO_RANGE};
    f.to.off = f.roll.below(4) * 40;
    f.to.addr = f.roll.below(5) * 30;
    f.to.len = f.roll.of(modes);
}

void truncate(filling& f) {
    static constexpr std::uint64_t sizes[] = {0, 10, 100, 300, 5000, ~std::uint64_t{0}};
    f.to.off = f.roll.of(sizes);
}

void advise_file(filling& f) {
    f.to.off = f.roll.below(3) * 10;
    f.to.len = f.roll.below(200);
    f.to.fadvise_advice = f.roll.below(8);
}

void advise_memory(filling& f) {
    static constexpr std::uint32_t all[] = {MADV_NORMAL, MADV_WILLNEED, MADV_RANDOM, 77};
    f.to.addr = address_of(f.on.home().room.get()) & ~std::uint64_t{4095};
    f.to.len = 4096;
    f.to.fadvise_advice = f.roll.of(all);
}

void stat(filling& f) {
    std::memset(&f.with.facts, 0, sizeof f.with.facts);
    f.to.off = address_of(&f.with.facts);
    f.to.len = STATX_BASIC_STATS;
    bool const of_directory = f.what.on == place::directory;
    f.to.addr = address_of(of_directory ? some_name(f, 0) : "");
    static constexpr std::uint32_t flags[] = {0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH,
                                              AT_NO_AUTOMOUNT, 1};
    f.to.statx_flags = of_directory ? f.roll.of(flags) : std::uint32_t{AT_EMPTY_PATH};
}

std::uint64_t inspect_stat(surroundings& on, action const& a, abi::cqe const& c) {
    struct ::statx const& s = on.hidden(a.number).facts;
    if (c.res < 0)
        return 0;
    bool const sized = !S_ISDIR(s.stx_mode); // a directory's size is the file system's affair
    return mixed(mixed(s.stx_mode, sized ? s.stx_size : 0), mixed(s.stx_nlink, s.stx_uid));
}

void open(filling& f) {
    static constexpr std::uint32_t flags[] = {O_RDONLY,
                                              O_RDWR,
                                              O_RDWR | O_CREAT,
                                              O_WRONLY | O_TRUNC,
                                              O_RDWR | O_CREAT | O_EXCL,
                                              O_DIRECTORY,
                                              O_RDONLY | O_NOFOLLOW,
                                              O_RDWR | O_APPEND};
    f.to.addr = address_of(some_name(f, 0));
    f.to.open_flags = f.roll.of(flags);
    f.to.len = 0600;
    if (f.roll.chance(3))
        f.to.open_flags |= O_CLOEXEC;
    choose_slot(f);
}

void open2(filling& f) {
    open(f);
    f.with.how = {};
    f.with.how.flags = f.to.open_flags;
    f.with.how.mode = (f.to.open_flags & O_CREAT) != 0 ? 0600u : 0u;
    static constexpr std::uint64_t resolves[] = {0, 0, RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS,
                                                 1u << 20};
    f.with.how.resolve = f.roll.of(resolves);
    f.to.open_flags = 0;
    f.to.off = address_of(&f.with.how);
    f.to.len = sizeof f.with.how;
}

void rename(filling& f) {
    f.to.addr = address_of(some_name(f, 0));
    f.to.off = address_of(some_name(f, 1));
    f.to.len = static_cast<std::uint32_t>(f.to.fd);
    f.to.rename_flags = f.roll.chance(3) ? f.roll.below(5) : 0;
}

void unlink(filling& f) {
    f.to.addr = address_of(some_name(f, 0));
    f.to.unlink_flags = f.roll.chance(3) ? std::uint32_t{AT_REMOVEDIR} : 0;
}

void make_directory(filling& f) {
    f.to.addr = address_of(some_name(f, 0));
    f.to.len = 0700;
}

void symlink(filling& f) {
    f.to.addr = address_of(some_name(f, 0));
    f.to.off = address_of(some_name(f, 1));
}

void link(filling& f) {
    f.to.addr = address_of(some_name(f, 0));
    f.to.off = address_of(some_name(f, 1));
    f.to.len = static_cast<std::uint32_t>(f.to.fd);
    f.to.hardlink_flags = f.roll.chance(4) ? std::uint32_t{AT_SYMLINK_FOLLOW} : 0;
}

char const* some_attribute(filling& f) {
    static constexpr char const* all[] = {"user.old", "user.new", "user.old", "bad", ""};
    std::strncpy(f.with.names[1].data(), f.roll.of(all), f.with.names[1].size() - 1);
    return f.with.names[1].data();
}

void set_attribute(filling& f) {
    f.to.addr = address_of(some_attribute(f));
    f.to.off = address_of(letters_from(f.what.number));
    f.to.len = f.roll.below(20);
    f.to.xattr_flags = f.roll.chance(3) ? f.roll.below(4) : 0;
}

void get_attribute(filling& f) {
    f.to.addr = address_of(some_attribute(f));
    f.to.off = address_of(f.room());
    f.to.len = f.roll.of({0u, 3u, 5u, 64u});
}

/// By name it has to be absolute: there is no directory to start from.
void name_absolutely(filling& f) {
    auto& to = f.with.names[0];
    std::string const path = f.on.home().directory + (f.roll.chance(2) ? "/a" : "/l");
    std::strncpy(to.data(), path.c_str(), to.size() - 1);
    f.to.addr3 = address_of(to.data());
    f.to.fd = 0;
}

void set_attribute_by_name(filling& f) {
    set_attribute(f);
    name_absolutely(f);
}

void get_attribute_by_name(filling& f) {
    get_attribute(f);
    name_absolutely(f);
}

using code = abi::opcode;
constexpr auto slow = trait::sure | trait::threaded;
constexpr auto of_path = slow | trait::plain_fd;
constexpr auto opens = of_path | trait::makes_fd | trait::loud;
constexpr auto paths = topic::paths;

constexpr family table[] = {
    {.name = "fsync", .code = code::fsync, .fill = fsync, .where = files, .traits = slow},
    {.name = "sync_file_range",
     .code = code::sync_file_range,
     .fill = sync_range,
     .where = files,
     .traits = slow,
     .weight = 2},
    {.name = "fallocate",
     .code = code::fallocate,
     .fill = allocate,
     .where = files,
     .traits = slow},
    {.name = "ftruncate",
     .code = code::ftruncate,
     .fill = truncate,
     .where = files,
     .traits = slow},
    {.name = "fadvise",
     .code = code::fadvise,
     .fill = advise_file,
     .where = real_files,
     .traits = slow,
     .weight = 2},
    {.name = "madvise",
     .code = code::madvise,
     .fill = advise_memory,
     .traits = slow | trait::steady,
     .weight = 2},
    {.name = "statx",
     .code = code::statx,
     .fill = stat,
     .where = real_files,
     .traits = of_path,
     .inspect = inspect_stat},
    {.name = "statx of a name",
     .code = code::statx,
     .fill = stat,
     .where = directories,
     .traits = of_path,
     .needs = paths,
     .inspect = inspect_stat},
    {.name = "openat",
     .code = code::openat,
     .fill = open,
     .where = directories,
     .traits = opens,
     .needs = paths,
     .weight = 12,
     .claims = resource(place::slots)},
    {.name = "openat2",
     .code = code::openat2,
     .fill = open2,
     .where = directories,
     .traits = opens,
     .needs = paths,
     .weight = 6,
     .claims = resource(place::slots)},
    {.name = "renameat",
     .code = code::renameat,
     .fill = rename,
     .where = directories,
     .traits = of_path,
     .needs = paths},
    {.name = "unlinkat",
     .code = code::unlinkat,
     .fill = unlink,
     .where = directories,
     .traits = of_path,
     .needs = paths},
    {.name = "mkdirat",
     .code = code::mkdirat,
     .fill = make_directory,
     .where = directories,
     .traits = of_path,
     .needs = paths},
    {.name = "symlinkat",
     .code = code::symlinkat,
     .fill = symlink,
     .where = directories,
     .traits = of_path,
     .needs = paths},
    {.name = "linkat",
     .code = code::linkat,
     .fill = link,
     .where = directories,
     .traits = of_path,
     .needs = paths},
    {.name = "fsetxattr",
     .code = code::fsetxattr,
     .fill = set_attribute,
     .where = xattr_files,
     .traits = slow,
     .needs = paths,
     .claims = resource(place::directory)},
    {.name = "fgetxattr",
     .code = code::fgetxattr,
     .fill = get_attribute,
     .where = xattr_files,
     .traits = slow,
     .needs = paths,
     .claims = resource(place::directory)},
    {.name = "setxattr",
     .code = code::setxattr,
     .fill = set_attribute_by_name,
     .where = directories,
     .traits = of_path,
     .needs = paths,
     .weight = 2},
    {.name = "getxattr",
     .code = code::getxattr,
     .fill = get_attribute_by_name,
     .where = directories,
     .traits = of_path,
     .needs = paths,
     .weight = 2},
};

} // namespace

std::span<family const> file_families() noexcept { return table; }

} // namespace fuzz
