// SPDX-License-Identifier: MIT
// Arrays of iovecs at addresses that cannot be read.
#include <support/ring_test.hpp>

#include <rondo/core/annotate.hpp>
#include <rondo/core/mapping.hpp>
#include <rondo/op/message.hpp>
#include <rondo/op/modifier.hpp>
#include <rondo/op/read.hpp>
#include <rondo/op/write.hpp>

#include <gtest/gtest.h>

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <stdexcept>

namespace rondo {
namespace {

class ring_bad_vector : public test::ring_test {
protected:
    void SetUp() override {
#if defined(RONDO_ASAN)
        GTEST_SKIP() << "under ASan a ring looks at the memory that it is given";
#endif
    }
    ring_bad_vector() {
        // The second of two pages is no man's.
        if (::mprotect(pages_.data() + page_, page_, PROT_NONE) != 0)
            throw std::runtime_error("mprotect");
    }
    /// So many elements, of which the last `unreadable` are not there.
    iovecs vector(std::size_t count, std::size_t unreadable) {
        auto* const end = reinterpret_cast<::iovec*>(pages_.data() + page_);
        ::iovec* const first = end - (count - unreadable);
        for (::iovec* one = first; one != end; ++one)
            *one = {memory_, 1};
        return {first, count};
    }

    std::size_t const page_ = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    mapping pages_ = mapping::anonymous(2 * page_).or_throw("memory");
    char memory_[16] = {};
    unique_fd const file_ = file_with("f", "hello");
};

TEST_F(ring_bad_vector, of_a_read_is_refused) {
    for (std::size_t const unreadable : {1u, 2u, 3u})
        RONDO_EXPECT_ERROR(ring_.run(op::read{.fd = file_, .into = vector(3, unreadable), .at = 0}),
                           EFAULT);
    EXPECT_EQ(ring_.run(op::read{.fd = file_, .into = vector(3, 0), .at = 0}).or_throw("read"), 3u);
}

TEST_F(ring_bad_vector, of_a_write_is_refused) {
    RONDO_EXPECT_ERROR(ring_.run(op::write{.fd = file_, .from = vector(3, 1), .at = 0}), EFAULT);
    RONDO_EXPECT_ERROR(ring_.run(op::async(op::write{.fd = file_, .from = vector(3, 1), .at = 0})),
                       EFAULT);
}

TEST_F(ring_bad_vector, of_a_message_is_refused) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    unique_fd const a(ends[0]), b(ends[1]);
    iovecs const bad = vector(3, 1);
    ::msghdr header{};
    header.msg_iov = const_cast<::iovec*>(bad.data());
    header.msg_iovlen = bad.size();
    RONDO_EXPECT_ERROR(ring_.run(op::sendmsg{.fd = a, .message = &header}), EFAULT);
    RONDO_EXPECT_ERROR(ring_.run(op::recvmsg{.fd = b, .message = &header}), EFAULT);
}

} // namespace
} // namespace rondo
