// SPDX-License-Identifier: MIT

#include <rondo/core/mapping.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/write.hpp>
#include <rondo/ring/buffers.hpp>

#include <support/engine.hpp>
#include <support/child.hpp>
#include <support/other_kernel.hpp>
#include <support/ring_test.hpp>

#include <gtest/gtest.h>

#include <grp.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace rondo {
namespace {

class ring_buffers : public test::ring_test {
protected:
    std::string_view text(registered_buffer const& buffer, std::size_t size) {
        return {reinterpret_cast<char const*>(buffer.memory().data()), size};
    }
    /// What a read of the file "f" into this slot says.
    result<std::size_t> read_into(ring& r, registered_bytes into) {
        return r.run(op::read{.fd = file_, .into = into, .at = 0});
    }
    static ::iovec memory_of(std::string& s) { return {s.data(), s.size()}; }

    unique_fd const file_ = file_with("f", "hello registered world");
};

TEST_F(ring_buffers, memory_of_the_librarys_own_is_read_into_and_written_from) {
    auto table = buffers::create(ring_, {.count = 3, .buffer_size = 5000}).or_throw("buffers");
    EXPECT_EQ(table.size(), 3u);
    EXPECT_EQ(table[1].size(), 5000u);
    EXPECT_EQ(read_into(ring_, table[2].bytes(4000, 5)).or_throw("read"), 5u);
    EXPECT_EQ(std::memcmp(table[2].memory().data() + 4000, "hello", 5), 0);
    auto const out = file_with("out", "");
    EXPECT_EQ(
        ring_.run(op::write{.fd = out, .from = table[2].bytes(4000, 5), .at = 0}).or_throw("write"),
        5u);
    EXPECT_EQ(contents_of(out), "hello");
}

TEST_F(ring_buffers, huge_pages_are_used_or_done_without) {
    auto table = buffers::create(ring_, {.count = 2, .buffer_size = 4096, .huge_pages = true})
                     .or_throw("buffers");
    EXPECT_EQ(read_into(ring_, table[1].bytes(0, 5)).or_throw("read"), 5u);
}

TEST_F(ring_buffers, memory_of_the_callers_is_used_where_it_is) {
    std::string a(100, '.');
    std::string b(100, '.');
    std::array const memory{memory_of(a), memory_of(b)};
    auto table = buffers::create(ring_, memory).or_throw("buffers");
    EXPECT_EQ(read_into(ring_, table[1].bytes(10, 5)).or_throw("read"), 5u);
    EXPECT_EQ(b.substr(8, 9), "..hello..");
    EXPECT_EQ(a, std::string(100, '.'));
}

TEST_F(ring_buffers, parts_of_one_buffer_scatter) {
    auto table = buffers::create(ring_, {.count = 1, .buffer_size = 64}).or_throw("buffers");
    auto* const data = table[0].memory().data();
    std::array const inside{::iovec{data + 32, 6}, ::iovec{data, 10}};
    auto const n =
        ring_.run(op::read{.fd = file_, .into = table[0].parts(inside), .at = 0}).or_throw("read");
    EXPECT_EQ(n, 16u);
    EXPECT_EQ(text(table[0], 10), "registered");
    EXPECT_EQ(std::memcmp(data + 32, "hello ", 6), 0);
}

TEST_F(ring_buffers, an_empty_slot_is_refused_until_it_is_filled) {
    auto table = buffers::create(ring_, {.count = 4}).or_throw("buffers");
    EXPECT_EQ(table[3].size(), 0u);
    std::string a(100, '.');
    RONDO_EXPECT_ERROR(read_into(ring_, {a.data(), 5, 3}), EFAULT);
    RONDO_EXPECT_OK(table.update(3, memory_of(a)));
    EXPECT_EQ(read_into(ring_, table[3].bytes(0, 5)).or_throw("read"), 5u);
    RONDO_EXPECT_OK(table.release(3));
    RONDO_EXPECT_ERROR(read_into(ring_, {a.data(), 5, 3}), EFAULT);
    EXPECT_EQ(table[3].size(), 0u);
}

TEST_F(ring_buffers, a_second_table_is_refused_by_name_until_the_first_ends) {
    {
        auto const first = buffers::create(ring_, {.count = 1}).or_throw("buffers");
        auto const second = buffers::create(ring_, {.count = 1});
        ASSERT_FALSE(second.has_value());
        EXPECT_EQ(second.error(), EBUSY);
        EXPECT_EQ(second.error().why(), cause::in_use);
    }
    RONDO_EXPECT_OK(buffers::create(ring_, {.count = 1}));
}

TEST_F(ring_buffers, sizes_out_of_range_are_refused) {
    RONDO_EXPECT_ERROR(buffers::create(ring_, {.count = 0}), EINVAL);
    RONDO_EXPECT_ERROR(buffers::create(ring_, {.count = 16385}), EINVAL);
    RONDO_EXPECT_ERROR(buffers::create(ring_, {.count = 2, .buffer_size = ~std::size_t{0} / 2 + 1}),
                       ENOMEM);
    RONDO_EXPECT_ERROR(buffers::create(ring_, {.count = 1, .buffer_size = (1u << 30) + 4096u}),
                       EFAULT);
    RONDO_EXPECT_ERROR(buffers::create(ring_, iovecs{}), EINVAL);
}

TEST_F(ring_buffers, when_one_of_a_table_cannot_be_registered_none_is) {
    std::string a(100, '.');
    std::array const memory{memory_of(a), ::iovec{reinterpret_cast<void*>(0x1000), 4096}};
    RONDO_EXPECT_ERROR(buffers::create(ring_, memory), EFAULT);
    RONDO_EXPECT_OK(buffers::create(ring_, {.count = 1}));
}

TEST_F(ring_buffers, an_update_that_fails_half_way_puts_everything_back) {
    std::string a(100, 'a');
    std::string b(100, 'b');
    std::string c(100, 'c');
    std::array const before{memory_of(a), ::iovec{}, ::iovec{}};
    auto table = buffers::create(ring_, before).or_throw("buffers");
    std::array const change{memory_of(b), memory_of(c),
                            ::iovec{reinterpret_cast<void*>(0x1000), 4096}};
    RONDO_EXPECT_ERROR(table.update(0, change), EFAULT);
    EXPECT_EQ(table[0].memory().data(), reinterpret_cast<std::byte*>(a.data()));
    EXPECT_EQ(table[1].size(), 0u);
    EXPECT_EQ(read_into(ring_, table[0].bytes(0, 5)).or_throw("read"), 5u);
    EXPECT_EQ(a.substr(0, 6), "helloa");
    RONDO_EXPECT_ERROR(read_into(ring_, {c.data(), 5, 1}), EFAULT);
    RONDO_EXPECT_ERROR(read_into(ring_, {b.data(), 5, 0}), EFAULT);
}

TEST_F(ring_buffers, an_update_outside_the_table_is_refused_by_name) {
    std::string a(100, 'a');
    auto table = buffers::create(ring_, {.count = 2}).or_throw("buffers");
    auto const outside = table.update(2, memory_of(a));
    ASSERT_FALSE(outside.has_value());
    EXPECT_EQ(outside.error().why(), cause::not_registered);
}

TEST_F(ring_buffers, tags_arrive_when_the_kernel_let_go) {
    std::string a(100, 'a');
    std::string b(100, 'b');
    std::array const memory{memory_of(a)};
    std::array<std::uint64_t, 1> const tags{5};
    auto table = std::optional(buffers::create(ring_, memory, tags).or_throw("buffers"));
    RONDO_EXPECT_OK(table->update(0, memory_of(b), 6));
    EXPECT_EQ(next().user_data, 5u);
    table.reset();
    EXPECT_EQ(next().user_data, 6u);
}

TEST_F(ring_buffers, memory_stays_until_the_operation_on_it_is_over) {
    RONDO_NEEDS_KERNEL("pinned memory");
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    unique_fd const read_end(ends[0]);
    unique_fd const write_end(ends[1]);
    {
        auto table = buffers::create(ring_, {.count = 1, .buffer_size = 4096}).or_throw("buffers");
        ASSERT_TRUE(ring_.push(op::read{.fd = read_end, .into = table[0].bytes()}, 1));
        ASSERT_TRUE(ring_.submit());
    }
    // The pages are the kernel's now; new memory at the same addresses must not be touched.
    auto const fresh = mapping::anonymous(4096).or_throw("mapping");
    ASSERT_EQ(::write(write_end.get(), "xyz", 3), 3);
    EXPECT_EQ(next().res, 3);
    for (std::size_t i = 0; i < fresh.size(); ++i)
        ASSERT_EQ(fresh.data()[i], std::byte{0});
}

TEST_F(ring_buffers, a_clone_shares_all_of_another_rings_table) {
    auto other = ring::create({.entries = 4}).or_throw("ring");
    auto const source = buffers::create(other, {.count = 3, .buffer_size = 64}).or_throw("buffers");
    auto const copy = buffers::clone(ring_, source).or_throw("clone");
    EXPECT_EQ(copy.size(), 3u);
    EXPECT_EQ(copy[2].memory().data(), source[2].memory().data());
    EXPECT_EQ(read_into(ring_, copy[2].bytes(0, 5)).or_throw("read"), 5u);
    EXPECT_EQ(text(source[2], 5), "hello");
    auto const again = buffers::clone(ring_, source);
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error(), EBUSY);
    EXPECT_EQ(again.error().why(), cause::in_use);
}

