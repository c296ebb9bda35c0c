// SPDX-License-Identifier: MIT
// Loops on simulated kernels: programs by chance, thousands of seeds. After each nothing is in
// flight, and every operation ran exactly as often as it was started.
#include <rondo/loop/orphan.hpp>
#include "loop_fixture.hpp"

#include <array>
#include <fcntl.h>
#include <poll.h>
#include <random>
#include <stdexcept>
#include <string>
#include <sys/socket.h>

namespace rondo::test {
namespace {

using testing::explore;
using testing::findings;

void require(bool what, char const* text) {
    if (!what)
        throw std::runtime_error(text);
}

/// One program.
class storm {
public:
    explicit storm(simulation& s, std::uint32_t entries, std::uint32_t cq, bool driven)
        : s_(s), dice_(s.seed() * 7 + entries), driven_(driven), loop_(make(s, entries, cq)),
          pipe_(s.pipe().or_throw("pipe")),
          sockets_(s.socket_pair(SOCK_STREAM).or_throw("sockets")) {}

    void run(int count) {
        for (int i = 0; i < count; ++i)
            add();
        called_timer end([this] { stop_all(); });
        loop_.timers().arm(end, loop_.now() + 5'000'000);
        go_on();
        loop_.timers().disarm(end);
        check();
    }

private:
    loop make(simulation& s, std::uint32_t entries, std::uint32_t cq) {
        loop_options options{};
        options.ring.entries = entries;
        options.ring.cq_entries = cq;
        options.grows = dice(2) == 0;
        options.most_in_flight = dice(3) == 0 ? dice(5) + 1 : 0;
        if (dice(4) == 0) {
            traced_ = true;
            options.trace_argument = this;
            options.trace = [](void* self, loop_event const& e) {
                ++static_cast<storm*>(self)->told_[static_cast<std::size_t>(e.what)];
            };
        }
        return loop_of(s, options);
    }
    std::uint32_t dice(std::uint32_t n) { return static_cast<std::uint32_t>(dice_() % n); }

