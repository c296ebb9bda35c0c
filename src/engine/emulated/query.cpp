// SPDX-License-Identifier: MIT
// register_op::query, which walks a chain of questions and answers each in place.
#include "registrations.hpp"

#include "arguments.hpp"
#include "calls.hpp"
#include "user_memory.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace rondo::engine::emulation {
namespace {

/// A longer chain may be a ring.
constexpr int most_questions = 1000;

/// Answers one question: 0, or -EFAULT when there is no place for the answer. What is wrong with
/// the question itself goes into its result.
long answer_one(abi::query_hdr& question, abi::query_opcode const& opcodes) noexcept {
    std::uint32_t const room = question.size;
    auto* const into = pointer_to<std::byte>(question.query_data);
    std::uint32_t told = 0;
    if (question.query_op != static_cast<std::uint32_t>(abi::query_op::opcodes)) {
        question.result = -EOPNOTSUPP;
    } else if (!all_zero(question.resv) || question.result != 0 || room == 0) {
        question.result = -EINVAL;
    } else {
        told = std::min<std::uint32_t>(room, sizeof opcodes);
        question.result = 0;
    }
    question.size = told;
    if (!is_mapped(into, room))
        return -EFAULT;
    if (told != 0)
        std::memcpy(into, &opcodes, told);
    // Whoever has more room than there is to tell finds zeros in it.
    if (room > told)
        std::memset(into + told, 0, room - told);
    return 0;
}

} // namespace

long answer_query(void* arg, std::uint32_t nr, abi::query_opcode const& opcodes) noexcept {
    if (nr != 0)
        return -EINVAL;
    int asked = 0;
    while (arg != nullptr) {
        abi::query_hdr question{};
        if (!is_mapped(arg, sizeof question))
            return -EFAULT;
        std::memcpy(&question, arg, sizeof question);
        if (long const failure = answer_one(question, opcodes); failure != 0)
            return failure;
        std::memcpy(arg, &question, sizeof question);
        if (++asked >= most_questions)
            return -ERANGE;
        arg = pointer_to<void>(question.next_entry);
    }
    return 0;
}

} // namespace rondo::engine::emulation