TEST_F(ring_buffers, a_range_of_another_rings_table_replaces_slots) {
    auto other = ring::create({.entries = 4}).or_throw("ring");
    auto const source = buffers::create(other, {.count = 3, .buffer_size = 64}).or_throw("buffers");
    std::string a(100, '.');
    std::array const memory{memory_of(a), memory_of(a)};
    auto table = buffers::create(ring_, memory).or_throw("buffers");
    RONDO_EXPECT_OK(table.clone_from(source, {.from = 1, .to = 1, .count = 2}));
    EXPECT_EQ(table.size(), 3u);
    EXPECT_EQ(table[0].memory().data(), reinterpret_cast<std::byte*>(a.data()));
    EXPECT_EQ(table[2].memory().data(), source[2].memory().data());
    EXPECT_EQ(read_into(ring_, table[2].bytes(0, 5)).or_throw("read"), 5u);
    EXPECT_EQ(read_into(ring_, table[0].bytes(0, 5)).or_throw("read"), 5u);
    auto const outside = table.clone_from(source, {.from = 2, .to = 0, .count = 2});
    ASSERT_FALSE(outside.has_value());
    EXPECT_EQ(outside.error().why(), cause::not_registered);
}

TEST_F(ring_buffers, a_clone_from_the_same_ring_moves_slots_within_its_table) {
    auto table = buffers::create(ring_, {.count = 2, .buffer_size = 64}).or_throw("buffers");
    RONDO_EXPECT_OK(table.clone_from(table, {.from = 0, .to = 1, .count = 1}));
    EXPECT_EQ(table[1].memory().data(), table[0].memory().data());
    EXPECT_EQ(read_into(ring_, table[1].bytes(0, 5)).or_throw("read"), 5u);
    EXPECT_EQ(text(table[0], 5), "hello");
}

