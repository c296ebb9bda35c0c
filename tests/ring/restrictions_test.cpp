// SPDX-License-Identifier: MIT

#include <rondo/abi/probe.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/open.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/write.hpp>
#include <rondo/abi/restriction.hpp>
#include <rondo/ring/files.hpp>
#include <rondo/ring/request_filter.hpp>
#include <rondo/ring/restrictions.hpp>

#include <support/engine.hpp>
#include <support/other_kernel.hpp>
#include <support/pipe_pair.hpp>
#include <support/ring_test.hpp>

#include <gtest/gtest.h>

#include <linux/filter.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <vector>

namespace rondo {
namespace {

class ring_restrictions : public test::ring_test {
protected:
    std::array<char, 16> memory_{};
};

TEST_F(ring_restrictions, let_through_what_is_allowed_and_nothing_else) {
    auto const file = file_with("f", "hello");
    RONDO_EXPECT_OK(restrictions().allow<op::read<>>().apply(ring_));
    EXPECT_EQ(ring_.run(op::read{.fd = file, .into = memory_, .at = 0}).or_throw("read"), 5u);
    RONDO_EXPECT_ERROR(ring_.run(op::write{.fd = file, .from = std::string_view("x"), .at = 0}),
                       EACCES);
    RONDO_EXPECT_ERROR(ring_.run(op::async(op::read{.fd = file, .into = memory_, .at = 0})),
                       EACCES);
    EXPECT_EQ(contents_of(file), "hello");
}

TEST_F(ring_restrictions, let_through_flags_that_are_allowed) {
    auto const file = file_with("f", "hello");
    RONDO_EXPECT_OK(restrictions().allow<op::read<>>().allow(abi::sqe_flag::async).apply(ring_));
    RONDO_EXPECT_OK(ring_.run(op::async(op::read{.fd = file, .into = memory_, .at = 0})));
}

TEST_F(ring_restrictions, can_demand_registered_files) {
    auto const file = file_with("f", "hello");
    auto slots = files::create(ring_, {.slots = 1}).or_throw("files");
    auto const slot = slots.insert(file.get()).or_throw("insert");
    RONDO_EXPECT_OK(
        restrictions().allow<op::read<>>().require(abi::sqe_flag::fixed_file).apply(ring_));
    EXPECT_EQ(ring_.run(op::read{.fd = slot, .into = memory_, .at = 0}).or_throw("read"), 5u);
    RONDO_EXPECT_ERROR(ring_.run(op::read{.fd = file, .into = memory_, .at = 0}), EACCES);
}

TEST_F(ring_restrictions, hold_for_registrations_too) {
    RONDO_EXPECT_OK(restrictions().allow(abi::register_op::probe).apply(ring_));
    RONDO_EXPECT_OK(files::create(ring_, {.slots = 1})); // not enabled yet
    RONDO_EXPECT_OK(ring_.bind_to_this_thread());
    auto const refused = files::create(ring_, {.slots = 1});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error(), EACCES);
    EXPECT_EQ(refused.error().why(), cause::restricted) << refused.error().message().c_str();
    abi::probe_table table{};
    RONDO_EXPECT_OK(ring_.register_(abi::register_op::probe, &table, 256));
}

TEST_F(ring_restrictions, come_once_and_before_the_ring_is_enabled) {
    RONDO_EXPECT_OK(restrictions().apply(ring_));
    auto const again = restrictions().apply(ring_);
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().why(), cause::in_use);

    auto enabled = ring::create({.entries = 4}).or_throw("ring");
    RONDO_EXPECT_OK(enabled.bind_to_this_thread());
    auto const late = restrictions().apply(enabled);
    ASSERT_FALSE(late.has_value());
    EXPECT_EQ(late.error(), EBADFD);
    EXPECT_EQ(late.error().why(), cause::disabled);
    EXPECT_NE(std::string_view(late.error().message()).find("before it is enabled"),
              std::string_view::npos);
}

TEST_F(ring_restrictions, of_an_opcode_that_nobody_knows_are_refused) {
    RONDO_EXPECT_ERROR(restrictions().allow(static_cast<abi::opcode>(250)).apply(ring_), EINVAL);
}

TEST_F(ring_restrictions, leave_a_ring_what_it_needs_to_end) {
    RONDO_NEEDS_KERNEL("registered ring descriptors");
    // The table of registered descriptors has 16 places: a ring that cannot leave it fills it up.
    for (int i = 0; i < 40; ++i) {
        test::pipe_pair const pipe;
        auto r = ring::create({.entries = 4}).or_throw("ring");
        RONDO_EXPECT_OK(restrictions().allow<op::read<>>().apply(r));
        ASSERT_TRUE(r.push(op::read{.fd = pipe.out, .into = memory_}, 1));
        ASSERT_TRUE(r.submit());
        EXPECT_TRUE(r.features().registered_descriptor) << i;
    }
}

