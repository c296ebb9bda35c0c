// SPDX-License-Identifier: MIT
#include <rondo/core/mapping.hpp>

#include <support/child.hpp>

#include <gtest/gtest.h>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <limits>
#include <span>

namespace rondo {
namespace {

using namespace test;

std::span<std::byte> bytes_of(mapping const& m) { return {m.data(), m.size()}; }

/// Whether these pages are there. mincore(2) says ENOMEM when they are not.
bool is_mapped(void const* data) {
    unsigned char in_core = 0;
    return ::mincore(const_cast<void*>(data), page_size(), &in_core) == 0;
}

TEST(mapping, is_empty_at_first) {
    mapping const none;
    EXPECT_FALSE(none);
    EXPECT_EQ(none.data(), nullptr);
    EXPECT_EQ(none.size(), 0u);
}

TEST(mapping, anonymous_memory_is_zero_and_whole_pages) {
    for (std::size_t const bytes : {std::size_t{1}, page_size(), page_size() + 1}) {
        mapping const m = mapping::anonymous(bytes).or_throw("anonymous");
        EXPECT_TRUE(m);
        EXPECT_GE(m.size(), bytes);
        EXPECT_LT(m.size(), bytes + page_size());
        EXPECT_EQ(m.size() % page_size(), 0u);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(m.data()) % page_size(), 0u);
        EXPECT_TRUE(std::ranges::all_of(bytes_of(m), [](std::byte b) { return b == std::byte{}; }));
        std::ranges::fill(bytes_of(m), std::byte{1});
    }
}

TEST(mapping, unmaps_at_its_end_and_not_before) {
    mapping a = mapping::anonymous(1).or_throw("anonymous");
    void const* const data = a.data();
    mapping b(std::move(a));
    EXPECT_FALSE(a);
    EXPECT_TRUE(is_mapped(data));
    mapping c = mapping::anonymous(1).or_throw("anonymous");
    void const* const other = c.data();
    c = std::move(b);
    EXPECT_FALSE(is_mapped(other));
    EXPECT_TRUE(is_mapped(data));
    mapping& same = c;
    c = std::move(same);
    EXPECT_TRUE(is_mapped(data));
    c.reset();
    EXPECT_FALSE(c);
    EXPECT_FALSE(is_mapped(data));
    c.reset();
}

TEST(mapping, forgets_without_unmapping) {
    mapping m = mapping::anonymous(1).or_throw("anonymous");
    mapping const again(m.data(), m.size());
    m.forget();
    EXPECT_FALSE(m);
    m.reset();
    EXPECT_TRUE(is_mapped(again.data()));
}

TEST(mapping, too_much_memory_is_an_error) {
    for (std::size_t const bytes :
         {std::size_t{1} << 60, std::numeric_limits<std::size_t>::max() - page_size()}) {
        auto const m = mapping::anonymous(bytes);
        ASSERT_FALSE(m.has_value());
        EXPECT_EQ(m.error(), ENOMEM);
        EXPECT_EQ(m.error().attempted(), attempt::allocate);
    }
}

TEST(mapping, children_find_it_as_was_agreed) {
    auto const fill = [](mapping::traits how) {
        mapping m = mapping::anonymous(1, how).or_throw("anonymous");
        *m.data() = std::byte{7};
        return m;
    };
    mapping const plain = fill({}), wiped = fill({.wipe_in_children = true});
    mapping const kept = fill({.keep_from_children = true});
    child_end const end = in_child([&] {
        EXPECT_EQ(*plain.data(), std::byte{7});
        EXPECT_EQ(*wiped.data(), std::byte{0});
        EXPECT_FALSE(is_mapped(kept.data()));
    });
    EXPECT_TRUE(end.succeeded()) << end;
    EXPECT_EQ(*wiped.data(), std::byte{7});
    EXPECT_EQ(*kept.data(), std::byte{7});
}

TEST(mapping, huge_pages_are_whole_ones_or_an_error) {
    auto const m = mapping::anonymous(1, {.huge = true});
    if (!m) {
        EXPECT_EQ(m.error(), ENOMEM);
        GTEST_SKIP() << "no huge page is free";
    }
    EXPECT_EQ(m->size() % (std::size_t{2} << 20), 0u);
    *m->data() = std::byte{1};
}

TEST(mapping, shared_memory_is_that_of_the_file_and_not_the_childs) {
    int const file = ::memfd_create("rondo", MFD_CLOEXEC);
    ASSERT_GE(file, 0);
    ASSERT_EQ(::ftruncate(file, static_cast<::off_t>(3 * page_size())), 0);
    auto const offset = static_cast<::off_t>(page_size());
    ASSERT_EQ(::pwrite(file, "x", 1, offset), 1);
    mapping const m = mapping::shared(file, 2 * page_size(), page_size()).or_throw("shared");
    EXPECT_EQ(*m.data(), std::byte{'x'});
    *m.data() = std::byte{'y'};
    char byte = 0;
    EXPECT_EQ(::pread(file, &byte, 1, offset), 1);
    EXPECT_EQ(byte, 'y');
    child_end const end = in_child([&] { EXPECT_FALSE(is_mapped(m.data())); });
    EXPECT_TRUE(end.succeeded()) << end;
    ::close(file);
}

TEST(mapping, of_no_file_is_an_error) {
    auto const m = mapping::shared(-1, page_size(), 0);
    ASSERT_FALSE(m.has_value());
    EXPECT_EQ(m.error(), EBADF);
    EXPECT_EQ(m.error().attempted(), attempt::map_rings);
}

} // namespace
} // namespace rondo
