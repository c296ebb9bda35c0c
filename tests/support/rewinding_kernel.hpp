// SPDX-License-Identifier: MIT
#pragma once

// A kernel with sq_rewind (Linux 7.0), which this machine's may lack. One thread, one ring.

#include <support/engine.hpp>

#include <rondo/abi/query.hpp>
#include <rondo/abi/registration.hpp>
#include <rondo/core/bits.hpp>
#include <rondo/engine/kernel.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rondo::test {

/// A kernel with sq_rewind, made of one without: at each enter it moves what lies at the start of
/// the SQE array to where the real kernel looks next. It can be told to take fewer than offered.
class rewinding_kernel final : public engine::backend {
public:
    std::uint32_t most_per_enter = ~std::uint32_t{0};

    long setup(std::uint32_t entries, abi::params& p) noexcept override {
        auto const flags = static_cast<abi::setup>(p.flags);
        p.flags = raw(flags & ~abi::setup::sq_rewind);
        long const fd = this_engine().setup(entries, p);
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
        std::vector<abi::sqe> const before(sqes_, sqes_ + entries_);
        for (std::uint32_t i = 0; i < n; ++i)
            sqes_[(*tail + i) % entries_] = before[i];
        *tail += n;
        long const answer =
            this_engine().enter(fd, n, n == to_submit ? min_complete : 0, flags, arg, arg_size);
        std::ranges::copy(before, sqes_); // the kernel leaves the array alone
        return answer;
    }
    long register_(int fd, std::uint32_t operation, void* arg,
                   std::uint32_t count) noexcept override {
        long const answer = this_engine().register_(fd, operation, arg, count);
        std::uint32_t const bare = operation & ~raw(abi::register_op::use_registered_ring);
        if (bare == raw(abi::register_op::resize_rings) && answer >= 0) {
            offsets_ = static_cast<abi::params const*>(arg)->sq_off;
            entries_ = static_cast<abi::params const*>(arg)->sq_entries;
        }
        if (operation == raw(abi::register_op::query) && answer == 0) {
            auto const& header = *static_cast<abi::query_hdr const*>(arg);
            reinterpret_cast<abi::query_opcode*>(header.query_data)->ring_setup_flags |=
                raw(abi::setup::sq_rewind);
        }
        return answer;
    }
    result<mapping> map(int fd, std::uint64_t offset, std::size_t bytes) noexcept override {
        auto pages = this_engine().map(fd, offset, bytes);
        if (pages && offset == abi::off_sqes)
            sqes_ = reinterpret_cast<abi::sqe*>(pages->data());
        else if (pages)
            rings_ = pages->data();
        return pages;
    }
    void close(int fd) noexcept override { this_engine().close(fd); }

private:
    std::uint32_t* word(std::uint32_t offset) const noexcept {
        return reinterpret_cast<std::uint32_t*>(rings_ + offset);
    }

    abi::sq_ring_offsets offsets_{};
    std::uint32_t entries_ = 0;
    abi::sqe* sqes_ = nullptr;
    std::byte* rings_ = nullptr;
};

} // namespace rondo::test
