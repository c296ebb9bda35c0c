// SPDX-License-Identifier: MIT
#pragma once

// Engines that any thread may enter, and that treat it roughly: enters fail now and then, take less
// than they were given, or lose a cancel. Any thread.

#include <support/wrapped_kernel.hpp>

#include <rondo/abi/opcode.hpp>
#include <rondo/abi/sqe.hpp>
#include <rondo/core/word.hpp>

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>

namespace rondo::test {

/// Fails about one enter in `one_in`, with what it may fail with on a busy machine.
class rough_kernel final : public wrapped_kernel {
public:
    explicit rough_kernel(std::uint64_t one_in, bool takes_less = true) noexcept
        : one_in_(one_in), takes_less_(takes_less) {}

    long enter(int fd, std::uint32_t to_submit, std::uint32_t min_complete, std::uint32_t flags,
               void const* arg, std::size_t arg_size) noexcept override {
        std::uint64_t const dice = roll();
        if (one_in_ != 0 && dice % one_in_ == 0) {
            ++spoiled;
            switch (dice / one_in_ % (takes_less_ ? 4 : 3)) {
            case 0: return -EAGAIN;
            case 1: return -EBUSY;
            case 2: return -EINTR;
            default: break;
            }
            if (to_submit > 1)
                return wrapped_kernel::enter(fd, to_submit / 2, 0, 0, nullptr, 0);
            return -EINTR;
        }
        return wrapped_kernel::enter(fd, to_submit, min_complete, flags, arg, arg_size);
    }
    void be_gentle() noexcept { one_in_ = 0; }

    std::atomic<std::uint64_t> spoiled{0};

private:
    std::uint64_t roll() noexcept {
        std::uint64_t z = state_.fetch_add(0x9e37'79b9'7f4a'7c15);
        z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
        z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
        return z ^ (z >> 31);
    }
    std::atomic<std::uint64_t> one_in_;
    bool takes_less_;
    std::atomic<std::uint64_t> state_{42};
};

/// Turns cancels into nops for as long as it is deaf, as a cancel is lost that comes between a
/// worker's attempt and its poll; and fails enters that submit for as long as it is busy.
class deaf_kernel final : public wrapped_kernel {
public:
    long setup(std::uint32_t entries, abi::params& p) noexcept override {
        long const fd = wrapped_kernel::setup(entries, p);
        words_ = p.sq_off;
        mask_ = p.sq_entries - 1;
        return fd;
    }
    result<mapping> map(int fd, std::uint64_t offset, std::size_t bytes) noexcept override {
        auto out = wrapped_kernel::map(fd, offset, bytes);
        if (out && offset == abi::off_sqes)
            sqes_ = reinterpret_cast<abi::sqe*>(out->data());
        else if (out && offset == abi::off_sq_ring)
            rings_ = reinterpret_cast<char*>(out->data());
        return out;
    }
    long enter(int fd, std::uint32_t to_submit, std::uint32_t min_complete, std::uint32_t flags,
               void const* arg, std::size_t arg_size) noexcept override {
        if (to_submit != 0)
            ++submits;
        if (deaf && to_submit != 0) {
            auto const head = load_acquire(reinterpret_cast<std::uint32_t*>(rings_ + words_.head));
            for (std::uint32_t i = 0; i < to_submit; ++i) {
                abi::sqe& s = sqes_[(head + i) & mask_];
                if (s.opcode != raw(abi::opcode::async_cancel))
                    continue;
                std::uint64_t const user_data = s.user_data;
                s = abi::sqe{};
                s.user_data = user_data;
                ++lost;
            }
        }
        if (busy && to_submit != 0 && (busy_for == ::pthread_t{} || busy_for == ::pthread_self())) {
            if (when_busy != nullptr)
                when_busy(*this);
            return -EBUSY;
        }
        return wrapped_kernel::enter(fd, to_submit, min_complete, flags, arg, arg_size);
    }

    std::atomic<bool> deaf{false};
    std::atomic<bool> busy{false};
    std::atomic<::pthread_t> busy_for{}; ///< this thread only, if any
    void (*when_busy)(deaf_kernel&) = nullptr;
    std::atomic<int> lost{0};    ///< cancels
    std::atomic<int> submits{0}; ///< enters with something to submit

private:
    decltype(abi::params::sq_off) words_{};
    std::uint32_t mask_ = 0;
    char* rings_ = nullptr;
    abi::sqe* sqes_ = nullptr;
};

} // namespace rondo::test
