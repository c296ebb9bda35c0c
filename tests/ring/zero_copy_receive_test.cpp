// SPDX-License-Identifier: MIT

#include <rondo/abi/region.hpp>
#include <rondo/ring/ring.hpp>
#include <rondo/ring/zero_copy_receive.hpp>

#include <support/other_kernel.hpp>
#include <support/ring_test.hpp>

#include <gtest/gtest.h>

#include <net/if.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

namespace rondo {
namespace {

constexpr std::uint64_t token = std::uint64_t{5} << abi::zcrx_area_shift;

/// Plays the kernel's side of one receive queue: its words lie in the memory it is given.
class played_card {
public:
    played_card() {
        kernel_.play(abi::register_op::zcrx_ifq, [this](int, void* arg, std::uint32_t count) {
            return enrol(*static_cast<abi::zcrx_ifq_reg*>(arg), count);
        });
        kernel_.play(abi::register_op::zcrx_ctrl, [this](int, void* arg, std::uint32_t) -> long {
            auto& request = *static_cast<abi::zcrx_ctrl*>(arg);
            control_ = request;
            if (request.op == static_cast<std::uint32_t>(abi::zcrx_ctrl_op::zc_export))
                request.zc_export.zcrx_fd = static_cast<std::uint32_t>(::dup(0));
            return 0;
        });
    }
    engine::backend& kernel() { return kernel_; }
    [[nodiscard]] abi::zcrx_ifq_reg const& asked() const { return asked_; }
    [[nodiscard]] abi::zcrx_area_reg const& area() const { return area_; }
    [[nodiscard]] abi::zcrx_ctrl const& control() const { return control_; }
    /// What was given back and not looked at yet.
    [[nodiscard]] std::uint32_t waiting() const { return *word(64) - *word(0); }
    abi::zcrx_rqe take() {
        std::uint32_t& head = *word(0);
        auto const* const entries = reinterpret_cast<abi::zcrx_rqe const*>(refill_ + 128);
        return entries[head++ % asked_.rq_entries];
    }

private:
    long enrol(abi::zcrx_ifq_reg& request, std::uint32_t count) {
        if (count != 1)
            return -EINVAL;
        asked_ = request;
        request.zcrx_id = 3;
        if ((request.flags & raw(abi::zcrx_reg_flag::import)) != 0)
            return 0;
        auto& area = *reinterpret_cast<abi::zcrx_area_reg*>(request.area_ptr);
        area.rq_area_token = token;
        area_ = area;
        auto const& region = *reinterpret_cast<abi::region_desc const*>(request.region_ptr);
        if (region.size < 128 + request.rq_entries * sizeof(abi::zcrx_rqe))
            return -EINVAL;
        refill_ = reinterpret_cast<std::byte*>(region.user_addr);
        request.offsets.head = 0;
        request.offsets.tail = 64;
        request.offsets.rqes = 128;
        return 0;
    }
    [[nodiscard]] std::uint32_t* word(std::size_t at) const {
        return reinterpret_cast<std::uint32_t*>(refill_ + at);
    }

