// SPDX-License-Identifier: MIT
// Reservations: filled in at leisure, submitted together, and without a trace when given up.
#include "shared_test.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace rondo {
namespace {

using namespace test;

class shared_reservations : public shared_matrix {
protected:
    [[nodiscard]] reservation reserve(std::uint32_t n) {
        return shared_->reserve(n).or_throw("reserve");
    }
};
RONDO_FOR_EVERY_SHAPE(shared_reservations);

TEST_P(shared_reservations, what_was_added_is_submitted_together) {
    reservation batch = reserve(entries());
    EXPECT_EQ(batch.size(), entries());
    std::vector<ticket<op::nop>> tickets;
    for (std::uint32_t i = 0; i < entries(); ++i) {
        EXPECT_EQ(batch.added(), i);
        tickets.push_back(batch.add(numbered_nop(static_cast<std::int32_t>(i))));
        EXPECT_FALSE(shared_->poll(tickets.back()));
    }
    EXPECT_EQ(shared_->statistics().submitted, 0u);
    EXPECT_TRUE(holds(batch.commit()));
    EXPECT_EQ(shared_->statistics().submitted, entries());
    for (std::uint32_t i = 0; i < entries(); ++i)
        EXPECT_TRUE(holds(shared_->wait(tickets[i]), i));
    if (GetParam().options.submit_delay_ns == 0 && !has_poller()) {
        EXPECT_EQ(shared_->statistics().enters, 1u);
    }
}

TEST_P(shared_reservations, the_order_of_the_additions_is_kept) {
    pipe_pair const pipe;
    for (int round = 0; round < 10; ++round) {
        reservation batch = reserve(2);
        auto const first = batch.add(op::write{pipe.in, bytes_of("a")});
        auto const second = batch.add(op::write{pipe.in, bytes_of("b")});
        EXPECT_TRUE(holds(batch.commit()));
        EXPECT_TRUE(holds(shared_->wait(second), 1u));
        EXPECT_TRUE(holds(shared_->wait(first), 1u));
        char text[2];
        ASSERT_EQ(::read(pipe.out.get(), text, 2), 2);
        EXPECT_EQ(std::string_view(text, 2), "ab");
    }
}

TEST_P(shared_reservations, one_that_is_partly_filled_gives_the_rest_back) {
    for (std::int32_t i = 0; i < 200; ++i) {
        reservation batch = reserve(2);
        auto const only = batch.add(numbered_nop(i));
        EXPECT_TRUE(holds(batch.commit()));
        EXPECT_TRUE(holds(shared_->wait(only), i));
    }
    EXPECT_EQ(shared_->statistics().submitted, 200u);
}

TEST_P(shared_reservations, one_that_is_given_up_leaves_nothing_behind) {
    auto const before = shared_->statistics();
    std::set<flight_slot*> slots;
    for (int i = 0; i < 1000; ++i) {
        reservation batch = reserve(2);
        auto const never = batch.add(op::nop{});
        slots.insert(never.name().slot);
        if (i % 2 == 0)
            static_cast<void>(batch.add(op::nop{}));
        reservation const moved(std::move(batch));
    }
    EXPECT_LE(slots.size(), 64u * std::max(GetParam().options.shards, 2u))
        << "slots are used again";
    EXPECT_TRUE(holds(reserve(1).commit())) << "nothing was added";
    auto const after = shared_->statistics();
    EXPECT_EQ(after.submitted, before.submitted);
    EXPECT_EQ(after.enters, before.enters);
    EXPECT_EQ(after.in_flight, 0u);
    EXPECT_EQ(after.sq_tail, before.sq_tail);
    EXPECT_TRUE(holds(shared_->run(numbered_nop(9)), 9));
}

TEST_P(shared_reservations, tickets_of_one_that_was_given_up_are_refused) {
    ticket<op::nop> never;
    {
        reservation batch = reserve(1);
        never = batch.add(op::nop{});
    }
    EXPECT_TRUE(fails(shared_->wait(never), ESTALE));
    EXPECT_TRUE(fails(shared_->cancel(never), ESTALE));
    EXPECT_TRUE(shared_->poll(never));
}

TEST_P(shared_reservations, one_holds_up_no_other_thread) {
    reservation const held = reserve(entries());
    reservation const held_too = reserve(entries());
    on_threads(4, [&](std::size_t t) {
        for (std::int32_t i = 0; i < 100; ++i)
            EXPECT_TRUE(holds(shared_->run(numbered_nop(i + static_cast<std::int32_t>(t))),
                              i + static_cast<std::int32_t>(t)));
    });
}

TEST_P(shared_reservations, more_than_the_queue_holds_is_refused) {
    EXPECT_TRUE(fails(shared_->reserve(entries() + 1), EINVAL, cause::too_long));
    EXPECT_TRUE(fails(shared_->reserve(0), EINVAL));
    EXPECT_TRUE(fails(shared_->reserve(0xffff'ffff), EINVAL, cause::too_long));
}

TEST_P(shared_reservations, a_moved_one_goes_on_where_it_was) {
    reservation first = reserve(2);
    auto const a = first.add(numbered_nop(1));
    reservation second(std::move(first));
    auto const b = second.add(numbered_nop(2));
    reservation third = reserve(1);
    auto const lost = third.add(numbered_nop(3));
    third = std::move(second);
    EXPECT_EQ(third.added(), 2u);
    EXPECT_TRUE(fails(shared_->wait(lost), ESTALE));
    EXPECT_TRUE(holds(third.commit()));
    EXPECT_TRUE(holds(shared_->wait(a), 1));
    EXPECT_TRUE(holds(shared_->wait(b), 2));
}

TEST_P(shared_reservations, one_committed_by_another_thread_after_its_makers_end_works) {
    std::optional<reservation> batch;
    std::optional<ticket<op::nop>> later;
    std::jthread([&] {
        batch.emplace(reserve(1));
        later = batch->add(numbered_nop(4));
    }).join();
    EXPECT_TRUE(holds(batch->commit()));
    EXPECT_TRUE(holds(shared_->wait(*later), 4));
}

TEST_P(shared_reservations, many_threads_commit_full_batches) {
    on_threads(12, [&](std::size_t t) {
        for (int round = 0; round < 40; ++round) {
            reservation batch = reserve(entries());
            std::vector<ticket<op::nop>> tickets;
            for (std::uint32_t i = 0; i < entries(); ++i)
                tickets.push_back(batch.add(numbered_nop(static_cast<std::int32_t>(t * 100 + i))));
            EXPECT_TRUE(holds(batch.commit()));
            for (std::uint32_t i = 0; i < entries(); ++i)
                EXPECT_TRUE(holds(shared_->wait(tickets[i]), t * 100 + i));
        }
    });
    EXPECT_EQ(shared_->statistics().in_flight, 0u);
}

} // namespace
} // namespace rondo
