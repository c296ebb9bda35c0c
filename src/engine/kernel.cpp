// SPDX-License-Identifier: MIT
#include <rondo/engine/kernel.hpp>

#include <rondo/abi/syscall.hpp>
#include <rondo/core/fd.hpp>

namespace rondo::engine {
namespace {

class system_calls final : public backend {
public:
    long setup(std::uint32_t entries, abi::params& p) noexcept override {
        return abi::call_setup(entries, &p);
    }
    long enter(int fd, std::uint32_t to_submit, std::uint32_t min_complete, std::uint32_t flags,
               void const* arg, std::size_t arg_size) noexcept override {
        return abi::call_enter(fd, to_submit, min_complete, flags, arg, arg_size);
    }
    long register_(int fd, std::uint32_t operation, void* arg,
                   std::uint32_t count) noexcept override {
        return abi::call_register(fd, operation, arg, count);
    }
    result<mapping> map(int fd, std::uint64_t offset, std::size_t bytes) noexcept override {
        return mapping::shared(fd, bytes, offset);
    }
    void close(int fd) noexcept override { close_descriptor(fd); }
    [[nodiscard]] bool is_kernel() const noexcept override { return true; }
};

} // namespace

backend& kernel_backend() noexcept {
    static system_calls instance;
    return instance;
}

} // namespace rondo::engine
