// SPDX-License-Identifier: MIT
// The file streams of the standard library and ours: lines, formatted integers and blocks of
// 64 KiB, read from the page cache and from the disk, and written; small files; system calls.
#include "support/check.hpp"
#include "support/data_file.hpp"
#include "support/disk.hpp"
#include "support/program.hpp"
#include "support/report.hpp"
#include "support/sample.hpp"
#include "support/scratch.hpp"

#include <rondo/interop/fstream.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <stdexcept>
#include <string>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;
constexpr std::size_t file_mebibytes = 1024;
/// Of the file, where all of it would take too long.
constexpr std::size_t part_mebibytes = 128;
constexpr std::size_t written_mebibytes = 256;
constexpr std::size_t block = 65536;
constexpr int pairs = 7;
constexpr int small_files = 2000;

struct standard {
    using ifstream = std::ifstream;
    using ofstream = std::ofstream;
};
struct ours {
    using ifstream = rondo::ifstream;
    using ofstream = rondo::ofstream;
};

/// A mebibyte of lines of integers, which ends with a line.
std::string a_mebibyte_of_lines() {
    std::string out;
    out.reserve(mebibyte);
    std::uint64_t state = 1;
    for (int i = 0; out.size() < mebibyte - 24; ++i) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        char digits[24];
        auto const end = std::to_chars(digits, std::end(digits), state >> 33).ptr;
        out.append(digits, end);
        out += i % 6 == 5 ? '\n' : ' ';
    }
    out.append(mebibyte - 1 - out.size(), '7');
    out += '\n';
    return out;
}

void make_file(std::string const& path, std::string const& part, std::size_t times) {
    auto const fd = bench::owned(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), path.c_str());
    for (std::size_t i = 0; i < times; ++i)
        if (bench::checked(::write(fd.get(), part.data(), part.size()), "write") !=
            static_cast<::ssize_t>(part.size()))
            throw std::runtime_error("a short write");
    bench::checked(::fsync(fd.get()), "fsync");
}

void expect(bool right) {
    if (!right)
        throw std::runtime_error("a stream did not do what it should");
}

// Each workload does `mebibytes` and checks that it did.

struct get_lines {
    template <class Kind>
    static void run(std::string const& path, std::size_t mebibytes) {
        typename Kind::ifstream in(path);
        std::string line;
        for (std::size_t bytes = 0; bytes < mebibytes * mebibyte; bytes += line.size() + 1)
            expect(static_cast<bool>(std::getline(in, line)));
    }
};

struct get_integers {
    template <class Kind>
    static void run(std::string const& path, std::size_t mebibytes) {
        typename Kind::ifstream in(path);
        std::uint64_t sum = 0;
        auto const end = static_cast<std::streamoff>(mebibytes * mebibyte);
        for (unsigned i = 0; i % 4096 != 0 || in.tellg() < end; ++i) {
            std::uint64_t number = 0;
            expect(static_cast<bool>(in >> number));
            sum += number;
        }
        expect(sum != 0);
    }
};

struct get_blocks {
    template <class Kind>
    static void run(std::string const& path, std::size_t mebibytes) {
        typename Kind::ifstream in(path);
        std::vector<char> into(block);
        for (std::size_t bytes = 0; bytes < mebibytes * mebibyte; bytes += block)
            expect(static_cast<bool>(in.read(into.data(), block)));
    }
};

struct put_lines {
    template <class Kind>
    static void run(std::string const& path, std::size_t mebibytes) {
        typename Kind::ofstream out(path);
        std::string const line(63, 'x');
        for (std::size_t bytes = 0; bytes < mebibytes * mebibyte; bytes += line.size() + 1)
            out << line << '\n';
        out.close();
        expect(out.good());
    }
};

struct put_integers {
    template <class Kind>
    static void run(std::string const& path, std::size_t mebibytes) {
        typename Kind::ofstream out(path);
        for (std::size_t bytes = 0; bytes < mebibytes * mebibyte; bytes += 8)
            out << (1000000 + bytes % 1000000) << '\n';
        out.close();
        expect(out.good());
    }
};

