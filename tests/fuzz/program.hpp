// SPDX-License-Identifier: MIT
#pragma once

// What is run on both engines: steps of requests that are submitted together, and of things done
// from outside of the ring. Plain data, made from a seed; nothing in it knows an engine, so both
// get the same. One thread.

#include <rondo/abi/params.hpp>

#include <cstdint>
#include <vector>

namespace fuzz {

struct family;

/// What a request can be used on. The two ends of a thing are neighbours, so that `resource` knows
/// that they belong together.
enum class place : std::uint8_t {
    pipe0_out,
    pipe0_in,
    pipe1_out,
    pipe1_in,
    small_out,
    small_in, // small: one page, O_NONBLOCK
    stream0_a,
    stream0_b,
    stream1_a,
    stream1_b,
    packet_a,
    packet_b, // of AF_UNIX
    tcp_a,
    tcp_b,
    udp_a,
    udp_b, // on the loopback device
    counter,
    counter_,
    file0,
    file0_,
    file1,
    slot_file, // only slots hold it
    listener,
    caller, // caller: a fresh socket
    epoll,
    epoll_,
    directory,
    directory_,
    spare0,
    spare0_,
    spare1,
    spare1_,
    made, // a descriptor that a request before has made
    made_,
    words,
    words_,
    child,
    child_,
    slots,
    slots_,
    groups,
    groups_,
    second_ring,
    second_ring_,
    registered,
    registered_,
    nowhere,
    count,
};

constexpr std::size_t places = static_cast<std::size_t>(place::count);

/// Two requests that share a bit of this get in each other's way.
constexpr std::uint32_t resource(place p) noexcept {
    return p == place::nowhere ? 0 : 1u << (static_cast<unsigned>(p) / 2);
}

/// What a program may make use of, as bits: each needs something in its surroundings or makes
/// settling dearer, so a program has a few of them.
enum class topic : std::uint32_t {
    basic = 0,
    paths = 1u << 0,
    slots = 1u << 1,
    groups = 1u << 2,
    buffers = 1u << 3,
    timers = 1u << 4,
    cancels = 1u << 5,
    words = 1u << 6, // futexes
    child = 1u << 7,
    epoll = 1u << 8,
    listener = 1u << 9,
    internet = 1u << 10,
    second_ring = 1u << 11,
    blocking = 1u << 12, // what a thread of the kernel waits in
    polls = 1u << 13,
    streams = 1u << 14, // multishot
    links = 1u << 15,
    skips = 1u << 16,
    drains = 1u << 17,
    async = 1u << 18,
    spoiled = 1u << 19,  // nonsense in some field
    overflow = 1u << 20, // a completion queue that is too small
    crowds = 1u << 21,   // requests of one submission share what they are used on
    counts = 1u << 22,   // timeouts that count completions
};

constexpr std::uint32_t raw_of(topic t) noexcept { return static_cast<std::uint32_t>(t); }

constexpr bool has(std::uint32_t topics, topic t) noexcept {
    return (topics & static_cast<std::uint32_t>(t)) == static_cast<std::uint32_t>(t);
}

/// Whether there is anything at `p` in a program of these topics.
constexpr bool exists(place p, std::uint32_t topics) noexcept {
    switch (p) {
    case place::tcp_a:
    case place::tcp_b:
    case place::udp_a:
    case place::udp_b: return has(topics, topic::internet);
    case place::listener:
    case place::caller: return has(topics, topic::listener);
    case place::epoll: return has(topics, topic::epoll);
    default: return true;
    }
}

/// One request, or one thing done from outside. What it is in detail follows from `details`.
struct action {
    family const* what = nullptr;
    std::uint64_t number = 0; // its user_data, from 1
    std::uint64_t details = 0;
    place on = place::nowhere;
    std::uint8_t flags = 0; // abi::sqe_flag
    bool spoiled = false;
    bool hurried = false; // a short link timeout guards it, or others wait for their turn behind it
    bool behind = false;  // it waits for the one before it in its chain
};

/// Requests of one submission, or a single thing done from outside.
using step = std::vector<action>;

struct program {
    std::uint64_t seed = 0;
    std::uint32_t topics = 0;
    std::uint32_t setup = 0;      // abi::setup
    std::uint32_t cq_entries = 0; // 0: as many as the kernel thinks right
    std::uint64_t last_number = 0;
    std::vector<step> steps;

    [[nodiscard]] std::size_t size() const noexcept {
        std::size_t n = 0;
        for (step const& s : steps)
            n += s.size();
        return n;
    }
};

} // namespace fuzz
