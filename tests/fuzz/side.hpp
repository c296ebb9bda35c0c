// SPDX-License-Identifier: MIT
#pragma once

// One engine's run of a program: submits the steps, takes in the completions and turns what differs
// between two runs in any case (numbers of descriptors) into what can be compared. One thread.

#include "family.hpp"
#include "surroundings.hpp"

#include <array>
#include <bitset>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace fuzz {

/// A completion as it is compared.
struct note {
    std::uint64_t chain = 0; ///< the number of the first request of its chain
    std::uint64_t number = 0;
    std::int32_t res = 0;
    std::uint32_t flags = 0;
    std::uint64_t facts = 0; ///< what it left beside bytes
    bool is_cancel = false;
    bool polls = false;
    bool is_poll = false; ///< of many
    bool is_copy = false; ///< a zero-copy send
    bool is_late = false; ///< a link timeout that may have come due before it was told
    bool threads = false; ///< a thread of the kernel may have been at it, or at what it cancels

    /// Whether both tell the same.
    friend bool operator==(note const& a, note const& b) noexcept {
        return a.chain == b.chain && a.number == b.number && a.res == b.res && a.flags == b.flags &&
               a.facts == b.facts;
    }
};

constexpr auto links = raw(abi::sqe_flag::io_link | abi::sqe_flag::io_hardlink);
constexpr std::int32_t some_descriptor = 1'000'000;                // for `res`
constexpr std::uint64_t from_second_ring = std::uint64_t{1} << 32; // in note::number

/// One wrong answer, to see that it is found; the `at`th completion of every program is made wrong.
struct distortion {
    enum class kind : std::uint8_t { none, result, flags, lost, twice, byte };
    kind what = kind::none;
    std::uint32_t at = 0;
};

class side {
public:
    side(ground& on, program const& p, distortion wrong);
    side(side const&) = delete;
    side& operator=(side const&) = delete;
    ~side() { accept_news(); } // so that the surroundings close what was made

    /// `s` without the chains that would compete with what is in flight for the same bytes, since
    /// who gets them is left open, or that use what is shut.
    [[nodiscard]] step without_competition(step const& s);
    /// Submits `s`, or does what it says from outside.
    void start(step const& s);
    /// Asks for the end of everything in flight.
    void cancel_all();
    /// Takes in what there is, after a wait for it of up to `ns`; false: nothing came.
    bool look(std::int64_t ns);
    /// Whether a request that ends by itself has not ended yet.
    [[nodiscard]] bool waits_for_sure() const noexcept { return sure_.any(); }
    /// Whether something is in flight that a thread may be at, of the kernel's or the engine's.
    [[nodiscard]] bool may_use_threads() const noexcept {
        return missing() != 0 || silent_places_.any() || silent_threads_;
    }
    /// Whether the kernel may try something again and again, 128 times before a thread gets it: a
    /// connect to a listener without room, or what asks for more room than a counter has. Between
    /// two tries a cancel does not find it.
    [[nodiscard]] bool tries_often() const;
    /// Whether it may go on without any thread, so that only silence tells that it has settled.
    [[nodiscard]] bool is_restless() const noexcept;
    /// Whether time passes for something that need not tell of its end.
    [[nodiscard]] bool guards_in_silence() const noexcept { return silent_guards_; }
    /// Requests that have to be completed some time and are not.
    [[nodiscard]] std::size_t missing() const noexcept;
    /// What completed since the last `accept_news`, chain by chain.
    [[nodiscard]] std::vector<note> const& news();
    /// What system calls answered since then.
    [[nodiscard]] std::vector<long> const& answers() const noexcept { return answers_; }
    /// Both sides agree on the news: descriptors that were made can be used from now on.
    void accept_news();
    /// What is in slots and groups at the end.
    [[nodiscard]] std::vector<std::string> describe_tables();
    [[nodiscard]] surroundings& around() noexcept { return around_; }
    [[nodiscard]] std::vector<abi::sqe> const& entries() const noexcept { return entries_; }
    /// An answer that makes no sense, after which nothing is to be submitted any more.
    [[nodiscard]] bool is_stuck() const noexcept { return stuck_; }

private:
    [[nodiscard]] bool may_have_threads() const noexcept {
        return threaded_.any() || unknown_.any() || silent_threads_;
    }
    static constexpr std::size_t numbers = 2 * most_requests;
    using numbers_set = std::bitset<numbers>;

    [[nodiscard]] bool chooses_in_flight() const;
    [[nodiscard]] bool waits_on(place where) const;
    [[nodiscard]] std::size_t in_flight(abi::opcode code) const;
    [[nodiscard]] bool thread_waits_with(place on) const;
    [[nodiscard]] bool may_find_no_buffer(action const& a) const;
    [[nodiscard]] bool is_about(std::size_t number) const;
    [[nodiscard]] bool may_keep_length(action const& a, step const& with);
    [[nodiscard]] bool goes_on_with_another(action const& a) const;
    [[nodiscard]] bool fills_slots_in_flight() const;
    [[nodiscard]] bool competes(action const& a, step const& with);
    void expect(step const& s);
    void be_sure_from(std::size_t number);
    void submit();
    void take(abi::cqe const& c);
    void distort(abi::cqe const& c);
    void keep(abi::cqe c);
    void keep_descriptor(note& n, action const* a);
    [[nodiscard]] std::uint64_t facts_of(int fd) const;
    [[nodiscard]] std::string describe_slot(std::uint32_t slot);
    long ask(abi::sqe const& e);

    program const& program_;
    surroundings around_;
    distortion wrong_;
    std::uint32_t seen_ = 0;        // completions, for the distortion
    std::vector<abi::sqe> entries_; // of the last submission
    std::vector<abi::cqe> fresh_;
    std::vector<note> news_;
    std::vector<long> answers_;
    std::vector<std::pair<std::uint64_t, int>> made_; // since the last accept_news
    std::array<action const*, most_requests> actions_{};
    std::array<std::uint16_t, numbers> chains_{};
    std::array<std::uint16_t, most_requests> next_{}; // in its chain; 0: it is the last
    numbers_set expected_, sure_, threaded_, makes_;
    numbers_set ends_;                  // by itself, once it has started
    numbers_set in_thread_;             // all that some thread may do, told or not
    numbers_set corked_;                // whose notification comes whenever more is sent
    numbers_set unknown_;               // used on what may be a file, so that a thread may be at it
    numbers_set pieced_;                // takes from the group of pieces
    numbers_set fills_;                 // a slot
    numbers_set near_threads_;          // submitted while threads may have been at work
    std::bitset<places> silent_places_; // used by what may go on without a word
    std::array<int, most_requests> closing_{};
    std::chrono::steady_clock::time_point submitted_; // the last step
    std::uint64_t renamed_ = 0;                       // ended under another number
    bool silent_threads_ = false, silent_guards_ = false;
    bool threaded_at_end_ = false; // when everything was cancelled last
    bool stuck_ = false;
};

} // namespace fuzz
