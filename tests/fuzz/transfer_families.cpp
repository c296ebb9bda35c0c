// SPDX-License-Identifier: MIT
// Reads and writes, of streams and of files, in every form a buffer can have.
#include "family.hpp"

#include <sys/uio.h>

namespace fuzz {
namespace {

constexpr place streams_out[] = {place::pipe0_out, place::pipe1_out, place::small_out,
                                 place::stream0_a, place::stream0_b, place::stream1_a,
                                 place::counter,   place::packet_b,  place::tcp_b};
constexpr place streams_in[] = {place::pipe0_in,  place::pipe1_in,  place::small_in,
                                place::stream0_b, place::stream0_a, place::stream1_b,
                                place::counter,   place::packet_a,  place::tcp_a};
constexpr place files[] = {place::file0, place::file1, place::file0, place::made};

constexpr std::uint64_t here = ~std::uint64_t{0}; // the descriptor's own position

std::uint32_t some_bytes(filling& f) {
    static constexpr std::uint32_t all[] = {1, 2, 3, 8, 8, 16, 32, 100, 200, 0};
    std::uint32_t const n = f.roll.of(all);
    return f.what.on == place::counter ? 8 : n; // the plain calls never ask it for nothing
}

std::uint64_t some_offset(dice& roll) {
    static constexpr std::uint64_t all[] = {0, 0, 1, 7, 50, 100, 150, 4096, here, here - 1};
    return roll.of(all);
}

std::uint32_t some_flags(dice& roll) {
    static constexpr std::uint32_t all[] = {RWF_DSYNC, RWF_APPEND, RWF_HIPRI, RWF_SYNC, 1u << 14};
    return roll.chance(4) ? roll.of(all) : 0;
}

void set_position(filling& f) {
    if (f.what.on == place::file0 || f.what.on == place::file1 || f.what.on == place::made) {
        f.to.off = some_offset(f.roll);
        bool const may_fail = f.what.spoiled || f.what.on == place::made ||
                              (f.what.flags & raw(abi::sqe_flag::fixed_file)) != 0;
        if (may_fail && f.to.off == here - 1) // which of two mistakes is told is left open
            f.to.off = 0;
        f.to.rw_flags = some_flags(f.roll);
    } else {
        f.to.off = f.roll.chance(12) ? 0 : here;
        bool const may_be_file = (f.what.flags & raw(abi::sqe_flag::fixed_file)) != 0;
        // splice(2) takes this from a pipe for good, and one engine has to call it.
        bool const knows = f.what.on > place::pipe1_in && f.what.on != place::counter;
        if (f.roll.chance(12) && knows && !may_be_file)
            f.to.rw_flags = RWF_NOWAIT;
    }
}

void read(filling& f) {
    f.to.addr = address_of(f.room());
    f.to.len = some_bytes(f);
    set_position(f);
}

void write(filling& f) {
    f.to.addr = address_of(letters_from(f.what.number));
    f.to.len = f.roll.chance(12) ? 6000 : some_bytes(f);
    set_position(f);
}

/// Up to three parts of a room or of the letters, some of them empty.
void list_parts(filling& f, std::byte* from) {
    std::size_t at = 0;
    for (::iovec& part : f.with.parts) {
        static constexpr std::size_t sizes[] = {1, 4, 16, 0, 60};
        part = {from + at, f.what.on == place::counter ? 8 : f.roll.of(sizes)};
        at += part.iov_len + f.roll.below(3);
    }
    f.to.addr = address_of(f.with.parts.data());
    f.to.len = f.what.on == place::counter ? 3 : f.roll.below(4);
}

void readv(filling& f) {
    list_parts(f, f.room());
    set_position(f);
}

void writev(filling& f) {
    list_parts(f, const_cast<std::byte*>(letters_from(f.what.number)));
    set_position(f);
}

/// Some part of a registered buffer, or what is not in it.
void use_registered(filling& f) {
    std::uint32_t const index = f.roll.below(f.roll.chance(8) ? 5 : 3);
    auto const& buffer = f.on.shown().registered[index % registered_buffers];
    std::size_t const offset = f.roll.below(4) * 50;
    f.to.addr = address_of(buffer.data() + offset);
    f.to.len = some_bytes(f);
    f.to.buf_index = static_cast<std::uint16_t>(index);
    set_position(f);
}

void use_registered_parts(filling& f) {
    std::uint32_t const index = f.roll.below(f.roll.chance(8) ? 5 : 3);
    list_parts(f, f.on.shown().registered[index % registered_buffers].data());
    f.to.buf_index = static_cast<std::uint16_t>(index);
    set_position(f);
}

void read_chosen(filling& f) {
    static constexpr std::uint16_t groups[] = {given_group, ringed_group, pieced_group, 9};
    f.to.len = some_bytes(f);
    f.to.buf_group = f.roll.chance(10) ? f.roll.of(groups) : groups[f.roll.below(3)];
    f.to.flags |= raw(abi::sqe_flag::buffer_select);
    set_position(f);
}

void readv_chosen(filling& f) {
    read_chosen(f);
    f.with.parts[0] = {nullptr, f.to.len};
    f.to.addr = address_of(f.with.parts.data());
    f.to.len = f.roll.chance(6) && !f.what.spoiled ? 2 : 1;
}

void read_many(filling& f) {
    static constexpr std::uint16_t groups[] = {given_group, ringed_group, pieced_group};
    f.to.buf_group = f.roll.of(groups);
    f.to.flags |= raw(abi::sqe_flag::buffer_select);
    f.to.len = f.roll.chance(4) ? 5 : 0;
    f.to.off = f.roll.chance(8) ? 0 : here;
}

using code = abi::opcode;
constexpr auto sure = trait::sure | trait::moves;
constexpr auto chooses = static_cast<std::uint32_t>(trait::chooses);
constexpr auto many = trait::chooses | trait::many;
constexpr auto group = resource(place::groups);
constexpr auto registered = resource(place::registered);

constexpr family table[] = {
    {.name = "read", .code = code::read, .fill = read, .where = streams_out, .weight = 16},
    {.name = "write", .code = code::write, .fill = write, .where = streams_in, .weight = 16},
    {.name = "read file", .code = code::read, .fill = read, .where = files, .traits = sure},
    {.name = "write file", .code = code::write, .fill = write, .where = files, .traits = sure},
    {.name = "readv", .code = code::readv, .fill = readv, .where = streams_out},
    {.name = "writev", .code = code::writev, .fill = writev, .where = streams_in},
    {.name = "readv file", .code = code::readv, .fill = readv, .where = files, .traits = sure},
    {.name = "writev file", .code = code::writev, .fill = writev, .where = files, .traits = sure},
    {.name = "read_fixed",
     .code = code::read_fixed,
     .fill = use_registered,
     .where = streams_out,
     .needs = topic::buffers,
     .weight = 6,
     .claims = registered},
    {.name = "write_fixed",
     .code = code::write_fixed,
     .fill = use_registered,
     .where = streams_in,
     .needs = topic::buffers,
     .weight = 6,
     .claims = registered},
    {.name = "read_fixed file",
     .code = code::read_fixed,
     .fill = use_registered,
     .where = files,
     .traits = sure,
     .needs = topic::buffers,
     .claims = registered},
    {.name = "write_fixed file",
     .code = code::write_fixed,
     .fill = use_registered,
     .where = files,
     .traits = sure,
     .needs = topic::buffers,
     .claims = registered},
    {.name = "readv_fixed",
     .code = code::readv_fixed,
     .fill = use_registered_parts,
     .where = streams_out,
     .needs = topic::buffers,
     .claims = registered},
    {.name = "writev_fixed",
     .code = code::writev_fixed,
     .fill = use_registered_parts,
     .where = files,
     .traits = sure,
     .needs = topic::buffers,
     .claims = registered},
    {.name = "read into a chosen buffer",
     .code = code::read,
     .fill = read_chosen,
     .where = streams_out,
     .traits = chooses,
     .needs = topic::groups,
     .weight = 8,
     .claims = group},
    {.name = "read file into a chosen buffer",
     .code = code::read,
     .fill = read_chosen,
     .where = files,
     .traits = chooses | sure,
     .needs = topic::groups,
     .claims = group},
    {.name = "readv into a chosen buffer",
     .code = code::readv,
     .fill = readv_chosen,
     .where = streams_out,
     .traits = chooses,
     .needs = topic::groups,
     .weight = 2,
     .claims = group},
    {.name = "read_multishot",
     .code = code::read_multishot,
     .fill = read_many,
     .where = streams_out,
     .traits = many,
     .needs = topic::groups,
     .weight = 6,
     .claims = group},
};

} // namespace

std::span<family const> transfer_families() noexcept { return table; }

} // namespace fuzz
