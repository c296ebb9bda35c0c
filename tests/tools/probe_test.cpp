// SPDX-License-Identifier: MIT
#include "program.hpp"
#include "refusal.hpp"

#include <support/engine.hpp>

#include <rondo/abi/names.hpp>
#include <rondo/engine/kernel.hpp>
#include <rondo/ring/ring.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <functional>
#include <iterator>
#include <span>
#include <string>
#include <vector>

namespace rondo::test {
namespace {

using json = nlohmann::json;

program_end probe(std::vector<std::string> options, std::function<void()> in_child = {}) {
    options.insert(options.begin(), "probe");
    return run_program(rondo_with(options), {.in_child = std::move(in_child)});
}

json probe_json(std::function<void()> in_child = {}) {
    return json::parse(probe({"--json"}, std::move(in_child)).out);
}

void expect_table(json const& rows, std::span<abi::entry const> entries) {
    ASSERT_EQ(rows.size(), entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
        EXPECT_EQ(rows[i]["name"], entries[i].name);
        EXPECT_EQ(rows[i]["kernel"], entries[i].kernel);
        EXPECT_EQ(rows[i]["since"], entries[i].since);
    }
}

TEST(probe_json, lists_every_constant_of_the_interface) {
    json const told = probe_json();
    expect_table(told["opcodes"], abi::opcodes());
    expect_table(told["setup_flags"], abi::setup_flags());
    expect_table(told["features"], abi::features());
    expect_table(told["enter_flags"], abi::enter_flags());
    expect_table(told["sqe_flags"], abi::sqe_flags());
    expect_table(told["register_ops"], abi::register_ops());
}

TEST(probe_json, says_of_opcodes_and_flags_what_the_kernel_says) {
    RONDO_NEEDS_KERNEL("kernel to ask about");
    auto const kernel = features::ask(engine::kernel_backend()).or_throw("features");
    json const told = probe_json();
    EXPECT_EQ(told["available"], true);
    EXPECT_EQ(told["refused"], nullptr);
    for (abi::entry const& e : abi::opcodes())
        EXPECT_EQ(told["opcodes"][e.value]["supported"],
                  kernel.supports(static_cast<abi::opcode>(e.value)))
            << e.name;
    for (json const& row : told["setup_flags"])
        for (abi::entry const& e : abi::setup_flags())
            if (row["name"] == e.name) {
                EXPECT_EQ(row["supported"], (raw(kernel.known_setup) & e.value) != 0) << e.name;
            }
}

TEST(probe_json, tells_the_ring_that_a_program_gets) {
    RONDO_NEEDS_KERNEL("kernel to ask about");
    auto ring = ring::create().or_throw("ring");
    ring.bind_to_this_thread().or_throw("bind");
    json const told = probe_json()["default_ring"];
    EXPECT_EQ(told["created"], true);
    EXPECT_EQ(told["sq_entries"], ring.features().sq_entries);
    EXPECT_EQ(told["cq_entries"], ring.features().cq_entries);
    EXPECT_EQ(told["registered_descriptor"], ring.features().registered_descriptor);
    EXPECT_EQ(told["wait_region"], ring.features().wait_region);
    std::ptrdiff_t flags = 0;
    for (abi::entry const& e : abi::setup_flags())
        flags += (raw(ring.features().setup) & e.value) != 0 ? 1 : 0;
    EXPECT_EQ(std::ssize(told["setup"]), flags);
}

TEST(probe_json, tells_the_limits_as_numbers) {
    json const limits = probe_json()["limits"];
    EXPECT_TRUE(limits["memlock_bytes"].is_number() || limits["memlock_bytes"].is_null());
    EXPECT_TRUE(limits.contains("io_uring_disabled"));
    EXPECT_TRUE(limits.contains("io_uring_group"));
    EXPECT_TRUE(limits.contains("huge_page_kib"));
    EXPECT_GE(limits["cpus_allowed"], 1);
    EXPECT_GE(limits["cpus_online"], limits["cpus_allowed"]);
}

TEST(probe_json, finds_the_same_set_up_flags_on_a_kernel_that_cannot_be_queried) {
    RONDO_NEEDS_KERNEL("kernel to ask about");
    json const queried = probe_json();
    json const tried = probe_json([] { forget_registration(raw(abi::register_op::query)); });
    EXPECT_EQ(tried["learned_by"], "probe");
    EXPECT_EQ(tried["setup_flags"], queried["setup_flags"]);
    EXPECT_EQ(tried["opcodes"], queried["opcodes"]);
    EXPECT_EQ(tried["enter_flags"], queried["enter_flags"]);
    EXPECT_EQ(tried["sqe_flags"], queried["sqe_flags"]);
    EXPECT_EQ(tried["register_ops"][0]["supported"], nullptr);
    EXPECT_EQ(tried["default_ring"]["setup"], queried["default_ring"]["setup"]);
}

TEST(probe_table, counts_what_is_there_and_names_what_is_missing) {
    RONDO_NEEDS_KERNEL("kernel to ask about");
    auto const kernel = features::ask(engine::kernel_backend()).or_throw("features");
    program_end const told = probe({});
    EXPECT_EQ(told.status, 0);
    EXPECT_EQ(told.err, "");
    std::ptrdiff_t there = 0;
    for (abi::entry const& e : abi::opcodes()) {
        bool const has = kernel.supports(static_cast<abi::opcode>(e.value));
        there += has ? 1 : 0;
        std::string const missing = std::string(e.name) + " (" + std::string(e.since) + ")";
        EXPECT_EQ(told.out.find(missing) == std::string::npos, has) << missing;
    }
    std::string const count =
        std::to_string(there) + " of " + std::to_string(abi::opcodes().size());
    EXPECT_NE(told.out.find(count), std::string::npos) << told.out;
    EXPECT_NE(told.out.find("sqpoll: the kernel's poller keeps a whole CPU busy"),
              std::string::npos);
    for (std::size_t at = 0, end = 0; at < told.out.size(); at = end + 1) {
        end = told.out.find('\n', at);
        EXPECT_LE(end - at, 100u) << told.out.substr(at, end - at);
    }
}

TEST(probe_table, has_a_line_for_every_constant_when_asked_for_all) {
    RONDO_NEEDS_KERNEL("kernel to ask about");
    program_end const told = probe({"--all"});
    EXPECT_EQ(told.status, 0);
    for (abi::entry const& e : abi::register_ops())
        EXPECT_NE(told.out.find("  " + std::string(e.name) + " "), std::string::npos) << e.name;
}

class probe_refused : public ::testing::TestWithParam<int> {};

TEST_P(probe_refused, names_seccomp_and_the_remedy_and_fails) {
    int const code = GetParam();
    program_end const told = probe({}, [code] { forbid_io_uring(code); });
    EXPECT_EQ(told.status, 1);
    EXPECT_NE(told.out.find("seccomp"), std::string::npos) << told.out;
    EXPECT_NE(told.out.find("io_uring_setup, io_uring_enter"), std::string::npos) << told.out;
    EXPECT_NE(told.out.find("locked memory"), std::string::npos) << told.out;
    EXPECT_NE(told.out.find("rings run on the emulated engine"), std::string::npos) << told.out;
}

TEST_P(probe_refused, tells_programs_the_cause) {
    int const code = GetParam();
    program_end const told = probe({"--json"}, [code] { forbid_io_uring(code); });
    EXPECT_EQ(told.status, 1);
    json const all = json::parse(told.out);
    EXPECT_EQ(all["available"], false);
    EXPECT_EQ(all["refused"]["code"], code);
    EXPECT_EQ(all["refused"]["cause"], "seccomp");
    EXPECT_EQ(all["default_ring"]["created"], false);
    EXPECT_EQ(all["engine"], "emulated");
    EXPECT_EQ(all["opcodes"][0]["supported"], nullptr);
}

INSTANTIATE_TEST_SUITE_P(errors, probe_refused, ::testing::Values(EPERM, ENOSYS, EACCES),
                         [](auto const& code) {
                             return std::string(::strerrorname_np(code.param));
                         });

TEST(rondo, tells_its_version) {
    program_end const told = run_program(rondo_with({"--version"}));
    EXPECT_EQ(told.status, 0);
    unsigned major = 0, minor = 0, patch = 0;
    EXPECT_EQ(std::sscanf(told.out.c_str(), "rondo %u.%u.%u\n", &major, &minor, &patch), 3)
        << told.out;
}

TEST(rondo, lists_its_commands_in_its_help) {
    program_end const told = run_program(rondo_with({"--help"}));
    EXPECT_EQ(told.status, 0);
    EXPECT_NE(told.out.find("cat"), std::string::npos);
    EXPECT_NE(told.out.find("probe"), std::string::npos);
}

TEST(rondo, refuses_an_unknown_command_by_name) {
    program_end const told = run_program(rondo_with({"dog"}));
    EXPECT_EQ(told.status, 2);
    EXPECT_EQ(told.out, "");
    EXPECT_NE(told.err.find("there is no command 'dog'"), std::string::npos) << told.err;
}

TEST(rondo, asks_for_a_command_when_there_is_none) {
    program_end const told = run_program(rondo_with({}));
    EXPECT_EQ(told.status, 2);
    EXPECT_NE(told.err.find("no command"), std::string::npos) << told.err;
}

TEST(rondo, refuses_an_unknown_option) {
    EXPECT_EQ(run_program(rondo_with({"--dog"})).status, 2);
    EXPECT_EQ(run_program(rondo_with({"probe", "--dog"})).status, 2);
}

TEST(rondo, fails_when_what_it_prints_does_not_fit) {
    unique_fd const full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    program_end const told = run_program(rondo_with({"probe"}), {.output = full.get()});
    EXPECT_EQ(told.status, 1);
    EXPECT_NE(told.err.find("No space left on device"), std::string::npos) << told.err;
}

} // namespace
} // namespace rondo::test
