// SPDX-License-Identifier: MIT
#include <rondo/ring/completion_event.hpp>

#include "registration.hpp"

#include <rondo/core/word.hpp>

#include <cerrno>
#include <sys/eventfd.h>

namespace rondo {

result<completion_event> completion_event::create(
    ring& owner, completion_event_options const& options) noexcept {
    auto const operation =
        options.async_only ? abi::register_op::eventfd_async : abi::register_op::eventfd;
    unique_fd own;
    int fd = options.fd;
    if (fd < 0) {
        own.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (!own)
            return fail(error::last(attempt_to_register(raw(operation))));
        fd = own.get();
    }
    if (auto done = register_explained(owner, operation, &fd, 1); !done)
        return fail(done.error());
    return completion_event(owner.registry(), std::move(own), fd);
}

completion_event& completion_event::operator=(completion_event&& other) noexcept {
    if (this != &other) {
        end();
        registry_ = std::move(other.registry_);
        own_ = std::move(other.own_);
        fd_ = other.fd_;
    }
    return *this;
}

void completion_event::end() noexcept {
    if (registry_)
        static_cast<void>(registry_->call(abi::register_op::unregister_eventfd, nullptr, 0));
}

result<> completion_event::silence(ring& owner, bool silent) noexcept {
    std::uint32_t* const word = owner.cq().flags_word();
    if (word == nullptr)
        return fail(ENOTSUP, attempt_to_register(raw(abi::register_op::eventfd)),
                    cause::missing_feature);
    constexpr std::uint32_t bit = raw(abi::cq_ring_flag::eventfd_disabled);
    // Only the ring's thread writes this word. The kernel reads it when it posts a completion, and
    // nothing else is ordered by it.
    std::uint32_t const now = load_relaxed(word);
    store_release(word, silent ? now | bit : now & ~bit);
    return {};
}

} // namespace rondo
