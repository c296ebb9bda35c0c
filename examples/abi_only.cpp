// SPDX-License-Identifier: MIT
// The interface of the kernel and nothing else: one write to standard output by way of the three
// system calls and shared memory, with the declarations of rondo/abi and none of the library's
// types. Needs io_uring: nothing stands in for the kernel here.
//
//     abi_only
#include <rondo/abi/cqe.hpp>
#include <rondo/abi/enter.hpp>
#include <rondo/abi/opcode.hpp>
#include <rondo/abi/params.hpp>
#include <rondo/abi/sqe.hpp>
#include <rondo/abi/syscall.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>

namespace abi = rondo::abi;

namespace {

int complain(char const* what, long answer) {
    std::fprintf(stderr, "abi_only: %s: %s\n", what, std::strerror(static_cast<int>(-answer)));
    return 1;
}

/// A part of the instance's memory; null when it cannot be mapped.
char* map(int fd, std::uint64_t offset, std::size_t bytes) {
    void* const start = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                               fd, static_cast<::off_t>(offset));
    return start == MAP_FAILED ? nullptr : static_cast<char*>(start);
}

/// A word that the kernel reads and writes, too.
std::atomic_ref<std::uint32_t> word(char* ring, std::uint32_t offset) {
    return std::atomic_ref(*reinterpret_cast<std::uint32_t*>(ring + offset));
}

} // namespace

int main() {
    abi::params p{};
    long const answer = abi::call_setup(1, &p);
    if (answer < 0)
        return complain("io_uring_setup", answer);
    int const fd = static_cast<int>(answer);

    char* const sq =
        map(fd, abi::off_sq_ring, p.sq_off.array + p.sq_entries * sizeof(std::uint32_t));
    char* const cq = map(fd, abi::off_cq_ring, p.cq_off.cqes + p.cq_entries * sizeof(abi::cqe));
    char* const sqes = map(fd, abi::off_sqes, p.sq_entries * sizeof(abi::sqe));
    if (sq == nullptr || cq == nullptr || sqes == nullptr)
        return complain("mmap", -errno);

    static char const text[] = "hello from the other side of the system calls\n";
    auto const tail = word(sq, p.sq_off.tail);
    std::uint32_t const slot = tail.load() & word(sq, p.sq_off.ring_mask).load();
    auto& request = reinterpret_cast<abi::sqe*>(sqes)[slot];
    request = abi::sqe{};
    request.opcode = static_cast<std::uint8_t>(abi::opcode::write);
    request.fd = STDOUT_FILENO;
    request.addr = reinterpret_cast<std::uintptr_t>(text);
    request.len = sizeof text - 1;
    request.off = ~std::uint64_t{0}; // at the file's own position
    request.user_data = 42;
    word(sq, p.sq_off.array + slot * std::uint32_t{sizeof(std::uint32_t)}).store(slot);
    // Release: whoever sees the new tail sees the entry.
    tail.store(tail.load() + 1, std::memory_order_release);

    auto const head = word(cq, p.cq_off.head);
    // Acquire: whoever sees the new tail sees the completion.
    while (word(cq, p.cq_off.tail).load(std::memory_order_acquire) == head.load()) {
        std::uint32_t const left = tail.load() - word(sq, p.sq_off.head).load();
        long const entered = abi::call_enter(fd, left, 1, raw(abi::enter::getevents), nullptr, 0);
        if (entered < 0 && entered != -EINTR)
            return complain("io_uring_enter", entered);
    }
    std::uint32_t const place = head.load() & word(cq, p.cq_off.ring_mask).load();
    abi::cqe const done = reinterpret_cast<abi::cqe const*>(cq + p.cq_off.cqes)[place];
    head.store(head.load() + 1, std::memory_order_release); // the entry is the kernel's again
    if (done.res < 0)
        return complain("write", done.res);
    // The descriptor and the mappings end with the process.
    return done.user_data == 42 && done.res == sizeof text - 1 ? 0 : 1;
}
