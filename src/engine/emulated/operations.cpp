// SPDX-License-Identifier: MIT
#include "operations.hpp"

#include "families.hpp"

#include <array>

namespace rondo::engine::emulation {
namespace {

constexpr std::size_t opcodes = static_cast<std::size_t>(abi::opcode::last);
using table = std::array<operation const*, opcodes>;

table gather() noexcept {
    table out{};
    for (std::size_t i = 0; i < opcodes; ++i) {
        auto const code = static_cast<abi::opcode>(i);
        for (auto const family :
             {find_control, find_time, find_poll, find_ring_message, find_transfer, find_file,
              find_path, find_splice, find_socket, find_message, find_wait}) {
            out[i] = family(code);
            if (out[i] != nullptr)
                break;
        }
    }
    return out;
}

} // namespace

operation const* find_operation(abi::opcode code) noexcept {
    static table const all = gather();
    auto const index = static_cast<std::size_t>(code);
    return index < opcodes ? all[index] : nullptr;
}

} // namespace rondo::engine::emulation
