// SPDX-License-Identifier: MIT
// Eight threads, a ring of eight entries, operations of all kinds, tickets that change hands, and
// every result checked. RONDO_STRESS_OPERATIONS says how many; by default it is a matter of
// seconds.
#include "shared_test.hpp"

#include <support/temporary_directory.hpp>

#include <rondo/core/annotate.hpp>
#include <rondo/op/all.hpp>

#include <fcntl.h>

#include <cstdlib>
#include <mutex>
#include <random>

namespace rondo {
namespace {

using namespace test;

constexpr std::size_t threads = 8;
constexpr std::uint32_t blocks = 64;
using block = std::array<std::uint32_t, 64>;

[[nodiscard]] std::uint64_t operations_wanted() {
    if (char const* const told = std::getenv("RONDO_STRESS_OPERATIONS"))
        return std::strtoull(told, nullptr, 10);
#if defined(RONDO_TSAN) || defined(RONDO_ASAN)
    return 15'000;
#else
    return is_emulated() ? 100'000 : 500'000;
#endif
}

/// Tickets on their way from one thread to another.
class mailbox {
public:
    struct letter {
        std::int32_t number;
        ticket<op::nop> later;
    };
    void put(letter const& l) {
        std::lock_guard const held(guard_);
        letters_.push_back(l);
    }
    [[nodiscard]] std::optional<letter> take() {
        std::lock_guard const held(guard_);
        if (letters_.empty())
            return {};
        letter const out = letters_.back();
        letters_.pop_back();
        return out;
    }

private:
    std::mutex guard_;
    std::vector<letter> letters_;
};

struct world {
    shared_ring& shared;
    unique_fd const& file;
    mailbox& mail;
    std::atomic<std::uint64_t> done{0};
};

/// One of the threads. Each call does one thing and checks it.
class worker {
public:
    worker(world& in, std::size_t index)
        : in_(in), shared_(in.shared), dice_(static_cast<std::uint32_t>(index + 1)) {}

