// SPDX-License-Identifier: MIT
#pragma once

// The groups of provided buffers of one ring, of both kinds: rings that are shared with the program
// and lists that provide_buffers fills. Used under the ring's lock.
//
// A request's way: choose() before an attempt; keep() if the attempt is a worker's, for its answer
// may come when the ring has gone on; then commit() with the answer, or put_back() if there is none
// yet. These set and clear request::chosen; nobody else does.

#include "provided_ring.hpp"
#include "request.hpp"

#include <rondo/abi/buffer_ring.hpp>
#include <rondo/abi/sqe.hpp>
#include <rondo/core/mapping.hpp>
#include <rondo/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <variant>

namespace rondo::engine::emulation {

/// See the top of this file. Calls answer as the kernel does: a value, or minus an errno.
class buffer_groups {
public:
    /// register_op::pbuf_ring. EINVAL, EEXIST, EFAULT, ENOMEM.
    long enrol(abi::buf_reg const& what) noexcept;
    /// register_op::unregister_pbuf_ring. EINVAL, ENOENT.
    long unregister(abi::buf_reg const& what) noexcept;
    /// register_op::pbuf_status: fills in the head. EINVAL, ENOENT.
    long status(abi::buf_status& what) const noexcept;
    /// What mmap(2) at abi::off_pbuf_ring gives. ENOMEM: no such ring. EINVAL: not of its own.
    [[nodiscard]] result<mapping> map(std::uint64_t offset, std::size_t bytes) const noexcept;

    /// Whether an entry of provide_buffers or remove_buffers makes sense: 0, or why not.
    static std::int32_t check_provide(abi::sqe const& entry) noexcept;
    static std::int32_t check_remove(abi::sqe const& entry) noexcept;
    /// Adds `count` buffers of `bytes` bytes each to a list: 0, EINVAL, EOVERFLOW, ENOMEM.
    std::int32_t provide(std::uint16_t group, std::uint64_t address, std::uint32_t bytes,
                         std::uint32_t count, std::uint16_t first_id) noexcept;
    /// Takes up to `count` buffers off a list: how many, ENOENT, EINVAL.
    std::int32_t remove(std::uint16_t group, std::uint32_t count) noexcept;

    /// Whether there is a group of that id.
    [[nodiscard]] bool has(std::uint16_t id) const noexcept { return groups_.contains(id); }
    /// Fills r.chosen with a buffer, or up to `most`, cut to `wanted` bytes in all (0: whole
    /// buffers): 0 or -ENOBUFS. A request that kept its choice is left with it. What is to be sent
    /// is kept at once, as the kernel does.
    std::int32_t choose(request& r, std::uint16_t group, std::uint32_t wanted,
                        std::uint32_t most) noexcept;
    /// A message that a worker did not get gives the buffer of a list back, to choose once more.
    void recycle(request& r) noexcept;
    /// Consumes what was chosen, whole: it is the request's, whatever becomes of the group.
    void keep(request& r) noexcept;
    /// The request's answer, or one of many, is `res`: consumes what it used and answers the flags
    /// of its completion: cqe_flag::buffer with the id, and cqe_flag::buf_more. 0 when it used none
    /// and none was kept, or nothing was chosen.
    std::uint32_t commit(request& r, std::int32_t res) noexcept;
    /// There is no answer yet: what was not kept is the group's again, unless r.progress says that
    /// bytes have come into it.
    void put_back(request& r) noexcept;

private:
    using list = std::deque<abi::buf>;
    using group = std::variant<list, provided_ring>;

    [[nodiscard]] group* find(std::uint32_t id) noexcept;
    [[nodiscard]] provided_ring const* find_ring(std::uint32_t id, long& why_not) const noexcept;
    /// The group that it chose from, if it still is of that kind.
    [[nodiscard]] provided_ring* ring_of(request const& r) noexcept;
    [[nodiscard]] list* list_of(request const& r) noexcept;
    bool was_never_the_groups(request const& r, std::int32_t res) noexcept;
    void consume(request& r, std::uint32_t buffers, std::uint64_t bytes) noexcept;
    void return_to_list(request& r) noexcept;

    std::unordered_map<std::uint32_t, group> groups_;
};

} // namespace rondo::engine::emulation