    template <class Op>
    void keep(Op const& o) {
        operations_.push_back(std::make_unique<operation<Op>>(loop_, o));
        any_operation& made = *operations_.back();
        made.then = [this, &made] { went_on(made); };
        made.start();
    }
    void add() {
        static constexpr std::string_view text = "0123456789abcdef";
        auto const at = std::chrono::microseconds(dice(3'000));
        switch (dice(11)) {
        case 0: return keep(op::nop{});
        case 1: return keep(op::timeout{.when = op::moment(at)});
        case 2:
        case 3: return keep(op::read{.fd = pipe_.first, .into = std::span(into_).first(3)});
        case 4:
        case 5: return keep(op::write{.fd = pipe_.second, .from = text.substr(0, 3)});
        case 6: return keep(op::poll_stream{.fd = pipe_.first, .events = POLLIN});
        case 7: return keep(op::recv{.fd = sockets_.first, .into = std::span(into_).first(5)});
        case 8: return keep(op::send{.fd = sockets_.second, .from = text, .flags = MSG_DONTWAIT});
        case 9: return keep(op::async(op::read{.fd = sockets_.first, .into = std::span(into_)}));
        default: return keep(op::poll{.fd = sockets_.first, .events = POLLIN});
        }
    }
    /// What follows an operation.
    void went_on(any_operation& o) {
        require(o.runs == o.starts, "an operation ran more often than it was started");
        if (ending_)
            return;
        switch (dice(8)) {
        case 0: o.start(); break;
        case 1: add(); break;
        case 2: some().cancel(); break;
        case 3:
            some().cancel();
            some().cancel();
            break;
        case 4: set_timer(); break;
        case 5: post(); break;
        case 6: give_away(); break;
        default: break;
        }
    }
    any_operation& some() {
        return *operations_[dice(static_cast<std::uint32_t>(operations_.size()))];
    }
    void set_timer() {
        timers_.push_back(std::make_unique<called_timer>([this] {
            ++expired_;
            if (!ending_ && dice(2) == 0)
                some().cancel();
            else if (!ending_)
                add();
        }));
        loop_.timers().arm(*timers_.back(), loop_.now() + dice(2'000'000));
    }
    void post() {
        items_.push_back(std::make_unique<posted_item>([this] {
            ++items_run_;
            if (!ending_)
                add();
        }));
        require(loop_.inbox().post(*items_.back()), "post");
    }
    void give_away() {
        ++orphans_;
        auto bytes = std::make_unique<std::array<char, 16>>();
        std::span const into(*bytes);
        op::recv const receive{.fd = sockets_.first, .into = into};
        op::timeout const wait{.when = op::moment(std::chrono::milliseconds(1))};
        auto const given =
            dice(2) == 0 ? loop_.orphan(receive, std::move(bytes)) : loop_.orphan(wait);
        require(given.has_value(), "orphan");
    }
    void stop_all() {
        ending_ = true;
        for (auto const& o : operations_)
            o->cancel();
        // Whoever reads there, an orphan too, comes to an end.
        sockets_.second.reset();
    }
    bool is_over() const {
        for (auto const& o : operations_)
            if (!o->is_idle())
                return false;
        for (auto const& t : timers_)
            if (t->is_armed())
                return false;
        return ending_ && items_run_ == items_.size();
    }
    void go_on() {
        int const turns = driven_ ? 200'000 : 0;
        for (int i = 0; i < turns && !is_over(); ++i) {
            auto const ran = loop_.run_ready().or_throw("run_ready");
            if (!ran)
                s_.pass(dice(20'000));
        }
        if (!driven_)
            loop_.run().or_throw("run");
        require(is_over(), "the loop stopped before all was over");
    }
    void check() {
        if (!driven_)
            require(loop_.statistics().started == loop_.statistics().completed, "lost in flight");
        require(loop_.in_flight() == 0, "something is in flight");
        std::uint64_t runs = orphans_;
        for (auto const& o : operations_) {
            require(o->runs == o->starts, "an operation was lost");
            runs += static_cast<std::uint64_t>(o->runs);
        }
        require(items_run_ == items_.size() && expired_ == timers_.size(), "a timer or item lost");
        using enum loop_event::kind;
        if (traced_ && !driven_) { // of a driven loop, orphans may still be on their way
            require(told(started) == loop_.statistics().started, "untold starts");
            require(told(completed) == runs + told(restarted), "untold completions");
        }
    }

    std::uint64_t told(loop_event::kind what) const {
        return told_[static_cast<std::size_t>(what)];
    }

    simulation& s_;
    std::mt19937_64 dice_;
    bool driven_;
    bool traced_ = false;
    std::array<std::uint64_t, 5> told_{};
    loop loop_;
    std::pair<unique_fd, unique_fd> pipe_, sockets_;
    std::array<char, 16> into_{};
    std::vector<std::unique_ptr<any_operation>> operations_;
    std::vector<std::unique_ptr<called_timer>> timers_;
    std::vector<std::unique_ptr<posted_item>> items_;
    std::size_t items_run_ = 0, expired_ = 0, orphans_ = 0;
    bool ending_ = false;
};

struct way {
    char const* name;
    chances how;
    std::uint32_t entries, cq;
    bool driven;
    std::uint32_t first_index = 0;
};

class a_loop_in_a_storm : public ::testing::TestWithParam<way> {};

TEST_P(a_loop_in_a_storm, loses_nothing) {
    way const& w = GetParam();
    findings const found =
        explore({.how = w.how, .first_index = w.first_index}, 600, [&](simulation& s) {
            storm(s, w.entries, w.cq, w.driven).run(static_cast<int>(s.seed() % 40) + 1);
            return true;
        });
    EXPECT_TRUE(found) << found.text();
}

constexpr chances hostile = chances::hostile();
INSTANTIATE_TEST_SUITE_P(seeds, a_loop_in_a_storm,
                         ::testing::Values(way{"smallest", {}, 1, 1, false},
                                           way{"smallest_hostile", hostile, 1, 1, false},
                                           way{"smallest_driven", hostile, 1, 2, true},
                                           way{"two", {}, 2, 2, false, 0x7fff'ffff},
                                           way{"two_hostile", hostile, 2, 2, false, 0xffff'fffa},
                                           way{"four_hostile", hostile, 4, 4, false, 0x7fff'fff0},
                                           way{"four_driven", {}, 4, 8, true, 0x7ffd'fff0},
                                           way{"large_hostile", hostile, 128, 0, false},
                                           way{"large_at_sign", hostile, 128, 0, false,
                                               0x7fff'ffc0},
                                           way{"large_at_end", {}, 128, 0, false, 0xffff'ff80}),
                         [](auto const& of) { return of.param.name; });

} // namespace
} // namespace rondo::test
