// SPDX-License-Identifier: MIT
// Open files of a tree in memory: transfers, sizes, room, positions.
#include "files_fixture.hpp"

#include <algorithm>
#include <array>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/uio.h>
#include <unistd.h>

namespace rondo::engine::simulation {
namespace {

class simulated_file : public files_fixture {
protected:
    long make_and_open(std::string_view text, int flags = O_RDWR) {
        EXPECT_TRUE(make("/x", text));
        return open("/x", flags);
    }
    long write_with(long fd, std::string_view text, long at, int rwf) {
        ::iovec const all = parts_of(text);
        return call(SYS_pwritev2, fd, &all, 1, at, 0, rwf);
    }
    long seek(long fd, long to, int whence) { return call(SYS_lseek, fd, to, whence); }
    long allocate(long fd, int mode, long at, long bytes) {
        return call(SYS_fallocate, fd, mode, at, bytes);
    }
    std::uint64_t pages() { return about("/x").stx_blocks / 8; }
};

TEST_F(simulated_file, reads_up_to_its_end) {
    long const fd = make_and_open("hello");
    EXPECT_EQ(read(fd, 3), "hel");
    EXPECT_EQ(read(fd, 9), "lo");
    EXPECT_EQ(read(fd, 9), "");
    EXPECT_EQ(read(fd, 9, 1), "ello");
    EXPECT_EQ(read(fd, 9, 100), "");
    EXPECT_EQ(read(fd, 9, -2), "error " + std::to_string(EINVAL));
}

TEST_F(simulated_file, all_calls_of_transfer_move_bytes) {
    long const fd = make_and_open("");
    std::array<char, 4> text{'a', 'b', 'c', 'd'};
    std::array<::iovec, 2> const halves{{{text.data(), 2}, {text.data() + 2, 2}}};
    EXPECT_EQ(call(SYS_write, fd, text.data(), 4), 4);
    EXPECT_EQ(call(SYS_writev, fd, halves.data(), 2), 4);
    EXPECT_EQ(call(SYS_pwrite64, fd, text.data(), 4, 8), 4);
    EXPECT_EQ(contents("/x"), "abcdabcdabcd");
    text = {};
    EXPECT_EQ(call(SYS_pread64, fd, text.data(), 4, 2), 4);
    EXPECT_EQ(std::string_view(text.data(), 4), "cdab");
    EXPECT_EQ(call(SYS_readv, fd, halves.data(), 2), 4);
    EXPECT_EQ(std::string_view(text.data(), 4), "abcd");
    EXPECT_EQ(call(SYS_read, fd, text.data(), 4), 0);
    EXPECT_EQ(call(SYS_pread64, fd, text.data(), 4, -1), -EINVAL);
}

TEST_F(simulated_file, respects_how_it_was_opened) {
    long const reader = make_and_open("text", O_RDONLY);
    long const writer = open("/x", O_WRONLY);
    long const path = open("/x", O_PATH);
    long const neither = open("/x", O_ACCMODE);
    std::string const refused = "error " + std::to_string(EBADF);
    EXPECT_EQ(write(reader, "x"), -EBADF);
    EXPECT_EQ(read(reader, 4), "text");
    EXPECT_EQ(read(writer, 1), refused);
    for (long const fd : {path, neither, -1L}) {
        EXPECT_EQ(read(fd, 1), refused);
        EXPECT_EQ(write(fd, "x"), -EBADF);
    }
    EXPECT_EQ(read(open("/", O_RDONLY), 1), "error " + std::to_string(EISDIR));
}

TEST_F(simulated_file, appends_when_opened_for_that_or_asked_to) {
    long const fd = make_and_open("12345", O_RDWR | O_APPEND);
    EXPECT_EQ(write(fd, "6"), 1);
    EXPECT_EQ(write(fd, "7", 0), 1);
    EXPECT_EQ(contents("/x"), "1234567");
    constexpr int no_append = 0x20;
    EXPECT_EQ(write_with(fd, "A", 0, no_append), 1);
    EXPECT_EQ(contents("/x"), "A234567");
    long const plain = open("/x", O_RDWR);
    EXPECT_EQ(write_with(plain, "8", 0, RWF_APPEND), 1);
    EXPECT_EQ(contents("/x"), "A2345678");
    EXPECT_EQ(write_with(plain, "8", 0, RWF_APPEND | no_append), -EINVAL);
}

TEST_F(simulated_file, never_waits_and_refuses_flags_it_does_not_know) {
    long const fd = make_and_open("");
    EXPECT_EQ(write_with(fd, "x", 0, RWF_NOWAIT | RWF_DSYNC | RWF_SYNC | RWF_HIPRI), 1);
    EXPECT_EQ(write_with(fd, "x", 0, 0x4000), -EOPNOTSUPP);
    EXPECT_EQ(write_with(fd, "", 0, 0x4000), 0);
}

TEST_F(simulated_file, bounds_what_one_call_takes) {
    long const fd = make_and_open("text");
    std::array<char, 1> byte{};
    std::vector<::iovec> many(1025, {byte.data(), 1});
    EXPECT_EQ(call(SYS_readv, fd, many.data(), many.size()), -EINVAL);
    EXPECT_EQ(call(SYS_readv, fd, many.data(), 1024), 4); // each byte over the one before
    many[0].iov_len = ~std::size_t{0};
    EXPECT_EQ(call(SYS_readv, fd, many.data(), 1), -EINVAL);
    EXPECT_EQ(call(SYS_readv, fd, nullptr, 1), -EFAULT);
    EXPECT_EQ(call(SYS_read, fd, nullptr, 1), -EFAULT);
    EXPECT_EQ(call(SYS_readv, fd, nullptr, 0), 0);
    // There is not that much memory: the file ends long before.
    std::array<char, 8> room{};
    many[0] = {room.data(), std::size_t{1} << 40};
    EXPECT_EQ(call(SYS_preadv2, fd, many.data(), 1, 0, 0, 0), 4);
}

TEST_F(simulated_file, a_hole_reads_as_zeros_and_takes_no_room) {
    long const fd = make_and_open("");
    std::int64_t const far = std::int64_t{1} << 50;
    EXPECT_EQ(write(fd, "x", far), 1);
    EXPECT_EQ(about("/x").stx_size, static_cast<std::uint64_t>(far) + 1);
    EXPECT_EQ(pages(), 1u);
    EXPECT_EQ(read(fd, 3, far - 2), std::string("\0\0x", 3));
    EXPECT_EQ(write(fd, "x", INT64_MAX), -EINVAL);
    EXPECT_EQ(write(fd, "x", INT64_MAX - 1), 1);
}

TEST_F(simulated_file, is_cut_off_and_made_longer_with_zeros) {
    long const fd = make_and_open("hello");
    EXPECT_EQ(call(SYS_ftruncate, fd, 2), 0);
    EXPECT_EQ(call(SYS_ftruncate, fd, 4), 0);
    EXPECT_EQ(contents("/x"), std::string("he\0\0", 4));
    EXPECT_EQ(call(SYS_ftruncate, fd, 0), 0);
    EXPECT_EQ(pages(), 0u);
    EXPECT_EQ(call(SYS_ftruncate, fd, -1), -EINVAL);
    EXPECT_EQ(call(SYS_ftruncate, open("/x", O_RDONLY), 1), -EINVAL);
    EXPECT_EQ(call(SYS_ftruncate, open("/", O_RDONLY), 1), -EINVAL);
    EXPECT_EQ(call(SYS_ftruncate, open("/x", O_PATH), 1), -EBADF);
}

TEST_F(simulated_file, has_room_made_for_it) {
    long const fd = make_and_open("ab");
    EXPECT_EQ(allocate(fd, FALLOC_FL_KEEP_SIZE, 0, 8192), 0);
    EXPECT_EQ(about("/x").stx_size, 2u);
    EXPECT_EQ(pages(), 2u);
    EXPECT_EQ(allocate(fd, 0, 0, 4), 0);
    EXPECT_EQ(contents("/x"), std::string("ab\0\0", 4));
    EXPECT_EQ(allocate(fd, FALLOC_FL_ZERO_RANGE, 1, 2), 0);
    EXPECT_EQ(contents("/x"), std::string("a\0\0\0", 4));
    EXPECT_EQ(allocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 0, 8192), 0);
    EXPECT_EQ(pages(), 2u);
    EXPECT_EQ(contents("/x"), std::string(4, '\0'));
}

TEST_F(simulated_file, has_holes_punched_into_it) {
    long const fd = make_and_open(std::string(3 * 4096, 'x'));
    EXPECT_EQ(allocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4095, 4098), 0);
    EXPECT_EQ(pages(), 2u);
    std::string expected(3 * 4096, 'x');
    std::fill_n(expected.begin() + 4095, 4098, '\0');
    EXPECT_EQ(contents("/x"), expected);
}