struct put_blocks {
    template <class Kind>
    static void run(std::string const& path, std::size_t mebibytes) {
        typename Kind::ofstream out(path);
        std::vector<char> const from(block, 'x');
        for (std::size_t bytes = 0; bytes < mebibytes * mebibyte; bytes += block)
            out.write(from.data(), block);
        out.close();
        expect(out.good());
    }
};

/// Opens, reads and closes a file of a few KiB again and again.
struct get_small {
    template <class Kind>
    static void run(std::string const& path, std::size_t times) {
        std::string line;
        for (std::size_t i = 0; i < times; ++i) {
            typename Kind::ifstream in(path);
            std::size_t lines = 0;
            while (std::getline(in, line))
                ++lines;
            expect(lines != 0 && in.eof());
        }
    }
};

struct put_small {
    template <class Kind>
    static void run(std::string const& path, std::size_t times) {
        std::string const text(2000, 'x');
        for (std::size_t i = 0; i < times; ++i) {
            ::unlink(path.c_str()); // ext4 writes back a file that was emptied when it is closed
            typename Kind::ofstream out(path);
            for (std::size_t at = 0; at < text.size(); at += 50)
                out.write(text.data() + at, 50);
            out.close();
            expect(out.good());
        }
    }
};

/// What is done before each run, and not measured.
using preparation = void (*)(std::string const& path);

void in_cache(std::string const& path) {
    bench::warm(bench::owned(::open(path.c_str(), O_RDONLY | O_CLOEXEC), path.c_str()).get());
}

void out_of_cache(std::string const& path) {
    auto const fd = bench::owned(::open(path.c_str(), O_RDONLY | O_CLOEXEC), path.c_str());
    bench::checked(-::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED), "posix_fadvise");
}

/// What an earlier run has written is on disk, and gone.
void written_back(std::string const& path) {
    auto const fd = bench::owned(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), path.c_str());
    bench::checked(::fsync(fd.get()), "fsync");
}

/// Seconds of one run. Reading from the disk is waiting, so there it is the clock's; elsewhere it
/// is this thread's own time, without what others on the machine have taken.
template <class Work, class Kind>
double seconds(std::string const& path, std::size_t amount, preparation prepare) {
    auto const now = prepare == out_of_cache ? bench::wall_seconds : bench::cpu_seconds;
    prepare(path);
    double const begin = now();
    Work::template run<Kind>(path, amount);
    return now() - begin;
}

/// `amount` units of work, of which `per_second` are counted.
template <class Work>
void measure(bench::report& out, std::string name, std::string const& path, std::size_t amount,
             preparation prepare, std::string_view unit, double least) {
    auto const rate = [&](double s) { return static_cast<double>(amount) / s; };
    bench::comparison const c = bench::alternate(
        pairs, [&] { return rate(seconds<Work, ours>(path, amount, prepare)); },
        [&] { return rate(seconds<Work, standard>(path, amount, prepare)); });
    out.add({std::move(name),
             c.ours,
             c.peer,
             "std",
             unit,
             c.ratio,
             c.spread,
             {bench::least_ratio(least)}});
}

/// System calls that `run` makes in a child of its own.
template <class Run>
std::uint64_t system_calls(Run const& run) {
    ::pid_t const child = bench::checked(::fork(), "fork");
    if (child == 0) {
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        ::raise(SIGSTOP);
        try {
            run();
        } catch (...) {
            ::_exit(1);
        }
        ::_exit(0);
    }
    std::uint64_t stops = 0;
    for (int status = 0;;) {
        bench::checked(::waitpid(child, &status, 0), "waitpid");
        if (WIFEXITED(status)) {
            expect(WEXITSTATUS(status) == 0);
            return stops / 2; // each stops at its entry and at its return
        }
        expect(WIFSTOPPED(status));
        stops += WSTOPSIG(status) == SIGTRAP;
        bench::checked(::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr), "ptrace");
    }
}

template <class Work>
void count_calls(bench::report& out, std::string name, std::string const& path,
                 preparation prepare) {
    constexpr std::size_t mebibytes = 64;
    auto const per_mebibyte = [&](auto const& run) {
        prepare(path);
        return static_cast<double>(system_calls(run)) / mebibytes;
    };
    double const a = per_mebibyte([&] { Work::template run<ours>(path, mebibytes); });
    double const b = per_mebibyte([&] { Work::template run<standard>(path, mebibytes); });
    out.add({std::move(name), a, b, "std", "calls/MiB", b / a, 0, {bench::least_ratio(8)}});
}

