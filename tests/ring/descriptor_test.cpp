// SPDX-License-Identifier: MIT
// The ring's descriptor and its place in the thread's table of registered ones.
#include <support/child.hpp>
#include <support/matrix.hpp>
#include <support/pipe_pair.hpp>

#include <rondo/op/control.hpp>
#include <rondo/op/read.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <thread>
#include <vector>

namespace rondo {
namespace {

using namespace test;

constexpr std::size_t table_size = 16;

class ring_descriptor : public ::testing::Test {
protected:
    void SetUp() override {
        if (!has(ring::create().or_throw("ring").features().enter, abi::enter::registered_ring))
            GTEST_SKIP() << "this kernel registers no ring descriptors";
    }
};

TEST_F(ring_descriptor, closes_on_exec) {
    ring const r = ring::create().or_throw("ring");
    EXPECT_EQ(::fcntl(r.native_handle(), F_GETFD), FD_CLOEXEC);
}

TEST_F(ring_descriptor, is_registered_unless_that_is_not_wanted) {
    ring wanted = ring::create().or_throw("ring");
    wanted.bind_to_this_thread().or_throw("bind");
    EXPECT_TRUE(wanted.features().registered_descriptor);
    ring unwanted = ring::create({.register_descriptor = false}).or_throw("ring");
    unwanted.bind_to_this_thread().or_throw("bind");
    EXPECT_FALSE(unwanted.features().registered_descriptor);
    EXPECT_EQ(unwanted.run(op::nop{}).or_throw("run"), 0);
}

TEST_F(ring_descriptor, a_full_table_is_no_failure) {
    std::thread([] { // with a table of its own
        std::vector<ring> rings;
        for (std::size_t i = 0; i < table_size + 8; ++i) {
            rings.push_back(ring::create().or_throw("ring"));
            EXPECT_EQ(rings.back().run(op::nop{}).or_throw("run"), 0);
            EXPECT_EQ(rings.back().features().registered_descriptor, i < table_size);
        }
        for (ring& r : rings)
            EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
        rings.erase(rings.begin(), rings.begin() + 4);
        rings.push_back(ring::create().or_throw("ring"));
        rings.back().bind_to_this_thread().or_throw("bind");
        EXPECT_TRUE(rings.back().features().registered_descriptor) << "there is room again";
        for (ring& r : rings)
            EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
    })
        .join();
}

TEST_F(ring_descriptor, places_in_the_table_are_given_back) {
    int const before = ::dup(0);
    ::close(before);
    for (int i = 0; i < 1000; ++i) {
        ring r = ring::create({.entries = 2}).or_throw("ring");
        if (i % 3 != 0) { // some are never bound
            ASSERT_EQ(r.run(op::nop{}).or_throw("run"), 0);
            ASSERT_TRUE(r.features().registered_descriptor) << i;
        }
    }
    int const after = ::dup(0);
    ::close(after);
    EXPECT_EQ(after, before) << "descriptors were left open";
}

TEST_F(ring_descriptor, places_of_rings_without_any_other_are_given_back) {
    ring_options const only{.entries = 2,
                            .required = abi::setup::no_mmap | abi::setup::registered_fd_only};
    auto const first = ring::create(only);
    if (!first && first.error().why() == cause::unknown_flag)
        GTEST_SKIP() << first.error().message().c_str();
    for (int i = 0; i < 200; ++i) {
        auto made = ring::create(only);
        ASSERT_TRUE(made.has_value()) << i << ": " << made.error().message().c_str();
        EXPECT_EQ(made->native_handle(), -1);
        if (i % 3 != 0) {
            ASSERT_EQ(made->run(op::nop{}).or_throw("run"), 0);
        }
    }
}

TEST_F(ring_descriptor, too_many_rings_without_any_other_is_an_error) {
    std::thread([] {
        std::vector<ring> rings;
        for (std::size_t i = 0; i <= table_size; ++i) {
            auto made = ring::create(
                {.entries = 2, .required = abi::setup::no_mmap | abi::setup::registered_fd_only});
            if (!made && made.error().why() == cause::unknown_flag)
                GTEST_SKIP() << made.error().message().c_str();
            ASSERT_EQ(made.has_value(), i < table_size) << i;
            if (made)
                rings.push_back(std::move(*made));
            else
                EXPECT_EQ(made.error().attempted(), attempt::setup);
        }
        for (ring& r : rings)
            EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
    }).join();
}

TEST_F(ring_descriptor, no_descriptor_left_is_an_error_that_leaks_nothing) {
    child_end const end = in_child([] {
        ::rlimit few{};
        ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &few), 0);
        few.rlim_cur = 16;
        ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
        std::vector<ring> rings;
        for (int i = 0; i < 20; ++i) {
            auto made = ring::create({.entries = 2});
            if (made)
                rings.push_back(std::move(*made));
            else
                EXPECT_EQ(made.error(), EMFILE) << made.error().message().c_str();
        }
        std::size_t const fitted = rings.size();
        EXPECT_LT(fitted, 20u);
        rings.clear();
        for (std::size_t i = 0; i < fitted; ++i)
            rings.push_back(ring::create({.entries = 2}).or_throw("ring"));
    });
    EXPECT_TRUE(end.succeeded()) << end;
}

TEST_F(ring_descriptor, closed_behind_its_back_is_an_error_or_goes_unnoticed) {
    for (bool const registered : {true, false}) {
        ring r = ring::create({.register_descriptor = registered}).or_throw("ring");
        EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
        ::close(r.native_handle());
        auto const after = r.run(op::nop{});
        if (registered) {
            EXPECT_TRUE(after.has_value()) << "it is entered by its place in the table";
        } else {
            ASSERT_FALSE(after.has_value());
            EXPECT_EQ(after.error(), EBADF);
            EXPECT_EQ(after.error().attempted(), attempt::enter);
        }
        auto const unregistered = r.register_(abi::register_op::unregister_files, nullptr, 0);
        EXPECT_EQ(unregistered.error(), registered ? ENXIO : EBADF);
    }
}

// The destructor cannot cancel by a descriptor that is gone. It must neither hang nor leave the
// kernel writing.
TEST_F(ring_descriptor, closed_behind_its_back_with_a_read_in_flight_does_not_hang) {
    for (bool const registered : {true, false}) {
        child_end const end = in_child(
            [registered] {
                pipe_pair const pipe;
                std::array<char, 64> memory{};
                std::optional<ring> r(
                    ring::create({.register_descriptor = registered}).or_throw("ring"));
                push(*r, op::read{.fd = pipe.out, .into = memory}, 1);
                r->submit().or_throw("submit");
                ::close(r->native_handle());
                r.reset();
                pipe.write("must not be read");
                ::poll(nullptr, 0, 50);
                EXPECT_EQ(memory, (std::array<char, 64>{}));
            },
            5);
        EXPECT_TRUE(end.succeeded() || end.aborted_with("rondo: ")) << registered << ": " << end;
    }
}

} // namespace
} // namespace rondo
