// SPDX-License-Identifier: MIT
#include <rondo/ring/region.hpp>

#include "registration.hpp"

#include <rondo/abi/region.hpp>
#include <rondo/engine/kernel.hpp>

#include <cerrno>

namespace rondo {
namespace {

constexpr attempt registering = attempt_to_register(raw(abi::register_op::mem_region));

result<> enrol(ring& owner, abi::region_desc& region, bool wait_arguments) noexcept {
    abi::mem_region_reg request{};
    request.region_uptr = address_of(&region);
    request.flags = wait_arguments ? raw(abi::mem_region_flag::reg_wait_arg) : std::uint64_t{0};
    auto const done = register_explained(owner, abi::register_op::mem_region, &request, 1);
    if (done)
        return {};
    if (done.error() == ENOMEM)
        return fail(engine::explain_pinning(ENOMEM, registering, region.size));
    if (done.error() == EINVAL && done.error().why() == cause::none && wait_arguments)
        return fail(EINVAL, registering, cause::disabled);
    return fail(done.error());
}

} // namespace

result<region> region::create(ring& owner, region_options const& options) noexcept {
    std::size_t const size = whole_pages(options.size);
    abi::region_desc described{};
    if (options.kernel_memory) {
        registrar const& registry = *owner.registry().operator->();
        if (registry.fd() < 0)
            return fail(ENOTSUP, registering);
        described.size = size;
        if (result<> done = enrol(owner, described, options.wait_arguments); !done)
            return fail(done.error());
        auto view = registry.backend().map(registry.fd(), described.mmap_offset, size);
        if (!view)
            return fail(view.error());
        std::span<std::byte> const memory(view->data(), size);
        return region(std::move(*view), memory);
    }
    mapping own;
    std::span<std::byte> memory = options.memory;
    if (memory.empty()) {
        auto fresh = mapping::anonymous(size, {.keep_from_children = true});
        if (!fresh)
            return fail(fresh.error());
        own = std::move(*fresh);
        memory = {own.data(), own.size()};
    }
    std::size_t const page = page_size();
    if (address_of(memory.data()) % page != 0 || memory.size() % page != 0)
        return fail(EINVAL, registering, cause::memory_size, page);
    described.user_addr = address_of(memory.data());
    described.size = memory.size();
    described.flags = raw(abi::region_flag::type_user);
    if (result<> done = enrol(owner, described, options.wait_arguments); !done)
        return fail(done.error());
    return region(std::move(own), memory);
}

} // namespace rondo
