// SPDX-License-Identifier: MIT
// The end of a shared ring: stop wakes everybody, drains, and nothing is lost or left open.
#include "shared_test.hpp"

#include <rondo/op/all.hpp>

#include <dirent.h>

namespace rondo {
namespace {

using namespace test;

[[nodiscard]] int open_descriptors() {
    int n = 0;
    ::DIR* const all = ::opendir("/proc/self/fd");
    while (::readdir(all) != nullptr)
        ++n;
    ::closedir(all);
    return n;
}

class shared_stop : public shared_matrix {};
RONDO_FOR_EVERY_SHAPE(shared_stop);

TEST_P(shared_stop, refuses_all_that_comes_later) {
    auto const before = shared_->submit(numbered_nop(1)).or_throw("submit");
    reservation batch = shared_->reserve(1).or_throw("reserve");
    auto const late = batch.add(op::nop{});
    EXPECT_FALSE(shared_->is_stopped());
    shared_->stop();
    EXPECT_TRUE(shared_->is_stopped());
    EXPECT_TRUE(fails(shared_->run(op::nop{}), ESHUTDOWN, cause::ended));
    EXPECT_TRUE(fails(shared_->run(op::nop{}, 1ms), ESHUTDOWN, cause::ended));
    EXPECT_TRUE(fails(shared_->submit(op::nop{}), ESHUTDOWN, cause::ended));
    EXPECT_TRUE(fails(shared_->submit(op::link(op::nop{}, op::nop{})), ESHUTDOWN, cause::ended));
    EXPECT_TRUE(fails(batch.commit(), ESHUTDOWN, cause::ended));
    EXPECT_TRUE(fails(shared_->wait(late), ESTALE));
    EXPECT_TRUE(fails(shared_->push(op::nop{}, 1), ESHUTDOWN, cause::ended));
    EXPECT_TRUE(fails(shared_->next(), ESHUTDOWN, cause::ended));
    EXPECT_TRUE(holds(shared_->wait(before), 1)) << "what was over before is still there";
    shared_->stop();
    EXPECT_EQ(shared_->statistics().in_flight, 0u);
}

TEST_P(shared_stop, wakes_all_waiters_with_their_completions) {
    std::array<pipe_pair, 10> pipes;
    std::vector<std::jthread> waiters;
    std::atomic<std::size_t> started{0};
    for (std::size_t i = 0; i < pipes.size(); ++i)
        waiters.emplace_back([&, i] {
            std::array<char, 4> memory{};
            ++started;
            result<std::size_t> end = 0;
            if (i % 3 == 0)
                end = shared_->run(op::read{pipes[i].out, memory});
            else if (i % 3 == 1)
                end = shared_->run(op::read{pipes[i].out, memory}, 1h);
            else if (auto const later = shared_->submit(op::read{pipes[i].out, memory}))
                end = shared_->wait(*later);
            else
                end = fail(later.error());
            EXPECT_TRUE(!end && (end.error() == ECANCELED || end.error() == ESHUTDOWN)) << why(end);
        });
    std::jthread stream([&] {
        EXPECT_TRUE(fails(shared_->next(), ESHUTDOWN, cause::ended));
        ++started;
    });
    ASSERT_TRUE(eventually([&] { return started >= pipes.size(); }));
    std::this_thread::sleep_for(10ms);
    shared_->stop();
    waiters.clear();
    stream.join();
    EXPECT_EQ(shared_->statistics().in_flight, 0u);
}

TEST_P(shared_stop, by_several_threads_among_busy_ones_ends) {
    std::atomic<std::uint64_t> done{0};
    std::vector<std::jthread> busy;
    for (std::int32_t t = 0; t < 8; ++t)
        busy.emplace_back([&, t] {
            for (std::int32_t i = 0;; ++i) {
                auto const end = shared_->run(numbered_nop(t + i));
                if (!end) {
                    EXPECT_EQ(end.error(), ESHUTDOWN) << why(end);
                    return;
                }
                EXPECT_EQ(*end, t + i);
                ++done;
            }
        });
    ASSERT_TRUE(eventually([&] { return done > 200; }));
    on_threads(2, [&](std::size_t) { shared_->stop(); });
    busy.clear();
    EXPECT_EQ(shared_->statistics().in_flight, 0u);
}

TEST_P(shared_stop, ends_operations_that_nobody_waits_for) {
    pipe_pair const pipe;
    std::array<std::array<char, 4>, 20> memory{};
    std::vector<ticket<op::read<>>> tickets;
    for (auto& m : memory)
        tickets.push_back(shared_->submit(op::read{pipe.out, m}).or_throw("submit"));
    auto const chain =
        shared_->submit(op::link(op::read{pipe.out, memory[0]}, op::nop{})).or_throw("submit");
    op::timeout const hour{.when = 1h};
    auto const timeout = shared_->submit(hour).or_throw("submit");
    auto const worker =
        shared_->submit(op::async(op::read{pipe.out, memory[1]})).or_throw("submit");
    shared_->stop();
    for (auto const& t : tickets)
        EXPECT_TRUE(fails(shared_->wait(t), ECANCELED));
    EXPECT_TRUE(fails(std::get<0>(shared_->wait(chain)), ECANCELED));
    EXPECT_TRUE(fails(shared_->wait(timeout), ECANCELED));
    EXPECT_TRUE(!shared_->wait(worker).has_value());
}

TEST_P(shared_stop, destruction_closes_what_unclaimed_tickets_brought) {
    unique_fd const listener = tcp_listener();
    int const before = open_descriptors();
    {
        std::vector<unique_fd> clients;
        shared_ring own = make_shared(GetParam().options);
        std::vector<ticket<op::accept<>>> accepted;
        std::vector<ticket<op::openat<>>> opened;
        for (int i = 0; i < 3; ++i) {
            accepted.push_back(own.submit(op::accept{.fd = listener}).or_throw("submit"));
            opened.push_back(own.submit(op::openat{.path = "/dev/null"}).or_throw("submit"));
            clients.push_back(tcp_client(listener));
        }
        for (auto const& t : accepted)
            ASSERT_TRUE(eventually([&] { return own.poll(t); }));
        EXPECT_TRUE(holds(own.wait(opened[0])));
        // Of the others nobody even looks at the result.
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST_P(shared_stop, destruction_with_operations_in_flight_leaves_memory_alone) {
    pipe_pair const pipe;
    std::array<char, 16> memory{};
    {
        shared_ring const own = [&] {
            shared_ring made = make_shared(GetParam().options);
            for (int i = 0; i < 3; ++i)
                static_cast<void>(made.submit(op::read{pipe.out, memory}).or_throw("submit"));
            return made;
        }();
    }
    pipe.write("abc");
    std::this_thread::sleep_for(5ms);
    EXPECT_EQ(memory, (std::array<char, 16>{})) << "and it can be touched";
}

TEST_P(shared_stop, a_moved_ring_goes_on_and_the_other_ends) {
    auto const later = shared_->submit(numbered_nop(6)).or_throw("submit");
    shared_ring moved(std::move(*shared_));
    EXPECT_TRUE(holds(moved.wait(later), 6));
    shared_ring other = make_shared({.shards = 1, .entries = 4});
    other = std::move(moved);
    EXPECT_TRUE(holds(other.run(numbered_nop(7)), 7));
    shared_.reset();
}

} // namespace
} // namespace rondo
