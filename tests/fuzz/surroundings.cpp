// SPDX-License-Identifier: MIT
#include "surroundings.hpp"

#include <rondo/core/word.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace fuzz {
namespace {

int must(long value, char const* what) {
    if (value < 0)
        throw std::system_error(errno, std::system_category(), what);
    return static_cast<int>(value);
}

std::array<std::byte, letters> make_letters() noexcept {
    std::array<std::byte, letters> out{};
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = static_cast<std::byte>('a' + i % 23 + (i / 23) % 3);
    return out;
}

/// What the first slots hold; `nowhere` is an empty one.
constexpr place in_slots[file_slots] = {
    place::pipe0_out, place::pipe0_in,  place::stream0_a, place::stream0_b,
    place::file0,     place::nowhere,   place::nowhere,   place::packet_a,
    place::nowhere,   place::stream1_a, place::nowhere,   place::nowhere,
};

} // namespace

std::byte const* letters_from(std::uint64_t number) noexcept {
    static std::array<std::byte, letters> const all = make_letters();
    return all.data() + number * 37 % 4096;
}

surroundings::surroundings(ground& on, program const& p) : on_(on) {
    auto& m = *on.room;
    std::size_t const used = offsetof(compared_memory, rooms) + (p.last_number + 1) * room_bytes;
    std::memset(&m.shown, static_cast<int>(untouched), used);
    m.shown.words.fill(0);
    std::memset(m.hidden.data(), 0, (p.last_number + 1) * sizeof(tools));
    if (has(p.topics, topic::child))
        make_child();
    inert_.reset(must(::open("/", O_PATH | O_CLOEXEC), "open /"));
    make_pipes();
    make_sockets(p.topics);
    make_files(p.topics);
    if (has(p.topics, topic::listener))
        make_listener(p.topics);
    if (has(p.topics, topic::epoll))
        put(place::epoll, must(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1"));
    make_ring(p);
}

surroundings::~surroundings() {
    for (int const fd : made_)
        if (fd >= 0)
            ::close(fd);
    ::linger const at_once{1, 0}; // no port is to be kept from others
    for (place const p : {place::tcp_a, place::caller})
        if (int const fd = this->fd(p); fd >= 0)
            ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    child_waits_.reset();
    ring_.reset();
    second_.reset();
    if (child_ > 0)
        ::waitpid(child_, nullptr, 0);
}

void surroundings::make_child() {
    int waits[2], tells[2];
    must(::pipe2(waits, O_CLOEXEC), "pipe2");
    must(::pipe2(tells, O_CLOEXEC), "pipe2");
    child_ = must(::fork(), "fork");
    if (child_ == 0) {
        ::dup2(waits[0], 3);
        char c = 0;
        int const tell = ::dup2(tells[1], 4);
        ::close_range(5, ~0u, 0);
        static_cast<void>(!::write(tell, &c, 1));
        ::close(tell);
        static_cast<void>(!::read(3, &c, 1));
        ::_exit(7);
    }
    ::close(waits[0]);
    ::close(tells[1]);
    child_waits_.reset(waits[1]);
    char c = 0;
    must(::read(tells[0], &c, 1), "read from the child");
    ::close(tells[0]);
}

void surroundings::make_pipes() {
    int ends[2];
    for (place const p : {place::pipe0_out, place::pipe1_out, place::small_out}) {
        bool const is_small = p == place::small_out;
        must(::pipe2(ends, O_CLOEXEC | (is_small ? O_NONBLOCK : 0)), "pipe2");
        put(p, ends[0]);
        put(static_cast<place>(static_cast<int>(p) + 1), ends[1]);
        if (is_small)
            must(::fcntl(ends[1], F_SETPIPE_SZ, 4096), "F_SETPIPE_SZ");
    }
    // The kernel goes a long way round to write a counter that could block.
    put(place::counter, must(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd"));
    put(place::spare0, must(::eventfd(3, EFD_CLOEXEC), "eventfd"));
}

void surroundings::make_sockets(std::uint32_t topics) {
    int ends[2];
    for (place const p : {place::stream0_a, place::stream1_a, place::packet_a}) {
        int const type = p == place::packet_a ? SOCK_DGRAM : SOCK_STREAM;
        must(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends), "socketpair");
        put(p, ends[0]);
        put(static_cast<place>(static_cast<int>(p) + 1), ends[1]);
    }
    if (!has(topics, topic::internet))
        return;
    ::sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const name = reinterpret_cast<::sockaddr*>(&at);
    ::socklen_t size = sizeof at;
    rondo::unique_fd const waits(must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    must(::bind(waits.get(), name, size), "bind");
    must(::listen(waits.get(), 1), "listen");
    must(::getsockname(waits.get(), name, &size), "getsockname");
    put(place::tcp_a, must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    must(::connect(fd(place::tcp_a), name, size), "connect");
    put(place::tcp_b, must(::accept4(waits.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept4"));
    for (place const p : {place::tcp_a, place::tcp_b}) {
        int const one = 1;
        ::setsockopt(fd(p), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }
    std::array<::sockaddr_in, 2> names{};
    for (int i = 0; i < 2; ++i) {
        at.sin_port = 0;
        place const p = i == 0 ? place::udp_a : place::udp_b;
        put(p, must(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
        must(::bind(fd(p), name, size), "bind");
        must(::getsockname(
                 fd(p), reinterpret_cast<::sockaddr*>(&names[static_cast<std::size_t>(i)]), &size),
             "getsockname");
    }
    must(::connect(fd(place::udp_a), reinterpret_cast<::sockaddr*>(&names[1]), size), "connect");
    must(::connect(fd(place::udp_b), reinterpret_cast<::sockaddr*>(&names[0]), size), "connect");
}

void surroundings::make_listener(std::uint32_t topics) {
    bool const far = has(topics, topic::internet);
    int const family = far ? AF_INET : AF_UNIX;
    put(place::listener, must(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    put(place::caller, must(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    auto* const name = reinterpret_cast<::sockaddr*>(&address_);
    if (far) {
        ::sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        std::memcpy(&address_, &at, sizeof at);
        address_size_ = sizeof at;
    } else {
        address_.ss_family = AF_UNIX; // and no name: the system finds a free one
        address_size_ = sizeof(::sa_family_t);
    }
    must(::bind(fd(place::listener), name, address_size_), "bind");
    must(::listen(fd(place::listener), 8), "listen");
    address_size_ = sizeof address_;
    must(::getsockname(fd(place::listener), name, &address_size_), "getsockname");
}

void surroundings::make_files(std::uint32_t topics) {
    put(place::file0, must(::memfd_create("fuzz", MFD_CLOEXEC), "memfd_create"));
    put(place::file1, must(::memfd_create("fuzz", MFD_CLOEXEC), "memfd_create"));
    put(place::slot_file, must(::memfd_create("fuzz", MFD_CLOEXEC), "memfd_create"));
    must(::pwrite(fd(place::file0), letters_from(0), 100, 0), "pwrite");
    put(place::spare1, must(::fcntl(fd(place::file1), F_DUPFD_CLOEXEC, 0), "F_DUPFD"));
    if (has(topics, topic::paths))
        make_directory();
}

/// Files a and b, the directory d, the symbolic link l to a.
void surroundings::make_directory() {
    on_.directory_used = true;
    put(place::directory, must(::open(on_.directory.c_str(), O_DIRECTORY | O_CLOEXEC), "open"));
    int const at = fd(place::directory);
    for (char const* const name : {"a", "b"}) {
        rondo::unique_fd const f(
            must(::openat(at, name, O_CREAT | O_RDWR | O_CLOEXEC, 0644), name));
        if (*name == 'a') {
            must(::pwrite(f.get(), letters_from(1), 100, 0), "pwrite");
            ::fsetxattr(f.get(), "user.old", "value", 5, 0);
        }
    }
    must(::mkdirat(at, "d", 0755), "mkdirat");
    must(::symlinkat("a", at, "l"), "symlinkat");
}

int surroundings::fd(place where, std::uint64_t which) const noexcept {
    if (where == place::made)
        return made_.empty() ? -1 : made_[which % made_.size()];
    return where < place::count ? fds_[static_cast<std::size_t>(where)].get() : -1;
}

std::uint32_t surroundings::slot_of(place where) noexcept {
    for (std::uint32_t i = 0; i < file_slots; ++i)
        if (in_slots[i] == where)
            return i;
    return 5;
}

void surroundings::shut(place where) noexcept {
    shut_.set(static_cast<std::size_t>(where));
    if (int const number = fd(where); number >= 0)
        ::dup3(inert_.get(), number, O_CLOEXEC);
}

void surroundings::forget(int fd) noexcept {
    for (rondo::unique_fd& one : fds_)
        if (one.get() == fd)
            static_cast<void>(one.release());
    for (int& one : made_)
        if (one == fd)
            one = -1;
}

std::optional<place> surroundings::find(int fd) const noexcept {
    for (std::size_t i = 0; i < places; ++i)
        if (fd >= 0 && fds_[i].get() == fd)
            return static_cast<place>(i);
    return std::nullopt;
}

void surroundings::make_ring(program const& p) {
    ring_.emplace(*on_.engine, p.cq_entries != 0 ? p.cq_entries : 64, p.setup, p.cq_entries);
    if (p.cq_entries != 0)
        ring_->hoard();
    if (ring_->error() != 0)
        throw std::system_error(static_cast<int>(-ring_->error()), std::system_category(), "ring");
    if (has(p.topics, topic::second_ring)) {
        second_.emplace(*on_.engine, 8, 0, 0);
        if (second_->error() != 0)
            throw std::system_error(static_cast<int>(-second_->error()), std::system_category(),
                                    "second ring");
    }
    if (has(p.topics, topic::slots))
        register_slots();
    if (has(p.topics, topic::buffers))
        register_buffers();
    if (has(p.topics, topic::groups))
        provide_buffers();
}

void surroundings::register_slots() {
    std::array<std::int32_t, file_slots> list;
    for (std::uint32_t i = 0; i < file_slots; ++i)
        list[i] = fd(in_slots[i]);
    long const done = ring_->register_(abi::register_op::files, list.data(), file_slots);
    if (done < 0)
        throw std::system_error(static_cast<int>(-done), std::system_category(), "register files");
    if (second_) {
        list.fill(-1);
        second_->register_(abi::register_op::files, list.data(), file_slots);
    }
}

void surroundings::register_buffers() {
    std::array<::iovec, registered_buffers> list{};
    for (std::size_t i = 0; i + 1 < registered_buffers; ++i)
        list[i] = {shown().registered[i].data(), room_bytes};
    long const done = ring_->register_(abi::register_op::buffers, list.data(), registered_buffers);
    if (done < 0)
        throw std::system_error(static_cast<int>(-done), std::system_category(),
                                "register buffers");
}

void surroundings::provide_buffers() {
    abi::sqe e{};
    e.opcode = static_cast<std::uint8_t>(abi::opcode::provide_buffers);
    e.fd = given_buffers;
    e.addr = reinterpret_cast<std::uintptr_t>(shown().given.data());
    e.len = given_bytes;
    e.buf_group = given_group;
    ring_->push(e);
    ring_->submit();
    std::vector<abi::cqe> done;
    ring_->reap(done);
    for (auto const group : {ringed_group, pieced_group}) {
        buffer_ring_page& page = group == ringed_group ? on_.room->ringed : on_.room->pieced;
        page = {};
        abi::buf_reg how{};
        how.ring_addr = reinterpret_cast<std::uintptr_t>(&page);
        how.ring_entries = static_cast<std::uint32_t>(page.entries.size());
        how.bgid = group;
        how.flags = group == pieced_group ? raw(abi::buf_ring_flag::inc) : std::uint16_t{0};
        long const made = ring_->register_(abi::register_op::pbuf_ring, &how, 1);
        if (made < 0)
            throw std::system_error(static_cast<int>(-made), std::system_category(), "buffer ring");
    }
    give(ringed_group, ringed_buffers);
    give(pieced_group, pieced_buffers);
}

void surroundings::give(std::uint16_t group, unsigned count) noexcept {
    bool const in_pieces = group == pieced_group;
    buffer_ring_page& page = in_pieces ? on_.room->pieced : on_.room->ringed;
    std::uint16_t& tail = in_pieces ? pieced_tail_ : ringed_tail_;
    // Never more than there is room for, however many were used up: the engines would not agree on
    // what a ring that is run over holds.
    for (unsigned i = 0; i < count && tail < page.entries.size(); ++i, ++tail) {
        abi::buf& entry = page.entries[tail % page.entries.size()];
        std::size_t const id = tail % (in_pieces ? pieced_buffers : ringed_buffers);
        auto* const at = in_pieces ? shown().pieced[id].data() : shown().ringed[id].data();
        entry.addr = reinterpret_cast<std::uintptr_t>(at);
        entry.len = static_cast<std::uint32_t>(in_pieces ? pieced_bytes : ringed_bytes);
        entry.bid = static_cast<std::uint16_t>(id);
    }
    auto* const ring = reinterpret_cast<abi::buf_ring*>(page.entries.data());
    rondo::store_release(&ring->tail, tail);
}

} // namespace fuzz
