// SPDX-License-Identifier: MIT
#include <rondo/interop/file_stream.hpp>
#include <rondo/op/control.hpp>

#include <support/child.hpp>
#include <support/pipe_pair.hpp>
#include <support/ring_test.hpp>

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <numeric>

namespace rondo::test {
namespace {

class file_stream_test : public ring_test {
protected:
    file_stream open(char const* name, int flags = O_RDWR | O_CREAT) {
        return file_stream::open(ring_, (directory_ / name).c_str(), flags).or_throw(name);
    }
    /// A stream on a new file with this in it, at its start.
    file_stream stream_with(std::string_view contents) {
        return file_stream::adopt(ring_, file_with("file", contents)).or_throw("adopt");
    }
    /// What is in the file, read past the stream.
    static std::string contents_of(file_stream const& stream) {
        std::string out(1 << 16, '\0');
        ::ssize_t const n = ::pread(stream.native_handle(), out.data(), out.size(), 0);
        EXPECT_GE(n, 0) << std::strerror(errno);
        out.resize(static_cast<std::size_t>(std::max<::ssize_t>(n, 0)));
        return out;
    }
    static std::uint64_t offset_of(file_stream& stream) {
        return stream.seek(0, seek_from::current).or_throw("seek");
    }
    static std::string read_some(file_stream& stream, std::size_t size) {
        std::string out(size, '\0');
        out.resize(stream.read(out).or_throw("read"));
        return out;
    }
};

TEST_F(file_stream_test, writes_and_reads_at_the_shared_offset) {
    file_stream file = open("new");
    EXPECT_EQ(file.write(std::string_view("hello ")).or_throw("write"), 6u);
    EXPECT_EQ(file.write(std::string_view("io_uring!\n")).or_throw("write"), 10u);
    EXPECT_EQ(offset_of(file), 16u);
    EXPECT_EQ(file.seek(6).or_throw("seek"), 6u);
    EXPECT_EQ(read_some(file, 100), "io_uring!\n");
    EXPECT_EQ(contents_of(file), "hello io_uring!\n");
}

TEST_F(file_stream_test, leaves_the_shared_offset_alone_in_positional_calls) {
    file_stream file = stream_with("0123456789");
    file.seek(4).or_throw("seek");
    char two[2];
    EXPECT_EQ(file.read_at(two, 7).or_throw("read_at"), 2u);
    EXPECT_EQ(std::string_view(two, 2), "78");
    EXPECT_EQ(offset_of(file), 4u);
    EXPECT_EQ(file.write_at(std::string_view("ab"), 8).or_throw("write_at"), 2u);
    EXPECT_EQ(offset_of(file), 4u);
    EXPECT_EQ(read_some(file, 100), "4567ab");
}

TEST_F(file_stream_test, returns_the_new_offset_from_a_seek) {
    file_stream file = stream_with("0123456789");
    EXPECT_EQ(file.seek(3).or_throw("start"), 3u);
    EXPECT_EQ(file.seek(2, seek_from::current).or_throw("current"), 5u);
    EXPECT_EQ(file.seek(-1, seek_from::current).or_throw("back"), 4u);
    EXPECT_EQ(file.seek(0, seek_from::end).or_throw("end"), 10u);
    EXPECT_EQ(file.seek(-4, seek_from::end).or_throw("before the end"), 6u);
    EXPECT_EQ(read_some(file, 100), "6789");
    EXPECT_EQ(file.seek(5, seek_from::end).or_throw("behind the end"), 15u);
    file.write_all(std::string_view("x")).or_throw("write");
    EXPECT_EQ(file.size().or_throw("size"), 16u);
}

TEST_F(file_stream_test, stays_where_it_is_when_a_seek_fails) {
    file_stream file = stream_with("0123456789");
    file.seek(4).or_throw("seek");
    RONDO_EXPECT_ERROR(file.seek(-5, seek_from::current), EINVAL);
    RONDO_EXPECT_ERROR(file.seek(-1), EINVAL);
    EXPECT_EQ(offset_of(file), 4u);
}

TEST_F(file_stream_test, tells_the_end_by_zero_bytes_and_not_by_an_error) {
    file_stream file = stream_with("abc");
    EXPECT_FALSE(file.at_end());
    EXPECT_EQ(read_some(file, 100), "abc");
    EXPECT_FALSE(file.at_end());
    EXPECT_EQ(read_some(file, 100), "");
    EXPECT_TRUE(file.at_end());
    char c;
    EXPECT_EQ(file.read_at({&c, 1}, 3).or_throw("read_at"), 0u);
    EXPECT_EQ(file.read_at({&c, 1}, 1000).or_throw("read_at"), 0u);
}

TEST_F(file_stream_test, is_no_longer_at_the_end_after_a_seek_or_a_write) {
    file_stream file = stream_with("abc");
    file.seek(0, seek_from::end).or_throw("seek");
    EXPECT_EQ(read_some(file, 1), "");
    EXPECT_TRUE(file.at_end());
    char c;
    file.read_at({&c, 1}, 0).or_throw("read_at");
    EXPECT_TRUE(file.at_end());
    file.seek(0).or_throw("seek");
    EXPECT_FALSE(file.at_end());
    file.seek(0, seek_from::end).or_throw("seek");
    EXPECT_EQ(read_some(file, 1), "");
    file.write_all(std::string_view("d")).or_throw("write");
    EXPECT_FALSE(file.at_end());
}

TEST_F(file_stream_test, does_not_touch_the_file_for_an_empty_span) {
    file_stream file = stream_with("abc");
    EXPECT_EQ(file.read({}).or_throw("read"), 0u);
    EXPECT_FALSE(file.at_end());
    EXPECT_EQ(file.write({}).or_throw("write"), 0u);
    EXPECT_EQ(file.read_at({}, 0).or_throw("read_at"), 0u);
    EXPECT_EQ(file.write_at({}, 100).or_throw("write_at"), 0u);
    EXPECT_EQ(file.read_exactly({}).or_throw("read_exactly"), 0u);
    RONDO_EXPECT_OK(file.write_all({}));
    EXPECT_EQ(offset_of(file), 0u);
    EXPECT_EQ(contents_of(file), "abc");
}

TEST_F(file_stream_test, opens_with_the_flags_and_permissions_it_was_given) {
    ::mode_t const mask = ::umask(0027);
    auto file = file_stream::open(ring_, (directory_ / "new").c_str(), O_WRONLY | O_CREAT, 0666)
                    .or_throw("open");
    ::umask(mask);
    struct ::stat about{};
    ASSERT_EQ(::fstat(file.native_handle(), &about), 0);
    EXPECT_EQ(about.st_mode & 07777u, 0640u);
    EXPECT_EQ(::fcntl(file.native_handle(), F_GETFD), FD_CLOEXEC);
    RONDO_EXPECT_ERROR(
        file_stream::open(ring_, (directory_ / "new").c_str(), O_WRONLY | O_CREAT | O_EXCL),
        EEXIST);
    RONDO_EXPECT_ERROR(file_stream::open(ring_, (directory_ / "missing").c_str()), ENOENT);
    RONDO_EXPECT_ERROR(file_stream::open(ring_, directory_.path().c_str(), O_RDWR), EISDIR);
}

TEST_F(file_stream_test, tells_what_a_descriptor_does_not_allow_from_a_closed_stream) {
    file_stream const made = open("file");
    file_stream reader = open("file", O_RDONLY);
    auto const refused = reader.write(std::string_view("x"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), EBADF);
    EXPECT_NE(refused.error().attempted(), attempt::use_closed);
    auto directory = file_stream::open(ring_, directory_.path().c_str()).or_throw("open");
    char c;
    RONDO_EXPECT_ERROR(directory.read({&c, 1}), EISDIR);
}

TEST_F(file_stream_test, refuses_to_be_used_after_close_and_after_a_move) {
    char c = 0;
    std::string text;
    std::vector<std::byte> bytes;
    file_stream closed = stream_with("abc");
    closed.close().or_throw("close");
    file_stream moved_from = stream_with("abc");
    file_stream const kept = std::move(moved_from);
    for (file_stream* const f : {&closed, &moved_from}) {
        auto const expect = [](auto const& outcome) {
            ASSERT_FALSE(outcome);
            EXPECT_EQ(outcome.error(), EBADF);
            EXPECT_EQ(outcome.error().attempted(), attempt::use_closed);
        };
        expect(f->read({&c, 1}));
        expect(f->read({}));
        expect(f->write({&c, 1}));
        expect(f->read_at({&c, 1}, 0));
        expect(f->write_at({&c, 1}, 0));
        expect(f->read_exactly({&c, 1}));
        expect(f->write_all({&c, 1}));
        expect(f->write_all({}));
        expect(f->read_to_end(text));
        expect(f->read_to_end(bytes));
        expect(f->seek(0));
        expect(f->size());
        expect(f->sync());
        expect(f->close());
        EXPECT_FALSE(f->is_open());
        EXPECT_EQ(f->native_handle(), -1);
    }
    EXPECT_TRUE(kept.is_open());
}

TEST_F(file_stream_test, closes_its_descriptor_in_close_and_in_the_destructor) {
    file_stream file = stream_with("abc");
    int const fd = file.native_handle();
    RONDO_EXPECT_OK(file.close());
    EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
    int other = -1;
    {
        file_stream const second = stream_with("abc");
        other = second.native_handle();
    }
    EXPECT_EQ(::fcntl(other, F_GETFD), -1);
}

TEST_F(file_stream_test, reports_the_error_of_a_close) {
    file_stream file = stream_with("abc");
    ::close(file.native_handle()); // behind its back
    RONDO_EXPECT_ERROR(file.close(), EBADF);
    EXPECT_FALSE(file.is_open());
}

TEST_F(file_stream_test, refuses_to_adopt_what_is_not_open) {
    auto const adopted = file_stream::adopt(ring_, unique_fd());
    ASSERT_FALSE(adopted);
    EXPECT_EQ(adopted.error(), EBADF);
    EXPECT_EQ(adopted.error().attempted(), attempt::adopt);
}

TEST_F(file_stream_test, shares_the_offset_with_duplicates_of_the_descriptor) {
    unique_fd fd = file_with("file", "0123456789");
    unique_fd duplicate(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
    ASSERT_EQ(::lseek(fd.get(), 2, SEEK_SET), 2);
    file_stream one = file_stream::adopt(ring_, std::move(fd)).or_throw("adopt");
    file_stream other = file_stream::adopt(ring_, std::move(duplicate)).or_throw("adopt");
    EXPECT_EQ(read_some(one, 3), "234");
    EXPECT_EQ(read_some(other, 3), "567");
}

TEST_F(file_stream_test, appends_wherever_the_offset_is) {
    file_stream file = stream_with("abc");
    file.close().or_throw("close");
    file = open("file", O_RDWR | O_APPEND);
    EXPECT_EQ(offset_of(file), 0u);
    file.write_all(std::string_view("def")).or_throw("write");
    EXPECT_EQ(offset_of(file), 6u);
    file.seek(1).or_throw("seek");
    file.write_all(std::string_view("ghi")).or_throw("write");
    EXPECT_EQ(contents_of(file), "abcdefghi");
}

TEST_F(file_stream_test, writes_where_it_was_told_although_it_appends) {
    stream_with("abcdef").close().or_throw("close");
    file_stream file = open("file", O_RDWR | O_APPEND);
    auto const put = file.write_at(std::string_view("XY"), 1);
    if (!put && put.error() == EOPNOTSUPP)
        GTEST_SKIP() << "this kernel always appends (before Linux 6.9)";
    EXPECT_EQ(put.value(), 2u);
    EXPECT_EQ(contents_of(file), "aXYdef");
    EXPECT_EQ(offset_of(file), 0u);
}

TEST_F(file_stream_test, tells_the_size_as_it_is_now) {
    file_stream file = stream_with("abc");
    EXPECT_EQ(file.size().or_throw("size"), 3u);
    ASSERT_EQ(::ftruncate(file.native_handle(), 5'000'000'000), 0);
    EXPECT_EQ(file.size().or_throw("size"), 5'000'000'000u);
}

TEST_F(file_stream_test, seeks_and_transfers_beyond_four_gigabytes) {
    constexpr std::int64_t far = 5'000'000'000;
    file_stream file = open("far");
    EXPECT_EQ(file.seek(far).or_throw("seek"), 5'000'000'000u);
    file.write_all(std::string_view("far")).or_throw("write");
    EXPECT_EQ(file.write_at(std::string_view("ther"), far + 3).or_throw("write_at"), 4u);
    char back[7];
    EXPECT_EQ(file.read_at(back, far).or_throw("read_at"), 7u);
    EXPECT_EQ(std::string_view(back, 7), "farther");
    RONDO_EXPECT_ERROR(file.read_at(back, ~std::uint64_t{0}), EINVAL);
    RONDO_EXPECT_ERROR(file.write_at(back, ~std::uint64_t{0}), EINVAL);
}

TEST_F(file_stream_test, reads_to_the_end_from_where_it_is) {
    std::string large(300'001, '\0');
    std::iota(large.begin(), large.end(), '\0');
    file_stream file = stream_with(large);
    file.seek(1).or_throw("seek");
    std::string out = "before ";
    EXPECT_EQ(file.read_to_end(out).or_throw("read_to_end"), 300'000u);
    EXPECT_TRUE(out == "before " + large.substr(1));
    EXPECT_TRUE(file.at_end());
    std::vector<std::byte> nothing;
    EXPECT_EQ(file.read_to_end(nothing).or_throw("read_to_end"), 0u);
    EXPECT_TRUE(nothing.empty());
}

TEST_F(file_stream_test, reads_to_the_end_of_files_that_claim_to_be_empty) {
    auto file = file_stream::open(ring_, "/proc/self/maps").or_throw("open");
    std::string out;
    EXPECT_GT(file.read_to_end(out).or_throw("read_to_end"), 0u);
    EXPECT_NE(out.find("[stack]"), std::string::npos);
    EXPECT_EQ(out.back(), '\n');
}

TEST_F(file_stream_test, reads_exactly_or_up_to_the_end) {
    file_stream file = stream_with("0123456789");
    std::array<char, 6> six;
    EXPECT_EQ(file.read_exactly(six).or_throw("read_exactly"), 6u);
    EXPECT_FALSE(file.at_end());
    EXPECT_EQ(file.read_exactly(six).or_throw("read_exactly"), 4u);
    EXPECT_TRUE(file.at_end());
    EXPECT_EQ(std::string_view(six.data(), 4), "6789");
    EXPECT_EQ(file.read_exactly(six).or_throw("read_exactly"), 0u);
}

TEST_F(file_stream_test, counts_what_was_written_before_a_failure) {
    auto const end = in_child([this] {
        ring_ = ring::create({.entries = 8}).or_throw("ring");
        file_stream file = open("limited");
        ::signal(SIGXFSZ, SIG_IGN);
        ::rlimit const limit{1000, 1000};
        ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
        auto const written = file.write_all(std::string(3000, 'x'));
        ASSERT_FALSE(written);
        EXPECT_EQ(written.error(), EFBIG);
        EXPECT_EQ(written.error().detail(), 1000u);
        EXPECT_EQ(offset_of(file), 1000u);
    });
    EXPECT_TRUE(end.succeeded()) << end;
}

TEST_F(file_stream_test, syncs_files_and_refuses_to_sync_what_has_no_disk) {
    file_stream file = stream_with("abc");
    RONDO_EXPECT_OK(file.sync());
    RONDO_EXPECT_OK(file.sync(abi::fsync_flag::datasync));
    pipe_pair pipe;
    file_stream reader = file_stream::adopt(ring_, std::move(pipe.out)).or_throw("adopt");
    RONDO_EXPECT_ERROR(reader.sync(), EINVAL);
}

TEST_F(file_stream_test, leaves_the_completions_of_others_to_pop) {
    ASSERT_TRUE(ring_.push(op::nop{}, 7));
    file_stream file = open("file");
    file.write_all(std::string_view("abc")).or_throw("write");
    RONDO_EXPECT_OK(file.sync());
    RONDO_EXPECT_OK(file.close());
    EXPECT_EQ(next().user_data, 7u);
}

} // namespace
} // namespace rondo::test
