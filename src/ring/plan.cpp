// SPDX-License-Identifier: MIT
#include "plan.hpp"

#include <rondo/abi/names.hpp>
#include <rondo/engine/kernel.hpp>

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace rondo {
namespace {

using abi::setup;

struct dependency {
    setup flag;
    setup needs; // one of these
};

/// Flags that make no sense, and are refused by the kernel, without another.
constexpr dependency dependencies[] = {
    {setup::sq_aff, setup::sqpoll},
    {setup::hybrid_iopoll, setup::iopoll},
    {setup::defer_taskrun, setup::single_issuer},
    {setup::taskrun_flag, setup::coop_taskrun | setup::defer_taskrun},
    {setup::registered_fd_only, setup::no_mmap},
    {setup::sq_rewind, setup::no_sqarray},
};

/// Flags about interrupting the submitter, who with a poller is not the one who submits.
constexpr setup not_with_poller =
    setup::coop_taskrun | setup::taskrun_flag | setup::defer_taskrun | setup::sq_rewind;

setup all_setup_flags() noexcept {
    setup out{};
    for (abi::entry const& flag : abi::setup_flags())
        out |= static_cast<setup>(flag.value);
    return out;
}

/// Without what makes no sense alone; `kept` stays, for the kernel to refuse.
setup drop_dependents(setup flags, setup kept) noexcept {
    for (bool changed = true; changed;) {
        changed = false;
        for (auto const& [flag, needs] : dependencies)
            if (any(flags & flag & ~kept) && !any(flags & needs)) {
                flags &= ~flag;
                changed = true;
            }
    }
    return flags;
}

} // namespace

queue_memory queue_bytes(ring_options const& options) noexcept {
    setup const flags = options.flags | options.required;
    std::size_t const entries = round_up_to_power_of_two(
        std::clamp<std::uint32_t>(options.entries, 1, abi::most_sq_entries));
    std::size_t const completions =
        options.cq_entries != 0
            ? round_up_to_power_of_two(std::min(options.cq_entries, abi::most_cq_entries))
            : 2 * entries;
    std::size_t const cqe = any(flags & setup::cqe32) ? 32 : 16;
    std::size_t const sqe = any(flags & setup::sqe128) ? 128 : 64;
    constexpr std::size_t words = 1024; // heads, tails and flags, cache-line aligned
    queue_memory out{};
    out.rings = whole_pages(words + completions * cqe + entries * sizeof(std::uint32_t));
    out.sqes = whole_pages(entries * sqe);
    out.total = out.rings + out.sqes;
    return out;
}

setup_plan::setup_plan(ring_options const& options, features const& known,
                       engine::backend& who) noexcept
    : found(known), options_(options), who_(who), known_(known.known_setup),
      wanted_(options.flags | options.required) {
    if (options.poller.idle_ms != 0)
        wanted_ |= setup::sqpoll | (options.poller.cpu >= 0 ? setup::sq_aff : setup{});
    if (options.cq_entries != 0)
        wanted_ |= setup::cqsize;
    if (options.attach != nullptr)
        wanted_ |= setup::attach_wq;
    if (!options.memory.empty() || options.huge_pages)
        wanted_ |= setup::no_mmap;
    if (any(wanted_ & setup::sqpoll))
        wanted_ &= ~(not_with_poller & ~options.required);
}

result<> setup_plan::check() noexcept {
    if (setup const strange = wanted_ & ~all_setup_flags(); any(strange))
        return fail(EINVAL, attempt::setup, cause::unknown_flag, raw(strange));
    bool const clamp = any(wanted_ & setup::clamp);
    if (options_.entries == 0 || (options_.entries > abi::most_sq_entries && !clamp))
        return fail(EINVAL, attempt::setup, cause::entries, options_.entries);
    if (options_.cq_entries != 0 && (options_.cq_entries < options_.entries ||
                                     (options_.cq_entries > abi::most_cq_entries && !clamp)))
        return fail(EINVAL, attempt::setup, cause::entries, options_.cq_entries);
    if (setup const empty = flags_without_option(); any(empty))
        return fail(EINVAL, attempt::setup, cause::option_missing, raw(empty));
    if (any(wanted_ & setup::cqe32) && any(wanted_ & setup::cqe_mixed))
        return fail(EINVAL, attempt::setup, cause::bad_combination,
                    raw(setup::cqe32 | setup::cqe_mixed));
    if (any(known_) && any(options_.required & ~known_))
        return fail(EINVAL, attempt::setup, cause::unknown_flag, raw(options_.required & ~known_));
    choose_flags();
    return {};
}

/// Flags whose field in the arguments only an option fills.
setup setup_plan::flags_without_option() const noexcept {
    setup unfilled{};
    if (options_.poller.idle_ms == 0)
        unfilled |= setup::sqpoll;
    if (options_.poller.cpu < 0 || options_.poller.idle_ms == 0)
        unfilled |= setup::sq_aff;
    if (options_.cq_entries == 0)
        unfilled |= setup::cqsize;
    if (options_.attach == nullptr)
        unfilled |= setup::attach_wq;
    return wanted_ & unfilled;
}

void setup_plan::choose_flags() noexcept {
    setup const possible = any(known_) ? wanted_ & known_ : wanted_;
    setup const chosen = drop_dependents(possible, options_.required);
    found.setup = chosen;
    found.refused = wanted_ & ~chosen;
    params = abi::params{};
    params.flags = raw(chosen);
    params.cq_entries = options_.cq_entries;
    params.sq_thread_idle = options_.poller.idle_ms;
    if (any(chosen & setup::sq_aff))
        params.sq_thread_cpu = static_cast<std::uint32_t>(options_.poller.cpu);
    if (any(chosen & setup::attach_wq))
        params.wq_fd = static_cast<std::uint32_t>(options_.attach->native_handle());
}

result<> setup_plan::lend_memory(ring_state& state) noexcept {
    if (!any(wanted_ & setup::no_mmap))
        return {};
    queue_memory const need = queue_bytes(options_);
    memory_ = options_.memory;
    if (memory_.empty()) {
        result<mapping> own = fail(ENOMEM);
        if (options_.huge_pages)
            own = mapping::anonymous(need.total, {.keep_from_children = true, .huge = true});
        found.huge_pages = own.has_value();
        if (!own)
            own = mapping::anonymous(need.total, {.keep_from_children = true});
        if (!own)
            return fail(own.error());
        state.own_memory = std::move(*own);
        memory_ = {state.own_memory.data(), state.own_memory.size()};
    }
    auto const address = reinterpret_cast<std::uintptr_t>(memory_.data());
    if (memory_.size() < need.total || address % page_size() != 0)
        return fail(EINVAL, attempt::setup, cause::memory_size, need.total);
    state.memory = memory_;
    return {};
}

long setup_plan::attempt_setup() noexcept {
    if (any(found.setup & setup::no_mmap)) {
        auto const address = reinterpret_cast<std::uintptr_t>(memory_.data());
        params.cq_off.user_addr = address;
        params.sq_off.user_addr = address + queue_bytes(options_).rings;
    }
    long const answer = who_.setup(options_.entries, params);
    if (answer >= 0) {
        found.setup = static_cast<setup>(params.flags);
        found.kernel = static_cast<abi::feature>(params.features);
        found.sq_entries = params.sq_entries;
        found.cq_entries = params.cq_entries;
    }
    return answer;
}

bool setup_plan::reconsider() noexcept {
    if (any(known_))
        return false;
    known_ = setup_flags_by_trial(who_);
    bool const lacks_required = any(options_.required & ~known_);
    setup const before = found.setup;
    choose_flags();
    return !lacks_required && found.setup != before;
}

error setup_plan::explain(int code) const noexcept {
    abi::params asked = params;
    if (code == EINVAL)
        asked.flags |= raw(options_.required);
    return engine::explain_setup(code, options_.entries, asked, known_);
}

} // namespace rondo
