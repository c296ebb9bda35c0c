// SPDX-License-Identifier: MIT

#include <rondo/op/file.hpp>
#include <rondo/ring/ring.hpp>

#include <support/ring_test.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>

namespace rondo {
namespace {

constexpr std::uint64_t four_gib = std::uint64_t{1} << 32;

class op_file : public test::ring_test {
protected:
    static struct ::stat status(unique_fd const& fd) {
        struct ::stat out{};
        EXPECT_EQ(::fstat(fd.get(), &out), 0);
        return out;
    }
};

TEST_F(op_file, fallocate_extends_the_file_to_the_range) {
    auto const file = file_with("f", "");
    RONDO_EXPECT_OK(ring_.run(op::fallocate{.fd = file, .size = 4096, .at = 8192}));
    EXPECT_EQ(status(file).st_size, 12288);
    RONDO_EXPECT_OK(ring_.run(
        op::fallocate{.fd = file, .size = 4096, .at = 16384, .mode = FALLOC_FL_KEEP_SIZE}));
    EXPECT_EQ(status(file).st_size, 12288);
    RONDO_EXPECT_ERROR(ring_.run(op::fallocate{.fd = file, .size = 0}), EINVAL);
}

TEST_F(op_file, fallocate_punches_a_hole) {
    auto const file = file_with("f", std::string(3, 'x'));
    RONDO_EXPECT_OK(ring_.run(op::fallocate{
        .fd = file, .size = 1, .at = 1, .mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE}));
    EXPECT_EQ(contents_of(file), std::string("x\0x", 3));
}

TEST_F(op_file, ftruncate_cuts_and_extends) {
    auto const file = file_with("f", "hello");
    register_files({file.get()});
    RONDO_EXPECT_OK(ring_.run(op::ftruncate{.fd = file, .size = 2}));
    EXPECT_EQ(contents_of(file), "he");
    RONDO_EXPECT_OK(ring_.run(op::ftruncate{.fd = fd_ref::slot(0), .size = four_gib + 1}));
    EXPECT_EQ(status(file).st_size, static_cast<::off_t>(four_gib + 1));
}

TEST_F(op_file, fsync_takes_files_and_refuses_pipes_and_unknown_flags) {
    auto const file = file_with("f", "hello");
    RONDO_EXPECT_OK(ring_.run(op::fsync{.fd = file}));
    RONDO_EXPECT_OK(
        ring_.run(op::fsync{.fd = file, .flags = abi::fsync_flag::datasync, .at = 0, .size = 5}));
    RONDO_EXPECT_ERROR(ring_.run(op::fsync{.fd = file, .flags = abi::fsync_flag{2}}), EINVAL);
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    unique_fd const out(ends[0]), in(ends[1]);
    RONDO_EXPECT_ERROR(ring_.run(op::fsync{.fd = in}), EINVAL);
}

TEST_F(op_file, sync_file_range_checks_its_flags) {
    auto const file = file_with("f", "hello");
    constexpr unsigned all =
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    RONDO_EXPECT_OK(ring_.run(op::sync_file_range{.fd = file, .flags = all}));
    RONDO_EXPECT_OK(ring_.run(op::sync_file_range{.fd = file, .flags = all, .at = 1, .size = 2}));
    RONDO_EXPECT_ERROR(ring_.run(op::sync_file_range{.fd = file, .flags = 8}), EINVAL);
}

TEST_F(op_file, fadvise_refuses_unknown_advice_and_pipes) {
    auto const file = file_with("f", "hello");
    RONDO_EXPECT_OK(ring_.run(op::fadvise{.fd = file, .advice = POSIX_FADV_SEQUENTIAL}));
    RONDO_EXPECT_ERROR(ring_.run(op::fadvise{.fd = file, .advice = 77}), EINVAL);
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    unique_fd const out(ends[0]), in(ends[1]);
    RONDO_EXPECT_ERROR(ring_.run(op::fadvise{.fd = out, .advice = POSIX_FADV_NORMAL}), ESPIPE);
}

// A size cut to 32 bits would be 64 KiB and would leave the page behind 4 GiB in the cache.
TEST_F(op_file, fadvise_reaches_what_lies_behind_four_gib) {
    auto const file = file_with("f", "");
    std::string const page(4096, 'x');
    auto const fill_cache = [&] {
        ASSERT_EQ(::pwrite(file.get(), page.data(), page.size(), four_gib), 4096);
        ASSERT_EQ(::fsync(file.get()), 0);
    };
    auto const is_cached = [&] {
        std::array<char, 4096> memory;
        ::iovec const part{memory.data(), memory.size()};
        return ::preadv2(file.get(), &part, 1, four_gib, RWF_NOWAIT) == 4096;
    };
    fill_cache();
    if (!is_cached())
        GTEST_SKIP() << "this file system does not tell what it has in memory";
    ASSERT_EQ(::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED), 0);
    if (is_cached())
        GTEST_SKIP() << "this file system keeps its pages whatever it is told";
    fill_cache();
    ASSERT_TRUE(is_cached());
    RONDO_EXPECT_OK(ring_.run(
        op::fadvise{.fd = file, .advice = POSIX_FADV_DONTNEED, .size = four_gib + 65536}));
    EXPECT_FALSE(is_cached());
}

class op_madvise : public test::ring_test {
protected:
    explicit op_madvise(std::size_t bytes = four_gib + 65536)
        : bytes_(bytes), memory_(::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {}
    ~op_madvise() override { ::munmap(memory_, bytes_); }
    void SetUp() override { ASSERT_NE(memory_, MAP_FAILED); }
    char& at(std::uint64_t offset) { return static_cast<char*>(memory_)[offset]; }

    std::size_t bytes_;
    void* memory_;
};

TEST_F(op_madvise, drops_what_it_is_told_to_and_no_more) {
    at(0) = at(4096) = at(8192) = 'x';
    RONDO_EXPECT_OK(ring_.run(op::madvise{.range = {memory_, 8192}, .advice = MADV_DONTNEED}));
    EXPECT_EQ(at(0), 0);
    EXPECT_EQ(at(4096), 0);
    EXPECT_EQ(at(8192), 'x');
    RONDO_EXPECT_ERROR(ring_.run(op::madvise{.range = {memory_, 8192}, .advice = 7777}), EINVAL);
}

// A size cut to 32 bits would be 64 KiB.
TEST_F(op_madvise, reaches_what_lies_behind_four_gib) {
    at(four_gib) = 'x';
    RONDO_EXPECT_OK(ring_.run(op::madvise{.range = {memory_, bytes_}, .advice = MADV_DONTNEED}));
    EXPECT_EQ(at(four_gib), 0);
}

} // namespace
} // namespace rondo
