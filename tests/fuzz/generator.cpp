// SPDX-License-Identifier: MIT
// What a submission is made of: chains and single requests. The order among those is not promised
// by anybody, so two of one submission do not touch the same thing, unless the program is one of
// crowds; the order between submissions is, since a program settles after each.
#include "generator.hpp"

#include "family.hpp"

#include <algorithm>

namespace fuzz {
namespace {

constexpr std::uint32_t few_entries = 16; // of either queue, so that completions do not fit

/// What requests of a submission are used on.
struct claimed {
    std::uint32_t all = 0;
    std::uint32_t alone = 0; // by such as nobody may be beside
};

class generator {
public:
    generator(std::uint64_t seed, std::uint32_t operations)
        : roll_(seed), most_(std::clamp<std::uint32_t>(operations, 1, most_requests - 32)) {
        made_.seed = seed;
    }

    program make() {
        choose_topics();
        choose_setup();
        requests_ = requests_of(made_.topics);
        deeds_ = deeds_of(made_.topics);
        while (number_ < most_)
            made_.steps.push_back(roll_.chance(3) ? make_deed() : make_submission());
        made_.last_number = number_;
        return std::move(made_);
    }

private:
    [[nodiscard]] bool is(topic t) const noexcept { return has(made_.topics, t); }

    void choose_topics() {
        static constexpr struct {
            topic what;
            std::uint32_t one_in;
        } all[] = {{topic::paths, 6},     {topic::slots, 3},     {topic::groups, 3},
                   {topic::buffers, 4},   {topic::timers, 3},    {topic::cancels, 3},
                   {topic::words, 8},     {topic::child, 40},    {topic::epoll, 10},
                   {topic::listener, 6},  {topic::internet, 20}, {topic::second_ring, 8},
                   {topic::blocking, 20}, {topic::polls, 3},     {topic::streams, 3},
                   {topic::links, 2},     {topic::skips, 5},     {topic::drains, 8},
                   {topic::async, 12},    {topic::spoiled, 3},   {topic::overflow, 10},
                   {topic::crowds, 4},    {topic::counts, 10}};
        for (auto const& one : all)
            if (roll_.chance(one.one_in))
                made_.topics |= static_cast<std::uint32_t>(one.what);
        // Whether what answers more than once ends when its answers do not fit is left open.
        // So is who sees first what there is, and what slots are when those behind others start.
        if (is(topic::polls) || is(topic::links))
            made_.topics &= ~static_cast<std::uint32_t>(topic::crowds);
        if (is(topic::blocking))
            made_.topics &= ~static_cast<std::uint32_t>(topic::polls);
        // When those count that come by themselves, or one after the other, is left open: a time
        // that passes counts from when it is told, or not at all; a poll tells once or twice; a
        // thread of the kernel posts what it ends while a submission is being taken.
        if (is(topic::counts))
            made_.topics &=
                ~(raw_of(topic::timers) | raw_of(topic::polls) | raw_of(topic::links) |
                  raw_of(topic::internet) | raw_of(topic::overflow) | raw_of(topic::async) |
                  raw_of(topic::drains) | raw_of(topic::spoiled) | raw_of(topic::slots) |
                  raw_of(topic::streams));
        if (is(topic::overflow) || is(topic::async))
            made_.topics &= ~static_cast<std::uint32_t>(topic::streams);
    }

    void choose_setup() {
        using enum abi::setup;
        static constexpr abi::setup all[] = {submit_all | single_issuer | defer_taskrun,
                                             submit_all | coop_taskrun, submit_all, abi::setup{},
                                             single_issuer | defer_taskrun | taskrun_flag};
        made_.setup = raw(roll_.of(all));
        if (is(topic::counts)) // what threads end between two submissions would count or not
            made_.setup |= raw(submit_all);
        if (is(topic::overflow))
            made_.cq_entries = few_entries;
    }

    action make_action(family const* what) {
        action out;
        out.what = what;
        out.number = ++number_;
        out.details = roll_.next();
        if (!what->where.empty())
            out.on = roll_.of(what->where);
        for (int tries = 0; tries < 20 && !exists(out.on, made_.topics); ++tries)
            out.on = roll_.of(what->where);
        return out;
    }

    step make_deed() { return {make_action(roll_.of(std::span<family const* const>(deeds_)))}; }

    action make_request() {
        family const* const what = roll_.of(std::span<family const* const>(requests_));
        action out = make_action(what);
        // A slot may hold a stream, where a transfer waits: not for what others wait behind.
        bool const would_wait = is(topic::drains) && what->is(trait::moves);
        if (is(topic::slots) && !what->is(trait::plain_fd) && out.on != place::nowhere &&
            roll_.chance(3) && !would_wait)
            out.flags |= raw(abi::sqe_flag::fixed_file);
        if (is(topic::skips) && !what->is(trait::loud) && roll_.chance(3))
            out.flags |= raw(abi::sqe_flag::cqe_skip_success);
        if (is(topic::async) && !what->is(trait::alone) && roll_.chance(6))
            out.flags |= raw(abi::sqe_flag::async);
        out.spoiled = is(topic::spoiled) && !what->is(trait::steady) && roll_.chance(12);
        return out;
    }

