// SPDX-License-Identifier: MIT
#include <rondo/engine/emulated.hpp>

#include "descriptors.hpp"
#include "installation.hpp"
#include "registrations.hpp"

#include <rondo/abi/registration.hpp>
#include <rondo/core/fd.hpp>
#include <rondo/core/word.hpp>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <new>
#include <sys/mman.h>

namespace rondo::engine {
namespace {

using emulation::installation;
using emulation::kernel_side;

/// A word that a child of fork finds empty: rings and workers are the parent's.
struct of_this_process {
    std::atomic<installation*> home = nullptr;
};

class emulated_engine final : public backend {
public:
    long setup(std::uint32_t entries, abi::params& p) noexcept override {
        installation* const here = home();
        return here != nullptr ? here->setup(entries, p) : -ENOMEM;
    }
    long enter(int fd, std::uint32_t to_submit, std::uint32_t min_complete, std::uint32_t flags,
               void const* arg, std::size_t arg_size) noexcept override {
        kernel_side* const ring = find(fd);
        return ring != nullptr ? ring->enter(to_submit, min_complete, flags, arg, arg_size)
                               : no_ring(fd);
    }
    long register_(int fd, std::uint32_t operation, void* arg,
                   std::uint32_t count) noexcept override {
        if ((operation & ~raw(abi::register_op::use_registered_ring)) >=
            raw(abi::register_op::last))
            return -EINVAL;
        if (fd == -1)
            return register_without_ring(operation, arg, count);
        installation* const here = home();
        auto const ring = here != nullptr ? here->find(fd) : nullptr;
        return ring ? ring->register_(operation, arg, count) : no_ring(fd);
    }
    result<mapping> map(int fd, std::uint64_t offset, std::size_t bytes) noexcept override {
        kernel_side* const ring = find(fd);
        if (ring == nullptr)
            return fail(static_cast<int>(-no_ring(fd)), attempt::map_rings);
        return ring->map(offset, bytes);
    }
    void expose(int fd) noexcept override {
        if (kernel_side* const ring = find(fd))
            ring->expose();
    }
    static bool has(int fd) noexcept { return find(fd) != nullptr; }
    void close(int fd) noexcept override {
        if (find(fd) != nullptr)
            home()->close(fd);
        else
            close_descriptor(fd); // of a parent's ring
    }

private:
    static long no_ring(int fd) noexcept { return emulation::is_open(fd) ? -EOPNOTSUPP : -EBADF; }
    static kernel_side* find(int fd) noexcept {
        of_this_process* const page = word();
        installation* const here = page != nullptr ? page->home.load() : nullptr;
        return here != nullptr ? here->peek(fd) : nullptr;
    }
    static long register_without_ring(std::uint32_t operation, void* arg,
                                      std::uint32_t count) noexcept {
        if (operation == raw(abi::register_op::query))
            return emulation::answer_query(arg, count, emulation::what_there_is());
        if (operation == raw(abi::register_op::send_msg_ring)) {
            installation* const here = home();
            if (arg == nullptr || count != 1)
                return -EINVAL;
            return here != nullptr
                       ? emulation::send_message(*here, *static_cast<abi::sqe const*>(arg))
                       : -ENOMEM;
        }
        return -EINVAL;
    }
    static of_this_process* word() noexcept {
        static of_this_process* const page = []() -> of_this_process* {
            auto made = mapping::anonymous(sizeof(of_this_process), {.wipe_in_children = true});
            if (!made)
                return nullptr;
            auto* const there = new (made->data()) of_this_process;
            made->forget(); // it is there for as long as the program runs
            return there;
        }();
        return page;
    }
    /// Null for want of memory. It is never destroyed: rings may outlive every static object.
    static installation* home() noexcept {
        of_this_process* const page = word();
        if (page == nullptr)
            return nullptr;
        if (installation* const there = page->home.load())
            return there;
        try {
            auto* const made = new installation;
            installation* none = nullptr;
            if (page->home.compare_exchange_strong(none, made)) {
                // Where a leak checker looks, which is not in that page.
                static std::atomic<installation*> newest = nullptr;
                made->before = newest.exchange(made);
                return made;
            }
            delete made;
            return none;
        } catch (std::bad_alloc const&) {
            return nullptr;
        }
    }
};

emulated_engine& instance() noexcept {
    static emulated_engine one;
    return one;
}

} // namespace

backend& emulated_backend() noexcept { return instance(); }

bool is_emulated(int fd) noexcept { return instance().has(fd); }

kind kind_of(backend const& who) noexcept {
    if (who.is_kernel())
        return kernel;
    return &who == &emulated_backend() ? emulated : automatic;
}

} // namespace rondo::engine
