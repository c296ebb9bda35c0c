// SPDX-License-Identifier: MIT
#include "socket_options.hpp"

#include "user_data.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace rondo::engine::simulation {
namespace {

/// What a value is.
enum class form : std::uint8_t { flag, number, buffer, linger, time };

struct option {
    int level;
    int name;
    form what = form::number;
    int initial = 0;
};

constexpr int default_buffer = 128 * 1024; // bytes; two of them are on the way from end to end
constexpr int largest_buffer = 212'992;    // bytes: net.core.wmem_max and rmem_max
constexpr int smallest_send = 4608, smallest_receive = 2304;

constexpr option known[] = {
    {SOL_SOCKET, SO_REUSEADDR, form::flag},
    {SOL_SOCKET, SO_REUSEPORT, form::flag},
    {SOL_SOCKET, SO_KEEPALIVE, form::flag},
    {SOL_SOCKET, SO_BROADCAST, form::flag},
    {SOL_SOCKET, SO_OOBINLINE, form::flag},
    {SOL_SOCKET, SO_DONTROUTE, form::flag},
    {SOL_SOCKET, SO_DEBUG, form::flag},
    {SOL_SOCKET, SO_NO_CHECK, form::flag},
    {SOL_SOCKET, SO_TIMESTAMP, form::flag},
    {SOL_SOCKET, SO_TIMESTAMPNS, form::flag},
    {SOL_SOCKET, SO_PASSCRED, form::flag},
    {SOL_SOCKET, SO_ZEROCOPY, form::flag},
    {SOL_SOCKET, SO_RXQ_OVFL, form::flag},
    {SOL_SOCKET, SO_PRIORITY},
    {SOL_SOCKET, SO_MARK},
    {SOL_SOCKET, SO_BUSY_POLL},
    {SOL_SOCKET, SO_INCOMING_CPU},
    {SOL_SOCKET, SO_RCVLOWAT, form::number, 1},
    {SOL_SOCKET, SO_SNDBUF, form::buffer, default_buffer},
    {SOL_SOCKET, SO_RCVBUF, form::buffer, default_buffer},
    {SOL_SOCKET, SO_LINGER, form::linger},
    {SOL_SOCKET, SO_RCVTIMEO, form::time},
    {SOL_SOCKET, SO_SNDTIMEO, form::time},
    {IPPROTO_TCP, TCP_NODELAY, form::flag},
    {IPPROTO_TCP, TCP_CORK, form::flag},
    {IPPROTO_TCP, TCP_QUICKACK, form::flag, 1},
    {IPPROTO_TCP, TCP_MAXSEG, form::number, 536},
    {IPPROTO_TCP, TCP_KEEPIDLE, form::number, 7200},
    {IPPROTO_TCP, TCP_KEEPINTVL, form::number, 75},
    {IPPROTO_TCP, TCP_KEEPCNT, form::number, 9},
    {IPPROTO_TCP, TCP_SYNCNT, form::number, 6},
    {IPPROTO_TCP, TCP_LINGER2, form::number, 60},
    {IPPROTO_TCP, TCP_DEFER_ACCEPT},
    {IPPROTO_TCP, TCP_USER_TIMEOUT},
    {IPPROTO_TCP, TCP_FASTOPEN},
    {IPPROTO_TCP, TCP_NOTSENT_LOWAT},
    {IPPROTO_IP, IP_TOS},
    {IPPROTO_IP, IP_TTL, form::number, 64},
    {IPPROTO_IP, IP_MTU_DISCOVER, form::number, IP_PMTUDISC_WANT},
    {IPPROTO_IP, IP_RECVERR, form::flag},
    {IPPROTO_IP, IP_FREEBIND, form::flag},
    {IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, form::flag},
    {IPPROTO_IPV6, IPV6_V6ONLY, form::flag},
    {IPPROTO_IPV6, IPV6_RECVERR, form::flag},
    {IPPROTO_IPV6, IPV6_TCLASS},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, form::number, 64},
};

option const* find_option(int level, int name) noexcept {
    auto const* const found = std::ranges::find_if(
        known, [=](option const& one) { return one.level == level && one.name == name; });
    return found != std::end(known) ? found : nullptr;
}

std::size_t bytes_of_form(form what) noexcept {
    switch (what) {
    case form::linger: return sizeof(::linger);
    case form::time: return sizeof(::timeval);
    default: return sizeof(int);
    }
}

