// SPDX-License-Identifier: MIT

#include <rondo/op/receive.hpp>
#include <rondo/ring/buffer_hook.hpp>
#include <rondo/ring/buffer_ring.hpp>

#include <support/child.hpp>
#include <support/pool_test.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rondo {
namespace {

using test::text;

/// Writes down what it is told.
class listener final : public buffer_hook {
public:
    explicit listener(buffer_ring& pool) : buffer_hook(pool, &told) {}

    std::vector<news> heard;

private:
    static void told(buffer_hook& h, news what) noexcept {
        static_cast<listener&>(h).heard.push_back(what);
    }
};

using all_news = std::vector<buffer_hook::news>;
constexpr auto returned = buffer_hook::news::returned;
constexpr auto left_over = buffer_hook::news::left_over;

class ring_buffer_hook : public test::pool_test {
protected:
    /// Empties `from`.
    std::vector<buffer_lease> take_all(buffer_ring& from) {
        std::vector<buffer_lease> out;
        while (from.available() != 0) {
            write_there("x");
            out.push_back(receive(from).or_throw("recv"));
        }
        return out;
    }
};

TEST_F(ring_buffer_hook, a_pool_counts_the_operations_that_it_starved) {
    auto buffers = pool({.entries = 2, .buffer_size = 4});
    auto leases = take_all(buffers);
    EXPECT_EQ(buffers.starvations(), 0u);
    RONDO_EXPECT_ERROR(receive(buffers), ENOBUFS);
    RONDO_EXPECT_ERROR(receive(buffers), ENOBUFS);
    EXPECT_EQ(buffers.starvations(), 2u);
    leases.clear();
    RONDO_EXPECT_ERROR(receive(buffers), EAGAIN);
    EXPECT_EQ(buffers.starvations(), 2u);
}

TEST_F(ring_buffer_hook, passes_at_once_where_there_is_a_buffer) {
    auto buffers = pool({.entries = 1, .buffer_size = 4});
    listener one(buffers);
    EXPECT_TRUE(one.pass_or_wait());
    EXPECT_FALSE(one.is_in_line());
}

TEST_F(ring_buffer_hook, one_buffer_that_comes_back_is_news_for_one_in_order_of_arrival) {
    auto buffers = pool({.entries = 2, .buffer_size = 4});
    auto leases = take_all(buffers);
    listener one(buffers), two(buffers), three(buffers);
    for (listener* const l : {&one, &two, &three})
        EXPECT_FALSE(l->pass_or_wait());
    leases.pop_back();
    EXPECT_EQ(one.heard, all_news{returned});
    EXPECT_EQ(two.heard, all_news{});
    leases.pop_back();
    EXPECT_EQ(one.heard, all_news{returned});
    EXPECT_EQ(two.heard, all_news{returned});
    EXPECT_EQ(three.heard, all_news{});
    listener late(buffers);
    EXPECT_FALSE(late.pass_or_wait()) << "others wait";
    EXPECT_TRUE(one.pass_or_wait());
    EXPECT_TRUE(two.pass_or_wait());
}

TEST_F(ring_buffer_hook, who_goes_on_passes_on_what_may_be_left) {
    auto buffers = pool({.entries = 1, .buffer_size = 4});
    auto leases = take_all(buffers);
    listener one(buffers), two(buffers), three(buffers);
    for (listener* const l : {&one, &two, &three})
        EXPECT_FALSE(l->pass_or_wait());
    leases.clear();
    EXPECT_TRUE(one.pass_or_wait());
    EXPECT_EQ(two.heard, all_news{left_over});
    EXPECT_EQ(three.heard, all_news{});
    leases = take_all(buffers); // the first is served
    EXPECT_FALSE(two.pass_or_wait());
    leases.clear();
    EXPECT_EQ(two.heard, (all_news{left_over, returned}));
    EXPECT_EQ(three.heard, all_news{});
    EXPECT_TRUE(two.pass_or_wait());
    EXPECT_EQ(three.heard, all_news{left_over});
    EXPECT_TRUE(three.pass_or_wait()); // the second had nothing to receive
}

TEST_F(ring_buffer_hook, who_was_told_and_waits_no_more_passes_it_on) {
    auto buffers = pool({.entries = 1, .buffer_size = 4});
    auto leases = take_all(buffers);
    listener two(buffers), three(buffers);
    {
        listener one(buffers);
        for (listener* const l : {&one, &two, &three})
            EXPECT_FALSE(l->pass_or_wait());
        leases.clear();
        EXPECT_EQ(one.heard, all_news{returned});
    }
    EXPECT_EQ(two.heard, all_news{returned});
    two.leave();
    EXPECT_EQ(three.heard, all_news{returned});
    EXPECT_TRUE(three.pass_or_wait());
}

TEST_F(ring_buffer_hook, one_that_leaves_the_middle_of_the_line_is_not_missed) {
    auto buffers = pool({.entries = 2, .buffer_size = 4});
    auto leases = take_all(buffers);
    listener one(buffers), two(buffers), three(buffers);
    for (listener* const l : {&one, &two, &three})
        EXPECT_FALSE(l->pass_or_wait());
    two.leave();
    leases.clear();
    EXPECT_EQ(two.heard, all_news{});
    EXPECT_TRUE(one.pass_or_wait());
    EXPECT_TRUE(three.pass_or_wait());
    listener last(buffers);
    EXPECT_TRUE(last.pass_or_wait());
}

TEST_F(ring_buffer_hook, others_that_were_faster_cost_nobody_his_place) {
    auto buffers = pool({.entries = 1, .buffer_size = 4});
    auto leases = take_all(buffers);
    listener one(buffers), two(buffers);
    EXPECT_FALSE(one.pass_or_wait());
    EXPECT_FALSE(two.pass_or_wait());
    leases.clear();
    leases = take_all(buffers);
    EXPECT_FALSE(one.pass_or_wait());
    leases.clear();
    EXPECT_EQ(one.heard, (all_news{returned, returned}));
    EXPECT_EQ(two.heard, all_news{});
}

TEST_F(ring_buffer_hook, a_buffer_that_a_worker_thread_waits_with_does_not_count_as_there) {
    auto buffers = pool({.entries = 1, .buffer_size = 4});
    op::read const like{.fd = pipe_, .into = buffers.choose()};
    auto const write_end = start_blocked_read(buffers, 7);
    EXPECT_EQ(buffers.available(), 1u);
    listener one(buffers);
    EXPECT_FALSE(one.pass_or_wait());
    ASSERT_EQ(::write(write_end.get(), "x", 1), 1);
    EXPECT_EQ(text(op::value_of(like, next()).or_throw("read")), "x");
    EXPECT_EQ(one.heard, all_news{returned});
    EXPECT_TRUE(one.pass_or_wait());
}

TEST_F(ring_buffer_hook, of_a_sending_pool_waits_for_a_buffer_to_fill) {
    auto buffers = pool({.entries = 1, .buffer_size = 4, .sending = true});
    auto lease = buffers.take().or_throw("take");
    listener one(buffers);
    EXPECT_FALSE(one.pass_or_wait());
    lease.reset();
    EXPECT_EQ(one.heard, all_news{returned});
    EXPECT_TRUE(one.pass_or_wait());
}

TEST_F(ring_buffer_hook, new_buffers_are_news_too) {
    auto buffers = pool({.entries = 2, .buffer_size = 4, .buffers = 1});
    auto const leases = take_all(buffers);
    listener one(buffers);
    EXPECT_FALSE(one.pass_or_wait());
    RONDO_EXPECT_OK(buffers.grow(1));
    EXPECT_EQ(one.heard, all_news{returned});
}

TEST_F(ring_buffer_hook, a_pool_grows_by_itself_up_to_its_capacity) {
    auto buffers = pool({.entries = 4, .buffer_size = 4, .buffers = 1, .grows_by = 2});
    auto leases = take_all(buffers);
    for (std::uint32_t const expected : {3u, 4u, 4u}) {
        RONDO_EXPECT_ERROR(receive(buffers), ENOBUFS);
        EXPECT_EQ(buffers.size(), expected);
        for (auto& lease : take_all(buffers))
            leases.push_back(std::move(lease));
    }
    leases.clear();
    EXPECT_EQ(buffers.available(), 4u);
    EXPECT_EQ(buffers.untouched().or_throw("status"), 4u);
}

TEST_F(ring_buffer_hook, an_operation_may_tell_of_its_starvation_when_the_pool_has_ended) {
    std::optional<buffer_ring> buffers =
        pool({.entries = 2, .buffer_size = 8, .buffers = 1, .grows_by = 1});
    op::recv const waiting{.fd = here_, .into = buffers->choose()};
    listener one(*buffers);
    ASSERT_TRUE(ring_.push(waiting, 1));
    ASSERT_TRUE(ring_.submit());
    EXPECT_TRUE(one.has_pool());
    buffers.reset();
    EXPECT_FALSE(one.has_pool());
    write_there("abc");
    RONDO_EXPECT_ERROR(op::value_of(waiting, next()), ENOBUFS);
    buffers = pool({.entries = 2, .buffer_size = 8});
    EXPECT_EQ(buffers->starvations(), 0u);
}

TEST_F(ring_buffer_hook, a_pool_that_ends_while_it_is_waited_for_aborts) {
    auto const end = test::in_child([&] {
        auto r = ring::create({.entries = 4}).or_throw("ring");
        std::optional<buffer_ring> buffers =
            buffer_ring::create(r, {.entries = 1, .buffer_size = 4}).or_throw("buffer ring");
        write_there("a");
        std::optional<buffer_lease> lease =
            r.run(op::recv{.fd = here_, .into = buffers->choose()}).or_throw("recv");
        listener one(*buffers);
        EXPECT_FALSE(one.pass_or_wait());
        lease.reset();
        buffers.reset();
    });
    EXPECT_TRUE(end.aborted_with("a buffer ring ended while somebody waits")) << end;
}

} // namespace
} // namespace rondo
