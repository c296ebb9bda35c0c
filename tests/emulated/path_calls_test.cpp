// SPDX-License-Identifier: MIT

#include "calls_test.hpp"

#include <rondo/op/fs.hpp>

#include <array>
#include <span>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <vector>

namespace rondo::engine::emulation {
namespace {

class emulated_path : public calls_test {
protected:
    emulated_path() : calls_test(&find_path) {
        below_.reset(::open(directory_.path().c_str(), O_DIRECTORY | O_CLOEXEC));
    }
    [[nodiscard]] bool exists(char const* name) const {
        struct ::stat status{};
        return ::fstatat(below_.get(), name, &status, AT_SYMLINK_NOFOLLOW) == 0;
    }
    unique_fd below_;
};

TEST_F(emulated_path, is_made_linked_renamed_and_removed) {
    file_with("f", "hello");
    EXPECT_EQ(result(op::mkdirat{.path = "d", .mode = 0700, .directory = below_}), 0);
    EXPECT_EQ(result(op::symlinkat{.target = "f", .path = "s", .directory = below_}), 0);
    op::linkat const link{.from = "f", .to = "l", .from_directory = below_, .to_directory = below_};
    EXPECT_EQ(result(link), 0);
    op::renameat const rename{
        .from = "l", .to = "d/l", .from_directory = below_, .to_directory = below_};
    EXPECT_EQ(result(rename), 0);
    EXPECT_TRUE(exists("d/l") && exists("s") && !exists("l"));
    op::renameat const over{.from = "f",
                            .to = "s",
                            .flags = RENAME_NOREPLACE,
                            .from_directory = below_,
                            .to_directory = below_};
    EXPECT_EQ(result(over), -EEXIST);
    EXPECT_EQ(result(op::unlinkat{.path = "d", .flags = AT_REMOVEDIR, .directory = below_}),
              -ENOTEMPTY);
    EXPECT_EQ(result(op::unlinkat{.path = "d/l", .directory = below_}), 0);
    EXPECT_EQ(result(op::unlinkat{.path = "d", .flags = AT_REMOVEDIR, .directory = below_}), 0);
    EXPECT_FALSE(exists("d"));
}

TEST_F(emulated_path, is_copied_before_the_submitter_goes_on) {
    file_with("f", "hello");
    std::string from = "f", to = "g";
    request& r = make(op::renameat{
        .from = from.c_str(), .to = to.c_str(), .from_directory = below_, .to_directory = below_});
    EXPECT_EQ(r.what->attempt(r, false).what, outcome::kind::work);
    ASSERT_TRUE(keep(r));
    from = to = "-";
    EXPECT_EQ(r.what->attempt(r, true).res, 0);
    EXPECT_TRUE(exists("g"));
}

TEST_F(emulated_path, errors_do_not_fail_what_is_linked) {
    outcome const how = run(op::unlinkat{.path = "none", .directory = below_});
    EXPECT_EQ(how.res, -ENOENT);
    EXPECT_TRUE(how.harmless);
}

TEST_F(emulated_path, entries_that_make_no_sense_are_refused) {
    EXPECT_EQ(check(entry_of(op::unlinkat{.path = "f", .flags = 1})), -EINVAL);
    EXPECT_EQ(check(entry_of(op::mkdirat{.path = ""})), -ENOENT);
    op::linkat const empty{.from = "", .to = "l", .flags = AT_EMPTY_PATH};
    EXPECT_EQ(check(entry_of(empty)), 0);
    abi::sqe entry = entry_of(op::renameat{.from = "f", .to = "g"});
    entry.addr2 = nowhere;
    EXPECT_EQ(check(entry), -EFAULT);
    entry = entry_of(op::symlinkat{.target = "f", .path = "s"});
    entry.len = 1;
    EXPECT_EQ(check(entry), -EINVAL);
    entry.len = 0;
    entry.flags = raw(abi::sqe_flag::fixed_file);
    EXPECT_EQ(check(entry), -EBADF);
}

class emulated_xattr : public emulated_path {
protected:
    static const_bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }
};

TEST_F(emulated_xattr, is_set_from_a_copy_and_read_back) {
    auto const file = file_with("f", "hello");
    std::string name = "user.x", value = "value";
    request& r = make(op::fsetxattr{.fd = file, .name = name.c_str(), .from = bytes_of(value)});
    ASSERT_TRUE(keep(r));
    name = value = "-----";
    outcome const set = run(r);
    if (set.res == -EOPNOTSUPP)
        GTEST_SKIP() << "this file system has no attributes of users";
    EXPECT_EQ(set.res, 0);
    std::array<std::byte, 16> memory{};
    EXPECT_EQ(result(op::fgetxattr{.fd = file, .name = "user.x", .into = memory}), 5);
    EXPECT_EQ(memory[0], std::byte{'v'});
    std::string const path = directory_ / "f";
    op::setxattr const again{
        .path = path.c_str(), .name = "user.x", .from = bytes_of("w"), .flags = XATTR_CREATE};
    EXPECT_EQ(result(again), -EEXIST);
    EXPECT_EQ(result(op::getxattr{.path = path.c_str(), .name = "user.x", .into = {}}), 5);
    outcome const none = run(op::getxattr{.path = path.c_str(), .name = "user.y", .into = memory});
    EXPECT_EQ(none.res, -ENODATA);
    EXPECT_TRUE(none.harmless);
}

TEST_F(emulated_xattr, names_and_values_have_their_limits) {
    auto const file = file_with("f", "hello");
    std::string const longest(255, 'n'), too_long(256, 'n');
    op::fgetxattr const get{.fd = file, .name = longest.c_str(), .into = {}};
    EXPECT_EQ(check(entry_of(get)), 0);
    EXPECT_EQ(check(entry_of(op::fgetxattr{.fd = file, .name = too_long.c_str(), .into = {}})),
              -ERANGE);
    EXPECT_EQ(check(entry_of(op::fgetxattr{.fd = file, .name = "", .into = {}})), -ERANGE);
    std::vector<std::byte> const big(65537);
    EXPECT_EQ(check(entry_of(op::fsetxattr{.fd = file, .name = "user.x", .from = big})), -E2BIG);
    abi::sqe entry = entry_of(op::fsetxattr{.fd = file, .name = "user.x", .from = bytes_of("v")});
    EXPECT_EQ(check(entry), 0);
    entry.addr2 = nowhere;
    EXPECT_EQ(check(entry), -EFAULT);
    entry.len = 0;
    EXPECT_EQ(check(entry), 0);
    entry.xattr_flags = 4;
    EXPECT_EQ(check(entry), -EINVAL);
}

} // namespace
} // namespace rondo::engine::emulation
