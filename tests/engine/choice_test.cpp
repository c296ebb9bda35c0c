// SPDX-License-Identifier: MIT
// Who runs a ring: what the options and the environment say, and what is done where io_uring is
// forbidden.
#include <support/child.hpp>
#include <support/pipe_pair.hpp>
#include <support/seccomp.hpp>

#include <rondo/engine/emulated.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/read.hpp>
#include <rondo/ring/ring.hpp>

#include <gtest/gtest.h>

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string_view>

namespace rondo {
namespace {

using namespace test;

bool is_readable(int fd, int patience_ms) {
    ::pollfd one{fd, POLLIN, 0};
    return ::poll(&one, 1, patience_ms) == 1;
}

TEST(engine_choice, is_the_kernel_where_it_may_be_used) {
    ring r = ring::create().or_throw("ring");
    EXPECT_EQ(r.features().engine, engine::kernel);
    EXPECT_EQ(r.features().why_not_kernel.code(), 0);
    EXPECT_FALSE(engine::is_emulated(r.native_handle()));
}

TEST(engine_choice, can_be_the_emulated_engine_anywhere) {
    ring r = ring::create({.engine = engine::emulated}).or_throw("ring");
    EXPECT_EQ(r.features().engine, engine::emulated);
    EXPECT_EQ(r.features().why_not_kernel.code(), 0) << "nobody asked the kernel";
    EXPECT_TRUE(engine::is_emulated(r.native_handle()));
    EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
}

TEST(engine_choice, falls_back_where_io_uring_is_forbidden_and_says_why) {
    for (int const code : {EPERM, ENOSYS}) {
        child_end const end = in_child([code] {
            ASSERT_TRUE(forbid_io_uring(code));
            ring r = ring::create().or_throw("ring");
            EXPECT_EQ(r.features().engine, engine::emulated);
            error const& why = r.features().why_not_kernel;
            EXPECT_EQ(why, code);
            EXPECT_EQ(why.why(), cause::seccomp) << why.message().c_str();
            EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);

            auto const insisted = ring::create({.engine = engine::kernel});
            ASSERT_FALSE(insisted.has_value());
            EXPECT_EQ(insisted.error(), code);
            EXPECT_EQ(insisted.error().why(), cause::seccomp);
        });
        EXPECT_TRUE(end.succeeded()) << code << ": " << end;
    }
}

TEST(engine_choice, does_not_hide_what_the_kernel_said_when_no_engine_can_do_it) {
    child_end const end = in_child([] {
        ASSERT_TRUE(forbid_io_uring(EPERM));
        auto const made = ring::create({.poller = {.idle_ms = 1}, .engine = engine::automatic});
        ASSERT_TRUE(made.has_value()) << "a poller is a wish";
        EXPECT_TRUE(has(made->features().refused, abi::setup::sqpoll));
        auto const needed =
            ring::create({.required = abi::setup::sqpoll, .poller = {.idle_ms = 1}});
        ASSERT_FALSE(needed.has_value());
        EXPECT_EQ(needed.error().why(), cause::seccomp);
    });
    EXPECT_TRUE(end.succeeded()) << end;
}

TEST(engine_choice, is_not_made_for_mistakes_of_the_caller) {
    auto const made = ring::create({.entries = 0});
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().why(), cause::entries);
}

TEST(engine_choice, of_the_environment_comes_first) {
    child_end const end = in_child([] {
        ASSERT_EQ(::setenv("RONDO_ENGINE", "emulated", 1), 0);
        EXPECT_EQ(ring::create({.engine = engine::kernel}).or_throw("ring").features().engine,
                  engine::emulated);
        ASSERT_EQ(::setenv("RONDO_ENGINE", "kernel", 1), 0);
        EXPECT_EQ(ring::create({.engine = engine::emulated}).or_throw("ring").features().engine,
                  engine::kernel);
        ASSERT_EQ(::setenv("RONDO_ENGINE", "automatic", 1), 0);
        EXPECT_EQ(ring::create({.engine = engine::emulated}).or_throw("ring").features().engine,
                  engine::kernel);
        ASSERT_EQ(::setenv("RONDO_ENGINE", "", 1), 0);
        EXPECT_EQ(ring::create({.engine = engine::emulated}).or_throw("ring").features().engine,
                  engine::emulated);
    });
    EXPECT_TRUE(end.succeeded()) << end;
}

