// SPDX-License-Identifier: MIT
#include <rondo/engine/emulated.hpp>

#include "installation.hpp"

#include <rondo/abi/registration.hpp>
#include <rondo/core/fd.hpp>
#include <rondo/core/futex.hpp>
#include <rondo/core/word.hpp>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <new>
#include <sys/mman.h>

namespace rondo::engine {
namespace {

using emulation::installation;

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
        installation* const here = known_home();
        return here != nullptr ? here->enter(fd, to_submit, min_complete, flags, arg, arg_size)
                               : installation::no_ring(fd);
    }
    long register_(int fd, std::uint32_t operation, void* arg,
                   std::uint32_t count) noexcept override {
        installation* const here = home();
        return here != nullptr ? here->register_(fd, operation, arg, count) : -ENOMEM;
    }
    result<mapping> map(int fd, std::uint64_t offset, std::size_t bytes) noexcept override {
        if (installation* const here = known_home())
            return here->map(fd, offset, bytes);
        return fail(static_cast<int>(-installation::no_ring(fd)), attempt::map_rings);
    }
    void expose(int fd) noexcept override {
        if (installation* const here = known_home())
            here->expose(fd);
    }
    static bool has(int fd) noexcept {
        installation* const here = known_home();
        return here != nullptr && here->is_ring(fd);
    }
    void close(int fd) noexcept override {
        if (has(fd))
            known_home()->close(fd);
        else
            close_descriptor(fd); // of a parent's ring
    }

private:
    /// Null: there was never a ring, or they are the parent's.
    static installation* known_home() noexcept {
        of_this_process* const page = word();
        return page != nullptr ? page->home.load() : nullptr;
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

std::int64_t backend::now() const noexcept { return steady_now(); }

kind kind_of(backend const& who) noexcept {
    if (who.is_kernel())
        return kernel;
    return &who == &emulated_backend() ? emulated : automatic;
}

} // namespace rondo::engine
