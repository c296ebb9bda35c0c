// SPDX-License-Identifier: MIT
// Whether this process may create rings, and why not. A seccomp filter stands in for a container's.
#include <rondo/abi/registration.hpp>
#include <rondo/abi/syscall.hpp>
#include <rondo/engine/kernel.hpp>
#include <rondo/ring/features.hpp>
#include <rondo/ring/ring.hpp>

#include <support/child.hpp>
#include <support/seccomp.hpp>

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string_view>

namespace rondo {
namespace {

using namespace test;

bool says(error const& e, std::string_view what) {
    return std::string_view(e.message()).find(what) != std::string_view::npos;
}

TEST(availability, is_given_here) {
    auto const here = engine::available();
    EXPECT_TRUE(here.has_value()) << here.error().message().c_str();
}

TEST(availability, is_asked_for_without_leaving_anything_open) {
    int const before = ::dup(0);
    ::close(before);
    for (int i = 0; i < 10; ++i)
        EXPECT_TRUE(engine::available().has_value());
    int const after = ::dup(0);
    ::close(after);
    EXPECT_EQ(before, after);
}

TEST(availability, a_seccomp_filter_is_named_whatever_it_answers) {
    for (int const code : {EPERM, ENOSYS, EACCES}) {
        child_end const end = in_child([code] {
            ASSERT_TRUE(forbid_io_uring(code));
            for (error const& e :
                 {engine::available().error(), ring::create({.engine = engine::kernel}).error(),
                  features::ask(engine::kernel_backend()).error()}) {
                EXPECT_EQ(e, code);
                EXPECT_EQ(e.attempted(), attempt::setup);
                EXPECT_EQ(e.why(), cause::seccomp) << e.message().c_str();
                EXPECT_TRUE(says(e, "seccomp") && says(e, "io_uring_register in its profile"));
            }
        });
        EXPECT_TRUE(end.succeeded()) << code << ": " << end;
    }
}

TEST(availability, no_descriptor_left_is_told_as_it_is) {
    child_end const end = in_child([] {
        // UBSan looks at an object's memory through a pipe the first time it meets it.
        EXPECT_TRUE(engine::available().has_value());
        ::rlimit const none{0, 0};
        ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
        auto const here = engine::available();
        ASSERT_FALSE(here.has_value());
        EXPECT_EQ(here.error(), EMFILE);
        EXPECT_EQ(here.error().why(), cause::none);
    });
    EXPECT_TRUE(end.succeeded()) << end;
}

TEST(explain_setup, names_flags_that_are_not_known) {
    abi::params p{};
    p.flags = raw(abi::setup::sqpoll | abi::setup::cqe_mixed);
    error const unknown = engine::explain_setup(EINVAL, 8, p, abi::setup::sqpoll);
    EXPECT_EQ(unknown.why(), cause::unknown_flag);
    EXPECT_EQ(unknown.detail(), raw(abi::setup::cqe_mixed));
    error const combined =
        engine::explain_setup(EINVAL, 8, p, abi::setup::sqpoll | abi::setup::cqe_mixed);
    EXPECT_EQ(combined.why(), cause::bad_combination);
    EXPECT_EQ(combined.detail(), p.flags);
    EXPECT_EQ(engine::explain_setup(EINVAL, 8, p, {}).why(), cause::bad_combination);
}

TEST(explain_setup, names_the_limit_of_locked_memory_if_there_is_one) {
    child_end const end = in_child([] {
        abi::params p{};
        ::rlimit limit{};
        ASSERT_EQ(::getrlimit(RLIMIT_MEMLOCK, &limit), 0);
        limit.rlim_cur = std::size_t{100} << 10;
        limit.rlim_max = std::max<::rlim_t>(limit.rlim_max, limit.rlim_cur);
        ASSERT_EQ(::setrlimit(RLIMIT_MEMLOCK, &limit), 0);
        error const e = engine::explain_setup(ENOMEM, 1024, p, {});
        EXPECT_EQ(e, ENOMEM);
        EXPECT_EQ(e.why(), cause::memlock);
        EXPECT_EQ(e.detail() & 0xffff'ffff, 100u);
        // 1024 SQEs and indices, 2048 CQEs, and the words.
        EXPECT_GE(e.detail() >> 32, (1024u * 64 + 2048 * 16) / 1024);
        EXPECT_LE(e.detail() >> 32, (1024u * 72 + 2048 * 16) / 1024 + 8);

        p.flags = raw(abi::setup::sqe128 | abi::setup::cqe32 | abi::setup::cqsize);
        p.cq_entries = 4096;
        error const wide = engine::explain_setup(ENOMEM, 1024, p, {});
        EXPECT_GE(wide.detail() >> 32, (1024u * 128 + 4096 * 32) / 1024);

        error const pinned = engine::explain_pinning(ENOMEM, attempt::setup, 5000);
        EXPECT_EQ(pinned.why(), cause::memlock);
        EXPECT_EQ(pinned.detail() >> 32, 5u);
        EXPECT_EQ(engine::explain_pinning(EFAULT, attempt::setup, 5000).why(), cause::none);
        error const huge = engine::explain_pinning(ENOMEM, attempt::setup, std::size_t{1} << 50);
        EXPECT_EQ(huge.detail() >> 32, 0xffff'ffffu) << "as much as can be told";

        limit.rlim_cur = limit.rlim_max = RLIM_INFINITY;
        if (::setrlimit(RLIMIT_MEMLOCK, &limit) == 0) {
            EXPECT_EQ(engine::explain_setup(ENOMEM, 1024, p, {}).why(), cause::none);
        }
    });
    EXPECT_TRUE(end.succeeded()) << end;
}

TEST(explain_setup, tells_other_errors_as_they_are) {
    for (int const code : {EMFILE, ENFILE, EFAULT, EBADF, ENXIO}) {
        error const e = engine::explain_setup(code, 8, abi::params{}, {});
        EXPECT_EQ(e, code);
        EXPECT_EQ(e.attempted(), attempt::setup);
        EXPECT_EQ(e.why(), cause::none);
    }
}

TEST(kernel_engine, answers_as_the_system_calls_do) {
    engine::backend& kernel = engine::kernel_backend();
    EXPECT_TRUE(kernel.is_kernel());
    EXPECT_EQ(&kernel, &engine::kernel_backend());
    errno = 4321;
    abi::params p{};
    EXPECT_EQ(kernel.setup(0, p), -EINVAL);
    EXPECT_EQ(kernel.enter(-1, 0, 0, 0, nullptr, 0), -EBADF);
    EXPECT_EQ(kernel.register_(-1, raw(abi::register_op::probe), nullptr, 0), -EINVAL);
    EXPECT_EQ(errno, 4321) << "they leave errno alone";
    EXPECT_EQ(kernel.map(-1, abi::off_sq_ring, 4096).error(), EBADF);

    long const fd = kernel.setup(4, p);
    ASSERT_GE(fd, 0);
    EXPECT_EQ(p.sq_entries, 4u);
    auto const sqes = kernel.map(static_cast<int>(fd), abi::off_sqes, 4 * 64);
    EXPECT_TRUE(sqes.has_value());
    EXPECT_EQ(kernel.enter(static_cast<int>(fd), 0, 0, 0, nullptr, 0), 0);
    kernel.close(static_cast<int>(fd));
    EXPECT_EQ(kernel.enter(static_cast<int>(fd), 0, 0, 0, nullptr, 0), -EBADF);
}

} // namespace
} // namespace rondo
