// SPDX-License-Identifier: MIT
// The same tests for the standard's file streams and ours: what a file keeps.
#include "fstream_kinds.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <string>

namespace rondo::test {
namespace {

TYPED_TEST_SUITE(fstream_test, kinds, kind_name);

TYPED_TEST(fstream_test, reads_an_empty_file) {
    typename TypeParam::ifstream in(this->file(""));
    EXPECT_TRUE(in.is_open());
    EXPECT_EQ(in.tellg(), std::streampos(0));
    EXPECT_EQ(in.get(), EOF);
    EXPECT_TRUE(in.eof() && in.fail() && !in.bad());
}

TYPED_TEST(fstream_test, fails_to_open_what_is_not_there) {
    typename TypeParam::ifstream in(this->path());
    EXPECT_FALSE(in.is_open());
    EXPECT_TRUE(in.fail() && !in.bad());
    EXPECT_EQ(in.rdbuf()->close(), nullptr);
    in.close();
    EXPECT_TRUE(in.fail());
    in.open(this->file("x")); // clears failbit
    EXPECT_EQ(in.get(), 'x');
    in.open(this->path()); // open already
    EXPECT_TRUE(in.fail());
}

TYPED_TEST(fstream_test, opens_what_has_a_path) {
    std::filesystem::path const file = this->file("x");
    EXPECT_EQ(typename TypeParam::ifstream(file).get(), 'x');
    EXPECT_EQ(typename TypeParam::ifstream(file.string()).get(), 'x');
    EXPECT_EQ(typename TypeParam::ifstream(file.c_str()).get(), 'x');
}

TYPED_TEST(fstream_test, knows_every_combination_of_modes) {
    using std::ios;
    std::string outcome;
    for (unsigned bits = 0; bits < 128; ++bits) {
        ios::openmode mode{};
        constexpr ios::openmode all[] = {ios::in,     ios::out, ios::app,      ios::trunc,
                                         ios::binary, ios::ate, ios::noreplace};
        for (unsigned i = 0; i < std::size(all); ++i)
            if ((bits >> i & 1) != 0)
                mode |= all[i];
        for (bool const there : {false, true}) {
            std::filesystem::remove(this->path());
            if (there)
                this->file("abc");
            typename TypeParam::filebuf buffer;
            bool const opened = buffer.open(this->path().c_str(), mode) != nullptr;
            bool const writes = buffer.sputn("xy", 2) == 2;
            buffer.pubsync(); // libstdc++ does not know before where it appends
            auto const place = static_cast<long>(buffer.pubseekoff(0, ios::cur));
            EXPECT_EQ(buffer.close() != nullptr, opened);
            outcome += std::to_string(bits) + (there ? "+" : "-") + (opened ? "o" : ".") +
                       (writes ? "w" : ".") + std::to_string(place) + this->contents() + " ";
        }
    }
    static std::string const of_the_standard = outcome; // its turn is first
    EXPECT_EQ(outcome, of_the_standard);
}

TYPED_TEST(fstream_test, reads_back_what_it_wrote) {
    for (std::size_t const size :
         {std::size_t{1}, std::size_t{8191}, std::size_t{16384}, std::size_t{16385},
          std::size_t{262144}, std::size_t{300000}, large}) {
        std::string const written = bytes_without_pattern(size);
        {
            typename TypeParam::ofstream out(this->path(), std::ios::binary);
            out << written;
            EXPECT_EQ(out.tellp(), std::streampos(static_cast<std::streamoff>(size)));
            out.close();
            EXPECT_TRUE(out.good());
        }
        EXPECT_TRUE(this->contents() == written) << size;
        typename TypeParam::ifstream in(this->path(), std::ios::binary);
        std::string read(std::istreambuf_iterator<char>(in), {});
        EXPECT_TRUE(read == written) << size;
    }
}

TYPED_TEST(fstream_test, transfers_in_pieces_of_any_size) {
    std::string const written = bytes_without_pattern(large);
    for (std::size_t const piece : {std::size_t{1}, std::size_t{100}, std::size_t{4096},
                                    std::size_t{65536}, std::size_t{100000}, std::size_t{700000}}) {
        typename TypeParam::fstream file(this->path(),
                                         std::ios::in | std::ios::out | std::ios::trunc);
        for (std::size_t at = 0; at < large; at += piece)
            file.write(written.data() + at,
                       static_cast<std::streamsize>(std::min(piece, large - at)));
        EXPECT_TRUE(file.seekg(0).good());
        std::string read(large, '\0');
        std::size_t at = 0;
        while (
            file.read(read.data() + at, static_cast<std::streamsize>(std::min(piece, large - at))),
            file.gcount() > 0)
            at += static_cast<std::size_t>(file.gcount());
        EXPECT_EQ(at, large);
        EXPECT_TRUE(read == written) << piece;
    }
}

TYPED_TEST(fstream_test, reads_lines_and_numbers) {
    {
        typename TypeParam::ofstream out(this->path());
        out.precision(10);
        for (int i = 0; i < 60000; ++i)
            out << i << ' ' << i * 0.25 << " line " << i << '\n';
    }
    typename TypeParam::ifstream in(this->path());
    int whole = 0;
    double broken = 0;
    std::string line;
    for (int i = 0; i < 60000; ++i) {
        ASSERT_TRUE(in >> whole >> broken && std::getline(in, line)) << i;
        ASSERT_EQ(whole, i);
        ASSERT_EQ(broken, i * 0.25);
        ASSERT_EQ(line, " line " + std::to_string(i));
    }
    EXPECT_FALSE(std::getline(in, line));
    EXPECT_TRUE(in.eof());
    EXPECT_EQ(in.tellg(), std::streampos(-1)); // since it failed
    in.clear();
    EXPECT_EQ(in.tellg(), std::streampos(static_cast<std::streamoff>(this->contents().size())));
}

TYPED_TEST(fstream_test, writes_and_reads_in_turn_with_seeks_between) {
    typename TypeParam::fstream file(this->file("0123456789"));
    char two[3] = {};
    file.read(two, 2);
    EXPECT_STREQ(two, "01");
    file.seekp(5);
    file << "ab";
    EXPECT_EQ(file.tellp(), std::streampos(7));
    file.seekg(-3, std::ios::cur);
    file.read(two, 2);
    EXPECT_STREQ(two, "4a");
    file.seekp(0, std::ios::end);
    file << "end";
    file.seekg(0);
    std::string all;
    std::getline(file, all);
    EXPECT_EQ(all, "01234ab789end");
    EXPECT_EQ(file.rdbuf()->pubseekpos(-1), std::streampos(-1));
}

TYPED_TEST(fstream_test, goes_over_from_reading_to_writing_and_back) {
    typename TypeParam::filebuf buffer;
    ASSERT_TRUE(buffer.open(this->file("0123456789"), std::ios::in | std::ios::out));
    EXPECT_EQ(buffer.sbumpc(), '0');
    EXPECT_EQ(buffer.sputc('A'), 'A'); // libstdc++ and we need no seek between
    EXPECT_EQ(buffer.sbumpc(), '2');
    EXPECT_EQ(buffer.sputn("BC", 2), 2);
    EXPECT_EQ(buffer.sgetc(), '5');
    EXPECT_TRUE(buffer.close());
    EXPECT_EQ(this->contents(), "0A2BC56789");
}

TYPED_TEST(fstream_test, writes_at_the_end_in_append_mode) {
    typename TypeParam::fstream file(this->file("0123456789"),
                                     std::ios::in | std::ios::out | std::ios::app);
    EXPECT_EQ(file.get(), '0');
    file.seekp(3);
    file << "abc" << std::flush;
    EXPECT_EQ(file.tellp(), std::streampos(13));
    file.seekg(9);
    std::string rest;
    file >> rest;
    EXPECT_EQ(rest, "9abc");
    file.clear();
    std::string const more = bytes_without_pattern(large);
    file.write(more.data(), static_cast<std::streamsize>(more.size()));
    file.flush();
    EXPECT_EQ(file.tellp(), std::streampos(static_cast<std::streamoff>(13 + large)));
    file.close();
    EXPECT_TRUE(file.good());
    EXPECT_TRUE(this->contents() == "0123456789abc" + more);
}

TYPED_TEST(fstream_test, puts_back_what_it_read) {
    typename TypeParam::fstream file(this->file("abcdef"), std::ios::in);
    file.get();
    file.get();
    file.unget();
    EXPECT_EQ(file.get(), 'b');
    file.putback('b');
    EXPECT_EQ(file.peek(), 'b');
    file.unget(); // to the first
    file.unget(); // too far
    EXPECT_TRUE(file.bad());
    file.clear();
    EXPECT_EQ(file.get(), 'a');
    file.get();
    file.putback('X'); // not what is in the file
    EXPECT_EQ(file.get(), 'X');
    EXPECT_EQ(file.get(), 'c');
    file.putback('Y');
    file.seekg(2); // forgets it
    EXPECT_EQ(file.get(), 'c');
    EXPECT_EQ(this->contents(), "abcdef");
}

TYPED_TEST(fstream_test, puts_back_across_the_borders_of_blocks) {
    std::string const all = bytes_without_pattern(large);
    typename TypeParam::filebuf buffer;
    ASSERT_TRUE(buffer.open(this->file(all), std::ios::in));
    for (std::size_t i = 0; i < large; ++i) {
        ASSERT_EQ(buffer.sbumpc(), static_cast<unsigned char>(all[i])) << i;
        // Every place from which a block could begin.
        if ((i + 1) % 4096 <= 2 || (i + 1) % 8191 <= 1) {
            buffer.sgetc();
            ASSERT_NE(buffer.sungetc(), EOF) << i;
            ASSERT_EQ(buffer.sbumpc(), static_cast<unsigned char>(all[i])) << i;
        }
    }
    EXPECT_EQ(buffer.sgetc(), EOF);
    EXPECT_NE(buffer.sungetc(), EOF);
    EXPECT_EQ(buffer.sgetc(), static_cast<unsigned char>(all.back()));
}

TYPED_TEST(fstream_test, sees_what_another_adds) {
    typename TypeParam::ifstream in(this->file("one\n"));
    std::ofstream more(this->path(), std::ios::app);
    std::string line;
    std::getline(in, line);
    more << "two\n" << std::flush;
    EXPECT_TRUE(std::getline(in, line));
    EXPECT_EQ(line, "two");
    EXPECT_FALSE(std::getline(in, line));
    more << "three\n" << std::flush;
    in.clear();
    EXPECT_TRUE(std::getline(in, line));
    EXPECT_EQ(line, "three");
}

} // namespace
} // namespace rondo::test
