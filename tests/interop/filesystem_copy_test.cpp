// SPDX-License-Identifier: MIT

// copy_file, in each of its ways: by the kernel, and by reads and writes in flight.

#include <rondo/interop/filesystem.hpp>

#include <interop/small_disk.hpp>
#include <interop/vectored_pair.hpp>
#include <support/loop_device.hpp>

#include <rondo/ring/shared_ring.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <thread>

namespace rondo::test {
namespace {

/// Every way there is; where the first is not possible, the next one is taken.
constexpr copy_file_options ways[] = {
    {},
    {.reflink = false},
    {.reflink = false, .in_kernel = false},
    {.reflink = false, .in_kernel = false, .sync = true, .sync_directory = true},
};

class file_copies : public ::testing::TestWithParam<std::size_t> {
protected:
    [[nodiscard]] std::string path(char const* name) const { return directory_ / name; }
    void put(char const* name, std::string_view text) {
        write_file(path(name).c_str(), text, {.sync = false}).or_throw(name);
    }
    [[nodiscard]] std::string get(char const* name) const {
        return read_file(path(name).c_str()).or_throw(name);
    }
    [[nodiscard]] result<std::uint64_t> copy(std::string const& from, std::string const& to) const {
        return copy_file(from.c_str(), to.c_str(), ways[GetParam()]);
    }
    [[nodiscard]] result<std::uint64_t> copy(char const* from, char const* to) const {
        return copy(path(from), path(to));
    }
    [[nodiscard]] std::size_t files() const { return files_in(directory_.path()); }
    static std::size_t files_in(std::string const& directory) {
        auto const all = std::filesystem::directory_iterator(directory);
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }
    static struct ::stat about(std::string const& name) {
        struct ::stat out{};
        must(::stat(name.c_str(), &out), "stat");
        return out;
    }

