// SPDX-License-Identifier: MIT

#include <rondo/op/fs.hpp>
#include <rondo/ring/ring.hpp>

#include <support/ring_test.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string>
#include <string_view>

namespace rondo {
namespace {

class op_fs : public test::ring_test {
protected:
    op_fs() : below_(::open(directory_.path().c_str(), O_DIRECTORY | O_CLOEXEC)) {}
    [[nodiscard]] bool exists(char const* name) const {
        return std::filesystem::exists(std::filesystem::symlink_status(directory_ / name));
    }
    [[nodiscard]] std::string contents(char const* name) const {
        return contents_of(unique_fd(::open((directory_ / name).c_str(), O_RDONLY | O_CLOEXEC)));
    }

    unique_fd below_;
};

TEST_F(op_fs, statx_of_a_path_fills_what_is_asked_for) {
    file_with("f", "hello");
    struct ::statx found{};
    RONDO_EXPECT_OK(ring_.run(op::statx{.path = "f", .into = &found, .directory = below_}));
    EXPECT_EQ(found.stx_size, 5u);
    EXPECT_TRUE(S_ISREG(found.stx_mode));
    EXPECT_EQ(found.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS);
    RONDO_EXPECT_ERROR(ring_.run(op::statx{.path = "none", .into = &found, .directory = below_}),
                       ENOENT);
}

TEST_F(op_fs, statx_of_an_open_file_has_an_empty_path) {
    auto const file = file_with("f", "hello");
    struct ::statx found{};
    RONDO_EXPECT_OK(ring_.run(op::statx{.path = "",
                                        .into = &found,
                                        .mask = STATX_SIZE,
                                        .directory = file,
                                        .flags = AT_EMPTY_PATH}));
    EXPECT_EQ(found.stx_size, 5u);
}

TEST_F(op_fs, renameat_replaces_unless_told_otherwise) {
    file_with("a", "from a");
    file_with("b", "from b");
    ASSERT_EQ(::mkdirat(below_.get(), "d", 0700), 0);
    unique_fd const deeper(::openat(below_.get(), "d", O_DIRECTORY | O_CLOEXEC));
    op::renameat rename{.from = "a",
                        .to = "b",
                        .flags = RENAME_NOREPLACE,
                        .from_directory = below_,
                        .to_directory = below_};
    RONDO_EXPECT_ERROR(ring_.run(rename), EEXIST);
    rename.flags = RENAME_EXCHANGE;
    RONDO_EXPECT_OK(ring_.run(rename));
    EXPECT_EQ(contents("a"), "from b");
    rename.flags = 0;
    RONDO_EXPECT_OK(ring_.run(rename));
    EXPECT_EQ(contents("b"), "from b");
    EXPECT_FALSE(exists("a"));
    RONDO_EXPECT_OK(ring_.run(
        op::renameat{.from = "b", .to = "c", .from_directory = below_, .to_directory = deeper}));
    EXPECT_EQ(contents("d/c"), "from b");
}

TEST_F(op_fs, unlinkat_removes_files_and_with_a_flag_directories) {
    file_with("f", "hello");
    ASSERT_EQ(::mkdirat(below_.get(), "d", 0700), 0);
    RONDO_EXPECT_OK(ring_.run(op::unlinkat{.path = "f", .directory = below_}));
    EXPECT_FALSE(exists("f"));
    RONDO_EXPECT_ERROR(ring_.run(op::unlinkat{.path = "d", .directory = below_}), EISDIR);
    RONDO_EXPECT_OK(
        ring_.run(op::unlinkat{.path = "d", .flags = AT_REMOVEDIR, .directory = below_}));
    EXPECT_FALSE(exists("d"));
    RONDO_EXPECT_ERROR(ring_.run(op::unlinkat{.path = "f", .directory = below_}), ENOENT);
}

TEST_F(op_fs, mkdirat_makes_a_directory_with_its_mode) {
    RONDO_EXPECT_OK(ring_.run(op::mkdirat{.path = "d", .mode = 0710, .directory = below_}));
    struct ::stat status{};
    ASSERT_EQ(::fstatat(below_.get(), "d", &status, 0), 0);
    EXPECT_TRUE(S_ISDIR(status.st_mode));
    EXPECT_EQ(status.st_mode & 07700u, 0700u);
    RONDO_EXPECT_ERROR(ring_.run(op::mkdirat{.path = "d", .directory = below_}), EEXIST);
    std::string const absolute = directory_ / "e";
    RONDO_EXPECT_OK(ring_.run(op::mkdirat{.path = absolute.c_str()}));
    EXPECT_TRUE(exists("e"));
}

TEST_F(op_fs, symlinkat_makes_a_link_that_says_its_target) {
    RONDO_EXPECT_OK(
        ring_.run(op::symlinkat{.target = "no/such/file", .path = "l", .directory = below_}));
    EXPECT_EQ(std::filesystem::read_symlink(directory_ / "l"), "no/such/file");
    RONDO_EXPECT_ERROR(
        ring_.run(op::symlinkat{.target = "other", .path = "l", .directory = below_}), EEXIST);
}

TEST_F(op_fs, linkat_gives_a_file_another_name) {
    file_with("f", "hello");
    ASSERT_EQ(::mkdirat(below_.get(), "d", 0700), 0);
    ASSERT_EQ(::symlinkat("f", below_.get(), "l"), 0);
    unique_fd const deeper(::openat(below_.get(), "d", O_DIRECTORY | O_CLOEXEC));
    RONDO_EXPECT_OK(ring_.run(
        op::linkat{.from = "f", .to = "g", .from_directory = below_, .to_directory = deeper}));
    EXPECT_EQ(contents("d/g"), "hello");
    RONDO_EXPECT_OK(ring_.run(op::linkat{.from = "l",
                                         .to = "h",
                                         .flags = AT_SYMLINK_FOLLOW,
                                         .from_directory = below_,
                                         .to_directory = below_}));
    struct ::stat status{};
    ASSERT_EQ(::fstatat(below_.get(), "h", &status, AT_SYMLINK_NOFOLLOW), 0);
    EXPECT_TRUE(S_ISREG(status.st_mode));
    EXPECT_EQ(status.st_nlink, 3u);
}

} // namespace
} // namespace rondo
