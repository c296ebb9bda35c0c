// SPDX-License-Identifier: MIT
// Polls, timeouts, futexes, cancels and chains: what both engines answer to rare entries.
#include <support/both_engines.hpp>

#include <rondo/abi/timespec.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace rondo {
namespace {

using namespace test;
using enum abi::opcode;

constexpr abi::timespec long_time{100, 0};
constexpr auto linked = raw(abi::sqe_flag::io_link);

class both_waits : public both_engines {
protected:
    static abi::sqe timed(abi::opcode code, std::uint64_t user_data) {
        abi::sqe e = entry(code, user_data);
        e.addr = address_of(&long_time);
        e.len = 1;
        return e;
    }
    abi::sqe wait_for_word(std::uint64_t user_data) {
        abi::sqe e = entry(futex_wait, user_data, 2 | 128); // 32 bits, of this process
        e.addr = address_of(&word_);
        e.addr3 = ~std::uint32_t{0};
        return e;
    }
    static abi::sqe cancel(std::uint64_t user_data, std::uint64_t whom) {
        abi::sqe e = entry(async_cancel, user_data);
        e.addr = whom;
        return e;
    }
    std::uint32_t word_ = 0;
    std::array<char, 16> memory_{};
};
RONDO_ON_BOTH_ENGINES(both_waits);

TEST_P(both_waits, the_end_of_the_other_side_is_told_unasked) {
    auto [ours, theirs] = unix_pair();
    theirs.reset();
    EXPECT_EQ(answer(poll(1, ours.get(), 0)), POLLHUP | POLLRDHUP);
}

TEST_P(both_waits, a_poll_is_told_of_what_a_read_takes) {
    pipe_pair const pipe;
    submit({poll(1, pipe.out.get(), POLLIN), transfer(read, 2, pipe.out.get(), memory_)});
    ASSERT_TRUE(is_quiet(1));
    pipe.write("x");
    EXPECT_EQ(next(2).res, 1);
    EXPECT_EQ(next(1).res, POLLIN);
}

TEST_P(both_waits, an_updated_poll_answers_as_often_as_before_and_tells_what_is_there) {
    auto [ours, theirs] = unix_pair();
    submit({poll(1, ours.get(), POLLOUT, true)});
    EXPECT_TRUE(more(next(1)));
    abi::sqe update = entry(poll_remove, 2);
    update.addr = 1;
    update.len = raw(abi::poll_flag::update_events);
    update.poll32_events = POLLOUT;
    EXPECT_EQ(answer(update), 0);
    abi::cqe const c = next(1);
    EXPECT_EQ(c.res, POLLOUT);
    EXPECT_TRUE(more(c));
}

TEST_P(both_waits, a_time_that_cannot_be_read_is_a_bad_address) {
    for (abi::opcode const code : {timeout, link_timeout}) {
        abi::sqe e = timed(code, 1);
        e.addr = 8;
        EXPECT_EQ(answer(e), -EFAULT);
    }
    abi::sqe e = entry(timeout_remove, 1);
    e.addr2 = 8;
    e.timeout_flags = raw(abi::timeout_flag::update);
    EXPECT_EQ(answer(e), -EFAULT);
}

TEST_P(both_waits, an_update_of_a_timeout_names_no_clock) {
    submit({timed(timeout, 1)});
    abi::sqe e = entry(timeout_remove, 2);
    e.addr = 1;
    e.addr2 = address_of(&long_time);
    e.timeout_flags = raw(abi::timeout_flag::update | abi::timeout_flag::boottime);
    EXPECT_EQ(answer(e), -EINVAL);
    EXPECT_TRUE(is_quiet(1));
}

TEST_P(both_waits, a_flag_of_link_timeouts_alone_updates_nothing_and_removes) {
    submit({timed(timeout, 1)});
    abi::sqe e = entry(timeout_remove, 2);
    e.addr = 1;
    e.addr2 = address_of(&long_time);
    e.timeout_flags = raw(abi::timeout_flag::link_timeout_update);
    EXPECT_EQ(answer(e), 0);
    EXPECT_EQ(next(1).res, -ECANCELED);
}

TEST_P(both_waits, what_came_before_a_link_timeout_was_due_counts_though_nobody_looked) {
    constexpr abi::timespec soon{0, 100'000'000};
    pipe_pair const pipe;
    abi::sqe e = transfer(read, 1, pipe.out.get(), memory_), guard = timed(link_timeout, 2);
    e.flags = linked;
    guard.addr = address_of(&soon);
    submit({e, guard});
    pipe.write("x");
    ::usleep(120'000);
    EXPECT_EQ(next(1).res, 1);
    EXPECT_EQ(next(2).res, -ECANCELED);
}

TEST_P(both_waits, a_poll_of_many_tells_what_is_there_before_its_time_is_up) {
    constexpr abi::timespec soon{0, 1'000'000};
    pipe_pair const pipe;
    pipe.write("x");
    abi::sqe e = poll(1, pipe.out.get(), POLLIN, true), guard = timed(link_timeout, 2);
    e.flags = linked;
    guard.addr = address_of(&soon);
    submit({e, guard});
    ::usleep(2'000);
    abi::cqe const first = next(1);
    EXPECT_EQ(first.res, POLLIN);
    EXPECT_TRUE(more(first));
    EXPECT_EQ(next(1).res, -ECANCELED);
    EXPECT_EQ(next(2).res, -ETIME);
}

TEST_P(both_waits, a_count_has_in_it_what_its_own_submission_ends) {
    abi::sqe counted = timed(timeout, 1);
    counted.off = 3;
    submit({entry(nop, 2), counted, entry(nop, 3)});
    EXPECT_TRUE(is_quiet(1));
    EXPECT_EQ(answer(entry(nop, 4)), 0);
    EXPECT_EQ(next(1).res, 0);
}

TEST_P(both_waits, a_count_that_nobody_reaches_leaves_the_time) {
    constexpr abi::timespec soon{0, 1'000'000};
    abi::sqe e = timed(timeout, 1);
    e.addr = address_of(&soon);
    e.off = ~std::uint32_t{0};
    submit({e, entry(nop, 2)});
    EXPECT_EQ(next(1).res, -ETIME);
}

TEST_P(both_waits, a_cancelled_wait_for_a_word_lets_its_chain_go_on) {
    abi::sqe e = wait_for_word(1);
    e.flags = linked;
    submit({e, entry(nop, 2)});
    if (GetParam() == engine::kernel && !seen_.empty())
        GTEST_SKIP() << "no futexes in this kernel's rings";
    ASSERT_TRUE(is_quiet(1));
    EXPECT_EQ(answer(cancel(3, 1)), 1) << "the kernel counts those";
    EXPECT_EQ(next(1).res, -ECANCELED);
    EXPECT_EQ(next(2).res, 0);
}

TEST_P(both_waits, a_cancel_by_descriptor_is_of_a_file_whatever_names_it) {
    pipe_pair const pipe, other;
    std::array<std::int32_t, 2> slots{other.out.get(), pipe.out.get()};
    ASSERT_EQ(ring_.register_(abi::register_op::files, slots.data(), 2), 0);
    unique_fd const copy(::dup(pipe.out.get()));
    abi::sqe by_slot = transfer(read, 1, 1, memory_);
    by_slot.flags = raw(abi::sqe_flag::fixed_file);
    submit({by_slot, poll(2, copy.get(), POLLIN), poll(3, other.out.get(), POLLIN)});
    ASSERT_TRUE(is_quiet(1));
    abi::sqe all = entry(async_cancel, 4, pipe.out.get());
    all.cancel_flags = raw(abi::cancel_flag::fd | abi::cancel_flag::all);
    EXPECT_EQ(answer(all), 2);
    EXPECT_EQ(next(1).res, -ECANCELED);
    EXPECT_EQ(next(2).res, -ECANCELED);
    EXPECT_TRUE(is_quiet(3));
    all.fd = 0;
    all.cancel_flags |= raw(abi::cancel_flag::fd_fixed);
    EXPECT_EQ(answer(all), 1);
    EXPECT_EQ(next(3).res, -ECANCELED);
}

TEST_P(both_waits, a_file_that_gives_no_access_is_none_to_a_nop_or_a_cancel) {
    unique_fd const path(::open("/", O_PATH | O_CLOEXEC));
    abi::sqe e = entry(nop, 1, path.get());
    e.nop_flags = raw(abi::nop_flag::file);
    std::int32_t const refused = answer(e);
    if (GetParam() == engine::kernel && refused == -EINVAL)
        GTEST_SKIP() << "no nop of this kernel looks at files";
    EXPECT_EQ(refused, -EBADF);
    abi::sqe stop = entry(async_cancel, 2, path.get());
    stop.cancel_flags = raw(abi::cancel_flag::fd);
    EXPECT_EQ(answer(stop), -EBADF);
}

TEST_P(both_waits, a_cancel_by_descriptor_finds_a_splice_by_where_it_goes_alone) {
    pipe_pair const from, to;
    abi::sqe e = entry(splice, 1, to.in.get());
    e.splice_fd_in = from.out.get();
    e.off = e.splice_off_in = ~std::uint64_t{0};
    e.len = 1;
    submit({e});
    ASSERT_TRUE(is_quiet(1));
    abi::sqe stop = entry(async_cancel, 2, from.out.get());
    stop.cancel_flags = raw(abi::cancel_flag::fd);
    EXPECT_EQ(answer(stop), -ENOENT);
    from.write("x");
    EXPECT_EQ(next(1).res, 1);
}

TEST_P(both_waits, a_cancel_by_descriptor_spares_who_waits_for_what_had_that_number_before) {
    pipe_pair pipe, other;
    submit({poll(1, pipe.out.get(), POLLIN)});
    ASSERT_TRUE(is_quiet(1));
    ASSERT_EQ(::dup2(other.out.get(), pipe.out.get()), pipe.out.get());
    abi::sqe e = entry(async_cancel, 2, pipe.out.get());
    e.cancel_flags = raw(abi::cancel_flag::fd);
    EXPECT_EQ(answer(e), -ENOENT);
    pipe.write("x");
    EXPECT_EQ(next(1).res, POLLIN);
}

TEST_P(both_waits, a_shutdown_that_the_protocol_refuses_breaks_no_chain) {
    auto [ours, theirs] = unix_pair();
    abi::sqe e = entry(shutdown, 1, ours.get());
    e.len = 77;
    e.flags = linked;
    submit({e, entry(nop, 2)});
    EXPECT_EQ(next(1).res, -EINVAL);
    EXPECT_EQ(next(2).res, 0);
}

TEST_P(both_waits, the_guard_of_a_silent_head_is_told_when_the_chain_is_refused) {
    abi::sqe head = entry(nop, 1), guard = timed(link_timeout, 2), bad = entry(nop, 3);
    head.flags = raw(abi::sqe_flag::io_link | abi::sqe_flag::cqe_skip_success);
    guard.flags = linked;
    bad.nop_flags = 1u << 30;
    submit({head, guard, bad});
    EXPECT_EQ(next(1).res, -ECANCELED);
    EXPECT_EQ(next(2).res, -ECANCELED);
    EXPECT_TRUE(is_quiet(3));
}

} // namespace
} // namespace rondo