    test::other_kernel kernel_;
    abi::zcrx_ifq_reg asked_{};
    abi::zcrx_area_reg area_{};
    abi::zcrx_ctrl control_{};
    std::byte* refill_ = nullptr;
};

class ring_zero_copy_receive : public ::testing::Test {
protected:
    played_card card_;
    ring ring_ = ring::create({.entries = 4, .backend = &card_.kernel()}).or_throw("ring");
};

TEST_F(ring_zero_copy_receive, registers_a_queue_with_memory_of_its_own) {
    auto const queue =
        zero_copy_receive::create(
            ring_, {.interface_index = 2, .queue = 7, .entries = 8, .area_bytes = 8192})
            .or_throw("zero-copy receive");
    EXPECT_EQ(queue.id(), 3u);
    EXPECT_EQ(card_.asked().if_idx, 2u);
    EXPECT_EQ(card_.asked().if_rxq, 7u);
    EXPECT_EQ(card_.asked().rq_entries, 8u);
    EXPECT_EQ(card_.asked().flags, 0u);
    EXPECT_EQ(card_.area().len, 8192u);
    EXPECT_NE(card_.area().addr, 0u);
}

TEST_F(ring_zero_copy_receive, finds_the_bytes_of_a_completion) {
    auto const queue = zero_copy_receive::create(ring_, {.entries = 8, .area_bytes = 8192})
                           .or_throw("zero-copy receive");
    std::memcpy(reinterpret_cast<char*>(card_.area().addr) + 4100, "hello", 5);
    abi::cqe32 c{};
    c.head.res = 5;
    c.extra[0] = token | 4100;
    auto const received = op::value_of(op::recv_zc_stream{.fd = 0, .queue = 3}, c).or_throw("recv");
    auto const bytes = queue.bytes(received);
    EXPECT_EQ(std::memcmp(bytes.data(), "hello", 5), 0);
    EXPECT_EQ(bytes.size(), 5u);
}

TEST_F(ring_zero_copy_receive, gives_places_back_until_all_entries_wait) {
    auto queue = zero_copy_receive::create(ring_, {.entries = 4, .area_bytes = 1 << 16})
                     .or_throw("zero-copy receive");
    for (std::uint64_t round = 0; round < 5; ++round) {
        for (std::uint64_t i = 0; i < 4; ++i)
            EXPECT_TRUE(queue.give_back({token | (i * 4096), 100 + i}));
        EXPECT_FALSE(queue.give_back({token, 1}));
        EXPECT_EQ(card_.waiting(), 4u);
        for (std::uint64_t i = 0; i < 4; ++i) {
            abi::zcrx_rqe const entry = card_.take();
            EXPECT_EQ(entry.off, token | (i * 4096));
            EXPECT_EQ(entry.len, 100 + i);
        }
    }
    EXPECT_TRUE(queue.give_back({0, 0})); // the peer's end came with no bytes
    EXPECT_EQ(card_.waiting(), 0u);
}

TEST_F(ring_zero_copy_receive, flushes_shares_and_imports) {
    auto queue = zero_copy_receive::create(ring_, {.entries = 4}).or_throw("zero-copy receive");
    RONDO_EXPECT_OK(queue.flush());
    EXPECT_EQ(card_.control().zcrx_id, 3u);
    EXPECT_EQ(card_.control().op, 0u);
    auto const shared = queue.share().or_throw("share");
    EXPECT_TRUE(shared);
    EXPECT_EQ(card_.control().op, 1u);
    auto const taken = zero_copy_receive::import(ring_, shared.get()).or_throw("import");
    EXPECT_EQ(card_.asked().flags, 1u);
    EXPECT_EQ(card_.asked().if_idx, static_cast<std::uint32_t>(shared.get()));
    EXPECT_EQ(card_.asked().area_ptr, 0u);
    EXPECT_EQ(taken.id(), 3u);
    EXPECT_TRUE(taken.bytes({0, 10}).empty());
}

TEST_F(ring_zero_copy_receive, takes_a_dma_buffer_in_place_of_memory) {
    auto const queue = zero_copy_receive::create(ring_, {.entries = 4,
                                                         .area_bytes = 4096,
                                                         .dmabuf = 9,
                                                         .piece_bytes = 2048,
                                                         .without_device = true})
                           .or_throw("zero-copy receive");
    EXPECT_EQ(card_.area().flags, 1u);
    EXPECT_EQ(card_.area().dmabuf_fd, 9u);
    EXPECT_EQ(card_.area().addr, 0u);
    EXPECT_EQ(card_.area().len, 4096u);
    EXPECT_EQ(card_.asked().rx_buf_len, 2048u);
    EXPECT_EQ(card_.asked().flags, 2u);
    EXPECT_TRUE(queue.bytes({0, 10}).empty());
}

TEST_F(ring_zero_copy_receive, wants_a_power_of_two_of_entries) {
    RONDO_EXPECT_ERROR(zero_copy_receive::create(ring_, {.entries = 0}), EINVAL);
    RONDO_EXPECT_ERROR(zero_copy_receive::create(ring_, {.entries = 3}), EINVAL);
}

TEST(ring_zero_copy_receive_here, is_there_or_a_missing_feature) {
    auto r = ring::create({.entries = 4, .required = abi::setup::cqe32}).or_throw("ring");
    auto const queue = zero_copy_receive::create(
        r, {.interface_index = ::if_nametoindex("lo"), .queue = 0, .area_bytes = 4096});
    ASSERT_FALSE(queue.has_value()) << "the loopback device has no receive queues to give away";
    EXPECT_EQ(queue.error().why(), cause::missing_feature) << queue.error().message().c_str();
    if (queue.error().why() == cause::missing_feature)
        GTEST_SKIP() << "zero-copy receive needs CONFIG_IO_URING_ZCRX and a network card: "
                     << queue.error().message().c_str();
}

} // namespace
} // namespace rondo