TEST_F(ring_buffers, a_clone_can_come_from_a_ring_without_a_descriptor) {
    auto other = ring::create({.entries = 4,
                               .flags = default_setup | abi::setup::no_mmap |
                                        abi::setup::registered_fd_only})
                     .or_throw("ring");
    if (other.native_handle() >= 0)
        GTEST_SKIP() << "setup::registered_fd_only is not there on this kernel (Linux 6.5)";
    auto const source = buffers::create(other, {.count = 1, .buffer_size = 64}).or_throw("buffers");
    auto const copy = buffers::clone(ring_, source).or_throw("clone");
    EXPECT_EQ(read_into(ring_, copy[0].bytes(0, 5)).or_throw("read"), 5u);
}

TEST_F(ring_buffers, an_empty_table_cannot_be_cloned_beyond_its_end) {
    auto other = ring::create({.entries = 4}).or_throw("ring");
    auto const source = buffers::create(other, {.count = 2}).or_throw("buffers");
    auto table = buffers::create(ring_, {.count = 2}).or_throw("buffers");
    RONDO_EXPECT_ERROR(table.clone_from(source, {.from = 2}), EINVAL);
    RONDO_EXPECT_ERROR(table.clone_from(source, {.from = 0, .to = 16384, .count = 1}), EINVAL);
}

