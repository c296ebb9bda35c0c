// SPDX-License-Identifier: MIT
// cat without a ring object: the set-up call, the mappings and a submit and complete loop by hand.
// Prints regular files and block devices, a vector of aligned 4 KiB blocks at a time.
//
//     cat_queues FILE...
#include <rondo/abi/enter.hpp>
#include <rondo/core/fd.hpp>
#include <rondo/engine/emulated.hpp>
#include <rondo/engine/kernel.hpp>
#include <rondo/op/read.hpp>
#include <rondo/ring/completion_queue.hpp>
#include <rondo/ring/submission_queue.hpp>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace abi = rondo::abi;
namespace op = rondo::op;

namespace {

constexpr std::size_t block_size = 4096;
constexpr std::size_t blocks_at_once = 256;

/// The two queues of one io_uring instance. Closing it while a request is in flight would not wait
/// for that request; submit_and_wait() leaves none behind.
class queues {
public:
    explicit queues(std::uint32_t entries) {
        abi::params p{};
        long const fd = engine_.setup(entries, p);
        if (fd < 0)
            rondo::throw_error(rondo::error(static_cast<int>(-fd)), "io_uring_setup");
        fd_ = static_cast<int>(fd);

        std::size_t const sq_bytes = p.sq_off.array + p.sq_entries * sizeof(std::uint32_t);
        std::size_t const cq_bytes = p.cq_off.cqes + p.cq_entries * sizeof(abi::cqe);
        // Since Linux 5.4 one mapping holds both rings.
        bool const together = has(static_cast<abi::feature>(p.features), abi::feature::single_mmap);
        sq_memory_ = map(abi::off_sq_ring, together ? std::max(sq_bytes, cq_bytes) : sq_bytes);
        if (!together)
            cq_memory_ = map(abi::off_cq_ring, cq_bytes);
        sqes_ = map(abi::off_sqes, p.sq_entries * sizeof(abi::sqe));

        sq = rondo::submission_queue(sq_memory_.data(), sqes_.data(), p);
        cq = rondo::completion_queue(together ? sq_memory_.data() : cq_memory_.data(), p);
    }
    queues(queues const&) = delete;
    queues& operator=(queues const&) = delete;
    ~queues() { engine_.close(fd_); }

    /// Publishes what was filled in, and sleeps until a completion is there.
    void submit_and_wait() {
        while (cq.ready() == 0 || sq.pending() != 0) {
            // The store of the tail in publish() comes after those of the entries, for every CPU.
            std::uint32_t const queued = sq.publish();
            long const answer =
                engine_.enter(fd_, queued, 1, raw(abi::enter::getevents), nullptr, 0);
            if (answer < 0 && answer != -EINTR && answer != -EAGAIN && answer != -EBUSY)
                rondo::throw_error(rondo::error(static_cast<int>(-answer)), "io_uring_enter");
        }
    }

    rondo::submission_queue sq;
    rondo::completion_queue cq;

private:
    rondo::mapping map(std::uint64_t offset, std::size_t bytes) {
        return engine_.map(fd_, offset, bytes).or_throw("mmap");
    }

    /// The system calls, or what stands in for them where they are forbidden.
    rondo::engine::backend& engine_ = rondo::engine::available()
                                          ? rondo::engine::kernel_backend()
                                          : rondo::engine::emulated_backend();
    int fd_ = -1;
    rondo::mapping sq_memory_;
    rondo::mapping cq_memory_;
    rondo::mapping sqes_;
};

std::uint64_t size_of(int fd, char const* name) {
    struct ::stat about{};
    if (::fstat(fd, &about) != 0)
        rondo::throw_error(rondo::error::last(rondo::attempt::stat), name);
    std::uint64_t bytes = 0;
    if (S_ISREG(about.st_mode))
        bytes = static_cast<std::uint64_t>(about.st_size);
    else if (!S_ISBLK(about.st_mode))
        throw std::runtime_error(std::string(name) + ": neither a file nor a block device");
    else if (::ioctl(fd, BLKGETSIZE64, &bytes) != 0)
        rondo::throw_error(rondo::error::last(rondo::attempt::control), name);
    return bytes;
}

/// Blocks that are aligned as devices like them, and a vector that names them all.
class blocks {
public:
    blocks() : memory_(static_cast<char*>(std::aligned_alloc(block_size, total)), &std::free) {
        if (memory_ == nullptr)
            throw std::bad_alloc();
        for (std::size_t i = 0; i < blocks_at_once; ++i)
            parts_.push_back({memory_.get() + i * block_size, block_size});
    }
    /// As many blocks as `bytes` need, but not more than there are.
    [[nodiscard]] rondo::iovecs for_bytes(std::uint64_t bytes) const {
        std::uint64_t const wanted = (bytes + block_size - 1) / block_size;
        return {parts_.data(),
                static_cast<std::size_t>(std::min(wanted, std::uint64_t{parts_.size()}))};
    }
    [[nodiscard]] char const* data() const { return memory_.get(); }

private:
    static constexpr std::size_t total = block_size * blocks_at_once;
    std::unique_ptr<char, decltype(&std::free)> memory_;
    std::vector<::iovec> parts_;
};

void print_file(queues& io, blocks const& into, char const* name) {
    rondo::unique_fd const file(::open(name, O_RDONLY | O_CLOEXEC));
    if (!file)
        rondo::throw_error(rondo::error::last(rondo::attempt::open), name);
    std::uint64_t const size = size_of(file.get(), name);
    for (std::uint64_t at = 0; at < size;) {
        op::read const request{.fd = file, .into = into.for_bytes(size - at), .at = at};
        op::fill(io.sq.reserve(), request, at);
        io.submit_and_wait();

        abi::cqe const* const done = io.cq.take();
        int const result = done->res;
        io.cq.release(); // the entry is the kernel's again
        if (result == -EINTR || result == -EAGAIN)
            continue;
        if (result < 0)
            rondo::throw_error(rondo::error(-result, rondo::attempt::read), name);
        if (result == 0)
            break; // it has become shorter
        auto const bytes = static_cast<std::size_t>(result);
        if (std::fwrite(into.data(), 1, bytes, stdout) != bytes)
            rondo::throw_error(rondo::error::last(rondo::attempt::write), "write");
        at += bytes;
    }
}

} // namespace

int main(int argc, char** argv) try {
    queues io(4);
    blocks const into;
    for (int i = 1; i < argc; ++i)
        print_file(io, into, argv[i]);
    if (std::fflush(stdout) != 0)
        rondo::throw_error(rondo::error::last(rondo::attempt::write), "write");
} catch (std::exception const& e) {
    std::fprintf(stderr, "cat_queues: %s\n", e.what());
    return 1;
}
