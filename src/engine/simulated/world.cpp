// SPDX-License-Identifier: MIT
#include "world.hpp"

#include "guarded.hpp"
#include "network.hpp"
#include "poll_set.hpp"
#include "tree.hpp"

#include <rondo/abi/syscall.hpp>
#include <rondo/core/assert.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <new>
#include <string>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <utility>

namespace rondo::engine::simulation {
namespace {

/// A real descriptor from outside, which can be held and closed here, and nothing else.
class foreign final : public object {
public:
    explicit foreign(int fd) noexcept : fd_(fd) {}
    [[nodiscard]] char const* kind() const noexcept override { return "foreign"; }
    [[nodiscard]] ::mode_t type() const noexcept override { return 0; }
    long read(open_file&, parts, std::int64_t, int) noexcept override { return -EBADF; }
    long write(open_file&, parts, std::int64_t, int) noexcept override { return -EBADF; }
    void closed(open_file const&) noexcept override { fd_.reset(); }

private:
    unique_fd fd_;
};

/// What is the same in every world: memory is the program's own, and so are its threads.
bool plain_calls(long number, words const& a, long& answer) noexcept {
    switch (number) {
    case SYS_mmap:
    case SYS_munmap:
    case SYS_mremap:
    case SYS_madvise:
    case SYS_msync:
    case SYS_getpid: answer = abi::call(number, a[0], a[1], a[2], a[3], a[4], a[5]); return true;
    case SYS_prlimit64: {
        constexpr ::rlim_t files = 1 << 20;
        if (a[3] != 0)
            *reinterpret_cast<::rlimit*>(a[3]) = {files, files};
        answer = 0;
        return true;
    }
    case SYS_sched_yield: answer = 0; return true;
    case SYS_waitid: answer = -ECHILD; return true; // there are no processes
    default: return false;
    }
}

/// In the order they were opened.
template <class Map>
void close_all(Map& files) {
    std::vector<typename Map::key_type> keys;
    keys.reserve(files.size());
    for (auto const& [key, file] : files)
        keys.push_back(key);
    std::ranges::sort(keys);
    for (auto const key : keys)
        files.erase(key);
}

constexpr std::array<call_family, 8> families = {descriptor_calls, poll_calls,    transfer_calls,
                                                 pipe_calls,       message_calls, socket_calls,
                                                 file_calls,       path_calls};

} // namespace

world::world(std::uint64_t seed, habits how)
    : how_(how), seed_(seed), thread_(abi::call(SYS_gettid, 0, 0, 0, 0, 0, 0)), luck_(seed),
      trace_(how.trace_lines), net_(std::make_unique<network>(*this)),
      files_(std::make_unique<tree>(*this)) {}

/// What is open goes first, while all that it may ask for is there.
world::~world() {
    events_.clear();
    close_all(hidden_);
    close_all(shown_);
    events_.clear();
}

long world::call(long number, words const& a) noexcept {
    if (number == SYS_gettid) // asked at each enter, and always the same
        return thread_;
    long answer = -ENOSYS;
    if (plain_calls(number, a, answer))
        return answer;
    for (call_family const family : families)
        if (family(*this, number, a, answer))
            return answer;
    return -ENOSYS;
}

std::shared_ptr<open_file> world::find(int fd) noexcept {
    if (fd >= first_hidden) {
        auto const found = hidden_.find(fd);
        return found != hidden_.end() ? found->second : nullptr;
    }
    std::uint64_t const id = fd >= 0 ? placeholders_.id_of(fd) : 0;
    auto const found = id != 0 ? shown_.find(id) : shown_.end();
    return found != shown_.end() ? found->second : nullptr;
}

/// Throws std::bad_alloc.
std::shared_ptr<open_file> world::open(std::shared_ptr<object> what, int flags) {
    auto file = std::make_shared<open_file>();
    file->flags = flags;
    what->opened(*file);
    file->what = std::move(what);
    return file;
}

long world::show(std::shared_ptr<open_file> file, bool of_ring) noexcept {
    placeholders::made const made = placeholders_.make(of_ring);
    if (made.fd < 0)
        return made.fd;
    try {
        shown_.emplace(made.id, std::move(file));
        return made.fd;
    } catch (std::bad_alloc const&) {
        close_descriptor(static_cast<int>(made.fd));
        return -ENOMEM;
    }
}

long world::add(std::shared_ptr<object> what, int flags) noexcept {
    return guarded([&] { return show(open(std::move(what), flags), false); });
}

long world::add_ring(std::shared_ptr<object> what, int flags) noexcept {
    return guarded([&] { return show(open(std::move(what), flags), true); });
}

long world::add_hidden(std::shared_ptr<open_file> what) noexcept {
    try {
        int const fd = free_hidden_.empty() ? last_hidden_ + 1 : free_hidden_.back();
        free_hidden_.reserve(hidden_.size() + 1); // for its end
        hidden_.emplace(fd, std::move(what));
        free_hidden_.empty() ? void(++last_hidden_) : free_hidden_.pop_back();
        return fd;
    } catch (std::bad_alloc const&) {
        return -ENOMEM;
    }
}

/// Of a descriptor that is not this world's: held, so that its owner may let go of it.
long world::adopt(int fd) noexcept {
    long const copy = abi::call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 0, 0, 0, 0);
    if (copy < 0)
        return copy;
    try {
        auto file = std::make_shared<open_file>();
        file->flags = O_PATH;
        file->what = make<foreign>(static_cast<int>(copy));
        return add_hidden(std::move(file));
    } catch (std::bad_alloc const&) {
        close_descriptor(static_cast<int>(copy));
        return -ENOMEM;
    }
}

