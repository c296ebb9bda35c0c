// SPDX-License-Identifier: MIT
#include "server.hpp"

#include <rondo/op/cancel.hpp>
#include <rondo/op/net.hpp>
#include <rondo/op/read.hpp>

#include <cerrno>
#include <stdexcept>
#include <utility>

namespace op = rondo::op;
using namespace std::chrono_literals;

namespace web {
namespace {

/// How late a deadline may be noticed.
constexpr auto look_every = 100ms;

} // namespace

server::server(rondo::ring own, rondo::unique_fd listener, rondo::unique_fd root,
               rondo::unique_fd signals, std::chrono::seconds patience)
    : listener_(std::move(listener)), root_(std::move(root)), signals_(std::move(signals)),
      site_{.ring = ring_, .root = root_.get(), .patience = patience}, ring_(std::move(own)) {}

void server::run() {
    read_signal();
    while (!site_.stopping || is_accepting_ || !connections_.empty()) {
        auto const entered = ring_.submit_and_wait(1, next_look_);
        if (!entered && entered.error() != ETIME && entered.error() != EINTR &&
            entered.error() != EAGAIN && entered.error() != EBUSY)
            rondo::throw_error(entered.error(), "wait");
        for (rondo::abi::cqe c; ring_.pop(c);)
            finish(c);
        if (clock::now() >= next_look_)
            look_at_the_time();
    }
}

void server::finish(rondo::abi::cqe const& done) {
    switch (done.user_data) {
    case cancelling: return; // what was cancelled says so itself
    case accepting: accepted(done.res); return;
    case signalling: stop(); return;
    }
    auto const found = connections_.find(done.user_data);
    if (!found->second->finish_step(done.res))
        connections_.erase(found);
}

void server::accept() {
    if (site_.stopping || is_accepting_ || connections_.size() == most_connections)
        return;
    is_accepting_ = ring_.push(op::accept<>{.fd = listener_}, accepting);
}

void server::accepted(int result) {
    is_accepting_ = false;
    if (site_.stopping)
        listener_.reset(); // whom it has not accepted is told so
    // No error ends the listener: the client has gone, or there are too many files, and the next
    // look at the time tries again.
    if (result < 0)
        return;
    std::uint64_t const id = next_id_++;
    auto& added = connections_[id];
    added = std::make_unique<connection>(site_, id, rondo::unique_fd(result));
    added->start();
    accept();
}

void server::read_signal() {
    if (!ring_.push(op::read{.fd = signals_, .into = {&signal_, sizeof signal_}}, signalling))
        throw std::logic_error("more operations than the ring was made for");
}

void server::stop() {
    bool const again = std::exchange(site_.stopping, true);
    give_up_ = again ? clock::now() : clock::now() + site_.patience;
    if (!is_accepting_)
        listener_.reset();
    else if (!again)
        static_cast<void>(
            ring_.push(op::cancel{op::cancel_match::user_data(accepting)}, cancelling));
    for (auto const& [id, c] : connections_)
        if (c->is_idle())
            c->hurry();
    next_look_ = clock::now();
    read_signal();
}

void server::look_at_the_time() {
    clock::time_point const now = clock::now();
    next_look_ = now + look_every;
    for (auto const& [id, c] : connections_) {
        if (now >= give_up_)
            c->hurry();
        if (c->is_late(now) && !ring_.push(op::cancel{op::cancel_match::user_data(id)}, cancelling))
            break; // the rest at the next look
    }
    accept();
}

} // namespace web
