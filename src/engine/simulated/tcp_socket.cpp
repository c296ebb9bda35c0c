// SPDX-License-Identifier: MIT
#include "tcp_socket.hpp"

#include "guarded.hpp"
#include "network.hpp"
#include "world.hpp"

#include <netinet/in.h>

#include <cerrno>
#include <utility>

namespace rondo::engine::simulation {

tcp_socket::tcp_socket(world& w, int domain) noexcept
    : stream_socket(w, domain, SOCK_STREAM, IPPROTO_TCP), place_(*this, w.net().tcp(), domain) {
    local_ = remote_ = socket_address::any(domain);
}

std::shared_ptr<tcp_socket> tcp_socket::self() {
    return std::static_pointer_cast<tcp_socket>(shared_from_this());
}

long tcp_socket::bind(socket_address const& to) {
    bool const is_idle =
        state_ == state::fresh || state_ == state::failed || state_ == state::ended;
    long const done = place_.bind(to, options_, is_idle);
    has_own_port_ = has_own_port_ || done == 0;
    if (done == -EADDRINUSE)
        local_.host = place_.own().place.host;
    if (done == 0)
        local_ = place_.own().place.seen_by(domain());
    return done;
}

long tcp_socket::listen(int backlog) {
    if (state_ == state::listening) {
        start_listening(backlog);
        return 0;
    }
    if (state_ != state::fresh || is_spoiled_)
        return -EINVAL;
    if (long const no = place_.bind_any(options_); no < 0)
        return -EADDRINUSE;
    if (place_.ports().is_listened_at(place_.own()))
        return -EADDRINUSE;
    local_ = place_.own().place.seen_by(domain());
    place_.own().listens = true;
    start_listening(backlog);
    changed();
    return 0;
}

long tcp_socket::tell_connected() noexcept {
    return std::exchange(told_connected_, true) ? -EISCONN : 0;
}

long tcp_socket::connect(socket_address const& to) {
    if (to.family == AF_UNSPEC)
        return disconnect();
    if (is_spoiled_)
        return -EINVAL;
    switch (state_) {
    case state::fresh: break;
    case state::listening: return -EISCONN;
    case state::connecting: return -EALREADY;
    case state::connected: return tell_connected();
    case state::ended:
        if (told_connected_)
            return -EISCONN;
        [[fallthrough]];
    case state::failed: {
        int const error = take_error();
        disconnect();
        return error != 0 ? -error : -ECONNABORTED;
    }
    }
    if (!to.fits(domain()))
        return -EINVAL;
    if (to.family != domain())
        return -EAFNOSUPPORT;
    place_.take(options_);
    socket_address there = to;
    if (long const no = place_.resolve(there); no < 0)
        return no;
    if (long const no = place_.bind_any(options_); no < 0)
        return -EADDRNOTAVAIL;
    local_ = place_.seen_from(there).seen_by(domain());
    remote_ = there.seen_by(domain());
    place_.own().other_side = remote_;
    state_ = state::connecting;
    error_ = 0;
    changed();
    knock(0, travel_time(world_));
    return -EINPROGRESS;
}

void tcp_socket::knock(int tries, std::int64_t after) noexcept {
    std::weak_ptr<tcp_socket> const who = self();
    in_time(world_, after, [who, tries, attempt = ++attempt_] {
        std::shared_ptr<tcp_socket> const one = who.lock();
        if (one && one->attempt_ == attempt)
            one->knocked(tries);
    });
}

void tcp_socket::knocked(int tries) noexcept {
    std::weak_ptr<tcp_socket> const who = self();
    std::weak_ptr<tcp_socket> where;
    auto* const found = static_cast<tcp_socket*>(place_.ports().find(remote_, local_, true));
    if (found != nullptr && found->is_full()) {
        constexpr std::int64_t first_pause = 1'000'000'000; // ns; each is twice the one before
        constexpr int most_tries = 6;                       // net.ipv4.tcp_syn_retries
        if (tries < most_tries)
            return knock(tries + 1, first_pause << tries);
        return give_up(ETIMEDOUT);
    }
    if (found != nullptr) {
        where = found->self();
        ++found->on_the_way_;
    }
    in_time(world_, travel_time(world_), [who, where, attempt = attempt_] {
        std::shared_ptr<tcp_socket> const one = who.lock(), listener = where.lock();
        bool const waits = one && one->attempt_ == attempt;
        if (listener && !waits)
            --listener->on_the_way_;
        if (waits)
            one->meet(listener);
    });
}

void tcp_socket::meet(std::shared_ptr<tcp_socket> const& listener) noexcept {
    ++attempt_;
    if (listener && listener->is_listening() && has_memory_for([&] { meet_now(listener); }))
        return;
    if (listener)
        --listener->on_the_way_;
    give_up(ECONNREFUSED);
}

/// Here the connection is made; the listener sees it a little later, and before its first bytes.
void tcp_socket::meet_now(std::shared_ptr<tcp_socket> const& listener) {
    auto const peer = world_.make<tcp_socket>(world_, listener->domain());
    peer->options_ = listener->options_;
    peer->local_ = remote_.seen_by(listener->domain());
    peer->remote_ = local_.seen_by(listener->domain());
    peer->place_.share(peer->local_, peer->remote_, peer->options_);
    peer->told_connected_ = true;
    join(*this, *peer);
    note("is connected");
    changed();
    out_->carry([listener, peer] {
        --listener->on_the_way_;
        if (!listener->is_listening() || !has_memory_for([&] { listener->enqueue(peer); }))
            peer->abort();
    });
}

void tcp_socket::give_up(int error) noexcept {
    ++attempt_;
    end(state::failed);
    error_ = error;
    shut_ = shut_both;
    note(error == ETIMEDOUT ? "nobody answers" : "is refused");
    changed();
}

void tcp_socket::end(state now) noexcept {
    state_ = now;
    if (!has_own_port_)
        place_.leave();
}

long tcp_socket::disconnect() noexcept {
    ++attempt_;
    if (state_ == state::listening) {
        stop_listening();
        return 0;
    }
    if (state_ == state::connected)
        out_->tell(shut_both, true);
    if (state_ == state::connected || state_ == state::connecting)
        error_ = ECONNRESET;
    detach();
    in_.reset();
    out_.reset();
    end(state::fresh);
    local_.host = place_.own().place.host; // and its port, though it may be gone, as Linux does
    remote_ = place_.own().other_side = socket_address::any(domain());
    shut_ = 0;
    end_sent_ = end_came_ = told_connected_ = is_spoiled_ = false;
    changed();
    return 0;
}

void tcp_socket::stop_listening() noexcept {
    place_.own().listens = false;
    end(state::fresh);
    shut_ = 0;
    refuse_waiting();
    changed();
}

long tcp_socket::shutdown(unsigned shut) noexcept {
    switch (state_) {
    case state::listening:
        if ((shut & shut_receive) != 0)
            stop_listening();
        return 0;
    case state::connecting: return disconnect();
    case state::connected: break;
    default:
        is_spoiled_ = state_ == state::failed || (state_ == state::ended && !told_connected_);
        shut_ |= shut;
        changed();
        return -ENOTCONN;
    }
    told_connected_ = true;
    shut_ |= shut;
    if ((shut & shut_send) != 0 && !std::exchange(end_sent_, true))
        out_->tell(shut_receive, false);
    if (end_sent_ && end_came_)
        end(state::ended);
    changed();
    return 0;
}

long tcp_socket::peer_name(socket_address& out) const {
    if (state_ != state::connected)
        return -ENOTCONN;
    out = remote_;
    return 0;
}

void tcp_socket::told(unsigned shut, bool reset) noexcept {
    if (state_ == state::ended)
        return;
    shut_ |= shut;
    if (reset) {
        error_ = end_came_ && !end_sent_ ? EPIPE : ECONNRESET;
        end(state::ended);
    } else {
        end_came_ = true;
        if (end_sent_)
            end(state::ended);
    }
    note(reset ? "the other side resets" : "the other side has ended");
    changed();
}

void tcp_socket::refuse() noexcept {
    if (state_ != state::connected)
        return;
    out_->tell(shut_both, true);
    told(shut_both, true);
}

void tcp_socket::left() noexcept {
    ++attempt_;
    place_.leave();
    if (state_ == state::listening)
        stop_listening();
    if (state_ == state::connected) {
        bool const resets = options_.resets_on_close() || in_->arrived() != 0;
        if (resets)
            out_->tell(shut_both, true);
        else if (!end_sent_)
            out_->tell(shut_receive, false);
    }
    detach();
    state_ = state::ended;
}

long tcp_socket::may_send(socket_address const*) noexcept {
    if (state_ == state::connecting)
        return -EAGAIN;
    if (state_ == state::connected && error_ == 0 && (shut_ & shut_send) == 0)
        return 0;
    return error_ != 0 ? -take_error() : -EPIPE;
}

long tcp_socket::may_receive() noexcept {
    if (state_ == state::listening)
        return -ENOTCONN;
    return state_ == state::fresh && error_ == 0 && (shut_ & shut_receive) == 0 ? -ENOTCONN : 0;
}

long tcp_socket::before_option(int level, int name) const noexcept {
    bool const late = level == IPPROTO_IPV6 && name == IPV6_V6ONLY && place_.is_bound();
    return late ? -EINVAL : 0;
}

void tcp_socket::after_option() noexcept {
    place_.take(options_);
    stream_socket::after_option();
}

} // namespace rondo::engine::simulation
