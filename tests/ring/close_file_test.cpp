// SPDX-License-Identifier: MIT
// The end of a ring while a device works for it: nothing can stop a transfer that has begun, so the
// destructor waits for it.
#include <support/matrix.hpp>
#include <support/temporary_directory.hpp>

#include <rondo/core/mapping.hpp>
#include <rondo/op/control.hpp>
#include <rondo/op/modifier.hpp>
#include <rondo/op/read.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>

#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace rondo {
namespace {

using namespace test;

constexpr std::size_t block = std::size_t{1} << 20;
constexpr std::size_t blocks = 16;

class ring_close_file : public matrix_test {
protected:
    void SetUp() override {
        matrix_test::SetUp();
        std::string const path = directory_ / "blocks";
        unique_fd const out(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        std::vector<char> const data(block, '\x11');
        for (std::size_t i = 0; i < blocks; ++i)
            ASSERT_EQ(::write(out.get(), data.data(), block), static_cast<::ssize_t>(block));
        ASSERT_EQ(::fsync(out.get()), 0);
        file_.reset(::open(path.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC));
        if (!file_)
            GTEST_SKIP() << "the file system of the temporary directory has no O_DIRECT";
    }
    /// Reads the whole file, destroys the ring at once, and watches the memory for a while.
    template <class Modify>
    void expect_no_write_after_the_end(Modify modify) {
        mapping const memory = mapping::anonymous(block * blocks).or_throw("memory");
        std::optional<ring> r(make(blocks));
        for (std::size_t i = 0; i < blocks; ++i) {
            std::span const into(memory.data() + i * block, block);
            push(*r, modify(op::read{.fd = file_, .into = into, .at = i * block}), i);
        }
        r->submit().or_throw("submit");
        r.reset();
        std::vector<std::byte> const then(memory.data(), memory.data() + memory.size());
        ::poll(nullptr, 0, 100);
        EXPECT_EQ(std::memcmp(memory.data(), then.data(), memory.size()), 0);
    }
    temporary_directory directory_;
    unique_fd file_;
};
RONDO_FOR_EVERY_SET_UP(ring_close_file);

TEST_P(ring_close_file, with_direct_reads_in_flight) {
    RONDO_NEEDS_ANY_OPERATION();
    expect_no_write_after_the_end([](auto const& o) { return o; });
}

TEST_P(ring_close_file, with_direct_reads_in_workers) {
    RONDO_NEEDS_ANY_OPERATION();
    expect_no_write_after_the_end([](auto const& o) { return op::async(o); });
}

TEST_P(ring_close_file, with_silent_direct_reads) {
    RONDO_NEEDS_ANY_OPERATION();
    expect_no_write_after_the_end([](auto const& o) { return op::skip_success(o); });
}

} // namespace
} // namespace rondo
