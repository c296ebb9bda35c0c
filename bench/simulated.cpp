// SPDX-License-Identifier: MIT
// How many operations a second the simulated engine gets through, against the mark that a test of
// thousands of seeds needs: nothing at all, 32 at once and one by one, 4 KiB reads of a file in
// memory, 64 bytes through a socket and back. Once in a calm world, and once with the chances that
// tests have by default.
#include "support/program.hpp"
#include "support/report.hpp"
#include "support/rings.hpp"
#include "support/sample.hpp"

#include <rondo/engine/simulated.hpp>
#include <rondo/op/all.hpp>
#include <rondo/ring/ring.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <utility>
#include <vector>

namespace {

using bench::give_up;
using rondo::testing::chances;
using rondo::testing::simulation;

constexpr double mark = 200'000; // operations in a second
constexpr double slice_seconds = 0.2;
constexpr int slices = 9;
constexpr std::size_t depth = 32;
constexpr std::size_t block = 4096;

/// A simulated kernel and a ring on it.
class place {
public:
    explicit place(chances const& how)
        : world_(simulation::create({.seed = 1, .how = how}).or_throw("simulation::create")),
          ring_(rondo::ring::create({.entries = 2 * depth, .backend = &world_.backend()})
                    .or_throw("rondo::ring::create")) {}

    [[nodiscard]] simulation& world() { return world_; }
    [[nodiscard]] rondo::ring& ring() { return ring_; }

    template <class Op>
    void push(Op const& o, std::uint64_t user_data) {
        if (!ring_.push(o, user_data)) [[unlikely]]
            give_up("a submission queue was full");
    }
    /// Calls each(completion) for `count` of them.
    template <class Each>
    void reap(std::size_t count, Each each) {
        rondo::abi::cqe c;
        for (std::size_t left = count; left != 0;) {
            if (!ring_.submit_and_wait(1)) [[unlikely]]
                give_up("io_uring_enter failed");
            for (; left != 0 && ring_.pop(c); --left)
                each(c);
        }
    }

private:
    simulation world_;
    rondo::ring ring_;
};

class nops {
public:
    explicit nops(chances const& how) : place_(how) {}
    std::uint64_t round() {
        for (std::size_t i = 0; i < depth; ++i)
            place_.push(rondo::op::nop{}, i);
        place_.reap(depth, [](rondo::abi::cqe const&) {});
        return depth;
    }

private:
    place place_;
};

/// One at a time, each with an enter of its own.
class runs {
public:
    explicit runs(chances const& how) : place_(how) {}
    std::uint64_t round() {
        for (std::size_t i = 0; i < depth; ++i)
            if (!place_.ring().run(rondo::op::nop{})) [[unlikely]]
                give_up("an operation did not do what it should");
        return depth;
    }

private:
    place place_;
};

class reads {
public:
    explicit reads(chances const& how) : place_(how), buffers_(depth * block) {
        place_.world()
            .write_file("/data", std::string(blocks * block, 'x'))
            .or_throw("simulation::write_file");
        file_ =
            place_.ring().run(rondo::op::openat<>{.path = "/data"}).or_throw("rondo::op::openat");
    }
    std::uint64_t round() {
        for (std::size_t i = 0; i < depth; ++i)
            place_.push(rondo::op::read{.fd = file_,
                                        .into = {&buffers_[i * block], block},
                                        .at = next_++ % blocks * block},
                        i);
        place_.reap(depth, [](rondo::abi::cqe const& c) {
            if (c.res <= 0) [[unlikely]]
                give_up("a read did not do what it should");
        });
        return depth;
    }

private:
    static constexpr std::size_t blocks = 256;

    place place_;
    std::vector<char> buffers_;
    rondo::unique_fd file_;
    std::size_t next_ = 0;
};

/// Each message is sent, received, sent back and received again: four operations.
class echo {
public:
    explicit echo(chances const& how) : place_(how) {
        for (auto& one : pairs_)
            one = place_.world().socket_pair(SOCK_STREAM).or_throw("simulation::socket_pair");
    }
    std::uint64_t round() {
        for (std::size_t i = 0; i < connections; ++i)
            transfer(i, true);
        for (std::size_t i = 0; i < connections; ++i)
            transfer(i, false);
        return std::exchange(done_, 0);
    }

private:
    static constexpr std::size_t connections = 8;
    static constexpr std::size_t message = 64;

    /// A message over one connection, however many pieces it is cut into.
    void transfer(std::size_t i, bool there) {
        int const from = (there ? pairs_[i].first : pairs_[i].second).get();
        int const to = (there ? pairs_[i].second : pairs_[i].first).get();
        std::size_t sent = 0, received = 0;
        bool sends = false, receives = false;
        while (received < message) {
            if (!sends && sent < message)
                place_.push(rondo::op::send{.fd = from, .from = {&text_[sent], message - sent}}, 0);
            if (!receives)
                place_.push(
                    rondo::op::recv{.fd = to, .into = {&into_[received], message - received}}, 1);
            sends = sends || sent < message;
            receives = true;
            place_.reap(1, [&](rondo::abi::cqe const& c) {
                if (c.res <= 0) [[unlikely]]
                    give_up("a send or receive did not do what it should");
                (c.user_data == 0 ? sends : receives) = false;
                (c.user_data == 0 ? sent : received) += static_cast<std::size_t>(c.res);
                ++done_;
            });
        }
    }

    place place_;
    std::array<std::pair<rondo::unique_fd, rondo::unique_fd>, connections> pairs_;
    std::array<char, message> text_{};
    std::array<char, message> into_{};
    std::uint64_t done_ = 0;
};

/// Operations in a second of CPU time.
template <class Work>
double rate(Work& work) {
    double const begin = bench::cpu_seconds();
    double elapsed = 0;
    std::uint64_t operations = 0;
    do {
        operations += work.round();
        elapsed = bench::cpu_seconds() - begin;
    } while (elapsed < slice_seconds);
    return static_cast<double>(operations) / elapsed;
}

template <class Work>
void measure(bench::report& out, std::string_view name, std::string_view mood, chances const& how) {
    Work work(how);
    rate(work); // without looking
    std::vector<double> rates;
    for (int i = 0; i < slices; ++i)
        rates.push_back(rate(work));
    double const middle = bench::median(rates);
    out.add({fmt::format("simulated {} {}", mood, name),
             middle / 1000,
             mark / 1000,
             "the mark",
             "kop/CPU-s",
             middle / mark,
             bench::spread(rates),
             {bench::least_ratio(1)}});
}

void measure_all(bench::report& out, std::string_view mood, chances const& how) {
    measure<nops>(out, "nops", mood, how);
    measure<runs>(out, "nops one by one", mood, how);
    measure<reads>(out, "reads", mood, how);
    measure<echo>(out, "echo", mood, how);
}

} // namespace

int main(int argc, char** argv) {
    return bench::run(argc, argv, "simulated: operations on the simulated engine",
                      [](bench::options const& options) {
                          bench::report out(options.json);
                          measure_all(out, "calm", chances::calm());
                          measure_all(out, "moody", chances{});
                      });
}
