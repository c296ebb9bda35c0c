// SPDX-License-Identifier: MIT
#include "lent_bytes.hpp"

#include "object.hpp"

#include <engine/emulated/calls.hpp>
#include <engine/emulated/memory_parts.hpp>
#include <engine/emulated/message_parts.hpp>
#include <engine/emulated/user_memory.hpp>

#include <rondo/abi/opcode.hpp>
#include <rondo/core/annotate.hpp>

#include <algorithm>
#include <cstddef>
#include <new>
#include <span>

namespace rondo::engine::simulation {
namespace {

/// All that `entry` asks to send.
std::vector<::iovec> memory_of(abi::sqe const& entry) {
    std::span<::iovec const> list;
    ::iovec const plain{emulation::pointer_to<void>(entry.addr), entry.len};
    bool const vectorized = emulation::asks(entry, abi::recvsend_flag::send_vectorized) &&
                            !emulation::asks(entry, abi::recvsend_flag::fixed_buf);
    if (entry.opcode == static_cast<std::uint8_t>(abi::opcode::sendmsg_zc))
        list = emulation::memory_of(emulation::header_of(entry));
    else if (vectorized)
        list = {emulation::pointer_to<::iovec const>(entry.addr), entry.len};
    else
        list = {&plain, 1};
    return {list.begin(), list.end()};
}

} // namespace

lent_bytes::lent_bytes(emulation::request const& r, std::int32_t res) {
    auto left = static_cast<std::size_t>(std::max(res, 0));
    if (left == 0)
        return;
    parts_ = memory_of(r.sqe());
    for (::iovec& part : parts_) {
        part.iov_len = std::min(part.iov_len, left);
        left -= part.iov_len;
    }
    digest_ = digest();
}

std::uint64_t lent_bytes::digest() const {
    std::vector<std::byte> bytes(bytes_of(parts_));
    copy_from(parts_, 0, bytes.data(), bytes.size());
    std::uint64_t sum = 0;
    for (std::byte const b : bytes)
        sum = (sum ^ static_cast<std::uint64_t>(b)) * 0x100000001b3;
    return sum;
}

char const* lent_bytes::complaint() const {
    for (::iovec const& part : parts_)
        if (!emulation::is_mapped(part.iov_base, part.iov_len) ||
            !annotate::is_alive(part.iov_base, part.iov_len))
            return "freed";
    return digest() != digest_ ? "changed" : nullptr;
}

} // namespace rondo::engine::simulation
