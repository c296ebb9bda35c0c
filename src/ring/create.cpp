// SPDX-License-Identifier: MIT
#include "plan.hpp"
#include "state.hpp"

#include <rondo/engine/kernel.hpp>

#include <cerrno>
#include <new>

namespace rondo {

/// Makes a ring step by step; whatever a failed step leaves behind is closed and freed.
struct ring_factory {
    ring_options const& options;
    engine::backend& who;
    features found{};
    abi::params params{};
    int fd = -1;
    ring_state* state = nullptr;

    result<ring> make() noexcept {
        found.kernel_engine = who.is_kernel();
        state = new (std::nothrow) ring_state;
        if (state == nullptr)
            return fail(ENOMEM, attempt::allocate);
        result<> done = set_up();
        if (done)
            done = map();
        ring out;
        out.state_ = state;
        if (!done) {
            abandon();
            out.state_ = nullptr;
            return fail(done.error());
        }
        finish(out);
        // The kernel has tied these to the calling thread already.
        bool const tied = has(found.setup, abi::setup::registered_fd_only) ||
                          (has(found.setup, abi::setup::single_issuer) && !state->disabled);
        if (tied)
            if (result<> bound = out.bind_to_this_thread(); !bound)
                return fail(bound.error());
        return out;
    }

    void abandon() noexcept {
        if (fd >= 0 && !has(found.setup, abi::setup::registered_fd_only))
            who.close(fd);
        delete state;
    }

    result<> set_up() noexcept {
        found.query(who);
        setup_plan plan(options, found, who);
        if (result<> ok = plan.check(); !ok)
            return ok;
        if (result<> ok = plan.lend_memory(*state); !ok)
            return ok;
        long answer = plan.attempt_setup();
        if (answer == -EINVAL && plan.reconsider())
            answer = plan.attempt_setup();
        if (answer < 0)
            return fail(plan.explain(static_cast<int>(-answer)));
        fd = static_cast<int>(answer);
        params = plan.params;
        found = plan.found;
        return {};
    }

    result<> map() noexcept {
        state->params = params;
        auto guard = mapping::anonymous(sizeof(ring_guard), {.wipe_in_children = true});
        if (!guard)
            return fail(guard.error());
        state->guard_page = std::move(*guard);
        state->guard() = {.fast = ring_guard::always_slow, .owner = 0, .alive = 1};
        bool const only_registered = has(found.setup, abi::setup::registered_fd_only);
        auto* const registry =
            new (std::nothrow) registrar(who, only_registered ? -1 : fd, &state->guard());
        if (registry == nullptr)
            return fail(ENOMEM, attempt::allocate);
        state->registry = registrar_ref(registry);
        if (only_registered)
            registry->set_registered_index(fd, true);
        if (!has(found.setup, abi::setup::no_mmap))
            return map_queues(*state, fd);
        return {};
    }

    void finish(ring& out) noexcept {
        attach_queues(*state, out.sq_, out.cq_);
        out.guard_ = &state->guard();
        out.enter_fd_ = fd;
        bool const only_registered = has(found.setup, abi::setup::registered_fd_only);
        found.probe(who, fd, only_registered ? raw(abi::register_op::use_registered_ring) : 0);
        found.infer_from_setup();
        abi::enter flags = only_registered ? abi::enter::registered_ring : abi::enter{};
        if (!options.iowait)
            flags |= abi::enter::no_iowait & found.enter;
        out.set_enter_flags(raw(flags));
        state->has_poller = has(found.setup, abi::setup::sqpoll);
        state->must_enter_to_reap = has(found.setup, abi::setup::iopoll);
        state->disabled = has(found.setup, abi::setup::r_disabled);
        state->register_descriptor = options.register_descriptor && !only_registered;
        if (options.attach != nullptr && state->has_poller && options.attach->state_->has_poller) {
            state->shared_poller = true;
            options.attach->state_->shared_poller = true;
        }
        if (options.wait_region && state->disabled)
            found.wait_region = register_wait_region(*state);
        state->features = found;
    }
};

result<ring> ring::create(ring_options const& options) noexcept {
    engine::backend& who = options.backend != nullptr ? *options.backend : engine::kernel();
    return ring_factory{options, who}.make();
}

std::size_t ring::memory_needed(ring_options const& options) noexcept {
    return queue_bytes(options).total;
}

} // namespace rondo
