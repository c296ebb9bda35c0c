// SPDX-License-Identifier: MIT
#include <rondo/ring/query.hpp>

#include "registration.hpp"

#include <cerrno>
#include <limits>

namespace rondo {
namespace {

constexpr attempt querying = attempt_to_register(raw(abi::register_op::query));

template <class Answer>
result<Answer> ask(engine::backend& who, abi::query_op question) noexcept {
    Answer answer{};
    abi::query_hdr header{};
    header.query_data = address_of(&answer);
    header.query_op = static_cast<std::uint32_t>(question);
    header.size = sizeof answer;
    long const call = who.register_(-1, raw(abi::register_op::query), &header, 0);
    if (call < 0)
        return fail(explain_registration(error(static_cast<int>(-call), querying), support::unknown,
                                         arguments::checked));
    if (header.result < 0)
        return fail(explain_registration(error(-header.result, querying), support::unknown,
                                         arguments::checked));
    return answer;
}

} // namespace

result<abi::query_opcode> query_opcodes(engine::backend& who) noexcept {
    return ask<abi::query_opcode>(who, abi::query_op::opcodes);
}

result<abi::query_zcrx> query_zcrx(engine::backend& who) noexcept {
    return ask<abi::query_zcrx>(who, abi::query_op::zcrx);
}

result<abi::query_scq> query_scq(engine::backend& who) noexcept {
    return ask<abi::query_scq>(who, abi::query_op::scq);
}

support query_registration(abi::register_op operation, engine::backend& who) noexcept {
    if (auto const known = query_opcodes(who))
        return raw(operation) < known->nr_register_opcodes ? support::yes : support::no;
    // Not -1: that names the calling task, for which some operations have a meaning.
    constexpr int nobody = std::numeric_limits<int>::max();
    long const answer = who.register_(nobody, raw(operation), nullptr, 0);
    return answer == -EINVAL ? support::no : support::unknown;
}

} // namespace rondo
