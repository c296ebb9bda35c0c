// SPDX-License-Identifier: MIT
// What others suffered: memory that the kernel still has, and cancels.
#include <prevents/prevents.hpp>

#include <rondo/ring/sync_cancel.hpp>

#include <support/pipe_pair.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <poll.h>
#include <string>
#include <unistd.h>
#include <vector>

namespace rondo::test {
namespace {

template <op::operation Op>
void expect_no_write_after_the_deadline(Op reading, pipe_pair const& p, std::span<char> memory) {
    loop on = loop_here();
    auto const body = [&]() -> task<> {
        auto const n = co_await timeout(reading, 3ms);
        EXPECT_TRUE(!n && n.error() == ETIME);
        std::memset(memory.data(), '#', memory.size()); // the next owner's
        p.write("late");
        EXPECT_TRUE(co_await sleep_for(5ms));
    };
    sync_wait(on, body());
    EXPECT_TRUE(is_untouched(memory));
    EXPECT_EQ(unread(p.out.get()), 4);
}

// 1: a deadline that frees the buffer before the target's own completion
TEST(prevents, a_cancelled_read_writing_into_freed_memory) {
    pipe_pair const p;
    std::array<char, 64> memory{};
    op::read const reading{.fd = p.out, .into = memory};
    expect_no_write_after_the_deadline(reading, p, memory);
}

// 1: the same of a worker thread, which is inside the system call
TEST(prevents, a_cancelled_read_of_a_worker_writing_into_freed_memory) {
    pipe_pair const p;
    std::array<char, 64> memory{};
    op::read const reading{.fd = p.out, .into = memory};
    expect_no_write_after_the_deadline(op::async(reading), p, memory);
}

task<> write_slowly(simulation& s, int fd, std::string_view text) {
    for (std::size_t i = 0; i < text.size(); i += 2) {
        EXPECT_TRUE(co_await sleep_for(a_while(s, i)));
        op::write const two{.fd = fd, .from = text.substr(i, 2)};
        EXPECT_EQ(co_await two, 2u);
    }
}

// 1: a select() whose loser is dropped, with the bytes that it had already
TEST(prevents, the_loser_of_a_race_taking_bytes_with_it) {
    constexpr std::string_view text = "sixteen bytes of";
    findings const found = explore({}, 300, [&](simulation& s) {
        loop on = loop_on(s);
        auto const p = s.pipe().or_throw("pipe");
        std::string got;
        bool touched = false;
        auto const reader = [&]() -> task<> {
            for (std::uint64_t i = 0; got.size() < text.size() && i < 1'000; ++i) {
                std::array<char, 8> memory;
                memory.fill('#');
                op::read const reading{.fd = p.first, .into = memory};
                auto const over = co_await when_any(reading, sleep_for(a_while(s, 1'000 + i)));
                auto const& n = std::get<0>(over.results);
                if (n)
                    got.append(memory.data(), *n);
                touched = touched || (!n && !is_untouched(memory));
            }
        };
        auto const both = [&]() -> task<> {
            co_await when_all(reader(), write_slowly(s, p.second.get(), text));
        };
        sync_wait(on, both());
        return got == text && !touched;
    });
    EXPECT_TRUE(found) << found.text();
}

// 1: detached work, whose buffer goes with the function that started it
TEST(prevents, an_operation_outliving_the_buffer_that_it_was_given) {
    loop on = loop_here();
    pipe_pair const p;
    auto memory = std::make_shared<std::array<char, 64>>();
    std::weak_ptr const watch = memory;
    op::read const reading{.fd = p.out, .into = *memory};
    on.orphan(reading, std::move(memory)).or_throw("orphan");
    auto const body = [&]() -> task<> {
        EXPECT_TRUE(co_await sleep_for(2ms));
        EXPECT_FALSE(watch.expired());
        p.write("x");
        for (int i = 0; i < 1'000 && !watch.expired(); ++i)
            EXPECT_TRUE(co_await sleep_for(1ms));
    };
    sync_wait(on, body());
    EXPECT_TRUE(watch.expired());
}

// 1: close() of the ring's descriptor, which does not stop the kernel
TEST(prevents, a_closed_ring_writing_into_memory) {
    pipe_pair const p;
    std::array<char, 64> memory{};
    {
        ring r = ring::create({.entries = 8}).or_throw("ring");
        op::read const reading{.fd = p.out, .into = memory};
        ASSERT_TRUE(r.push(reading, 1));
        ASSERT_TRUE(r.push(op::async(reading), 2));
        r.submit().or_throw("submit");
    }
    memory.fill('#');
    p.write("late");
    ::poll(nullptr, 0, 5);
    EXPECT_TRUE(is_untouched(memory));
    EXPECT_EQ(unread(p.out.get()), 4);
}

// 2: a link that is queued when its timeout finds no room
TEST(prevents, an_operation_left_in_the_queue_when_its_deadline_finds_no_room) {
    ring r = ring::create({.entries = 4}).or_throw("ring");
    pipe_pair const p;
    std::array<char, 8> memory{};
    for (std::uint64_t i = 0; i < 3; ++i)
        ASSERT_TRUE(r.push(op::nop{}, i));
    op::read const reading{.fd = p.out, .into = memory};
    op::link_timeout const late{.when = 1h};
    auto const refused = r.push(op::link(reading, late), {4, 5});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().why(), cause::queue_full);
    EXPECT_EQ(r.submit_and_wait(3), 3u);
    abi::cqe c{};
    for (std::uint64_t i = 0; i < 3; ++i)
        EXPECT_TRUE(r.pop(c) && c.user_data == i);
    EXPECT_EQ(r.in_flight(), 0u);
    p.write("abc");
    EXPECT_EQ(unread(p.out.get()), 3);
}

task<> chains(int fd, bool& well) {
    for (int i = 0; i < 4; ++i) {
        op::fsync const first{.fd = fd};
        op::write const second{.fd = fd, .from = std::string_view("x"), .at = 0};
        auto const [synced, written] = co_await op::link(first, second);
        well = well && synced.error() == EIO && !written && written.error() == ECANCELED;
        auto const single = co_await one(op::nop{});
        well = well && single;
    }
}
task<> singles(bool& well) {
    for (int i = 0; i < 8; ++i) {
        auto const single = co_await one(op::nop{});
        well = well && single;
    }
}

// 2: a chain that a full queue, or a kernel that takes nothing, tears apart
TEST(prevents, the_rest_of_a_chain_running_though_its_beginning_failed) {
    simulation_options options = only(&chances::refused_enter, 0.3);
    options.faults = {{.opcode = abi::opcode::fsync, .error = EIO, .times = 1'000}};
    findings const found = explore(options, 200, [](simulation& s) {
        s.write_file("/file", std::string_view()).or_throw("file");
        loop on = loop_on(s, sized(4, 8));
        bool well = true;
        auto const body = [&]() -> task<> {
            auto const opened = co_await one(op::openat<>{.path = "/file", .flags = O_RDWR});
            scope all(co_await this_strand());
            for (int i = 0; i < 5; ++i) {
                all.spawn(chains(opened->get(), well));
                all.spawn(singles(well));
            }
            auto const joined = co_await all.join();
            well = well && joined;
        };
        sync_wait(on, body());
        return well && s.read_text("/file") == "";
    });
    EXPECT_TRUE(found) << found.text();
}

void expect_all_late(loop& on, int fd, std::size_t count) {
    std::size_t late = 0;
    auto const reader = [&](deadline until) -> task<> {
        char byte = 0;
        op::read const reading{.fd = fd, .into = std::span(&byte, 1)};
        auto const n = co_await timeout(reading, until);
        late += !n && n.error() == ETIME ? 1u : 0u;
    };
    auto const body = [&]() -> task<> {
        scope all(co_await this_strand());
        deadline const until = deadline::at(on.now() + 10'000'000);
        for (std::size_t i = 0; i < count; ++i)
            all.spawn(reader(until));
        EXPECT_TRUE(co_await all.join());
    };
    sync_wait(on, body());
    EXPECT_EQ(late, count);
    EXPECT_EQ(on.in_flight(), 0u);
}

// 3: deadlines that expire together, and a queue that holds next to none of their cancels
TEST(prevents, tasks_that_hang_when_thousands_of_deadlines_find_no_room_to_cancel) {
    pipe_pair const p;
    for (std::uint32_t const entries : {1u, 2u, 4u}) {
        loop on = loop_here(sized(entries, 4'096));
        expect_all_late(on, p.out.get(), 3'000);
    }
}

// 3: the same where most of them wait for room themselves
TEST(prevents, tasks_that_hang_when_thousands_of_deadlines_expire_before_there_was_room) {
    pipe_pair const p;
    for (std::uint32_t const entries : {1u, 2u, 4u}) {
        loop on = loop_here(sized(entries, entries));
        expect_all_late(on, p.out.get(), 3'000);
    }
}

// 3: and where the kernel takes nothing every other time
TEST(prevents, tasks_that_hang_when_the_kernel_refuses_their_cancels) {
    findings const found = explore(only(&chances::refused_enter, 0.5), 20, [](simulation& s) {
        auto const p = s.pipe().or_throw("pipe");
        for (std::uint32_t const entries : {1u, 2u, 4u}) {
            loop on = loop_on(s, sized(entries, 256));
            expect_all_late(on, p.first.get(), 100);
        }
        return true;
    });
    EXPECT_TRUE(found) << found.text();
}

// 3: a full queue, and nothing that could be reaped
TEST(prevents, a_full_queue_that_leaves_no_way_to_cancel) {
    ring r = ring::create({.entries = 1}).or_throw("ring");
    pipe_pair const p;
    char byte = 0;
    op::read const reading{.fd = p.out, .into = std::span(&byte, 1)};
    op::cancel const end{op::cancel_match::user_data(1)};
    ASSERT_TRUE(r.push(reading, 1));
    r.submit().or_throw("submit");
    ASSERT_TRUE(r.push(op::nop{}, 2));
    EXPECT_FALSE(r.push(end, 3));
    auto const asked = sync_cancel(r, end);
    ASSERT_TRUE(asked) << asked.error().message().c_str();
    r.submit_and_wait(2).or_throw("submit");
    std::array<std::int32_t, 3> results{};
    for (abi::cqe c; r.pop(c);)
        results.at(c.user_data) = c.res;
    EXPECT_EQ(results, (std::array<std::int32_t, 3>{0, -ECANCELED, 0}));
}

// 5: get_sqe() hands out an entry with what was in it
TEST(prevents, an_entrys_last_use_showing_through_its_next) {
    ring r = ring::create({.entries = 1}).or_throw("ring");
    pipe_pair const p;
    std::array<char, 8> memory{};
    auto const run_on_soiled = [&](auto const& o, std::uint64_t user_data) {
        std::memset(static_cast<void*>(&r.sq().reserve()), 0xff, sizeof(abi::sqe));
        r.sq().unreserve(1);
        EXPECT_TRUE(r.push(o, user_data));
        r.submit_and_wait(1).or_throw("submit");
        abi::cqe c{};
        EXPECT_TRUE(r.pop(c));
        EXPECT_EQ(c.user_data, user_data);
        EXPECT_EQ(c.flags & raw(abi::cqe_flag::buffer), 0u);
        return c.res;
    };
    EXPECT_EQ(run_on_soiled(op::nop{}, 1), 0);
    EXPECT_EQ(run_on_soiled(op::write{.fd = p.in, .from = std::string_view("abc")}, 2), 3);
    EXPECT_EQ(run_on_soiled(op::poll{.fd = p.out, .events = POLLIN}, 3), POLLIN);
    EXPECT_EQ(run_on_soiled(op::read{.fd = p.out, .into = memory}, 4), 3);
    EXPECT_EQ(run_on_soiled(op::cancel{op::cancel_match::user_data(9)}, 5), -ENOENT);
    op::timeout const soon{.when = 1us};
    EXPECT_EQ(run_on_soiled(soon, 0), -ETIME);
}

// 5: a cancel that reaches the next operation at the address of its target
TEST(prevents, a_late_cancel_ending_the_next_operation_at_its_address) {
    findings const found = explore({}, 300, [](simulation& s) {
        loop on = loop_on(s);
        auto const p = s.pipe().or_throw("pipe");
        bool well = true;
        auto const reader = [&]() -> task<> {
            for (std::uint64_t i = 0; i < 40; ++i) {
                char byte = 0;
                bool const has_deadline = i % 2 == 0;
                deadline const until = has_deadline ? deadline(a_while(s, i)) : deadline();
                op::read const reading{.fd = p.first, .into = std::span(&byte, 1)};
                auto const n = co_await timeout(reading, until);
                well = well && (n || (has_deadline && n.error() == ETIME));
            }
        };
        auto const both = [&]() -> task<> {
            std::string const text(80, 'x');
            co_await when_all(reader(), write_slowly(s, p.second.get(), text));
        };
        sync_wait(on, both());
        return well;
    });
    EXPECT_TRUE(found) << found.text();
}

} // namespace
} // namespace rondo::test
