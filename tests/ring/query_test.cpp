// SPDX-License-Identifier: MIT

#include <rondo/ring/query.hpp>
#include <rondo/ring/ring.hpp>

#include <support/engine.hpp>
#include <support/other_kernel.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace rondo {
namespace {

/// A kernel that answers one question with `answer`, and no other.
template <class Answer>
void play_query(test::other_kernel& kernel, abi::query_op question, Answer const& answer) {
    kernel.play(abi::register_op::query, [question, answer](int, void* arg, std::uint32_t) {
        auto& header = *static_cast<abi::query_hdr*>(arg);
        header.result = -EOPNOTSUPP;
        if (header.query_op == static_cast<std::uint32_t>(question)) {
            header.result = 0;
            std::memcpy(reinterpret_cast<void*>(header.query_data), &answer, sizeof answer);
        }
        return 0;
    });
}

TEST(ring_query, opcodes_agree_with_what_a_ring_found_out) {
    auto const answer = query_opcodes(test::this_engine());
    if (!answer) {
        ASSERT_EQ(answer.error().why(), cause::missing_feature);
        GTEST_SKIP() << answer.error().message().c_str();
    }
    auto const r = ring::create({.entries = 2}).or_throw("ring");
    EXPECT_EQ(answer->nr_request_opcodes, r.features().opcode_count);
    EXPECT_EQ(answer->nr_register_opcodes, r.features().register_ops);
    EXPECT_EQ(static_cast<abi::feature>(answer->feature_flags), r.features().kernel);
}

TEST(ring_query, a_question_that_the_kernel_does_not_know_is_a_missing_feature) {
    test::other_kernel kernel;
    play_query(kernel, abi::query_op::opcodes, abi::query_opcode{});
    for (auto const& failure : {query_zcrx(kernel).error(), query_scq(kernel).error()}) {
        EXPECT_EQ(failure, EOPNOTSUPP);
        EXPECT_EQ(failure.why(), cause::missing_feature);
    }
}

TEST(ring_query, a_kernel_that_cannot_be_asked_is_a_missing_feature) {
    test::other_kernel kernel;
    kernel.lack(abi::register_op::query);
    EXPECT_EQ(query_opcodes(kernel).error().why(), cause::missing_feature);
}

TEST(ring_query, zero_copy_receive_is_described) {
    test::other_kernel kernel;
    abi::query_zcrx told{};
    told.nr_ctrl_opcodes = 2;
    told.rq_hdr_size = 128;
    play_query(kernel, abi::query_op::zcrx, told);
    auto const answer = query_zcrx(kernel).or_throw("query");
    EXPECT_EQ(answer.nr_ctrl_opcodes, 2u);
    EXPECT_EQ(answer.rq_hdr_size, 128u);
}

TEST(ring_query, the_head_of_the_queues_is_described) {
    test::other_kernel kernel;
    play_query(kernel, abi::query_op::scq, abi::query_scq{192, 64});
    auto const answer = query_scq(kernel).or_throw("query");
    EXPECT_EQ(answer.hdr_size, 192u);
    EXPECT_EQ(answer.hdr_alignment, 64u);
}

TEST(ring_query, here_zero_copy_receive_is_described_or_missing) {
    RONDO_NEEDS_KERNEL("such questions");
    auto const answer = query_zcrx();
    if (!answer) {
        ASSERT_EQ(answer.error().why(), cause::missing_feature);
        GTEST_SKIP() << "Linux 6.19 with CONFIG_IO_URING_ZCRX: "
                     << answer.error().message().c_str();
    }
    EXPECT_GT(answer->rq_hdr_size, 0u);
}

TEST(ring_query, here_the_head_of_the_queues_is_described_or_missing) {
    RONDO_NEEDS_KERNEL("such questions");
    auto const answer = query_scq();
    if (!answer) {
        ASSERT_EQ(answer.error().why(), cause::missing_feature);
        GTEST_SKIP() << "Linux 6.19: " << answer.error().message().c_str();
    }
    EXPECT_GT(answer->hdr_size, 0u);
}

TEST(ring_query, a_registration_is_there_or_not) {
    EXPECT_NE(query_registration(abi::register_op::buffers, test::this_engine()), support::no);
    EXPECT_EQ(query_registration(static_cast<abi::register_op>(200), test::this_engine()),
              support::no);
}

TEST(ring_query, without_query_a_registration_is_missing_or_not_known) {
    test::other_kernel kernel;
    kernel.lack(abi::register_op::query);
    EXPECT_EQ(query_registration(abi::register_op::buffers, kernel), support::unknown);
    EXPECT_EQ(query_registration(static_cast<abi::register_op>(200), kernel), support::no);
}

} // namespace
} // namespace rondo
