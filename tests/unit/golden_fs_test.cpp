// SPDX-License-Identifier: MIT

#include <rondo/op/fs.hpp>

#include <support/golden.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <array>
#include <string_view>

namespace rondo {
namespace {

using test::expect_sqe;
using test::golden;

char const path[] = "some/file";
char const other[] = "some/other";

TEST(golden_open, at_reads_from_the_working_directory_and_closes_on_exec_by_default) {
    expect_sqe(op::openat{.path = path},
               golden{}.u8(0, 18).i32(4, -100).ptr(16, path).u32(24, 0666).u32(28, 02000000));
}

TEST(golden_open, at_takes_flags_a_mode_and_a_directory) {
    expect_sqe(
        op::openat{
            .path = path, .flags = O_CREAT | O_EXCL | O_WRONLY, .mode = 0640, .directory = 7},
        golden{}.u8(0, 18).i32(4, 7).ptr(16, path).u32(24, 0640).u32(28, 0301));
}

TEST(golden_open, at_into_a_slot_names_the_slot_plus_one_and_drops_close_on_exec) {
    expect_sqe(op::openat{.path = path, .flags = O_RDWR | O_CLOEXEC, .as = slot_source{.index = 3}},
               golden{}.u8(0, 18).i32(4, -100).ptr(16, path).u32(24, 0666).u32(28, 2).u32(44, 4));
    expect_sqe(op::openat{.path = path, .as = slot_source{}},
               golden{}.u8(0, 18).i32(4, -100).ptr(16, path).u32(24, 0666).u32(44, 0xffff'ffff));
}

TEST(golden_open, at2_points_at_the_how_that_it_holds) {
    op::openat2 const o{.path = path,
                        .how = {.flags = O_CLOEXEC, .mode = 0, .resolve = RESOLVE_BENEATH},
                        .directory = 7};
    static_assert(op::is_pinned<decltype(o)>);
    expect_sqe(o, golden{}.u8(0, 28).i32(4, 7).ptr(8, &o.how).ptr(16, path).u32(24, 24));
}

TEST(golden_open, at2_into_a_slot_names_the_slot_plus_one) {
    op::openat2 const o{.path = path, .how = {}, .as = slot_source{.index = 0}};
    static_assert(op::is_pinned<decltype(o)>);
    expect_sqe(o,
               golden{}.u8(0, 28).i32(4, -100).ptr(8, &o.how).ptr(16, path).u32(24, 24).u32(44, 1));
    op::openat2 const any{.path = path, .how = {}, .as = slot_source{}};
    expect_sqe(any, golden{}
                        .u8(0, 28)
                        .i32(4, -100)
                        .ptr(8, &any.how)
                        .ptr(16, path)
                        .u32(24, 24)
                        .u32(44, 0xffff'ffff));
}

TEST(golden_open, close_names_a_descriptor_or_a_slot_plus_one_but_not_both) {
    expect_sqe(op::close{.fd = 5}, golden{}.u8(0, 19).i32(4, 5));
    expect_sqe(op::close{.fd = fd_ref::slot(5)}, golden{}.u8(0, 19).u32(44, 6));
    expect_sqe(op::close{.fd = fd_ref::slot(0)}, golden{}.u8(0, 19).u32(44, 1));
}

TEST(golden_fs, statx_puts_its_mask_into_len_and_its_result_into_addr2) {
    struct ::statx found{};
    expect_sqe(op::statx{.path = path, .into = &found},
               golden{}.u8(0, 21).i32(4, -100).ptr(8, &found).ptr(16, path).u32(24, 0x7ff));
    expect_sqe(
        op::statx{
            .path = "", .into = &found, .mask = STATX_SIZE, .directory = 7, .flags = AT_EMPTY_PATH},
        golden{}.u8(0, 21).i32(4, 7).ptr(8, &found).ptr(16, "").u32(24, 0x200).u32(28, 0x1000));
}

TEST(golden_fs, renameat_puts_the_second_directory_into_len) {
    expect_sqe(op::renameat{.from = path, .to = other},
               golden{}.u8(0, 35).i32(4, -100).ptr(8, other).ptr(16, path).u32(24, 0xffff'ff9c));
    expect_sqe(op::renameat{.from = path,
                            .to = other,
                            .flags = RENAME_NOREPLACE,
                            .from_directory = 7,
                            .to_directory = 8},
               golden{}.u8(0, 35).i32(4, 7).ptr(8, other).ptr(16, path).u32(24, 8).u32(28, 1));
}

TEST(golden_fs, unlinkat_takes_flags_and_a_directory) {
    expect_sqe(op::unlinkat{.path = path}, golden{}.u8(0, 36).i32(4, -100).ptr(16, path));
    expect_sqe(op::unlinkat{.path = path, .flags = AT_REMOVEDIR, .directory = 7},
               golden{}.u8(0, 36).i32(4, 7).ptr(16, path).u32(28, 0x200));
}

TEST(golden_fs, mkdirat_puts_its_mode_into_len) {
    expect_sqe(op::mkdirat{.path = path},
               golden{}.u8(0, 37).i32(4, -100).ptr(16, path).u32(24, 0777));
    expect_sqe(op::mkdirat{.path = path, .mode = 0700, .directory = 7},
               golden{}.u8(0, 37).i32(4, 7).ptr(16, path).u32(24, 0700));
}

TEST(golden_fs, symlinkat_puts_the_new_name_into_addr2) {
    expect_sqe(op::symlinkat{.target = path, .path = other},
               golden{}.u8(0, 38).i32(4, -100).ptr(8, other).ptr(16, path));
    expect_sqe(op::symlinkat{.target = path, .path = other, .directory = 7},
               golden{}.u8(0, 38).i32(4, 7).ptr(8, other).ptr(16, path));
}

TEST(golden_fs, linkat_puts_the_second_directory_into_len) {
    expect_sqe(op::linkat{.from = path, .to = other},
               golden{}.u8(0, 39).i32(4, -100).ptr(8, other).ptr(16, path).u32(24, 0xffff'ff9c));
    expect_sqe(op::linkat{.from = path,
                          .to = other,
                          .flags = AT_SYMLINK_FOLLOW,
                          .from_directory = 7,
                          .to_directory = 8},
               golden{}.u8(0, 39).i32(4, 7).ptr(8, other).ptr(16, path).u32(24, 8).u32(28, 0x400));
}

TEST(golden_xattr, setting_puts_the_name_first_and_the_value_into_addr2) {
    char const name[] = "user.colour";
    std::string_view const value = "green";
    expect_sqe(op::fsetxattr{.fd = fd_ref::slot(5), .name = name, .from = value},
               golden{}.u8(0, 41).u8(1, 1).i32(4, 5).ptr(8, value.data()).ptr(16, name).u32(24, 5));
    expect_sqe(op::setxattr{.path = path, .name = name, .from = value, .flags = XATTR_REPLACE},
               golden{}
                   .u8(0, 42)
                   .i32(4, -1)
                   .ptr(8, value.data())
                   .ptr(16, name)
                   .u32(24, 5)
                   .u32(28, 2)
                   .ptr(48, path));
    expect_sqe(
        op::fsetxattr{.fd = 5, .name = name, .from = value, .flags = XATTR_CREATE},
        golden{}.u8(0, 41).i32(4, 5).ptr(8, value.data()).ptr(16, name).u32(24, 5).u32(28, 1));
}

TEST(golden_xattr, getting_puts_the_name_first_and_the_memory_into_addr2) {
    char const name[] = "user.colour";
    std::array<char, 16> memory{};
    expect_sqe(op::fgetxattr{.fd = 5, .name = name, .into = memory},
               golden{}.u8(0, 43).i32(4, 5).ptr(8, memory.data()).ptr(16, name).u32(24, 16));
    expect_sqe(op::fgetxattr{.fd = fd_ref::slot(5), .name = name, .into = {}},
               golden{}.u8(0, 43).u8(1, 1).i32(4, 5).ptr(16, name));
    expect_sqe(op::getxattr{.path = path, .name = name, .into = memory}, golden{}
                                                                             .u8(0, 44)
                                                                             .i32(4, -1)
                                                                             .ptr(8, memory.data())
                                                                             .ptr(16, name)
                                                                             .u32(24, 16)
                                                                             .ptr(48, path));
}

} // namespace
} // namespace rondo
