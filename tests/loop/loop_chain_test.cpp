// SPDX-License-Identifier: MIT
// Loops: chains, whose parts are completions of their own, zero-copy sends and streams.
#include "loop_fixture.hpp"

#include <support/pipe_pair.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <random>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace rondo::test {
namespace {

using testing::explore;
using testing::findings;

/// Linked NOPs and reads of a pipe: the chain is the first part, and starts the others.
struct chain_functions {
    completion_functions functions, part_functions;
};
struct chain final : chain_functions, any_operation {
    struct part final : any_operation {
        part(loop& on, completion_functions const& f) : any_operation(on, f) {}
        void start() override {}
    };
    chain(loop& on, std::size_t size, int fd = -1)
        : chain_functions{{{&stop_it, "chain"},
                           &resume,
                           &fill,
                           &take_more,
                           static_cast<std::uint32_t>(size)},
                          {{&stop_it, "part"}, &resume, &fill, &take_more}},
          any_operation(on, chain_functions::functions), fd_(fd) {
        for (std::size_t i = 1; i < size; ++i)
            parts.push_back(std::make_unique<part>(on, part_functions));
    }
    void start() override {
        ++starts;
        where->start(*this);
    }
    bool is_over() const {
        for (auto const& p : parts)
            if (!p->is_idle())
                return false;
        return is_idle();
    }
    static void resume(work& w) noexcept { self_of(w).ran(); }
    static void fill(completion& c, submission_queue& to) noexcept {
        auto& self = static_cast<chain&>(c);
        std::size_t const n = self.parts.size();
        self.fill_one(to, self, n != 0);
        for (std::size_t i = 0; i < n; ++i) {
            ++self.parts[i]->starts;
            self.parts[i]->set_started();
            self.fill_one(to, *self.parts[i], i + 1 != n);
        }
    }
    void fill_one(submission_queue& to, completion& c, bool linked) {
        std::uint64_t const user_data = loop::user_data_of(c);
        abi::sqe& s = to.reserve();
        if (fd_ >= 0 && &c == this)
            op::fill(s, op::read{.fd = fd_, .into = std::span(&byte_, 1)}, user_data);
        else
            op::fill(s, op::nop{}, user_data);
        if (linked)
            s.flags |= raw(abi::sqe_flag::io_link);
    }

    std::vector<std::unique_ptr<part>> parts;

private:
    int fd_;
    char byte_ = 0;
};

class a_chain : public on_both {};
RONDO_LOOPS_ON_BOTH(a_chain);

void expect_all(chain const& c, int runs, std::int32_t result) {
    for (auto const& p : c.parts) {
        EXPECT_EQ(p->runs, runs);
        EXPECT_EQ(p->result, result);
    }
}

TEST_P(a_chain, runs_each_part_once) {
    loop l = make(4, 8);
    chain c(l, 4);
    c.start();
    EXPECT_EQ(l.in_flight(), 4u);
    l.run().or_throw("run");
    EXPECT_EQ(c.runs, 1);
    expect_all(c, 1, 0);
    EXPECT_EQ(l.statistics().completed, 4u);
}

TEST_P(a_chain, is_never_split_where_the_queue_is_nearly_full) {
    for (bool const grows : {false, true}) {
        loop l = make(4, 4, grows);
        pipe_pair const p;
        std::vector<std::unique_ptr<chain>> all;
        std::vector<std::unique_ptr<operation<op::nop>>> between;
        for (int i = 0; i < 60; ++i) {
            all.push_back(std::make_unique<chain>(l, 1 + static_cast<std::size_t>(i % 4)));
            all.back()->start();
            between.push_back(std::make_unique<operation<op::nop>>(l, op::nop{}));
            between.back()->start();
        }
        l.run().or_throw("run");
        for (auto const& c : all) {
            EXPECT_EQ(c->runs, 1);
            expect_all(*c, 1, 0);
        }
        for (auto const& n : between)
            EXPECT_EQ(n->runs, 1);
    }
}

TEST_P(a_chain, that_no_queue_can_hold_is_refused) {
    loop l = make(4, 8, false);
    chain c(l, 5);
    c.start();
    EXPECT_EQ(c.runs, 0);
    l.run().or_throw("run");
    EXPECT_EQ(c.runs, 1);
    EXPECT_EQ(c.result, -EINVAL);
    EXPECT_TRUE(c.had_not_started);
    expect_all(c, 0, 0);
    EXPECT_EQ(l.in_flight(), 0u);
    EXPECT_EQ(l.statistics().started, 0u);
    c.start(); // and again
    c.cancel();
    l.run().or_throw("run");
    EXPECT_EQ(c.result, -EINVAL);
}

TEST_P(a_chain, has_the_queues_grow_until_they_hold_it) {
    loop l = make(1, 2);
    if (GetParam() != engine::kernel ||
        l.features().supports(abi::register_op::resize_rings) != support::yes)
        GTEST_SKIP() << "queues of this engine have one size";
    chain c(l, 20);
    c.start();
    l.run().or_throw("run");
    EXPECT_EQ(c.result, 0);
    expect_all(c, 1, 0);
}

TEST_P(a_chain, that_may_not_be_in_flight_as_a_whole_is_refused) {
    loop_options options{};
    options.most_in_flight = 3;
    loop l = make(options);
    chain c(l, 4), fits(l, 3);
    c.start();
    fits.start();
    l.run().or_throw("run");
    EXPECT_EQ(c.result, -EINVAL);
    EXPECT_EQ(fits.result, 0);
    expect_all(fits, 1, 0);
}

TEST_P(a_chain, cancelled_while_it_waits_never_starts) {
    pipe_pair const p;
    loop l = make(4, 4, false);
    chain first(l, 4, p.out.get()), second(l, 3);
    first.start();
    second.start();
    static_cast<void>(l.run_ready().or_throw("run_ready"));
    second.cancel();
    static_cast<void>(l.run_ready().or_throw("run_ready"));
    EXPECT_EQ(second.runs, 1);
    EXPECT_EQ(second.result, -ECANCELED);
    EXPECT_TRUE(second.had_not_started);
    expect_all(second, 0, 0);
    first.cancel();
    l.run().or_throw("run");
    EXPECT_EQ(first.result, -ECANCELED);
    expect_all(first, 1, -ECANCELED);
    for (auto const& part : first.parts)
        EXPECT_FALSE(part->was_stopped); // only the head was; they are broken links
}

TEST(chains_and_cancels, lose_nothing) {
    findings const found = explore({.how = chances::hostile()}, 1'000, [](simulation& s) {
        std::mt19937_64 dice(s.seed());
        loop_options options{.grows = dice() % 2 == 0};
        options.ring.entries = 1u << dice() % 3;
        loop l = loop_of(s, options);
        auto const pipe = s.pipe().or_throw("pipe");
        std::vector<std::unique_ptr<chain>> all;
        called_timer t([&] {
            for (auto const& c : all) {
                c->cancel();
                for (auto const& p : c->parts)
                    p->cancel();
            }
        });
        for (std::size_t i = 0; i < 1 + dice() % 8; ++i) {
            all.push_back(
                std::make_unique<chain>(l, 1 + dice() % 5, dice() % 2 ? pipe.first.get() : -1));
            all.back()->start();
            if (dice() % 4 == 0)
                all[dice() % all.size()]->cancel();
        }
        l.timers().arm(t, l.now() + 1'000'000);
        l.run().or_throw("run");
        for (auto const& c : all) {
            bool fine = c->is_over() && c->runs == 1;
            for (auto const& p : c->parts)
                fine = fine && p->runs == p->starts && p->runs == (c->had_not_started ? 0 : 1);
            if (!fine)
                throw std::runtime_error("a part was lost");
        }
        return l.in_flight() == 0;
    });
    EXPECT_TRUE(found) << found.text();
}

