// SPDX-License-Identifier: MIT
#pragma once

// latency_histogram: how long a loop's operations take, from when each is given to the kernel's
// queue to when its final completion is reaped. It listens to the loop's trace, so a loop without
// one pays nothing. One thread: the loop's, until the loop has ended.
//
//     latency_histogram took;
//     loop_options options;
//     took.attach(options);
//     auto on = loop::create(options).or_throw("loop");
//     ...
//     std::printf("p99 %lld ns\n", static_cast<long long>(took.p99_ns()));

#include <rondo/loop/loop.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>

namespace rondo {

/// See the top of this file. Counts each attempt of an operation that is restarted, a stream when
/// it ends, and of a chain each operation, from when the chain is given to the kernel. Allocates
/// when more are in flight than ever before. Pinned; outlives the loop.
class latency_histogram {
public:
    /// Bucket 0 is of less than 1 ns; bucket i of 2^(i-1) to 2^i - 1.
    static constexpr std::size_t bucket_count = 64;

    latency_histogram() noexcept = default;
    latency_histogram(latency_histogram const&) = delete;
    latency_histogram& operator=(latency_histogram const&) = delete;
    ~latency_histogram();

    /// The one loop that is created with `options` is measured. A trace that is there already goes
    /// on being told. Once.
    void attach(loop_options& options) noexcept;

    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    /// How many took as long as that bucket says. `bucket` is less than bucket_count.
    [[nodiscard]] std::uint64_t count_of(std::size_t bucket) const noexcept {
        return buckets_[bucket];
    }
    [[nodiscard]] static constexpr std::size_t bucket_of(std::int64_t ns) noexcept {
        return ns <= 0 ? 0u
                       : static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(ns)));
    }
    /// The longest time that a bucket is of.
    [[nodiscard]] static constexpr std::int64_t most_ns_of(std::size_t bucket) noexcept {
        return static_cast<std::int64_t>((std::uint64_t{1} << bucket) - 1);
    }

    /// At least that many in a thousand took no longer, and less than twice as many nanoseconds as
    /// the slowest of them took: the end of its bucket, or max_ns(). 0 when there was none.
    [[nodiscard]] std::int64_t quantile_ns(unsigned per_mille) const noexcept;
    [[nodiscard]] std::int64_t p50_ns() const noexcept { return quantile_ns(500); }
    [[nodiscard]] std::int64_t p99_ns() const noexcept { return quantile_ns(990); }
    /// Exact.
    [[nodiscard]] std::int64_t max_ns() const noexcept { return max_ns_; }
    /// Operations that are not counted for want of memory.
    [[nodiscard]] std::uint64_t missed() const noexcept { return missed_; }

    /// Adds what another one counted, of another thread's loop that has ended, say.
    void add(latency_histogram const& other) noexcept;
    /// Forgets what was counted; what is in flight is counted as ever.
    void clear() noexcept;

private:
    /// A place of a hash table with linear probing.
    struct flight {
        completion const* which = nullptr;
        std::int64_t since_ns = 0;
    };

    static void listen(void* self, loop_event const& event);
    void started(completion const* which, std::int64_t now_ns) noexcept;
    void completed(completion const* which, std::int64_t now_ns) noexcept;
    void count(std::int64_t ns) noexcept;
    [[nodiscard]] bool grow() noexcept;
    [[nodiscard]] std::size_t home_of(completion const* which) const noexcept;
    [[nodiscard]] std::size_t place_of(completion const* which) const noexcept;
    void take_out(std::size_t place) noexcept;

    std::uint64_t buckets_[bucket_count] = {};
    std::uint64_t count_ = 0;
    std::int64_t max_ns_ = 0;
    std::uint64_t missed_ = 0;
    flight* flights_ = nullptr; // places_ of them, its own
    std::size_t places_ = 0;    // a power of two, or 0
    std::size_t in_flight_ = 0;
    void (*trace_)(void* argument, loop_event const& event) = nullptr;
    void* trace_argument_ = nullptr;
};

} // namespace rondo
