// SPDX-License-Identifier: MIT
// submit_delay: submissions gathered for a while and sent together, and nobody hangs on it.
#include "shared_test.hpp"

#include <rondo/op/all.hpp>

namespace rondo {
namespace {

using namespace test;
using clock = std::chrono::steady_clock;

/// Long enough that no test sees its end.
constexpr std::int64_t an_hour = 3'600'000'000'000;

[[nodiscard]] shared_ring delayed_by(std::int64_t ns) {
    return make_shared({.shards = 1, .entries = 64, .submit_delay_ns = ns});
}

TEST(shared_delay, gathers_submissions_for_one_enter) {
    shared_ring shared = delayed_by(an_hour);
    std::vector<ticket<op::nop>> tickets;
    for (std::int32_t i = 0; i < 32; ++i)
        tickets.push_back(shared.submit(numbered_nop(i)).or_throw("submit"));
    EXPECT_EQ(shared.statistics().submitted, 32u);
    EXPECT_EQ(shared.statistics().enters, 0u);
    EXPECT_TRUE(holds(shared.wait(tickets[31]), 31));
    EXPECT_EQ(shared.statistics().enters, 1u);
    for (std::int32_t i = 0; i < 31; ++i)
        EXPECT_TRUE(holds(shared.wait(tickets[static_cast<std::size_t>(i)]), i));
    EXPECT_EQ(shared.statistics().enters, 1u);
}

TEST(shared_delay, ends_with_the_next_submission_after_it) {
    shared_ring shared = delayed_by(5'000'000);
    auto const first = shared.submit(op::nop{}).or_throw("submit");
    EXPECT_EQ(shared.statistics().enters, 0u);
    std::this_thread::sleep_for(6ms);
    EXPECT_EQ(shared.statistics().enters, 0u) << "no thread does it";
    auto const second = shared.submit(op::nop{}).or_throw("submit");
    EXPECT_EQ(shared.statistics().enters, 1u);
    EXPECT_TRUE(shared.poll(first));
    EXPECT_TRUE(shared.poll(second));
    EXPECT_EQ(shared.statistics().enters, 1u);
}

TEST(shared_delay, ends_with_the_next_poll_after_it) {
    shared_ring shared = delayed_by(5'000'000);
    auto const later = shared.submit(op::nop{}).or_throw("submit");
    std::this_thread::sleep_for(6ms);
    EXPECT_TRUE(eventually([&] { return shared.poll(later); }));
    EXPECT_EQ(shared.statistics().enters, 1u);

    shared_ring patient = delayed_by(an_hour);
    auto const much_later = patient.submit(op::nop{}).or_throw("submit");
    EXPECT_FALSE(patient.poll(much_later));
    EXPECT_EQ(patient.statistics().enters, 0u);
}

TEST(shared_delay, ends_with_flush_and_with_a_full_queue) {
    shared_ring shared = delayed_by(an_hour);
    auto const later = shared.submit(op::nop{}).or_throw("submit");
    EXPECT_TRUE(holds(shared.flush()));
    EXPECT_TRUE(shared.poll(later));
    std::vector<ticket<op::nop>> tickets;
    for (std::int32_t i = 0; i < 200; ++i)
        tickets.push_back(shared.submit(numbered_nop(i)).or_throw("submit"));
    EXPECT_TRUE(shared.poll(tickets[0]));
    EXPECT_FALSE(shared.poll(tickets[199]));
    EXPECT_TRUE(holds(shared.flush()));
    for (std::int32_t i = 0; i < 200; ++i)
        EXPECT_TRUE(holds(shared.wait(tickets[static_cast<std::size_t>(i)]), i));
}

TEST(shared_delay, delays_no_call_that_waits) {
    shared_ring shared = delayed_by(an_hour);
    auto const start = clock::now();
    pipe_pair const pipe;
    std::array<char, 4> memory{};
    EXPECT_TRUE(holds(shared.run(numbered_nop(1)), 1));
    EXPECT_TRUE(holds(std::get<1>(shared.run(op::link(op::nop{}, numbered_nop(2)))), 2));
    EXPECT_TRUE(fails(shared.run(op::read{pipe.out, memory}, 1ms), ETIME));
    EXPECT_TRUE(holds(shared.push(op::nop{}, 6)));
    EXPECT_TRUE(holds(shared.next(patience)));
    auto const read = shared.submit(op::read{pipe.out, memory}).or_throw("submit");
    EXPECT_TRUE(holds(shared.cancel(read)));
    EXPECT_TRUE(fails(shared.wait(read, patience), ECANCELED));
    auto const again = shared.submit(op::read{pipe.out, memory}).or_throw("submit");
    EXPECT_TRUE(holds(shared.cancel(op::cancel_match::fd(pipe.out)), 1u));
    EXPECT_TRUE(fails(shared.wait(again, patience), ECANCELED));
    EXPECT_LT(clock::now() - start, 10s);
}

TEST(shared_delay, a_thread_asleep_is_not_kept_from_what_another_gathers) {
    shared_ring shared = delayed_by(an_hour);
    pipe_pair const pipe;
    std::array<char, 4> memory{};
    std::jthread reader([&] { EXPECT_TRUE(holds(shared.run(op::read{pipe.out, memory}), 1u)); });
    std::this_thread::sleep_for(5ms);
    auto const write = shared.submit(op::write{pipe.in, bytes_of("x")}).or_throw("submit");
    EXPECT_TRUE(holds(shared.wait(write, patience), 1u));
}

TEST(shared_delay, stop_and_destruction_send_what_is_left) {
    pipe_pair const pipe;
    {
        shared_ring shared = delayed_by(an_hour);
        auto const written = shared.submit(op::write{pipe.in, bytes_of("ab")}).or_throw("submit");
        shared.stop();
        EXPECT_TRUE(holds(shared.wait(written), 2u));
        shared_ring other = delayed_by(an_hour);
        static_cast<void>(other.submit(op::write{pipe.in, bytes_of("cd")}).or_throw("submit"));
    }
    char text[4];
    ASSERT_EQ(::read(pipe.out.get(), text, 4), 4);
    EXPECT_EQ(std::string_view(text, 4), "abcd");
}

TEST(shared_delay, of_many_threads_takes_fewer_enters) {
    auto const enters_with = [](std::int64_t delay) {
        shared_ring shared = delayed_by(delay);
        on_threads(8, [&](std::size_t) {
            std::vector<ticket<op::nop>> tickets;
            for (std::int32_t i = 0; i < 200; ++i) {
                tickets.push_back(shared.submit(numbered_nop(i)).or_throw("submit"));
                if (tickets.size() == 20) {
                    for (auto const& t : tickets)
                        EXPECT_TRUE(holds(shared.wait(t)));
                    tickets.clear();
                }
            }
        });
        return shared.statistics().enters;
    };
    EXPECT_LT(enters_with(1'000'000), enters_with(0) / 2);
}

} // namespace
} // namespace rondo
