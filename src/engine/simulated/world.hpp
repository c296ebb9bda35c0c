// SPDX-License-Identifier: MIT
#pragma once

// A system in memory that answers system calls: descriptors, files, pipes, sockets, poll sets, one
// virtual clock, and the events that the clock will come to. What is left to chance is drawn from
// one seeded sequence. It touches nothing outside the process, but for one real placeholder for
// each descriptor that the program gets to see. One thread.

#include "chance.hpp"
#include "object.hpp"
#include "placeholders.hpp"
#include "trace.hpp"

#include <sys/epoll.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace rondo::engine::simulation {

class network;
class poll_set;
class tree;

/// Six words, as a system call has.
using words = long const[6];

/// What the world leaves to chance; times are in nanoseconds.
struct habits {
    double short_count = 0;         ///< of streams: a transfer that moves less than it could
    double interrupted = 0;         ///< a sleep that ends by a signal
    std::size_t trace_lines = 2000; ///< the newest that are kept
    std::int64_t call_ns = 1'000;   ///< at most, for each call of a ring
    std::int64_t work_ns = 100'000; ///< at most, for what a worker does
    std::int64_t net_ns = 200'000;  ///< at most, until the other side of a socket sees something
};

/// See the top of this file.
class world {
public:
    world(std::uint64_t seed, habits how);
    world(world const&) = delete;
    world& operator=(world const&) = delete;
    ~world();

    /// The system call `number`: a value or minus an errno; -ENOSYS for those that are not here.
    long call(long number, words const& a) noexcept;

    // Descriptors.

    /// What `fd` stands for; null: it is not open here.
    [[nodiscard]] std::shared_ptr<open_file> find(int fd) noexcept;
    /// A new descriptor that the program gets to see, with a placeholder; -EMFILE, -ENOMEM.
    [[nodiscard]] long add(std::shared_ptr<object> what, int flags) noexcept;
    /// The same for the poll set of a ring.
    [[nodiscard]] long add_ring(std::shared_ptr<object> what, int flags) noexcept;
    /// A copy of `fd`: hidden, or one that the program gets to see; -EBADF, -EMFILE, -ENOMEM.
    [[nodiscard]] long duplicate(int fd, bool hidden) noexcept;
    /// A new descriptor for the engine itself: a number that no real one has.
    [[nodiscard]] long add_hidden(std::shared_ptr<open_file> what) noexcept;
    /// close(2): 0 or -EBADF.
    long close(int fd) noexcept;
    /// Takes notice of what the program did to its descriptors since it ran last.
    void notice_descriptors() noexcept;
    /// Makes an object of this world: use it for all of them.
    template <class Object, class... Arguments>
    [[nodiscard]] std::shared_ptr<Object> make(Arguments&&... arguments) {
        auto made = std::make_shared<Object>(std::forward<Arguments>(arguments)...);
        made->id = ++last_object_;
        return made;
    }

    // Time and events.

    /// Nanoseconds on the monotonic clock; on CLOCK_REALTIME there are realtime_offset more.
    [[nodiscard]] std::int64_t now() const noexcept { return now_; }
    static constexpr std::int64_t beginning = 1'000'000'000'000;
    static constexpr std::int64_t realtime_offset = 1'600'000'000'000'000'000;
    /// Calls `what` when `ns` nanoseconds have gone by; those of one moment in the order they were
    /// asked for. `what` may do anything but throw.
    void later(std::int64_t ns, std::function<void()> what);
    /// Lets up to `ns` nanoseconds go by, and what is due happen.
    void pass(std::int64_t ns) noexcept;
    /// Runs what is due now.
    void run_due() noexcept;
    /// Goes on to the next event, if it comes before `until` (-1: whenever). False: there is none.
    bool run_next(std::int64_t until) noexcept;

    // For the parts.

    [[nodiscard]] chance& luck() noexcept { return luck_; }
    [[nodiscard]] habits const& how() const noexcept { return how_; }
    void change(double short_count, double interrupted) noexcept {
        how_.short_count = short_count;
        how_.interrupted = interrupted;
    }
    [[nodiscard]] simulation::trace& log() noexcept { return trace_; }
    [[nodiscard]] tree& files() noexcept { return *files_; }
    [[nodiscard]] network& net() noexcept { return *net_; }
    /// epoll_pwait(2) of `set` for `ns` nanoseconds (-1: for ever): what there is to do until then
    /// is done, and the clock goes on.
    [[nodiscard]] long sleep(poll_set& set, std::span<::epoll_event> out, std::int64_t ns) noexcept;
    /// Aborts with `why`, the seed and the trace.
    [[noreturn]] void stuck(char const* why) noexcept;
    /// How much of a transfer of `bytes` bytes from or to `what` is done: all, or by chance at
    /// least one byte; then there is more to be had, and who watches `what` is told again.
    [[nodiscard]] std::size_t shortened(object& what, std::size_t bytes) noexcept;

private:
    static constexpr int first_hidden = 1 << 24; // beyond all real ones: fs.nr_open

    struct event {
        std::int64_t due;
        std::uint64_t order;
        bool operator<(event const& other) const noexcept {
            return due != other.due ? due < other.due : order < other.order;
        }
    };

    [[nodiscard]] static std::shared_ptr<open_file> open(std::shared_ptr<object> what, int flags);
    [[nodiscard]] long show(std::shared_ptr<open_file> file, bool of_ring) noexcept;
    [[nodiscard]] long adopt(int fd) noexcept;
    void sweep() noexcept;

    habits how_;
    std::uint64_t seed_;
    long const thread_; // its only one
    chance luck_;
    simulation::trace trace_;
    std::int64_t now_ = beginning;
    std::uint64_t last_object_ = 0;
    std::uint64_t last_event_ = 0;
    int last_hidden_ = first_hidden;
    std::vector<int> free_hidden_; // numbers that were used before
    std::vector<std::uint64_t> swept_;
    std::map<event, std::function<void()>> events_;
    std::unordered_map<int, std::shared_ptr<open_file>> hidden_;          // by descriptor
    std::unordered_map<std::uint64_t, std::shared_ptr<open_file>> shown_; // by placeholder
    placeholders placeholders_;
    std::unique_ptr<network> net_;
    std::unique_ptr<tree> files_;
};

/// One family of system calls: false when `number` is not one of them.
using call_family = bool (*)(world& w, long number, words const& a, long& answer) noexcept;
bool descriptor_calls(world& w, long number, words const& a, long& answer) noexcept;
bool poll_calls(world& w, long number, words const& a, long& answer) noexcept;
bool transfer_calls(world& w, long number, words const& a, long& answer) noexcept;
bool pipe_calls(world& w, long number, words const& a, long& answer) noexcept;
bool path_calls(world& w, long number, words const& a, long& answer) noexcept;
bool file_calls(world& w, long number, words const& a, long& answer) noexcept;
bool socket_calls(world& w, long number, words const& a, long& answer) noexcept;
bool message_calls(world& w, long number, words const& a, long& answer) noexcept;

} // namespace rondo::engine::simulation
