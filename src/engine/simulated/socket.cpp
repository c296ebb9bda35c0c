// SPDX-License-Identifier: MIT
#include "socket.hpp"

#include "guarded.hpp"
#include "world.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <utility>

namespace rondo::engine::simulation {

char const* socket::kind() const noexcept {
    if (domain_ == AF_UNIX)
        return "unix";
    return protocol_ == IPPROTO_TCP ? "tcp" : "udp";
}

long socket::read(open_file&, parts into, std::int64_t at, int) noexcept {
    if (at != here)
        return -ESPIPE;
    if (bytes_of(into) == 0)
        return 0; // even where a message of no bytes waits
    return guarded([&] {
        reception about;
        return receive(into, 0, about);
    });
}

long socket::write(open_file&, parts from, std::int64_t at, int) noexcept {
    if (at != here)
        return -ESPIPE;
    return guarded([&] { return send(from, 0, nullptr); });
}

void socket::closed(open_file const&) noexcept {
    if (--open_ != 0)
        return;
    left_ = true;
    left();
}

long socket::listen(int) { return -EOPNOTSUPP; }

long socket::accept(std::shared_ptr<socket>&) { return -EOPNOTSUPP; }

int socket::take_error() noexcept { return std::exchange(error_, 0); }

long socket::before_option(int, int) const noexcept { return 0; }

long socket::get_option(int level, int name, long at, long length_at) noexcept {
    if (level == SOL_SOCKET) {
        auto const answer = [=](int value) {
            return put_option(&value, sizeof value, at, length_at);
        };
        switch (name) {
        case SO_TYPE: return answer(style_);
        case SO_DOMAIN: return answer(domain_);
        case SO_PROTOCOL: return answer(protocol_);
        case SO_ACCEPTCONN: return answer(is_listening() ? 1 : 0);
        case SO_ERROR: return answer(take_error());
        case SO_PEERCRED: {
            // Both sides are the one program, whose number is not for a run that can be repeated.
            ::ucred const self{1, 0, 0},
                nobody{0, static_cast<::uid_t>(-1), static_cast<::gid_t>(-1)};
            return put_option(domain_ == AF_UNIX ? &self : &nobody, sizeof self, at, length_at);
        }
        default: break;
        }
    }
    return options_.get(level, name, at, length_at);
}

long socket::set_option(int level, int name, long at, int bytes) {
    if (long const no = before_option(level, name); no < 0)
        return no;
    long const done = options_.set(level, name, at, bytes);
    if (done == 0)
        after_option();
    return done;
}

void socket::note(char const* what) noexcept {
    std::array<char, 96> line{};
    int const size = std::snprintf(line.data(), line.size(), "%s %llu: %s", kind(),
                                   static_cast<unsigned long long>(id), what);
    // A trace that lacks a line is still one.
    static_cast<void>(has_memory_for([&] {
        world_.log().add(world_.now() - world::beginning,
                         {line.data(), std::min(static_cast<std::size_t>(size), line.size() - 1)});
    }));
}

void socket::note(char const* what, std::size_t bytes) noexcept {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%s, %zu bytes", what, bytes);
    note(text.data());
}

std::shared_ptr<socket> find_socket(world& w, long fd, long& failure) noexcept {
    std::shared_ptr<open_file> const file = w.find(static_cast<int>(fd));
    bool const is_open = file && (file->flags & O_PATH) == 0;
    auto found = is_open ? std::dynamic_pointer_cast<socket>(file->what) : nullptr;
    if (!found)
        failure = is_open ? -ENOTSOCK : -EBADF;
    return found;
}

} // namespace rondo::engine::simulation
