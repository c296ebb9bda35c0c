// SPDX-License-Identifier: MIT
#pragma once

// An engine that is this machine's kernel, except that it plays an older or a newer one, or other
// hardware: register operations that a test answers itself. One thread.

#include <rondo/abi/registration.hpp>
#include <support/engine.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace rondo::test {

class other_kernel final : public engine::backend {
public:
    /// What register_ answers to an operation: a value, or minus an errno.
    using answer = std::function<long(int fd, void* arg, std::uint32_t count)>;

    void play(abi::register_op operation, answer a) { answers_[operation] = std::move(a); }
    /// The answer of a kernel that does not know the operation.
    void lack(abi::register_op operation) {
        play(operation, [](int, void*, std::uint32_t) {
            return -22; /* EINVAL */
        });
    }

    long setup(std::uint32_t entries, abi::params& p) noexcept override {
        return this_engine().setup(entries, p);
    }
    long enter(int fd, std::uint32_t to_submit, std::uint32_t min_complete, std::uint32_t flags,
               void const* arg, std::size_t arg_size) noexcept override {
        return this_engine().enter(fd, to_submit, min_complete, flags, arg, arg_size);
    }
    long register_(int fd, std::uint32_t operation, void* arg,
                   std::uint32_t count) noexcept override {
        std::uint32_t const bare = operation & ~raw(abi::register_op::use_registered_ring);
        auto const played = answers_.find(static_cast<abi::register_op>(bare));
        return played != answers_.end() ? played->second(fd, arg, count)
                                        : this_engine().register_(fd, operation, arg, count);
    }
    result<mapping> map(int fd, std::uint64_t offset, std::size_t bytes) noexcept override {
        return this_engine().map(fd, offset, bytes);
    }
    void close(int fd) noexcept override { this_engine().close(fd); }

private:
    std::map<abi::register_op, answer> answers_;
};

} // namespace rondo::test
