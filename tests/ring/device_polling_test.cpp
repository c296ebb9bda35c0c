// SPDX-License-Identifier: MIT
// Rings that poll a device for completions instead of being interrupted. What they take besides
// nops depends on the machine.
#include <support/child.hpp>
#include <support/engine.hpp>
#include <support/matrix.hpp>
#include <support/pipe_pair.hpp>
#include <support/temporary_directory.hpp>

#include <rondo/core/mapping.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/modifier.hpp>
#include <rondo/op/read.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>

namespace rondo {
namespace {

using namespace test;

class device_polling : public ::testing::TestWithParam<abi::setup> {
protected:
    void SetUp() override {
        RONDO_NEEDS_KERNEL("device polling");
        auto made = ring::create({.entries = 8, .required = GetParam()});
        if (!made && made.error().why() == cause::unknown_flag)
            GTEST_SKIP() << made.error().message().c_str();
        ring_.emplace(std::move(made).or_throw("ring"));
    }
    std::optional<ring> ring_;
};
INSTANTIATE_TEST_SUITE_P(ring, device_polling,
                         ::testing::Values(abi::setup::iopoll,
                                           abi::setup::iopoll | abi::setup::hybrid_iopoll),
                         [](auto const& v) {
                             return has(v.param, abi::setup::hybrid_iopoll) ? "hybrid" : "busy";
                         });

TEST_P(device_polling, refuses_what_no_device_is_polled_for) {
    pipe_pair const pipe;
    std::array<char, 8> memory{};
    auto const n = ring_->run(op::read{.fd = pipe.out, .into = memory});
    ASSERT_FALSE(n.has_value());
    EXPECT_TRUE(n.error() == EOPNOTSUPP || n.error() == EINVAL) << n.error().message().c_str();
}

TEST_P(device_polling, reads_what_the_device_has) {
    temporary_directory const directory;
    std::string const path = directory / "block";
    std::string const contents(4096, 'x');
    {
        unique_fd const out(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        ASSERT_EQ(::write(out.get(), contents.data(), 4096), 4096);
        ASSERT_EQ(::fsync(out.get()), 0);
    }
    unique_fd const in(::open(path.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC));
    if (!in)
        GTEST_SKIP() << "the file system of the temporary directory has no O_DIRECT";
    auto const memory = mapping::anonymous(4096).or_throw("memory");
    auto const n =
        ring_->run(op::read{.fd = in, .into = std::span(memory.data(), memory.size()), .at = 0});
    if (!n && n.error() == EOPNOTSUPP)
        GTEST_SKIP() << "the device of the temporary directory has no polled queues";
    ASSERT_TRUE(n.has_value()) << n.error().message().c_str();
    EXPECT_EQ(*n, 4096u);
    EXPECT_EQ(static_cast<char>(memory.data()[4095]), 'x');
}

// The kernel keeps no time for these rings: it must not be said that it does.
TEST_P(device_polling, a_deadline_is_refused_by_name) {
    child_end const end = in_child(
        [] {
            auto own = ring::create({.entries = 8, .required = GetParam()}).or_throw("ring");
            auto const waited = own.submit_and_wait(1, std::chrono::milliseconds{5});
            ASSERT_FALSE(waited.has_value());
            EXPECT_EQ(waited.error(), ENOTSUP) << waited.error().message().c_str();
            EXPECT_EQ(waited.error().why(), cause::device_polling);
        },
        5);
    EXPECT_TRUE(end.succeeded()) << end;
}

TEST_P(device_polling, is_closed_while_a_worker_is_busy) {
    child_end const end = in_child(
        [] {
            std::optional<ring> own(
                ring::create({.entries = 8, .required = GetParam()}).or_throw("ring"));
            for (std::uint64_t i = 0; i < 8; ++i)
                push(*own, op::async(op::nop{}), i);
            own->submit().or_throw("submit");
            auto const start = std::chrono::steady_clock::now();
            own.reset();
            EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{2});
        },
        5);
    EXPECT_TRUE(end.succeeded()) << end;
}

} // namespace
} // namespace rondo
