// SPDX-License-Identifier: MIT

// Many connections receive through one pool, in every combination of kinds, while leases end in
// random order: each connection's bytes must come out whole and in order, and no buffer be lost.

#include <rondo/core/duration.hpp>
#include <rondo/op/receive.hpp>
#include <rondo/ring/buffer_ring.hpp>
#include <rondo/ring/ring.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <ostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace rondo {
namespace {

struct combination {
    bool incremental;
    bool bundle;
    bool stream;
    bool kernel_mapped;

    friend void PrintTo(combination const& c, std::ostream* out) {
        *out << (c.incremental ? "incremental " : "whole ") << (c.bundle ? "bundle " : "single ")
             << (c.stream ? "stream " : "once ") << (c.kernel_mapped ? "mapped" : "own");
    }
};

/// One end is written by the test, the other received from through the pool.
struct connection {
    unique_fd in;
    unique_fd out;
    std::uint32_t sent = 0;
    std::uint32_t received = 0;
    bool receiving = false;
};

/// The byte at a place of a connection's stream; neighbours and connections differ.
char byte_at(std::size_t which, std::uint32_t place) {
    return static_cast<char>(place * 7 + (place >> 8) + which * 101);
}

class ring_buffer_ring_model : public ::testing::TestWithParam<combination> {
protected:
    static constexpr std::uint32_t total = 20'000; // bytes of each connection
    static constexpr std::size_t buffer_size = 48;

    void SetUp() override {
        for (connection& c : connections_) {
            int ends[2];
            ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
            c.in.reset(ends[0]);
            c.out.reset(ends[1]);
        }
    }
    std::uint32_t random(std::uint32_t below) {
        return std::uniform_int_distribution<std::uint32_t>(0, below - 1)(engine_);
    }

    template <class Op>
    bool push(Op const& o, std::size_t which) {
        return ring_.push(o, which);
    }
    void start(std::size_t which) {
        connection& c = connections_[which];
        bool pushed = false;
        if (GetParam().stream && GetParam().bundle)
            pushed = push(op::recv_stream{.fd = c.in, .into = pool_.choose_bundle()}, which);
        else if (GetParam().stream)
            pushed = push(op::recv_stream{.fd = c.in, .into = pool_.choose()}, which);
        else if (GetParam().bundle)
            pushed = push(op::recv{.fd = c.in, .into = pool_.choose_bundle()}, which);
        else
            pushed = push(op::recv{.fd = c.in, .into = pool_.choose()}, which);
        ASSERT_TRUE(pushed);
        c.receiving = true;
    }
    void send_some(std::size_t which) {
        connection& c = connections_[which];
        std::uint32_t const size = std::min(1 + random(200), total - c.sent);
        std::string bytes;
        for (std::uint32_t i = 0; i < size; ++i)
            bytes.push_back(byte_at(which, c.sent + i));
        ::ssize_t const n = ::send(c.out.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        c.sent += n > 0 ? static_cast<std::uint32_t>(n) : 0;
    }
    void check(std::size_t which, buffer_lease const& lease) {
        connection& c = connections_[which];
        for (std::size_t i = 0; i < lease.parts(); ++i)
            for (std::byte const b : lease.part(i)) {
                ASSERT_EQ(static_cast<char>(b), byte_at(which, c.received)) << which;
                ++c.received;
            }
    }
    void take(abi::cqe const& completion) {
        auto const which = static_cast<std::size_t>(completion.user_data);
        connections_[which].receiving = abi::more(completion);
        op::recv const like{.fd = -1, .into = pool_.choose()};
        op::recv const like_bundle{.fd = -1, .into = pool_.choose_bundle()};
        auto lease = GetParam().bundle ? op::value_of(like_bundle, completion)
                                       : op::value_of(like, completion);
        if (!lease) {
            ASSERT_EQ(lease.error().code(), ENOBUFS);
            ++starved_;
            return;
        }
        check(which, *lease);
        held_.push_back(std::move(*lease));
        holds_ += held_.size();
    }
    void end_some_leases() {
        while (held_.size() > 6 || (!held_.empty() && random(3) == 0)) {
            std::swap(held_[random(static_cast<std::uint32_t>(held_.size()))], held_.back());
            held_.pop_back();
        }
    }
    [[nodiscard]] bool all_received() const {
        for (connection const& c : connections_)
            if (c.received < total)
                return false;
        return true;
    }

    std::mt19937 engine_{20'240'611};
    ring ring_ = ring::create({.entries = 16}).or_throw("ring");
    buffer_ring pool_ = buffer_ring::create(ring_, {.entries = 8,
                                                    .buffer_size = buffer_size,
                                                    .incremental = GetParam().incremental,
                                                    .kernel_mapped = GetParam().kernel_mapped})
                            .or_throw("buffer ring");
    std::array<connection, 4> connections_;
    std::vector<buffer_lease> held_;
    std::size_t holds_ = 0;
    int starved_ = 0;
};

TEST_P(ring_buffer_ring_model, every_byte_arrives_in_order_and_every_buffer_comes_back) {
    auto const give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!all_received() && !HasFatalFailure()) {
        ASSERT_LT(std::chrono::steady_clock::now(), give_up);
        for (std::size_t i = 0; i < connections_.size(); ++i) {
            if (random(2) == 0)
                send_some(i);
            connection const& c = connections_[i];
            if (!c.receiving && c.received < total && pool_.available() != 0)
                start(i);
        }
        static_cast<void>(ring_.submit_and_wait(1, std::chrono::milliseconds(1)));
        abi::cqe completion{};
        while (!HasFatalFailure() && ring_.pop(completion))
            take(completion);
        end_some_leases();
    }
    held_.clear();
    EXPECT_EQ(pool_.leases(), 0u);
    EXPECT_EQ(pool_.available(), pool_.size());
    EXPECT_EQ(pool_.untouched().or_throw("status"), pool_.size());
    EXPECT_GT(holds_, 0u);
    if (GetParam().stream && !GetParam().incremental) {
        EXPECT_GT(starved_, 0);
    }
}

std::vector<combination> combinations() {
    std::vector<combination> all;
    for (unsigned i = 0; i < 16; ++i)
        all.push_back({(i & 1) != 0, (i & 2) != 0, (i & 4) != 0, (i & 8) != 0});
    return all;
}

INSTANTIATE_TEST_SUITE_P(kinds, ring_buffer_ring_model, ::testing::ValuesIn(combinations()));

} // namespace
} // namespace rondo
