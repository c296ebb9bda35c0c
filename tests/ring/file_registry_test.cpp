// SPDX-License-Identifier: MIT

#include <rondo/ring/file_registry.hpp>

#include <support/engine.hpp>
#include <support/files_test.hpp>
#include <support/pipe_pair.hpp>

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

namespace rondo {
namespace {

class ring_file_registry : public test::files_test {};

TEST_F(ring_file_registry, finds_the_slot_of_a_descriptor) {
    auto const a = file_with("a", "aaa");
    auto const b = file_with("b", "bbb");
    auto registry = file_registry::create(ring_).or_throw("registry");
    auto const slot = registry.add(a.get()).or_throw("add");
    EXPECT_TRUE(slot.is_slot());
    EXPECT_EQ(registry.find(a.get()), slot);
    EXPECT_EQ(read_slot(registry.find(a.get())), "aaa");
    EXPECT_FALSE(registry.find(b.get()).is_slot());
    EXPECT_EQ(read_slot(registry.find(b.get())), "bbb");
}

TEST_F(ring_file_registry, registers_a_descriptor_once) {
    auto const a = file_with("a", "aaa");
    auto registry = file_registry::create(ring_).or_throw("registry");
    auto const slot = registry.add(a.get()).or_throw("add");
    EXPECT_EQ(registry.add(a.get()).or_throw("add"), slot);
    EXPECT_EQ(registry.size(), 1u);
}

TEST_F(ring_file_registry, forgets_what_is_removed_and_uses_its_slot_again) {
    auto const a = file_with("a", "aaa");
    auto const b = file_with("b", "bbb");
    auto registry = file_registry::create(ring_, 1).or_throw("registry");
    auto const slot = registry.add(a.get()).or_throw("add");
    RONDO_EXPECT_OK(registry.remove(a.get()));
    EXPECT_EQ(read_slot(slot), "EBADF");
    EXPECT_EQ(registry.add(b.get()).or_throw("add"), slot);
    EXPECT_EQ(registry.capacity(), 1u);
    auto const again = registry.remove(a.get());
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().why(), cause::not_registered);
}

TEST_F(ring_file_registry, grows_and_keeps_every_file_in_its_slot) {
    auto registry = file_registry::create(ring_, 2).or_throw("registry");
    std::vector<unique_fd> opened;
    std::vector<fd_ref> slots;
    for (int i = 0; i < 20; ++i) {
        std::string const text = std::to_string(i);
        opened.push_back(file_with(text.c_str(), text));
        slots.push_back(registry.add(opened.back().get()).or_throw("add"));
    }
    EXPECT_EQ(registry.capacity(), 32u);
    for (std::size_t i = 0; i < slots.size(); ++i)
        EXPECT_EQ(read_slot(slots[i]), std::to_string(i));
}

TEST_F(ring_file_registry, grows_under_an_operation_in_flight) {
    test::pipe_pair const pipe;
    auto const a = file_with("a", "aaa");
    auto registry = file_registry::create(ring_, 1).or_throw("registry");
    auto const slot = registry.add(pipe.out.get()).or_throw("add");
    ASSERT_TRUE(ring_.push(op::read{.fd = slot, .into = memory_}, 1));
    ASSERT_TRUE(ring_.submit());
    RONDO_EXPECT_OK(registry.add(a.get()));
    pipe.write("xy");
    EXPECT_EQ(next().res, 2);
}

TEST_F(ring_file_registry, what_cannot_grow_keeps_what_it_has) {
    RONDO_NEEDS_KERNEL("files without descriptors");
    auto const a = file_with("a", "aaa");
    auto const b = file_with("b", "bbb");
    auto registry = file_registry::create(ring_, 1).or_throw("registry");
    auto const slot = registry.add(a.get()).or_throw("add");
    ::rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    ::rlimit const low{1, limit.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
    auto const refused = registry.add(b.get());
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    RONDO_EXPECT_ERROR(refused, EMFILE);
    EXPECT_EQ(read_slot(slot), "aaa");
    EXPECT_FALSE(registry.find(b.get()).is_slot());
    RONDO_EXPECT_OK(registry.add(b.get()));
}

TEST_F(ring_file_registry, refuses_what_is_not_open) {
    auto registry = file_registry::create(ring_).or_throw("registry");
    RONDO_EXPECT_ERROR(registry.add(-1), EBADF);
    RONDO_EXPECT_ERROR(registry.add(1 << 20), EBADF);
    EXPECT_EQ(registry.size(), 0u);
    RONDO_EXPECT_ERROR(file_registry::create(ring_, 0), EINVAL);
}

TEST_F(ring_file_registry, moves_and_ends) {
    auto const a = file_with("a", "aaa");
    {
        auto first = file_registry::create(ring_).or_throw("registry");
        auto const slot = first.add(a.get()).or_throw("add");
        file_registry second = std::move(first);
        EXPECT_EQ(second.find(a.get()), slot);
        EXPECT_FALSE(first.find(a.get()).is_slot());
    }
    RONDO_EXPECT_OK(files::create(ring_, {.slots = 1}));
}

} // namespace
} // namespace rondo
