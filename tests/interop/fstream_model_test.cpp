// SPDX-License-Identifier: MIT
// Random programs run by std::fstream and by ours, which must agree at every step and leave the
// same file behind.
#include <rondo/interop/fstream.hpp>

#include <support/temporary_directory.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace rondo::test {
namespace {

constexpr int programs = 24;
constexpr int steps = 400;

/// One step: what to do, with which numbers; both sides get the same one.
struct step {
    enum class kind : unsigned {
        get,
        put_back,
        get_and_put_back_another,
        read,
        line,
        number,
        ignore,
        write,
        put,
        write_number,
        seek,
        seek_on,
        seek_from_end,
        tell,
        available,
        flush,
        reopen,
        count
    };
    kind what;
    std::size_t size;
    long offset;
};

std::size_t random_size(std::mt19937_64& random) {
    switch (random() % 8) {
    case 0: return random() % 600000;
    case 1: return random() % 70000;
    case 2: return random() % 20000;
    default: return random() % 300;
    }
}

step random_step(std::mt19937_64& random) {
    step out{};
    out.what = static_cast<step::kind>(random() % static_cast<unsigned>(step::kind::count));
    out.size = random_size(random);
    out.offset = static_cast<long>(random_size(random));
    if (out.what == step::kind::seek_on && random() % 2 == 0)
        out.offset = -out.offset;
    return out;
}

constexpr std::ios::openmode modes[] = {
    std::ios::in | std::ios::out,
    std::ios::in | std::ios::out | std::ios::trunc,
    std::ios::in | std::ios::out | std::ios::app,
    std::ios::in | std::ios::out | std::ios::ate,
    std::ios::in,
};

/// Text with lines, and numbers among it.
std::string text_of(std::size_t size) {
    static std::string const all = [] {
        std::string out;
        for (int i = 0; out.size() < 700000; ++i)
            out += std::to_string(i * 7919) + (i % 5 == 0 ? '\n' : ' ');
        return out;
    }();
    return all.substr(0, size);
}

/// Does a step and says what came of it.
template <class Stream>
std::string run(Stream& file, std::string const& path, step const& s, bool appends) {
    using kind = step::kind;
    auto const size = static_cast<std::streamsize>(s.size);
    std::string out;
    switch (s.what) {
    case kind::get: out = std::to_string(file.get()); break;
    case kind::put_back:
        if (int const c = file.get(); c != EOF) {
            s.size % 2 == 0 ? file.unget() : file.putback(static_cast<char>(c));
            out = std::to_string(file.peek());
        }
        break;
    case kind::get_and_put_back_another:
        if (file.get() != EOF) {
            file.putback('\x7f');
            out = std::to_string(file.get()) + std::to_string(file.get());
        }
        break;
    case kind::read:
        out.resize(s.size);
        file.read(out.data(), size);
        out.resize(static_cast<std::size_t>(file.gcount()));
        break;
    case kind::line: std::getline(file, out); break;
    case kind::number: {
        long number = -1;
        file >> number;
        out = std::to_string(number);
        break;
    }
    case kind::ignore: file.ignore(size); break;
    case kind::write: file.write(text_of(s.size).data(), size); break;
    case kind::put: file.put(static_cast<char>('a' + s.size % 26)); break;
    case kind::write_number: file << s.offset << '\n'; break;
    case kind::seek: file.seekg(s.offset); break;
    case kind::seek_on: file.seekp(s.offset, std::ios::cur); break;
    case kind::seek_from_end: file.seekg(-s.offset, std::ios::end); break;
    case kind::tell: out = std::to_string(file.tellp()); break;
    case kind::available: out = std::to_string(file.rdbuf()->in_avail() > 0); break;
    case kind::flush: file.flush(); break;
    case kind::reopen:
        file.close();
        file.clear();
        file.open(path, modes[s.size % std::size(modes)]);
        break;
    case kind::count: break;
    }
    out += " state " + std::to_string(file.rdstate());
    file.clear();
    if (appends)
        file.flush(); // std::fstream does not know before where it appends
    out += " at " + std::to_string(file.tellg());
    return out;
}

std::string contents_of(std::string const& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
}

class fstream_model_test : public ::testing::TestWithParam<int> {};

TEST_P(fstream_model_test, agrees_with_the_standards_at_every_step) {
    temporary_directory const directory;
    std::string const theirs = directory / "standard";
    std::string const mine = directory / "ours";
    std::fstream standard(theirs, modes[1]);
    fstream ours(mine, modes[1]);
    std::mt19937_64 random(static_cast<std::uint64_t>(GetParam()));
    bool appends = false;
    for (int i = 0; i < steps; ++i) {
        step const s = random_step(random);
        if (s.what == step::kind::reopen)
            appends = (modes[s.size % std::size(modes)] & std::ios::app) != 0;
        std::string const expected = run(standard, theirs, s, appends);
        std::string const seen = run(ours, mine, s, appends);
        ASSERT_TRUE(seen == expected)
            << "step " << i << ", kind " << static_cast<unsigned>(s.what) << ", size " << s.size
            << ", offset " << s.offset << "\nstandard: " << expected.substr(0, 200) << " ... "
            << expected.substr(expected.size() - std::min<std::size_t>(40, expected.size()))
            << "\nours:     " << seen.substr(0, 200) << " ... "
            << seen.substr(seen.size() - std::min<std::size_t>(40, seen.size()));
    }
    standard.close();
    ours.close();
    EXPECT_EQ(ours.rdstate(), standard.rdstate());
    EXPECT_TRUE(contents_of(mine) == contents_of(theirs));
}

INSTANTIATE_TEST_SUITE_P(seeds, fstream_model_test, ::testing::Range(0, programs));

} // namespace
} // namespace rondo::test
