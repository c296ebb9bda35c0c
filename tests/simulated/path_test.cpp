// SPDX-License-Identifier: MIT
// System calls that take paths, in a tree in memory.
#include "files_fixture.hpp"

#include <array>
#include <linux/fs.h>
#include <linux/openat2.h>

namespace rondo::engine::simulation {
namespace {

class simulated_path : public files_fixture {
protected:
    long mkdir(char const* path, long from = AT_FDCWD) {
        return call(SYS_mkdirat, from, path, 0755);
    }
    long unlink(char const* path, int flags = 0) {
        return call(SYS_unlinkat, AT_FDCWD, path, flags);
    }
    long rename(char const* path, char const* to, unsigned flags = 0) {
        return call(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, to, flags);
    }
    long link(char const* path, char const* to, int flags = 0) {
        return call(SYS_linkat, AT_FDCWD, path, AT_FDCWD, to, flags);
    }
    long symlink(char const* target, char const* path) {
        return call(SYS_symlinkat, target, AT_FDCWD, path);
    }
    long open2(char const* path, ::open_how how, std::size_t size = sizeof(::open_how)) {
        long const fd = call(SYS_openat2, AT_FDCWD, path, &how, size);
        if (fd >= 0)
            w.close(static_cast<int>(fd));
        return fd;
    }
};

TEST_F(simulated_path, opens_what_is_there_and_makes_what_is_not) {
    EXPECT_EQ(open("/x", O_RDWR), -ENOENT);
    EXPECT_GE(open("/x", O_RDWR | O_CREAT, 0640), 0);
    EXPECT_EQ(about("/x").stx_mode, S_IFREG | 0640);
    EXPECT_GE(open("/x", O_RDWR | O_CREAT), 0);
    EXPECT_EQ(open("/x", O_RDWR | O_CREAT | O_EXCL), -EEXIST);
    EXPECT_EQ(open("/x/", O_RDWR), -ENOTDIR);
    EXPECT_EQ(open("/y/", O_RDWR | O_CREAT), -EISDIR);
    EXPECT_EQ(open("/x", O_RDONLY | O_DIRECTORY), -ENOTDIR);
    EXPECT_EQ(open("/", O_RDWR), -EISDIR);
    EXPECT_EQ(open("/", O_RDONLY | O_CREAT), -EISDIR);
}

TEST_F(simulated_path, begins_at_a_directory_or_at_the_top) {
    ASSERT_TRUE(make("/d/file", "text"));
    long const d = open("/d", O_PATH);
    long const file = open("/d/file", O_RDONLY);
    EXPECT_GE(open("file", O_RDONLY, 0, d), 0);
    EXPECT_EQ(open("file", O_RDONLY, 0, file), -ENOTDIR);
    EXPECT_EQ(open("file", O_RDONLY, 0, -1), -EBADF);
    EXPECT_GE(open("/d/file", O_RDONLY, 0, -1), 0);
    EXPECT_GE(open("d/file", O_RDONLY), 0);
}

TEST_F(simulated_path, cuts_off_on_opening) {
    ASSERT_TRUE(make("/x", "text"));
    EXPECT_GE(open("/x", O_RDONLY), 0);
    EXPECT_EQ(contents("/x"), "text");
    EXPECT_GE(open("/x", O_WRONLY | O_TRUNC), 0);
    EXPECT_EQ(contents("/x"), "");
}

TEST_F(simulated_path, keeps_of_its_flags_what_is_not_for_the_moment) {
    int const momentary = O_CREAT | O_EXCL | O_TRUNC | O_NOCTTY | O_CLOEXEC;
    long const fd = open("/x", O_RDWR | O_APPEND | O_NONBLOCK | momentary);
    EXPECT_EQ(call(SYS_fcntl, fd, F_GETFL), O_RDWR | O_APPEND | O_NONBLOCK);
}

TEST_F(simulated_path, makes_what_a_dangling_link_points_to) {
    ASSERT_EQ(symlink("target", "/link"), 0);
    EXPECT_EQ(open("/link", O_RDWR | O_CREAT | O_EXCL), -EEXIST);
    EXPECT_EQ(open("/link", O_RDWR | O_CREAT | O_NOFOLLOW), -ELOOP);
    EXPECT_GE(open("/link", O_RDWR | O_CREAT), 0);
    EXPECT_TRUE(w.files().exists("/target"));
}

TEST_F(simulated_path, opens_a_link_itself_only_as_a_path) {
    ASSERT_EQ(symlink("/nowhere", "/link"), 0);
    EXPECT_EQ(open("/link", O_RDONLY | O_NOFOLLOW), -ELOOP);
    long const fd = open("/link", O_PATH | O_NOFOLLOW);
    ASSERT_GE(fd, 0);
    std::array<char, 16> text{};
    EXPECT_EQ(call(SYS_readlinkat, fd, "", text.data(), text.size()), 8);
    EXPECT_STREQ(text.data(), "/nowhere");
    EXPECT_EQ(call(SYS_fsync, fd), -EBADF);
    EXPECT_EQ(read(fd, 1), "error " + std::to_string(EBADF));
}

TEST_F(simulated_path, a_nameless_file_can_get_a_name_unless_it_is_exclusive) {
    ASSERT_EQ(mkdir("/d"), 0);
    EXPECT_EQ(open("/d", O_TMPFILE | O_RDONLY), -EINVAL);
    long const fd = open("/d", O_TMPFILE | O_RDWR);
    EXPECT_EQ(write(fd, "text"), 4);
    EXPECT_TRUE(w.files().list("/d").empty());
    EXPECT_EQ(about("", AT_EMPTY_PATH, fd).stx_nlink, 0u);
    EXPECT_EQ(call(SYS_linkat, fd, "", AT_FDCWD, "/d/x", AT_EMPTY_PATH), 0);
    EXPECT_EQ(contents("/d/x"), "text");
    long const other = open("/d", O_TMPFILE | O_RDWR | O_EXCL);
    EXPECT_EQ(call(SYS_linkat, other, "", AT_FDCWD, "/d/y", AT_EMPTY_PATH), -ENOENT);
}

TEST_F(simulated_path, openat2_is_strict) {
    ASSERT_TRUE(make("/x"));
    EXPECT_GE(open2("/x", {.flags = O_RDONLY, .mode = 0, .resolve = 0}), 0);
    EXPECT_EQ(open2("/x", {.flags = O_RDONLY, .mode = 0600, .resolve = 0}), -EINVAL);
    EXPECT_EQ(open2("/x", {.flags = 1ull << 40, .mode = 0, .resolve = 0}), -EINVAL);
    EXPECT_EQ(open2("/x", {.flags = O_PATH | O_RDWR, .mode = 0, .resolve = 0}), -EINVAL);
    EXPECT_EQ(open2("/x", {.flags = 0, .mode = 0, .resolve = 1 << 20}), -EINVAL);
    EXPECT_EQ(open2("/x", {}, sizeof(::open_how) - 1), -EINVAL);
    constexpr std::uint64_t cached = 0x20;
    EXPECT_GE(open2("/x", {.flags = O_RDONLY, .mode = 0, .resolve = cached}), 0);
    EXPECT_EQ(open2("/x", {.flags = O_CREAT, .mode = 0, .resolve = cached}), -EAGAIN);
}

TEST_F(simulated_path, openat2_takes_a_longer_structure_if_the_rest_is_empty) {
    ASSERT_TRUE(make("/x"));
    std::array<std::uint64_t, 4> how{};
    long const fd = call(SYS_openat2, AT_FDCWD, "/x", how.data(), sizeof how);
    EXPECT_GE(fd, 0);
    w.close(static_cast<int>(fd));
    how[3] = 1;
    EXPECT_EQ(call(SYS_openat2, AT_FDCWD, "/x", how.data(), sizeof how), -E2BIG);
}

TEST_F(simulated_path, makes_directories_where_there_is_nothing) {
    EXPECT_EQ(mkdir("/a"), 0);
    EXPECT_EQ(mkdir("/a"), -EEXIST);
    EXPECT_EQ(mkdir("/a/b/"), 0);
    EXPECT_EQ(mkdir("/x/b"), -ENOENT);
    EXPECT_EQ(mkdir("/a/.."), -EEXIST);
    EXPECT_EQ(mkdir(""), -ENOENT);
    EXPECT_EQ(about("/a").stx_mode, S_IFDIR | 0755);
    EXPECT_EQ(about("/a").stx_nlink, 3u);
    EXPECT_EQ(call(SYS_mkdirat, AT_FDCWD, nullptr, 0755), -EFAULT);
}

TEST_F(simulated_path, unlinks_files_and_empty_directories_each_in_its_way) {
    ASSERT_TRUE(make("/d/x"));
    EXPECT_EQ(unlink("/d"), -EISDIR);
    EXPECT_EQ(unlink("/d", AT_REMOVEDIR), -ENOTEMPTY);
    EXPECT_EQ(unlink("/d/x", AT_REMOVEDIR), -ENOTDIR);
    EXPECT_EQ(unlink("/d/x/"), -ENOTDIR);
    EXPECT_EQ(unlink("/d/x", 1), -EINVAL);
    EXPECT_EQ(unlink("/d/x"), 0);
    EXPECT_EQ(unlink("/d/x"), -ENOENT);
    EXPECT_EQ(unlink("/d/.", AT_REMOVEDIR), -EINVAL);
    EXPECT_EQ(unlink("/d/..", AT_REMOVEDIR), -ENOTEMPTY);
    EXPECT_EQ(unlink("/", AT_REMOVEDIR), -EBUSY);
    EXPECT_EQ(unlink("/d/", AT_REMOVEDIR), 0);
    EXPECT_EQ(about("/").stx_nlink, 2u);
}

TEST_F(simulated_path, an_unlinked_file_lives_on_while_it_is_open) {
    long const fd = open("/x", O_RDWR | O_CREAT);
    ASSERT_EQ(unlink("/x"), 0);
    EXPECT_EQ(write(fd, "text"), 4);
    EXPECT_EQ(read(fd, 9, 0), "text");
    EXPECT_EQ(about("", AT_EMPTY_PATH, fd).stx_nlink, 0u);
    EXPECT_EQ(call(SYS_linkat, fd, "", AT_FDCWD, "/y", AT_EMPTY_PATH), -ENOENT);
}

TEST_F(simulated_path, a_name_can_replace_another) {
    ASSERT_TRUE(make("/a", "one"));
    ASSERT_TRUE(make("/b", "two"));
    EXPECT_EQ(rename("/a", "/b", RENAME_NOREPLACE), -EEXIST);
    EXPECT_EQ(rename("/a", "/b"), 0);
    EXPECT_EQ(contents("/b"), "one");
    EXPECT_EQ(w.files().list("/"), std::vector<std::string>{"b"});
    EXPECT_EQ(rename("/b", "/c", RENAME_NOREPLACE), 0);
    EXPECT_EQ(rename("/b", "/c"), -ENOENT);
}

TEST_F(simulated_path, two_names_can_be_exchanged) {
    ASSERT_TRUE(make("/a", "one"));
    ASSERT_TRUE(make("/d/sub/x"));
    EXPECT_EQ(rename("/a", "/none", RENAME_EXCHANGE), -ENOENT);
    EXPECT_EQ(rename("/a", "/d/sub", RENAME_EXCHANGE), 0);
    EXPECT_EQ(contents("/d/sub"), "one");
    EXPECT_TRUE(w.files().exists("/a/x"));
    EXPECT_EQ(about("/d").stx_nlink, 2u);
    EXPECT_EQ(about("/").stx_nlink, 4u);
    EXPECT_EQ(contents("/a/../d/sub"), "one");
    EXPECT_EQ(rename("/a", "/d", RENAME_EXCHANGE | RENAME_NOREPLACE), -EINVAL);
    EXPECT_EQ(rename("/a", "/d", RENAME_WHITEOUT), -EINVAL);
}

TEST_F(simulated_path, a_directory_is_never_moved_into_itself_or_over_something_else) {
    ASSERT_TRUE(make("/a/b/c"));
    ASSERT_EQ(mkdir("/empty"), 0);
    EXPECT_EQ(rename("/a", "/a/b/d"), -EINVAL);
    EXPECT_EQ(rename("/a/b", "/a"), -ENOTEMPTY);
    EXPECT_EQ(rename("/a/b", "/a", RENAME_EXCHANGE), -EINVAL);
    EXPECT_EQ(rename("/empty", "/a"), -ENOTEMPTY);
    EXPECT_EQ(rename("/a/b/c", "/empty"), -EISDIR);
    EXPECT_EQ(rename("/empty", "/a/b/c"), -ENOTDIR);
    EXPECT_EQ(rename("/a/b/c", "/d/"), -ENOTDIR);
    EXPECT_EQ(rename("/a/.", "/d"), -EBUSY);
    EXPECT_EQ(rename("/a", "/empty"), 0);
    EXPECT_TRUE(w.files().exists("/empty/b/../b/c"));
    EXPECT_EQ(about("/").stx_nlink, 3u);
}

TEST_F(simulated_path, two_names_of_one_file_are_left_alone) {
    ASSERT_TRUE(make("/a", "text"));
    ASSERT_EQ(link("/a", "/b"), 0);
    EXPECT_EQ(rename("/a", "/b"), 0);
    EXPECT_EQ(about("/a").stx_nlink, 2u);
    EXPECT_EQ(about("/a").stx_ino, about("/b").stx_ino);
}

TEST_F(simulated_path, a_file_can_have_many_names_and_a_directory_one) {
    ASSERT_TRUE(make("/a", "text"));
    ASSERT_EQ(symlink("a", "/s"), 0);
    EXPECT_EQ(link("/a", "/b"), 0);
    EXPECT_EQ(link("/a", "/b"), -EEXIST);
    EXPECT_EQ(link("/s", "/c", AT_SYMLINK_FOLLOW), 0);
    EXPECT_EQ(about("/a").stx_nlink, 3u);
    EXPECT_EQ(link("/s", "/t"), 0);
    EXPECT_EQ(about("/t").stx_mode, S_IFLNK | 0777);
    EXPECT_EQ(link("/", "/d"), -EPERM);
    EXPECT_EQ(link("/a", "/d/"), -ENOENT);
    EXPECT_EQ(link("/a", "/d", 1), -EINVAL);
    ASSERT_EQ(unlink("/a"), 0);
    EXPECT_EQ(contents("/b"), "text");
}

TEST_F(simulated_path, a_links_target_is_kept_and_cut_to_the_room_there_is) {
    ASSERT_EQ(symlink("some/where", "/s"), 0);
    std::array<char, 16> text{};
    EXPECT_EQ(call(SYS_readlinkat, AT_FDCWD, "/s", text.data(), 4), 4);
    EXPECT_STREQ(text.data(), "some");
    EXPECT_EQ(call(SYS_readlinkat, AT_FDCWD, "/s", text.data(), 0), -EINVAL);
    EXPECT_EQ(call(SYS_readlinkat, AT_FDCWD, "/", text.data(), 4), -EINVAL);
    EXPECT_EQ(about("/s").stx_size, 10u);
}

TEST_F(simulated_path, a_links_target_is_looked_at_before_its_place) {
    EXPECT_EQ(call(SYS_symlinkat, nullptr, -1, "x"), -EFAULT);
    EXPECT_EQ(call(SYS_symlinkat, "", -1, "x"), -ENOENT);
    EXPECT_EQ(call(SYS_symlinkat, std::string(4096, 'x').c_str(), -1, "x"), -ENAMETOOLONG);
    EXPECT_EQ(call(SYS_symlinkat, "target", -1, "x"), -EBADF);
}

TEST_F(simulated_path, statx_tells_size_blocks_device_and_times) {
    std::int64_t const second = 1'000'000'000;
    ASSERT_TRUE(make("/x", "hello"));
    w.pass(5 * second);
    long const fd = open("/x", O_RDWR);
    ASSERT_EQ(write(fd, "text"), 4);
    struct ::statx const x = about("/x");
    EXPECT_EQ(x.stx_size, 5u);
    EXPECT_EQ(x.stx_blocks, 8u);
    EXPECT_EQ(x.stx_blksize, 4096u);
    EXPECT_NE(x.stx_dev_major, 0u);
    EXPECT_EQ(x.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS);
    EXPECT_EQ(x.stx_mtime.tv_sec, (w.now() + world::realtime_offset) / second);
    EXPECT_EQ(x.stx_mtime.tv_sec - x.stx_btime.tv_sec, 5);
    EXPECT_EQ(x.stx_ctime.tv_sec, x.stx_mtime.tv_sec);
}

TEST_F(simulated_path, statx_tells_of_descriptors_and_refuses_what_it_does_not_know) {
    struct ::statx x{};
    long const fd = open("/x", O_RDWR | O_CREAT);
    EXPECT_EQ(about("", AT_EMPTY_PATH, fd).stx_ino, about("/x").stx_ino);
    EXPECT_EQ(call(SYS_statx, fd, nullptr, AT_EMPTY_PATH, 0, &x), 0);
    EXPECT_EQ(call(SYS_statx, AT_FDCWD, "", AT_EMPTY_PATH, 0, &x), 0);
    EXPECT_EQ(x.stx_ino, about("/").stx_ino);
    EXPECT_EQ(call(SYS_statx, fd, "", 0, 0, &x), -ENOENT);
    EXPECT_EQ(call(SYS_statx, -1, "", AT_EMPTY_PATH, 0, &x), -EBADF);
    EXPECT_EQ(call(SYS_statx, fd, "", AT_EMPTY_PATH | 1, 0, &x), -EINVAL);
    EXPECT_EQ(call(SYS_statx, AT_FDCWD, "/x", 0, 0, nullptr), -EFAULT);
}

} // namespace
} // namespace rondo::engine::simulation
