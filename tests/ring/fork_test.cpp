// SPDX-License-Identifier: MIT
// A ring belongs to the process that made it.
#include <support/child.hpp>
#include <support/matrix.hpp>
#include <support/pipe_pair.hpp>

#include <rondo/op/control.hpp>
#include <rondo/op/poll.hpp>
#include <rondo/op/read.hpp>

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string_view>

namespace rondo {
namespace {

using namespace test;

class ring_fork : public matrix_test {
protected:
    void SetUp() override {
        matrix_test::SetUp();
        if (IsSkipped())
            return;
        parents_.emplace(make());
        EXPECT_EQ(parents_->run(op::nop{}).or_throw("run"), 0);
    }
    void expect_the_parents_ring_to_work() {
        for (std::uint64_t i = 0; i < 20; ++i) {
            push(*parents_, op::nop{}, i);
            EXPECT_EQ(next(*parents_).user_data, i);
        }
        EXPECT_EQ(parents_->run(op::nop{}).or_throw("run"), 0);
    }
    template <class Use>
    void expect_abort_in_the_child(Use use) {
        child_end const end = in_child([&] { use(*parents_); });
        EXPECT_TRUE(end.aborted_with("a ring was used in a child of fork")) << end;
    }
    std::optional<ring> parents_;
};
RONDO_FOR_EVERY_SET_UP(ring_fork);

TEST_P(ring_fork, use_in_the_child_aborts_by_name) {
    expect_abort_in_the_child([](ring& r) { static_cast<void>(r.submit()); });
    expect_abort_in_the_child([](ring& r) { static_cast<void>(r.submit_and_wait(1)); });
    expect_abort_in_the_child([](ring& r) { static_cast<void>(r.submit_and_wait(1, patience)); });
    expect_abort_in_the_child([](ring& r) { static_cast<void>(r.run(op::nop{})); });
    expect_abort_in_the_child([](ring& r) { static_cast<void>(r.bind_to_this_thread()); });
    expect_abort_in_the_child([](ring& r) { static_cast<void>(r.make_room(1)); });
    expect_abort_in_the_child(
        [](ring& r) { static_cast<void>(r.enter(0, 0, abi::enter::getevents)); });
    expect_abort_in_the_child([](ring& r) {
        ring moved(std::move(r));
        static_cast<void>(moved.submit());
    });
    expect_the_parents_ring_to_work();
}

TEST_P(ring_fork, a_ring_that_was_not_used_yet_is_the_parents_too) {
    ring fresh = make();
    child_end const end = in_child([&] { static_cast<void>(fresh.submit()); });
    EXPECT_TRUE(end.aborted_with("a ring was used in a child of fork")) << end;
    EXPECT_EQ(fresh.run(op::nop{}).or_throw("run"), 0);
}

TEST_P(ring_fork, a_registration_in_the_child_is_an_error) {
    child_end const end = in_child([&] {
        std::uint32_t workers[2] = {0, 0};
        auto const registered = parents_->register_(abi::register_op::iowq_max_workers, workers, 2);
        ASSERT_FALSE(registered.has_value());
        EXPECT_EQ(registered.error(), ECHILD);
        EXPECT_EQ(registered.error().why(), cause::forked);
    });
    EXPECT_TRUE(end.succeeded()) << end;
}

TEST_P(ring_fork, the_childs_destructor_only_closes) {
    RONDO_NEEDS_ANY_OPERATION();
    pipe_pair const pipe;
    std::array<char, 64> memory{};
    push(*parents_, op::read{.fd = pipe.out, .into = memory}, 1);
    push(*parents_, op::poll{.fd = pipe.out, .events = POLLIN}, 2);
    parents_->submit().or_throw("submit");
    child_end const end = in_child([&] { parents_.reset(); });
    EXPECT_TRUE(end.succeeded()) << end;
    EXPECT_TRUE(is_quiet(*parents_)) << "something was cancelled";
    pipe.write("abc");
    std::array<std::int32_t, 3> res{};
    for (int i = 0; i < 2; ++i) {
        abi::cqe const c = next(*parents_);
        res.at(c.user_data) = c.res;
    }
    EXPECT_EQ(res, (std::array<std::int32_t, 3>{0, 3, POLLIN}));
    EXPECT_EQ(std::string_view(memory.data(), 3), "abc");
    expect_the_parents_ring_to_work();
}

TEST_P(ring_fork, a_new_ring_works_in_the_child) {
    child_end const end = in_child([&] {
        ring own = make();
        EXPECT_EQ(own.run(op::nop{}).or_throw("run"), 0);
        parents_ = std::move(own); // which closes what was there
        EXPECT_EQ(parents_->run(op::nop{}).or_throw("run"), 0);
        push(*parents_, op::nop{}, 5);
        EXPECT_EQ(next(*parents_).user_data, 5u);
        child_end const grandchild = in_child([&] {
            ring third = make();
            EXPECT_EQ(third.run(op::nop{}).or_throw("run"), 0);
            static_cast<void>(parents_->submit());
        });
        EXPECT_TRUE(grandchild.aborted_with("a ring was used in a child of fork")) << grandchild;
    });
    EXPECT_TRUE(end.succeeded()) << end;
    expect_the_parents_ring_to_work();
}

TEST_P(ring_fork, the_parent_may_close_while_the_child_lives) {
    RONDO_NEEDS_ANY_OPERATION();
    pipe_pair const pipe, going;
    std::array<char, 64> memory{};
    push(*parents_, op::read{.fd = pipe.out, .into = memory}, 1);
    parents_->submit().or_throw("submit");
    ::pid_t const child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) { // holds the ring's descriptor open until it is let go
        char byte;
        static_cast<void>(!::read(going.out.get(), &byte, 1));
        ::_exit(0);
    }
    auto const start = std::chrono::steady_clock::now();
    parents_.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{5});
    pipe.write("must not be read");
    ::poll(nullptr, 0, 20);
    EXPECT_EQ(memory, (std::array<char, 64>{}));
    going.write("x");
    ::waitpid(child, nullptr, 0);
}

} // namespace
} // namespace rondo