TEST_F(ring_buffers, a_table_that_outlives_its_ring_answers_EBADF) {
    std::string a(100, 'a');
    std::optional<ring> other = ring::create({.entries = 4}).or_throw("ring");
    auto table = buffers::create(*other, {.count = 2}).or_throw("buffers");
    other.reset();
    RONDO_EXPECT_ERROR(table.update(0, memory_of(a)), EBADF);
}

TEST_F(ring_buffers, a_table_works_without_tags_before_5_13) {
    test::other_kernel older;
    older.lack(abi::register_op::buffers2);
    auto r = ring::create({.entries = 4, .backend = &older}).or_throw("ring");
    auto table = buffers::create(r, {.count = 2, .buffer_size = 64}).or_throw("buffers");
    EXPECT_EQ(read_into(r, table[1].bytes(0, 5)).or_throw("read"), 5u);
}

TEST_F(ring_buffers, bytes_outside_a_buffer_abort_by_name) {
    auto table = buffers::create(ring_, {.count = 1, .buffer_size = 64}).or_throw("buffers");
    auto const outside = test::in_child([&] { static_cast<void>(table[0].bytes(60, 5)); });
    EXPECT_TRUE(outside.aborted_with("outside a registered buffer")) << outside;
    auto const no_slot = test::in_child([&] { static_cast<void>(table[1]); });
    EXPECT_TRUE(no_slot.aborted_with("outside its table of buffers")) << no_slot;
}

/// Becomes a user without privileges who may lock 64 KiB; for children.
void drop_privileges() {
    ::rlimit const limit{64 * 1024, 64 * 1024};
    ASSERT_EQ(::setrlimit(RLIMIT_MEMLOCK, &limit), 0);
    ASSERT_EQ(::setgroups(0, nullptr), 0);
    ASSERT_EQ(::setresgid(65534, 65534, 65534), 0);
    ASSERT_EQ(::setresuid(65534, 65534, 65534), 0);
}

TEST(ring_buffers_memlock, an_exhausted_limit_is_named_with_what_was_needed) {
    RONDO_NEEDS_KERNEL("pinned memory");
    if (::geteuid() != 0)
        GTEST_SKIP() << "only root can become a user whose locked memory is not counted yet";
    auto const end = test::in_child([] {
        drop_privileges();
        auto r = ring::create({.entries = 4}).or_throw("ring");
        auto const refused = buffers::create(r, {.count = 2, .buffer_size = 1 << 20});
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error(), ENOMEM);
        EXPECT_EQ(refused.error().why(), cause::memlock);
        EXPECT_EQ(refused.error().detail(), std::uint64_t{2048} << 32 | 64);
        error_text const message = refused.error().message();
        EXPECT_NE(std::string_view(message).find(
                      "RLIMIT_MEMLOCK is 64 KiB and 2048 KiB more were needed"),
                  std::string_view::npos)
            << message.c_str();
        // What fits is still accepted: nothing of the refused table stayed pinned.
        RONDO_EXPECT_OK(buffers::create(r, {.count = 1, .buffer_size = 16384}));
    });
    EXPECT_TRUE(end.succeeded()) << end;
}

TEST(ring_buffers_memlock, an_update_beyond_the_limit_leaves_the_table_as_it_was) {
    RONDO_NEEDS_KERNEL("pinned memory");
    if (::geteuid() != 0)
        GTEST_SKIP() << "only root can become a user whose locked memory is not counted yet";
    auto const end = test::in_child([] {
        drop_privileges();
        auto r = ring::create({.entries = 4}).or_throw("ring");
        auto const memory = mapping::anonymous(1 << 20).or_throw("mapping");
        auto table = buffers::create(r, {.count = 2}).or_throw("buffers");
        std::array const change{::iovec{memory.data(), 4096},
                                ::iovec{memory.data() + 4096, 1 << 19}};
        auto const refused = table.update(0, change);
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error().why(), cause::memlock);
        EXPECT_EQ(refused.error().detail(), std::uint64_t{512} << 32 | 64);
        EXPECT_EQ(table[0].size(), 0u);
        RONDO_EXPECT_OK(table.update(1, {memory.data(), 16384}));
    });
    EXPECT_TRUE(end.succeeded()) << end;
}

} // namespace
} // namespace rondo
