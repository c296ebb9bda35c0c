// SPDX-License-Identifier: MIT
#include "leftovers.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace fuzz {
namespace {

std::string text(char const* what, long number) { return what + std::to_string(number); }

std::string sum_of(std::byte const* bytes, std::size_t count) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < count; ++i)
        sum = sum * 1099511628211u + static_cast<std::uint64_t>(bytes[i]) + 1;
    std::string out = std::to_string(count) + " bytes, sum " + std::to_string(sum) + " \"";
    for (std::size_t i = 0; i < std::min<std::size_t>(count, 24); ++i) {
        char const c = static_cast<char>(bytes[i]);
        out += c >= ' ' && c <= '~' ? c : '.';
    }
    return out + '"';
}

/// Everything that can be read without waiting.
std::string rest_of(int fd) {
    std::array<std::byte, 65536> bytes;
    std::size_t count = 0;
    std::string end = " more";
    while (count < bytes.size()) {
        ::pollfd one{fd, POLLIN, 0};
        ::poll(&one, 1, 0);
        if ((one.revents & (POLLIN | POLLHUP | POLLERR)) == 0) {
            end = text(" waits ", one.revents);
            break;
        }
        long n = ::recv(fd, bytes.data() + count, bytes.size() - count, MSG_DONTWAIT);
        if (n < 0 && errno == ENOTSOCK)
            n = ::read(fd, bytes.data() + count, bytes.size() - count);
        if (n <= 0) {
            end = n == 0 ? " ended" : text(" error ", errno);
            break;
        }
        count += static_cast<std::size_t>(n);
    }
    return sum_of(bytes.data(), count) + end;
}

std::string content_of(int fd) {
    struct ::stat s{};
    ::fstat(fd, &s);
    std::array<std::byte, 16384> bytes;
    long const n = ::pread(fd, bytes.data(), bytes.size(), 0);
    return text("size ", s.st_size) + text(" position ", ::lseek(fd, 0, SEEK_CUR)) + " " +
           sum_of(bytes.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
}

std::string describe_name(int at, std::string const& name) {
    struct ::stat s{};
    ::fstatat(at, name.c_str(), &s, AT_SYMLINK_NOFOLLOW);
    std::string out =
        name + text(" mode ", s.st_mode) + text(" links ", static_cast<long>(s.st_nlink));
    if (S_ISLNK(s.st_mode)) {
        std::array<char, 64> to{};
        long const n = ::readlinkat(at, name.c_str(), to.data(), to.size());
        out += " to " + std::string(to.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
    } else if (S_ISREG(s.st_mode)) {
        rondo::unique_fd const fd(::openat(at, name.c_str(), O_RDONLY | O_CLOEXEC));
        std::array<char, 256> attributes{};
        out += " " + content_of(fd.get()) +
               text(" attributes ", ::flistxattr(fd.get(), attributes.data(), attributes.size()));
    }
    return out;
}

void describe_directory(std::vector<std::string>& out, std::string const& path) {
    std::vector<std::string> names;
    for (auto const& entry : std::filesystem::recursive_directory_iterator(path))
        names.push_back(entry.path().lexically_relative(path).string());
    std::ranges::sort(names);
    rondo::unique_fd const at(::open(path.c_str(), O_DIRECTORY | O_CLOEXEC));
    for (std::string const& name : names)
        out.push_back(describe_name(at.get(), name));
}

template <std::size_t N>
std::optional<std::string> differing(char const* what, std::size_t index,
                                     std::array<std::byte, N> const& a,
                                     std::array<std::byte, N> const& b) {
    for (std::size_t i = 0; i < N; ++i)
        if (a[i] != b[i])
            return what + std::to_string(index) + " from byte " + std::to_string(i) + ": " +
                   sum_of(a.data() + i, N - i) + " and " + sum_of(b.data() + i, N - i);
    return std::nullopt;
}

template <class T, std::size_t N>
std::optional<std::string> differing_of(char const* what, std::array<T, N> const& a,
                                        std::array<T, N> const& b, std::size_t count = N) {
    if (std::memcmp(a.data(), b.data(), count * sizeof(T)) == 0)
        return std::nullopt;
    for (std::size_t i = 0; i < count; ++i)
        if (auto out = differing(what, i, a[i], b[i]))
            return out;
    return std::nullopt;
}

} // namespace

std::vector<std::string> leftovers(side& of, program const& p) {
    static constexpr place streams[] = {
        place::pipe0_out, place::pipe1_out, place::small_out, place::stream0_a, place::stream0_b,
        place::stream1_a, place::stream1_b, place::packet_a,  place::packet_b,  place::tcp_a,
        place::tcp_b,     place::udp_a,     place::udp_b,     place::counter};
    std::vector<std::string> out = of.describe_tables();
    for (place const where : streams) {
        int const fd = of.around().fd(where);
        if (fd < 0)
            continue;
        if (where == place::counter) {
            ::pollfd one{fd, POLLIN, 0};
            std::uint64_t count = 0;
            if (::poll(&one, 1, 0) > 0)
                static_cast<void>(!::read(fd, &count, sizeof count));
            out.push_back(text("counter ", static_cast<long>(count)));
            continue;
        }
        out.push_back("place " + std::to_string(static_cast<int>(where)) + " " + rest_of(fd));
    }
    for (place const where : {place::file0, place::file1, place::slot_file})
        out.push_back(content_of(of.around().fd(where)));
    for (int const fd : of.around().made())
        out.push_back(text("made ", ::fcntl(fd, F_GETFL)) + (fd < 0 ? " closed" : " open"));
    if (has(p.topics, topic::paths))
        describe_directory(out, of.around().home().directory);
    return out;
}

std::optional<std::string> differing_memory(side& a, side& b, program const& p) {
    compared_memory const& x = a.around().shown();
    compared_memory const& y = b.around().shown();
    if (auto out = differing_of("room of request ", x.rooms, y.rooms, p.last_number + 1))
        return out;
    if (auto out = differing_of("registered buffer ", x.registered, y.registered))
        return out;
    if (auto out = differing_of("classic buffer ", x.given, y.given))
        return out;
    if (auto out = differing_of("ringed buffer ", x.ringed, y.ringed))
        return out;
    if (x.words != y.words)
        return "words";
    return differing_of("buffer in pieces ", x.pieced, y.pieced);
}

long open_descriptors() {
    struct ::stat s{};
    if (::stat("/proc/self/fd", &s) == 0 && s.st_size > 0)
        return s.st_size;
    long count = 0; // before Linux 6.2 the size is 0
    ::DIR* const d = ::opendir("/proc/self/fd");
    while (d != nullptr && ::readdir(d) != nullptr)
        ++count;
    if (d != nullptr)
        ::closedir(d);
    return count;
}

void clear_directory(std::string const& path) {
    std::error_code ignored;
    for (auto const& entry : std::filesystem::directory_iterator(path, ignored))
        std::filesystem::remove_all(entry.path(), ignored);
}

} // namespace fuzz
