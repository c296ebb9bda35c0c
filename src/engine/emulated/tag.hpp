// SPDX-License-Identifier: MIT
#pragma once

// Tags of registered files and buffers: numbers that come back in a completion when whatever bore
// them has been let go of by the table and by the last request. A ticket is its owner's; it may end
// on any thread, with or without the ring's lock.

#include <cstdint>
#include <memory>
#include <utility>

namespace rondo::engine::emulation {

/// Posts a completion with user_data `tag`, res 0 and flags 0. Any thread calls it, with or without
/// the ring's lock.
using tag_hook = void (*)(void* to, std::uint64_t tag) noexcept;

/// Who is told of tags; once `to` is gone, nobody.
struct tag_target {
    std::weak_ptr<void> to;
    tag_hook post = nullptr;
};

/// Posts its tag when it ends, if it has one.
class tag_ticket {
public:
    tag_ticket() noexcept = default;
    tag_ticket(tag_ticket const&) = delete;
    tag_ticket& operator=(tag_ticket const&) = delete;
    ~tag_ticket() {
        if (tag_ == 0)
            return;
        if (std::shared_ptr<void> const alive = target_.to.lock())
            target_.post(alive.get(), tag_);
    }

    /// From now on `tag` will be posted to `target`; 0: nothing will.
    void arm(tag_target const& target, std::uint64_t tag) noexcept {
        if (tag == 0 || target.post == nullptr)
            return;
        target_ = target;
        tag_ = tag;
    }

private:
    tag_target target_;
    std::uint64_t tag_ = 0;
};

} // namespace rondo::engine::emulation
