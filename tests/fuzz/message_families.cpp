// SPDX-License-Identifier: MIT
// Sends and receives: plain, of messages, zero-copy, of many, in bundles.
#include "family.hpp"

#include <rondo/abi/socket.hpp>

#include <sys/socket.h>

#include <cstring>

namespace fuzz {
namespace {

constexpr place receivers[] = {place::stream0_a, place::stream0_b, place::stream1_a,
                               place::packet_b,  place::packet_a,  place::tcp_b,
                               place::udp_b,     place::pipe0_out};
constexpr place senders[] = {place::stream0_b, place::stream0_a, place::stream1_b, place::packet_a,
                             place::packet_b,  place::tcp_a,     place::udp_a,     place::pipe0_in};
constexpr place far_senders[] = {place::tcp_a, place::udp_a, place::tcp_a, place::stream0_a};
constexpr place zero_copiers[] = {place::tcp_a, place::udp_a};
constexpr place real_sockets[] = {place::stream0_a, place::stream1_a, place::packet_b,
                                  place::packet_a,  place::tcp_b,     place::udp_b};
constexpr place bundlers[] = {place::stream0_a, place::stream1_a, place::tcp_b};

std::uint32_t some_bytes(dice& roll) {
    static constexpr std::uint32_t all[] = {1, 3, 8, 8, 16, 33, 100, 200, 0};
    return roll.of(all);
}

/// Not where a thread of the kernel may be the first to try: it answers -EAGAIN instead of waiting.
/// Nor where time is short: what is there is told to who asks for it, and he may ask too late.
void poll_first_sometimes(filling& f) {
    bool const threads =
        f.what.behind || f.what.hurried || (f.what.flags & raw(abi::sqe_flag::async)) != 0;
    bool const is_socket = f.what.on != place::pipe0_out && f.what.on != place::pipe0_in;
    bool const is_slot = (f.what.flags & raw(abi::sqe_flag::fixed_file)) != 0;
    if (f.roll.chance(8) && !threads && is_socket && !is_slot && !f.what.spoiled) {
        f.to.ioprio |= raw(abi::recvsend_flag::poll_first);
        f.to.msg_flags &= ~std::uint32_t{MSG_DONTWAIT};
    }
}

void set_receive_flags(filling& f) {
    static constexpr std::uint32_t all[] = {MSG_DONTWAIT, MSG_PEEK, MSG_TRUNC, MSG_WAITALL,
                                            MSG_WAITALL};
    if (f.roll.chance(4))
        f.to.msg_flags = f.roll.of(all);
    poll_first_sometimes(f);
}

void set_send_flags(filling& f) {
    static constexpr std::uint32_t all[] = {MSG_DONTWAIT, MSG_NOSIGNAL, MSG_WAITALL, MSG_EOR};
    if (f.roll.chance(4))
        f.to.msg_flags = f.roll.of(all);
    poll_first_sometimes(f);
}

void choose_buffer(filling& f) {
    static constexpr std::uint16_t groups[] = {given_group, ringed_group, pieced_group};
    f.to.flags |= raw(abi::sqe_flag::buffer_select);
    f.to.buf_group = f.roll.chance(16) ? std::uint16_t{9} : f.roll.of(groups);
}

void recv(filling& f) {
    f.to.addr = address_of(f.room());
    f.to.len = some_bytes(f.roll);
    set_receive_flags(f);
}

void recv_chosen(filling& f) {
    f.to.len = f.roll.chance(2) ? 0 : some_bytes(f.roll);
    choose_buffer(f);
    if (f.to.len == 0 && f.to.buf_group == pieced_group)
        f.to.len = 8; // else it keeps to what it was shown when it had to wait
    set_receive_flags(f);
    f.to.msg_flags &= ~std::uint32_t{MSG_WAITALL | MSG_TRUNC};
}

void recv_many(filling& f) {
    choose_buffer(f);
    f.to.ioprio = raw(abi::recvsend_flag::recv_multishot);
    if (f.roll.chance(6) && f.to.buf_group != pieced_group)
        f.to.msg_flags = MSG_TRUNC;
    if (f.roll.chance(4))
        f.to.len = 20;
}

void send(filling& f) {
    f.to.addr = address_of(letters_from(f.what.number));
    f.to.len = some_bytes(f.roll);
    set_send_flags(f);
}

void send_chosen(filling& f) {
    f.to.len = f.roll.chance(2) ? 0 : some_bytes(f.roll);
    choose_buffer(f);
    set_send_flags(f);
}

void send_bundle(filling& f) {
    send_chosen(f);
    f.to.len = 0;
    f.to.buf_group = f.roll.chance(2) ? ringed_group : pieced_group;
    if ((f.what.flags & raw(abi::sqe_flag::async)) == 0) // a thread does not send them
        f.to.ioprio |= raw(abi::recvsend_flag::bundle);
}

void make_header(filling& f, std::byte* from) {
    ::msghdr& h = f.with.header;
    h = {};
    std::size_t at = 0;
    for (::iovec& part : f.with.parts) {
        static constexpr std::size_t sizes[] = {1, 8, 0, 50};
        part = {from + at, f.roll.of(sizes)};
        at += part.iov_len;
    }
    h.msg_iov = f.with.parts.data();
    h.msg_iovlen = f.roll.below(4);
    f.to.addr = address_of(&h);
    f.to.len = 1;
}

void recvmsg(filling& f) {
    make_header(f, f.room());
    ::msghdr& h = f.with.header;
    if (f.roll.chance(2)) {
        h.msg_name = &f.with.name;
        h.msg_namelen = sizeof f.with.name;
    }
    if (f.roll.chance(3)) {
        h.msg_control = f.with.control.data();
        h.msg_controllen = f.with.control.size();
    }
    set_receive_flags(f);
}

std::uint64_t inspect_message(surroundings& on, action const& a, abi::cqe const&) {
    ::msghdr const& h = on.hidden(a.number).header;
    return mixed(mixed(h.msg_namelen, h.msg_controllen), static_cast<std::uint32_t>(h.msg_flags));
}

void recvmsg_chosen(filling& f) {
    recvmsg(f);
    f.with.header.msg_iovlen = f.roll.below(2);
    f.to.msg_flags &= ~std::uint32_t{MSG_WAITALL};
    choose_buffer(f);
}

void recvmsg_many(filling& f) {
    recvmsg_chosen(f);
    f.with.header.msg_namelen = f.roll.chance(2) ? 0 : 2;
    f.with.header.msg_controllen = f.roll.chance(2) ? 0 : 4;
    f.with.header.msg_iovlen = f.roll.chance(3) ? 1 : 0;
    f.with.parts[0].iov_len = f.roll.chance(2) ? 0 : 28;
    f.to.msg_flags = f.roll.chance(6) ? std::uint32_t{MSG_TRUNC} : 0;
    f.to.ioprio = raw(abi::recvsend_flag::recv_multishot);
}

void sendmsg(filling& f) {
    make_header(f, const_cast<std::byte*>(letters_from(f.what.number)));
    set_send_flags(f);
}

void send_copied(filling& f) {
    send(f);
    if (f.roll.chance(3))
        f.to.ioprio |= raw(abi::recvsend_flag::send_zc_report_usage);
}

void send_registered(filling& f) {
    send_copied(f);
    std::uint32_t const index = f.roll.below(3);
    f.to.addr = address_of(f.on.shown().registered[index % registered_buffers].data() +
                           f.roll.below(3) * 60);
    f.to.buf_index = static_cast<std::uint16_t>(index);
    f.to.ioprio |= raw(abi::recvsend_flag::fixed_buf);
}

void sendmsg_copied(filling& f) {
    sendmsg(f);
    if (f.roll.chance(3))
        f.to.ioprio |= raw(abi::recvsend_flag::send_zc_report_usage);
}

using code = abi::opcode;
constexpr auto chooses = static_cast<std::uint32_t>(trait::chooses);
constexpr auto many = trait::chooses | trait::many;
constexpr auto copied = static_cast<std::uint32_t>(trait::loud);
constexpr auto group = resource(place::groups);

constexpr family chosen(std::string_view name, code c, void (*fill)(filling&),
                        std::span<place const> where, std::uint32_t traits,
                        std::uint32_t weight = 4) {
    return {.name = name,
            .code = c,
            .fill = fill,
            .where = where,
            .traits = traits,
            .needs = topic::groups,
            .weight = weight,
            .claims = group};
}

constexpr family table[] = {
    {.name = "recv", .code = code::recv, .fill = recv, .where = receivers, .weight = 12},
    {.name = "send", .code = code::send, .fill = send, .where = senders, .weight = 12},
    {.name = "recvmsg",
     .code = code::recvmsg,
     .fill = recvmsg,
     .where = receivers,
     .weight = 6,
     .inspect = inspect_message},
    {.name = "sendmsg", .code = code::sendmsg, .fill = sendmsg, .where = senders, .weight = 6},
    chosen("recv into a chosen buffer", code::recv, recv_chosen, receivers, chooses, 8),
    chosen("recv many", code::recv, recv_many, receivers, many, 8),
    chosen("send a chosen buffer", code::send, send_chosen, senders, chooses),
    chosen("send a bundle", code::send, send_bundle, bundlers, trait::chooses | trait::steady),
    chosen("recvmsg into a chosen buffer", code::recvmsg, recvmsg_chosen, receivers, chooses),
    chosen("recvmsg many", code::recvmsg, recvmsg_many, real_sockets, many, 6),
    {.name = "send_zc",
     .code = code::send_zc,
     .fill = send_copied,
     .where = far_senders,
     .traits = copied,
     .needs = topic::internet,
     .weight = 8},
    {.name = "send_zc of a registered buffer",
     .code = code::send_zc,
     .fill = send_registered,
     .where = zero_copiers,
     .traits = copied,
     .needs = static_cast<topic>(raw_of(topic::buffers) | raw_of(topic::internet)),
     .claims = resource(place::registered)},
    {.name = "sendmsg_zc",
     .code = code::sendmsg_zc,
     .fill = sendmsg_copied,
     .where = far_senders,
     .traits = copied,
     .needs = topic::internet},
};

} // namespace

std::span<family const> message_families() noexcept { return table; }

} // namespace fuzz
