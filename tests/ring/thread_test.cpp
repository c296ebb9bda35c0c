// SPDX-License-Identifier: MIT
// Which thread a ring belongs to.
#include <support/child.hpp>
#include <support/matrix.hpp>
#include <support/pipe_pair.hpp>

#include <rondo/abi/probe.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/modifier.hpp>
#include <rondo/op/poll.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/ring_message.hpp>

#include <gtest/gtest.h>

#include <poll.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <thread>

namespace rondo {
namespace {

using namespace test;

/// Runs something on a thread of its own, to its end.
template <class Body>
void elsewhere(Body body) {
    std::thread(std::move(body)).join();
}

class ring_thread : public matrix_test {
protected:
    /// Kernels tie such a ring to the thread that made it, not to the one that uses it first.
    [[nodiscard]] static bool is_tied_when_made() {
        set_up const& how = GetParam();
        return how.has(abi::setup::registered_fd_only) ||
               (how.has(abi::setup::single_issuer) && !how.has(abi::setup::r_disabled));
    }
};
RONDO_FOR_EVERY_SET_UP(ring_thread);

TEST_P(ring_thread, a_ring_moves_freely_before_it_is_used) {
    if (is_tied_when_made())
        GTEST_SKIP() << "in this set-up a ring belongs to the thread that makes it";
    ring r = make();
    push(r, op::nop{}, 1); // is not use enough
    elsewhere([&] {
        ring here(std::move(r));
        elsewhere([&] {
            ring there(std::move(here));
            EXPECT_EQ(next(there).user_data, 1u);
            EXPECT_EQ(there.run(op::nop{}).or_throw("run"), 0);
        });
    });
}

TEST_P(ring_thread, a_used_ring_may_be_moved_about_on_its_thread) {
    auto r = std::make_unique<ring>(make());
    push(*r, op::nop{}, 1);
    r->submit().or_throw("submit");
    ring moved(std::move(*r));
    r.reset();
    EXPECT_EQ(next(moved).user_data, 1u);
}

TEST_P(ring_thread, use_on_a_second_thread_aborts) {
    child_end const submitting = in_child([this] {
        ring r = make();
        r.submit().or_throw("bind");
        elsewhere([&] { static_cast<void>(r.submit()); });
    });
    EXPECT_TRUE(submitting.aborted_with("a ring was used from a second thread")) << submitting;
    child_end const binding = in_child([this] {
        ring r = make();
        r.bind_to_this_thread().or_throw("bind");
        elsewhere([&] { static_cast<void>(r.bind_to_this_thread()); });
    });
    EXPECT_TRUE(binding.aborted_with("a ring was used from a second thread")) << binding;
}

TEST_P(ring_thread, use_by_a_second_owner_of_rings_aborts_too) {
    child_end const end = in_child([this] {
        ring r = make();
        r.submit().or_throw("bind");
        elsewhere([&] { // whose own ring is at the same place of its table
            ring own = make();
            EXPECT_EQ(own.run(op::nop{}).or_throw("run"), 0);
            static_cast<void>(r.submit_and_wait(1));
        });
    });
    EXPECT_TRUE(end.aborted_with("a ring was used from a second thread")) << end;
}

TEST_P(ring_thread, run_on_a_second_thread_aborts) {
    child_end const end = in_child([this] {
        ring r = make();
        EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
        elsewhere([&] { static_cast<void>(r.run(op::nop{})); });
    });
    EXPECT_TRUE(end.aborted_with("a ring was used from a second thread")) << end;
}

TEST_P(ring_thread, a_registration_on_a_second_thread_is_an_error) {
    ring r = make();
    r.bind_to_this_thread().or_throw("bind");
    elsewhere([&] {
        abi::probe_table table{};
        auto const registered = r.register_(abi::register_op::probe, &table, 256);
        ASSERT_FALSE(registered.has_value());
        EXPECT_EQ(registered.error(), EEXIST);
        EXPECT_EQ(registered.error().why(), cause::wrong_thread);
    });
    abi::probe_table table{};
    EXPECT_TRUE(r.register_(abi::register_op::probe, &table, 256).has_value());
}

// What its thread's table holds of a ring is not given back by another thread, so these tests use
// up a table of their own.
TEST_P(ring_thread, an_idle_ring_may_be_destroyed_elsewhere) {
    elsewhere([this] {
        std::optional<ring> r(make());
        EXPECT_EQ(r->run(op::nop{}).or_throw("run"), 0);
        elsewhere([&] { r.reset(); });
        r.emplace(make());
        elsewhere([&] { r.reset(); }); // never used
        r.emplace(make());
        push(*r, op::nop{}, 1); // never submitted
        elsewhere([&] { r.reset(); });
    });
}

TEST_P(ring_thread, an_idle_ring_may_outlive_its_thread) {
    std::optional<ring> r;
    elsewhere([&] {
        r.emplace(make());
        EXPECT_EQ(r->run(op::nop{}).or_throw("run"), 0);
        push(*r, op::nop{}, 1);
        EXPECT_EQ(next(*r).user_data, 1u);
    });
    r.reset();
}

TEST_P(ring_thread, destroyed_elsewhere_with_operations_in_flight_it_aborts) {
    RONDO_NEEDS_ANY_OPERATION();
    child_end const end = in_child([this] {
        pipe_pair const pipe;
        std::optional<ring> r(make());
        push(*r, op::poll{.fd = pipe.out, .events = POLLIN}, 1);
        r->submit().or_throw("submit");
        r->make_room(8).or_throw("make_room");
        elsewhere([&] { r.reset(); });
    });
    EXPECT_TRUE(end.aborted_with("a ring was destroyed on another thread than its own with "
                                 "operations in flight"))
        << end;
}

// Messages complete without having been submitted here.
TEST_P(ring_thread, messages_received_do_not_count_against_a_destruction_elsewhere) {
    RONDO_NEEDS_ANY_OPERATION();
    if (GetParam().has(abi::setup::registered_fd_only))
        GTEST_SKIP() << "a message needs the descriptor of its ring";
    auto const receive = [](ring& r) {
        ring sender = ring::create().or_throw("sender");
        sender.run(op::message_ring{.ring = r.native_handle(), .user_data = 7}).or_throw("send");
        EXPECT_EQ(next(r).user_data, 7u);
    };
    child_end const idle = in_child([&] {
        std::optional<ring> r(make());
        r->bind_to_this_thread().or_throw("bind");
        receive(*r);
        elsewhere([&] { r.reset(); });
    });
    EXPECT_TRUE(idle.succeeded()) << idle;
}

// The kernel cancels what an exiting thread submitted. Whether it posts that too depends on the
// set-up; where it does not, the operations seem to be in flight for ever.
TEST_P(ring_thread, what_its_thread_left_behind_is_cancelled_by_the_kernel) {
    RONDO_NEEDS_ANY_OPERATION();
    if (GetParam().has_poller())
        GTEST_SKIP() << "a poller lives on when its ring's thread ends";
    child_end const end = in_child([this] {
        pipe_pair const pipe;
        std::array<char, 64> memory{};
        std::optional<ring> r;
        elsewhere([&] {
            r.emplace(make());
            push(*r, op::read{.fd = pipe.out, .into = memory}, 1);
            push(*r, op::async(op::read{.fd = pipe.out, .into = memory}), 2);
            r->submit().or_throw("submit");
        });
        ::poll(nullptr, 0, 20);
        pipe.write("must not be read");
        ::poll(nullptr, 0, 20);
        ASSERT_EQ(memory, (std::array<char, 64>{}));
        r.reset();
    });
    EXPECT_TRUE(end.succeeded() || end.aborted_with("with operations in flight")) << end;
}

} // namespace
} // namespace rondo
