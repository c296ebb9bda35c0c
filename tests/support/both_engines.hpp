// SPDX-License-Identifier: MIT
#pragma once

// What the kernel does with single entries, asked of both engines: a test that passes on one and
// not on the other has found a difference. One thread.

#include <support/pipe_pair.hpp>
#include <support/raw_ring.hpp>
#include <support/sockets.hpp>

#include <rondo/engine/emulated.hpp>
#include <rondo/engine/kernel.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <vector>

namespace rondo::test {

class both_engines : public ::testing::TestWithParam<engine::kind> {
protected:
    both_engines()
        : ring_(GetParam() == engine::kernel ? engine::kernel_backend()
                                             : engine::emulated_backend(),
                16, raw(abi::setup::submit_all), 0) {}

    void SetUp() override {
        if (ring_.error() != 0)
            GTEST_SKIP() << "no ring of the kernel here: " << -ring_.error();
    }

    static abi::sqe entry(abi::opcode code, std::uint64_t user_data, int fd = -1) {
        abi::sqe e{};
        e.opcode = raw(code);
        e.fd = fd;
        e.user_data = user_data;
        return e;
    }
    static abi::sqe poll(std::uint64_t user_data, int fd, std::uint32_t events, bool many = false) {
        abi::sqe e = entry(abi::opcode::poll_add, user_data, fd);
        e.poll32_events = events;
        e.len = many ? raw(abi::poll_flag::add_multi) : 0;
        return e;
    }
    static std::uint64_t address_of(void const* p) { return reinterpret_cast<std::uintptr_t>(p); }

    /// A transfer of all of `memory` at the descriptor's own position.
    template <class Memory>
    static abi::sqe transfer(abi::opcode code, std::uint64_t user_data, int fd, Memory& memory) {
        abi::sqe e = entry(code, user_data, fd);
        e.addr = address_of(std::data(memory));
        e.len = static_cast<std::uint32_t>(std::size(memory));
        bool const moves_messages = code == abi::opcode::recv || code == abi::opcode::send;
        e.off = moves_messages ? 0 : ~std::uint64_t{0};
        return e;
    }

    void submit(std::vector<abi::sqe> const& all) {
        for (abi::sqe const& e : all)
            ring_.push(e);
        ASSERT_EQ(ring_.submit(), static_cast<long>(all.size()));
    }

    /// The next completion of that request; it must come within ten seconds.
    abi::cqe next(std::uint64_t user_data) {
        for (int tries = 0; tries < 10'000; ++tries) {
            for (auto at = seen_.begin(); at != seen_.end(); ++at)
                if (at->user_data == user_data) {
                    abi::cqe const out = *at;
                    seen_.erase(at);
                    return out;
                }
            ring_.look(1'000'000);
            ring_.reap(seen_);
        }
        ADD_FAILURE() << "request " << user_data << " did not complete";
        return {};
    }
    /// What the single request answers.
    std::int32_t answer(abi::sqe const& e) {
        submit({e});
        return next(e.user_data).res;
    }
    /// Nothing of that request comes within some milliseconds.
    bool is_quiet(std::uint64_t user_data) {
        for (int i = 0; i < 10; ++i) {
            ring_.look(1'000'000);
            ring_.reap(seen_);
        }
        for (abi::cqe const& c : seen_)
            if (c.user_data == user_data)
                return false;
        return true;
    }

    raw_ring ring_;
    std::vector<abi::cqe> seen_;
};

#define RONDO_ON_BOTH_ENGINES(suite)                                                               \
    INSTANTIATE_TEST_SUITE_P(                                                                      \
        both, suite, ::testing::Values(engine::kernel, engine::emulated),                          \
        [](auto const& of) { return of.param == engine::kernel ? "kernel" : "emulated"; })

} // namespace rondo::test
