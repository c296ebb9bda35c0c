// SPDX-License-Identifier: MIT
#include <support/engine.hpp>

#include <rondo/abi/query.hpp>
#include <rondo/engine/kernel.hpp>
#include <rondo/op/control.hpp>
#include <rondo/ring/ring.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace rondo {
namespace {

/// A kernel with sq_rewind, made of one without: at each enter it moves what lies at the start of
/// the SQE array to where the real kernel looks next. It can be told to take fewer than offered.
class rewinding_kernel final : public engine::backend {
public:
    std::uint32_t most_per_enter = ~std::uint32_t{0};

    long setup(std::uint32_t entries, abi::params& p) noexcept override {
        auto const flags = static_cast<abi::setup>(p.flags);
        p.flags = raw(flags & ~abi::setup::sq_rewind);
        long const fd = test::this_engine().setup(entries, p);
        offsets_ = p.sq_off;
        entries_ = p.sq_entries;
        p.flags = raw(flags);
        return fd;
    }
    long enter(int fd, std::uint32_t to_submit, std::uint32_t min_complete, std::uint32_t flags,
               void const* arg, std::size_t arg_size) noexcept override {
        std::uint32_t const n = std::min(to_submit, most_per_enter);
        std::uint32_t* const tail = word(offsets_.tail);
        EXPECT_EQ(*tail, *word(offsets_.head)) << "head and tail are the kernel's own";
        abi::sqe before[16];
        std::copy_n(sqes_, entries_, before);
        for (std::uint32_t i = 0; i < n; ++i)
            sqes_[(*tail + i) % entries_] = before[i];
        *tail += n;
        long const answer = test::this_engine().enter(fd, n, n == to_submit ? min_complete : 0,
                                                      flags, arg, arg_size);
        std::copy_n(before, entries_, sqes_); // the kernel leaves the array alone
        return answer;
    }
    long register_(int fd, std::uint32_t operation, void* arg,
                   std::uint32_t count) noexcept override {
        long const answer = test::this_engine().register_(fd, operation, arg, count);
        if (operation == raw(abi::register_op::query) && answer == 0) {
            auto const& header = *static_cast<abi::query_hdr const*>(arg);
            reinterpret_cast<abi::query_opcode*>(header.query_data)->ring_setup_flags |=
                raw(abi::setup::sq_rewind);
        }
        return answer;
    }
    result<mapping> map(int fd, std::uint64_t offset, std::size_t bytes) noexcept override {
        auto pages = test::this_engine().map(fd, offset, bytes);
        if (pages && offset == abi::off_sqes)
            sqes_ = reinterpret_cast<abi::sqe*>(pages->data());
        else if (pages)
            rings_ = pages->data();
        return pages;
    }
    void close(int fd) noexcept override { test::this_engine().close(fd); }

private:
    std::uint32_t* word(std::uint32_t offset) const noexcept {
        return reinterpret_cast<std::uint32_t*>(rings_ + offset);
    }

    abi::sq_ring_offsets offsets_{};
    std::uint32_t entries_ = 0;
    abi::sqe* sqes_ = nullptr;
    std::byte* rings_ = nullptr;
};

class rewinding_ring : public ::testing::Test {
protected:
    rewinding_kernel kernel_;
    ring ring_ = ring::create({.entries = 8,
                               .flags = default_setup | abi::setup::sq_rewind,
                               .required = abi::setup::sq_rewind,
                               .backend = &kernel_})
                     .or_throw("ring");
};

TEST_F(rewinding_ring, takes_operations_from_the_start_of_the_array_at_every_enter) {
    abi::cqe c;
    for (std::uint64_t i = 0; i < 30; ++i) {
        ASSERT_TRUE(ring_.push(op::nop{}, i));
        ASSERT_EQ(ring_.submit_and_wait(1).or_throw("submit"), 1u);
        ASSERT_TRUE(ring_.pop(c));
        EXPECT_EQ(c.user_data, i);
    }
    EXPECT_EQ(ring_.in_flight(), 0u);
    EXPECT_TRUE(ring_.run(op::nop{}));
}

TEST_F(rewinding_ring, keeps_in_order_what_an_enter_did_not_take) {
    kernel_.most_per_enter = 3;
    for (std::uint64_t i = 0; i < 8; ++i)
        ASSERT_TRUE(ring_.push(op::nop{}, i));
    EXPECT_FALSE(ring_.push(op::nop{}, 8));
    EXPECT_EQ(ring_.submit().or_throw("submit"), 3u);
    EXPECT_EQ(ring_.sq().pending(), 5u);
    EXPECT_EQ(ring_.submit().or_throw("submit"), 3u);
    EXPECT_EQ(ring_.submit().or_throw("submit"), 2u);
    ring_.submit_and_wait(8).or_throw("wait");
    abi::cqe c;
    for (std::uint64_t i = 0; i < 8; ++i) {
        ASSERT_TRUE(ring_.pop(c));
        EXPECT_EQ(c.user_data, i);
    }
}

} // namespace
} // namespace rondo
