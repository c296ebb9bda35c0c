// SPDX-License-Identifier: MIT
// Errors by chance and by rule: who meets them, when, and who never does.
#include "simulated_test.hpp"

#include <array>
#include <string_view>

namespace rondo::test {
namespace {

constexpr std::string_view text = "sixteen bytes...";

/// One operation of each kind that can fail, with fresh files, pipes and sockets: their errors.
std::map<std::string, int> errors(simulation& s, ring& r) {
    std::map<std::string, int> out;
    auto const pipe = s.pipe().or_throw("pipe");
    auto const sockets = s.socket_pair(SOCK_STREAM).or_throw("socket_pair");
    s.write_file("/errors", text).or_throw("write_file");
    std::array<char, 16> into{};
    auto const note = [&](char const* name, auto const& got) {
        out[name] = got ? 0 : got.error().code();
    };
    note("open", r.run(op::openat<>{.path = "/errors"}));
    note("write pipe", r.run(op::write{.fd = pipe.second, .from = text}));
    note("read pipe", r.run(op::read{.fd = pipe.first, .into = into}));
    note("send", r.run(op::send{.fd = sockets.first, .from = text}));
    s.pass(1'000'000); // what was sent arrives
    note("recv", r.run(op::recv{.fd = sockets.second, .into = into, .flags = MSG_DONTWAIT}));
    note("nop", r.run(op::nop{}));
    return out;
}

/// The same of a file that was opened before.
std::map<std::string, int> file_errors(ring& r, unique_fd const& file) {
    std::map<std::string, int> out;
    std::array<char, 16> into{};
    ::iovec const parts[2] = {{into.data(), 8}, {&into[8], 8}};
    auto const note = [&](char const* name, auto const& got) {
        out[name] = got ? 0 : got.error().code();
    };
    note("read", r.run(op::read{.fd = file, .into = into, .at = 0}));
    note("readv", r.run(op::read{.fd = file, .into = iovecs(parts), .at = 0}));
    note("write", r.run(op::write{.fd = file, .from = text, .at = 0}));
    note("writev", r.run(op::write{.fd = file, .from = iovecs(parts), .at = 0}));
    note("fsync", r.run(op::fsync{.fd = file}));
    note("fallocate", r.run(op::fallocate{.fd = file, .size = 64}));
    return out;
}

using answers = std::map<std::string, int>;

/// The answers of all of them, with one chance at `rate`.
std::pair<answers, answers> answers_with(double chances::* which, double rate) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    unique_fd const file = file_of(s, r, 64);
    chances how = chances::calm();
    how.*which = rate;
    s.change(how);
    return {errors(s, r), file_errors(r, file)};
}

TEST(fault_chances, are_none_in_a_calm_world) {
    auto const [streams, files] = answers_with(&chances::eio, 0);
    for (auto const& [name, error] : streams)
        EXPECT_EQ(error, 0) << name;
    for (auto const& [name, error] : files)
        EXPECT_EQ(error, 0) << name;
}

TEST(fault_chances, of_eio_meet_files_only) {
    auto const [streams, files] = answers_with(&chances::eio, 1);
    for (auto const& [name, error] : streams)
        EXPECT_EQ(error, 0) << name;
    for (auto const& [name, error] : files)
        EXPECT_EQ(error, EIO) << name;
}

TEST(fault_chances, of_enospc_meet_what_makes_files_grow) {
    auto const [streams, files] = answers_with(&chances::enospc, 1);
    for (auto const& [name, error] : streams)
        EXPECT_EQ(error, 0) << name;
    answers const expected{{"read", 0},        {"readv", 0}, {"write", ENOSPC},
                           {"writev", ENOSPC}, {"fsync", 0}, {"fallocate", ENOSPC}};
    EXPECT_EQ(files, expected);
}

TEST(fault_chances, of_enomem_meet_all_but_those_that_need_none) {
    auto const [streams, files] = answers_with(&chances::enomem, 1);
    for (auto const& [name, error] : streams)
        EXPECT_EQ(error, name == "nop" ? 0 : ENOMEM) << name;
    for (auto const& [name, error] : files)
        EXPECT_EQ(error, ENOMEM) << name;
}

TEST(fault_chances, of_enobufs_meet_sends) {
    auto const [streams, files] = answers_with(&chances::enobufs, 1);
    answers const expected{{"open", 0},       {"write pipe", 0}, {"read pipe", 0},
                           {"send", ENOBUFS}, {"recv", EAGAIN},  {"nop", 0}};
    EXPECT_EQ(streams, expected);
    for (auto const& [name, error] : files)
        EXPECT_EQ(error, 0) << name;
}

TEST(fault_chances, of_eagain_do_not_meet_files) {
    auto const [streams, files] = answers_with(&chances::eagain, 1);
    answers const expected{{"open", 0},      {"write pipe", EAGAIN}, {"read pipe", EAGAIN},
                           {"send", EAGAIN}, {"recv", EAGAIN},       {"nop", 0}};
    EXPECT_EQ(streams, expected);
    for (auto const& [name, error] : files)
        EXPECT_EQ(error, 0) << name;
}

TEST(fault_chances, of_eintr_are_dealt_with_by_run_and_seen_by_completions) {
    simulation s = simulate(only(&chances::eintr, 0.5));
    ring r = ring_of(s);
    unique_fd const file = file_of(s, r, 64);
    std::array<char, 16> into{};
    for (int i = 0; i < 50; ++i)
        EXPECT_TRUE(r.run(op::read{.fd = file, .into = into, .at = 0}));
    int interrupted = 0;
    for (std::uint64_t i = 0; i < 50; ++i)
        EXPECT_TRUE(r.push(op::read{.fd = file, .into = into, .at = 0}, i));
    for (abi::cqe const& c : next(r, 50)) {
        EXPECT_TRUE(c.res == 16 || c.res == -EINTR) << c.res;
        interrupted += c.res == -EINTR ? 1 : 0;
    }
    EXPECT_GT(interrupted, 10);
    EXPECT_LT(interrupted, 40);
}

TEST(fault_chances, come_about_as_often_as_asked_for) {
    simulation s = simulate(only(&chances::eio, 0.2));
    ring r = ring_of(s);
    unique_fd const file = file_of(s, r, 64);
    int failed = 0;
    for (int i = 0; i < 2000; ++i) {
        std::array<char, 16> into{};
        failed += r.run(op::read{.fd = file, .into = into, .at = 0}) ? 0 : 1;
    }
    EXPECT_GT(failed, 320); // 400 less four standard deviations
    EXPECT_LT(failed, 480);
}

TEST(fault_rules, strike_the_operation_that_they_count_to) {
    simulation_options options = calm();
    options.faults = {{.opcode = abi::opcode::read, .error = EIO, .after = 2, .times = 2}};
    simulation s = simulate(options);
    ring r = ring_of(s);
    unique_fd const file = file_of(s, r, 64);
    std::vector<int> seen;
    for (int i = 0; i < 6; ++i) {
        std::array<char, 16> into{};
        auto const got = r.run(op::read{.fd = file, .into = into, .at = 0});
        seen.push_back(got ? 0 : got.error().code());
        EXPECT_TRUE(r.run(op::nop{})); // another opcode does not count
    }
    EXPECT_EQ(seen, (std::vector<int>{0, 0, EIO, EIO, 0, 0}));
    EXPECT_TRUE(tells(s, "is made to fail with -5"));
}

TEST(fault_rules, of_one_opcode_count_each_for_itself) {
    simulation_options options = calm();
    options.faults = {{.opcode = abi::opcode::nop, .error = EIO, .after = 0},
                      {.opcode = abi::opcode::nop, .error = ENOMEM, .after = 1},
                      {.opcode = abi::opcode::nop, .error = ENXIO, .after = 3}};
    simulation s = simulate(options);
    ring r = ring_of(s);
    std::vector<int> seen;
    for (int i = 0; i < 5; ++i) {
        auto const got = r.run(op::nop{});
        seen.push_back(got ? 0 : got.error().code());
    }
    EXPECT_EQ(seen, (std::vector<int>{EIO, ENOMEM, 0, ENXIO, 0}));
}

TEST(fault_rules, may_be_added_while_it_runs) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    EXPECT_TRUE(r.run(op::socket<>{.domain = AF_UNIX, .type = SOCK_STREAM}));
    s.add_fault({.opcode = abi::opcode::socket, .error = ENFILE});
    EXPECT_EQ(r.run(op::socket<>{.domain = AF_UNIX, .type = SOCK_STREAM}).error(), ENFILE);
    EXPECT_TRUE(r.run(op::socket<>{.domain = AF_UNIX, .type = SOCK_STREAM}));
}

