// SPDX-License-Identifier: MIT

#include <engine/emulated/buffer_table.hpp>

#include <rondo/core/mapping.hpp>

#include <gtest/gtest.h>

#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace rondo::engine::emulation {
namespace {

std::uint64_t address_of(void const* data) { return reinterpret_cast<std::uintptr_t>(data); }

class emulated_buffer_table : public ::testing::Test {
protected:
    using tags = std::vector<std::uint64_t>;

    emulated_buffer_table() {
        for (buffer_table* table : {&table_, &other_})
            table->connect({posted_, [](void* to, std::uint64_t tag) noexcept {
                                static_cast<tags*>(to)->push_back(tag);
                            }});
    }
    long enrol_one(void* data, std::size_t bytes) {
        ::iovec const memory{data, bytes};
        long const answer = table_.enrol(&memory, 1, nullptr);
        if (answer == 0) {
            EXPECT_EQ(table_.unregister(), 0);
        }
        return answer;
    }

    std::shared_ptr<tags> posted_ = std::make_shared<tags>();
    buffer_table table_;
    buffer_table other_;
    std::array<std::byte, 100> a_{};
    std::array<std::byte, 100> b_{};
    ::iovec const in_a_{a_.data(), a_.size()};
    ::iovec const in_b_{b_.data(), b_.size()};
};

TEST_F(emulated_buffer_table, allows_what_lies_inside_a_buffer) {
    ASSERT_EQ(table_.enrol(&in_a_, 1, nullptr), 0);
    std::uint64_t const start = address_of(a_.data());
    EXPECT_EQ(table_.check(0, start, 100), 0);
    EXPECT_EQ(table_.check(0, start + 99, 1), 0);
    EXPECT_EQ(table_.check(0, start + 100, 0), 0);
    EXPECT_EQ(table_.check(0, start + 99, 2), -EFAULT);
    EXPECT_EQ(table_.check(0, start - 1, 1), -EFAULT);
    EXPECT_EQ(table_.check(0, start + 1, ~std::uint64_t{0}), -EFAULT);
    EXPECT_EQ(table_.check(1, start, 1), -EFAULT);
}

TEST_F(emulated_buffer_table, an_empty_slot_holds_nothing) {
    ASSERT_EQ(table_.enrol(nullptr, 2, nullptr), 0);
    EXPECT_EQ(table_.check(0, address_of(a_.data()), 1), -EFAULT);
    EXPECT_EQ(table_.hold(0), nullptr);
    EXPECT_EQ(table_.update(0, &in_a_, 1, nullptr), 1);
    EXPECT_EQ(table_.hold(0)->bytes, 100u);
    ::iovec const none{};
    EXPECT_EQ(table_.update(0, &none, 1, nullptr), 1);
    EXPECT_EQ(table_.hold(0), nullptr);
}

TEST_F(emulated_buffer_table, refuses_what_can_be_no_buffer) {
    EXPECT_EQ(enrol_one(nullptr, 0), 0);
    EXPECT_EQ(enrol_one(nullptr, 1), -EFAULT);
    EXPECT_EQ(enrol_one(a_.data(), 0), -EFAULT);
    EXPECT_EQ(enrol_one(a_.data(), (1u << 30) + 1), -EFAULT);
    EXPECT_EQ(enrol_one(a_.data(), std::size_t{1} << 63), -EINVAL);
    EXPECT_EQ(enrol_one(reinterpret_cast<void*>(~std::uintptr_t{0}), 1), -EOVERFLOW);
    EXPECT_EQ(enrol_one(reinterpret_cast<void*>(0x1000), 4096), -EFAULT);
}

TEST_F(emulated_buffer_table, refuses_memory_with_a_hole) {
    std::size_t const page = page_size();
    auto const memory = mapping::anonymous(3 * page).or_throw("mapping");
    EXPECT_EQ(enrol_one(memory.data(), 3 * page), 0);
    ASSERT_EQ(::munmap(memory.data() + page, page), 0);
    EXPECT_EQ(enrol_one(memory.data(), 3 * page), -EFAULT);
    EXPECT_EQ(enrol_one(memory.data() + 2 * page, page), 0);
}

TEST_F(emulated_buffer_table, refuses_memory_that_cannot_be_written) {
    std::size_t const page = page_size();
    if (::madvise(nullptr, 0, MADV_POPULATE_WRITE) != 0)
        GTEST_SKIP() << "MADV_POPULATE_WRITE is not there on this kernel (Linux 5.14)";
    auto const memory = mapping::anonymous(2 * page).or_throw("mapping");
    ASSERT_EQ(::mprotect(memory.data() + page, page, PROT_READ), 0);
    EXPECT_EQ(enrol_one(memory.data(), 2 * page), -EFAULT);
    EXPECT_EQ(enrol_one(memory.data(), page), 0);
}

TEST_F(emulated_buffer_table, has_a_slot_at_least_and_not_too_many) {
    EXPECT_EQ(table_.unregister(), -ENXIO);
    EXPECT_EQ(table_.enrol(nullptr, 0, nullptr), -EINVAL);
    EXPECT_EQ(table_.enrol(nullptr, 16385, nullptr), -EINVAL);
    EXPECT_EQ(table_.enrol(nullptr, 16384, nullptr), 0);
    EXPECT_EQ(table_.enrol(nullptr, 1, nullptr), -EBUSY);
}

TEST_F(emulated_buffer_table, an_update_ends_at_its_first_failure_whose_slot_stays) {
    std::array const before{in_a_, in_a_, in_a_};
    ASSERT_EQ(table_.enrol(before.data(), 3, nullptr), 0);
    std::array const change{in_b_, ::iovec{nullptr, 1}, in_b_};
    EXPECT_EQ(table_.update(0, change.data(), 3, nullptr), 1);
    EXPECT_EQ(table_.hold(0)->address, address_of(b_.data()));
    EXPECT_EQ(table_.hold(1)->address, address_of(a_.data()));
    EXPECT_EQ(table_.hold(2)->address, address_of(a_.data()));
    EXPECT_EQ(table_.update(1, change.data() + 1, 1, nullptr), -EFAULT);
    EXPECT_EQ(table_.update(1, change.data(), 3, nullptr), -EINVAL);
    EXPECT_EQ(table_.update(~0u, change.data(), 1, nullptr), -EOVERFLOW);
    EXPECT_EQ(other_.update(0, change.data(), 1, nullptr), -ENXIO);
}

TEST_F(emulated_buffer_table, a_tag_is_posted_when_the_last_owner_let_go) {
    std::array const memory{in_a_, in_b_};
    std::array<std::uint64_t, 2> const given{5, 6};
    ASSERT_EQ(table_.enrol(memory.data(), 2, given.data()), 0);
    auto held = table_.hold(0);
    ASSERT_EQ(table_.update(0, &in_b_, 1, nullptr), 1);
    EXPECT_EQ(*posted_, tags{});
    held.reset();
    EXPECT_EQ(*posted_, tags{5});
    ASSERT_EQ(table_.unregister(), 0);
    EXPECT_EQ(*posted_, (tags{5, 6}));
}

TEST_F(emulated_buffer_table, an_empty_slot_takes_no_tag_and_a_refused_table_posts_none) {
    std::array const memory{in_a_, ::iovec{}};
    std::array<std::uint64_t, 2> const given{5, 6};
    EXPECT_EQ(table_.enrol(memory.data(), 2, given.data()), -EINVAL);
    EXPECT_FALSE(table_.exists());
    EXPECT_EQ(*posted_, tags{});
}

TEST_F(emulated_buffer_table, a_clone_shares_the_memory_and_not_the_tags) {
    std::array const memory{in_a_, ::iovec{}, in_b_};
    std::array<std::uint64_t, 3> const given{5, 0, 6};
    ASSERT_EQ(table_.enrol(memory.data(), 3, given.data()), 0);
    ASSERT_EQ(other_.clone(table_, {}), 0);
    EXPECT_EQ(other_.size(), 3u);
    EXPECT_EQ(other_.check(2, address_of(b_.data()), 100), 0);
    EXPECT_EQ(other_.hold(1), nullptr);
    EXPECT_EQ(other_.unregister(), 0);
    EXPECT_EQ(*posted_, tags{});
}

TEST_F(emulated_buffer_table, a_clone_replaces_and_extends) {
    std::array const memory{in_a_, in_b_};
    std::uint64_t const tag = 7;
    ASSERT_EQ(table_.enrol(memory.data(), 2, nullptr), 0);
    ASSERT_EQ(other_.enrol(&in_a_, 1, &tag), 0);
    abi::clone_buffers what{};
    EXPECT_EQ(other_.clone(table_, what), -EBUSY);
    what.flags = raw(abi::clone_buffers_flag::dst_replace);
    what.src_off = 1;
    what.dst_off = 2;
    what.nr = 1;
    ASSERT_EQ(other_.clone(table_, what), 0);
    EXPECT_EQ(other_.size(), 3u);
    EXPECT_EQ(other_.hold(0)->address, address_of(a_.data()));
    EXPECT_EQ(other_.hold(1), nullptr);
    EXPECT_EQ(other_.hold(2)->address, address_of(b_.data()));
    EXPECT_EQ(*posted_, tags{});
    what.dst_off = 0;
    ASSERT_EQ(other_.clone(table_, what), 0);
    EXPECT_EQ(*posted_, tags{7});
}

TEST_F(emulated_buffer_table, a_clone_within_one_table_copies_slots) {
    std::array const memory{in_a_, in_b_};
    ASSERT_EQ(table_.enrol(memory.data(), 2, nullptr), 0);
    abi::clone_buffers what{};
    what.flags = raw(abi::clone_buffers_flag::dst_replace);
    what.dst_off = 1;
    what.nr = 1;
    ASSERT_EQ(table_.clone(table_, what), 0);
    EXPECT_EQ(table_.size(), 2u);
    EXPECT_EQ(table_.hold(1)->address, address_of(a_.data()));
}

TEST_F(emulated_buffer_table, a_clone_of_what_is_not_there_is_refused) {
    EXPECT_EQ(other_.clone(table_, {}), -ENXIO);
    ASSERT_EQ(table_.enrol(&in_a_, 1, nullptr), 0);
    abi::clone_buffers what{};
    what.src_off = 1;
    EXPECT_EQ(other_.clone(table_, what), -EINVAL);
    what.nr = 2;
    EXPECT_EQ(other_.clone(table_, what), -EINVAL);
    what.nr = 1;
    EXPECT_EQ(other_.clone(table_, what), -EOVERFLOW);
    what.src_off = 0;
    what.dst_off = 16384;
    EXPECT_EQ(other_.clone(table_, what), -EINVAL);
    what.dst_off = ~0u;
    EXPECT_EQ(other_.clone(table_, what), -EOVERFLOW);
}

} // namespace
} // namespace rondo::engine::emulation
