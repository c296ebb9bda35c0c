// SPDX-License-Identifier: MIT
// What others suffered: machines that forbid io_uring, lack a part of it, or let little memory be
// locked.
#include <prevents/prevents.hpp>

#include <rondo/engine/kernel.hpp>
#include <rondo/ring/buffers.hpp>
#include <rondo/ring/shared_ring.hpp>

#include <support/child.hpp>
#include <support/old_kernel.hpp>
#include <support/pipe_pair.hpp>
#include <support/seccomp.hpp>
#include <support/temporary_directory.hpp>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <grp.h>
#include <string>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

namespace rondo::test {
namespace {

bool says(error const& e, std::string_view what) {
    return std::string_view(e.message()).find(what) != std::string_view::npos;
}

/// Reads from a pipe by a deadline, and then waits for one in vain.
task<bool> reads_and_times_out(pipe_pair const& p) {
    std::array<char, 8> memory{};
    op::read const reading{.fd = p.out, .into = memory};
    p.write("abc");
    auto const n = co_await timeout(reading, 10s);
    auto const late = co_await timeout(reading, 2ms);
    co_return n && *n == 3 && !late && late.error() == ETIME;
}

// 19: a container's profile forbids io_uring
TEST(prevents, a_program_that_ends_where_io_uring_is_forbidden) {
    RONDO_NEEDS_KERNEL("second filter");
    for (int const code : {EPERM, ENOSYS}) {
        child_end const end = in_child([code] {
            ASSERT_TRUE(forbid_io_uring(code));
            pipe_pair const p;
            loop on = loop_here();
            EXPECT_TRUE(sync_wait(on, reads_and_times_out(p)));
            EXPECT_EQ(on.features().engine, engine::emulated);
            auto shared = shared_ring::create().or_throw("shared ring");
            EXPECT_TRUE(shared.run(op::nop{}));
        });
        EXPECT_TRUE(end.succeeded()) << code << ": " << end;
    }
}

// 19: and says no more than EPERM
TEST(prevents, a_refusal_that_names_no_reason_and_no_remedy) {
    RONDO_NEEDS_KERNEL("second filter");
    for (int const code : {EPERM, ENOSYS}) {
        child_end const end = in_child([code] {
            ASSERT_TRUE(forbid_io_uring(code));
            ring const r = ring::create().or_throw("ring");
            for (error const& why : {engine::available().error(), r.features().why_not_kernel,
                                     loop::create({.ring = {.engine = engine::kernel}}).error()}) {
                EXPECT_EQ(why.why(), cause::seccomp);
                EXPECT_TRUE(says(why, "seccomp") && says(why, "io_uring_register"))
                    << why.message().c_str();
            }
        });
        EXPECT_TRUE(end.succeeded()) << code << ": " << end;
    }
}

// 19: a way to forbid io_uring from outside, or to insist on it
TEST(prevents, an_engine_that_nobody_can_choose_from_outside) {
    child_end const end = in_child([] {
        ASSERT_EQ(::setenv("RONDO_ENGINE", "emulated", 1), 0);
        loop on = loop_here();
        EXPECT_EQ(on.features().engine, engine::emulated);
        pipe_pair const p;
        EXPECT_TRUE(sync_wait(on, reads_and_times_out(p)));
    });
    EXPECT_TRUE(end.succeeded()) << end;
}

// 19: CVE-2024-22017, setuid(2) that does not reach the ring
TEST(prevents, privileges_that_a_ring_keeps_when_its_program_drops_them) {
    if (::geteuid() != 0)
        GTEST_SKIP() << "only root has privileges to drop";
    temporary_directory const here;
    std::string const path = here / "secret";
    unique_fd const made(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    ASSERT_TRUE(made);
    ASSERT_EQ(::chmod(here.path().c_str(), 0755), 0);
    child_end const end = in_child([&] {
        loop on = loop_here();
        auto shared = shared_ring::create().or_throw("shared ring");
        op::openat<> const opening{.path = path.c_str(), .flags = O_RDONLY | O_CLOEXEC};
        EXPECT_TRUE(sync_wait(on, one(opening)));
        EXPECT_TRUE(sync_wait(on, one(op::async(opening)))); // workers are there by now
        EXPECT_TRUE(shared.run(opening));
        ASSERT_EQ(::setgroups(0, nullptr), 0);
        ASSERT_EQ(::setresgid(65534, 65534, 65534), 0);
        ASSERT_EQ(::setresuid(65534, 65534, 65534), 0);
        EXPECT_EQ(sync_wait(on, one(opening)).error(), EACCES);
        EXPECT_EQ(sync_wait(on, one(op::async(opening))).error(), EACCES);
        EXPECT_EQ(shared.run(opening).error(), EACCES);
    });
    EXPECT_TRUE(end.succeeded()) << end;
}

// 20: a set-up that is refused as a whole for one flag that this kernel lacks
TEST(prevents, a_flag_that_the_kernel_lacks_ending_the_program) {
    for (version const v : {version{5, 11}, version{5, 19}, version{6, 1}, version{6, 7}}) {
        SCOPED_TRACE(v);
        old_kernel kernel(v);
        loop_options options = sized(4);
        options.ring.backend = &kernel;
        loop on = loop_here(options);
        pipe_pair const p;
        EXPECT_TRUE(sync_wait(on, reads_and_times_out(p)));
        EXPECT_EQ(raw(on.features().setup & ~kernel.setup_flags()), 0u);
    }
}

// 20: one operation that is missing, and the engine is given up
TEST(prevents, one_missing_operation_that_disables_all) {
    simulation_options options = calm();
    options.refused_opcodes = {abi::opcode::fsync, abi::opcode::socket};
    simulation s = simulate(options);
    s.write_file("/file", std::string_view("bytes")).or_throw("file");
    loop on = loop_on(s);
    EXPECT_FALSE(on.features().supports<op::fsync>());
    EXPECT_TRUE(on.features().supports<op::read<>>());
    auto const body = [&]() -> task<> {
        auto const opened = co_await one(op::openat<>{.path = "/file", .flags = O_RDWR});
        std::array<char, 8> memory{};
        EXPECT_EQ((co_await one(op::fsync{.fd = *opened})).error().code(), EINVAL);
        EXPECT_EQ(co_await one(op::read{.fd = *opened, .into = memory}), 5u);
    };
    sync_wait(on, body());
    ring r = ring::create({.backend = &s.backend()}).or_throw("ring");
    EXPECT_EQ(r.run(op::fsync{.fd = 0}).error().why(), cause::missing_feature);
}

// 20: a kernel judged by its version, which distributions backport to and containers disguise
TEST(prevents, a_kernel_judged_by_its_version) {
    old_kernel kernel({5, 11}); // while uname(2) says what this machine's is
    auto const found = features::ask(kernel).or_throw("features");
    EXPECT_EQ(found.opcode_count, kernel.opcodes());
    EXPECT_FALSE(found.supports(abi::opcode::futex_wait));
    EXPECT_TRUE(found.supports(abi::opcode::renameat));
}

/// Becomes a user without privileges who may lock 64 KiB; for children.
void lock_no_more_than_64_kib() {
    ::rlimit const limit{64 * 1024, 64 * 1024};
    ASSERT_EQ(::setrlimit(RLIMIT_MEMLOCK, &limit), 0);
    ASSERT_EQ(::setgroups(0, nullptr), 0);
    ASSERT_EQ(::setresgid(65534, 65534, 65534), 0);
    ASSERT_EQ(::setresuid(65534, 65534, 65534), 0);
}

// 21: ENOMEM, and nobody knows of what
TEST(prevents, a_registration_refused_without_a_word_about_its_limit) {
    RONDO_NEEDS_KERNEL("pinned memory");
    if (::geteuid() != 0)
        GTEST_SKIP() << "only root can become a user whose locked memory is not counted yet";
    child_end const end = in_child([] {
        lock_no_more_than_64_kib();
        ring r = ring::create({.entries = 4}).or_throw("ring");
        auto const refused = buffers::create(r, {.count = 4, .buffer_size = 1 << 20});
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().why(), cause::memlock);
        EXPECT_TRUE(says(refused.error(), "RLIMIT_MEMLOCK is 64 KiB")) << "the limit";
        EXPECT_TRUE(says(refused.error(), "4096 KiB more were needed")) << "the need";
    });
    EXPECT_TRUE(end.succeeded()) << end;
}

// 21: a part of a registration that was refused stays, and hides the error
TEST(prevents, a_refused_registration_that_leaves_a_part_behind) {
    RONDO_NEEDS_KERNEL("pinned memory");
    if (::geteuid() != 0)
        GTEST_SKIP() << "only root can become a user whose locked memory is not counted yet";
    child_end const end = in_child([] {
        lock_no_more_than_64_kib();
        ring r = ring::create({.entries = 4}).or_throw("ring");
        for (int i = 0; i < 20; ++i)
            EXPECT_FALSE(buffers::create(r, {.count = 4, .buffer_size = 32'768}));
        auto table = buffers::create(r, {.count = 3}).or_throw("buffers");
        auto const memory = mapping::anonymous(1 << 20).or_throw("mapping");
        std::array const change{::iovec{memory.data(), 4096}, ::iovec{memory.data() + 4096, 4096},
                                ::iovec{memory.data() + 8192, 1 << 19}};
        EXPECT_FALSE(table.update(0, change));
        for (std::uint32_t i = 0; i < 3; ++i)
            EXPECT_EQ(table[i].size(), 0u);
        EXPECT_TRUE(table.update(0, {memory.data(), 32'768})) << "what fits is accepted";
    });
    EXPECT_TRUE(end.succeeded()) << end;
}

} // namespace
} // namespace rondo::test
