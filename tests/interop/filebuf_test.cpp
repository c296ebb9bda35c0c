// SPDX-License-Identifier: MIT
// What only our file streams have: a ring behind them, and the reasons of failures.
#include <rondo/interop/fstream.hpp>
#include <rondo/ring/shared_ring.hpp>

#include <support/scratch_files.hpp>

#include <gtest/gtest.h>

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <locale>
#include <memory>
#include <random>
#include <string>
#include <thread>

namespace rondo::test {
namespace {

constexpr std::size_t large = (std::size_t{6} << 20) + 4321;

std::string bytes_without_pattern(std::size_t size) {
    std::mt19937_64 random(size); // always the same ones
    std::string out(size, '\0');
    for (char& c : out)
        c = static_cast<char>(random());
    return out;
}

class filebuf_test : public scratch_files, public ::testing::Test {
protected:
    std::string path() { return directory_ / "file"; }
    std::string contents() {
        std::ifstream in(path(), std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(in), {});
    }
    /// A file that is not in the page cache, as far as that can be had here.
    void cold_file(std::string const& contents) {
        unique_fd const fd = file_with("file", contents);
        ASSERT_EQ(::fsync(fd.get()), 0);
        ASSERT_EQ(::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED), 0);
    }
    [[nodiscard]] std::uint64_t submitted() const { return shared_.statistics().submitted; }

