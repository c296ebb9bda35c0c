// SPDX-License-Identifier: MIT
#include "rings.hpp"

#include "instructions.hpp"

#include <algorithm>

namespace bench {

void give_up(char const* what) { throw std::runtime_error(what); }

line compare_instructions(std::string name, unsigned batch, std::string const& data) {
    instruction_count const ours = count_instructions("ours", batch, data);
    instruction_count const peer = count_instructions("peer", batch, data);
    return {std::move(name),
            ours.per_operation,
            peer.per_operation,
            "liburing",
            "instr/op",
            ratio_of(ours.per_operation, peer.per_operation, better::less),
            std::max(ours.spread, peer.spread)};
}

} // namespace bench
