// SPDX-License-Identifier: MIT
#pragma once

// The memory that requests are given: what engines write into it is compared byte by byte, what
// only tells them where to look (`tools`) is not, because it holds addresses. One thread.

#include <rondo/abi/buffer_ring.hpp>
#include <rondo/abi/timespec.hpp>

#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>

namespace fuzz {

constexpr std::size_t most_requests = 512; // of a program, with number 0
constexpr std::size_t room_bytes = 256;
constexpr std::byte untouched{0xa5};

constexpr std::size_t registered_buffers = 4; // the last slot is empty
constexpr std::size_t given_buffers = 8;      // of the classic group
constexpr std::size_t given_bytes = 32;
constexpr std::size_t ringed_buffers = 8; // of the group with a ring
constexpr std::size_t ringed_bytes = 32;
constexpr std::size_t pieced_buffers = 4; // of the group whose buffers are used up piece by piece
constexpr std::size_t pieced_bytes = 64;
constexpr std::uint16_t given_group = 1, ringed_group = 2, pieced_group = 3;

/// What engines write into, at the same places for both.
struct compared_memory {
    std::array<std::array<std::byte, room_bytes>, registered_buffers> registered;
    std::array<std::array<std::byte, given_bytes>, given_buffers> given;
    std::array<std::array<std::byte, ringed_bytes>, ringed_buffers> ringed;
    std::array<std::array<std::byte, pieced_bytes>, pieced_buffers> pieced;
    std::array<std::uint32_t, 8> words;
    std::array<std::array<std::byte, room_bytes>, most_requests> rooms; // by number
};

/// The ring of one group of provided buffers.
struct alignas(4096) buffer_ring_page {
    std::array<rondo::abi::buf, 16> entries;
};

/// What one request may point to beside its bytes.
struct tools {
    std::array<::iovec, 3> parts;
    ::msghdr header;
    ::sockaddr_storage name;
    ::socklen_t name_size;
    std::array<char, 64> control;
    rondo::abi::timespec time;
    ::open_how how;
    struct ::statx facts;
    ::siginfo_t child;
    std::array<std::array<char, 96>, 2> names;
    std::array<int, 4> descriptors;
    ::epoll_event event;
    std::array<::epoll_event, 4> events;
    std::array<::futex_waitv, 2> waits;
};

/// One engine's, for all programs.
struct memory {
    compared_memory shown;
    buffer_ring_page ringed, pieced;
    std::array<tools, most_requests> hidden;
};

} // namespace fuzz
