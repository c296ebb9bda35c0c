// SPDX-License-Identifier: MIT

// Gathering to and scattering from non-blocking files on kernels that answer EAGAIN for them, where
// newer ones wait by themselves.

#include <rondo/abi/opcode.hpp>
#include <rondo/abi/params.hpp>
#include <rondo/interop/vectored_reader.hpp>
#include <rondo/interop/vectored_writer.hpp>
#include <rondo/ring/shared_ring.hpp>

#include <interop/vectored_pair.hpp>
#include <support/wrapped_kernel.hpp>

#include <sys/uio.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace rondo::test {
namespace {

using namespace std::chrono_literals;

/// Marks every transfer, before it is submitted, as one that must not wait.
class impatient_kernel final : public wrapped_kernel {
public:
    long enter(int fd, std::uint32_t to_submit, std::uint32_t min_complete, std::uint32_t flags,
               void const* arg, std::size_t arg_size) noexcept override {
        for (abi::sqe& s : sqes_) {
            if (s.opcode == raw(abi::opcode::readv) || s.opcode == raw(abi::opcode::writev))
                s.rw_flags = RWF_NOWAIT;
            else if (s.opcode == raw(abi::opcode::sendmsg))
                s.msg_flags |= MSG_DONTWAIT;
            else
                continue;
            ++transfers_;
        }
        long const answer =
            wrapped_kernel::enter(fd, to_submit, min_complete, flags, arg, arg_size);
        std::ranges::fill(sqes_, abi::sqe{});
        return answer;
    }
    result<mapping> map(int fd, std::uint64_t offset, std::size_t bytes) noexcept override {
        auto pages = wrapped_kernel::map(fd, offset, bytes);
        if (pages && offset == abi::off_sqes)
            sqes_ = {reinterpret_cast<abi::sqe*>(pages->data()), bytes / sizeof(abi::sqe)};
        return pages;
    }
    /// Transfers that were submitted.
    [[nodiscard]] int transfers() const { return transfers_; }

private:
    std::span<abi::sqe> sqes_;
    int transfers_ = 0;
};

class vectored_waits : public ::testing::TestWithParam<kind_of_file> {
protected:
    temporary_directory directory_;
    file_ends ends_ = ends_of(GetParam(), directory_);
    impatient_kernel kernel_;
    shared_ring ring_ =
        shared_ring::create({.shards = 1, .entries = 8, .backend = &kernel_}).or_throw("ring");
};
INSTANTIATE_TEST_SUITE_P(non_blocking, vectored_waits,
                         ::testing::Values(kind_of_file::non_blocking_pipe,
                                           kind_of_file::non_blocking_tcp));

TEST_P(vectored_waits, for_room_to_write) {
    must(::fcntl(ends_.out.get(), F_SETFL, 0), "fcntl");
    std::string const text = numbered(20'000'000);
    std::string got;
    std::thread reader([&] {
        std::this_thread::sleep_for(50ms);
        got = read_rest(ends_.out);
    });
    auto const written = write_all(ends_.in, cut(text, 20'000, 7), {.on = &ring_});
    ends_.in.reset();
    reader.join();
    ASSERT_TRUE(written) << written.error().message().c_str();
    EXPECT_EQ(*written, text.size());
    EXPECT_TRUE(got == text);
}

TEST_P(vectored_waits, for_bytes_to_read) {
    std::thread writer([&] {
        for (char const* const word : {"one ", "two "}) {
            std::this_thread::sleep_for(20ms);
            must(static_cast<int>(::write(ends_.in.get(), word, 4)), "write");
        }
    });
    char words[2][4];
    auto const got = read_exactly(ends_.out, {words[0], words[1]}, {.on = &ring_});
    writer.join();
    ASSERT_TRUE(got) << got.error().message().c_str();
    EXPECT_EQ(*got, 8u);
    EXPECT_EQ(std::string_view(words[0], 4), "one ");
    EXPECT_EQ(std::string_view(words[1], 4), "two ");
    EXPECT_GE(kernel_.transfers(), 4); // two that found nothing, two that found a word
    EXPECT_LT(kernel_.transfers(), 10) << "it does not wait, it spins";
}

TEST_P(vectored_waits, until_the_deadline) {
    char place[4];
    RONDO_EXPECT_ERROR(
        read_exactly(ends_.out, {mutable_bytes(place)}, {.on = &ring_, .within = 30ms}), ETIME);
    std::string const text = numbered(20'000'000);
    auto out = vectored_writer::create(ends_.in, {.on = &ring_, .within = 50ms}).or_throw("create");
    RONDO_EXPECT_OK(out.append(text));
    auto const flushed = out.flush();
    RONDO_EXPECT_ERROR(flushed, ETIME);
    EXPECT_GT(flushed.error().detail(), 0u);
    EXPECT_EQ(out.pending_bytes(), text.size() - flushed.error().detail());
}

TEST_P(vectored_waits, not_where_a_blocking_file_answers_so) {
    must(::fcntl(ends_.out.get(), F_SETFL, 0), "fcntl");
    char place[4];
    RONDO_EXPECT_ERROR(read_exactly(ends_.out, {mutable_bytes(place)}, {.on = &ring_}), EAGAIN);
}

} // namespace
} // namespace rondo::test
