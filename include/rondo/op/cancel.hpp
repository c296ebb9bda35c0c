// SPDX-License-Identifier: MIT
#pragma once

// Asking operations in flight to end early. A request, not a decision: what was cancelled says so
// in its own CQE (ECANCELED), or is done all the same. Value types; any thread.

#include <rondo/abi/flags.hpp>
#include <rondo/core/assert.hpp>
#include <rondo/op/operation.hpp>
#include <rondo/op/target.hpp>

#include <cstdint>

namespace rondo::op {

/// Which operations are meant. Conditions combine with `&`, all must hold:
/// `cancel_match::fd(socket) & cancel_match::code(abi::opcode::recv)`.
class cancel_match {
public:
    /// Those submitted with this user_data. Linux 5.5; combined with others 6.6.
    [[nodiscard]] static constexpr cancel_match user_data(std::uint64_t value) noexcept {
        cancel_match out;
        out.user_data_ = value;
        out.flags_ = abi::cancel_flag::userdata;
        return out;
    }
    /// Those that work on this descriptor or slot. Linux 5.19; slots 6.0.
    [[nodiscard]] static constexpr cancel_match fd(fd_ref file) noexcept {
        cancel_match out;
        out.fd_ = file.value();
        out.flags_ = abi::cancel_flag::fd;
        if (file.is_slot())
            out.flags_ |= abi::cancel_flag::fd_fixed;
        return out;
    }
    /// Those with this opcode. Linux 6.6.
    [[nodiscard]] static constexpr cancel_match code(abi::opcode value) noexcept {
        cancel_match out;
        out.code_ = value;
        out.flags_ = abi::cancel_flag::op;
        return out;
    }
    /// Every operation of the ring. Does not combine. Linux 5.19
    [[nodiscard]] static constexpr cancel_match any() noexcept {
        cancel_match out;
        out.flags_ = abi::cancel_flag::any;
        return out;
    }

    friend constexpr cancel_match operator&(cancel_match a, cancel_match b) noexcept {
        RONDO_ASSERT(!(a.matches_any() || b.matches_any()) && (a.kinds() & b.kinds()) == 0,
                     "a cancel matches one user_data, one file and one opcode, or anything");
        cancel_match out;
        out.user_data_ = a.user_data_ | b.user_data_;
        out.fd_ = has(a.flags_, abi::cancel_flag::fd) ? a.fd_ : b.fd_;
        out.code_ = has(a.flags_, abi::cancel_flag::op) ? a.code_ : b.code_;
        out.flags_ = a.flags_ | b.flags_;
        return out;
    }

    [[nodiscard]] constexpr std::uint64_t user_data() const noexcept { return user_data_; }
    [[nodiscard]] constexpr int fd() const noexcept { return fd_; }
    [[nodiscard]] constexpr abi::opcode code() const noexcept { return code_; }
    [[nodiscard]] constexpr bool matches_any() const noexcept {
        return has(flags_, abi::cancel_flag::any);
    }
    /// For the kernel, here and in REGISTER_SYNC_CANCEL. user_data alone is what a cancel without
    /// flags means, and so is understood by every kernel.
    [[nodiscard]] constexpr abi::cancel_flag flags() const noexcept {
        return flags_ == abi::cancel_flag::userdata ? abi::cancel_flag{} : flags_;
    }

private:
    constexpr cancel_match() noexcept = default;
    [[nodiscard]] constexpr std::uint32_t kinds() const noexcept {
        return raw(flags_ & ~abi::cancel_flag::fd_fixed);
    }

    std::uint64_t user_data_ = 0;
    int fd_ = -1;
    abi::opcode code_{};
    abi::cancel_flag flags_{};
};

/// io_uring_prep_cancel(3). Linux 5.5; see cancel_match for newer conditions. Value: how many
/// operations were found and asked to end.
///
/// Without `all` that is 1, and it says ENOENT when there is none and EALREADY when it is being
/// done by a worker thread, which is then interrupted. With `all` none found is 0, no error.
struct cancel {
    using value_type = std::uint32_t;
    static constexpr abi::opcode code = abi::opcode::async_cancel;
    static constexpr about facts{"cancel", "io_uring_prep_cancel(3)", "5.5", "operations found"};

    cancel_match what;
    bool all = false; ///< not only the first that matches; implied by cancel_match::any(). 5.19

    void prep(abi::sqe& s) const noexcept {
        s.fd = what.fd();
        s.addr = what.user_data();
        s.len = raw(what.code());
        s.cancel_flags = raw(what.flags() | (all ? abi::cancel_flag::all : abi::cancel_flag{}));
    }
    static result<std::uint32_t> value(cancel const& o, abi::cqe const& c) noexcept {
        if (c.res < 0)
            return failure<cancel>(c);
        return o.all || o.what.matches_any() ? static_cast<std::uint32_t>(c.res) : 1u;
    }
};

using cancel_operations = operations<cancel>;

} // namespace rondo::op
