// SPDX-License-Identifier: MIT

// What completions of file operations mean, and which memory they touch; without a kernel.

#include <rondo/op/file.hpp>
#include <rondo/op/fs.hpp>
#include <rondo/op/futex.hpp>
#include <rondo/op/process.hpp>
#include <rondo/op/splice.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

namespace rondo {
namespace {

abi::cqe completion(std::int32_t res, std::uint32_t flags = 0) {
    return {.user_data = 1, .res = res, .flags = flags};
}

/// A pool that only counts.
struct counting_pool {
    int adopted = 0;
    int given_back = 0;

    static buffer_lease adopt(void* pool, abi::cqe const& c) noexcept;
    static std::span<std::byte> part(void*, buffer_lease const&, std::size_t) noexcept {
        return {};
    }
    static void give_back(void* pool, buffer_lease const&) noexcept {
        ++static_cast<counting_pool*>(pool)->given_back;
    }
    static constexpr buffer_pool_functions functions{adopt, part, give_back};
};

buffer_lease counting_pool::adopt(void* pool, abi::cqe const& c) noexcept {
    ++static_cast<counting_pool*>(pool)->adopted;
    auto const size = static_cast<std::uint32_t>(c.res < 0 ? 0 : c.res);
    return {&functions, pool, abi::buffer_id(c), 1, 0, size, false};
}

/// A table that remembers what was emptied.
struct recording_table {
    std::vector<std::uint32_t> emptied;

    static void release(void* table, std::uint32_t index) noexcept {
        static_cast<recording_table*>(table)->emptied.push_back(index);
    }
    static constexpr slot_table_functions functions{release};

