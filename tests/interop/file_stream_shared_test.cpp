// SPDX-License-Identifier: MIT
// file_stream over a ring that threads share.
#include <rondo/interop/default_ring.hpp>
#include <rondo/interop/file_stream.hpp>

#include <support/pipe_pair.hpp>
#include <support/temporary_directory.hpp>

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace rondo::test {
namespace {

constexpr std::size_t record = 64;
constexpr int threads = 4;
constexpr int records_each = 500;

/// A line that says whose it is and is `record` bytes long.
std::string line_of(int thread, int i) {
    std::string out = std::to_string(thread) + ":" + std::to_string(i);
    out.resize(record - 1, '.');
    return out + "\n";
}

class file_stream_shared : public ::testing::Test {
protected:
    file_stream open(int flags) {
        return file_stream::open(shared_, (directory_ / "file").c_str(), flags).or_throw("open");
    }
    template <class Body>
    static void in_threads(Body body) {
        std::vector<std::jthread> crew;
        for (int t = 0; t < threads; ++t)
            crew.emplace_back([t, &body] { body(t); });
    }

    temporary_directory directory_;
    shared_ring shared_ = shared_ring::create().or_throw("shared_ring");
};

TEST_F(file_stream_shared, concurrent_readers_get_every_byte_once) {
    file_stream file = open(O_RDWR | O_CREAT);
    for (int i = 0; i < threads * records_each; ++i)
        file.write_all(line_of(0, i)).or_throw("write");
    file.seek(0).or_throw("seek");
    std::vector<std::vector<int>> seen(threads);
    in_threads([&](int t) {
        std::array<char, record> buffer;
        while (std::size_t const n = file.read(buffer).or_throw("read")) {
            ASSERT_EQ(n, record);
            int const i = std::stoi(std::string(buffer.data() + 2, 8));
            ASSERT_EQ(std::string_view(buffer.data(), record), line_of(0, i));
            seen[static_cast<std::size_t>(t)].push_back(i);
        }
    });
    std::vector<int> count(threads * records_each);
    for (auto const& one : seen)
        for (int const i : one)
            ++count[static_cast<std::size_t>(i)];
    EXPECT_EQ(count, std::vector<int>(threads * records_each, 1));
    EXPECT_TRUE(file.at_end());
}

TEST_F(file_stream_shared, concurrent_appends_lose_nothing) {
    file_stream file = open(O_RDWR | O_CREAT | O_APPEND);
    in_threads([&](int t) {
        for (int i = 0; i < records_each; ++i)
            ASSERT_EQ(file.write(line_of(t, i)).or_throw("write"), record);
    });
    std::array<int, threads> next{};
    file.seek(0).or_throw("seek");
    std::array<char, record> buffer;
    while (file.read_exactly(buffer).or_throw("read") == record) {
        auto const t = static_cast<std::size_t>(buffer[0] - '0');
        ASSERT_EQ(std::string_view(buffer.data(), record),
                  line_of(static_cast<int>(t), next.at(t)++));
    }
    EXPECT_EQ(next,
              (std::array<int, threads>{records_each, records_each, records_each, records_each}));
}

TEST_F(file_stream_shared, positional_calls_of_threads_leave_the_offset_alone) {
    file_stream file = open(O_RDWR | O_CREAT);
    file.write_all(std::string(10, 'x')).or_throw("write");
    in_threads([&](int t) {
        std::array<char, record> buffer;
        for (int i = 0; i < records_each; ++i) {
            std::uint64_t const at = static_cast<std::uint64_t>(t * records_each + i) * record;
            ASSERT_EQ(file.write_at(line_of(t, i), at).or_throw("write_at"), record);
            ASSERT_EQ(file.read_at(buffer, at).or_throw("read_at"), record);
            ASSERT_EQ(std::string_view(buffer.data(), record), line_of(t, i));
        }
    });
    EXPECT_EQ(file.seek(0, seek_from::current).or_throw("seek"), 10u);
    EXPECT_EQ(file.size().or_throw("size"), threads * records_each * record);
}

TEST_F(file_stream_shared, threads_wait_on_both_ends_of_a_pipe) {
    pipe_pair pipe;
    file_stream from = file_stream::adopt(shared_, std::move(pipe.out)).or_throw("adopt");
    file_stream to = file_stream::adopt(shared_, std::move(pipe.in)).or_throw("adopt");
    std::string const sent(1 << 20, 'p');
    std::jthread const writer([&] {
        EXPECT_TRUE(to.write_all(sent));
        EXPECT_TRUE(to.close());
    });
    std::string got;
    EXPECT_EQ(from.read_to_end(got).or_throw("read"), sent.size());
    EXPECT_EQ(got, sent);
}

TEST_F(file_stream_shared, needs_no_ring_of_the_callers) {
    std::string const path = directory_ / "file";
    auto file = file_stream::open(path.c_str(), O_RDWR | O_CREAT).or_throw("open");
    file.write_all(std::string_view("words")).or_throw("write");
    file.sync().or_throw("sync");
    file.close().or_throw("close");
    auto again = file_stream::open(path.c_str()).or_throw("open");
    std::string got;
    again.read_to_end(got).or_throw("read");
    EXPECT_EQ(got, "words");
    EXPECT_EQ(file_stream::open((directory_ / "none").c_str()).error(), ENOENT);
    EXPECT_EQ(default_ring().or_throw("ring"), default_ring().or_throw("ring"));
}

TEST_F(file_stream_shared, a_child_of_fork_gets_a_default_ring_of_its_own) {
    shared_ring* const ours = default_ring().or_throw("ring");
    ::pid_t const child = ::fork();
    if (child == 0) {
        auto const its = default_ring();
        bool const works = its && *its != ours &&
                           file_stream::open((directory_ / "none").c_str()).error() == ENOENT;
        ::_exit(works ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    EXPECT_FALSE(ours->is_inherited());
}

} // namespace
} // namespace rondo::test
