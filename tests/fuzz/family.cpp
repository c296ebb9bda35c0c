// SPDX-License-Identifier: MIT
#include "family.hpp"

#include <array>

namespace fuzz {
namespace {

constexpr bool reads_or_writes(abi::opcode code) noexcept {
    using enum abi::opcode;
    for (abi::opcode const one : {abi::opcode::read, abi::opcode::write, readv, writev, read_fixed,
                                  write_fixed, readv_fixed, writev_fixed, read_multishot})
        if (one == code)
            return true;
    return false;
}

/// Puts nonsense, or what is merely rare, into one field.
void spoil(surroundings& on, action const& a, abi::sqe& e, dice& roll) {
    static constexpr place others[] = {place::directory, place::groups};
    switch (roll.below(16)) {
    case 0: e.fd = -1; break;
    case 1: e.fd = 9999; break;
    case 2:
        if (a.on != place::nowhere) // else it is no descriptor
            e.fd = on.fd(roll.of(others));
        break;
    case 3: e.ioprio |= static_cast<std::uint16_t>(roll.of({0x4u, 0x4000u, 0x8000u})); break;
    case 4: {
        std::uint32_t const bit = 1u << roll.below(12);
        // A descriptor's number would name a slot: another one on each engine.
        bool const mistakes_fd =
            a.what->code == abi::opcode::nop && bit == raw(abi::nop_flag::fixed_file);
        if (!reads_or_writes(a.what->code) && !mistakes_fd &&
            a.what->code != abi::opcode::timeout) // see transfer_families.cpp
            e.rw_flags |= bit;
        break;
    }
    case 5: e.rw_flags |= 1u << (14 + roll.below(17)); break;
    case 6: e.buf_index = static_cast<std::uint16_t>(roll.below(2) * 98 + 1); break;
    case 7: e.personality = 77; break;
    case 8: e.file_index = roll.of({1u, 13u, 100u, abi::file_index_alloc}); break;
    case 9: e.addr3 = 1; break;
    case 10:
        if (a.what->code == abi::opcode::timeout)
            break; // a count: what completes beside it may count or not
        e.off = roll.of({std::uint64_t{1}, ~std::uint64_t{0}, std::uint64_t{1} << 62});
        break;
    case 11: e.flags |= 0x80; break;
    case 12: e.opcode = roll.chance(2) ? 200 : 63; break;
    case 13:
        if (a.on != place::counter) // see transfer_families.cpp
            e.len = roll.below(2);
        break;
    case 14: e.addr = roll.chance(2) ? 0 : 8; break;
    default: e.pad2 = 1; break;
    }
}

constexpr auto tables = {transfer_families, file_families, socket_families, message_families,
                         wait_families,     ring_families, splice_families};

void gather(std::vector<family const*>& out, std::span<family const> from, std::uint32_t topics) {
    for (family const& f : from)
        if (has(topics, f.needs) && (!f.is(trait::many) || has(topics, topic::streams)))
            for (std::uint32_t i = 0; i < f.weight; ++i)
                out.push_back(&f);
}

} // namespace

std::vector<family const*> requests_of(std::uint32_t topics) {
    std::vector<family const*> out;
    for (auto const of : tables)
        gather(out, of(), topics);
    // The kernel may keep back what comes after a drain for longer than it has to, so that nobody
    // can tell who comes first if something has to wait.
    if (has(topics, topic::drains))
        std::erase_if(out,
                      [](family const* f) { return !f->is(trait::sure) || f->is(trait::chooses); });
    if (has(topics, topic::counts))
        std::erase_if(out, [](family const* f) {
            return f->is(trait::threaded) || (f->is(trait::moves) && f->is(trait::sure));
        });
    return out;
}

std::vector<family const*> deeds_of(std::uint32_t topics) {
    std::vector<family const*> out;
    gather(out, outside_families(), topics);
    return out;
}

abi::sqe entry_of(surroundings& on, action const& a) {
    abi::sqe e{};
    e.opcode = static_cast<std::uint8_t>(a.what->code);
    e.user_data = a.number;
    e.fd = on.fd(a.on, a.details >> 32);
    filling f{on, a, dice(a.details), e, on.hidden(a.number)};
    a.what->fill(f);
    e.flags |= a.flags;
    if ((a.flags & raw(abi::sqe_flag::fixed_file)) != 0 && a.on != place::nowhere)
        e.fd = static_cast<std::int32_t>(f.roll.chance(12) ? f.roll.of({5u, 8u, 12u, 99u})
                                                           : surroundings::slot_of(a.on));
    if (a.spoiled)
        spoil(on, a, e, f.roll);
    return e;
}

} // namespace fuzz
