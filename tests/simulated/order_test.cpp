// SPDX-License-Identifier: MIT
// The seed decides everything: equal seeds give equal runs, in any process, whatever else is open
// or was done there before; different seeds give different ones.
#include "simulated_test.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <set>
#include <sstream>
#include <string_view>
#include <sys/un.h>
#include <unistd.h>

namespace rondo::test {
namespace {

constexpr std::string_view text = "some bytes on their way";

/// A program of many kinds of operations under every chance, restarted where a fault hits it. What
/// it sees goes into the trace, and so into the digest.
class story {
public:
    explicit story(simulation& s) : s_(s), r_(ring_of(s)), other_(ring_of(s)) {}

    void tell() {
        std::string const path = "/tmp/story";
        while (!s_.write_file(path, text))
            continue;
        for (int chapter = 0; chapter < 3; ++chapter) {
            files(path.c_str());
            streams();
            connections();
        }
    }

private:
    /// Pushes all that is given, then notes the completions as they come.
    template <class... Ops>
    void play(Ops const&... ops) {
        std::uint64_t last = 0;
        (static_cast<void>(r_.push(ops, ++last)), ...);
        for (std::uint64_t left = last; left != 0;) {
            static_cast<void>(r_.submit_and_wait(1, std::chrono::milliseconds(10)));
            abi::cqe c{};
            if (!r_.pop(c)) // what a fault has left waiting for ever
                static_cast<void>(r_.run(op::cancel{op::cancel_match::any()}));
            else
                left -= note(c) ? 0u : 1u;
        }
    }
    bool note(abi::cqe const& c) {
        s_.note(std::to_string(c.user_data) + (c.res < 0 ? " fails" : " is done"));
        return has_more(c);
    }
    template <class Op>
    auto insist(Op const& o) {
        for (;;)
            if (auto got = r_.run(o))
                return std::move(*got);
    }
    void files(char const* path) {
        unique_fd const file = insist(op::openat<>{.path = path, .flags = O_RDWR});
        ::iovec const parts[2] = {{into_.data(), 10}, {&into_[10], 10}};
        play(op::read{.fd = file, .into = into_, .at = 0},
             op::write{.fd = file, .from = text, .at = 7},
             op::read{.fd = file, .into = iovecs(parts), .at = 3}, op::fsync{.fd = file},
             op::openat<>{.path = "/none"}, op::async(op::nop{}));
    }
    void streams() {
        auto const pipe = s_.pipe().or_throw("pipe");
        op::timeout const limit{.when = std::chrono::milliseconds(5)};
        play(op::read{.fd = pipe.first, .into = into_}, op::write{.fd = pipe.second, .from = text},
             limit, op::poll{.fd = pipe.second, .events = POLLOUT},
             op::message_ring{.ring = other_.native_handle(), .user_data = 1},
             op::cancel{op::cancel_match::code(abi::opcode::read), true});
        static_cast<void>(other_.submit_and_wait(0));
        for (abi::cqe c; other_.pop(c);)
            note(c);
    }
    void connections() {
        unique_fd const listener = insist(op::socket<>{.domain = AF_UNIX, .type = SOCK_STREAM});
        ::sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
        std::snprintf(name.sun_path, sizeof name.sun_path, "/socket%d", ++sockets_);
        auto const* const at = reinterpret_cast<::sockaddr const*>(&name);
        insist_on(op::bind{.fd = listener, .address = at, .size = sizeof name});
        insist_on(op::listen{.fd = listener});
        unique_fd const client = insist(op::socket<>{.domain = AF_UNIX, .type = SOCK_STREAM});
        insist_on(op::connect{.fd = client, .address = at, .size = sizeof name});
        unique_fd const server = insist(op::accept<>{.fd = listener});
        play(op::send{.fd = client, .from = text}, op::recv{.fd = server, .into = into_},
             op::send{.fd = server, .from = text}, op::recv{.fd = client, .into = more_},
             op::shutdown{.fd = client});
    }
    template <class Op>
    void insist_on(Op const& o) {
        while (!r_.run(o))
            continue;
    }