TEST(engine_choice, of_the_environment_that_is_none_is_an_error) {
    child_end const end = in_child([] {
        ASSERT_EQ(::setenv("RONDO_ENGINE", "emulator", 1), 0);
        auto const made = ring::create();
        ASSERT_FALSE(made.has_value());
        EXPECT_EQ(made.error(), EINVAL);
        EXPECT_EQ(made.error().why(), cause::unknown_engine);
        EXPECT_NE(std::string_view(made.error().message()).find("RONDO_ENGINE must be automatic"),
                  std::string_view::npos);
    });
    EXPECT_TRUE(end.succeeded()) << end;
}

TEST(emulated_ring, is_readable_while_it_has_completions) {
    ring r = ring::create({.entries = 8, .engine = engine::emulated}).or_throw("ring");
    int const fd = r.native_handle();
    EXPECT_FALSE(is_readable(fd, 0));
    ASSERT_TRUE(r.push(op::nop{}, 1));
    r.submit().or_throw("submit");
    EXPECT_TRUE(is_readable(fd, 5000));
    abi::cqe c;
    ASSERT_TRUE(r.pop(c));
    EXPECT_FALSE(r.pop(c));
    EXPECT_FALSE(is_readable(fd, 0)) << "all were popped";

    pipe_pair const pipe;
    std::array<char, 4> memory{};
    ASSERT_TRUE(r.push(op::read{.fd = pipe.out, .into = memory}, 2));
    r.submit().or_throw("submit");
    EXPECT_FALSE(is_readable(fd, 10));
    ASSERT_EQ(::write(pipe.in.get(), "abcd", 4), 4);
    EXPECT_TRUE(is_readable(fd, 5000));
    ASSERT_TRUE(r.pop(c)) << "what became ready is taken in";
    EXPECT_EQ(c.user_data, 2u);
    EXPECT_EQ(c.res, 4);
}

TEST(emulated_ring, is_the_parents_after_fork_and_a_child_makes_its_own) {
    ring parents = ring::create({.entries = 8, .engine = engine::emulated}).or_throw("ring");
    EXPECT_EQ(parents.run(op::nop{}).or_throw("run"), 0);
    child_end const end = in_child([] {
        ring own = ring::create({.entries = 8, .engine = engine::emulated}).or_throw("ring");
        EXPECT_EQ(own.run(op::async(op::nop{})).or_throw("run"), 0);
        pipe_pair const pipe;
        ASSERT_EQ(::write(pipe.in.get(), "ab", 2), 2);
        std::array<char, 2> memory{};
        EXPECT_EQ(own.run(op::async(op::read{.fd = pipe.out, .into = memory})).or_throw("read"),
                  2u);
    });
    EXPECT_TRUE(end.succeeded()) << end;
    EXPECT_EQ(parents.run(op::nop{}).or_throw("run"), 0);
}

// A descriptor that its owner closes while an operation waits for it stays open for that one.
TEST(emulated_ring, keeps_the_file_of_what_is_in_flight) {
    ring r = ring::create({.entries = 8, .engine = engine::emulated}).or_throw("ring");
    pipe_pair pipe;
    std::array<char, 4> memory{};
    ASSERT_TRUE(r.push(op::read{.fd = pipe.out, .into = memory}, 1));
    r.submit().or_throw("submit");
    pipe.out.reset();
    ASSERT_EQ(::write(pipe.in.get(), "data", 4), 4);
    abi::cqe c;
    while (!r.pop(c))
        r.submit_and_wait(1, std::chrono::seconds{10}).or_throw("wait");
    EXPECT_EQ(c.res, 4);
    EXPECT_EQ(std::string_view(memory.data(), 4), "data");
}

} // namespace
} // namespace rondo
