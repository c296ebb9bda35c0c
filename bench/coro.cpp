// SPDX-License-Identifier: MIT
// What coroutines cost: a co_await by instructions and by time against the raw ring and against
// Asio, tasks in a scope, timers, and posts from other threads. With the calls of operator new.
#include "coro/allocations.hpp"
#include "coro/asio.hpp"
#include "coro/channels.hpp"
#include "coro/instructions.hpp"
#include "coro/ours.hpp"
#include "coro/sides.hpp"
#include "support/data_file.hpp"
#include "support/program.hpp"
#include "support/report.hpp"
#include "support/sample.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace bench::coro;

constexpr int pairs = 9;

/// Millions of operations in a second of CPU time, over about 0.2 s.
template <class Side>
double throughput(Side& side, kind what, desk const& d) {
    constexpr std::uint64_t rounds = 256;
    std::uint64_t operations = 0;
    double const begin = bench::cpu_seconds();
    double elapsed = 0;
    do {
        side.run(what, d, rounds);
        operations += rounds * width;
        elapsed = bench::cpu_seconds() - begin;
    } while (elapsed < 0.2);
    return static_cast<double>(operations) / elapsed / 1e6;
}

char const* name_of(kind what) { return what == kind::nop ? "nop" : "read"; }

void report_throughput(bench::report& out, desk const& d) {
    task_side tasks;
    ring_side ring;
    asio_side asio;
    for (kind const what : {kind::nop, kind::read}) {
        std::string const name = fmt::format("{} x{} throughput", name_of(what), width);
        auto const ours = [&] { return throughput(tasks, what, d); };
        bench::comparison c =
            bench::alternate(pairs, ours, [&] { return throughput(ring, what, d); });
        out.add({name,
                 c.ours,
                 c.peer,
                 "our ring",
                 "Mop/CPU-s",
                 c.ratio,
                 c.spread,
                 {bench::least_ratio(0.97)}});
        c = bench::alternate(pairs, ours, [&] { return throughput(asio, what, d); });
        out.add({name, c.ours, c.peer, what == kind::nop ? "Asio post" : "Asio", "Mop/CPU-s",
                 c.ratio, c.spread});
    }
}

/// Of `count` things that `measured` does; what a first time needs once is left out.
double allocations_per(std::size_t count, auto const& measured) {
    measured();
    std::uint64_t const before = allocations();
    measured();
    return static_cast<double>(allocations() - before) / static_cast<double>(count);
}

void report_allocations(bench::report& out, desk const& d) {
    constexpr std::uint64_t rounds = 1000;
    constexpr std::size_t tasks_spawned = 100'000;
    task_side tasks;
    constexpr double mark = 0.01; // of less it is the start that shows
    // No peer: Asio has its own memory from malloc.
    auto const add = [&](std::string name, double ours) {
        bench::line l{
            std::move(name), ours, mark, "mark", "new/op", mark / std::max(ours, mark), 0};
        l.marks.push_back(bench::most_ours(mark));
        out.add(l);
    };
    for (kind const what : {kind::nop, kind::read})
        add(fmt::format("{} x{} allocations", name_of(what), width),
            allocations_per(rounds * width, [&] { tasks.run(what, d, rounds); }));
    add("spawn allocations", allocations_per(tasks_spawned, [] {
            static_cast<void>(spawn_seconds(tasks_spawned, false));
        }));
}

/// A line of nanoseconds for each of `count`, from seconds.
void add_nanoseconds(bench::report& out, std::string name, std::size_t count, char const* peer_name,
                     char const* unit, bench::comparison const& c, std::vector<bench::mark> marks) {
    double const scale = 1e9 / static_cast<double>(count);
    out.add({std::move(name), c.ours * scale, c.peer * scale, peer_name, unit, 1 / c.ratio,
             c.spread, std::move(marks)});
}

void report_spawns(bench::report& out) {
    constexpr std::size_t count = 1'000'000;
    asio_side asio;
    auto const peer = [&] {
        double const begin = bench::cpu_seconds();
        asio.spawn(count);
        return bench::cpu_seconds() - begin;
    };
    add_nanoseconds(out, "spawn and join 1M tasks", count, "Asio", "CPU-ns/task",
                    bench::alternate(
                        3, [] { return spawn_seconds(count, false); }, peer),
                    {bench::most_ours(100)}); // 10 M/s
    add_nanoseconds(out, "spawn and join 1M that wait", count, "Asio", "CPU-ns/task",
                    bench::alternate(3, [] { return spawn_seconds(count, true); }, peer), {});
}

