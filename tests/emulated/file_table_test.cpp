// SPDX-License-Identifier: MIT

#include <engine/emulated/file_table.hpp>

#include <rondo/abi/flags.hpp>
#include <rondo/abi/registration.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace rondo::engine::emulation {
namespace {

constexpr std::uint32_t anywhere = abi::file_index_alloc;

class emulated_file_table : public ::testing::Test {
protected:
    using tags = std::vector<std::uint64_t>;

    emulated_file_table() {
        table_.connect(
            {posted_,
             [](void* to, std::uint64_t tag) noexcept { static_cast<tags*>(to)->push_back(tag); }},
            {[](void* who, int fd) noexcept { return *static_cast<int*>(who) == fd; }, &ring_});
    }
    static unique_fd open_null() { return unique_fd(::open("/dev/null", O_RDWR | O_CLOEXEC)); }
    static bool same_file(int a, int b) {
        struct ::stat x{};
        struct ::stat y{};
        return ::fstat(a, &x) == 0 && ::fstat(b, &y) == 0 && x.st_ino == y.st_ino;
    }
    void make_empty(std::uint32_t slots) { ASSERT_EQ(table_.enrol(nullptr, slots, nullptr), 0); }

    std::shared_ptr<tags> posted_ = std::make_shared<tags>();
    int ring_ = -1;
    file_table table_;
    unique_fd const null_ = open_null();
};

TEST_F(emulated_file_table, holds_copies_of_what_was_registered) {
    unique_fd file = open_null();
    std::array const fds{file.get(), -1};
    ASSERT_EQ(table_.enrol(fds.data(), 2, nullptr), 0);
    ASSERT_NE(table_.at(0), nullptr);
    EXPECT_NE((*table_.at(0))->get(), file.get());
    file.reset();
    EXPECT_TRUE(same_file((*table_.at(0))->get(), null_.get()));
    EXPECT_NE(::fcntl((*table_.at(0))->get(), F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_EQ(table_.at(1), nullptr);
    EXPECT_EQ(table_.at(2), nullptr);
    EXPECT_EQ(table_.size(), 2u);
}

TEST_F(emulated_file_table, refuses_a_second_table_and_the_end_of_none) {
    EXPECT_EQ(table_.unregister(), -ENXIO);
    EXPECT_FALSE(table_.exists());
    make_empty(1);
    EXPECT_EQ(table_.enrol(nullptr, 1, nullptr), -EBUSY);
    EXPECT_EQ(table_.unregister(), 0);
    EXPECT_EQ(table_.unregister(), -ENXIO);
}

TEST_F(emulated_file_table, has_a_slot_at_least_and_not_too_many) {
    EXPECT_EQ(table_.enrol(nullptr, 0, nullptr), -EINVAL);
    EXPECT_EQ(table_.enrol(nullptr, (1u << 20) + 1, nullptr), -EMFILE);
}

TEST_F(emulated_file_table, takes_neither_bad_descriptors_nor_paths_nor_rings) {
    unique_fd const path(::open("/tmp", O_PATH | O_CLOEXEC));
    ring_ = ::dup(null_.get());
    unique_fd ring(ring_);
    for (int const fd : {-2, 1 << 20, path.get(), ring_}) {
        EXPECT_EQ(table_.enrol(&fd, 1, nullptr), -EBADF) << fd;
        EXPECT_FALSE(table_.exists());
    }
    make_empty(2);
    EXPECT_EQ(table_.update(0, &ring_, 1, nullptr), -EBADF);
    EXPECT_EQ(table_.update_anywhere(&ring_, 1), -EBADF);
    EXPECT_EQ(table_.install(std::move(ring), 1), -EBADF);
}

TEST_F(emulated_file_table, an_update_replaces_empties_and_skips) {
    std::array const before{null_.get(), null_.get(), -1};
    ASSERT_EQ(table_.enrol(before.data(), 3, nullptr), 0);
    shared_fd const first = *table_.at(0);
    std::array const change{abi::register_files_skip, -1, null_.get()};
    EXPECT_EQ(table_.update(0, change.data(), 3, nullptr), 3);
    EXPECT_EQ(*table_.at(0), first);
    EXPECT_EQ(table_.at(1), nullptr);
    EXPECT_NE(table_.at(2), nullptr);
}

TEST_F(emulated_file_table, an_update_ends_at_its_first_failure_whose_slot_is_empty_then) {
    std::array const before{null_.get(), null_.get(), null_.get()};
    ASSERT_EQ(table_.enrol(before.data(), 3, nullptr), 0);
    std::array const change{null_.get(), 1 << 20, -1};
    EXPECT_EQ(table_.update(0, change.data(), 3, nullptr), 1);
    EXPECT_EQ(table_.at(1), nullptr);
    EXPECT_NE(table_.at(2), nullptr);
    EXPECT_EQ(table_.update(0, change.data() + 1, 1, nullptr), -EBADF);
}

TEST_F(emulated_file_table, an_update_outside_is_refused) {
    int const fd = null_.get();
    EXPECT_EQ(table_.update(0, &fd, 1, nullptr), -ENXIO);
    make_empty(2);
    EXPECT_EQ(table_.update(2, &fd, 1, nullptr), -EINVAL);
    EXPECT_EQ(table_.update(~0u, &fd, 1, nullptr), -EOVERFLOW);
    EXPECT_EQ(table_.update(0, nullptr, 1, nullptr), -EFAULT);
}

TEST_F(emulated_file_table, what_is_opened_goes_into_the_slot_that_was_named) {
    EXPECT_EQ(table_.install(open_null(), 1), -ENXIO);
    make_empty(2);
    EXPECT_EQ(table_.install(open_null(), 2), 0);
    ASSERT_NE(table_.at(1), nullptr);
    int const former = (*table_.at(1))->get();
    EXPECT_EQ(table_.install(open_null(), 2), 0);
    EXPECT_NE((*table_.at(1))->get(), former);
    EXPECT_EQ(::fcntl(former, F_GETFD), -1);
    EXPECT_EQ(table_.install(open_null(), 3), -EINVAL);
}

TEST_F(emulated_file_table, what_cannot_be_installed_is_closed) {
    unique_fd file = open_null();
    int const number = file.get();
    EXPECT_EQ(table_.install(std::move(file), 1), -ENXIO);
    EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

TEST_F(emulated_file_table, chooses_slots_of_its_range_in_turn) {
    EXPECT_EQ(table_.install(open_null(), anywhere), -ENFILE);
    make_empty(5);
    ASSERT_EQ(table_.set_range(1, 3), 0);
    for (long const expected : {1, 2, 3, -ENFILE})
        EXPECT_EQ(table_.install(open_null(), anywhere), expected);
    EXPECT_EQ(table_.remove(3), 0);
    EXPECT_EQ(table_.remove(1), 0);
    for (long const expected : {1, 3, -ENFILE})
        EXPECT_EQ(table_.install(open_null(), anywhere), expected);
    EXPECT_EQ(table_.set_range(3, 3), -EINVAL);
    EXPECT_EQ(table_.set_range(~0u, 2), -EOVERFLOW);
}

TEST_F(emulated_file_table, fills_free_slots_and_writes_down_which) {
    make_empty(3);
    ASSERT_EQ(table_.install(open_null(), 1), 0);
    std::array fds{null_.get(), null_.get(), null_.get()};
    EXPECT_EQ(table_.update_anywhere(fds.data(), 3), 2);
    EXPECT_EQ(fds, (std::array{1, 2, null_.get()}));
    EXPECT_EQ(table_.update_anywhere(fds.data() + 2, 1), -ENFILE);
}

TEST_F(emulated_file_table, empties_a_slot_once) {
    EXPECT_EQ(table_.remove(0), -ENXIO);
    std::array const fds{null_.get()};
    ASSERT_EQ(table_.enrol(fds.data(), 1, nullptr), 0);
    EXPECT_EQ(table_.remove(1), -EINVAL);
    EXPECT_EQ(table_.remove(0), 0);
    EXPECT_EQ(table_.remove(0), -EBADF);
}

TEST_F(emulated_file_table, a_tag_is_posted_when_the_last_owner_let_go) {
    std::array const fds{null_.get(), null_.get()};
    std::array<std::uint64_t, 2> const given{7, 8};
    ASSERT_EQ(table_.enrol(fds.data(), 2, given.data()), 0);
    shared_fd held = *table_.at(0);
    EXPECT_EQ(table_.remove(0), 0);
    EXPECT_EQ(*posted_, tags{});
    int const number = held->get();
    held.reset();
    EXPECT_EQ(*posted_, tags{7});
    EXPECT_EQ(::fcntl(number, F_GETFD), -1);
    EXPECT_EQ(table_.unregister(), 0);
    EXPECT_EQ(*posted_, (tags{7, 8}));
}

TEST_F(emulated_file_table, an_updated_slot_has_a_tag_of_its_own) {
    make_empty(1);
    int const fd = null_.get();
    std::uint64_t tag = 5;
    ASSERT_EQ(table_.update(0, &fd, 1, &tag), 1);
    tag = 6;
    ASSERT_EQ(table_.update(0, &fd, 1, &tag), 1);
    EXPECT_EQ(*posted_, tags{5});
    int const none = -1;
    EXPECT_EQ(table_.update(0, &none, 1, &tag), -EINVAL);
    EXPECT_NE(table_.at(0), nullptr);
    ASSERT_EQ(table_.update(0, &none, 1, nullptr), 1);
    EXPECT_EQ(*posted_, (tags{5, 6}));
}

TEST_F(emulated_file_table, a_table_that_was_refused_posts_no_tags) {
    std::array const fds{null_.get(), 1 << 20};
    std::array<std::uint64_t, 2> const given{7, 8};
    EXPECT_EQ(table_.enrol(fds.data(), 2, given.data()), -EBADF);
    std::array const with_empty{null_.get(), -1};
    EXPECT_EQ(table_.enrol(with_empty.data(), 2, given.data()), -EINVAL);
    EXPECT_EQ(*posted_, tags{});
}

TEST_F(emulated_file_table, a_tag_without_anyone_to_tell_is_dropped) {
    std::array const fds{null_.get()};
    std::uint64_t const tag = 7;
    ASSERT_EQ(table_.enrol(fds.data(), 1, &tag), 0);
    auto const copy = std::make_shared<tags>();
    posted_ = copy; // the former goes
    EXPECT_EQ(table_.unregister(), 0);
    EXPECT_EQ(*copy, tags{});
}

} // namespace
} // namespace rondo::engine::emulation
