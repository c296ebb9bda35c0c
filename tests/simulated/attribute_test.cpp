// SPDX-License-Identifier: MIT
// Extended attributes in a tree in memory.
#include "files_fixture.hpp"

#include <array>
#include <sys/xattr.h>

namespace rondo::engine::simulation {
namespace {

class simulated_attribute : public files_fixture {
protected:
    simulated_attribute() { EXPECT_TRUE(make("/x", "text")); }

    long set(char const* name, std::string_view value, int flags = 0, char const* path = "/x") {
        return call(SYS_setxattr, path, name, value.data(), value.size(), flags);
    }
    std::string get(char const* name, std::size_t room = 64, char const* path = "/x") {
        std::string out(room, '?');
        long const done = call(SYS_getxattr, path, name, out.data(), room);
        return done < 0 ? "error " + std::to_string(-done)
                        : out.substr(0, static_cast<std::size_t>(done));
    }
    static std::string error(int which) { return "error " + std::to_string(which); }
};

TEST_F(simulated_attribute, is_kept_by_name) {
    EXPECT_EQ(set("user.a", "one"), 0);
    EXPECT_EQ(set("trusted.a", "two"), 0);
    EXPECT_EQ(get("user.a"), "one");
    EXPECT_EQ(get("trusted.a"), "two");
    EXPECT_EQ(get("user.b"), error(ENODATA));
    EXPECT_EQ(set("user.a", ""), 0);
    EXPECT_EQ(get("user.a"), "");
}

TEST_F(simulated_attribute, is_made_or_replaced_if_asked_for) {
    EXPECT_EQ(set("user.a", "one", XATTR_REPLACE), -ENODATA);
    EXPECT_EQ(set("user.a", "one", XATTR_CREATE), 0);
    EXPECT_EQ(set("user.a", "two", XATTR_CREATE), -EEXIST);
    EXPECT_EQ(get("user.a"), "one");
    EXPECT_EQ(set("user.a", "two", XATTR_REPLACE), 0);
    EXPECT_EQ(get("user.a"), "two");
    EXPECT_EQ(set("user.a", "two", 4), -EINVAL);
}

TEST_F(simulated_attribute, tells_its_length_and_needs_room) {
    ASSERT_EQ(set("user.a", "text"), 0);
    EXPECT_EQ(call(SYS_getxattr, "/x", "user.a", nullptr, 0), 4);
    EXPECT_EQ(get("user.a", 3), error(ERANGE));
    EXPECT_EQ(get("user.a", 4), "text");
    EXPECT_EQ(call(SYS_getxattr, "/x", "user.a", nullptr, 4), -EFAULT);
}

TEST_F(simulated_attribute, has_a_name_of_a_known_kind) {
    EXPECT_EQ(set("weird.a", "x"), -EOPNOTSUPP);
    EXPECT_EQ(set("user.", "x"), -EINVAL);
    EXPECT_EQ(set("", "x"), -ERANGE);
    EXPECT_EQ(set(("user." + std::string(250, 'n')).c_str(), "x"), 0);
    EXPECT_EQ(set(("user." + std::string(251, 'n')).c_str(), "x"), -ERANGE);
    EXPECT_EQ(set("user.a", std::string(65536, 'v')), 0);
    EXPECT_EQ(set("user.a", std::string(65537, 'v')), -E2BIG);
}

TEST_F(simulated_attribute, belongs_to_the_file_whatever_leads_to_it) {
    ASSERT_EQ(call(SYS_symlinkat, "x", AT_FDCWD, "/link"), 0);
    ASSERT_EQ(set("user.a", "one", 0, "/link"), 0);
    long const fd = open("/x", O_RDONLY);
    std::array<char, 8> value{};
    EXPECT_EQ(call(SYS_fgetxattr, fd, "user.a", value.data(), value.size()), 3);
    EXPECT_STREQ(value.data(), "one");
    EXPECT_EQ(call(SYS_fsetxattr, fd, "user.b", "two", 3, 0), 0);
    EXPECT_EQ(get("user.b"), "two");
    EXPECT_EQ(call(SYS_fgetxattr, open("/x", O_PATH), "user.a", nullptr, 0), -EBADF);
    EXPECT_EQ(get("user.a", 8, "/nothing"), error(ENOENT));
}

} // namespace
} // namespace rondo::engine::simulation
