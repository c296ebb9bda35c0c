// SPDX-License-Identifier: MIT
#pragma once

// Kinds of request, and of things done from outside: what each can be used on, and how an entry is
// filled in. A new kind is a row in one of the tables. Constant tables: any thread.

#include "dice.hpp"
#include "program.hpp"
#include "surroundings.hpp"

#include <chrono>
#include <span>
#include <string_view>

namespace fuzz {

/// What the fuzzer must know of a kind.
enum class trait : std::uint32_t {
    sure = 1u << 0,     // ends by itself, whatever happens
    threaded = 1u << 1, // some thread does it, so it ends some time after it was submitted
    makes_fd = 1u << 2, // its value is a new descriptor, unless it goes into a slot
    closes = 1u << 3,   // its descriptor's number becomes free
    loud = 1u << 4,     // never under skip_success: what it answers has to be known
    alone = 1u << 5,    // the order among the requests of a submission matters to it
    chooses = 1u << 6,  // a buffer may be chosen for it
    plain_fd = 1u << 7, // a slot makes no sense
    many = 1u << 8,     // answers more than once
    steady = 1u << 9,   // never spoiled: that would reach what is not the program's
    shares = 1u << 11,  // several of them at the same place do not get in each other's way
    moves = 1u << 10,   // bytes, so that it waits if what it is used on turns out to be a stream
};

constexpr std::uint32_t operator|(trait a, trait b) noexcept {
    return static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b);
}
constexpr std::uint32_t operator|(trait a, std::uint32_t b) noexcept {
    return static_cast<std::uint32_t>(a) | b;
}
constexpr std::uint32_t operator|(std::uint32_t a, trait b) noexcept {
    return a | static_cast<std::uint32_t>(b);
}

/// What fills in one entry.
struct filling {
    surroundings& on;
    action const& what;
    dice roll;
    abi::sqe& to;
    tools& with;

    [[nodiscard]] std::byte* room() const noexcept { return on.room(what); }
    /// The user_data of some request not long before.
    [[nodiscard]] std::uint64_t earlier() noexcept {
        std::uint64_t const back = 1 + roll.below(8);
        return what.number > back ? what.number - back : most_requests - 1; // of none
    }
};

template <class T>
[[nodiscard]] std::uint64_t address_of(T const* p) noexcept {
    return reinterpret_cast<std::uintptr_t>(p);
}

struct family {
    std::string_view name;
    abi::opcode code = abi::opcode::nop;
    void (*fill)(filling& f) = nullptr;
    std::span<place const> where = {};
    std::uint32_t traits = 0; // trait
    topic needs = topic::basic;
    std::uint32_t weight = 4;
    std::uint32_t claims = 0; // resource() of what it touches beside `on`
    /// What it left beside its bytes, as a number; 0: nothing.
    std::uint64_t (*inspect)(surroundings& on, action const& a, abi::cqe const& c) = nullptr;
    /// Of what is done from outside: does it, and answers something to be compared.
    long (*act)(surroundings& on, action const& a, dice& roll) = nullptr;

    [[nodiscard]] constexpr bool is(trait t) const noexcept {
        return (traits & static_cast<std::uint32_t>(t)) != 0;
    }
};

[[nodiscard]] std::span<family const> transfer_families() noexcept; // read and write
[[nodiscard]] std::span<family const> file_families() noexcept;     // files and paths
[[nodiscard]] std::span<family const> socket_families() noexcept;   // sockets but messages
[[nodiscard]] std::span<family const> message_families() noexcept;  // send and receive
[[nodiscard]] std::span<family const> wait_families() noexcept;     // time, readiness, children
[[nodiscard]] std::span<family const> ring_families() noexcept;     // the ring itself
[[nodiscard]] std::span<family const> splice_families() noexcept;   // between pipes
[[nodiscard]] std::span<family const> outside_families() noexcept;  // what is done from outside

/// The link timeout that guards the request before it: it comes due while the program runs, or not.
[[nodiscard]] family const& guard(bool is_short) noexcept;

/// When one that comes due while the program runs does so, from its start.
constexpr std::chrono::nanoseconds guard_time(300'000);

/// All requests that a program of these topics can be made of.
[[nodiscard]] std::vector<family const*> requests_of(std::uint32_t topics);
/// And all that can be done from outside.
[[nodiscard]] std::vector<family const*> deeds_of(std::uint32_t topics);

/// The entry of one request.
[[nodiscard]] abi::sqe entry_of(surroundings& on, action const& a);

/// Folds one more number into a hash.
[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t a, std::uint64_t b) noexcept {
    return dice(a * 31 + b).next();
}

} // namespace fuzz
