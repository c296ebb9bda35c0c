// SPDX-License-Identifier: MIT
#include "side.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>

namespace fuzz {
namespace {

constexpr std::uint64_t unordered = std::uint64_t{1} << 33; // added to what is in no order
constexpr std::uint64_t last_cancel = 0;                    // the number of what ends everything

/// What is equal stays in its order. For a few: std::stable_sort asks for memory in a way that not
/// every compiler lets pass.
template <class Value, class Key>
void sort_stably(std::vector<Value>& all, Key key) {
    for (auto at = all.begin(); at != all.end(); ++at)
        std::rotate(std::ranges::upper_bound(all.begin(), at, std::invoke(key, *at), {}, key), at,
                    at + 1);
}

bool has_flag(abi::sqe const& e, abi::sqe_flag f) noexcept { return (e.flags & raw(f)) != 0; }

bool is_copying(action const& a) noexcept {
    return a.what->code == abi::opcode::send_zc || a.what->code == abi::opcode::sendmsg_zc;
}

/// Whether `a` ends by itself, used on what it is used on.
bool ends_by_itself(action const& a, abi::sqe const& e) noexcept {
    if (!a.what->is(trait::sure) || a.spoiled)
        return false;
    bool const anything = a.on == place::made || has_flag(e, abi::sqe_flag::fixed_file);
    return !(a.what->is(trait::moves) && anything);
}

} // namespace

side::side(ground& on, program const& p, distortion wrong)
    : program_(p), around_(on, p), wrong_(wrong) {
    closing_.fill(-1);
}

void side::start(step const& s) {
    entries_.clear();
    if (s.empty())
        return;
    action const& first = s.front();
    if (first.what->act != nullptr) {
        dice roll(first.details);
        long const answer = first.what->act(around_, first, roll);
        // What a thread is at may be found or not.
        bool const open = first.what->is(trait::alone) && may_have_threads();
        answers_.push_back(open ? 0 : answer);
        return;
    }
    if (stuck_)
        return;
    for (action const& a : s)
        entries_.push_back(entry_of(around_, a));
    expect(s);
    submit();
}

/// What is known of the requests of `s` before they run.
void side::expect(step const& s) {
    bool silenced = false; // if what is silent before it fails, it is silent, too
    bool threads = false;  // a thread that does one goes on with what is behind it
    for (std::size_t i = 0; i < s.size(); ++i) {
        action const& a = s[i];
        abi::sqe const& e = entries_[i];
        bool const follows = i > 0 && (entries_[i - 1].flags & links) != 0;
        bool const is_linked = (e.flags & links) != 0 && i + 1 < s.size();
        // The time of a short guard ends it, and what it guards.
        ends_[a.number] = ends_by_itself(a, e) || (a.what == &guard(true) && follows) ||
                          (is_linked && s[i + 1].what == &guard(true));
        next_[a.number] = static_cast<std::uint16_t>(is_linked ? s[i + 1].number : 0);
        actions_[a.number] = &a;
        pieced_[a.number] = a.what->is(trait::chooses) && e.buf_group == pieced_group;
        fills_[a.number] = e.file_index != 0 && a.what->is(trait::makes_fd);
        near_threads_[a.number] = may_have_threads();
        chains_[a.number] =
            static_cast<std::uint16_t>(follows ? chains_[s[i - 1].number] : a.number);
        if (!follows)
            silenced = threads = false;
        threads = threads || a.spoiled || a.what->is(trait::threaded) ||
                  has_flag(e, abi::sqe_flag::async);
        makes_[a.number] = a.what->is(trait::makes_fd) && e.file_index == 0;
        if (a.what->is(trait::closes) && e.file_index == 0)
            closing_[a.number] = e.fd;
        corked_[a.number] = is_copying(a) && (e.msg_flags & MSG_MORE) != 0;
        silenced = silenced || has_flag(e, abi::sqe_flag::cqe_skip_success);
        expected_[a.number] = !silenced;
        in_thread_[a.number] = threads;
        threaded_[a.number] = threads && !silenced;
        unknown_[a.number] =
            !silenced && (has_flag(e, abi::sqe_flag::fixed_file) || a.on == place::made);
        threads = threads || (a.what->is(trait::moves) && a.what->is(trait::sure));
        silent_threads_ = silent_threads_ || (silenced && threads);
        silent_guards_ = silent_guards_ || (silenced && is_linked && s[i + 1].what == &guard(true));
        if (silenced && !ends_[a.number] && a.on != place::nowhere && !a.what->is(trait::shares))
            silent_places_.set(static_cast<std::size_t>(a.on));
    }
    for (std::size_t i = 0; i < s.size(); ++i)
        if (i == 0 || (entries_[i - 1].flags & links) == 0)
            be_sure_from(s[i].number);
    for (action const& a : s)
        if (sure_[a.number])
            in_thread_.reset(a.number);
}

/// `number` starts now: it ends if it ends by itself, and then what follows it starts.
void side::be_sure_from(std::size_t number) {
    if (has(program_.topics, topic::drains))
        return; // it may have to wait for others
    for (; number != 0 && ends_[number]; number = next_[number]) {
        sure_[number] = expected_[number];
        threaded_[number] = unknown_[number] = false;
    }
}

void side::submit() {
    submitted_ = std::chrono::steady_clock::now();
    for (abi::sqe const& e : entries_)
        around_.ring().push(e);
    for (int tries = 0; around_.ring().unsent() != 0; ++tries) {
        long const n = around_.ring().submit();
        answers_.push_back(n);
        if (n == -EBUSY && tries < 100) {
            look(0);
        } else if (n <= 0) {
            around_.ring().withdraw();
            stuck_ = true;
        }
    }
}

void side::cancel_all() {
    abi::sync_cancel_reg how{};
    how.fd = -1;
    how.flags = raw(abi::cancel_flag::any);
    how.timeout = {0, 10'000'000};
    if (has(program_.topics, topic::drains) || stuck_) { // what is behind a drain would wait
        long const done = around_.ring().register_(abi::register_op::sync_cancel, &how, 1);
        answers_.push_back(done);
        return;
    }
    abi::sqe e{};
    e.opcode = static_cast<std::uint8_t>(abi::opcode::async_cancel);
    e.cancel_flags = raw(abi::cancel_flag::any);
    e.user_data = last_cancel;
    entries_.assign(1, e);
    threaded_at_end_ = may_have_threads();
    expected_[last_cancel] = true;
    sure_[last_cancel] = true;
    submit();
}

bool side::look(std::int64_t ns) {
    fresh_.clear();
    bool more = around_.ring().reap(fresh_);
    if (fresh_.empty()) {
        around_.ring().look(more ? 0 : ns);
        more = around_.ring().reap(fresh_);
    }
    for (abi::cqe const& c : fresh_)
        take(c);
    bool news = !fresh_.empty() || more;
    if (raw_ring* const other = around_.second_ring()) {
        fresh_.clear();
        other->look(0);
        other->reap(fresh_);
        for (abi::cqe const& c : fresh_)
            news_.push_back(
                {from_second_ring + c.user_data, from_second_ring + c.user_data, c.res, c.flags});
        news = news || !fresh_.empty();
    }
    return news;
}

bool side::is_restless() const noexcept {
    return has(program_.topics, topic::internet) ||
           (has(program_.topics, topic::drains) && missing() != 0);
}

std::size_t side::missing() const noexcept {
    std::size_t const n = expected_.count();
    return n > renamed_ ? n - renamed_ : 0;
}

void side::take(abi::cqe const& c) {
    if (wrong_.what == distortion::kind::none || seen_++ != wrong_.at)
        return keep(c);
    distort(c);
}

void side::distort(abi::cqe const& c) {
    abi::cqe wrong = c;
    using enum distortion::kind;
    switch (wrong_.what) {
    case result: wrong.res ^= 1; break;
    case flags: wrong.flags ^= raw(abi::cqe_flag::sock_nonempty); break;
    case lost: return;
    case twice: keep(c); break;
    case byte: around_.shown().rooms[program_.last_number][0] ^= std::byte{1}; break;
    case none: break;
    }
    keep(wrong);
}

void side::keep(abi::cqe c) {
    note n{c.user_data, c.user_data, c.res, c.flags};
    std::size_t const index = c.user_data < numbers ? c.user_data : numbers - 1;
    action const* const a = index < most_requests ? actions_[index] : nullptr;
    n.is_cancel =
        c.user_data == last_cancel || (a != nullptr && a->what->code == abi::opcode::async_cancel);
    n.is_copy = a != nullptr && is_copying(*a);
    n.polls = a != nullptr && a->what->code == abi::opcode::poll_add;
    n.is_poll = a != nullptr && a->what->code == abi::opcode::poll_add && a->what->is(trait::many);
    if (n.is_copy && (c.flags & raw(abi::cqe_flag::notif)) != 0)
        n.chain = unordered + n.number; // it comes whenever the bytes are let go of
    n.is_late = a != nullptr && a->what == &guard(true) &&
                std::chrono::steady_clock::now() - submitted_ >= guard_time;
    if (c.user_data == last_cancel)
        n.threads = threaded_at_end_;
    if (a != nullptr) {
        if (a->what->code != abi::opcode::link_timeout &&
            n.chain < unordered) // the time may pass at any time
            n.chain = chains_[index];
        n.threads = in_thread_[index] || (n.is_cancel && near_threads_[index]);
        if (a->what->inspect != nullptr)
            n.facts = a->what->inspect(around_, *a, c);
        if (c.res >= 0 && makes_[index])
            keep_descriptor(n, a);
        if (c.res == 0 && closing_[index] >= 0)
            around_.forget(std::exchange(closing_[index], -1));
    }
    // send(2): MSG_MORE keeps the bytes until more are sent or the socket is closed, and so the
    // notification that they were let go of: all that is known is that there is at most one.
    bool const is_notice = (c.flags & raw(abi::cqe_flag::notif)) != 0;
    if ((corked_[index] && c.res >= 0) || (c.flags & raw(abi::cqe_flag::more)) == 0) {
        if (index >= most_requests)
            ++renamed_;
        expected_[index] = sure_[index] = threaded_[index] = unknown_[index] = false;
        if (index < most_requests)
            be_sure_from(std::exchange(next_[index], std::uint16_t{0}));
    }
    if (!corked_[index] || !is_notice)
        news_.push_back(n);
}

void side::keep_descriptor(note& n, action const* a) {
    int const second =
        a->what->code == abi::opcode::pipe ? around_.hidden(a->number).descriptors[1] : -1;
    int const first = second >= 0 ? around_.hidden(a->number).descriptors[0] : n.res;
    made_.emplace_back(a->number, first);
    n.facts = mixed(n.facts, facts_of(first));
    if (second >= 0) {
        made_.emplace_back(a->number, second);
        n.facts = mixed(n.facts, facts_of(second));
    } else {
        n.res = some_descriptor;
    }
}

std::uint64_t side::facts_of(int fd) const {
    struct ::stat s{};
    ::fstat(fd, &s);
    return mixed(s.st_mode & S_IFMT, mixed(static_cast<std::uint64_t>(::fcntl(fd, F_GETFD)),
                                           static_cast<std::uint64_t>(::fcntl(fd, F_GETFL))));
}

std::vector<note> const& side::news() {
    sort_stably(news_, &note::chain);
    return news_;
}

void side::accept_news() {
    news_.clear();
    answers_.clear();
    sort_stably(made_, &std::pair<std::uint64_t, int>::first);
    for (auto const& [number, fd] : made_)
        around_.add_made(fd);
    made_.clear();
}

long side::ask(abi::sqe const& e) {
    around_.ring().push(e);
    around_.ring().submit();
    for (int tries = 0; tries < 100; ++tries) {
        fresh_.clear();
        around_.ring().look(tries == 0 ? 0 : 1'000'000);
        around_.ring().reap(fresh_);
        if (!fresh_.empty())
            return fresh_.back().res;
    }
    return -ETIME;
}

std::string side::describe_slot(std::uint32_t slot) {
    abi::sqe e{};
    e.opcode = static_cast<std::uint8_t>(abi::opcode::fixed_fd_install);
    e.fd = static_cast<std::int32_t>(slot);
    e.flags = raw(abi::sqe_flag::fixed_file);
    long const fd = ask(e);
    std::string out = "slot " + std::to_string(slot) + " ";
    if (fd < 0)
        return out + std::to_string(fd);
    struct ::stat here{}, there{};
    ::fstat(static_cast<int>(fd), &here);
    ::close(static_cast<int>(fd));
    for (std::size_t i = 0; i < places; ++i) {
        int const known = around_.fd(static_cast<place>(i));
        if (known >= 0 && ::fstat(known, &there) == 0 && here.st_ino == there.st_ino &&
            here.st_dev == there.st_dev)
            return out + "place " + std::to_string(i);
    }
    return out + "kind " + std::to_string(here.st_mode & S_IFMT);
}

std::vector<std::string> side::describe_tables() {
    std::vector<std::string> out;
    if (stuck_)
        return out;
    if (has(program_.topics, topic::slots))
        for (std::uint32_t i = 0; i < file_slots; ++i)
            out.push_back(describe_slot(i));
    if (!has(program_.topics, topic::groups))
        return out;
    abi::sqe e{};
    e.opcode = static_cast<std::uint8_t>(abi::opcode::remove_buffers);
    e.fd = 10000;
    e.buf_group = given_group;
    out.push_back("classic buffers left: " + std::to_string(ask(e)));
    for (auto const group : {ringed_group, pieced_group}) {
        abi::buf_status status{};
        status.buf_group = group;
        around_.ring().register_(abi::register_op::pbuf_status, &status, 1);
        out.push_back("head of group " + std::to_string(group) + ": " +
                      std::to_string(status.head));
    }
    return out;
}

} // namespace fuzz