/// Linux keeps twice of what is asked for, as its own records take room, too.
int kept_buffer(int name, int asked) noexcept {
    int const smallest = name == SO_SNDBUF ? smallest_send : smallest_receive;
    return std::max(2 * std::clamp(asked, 0, largest_buffer), smallest);
}

} // namespace

long put_option(void const* value, std::size_t bytes, long at, long length_at) noexcept {
    if (length_at == 0)
        return -EFAULT;
    int const room = get_value<int>(length_at);
    if (room < 0)
        return -EINVAL;
    std::size_t const count = std::min(bytes, static_cast<std::size_t>(room));
    if (at == 0 && count != 0)
        return -EFAULT;
    put_bytes(at, value, count);
    put_value(length_at, static_cast<int>(count));
    return 0;
}

socket_options::kept const* socket_options::find(int level, int name) const noexcept {
    auto const found = std::ranges::find_if(
        kept_, [=](kept const& one) { return one.level == level && one.name == name; });
    return found != kept_.end() ? &*found : nullptr;
}

long socket_options::check_level(int level) const noexcept {
    if (level == SOL_SOCKET)
        return 0;
    if (domain_ == AF_UNIX)
        return -EOPNOTSUPP;
    bool const is_mine = level == IPPROTO_IP || (level == IPPROTO_IPV6 && domain_ == AF_INET6) ||
                         (level == IPPROTO_TCP && protocol_ == IPPROTO_TCP);
    return is_mine ? 0 : -ENOPROTOOPT;
}

long socket_options::get(int level, int name, long at, long length_at) const noexcept {
    if (long const wrong = check_level(level); wrong < 0)
        return level == IPPROTO_TCP && domain_ == AF_INET ? -EOPNOTSUPP : wrong;
    option const* const which = find_option(level, name);
    if (which == nullptr)
        return -ENOPROTOOPT;
    std::array<std::byte, 16> none{};
    if (kept const* const set = find(level, name))
        return put_option(set->what.data(), set->bytes, at, length_at);
    std::memcpy(none.data(), &which->initial, sizeof which->initial);
    return put_option(none.data(), bytes_of_form(which->what), at, length_at);
}

long socket_options::set(int level, int name, long at, int bytes) {
    if (long const wrong = check_level(level); wrong < 0)
        return wrong;
    if (level == SOL_SOCKET && (name == SO_SNDBUFFORCE || name == SO_RCVBUFFORCE))
        name = name == SO_SNDBUFFORCE ? SO_SNDBUF : SO_RCVBUF;
    option const* const which = find_option(level, name);
    if (which == nullptr)
        return -ENOPROTOOPT;
    kept value{level, name, bytes_of_form(which->what), {}};
    if (bytes < 0 || static_cast<std::size_t>(bytes) < value.bytes)
        return -EINVAL;
    if (at == 0)
        return -EFAULT;
    get_bytes(at, value.what.data(), value.bytes);
    int number = 0;
    std::memcpy(&number, value.what.data(), sizeof number);
    if (which->what == form::flag)
        number = number != 0 ? 1 : 0;
    if (which->what == form::buffer)
        number = kept_buffer(name, number);
    std::memcpy(value.what.data(), &number, sizeof number);
    if (domain_ == AF_UNIX && name == SO_REUSEPORT && number != 0)
        return -EOPNOTSUPP;
    if (kept const* const before = find(level, name))
        const_cast<kept&>(*before) = value;
    else
        kept_.push_back(value);
    return 0;
}

int socket_options::value(int level, int name) const noexcept {
    if (kept const* const set = find(level, name)) {
        int number = 0;
        std::memcpy(&number, set->what.data(), sizeof number);
        return number;
    }
    option const* const which = find_option(level, name);
    return which != nullptr ? which->initial : 0;
}

std::size_t socket_options::send_bytes() const noexcept {
    return static_cast<std::size_t>(value(SOL_SOCKET, SO_SNDBUF));
}

std::size_t socket_options::receive_bytes() const noexcept {
    return static_cast<std::size_t>(value(SOL_SOCKET, SO_RCVBUF));
}

bool socket_options::resets_on_close() const noexcept {
    kept const* const set = find(SOL_SOCKET, SO_LINGER);
    if (set == nullptr)
        return false;
    ::linger how{};
    std::memcpy(&how, set->what.data(), sizeof how);
    return how.l_onoff != 0 && how.l_linger == 0;
}

} // namespace rondo::engine::simulation
