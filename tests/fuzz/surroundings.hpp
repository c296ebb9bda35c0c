// SPDX-License-Identifier: MIT
#pragma once

// What a program finds when it starts, made anew for each program and engine: pipes, sockets,
// files, slots, buffers. Whatever a request is used on comes from here. One thread.

#include "memory.hpp"
#include "program.hpp"

#include <support/raw_ring.hpp>

#include <rondo/core/fd.hpp>

#include <sys/socket.h>
#include <sys/types.h>

#include <array>
#include <bitset>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fuzz {

namespace abi = rondo::abi;
using rondo::raw;
using rondo::test::raw_ring;

constexpr std::uint32_t file_slots = 12;
constexpr std::size_t letters = std::size_t{1} << 17;

/// Bytes to be written; what is at an offset tells which offset it was.
[[nodiscard]] std::byte const* letters_from(std::uint64_t number) noexcept;

/// What one engine has for as long as the fuzzer runs.
struct ground {
    rondo::engine::backend* engine = nullptr;
    std::unique_ptr<memory> room = std::make_unique<memory>();
    std::string directory;       // this engine's own
    bool directory_used = false; // by the program before: to be made anew
};

class surroundings {
public:
    surroundings(ground& on, program const& p);
    surroundings(surroundings const&) = delete;
    surroundings& operator=(surroundings const&) = delete;
    ~surroundings();

    [[nodiscard]] raw_ring& ring() noexcept { return *ring_; }
    [[nodiscard]] raw_ring* second_ring() noexcept { return second_ ? &*second_ : nullptr; }
    [[nodiscard]] compared_memory& shown() const noexcept { return on_.room->shown; }
    [[nodiscard]] std::byte* room(action const& a) const noexcept {
        return shown().rooms[a.number].data();
    }
    [[nodiscard]] tools& hidden(std::uint64_t number) const noexcept {
        return on_.room->hidden[number];
    }
    [[nodiscard]] ground& home() const noexcept { return on_; }

    /// The descriptor at `where`; of several that were made `which` chooses. -1: none.
    [[nodiscard]] int fd(place where, std::uint64_t which = 0) const noexcept;
    /// The slot that holds `where` at first; a slot that is empty at first if there is none.
    [[nodiscard]] static std::uint32_t slot_of(place where) noexcept;
    /// Lets go of what is at `where`, but keeps the number: nobody else is to get it.
    void shut(place where) noexcept;
    [[nodiscard]] bool is_shut(place where) const noexcept {
        return shut_[static_cast<std::size_t>(where)];
    }
    /// The number `fd` is free again, since a request closed it.
    void forget(int fd) noexcept;
    void add_made(int fd) { made_.push_back(fd); }
    [[nodiscard]] std::vector<int> const& made() const noexcept { return made_; }
    /// What was at `where` in the beginning; null for what cannot be told.
    [[nodiscard]] std::optional<place> find(int fd) const noexcept;

    [[nodiscard]] ::sockaddr_storage const& address() const noexcept { return address_; }
    [[nodiscard]] ::socklen_t address_size() const noexcept { return address_size_; }
    [[nodiscard]] ::pid_t child() const noexcept { return child_; }
    void release_child() noexcept { child_waits_.reset(); }
    /// Gives `count` more buffers to the group with a ring.
    void give(std::uint16_t group, unsigned count) noexcept;

private:
    void put(place where, int fd) noexcept { fds_[static_cast<std::size_t>(where)].reset(fd); }
    void make_child();
    void make_pipes();
    void make_sockets(std::uint32_t topics);
    void make_listener(std::uint32_t topics);
    void make_files(std::uint32_t topics);
    void make_directory();
    void make_ring(program const& p);
    void register_slots();
    void register_buffers();
    void provide_buffers();

    ground& on_;
    std::array<rondo::unique_fd, places> fds_;
    std::bitset<places> shut_;
    std::vector<int> made_;
    rondo::unique_fd inert_; // every request refuses it as if it were closed
    rondo::unique_fd child_waits_;
    ::pid_t child_ = -1;
    ::sockaddr_storage address_{};
    ::socklen_t address_size_ = 0;
    std::uint16_t ringed_tail_ = 0, pieced_tail_ = 0;
    std::optional<raw_ring> second_;
    std::optional<raw_ring> ring_; // last: what is in flight uses the rest
};

} // namespace fuzz
