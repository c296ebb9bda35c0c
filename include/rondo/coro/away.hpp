// SPDX-License-Identifier: MIT
#pragma once

// away_strand: what on() and resume_on() have in common, a strand that runs on another loop than
// the one from which it may be asked to stop, and where somebody waits for its end. Says which
// thread.

#include <rondo/core/word_lock.hpp>
#include <rondo/coro/strand.hpp>
#include <rondo/loop/inbox.hpp>
#include <rondo/loop/loop.hpp>

namespace rondo::detail {

/// See the top of this file. Pinned; lives until back(). The loops that the strand runs on need
/// not outlive its stay there: what home sends is posted under the lock, which the strand takes
/// before it is over or leaves. Steps of tests/model/away.pml.
class away_strand {
public:
    away_strand(away_strand const&) = delete;
    away_strand& operator=(away_strand const&) = delete;

    /// Asks the strand to stop. Home's thread, or the strand's.
    void ask() noexcept;

protected:
    away_strand(loop& home, loop& where) noexcept : home_(home), where_(&where) {
        home.traveller_left();
    }
    ~away_strand() { home_.traveller_came(); }

    [[nodiscard]] loop& home() const noexcept { return home_; }
    /// The strand's thread, after a message: it is there.
    void came() noexcept {
        if (where_ != &home_)
            where_->guest_came();
    }
    /// The strand's thread: it is over. Then this may be gone.
    void end() noexcept;
    enum class leaving {
        left,    ///< the strand is its new loop's, which is to be told by a message
        stays,   ///< it is to stop
        held_up, ///< by a message that is on its way here; then leave() is called
    };
    /// The strand's thread.
    [[nodiscard]] leaving leave_for(loop& to, strand& what) noexcept;

private:
    struct message : inbox_item {
        message(run_function how, away_strand& whose) noexcept : inbox_item(how), owner(whose) {}
        away_strand& owner;
    };
    template <void (away_strand::*How)() noexcept>
    static void receive(inbox_item& m) noexcept {
        (static_cast<message&>(m).owner.*How)();
    }
    void left() noexcept {
        if (where_ != &home_)
            where_->guest_left();
    }
    void stop_arrived() noexcept;
    void end_arrived() noexcept { back(); }
    void tell_home() noexcept;

    /// The strand's thread: has it stop there.
    virtual void reach() noexcept = 0;
    /// The strand's thread: what held it up is there.
    virtual void leave() noexcept {}
    /// Home's thread: it is over. May destroy this.
    virtual void back() noexcept = 0;

    loop& home_;
    word_lock lock_;
    loop* where_;        // under the lock, as are the next three; the strand's thread reads it
    bool asked_ = false; // home sent a stop, or had no need to
    bool stop_is_out_ = false; // and it is yet to arrive
    bool over_ = false;
    bool held_up_ = false; // the strand's thread's
    message stop_{&receive<&away_strand::stop_arrived>, *this};
    message end_{&receive<&away_strand::end_arrived>, *this};
};

} // namespace rondo::detail
