// SPDX-License-Identifier: MIT

// What holds for every operation in op::all.

#include <rondo/abi/names.hpp>
#include <rondo/op/all.hpp>
#include <rondo/op/modifier.hpp>

#include <support/golden.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>

namespace rondo {
namespace {

template <class... Ops>
constexpr bool all_are_operations(op::operations<Ops...>) {
    return (op::operation<Ops> && ...);
}
static_assert(all_are_operations(op::all{}));

// Each of these pairs says two different things about how often an operation completes, or when it
// may be run again.
template <class Op>
constexpr bool marks_agree =
    !(op::is_stream<Op> && op::is_zero_copy<Op>) &&
    !(op::is_stream<Op> && op::is_restartable<Op>) && !(op::is_chain_only<Op> && op::is_stream<Op>);
template <class... Ops>
constexpr bool all_marks_agree(op::operations<Ops...>) {
    return (marks_agree<Ops> && ...);
}
static_assert(all_marks_agree(op::all{}));

TEST(every_operation, has_a_golden_test) {
    op::for_each_operation(
        []<class Op>() { EXPECT_TRUE(test::has_golden(typeid(Op))) << typeid(Op).name(); });
}

TEST(every_operation, is_listed_once) {
    std::set<std::string> seen;
    op::for_each_operation([&]<class Op>() {
        EXPECT_TRUE(seen.insert(typeid(Op).name()).second) << typeid(Op).name();
    });
}

TEST(every_operation, is_documented) {
    op::for_each_operation([]<class Op>() {
        EXPECT_FALSE(std::string_view(Op::facts.name).empty()) << typeid(Op).name();
        EXPECT_FALSE(std::string_view(Op::facts.value).empty()) << Op::facts.name;
        std::string_view const man = Op::facts.man;
        EXPECT_TRUE(man.ends_with(')') && man.find('(') != man.npos) << Op::facts.name;
        std::string_view const since = Op::facts.since;
        EXPECT_NE(since.find('.'), since.npos) << Op::facts.name;
    });
}

// "6.7" as 607.
int version(std::string_view text) {
    std::size_t const dot = text.find('.');
    return std::stoi(std::string(text.substr(0, dot))) * 100 +
           std::stoi(std::string(text.substr(dot + 1)));
}

TEST(every_operation, is_not_older_than_its_opcode) {
    op::for_each_operation([]<class Op>() {
        auto const code = static_cast<std::size_t>(static_cast<abi::opcode>(Op::code));
        abi::entry const& entry = abi::opcodes()[code];
        EXPECT_GE(version(Op::facts.since), version(entry.since)) << Op::facts.name;
    });
}

TEST(every_operation, is_named_as_a_stream_if_it_is_one) {
    op::for_each_operation([]<class Op>() {
        EXPECT_EQ(std::string_view(Op::facts.name).ends_with("_stream"), op::is_stream<Op>)
            << Op::facts.name;
    });
}

TEST(every_operation, that_owns_something_says_so) {
    op::for_each_operation([]<class Op>() {
        std::string_view const value = Op::facts.value;
        using type = typename Op::value_type;
        EXPECT_EQ(std::is_void_v<type>, value == "none") << Op::facts.name;
        EXPECT_EQ((std::is_same_v<type, unique_fd>), value == "unique_fd") << Op::facts.name;
        EXPECT_EQ((std::is_same_v<type, owned_slot>), value == "owned_slot") << Op::facts.name;
        EXPECT_EQ((std::is_same_v<type, buffer_lease>), value == "buffer_lease") << Op::facts.name;
    });
}

} // namespace
} // namespace rondo
