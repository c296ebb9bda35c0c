// SPDX-License-Identifier: MIT
#include "words.hpp"

#include <rondo/abi/names.hpp>

#include <cstdio>
#include <iterator>
#include <string_view>

namespace fuzz {
namespace {

constexpr std::string_view place_names[] = {
    "pipe0.out",   "pipe0.in",  "pipe1.out",  "pipe1.in", "small.out", "small.in",  "stream0.a",
    "stream0.b",   "stream1.a", "stream1.b",  "packet.a", "packet.b",  "tcp.a",     "tcp.b",
    "udp.a",       "udp.b",     "counter",    "counter_", "file0",     "file0_",    "file1",
    "slot file",   "listener",  "caller",     "epoll",    "epoll_",    "directory", "directory_",
    "spare0",      "spare0_",   "spare1",     "spare1_",  "made",      "made_",     "words",
    "words_",      "child",     "child_",     "slots",    "slots_",    "groups",    "groups_",
    "second ring", "_",         "registered", "_",        "nothing",
};
static_assert(std::size(place_names) == places);

constexpr std::string_view topic_names[] = {
    "paths", "slots",    "groups",   "buffers",     "timers",   "cancels", "words",   "child",
    "epoll", "listener", "internet", "second ring", "blocking", "polls",   "streams", "links",
    "skips", "drains",   "async",    "spoiled",     "overflow", "crowds",  "counts",
};

constexpr std::string_view flag_names[] = {"fixed", "drain",  "link", "hardlink",
                                           "async", "select", "skip", "bad"};

template <class... Numbers>
std::string format(char const* pattern, Numbers... numbers) {
    char out[160];
    int const n = std::snprintf(out, sizeof out, pattern, numbers...);
    return std::string(out, n > 0 ? static_cast<std::size_t>(n) : 0);
}

/// An address, by what lies there.
std::string words_of_address(surroundings const& on, std::uint64_t address) {
    memory const& all = *on.home().room;
    std::uint64_t const start = address_of(&all);
    if (address < start || address >= start + sizeof all)
        return address < 4096 ? std::to_string(address) : "elsewhere";
    std::uint64_t const at = address - start;
    std::uint64_t const rooms = address_of(all.shown.rooms.data()) - start;
    if (at >= rooms && at < rooms + sizeof all.shown.rooms)
        return format("room %llu+%llu", static_cast<unsigned long long>((at - rooms) / room_bytes),
                      static_cast<unsigned long long>((at - rooms) % room_bytes));
    std::uint64_t const words = address_of(all.shown.words.data()) - start;
    if (at >= words && at < words + sizeof all.shown.words)
        return format("word %llu", static_cast<unsigned long long>((at - words) / 4));
    if (at < sizeof all.shown.registered)
        return format("registered %llu+%llu", static_cast<unsigned long long>(at / room_bytes),
                      static_cast<unsigned long long>(at % room_bytes));
    return at < sizeof all.shown ? "buffers" : "tools";
}

std::string words_of_descriptor(surroundings const& on, abi::sqe const& e) {
    if ((e.flags & raw(abi::sqe_flag::fixed_file)) != 0)
        return "slot " + std::to_string(e.fd);
    if (auto const where = on.find(e.fd))
        return name_of(*where);
    for (std::size_t i = 0; i < on.made().size(); ++i)
        if (e.fd >= 0 && on.made()[i] == e.fd)
            return "made " + std::to_string(i);
    return std::to_string(e.fd);
}

std::string words_of_lists(surroundings const& on, action const& a, abi::sqe const& e) {
    std::string out;
    auto const& with = on.hidden(a.number);
    if (e.addr == address_of(with.parts.data()) || e.addr == address_of(&with.header))
        for (auto const& part : with.parts)
            out += " part " + std::to_string(part.iov_len);
    if (e.addr == address_of(&with.time) || e.off == address_of(&with.time))
        out += " time " + std::to_string(with.time.tv_sec) + "s" +
               std::to_string(with.time.tv_nsec) + "ns";
    for (auto const& name : with.names)
        if (e.addr == address_of(name.data()) || e.off == address_of(name.data()))
            out += " \"" + std::string(name.data()) + "\"";
    return out;
}

} // namespace

std::string words_of_topics(std::uint32_t topics) {
    std::string out;
    for (std::size_t i = 0; i < std::size(topic_names); ++i)
        if ((topics >> i & 1) != 0)
            out += (out.empty() ? "" : ", ") + std::string(topic_names[i]);
    return out;
}

std::string name_of(place p) { return std::string(place_names[static_cast<std::size_t>(p)]); }

std::string describe(surroundings const& on, action const& a, abi::sqe const& e) {
    std::string out =
        format("%4llu ", static_cast<unsigned long long>(a.number)) + std::string(a.what->name);
    if (a.spoiled)
        out += " SPOILED " + std::string(abi::name_of(static_cast<abi::opcode>(e.opcode)));
    out += " on " + words_of_descriptor(on, e);
    for (std::size_t i = 0; i < std::size(flag_names); ++i)
        if ((e.flags >> i & 1) != 0)
            out += " " + std::string(flag_names[i]);
    if (e.addr != 0)
        out += " addr " + (e.addr < 4096 ? std::to_string(e.addr) : words_of_address(on, e.addr));
    if (e.off != 0)
        out += " off " + (e.off < 4096 || e.off + 4096 < 4096
                              ? std::to_string(static_cast<std::int64_t>(e.off))
                              : words_of_address(on, e.off));
    auto const add = [&out](char const* name, std::uint32_t value) {
        if (value != 0)
            out += format(" %s %#x", name, value);
    };
    if (e.len != 0)
        out += " len " + std::to_string(static_cast<std::int32_t>(e.len));
    add("ioprio", e.ioprio);
    add("op_flags", e.rw_flags);
    add("buf", e.buf_index);
    add("index", e.file_index);
    if (e.addr3 != 0)
        out += " addr3 " + words_of_address(on, e.addr3);
    return out + words_of_lists(on, a, e);
}

std::string describe(action const& a) {
    return format("%4llu ", static_cast<unsigned long long>(a.number)) + std::string(a.what->name) +
           " on " + name_of(a.on);
}

std::string describe(note const& n) {
    std::string out = n.number >= from_second_ring
                          ? "second:" + std::to_string(n.number - from_second_ring)
                          : std::to_string(n.number);
    out += ":" + (n.res == some_descriptor ? "fd" : std::to_string(n.res));
    if (n.flags != 0)
        out += format("/%x", n.flags);
    if (n.facts != 0)
        out += format("(%llx)", static_cast<unsigned long long>(n.facts & 0xffff));
    return out;
}

} // namespace fuzz
