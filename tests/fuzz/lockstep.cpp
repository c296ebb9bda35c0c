// SPDX-License-Identifier: MIT
#include "lockstep.hpp"

#include "allowed.hpp"
#include "leftovers.hpp"
#include "words.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <thread>

namespace fuzz {
namespace {

using clock = std::chrono::steady_clock;
constexpr std::int64_t glance = 50'000;    // nanoseconds
constexpr std::int64_t breath = 2'000'000; // nanoseconds: what a busy machine may need
constexpr auto guard_limit = guard_time + std::chrono::microseconds(100);
constexpr int silences = 3;            // glances without news, where others are at work
constexpr int looks_at_tries = 160;    // of what is tried again at each look
constexpr int rounds_of_patience = 40; // breaths, if both differ
constexpr int rounds_of_impatience = 6;
constexpr std::chrono::milliseconds longest(10'000); // that anything may take that ends by itself
constexpr std::chrono::milliseconds longest_when_impatient(200);
constexpr std::size_t most_endings = 12; // times that everything is cancelled

class lockstep {
public:
    lockstep(arena& in, program const& p)
        : in_(in), program_(p), kernel_(in.kernel, p, {}), emulated_(in.emulated, p, in.wrong) {}

    std::optional<std::string> run() {
        for (step const& all : program_.steps) {
            step const& s = steps_.emplace_back(kernel_.without_competition(all));
            if (s.empty())
                continue;
            kernel_.start(s);
            emulated_.start(s);
            if (!settle_equal(&s))
                return difference_;
            if (kernel_.is_stuck() || emulated_.is_stuck())
                break;
        }
        if (!end())
            return difference_;
        compare_leftovers();
        return difference_;
    }

private:
    /// Both are quiet and agree.
    bool settle_equal(step const* s) {
        bool const settled = settle();
        int const rounds = in_.impatient ? rounds_of_impatience : rounds_of_patience;
        for (int i = 0; settled && i < rounds && !is_equal(); ++i) {
            kernel_.look(breath);
            emulated_.look(breath);
        }
        bool const equal = is_equal();
        tell(s);
        if (!settled)
            difference_ = "hangs: what ends by itself has not ended";
        else if (!equal)
            difference_ = "completions differ:" + words_of_difference(s);
        if (difference_)
            return false;
        kernel_.accept_news();
        emulated_.accept_news();
        return true;
    }

    [[nodiscard]] bool is_equal() {
        return kernel_.answers() == emulated_.answers() &&
               agree(kernel_.news(), emulated_.news()) && kernel_.missing() == emulated_.missing();
    }

    /// Nothing more comes of itself. False: what ends by itself did not.
    bool settle() {
        auto const limit = clock::now() + (in_.impatient ? longest_when_impatient : longest);
        // What goes on without a word may take several looks.
        bool const often = kernel_.tries_often() || emulated_.tries_often();
        int const looks = often ? looks_at_tries : has(program_.topics, topic::skips) ? 4 : 1;
        auto last_news = clock::now(); // a guard may have started then
        for (int quiet = 0; quiet < looks + (is_restless() ? silences : 0);) {
            bool const sure = kernel_.waits_for_sure() || emulated_.waits_for_sure();
            // Asked before the look, which finds what they did before they fell asleep.
            bool const asleep = sure ||
                                !(kernel_.may_use_threads() || emulated_.may_use_threads()) ||
                                in_.threads.all_sleep();
            bool const guarded = (kernel_.guards_in_silence() || emulated_.guards_in_silence()) &&
                                 clock::now() - last_news < guard_limit;
            std::int64_t const pause = sure || guarded || quiet >= looks ? glance : 0;
            bool const k = kernel_.look(pause);
            bool const e = emulated_.look(pause);
            if (k || e)
                last_news = clock::now();
            quiet = k || e || sure || guarded || !asleep ? 0 : quiet + 1;
            if ((sure || !asleep) && clock::now() > limit)
                return !sure;
        }
        return true;
    }

    [[nodiscard]] bool is_restless() const noexcept {
        return kernel_.is_restless() || emulated_.is_restless();
    }

    /// Cancels what is in flight until nothing is.
    bool end() {
        for (std::size_t i = 0; i < most_endings; ++i) {
            kernel_.cancel_all();
            emulated_.cancel_all();
            if (!settle_equal(nullptr))
                return false;
            if (i > 0 && kernel_.missing() == 0 && emulated_.missing() == 0)
                return true;
        }
        auto const limit = clock::now() + (in_.impatient ? longest_when_impatient : longest);
        while (kernel_.missing() + emulated_.missing() != 0 && clock::now() < limit) {
            kernel_.look(breath);
            emulated_.look(breath);
        }
        if (!settle_equal(nullptr))
            return false;
        if (std::size_t const k = kernel_.missing(), e = emulated_.missing(); k + e != 0)
            difference_ = "never completed, after everything was cancelled: " + std::to_string(k) +
                          " and " + std::to_string(e);
        return !difference_;
    }

    void compare_leftovers() {
        auto const k = leftovers(kernel_, program_);
        auto const e = leftovers(emulated_, program_);
        for (std::size_t i = 0; i < std::max(k.size(), e.size()); ++i) {
            std::string const x = i < k.size() ? k[i] : "nothing";
            std::string const y = i < e.size() ? e[i] : "nothing";
            if (x != y && !difference_)
                difference_ = "left behind: " + x + "  and  " + y;
            tell_line(" left     " + x + (x == y ? "" : "  <>  " + y));
        }
        if (auto const memory = differing_memory(kernel_, emulated_, program_))
            if (!difference_)
                difference_ = "memory: " + *memory;
    }

    void tell_line(std::string line) const {
        if (in_.transcript != nullptr)
            in_.transcript->push_back(std::move(line));
    }

    static std::string words_of(side& of) {
        std::string out;
        for (long const n : of.answers())
            out += " =" + std::to_string(n);
        for (note const& n : of.news())
            out += "  " + describe(n);
        return out +
               (of.missing() != 0 ? "  [" + std::to_string(of.missing()) + " in flight]" : "");
    }

    /// In a line, since it may not come a second time.
    std::string words_of_difference(step const* s) {
        std::string out;
        auto const& entries = kernel_.entries();
        for (std::size_t i = 0; s != nullptr && i < s->size(); ++i)
            out += " {" +
                   (i < entries.size() ? describe(kernel_.around(), (*s)[i], entries[i])
                                       : describe((*s)[i])) +
                   "}";
        return out + "; kernel" + words_of(kernel_) + "; emulated" + words_of(emulated_);
    }

    void tell(step const* s) {
        if (in_.transcript == nullptr)
            return;
        auto const& entries = kernel_.entries();
        for (std::size_t i = 0; s != nullptr && i < s->size(); ++i) {
            action const& a = (*s)[i];
            tell_line(i < entries.size() ? describe(kernel_.around(), a, entries[i]) : describe(a));
        }
        if (s == nullptr)
            tell_line("     cancel everything");
        std::string const k = words_of(kernel_), e = words_of(emulated_);
        tell_line("          kernel  " + k);
        tell_line((k == e ? "          emulated" : "     <>   emulated") + e);
    }

    arena& in_;
    program const& program_;
    std::deque<step> steps_; // those that were run
    side kernel_, emulated_;
    std::optional<std::string> difference_;
};

void prepare(ground& g) {
    if (g.directory_used)
        clear_directory(g.directory);
    g.directory_used = false;
}

} // namespace

std::optional<std::string> find_difference(arena& in, program const& p) {
    prepare(in.kernel);
    prepare(in.emulated);
    long const before = open_descriptors();
    std::optional<std::string> out = lockstep(in, p).run();
    for (int i = 0; i < rounds_of_patience && !out && open_descriptors() != before; ++i)
        std::this_thread::sleep_for(std::chrono::nanoseconds(breath));
    if (long const after = open_descriptors(); !out && after != before)
        out = "descriptors: " + std::to_string(before) + " before, " + std::to_string(after) +
              " after";
    return out;
}

} // namespace fuzz