TEST_F(simulated_file, refuses_to_make_room_where_none_can_be) {
    long const fd = make_and_open("");
    EXPECT_EQ(allocate(fd, 0, -1, 1), -EINVAL);
    EXPECT_EQ(allocate(fd, 0, 0, 0), -EINVAL);
    EXPECT_EQ(allocate(fd, 0, INT64_MAX, 1), -EFBIG);
    EXPECT_EQ(allocate(fd, 0, 0, INT64_MAX), -ENOSPC);
    EXPECT_EQ(allocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 1), -EOPNOTSUPP);
    EXPECT_EQ(allocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, 4096), -EOPNOTSUPP);
    EXPECT_EQ(allocate(open("/x", O_RDONLY), 0, 0, 1), -EBADF);
    EXPECT_EQ(pages(), 0u);
}

TEST_F(simulated_file, a_full_disk_first_takes_what_fits) {
    long const fd = make_and_open("");
    w.files().set_capacity(2 * 4096);
    EXPECT_EQ(write(fd, std::string(9000, 'x')), 8192);
    EXPECT_EQ(write(fd, "x"), -ENOSPC);
    EXPECT_EQ(write(fd, "y", 0), 1);
    EXPECT_EQ(allocate(fd, 0, 0, 8193), -ENOSPC);
    EXPECT_EQ(about("/x").stx_size, 8192u);
    EXPECT_EQ(call(SYS_ftruncate, fd, 4096), 0);
    EXPECT_EQ(write(fd, "x", 4096), 1);
}

