// SPDX-License-Identifier: MIT
#include <rondo/ring/request_filter.hpp>

#include "registration.hpp"

namespace rondo {
namespace {

abi::bpf request_for(request_filter const& filter) noexcept {
    abi::bpf request{};
    request.cmd_type = static_cast<std::uint16_t>(abi::bpf_command::filter);
    request.filter.opcode = static_cast<std::uint32_t>(filter.code);
    request.filter.flags = (filter.deny_rest ? raw(abi::bpf_filter_flag::deny_rest) : 0u) |
                           (filter.exact_size ? raw(abi::bpf_filter_flag::sz_strict) : 0u);
    request.filter.filter_len = static_cast<std::uint32_t>(filter.program.size());
    request.filter.pdu_size = filter.own_bytes;
    request.filter.filter_ptr = address_of(filter.program.data());
    return request;
}

/// A kernel that cannot be queried is older than filters.
support known_to(engine::backend& who) noexcept {
    features found;
    found.query(who);
    return found.register_ops == 0 ? support::no : found.supports(abi::register_op::bpf_filter);
}

} // namespace

result<> filter_requests(ring& owner, request_filter const& filter) noexcept {
    abi::bpf request = request_for(filter);
    auto const done = register_explained(owner.registry(), known_to(owner.registry()->backend()),
                                         abi::register_op::bpf_filter, &request, 1);
    if (!done)
        return fail(done.error());
    return {};
}

result<> filter_requests_of_this_task(request_filter const& filter, engine::backend& who) noexcept {
    abi::bpf request = request_for(filter);
    long const answer = who.register_(-1, raw(abi::register_op::bpf_filter), &request, 1);
    if (answer < 0)
        return fail(
            explain_registration(error(static_cast<int>(-answer),
                                       attempt_to_register(raw(abi::register_op::bpf_filter))),
                                 known_to(who), arguments::as_given));
    return {};
}

} // namespace rondo
