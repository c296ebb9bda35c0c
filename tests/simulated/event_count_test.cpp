// SPDX-License-Identifier: MIT
#include "sockets_fixture.hpp"

#include <engine/simulated/event_count.hpp>

#include <limits>
#include <sys/eventfd.h>

namespace rondo::engine::simulation {
namespace {

class simulated_event_count : public sockets_fixture {
protected:
    long make(unsigned initial, int flags) {
        return keep(w.add(make_event_count(w, initial, flags), O_RDWR));
    }
    /// The value, or minus an errno.
    long take(long fd) {
        std::uint64_t value = 0;
        ::iovec const all{&value, sizeof value};
        long const done = call(SYS_preadv2, fd, &all, 1, -1, 0, 0);
        return done == sizeof value ? static_cast<long>(value) : done;
    }
    long add(long fd, std::uint64_t value) {
        ::iovec const all{&value, sizeof value};
        return call(SYS_pwritev2, fd, &all, 1, -1, 0, 0);
    }

    static constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max() - 1;
};

TEST_F(simulated_event_count, a_read_takes_all_and_a_semaphores_one) {
    long const plain = make(3, 0), semaphore = make(2, EFD_SEMAPHORE);
    EXPECT_EQ(add(plain, 4), 8);
    EXPECT_EQ(take(plain), 7);
    EXPECT_EQ(take(plain), -EAGAIN);
    EXPECT_EQ(take(semaphore), 1);
    EXPECT_EQ(take(semaphore), 1);
    EXPECT_EQ(take(semaphore), -EAGAIN);
}

TEST_F(simulated_event_count, shows_what_can_be_done_with_it) {
    long const fd = make(0, 0);
    EXPECT_EQ(ready(fd), std::uint32_t{EPOLLOUT});
    EXPECT_EQ(add(fd, 1), 8);
    EXPECT_EQ(ready(fd), EPOLLIN | EPOLLOUT);
    EXPECT_EQ(add(fd, most - 1), 8);
    EXPECT_EQ(ready(fd), std::uint32_t{EPOLLIN});
    EXPECT_EQ(add(fd, 1), -EAGAIN);
    EXPECT_EQ(add(fd, 0), 8);
}

TEST_F(simulated_event_count, takes_eight_bytes_and_no_other_number) {
    long const fd = make(1, 0);
    EXPECT_EQ(read(fd, 7), error(EINVAL));
    EXPECT_EQ(write(fd, "1234567"), -EINVAL);
    EXPECT_EQ(write(fd, "1234567812345678"), -EINVAL);
    EXPECT_EQ(add(fd, most + 1), -EINVAL);
    EXPECT_EQ(read(fd, 16).size(), 8u);
}

} // namespace
} // namespace rondo::engine::simulation
