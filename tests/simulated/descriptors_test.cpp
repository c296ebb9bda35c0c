// SPDX-License-Identifier: MIT
// Simulated files are owned by real descriptors: closed, copied and used up like any other.
#include "simulated_test.hpp"

#include <support/child.hpp>

#include <array>
#include <chrono>
#include <dirent.h>
#include <poll.h>
#include <string_view>
#include <sys/resource.h>
#include <unistd.h>

namespace rondo::test {
namespace {

constexpr std::string_view text = "hello";

/// Descriptors that this process has.
std::size_t open_descriptors() {
    std::size_t count = 0;
    ::DIR* const all = ::opendir("/proc/self/fd");
    while (::readdir(all) != nullptr)
        ++count;
    ::closedir(all);
    return count;
}

/// What a read of 8 bytes answers.
std::int32_t read_of(ring& r, int fd) {
    std::array<char, 8> into{};
    EXPECT_TRUE(r.push(op::read{.fd = fd, .into = into}, 1));
    return next(r).res;
}

TEST(a_descriptor, that_is_closed_by_its_owner_ends_the_file) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    auto pipe = s.pipe().or_throw("pipe");
    pipe.second.reset();
    EXPECT_EQ(read_of(r, pipe.first.get()), 0); // end of file
    auto ends = s.socket_pair(SOCK_STREAM).or_throw("socket pair");
    ::close(ends.first.release());
    EXPECT_EQ(read_of(r, ends.second.get()), 0);
}

TEST(a_descriptor, that_is_closed_wakes_who_waits_at_the_other_end) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    auto pipe = s.pipe().or_throw("pipe");
    std::array<char, 8> into{};
    ASSERT_TRUE(r.push(op::read{.fd = pipe.first, .into = into}, 1));
    r.submit().or_throw("submit");
    pipe.second.reset();
    EXPECT_EQ(next(r).res, 0);
}

TEST(a_descriptor, that_is_closed_by_its_ring_is_gone) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    auto pipe = s.pipe().or_throw("pipe");
    int const number = pipe.second.get();
    EXPECT_TRUE(r.run(op::close{.fd = pipe.second.release()}));
    EXPECT_EQ(::fcntl(number, F_GETFD), -1);
    EXPECT_EQ(r.run(op::close{.fd = number}).error(), EBADF);
    EXPECT_EQ(read_of(r, pipe.first.get()), 0);
}

TEST(a_descriptor, that_is_closed_stays_for_those_who_wait_for_it) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    auto pipe = s.pipe().or_throw("pipe");
    std::array<char, 8> into{};
    ASSERT_TRUE(r.push(op::read{.fd = pipe.first, .into = into}, 1));
    r.submit().or_throw("submit");
    pipe.first.reset();
    EXPECT_EQ(r.run(op::write{.fd = pipe.second, .from = text}), 5u);
    EXPECT_EQ(next(r).res, 5);
    EXPECT_EQ(r.run(op::write{.fd = pipe.second, .from = text}).error(), EPIPE);
}

TEST(a_copy, of_a_descriptor_is_the_same_file) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    unique_fd file = file_of(s, r, 16);
    unique_fd const copy(::dup(file.get()));
    std::array<char, 8> into{};
    EXPECT_EQ(r.run(op::read{.fd = file, .into = into, .at = op::current_position}), 8u);
    EXPECT_EQ(r.run(op::read{.fd = copy, .into = into, .at = op::current_position}), 8u);
    EXPECT_EQ(r.run(op::read{.fd = copy, .into = into, .at = op::current_position}), 0u);
    file.reset();
    EXPECT_EQ(r.run(op::read{.fd = copy, .into = into, .at = 0}), 8u);
}

TEST(a_copy, keeps_the_file_open) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    for (bool const by_ring : {false, true}) {
        auto pipe = s.pipe().or_throw("pipe");
        unique_fd copy(::dup(pipe.second.get()));
        int const first = pipe.second.release();
        EXPECT_EQ(by_ring ? r.run(op::close{.fd = first}).has_value() : ::close(first) == 0, true);
        EXPECT_EQ(r.run(op::write{.fd = copy, .from = text}), 5u);
        EXPECT_EQ(read_of(r, pipe.first.get()), 5);
        copy.reset();
        EXPECT_EQ(read_of(r, pipe.first.get()), 0);
    }
}

TEST(a_copy, may_be_closed_by_a_ring) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    auto pipe = s.pipe().or_throw("pipe");
    EXPECT_TRUE(r.run(op::close{.fd = ::dup(pipe.second.get())}));
    EXPECT_EQ(r.run(op::write{.fd = pipe.second, .from = text}), 5u);
    EXPECT_EQ(read_of(r, pipe.first.get()), 5);
}

TEST(a_number, that_was_used_before_is_the_next_files) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    unique_fd first = file_of(s, r, 16, "/first");
    int const number = first.get();
    unique_fd const copy(::dup(number)); // keeps the first file, under another number
    first.reset();
    s.write_file("/second", "second").or_throw("write_file");
    unique_fd const between(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(between.get(), number); // or it would become some descriptor of the library's
    unique_fd const opened = r.run(op::openat<>{.path = "/second"}).or_throw("open");
    ASSERT_EQ(::dup2(opened.get(), number), number);
    int const second = number;
    std::array<char, 16> into{};
    EXPECT_EQ(r.run(op::read{.fd = second, .into = into, .at = 0}), 6u);
    EXPECT_EQ(into[0], 's');
    EXPECT_EQ(r.run(op::read{.fd = copy, .into = into, .at = 0}), 16u);
    EXPECT_EQ(into[0], 'x');
}

