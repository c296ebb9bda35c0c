// SPDX-License-Identifier: MIT
#include <rondo/ring/buffer_ring.hpp>

#include "buffer_pool.hpp"
#include "registration.hpp"

#include <rondo/abi/params.hpp>
#include <rondo/core/annotate.hpp>
#include <rondo/core/assert.hpp>
#include <rondo/core/error.hpp>
#include <rondo/engine/kernel.hpp>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <new>

namespace rondo {
namespace {

constexpr std::uint32_t most_entries = 32768;
/// A file offset for mmap(2) has no more bits for the group's number.
constexpr std::int32_t highest_mapped_group = 0x7ff;
static_assert((abi::off_pbuf_ring | std::uint64_t{highest_mapped_group} << abi::off_pbuf_shift) ==
              (abi::off_pbuf_ring | (~abi::off_mmap_mask & 0xffff0000)));
constexpr std::size_t largest_buffer = std::size_t{1} << 31;
constexpr attempt registering = attempt_to_register(raw(abi::register_op::pbuf_ring));

std::int32_t highest_group(buffer_ring_options const& options) noexcept {
    return options.kernel_mapped ? highest_mapped_group : 0xffff;
}

result<> check(buffer_ring_options const& options) noexcept {
    if (options.entries == 0 || options.entries > most_entries || options.buffer_size == 0 ||
        options.buffer_size > largest_buffer || options.buffers > options.entries ||
        options.group < buffer_ring_options::automatic || options.group > highest_group(options))
        return fail(EINVAL, registering);
    return {};
}

/// PBUF_RING under the number asked for, or the highest that is free: programs that choose numbers
/// themselves count from 0.
result<> enrol(buffer_ring_state& state, support known, abi::buf_reg& request,
               buffer_ring_options const& options) noexcept {
    bool const any = options.group == buffer_ring_options::automatic;
    for (std::int32_t i = any ? highest_group(options) : options.group; i >= 0; --i) {
        request.bgid = static_cast<std::uint16_t>(i);
        auto const done = register_explained(state.registry, known, abi::register_op::pbuf_ring,
                                             &request, 1, arguments::checked);
        if (done) {
            state.group = request.bgid;
            state.registered = true;
            return {};
        }
        if (done.error() == ENOMEM)
            return fail(engine::explain_pinning(ENOMEM, registering, state.ring_memory.size()));
        if (!any || done.error() != EEXIST || done.error().why() != cause::in_use)
            return fail(done.error());
    }
    return fail(EEXIST, registering, cause::in_use);
}

/// The ring in memory of ours or of the kernel's, registered.
result<> make_ring(buffer_ring_state& state, support known,
                   buffer_ring_options const& options) noexcept {
    std::size_t const bytes = std::size_t{state.entries} * sizeof(abi::buf);
    abi::buf_reg request{};
    request.ring_entries = state.entries;
    request.flags = options.incremental ? raw(abi::buf_ring_flag::inc) : std::uint16_t{0};
    if (!options.kernel_mapped) {
        auto memory = mapping::anonymous(bytes, {.keep_from_children = true});
        if (!memory)
            return fail(memory.error());
        state.ring_memory = std::move(*memory);
        request.ring_addr = address_of(state.ring_memory.data());
        if (result<> done = enrol(state, known, request, options); !done)
            return done;
    } else {
        int const fd = state.registry->fd();
        if (fd < 0)
            return fail(ENOTSUP, registering);
        request.flags |= raw(abi::buf_ring_flag::mmap);
        if (result<> done = enrol(state, known, request, options); !done)
            return done;
        std::uint64_t const offset = abi::off_pbuf_ring | std::uint64_t{state.group}
                                                              << abi::off_pbuf_shift;
        auto memory = state.registry->backend().map(fd, offset, bytes);
        if (!memory)
            return fail(memory.error());
        state.ring_memory = std::move(*memory);
    }
    state.ring = reinterpret_cast<abi::buf_ring*>(state.ring_memory.data());
    return {};
}

/// Ends the registration. False when the kernel may still write to the buffers.
bool withdraw(buffer_ring_state& state) noexcept {
    if (!state.registered || !state.registry->is_open())
        return true; // a closed ring has waited for all of its operations
    // A buffer that the kernel has taken from the ring and whose completion was not adopted belongs
    // to an operation in flight, or its completion waits; from here they look the same.
    auto const untouched = state.untouched();
    bool const all_accounted = !untouched || *untouched == state.with_kernel;
    abi::buf_reg request{};
    request.bgid = state.group;
    bool const ended =
        state.registry->call(abi::register_op::unregister_pbuf_ring, &request, 1).has_value();
    return ended && all_accounted;
}

void end(buffer_ring_state* state) noexcept {
    if (state == nullptr)
        return;
    if (state->records && !state->is_parents()) {
        state->ring_memory.forget();
        for (mapping& chunk : state->chunks)
            chunk.forget();
        delete state;
        return;
    }
    error_text text;
    text.append("a buffer ring ended before ")
        .append(std::int64_t{state->leases})
        .append(" of its leases: they point into its memory");
    RONDO_ASSERT(state->leases == 0, text.c_str());
    RONDO_ASSERT(state->first_in_line == nullptr,
                 "a buffer ring ended while somebody waits for its buffers");
    bool const unused = withdraw(*state);
    for (mapping& chunk : state->chunks) {
        annotate::take_back(chunk.data(), chunk.size());
        if (!unused)
            chunk.forget();
    }
    if (!state->registry) // it was never made
        return delete state;
    registrar_ref const registry = state->registry;
    std::destroy_at(state);
    registry->retire(*std::construct_at(state));
}

} // namespace

result<buffer_ring> buffer_ring::create(ring& owner, buffer_ring_options const& options) noexcept {
    if (result<> ok = check(options); !ok)
        return fail(ok.error());
    registrar_ref const& registry = owner.registry();
    buffer_ring_state* state = registry->take_retired();
    if (state == nullptr)
        state = new (std::nothrow) buffer_ring_state;
    if (state == nullptr)
        return fail(ENOMEM, attempt::allocate);
    buffer_ring out(state);
    state->registry = registry;
    state->starvations = 0;
    state->grows_by = options.grows_by;
    state->entries = round_up_to_power_of_two(options.entries);
    state->buffer_size = static_cast<std::uint32_t>(options.buffer_size);
    state->incremental = options.incremental;
    state->sending = options.sending;
    if (result<> done = state->prepare(state->entries); !done)
        return fail(done.error());
    support const known = owner.features().supports(abi::register_op::pbuf_ring);
    if (result<> done = make_ring(*state, known, options); !done)
        return fail(done.error());
    std::uint32_t const first = options.buffers != 0 ? options.buffers : state->entries;
    if (result<> done = state->add(first, options.huge_pages); !done)
        return fail(done.error());
    return out;
}

buffer_ring& buffer_ring::operator=(buffer_ring&& other) noexcept {
    if (this != &other) {
        end(state_);
        state_ = std::exchange(other.state_, nullptr);
    }
    return *this;
}

buffer_ring::~buffer_ring() { end(state_); }

buffer_source buffer_ring::choose(std::uint32_t limit) noexcept {
    RONDO_ASSERT(state_ != nullptr, "a moved-from buffer ring was used");
    RONDO_ASSERT(limit == 0 || !state_->incremental,
                 "buffers of an incremental ring cannot be chosen with a limit");
    return {.group = state_->group,
            .limit = limit,
            .functions = &buffer_ring_state::single,
            .pool = state_};
}

op::bundle buffer_ring::choose_bundle() noexcept {
    RONDO_ASSERT(state_ != nullptr, "a moved-from buffer ring was used");
    return {{.group = state_->group,
             .limit = 0,
             .functions = &buffer_ring_state::spanning,
             .pool = state_}};
}

result<buffer_lease> buffer_ring::take() noexcept {
    RONDO_ASSERT(state_ != nullptr && state_->sending,
                 "buffers are taken from a buffer ring created with .sending = true");
    if (state_->free == 0)
        return fail(ENOBUFS, registering);
    return state_->take();
}

void buffer_ring::offer(buffer_lease filled, std::size_t bytes) noexcept {
    RONDO_ASSERT(state_ != nullptr && state_->sending,
                 "buffers are offered to a buffer ring created with .sending = true");
    std::uint16_t const id = filled.first_id();
    RONDO_ASSERT(filled.parts() == 1 && id < state_->count && state_->at(id).leases == 1 &&
                     !state_->at(id).with_kernel,
                 "only a buffer from take() of the same buffer ring can be offered");
    RONDO_ASSERT(bytes != 0 && bytes <= state_->buffer_size,
                 "between one byte and all of a buffer can be offered");
    // The lease ends after this, and finds the buffer with the kernel.
    state_->publish(id, static_cast<std::uint32_t>(bytes));
}

result<> buffer_ring::grow(std::uint32_t more) noexcept {
    RONDO_ASSERT(state_ != nullptr, "a moved-from buffer ring was used");
    if (more > state_->entries - state_->count)
        return fail(ENOSPC, registering);
    return more == 0 ? result<>{} : state_->add(more, false);
}

std::uint16_t buffer_ring::group() const noexcept {
    RONDO_ASSERT(state_ != nullptr, "a moved-from buffer ring was used");
    return state_->group;
}

std::size_t buffer_ring::buffer_size() const noexcept {
    return state_ != nullptr ? state_->buffer_size : 0;
}

std::uint32_t buffer_ring::capacity() const noexcept {
    return state_ != nullptr ? state_->entries : 0;
}

std::uint32_t buffer_ring::size() const noexcept { return state_ != nullptr ? state_->count : 0; }

std::uint32_t buffer_ring::available() const noexcept {
    return state_ != nullptr ? state_->with_kernel : 0;
}

std::uint64_t buffer_ring::starvations() const noexcept {
    return state_ != nullptr ? state_->starvations : 0;
}

std::uint32_t buffer_ring::leases() const noexcept {
    return state_ != nullptr ? state_->leases : 0;
}

result<std::uint32_t> buffer_ring::untouched() const noexcept {
    RONDO_ASSERT(state_ != nullptr, "a moved-from buffer ring was used");
    return state_->untouched();
}

} // namespace rondo
