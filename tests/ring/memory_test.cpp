// SPDX-License-Identifier: MIT
// How much memory a ring takes, and that it does not grow.
#include <support/matrix.hpp>

#include <rondo/core/annotate.hpp>
#include <rondo/op/control.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdio>
#include <memory>

namespace rondo {
namespace {

using namespace test;

/// Pages of data that this process has mapped.
long data_pages() {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> const file(std::fopen("/proc/self/statm", "r"),
                                                               std::fclose);
    long total = 0, resident = 0, shared = 0, text = 0, library = 0, data = 0;
    if (file == nullptr || std::fscanf(file.get(), "%ld %ld %ld %ld %ld %ld", &total, &resident,
                                       &shared, &text, &library, &data) != 6)
        return -1;
    return data;
}

class ring_memory : public ::testing::Test {
protected:
    void SetUp() override {
#if defined(RONDO_ASAN) || defined(RONDO_TSAN)
        GTEST_SKIP() << "the sanitizer's own memory grows";
#endif
    }
};

// A program that calls run() again and again and always has something pending: what was kept for
// pop() must go when it is popped, even if there is never a moment when all of it is.
TEST_F(ring_memory, of_what_run_kept_is_used_again) {
    ring r = ring::create({.entries = 8}).or_throw("ring");
    push(r, op::nop{}, 0);
    push(r, op::nop{}, 1);
    EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
    long const before = data_pages();
    constexpr std::uint64_t rounds = 100'000;
    for (std::uint64_t i = 0; i < rounds; ++i) {
        push(r, op::nop{}, i + 2);
        EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
        abi::cqe c;
        ASSERT_TRUE(r.pop(c));
        ASSERT_EQ(c.user_data, i);
    }
    EXPECT_LT((data_pages() - before) * ::sysconf(_SC_PAGESIZE), 1 << 20);
}

TEST_F(ring_memory, of_rings_is_given_back) {
    long before = 0;
    for (int i = 0; i < 300; ++i) {
        if (i == 20)
            before = data_pages();
        ring r = ring::create({.entries = 1024, .required = abi::setup::no_mmap}).or_throw("ring");
        push(r, op::nop{}, 0);
        EXPECT_EQ(r.run(op::nop{}).or_throw("run"), 0);
    }
    EXPECT_LT((data_pages() - before) * ::sysconf(_SC_PAGESIZE), 1 << 20);
}

} // namespace
} // namespace rondo
