// SPDX-License-Identifier: MIT

// file_stream on what is no regular file: pipes, fifos, sockets, terminals, devices.

#include <rondo/abi/params.hpp>
#include <rondo/engine/kernel.hpp>
#include <rondo/interop/file_stream.hpp>

#include <support/engine.hpp>
#include <support/loop_device.hpp>
#include <support/pipe_pair.hpp>
#include <support/ring_test.hpp>

#include <gtest/gtest.h>

#include <pty.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <span>
#include <thread>

namespace rondo::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t max_transfer = 0x7fff'f000;

class file_stream_kinds : public ring_test {
protected:
    file_stream adopt(unique_fd fd) {
        return file_stream::adopt(ring_, std::move(fd)).or_throw("adopt");
    }
    static std::string counting(std::size_t size) {
        std::string out(size, '\0');
        for (std::size_t i = 0; i < size; ++i)
            out[i] = static_cast<char>(i % 251);
        return out;
    }
};

TEST_F(file_stream_kinds, pipes_have_no_positions) {
    pipe_pair pipe;
    file_stream reader = adopt(std::move(pipe.out));
    file_stream writer = adopt(std::move(pipe.in));
    char c = 'x';
    EXPECT_EQ(writer.write({&c, 1}).or_throw("write"), 1u);
    RONDO_EXPECT_ERROR(reader.seek(0), ESPIPE);
    RONDO_EXPECT_ERROR(reader.read_at({&c, 1}, 0), ESPIPE);
    RONDO_EXPECT_ERROR(writer.write_at({&c, 1}, 0), ESPIPE);
    RONDO_EXPECT_ERROR(reader.size(), ESPIPE);
    EXPECT_EQ(reader.read({&c, 1}).or_throw("read"), 1u);
}

TEST_F(file_stream_kinds, a_pipe_ends_when_its_writer_is_closed) {
    pipe_pair pipe;
    file_stream reader = adopt(std::move(pipe.out));
    file_stream writer = adopt(std::move(pipe.in));
    writer.write_all(std::string_view("abc")).or_throw("write");
    writer.close().or_throw("close");
    std::array<char, 10> ten;
    EXPECT_EQ(reader.read(ten).or_throw("read"), 3u);
    EXPECT_FALSE(reader.at_end());
    EXPECT_EQ(reader.read(ten).or_throw("read"), 0u);
    EXPECT_TRUE(reader.at_end());
}

TEST_F(file_stream_kinds, reads_more_often_than_the_queue_is_long) {
    pipe_pair pipe;
    file_stream reader = adopt(std::move(pipe.out));
    for (int i = 0; i < 1000; ++i) {
        char c = static_cast<char>(i);
        pipe.write({&c, 1});
        char back = 0;
        ASSERT_EQ(reader.read({&back, 1}).or_throw("read"), 1u);
        ASSERT_EQ(back, c);
    }
}

