// SPDX-License-Identifier: MIT
// What others suffered: counts that are short, more than one call takes, descriptors that do not
// block.
#include <prevents/prevents.hpp>

#include <rondo/interop/connection.hpp>
#include <rondo/interop/file_stream.hpp>
#include <rondo/interop/listener.hpp>
#include <rondo/interop/vectored_writer.hpp>

#include <support/pipe_pair.hpp>
#include <support/sockets.hpp>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <thread>
#include <vector>

namespace rondo::test {
namespace {

// 12: a reader that takes fewer bytes than it asked for as the end
TEST(prevents, a_short_read_taken_for_the_end) {
    pipe_pair p;
    std::string const text(10'000, 'x');
    auto file = file_stream::adopt(std::move(p.out)).or_throw("file");
    std::thread slow([&] {
        for (std::size_t i = 0; i < text.size(); i += 1'000) {
            p.write(std::string_view(text).substr(i, 1'000));
            std::this_thread::sleep_for(1ms);
        }
        p.in.reset();
    });
    std::string got(20'000, '-');
    EXPECT_EQ(file.read_exactly(got), text.size());
    slow.join();
    EXPECT_EQ(got.substr(0, text.size()), text);
}

// 12: the rest of a write that the peer had no room for
TEST(prevents, the_rest_of_a_short_write_forgotten) {
    auto [ours, theirs] = tcp_pair();
    auto here = connection::adopt(std::move(ours)).or_throw("adopt");
    auto there = connection::adopt(std::move(theirs)).or_throw("adopt");
    std::string text(8'000'000, '\0');
    for (std::size_t i = 0; i < text.size(); ++i)
        text[i] = static_cast<char>(i * 7 + (i >> 8));
    std::thread writer([&] { EXPECT_TRUE(here.write_all(text)); });
    std::string got(text.size(), '\0');
    EXPECT_EQ(there.read_exactly(got), text.size());
    writer.join();
    EXPECT_TRUE(got == text);
}

// 12: one call moves no more than 2 GiB less a page
TEST(prevents, what_lies_beyond_two_gigabytes_never_written) {
#if defined(RONDO_TSAN)
    GTEST_SKIP() << "ThreadSanitizer would keep shadow memory for every byte";
#endif
    constexpr std::size_t size = (std::size_t{5} << 30) + 4'097;
    void* const memory =
        ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    unique_fd const null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    ::iovec const all{memory, size};
    EXPECT_EQ(write_all(null, iovecs(&all, 1)), size);
    ::munmap(memory, size);
}

// 12: nor more than 1024 pieces
TEST(prevents, pieces_beyond_the_limit_of_one_call_refused) {
    pipe_pair const p;
    std::string text(5'000, '\0');
    std::vector<::iovec> pieces;
    for (std::size_t i = 0; i < text.size(); ++i) {
        text[i] = static_cast<char>('a' + i % 26);
        pieces.push_back({&text[i], 1});
    }
    EXPECT_EQ(write_all(p.in, pieces), text.size());
    std::string got(text.size(), '\0');
    EXPECT_EQ(::read(p.out.get(), got.data(), got.size()), 5'000);
    EXPECT_EQ(got, text);
}

// 12: what is linked to a short read works on bytes that are not there
TEST(prevents, a_chain_that_goes_on_after_a_short_read) {
    simulation s = simulate(calm());
    s.write_file("/file", std::string_view("short")).or_throw("file");
    loop on = loop_on(s);
    std::array<char, 8> memory{};
    auto const body = [&]() -> task<> {
        auto const opened = co_await one(op::openat<>{.path = "/file", .flags = O_RDWR});
        op::read const first{.fd = *opened, .into = memory, .at = 0};
        op::write const second{.fd = *opened, .from = std::span(memory), .at = 100};
        auto const [n, written] = co_await op::link(first, second);
        EXPECT_EQ(n, 5u);
        EXPECT_TRUE(!written && written.error() == ECANCELED);
    };
    sync_wait(on, body());
    EXPECT_EQ(s.read_text("/file"), "short");
}

// 22: a descriptor that somebody made non-blocking answers EAGAIN through the ring, too
TEST(prevents, eagain_from_adopted_descriptors_that_do_not_block) {
    pipe_pair p(O_CLOEXEC | O_NONBLOCK);
    auto file = file_stream::adopt(std::move(p.out)).or_throw("file");
    auto [ours, theirs] = tcp_pair();
    ASSERT_EQ(::fcntl(ours.get(), F_SETFL, O_NONBLOCK), 0);
    auto socket = connection::adopt(std::move(ours)).or_throw("adopt");
    std::thread late([&p, &peer = theirs] {
        std::this_thread::sleep_for(5ms);
        p.write("abc");
        std::this_thread::sleep_for(5ms);
        send_text(peer, "abcd");
    });
    std::array<char, 8> memory{};
    EXPECT_EQ(file.read(memory), 3u);
    EXPECT_EQ(socket.read(memory), 4u);
    late.join();
}

// 22: the same of operations on bare descriptors
TEST(prevents, eagain_from_pipes_and_sockets_that_do_not_block) {
    pipe_pair const p(O_CLOEXEC | O_NONBLOCK);
    auto const [here, there] = tcp_pair();
    ASSERT_EQ(::fcntl(here.get(), F_SETFL, O_NONBLOCK), 0);
    std::array<char, 8> first{}, second{};
    auto const late = [&]() -> task<> {
        EXPECT_TRUE(co_await sleep_for(3ms));
        p.write("abc");
        send_text(there, "abcd");
    };
    auto const body = [&]() -> task<> {
        op::read const reading{.fd = p.out, .into = first};
        op::recv const receiving{.fd = here, .into = second};
        auto const over = co_await when_all(reading, receiving, late());
        EXPECT_EQ(std::get<0>(over), 3u);
        EXPECT_EQ(std::get<1>(over), 4u);
    };
    sync_wait(body());
}

// 22: sockets of the library's own making that do not block
TEST(prevents, own_sockets_that_do_not_block) {
    auto const blocks = [](int fd) { return (::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0; };
    auto server = listener::listen("tcp", "127.0.0.1:0").or_throw("listen");
    std::string const at = server.local_address().or_throw("address").to_string();
    auto const here = connection::connect("tcp", at).or_throw("connect");
    auto const there = server.accept().or_throw("accept");
    EXPECT_TRUE(blocks(server.native_handle()));
    EXPECT_TRUE(blocks(here.native_handle()));
    EXPECT_TRUE(blocks(there.native_handle()));
    auto const made = sync_wait(one(op::socket<>{.domain = AF_INET, .type = SOCK_STREAM}));
    ASSERT_TRUE(made);
    EXPECT_TRUE(blocks(made->get()));
    auto const accepted = [&]() -> task<bool> {
        stream incoming(co_await this_strand(), op::accept_stream<>{.fd = server.native_handle()});
        auto const client = connection::connect("tcp", at).or_throw("connect");
        auto const got = co_await incoming.next();
        co_return got&& blocks(got->get());
    };
    EXPECT_TRUE(sync_wait(accepted()));
}

} // namespace
} // namespace rondo::test
