// SPDX-License-Identifier: MIT
#pragma once

// Who may meddle with the work of an engine's rings: a simulation. An ordinary engine has none.
// All calls come under the lock of the ring.

#include "request.hpp"

#include <rondo/abi/cqe.hpp>

#include <cstdint>

namespace rondo::engine::emulation {

/// See the top of this file.
class director {
public:
    /// Where the indices of a new ring's queues begin. Not under a lock.
    [[nodiscard]] virtual std::uint32_t first_index() noexcept = 0;
    /// A submission was taken; it may be changed.
    virtual void taken(request& r) noexcept = 0;
    /// The submitter is about to attempt `r`. True: `how` is its answer, without an attempt.
    virtual bool answers(request& r, outcome& how) noexcept = 0;
    /// A multishot request has one more answer. True: it is to be its last.
    virtual bool ends_stream(request const& r) noexcept = 0;
    /// A cancel has found the waiting `r`. True: `r` has one more attempt first.
    virtual bool is_late(request const& r) noexcept = 0;
    /// A zero-copy send that sent `res` bytes, or failed, is about to tell by `c` that its buffer
    /// is free. True: the director will, later.
    virtual bool keeps_notification(request const& r, std::int32_t res,
                                    abi::cqe32 const& c) noexcept = 0;
    /// A completion is about to be posted, of `r` or, with null, of nobody's request: a message, a
    /// tag. True: as if the queue were full.
    virtual bool overflows(abi::cqe32 const& c, request const* r) noexcept = 0;
    /// Whether the waiting `r` is to be attempted though nothing happened.
    virtual bool wakes(request const& r) noexcept = 0;

protected:
    ~director() = default;
};

} // namespace rondo::engine::emulation