long world::duplicate(int fd, bool hidden) noexcept {
    std::shared_ptr<open_file> file = find(fd);
    if (!file)
        return fd >= 0 && fd < first_hidden && hidden ? adopt(fd) : -EBADF;
    return hidden ? add_hidden(std::move(file)) : show(std::move(file), false);
}

long world::close(int fd) noexcept {
    if (fd >= first_hidden) {
        auto const found = hidden_.find(fd);
        if (found == hidden_.end())
            return -EBADF;
        // It ends outside the table, which its end may use.
        std::shared_ptr<open_file> const last = std::move(found->second);
        hidden_.erase(found);
        free_hidden_.push_back(fd);
        return 0;
    }
    if (find(fd) == nullptr)
        return -EBADF;
    close_descriptor(fd);
    placeholders_.doubt(fd);
    sweep(); // perhaps it was the last copy
    return 0;
}

void world::notice_descriptors() noexcept {
    placeholders_.doubt();
    sweep();
}

void world::sweep() noexcept {
    placeholders_.collect_closed(swept_);
    for (std::uint64_t const id : std::exchange(swept_, {}))
        if (auto found = shown_.extract(id))
            found.mapped().reset();
}

void world::later(std::int64_t ns, std::function<void()> what) {
    events_.emplace(event{now_ + std::max<std::int64_t>(ns, 0), ++last_event_}, std::move(what));
}

void world::run_due() noexcept {
    while (!events_.empty() && events_.begin()->first.due <= now_) {
        std::function<void()> const what = std::move(events_.begin()->second);
        events_.erase(events_.begin());
        what();
    }
}

void world::pass(std::int64_t ns) noexcept {
    constexpr auto last = std::numeric_limits<std::int64_t>::max();
    std::int64_t const until = now_ + std::clamp<std::int64_t>(ns, 0, last - now_);
    while (run_next(until))
        continue;
    now_ = until;
}

bool world::run_next(std::int64_t until) noexcept {
    if (events_.empty() || (until >= 0 && events_.begin()->first.due > until))
        return false;
    now_ = std::max(now_, events_.begin()->first.due);
    run_due();
    return true;
}

std::size_t world::shortened(object& what, std::size_t bytes) noexcept {
    if (bytes < 2 || !luck_.happens(how_.short_count))
        return bytes;
    std::size_t const less = 1 + static_cast<std::size_t>(luck_.below(bytes - 1));
    trace_.add(now_ - beginning, "a transfer of " + std::to_string(bytes) +
                                     " bytes is shortened to " + std::to_string(less));
    what.changed();
    return less;
}

long world::sleep(poll_set& set, std::span<::epoll_event> out, std::int64_t ns) noexcept {
    run_due();
    if (ns != 0 && luck_.happens(how_.interrupted)) {
        trace_.add(now_ - beginning, "a sleep is interrupted by a signal");
        return -EINTR;
    }
    std::int64_t const until = ns < 0 ? -1 : now_ + ns;
    for (;;) {
        if (long const found = set.collect(out, luck_); found != 0 || ns == 0)
            return found;
        if (run_next(until))
            continue;
        if (until < 0)
            stuck("a ring waits for what will never happen: nothing is scheduled and nobody else "
                  "runs");
        now_ = until;
        return 0;
    }
}

void world::stuck(char const* why) noexcept {
    std::string const text =
        "simulation with seed " + std::to_string(seed_) + ": " + why + "\n" + trace_.text();
    contract_broken(text.c_str(), "simulated", 0);
}

} // namespace rondo::engine::simulation
