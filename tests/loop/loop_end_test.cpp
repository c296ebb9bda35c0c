// SPDX-License-Identifier: MIT
// Loops: orphans, and how a loop ends.
#include <rondo/loop/orphan.hpp>
#include "loop_fixture.hpp"

#include <support/pipe_pair.hpp>
#include <support/other_kernel.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace rondo::test {
namespace {

using namespace std::chrono_literals;

/// Memory that tells when it is let go.
struct lent {
    explicit lent(int& alive) : alive_(&alive), bytes(std::make_unique<std::array<char, 8>>()) {
        ++*alive_;
    }
    lent(lent&& other) noexcept
        : alive_(std::exchange(other.alive_, nullptr)), bytes(std::move(other.bytes)) {}
    ~lent() {
        if (alive_ != nullptr)
            --*alive_;
    }

private:
    int* alive_;

public:
    std::unique_ptr<std::array<char, 8>> bytes;
};

class an_orphan : public on_both {
protected:
    pipe_pair p;
    int alive = 0;
    void give(loop& l) {
        lent buffer(alive);
        op::read const o{.fd = p.out, .into = std::span(*buffer.bytes)};
        l.orphan(o, std::move(buffer)).or_throw("orphan");
    }
};
RONDO_LOOPS_ON_BOTH(an_orphan);

TEST_P(an_orphan, keeps_its_memory_until_it_is_over) {
    loop l = make();
    give(l);
    EXPECT_EQ(l.in_flight(), 0u);
    static_cast<void>(l.run_ready().or_throw("run_ready"));
    EXPECT_EQ(alive, 1);
    p.write("x");
    l.run().or_throw("run"); // waits for orphans
    EXPECT_EQ(alive, 0);
    EXPECT_EQ(l.statistics().completed, 1u);
}

TEST_P(an_orphan, is_no_operation_in_flight_at_any_time) {
    loop l = make(2, 2, false);
    std::vector<std::uint64_t> seen;
    operation<op::nop> n(l, {});
    n.then = [&] { seen.push_back(l.in_flight()); };
    for (int i = 0; i < 5; ++i)
        l.orphan(op::nop{}).or_throw("orphan");
    n.start();
    EXPECT_EQ(l.in_flight(), 1u);
    for (int i = 0; i < 5; ++i)
        l.orphan(op::nop{}).or_throw("orphan");
    EXPECT_EQ(l.in_flight(), 1u);
    l.run().or_throw("run");
    EXPECT_EQ(seen, (std::vector<std::uint64_t>{0}));
    EXPECT_EQ(l.in_flight(), 0u);
}

TEST_P(an_orphan, lets_go_of_what_the_kernel_handed_over) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    unique_fd const a(ends[0]), b(ends[1]);
    loop l = make();
    int const next = ::dup(a.get()); // the lowest free number
    ::close(next);
    for (int i = 0; i < 20; ++i)
        l.orphan(op::openat<>{.path = "/dev/null", .flags = 0}).or_throw("orphan");
    l.run().or_throw("run");
    int const then = ::dup(a.get());
    ::close(then);
    EXPECT_EQ(then, next);
}

TEST_P(an_orphan, is_waited_for_at_the_end) {
    std::thread writer;
    {
        loop l = make(1, 2, false);
        for (int i = 0; i < 10; ++i)
            give(l);
        p.write("0123456789012345678901234567890123456789");
        writer = std::thread([&] {
            std::this_thread::sleep_for(20ms);
            for (int i = 0; i < 10; ++i)
                p.write("01234567");
        });
    }
    writer.join();
    EXPECT_EQ(alive, 0);
}

TEST_P(an_orphan, is_cancelled_after_a_second) {
    auto const begin = std::chrono::steady_clock::now();
    {
        loop l = make(1, 2, false);
        for (int i = 0; i < 10; ++i)
            give(l);
        static_cast<void>(l.run_ready().or_throw("run_ready"));
    }
    EXPECT_EQ(alive, 0);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 1s);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 8s);
}

