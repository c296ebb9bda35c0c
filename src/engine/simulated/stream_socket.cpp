// SPDX-License-Identifier: MIT
#include "stream_socket.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <utility>

namespace rondo::engine::simulation {

stream_socket::~stream_socket() { detach(); }

void stream_socket::detach() noexcept {
    if (in_ && in_->receiver == this)
        in_->abandon();
    if (out_ && out_->sender == this)
        out_->sender = nullptr;
}

void stream_socket::abort() noexcept {
    if (out_)
        out_->tell(shut_both, true);
    detach();
    state_ = state::ended;
}

void join(stream_socket& one, stream_socket& other) {
    auto const make = [](stream_socket& from, stream_socket& to) {
        auto way = std::make_shared<flow>(from.world_, from.has_records());
        way->sender = &from;
        way->receiver = &to;
        way->send_limit = from.options_.send_bytes();
        way->receive_limit = to.options_.receive_bytes();
        way->answers = from.protocol() == IPPROTO_TCP;
        return way;
    };
    auto there = make(one, other), back = make(other, one);
    there->back = back;
    back->back = there;
    one.in_ = other.out_ = std::move(back);
    one.out_ = other.in_ = std::move(there);
    one.state_ = other.state_ = stream_socket::state::connected;
}

void stream_socket::after_option() noexcept {
    if (out_)
        out_->send_limit = options_.send_bytes();
    if (in_)
        in_->receive_limit = options_.receive_bytes();
}

void stream_socket::came(std::size_t bytes) noexcept {
    note("bytes come", bytes);
    changed();
}

std::uint32_t stream_socket::ready(open_file const&) const noexcept {
    std::uint32_t const wide = domain() == AF_UNIX ? EPOLLWRBAND : 0u;
    std::uint32_t const readable = EPOLLIN | EPOLLRDNORM;
    if (state_ == state::listening) {
        std::uint32_t const waiting = waiting_.empty() ? 0 : readable;
        if (domain() != AF_UNIX)
            return waiting;
        std::uint32_t const end = (shut_ & shut_receive) != 0 ? readable | EPOLLRDHUP : 0u;
        return waiting | end | (shut_ == shut_both ? EPOLLHUP : 0u);
    }
    if (state_ == state::connecting)
        return error_ != 0 ? EPOLLERR : 0u;
    std::uint32_t events = error_ != 0 ? EPOLLERR : 0u;
    if (shut_ == shut_both || is_hung_up())
        events |= EPOLLHUP;
    if ((shut_ & shut_receive) != 0)
        events |= readable | EPOLLRDHUP;
    if (in_ && in_->has_something())
        events |= readable;
    if (!out_ || (shut_ & shut_send) != 0 || out_->is_writable())
        events |= EPOLLOUT | EPOLLWRNORM | wide;
    return events;
}

long stream_socket::readable_bytes() const noexcept {
    if (is_listening())
        return -EINVAL;
    return in_ ? static_cast<long>(in_->arrived()) : 0;
}

long stream_socket::unsent_bytes() const noexcept {
    if (is_listening())
        return -EINVAL;
    return out_ ? static_cast<long>(out_->unread()) : 0;
}

void stream_socket::start_listening(int backlog) noexcept {
    constexpr unsigned most = 4096; // net.core.somaxconn
    backlog_ = static_cast<int>(std::min(static_cast<unsigned>(backlog), most));
    state_ = state::listening;
}

void stream_socket::enqueue(std::shared_ptr<stream_socket> connection) {
    waiting_.push_back(std::move(connection));
    note("a connection comes");
    changed();
}

void stream_socket::refuse_waiting() noexcept {
    for (auto const& one : waiting_)
        one->abort();
    waiting_.clear();
}

long stream_socket::accept(std::shared_ptr<socket>& out) {
    if (!is_listening())
        return -EINVAL;
    if (waiting_.empty())
        return -EAGAIN;
    out = waiting_.front();
    return 0;
}

long stream_socket::send(parts from, int flags, socket_address const* to) {
    if ((flags & MSG_OOB) != 0)
        return -EOPNOTSUPP;
    if (long const no = may_send(to); no < 0)
        return no;
    std::size_t count = bytes_of(from);
    if (has_records()) {
        constexpr std::size_t own = 32; // what Linux keeps of the buffer for itself
        if (count > options_.send_bytes() - own)
            return -EMSGSIZE;
        if (out_->room() == 0)
            return -EAGAIN;
    } else {
        if (count == 0)
            return 0;
        if (out_->room() == 0)
            return -EAGAIN;
        count = world_.shortened(*this, std::min(count, out_->room()));
    }
    out_->send(from, count);
    return static_cast<long>(count);
}

long stream_socket::receive_record(parts into, int flags, reception& about) noexcept {
    std::size_t const whole = in_->first_record();
    std::size_t const count = std::min(whole, bytes_of(into));
    in_->peek(into, count);
    if ((flags & MSG_PEEK) == 0)
        in_->drop_record();
    if (count == whole)
        return static_cast<long>(count);
    about.flags |= MSG_TRUNC;
    return static_cast<long>((flags & MSG_TRUNC) != 0 ? whole : count);
}

long stream_socket::receive(parts into, int flags, reception& about) {
    if ((flags & MSG_OOB) != 0)
        return domain() == AF_UNIX ? -EOPNOTSUPP : -EINVAL;
    bool const tcp = protocol() == IPPROTO_TCP;
    if (tcp && (flags & MSG_ERRQUEUE) != 0)
        return -EAGAIN;
    if (long const no = may_receive(); no < 0)
        return no;
    if (has_records() && error_ != 0) // as of datagrams, before what has come
        return -take_error();
    if (in_ && in_->has_something()) {
        about.has_name = domain() == AF_UNIX && !remote_.path.empty();
        if (about.has_name)
            about.from = remote_;
        if (has_records())
            return receive_record(into, flags, about);
        std::size_t const count = std::min(bytes_of(into), in_->arrived());
        std::size_t const taken = count != 0 ? world_.shortened(*this, count) : 0;
        if (!tcp || (flags & MSG_TRUNC) == 0) // with it TCP throws bytes away
            in_->peek(into, taken);
        if ((flags & MSG_PEEK) == 0)
            in_->drop(taken);
        return static_cast<long>(taken);
    }
    if (error_ != 0 && !has_ended())
        return -take_error();
    return (shut_ & shut_receive) != 0 ? 0 : -EAGAIN;
}

} // namespace rondo::engine::simulation