TEST_F(simulated_file, finds_data_and_holes) {
    long const fd = make_and_open("");
    ASSERT_EQ(write(fd, std::string(5000, 'x'), 3 * 4096), 5000);
    long const size = 3 * 4096 + 5000;
    EXPECT_EQ(seek(fd, 0, SEEK_DATA), 3 * 4096);
    EXPECT_EQ(seek(fd, 13000, SEEK_DATA), 13000);
    EXPECT_EQ(seek(fd, 7, SEEK_HOLE), 7);
    EXPECT_EQ(seek(fd, 13000, SEEK_HOLE), size);
    EXPECT_EQ(seek(fd, size, SEEK_DATA), -ENXIO);
    EXPECT_EQ(seek(fd, -1, SEEK_HOLE), -ENXIO);
    ASSERT_EQ(call(SYS_ftruncate, fd, 10 * 4096), 0);
    EXPECT_EQ(seek(fd, 6 * 4096, SEEK_DATA), -ENXIO);
}

TEST_F(simulated_file, keeps_a_position) {
    long const fd = make_and_open("hello");
    EXPECT_EQ(seek(fd, -2, SEEK_END), 3);
    EXPECT_EQ(read(fd, 9), "lo");
    EXPECT_EQ(seek(fd, -4, SEEK_CUR), 1);
    EXPECT_EQ(write(fd, "E"), 1);
    EXPECT_EQ(seek(fd, 0, SEEK_SET), 0);
    EXPECT_EQ(read(fd, 9), "hEllo");
    EXPECT_EQ(seek(fd, -1, SEEK_SET), -EINVAL);
    EXPECT_EQ(seek(fd, 0, 99), -EINVAL);
    EXPECT_EQ(seek(fd, INT64_MAX, SEEK_END), -EOVERFLOW);
    EXPECT_EQ(read(open("/x", O_RDONLY), 9), "hEllo");
}

