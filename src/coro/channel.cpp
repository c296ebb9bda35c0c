// SPDX-License-Identifier: MIT
#include <rondo/coro/channel.hpp>

#include <rondo/core/assert.hpp>

namespace rondo::detail {

void channel_base::add_sender() noexcept {
    locked const here(lock_);
    ++senders_;
}

void channel_base::add_receiver() noexcept {
    locked const here(lock_);
    ++receivers_;
}

void channel_base::close(woken& to) noexcept {
    closed_ = true;
    receiving_.pop_all(wait_outcome::ended, to);
    sending_.pop_all(wait_outcome::ended, to);
}

void channel_base::close() noexcept {
    woken to;
    {
        locked const here(lock_);
        close(to);
    }
    to.go_on();
}

std::size_t channel_base::sender_left() noexcept {
    woken to;
    std::size_t left = 0;
    {
        locked const here(lock_);
        if (--senders_ == 0) {
            RONDO_ASSERT(sending_.empty(), "a channel's last sender was destroyed while somebody "
                                           "waits in its send()");
            close(to);
        }
        left = senders_ + receivers_;
    }
    to.go_on();
    return left;
}

std::size_t channel_base::receiver_left(woken& to) noexcept {
    if (--receivers_ == 0) {
        RONDO_ASSERT(receiving_.empty(), "a channel's last receiver was destroyed while somebody "
                                         "waits in its receive()");
        close(to);
    }
    return senders_ + receivers_;
}

} // namespace rondo::detail
