// SPDX-License-Identifier: MIT
#include "shrink.hpp"

#include <utility>

namespace fuzz {
namespace {

constexpr auto links =
    static_cast<std::uint8_t>(raw(abi::sqe_flag::io_link) | raw(abi::sqe_flag::io_hardlink));

/// Chains that lost their end must not go on into what comes after.
void close_chains(program& p) {
    for (step& s : p.steps)
        if (!s.empty())
            s.back().flags &= static_cast<std::uint8_t>(~links);
}

class shrinker {
public:
    shrinker(arena& in, program p, bool hangs) : in_(in), best_(std::move(p)), hangs_(hangs) {}

    program run() {
        for (bool smaller = true; smaller;) {
            smaller = drop_steps();
            smaller = drop_actions() || smaller;
            smaller = drop_flags() || smaller;
        }
        return std::move(best_);
    }

private:
    bool take_if_it_differs(program candidate) {
        close_chains(candidate);
        auto const how = find_difference(in_, candidate);
        if (!how || how->starts_with("hangs") != hangs_)
            return false;
        best_ = std::move(candidate);
        return true;
    }

    bool drop_steps() {
        bool any = false;
        for (std::size_t run = best_.steps.size() / 2; run > 0; run /= 2)
            for (std::size_t i = best_.steps.size(); i > 0; --i) {
                if (i - 1 + run > best_.steps.size())
                    continue;
                program candidate = best_;
                auto const first = candidate.steps.begin() + static_cast<std::ptrdiff_t>(i - 1);
                candidate.steps.erase(first, first + static_cast<std::ptrdiff_t>(run));
                any = take_if_it_differs(std::move(candidate)) || any;
            }
        return any;
    }

    bool drop_actions() {
        bool any = false;
        for (std::size_t s = best_.steps.size(); s-- > 0;)
            for (std::size_t i = best_.steps[s].size(); i-- > 0;) {
                program candidate = best_;
                step& from = candidate.steps[s];
                from.erase(from.begin() + static_cast<std::ptrdiff_t>(i));
                any = take_if_it_differs(std::move(candidate)) || any;
            }
        return any;
    }

    bool drop_flags() {
        bool any = false;
        for (std::size_t s = 0; s < best_.steps.size(); ++s)
            for (std::size_t i = 0; i < best_.steps[s].size(); ++i)
                for (unsigned bit = 0; bit < 8; ++bit) {
                    if ((best_.steps[s][i].flags >> bit & 1) == 0)
                        continue;
                    program candidate = best_;
                    candidate.steps[s][i].flags &= static_cast<std::uint8_t>(~(1u << bit));
                    any = take_if_it_differs(std::move(candidate)) || any;
                }
        return any;
    }

    arena& in_;
    program best_;
    bool hangs_; // another kind of difference would be another difference
};

} // namespace

program shrink(arena& in, program p, bool hangs) { return shrinker(in, std::move(p), hangs).run(); }

} // namespace fuzz
