// SPDX-License-Identifier: MIT
#include <rondo/coro/chain.hpp>

namespace rondo::detail {

void chain_base::start(part* all, std::size_t n) noexcept {
    parts_ = all;
    count_ = left_ = n;
    line_->where().start(all[0]);
}

void chain_base::part_is_over(work& w) noexcept {
    auto& p = static_cast<part&>(w);
    chain_base& self = p.owner;
    self.refused_ = p.never_started();
    self.left_ = self.refused_ ? 0 : self.left_ - 1;
    p.set_idle(); // a stop has nothing to cancel there any more
    if (self.left_ != 0)
        return;
    self.line_->waits_for(nullptr);
    self.frame_.resume();
}

/// The first that is still in flight ends, and those behind it with it.
void chain_base::stop_part(work& w) noexcept {
    chain_base& self = static_cast<part&>(w).owner;
    self.stopped_ = true;
    loop& on = self.line_->where();
    for (std::size_t i = 0; i < self.count_; ++i)
        on.cancel(self.parts_[i]);
}

} // namespace rondo::detail
