// SPDX-License-Identifier: MIT
// Looking for the seed that makes a program fail, and running that one again.
#include "simulated_test.hpp"

#include <cstdlib>
#include <set>
#include <stdexcept>

namespace rondo::test {
namespace {

using testing::explore;
using testing::findings;

/// Forgets that a read may be short.
bool careless(simulation& s) {
    ring r = ring_of(s);
    unique_fd const file = file_of(s, r, 64);
    char into[64];
    return r.run(op::read{.fd = file, .into = into, .at = 0}).or_throw("read") == 64;
}

bool careful(simulation& s) {
    ring r = ring_of(s);
    unique_fd const file = file_of(s, r, 64);
    char into[64];
    std::size_t done = 0;
    while (done < sizeof into)
        done += r.run(op::read{.fd = file, .into = {into + done, sizeof into - done}, .at = done})
                    .or_throw("read");
    return done == sizeof into;
}

/// RONDO_SEED for as long as it lives.
class environment {
public:
    explicit environment(char const* seed) { ::setenv("RONDO_SEED", seed, 1); }
    environment(environment const&) = delete;
    environment& operator=(environment const&) = delete;
    ~environment() { ::unsetenv("RONDO_SEED"); }
};

class exploring : public ::testing::Test {
protected:
    exploring() { ::unsetenv("RONDO_SEED"); }
};

TEST_F(exploring, finds_a_bug_and_says_where) {
    findings const found = explore({.seed = 100}, 1000, careless);
    ASSERT_FALSE(found);
    EXPECT_GE(found.seed, 100u);
    EXPECT_EQ(found.runs, found.seed - 100 + 1);
    EXPECT_EQ(found.reason, "returned false");
    EXPECT_NE(found.trace.find("is shortened to"), std::string::npos);
    EXPECT_EQ(found.trace.find("seed " + std::to_string(found.seed)), 0u);
    std::string const text = found.text();
    for (std::string const& part :
         {"seed " + std::to_string(found.seed), "RONDO_SEED=" + std::to_string(found.seed),
          found.reason, found.trace})
        EXPECT_NE(text.find(part), std::string::npos) << part;
}

TEST_F(exploring, runs_every_seed_once_when_there_is_no_bug) {
    std::set<std::uint64_t> seeds;
    findings const found = explore({.seed = 7}, 200, [&](simulation& s) {
        seeds.insert(s.seed());
        return careful(s);
    });
    EXPECT_TRUE(found) << found.text();
    EXPECT_EQ(found.runs, 200u);
    EXPECT_EQ(seeds.size(), 200u);
    EXPECT_EQ(*seeds.begin(), 7u);
    EXPECT_EQ(*seeds.rbegin(), 206u);
    EXPECT_EQ(found.text(), "200 runs, none failed");
}

TEST_F(exploring, tells_what_a_program_threw) {
    EXPECT_EQ(explore({}, 1, [](simulation&) -> bool { throw std::runtime_error("ouch"); }).reason,
              "ouch");
    EXPECT_FALSE(explore({}, 1, [](simulation&) -> bool { throw std::runtime_error(""); }));
    EXPECT_FALSE(explore({}, 1, [](simulation&) -> bool { throw 1; }));
    findings const of_rondo = explore({}, 1, [](simulation& s) -> bool {
        ring r = ring_of(s);
        return r.run(op::openat<>{.path = "/none"}).or_throw("open the file").get() >= 0;
    });
    EXPECT_NE(of_rondo.reason.find("open the file"), std::string::npos) << of_rondo.reason;
}

TEST_F(exploring, runs_the_seed_of_the_environment_alone_and_alike) {
    findings const found = explore({}, 1000, careless);
    ASSERT_FALSE(found);
    environment const replay(std::to_string(found.seed).c_str());
    findings const again = explore({}, 1000, careless);
    EXPECT_FALSE(again);
    EXPECT_EQ(again.runs, 1u);
    EXPECT_EQ(again.seed, found.seed);
    EXPECT_EQ(again.trace, found.trace);
}

TEST_F(exploring, takes_numbers_only_from_the_environment) {
    for (char const* const wrong :
         {"", "x", "12x", "-1", " 1", "0x10", "1.5", "18446744073709551616"}) {
        environment const given(wrong);
        EXPECT_FALSE(testing::seed_of_environment()) << wrong;
    }
    environment const given("18446744073709551615");
    EXPECT_EQ(testing::seed_of_environment(), ~std::uint64_t{0});
}

TEST_F(exploring, gives_every_run_all_of_its_faults) {
    simulation_options options = calm();
    options.faults = {{.opcode = abi::opcode::nop, .error = EIO}};
    int failed = 0;
    EXPECT_TRUE(explore(options, 10, [&](simulation& s) {
        ring r = ring_of(s);
        failed += r.run(op::nop{}) ? 0 : 1;
        return true;
    }));
    EXPECT_EQ(failed, 10);
}

} // namespace
} // namespace rondo::test