    shared_ring shared_ = shared_ring::create().or_throw("shared_ring");
    std::string const all_ = bytes_without_pattern(large);
};

TEST_F(filebuf_test, writes_full_blocks_through_the_ring_it_was_given) {
    ofstream out(shared_, path());
    for (std::size_t at = 0; at < large; at += 1000)
        out.write(all_.data() + at,
                  static_cast<std::streamsize>(std::min<std::size_t>(1000, large - at)));
    EXPECT_EQ(out.tellp(), std::streampos(static_cast<std::streamoff>(large)));
    out.close();
    EXPECT_TRUE(out.good());
    EXPECT_GE(submitted(), 4u);
    EXPECT_TRUE(contents() == all_);
}

TEST_F(filebuf_test, appends_in_order_through_the_ring) {
    file_with("file", "begin");
    fstream out(shared_, path(), std::ios::in | std::ios::out | std::ios::app);
    for (std::size_t at = 0; at < large; at += 100000) {
        out.write(all_.data() + at,
                  static_cast<std::streamsize>(std::min<std::size_t>(100000, large - at)));
        if (at == 3000000) {
            EXPECT_EQ(out.tellp(), std::streampos(3100005));
        }
    }
    EXPECT_TRUE(out.seekg(5));
    std::string read(large, '\0');
    out.read(read.data(), static_cast<std::streamsize>(large));
    EXPECT_TRUE(read == all_);
    out.close();
    EXPECT_GE(submitted(), 4u);
    EXPECT_TRUE(contents() == "begin" + all_);
}

TEST_F(filebuf_test, reads_what_is_not_cached_in_any_pieces) {
    for (std::size_t const piece :
         {std::size_t{10}, std::size_t{5000}, std::size_t{70000}, std::size_t{3000000}}) {
        cold_file(all_);
        ifstream in(shared_, path());
        std::uint64_t const before = submitted();
        std::string read(large, '\0');
        std::size_t at = 0;
        while (in.read(read.data() + at, static_cast<std::streamsize>(std::min(piece, large - at))),
               in.gcount() > 0)
            at += static_cast<std::size_t>(in.gcount());
        EXPECT_EQ(at, large);
        EXPECT_TRUE(read == all_) << piece;
        EXPECT_GE(submitted() - before, 10u) << piece;
        in.clear();
        in.unget();
        EXPECT_EQ(in.get(), static_cast<unsigned char>(all_.back()));
    }
}

TEST_F(filebuf_test, seeks_moves_and_ends_while_it_reads_ahead) {
    for (int end = 0; end < 4; ++end) {
        cold_file(all_);
        std::uint64_t const before = submitted();
        auto in = std::make_unique<ifstream>(shared_, path());
        for (std::size_t i = 0; i < 1200000; ++i)
            ASSERT_EQ(in->get(), static_cast<unsigned char>(all_[i]));
        EXPECT_GE(submitted() - before, 4u);
        switch (end) {
        case 0:
            in->seekg(5000000);
            EXPECT_EQ(in->get(), static_cast<unsigned char>(all_[5000000]));
            break;
        case 1: {
            ifstream moved(std::move(*in));
            in.reset();
            for (std::size_t i = 1200000; i < large; ++i)
                ASSERT_EQ(moved.get(), static_cast<unsigned char>(all_[i]));
            EXPECT_EQ(moved.get(), EOF);
            break;
        }
        case 2: in->close(); break;
        default: break;
        }
    }
}

TEST_F(filebuf_test, notices_a_file_that_shrinks_and_grows_under_it) {
    cold_file(all_);
    ifstream in(shared_, path());
    std::string read(2000000, '\0');
    in.read(read.data(), 2000000);
    ASSERT_EQ(::truncate(path().c_str(), 2500000), 0);
    std::string rest(std::istreambuf_iterator<char>(in), {});
    // What was read ahead before may still be seen; nothing is made up behind it.
    EXPECT_TRUE(all_.compare(2000000, rest.size(), rest) == 0);
    std::ofstream(path(), std::ios::app) << "more";
    in.clear();
    in.seekg(2500000);
    std::string more;
    in >> more;
    EXPECT_EQ(more, "more");
}

TEST_F(filebuf_test, reports_a_full_disk_and_keeps_what_it_could_not_write) {
    std::string const place = directory_ / "tmpfs";
    ASSERT_EQ(::mkdir(place.c_str(), 0700), 0);
    if (::mount("none", place.c_str(), "tmpfs", 0, "size=2m") != 0)
        GTEST_SKIP() << "mount: " << std::strerror(errno);
    {
        std::string const other = place + "/other";
        std::ofstream(other, std::ios::binary).write(all_.data(), 1 << 20);
        fstream out(shared_, place + "/file", std::ios::in | std::ios::out | std::ios::trunc);
        for (std::size_t at = 0; at < 2000000; at += 1000)
            out.write(all_.data() + at, 1000);
        out.flush();
        EXPECT_TRUE(out.bad());
        EXPECT_EQ(out.rdbuf()->failure(), ENOSPC);
        ASSERT_EQ(::unlink(other.c_str()), 0);
        out.clear();
        // Not all writes were taken: what was, is there in the end, in its place.
        EXPECT_TRUE(out.flush()) << out.rdbuf()->failure().message().c_str();
        auto const size = static_cast<std::size_t>(std::streamoff(out.tellp()));
        EXPECT_GE(size, std::size_t{1} << 20);
        std::string read(size, '\0');
        out.seekg(0);
        out.read(read.data(), static_cast<std::streamsize>(size));
        EXPECT_TRUE(all_.compare(0, size, read) == 0);
        EXPECT_NE(out.rdbuf()->close(), nullptr);
    }
    EXPECT_EQ(::umount(place.c_str()), 0);
}

TEST_F(filebuf_test, reports_at_close_what_failed_behind_it) {
    ::rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
    ofstream out(shared_, path());
    ::rlimit const small{100000, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    // The areas before the first full block, and that block.
    std::string const text = all_.substr(0, (16 + 64) << 10);
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    EXPECT_TRUE(out.good());
    for (int i = 0; i < 1000; ++i)
        out.write(all_.data(), 1000);
    EXPECT_EQ(out.rdbuf()->close(), nullptr);
    EXPECT_EQ(out.rdbuf()->failure(), EFBIG);
    EXPECT_FALSE(out.is_open());
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, handler);
}

TEST_F(filebuf_test, goes_on_by_plain_calls_when_the_ring_has_stopped) {
    cold_file(all_);
    {
        fstream file(shared_, path());
        std::string read(2000000, '\0');
        file.read(read.data(), 2000000);
        shared_.stop();
        std::string rest(large - 2000000, '\0');
        EXPECT_TRUE(file.read(rest.data(), static_cast<std::streamsize>(rest.size())));
        EXPECT_TRUE(read + rest == all_);
        file.seekp(0);
        for (std::size_t at = 0; at + 1000 <= large; at += 1000)
            file.write(all_.data() + 1, 1000);
        file.close();
        EXPECT_TRUE(file.good());
    }
    EXPECT_EQ(contents().compare(1000, 1000, all_, 1, 1000), 0);
}

TEST_F(filebuf_test, may_be_left_behind_by_a_fork) {
    cold_file(all_);
    ifstream in(shared_, path());
    std::string read(1500000, '\0');
    in.read(read.data(), 1500000);
    ::pid_t const child = ::fork();
    if (child == 0) {
        std::string rest(large - 1500000, '\0');
        in.read(rest.data(), static_cast<std::streamsize>(rest.size()));
        bool const right = in.good() && all_.compare(1500000, rest.size(), rest) == 0;
        in.close();
        ::_exit(right ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    std::string rest(large - 1500000, '\0');
    in.read(rest.data(), static_cast<std::streamsize>(rest.size()));
    EXPECT_EQ(all_.compare(1500000, rest.size(), rest), 0);
}

TEST_F(filebuf_test, outlives_the_thread_that_used_it) {
    cold_file(all_);
    fstream file(shared_, path());
    std::string read(1500000, '\0');
    std::thread([&] { file.read(read.data(), 1500000); }).join();
    std::string rest(large - 1500000, '\0');
    EXPECT_TRUE(file.read(rest.data(), static_cast<std::streamsize>(rest.size())));
    EXPECT_TRUE(read + rest == all_);
    file.seekp(0);
    std::thread([&] {
        for (std::size_t at = 0; at < large; at += 100000)
            file.write(all_.data() + at,
                       static_cast<std::streamsize>(std::min<std::size_t>(100000, large - at)));
    }).join();
    file.close();
    EXPECT_TRUE(file.good());
    EXPECT_TRUE(contents() == all_);
}

TEST_F(filebuf_test, says_why_it_failed) {
    filebuf buffer;
    EXPECT_EQ(buffer.failure().code(), 0);
    EXPECT_FALSE(buffer.open(path(), std::ios::in));
    EXPECT_EQ(buffer.failure(), ENOENT);
    EXPECT_FALSE(buffer.open(path(), std::ios::in | std::ios::trunc));
    EXPECT_EQ(buffer.failure(), EINVAL);
    ASSERT_TRUE(buffer.open(directory_.path(), std::ios::in));
    EXPECT_EQ(buffer.failure().code(), 0);
    try {
        buffer.sgetc();
        ADD_FAILURE() << "a directory was read";
    } catch (std::ios_base::failure const& e) {
        EXPECT_EQ(e.code().value(), EISDIR);
    }
    EXPECT_EQ(buffer.failure(), EISDIR);
}

TEST_F(filebuf_test, puts_back_on_a_pipe_what_lies_in_the_block_before) {
    ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
    std::thread writer([&] {
        std::ofstream out(path());
        out << "0123456789" << std::flush;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        out << "abc";
    });
    filebuf in;
    ASSERT_TRUE(in.open(path(), std::ios::in));
    for (int i = 0; i < 10; ++i)
        in.sbumpc();
    EXPECT_EQ(in.sgetc(), 'a');
    for (int i = 9; i >= 0; --i)
        EXPECT_EQ(in.sungetc(), '0' + i);
    EXPECT_EQ(in.sungetc(), EOF);
    writer.join();
}

TEST_F(filebuf_test, does_not_leave_its_file_to_other_programs) {
    file_with("file", "x");
    ifstream in(path());
    int found = 0;
    for (int fd = 0; fd < 1024; ++fd) {
        std::error_code none;
        auto const link = std::filesystem::path("/proc/self/fd") / std::to_string(fd);
        if (std::filesystem::read_symlink(link, none) != path())
            continue;
        ++found;
        EXPECT_EQ(::fcntl(fd, F_GETFD), FD_CLOEXEC);
    }
    EXPECT_EQ(found, 1);
}

/// A conversion of bytes: none that anybody should do to a file without knowing.
class shouting : public std::codecvt<char, char, std::mbstate_t> {
    bool do_always_noconv() const noexcept override { return false; }
};

TEST_F(filebuf_test, refuses_locales_that_would_change_bytes) {
    file_with("file", "text");
    filebuf buffer;
    ASSERT_TRUE(buffer.open(path(), std::ios::in | std::ios::out));
    buffer.pubimbue(std::locale("C"));
    EXPECT_EQ(buffer.sbumpc(), 't');
    buffer.pubseekpos(0);
    buffer.pubimbue(std::locale(std::locale::classic(), new shouting));
    EXPECT_THROW(buffer.sgetc(), std::ios_base::failure);
    EXPECT_EQ(buffer.sputc('T'), EOF);
    EXPECT_EQ(buffer.failure(), ENOTSUP);
    buffer.pubimbue(std::locale::classic());
    EXPECT_EQ(buffer.sgetc(), 't');
    EXPECT_TRUE(buffer.close());
}

} // namespace
} // namespace rondo::test