TEST(a_number, that_is_a_real_files_now_is_not_taken_for_a_simulated_one) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    for (bool const copied : {false, true}) {
        unique_fd file = file_of(s, r, 16);
        int const number = file.get();
        unique_fd const copy(copied ? ::dup(number) : -1);
        file.reset();
        unique_fd const real(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
        unique_fd const same(::dup3(real.get(), number, O_CLOEXEC));
        EXPECT_EQ(read_of(r, number), -EBADF) << copied;
    }
}

TEST(a_number, may_be_made_another_files_by_dup2) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    auto one = s.pipe().or_throw("pipe"), other = s.pipe().or_throw("pipe");
    ASSERT_EQ(::dup2(other.second.get(), one.second.get()), one.second.get());
    EXPECT_EQ(read_of(r, one.first.get()), 0); // its writer is closed
    EXPECT_EQ(r.run(op::write{.fd = one.second, .from = text}), 5u);
    EXPECT_EQ(read_of(r, other.first.get()), 5);
}

TEST(what_is_real, cannot_be_read_through_a_simulated_ring) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    unique_fd const real(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(read_of(r, real.get()), -EBADF);
    EXPECT_EQ(read_of(r, 12'345), -EBADF);
    EXPECT_EQ(read_of(r, -1), -EBADF);
    EXPECT_EQ(read_of(r, 1 << 25), -EBADF);
}

TEST(many_descriptors, may_be_open_at_once_and_leave_nothing) {
    std::size_t const before = open_descriptors();
    {
        simulation s = simulate();
        ring r = ring_of(s);
        std::vector<std::pair<unique_fd, unique_fd>> pairs;
        for (int i = 0; i < 150; ++i) {
            pairs.push_back(s.socket_pair(SOCK_STREAM).or_throw("socket pair"));
            ASSERT_TRUE(r.push(op::send{.fd = pairs.back().first, .from = text}, 1));
            EXPECT_EQ(next(r).user_data, 1u);
        }
        for (std::size_t i = 0; i < pairs.size(); i += 2)
            pairs[i].first.reset();
        std::array<char, 8> into{};
        for (auto const& pair : pairs)
            EXPECT_GT(r.run(op::recv{.fd = pair.second, .into = into}).or_throw("recv"), 0u);
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST(many_descriptors, end_with_emfile_where_the_process_has_no_more) {
    child_end const end = in_child([] {
        ::rlimit const few{64, 64};
        ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
        simulation s = simulate(calm());
        ring r = ring_of(s);
        s.write_file("/file", text).or_throw("write_file");
        std::vector<unique_fd> all;
        for (;;) {
            auto opened = r.run(op::openat<>{.path = "/file"});
            if (!opened) {
                EXPECT_EQ(opened.error(), EMFILE);
                break;
            }
            all.push_back(std::move(*opened));
            ASSERT_LT(all.size(), 64u);
        }
        EXPECT_EQ(s.pipe().error(), EMFILE);
        EXPECT_EQ(s.socket_pair(SOCK_STREAM).error(), EMFILE);
        EXPECT_GT(all.size(), 10u);
        all.resize(all.size() - 2);
        EXPECT_TRUE(s.pipe());
        EXPECT_TRUE(r.run(op::openat<>{.path = "/file"}));
    });
    EXPECT_TRUE(end.succeeded()) << end;
}

TEST(a_ring, that_ends_with_operations_in_flight_leaves_nothing) {
    std::size_t const before = open_descriptors();
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        simulation s = simulate({.seed = seed});
        auto const pipe = s.pipe().or_throw("pipe");
        auto const ends = s.socket_pair(SOCK_STREAM).or_throw("socket pair");
        s.write_file("/file", text).or_throw("write_file");
        std::array<char, 64> into{};
        std::uint32_t word = 0;
        op::timeout const never{.when = std::chrono::hours(1)};
        {
            ring r = ring_of(s);
            unique_fd const file = r.run(op::openat<>{.path = "/file"}).or_throw("open");
            ASSERT_TRUE(r.push(op::read{.fd = pipe.first, .into = into}, 1));
            ASSERT_TRUE(r.push(op::recv{.fd = ends.first, .into = into}, 2));
            ASSERT_TRUE(r.push(op::poll_stream{.fd = ends.first, .events = POLLIN}, 3));
            ASSERT_TRUE(r.push(op::async(op::read{.fd = file, .into = into, .at = 0}), 4));
            ASSERT_TRUE(r.push(op::futex_wait{.word = &word, .expected = 0}, 5));
            ASSERT_TRUE(r.push(never, 6));
            r.submit().or_throw("submit");
            chances trouble = chances::hostile(); // on the way out
            trouble.interrupted = trouble.refused_enter = trouble.enomem = 0.5;
            s.change(trouble);
        }
        EXPECT_GT(s.operations(), 6u);
    }

    EXPECT_EQ(open_descriptors(), before);
}

} // namespace
} // namespace rondo::test