TEST_F(ring_restrictions, of_the_task_are_there_or_missing) {
    test::other_kernel kernel;
    std::vector<abi::restriction> told;
    kernel.play(abi::register_op::restrictions,
                [&](int fd, void* arg, std::uint32_t count) -> long {
                    EXPECT_EQ(fd, -1);
                    EXPECT_EQ(count, 1u);
                    auto const& head = *static_cast<abi::task_restriction const*>(arg);
                    EXPECT_EQ(head.flags, 0u);
                    told.resize(head.nr_res);
                    std::memcpy(told.data(), &head + 1, told.size() * sizeof told[0]);
                    return 0;
                });
    RONDO_EXPECT_OK(restrictions()
                        .allow<op::read<>>()
                        .require(abi::sqe_flag::fixed_file)
                        .apply_to_this_task(kernel));
    auto const has = [&](abi::restriction_op kind, std::uint8_t what) {
        for (abi::restriction const& r : told)
            if (r.opcode == static_cast<std::uint16_t>(kind) && r.sqe_op == what)
                return true;
        return false;
    };
    EXPECT_EQ(told.size(), 6u);
    EXPECT_TRUE(has(abi::restriction_op::sqe_op, 22));      // read
    EXPECT_TRUE(has(abi::restriction_op::sqe_op, 0));       // nop
    EXPECT_TRUE(has(abi::restriction_op::register_op, 21)); // unregister_ring_fds
    EXPECT_TRUE(has(abi::restriction_op::register_op, 24)); // sync_cancel
    EXPECT_TRUE(has(abi::restriction_op::sqe_flags_allowed, 3));
    EXPECT_TRUE(has(abi::restriction_op::sqe_flags_required, 1));

    kernel.play(abi::register_op::restrictions, [](int, void*, std::uint32_t) { return -EPERM; });
    auto const again = restrictions().apply_to_this_task(kernel);
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().why(), cause::in_use);
}

TEST_F(ring_restrictions, of_the_task_before_linux_7_0_are_a_missing_feature) {
    test::other_kernel kernel; // as kernels answer that know no restrictions without a ring
    kernel.lack(abi::register_op::restrictions);
    auto const refused = restrictions().apply_to_this_task(kernel);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().why(), cause::missing_feature);
}

/// "Refuse every request": returns 0.
constexpr std::array refuse_all{::sock_filter{BPF_RET | BPF_K, 0, 0, 0}};

TEST_F(ring_restrictions, a_filter_is_handed_over_whole) {
    test::other_kernel kernel;
    abi::bpf told{};
    int told_fd = 0;
    kernel.play(abi::register_op::bpf_filter, [&](int fd, void* arg, std::uint32_t count) -> long {
        EXPECT_EQ(count, 1u);
        told_fd = fd;
        std::memcpy(&told, arg, sizeof told);
        return 0;
    });
    request_filter const filter{.code = abi::opcode::openat,
                                .program = refuse_all,
                                .own_bytes = 24,
                                .deny_rest = true,
                                .exact_size = true};
    RONDO_EXPECT_OK(filter_requests_of_this_task(filter, kernel));
    EXPECT_EQ(told_fd, -1);
    EXPECT_EQ(told.cmd_type, 1u);
    EXPECT_EQ(told.filter.opcode, 18u);
    EXPECT_EQ(told.filter.flags, 3u);
    EXPECT_EQ(told.filter.filter_len, 1u);
    EXPECT_EQ(told.filter.pdu_size, 24u);
    EXPECT_EQ(told.filter.filter_ptr, reinterpret_cast<std::uintptr_t>(refuse_all.data()));
    auto other = ring::create({.entries = 4, .backend = &kernel}).or_throw("ring");
    RONDO_EXPECT_OK(filter_requests(other, filter));
    EXPECT_EQ(told_fd, other.native_handle());
}

TEST_F(ring_restrictions, a_filter_refuses_here_or_is_a_missing_feature) {
    auto const filtered = filter_requests(
        ring_, {.code = abi::opcode::openat, .program = refuse_all, .own_bytes = 24});
    if (!filtered) {
        ASSERT_EQ(filtered.error().why(), cause::missing_feature)
            << filtered.error().message().c_str();
        GTEST_SKIP() << "Linux 7.0: " << filtered.error().message().c_str();
    }
    RONDO_EXPECT_ERROR(ring_.run(op::openat{.path = "/", .flags = O_RDONLY}), EACCES);
}

} // namespace
} // namespace rondo
