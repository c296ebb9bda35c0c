// SPDX-License-Identifier: MIT
#include "channels.hpp"

#include "allocations.hpp"
#include "sides.hpp"

#include <rondo/coro/channel.hpp>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace bench::coro {
namespace {

rondo::task<> send_all(rondo::sender<std::uint64_t> tx, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
        rondo::result<> const sent = co_await tx.send(std::uint64_t{i});
        if (!sent) [[unlikely]]
            give_up("a value was not sent");
    }
    tx.close();
}

rondo::task<> receive_all(rondo::receiver<std::uint64_t> rx, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
        rondo::result<std::uint64_t> const got = co_await rx.receive();
        if (!got || *got != i) [[unlikely]]
            give_up("a value came out of turn");
    }
}

rondo::channel_ends<std::uint64_t> make(std::size_t capacity) {
    return rondo::make_channel<std::uint64_t>(capacity).or_throw("rondo::make_channel");
}

rondo::loop make_loop() { return rondo::loop::create().or_throw("rondo::loop::create"); }

rondo::task<rondo::result<>> both(std::size_t capacity, std::uint64_t count) {
    auto ends = make(capacity);
    rondo::scope s{co_await rondo::this_strand()};
    s.spawn(receive_all(ends.rx, count));
    s.spawn(send_all(ends.tx, count));
    co_return co_await s.join();
}

/// Bounded, as most that are written by hand.
class queue_under_mutex {
public:
    explicit queue_under_mutex(std::size_t capacity) : values_(capacity) {}

    void send(std::uint64_t value) {
        std::unique_lock held(lock_);
        room_.wait(held, [&] { return size_ != values_.size(); });
        values_[(first_ + size_++) % values_.size()] = value;
        held.unlock();
        filled_.notify_one();
    }
    std::uint64_t receive() {
        std::unique_lock held(lock_);
        filled_.wait(held, [&] { return size_ != 0; });
        std::uint64_t const value = values_[first_];
        first_ = (first_ + 1) % values_.size();
        --size_;
        held.unlock();
        room_.notify_one();
        return value;
    }

private:
    std::mutex lock_;
    std::condition_variable room_;
    std::condition_variable filled_;
    std::vector<std::uint64_t> values_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

rondo::task<> wait_for_value(rondo::receiver<std::uint64_t> const& rx) {
    static_cast<void>(co_await rx.receive());
}

rondo::task<rondo::result<>> many_receivers(std::size_t count, double& bytes) {
    auto ends = make(1);
    rondo::scope s{co_await rondo::this_strand()};
    std::uint64_t const before = allocated_bytes();
    for (std::size_t i = 0; i < count; ++i)
        s.spawn(wait_for_value(ends.rx));
    bytes = static_cast<double>(allocated_bytes() - before) / static_cast<double>(count);
    ends.tx.close();
    co_return co_await s.join();
}

} // namespace

void pass_through_channel(std::size_t capacity, std::uint64_t count) {
    rondo::loop on = make_loop();
    rondo::sync_wait(on, both(capacity, count)).or_throw("rondo::scope");
}

void pass_between_loops(std::size_t capacity, std::uint64_t count) {
    auto ends = make(capacity);
    std::jthread const other([&] {
        rondo::loop on = make_loop();
        rondo::sync_wait(on, send_all(ends.tx, count));
    });
    rondo::loop on = make_loop();
    rondo::sync_wait(on, receive_all(ends.rx, count));
}

void pass_between_threads(std::size_t capacity, std::uint64_t count) {
    queue_under_mutex queue(capacity);
    std::jthread const other([&] {
        for (std::uint64_t i = 0; i < count; ++i)
            queue.send(i);
    });
    for (std::uint64_t i = 0; i < count; ++i)
        if (queue.receive() != i) [[unlikely]]
            give_up("a value came out of turn");
}

double bytes_per_receiver(std::size_t count) {
    double bytes = 0;
    rondo::loop on = make_loop();
    rondo::sync_wait(on, many_receivers(count, bytes)).or_throw("rondo::scope");
    return bytes;
}

} // namespace bench::coro