    temporary_directory directory_;
};
INSTANTIATE_TEST_SUITE_P(ways, file_copies, ::testing::Range<std::size_t>(0, std::size(ways)));

TEST_P(file_copies, are_like_their_originals) {
    for (std::size_t size : {0u, 1u, 4096u, 262'143u, 262'144u, 262'145u, 10'000'001u}) {
        std::string const text = numbered(size);
        put("from", text);
        EXPECT_EQ(copy("from", "to").or_throw("copy"), size);
        EXPECT_TRUE(get("to") == text) << size;
        EXPECT_TRUE(get("from") == text) << size;
    }
    EXPECT_EQ(files(), 2u);
}

TEST_P(file_copies, replace_what_was_there_and_keep_its_permissions) {
    put("from", "new");
    put("to", numbered(1'000'000));
    must(::chmod(path("from").c_str(), 0644), "chmod");
    must(::chmod(path("to").c_str(), 0600), "chmod");
    EXPECT_EQ(copy("from", "to").or_throw("copy"), 3u);
    EXPECT_EQ(get("to"), "new");
    EXPECT_EQ(about(path("to")).st_mode & 07777, 0600u);
    ::mode_t const before = ::umask(022);
    must(::chmod(path("from").c_str(), 04775), "chmod");
    RONDO_EXPECT_OK(copy("from", "fresh"));
    ::umask(before);
    EXPECT_EQ(about(path("fresh")).st_mode & 07777, 0755u);
}

TEST_P(file_copies, keep_holes) {
    std::string const name = path("from");
    unique_fd const from(must(::open(name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600), "open"));
    constexpr ::off_t size = 64 << 20;
    std::string const text = numbered(100'000);
    for (::off_t at : {::off_t{8} << 20, ::off_t{40} << 20})
        ASSERT_EQ(::pwrite(from.get(), text.data(), text.size(), at), 100'000);
    must(::ftruncate(from.get(), size), "ftruncate");
    EXPECT_EQ(copy("from", "to").or_throw("copy"), static_cast<std::uint64_t>(size));
    EXPECT_EQ(about(path("to")).st_size, size);
    EXPECT_LT(about(path("to")).st_blocks, 4096) << "two megabytes";
    EXPECT_TRUE(get("to") == get("from"));
}

TEST_P(file_copies, of_nothing_but_a_hole_have_its_size) {
    put("from", "");
    must(::truncate(path("from").c_str(), 5'000'000), "truncate");
    EXPECT_EQ(copy("from", "to").or_throw("copy"), 5'000'000u);
    EXPECT_EQ(about(path("to")).st_size, 5'000'000);
    EXPECT_EQ(about(path("to")).st_blocks, 0);
}

TEST_P(file_copies, reach_other_file_systems) {
    small_disk const disk("32m");
    RONDO_NEEDS_DISK(disk);
    std::string const text = numbered(9'000'000);
    put("from", text);
    EXPECT_EQ(copy(path("from"), disk / "to").or_throw("copy"), text.size());
    EXPECT_TRUE(read_file((disk / "to").c_str()).or_throw("read") == text);
    EXPECT_EQ(copy(disk / "to", path("back")).or_throw("copy"), text.size());
    EXPECT_TRUE(get("back") == text);
}

TEST_P(file_copies, of_files_that_tell_no_size_are_whole) {
    std::string const expected = read_file("/proc/version").or_throw("version");
    EXPECT_EQ(copy("/proc/version", path("to")).or_throw("copy"), expected.size());
    EXPECT_EQ(get("to"), expected);
}

TEST_P(file_copies, of_block_devices_are_whole) {
    std::string const text = numbered(3 << 20);
    put("disk", text);
    loop_device const device(path("disk"));
    if (device.name().empty())
        GTEST_SKIP() << "no loop device can be made";
    EXPECT_EQ(copy(device.name(), path("to")).or_throw("copy"), text.size());
    EXPECT_TRUE(get("to") == text);
    put("new", numbered(1 << 20));
    EXPECT_EQ(copy(path("new"), device.name()).or_throw("copy"), std::uint64_t{1} << 20);
    EXPECT_TRUE(read_file(device.name().c_str()).or_throw("read") ==
                numbered(1 << 20) + text.substr(1 << 20));
    RONDO_EXPECT_ERROR(copy(device.name(), device.name()), EINVAL);
    put("large", numbered(4 << 20));
    RONDO_EXPECT_ERROR(copy(path("large"), device.name()), ENOSPC);
}

TEST_P(file_copies, go_to_pipes_in_order) {
    std::string const fifo = path("fifo");
    must(::mkfifo(fifo.c_str(), 0600), "mkfifo");
    std::string const text = numbered(2'000'000);
    put("from", text);
    std::string got;
    std::thread reader([&] { got = read_file(fifo.c_str()).or_throw("read"); });
    EXPECT_EQ(copy("from", "fifo").or_throw("copy"), text.size());
    reader.join();
    EXPECT_TRUE(got == text);
}

TEST_P(file_copies, onto_themselves_are_refused) {
    put("file", "kept");
    must(::link(path("file").c_str(), path("other name").c_str()), "link");
    must(::symlink("file", path("link").c_str()), "symlink");
    RONDO_EXPECT_ERROR(copy("file", "file"), EINVAL);
    RONDO_EXPECT_ERROR(copy("file", "other name"), EINVAL);
    RONDO_EXPECT_ERROR(copy("link", "file"), EINVAL);
    RONDO_EXPECT_ERROR(copy("file", "link"), EINVAL);
    EXPECT_EQ(get("file"), "kept");
    EXPECT_EQ(files(), 3u);
}

TEST_P(file_copies, that_cannot_be_made_leave_everything_as_it_was) {
    put("from", "text");
    put("to", "kept");
    must(::mkfifo(path("fifo").c_str(), 0600), "mkfifo");
    RONDO_EXPECT_ERROR(copy("missing", "to"), ENOENT);
    RONDO_EXPECT_ERROR(copy(directory_.path(), path("to")), EISDIR);
    RONDO_EXPECT_ERROR(copy(path("from"), directory_.path()), EISDIR);
    RONDO_EXPECT_ERROR(copy(path("from"), path("no/where")), ENOENT);
    RONDO_EXPECT_ERROR(copy("fifo", "to"), EINVAL);
    RONDO_EXPECT_ERROR(copy("/dev/zero", path("to")), EINVAL);
    RONDO_EXPECT_ERROR(copy(path("from"), "/dev/full"), ENOSPC);
    EXPECT_EQ(get("to"), "kept");
    EXPECT_EQ(files(), 3u);
}

TEST_P(file_copies, that_do_not_fit_leave_what_was_there) {
    small_disk const disk("1m");
    RONDO_NEEDS_DISK(disk);
    put("from", numbered(8'000'000));
    RONDO_EXPECT_OK(write_file((disk / "to").c_str(), std::string_view("kept")));
    RONDO_EXPECT_ERROR(copy(path("from"), disk / "to"), ENOSPC);
    RONDO_EXPECT_ERROR(copy(path("from"), disk / "new"), ENOSPC);
    EXPECT_EQ(read_file((disk / "to").c_str()).or_throw("read"), "kept");
    EXPECT_EQ(files_in(disk.path()), 1u);
}

TEST(file_copies_in_flight, use_the_ring_that_is_given) {
    temporary_directory directory;
    std::string const from = directory / "from";
    RONDO_EXPECT_OK(write_file(from.c_str(), numbered(3 << 20)));
    shared_ring own = shared_ring::create({.shards = 1, .entries = 4}).or_throw("ring");
    EXPECT_EQ(copy_file(own, from.c_str(), (directory / "to").c_str(),
                        {.reflink = false, .in_kernel = false})
                  .or_throw("copy"),
              std::uint64_t{3} << 20);
    EXPECT_GE(own.statistics().submitted, 24u) << "12 blocks, each read and written";
    EXPECT_EQ(own.statistics().in_flight, 0u);
}

} // namespace
} // namespace rondo::test