    void one_thing() {
        switch (dice_() % 12) {
        case 0: run_nop(); break;
        case 1: send_letter(); break;
        case 2: open_letter(); break;
        case 3: keep_ticket(); break;
        case 4: wait_for_kept(); break;
        case 5: through_the_pipe(); break;
        case 6: read_file(); break;
        case 7: time_out(); break;
        case 8: poll_pipe(); break;
        case 9: cancel_read(); break;
        case 10: run_chain(); break;
        default: commit_batch(); break;
        }
    }
    void finish() {
        while (!kept_.empty())
            wait_for_kept();
    }

private:
    [[nodiscard]] std::int32_t number() { return static_cast<std::int32_t>(dice_() % 100'000); }
    void count(std::uint64_t n) { in_.done += n; }

    void run_nop() {
        auto const n = number();
        EXPECT_TRUE(holds(shared_.run(numbered_nop(n)), n));
        count(1);
    }
    void send_letter() {
        auto const n = number();
        in_.mail.put({n, shared_.submit(numbered_nop(n)).or_throw("submit")});
    }
    void open_letter() {
        if (auto const letter = in_.mail.take()) {
            EXPECT_TRUE(holds(shared_.wait(letter->later), letter->number));
            EXPECT_TRUE(fails(shared_.wait(letter->later), ESTALE));
            count(1);
        }
    }
    void keep_ticket() {
        auto const n = number();
        kept_.push_back({n, shared_.submit(numbered_nop(n)).or_throw("submit")});
        if (kept_.size() > 32)
            wait_for_kept();
    }
    void wait_for_kept() {
        if (kept_.empty())
            return;
        std::swap(kept_[dice_() % kept_.size()], kept_.back());
        auto const letter = kept_.back();
        kept_.pop_back();
        static_cast<void>(shared_.poll(letter.later));
        EXPECT_TRUE(holds(shared_.wait(letter.later), letter.number));
        count(1);
    }
    void through_the_pipe() {
        std::array<char, 1> got{};
        char const sent = static_cast<char>('a' + dice_() % 26);
        auto const read = shared_.submit(op::read{pipe_.out, got}).or_throw("submit");
        EXPECT_TRUE(holds(shared_.run(op::write{pipe_.in, std::span<char const>(&sent, 1)}), 1u));
        EXPECT_TRUE(holds(shared_.wait(read), 1u));
        EXPECT_EQ(got[0], sent);
        count(2);
    }
    void read_file() {
        block mine{};
        std::uint32_t const which = static_cast<std::uint32_t>(dice_() % blocks);
        EXPECT_TRUE(holds(shared_.run(op::read{in_.file, std::as_writable_bytes(std::span(mine)),
                                               which * sizeof mine}),
                          sizeof mine));
        EXPECT_EQ(mine.front(), which);
        EXPECT_EQ(mine.back(), which);
        count(1);
    }
    void time_out() {
        auto const limit = std::chrono::microseconds(dice_() % 60);
        auto const start = std::chrono::steady_clock::now();
        if (dice_() % 2 == 0) {
            op::timeout const o{.when = limit};
            EXPECT_TRUE(holds(shared_.run(o), op::timeout_end::time));
        } else {
            std::array<char, 1> none{};
            EXPECT_TRUE(fails(shared_.run(op::read{empty_.out, none}, limit), ETIME));
        }
        EXPECT_GE(std::chrono::steady_clock::now() - start, limit);
        count(1);
    }
    void poll_pipe() {
        std::array<char, 1> byte{};
        auto const poll =
            shared_.submit(op::poll{.fd = pipe_.out, .events = POLLIN}).or_throw("submit");
        EXPECT_TRUE(holds(shared_.run(op::write{pipe_.in, bytes_of("x")}), 1u));
        EXPECT_TRUE(holds(shared_.wait(poll), std::uint32_t{POLLIN}));
        EXPECT_TRUE(holds(shared_.run(op::read{pipe_.out, byte}), 1u));
        count(3);
    }
    void cancel_read() {
        std::array<char, 1> none{};
        auto const read = shared_.submit(op::read{empty_.out, none}).or_throw("submit");
        if (dice_() % 2 == 0) {
            EXPECT_FALSE(shared_.poll(read));
        }
        EXPECT_TRUE(holds(shared_.cancel(read)));
        EXPECT_TRUE(fails(shared_.wait(read), ECANCELED));
        count(2);
    }
    void run_chain() {
        auto const n = number();
        if (dice_() % 2 == 0) {
            std::array<char, 1> byte{};
            auto const [wrote, read, nop] = shared_.run(op::link(
                op::write{pipe_.in, bytes_of("c")}, op::read{pipe_.out, byte}, numbered_nop(n)));
            EXPECT_TRUE(holds(wrote, 1u));
            EXPECT_TRUE(holds(read, 1u));
            EXPECT_TRUE(holds(nop, n));
            EXPECT_EQ(byte[0], 'c');
        } else {
            auto const [a, b, c] =
                shared_.run(op::link(numbered_nop(n), numbered_nop(-EDOM), op::nop{}));
            EXPECT_TRUE(holds(a, n));
            EXPECT_TRUE(fails(b, EDOM));
            EXPECT_TRUE(fails(c, ECANCELED));
        }
        count(3);
    }
    void commit_batch() {
        auto batch = shared_.reserve(8).or_throw("reserve");
        auto const n = number();
        std::vector<ticket<op::nop>> tickets;
        for (std::int32_t i = 0; i < static_cast<std::int32_t>(dice_() % 9); ++i)
            tickets.push_back(batch.add(numbered_nop(n + i)));
        if (dice_() % 4 == 0)
            return; // given up
        EXPECT_TRUE(holds(batch.commit()));
        for (std::size_t i = tickets.size(); i-- != 0;)
            EXPECT_TRUE(holds(shared_.wait(tickets[i]), n + static_cast<std::int32_t>(i)));
        count(tickets.size());
    }

    world& in_;
    shared_ring& shared_;
    pipe_pair pipe_, empty_;
    std::mt19937 dice_;
    std::vector<mailbox::letter> kept_;
};

void stress(shared_ring_options const& options) {
    temporary_directory const there;
    unique_fd const file(
        must(::open((there / "blocks").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), "open"));
    for (std::uint32_t i = 0; i < blocks; ++i) {
        block b{};
        b.fill(i);
        ASSERT_EQ(::pwrite(file.get(), b.data(), sizeof b, i * sizeof b),
                  static_cast<::ssize_t>(sizeof b));
    }
    shared_ring shared = make_shared(options);
    mailbox mail;
    world all{shared, file, mail};
    std::uint64_t const wanted = operations_wanted();
    on_threads(threads, [&](std::size_t t) {
        worker one(all, t);
        while (all.done < wanted && !::testing::Test::HasFailure())
            one.one_thing();
        one.finish();
    });
    while (auto const letter = mail.take())
        EXPECT_TRUE(holds(shared.wait(letter->later), letter->number));
    EXPECT_TRUE(holds(shared.run(op::nop{}), 0));
    EXPECT_TRUE(eventually([&] { // cancels have completions of their own
        EXPECT_TRUE(holds(shared.flush()));
        return shared.statistics().in_flight == 0;
    }));
    EXPECT_GE(shared.statistics().submitted, wanted);
    EXPECT_EQ(shared.statistics().dropped, 0u);
}

TEST(shared_stress, one_shard_of_eight_entries) { stress({.shards = 1, .entries = 8}); }

TEST(shared_stress, a_shard_per_cpu) { stress({.entries = 8}); }

TEST(shared_stress, a_queue_that_overflows) {
    stress({.shards = 1, .entries = 8, .cq_entries = 8});
}

TEST(shared_stress, submissions_that_are_gathered) {
    stress({.shards = 1, .entries = 8, .submit_delay_ns = 20'000});
}

} // namespace
} // namespace rondo
