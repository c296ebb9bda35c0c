// SPDX-License-Identifier: MIT
#include "cat_fixture.hpp"
#include "refusal.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <thread>

namespace rondo::test {
namespace {

constexpr std::size_t block = 256 * 1024; // of the reads in flight

/// Lengths around everything that has a limit: pages, pipes, blocks, all blocks in flight.
constexpr std::array<std::size_t, 10> lengths{
    0, 1, 4096, 65535, block - 1, block, block + 1, (1 << 20) + 3, 8 * block, 9 * block + 12345};

TEST_F(cat, prints_files_of_any_length_into_a_pipe) {
    for (std::size_t const length : lengths) {
        std::string const text = noise(length);
        write_file("f", text);
        expect_same(run_program(rondo_with({"cat", path("f")})), {0, text, ""}, length);
    }
}

TEST_F(cat, prints_files_of_any_length_into_a_file) {
    for (std::size_t const length : lengths) {
        std::string const text = noise(length);
        write_file("f", text);
        unique_fd const out = open_file("out", O_WRONLY | O_CREAT | O_TRUNC);
        EXPECT_EQ(run_program(rondo_with({"cat", path("f")}), {.output = out.get()}).status, 0);
        EXPECT_TRUE(read_file("out") == text) << length;
    }
}

TEST_F(cat, appends_files_of_any_length) {
    for (std::size_t const length : lengths) {
        std::string const text = noise(length);
        write_file("f", text);
        write_file("out", "before ");
        unique_fd const out = open_file("out", O_WRONLY | O_APPEND);
        EXPECT_EQ(run_program(rondo_with({"cat", path("f")}), {.output = out.get()}).status, 0);
        EXPECT_TRUE(read_file("out") == "before " + text) << length;
    }
}

TEST_F(cat, prints_files_of_any_length_into_a_socket) {
    for (std::size_t const length : lengths) {
        std::string const text = noise(length);
        write_file("f", text);
        int ends[2];
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        unique_fd const ours(ends[0]);
        unique_fd theirs(ends[1]);
        program running(rondo_with({"cat", path("f")}), {.output = theirs.get()});
        theirs.reset();
        EXPECT_TRUE(drain(ours) == text) << length;
        EXPECT_EQ(running.wait().status, 0);
    }
}

TEST_F(cat, prints_what_is_in_files_that_claim_to_be_empty) {
    for (char const* const name : {"/proc/filesystems", "/proc/version", "/proc/sys/kernel/ostype"})
        expect_like_cat({name});
    EXPECT_NE(run_program(rondo_with({"cat", "/proc/self/status"})).out.find("Name:\trondo"),
              std::string::npos);
}

TEST_F(cat, prints_several_files_in_order) {
    write_file("a", noise(300'000));
    write_file("b", "");
    write_file("c", noise(17));
    expect_like_cat({path("a"), path("b"), path("c"), path("a")});
    expect_like_cat({"-u", path("a")});
}

TEST_F(cat, prints_standard_input_where_a_dash_stands_or_nothing) {
    write_file("a", "first\n");
    write_file("in", noise(500'000));
    write_file("b", "last\n");
    expect_like_cat({}, "in");
    expect_like_cat({"-"}, "in");
    expect_like_cat({path("a"), "-", path("b")}, "in");
    expect_like_cat({"-", "-", path("a")}, "in");
}

TEST_F(cat, goes_on_behind_a_missing_file_and_a_directory) {
    write_file("a", "first\n");
    write_file("b", "last\n");
    expect_like_cat({path("a"), path("missing"), path("b")});
    expect_like_cat({path("a"), directory_.path(), path("b")});
    EXPECT_EQ(run_program(rondo_with({"cat", path("missing"), path("b")})).err,
              "rondo cat: " + path("missing") + ": No such file or directory\n");
}

TEST_F(cat, takes_every_name_for_a_file) {
    for (char const* const name : {"[a,b]", "{}", "%%", "\"quoted\"", "cat", "probe", "a b"}) {
        write_file(name, name);
        expect_same(run_program(rondo_with({"cat", path(name)})), {0, name, ""}, 0);
        // Without a directory before it, too.
        auto const there = [this] { static_cast<void>(::chdir(directory_.path().c_str())); };
        expect_same(run_program(rondo_with({"cat", name}), {.in_child = there}), {0, name, ""}, 0);
    }
}

TEST_F(cat, takes_what_follows_two_dashes_for_files) {
    expect_like_cat({"--", "-x", "--help", "-u"});
}

TEST_F(cat, refuses_unknown_options_with_the_status_of_cat) {
    EXPECT_EQ(run_program(rondo_with({"cat", "--dog"})).status, 1);
}

TEST_F(cat, reads_standard_input_from_its_offset_and_leaves_it_at_its_end) {
    for (std::size_t const length : {std::size_t{1000}, 3 * block + 1}) {
        std::string const text = noise(length);
        write_file("f", text);
        unique_fd const in = open_file("f", O_RDONLY);
        ASSERT_EQ(::lseek(in.get(), 7, SEEK_SET), 7);
        program_end const end = run_program(rondo_with({"cat"}), {.input = in.get()});
        EXPECT_TRUE(end.out == text.substr(7));
        EXPECT_EQ(::lseek(in.get(), 0, SEEK_CUR), static_cast<::off_t>(length));
    }
}

TEST_F(cat, leaves_standard_input_at_its_end_when_it_printed_to_a_socket) {
    write_file("f", noise(3 * block + 1));
    unique_fd const in = open_file("f", O_RDONLY);
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    unique_fd const ours(ends[0]);
    unique_fd theirs(ends[1]);
    program running(rondo_with({"cat"}), {.input = in.get(), .output = theirs.get()});
    theirs.reset();
    EXPECT_EQ(drain(ours).size(), 3 * block + 1);
    EXPECT_EQ(running.wait().status, 0);
    EXPECT_EQ(::lseek(in.get(), 0, SEEK_CUR), static_cast<::off_t>(3 * block + 1));
}

TEST_F(cat, fails_like_cat_when_standard_input_is_closed) {
    program_end const end =
        run_program(rondo_with({"cat"}), {.in_child = [] { ::close(STDIN_FILENO); }});
    EXPECT_EQ(end.status, 1);
    EXPECT_EQ(end.err, "rondo cat: -: Bad file descriptor\n");
}

TEST_F(cat, takes_no_file_of_its_own_for_a_closed_standard_input) {
    write_file("f", noise(block + 1));
    expect_same(run_program(rondo_with({"cat", path("f"), "-", path("f"), "-"}),
                            {.in_child = [] { ::close(STDIN_FILENO); }}),
                {1, noise(block + 1) + noise(block + 1),
                 "rondo cat: -: Bad file descriptor\nrondo cat: -: Bad file descriptor\n"},
                block + 1);
}

TEST_F(cat, fails_like_cat_when_standard_output_is_closed) {
    write_file("f", "text");
    program_end const end =
        run_program(rondo_with({"cat", path("f")}), {.in_child = [] { ::close(STDOUT_FILENO); }});
    EXPECT_EQ(end.status, 1);
    EXPECT_EQ(end.err, "rondo cat: standard output: Bad file descriptor\n");
}

TEST_F(cat, works_with_standard_error_closed) {
    write_file("f", "text");
    expect_same(
        run_program(rondo_with({"cat", path("f")}), {.in_child = [] { ::close(STDERR_FILENO); }}),
        {0, "text", ""}, 4);
}

TEST_F(cat, stops_when_the_output_is_full) {
    write_file("f", noise(100'000));
    unique_fd const full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    program_end const end =
        run_program(rondo_with({"cat", path("f"), path("f")}), {.output = full.get()});
    EXPECT_EQ(end.status, 1);
    EXPECT_EQ(end.err, "rondo cat: write error: No space left on device\n");
}

TEST_F(cat, refuses_to_print_a_file_to_its_own_end) {
    write_file("f", "text");
    write_file("g", "more");
    unique_fd const out = open_file("f", O_WRONLY | O_APPEND);
    program_end const end =
        run_program(rondo_with({"cat", path("f"), path("g")}), {.output = out.get()});
    EXPECT_EQ(end.status, 1);
    EXPECT_EQ(end.err, "rondo cat: " + path("f") + ": input file is output file\n");
    EXPECT_EQ(read_file("f"), "textmore");
}

TEST_F(cat, dies_of_the_signal_when_its_reader_goes_away) {
    write_file("f", noise(4 << 20));
    for (bool const into_pipe : {true, false}) {
        int ends[2];
        ASSERT_EQ(into_pipe ? ::pipe2(ends, O_CLOEXEC)
                            : ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends),
                  0);
        unique_fd ours(ends[0]);
        unique_fd theirs(ends[1]);
        program running(rondo_with({"cat", path("f")}), {.output = theirs.get()});
        theirs.reset();
        char some[100];
        ASSERT_GT(::read(ours.get(), some, sizeof some), 0);
        ours.reset();
        program_end const end = running.wait();
        EXPECT_EQ(end.status, 128 + SIGPIPE);
        EXPECT_EQ(end.err, "");
    }
}

TEST_F(cat, reports_a_reader_that_went_away_when_the_signal_is_ignored) {
    write_file("f", noise(4 << 20));
    pipe_pair pipe;
    program running(rondo_with({"cat", path("f")}),
                    {.output = pipe.in.get(), .in_child = [] { ::signal(SIGPIPE, SIG_IGN); }});
    pipe.in.reset();
    pipe.out.reset();
    program_end const end = running.wait();
    EXPECT_EQ(end.status, 1);
    EXPECT_EQ(end.err, "rondo cat: write error: Broken pipe\n");
}

TEST_F(cat, leaves_standard_input_behind_what_it_printed_when_the_output_fails) {
    write_file("f", noise(4 << 20));
    unique_fd const in = open_file("f", O_RDONLY);
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    unique_fd ours(ends[0]);
    unique_fd theirs(ends[1]);
    program running(rondo_with({"cat"}), {.input = in.get(),
                                          .output = theirs.get(),
                                          .in_child = [] { ::signal(SIGPIPE, SIG_IGN); }});
    theirs.reset();
    char some[100];
    ASSERT_GT(::read(ours.get(), some, sizeof some), 0);
    ours.reset();
    EXPECT_EQ(running.wait().status, 1);
    EXPECT_LT(::lseek(in.get(), 0, SEEK_CUR), 4 << 20);
}

class cat_without_io_uring : public cat, public ::testing::WithParamInterface<int> {};

TEST_P(cat_without_io_uring, prints_the_same) {
    std::string const text = noise(3 * block + 1);
    write_file("f", text);
    auto const forbid = [] { forbid_io_uring(GetParam()); };
    expect_same(run_program(rondo_with({"cat", path("f"), path("f")}), {.in_child = forbid}),
                {0, text + text, ""}, text.size());
}

TEST_P(cat_without_io_uring, says_why_once_when_asked) {
    write_file("f", "text");
    auto const forbid = [] { forbid_io_uring(GetParam()); };
    program_end const end =
        run_program(rondo_with({"cat", "--verbose", path("f"), path("f")}), {.in_child = forbid});
    EXPECT_EQ(end.out, "texttext");
    EXPECT_EQ(end.status, 0);
    std::size_t const first = end.err.find("a seccomp filter forbids io_uring");
    EXPECT_NE(first, std::string::npos) << end.err;
    EXPECT_EQ(end.err.find("seccomp filter", first + 10), std::string::npos) << end.err;
}

INSTANTIATE_TEST_SUITE_P(errors, cat_without_io_uring, ::testing::Values(EPERM, ENOSYS),
                         [](auto const& code) {
                             return std::string(::strerrorname_np(code.param));
                         });

} // namespace
} // namespace rondo::test
