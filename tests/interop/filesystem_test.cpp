// SPDX-License-Identifier: MIT

// read_file and write_file. Copies have their own file.

#include <rondo/interop/filesystem.hpp>

#include <interop/small_disk.hpp>
#include <interop/vectored_pair.hpp>

#include <rondo/ring/shared_ring.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <thread>

namespace rondo::test {
namespace {

class whole_files : public ::testing::Test {
protected:
    [[nodiscard]] std::string path(char const* name) const { return directory_ / name; }
    void put(char const* name, std::string_view text) {
        write_file(path(name).c_str(), text, {.sync = false}).or_throw(name);
    }
    [[nodiscard]] std::string get(char const* name) const {
        return read_file(path(name).c_str()).or_throw(name);
    }
    [[nodiscard]] std::size_t files() const { return files_in(directory_.path()); }
    static std::size_t files_in(std::string const& directory) {
        auto const all = std::filesystem::directory_iterator(directory);
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }
    static ::mode_t mode_of(std::string const& name) {
        struct ::stat about{};
        must(::stat(name.c_str(), &about), "stat");
        return about.st_mode & 07777;
    }

    temporary_directory directory_;
};

TEST_F(whole_files, come_back_as_they_were_written) {
    for (std::size_t size : {0u, 1u, 4095u, 4096u, 65'536u, 65'537u, 3'000'001u}) {
        std::string const text = numbered(size);
        put("file", text);
        EXPECT_TRUE(get("file") == text) << size;
        auto const bytes = read_file<std::vector<std::byte>>(path("file").c_str());
        RONDO_EXPECT_OK(bytes);
        ASSERT_EQ(bytes->size(), size);
        EXPECT_TRUE(size == 0 || std::memcmp(bytes->data(), text.data(), size) == 0);
    }
    EXPECT_EQ(files(), 1u);
}

TEST_F(whole_files, go_through_the_ring_that_is_given) {
    shared_ring own = shared_ring::create({.shards = 1}).or_throw("ring");
    RONDO_EXPECT_OK(write_file(own, path("file").c_str(), std::string_view("text")));
    EXPECT_EQ(read_file(own, path("file").c_str()).or_throw("read"), "text");
    EXPECT_EQ(read_file<std::vector<std::byte>>(own, path("file").c_str()).or_throw("r").size(),
              4u);
    std::string const fifo = path("fifo");
    must(::mkfifo(fifo.c_str(), 0600), "mkfifo");
    std::thread writer([&] { RONDO_EXPECT_OK(write_file(own, fifo.c_str(), numbered(300'000))); });
    EXPECT_TRUE(read_file(own, fifo.c_str()).or_throw("read") == numbered(300'000));
    writer.join();
    EXPECT_GT(own.statistics().submitted, 0u);
}

TEST_F(whole_files, that_tell_no_size_are_read_to_their_end) {
    EXPECT_TRUE(read_file("/proc/self/status").or_throw("status").starts_with("Name:"));
    EXPECT_EQ(read_file("/dev/null").or_throw("null"), "");
    EXPECT_FALSE(read_file("/proc/self/maps").or_throw("maps").empty());
}

TEST_F(whole_files, that_are_longer_than_allowed_are_refused) {
    put("file", "12345");
    EXPECT_EQ(read_file(path("file").c_str(), 5).or_throw("read"), "12345");
    RONDO_EXPECT_ERROR(read_file(path("file").c_str(), 4), EFBIG);
    RONDO_EXPECT_ERROR(read_file(path("file").c_str(), 0), EFBIG);
    RONDO_EXPECT_ERROR(read_file("/dev/zero", 1'000'000), EFBIG);
    RONDO_EXPECT_ERROR(read_file("/proc/self/status", 10), EFBIG);
}

TEST_F(whole_files, that_cannot_be_read_say_why) {
    RONDO_EXPECT_ERROR(read_file(path("missing").c_str()), ENOENT);
    RONDO_EXPECT_ERROR(read_file(""), ENOENT);
    RONDO_EXPECT_ERROR(read_file(directory_.path().c_str()), EISDIR);
    put("file", "text");
    RONDO_EXPECT_ERROR(read_file((path("file") + "/name").c_str()), ENOTDIR);
}

TEST_F(whole_files, that_may_not_be_touched_stay_as_they_are) {
    if (::geteuid() == 0)
        GTEST_SKIP() << "root may do everything";
    put("file", "text");
    must(::chmod(path("file").c_str(), 0), "chmod");
    RONDO_EXPECT_ERROR(read_file(path("file").c_str()), EACCES);
    RONDO_EXPECT_ERROR(write_file(path("file").c_str(), std::string_view("new")), EACCES);
    must(::chmod(path("file").c_str(), 0400), "chmod");
    EXPECT_EQ(get("file"), "text");
}

TEST_F(whole_files, keep_their_permissions_and_owner_when_replaced) {
    put("file", "old");
    must(::chmod(path("file").c_str(), 0751), "chmod");
    if (::geteuid() == 0) {
        must(::chown(path("file").c_str(), 12, 34), "chown");
        must(::chmod(path("file").c_str(), 04751), "chmod");
    }
    ::mode_t const before = mode_of(path("file"));
    put("file", "new");
    EXPECT_EQ(get("file"), "new");
    EXPECT_EQ(mode_of(path("file")), before);
    struct ::stat about{};
    must(::stat(path("file").c_str(), &about), "stat");
    EXPECT_TRUE(::geteuid() != 0 || (about.st_uid == 12 && about.st_gid == 34));
}

TEST_F(whole_files, that_are_new_get_the_permissions_that_the_umask_leaves) {
    ::mode_t const before = ::umask(027);
    put("usual", "");
    RONDO_EXPECT_OK(write_file(path("secret").c_str(), std::string_view("s"),
                               {.permissions = 0640, .sync_directory = true}));
    ::umask(before);
    EXPECT_EQ(mode_of(path("usual")), 0640u);
    EXPECT_EQ(mode_of(path("secret")), 0640u);
    RONDO_EXPECT_OK(write_file(path("own").c_str(), const_bytes(), {.permissions = 0600}));
    EXPECT_EQ(mode_of(path("own")), 0600u);
}

TEST_F(whole_files, are_replaced_behind_symbolic_links) {
    must(::mkdir(path("far").c_str(), 0700), "mkdir");
    must(::symlink("far/link", path("first").c_str()), "symlink");
    must(::symlink("../file", path("far/link").c_str()), "symlink");
    RONDO_EXPECT_OK(write_file(path("first").c_str(), std::string_view("made")));
    EXPECT_EQ(get("file"), "made");
    RONDO_EXPECT_OK(write_file(path("first").c_str(), std::string_view("replaced")));
    EXPECT_EQ(get("file"), "replaced");
    EXPECT_TRUE(std::filesystem::is_symlink(path("first")));
    EXPECT_TRUE(std::filesystem::is_symlink(path("far/link")));
    EXPECT_EQ(files(), 3u);
    must(::symlink("loop", path("loop").c_str()), "symlink");
    RONDO_EXPECT_ERROR(write_file(path("loop").c_str(), std::string_view("x")), ELOOP);
}

TEST_F(whole_files, stay_with_those_who_have_them_open) {
    put("file", "old");
    unique_fd const open(must(::open(path("file").c_str(), O_RDONLY | O_CLOEXEC), "open"));
    put("file", "new");
    EXPECT_EQ(read_rest(open), "old");
    EXPECT_EQ(get("file"), "new");
}

TEST_F(whole_files, are_never_seen_in_part) {
    std::string const one(200'000, '1');
    std::string const two(300'000, '2');
    put("file", one);
    std::atomic<bool> done = false;
    std::thread reader([&] {
        while (!done) {
            std::string const seen = get("file");
            EXPECT_TRUE(seen == one || seen == two) << seen.size();
        }
    });
    for (int i = 0; i < 200; ++i)
        put("file", i % 2 == 0 ? two : one);
    done = true;
    reader.join();
    EXPECT_EQ(files(), 1u);
}

TEST_F(whole_files, may_be_named_by_where_the_program_is) {
    auto const before = std::filesystem::current_path();
    std::filesystem::current_path(directory_.path());
    RONDO_EXPECT_OK(
        write_file("relative", std::string_view("here"), {.sync = true, .sync_directory = true}));
    auto const text = read_file("relative");
    std::filesystem::current_path(before);
    RONDO_EXPECT_OK(text);
    EXPECT_EQ(*text, "here");
    EXPECT_EQ(get("relative"), "here");
}

TEST_F(whole_files, are_written_in_place_where_that_is_asked_for) {
    put("file", "longer than what comes");
    must(::link(path("file").c_str(), path("other name").c_str()), "link");
    RONDO_EXPECT_OK(write_file(path("file").c_str(), std::string_view("new"), {.in_place = true}));
    EXPECT_EQ(get("other name"), "new");
    RONDO_EXPECT_OK(write_file(path("made").c_str(), std::string_view("x"),
                               {.permissions = 0600, .in_place = true}));
    EXPECT_EQ(mode_of(path("made")), 0600u);
    EXPECT_FALSE(write_file("/proc/self/comm", std::string_view("renamed")));
    RONDO_EXPECT_OK(write_file("/proc/self/comm", std::string_view("renamed"), {.in_place = true}));
    EXPECT_EQ(read_file("/proc/self/comm").or_throw("comm"), "renamed\n");
}

TEST_F(whole_files, that_cannot_be_written_say_why) {
    RONDO_EXPECT_ERROR(write_file(directory_.path().c_str(), const_bytes()), EISDIR);
    RONDO_EXPECT_ERROR(write_file(path("no/where").c_str(), const_bytes()), ENOENT);
    RONDO_EXPECT_ERROR(write_file("", const_bytes()), ENOENT);
    RONDO_EXPECT_ERROR(write_file(path("new/").c_str(), const_bytes()), ENOENT);
    RONDO_EXPECT_ERROR(write_file("/proc/no such file", const_bytes()), ENOENT);
    EXPECT_EQ(files(), 0u);
}

TEST_F(whole_files, that_are_devices_are_written_to) {
    RONDO_EXPECT_OK(write_file("/dev/null", std::string_view("nothing")));
    RONDO_EXPECT_ERROR(write_file("/dev/full", std::string_view("x")), ENOSPC);
    EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST_F(whole_files, survive_a_full_disk) {
    small_disk const disk("256k");
    RONDO_NEEDS_DISK(disk);
    std::string const name = disk / "file";
    RONDO_EXPECT_OK(write_file(name.c_str(), std::string_view("kept")));
    RONDO_EXPECT_ERROR(write_file(name.c_str(), numbered(1'000'000)), ENOSPC);
    EXPECT_EQ(read_file(name.c_str()).or_throw("read"), "kept");
    EXPECT_EQ(files_in(disk.path()), 1u);
    RONDO_EXPECT_ERROR(write_file((disk / "new").c_str(), numbered(1'000'000)), ENOSPC);
    EXPECT_EQ(files_in(disk.path()), 1u);
}

} // namespace
} // namespace rondo::test
