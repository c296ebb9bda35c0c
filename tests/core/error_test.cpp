// SPDX-License-Identifier: MIT
#include <rondo/abi/opcode.hpp>
#include <rondo/abi/params.hpp>
#include <rondo/abi/registration.hpp>
#include <rondo/core/error.hpp>
#include <rondo/core/error_code.hpp>

#include <gtest/gtest.h>

#include <netdb.h>

#include <cerrno>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

namespace rondo {
namespace {

std::string text(error const& e) { return std::string(std::string_view(e.message())); }

constexpr std::uint64_t pair(std::uint32_t high, std::uint32_t low) {
    return std::uint64_t{high} << 32 | low;
}

static_assert(sizeof(error) == 16);
static_assert(std::is_trivially_copyable_v<error>);
static_assert(std::is_nothrow_default_constructible_v<error>);

TEST(error, default_constructed_is_no_failure) {
    constexpr error none;
    static_assert(none.code() == 0 && none.attempted() == attempt::none &&
                  none.why() == cause::none && none.detail() == 0);
    EXPECT_EQ(text(none), "Success");
}

TEST(error, says_what_was_attempted_and_the_errno) {
    EXPECT_EQ(text(error(ENOENT)), "No such file or directory");
    EXPECT_EQ(text(error(ENOENT, attempt::open)), "open: No such file or directory");
    EXPECT_EQ(text(error(EMFILE, attempt::setup)), "io_uring_setup: Too many open files");
    EXPECT_EQ(text(error(EINTR, attempt::enter)), "io_uring_enter: Interrupted system call");
    EXPECT_EQ(text(error(54321, attempt::close)), "close: error 54321");
}

TEST(error, names_operations_and_registrations) {
    auto const read = static_cast<attempt>(static_cast<std::uint16_t>(abi::opcode::read));
    EXPECT_EQ(text(error(EBADF, read)), "read: Bad file descriptor");
    EXPECT_EQ(text(error(EBUSY, attempt_to_register(raw(abi::register_op::files)))),
              "io_uring_register files: Device or resource busy");
    EXPECT_EQ(text(error(EINVAL, attempt_to_register(9999))),
              "io_uring_register unknown: Invalid argument");
}

TEST(error, every_attempt_has_words) {
    for (auto number = static_cast<unsigned>(attempt::setup);
         number <= static_cast<unsigned>(attempt::use_closed); ++number) {
        std::string const said = text(error(EIO, static_cast<attempt>(number)));
        EXPECT_NE(said.substr(0, 2), ": ") << number;
        EXPECT_TRUE(said.ends_with(": Input/output error")) << said;
    }
}

TEST(error, every_cause_says_what_to_do_about_it) {
    for (auto number = static_cast<unsigned>(cause::seccomp);
         number <= static_cast<unsigned>(cause::moved_from); ++number) {
        std::string const said = text(error(EIO, attempt::setup, static_cast<cause>(number), 1));
        EXPECT_GT(said.size(), std::string("io_uring_setup: Input/output error: ").size())
            << number;
    }
}

TEST(error, names_unknown_flags) {
    auto const flags = raw(abi::setup::sqpoll | abi::setup::cqe_mixed) | 1u << 30;
    error const e(EINVAL, attempt::setup, cause::unknown_flag, flags);
    EXPECT_EQ(text(e), "io_uring_setup: Invalid argument: this kernel does not know the set-up "
                       "flags sqpoll|cqe_mixed|bits 1073741824");
}

TEST(error, tells_limits_and_needs_in_kib) {
    error const e(ENOMEM, attempt::setup, cause::memlock, pair(100, 64));
    EXPECT_EQ(text(e), "io_uring_setup: Cannot allocate memory: RLIMIT_MEMLOCK is 64 KiB and 100 "
                       "KiB more were needed: raise it (ulimit -l, LimitMEMLOCK=) or ask for less");
}

TEST(error, tells_lengths) {
    EXPECT_NE(text(error(EINVAL, attempt::push, cause::too_long, pair(4, 5)))
                  .find("has 4 entries and 5 were asked for"),
              std::string::npos);
    EXPECT_NE(text(error(EAGAIN, attempt::push, cause::queue_full, 8)).find("all 8 entries"),
              std::string::npos);
    EXPECT_NE(text(error(EINVAL, attempt::setup, cause::memory_size, 8192)).find("8192 bytes"),
              std::string::npos);
    EXPECT_NE(text(error(EINVAL, attempt::setup, cause::entries, 1u << 20))
                  .find("cannot have 1048576 entries"),
              std::string::npos);
}

TEST(error, equals_what_has_its_code_and_domain) {
    error const a(EIO, attempt::read), b(EIO, attempt::write, cause::in_use, 7), c(EINTR);
    error const resolver(EIO, attempt::none, cause::none, 0, error_domain::resolver);
    EXPECT_EQ(a, b);
    EXPECT_NE(a, c);
    EXPECT_NE(a, resolver);
    EXPECT_EQ(a, EIO);
    EXPECT_NE(a, EINTR);
    EXPECT_NE(resolver, EIO);
    EXPECT_EQ(EIO, a);
}

TEST(error, last_is_errno) {
    errno = ENOSPC;
    error const e = error::last(attempt::write);
    EXPECT_EQ(e, ENOSPC);
    EXPECT_EQ(e.attempted(), attempt::write);
}

TEST(error_text, cuts_what_is_too_long) {
    error_text t;
    std::string const long_text(error_text::capacity * 2, 'x');
    t.append("ab").append(long_text).append("never seen").append(std::int64_t{5});
    std::string_view const all = t;
    EXPECT_EQ(all.size(), error_text::capacity);
    EXPECT_EQ(all.substr(0, 3), "abx");
    EXPECT_EQ(all.find('n'), std::string_view::npos);
    EXPECT_EQ(t.c_str()[error_text::capacity], '\0');
}

TEST(error_text, appends_numbers) {
    error_text t;
    t.append(std::int64_t{0}).append(" ").append(std::int64_t{-42}).append(" ");
    t.append(std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(std::string_view(t), "0 -42 -9223372036854775808");
}

TEST(error_code, is_the_same_failure) {
    error const e(ENOENT, attempt::open);
    EXPECT_EQ(to_error_code(e), std::errc::no_such_file_or_directory);
    EXPECT_EQ(to_error_code(e).value(), ENOENT);
    EXPECT_TRUE(e == std::errc::no_such_file_or_directory);
    EXPECT_FALSE(e == std::errc::permission_denied);
    EXPECT_FALSE(to_error_code(error()));
}

TEST(error_code, of_the_resolver_has_its_own_category) {
    error const e(EAI_NONAME, attempt::none, cause::none, 0, error_domain::resolver);
    std::error_code const code = to_error_code(e);
    EXPECT_EQ(code.category(), resolver_category());
    EXPECT_EQ(code.category().name(), std::string("rondo.resolver"));
    EXPECT_EQ(code.message(), ::gai_strerror(EAI_NONAME));
    EXPECT_EQ(text(e), ::gai_strerror(EAI_NONAME));
    EXPECT_FALSE(e == std::errc::no_such_file_or_directory);
}

} // namespace
} // namespace rondo
