// SPDX-License-Identifier: MIT
#include <rondo/coro/strand.hpp>

namespace rondo {

void strand::request_stop() noexcept {
    if (away_) [[unlikely]]
        return ask_where_it_is();
    stop_here();
}

void strand::stop_here() noexcept {
    if (stop_requested_)
        return;
    stop_requested_ = true;
    if (shields_ == 0)
        tell_of_stop();
}

void strand::unshield() noexcept {
    if (--shields_ == 0 && stop_requested_)
        tell_of_stop();
}

void strand::tell_of_stop() noexcept {
    while (hooks_ != nullptr) {
        stop_hook& h = *hooks_;
        h.unhook();
        h.what_(h);
    }
    if (waits_for_ != nullptr)
        waits_for_->stop();
}

} // namespace rondo
