// SPDX-License-Identifier: MIT
// Bytes from one descriptor to another, and new pipes. A thread of the kernel waits in these.
#include "family.hpp"

#include <fcntl.h>

namespace fuzz {
namespace {

constexpr place first_pipe[] = {place::pipe0_out};
constexpr place second_pipe[] = {place::pipe1_out};
constexpr place a_file[] = {place::file0};
constexpr place a_stream[] = {place::stream1_a};

constexpr std::uint64_t here = ~std::uint64_t{0};

void move_some(filling& f, place to) {
    f.to.splice_fd_in = f.to.fd;
    f.to.fd = f.on.fd(to);
    f.to.len = f.roll.of({1u, 5u, 50u, 200u, 0u});
    f.to.splice_flags = f.roll.chance(2) ? std::uint32_t{SPLICE_F_NONBLOCK} : 0;
}

void splice_on(filling& f) {
    move_some(f, place::pipe1_in);
    f.to.splice_off_in = here;
    f.to.off = here;
}

/// One that may wait holds the lock of the pipe that it goes to meanwhile: everybody else would
/// wait for that and could not be interrupted.
void splice_from_socket(filling& f) {
    splice_on(f);
    f.to.splice_flags = SPLICE_F_NONBLOCK;
}

void splice_to_file(filling& f) {
    move_some(f, place::file0);
    f.to.splice_off_in = here;
    f.to.off = f.roll.of({std::uint64_t{0}, std::uint64_t{30}});
}

void splice_from_file(filling& f) {
    move_some(f, place::pipe1_in);
    f.to.splice_off_in = f.roll.of({std::uint64_t{0}, std::uint64_t{90}, std::uint64_t{500}, here});
    f.to.off = f.roll.chance(8) ? 3 : here;
}

void tee_on(filling& f) { move_some(f, place::pipe1_in); }

/// A pipe as two new descriptors, or in two slots.
void make_pipe(filling& f) {
    f.with.descriptors.fill(-1);
    f.to.addr = address_of(f.with.descriptors.data());
    static constexpr std::uint32_t flags[] = {0, O_CLOEXEC, O_NONBLOCK, 1};
    f.to.pipe_flags = f.roll.of(flags);
    if (f.roll.chance(3))
        f.to.file_index = f.roll.of({6u, 9u, 12u, abi::file_index_alloc});
}

using code = abi::opcode;
constexpr auto blocking = topic::blocking;
constexpr auto threaded = trait::threaded | trait::steady;
constexpr auto at_once = trait::threaded | trait::sure;

constexpr family table[] = {
    {.name = "splice between pipes",
     .code = code::splice,
     .fill = splice_on,
     .where = first_pipe,
     .traits = threaded,
     .needs = blocking,
     .weight = 8,
     .claims = resource(place::pipe1_in)},
    {.name = "splice into a file",
     .code = code::splice,
     .fill = splice_to_file,
     .where = second_pipe,
     .traits = threaded,
     .needs = blocking,
     .weight = 6,
     .claims = resource(place::file0)},
    {.name = "splice from a file",
     .code = code::splice,
     .fill = splice_from_file,
     .where = a_file,
     .traits = threaded,
     .needs = blocking,
     .weight = 6,
     .claims = resource(place::pipe1_in)},
    {.name = "splice from a socket",
     .code = code::splice,
     .fill = splice_from_socket,
     .where = a_stream,
     .traits = threaded,
     .needs = blocking,
     .weight = 4,
     .claims = resource(place::pipe1_in)},
    {.name = "tee",
     .code = code::tee,
     .fill = tee_on,
     .where = first_pipe,
     .traits = threaded,
     .needs = blocking,
     .weight = 6,
     .claims = resource(place::pipe1_in)},
    {.name = "pipe",
     .code = code::pipe,
     .fill = make_pipe,
     .traits = at_once | trait::makes_fd | trait::loud | trait::plain_fd,
     .weight = 2,
     .claims = resource(place::slots)},
};

} // namespace

std::span<family const> splice_families() noexcept { return table; }

} // namespace fuzz
