// SPDX-License-Identifier: MIT
// Requests to the ring itself: nothing, cancels, slots, provided buffers, messages.
#include "family.hpp"

namespace fuzz {
namespace {

constexpr place anything[] = {place::pipe0_out, place::pipe1_out, place::stream0_a,
                              place::stream1_a, place::packet_b,  place::counter,
                              place::listener,  place::small_in,  place::file0};
constexpr place to_be_closed[] = {place::spare0, place::spare1, place::made, place::made};

void nop(filling& f) {
    if (f.roll.chance(3)) {
        static constexpr std::int32_t results[] = {0, 7, -5, -22, 1 << 20};
        f.to.nop_flags = raw(abi::nop_flag::inject_result);
        f.to.len = static_cast<std::uint32_t>(f.roll.of(results));
    }
    if (f.roll.chance(8))
        f.to.nop_flags |= raw(abi::nop_flag::tw);
}

void nop_of_file(filling& f) {
    nop(f);
    f.to.nop_flags |= raw(abi::nop_flag::file);
    if (f.roll.chance(3)) {
        f.to.nop_flags |= raw(abi::nop_flag::fixed_file);
        f.to.fd = static_cast<std::int32_t>(f.roll.below(14));
    }
}

void nop_of_buffer(filling& f) {
    nop(f);
    f.to.nop_flags |= raw(abi::nop_flag::fixed_buffer);
    f.to.buf_index = static_cast<std::uint16_t>(f.roll.below(6));
}

void cancel(filling& f) {
    f.to.addr = f.earlier();
    if (f.roll.chance(3))
        f.to.cancel_flags = raw(abi::cancel_flag::all);
    if (f.roll.chance(8))
        f.to.cancel_flags |= raw(abi::cancel_flag::userdata);
}

void cancel_any(filling& f) {
    f.to.cancel_flags = raw(abi::cancel_flag::any);
    if (f.roll.chance(3))
        f.to.cancel_flags |= raw(abi::cancel_flag::all);
}

void cancel_of_file(filling& f) {
    // All of them: which one of several would be found is left open.
    f.to.cancel_flags = raw(abi::cancel_flag::fd | abi::cancel_flag::all);
    if (f.roll.chance(6)) {
        f.to.cancel_flags |= raw(abi::cancel_flag::userdata);
        f.to.addr = f.earlier();
    }
    if (f.roll.chance(8)) {
        f.to.cancel_flags |= raw(abi::cancel_flag::fd_fixed);
        f.to.fd = static_cast<std::int32_t>(f.roll.below(14));
    }
}

void cancel_of_opcode(filling& f) {
    static constexpr abi::opcode all[] = {abi::opcode::read, abi::opcode::recv,
                                          abi::opcode::poll_add, abi::opcode::timeout,
                                          abi::opcode::accept};
    f.to.cancel_flags = raw(abi::cancel_flag::op | abi::cancel_flag::all);
    f.to.len = static_cast<std::uint32_t>(f.roll.of(all));
    if (f.roll.chance(6)) {
        f.to.cancel_flags |= raw(abi::cancel_flag::userdata);
        f.to.addr = f.earlier();
    }
}

void close(filling&) {}

void close_slot(filling& f) {
    f.to.fd = 0;
    f.to.file_index = 1 + f.roll.below(14);
}

void update_files(filling& f) {
    static constexpr place all[] = {place::slot_file, place::slot_file, place::nowhere};
    for (int& fd : f.with.descriptors)
        fd = f.roll.chance(6) ? abi::register_files_skip : f.on.fd(f.roll.of(all));
    f.to.addr = address_of(f.with.descriptors.data());
    f.to.len = f.roll.below(5);
    bool const any = f.roll.chance(6);
    f.to.off = any ? abi::file_index_alloc : f.roll.below(12);
    f.with.name_size = any && !f.what.spoiled; // nonsense may turn it to given slots
}

/// Which slots were chosen, after the request for any.
std::uint64_t inspect_update(surroundings& on, action const& a, abi::cqe const& c) {
    tools const& with = on.hidden(a.number);
    std::uint64_t out = 0;
    for (int i = 0; with.name_size != 0 && i < c.res && i < 4; ++i)
        out = mixed(out, static_cast<std::uint32_t>(with.descriptors[static_cast<std::size_t>(i)]));
    return out;
}

void install(filling& f) {
    f.to.fd = static_cast<std::int32_t>(f.roll.below(13));
    f.to.flags |= raw(abi::sqe_flag::fixed_file);
    if (f.roll.chance(4))
        f.to.install_fd_flags = raw(abi::install_fd_flag::no_cloexec);
}

void provide(filling& f) {
    static constexpr std::uint16_t groups[] = {given_group, given_group, ringed_group};
    std::uint32_t const first = f.roll.below(given_buffers);
    f.to.fd = static_cast<std::int32_t>(1 + f.roll.below(given_buffers - first));
    f.to.addr = address_of(f.on.shown().given[first].data());
    f.to.len = given_bytes;
    f.to.off = first + (f.roll.chance(4) ? 100 : 0);
    f.to.buf_group = f.roll.of(groups);
}

void take_away(filling& f) {
    static constexpr std::uint16_t groups[] = {given_group, given_group, given_group, ringed_group,
                                               9};
    f.to.fd = static_cast<std::int32_t>(f.roll.below(5));
    f.to.buf_group = f.roll.of(groups);
}

int second_ring_of(filling& f) {
    raw_ring const* const other = f.on.second_ring();
    return other != nullptr ? other->fd() : -1;
}

void message(filling& f) {
    f.to.fd = f.roll.chance(12) ? f.on.fd(place::file0) : second_ring_of(f);
    f.to.len = f.roll.below(1000);
    f.to.off = 9000 + f.what.number;
    if (f.roll.chance(4)) {
        f.to.msg_ring_flags = raw(abi::msg_ring_flag::flags_pass);
        f.to.file_index = f.roll.below(4);
    }
}

void message_with_file(filling& f) {
    f.to.fd = second_ring_of(f);
    f.to.addr = static_cast<std::uint64_t>(abi::msg_ring_command::send_fd);
    f.to.addr3 = f.roll.below(13);
    f.to.off = 9000 + f.what.number;
    f.to.file_index = f.roll.chance(2) ? 1 + f.roll.below(13) : abi::file_index_alloc;
    if (f.roll.chance(4))
        f.to.msg_ring_flags = raw(abi::msg_ring_flag::cqe_skip);
}

using code = abi::opcode;
constexpr auto plain = trait::sure | trait::plain_fd;
constexpr auto alone = trait::sure | trait::alone;
constexpr auto slots = resource(place::slots);
constexpr auto group = resource(place::groups);
constexpr auto other = resource(place::second_ring);

constexpr family of(std::string_view name, code c, void (*fill)(filling&), std::uint32_t traits,
                    topic needs, std::uint32_t claims, std::uint32_t weight = 4) {
    return {.name = name,
            .code = c,
            .fill = fill,
            .traits = traits,
            .needs = needs,
            .weight = weight,
            .claims = claims};
}

constexpr family table[] = {
    of("nop", code::nop, nop, plain, topic::basic, 0, 8),
    {.name = "nop of a file",
     .code = code::nop,
     .fill = nop_of_file,
     .where = anything,
     .traits = plain,
     .weight = 2,
     .claims = slots},
    of("nop of a buffer", code::nop, nop_of_buffer, plain, topic::buffers, 0, 2),
    of("cancel", code::async_cancel, cancel, alone, topic::cancels, 0, 10),
    of("cancel any", code::async_cancel, cancel_any, alone, topic::cancels, 0, 2),
    {.name = "cancel of a file",
     .code = code::async_cancel,
     .fill = cancel_of_file,
     .where = anything,
     .traits = alone,
     .needs = topic::cancels,
     .weight = 6},
    of("cancel of an opcode", code::async_cancel, cancel_of_opcode, alone, topic::cancels, 0),
    {.name = "close",
     .code = code::close,
     .fill = close,
     .where = to_be_closed,
     .traits = alone | trait::closes | trait::loud | trait::plain_fd | trait::steady,
     .weight = 3},
    of("close a slot", code::close, close_slot, alone | trait::plain_fd, topic::slots, slots),
    {.name = "files_update",
     .code = code::files_update,
     .fill = update_files,
     .traits = alone | trait::plain_fd,
     .needs = topic::slots,
     .weight = 6,
     .claims = slots,
     .inspect = inspect_update},
    of("fixed_fd_install", code::fixed_fd_install, install, plain | trait::makes_fd | trait::loud,
       topic::slots, slots, 6),
    of("provide_buffers", code::provide_buffers, provide, plain | trait::steady, topic::groups,
       group, 6),
    of("remove_buffers", code::remove_buffers, take_away, plain, topic::groups, group),
    of("msg_ring", code::msg_ring, message, plain, topic::second_ring, other, 8),
    of("msg_ring with a file", code::msg_ring, message_with_file, plain, topic::second_ring,
       other | slots, 6),
};

} // namespace

std::span<family const> ring_families() noexcept { return table; }

} // namespace fuzz
