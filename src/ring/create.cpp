// SPDX-License-Identifier: MIT
#include "plan.hpp"
#include "state.hpp"

#include <rondo/engine/emulated.hpp>
#include <rondo/engine/kernel.hpp>

#include <cerrno>
#include <cstdlib>
#include <new>
#include <string_view>

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
        found.engine = engine::kind_of(who);
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
        if (!options.iowait.value_or(true))
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

namespace {

/// The environment's choice, or else the caller's.
result<engine::kind> wanted_engine(engine::kind otherwise) noexcept {
    char const* const word = ::secure_getenv("RONDO_ENGINE");
    if (word == nullptr || *word == '\0')
        return otherwise;
    std::string_view const name = word;
    if (name == "automatic")
        return engine::automatic;
    if (name == "kernel")
        return engine::kernel;
    if (name == "emulated")
        return engine::emulated;
    return fail(EINVAL, attempt::setup, cause::unknown_engine);
}

/// Whether it is the system that refuses, not the options.
bool may_not_be_used(error const& refusal) noexcept {
    switch (refusal.why()) {
    case cause::seccomp:
    case cause::sysctl_disabled:
    case cause::sysctl_group:
    case cause::no_kernel_support:
    case cause::memlock: return true;
    default: return refusal == EPERM || refusal == ENOSYS;
    }
}

} // namespace

result<ring> ring::create(ring_options const& options) noexcept {
    if (options.backend != nullptr)
        return ring_factory{options, *options.backend}.make();
    result<engine::kind> const wanted = wanted_engine(options.engine);
    if (!wanted)
        return fail(wanted.error());
    if (*wanted == engine::emulated)
        return ring_factory{options, engine::emulated_backend()}.make();
    result<ring> made = ring_factory{options, engine::kernel_backend()}.make();
    if (made || *wanted == engine::kernel || !may_not_be_used(made.error()))
        return made;
    result<ring> instead = ring_factory{options, engine::emulated_backend()}.make();
    if (!instead)
        return made; // what speaks against the kernel is the first thing to mend
    instead->state_->features.why_not_kernel = made.error();
    return instead;
}

std::size_t ring::memory_needed(ring_options const& options) noexcept {
    return queue_bytes(options).total;
}

} // namespace rondo
