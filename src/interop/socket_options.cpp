// SPDX-License-Identifier: MIT
#include <rondo/interop/socket_options.hpp>

#include <rondo/core/fd.hpp>
#include <rondo/core/short_name.hpp>

#include <fcntl.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <concepts>
#include <limits>
#include <type_traits>

namespace rondo {
namespace {

constexpr std::int64_t int_max = std::numeric_limits<std::int32_t>::max();

/// Puts a value into a field; false when it is out of the field's range.
template <class Field>
bool put(Field& field, std::int64_t value) noexcept {
    if constexpr (std::same_as<Field, bool> || std::same_as<Field, std::optional<bool>>) {
        if (value != 0 && value != 1)
            return false;
        field = value == 1;
    } else {
        if (value < 0 || value > int_max)
            return false;
        field = static_cast<Field>(static_cast<std::int32_t>(value));
    }
    return true;
}

template <auto Field>
bool put_into(socket_options& options, std::int64_t value) noexcept {
    return put(options.*Field, value);
}

struct named_option {
    std::string_view name;
    bool (*put)(socket_options& options, std::int64_t value) noexcept;
};

constexpr named_option named_options[] = {
    {"reuse_address", put_into<&socket_options::reuse_address>},
    {"reuse_port", put_into<&socket_options::reuse_port>},
    {"fast_open", put_into<&socket_options::fast_open>},
    {"no_delay", put_into<&socket_options::no_delay>},
    {"keep_alive", put_into<&socket_options::keep_alive>},
    {"keep_alive_idle", put_into<&socket_options::keep_alive_idle>},
    {"keep_alive_interval", put_into<&socket_options::keep_alive_interval>},
    {"keep_alive_count", put_into<&socket_options::keep_alive_count>},
    {"receive_buffer", put_into<&socket_options::receive_buffer>},
    {"send_buffer", put_into<&socket_options::send_buffer>},
    {"backlog", put_into<&socket_options::backlog>},
    {"remove_stale", put_into<&socket_options::remove_stale>},
};

std::unexpected<error> out_of_range(std::string_view name) noexcept {
    return fail(EINVAL, attempt::socket_option, cause::option_value, short_name::pack(name));
}

/// Sets options one after the other, and goes no further than the first that fails.
class setter {
public:
    setter(int fd, network_kind network) noexcept : fd_(fd), network_(network) {}

    void set(std::string_view name, int level, int option, int value) noexcept {
        if (!done_)
            return;
        // The system takes some options of TCP on sockets where they mean nothing.
        bool const is_lost = level == IPPROTO_TCP || option == SO_KEEPALIVE;
        int code = 0;
        if (is_lost && !is_tcp(network_))
            code = ENOPROTOOPT;
        else if (::setsockopt(fd_, level, option, &value, sizeof value) != 0)
            code = error::last(attempt::socket_option).code();
        if (code != 0)
            done_ =
                fail(code, attempt::socket_option, cause::option_refused, short_name::pack(name));
    }
    /// A number that the system takes as it is, unless it is 0.
    void set_number(std::string_view name, int level, int option, std::int64_t value) noexcept {
        if (!done_ || value == 0)
            return;
        if (value < 0 || value > int_max)
            done_ = out_of_range(name);
        else
            set(name, level, option, static_cast<int>(value));
    }
    [[nodiscard]] result<> done() const noexcept { return done_; }

private:
    int fd_;
    network_kind network_;
    result<> done_;
};

} // namespace

result<> socket_options::set(std::string_view name, std::int64_t value) noexcept {
    for (named_option const& known : named_options) {
        if (known.name != name)
            continue;
        if (!known.put(*this, value))
            return out_of_range(name);
        return {};
    }
    return fail(EINVAL, attempt::socket_option, cause::unknown_option, short_name::pack(name));
}

result<> apply_options(int fd, socket_options const& o, network_kind network,
                       socket_role role) noexcept {
    setter to(fd, network);
    bool const listens_on_tcp = role == socket_role::listens && is_tcp(network);
    if (o.reuse_address || listens_on_tcp)
        to.set("reuse_address", SOL_SOCKET, SO_REUSEADDR, o.reuse_address.value_or(true) ? 1 : 0);
    if (o.reuse_port)
        to.set("reuse_port", SOL_SOCKET, SO_REUSEPORT, 1);
    if (role == socket_role::connects && o.fast_open > 0)
        to.set("fast_open", IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
    else
        to.set_number("fast_open", IPPROTO_TCP, TCP_FASTOPEN, o.fast_open);
    if (o.no_delay)
        to.set("no_delay", IPPROTO_TCP, TCP_NODELAY, 1);
    bool const has_times = o.keep_alive_idle.count() != 0 || o.keep_alive_interval.count() != 0 ||
                           o.keep_alive_count != 0;
    if (o.keep_alive || has_times)
        to.set("keep_alive", SOL_SOCKET, SO_KEEPALIVE, 1);
    to.set_number("keep_alive_idle", IPPROTO_TCP, TCP_KEEPIDLE, o.keep_alive_idle.count());
    to.set_number("keep_alive_interval", IPPROTO_TCP, TCP_KEEPINTVL, o.keep_alive_interval.count());
    to.set_number("keep_alive_count", IPPROTO_TCP, TCP_KEEPCNT, o.keep_alive_count);
    to.set_number("receive_buffer", SOL_SOCKET, SO_RCVBUF, o.receive_buffer);
    to.set_number("send_buffer", SOL_SOCKET, SO_SNDBUF, o.send_buffer);
    return to.done();
}

result<fast_open_permission> fast_open_allowed() noexcept {
    constexpr int client_bit = 1;
    constexpr int server_bit = 2;
    unique_fd const file(::open("/proc/sys/net/ipv4/tcp_fastopen", O_RDONLY | O_CLOEXEC));
    if (!file)
        return fail(error::last(attempt::open));
    char text[32];
    ::ssize_t const size = ::read(file.get(), text, sizeof text);
    if (size < 0)
        return fail(error::last(attempt::read));
    int bits = 0;
    if (std::from_chars(text, text + size, bits).ec != std::errc())
        return fail(EBADMSG, attempt::read);
    return fast_open_permission{(bits & client_bit) != 0, (bits & server_bit) != 0};
}

} // namespace rondo
