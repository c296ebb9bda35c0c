// SPDX-License-Identifier: MIT
// cp: copies a file or block device with 32 reads and writes in flight.
//
//     cp FROM TO               through a ring
//     cp --stdio FROM TO       with fread and fwrite
//     cp --compare FROM TO     both in turn, five times each, and the median of the times
#include <rondo/core/fd.hpp>
#include <rondo/op/file.hpp>
#include <rondo/op/open.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/write.hpp>
#include <rondo/ring/ring.hpp>

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace op = rondo::op;

namespace {

constexpr std::size_t depth = 32;
constexpr std::size_t block_size = 64 * 1024;

[[noreturn]] void fail(rondo::attempt what, std::string const& name) {
    rondo::throw_error(rondo::error::last(what), name.c_str());
}

struct ::stat about(int fd, std::string const& name) {
    struct ::stat out{};
    if (::fstat(fd, &out) != 0)
        fail(rondo::attempt::stat, name);
    return out;
}

/// The two open files of a copy.
struct file_pair {
    rondo::unique_fd from, to;
    std::uint64_t size = 0; ///< bytes to copy

    file_pair(std::string const& source, std::string const& target)
        : from(::open(source.c_str(), O_RDONLY | O_CLOEXEC)) {
        if (!from)
            fail(rondo::attempt::open, source);
        struct ::stat const in = about(from.get(), source);
        if (S_ISREG(in.st_mode))
            size = static_cast<std::uint64_t>(in.st_size);
        else if (!S_ISBLK(in.st_mode))
            throw std::runtime_error(source + ": neither a file nor a block device");
        else if (::ioctl(from.get(), BLKGETSIZE64, &size) != 0)
            fail(rondo::attempt::control, source);

        ::mode_t const mode = S_ISREG(in.st_mode) ? in.st_mode & 0777 : 0666;
        to.reset(::open(target.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, mode));
        if (!to)
            fail(rondo::attempt::open, target);
        struct ::stat const out = about(to.get(), target);
        // Looked at before the truncation, which would leave nothing to copy.
        if (in.st_dev == out.st_dev && in.st_ino == out.st_ino)
            throw std::runtime_error(source + " and " + target + " are the same file");
        if (S_ISREG(out.st_mode) && ::ftruncate(to.get(), 0) != 0)
            fail(rondo::attempt::control, target);
    }
};

/// Nothing has happened, and nothing is wrong for good.
bool means_try_again(int code) { return code == EINTR || code == EAGAIN || code == EBUSY; }

/// Copies a block at a time, many blocks at once: each is read, then written, then reads its next
/// place. Whatever comes short goes on where it stopped.
class copier {
public:
    copier(std::string const& from, std::string const& to)
        : files_(from, to), ring_(rondo::ring::create({.entries = depth}).or_throw("ring")) {}

    void run() {
        for (block& b : blocks_)
            take_next(b);
        while (busy_ != 0) {
            auto const entered = ring_.submit_and_wait(1);
            if (!entered && !means_try_again(entered.error().code()))
                rondo::throw_error(entered.error(), "submit");
            for (rondo::abi::cqe c; ring_.pop(c);)
                go_on(blocks_[c.user_data], c.res);
        }
        // Some file systems tell only here that data did not get to the disk.
        ring_.run(op::close{.fd = files_.to.release()}).or_throw("close");
    }

private:
    enum class step : std::uint8_t { reading, writing };
    struct block {
        step now = step::reading;
        std::uint64_t at = 0;     ///< in both files
        std::size_t size = 0;     ///< bytes to copy from there
        std::size_t finished = 0; ///< of these, read or written
        std::unique_ptr<char[]> data;
    };

    void take_next(block& b) {
        if (next_ == files_.size)
            return;
        if (b.data == nullptr)
            b.data = std::make_unique_for_overwrite<char[]>(block_size);
        b.now = step::reading;
        b.at = next_;
        b.size = static_cast<std::size_t>(std::min(files_.size - next_, std::uint64_t{block_size}));
        b.finished = 0;
        next_ += b.size;
        ++busy_;
        push(b);
    }