TEST(fault_rules, strike_what_goes_by_way_of_a_worker_too) {
    simulation_options options = only(&chances::worker, 1);
    options.faults = {{.opcode = abi::opcode::write, .error = EDQUOT, .after = 1}};
    simulation s = simulate(options);
    ring r = ring_of(s);
    unique_fd const file = file_of(s, r, 0);
    EXPECT_EQ(r.run(op::write{.fd = file, .from = text, .at = 0}), 16u);
    EXPECT_EQ(r.run(op::write{.fd = file, .from = text, .at = 16}).error(), EDQUOT);
    EXPECT_EQ(s.read_text("/file"), text);
}

TEST(disk_bytes, are_all_that_files_may_have) {
    constexpr std::size_t page = 4096;
    simulation_options options = calm();
    options.disk_bytes = 3 * page;
    simulation s = simulate(options);
    ring r = ring_of(s);
    unique_fd const file = file_of(s, r, 2 * page);
    std::string const more(2 * page, 'y');
    EXPECT_EQ(r.run(op::write{.fd = file, .from = more, .at = 2 * page}), page); // all there is
    EXPECT_EQ(r.run(op::write{.fd = file, .from = more, .at = 3 * page}).error(), ENOSPC);
    EXPECT_EQ(s.write_file("/other", "z").error(), ENOSPC);
    EXPECT_TRUE(r.run(op::ftruncate{.fd = file, .size = 0}));
    EXPECT_EQ(r.run(op::write{.fd = file, .from = more, .at = 0}), 2 * page);
    EXPECT_TRUE(s.write_file("/other", "z"));
}

TEST(changed_chances, hold_from_then_on) {
    simulation s = simulate(calm());
    ring r = ring_of(s);
    unique_fd const file = file_of(s, r, 64);
    EXPECT_TRUE(r.run(op::fsync{.fd = file}));
    s.change({.eio = 1});
    EXPECT_EQ(r.run(op::fsync{.fd = file}).error(), EIO);
    s.change(chances::calm());
    EXPECT_TRUE(r.run(op::fsync{.fd = file}));
}

} // namespace
} // namespace rondo::test