/// What the disk gives at most: it is asked by four threads at once.
double disk_rate(std::string const& path) {
    constexpr std::size_t at_once = 4, piece = 4 * block;
    out_of_cache(path);
    auto const fd = bench::owned(::open(path.c_str(), O_RDONLY | O_CLOEXEC), path.c_str());
    double const begin = bench::wall_seconds();
    {
        std::vector<std::jthread> readers;
        for (std::size_t i = 0; i < at_once; ++i)
            readers.emplace_back([&fd, i] {
                std::vector<char> into(piece);
                for (std::size_t at = i * piece; at < file_mebibytes * mebibyte;
                     at += at_once * piece)
                    if (::pread(fd.get(), into.data(), piece, static_cast<::off_t>(at)) !=
                        static_cast<::ssize_t>(piece))
                        std::abort();
            });
    }
    return static_cast<double>(file_mebibytes) / (bench::wall_seconds() - begin);
}

void measure_cold(bench::report& out, std::string const& in, unsigned read_ahead_kb) {
    bench::read_ahead_setting const set(in, read_ahead_kb);
    measure<get_lines>(out, "getline cold", in, written_mebibytes, out_of_cache, "MiB/s", 1.2);
    measure<get_integers>(out, "integers cold", in, part_mebibytes, out_of_cache, "MiB/s", 1.2);
    measure<get_blocks>(out, "read 64 KiB cold", in, file_mebibytes, out_of_cache, "MiB/s", 1.2);
    bench::comparison const c = bench::alternate(
        pairs,
        [&] {
            return file_mebibytes / seconds<get_blocks, ours>(in, file_mebibytes, out_of_cache);
        },
        [&] { return disk_rate(in); });
    out.add({"read 64 KiB cold", c.ours, c.peer, "4 threads", "MiB/s", c.ratio, c.spread, {}});
}

void measure_all(bench::report& out, unsigned read_ahead_kb) {
    bench::scratch const directory;
    std::string const part = a_mebibyte_of_lines();
    std::string const in = directory.path() / "in";
    std::string const small = directory.path() / "small";
    std::string const to = directory.path() / "out";
    make_file(in, part, file_mebibytes);
    make_file(small, part.substr(0, 4000), 1);
    measure<get_lines>(out, "getline cached", in, file_mebibytes, in_cache, "MiB/s", 1.1);
    measure<get_integers>(out, "integers cached", in, part_mebibytes, in_cache, "MiB/s", 1.0);
    measure<get_blocks>(out, "read 64 KiB cached", in, file_mebibytes, in_cache, "MiB/s", 1.0);
    measure_cold(out, in, read_ahead_kb);
    measure<put_lines>(out, "lines written", to, written_mebibytes, written_back, "MiB/s", 1.1);
    measure<put_integers>(out, "integers written", to, part_mebibytes, written_back, "MiB/s", 1.0);
    measure<put_blocks>(out, "write 64 KiB", to, written_mebibytes, written_back, "MiB/s", 1.0);
    measure<get_small>(out, "small files read", small, small_files, in_cache, "files/s", 1.0);
    measure<put_small>(out, "small files written", to, small_files, written_back, "files/s", 1.0);
    count_calls<get_lines>(out, "getline cached calls", in, in_cache);
    count_calls<get_lines>(out, "getline cold calls", in, out_of_cache);
    count_calls<get_blocks>(out, "read 64 KiB cached calls", in, in_cache);
    count_calls<get_blocks>(out, "read 64 KiB cold calls", in, out_of_cache);
    count_calls<put_lines>(out, "lines written calls", to, written_back);
    count_calls<put_blocks>(out, "write 64 KiB calls", to, written_back);
}

} // namespace

int main(int argc, char** argv) {
    return bench::run(argc, argv, "file streams: rondo and the standard library",
                      [](bench::options const& options) {
                          bench::report out(options.json);
                          measure_all(out, options.read_ahead_kb);
                      });
}