TEST_F(simulated_file, is_synced_and_advised_about) {
    long const fd = make_and_open("hello");
    long const path = open("/x", O_PATH);
    EXPECT_EQ(call(SYS_fsync, fd), 0);
    EXPECT_EQ(call(SYS_fdatasync, open("/", O_RDONLY)), 0);
    EXPECT_EQ(call(SYS_fsync, path), -EBADF);
    EXPECT_EQ(call(SYS_sync_file_range, fd, 0, 0, SYNC_FILE_RANGE_WRITE), 0);
    EXPECT_EQ(call(SYS_sync_file_range, fd, 0, 0, 8), -EINVAL);
    EXPECT_EQ(call(SYS_sync_file_range, fd, INT64_MAX, 1, 0), -EINVAL);
    EXPECT_EQ(call(SYS_fadvise64, fd, 0, 0, POSIX_FADV_WILLNEED), 0);
    EXPECT_EQ(call(SYS_fadvise64, fd, 0, 0, 77), -EINVAL);
    EXPECT_EQ(call(SYS_fadvise64, fd, 0, -1, POSIX_FADV_NORMAL), -EINVAL);
}

class simulated_listing : public simulated_file {
protected:
    /// The names of one call, with the type of each.
    std::vector<std::string> list(long fd, std::size_t bytes) {
        std::vector<std::byte> records(bytes);
        long const done = call(SYS_getdents64, fd, records.data(), bytes);
        std::vector<std::string> out;
        if (done < 0)
            out.push_back("error " + std::to_string(-done));
        for (long at = 0; at < done;) {
            auto const* const record = records.data() + at;
            std::uint16_t size = 0;
            std::memcpy(&size, record + 16, sizeof size);
            out.emplace_back(reinterpret_cast<char const*>(record + 19));
            out.back() += ' ' + std::to_string(std::to_integer<int>(record[18]));
            at += size;
        }
        return out;
    }
};

TEST_F(simulated_listing, tells_names_and_types_in_the_order_they_came) {
    ASSERT_TRUE(make("/d/b"));
    ASSERT_TRUE(make("/d/a/x"));
    ASSERT_EQ(call(SYS_symlinkat, "b", AT_FDCWD, "/d/s"), 0);
    long const d = open("/d", O_RDONLY);
    EXPECT_EQ(list(d, 1024), (std::vector<std::string>{". 4", ".. 4", "b 8", "a 4", "s 10"}));
    EXPECT_TRUE(list(d, 1024).empty());
    EXPECT_EQ(seek(d, 0, SEEK_SET), 0);
    EXPECT_EQ(list(d, 24), std::vector<std::string>{". 4"});
    EXPECT_EQ(list(d, 23), std::vector<std::string>{"error " + std::to_string(EINVAL)});
    EXPECT_EQ(list(d, 48), (std::vector<std::string>{".. 4", "b 8"}));
}

TEST_F(simulated_listing, goes_on_where_it_was_while_names_come_and_go) {
    for (char const* name : {"/d/1", "/d/2", "/d/3"})
        ASSERT_TRUE(make(name));
    long const d = open("/d", O_RDONLY);
    ASSERT_EQ(list(d, 3 * 24).size(), 3u);
    ASSERT_TRUE(w.files().remove("/d/1"));
    ASSERT_TRUE(w.files().remove("/d/2"));
    ASSERT_TRUE(make("/d/0"));
    EXPECT_EQ(list(d, 1024), (std::vector<std::string>{"3 8", "0 8"}));
}

TEST_F(simulated_listing, is_for_directories_that_are_still_there) {
    EXPECT_EQ(list(make_and_open(""), 99)[0], "error " + std::to_string(ENOTDIR));
    ASSERT_EQ(call(SYS_mkdirat, AT_FDCWD, "/d", 0755), 0);
    long const d = open("/d", O_RDONLY);
    ASSERT_TRUE(w.files().remove("/d"));
    EXPECT_EQ(list(d, 99)[0], "error " + std::to_string(ENOENT));
}

} // namespace
} // namespace rondo::engine::simulation
