// SPDX-License-Identifier: MIT
// Receivers that find their pool empty wait for it, on whichever engine runs here.
#include <rondo/coro/buffer_in.hpp>
#include <rondo/coro/combine.hpp>
#include <rondo/coro/scope.hpp>
#include <rondo/coro/sleep.hpp>
#include <rondo/coro/stream.hpp>
#include <rondo/coro/sync_wait.hpp>
#include <rondo/coro/timeout.hpp>
#include <rondo/op/all.hpp>
#include <rondo/ring/buffer_ring.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace rondo {
namespace {

using namespace std::chrono_literals;

struct pair_of_sockets {
    unique_fd here;
    unique_fd there;

    pair_of_sockets() {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
            throw std::runtime_error("socketpair");
        here.reset(ends[0]);
        there.reset(ends[1]);
    }
    void write(std::string_view bytes) const {
        if (::write(there.get(), bytes.data(), bytes.size()) !=
            static_cast<::ssize_t>(bytes.size()))
            throw std::runtime_error("write");
    }
};

std::string text(buffer_lease const& lease) {
    auto const bytes = lease.bytes();
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

class coro_buffer_in : public ::testing::Test {
protected:
    buffer_ring pool_of(std::uint32_t buffers) {
        return buffer_ring::create(on_.ring(), {.entries = buffers, .buffer_size = 4})
            .or_throw("buffer ring");
    }
    /// All buffers of `from`.
    task<std::vector<buffer_lease>> take_all(buffer_ring& from) {
        std::vector<buffer_lease> out;
        while (from.available() != 0) {
            spare_.write("x");
            op::recv const receiving{.fd = spare_.here, .into = from.choose()};
            out.push_back((co_await receiving).or_throw("recv"));
        }
        co_return out;
    }

    loop on_ = loop::create().or_throw("loop");
    pair_of_sockets spare_;
};

task<result<>> wait_for(buffer_ring& pool, std::string& order, char name) {
    auto const waited = co_await buffer_in(pool);
    order += waited ? name : '-';
    co_return waited;
}

TEST_F(coro_buffer_in, goes_on_at_once_where_there_is_a_buffer) {
    auto pool = pool_of(1);
    auto const body = [&]() -> task<> { EXPECT_TRUE(co_await buffer_in(pool)); };
    sync_wait(on_, body());
}

TEST_F(coro_buffer_in, waits_until_a_lease_ends_in_order_of_arrival) {
    auto pool = pool_of(1);
    std::string order;
    auto const body = [&]() -> task<> {
        auto leases = co_await take_all(pool);
        scope waiting(co_await this_strand());
        for (char const name : {'a', 'b', 'c'})
            waiting.spawn(wait_for(pool, order, name));
        EXPECT_TRUE(co_await sleep_for(1ms));
        EXPECT_EQ(order, "");
        leases.clear(); // nobody takes it: one after another has its turn
        EXPECT_TRUE(co_await waiting.join());
    };
    sync_wait(on_, body());
    EXPECT_EQ(order, "abc");
}

TEST_F(coro_buffer_in, one_buffer_lets_one_go_on_that_takes_it) {
    auto pool = pool_of(1);
    std::string order;
    pair_of_sockets bytes;
    auto const receiver = [&](char name) -> task<result<>> {
        op::recv const receiving{.fd = bytes.here, .into = pool.choose()};
        int starved = 0;
        for (;;) {
            auto const lease = co_await receiving;
            if (lease) {
                order += name;
                EXPECT_TRUE(co_await sleep_for(1ms));
                break;
            }
            EXPECT_EQ(lease.error(), ENOBUFS);
            EXPECT_LT(++starved, 5) << "it is told of buffers that are not there";
            EXPECT_TRUE(co_await buffer_in(pool));
        }
        co_return result<>{};
    };
    auto const body = [&]() -> task<> {
        auto leases = co_await take_all(pool);
        scope waiting(co_await this_strand());
        for (char const name : {'a', 'b', 'c', 'd'})
            waiting.spawn(receiver(name));
        bytes.write("aaaabbbbccccdddd");
        EXPECT_TRUE(co_await sleep_for(1ms));
        leases.clear();
        EXPECT_TRUE(co_await waiting.join());
    };
    sync_wait(on_, body());
    EXPECT_EQ(order, "abcd");
    EXPECT_EQ(pool.available(), 1u);
}

TEST_F(coro_buffer_in, a_stop_ends_the_wait_and_the_next_in_line_is_told) {
    auto pool = pool_of(1);
    std::string order;
    auto const body = [&]() -> task<> {
        auto leases = co_await take_all(pool);
        scope first(co_await this_strand()), second(co_await this_strand());
        first.spawn(wait_for(pool, order, 'a'));
        second.spawn(wait_for(pool, order, 'b'));
        EXPECT_TRUE(co_await schedule());
        EXPECT_TRUE(co_await schedule());
        leases.clear(); // it is told,
        first.stop();   // and may go on no more
        EXPECT_TRUE(co_await first.join());
        EXPECT_TRUE(co_await second.join());
    };
    sync_wait(on_, body());
    EXPECT_EQ(order, "-b");
}

TEST_F(coro_buffer_in, is_bounded_by_a_deadline_and_can_be_asked_again) {
    auto pool = pool_of(1);
    std::string order;
    auto const body = [&]() -> task<> {
        auto leases = co_await take_all(pool);
        auto const late = co_await timeout(wait_for(pool, order, 'a'), 1ms);
        EXPECT_TRUE(!late && late.error() == ETIME);
        leases.clear();
        EXPECT_TRUE(co_await timeout(wait_for(pool, order, 'b'), 5s));
    };
    sync_wait(on_, body());
    EXPECT_EQ(order, "-b");
}

using receiving = stream<op::recv_stream<>>;

task<result<>> receive(receiving& from, std::string& into, std::size_t bytes) {
    std::size_t const until = into.size() + bytes;
    while (into.size() < until) {
        auto const lease = co_await from.next();
        if (!lease)
            co_return fail(lease.error());
        into += text(*lease);
    }
    co_return result<>{};
}

TEST_F(coro_buffer_in, a_starved_stream_goes_on_when_others_end_their_leases) {
    auto pool = pool_of(2);
    pair_of_sockets bytes;
    std::string got;
    std::vector<buffer_lease> held;
    auto const others = [&]() -> task<result<>> {
        for (int i = 0; i < 5; ++i) {
            EXPECT_TRUE(co_await sleep_for(1ms));
            held.clear();
        }
        co_return result<>{};
    };
    auto const receiver = [&]() -> task<result<>> {
        receiving from(co_await this_strand(),
                       op::recv_stream{.fd = bytes.here, .into = pool.choose()}, pool);
        while (got.size() < 16) {
            auto lease = co_await from.next();
            EXPECT_TRUE(lease);
            if (!lease)
                break;
            got += text(*lease);
            held.push_back(std::move(*lease));
        }
        co_return result<>{};
    };
    auto const body = [&]() -> task<> {
        bytes.write("aaaabbbbccccdddd");
        co_await when_all(receiver(), others());
    };
    sync_wait(on_, body());
    held.clear();
    EXPECT_EQ(got, "aaaabbbbccccdddd");
    EXPECT_GE(pool.starvations(), 1u);
    EXPECT_LT(pool.starvations(), 5u) << "it asked without need";
    EXPECT_EQ(pool.available(), 2u);
}

TEST_F(coro_buffer_in, a_stream_with_nothing_to_receive_does_not_keep_a_buffer_from_others) {
    auto pool = pool_of(1);
    pair_of_sockets quiet, busy;
    std::string nothing, got;
    auto const body = [&]() -> task<> {
        strand& line = co_await this_strand();
        receiving silent(line, op::recv_stream{.fd = quiet.here, .into = pool.choose()}, pool);
        receiving talking(line, op::recv_stream{.fd = busy.here, .into = pool.choose()}, pool);
        auto leases = co_await take_all(pool);
        busy.write("abcdefgh");
        scope first(line), second(line);
        first.spawn(receive(silent, nothing, 4));
        EXPECT_TRUE(co_await sleep_for(1ms));
        second.spawn(receive(talking, got, 8));
        EXPECT_TRUE(co_await sleep_for(1ms));
        leases.clear();
        EXPECT_TRUE(co_await second.join());
        first.stop();
        EXPECT_TRUE(co_await first.join());
    };
    sync_wait(on_, body());
    EXPECT_EQ(got, "abcdefgh");
}

TEST_F(coro_buffer_in, a_starved_stream_can_be_stopped_asked_again_and_destroyed) {
    auto pool = pool_of(1);
    pair_of_sockets bytes;
    std::string got;
    auto const body = [&]() -> task<> {
        strand& line = co_await this_strand();
        op::recv_stream const receiving_from{.fd = bytes.here, .into = pool.choose()};
        auto leases = co_await take_all(pool);
        bytes.write("abcd");
        {
            receiving from(line, receiving_from, pool);
            auto const late = co_await timeout(receive(from, got, 4), 1ms);
            EXPECT_TRUE(!late && late.error() == ETIME);
        }
        receiving from(line, receiving_from, pool);
        for (int i = 0; i < 2; ++i) {
            auto const late = co_await timeout(receive(from, got, 4), 1ms);
            EXPECT_TRUE(!late && late.error() == ETIME);
        }
        leases.clear();
        EXPECT_TRUE(co_await timeout(receive(from, got, 4), 5s));
    };
    sync_wait(on_, body());
    EXPECT_EQ(got, "abcd");
    EXPECT_EQ(pool.available(), 1u);
}

TEST_F(coro_buffer_in, a_pool_that_grows_lets_its_stream_go_on_by_itself) {
    auto pool = buffer_ring::create(on_.ring(),
                                    {.entries = 4, .buffer_size = 4, .buffers = 1, .grows_by = 1})
                    .or_throw("buffer ring");
    pair_of_sockets bytes;
    std::string got;
    auto const body = [&]() -> task<> {
        receiving from(co_await this_strand(),
                       op::recv_stream{.fd = bytes.here, .into = pool.choose()}, pool);
        bytes.write("aaaabbbbccccdddd");
        std::vector<buffer_lease> held;
        while (got.size() < 16) {
            held.push_back((co_await from.next()).or_throw("next"));
            got += text(held.back());
        }
    };
    sync_wait(on_, body());
    EXPECT_EQ(got, "aaaabbbbccccdddd");
    EXPECT_EQ(pool.size(), 4u);
}

} // namespace
} // namespace rondo
