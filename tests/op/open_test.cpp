// SPDX-License-Identifier: MIT

#include <rondo/op/open.hpp>
#include <rondo/op/read.hpp>
#include <rondo/ring/ring.hpp>

#include <support/ring_test.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace rondo {
namespace {

class op_open : public test::ring_test {
protected:
    void register_empty_files() { register_files({-1, -1, -1, -1}); }
    std::string read_slot(std::uint32_t index) {
        std::array<char, 64> memory{};
        auto const n = ring_.run(op::read{.fd = fd_ref::slot(index), .into = memory, .at = 0})
                           .or_throw("read");
        return {memory.data(), n};
    }
    unique_fd directory() {
        return unique_fd(::open(directory_.path().c_str(), O_DIRECTORY | O_CLOEXEC));
    }
};

TEST_F(op_open, at_opens_for_reading_and_closes_on_exec_by_default) {
    file_with("f", "hello");
    std::string const path = directory_ / "f";
    auto const file = ring_.run(op::openat{.path = path.c_str()}).or_throw("openat");
    EXPECT_EQ(contents_of(file), "hello");
    EXPECT_EQ(::fcntl(file.get(), F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(::fcntl(file.get(), F_GETFL) & O_ACCMODE, O_RDONLY);
}

TEST_F(op_open, at_creates_with_a_mode_below_a_directory) {
    auto const below = directory();
    auto const file = ring_
                          .run(op::openat{.path = "new",
                                          .flags = O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC,
                                          .mode = 0600,
                                          .directory = below})
                          .or_throw("openat");
    struct ::stat status{};
    ASSERT_EQ(::stat((directory_ / "new").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777u, 0600u);
    RONDO_EXPECT_ERROR(
        ring_.run(
            op::openat{.path = "new", .flags = O_CREAT | O_EXCL | O_WRONLY, .directory = below}),
        EEXIST);
}

TEST_F(op_open, at_reports_what_is_missing) {
    std::string const path = directory_ / "none";
    auto const file = ring_.run(op::openat{.path = path.c_str()});
    ASSERT_FALSE(file.has_value());
    EXPECT_EQ(file.error().code(), ENOENT);
    EXPECT_EQ(file.error().attempted(), static_cast<attempt>(18));
}

TEST_F(op_open, at_fills_the_slot_it_is_told) {
    register_empty_files();
    file_with("f", "hello");
    std::string const path = directory_ / "f";
    auto const slot = ring_.run(op::openat{.path = path.c_str(), .as = slot_source{.index = 2}})
                          .or_throw("openat");
    EXPECT_EQ(slot.index(), 2u);
    EXPECT_EQ(read_slot(2), "hello");
}

TEST_F(op_open, at_replaces_what_the_slot_held) {
    auto const held = file_with("f", "before");
    register_files({held.get(), -1});
    file_with("g", "after");
    std::string const path = directory_ / "g";
    RONDO_EXPECT_OK(ring_.run(op::openat{.path = path.c_str(), .as = slot_source{.index = 0}}));
    EXPECT_EQ(read_slot(0), "after");
}

TEST_F(op_open, at_lets_the_kernel_choose_slots_until_none_is_free) {
    register_empty_files();
    file_with("f", "hello");
    std::string const path = directory_ / "f";
    op::openat const o{.path = path.c_str(), .as = slot_source{}};
    std::set<std::uint32_t> chosen;
    for (int i = 0; i < 4; ++i) {
        auto const slot = ring_.run(o).or_throw("openat");
        chosen.insert(slot.index());
        EXPECT_EQ(read_slot(slot.index()), "hello");
    }
    EXPECT_EQ(chosen, (std::set<std::uint32_t>{0, 1, 2, 3}));
    RONDO_EXPECT_ERROR(ring_.run(o), ENFILE);
}

TEST_F(op_open, at_into_a_slot_needs_a_table) {
    file_with("f", "hello");
    std::string const path = directory_ / "f";
    RONDO_EXPECT_ERROR(ring_.run(op::openat{.path = path.c_str(), .as = slot_source{.index = 0}}),
                       ENXIO);
}

TEST_F(op_open, at2_resolves_as_it_is_told) {
    file_with("f", "hello");
    auto const below = directory();
    op::openat2 const inside{.path = "f",
                             .how = {.flags = O_CLOEXEC, .mode = 0, .resolve = RESOLVE_BENEATH},
                             .directory = below};
    EXPECT_EQ(contents_of(ring_.run(inside).or_throw("openat2")), "hello");
    op::openat2 outside = inside;
    outside.path = "../f";
    RONDO_EXPECT_ERROR(ring_.run(outside), EXDEV);
    op::openat2 unknown = inside;
    unknown.how.resolve = ~0ull;
    RONDO_EXPECT_ERROR(ring_.run(unknown), EINVAL);
}

TEST_F(op_open, at2_fills_slots) {
    register_empty_files();
    file_with("f", "hello");
    std::string const path = directory_ / "f";
    op::openat2 const told{.path = path.c_str(), .how = {}, .as = slot_source{.index = 1}};
    EXPECT_EQ(ring_.run(told).or_throw("openat2").index(), 1u);
    EXPECT_EQ(read_slot(1), "hello");
    op::openat2 const any{.path = path.c_str(), .how = {}, .as = slot_source{}};
    auto const chosen = ring_.run(any).or_throw("openat2");
    EXPECT_NE(chosen.index(), 1u);
    EXPECT_EQ(read_slot(chosen.index()), "hello");
    op::openat2 on_exec = any;
    on_exec.how.flags = O_CLOEXEC;
    RONDO_EXPECT_ERROR(ring_.run(on_exec), EINVAL);
}

TEST_F(op_open, close_closes_the_descriptor) {
    int const fd = file_with("f", "hello").release();
    RONDO_EXPECT_OK(ring_.run(op::close{.fd = fd}));
    EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
    RONDO_EXPECT_ERROR(ring_.run(op::close{.fd = fd}), EBADF);
}

TEST_F(op_open, close_refuses_a_ring) {
    auto const other = ring::create({.entries = 1, .register_descriptor = false}).or_throw("ring");
    RONDO_EXPECT_ERROR(ring_.run(op::close{.fd = other.native_handle()}), EBADF);
}

TEST_F(op_open, close_empties_the_slot_and_leaves_the_descriptor) {
    auto const file = file_with("f", "hello");
    register_files({file.get(), file.get()});
    RONDO_EXPECT_OK(ring_.run(op::close{.fd = fd_ref::slot(0)}));
    RONDO_EXPECT_ERROR(ring_.run(op::close{.fd = fd_ref::slot(0)}), EBADF);
    EXPECT_EQ(read_slot(1), "hello");
    EXPECT_EQ(contents_of(file), "hello");
}

} // namespace
} // namespace rondo
