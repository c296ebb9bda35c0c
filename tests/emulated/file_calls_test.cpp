// SPDX-License-Identifier: MIT

#include "calls_test.hpp"

#include <engine/emulated/calls.hpp>
#include <engine/emulated/closing.hpp>

#include <rondo/op/file.hpp>
#include <rondo/op/fs.hpp>

#include <array>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/eventfd.h>

namespace rondo::engine::emulation {
namespace {

class emulated_file : public calls_test {
protected:
    emulated_file() : calls_test(&find_file) {}
};

TEST_F(emulated_file, is_synced_allocated_advised_and_cut_off) {
    auto const file = file_with("f", "hello");
    EXPECT_EQ(result(op::fsync{.fd = file}), 0);
    EXPECT_EQ(result(op::fsync{.fd = file, .flags = abi::fsync_flag::datasync}), 0);
    EXPECT_EQ(result(op::sync_file_range{.fd = file, .flags = SYNC_FILE_RANGE_WRITE}), 0);
    EXPECT_EQ(result(op::fallocate{.fd = file, .size = 100}), 0);
    EXPECT_EQ(::lseek(file.get(), 0, SEEK_END), 100);
    EXPECT_EQ(result(op::ftruncate{.fd = file, .size = 4}), 0);
    EXPECT_EQ(contents_of(file), "hell");
    EXPECT_EQ(result(op::fadvise{.fd = file, .advice = POSIX_FADV_DONTNEED}), 0);
}

TEST_F(emulated_file, is_not_synced_on_the_submitters_thread) {
    auto const file = file_with("f", "hello");
    auto const inline_attempt = [this](auto const& o) {
        request& r = make(o);
        return r.what->attempt(r, false).what;
    };
    EXPECT_EQ(inline_attempt(op::fsync{.fd = file}), outcome::kind::work);
    EXPECT_EQ(inline_attempt(op::ftruncate{.fd = file, .size = 4}), outcome::kind::work);
    EXPECT_EQ(inline_attempt(op::fadvise{.fd = file, .advice = POSIX_FADV_WILLNEED}),
              outcome::kind::work);
    EXPECT_EQ(inline_attempt(op::fadvise{.fd = file, .advice = POSIX_FADV_RANDOM}),
              outcome::kind::done);
}

TEST_F(emulated_file, refuses_fields_that_an_operation_has_no_use_for) {
    auto const file = file_with("f", "hello");
    abi::sqe entry = entry_of(op::fsync{.fd = file});
    entry.addr = 1;
    EXPECT_EQ(check(entry), -EINVAL);
    entry.addr = 0;
    entry.off = std::uint64_t{1} << 63;
    EXPECT_EQ(check(entry), -EINVAL);
    entry.off = 0;
    entry.fsync_flags = 2;
    EXPECT_EQ(check(entry), -EINVAL);
    entry = entry_of(op::ftruncate{.fd = file, .size = 1});
    EXPECT_EQ(check(entry), 0);
    entry.addr3 = 1;
    EXPECT_EQ(check(entry), -EINVAL);
}

TEST_F(emulated_file, errors_fail_what_is_linked_only_where_the_kernels_do) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    unique_fd const out(ends[0]), in(ends[1]);
    outcome const synced = run(op::fsync{.fd = out});
    EXPECT_EQ(synced.res, -EINVAL);
    EXPECT_TRUE(synced.harmless);
    outcome const advised = run(op::fadvise{.fd = out, .advice = POSIX_FADV_NORMAL});
    EXPECT_EQ(advised.res, -ESPIPE);
    EXPECT_FALSE(advised.harmless);
}

TEST_F(emulated_file, memory_takes_advice) {
    std::size_t const size = 4096;
    void* const page =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(page, MAP_FAILED);
    auto* const bytes = static_cast<std::byte*>(page);
    bytes[0] = std::byte{1};
    EXPECT_EQ(result(op::madvise{.range = {bytes, size}, .advice = MADV_DONTNEED}), 0);
    EXPECT_EQ(bytes[0], std::byte{});
    EXPECT_EQ(result(op::madvise{.range = {bytes + 1, size}, .advice = MADV_DONTNEED}), -EINVAL);
    ::munmap(page, size);
}

TEST_F(emulated_file, is_described_by_path_and_by_descriptor) {
    auto const file = file_with("f", "hello");
    std::string path = directory_ / "f";
    struct ::statx found{};
    request& r = make(op::statx{.path = path.c_str(), .into = &found});
    ASSERT_TRUE(keep(r));
    path.assign(path.size(), '-'); // the copy counts
    EXPECT_EQ(run(r).res, 0);
    EXPECT_EQ(found.stx_size, 5u);
    found = {};
    op::statx const open{.path = "", .into = &found, .directory = file, .flags = AT_EMPTY_PATH};
    EXPECT_EQ(result(open), 0);
    EXPECT_EQ(found.stx_size, 5u);
    op::statx unknown = open;
    unknown.flags |= 0x80000;
    EXPECT_EQ(result(unknown), -EINVAL);
    op::statx empty = open;
    empty.flags = 0;
    EXPECT_EQ(result(empty), -ENOENT);
    abi::sqe entry = entry_of(open);
    entry.addr = 0;
    EXPECT_EQ(check(entry), -EFAULT);
}

class emulated_open : public calls_test {
protected:
    emulated_open() : calls_test(&find_file) {}
    static int flags_of(unique_fd const& fd) { return ::fcntl(fd.get(), F_GETFL); }
};

TEST_F(emulated_open, at_opens_what_is_cached_without_a_worker) {
    file_with("f", "hello");
    std::string const path = directory_ / "f";
    request& r = make(op::openat{.path = path.c_str()});
    outcome const how = r.what->attempt(r, false);
    if (how.what == outcome::kind::work) {
        ::open_how const cached{.flags = 0, .mode = 0, .resolve = 0x20};
        ASSERT_LT(call(SYS_openat2, AT_FDCWD, path.c_str(), &cached, sizeof cached), 0);
        GTEST_SKIP() << "this kernel or file system opens nothing from its cache";
    }
    unique_fd const file(how.res);
    ASSERT_TRUE(file);
    EXPECT_EQ(contents_of(file), "hello");
    EXPECT_EQ(flags_of(file) & O_NONBLOCK, 0);
    EXPECT_EQ(::fcntl(file.get(), F_GETFD), FD_CLOEXEC);
}

TEST_F(emulated_open, at_keeps_the_flags_that_were_asked_for) {
    file_with("f", "hello");
    std::string const path = directory_ / "f";
    unique_fd const plain(result(op::openat{.path = path.c_str(), .flags = O_RDWR | O_NONBLOCK}));
    EXPECT_EQ(flags_of(plain) & (O_ACCMODE | O_NONBLOCK), O_RDWR | O_NONBLOCK);
    EXPECT_EQ(::fcntl(plain.get(), F_GETFD), 0);
    unique_fd const name(result(op::openat{.path = path.c_str(), .flags = O_PATH | O_NONBLOCK}));
    EXPECT_NE(flags_of(name) & O_PATH, 0);
}

TEST_F(emulated_open, at_creates_on_a_worker_from_its_copy_of_the_path) {
    std::string path = directory_ / "new";
    request& r =
        make(op::openat{.path = path.c_str(), .flags = O_CREAT | O_EXCL | O_WRONLY, .mode = 0600});
    EXPECT_EQ(r.what->attempt(r, false).what, outcome::kind::work);
    ASSERT_TRUE(keep(r));
    std::string const good = path;
    path.assign(path.size(), '-');
    unique_fd const file(run(r).res);
    ASSERT_TRUE(file);
    struct ::stat status{};
    ASSERT_EQ(::stat(good.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777u, 0600u);
}

TEST_F(emulated_open, at_never_waits_for_the_other_side_of_a_fifo) {
    std::string const path = directory_ / "fifo";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    request& writer = make(op::openat{.path = path.c_str(), .flags = O_WRONLY});
    outcome const refused = writer.what->attempt(writer, false);
    if (refused.what == outcome::kind::work)
        GTEST_SKIP() << "this kernel or file system opens nothing from its cache";
    EXPECT_EQ(refused.res, -ENXIO);
    request& reader = make(op::openat{.path = path.c_str(), .flags = O_RDONLY});
    unique_fd const out(reader.what->attempt(reader, false).res);
    ASSERT_TRUE(out);
    EXPECT_EQ(flags_of(out) & O_NONBLOCK, 0);
}

TEST_F(emulated_open, at_reads_paths_as_the_kernel_does) {
    std::string const longest(4095, 'a'), too_long(4096, 'a');
    EXPECT_EQ(check(entry_of(op::openat{.path = longest.c_str()})), 0);
    EXPECT_EQ(check(entry_of(op::openat{.path = too_long.c_str()})), -ENAMETOOLONG);
    EXPECT_EQ(check(entry_of(op::openat{.path = ""})), -ENOENT);
    abi::sqe entry = entry_of(op::openat{.path = "f"});
    entry.addr = nowhere;
    EXPECT_EQ(check(entry), -EFAULT);
    entry = entry_of(op::openat{.path = "f"});
    entry.flags = raw(abi::sqe_flag::fixed_file);
    EXPECT_EQ(check(entry), -EBADF);
}

TEST_F(emulated_open, into_a_slot_knows_no_cloexec_but_is_no_childs) {
    file_with("f", "hello");
    std::string const path = directory_ / "f";
    abi::sqe entry = entry_of(op::openat{.path = path.c_str(), .as = slot_source{.index = 0}});
    request& r = make(entry);
    unique_fd const file(run(r).res);
    EXPECT_EQ(::fcntl(file.get(), F_GETFD), FD_CLOEXEC);
    entry.open_flags = O_CLOEXEC;
    EXPECT_EQ(check(entry), -EINVAL);
}

TEST_F(emulated_open, at2_reads_its_argument_as_the_kernel_does) {
    file_with("f", "hello");
    std::string const path = directory_ / "f";
    std::array<std::uint64_t, 512> how{};
    op::openat2 const o{.path = path.c_str(), .how = {}};
    abi::sqe entry = entry_of(o);
    entry.addr2 = reinterpret_cast<std::uintptr_t>(how.data());
    entry.len = sizeof how;
    unique_fd const file(run(make(entry)).res);
    EXPECT_EQ(contents_of(file), "hello");
    how[3] = 1;
    EXPECT_EQ(check(entry), -E2BIG);
    entry.len = sizeof(::open_how) - 1;
    EXPECT_EQ(check(entry), -EINVAL);
    entry.len = sizeof(::open_how);
    entry.addr2 = nowhere;
    EXPECT_EQ(check(entry), -EFAULT);
}

TEST_F(emulated_open, at2_resolves_as_it_is_told_with_its_copy) {
    file_with("f", "hello");
    unique_fd const below(::open(directory_.path().c_str(), O_DIRECTORY | O_CLOEXEC));
    op::openat2<> inside{.path = "f",
                         .how = {.flags = 0, .mode = 0, .resolve = RESOLVE_BENEATH},
                         .directory = below};
    EXPECT_EQ(contents_of(unique_fd(result(inside))), "hello");
    request& r = make(inside);
    ASSERT_TRUE(keep(r));
    inside.how.flags = ~std::uint64_t{0};
    EXPECT_EQ(contents_of(unique_fd(run(r).res)), "hello");
    op::openat2 const outside{.path = "../f",
                              .how = {.flags = 0, .mode = 0, .resolve = RESOLVE_BENEATH},
                              .directory = below};
    EXPECT_EQ(result(outside), -EXDEV);
    op::openat2 const strict{
        .path = "f", .how = {.flags = 0, .mode = 0644, .resolve = 0}, .directory = below};
    EXPECT_EQ(result(strict), -EINVAL);
}

TEST(emulated_closing, waits_for_what_may_take_time) {
    unique_fd const event(::eventfd(0, EFD_CLOEXEC));
    EXPECT_FALSE(may_wait_to_close(event.get()));
    EXPECT_FALSE(may_wait_to_close(-1));
    unique_fd const tcp(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_FALSE(may_wait_to_close(tcp.get()));
    ::linger const how{.l_onoff = 1, .l_linger = 5};
    ASSERT_EQ(::setsockopt(tcp.get(), SOL_SOCKET, SO_LINGER, &how, sizeof how), 0);
    EXPECT_TRUE(may_wait_to_close(tcp.get()));
    test::temporary_directory const directory;
    unique_fd const written(::open((directory / "f").c_str(), O_CREAT | O_WRONLY, 0600));
    EXPECT_TRUE(may_wait_to_close(written.get()));
}

} // namespace
} // namespace rondo::engine::emulation
