// SPDX-License-Identifier: MIT
// The tree of files as programs and their tests use it, without descriptors, and how paths are
// looked up.
#include "files_fixture.hpp"

#include <linux/openat2.h>

namespace rondo::engine::simulation {
namespace {

class simulated_tree : public files_fixture {
protected:
    long find(std::string_view path, lookup how = {}) {
        std::shared_ptr<node> found;
        return w.files().find(w.files().top(), path, how, found);
    }
    long link(char const* target, char const* path) {
        return call(SYS_symlinkat, target, AT_FDCWD, path);
    }
};

TEST_F(simulated_tree, keeps_what_is_written_and_makes_the_directories_on_the_way) {
    EXPECT_TRUE(make("/etc/rc.d/one", "hello"));
    EXPECT_TRUE(make("etc/two", ""));
    EXPECT_EQ(contents("/etc/rc.d/one"), "hello");
    EXPECT_EQ(contents("etc/two"), "");
    EXPECT_TRUE(make("/etc/rc.d/one", "bye"));
    EXPECT_EQ(contents("/etc/rc.d/one"), "bye");
}

TEST_F(simulated_tree, writes_no_file_where_there_is_something_else) {
    ASSERT_TRUE(make("/a/b"));
    EXPECT_EQ(w.files().write("/a", {}), -EISDIR);
    EXPECT_EQ(w.files().write("/a/b/c", {}), -ENOTDIR);
    EXPECT_EQ(w.files().write("/a/", {}), -EISDIR);
    EXPECT_EQ(w.files().write("", {}), -ENOENT);
    EXPECT_EQ(contents("/a"), "no file");
    EXPECT_EQ(contents("/nothing"), "no file");
}

TEST_F(simulated_tree, lists_names_in_order) {
    for (char const* name : {"/d/b", "/d/c/x", "/d/a"})
        ASSERT_TRUE(make(name));
    EXPECT_EQ(w.files().list("/d"), (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_EQ(w.files().list("/"), std::vector<std::string>{"d"});
    EXPECT_TRUE(w.files().list("/d/a").empty());
    EXPECT_TRUE(w.files().list("/nothing").empty());
}

TEST_F(simulated_tree, removes_files_and_empty_directories_only) {
    ASSERT_TRUE(make("/d/a"));
    EXPECT_FALSE(w.files().remove("/d"));
    EXPECT_TRUE(w.files().remove("/d/a"));
    EXPECT_FALSE(w.files().exists("/d/a"));
    EXPECT_TRUE(w.files().remove("/d"));
    EXPECT_FALSE(w.files().remove("/d"));
}

TEST_F(simulated_tree, follows_links_unless_asked_not_to) {
    ASSERT_TRUE(make("/dir/file", "text"));
    ASSERT_EQ(link("dir", "/to_dir"), 0);
    ASSERT_EQ(link("../dir/file", "/dir/to_file"), 0);
    ASSERT_EQ(link("nowhere", "/dangling"), 0);
    EXPECT_EQ(contents("/to_dir/to_file"), "text");
    EXPECT_EQ(find("/dangling"), -ENOENT);
    EXPECT_EQ(find("/dangling", {.follow = false}), 0);
    EXPECT_FALSE(w.files().exists("/dangling"));
}

TEST_F(simulated_tree, follows_a_link_with_a_slash_after_it_in_any_case) {
    ASSERT_TRUE(make("/dir/file"));
    ASSERT_EQ(link("dir", "/to_dir"), 0);
    ASSERT_EQ(link("dir/file", "/to_file"), 0);
    std::shared_ptr<node> found;
    ASSERT_EQ(w.files().find(w.files().top(), "/to_dir/", {.follow = false}, found), 0);
    EXPECT_EQ(found->type(), static_cast<::mode_t>(S_IFDIR));
    EXPECT_EQ(find("/to_file/", {.follow = false}), -ENOTDIR);
}

TEST_F(simulated_tree, gives_up_after_forty_links) {
    ASSERT_TRUE(make("/0"));
    for (int i = 1; i <= 41; ++i)
        ASSERT_EQ(link(std::to_string(i - 1).c_str(), ("/" + std::to_string(i)).c_str()), 0);
    EXPECT_EQ(find("/40"), 0);
    EXPECT_EQ(find("/41"), -ELOOP);
    ASSERT_EQ(link("loop", "/loop"), 0);
    EXPECT_EQ(find("/loop"), -ELOOP);
    EXPECT_EQ(find("/loop/x", {.follow = false}), -ELOOP);
}

TEST_F(simulated_tree, takes_dots_for_directories) {
    ASSERT_TRUE(make("/a/b/file", "text"));
    EXPECT_EQ(contents("/a/./b/../../a//b/file"), "text");
    EXPECT_EQ(contents("/../../a/b/file"), "text");
    EXPECT_EQ(find("/a/b/file/.."), -ENOTDIR);
    EXPECT_EQ(find("/a/nothing/.."), -ENOENT);
    EXPECT_EQ(find("/a/b/file/"), -ENOTDIR);
    EXPECT_EQ(find(""), -ENOENT);
    EXPECT_EQ(find("///"), 0);
}

TEST_F(simulated_tree, refuses_names_and_paths_that_are_too_long) {
    EXPECT_EQ(find(std::string(255, 'n')), -ENOENT);
    EXPECT_EQ(find(std::string(256, 'n')), -ENAMETOOLONG);
    EXPECT_EQ(find(std::string(4095, '/')), 0);
    EXPECT_EQ(find(std::string(4096, '/')), -ENAMETOOLONG);
}

TEST_F(simulated_tree, keeps_lookups_below_a_directory_if_asked_to) {
    ASSERT_TRUE(make("/jail/in/file", "inside"));
    ASSERT_TRUE(make("/in/file", "outside"));
    ASSERT_EQ(link("/in/file", "/jail/absolute"), 0);
    std::shared_ptr<node> jail;
    ASSERT_EQ(w.files().find(w.files().top(), "/jail", {}, jail), 0);
    auto const from = std::static_pointer_cast<directory>(jail);
    std::shared_ptr<node> found;
    auto const look = [&](char const* path, std::uint64_t resolve) {
        return w.files().find(from, path, {.resolve = resolve}, found);
    };
    EXPECT_EQ(look("in/../in/file", RESOLVE_BENEATH), 0);
    EXPECT_EQ(look("../in/file", RESOLVE_BENEATH), -EXDEV);
    EXPECT_EQ(look("/in/file", RESOLVE_BENEATH), -EXDEV);
    EXPECT_EQ(look("absolute", RESOLVE_BENEATH), -EXDEV);
    EXPECT_EQ(look("absolute", RESOLVE_NO_SYMLINKS), -ELOOP);
    for (char const* path : {"/in/file", "../../in/file", "absolute"}) {
        ASSERT_EQ(look(path, RESOLVE_IN_ROOT), 0) << path;
        EXPECT_EQ(found->size(), std::strlen("inside")) << path;
    }
}

TEST_F(simulated_tree, leads_out_of_a_directory_that_was_removed) {
    ASSERT_TRUE(make("/a/b/x"));
    ASSERT_TRUE(make("/a/file"));
    long const b = open("/a/b", O_RDONLY | O_DIRECTORY);
    ASSERT_TRUE(w.files().remove("/a/b/x"));
    ASSERT_TRUE(w.files().remove("/a/b"));
    EXPECT_GE(open("../file", O_RDONLY, 0, b), 0);
    EXPECT_EQ(open("x", O_RDWR | O_CREAT, 0644, b), -ENOENT);
    EXPECT_EQ(call(SYS_mkdirat, b, "x", 0755), -ENOENT);
    EXPECT_EQ(about("", AT_EMPTY_PATH, b).stx_nlink, 0u);
    ASSERT_TRUE(make("/other"));
    ASSERT_TRUE(w.files().remove("/a/file"));
    ASSERT_TRUE(w.files().remove("/a"));
    EXPECT_GE(open("../../other", O_RDONLY, 0, b), 0);
}

TEST_F(simulated_tree, has_a_capacity_in_pages) {
    w.files().set_capacity(2 * 4096);
    EXPECT_TRUE(make("/small", "x"));
    EXPECT_TRUE(make("/page", std::string(4096, 'p')));
    EXPECT_FALSE(make("/more", "x"));
    EXPECT_EQ(w.files().write("/more", std::vector<std::byte>(1)), -ENOSPC);
    EXPECT_TRUE(make("/empty", ""));
    EXPECT_TRUE(make("/small", "there is a page for it already"));
    ASSERT_TRUE(w.files().remove("/page"));
    EXPECT_TRUE(make("/more", "x"));
}

TEST_F(simulated_tree, gives_room_back_when_the_last_descriptor_of_a_removed_file_is_closed) {
    w.files().set_capacity(4096);
    ASSERT_TRUE(make("/a", "x"));
    long const fd = call(SYS_openat, AT_FDCWD, "/a", O_RDONLY, 0);
    ASSERT_TRUE(w.files().remove("/a"));
    EXPECT_FALSE(make("/b", "x"));
    EXPECT_EQ(read(fd, 9), "x");
    ASSERT_EQ(w.close(static_cast<int>(fd)), 0);
    EXPECT_TRUE(make("/b", "x"));
}

} // namespace
} // namespace rondo::engine::simulation