TEST_F(file_stream_kinds, resumes_the_short_reads_of_a_slow_pipe) {
    pipe_pair pipe;
    file_stream reader = adopt(std::move(pipe.out));
    std::string const text = counting(100'000);
    std::thread writer([&] {
        for (std::size_t at = 0; at < text.size(); at += 10'000) {
            pipe.write(std::string_view(text).substr(at, 10'000));
            std::this_thread::sleep_for(2ms);
        }
        pipe.in.reset();
    });
    std::string out(99'999, '\0');
    EXPECT_EQ(reader.read_exactly(out).or_throw("read_exactly"), 99'999u);
    EXPECT_TRUE(out == text.substr(0, 99'999));
    out.clear();
    EXPECT_EQ(reader.read_to_end(out).or_throw("read_to_end"), 1u);
    writer.join();
    EXPECT_EQ(out, text.substr(99'999));
}

TEST_F(file_stream_kinds, waits_for_non_blocking_pipes) {
    pipe_pair pipe(O_CLOEXEC | O_NONBLOCK);
    file_stream source = adopt(std::move(pipe.in));
    std::string const text = counting(1'000'000);
    std::string got;
    std::thread other([&] {
        ring own = ring::create({.entries = 8}).or_throw("ring");
        file_stream sink = file_stream::adopt(own, std::move(pipe.out)).or_throw("adopt");
        std::this_thread::sleep_for(30ms); // the pipe is full by now
        sink.read_to_end(got).or_throw("read_to_end");
    });
    RONDO_EXPECT_OK(source.write_all(text));
    std::this_thread::sleep_for(30ms); // the pipe is empty by now
    RONDO_EXPECT_OK(source.write_all(std::string_view("end")));
    RONDO_EXPECT_OK(source.close());
    other.join();
    EXPECT_TRUE(got == text + "end") << got.size();
}

TEST_F(file_stream_kinds, counts_what_a_reader_took_before_it_went_away) {
    ::signal(SIGPIPE, SIG_IGN);
    pipe_pair pipe;
    file_stream writer = adopt(std::move(pipe.in));
    std::thread reader([&] {
        char part[1000];
        std::this_thread::sleep_for(20ms);
        EXPECT_EQ(::read(pipe.out.get(), part, sizeof part), 1000);
        pipe.out.reset();
    });
    auto const written = writer.write_all(counting(1 << 20));
    reader.join();
    ::signal(SIGPIPE, SIG_DFL);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error(), EPIPE);
    EXPECT_GE(written.error().detail(), 1000u);
    EXPECT_LT(written.error().detail(), 1u << 20);
}

TEST_F(file_stream_kinds, waits_for_the_other_end_of_a_fifo_as_open_does) {
    std::string const path = directory_ / "fifo";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    std::thread reader([&] {
        std::this_thread::sleep_for(50ms);
        unique_fd const fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        char part[10];
        EXPECT_EQ(::read(fd.get(), part, sizeof part), 3);
    });
    auto writer = file_stream::open(ring_, path.c_str(), O_WRONLY);
    ASSERT_TRUE(writer) << writer.error().message().c_str();
    RONDO_EXPECT_OK(writer->write_all(std::string_view("abc")));
    reader.join();
    RONDO_EXPECT_OK(writer->close());

    std::thread second([&] {
        std::this_thread::sleep_for(50ms);
        unique_fd const fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
        EXPECT_EQ(::write(fd.get(), "xyz", 3), 3);
    });
    file_stream input = file_stream::open(ring_, path.c_str()).or_throw("open");
    std::string got;
    EXPECT_EQ(input.read_to_end(got).or_throw("read_to_end"), 3u);
    second.join();
    EXPECT_EQ(got, "xyz");
}

TEST_F(file_stream_kinds, talks_through_sockets_that_are_streams) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    file_stream one = adopt(unique_fd(ends[0]));
    file_stream other = adopt(unique_fd(ends[1]));
    one.write_all(std::string_view("abc")).or_throw("write");
    std::array<char, 3> three;
    EXPECT_EQ(other.read_exactly(three).or_throw("read"), 3u);
    one.close().or_throw("close");
    EXPECT_EQ(other.read(three).or_throw("read"), 0u);
}

TEST_F(file_stream_kinds, refuses_sockets_whose_empty_messages_would_look_like_the_end) {
    for (int const type : {SOCK_DGRAM, SOCK_SEQPACKET}) {
        int ends[2];
        ASSERT_EQ(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends), 0);
        unique_fd const other(ends[1]);
        RONDO_EXPECT_ERROR(file_stream::adopt(ring_, unique_fd(ends[0])), EPROTOTYPE);
        EXPECT_EQ(::fcntl(ends[0], F_GETFD), -1) << "not closed";
    }
}

TEST_F(file_stream_kinds, goes_on_reading_a_terminal_behind_its_end) {
    int ours = -1;
    int theirs = -1;
    ASSERT_EQ(::openpty(&ours, &theirs, nullptr, nullptr, nullptr), 0);
    unique_fd const keyboard(ours);
    file_stream terminal = adopt(unique_fd(theirs));
    RONDO_EXPECT_ERROR(terminal.seek(0), ESPIPE);
    std::string_view const typed = "one\n\x04two\n";
    ASSERT_EQ(::write(keyboard.get(), typed.data(), typed.size()),
              static_cast<::ssize_t>(typed.size()));
    std::string line;
    EXPECT_EQ(terminal.read_to_end(line).or_throw("read"), 4u);
    EXPECT_TRUE(terminal.at_end());
    std::array<char, 4> next;
    EXPECT_EQ(terminal.read_exactly(next).or_throw("read"), 4u);
    EXPECT_FALSE(terminal.at_end());
    EXPECT_EQ(line + std::string(next.data(), 4), "one\ntwo\n");
}

/// The kernel, but reads and writes of non-blocking files answer EAGAIN instead of waiting, as they
/// do in older ones: every one is marked RWF_NOWAIT before it is submitted.
class impatient_kernel final : public engine::backend {
public:
    long setup(std::uint32_t entries, abi::params& p) noexcept override {
        return test::this_engine().setup(entries, p);
    }
    long enter(int fd, std::uint32_t to_submit, std::uint32_t min_complete, std::uint32_t flags,
               void const* arg, std::size_t arg_size) noexcept override {
        for (abi::sqe& s : sqes_)
            if (s.opcode == raw(abi::opcode::read) || s.opcode == raw(abi::opcode::write)) {
                s.rw_flags = RWF_NOWAIT;
                ++transfers_;
            }
        long const answer =
            test::this_engine().enter(fd, to_submit, min_complete, flags, arg, arg_size);
        std::ranges::fill(sqes_, abi::sqe{});
        return answer;
    }
    long register_(int fd, std::uint32_t operation, void* arg,
                   std::uint32_t count) noexcept override {
        return test::this_engine().register_(fd, operation, arg, count);
    }
    result<mapping> map(int fd, std::uint64_t offset, std::size_t bytes) noexcept override {
        auto pages = test::this_engine().map(fd, offset, bytes);
        if (pages && offset == abi::off_sqes)
            sqes_ = {reinterpret_cast<abi::sqe*>(pages->data()), bytes / sizeof(abi::sqe)};
        return pages;
    }
    void close(int fd) noexcept override { test::this_engine().close(fd); }
    /// Reads and writes that were submitted.
    [[nodiscard]] int transfers() const { return transfers_; }

private:
    std::span<abi::sqe> sqes_;
    int transfers_ = 0;
};

TEST_F(file_stream_kinds, waits_where_the_kernel_does_not_wait_for_non_blocking_files) {
    impatient_kernel kernel;
    ring impatient = ring::create({.entries = 8, .backend = &kernel}).or_throw("ring");
    pipe_pair pipe(O_CLOEXEC | O_NONBLOCK);
    file_stream reader = file_stream::adopt(impatient, std::move(pipe.out)).or_throw("adopt");
    std::thread writer([&] {
        for (char const* const word : {"one ", "two "}) {
            std::this_thread::sleep_for(20ms);
            pipe.write(word);
        }
    });
    std::array<char, 8> words;
    auto const got = reader.read_exactly(words);
    writer.join();
    ASSERT_TRUE(got) << got.error().message().c_str();
    EXPECT_EQ(std::string_view(words.data(), 8), "one two ");
    EXPECT_GE(kernel.transfers(), 4); // two that found nothing, two that found a word
    EXPECT_LT(kernel.transfers(), 10) << "it does not wait, it spins";
}

TEST_F(file_stream_kinds, passes_on_what_a_blocking_file_answers) {
    impatient_kernel kernel;
    ring impatient = ring::create({.entries = 8, .backend = &kernel}).or_throw("ring");
    pipe_pair pipe;
    file_stream reader = file_stream::adopt(impatient, std::move(pipe.out)).or_throw("adopt");
    char c = 0;
    RONDO_EXPECT_ERROR(reader.read({&c, 1}), EAGAIN);
}

TEST_F(file_stream_kinds, reads_devices_at_positions_through_the_ring) {
    auto zeros = file_stream::open(ring_, "/dev/zero").or_throw("open");
    std::string some(1000, 'x');
    EXPECT_EQ(zeros.read_at(some, 5).or_throw("read_at"), 1000u);
    EXPECT_EQ(some, std::string(1000, '\0'));
    auto null = file_stream::open(ring_, "/dev/null", O_RDWR).or_throw("open");
    EXPECT_EQ(null.read(some).or_throw("read"), 0u);
    EXPECT_TRUE(null.at_end());
}

TEST_F(file_stream_kinds, reports_a_full_device) {
    auto full = file_stream::open(ring_, "/dev/full", O_WRONLY).or_throw("open");
    RONDO_EXPECT_ERROR(full.write_all(std::string_view("x")), ENOSPC);
}

/// Addresses for `size` bytes backed by one small piece of memory, mapped again and again.
class wide_memory {
public:
    explicit wide_memory(std::size_t size) : size_((size + piece - 1) / piece * piece) {
        unique_fd const memory(::memfd_create("wide", MFD_CLOEXEC));
        EXPECT_EQ(::ftruncate(memory.get(), piece), 0);
        void* const start =
            ::mmap(nullptr, size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        EXPECT_NE(start, MAP_FAILED);
        data_ = static_cast<char*>(start);
        for (std::size_t at = 0; at < size_; at += piece)
            EXPECT_NE(::mmap(data_ + at, piece, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                             memory.get(), 0),
                      MAP_FAILED);
    }
    wide_memory(wide_memory&&) = delete;
    ~wide_memory() { ::munmap(data_, size_); }
    [[nodiscard]] char* data() const { return data_; }

private:
    static constexpr std::size_t piece = 8 << 20;
    std::size_t size_;
    char* data_ = nullptr;
};

TEST_F(file_stream_kinds, moves_more_than_two_gigabytes_in_parts) {
#if defined(RONDO_TSAN)
    GTEST_SKIP() << "ThreadSanitizer would keep shadow memory for every byte";
#endif
    constexpr std::size_t size = max_transfer + 4097;
    wide_memory const memory(size);
    auto null = file_stream::open(ring_, "/dev/null", O_WRONLY).or_throw("open");
    EXPECT_EQ(null.write({memory.data(), size}).or_throw("write"), max_transfer);
    RONDO_EXPECT_OK(null.write_all({memory.data(), size}));

    unique_fd sparse(::memfd_create("sparse", MFD_CLOEXEC));
    ASSERT_EQ(::ftruncate(sparse.get(), static_cast<::off_t>(size)), 0);
    ASSERT_EQ(::pwrite(sparse.get(), "tail", 4, static_cast<::off_t>(size - 4)), 4);
    file_stream file = adopt(std::move(sparse));
    EXPECT_EQ(file.read({memory.data(), size}).or_throw("read"), max_transfer);
    file.seek(0).or_throw("seek");
    EXPECT_EQ(file.read_exactly({memory.data(), size}).or_throw("read_exactly"), size);
    EXPECT_EQ(std::string_view(memory.data() + size - 4, 4), "tail");
    EXPECT_FALSE(file.at_end());
}

TEST_F(file_stream_kinds, knows_the_size_of_block_devices_and_transfers_anywhere) {
    file_with("disk", counting(1 << 20)).reset();
    loop_device const device(directory_ / "disk");
    if (device.name().empty())
        GTEST_SKIP() << "losetup cannot make a loop device here";
    file_stream disk = file_stream::open(ring_, device.name().c_str(), O_RDWR).or_throw("open");
    EXPECT_EQ(disk.size().or_throw("size"), 1u << 20);
    EXPECT_EQ(disk.seek(-10, seek_from::end).or_throw("seek"), (1u << 20) - 10);
    std::string rest;
    EXPECT_EQ(disk.read_to_end(rest).or_throw("read_to_end"), 10u);
    EXPECT_EQ(rest, counting(1 << 20).substr((1 << 20) - 10));
    EXPECT_EQ(disk.write_at(std::string_view("hello"), 777).or_throw("write_at"), 5u);
    std::array<char, 5> five;
    EXPECT_EQ(disk.read_at(five, 777).or_throw("read_at"), 5u);
    EXPECT_EQ(std::string_view(five.data(), 5), "hello");
    EXPECT_EQ(disk.read_at(five, 1 << 20).or_throw("read_at"), 0u);
    RONDO_EXPECT_OK(disk.sync());
    RONDO_EXPECT_OK(disk.close());
}

} // namespace
} // namespace rondo::test
