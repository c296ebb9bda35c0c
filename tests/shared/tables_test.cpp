// SPDX-License-Identifier: MIT
// Registered files and memory that are the same on every shard.
#include <rondo/op/read.hpp>
#include <rondo/op/write.hpp>
#include <rondo/ring/shared_ring.hpp>
#include <rondo/ring/shared_tables.hpp>

#include <support/pipe_pair.hpp>
#include <support/scratch_files.hpp>

#include <gtest/gtest.h>

#include <sched.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <thread>
#include <vector>

namespace rondo::test {
namespace {

/// Calls body() on every CPU that the process may run on, and so on every shard.
template <class Body>
void on_every_cpu(Body body) {
    ::cpu_set_t allowed;
    ASSERT_EQ(::sched_getaffinity(0, sizeof allowed, &allowed), 0);
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (!CPU_ISSET(cpu, &allowed))
            continue;
        std::thread([&] {
            ::cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
            body();
        }).join();
    }
}

class shared_tables : public ::testing::Test, protected scratch_files {
protected:
    shared_ring shared_ = shared_ring::create({.shards = 3}).or_throw("shared_ring");
};

TEST_F(shared_tables, a_slot_is_the_same_file_on_every_shard) {
    auto table = shared_files::create(shared_, 4).or_throw("files");
    pipe_pair pipe;
    owned_slot const to = table.insert(std::move(pipe.in)).or_throw("insert");
    owned_slot const from = table.insert(pipe.out.get()).or_throw("insert");
    EXPECT_EQ(table.free_slots(), 2u);
    on_every_cpu([&] {
        char buffer[4] = {};
        EXPECT_EQ(
            shared_.run(op::write{.fd = to, .from = std::string_view("abcd")}).or_throw("write"),
            4u);
        EXPECT_EQ(shared_.run(op::read{.fd = from, .into = buffer}).or_throw("read"), 4u);
        EXPECT_EQ(std::string_view(buffer, 4), "abcd");
    });
}

TEST_F(shared_tables, an_emptied_slot_closes_the_file_on_every_shard) {
    auto table = shared_files::create(shared_, 2).or_throw("files");
    pipe_pair pipe;
    table.insert(std::move(pipe.in)).or_throw("insert").reset();
    char c = 0;
    // All writing ends are gone: only then is there an end to be read.
    EXPECT_EQ(shared_.run(op::read{.fd = pipe.out, .into = mutable_bytes(&c, 1)}).or_throw("read"),
              0u);
    EXPECT_EQ(table.free_slots(), 2u);
}

TEST_F(shared_tables, a_full_table_and_a_bad_descriptor_are_told) {
    auto table = shared_files::create(shared_, 1).or_throw("files");
    pipe_pair const pipe;
    EXPECT_EQ(table.insert(-1).error(), EBADF);
    EXPECT_EQ(table.free_slots(), 1u);
    owned_slot slot = table.insert(pipe.out.get()).or_throw("insert");
    EXPECT_EQ(table.insert(pipe.in.get()).error(), ENFILE);
    auto const second = shared_files::create(shared_, 1);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error(), EBUSY);
    EXPECT_EQ(second.error().why(), cause::in_use);
}

TEST_F(shared_tables, a_buffer_is_the_same_memory_on_every_shard) {
    auto table = shared_buffers::create(shared_, {.count = 2, .buffer_size = 4096});
    if (!table && table.error().why() == cause::missing_feature)
        GTEST_SKIP() << "no registered buffers here";
    ASSERT_TRUE(table) << table.error().message().c_str();
    ASSERT_EQ(table->size(), 2u);
    unique_fd const file = file_with("file", "registered");
    on_every_cpu([&] {
        std::memset((*table)[1].memory().data(), 0, 16);
        EXPECT_EQ(shared_.run(op::read{.fd = file, .into = (*table)[1].bytes(0, 10), .at = 0})
                      .or_throw("read"),
                  10u);
        EXPECT_EQ(std::memcmp((*table)[1].memory().data(), "registered", 10), 0);
    });
}

TEST_F(shared_tables, memory_of_the_callers_is_registered_on_every_shard) {
    alignas(4096) static char memory[8192];
    ::iovec const parts[] = {{memory, 4096}, {memory + 4096, 4096}};
    auto const table = shared_buffers::create(shared_, iovecs(parts)).or_throw("buffers");
    unique_fd const file = file_with("file", "");
    on_every_cpu([&] {
        std::memcpy(memory + 4096, "mine", 4);
        EXPECT_EQ(shared_.run(op::write{.fd = file, .from = table[1].bytes(0, 4), .at = 0})
                      .or_throw("write"),
                  4u);
    });
}

} // namespace
} // namespace rondo::test