    slot_source at(std::uint32_t index) { return {index, &functions, this}; }
};

TEST(op_read_value, from_a_group_is_a_lease_that_goes_back) {
    counting_pool pool;
    op::read const o{.fd = 0, .into = buffer_source{1, 0, &counting_pool::functions, &pool}};
    {
        auto const lease = op::value_of(o, completion(5, 3u << 16 | 1));
        ASSERT_TRUE(lease.has_value());
        EXPECT_EQ(lease->size(), 5u);
        EXPECT_EQ(lease->first_id(), 3u);
        EXPECT_EQ(pool.given_back, 0);
    }
    EXPECT_EQ(pool.given_back, 1);
}

TEST(op_read_value, of_a_failure_that_used_a_buffer_up_gives_it_back) {
    counting_pool pool;
    op::read const o{.fd = 0, .into = buffer_source{1, 0, &counting_pool::functions, &pool}};
    auto const failed = op::value_of(o, completion(-EISDIR, 3u << 16 | 1));
    EXPECT_EQ(failed.error().code(), EISDIR);
    EXPECT_EQ(pool.adopted, 1);
    EXPECT_EQ(pool.given_back, 1);
    EXPECT_EQ(op::value_of(o, completion(-ENOBUFS)).error().code(), ENOBUFS);
    EXPECT_EQ(pool.adopted, 1);
}

TEST(op_read_value, without_a_buffer_is_an_empty_lease) {
    counting_pool pool;
    buffer_source const source{1, 0, &counting_pool::functions, &pool};
    auto const end = op::value_of(op::read_stream{.fd = 0, .into = source}, completion(0));
    ASSERT_TRUE(end.has_value());
    EXPECT_EQ(end->parts(), 0u);
    EXPECT_EQ(pool.adopted, 0);
}

TEST(op_open_value, owns_the_descriptor) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    unique_fd const in(ends[1]);
    {
        auto const file = op::value_of(op::openat{.path = "f"}, completion(ends[0]));
        ASSERT_TRUE(file.has_value());
        EXPECT_EQ(file->get(), ends[0]);
    }
    EXPECT_EQ(::fcntl(ends[0], F_GETFD), -1);
    EXPECT_EQ(op::value_of(op::openat{.path = "f"}, completion(-ENOENT)).error().code(), ENOENT);
}

TEST(op_open_value, owns_the_slot_that_was_named_or_the_one_that_came_back) {
    recording_table table;
    static_cast<void>(op::value_of(op::openat{.path = "f", .as = table.at(4)}, completion(0)));
    static_cast<void>(op::value_of(
        op::openat2{.path = "f", .how = {}, .as = table.at(abi::file_index_alloc)}, completion(9)));
    static_cast<void>(
        op::value_of(op::openat{.path = "f", .as = table.at(4)}, completion(-ENOENT)));
    EXPECT_EQ(table.emptied, (std::vector<std::uint32_t>{4, 9}));
}

TEST(op_pipe_value, owns_both_ends) {
    recording_table table;
    int numbers[2] = {6, 2};
    op::pipe const o{.into = &numbers, .as = table.at(abi::file_index_alloc)};
    {
        auto const ends = op::value_of(o, completion(0));
        ASSERT_TRUE(ends.has_value());
        EXPECT_EQ(ends->read.index(), 6u);
        EXPECT_EQ(ends->write.index(), 2u);
    }
    EXPECT_EQ(table.emptied.size(), 2u);
    EXPECT_EQ(op::value_of(o, completion(-ENFILE)).error().code(), ENFILE);
    EXPECT_EQ(table.emptied.size(), 2u);
}

TEST(op_buffer_kind, follows_from_what_is_given) {
    using op::buffer_kind;
    using deduced = std::tuple<
        buffer_kind<mutable_bytes, std::array<char, 4>&>, buffer_kind<mutable_bytes, char(&)[4]>,
        buffer_kind<mutable_bytes, std::string&>, buffer_kind<const_bytes, std::string_view>,
        buffer_kind<const_bytes, std::vector<std::byte> const&>, buffer_kind<const_bytes, iovecs>,
        buffer_kind<mutable_bytes, std::array<::iovec, 2>&>,
        buffer_kind<mutable_bytes, ::iovec(&)[2]>, buffer_kind<const_bytes, std::vector<::iovec>&>,
        buffer_kind<mutable_bytes, registered_bytes&>,
        buffer_kind<const_bytes, registered_iovecs const&>,
        buffer_kind<mutable_bytes, buffer_source const&>>;
    static_assert(
        std::is_same_v<deduced, std::tuple<mutable_bytes, mutable_bytes, mutable_bytes, const_bytes,
                                           const_bytes, iovecs, iovecs, iovecs, iovecs,
                                           registered_bytes, registered_iovecs, buffer_source>>);
    std::array<char, 4> memory{};
    op::read const braced{.fd = 0, .into = {memory.data(), 2}};
    static_assert(std::is_same_v<decltype(braced), op::read<mutable_bytes> const>);
    EXPECT_EQ(braced.into.size(), 2u);
}

/// One visit of memory().
struct touched {
    void const* at;
    std::size_t bytes;
    op::access how;
    friend bool operator==(touched const&, touched const&) = default;
};

template <class Op>
std::vector<touched> memory_of(Op const& o) {
    std::vector<touched> out;
    o.memory([&](void const* at, std::size_t bytes, op::access how) {
        out.push_back({at, bytes, how});
    });
    return out;
}

using visits = std::vector<touched>;
constexpr auto until_submitted = op::access::reads_until_submitted;
constexpr auto reads = op::access::reads;
constexpr auto writes = op::access::writes;

TEST(op_memory, of_transfers_is_the_buffers_and_what_describes_them) {
    std::array<char, 8> a{}, b{};
    std::array const parts{::iovec{a.data(), 8}, ::iovec{b.data(), 3}};
    abi::attr_pi protection{};
    protection.addr = reinterpret_cast<std::uintptr_t>(b.data());
    protection.len = 8;
    EXPECT_EQ(memory_of(op::read{.fd = 0, .into = a}), (visits{{a.data(), 8, writes}}));
    EXPECT_EQ(memory_of(op::write{.fd = 0, .from = a}), (visits{{a.data(), 8, reads}}));
    EXPECT_EQ(memory_of(op::read{.fd = 0, .into = a, .protection = &protection}),
              (visits{{a.data(), 8, writes},
                      {&protection, sizeof protection, until_submitted},
                      {b.data(), 8, writes}}));
    visits const scattered{
        {parts.data(), 32, until_submitted}, {a.data(), 8, writes}, {b.data(), 3, writes}};
    EXPECT_EQ(memory_of(op::read{.fd = 0, .into = parts}), scattered);
    EXPECT_EQ(memory_of(op::read{.fd = 0, .into = registered_iovecs{parts, 1}}), scattered);
    EXPECT_EQ(memory_of(op::write{.fd = 0, .from = registered_bytes{a.data(), 5, 1}}),
              (visits{{a.data(), 5, reads}}));
    EXPECT_EQ(memory_of(op::read{.fd = 0, .into = buffer_source{}}), visits{});
}

TEST(op_memory, of_path_operations_is_the_paths_and_what_is_filled) {
    char const path[] = "a/b";
    char const other[] = "cd";
    struct ::statx found{};
    EXPECT_EQ(memory_of(op::openat{.path = path}), (visits{{path, 4, until_submitted}}));
    op::openat2 const pinned{.path = path, .how = {}};
    EXPECT_EQ(memory_of(pinned), (visits{{path, 4, until_submitted},
                                         {&pinned.how, sizeof pinned.how, until_submitted}}));
    EXPECT_EQ(memory_of(op::statx{.path = path, .into = &found}),
              (visits{{path, 4, until_submitted}, {&found, sizeof found, writes}}));
    visits const both{{path, 4, until_submitted}, {other, 3, until_submitted}};
    EXPECT_EQ(memory_of(op::renameat{.from = path, .to = other}), both);
    EXPECT_EQ(memory_of(op::linkat{.from = path, .to = other}), both);
    EXPECT_EQ(memory_of(op::symlinkat{.target = path, .path = other}), both);
    EXPECT_EQ(memory_of(op::unlinkat{.path = other}), (visits{{other, 3, until_submitted}}));
    EXPECT_EQ(memory_of(op::mkdirat{.path = other}), (visits{{other, 3, until_submitted}}));
}

TEST(op_memory, of_attributes_is_read_at_once_and_written_late) {
    char const path[] = "a/b";
    char const name[] = "user.x";
    std::array<char, 8> value{};
    EXPECT_EQ(memory_of(op::setxattr{.path = path, .name = name, .from = value}),
              (visits{{path, 4, until_submitted},
                      {name, 7, until_submitted},
                      {value.data(), 8, until_submitted}}));
    EXPECT_EQ(memory_of(op::fsetxattr{.fd = 0, .name = name, .from = value}),
              (visits{{name, 7, until_submitted}, {value.data(), 8, until_submitted}}));
    EXPECT_EQ(memory_of(op::getxattr{.path = path, .name = name, .into = value}),
              (visits{{path, 4, until_submitted},
                      {name, 7, until_submitted},
                      {value.data(), 8, writes}}));
    EXPECT_EQ(memory_of(op::fgetxattr{.fd = 0, .name = name, .into = value}),
              (visits{{name, 7, until_submitted}, {value.data(), 8, writes}}));
}

TEST(op_memory, of_pipes_waits_and_futexes) {
    int numbers[2] = {};
    ::siginfo_t info{};
    std::uint32_t const word = 0;
    std::array const waiters{op::futex_waiter(&word, 0)};
    EXPECT_EQ(memory_of(op::pipe{.into = &numbers}), (visits{{numbers, 8, writes}}));
    EXPECT_EQ(memory_of(op::waitid{.which = P_ALL, .id = 0, .into = &info}),
              (visits{{&info, sizeof info, writes}}));
    EXPECT_EQ(memory_of(op::waitid{.which = P_ALL, .id = 0}), visits{});
    EXPECT_EQ(memory_of(op::futex_waitv{.waiters = waiters}),
              (visits{{waiters.data(), 24, until_submitted}}));
}

} // namespace
} // namespace rondo
