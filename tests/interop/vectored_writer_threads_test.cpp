// SPDX-License-Identifier: MIT

// shared_vectored_writer: many threads append to one.

#include <rondo/interop/shared_vectored_writer.hpp>

#include <interop/vectored_pair.hpp>

#include <map>
#include <thread>

namespace rondo::test {
namespace {

constexpr int threads = 4;
constexpr int lines = 2000;

/// Each thread's lines are whole, all there, and in its order.
void expect_whole_lines(std::string const& got) {
    std::map<int, int> next;
    std::size_t at = 0;
    while (at < got.size()) {
        std::size_t const end = got.find('\n', at);
        ASSERT_NE(end, std::string::npos);
        int thread = 0;
        int number = 0;
        int used = 0;
        std::string const line = got.substr(at, end - at);
        ASSERT_EQ(std::sscanf(line.c_str(), "%d:%d:%n", &thread, &number, &used), 2) << line;
        ASSERT_EQ(number, next[thread]++) << line;
        ASSERT_EQ(line.substr(static_cast<std::size_t>(used)),
                  std::string(static_cast<std::size_t>(number % 50), 'x'));
        at = end + 1;
    }
    for (int i = 0; i < threads; ++i)
        EXPECT_EQ(next[i], lines);
}

/// What a pipe gets from `append(writer, line)` by all threads, and a flush.
template <class Append>
std::string written_by_threads(std::size_t limit, Append append) {
    pipe_pair pipe;
    std::string got;
    std::thread reader([&] { got = read_rest(pipe.out); });
    {
        shared_vectored_writer out(
            vectored_writer::create(pipe.in, {.limit = limit}).or_throw("create"));
        std::vector<std::thread> all;
        for (int t = 0; t < threads; ++t)
            all.emplace_back([&, t] {
                for (int i = 0; i < lines; ++i) {
                    std::string const text(static_cast<std::size_t>(i % 50), 'x');
                    append(out, std::to_string(t) + ":" + std::to_string(i) + ":" + text + "\n");
                    if (i % 100 == 0)
                        RONDO_EXPECT_OK(out.flush());
                }
            });
        for (std::thread& t : all)
            t.join();
        RONDO_EXPECT_OK(out.flush());
        EXPECT_EQ(out.pending_bytes(), 0u);
    }
    pipe.in.reset();
    reader.join();
    return got;
}

TEST(shared_vectored_writer, keeps_the_lines_of_threads_whole) {
    expect_whole_lines(written_by_threads(1024, [](shared_vectored_writer& out, std::string line) {
        RONDO_EXPECT_OK(out.append(std::move(line)));
    }));
    expect_whole_lines(written_by_threads(7, [](shared_vectored_writer& out, std::string line) {
        RONDO_EXPECT_OK(out.append_copy(line));
    }));
}

TEST(shared_vectored_writer, keeps_lines_of_several_pieces_whole) {
    expect_whole_lines(written_by_threads(5, [](shared_vectored_writer& out, std::string line) {
        std::size_t const half = line.size() / 2;
        out.with_lock([&](vectored_writer& all) {
            RONDO_EXPECT_OK(all.append_copy({line.data(), half}));
            RONDO_EXPECT_OK(all.append_copy({line.data() + half, line.size() - half}));
        });
    }));
    expect_whole_lines(written_by_threads(3, [](shared_vectored_writer& out, std::string line) {
        ::iovec const parts[] = {{line.data(), 1}, {line.data() + 1, line.size() - 1}};
        RONDO_EXPECT_OK(out.append(parts));
        RONDO_EXPECT_OK(out.flush()); // borrowed: it has to be written before it goes
    }));
}

TEST(shared_vectored_writer, gives_back_what_it_could_not_write) {
    unique_fd const full(must(::open("/dev/full", O_WRONLY | O_CLOEXEC), "/dev/full"));
    shared_vectored_writer out(vectored_writer::create(full).or_throw("create"));
    RONDO_EXPECT_OK(out.append_copy(std::string_view("kept, ")));
    RONDO_EXPECT_OK(out.append(std::vector(3, std::byte{'v'})));
    RONDO_EXPECT_ERROR(out.flush(), ENOSPC);
    EXPECT_EQ(out.written(), 0u);
    EXPECT_EQ(out.take_back().joined(), "kept, vvv");
    EXPECT_EQ(out.flush().or_throw("flush"), 0u);
}

} // namespace
} // namespace rondo::test