void report_timers(bench::report& out) {
    constexpr std::size_t count = 100'000;
    constexpr std::size_t batches = 20;
    asio_side asio;
    auto const peer = [&](bool cancels) {
        timer_seconds s{};
        asio.timers(count, s.insertion, s.cancel);
        return cancels ? s.cancel : s.insertion;
    };
    add_nanoseconds(
        out, "100k timers insertion", count, "Asio", "CPU-ns",
        bench::alternate(
            5, [] { return arm_and_disarm(count).insertion; }, [&] { return peer(false); }),
        {bench::most_ours(100)});
    add_nanoseconds(out, "100k timers cancel", count, "Asio", "CPU-ns",
                    bench::alternate(
                        5, [] { return arm_and_disarm(count).cancel; }, [&] { return peer(true); }),
                    {bench::most_ours(100)});
    double const enters = enters_per_expiry(count, batches);
    constexpr double mark = 1;
    bench::line l{"100k sleepers expire", enters, mark, "mark", "enters/batch", mark / enters, 0};
    l.marks.push_back(bench::most_ours(mark));
    out.add(l);
}

void report_posts(bench::report& out) {
    constexpr std::size_t batch = 1000;
    constexpr std::size_t batches = 500;
    auto const timed = [](auto const& what) {
        double const begin = bench::wall_seconds();
        what();
        return bench::wall_seconds() - begin;
    };
    asio_side asio;
    add_nanoseconds(out, "posts in batches of 1000", batch * batches, "Asio", "ns/post",
                    bench::alternate(
                        5, [&] { return timed([] { post(batches, batch); }); },
                        [&] { return timed([&] { asio.post(batches, batch); }); }),
                    {bench::most_ours(200)}); // 5 M/s
    constexpr std::size_t rounds = 10'000;
    add_nanoseconds(
        out, "wake-up of an idle loop", 2 * rounds, "eventfd", "ns",
        bench::alternate(
            5, [] { return inbox_ping_pong(rounds); }, [] { return eventfd_ping_pong(rounds); }),
        {bench::least_ratio(1 / 1.2)});
}

void report_channels(bench::report& out) {
    constexpr std::uint64_t count = 200'000;
    auto const timed = [](double (*seconds)(), auto const& what, std::size_t capacity) {
        double const begin = seconds();
        what(capacity, count);
        return seconds() - begin;
    };
    for (std::size_t const capacity : {std::size_t{64}, std::size_t{0}})
        add_nanoseconds(
            out, fmt::format("channel of {}", capacity), count, "Asio", "CPU-ns/value",
            bench::alternate(
                5, [&] { return timed(bench::cpu_seconds, pass_through_channel, capacity); },
                [&] { return timed(bench::cpu_seconds, pass_through_asio, capacity); }),
            {bench::least_ratio(2)});
    constexpr std::size_t capacity = 64;
    auto const ours = [&] { return timed(bench::wall_seconds, pass_between_loops, capacity); };
    add_nanoseconds(
        out, "channel of 64 between threads", count, "Asio", "ns/value",
        bench::alternate(
            5, ours, [&] { return timed(bench::wall_seconds, pass_between_contexts, capacity); }),
        {});
    add_nanoseconds(
        out, "channel of 64 between threads", count, "mutex+cv", "ns/value",
        bench::alternate(
            5, ours, [&] { return timed(bench::wall_seconds, pass_between_threads, capacity); }),
        {});
    double const bytes = bytes_per_receiver(100'000);
    constexpr double mark = 400;
    bench::line l{"100k idle receivers", bytes, mark, "mark", "bytes each", mark / bytes, 0};
    l.marks.push_back(bench::most_ours(mark));
    out.add(l);
}

} // namespace

int main(int argc, char** argv) {
    return bench::run(argc, argv, "coroutines: rondo, its own ring, and Asio",
                      [](bench::options const& options) {
                          bench::report out(options.json);
                          report_instructions(out);
                          bench::data_file const file(1);
                          bench::warm(file.fd());
                          desk const d{.fd = file.fd()};
                          report_throughput(out, d);
                          report_allocations(out, d);
                          report_spawns(out);
                          report_timers(out);
                          report_posts(out);
                          report_channels(out);
                      });
}