TEST_P(an_orphan, may_be_made_by_work_at_the_end) {
    std::thread writer;
    std::optional<posted> w;
    std::optional<posted_item> i;
    {
        loop l = make();
        give(l);
        p.write("x");
        w.emplace([&] { give(l); });
        l.post(*w);
        i.emplace([&] { give(l); });
        ASSERT_TRUE(l.inbox().post(*i));
        writer = std::thread([&] {
            for (int n = 0; n < 2; ++n) {
                std::this_thread::sleep_for(20ms);
                p.write("01234567");
            }
        });
    }
    writer.join();
    EXPECT_EQ(alive, 0);
}

TEST(a_simulated_end, waits_a_second_of_its_own_clock_for_orphans) {
    auto s = simulation::create({.how = chances::calm()}).or_throw("simulation");
    auto const pipe = s.pipe().or_throw("pipe");
    std::int64_t begin = 0;
    int alive = 0;
    {
        loop l = loop_of(s);
        lent buffer(alive);
        op::read const o{.fd = pipe.first, .into = std::span(*buffer.bytes)};
        l.orphan(o, std::move(buffer)).or_throw("orphan");
        begin = s.now();
    }
    EXPECT_EQ(alive, 0);
    EXPECT_GE(s.now() - begin, 1'000'000'000);
    EXPECT_LT(s.now() - begin, 1'100'000'000);
}

TEST(a_simulated_end, loses_no_orphan_whatever_happens) {
    int alive = 0;
    auto const found =
        testing::explore({.how = chances::hostile()}, 1'000, [&alive](simulation& s) {
            auto const pipe = s.pipe().or_throw("pipe");
            std::optional<posted> more;
            {
                loop_options options{.grows = s.seed() % 2 == 0};
                options.ring.entries = options.ring.cq_entries = 1u << s.seed() % 3;
                loop l = loop_of(s, options);
                more.emplace(
                    [&] { l.orphan(op::timeout{.when = op::moment(2s)}).or_throw("orphan"); });
                for (std::uint64_t i = 0; i < s.seed() % 8 + 1; ++i) {
                    lent buffer(alive);
                    op::read const o{.fd = pipe.first, .into = std::span(*buffer.bytes)};
                    l.orphan(o, std::move(buffer)).or_throw("orphan");
                    l.orphan(op::timeout{.when = op::moment(std::chrono::milliseconds(i * 300))})
                        .or_throw("orphan");
                }
                l.post(*more);
                for (std::uint64_t i = 0; i < s.seed() % 3; ++i)
                    static_cast<void>(l.run_ready().or_throw("run_ready"));
            }
            return alive == 0;
        });
    EXPECT_TRUE(found) << found.text();
}

TEST(a_simulated_end, runs_what_ended_but_waits_for_the_answer_to_its_cancel) {
    auto const found = testing::explore({.how = chances::hostile()}, 1'000, [](simulation& s) {
        auto const pipe = s.pipe().or_throw("pipe");
        auto const other = s.pipe().or_throw("pipe");
        char into[8];
        std::optional<loop> l(loop_of(s));
        operation<op::read<>> r(*l, op::read{.fd = pipe.first, .into = into});
        r.start();
        static_cast<void>(l->run_ready().or_throw("run_ready"));
        r.cancel();
        while (l->in_flight() != 0)
            static_cast<void>(l->run_ready().or_throw("run_ready"));
        l.reset(); // its completion is in, whatever is not
        return r.is_idle() && r.runs == 1;
    });
    EXPECT_TRUE(found) << found.text();
}

TEST(a_loop_woken_by_an_eventfd, ends_with_a_wake_up_on_its_way) {
    other_kernel old;
    old.lack(abi::register_op::query);
    loop_options options{};
    options.ring.backend = &old;
    for (int i = 0; i < 50; ++i) {
        std::optional<loop> l(loop::create(options).or_throw("loop"));
        static_cast<void>(l->run_ready().or_throw("run_ready"));
        posted_item item([] {});
        std::thread([&] { EXPECT_TRUE(l->inbox().post(item)); }).join();
        l.reset(); // the read of the eventfd ends after all else
    }
}

} // namespace
} // namespace rondo::test