    [[nodiscard]] static bool has_async(action const& a) noexcept {
        return (a.flags & raw(abi::sqe_flag::async)) != 0;
    }

    /// Whether a thread may do it, and then what is behind it. poll(2) says that there is room in a
    /// counter if there is some for 1: what asks for more is tried until a thread gets it.
    [[nodiscard]] static bool may_use_thread(action const& a) noexcept {
        using enum abi::opcode;
        abi::opcode const code = a.what->code;
        bool const writes = code == abi::opcode::write || code == writev || code == write_fixed;
        return a.what->is(trait::threaded) || a.what->is(trait::moves) || has_async(a) ||
               a.spoiled || (a.flags & raw(abi::sqe_flag::fixed_file)) != 0 ||
               (writes && a.on == place::counter);
    }

    [[nodiscard]] static std::uint32_t claims_of(action const& a) noexcept {
        std::uint32_t out = resource(a.on) | a.what->claims;
        if ((a.flags & raw(abi::sqe_flag::fixed_file)) != 0)
            out |= resource(place::slots);
        return out;
    }

    /// One request, or a chain of them. Empty if there is nothing that keeps out of `taken`'s way.
    step make_unit(claimed& taken, bool is_first) {
        bool const linked = is(topic::links) && roll_.chance(3);
        std::uint32_t const length = linked ? 2 + roll_.below(3) : 1;
        std::uint32_t claims = 0;
        bool threads = false, shares = true;
        step out;
        while (out.size() < length) {
            action one = make_request();
            shares = shares && is(topic::crowds) && !one.what->is(trait::many) &&
                     !one.what->is(trait::shares) && !one.what->is(trait::threaded) &&
                     one.what->needs != topic::words &&
                     (claims_of(one) & resource(place::slots)) == 0 &&
                     !(one.what->is(trait::chooses) && has_async(one)) && // when it does is open
                     !(one.what->is(trait::moves) && one.what->is(trait::sure));
            if ((claims_of(one) & (shares ? taken.alone : taken.all)) != 0)
                return {};
            if (one.what->is(trait::alone) && (!is_first || linked))
                return {};
            // A thread that did the one before would wait in this one, and others behind it.
            if (threads && !one.what->is(trait::sure))
                return {};
            // What two of a chain move comes together or not, to who takes all there is.
            for (action const& before : out)
                if (before.on == one.on && one.on != place::nowhere && !one.what->is(trait::sure))
                    return {};
            threads = threads || may_use_thread(one);
            // Until its turn comes, the number of such a descriptor may go to another.
            if (one.on == place::made && (linked || is(topic::drains)))
                return {};
            claims |= claims_of(one);
            one.behind = !out.empty();
            one.hurried = is(topic::crowds);
            out.push_back(one);
            if (linked && is(topic::timers) && roll_.chance(4)) {
                action const by = make_guard(one);
                out.back().hurried = out.back().hurried || by.what == &guard(true);
                out.push_back(by);
            }
        }
        for (std::size_t i = 0; i + 1 < out.size(); ++i)
            out[i].flags |=
                raw(roll_.chance(4) ? abi::sqe_flag::io_hardlink : abi::sqe_flag::io_link);
        if (is(topic::drains) && roll_.chance(5))
            out.front().flags |= raw(abi::sqe_flag::io_drain);
        if (out.front().what->is(trait::alone))
            claims = ~0u;
        taken.all |= claims;
        if (!shares)
            taken.alone |= claims;
        return out;
    }

    action make_guard(action const& guarded) {
        bool const told_apart = !guarded.what->is(trait::sure) && !may_use_thread(guarded);
        return make_action(&guard(told_apart && roll_.chance(2)));
    }

    step make_submission() {
        std::uint32_t const units = roll_.chance(4) ? 1 : 1 + roll_.below(8);
        claimed taken;
        step out;
        for (std::uint32_t tries = units; tries != 0 && taken.all != ~0u; --tries) {
            if (is(topic::overflow) && out.size() > few_entries / 2)
                break;
            std::uint64_t const before = number_;
            step const unit = make_unit(taken, out.empty());
            if (unit.empty())
                number_ = before;
            out.insert(out.end(), unit.begin(), unit.end());
        }
        return out;
    }

    dice roll_;
    program made_;
    std::vector<family const*> requests_, deeds_;
    std::uint64_t number_ = 0;
    std::uint32_t most_;
};

} // namespace

program make_program(std::uint64_t seed, std::uint32_t operations) {
    return generator(seed, operations).make();
}

} // namespace fuzz
