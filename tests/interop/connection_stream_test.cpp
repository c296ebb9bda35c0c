// SPDX-License-Identifier: MIT
#include <rondo/interop/connection_stream.hpp>

#include <interop/connection_pair.hpp>

#include <array>
#include <optional>
#include <sstream>
#include <string>
#include <thread>

namespace rondo::test {
namespace {

constexpr std::size_t buffer_size = connection_streambuf::buffer_size;

struct stream_pair {
    explicit stream_pair(connection_pair both)
        : here(std::move(both.here)), there(std::move(both.there)) {}
    stream_pair() : stream_pair(connected()) {}
    connection_stream here;
    connection_stream there;
};

std::string letters(std::size_t size) {
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
        out[i] = static_cast<char>('a' + i % 26);
    return out;
}

TEST(connection_stream, reads_and_writes_as_streams_do) {
    stream_pair both;
    both.here << "word " << 42 << ' ' << 2.5 << "\nline two\n" << std::flush;
    std::string word;
    int number = 0;
    double fraction = 0;
    both.there >> word >> number >> fraction;
    EXPECT_EQ(word, "word");
    EXPECT_EQ(number, 42);
    EXPECT_EQ(fraction, 2.5);
    std::string line;
    std::getline(both.there >> std::ws, line);
    EXPECT_EQ(line, "line two");
    RONDO_EXPECT_OK(both.here.close());
    EXPECT_FALSE(std::getline(both.there, line));
    EXPECT_TRUE(both.there.eof());
    EXPECT_FALSE(both.there.bad());
    EXPECT_EQ(both.there.error().code(), 0);
}

TEST(connection_stream, sends_what_was_written_before_it_waits_for_the_answer) {
    stream_pair both;
    std::thread server([&] {
        std::string line;
        while (std::getline(both.there, line))
            both.there << line << '!' << '\n';
    });
    for (int i = 0; i < 100; ++i) {
        std::string line;
        both.here << "line " << i << '\n'; // not flushed
        ASSERT_TRUE(std::getline(both.here, line));
        EXPECT_EQ(line, "line " + std::to_string(i) + "!");
    }
    RONDO_EXPECT_OK(both.here.connection().shutdown(shutdown_half::writing));
    server.join();
}

TEST(connection_stream, holds_writes_back_until_they_are_flushed) {
    connection_pair both = connected("unix", "@");
    connection_stream here(std::move(both.here));
    here << "abc";
    RONDO_EXPECT_OK(both.there.set_read_deadline(20ms));
    std::array<char, 3> three;
    RONDO_EXPECT_ERROR(both.there.read(three), ETIME);
    here.flush();
    RONDO_EXPECT_OK(both.there.set_read_deadline({}));
    EXPECT_EQ(both.there.read(three).or_throw("read"), 3u);
}

TEST(connection_stream, flushes_what_is_tied_to_it_and_is_flushed_by_others) {
    stream_pair both;
    std::ostringstream log;
    std::istringstream input("7");
    input.tie(&both.here);
    both.here << "for you\n";
    int seven = 0;
    input >> seven; // flushes
    std::string line;
    EXPECT_TRUE(std::getline(both.there, line));
    EXPECT_EQ(line, "for you");
    both.there << std::unitbuf << "now\n";
    EXPECT_TRUE(std::getline(both.here, line));
    EXPECT_EQ(line, "now");
}

TEST(connection_stream, moves_blocks_of_every_size) {
    stream_pair both;
    std::array<std::size_t, 9> const sizes{
        1, 100, buffer_size - 1, buffer_size, buffer_size + 1, 3 * buffer_size, 5, 1'000'000, 0};
    std::string all;
    for (std::size_t const size : sizes)
        all += letters(size);
    std::thread writer([&] {
        for (std::size_t const size : sizes) {
            std::string const part = letters(size);
            both.here.write(part.data(), static_cast<std::streamsize>(part.size()));
        }
        for (char const c : letters(40'000))
            both.here.put(c);
        RONDO_EXPECT_OK(both.here.close());
    });
    std::string got(all.size() + 40'000, '\0');
    std::size_t at = 0;
    for (std::size_t step = 1; at < got.size(); step = step * 3 + 1) {
        std::size_t const part = std::min(step, got.size() - at);
        ASSERT_TRUE(both.there.read(got.data() + at, static_cast<std::streamsize>(part)));
        at += part;
    }
    EXPECT_EQ(both.there.get(), std::char_traits<char>::eof());
    writer.join();
    EXPECT_TRUE(got == all + letters(40'000));
}

TEST(connection_stream, puts_back_what_was_read_last) {
    stream_pair both;
    std::string const text = letters(3 * buffer_size);
    std::thread writer([&] { both.here << text << std::flush; });
    std::string got(text.size(), '\0');
    std::streamsize const most = static_cast<std::streamsize>(2 * buffer_size);
    ASSERT_TRUE(both.there.read(got.data(), most)); // past the buffer
    char const last = got[2 * buffer_size - 1];
    ASSERT_TRUE(both.there.unget());
    EXPECT_EQ(both.there.get(), last);
    for (std::size_t i = 2 * buffer_size; i < text.size(); ++i) {
        ASSERT_TRUE(both.there.unget()) << i;
        ASSERT_EQ(both.there.get(), text[i - 1]) << i;
        ASSERT_EQ(both.there.get(), text[i]) << i;
    }
    writer.join();
}

TEST(connection_stream, stops_at_a_deadline_and_goes_on_after_it) {
    quickly const timed;
    stream_pair both;
    both.there << "12" << std::flush;
    RONDO_EXPECT_OK(both.here.connection().set_read_deadline(30ms));
    std::string word;
    both.here >> word; // waits for its end
    EXPECT_TRUE(both.here.eof());
    EXPECT_EQ(both.here.error(), ETIME);
    EXPECT_EQ(word, "12");
    both.here.clear();
    both.here.clear_error();
    EXPECT_EQ(both.here.error().code(), 0);
    RONDO_EXPECT_OK(both.here.connection().set_read_deadline({}));
    both.there << "34 " << std::flush;
    both.here >> word;
    EXPECT_EQ(word, "34");
}

TEST(connection_stream, keeps_what_a_deadline_left_unsent) {
    quickly const timed;
    connection_pair both = connected("unix", "@");
    connection_stream here(std::move(both.here));
    RONDO_EXPECT_OK(here.connection().set_write_deadline(30ms));
    std::string const line = letters(999) + '\n';
    std::size_t written = 0;
    while (here << line)
        written += line.size();
    EXPECT_TRUE(here.bad());
    EXPECT_EQ(here.error(), ETIME);
    std::thread reader([&] {
        std::string got(written, '\0');
        EXPECT_EQ(both.there.read_exactly(got).or_throw("read"), written);
        std::string expected;
        while (expected.size() < written)
            expected += line;
        EXPECT_TRUE(got == expected) << "something was lost or sent twice";
        std::array<char, 1000> rest; // of the line that failed, some may come
        while (both.there.read(rest).or_throw("read") != 0)
            continue;
    });
    here.clear();
    here.clear_error();
    RONDO_EXPECT_OK(here.connection().set_write_deadline({}));
    here.flush();
    EXPECT_TRUE(here);
    RONDO_EXPECT_OK(here.close());
    reader.join();
}

TEST(connection_stream, sets_badbit_when_the_peer_is_gone) {
    stream_pair both(connected("unix", "@"));
    RONDO_EXPECT_OK(both.there.close());
    both.here << "x" << std::flush;
    EXPECT_TRUE(both.here.bad());
    EXPECT_EQ(both.here.error(), EPIPE);
    stream_pair others(connected("unix", "@"));
    others.here.exceptions(std::ios::badbit);
    RONDO_EXPECT_OK(others.there.close());
    others.here << "x";
    EXPECT_THROW(others.here.flush(), std::ios::failure);
}

TEST(connection_stream, sends_the_rest_when_it_closes) {
    std::optional<stream_pair> both(std::in_place);
    connection_stream there(std::move(both->there));
    both->here << "the rest";
    both.reset();
    std::string got;
    std::getline(there, got);
    EXPECT_EQ(got, "the rest");

    stream_pair gone(connected("unix", "@"));
    gone.here << "the rest";
    RONDO_EXPECT_OK(gone.there.close());
    RONDO_EXPECT_ERROR(gone.here.close(), EPIPE);
    EXPECT_FALSE(gone.here.connection().is_open());
    RONDO_EXPECT_ERROR(gone.here.close(), EBADF);
}

TEST(connection_stream, moves_with_its_buffers) {
    stream_pair both;
    both.there << "one two" << std::flush;
    std::string word;
    both.here >> word;
    both.here << "written ";
    connection_stream moved(std::move(both.here));
    both.here >> word; // finds nothing, and says so
    EXPECT_FALSE(both.here);
    RONDO_EXPECT_OK(both.there.connection().shutdown(shutdown_half::writing));
    moved >> word;
    EXPECT_EQ(word, "two");
    EXPECT_TRUE(moved.eof());
    moved.clear();
    moved << "here " << std::flush;
    std::string other;
    both.there >> word >> other;
    EXPECT_EQ(word + other, "writtenhere");
    EXPECT_EQ(moved.rdbuf(), moved.std::ios::rdbuf());
}

TEST(connection_stream, ends_when_another_thread_closes_the_connection) {
    quickly const timed;
    stream_pair both;
    auto reader = in_thread([&] {
        std::string line;
        return static_cast<bool>(std::getline(both.here, line));
    });
    RONDO_EXPECT_OK(both.here.connection().close());
    EXPECT_FALSE(outcome_of(reader));
    EXPECT_EQ(both.here.error(), ECANCELED);
    EXPECT_EQ(both.here.error().why(), cause::ended);
}

} // namespace
} // namespace rondo::test