    simulation& s_;
    ring r_, other_;
    std::array<char, 64> into_{}, more_{};
    int sockets_ = 0;
};

/// The whole trace of a run.
std::string run(std::uint64_t seed) {
    simulation s = simulate({.seed = seed, .how = chances::hostile(), .trace_lines = 100'000});
    story(s).tell();
    return s.trace();
}

constexpr char const* wanted_seed = "RONDO_TEST_STORY_SEED";

TEST(the_same_seed, gives_the_same_trace_byte_for_byte) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed)
        EXPECT_EQ(run(seed), run(seed));
}

TEST(the_same_seed, gives_the_same_trace_whatever_is_open) {
    std::string const before = run(5);
    std::vector<unique_fd> others;
    for (int i = 0; i < 40; ++i)
        others.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    for (std::size_t i = 0; i < others.size(); i += 3)
        others[i].reset();
    EXPECT_EQ(run(5), before);
}

TEST(the_same_seed, gives_the_same_trace_beside_another_simulation) {
    std::string const before = run(6);
    simulation beside = simulate({.seed = 77});
    ring r = ring_of(beside);
    auto const pipe = beside.pipe().or_throw("pipe");
    std::array<char, 8> into{};
    ASSERT_TRUE(r.push(op::read{.fd = pipe.first, .into = into}, 1));
    r.submit().or_throw("submit");
    EXPECT_EQ(run(6), before);
    run(7);
    EXPECT_EQ(run(6), before);
    ASSERT_TRUE(r.push(op::write{.fd = pipe.second, .from = std::string_view("text")}, 2));
    EXPECT_GT(results(r, 2).at(1), 0); // nobody disturbed it either
}

/// What a run prints in a process of its own, where everything has other addresses.
std::string run_elsewhere(std::uint64_t seed) {
    std::array<char, 4096> self{};
    EXPECT_GT(::readlink("/proc/self/exe", self.data(), self.size() - 1), 0);
    std::ostringstream command;
    command << "GTEST_TOTAL_SHARDS=1 GTEST_SHARD_INDEX=0 " << wanted_seed << '=' << seed << " '"
            << self.data()
            << "' --gtest_also_run_disabled_tests "
               "--gtest_filter=another_process.DISABLED_prints_its_trace 3>&1 >/dev/null";
    std::FILE* const out = ::popen(command.str().c_str(), "re");
    std::string text_of_it;
    std::array<char, 4096> piece{};
    while (std::size_t const n = std::fread(piece.data(), 1, piece.size(), out))
        text_of_it.append(piece.data(), n);
    EXPECT_EQ(::pclose(out), 0);
    return text_of_it;
}

// Run by run_elsewhere() only: without the seed it has nothing to print.
TEST(another_process, DISABLED_prints_its_trace) {
    char const* const seed = std::getenv(wanted_seed);
    ASSERT_NE(seed, nullptr);
    std::string const trace = run(std::strtoull(seed, nullptr, 10));
    ASSERT_EQ(::write(3, trace.data(), trace.size()), static_cast<::ssize_t>(trace.size()));
}

TEST(the_same_seed, gives_the_same_trace_in_another_process) {
    for (std::uint64_t seed : {1u, 2u, 3u})
        EXPECT_EQ(run_elsewhere(seed), run(seed));
}

TEST(different_seeds, give_different_runs) {
    std::set<std::string> traces;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        std::string const trace = run(seed);
        traces.insert(trace.substr(trace.find('\n'))); // the first line is the seed
    }
    EXPECT_EQ(traces.size(), 20u);
}

TEST(different_seeds, give_different_orders_of_the_same_completions) {
    std::set<std::vector<std::uint64_t>> orders;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        simulation s = simulate(only(&chances::worker, 0.5, seed));
        ring r = ring_of(s);
        unique_fd const file = file_of(s, r, 64);
        std::array<std::array<char, 8>, 4> into{};
        for (std::uint64_t i = 0; i < 4; ++i)
            EXPECT_TRUE(r.push(op::read{.fd = file, .into = into[i], .at = i}, i));
        std::vector<std::uint64_t> order;
        for (abi::cqe const& c : next(r, 4))
            order.push_back(c.user_data);
        orders.insert(order);
    }
    EXPECT_GT(orders.size(), 10u); // of 24
}

TEST(a_trace, has_the_same_digest_however_much_of_it_is_kept) {
    std::uint64_t digests[3];
    std::size_t const kept[3] = {0, 10, 100'000};
    for (int i = 0; i < 3; ++i) {
        simulation s = simulate({.seed = 9, .trace_lines = kept[i]});
        story(s).tell();
        digests[i] = s.trace_digest();
        auto const lines = std::ranges::count(s.trace(), '\n');
        if (kept[i] <= 10) {
            EXPECT_EQ(lines,
                      static_cast<std::ptrdiff_t>(kept[i]) + 2); // the seed, what is left out
            EXPECT_TRUE(tells(s, " lines before)"));
        }
    }
    EXPECT_EQ(digests[0], digests[1]);
    EXPECT_EQ(digests[1], digests[2]);
}

TEST(a_trace, tells_what_descriptors_stand_for_and_not_their_numbers) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    s.write_file("/file", "text").or_throw("write_file");
    unique_fd file = r.run(op::openat<>{.path = "/file"}).or_throw("open");
    file.reset(::fcntl(file.get(), F_DUPFD_CLOEXEC, 700)); // a number that nothing else has
    std::array<char, 8> into{};
    EXPECT_EQ(r.run(op::read{.fd = file, .into = into, .at = 0}), 4u);
    EXPECT_EQ(s.trace().find("700"), std::string::npos) << s.trace();
    EXPECT_TRUE(tells(s, "(openat) completes: file ")) << s.trace();
    EXPECT_TRUE(tells(s, "(read on file ")) << s.trace();
    EXPECT_GE(s.operations(), 2u);
    s.note("what the program has to say");
    EXPECT_TRUE(tells(s, "note: what the program has to say"));
}

} // namespace
} // namespace rondo::test