class a_zero_copy_send : public on_both {};
RONDO_LOOPS_ON_BOTH(a_zero_copy_send);

/// A connection over 127.0.0.1: here and there.
std::pair<unique_fd, unique_fd> connection() {
    unique_fd const listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ::sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::socklen_t size = sizeof at;
    auto* const address = reinterpret_cast<::sockaddr*>(&at);
    unique_fd here(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::bind(listener.get(), address, size) != 0 || ::listen(listener.get(), 1) != 0 ||
        ::getsockname(listener.get(), address, &size) != 0 ||
        ::connect(here.get(), address, size) != 0)
        throw std::runtime_error("no connection");
    unique_fd there(::accept(listener.get(), nullptr, nullptr));
    return {std::move(here), std::move(there)};
}

TEST_P(a_zero_copy_send, runs_once_with_the_result_of_its_first_completion) {
    for (std::uint32_t const cq : {2u, 16u}) {
        loop l = make(2, cq);
        auto const [here, there] = connection();
        std::string const bytes(1'000, 'z');
        std::vector<std::unique_ptr<operation<op::send_zc<>>>> all;
        for (int i = 0; i < 20; ++i) {
            all.push_back(std::make_unique<operation<op::send_zc<>>>(
                l, op::send_zc{.fd = here, .from = bytes}));
            all.back()->start();
        }
        std::string got(20'000, ' ');
        operation<op::recv<>> r(l, op::recv{.fd = there, .into = got, .flags = MSG_WAITALL});
        r.start();
        l.run().or_throw("run");
        EXPECT_EQ(r.result, 20'000);
        for (auto const& one : all) {
            EXPECT_EQ(one->runs, 1);
            EXPECT_EQ(one->result, 1'000);
            EXPECT_LE(one->more.size(), 1u);
        }
        EXPECT_EQ(l.in_flight(), 0u);
        EXPECT_EQ(l.statistics().started, l.statistics().completed);
    }
}

TEST(a_stream, gives_every_completion_in_order) {
    findings const found = explore({}, 500, [](simulation& s) {
        loop_options options{.grows = false};
        options.ring.entries = options.ring.cq_entries = 1u << s.seed() % 3;
        loop l = loop_of(s, options);
        operation<op::timeout_stream<>> t(
            l,
            op::timeout_stream{.every = op::moment(std::chrono::milliseconds(1)), .repeats = 10});
        std::size_t told = 0;
        t.then = [&] {
            told = t.more.size() + (t.result == -ETIME ? 1 : 0);
            if (t.result != -ETIME && t.result != -ECANCELED)
                throw std::runtime_error("a strange end");
        };
        t.start();
        l.run().or_throw("run");
        for (std::int32_t const m : t.more)
            if (m != -ETIME)
                return false;
        return t.runs == 1 && told >= 1 && told <= 10 && l.in_flight() == 0;
    });
    EXPECT_TRUE(found) << found.text();
}

} // namespace
} // namespace rondo::test
