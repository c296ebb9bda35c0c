// SPDX-License-Identifier: MIT
#include "datagram_socket.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace rondo::engine::simulation {

std::uint32_t datagram_socket::ready(open_file const&) const noexcept {
    std::uint32_t const readable = EPOLLIN | EPOLLRDNORM;
    std::uint32_t events = error_ != 0 ? EPOLLERR : 0u;
    if ((shut_ & shut_receive) != 0)
        events |= readable | EPOLLRDHUP;
    if (shut_ == shut_both)
        events |= EPOLLHUP;
    if (!queue_.empty())
        events |= readable;
    if (is_writable())
        events |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
    return events;
}

long datagram_socket::readable_bytes() const noexcept {
    return queue_.empty() ? 0 : static_cast<long>(queue_.front()->bytes.size());
}

std::shared_ptr<datagram> datagram_socket::copy_of(parts from, socket_address const& sender) {
    auto copy = std::make_shared<datagram>();
    copy->bytes.resize(bytes_of(from));
    copy_from(from, 0, copy->bytes.data(), copy->bytes.size());
    copy->from = sender;
    return copy;
}

void datagram_socket::enqueue(std::shared_ptr<datagram> one) {
    std::size_t const bytes = one->bytes.size();
    queue_.push_back(std::move(one));
    bytes_ += bytes;
    note("a datagram comes", bytes);
    changed();
}

void datagram_socket::taken(datagram const&) noexcept {}

void datagram_socket::forget_all() noexcept {
    queue_.clear();
    bytes_ = 0;
}

long datagram_socket::receive(parts into, int flags, reception& about) {
    if ((flags & MSG_OOB) != 0)
        return -EOPNOTSUPP;
    if ((flags & MSG_ERRQUEUE) != 0)
        return -EAGAIN;
    if (error_ != 0)
        return -take_error();
    if (queue_.empty()) // at the end nobody would wait, as who waits is not told to wait on
        return (shut_ & shut_receive) != 0 ? 0 : -EAGAIN;
    std::shared_ptr<datagram> const first = queue_.front();
    std::size_t const whole = first->bytes.size();
    std::size_t const count = copy_to(into, 0, first->bytes.data(), whole);
    about.from = first->from;
    about.has_name = first->from.family != AF_UNIX || !first->from.path.empty();
    if ((flags & MSG_PEEK) == 0) {
        queue_.pop_front();
        bytes_ -= whole;
        taken(*first);
    }
    if (count == whole)
        return static_cast<long>(count);
    about.flags |= MSG_TRUNC;
    return static_cast<long>((flags & MSG_TRUNC) != 0 ? whole : count);
}

} // namespace rondo::engine::simulation