    /// Queues what is left of the block's step. There is an entry for each block.
    void push(block& b) {
        auto const id = static_cast<std::uint64_t>(&b - blocks_.data());
        char* const rest = b.data.get() + b.finished;
        std::size_t const size = b.size - b.finished;
        std::uint64_t const at = b.at + b.finished;
        bool const room =
            b.now == step::reading
                ? ring_.push(op::read{.fd = files_.from, .into = {rest, size}, .at = at}, id)
                : ring_.push(op::write{.fd = files_.to, .from = {rest, size}, .at = at}, id);
        if (!room)
            throw std::logic_error("more operations than entries");
    }

    void go_on(block& b, int result) {
        bool const reading = b.now == step::reading;
        if (means_try_again(-result) || result == -ECANCELED)
            return push(b);
        if (result < 0)
            rondo::throw_error(rondo::error(-result), reading ? "read" : "write");
        if (result == 0 && !reading)
            rondo::throw_error(rondo::error(EIO), "write");

        b.finished += static_cast<std::size_t>(result);
        if (result == 0)
            b.size = b.finished; // the file has become shorter meanwhile
        if (b.finished < b.size)
            return push(b);
        if (reading && b.size != 0) {
            b.now = step::writing;
            b.finished = 0;
            return push(b);
        }
        --busy_;
        take_next(b);
    }

    file_pair files_;
    std::array<block, depth> blocks_;
    std::uint64_t next_ = 0; ///< the first byte that no block has taken
    std::size_t busy_ = 0;   ///< blocks in flight
    /// The last member, so the first to go, also when an exception ends the copy: it waits until
    /// the kernel has let go of the blocks.
    rondo::ring ring_;
};

void copy_by_ring(std::string const& from, std::string const& to) { copier(from, to).run(); }

void copy_by_stdio(std::string const& from, std::string const& to) {
    using file = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
    file_pair files(from, to); // the same checks
    file const in(::fdopen(files.from.release(), "r"), &std::fclose);
    file out(::fdopen(files.to.release(), "w"), &std::fclose);
    if (in == nullptr || out == nullptr)
        throw std::bad_alloc();
    std::vector<char> block(block_size);
    while (std::size_t const size = std::fread(block.data(), 1, block.size(), in.get()))
        if (std::fwrite(block.data(), 1, size, out.get()) != size)
            fail(rondo::attempt::write, to);
    if (std::ferror(in.get()) != 0)
        fail(rondo::attempt::read, from);
    if (std::fclose(out.release()) != 0)
        fail(rondo::attempt::close, to);
}

using way = void (*)(std::string const& from, std::string const& to);

std::chrono::duration<double, std::milli> time_of(way copy, std::string const& from,
                                                  std::string const& to) {
    // Neither pays for throwing away what the other left. A device has nothing to throw away.
    if (::truncate(to.c_str(), 0) != 0 && errno != EINVAL)
        fail(rondo::attempt::control, to);
    auto const begin = std::chrono::steady_clock::now();
    copy(from, to);
    return std::chrono::steady_clock::now() - begin;
}

void compare(std::string const& from, std::string const& to) {
    constexpr std::size_t runs = 5;
    std::array<double, runs> ring{}, stdio{};
    copy_by_stdio(from, to); // warms the cache for both
    for (std::size_t i = 0; i < runs; ++i) {
        ring[i] = time_of(copy_by_ring, from, to).count();
        stdio[i] = time_of(copy_by_stdio, from, to).count();
    }
    for (auto* const times : {&ring, &stdio}) {
        std::sort(times->begin(), times->end());
        std::printf("%-5s  median %8.2f ms, best %8.2f, worst %8.2f\n",
                    times == &ring ? "ring" : "stdio", (*times)[runs / 2], times->front(),
                    times->back());
    }
}

} // namespace

int main(int argc, char** argv) try {
    std::vector<std::string> names(argv + 1, argv + argc);
    way copy = copy_by_ring;
    if (!names.empty() && names[0].starts_with("--")) {
        if (names[0] != "--stdio" && names[0] != "--compare")
            names.clear();
        else
            copy = names[0] == "--stdio" ? copy_by_stdio : compare;
        names.erase(names.begin(), names.begin() + !names.empty());
    }
    if (names.size() != 2) {
        std::fputs("usage: cp [--stdio | --compare] FROM TO\n", stderr);
        return 2;
    }
    copy(names[0], names[1]);
} catch (std::exception const& e) {
    std::fprintf(stderr, "cp: %s\n", e.what());
    return 1;
}
