// SPDX-License-Identifier: MIT
// Cached 4 KiB reads at random places of a 64 MiB file, one at a time and 32 at once: ours and
// liburing's, by instructions and by time.
#include "support/check.hpp"
#include "support/data_file.hpp"
#include "support/program.hpp"
#include "support/report.hpp"
#include "support/rings.hpp"

#include <rondo/op/file.hpp>

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <memory>
#include <random>
#include <string>

namespace {

constexpr std::size_t file_mebibytes = 64;
constexpr std::size_t block = 4096;

/// What both sides read, and where to.
class work {
public:
    explicit work(std::string const& path)
        : file_(bench::owned(::open(path.c_str(), O_RDONLY | O_CLOEXEC), path.c_str())) {
        std::mt19937_64 random; // always the same places
        std::size_t const blocks = (file_mebibytes << 20) / block;
        for (std::uint64_t& place : places_)
            place = random() % blocks * block;
        // Under callgrind too, or the kernel might put a read off that it does at once otherwise.
        bench::warm(file_.get());
    }

    [[nodiscard]] int fd() const { return file_.get(); }
    [[gnu::always_inline]] [[nodiscard]] std::uint64_t next_place() {
        return places_[turn_++ % places_.size()];
    }
    [[gnu::always_inline]] [[nodiscard]] char* buffer(std::uint64_t i) {
        return buffers_.data() + i * block;
    }

private:
    rondo::unique_fd file_;
    std::size_t turn_ = 0;
    std::array<std::uint64_t, 4096> places_{};
    alignas(block) std::array<char, bench::queue_entries * block> buffers_{};
};

/// In any order: a page that was evicted after all makes its read end last.
[[gnu::always_inline]] inline bool read_a_block(std::uint64_t user_data, int res) {
    return user_data < bench::queue_entries && res == static_cast<int>(block);
}

class ours : public bench::our_ring {
public:
    explicit ours(work& w) : our_ring(bench::same_setup), work_(w) {}
    [[gnu::always_inline]] bool push(std::uint64_t i) {
        return native().push(rondo::op::read{.fd = work_.fd(),
                                             .into = {work_.buffer(i), block},
                                             .at = work_.next_place()},
                             i);
    }
    [[gnu::always_inline]] static bool is_right(std::uint64_t, std::uint64_t user_data, int res) {
        return read_a_block(user_data, res);
    }

private:
    work& work_;
};

class peer : public bench::peer_ring {
public:
    explicit peer(work& w) : peer_ring(raw(bench::same_setup), descriptor::registered), work_(w) {}
    [[gnu::always_inline]] bool push(std::uint64_t i) {
        ::io_uring_sqe* const s = ::io_uring_get_sqe(&native());
        if (s == nullptr) [[unlikely]]
            return false;
        ::io_uring_prep_read(s, work_.fd(), work_.buffer(i), block, work_.next_place());
        ::io_uring_sqe_set_data64(s, i);
        return true;
    }
    [[gnu::always_inline]] static bool is_right(std::uint64_t, std::uint64_t user_data, int res) {
        return read_a_block(user_data, res);
    }

private:
    work& work_;
};

void count(bench::count_request const& request) {
    auto const w = std::make_unique<work>(request.data);
    if (request.side == "ours") {
        ours side(*w);
        bench::run_rounds(side, request.batch, request.rounds);
    } else {
        peer side(*w);
        bench::run_rounds(side, request.batch, request.rounds);
    }
}

void measure(bench::report& out) {
    constexpr unsigned depths[] = {1, 32};
    bench::data_file const file(file_mebibytes);
    std::string const path = file.path();
    for (unsigned const depth : depths) {
        bench::line l = bench::compare_instructions(
            fmt::format("read depth {} instructions", depth), depth, path);
        l.marks.push_back(bench::least_ratio(1 / 0.85));
        out.add(l);
    }
    auto const w = std::make_unique<work>(path);
    ours a(*w);
    peer b(*w);
    for (unsigned const depth : depths)
        out.add(
            bench::compare_throughput(fmt::format("read depth {} throughput", depth), a, b, depth));
}

} // namespace

int main(int argc, char** argv) {
    return bench::run(argc, argv, "cached 4 KiB reads: rondo and liburing",
                      [](bench::options const& options) {
                          if (!options.count.side.empty())
                              return count(options.count);
                          bench::report out(options.json);
                          measure(out);
                      });
}
