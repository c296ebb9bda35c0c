// SPDX-License-Identifier: MIT
// The same tests for the standard's file streams and ours: other kinds of file, failures, and the
// streams as objects.
#include "fstream_kinds.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rondo::test {
namespace {

template <class Kind>
class fstream_object_test : public fstream_test<Kind> {};
TYPED_TEST_SUITE(fstream_object_test, kinds, kind_name);

TYPED_TEST(fstream_object_test, says_how_much_there_is) {
    typename TypeParam::filebuf buffer;
    EXPECT_EQ(buffer.in_avail(), -1);
    ASSERT_TRUE(buffer.open(this->file("0123456789"), std::ios::in));
    EXPECT_EQ(buffer.in_avail(), 10);
    buffer.sbumpc();
    EXPECT_EQ(buffer.in_avail(), 9);
    buffer.pubseekoff(0, std::ios::end);
    EXPECT_EQ(buffer.in_avail(), 0);
}

TYPED_TEST(fstream_object_test, is_bad_when_it_reads_a_directory) {
    typename TypeParam::ifstream in(this->directory_.path());
    EXPECT_TRUE(in.is_open());
    std::string line;
    EXPECT_FALSE(std::getline(in, line));
    EXPECT_TRUE(in.bad());
    in.clear();
    in.exceptions(std::ios::badbit);
    EXPECT_THROW(in.get(), std::ios_base::failure);
    char much[100000];
    in.exceptions(std::ios::goodbit);
    in.clear();
    EXPECT_FALSE(in.read(much, sizeof much));
    EXPECT_TRUE(in.bad());
}

TYPED_TEST(fstream_object_test, reports_a_full_device_when_it_flushes_and_closes) {
    typename TypeParam::ofstream out("/dev/full");
    EXPECT_TRUE(out << "text");
    EXPECT_FALSE(out.flush());
    EXPECT_TRUE(out.bad());
    out.clear();
    out.close();
    EXPECT_TRUE(out.fail());
    EXPECT_FALSE(out.is_open());
    out.clear();
    out.open("/dev/full");
    std::string const much(large, 'x');
    EXPECT_FALSE(out.write(much.data(), static_cast<std::streamsize>(much.size())));
    out.close();
    out.exceptions(std::ios::failbit);
    EXPECT_THROW(out.close(), std::ios_base::failure);
}

TYPED_TEST(fstream_object_test, throws_by_its_mask) {
    typename TypeParam::ifstream in(this->file("12 x"));
    in.exceptions(std::ios::failbit | std::ios::eofbit);
    int number = 0;
    EXPECT_NO_THROW(in >> number);
    EXPECT_EQ(number, 12);
    EXPECT_THROW(in >> number, std::ios_base::failure);
    in.clear();
    EXPECT_EQ(in.get(), 'x');
    EXPECT_THROW(in.get(), std::ios_base::failure);
    EXPECT_THROW(in.open(this->path("missing")), std::ios_base::failure);
}

TYPED_TEST(fstream_object_test, goes_through_a_fifo) {
    ASSERT_EQ(::mkfifo(this->path().c_str(), 0600), 0) << errno;
    std::string const sent = bytes_without_pattern(large);
    std::thread writer([&] {
        typename TypeParam::ofstream out(this->path());
        out.write(sent.data(), 1000);
        out.flush();
        for (std::size_t at = 1000; at < large; at += 5000)
            out.write(sent.data() + at,
                      static_cast<std::streamsize>(std::min<std::size_t>(5000, large - at)));
        EXPECT_EQ(out.tellp(), std::streampos(-1));
        out.clear();
        out.close();
        EXPECT_TRUE(out.good());
    });
    typename TypeParam::ifstream in(this->path());
    EXPECT_EQ(in.tellg(), std::streampos(-1));
    in.clear();
    EXPECT_FALSE(in.seekg(10));
    in.clear();
    std::string received(std::istreambuf_iterator<char>(in), {});
    writer.join();
    EXPECT_TRUE(received == sent);
    typename TypeParam::filebuf ate;
    EXPECT_FALSE(ate.open(this->path(), std::ios::in | std::ios::out | std::ios::ate));
    EXPECT_FALSE(ate.is_open());
}

TYPED_TEST(fstream_object_test, can_be_moved_while_in_use) {
    std::string const all = bytes_without_pattern(large);
    using stream = typename TypeParam::fstream;
    std::vector<stream> files;
    files.emplace_back(this->path(), std::ios::in | std::ios::out | std::ios::trunc);
    for (std::size_t at = 0; at < large; at += 50000) {
        files.back().write(all.data() + at,
                           static_cast<std::streamsize>(std::min<std::size_t>(50000, large - at)));
        stream other(std::move(files.back()));
        EXPECT_FALSE(files.back().is_open());
        files.back() = std::move(other);
    }
    EXPECT_TRUE(files.back().seekg(0));
    std::string read;
    while (files.back().good()) {
        char some[50000];
        files.back().read(some, sizeof some);
        read.append(some, static_cast<std::size_t>(files.back().gcount()));
        stream other(std::move(files.back()));
        files.push_back(std::move(other));
    }
    EXPECT_TRUE(read == all);
    files[0].open(this->path(), std::ios::in); // what was moved from can be used again
    EXPECT_EQ(files[0].get(), static_cast<unsigned char>(all[0]));
}

TYPED_TEST(fstream_object_test, swaps) {
    this->file_with("a", "aaa");
    this->file_with("b", "bbb");
    typename TypeParam::fstream a(this->path("a"));
    typename TypeParam::fstream b(this->path("b"));
    EXPECT_EQ(a.get(), 'a');
    using std::swap;
    swap(a, b);
    EXPECT_EQ(a.get(), 'b');
    EXPECT_EQ(b.tellg(), std::streampos(1));
    b.setstate(std::ios::eofbit);
    swap(a, b);
    EXPECT_TRUE(a.eof() && b.good());
    a.clear();
    a.seekp(2);
    a << "end";
    a.swap(b);
    b.close();
    std::string text;
    typename TypeParam::ifstream(this->path("a")) >> text;
    EXPECT_EQ(text, "aaend");
}

TYPED_TEST(fstream_object_test, works_without_a_buffer_and_with_the_callers) {
    std::string const all = bytes_without_pattern(3000);
    std::vector<char> memory(100);
    for (bool const unbuffered : {true, false}) {
        typename TypeParam::filebuf buffer;
        EXPECT_EQ(unbuffered ? buffer.pubsetbuf(nullptr, 0) : buffer.pubsetbuf(memory.data(), 100),
                  &buffer);
        ASSERT_TRUE(buffer.open(this->path(), std::ios::in | std::ios::out | std::ios::trunc));
        for (std::size_t i = 0; i < 1500; ++i)
            ASSERT_EQ(buffer.sputc(all[i]), static_cast<unsigned char>(all[i]));
        if (unbuffered) {
            EXPECT_EQ(this->contents(), all.substr(0, 1500));
        }
        EXPECT_EQ(buffer.sputn(all.data() + 1500, 1500), 1500);
        EXPECT_EQ(buffer.pubsync(), 0);
        EXPECT_EQ(this->contents(), all);
        EXPECT_EQ(buffer.pubseekpos(0), std::streampos(0));
        for (std::size_t i = 0; i < 1500; ++i)
            ASSERT_EQ(buffer.sbumpc(), static_cast<unsigned char>(all[i]));
        std::string rest(2000, '\0');
        EXPECT_EQ(buffer.sgetn(rest.data(), 2000), 1500);
        EXPECT_EQ(rest.substr(0, 1500), all.substr(1500));
        EXPECT_EQ(buffer.sgetc(), EOF);
    }
}

TYPED_TEST(fstream_object_test, does_nothing_where_its_mode_forbids_it) {
    typename TypeParam::filebuf in;
    ASSERT_TRUE(in.open(this->file("x"), std::ios::in));
    EXPECT_EQ(in.sputc('y'), EOF);
    EXPECT_EQ(in.sputn("yy", 2), 0);
    EXPECT_EQ(in.pubsync(), 0);
    EXPECT_TRUE(in.close());
    typename TypeParam::filebuf out;
    ASSERT_TRUE(out.open(this->path(), std::ios::out));
    EXPECT_EQ(out.sgetc(), EOF);
    EXPECT_EQ(out.sungetc(), EOF);
    EXPECT_EQ(out.in_avail(), -1);
    char one = 0;
    EXPECT_EQ(out.sgetn(&one, 1), 0);
}

} // namespace
} // namespace rondo::test
