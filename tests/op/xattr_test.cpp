// SPDX-License-Identifier: MIT

#include <rondo/op/xattr.hpp>
#include <rondo/ring/ring.hpp>

#include <support/ring_test.hpp>

#include <gtest/gtest.h>

#include <sys/xattr.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>

namespace rondo {
namespace {

using namespace std::string_view_literals;

class op_xattr : public test::ring_test {
protected:
    op_xattr() : file_(file_with("f", "hello")), path_(directory_ / "f") {}
    void SetUp() override {
        if (::fsetxattr(file_.get(), "user.first", "1", 1, 0) != 0 && errno == ENOTSUP)
            GTEST_SKIP() << "this file system keeps no extended attributes";
    }
    /// The attribute's value as getxattr(2) says it.
    [[nodiscard]] std::string attribute(char const* name) const {
        std::array<char, 64> memory{};
        auto const n = ::getxattr(path_.c_str(), name, memory.data(), memory.size());
        return n < 0 ? "none" : std::string(memory.data(), static_cast<std::size_t>(n));
    }

    unique_fd file_;
    std::string path_;
};

TEST_F(op_xattr, fsetxattr_sets_creates_and_replaces) {
    op::fsetxattr set{.fd = file_, .name = "user.colour", .from = "green"sv};
    set.flags = XATTR_REPLACE;
    RONDO_EXPECT_ERROR(ring_.run(set), ENODATA);
    set.flags = XATTR_CREATE;
    RONDO_EXPECT_OK(ring_.run(set));
    EXPECT_EQ(attribute("user.colour"), "green");
    RONDO_EXPECT_ERROR(ring_.run(set), EEXIST);
    register_files({file_.get()});
    RONDO_EXPECT_OK(
        ring_.run(op::fsetxattr{.fd = fd_ref::slot(0), .name = "user.colour", .from = "red"sv}));
    EXPECT_EQ(attribute("user.colour"), "red");
}

TEST_F(op_xattr, setxattr_names_the_file_by_its_path) {
    op::setxattr set{.path = path_.c_str(), .name = "user.colour", .from = "green"sv};
    RONDO_EXPECT_OK(ring_.run(set));
    EXPECT_EQ(attribute("user.colour"), "green");
    set.flags = XATTR_CREATE;
    RONDO_EXPECT_ERROR(ring_.run(set), EEXIST);
    std::string const missing = directory_ / "none";
    set.path = missing.c_str();
    RONDO_EXPECT_ERROR(ring_.run(set), ENOENT);
}

TEST_F(op_xattr, fgetxattr_reads_the_value_or_its_size) {
    ASSERT_EQ(::fsetxattr(file_.get(), "user.colour", "green", 5, 0), 0);
    std::array<char, 16> memory{};
    op::fgetxattr const get{.fd = file_, .name = "user.colour", .into = memory};
    EXPECT_EQ(ring_.run(get).or_throw("fgetxattr"), 5u);
    EXPECT_EQ(std::string_view(memory.data(), 5), "green");
    EXPECT_EQ(
        ring_.run(op::fgetxattr{.fd = file_, .name = "user.colour", .into = {}}).or_throw("size"),
        5u);
    std::array<char, 2> small{};
    RONDO_EXPECT_ERROR(ring_.run(op::fgetxattr{.fd = file_, .name = "user.colour", .into = small}),
                       ERANGE);
}

TEST_F(op_xattr, getxattr_names_the_file_by_its_path) {
    ASSERT_EQ(::fsetxattr(file_.get(), "user.colour", "green", 5, 0), 0);
    std::array<char, 16> memory{};
    op::getxattr get{.path = path_.c_str(), .name = "user.colour", .into = memory};
    EXPECT_EQ(ring_.run(get).or_throw("getxattr"), 5u);
    EXPECT_EQ(std::string_view(memory.data(), 5), "green");
    get.name = "user.none";
    RONDO_EXPECT_ERROR(ring_.run(get), ENODATA);
}

} // namespace
} // namespace rondo
