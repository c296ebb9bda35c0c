// SPDX-License-Identifier: MIT
// The tables of names against tests/data/constants.tsv and since.tsv, both ways.

#include "abi_table.hpp"

#include <rondo/abi/names.hpp>

#include <gtest/gtest.h>

#include <cctype>
#include <map>
#include <set>
#include <span>
#include <string>

namespace rondo::abi_test {
namespace {

struct listing {
    std::string kind; // first column of the tables
    std::string prefix;
    std::span<abi::entry const> entries;
};

listing const listings[] = {
    {"opcode", "IORING_OP_", abi::opcodes()},
    {"setup_flag", "IORING_SETUP_", abi::setup_flags()},
    {"feature", "IORING_FEAT_", abi::features()},
    {"enter_flag", "IORING_ENTER_", abi::enter_flags()},
    {"sqe_flag", "IOSQE_", abi::sqe_flags()},
    {"register_op", "IORING_REGISTER_", abi::register_ops()},
};

// Counts and modifiers in the kernel's enums, which name no operation.
std::set<std::string> const not_listed = {"IORING_OP_LAST", "IORING_REGISTER_LAST",
                                          "IORING_REGISTER_USE_REGISTERED_RING"};

std::string our_word(std::string const& kernel_name, std::string const& prefix) {
    auto const cut =
        kernel_name.starts_with(prefix) ? prefix.size() : std::string{"IORING_"}.size();
    std::string word;
    for (char const letter : kernel_name.substr(cut)) {
        word += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    }
    return word;
}

std::map<std::string, std::string> since_by_kernel_name() {
    std::map<std::string, std::string> since;
    for (auto const& row : read_table("since.tsv")) {
        since.emplace(row.at(1), row.at(2));
    }
    return since;
}

TEST(abi_names, list_exactly_the_rows_of_the_table_in_its_order) {
    auto const rows = read_table("constants.tsv");
    auto since = since_by_kernel_name();
    ASSERT_FALSE(rows.empty());
    ASSERT_FALSE(since.empty());
    for (auto const& [kind, prefix, entries] : listings) {
        std::size_t next = 0;
        for (auto const& row : rows) {
            if (row.at(0) != kind || not_listed.contains(row.at(1))) {
                continue;
            }
            ASSERT_LT(next, entries.size()) << row[1] << " is not listed";
            auto const& entry = entries[next++];
            EXPECT_EQ(entry.kernel, row[1]);
            EXPECT_EQ(entry.name, our_word(row[1], prefix));
            EXPECT_EQ(std::to_string(entry.value), row.at(2)) << row[1];
            EXPECT_EQ(entry.since, since[row[1]]) << row[1];
        }
        EXPECT_EQ(next, entries.size()) << "too many entries of kind " << kind;
    }
}

TEST(abi_names, of_an_operation_is_found_by_its_value) {
    EXPECT_EQ(abi::name_of(abi::opcode::nop), "nop");
    EXPECT_EQ(abi::name_of(abi::opcode::read_fixed), "read_fixed");
    EXPECT_EQ(abi::name_of(abi::opcode::uring_cmd128), "uring_cmd128");
    EXPECT_EQ(abi::name_of(abi::register_op::buffers), "buffers");
    EXPECT_EQ(abi::name_of(abi::register_op::unregister_napi), "unregister_napi");
    EXPECT_EQ(abi::name_of(abi::register_op::bpf_filter), "bpf_filter");
}

TEST(abi_names, of_a_register_operation_ignores_how_the_ring_was_named) {
    auto const flag = raw(abi::register_op::use_registered_ring);
    auto const op = static_cast<abi::register_op>(raw(abi::register_op::query) | flag);
    EXPECT_EQ(abi::name_of(op), "query");
}

TEST(abi_names, of_a_value_beyond_the_table_is_unknown) {
    EXPECT_EQ(abi::name_of(abi::opcode::last), "unknown");
    EXPECT_EQ(abi::name_of(static_cast<abi::opcode>(255)), "unknown");
    EXPECT_EQ(abi::name_of(abi::register_op::last), "unknown");
    EXPECT_EQ(abi::name_of(static_cast<abi::register_op>(0x7fffffffu)), "unknown");
}

} // namespace
} // namespace rondo::abi_test
