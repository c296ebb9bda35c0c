// SPDX-License-Identifier: MIT
#include <rondo/ring/buffers.hpp>

#include "registration.hpp"

#include <rondo/core/assert.hpp>
#include <rondo/core/mapping.hpp>
#include <rondo/engine/kernel.hpp>

#include <algorithm>
#include <cerrno>
#include <new>
#include <vector>

namespace rondo {

/// What is registered in each slot, to be put back when an update fails half-way.
struct buffers_state {
    registrar_ref registry;
    mapping memory; // of the library's own, if any
    std::vector<::iovec> slots;
    std::vector<std::uint64_t> tags;
    bool registered = false;

    ~buffers_state() {
        if (registered)
            static_cast<void>(registry->call(abi::register_op::unregister_buffers, nullptr, 0));
    }
};

namespace {

constexpr std::uint32_t most_slots = 1u << 14;

constexpr attempt attempt_of(abi::register_op operation) noexcept {
    return attempt_to_register(raw(operation));
}

std::size_t bytes_of(iovecs memory) noexcept {
    std::size_t sum = 0;
    for (::iovec const& part : memory)
        sum += part.iov_len;
    return sum;
}

/// A state with room for `slots`, or ENOMEM.
result<buffers_state*> make_state(registrar_ref const& registry, std::size_t slots) noexcept {
    try {
        auto state = new buffers_state;
        state->registry = registry;
        state->slots.resize(slots, ::iovec{});
        state->tags.resize(slots, 0);
        return state;
    } catch (std::bad_alloc const&) {
        return fail(ENOMEM, attempt::allocate);
    }
}

/// A pinning that failed: which limit it met, else what the errno says.
error explain(error const& failure, std::size_t bytes) noexcept {
    if (failure == ENOMEM || failure == EPERM)
        return engine::explain_pinning(failure.code(), failure.attempted(), bytes);
    return explain_registration(failure, support::unknown, arguments::as_given);
}

/// BUFFERS2 as state.slots and state.tags say, or BUFFERS where there is only that.
result<> enrol(buffers_state& state, bool tagged) noexcept {
    std::size_t const bytes = bytes_of(state.slots);
    auto const count = static_cast<std::uint32_t>(state.slots.size());
    abi::rsrc_register request{};
    request.nr = count;
    request.flags = bytes == 0 && !tagged ? raw(abi::rsrc_register_flag::sparse) : 0u;
    request.data = bytes == 0 && !tagged ? 0 : address_of(state.slots.data());
    request.tags = tagged ? address_of(state.tags.data()) : 0;
    auto done = state.registry->call(abi::register_op::buffers2, &request, sizeof request);
    if (!done && done.error() == EINVAL && !tagged) {
        // Before Linux 5.19 empty slots are null addresses, before 5.13 there is only BUFFERS.
        request.flags = 0;
        request.data = address_of(state.slots.data());
        done = state.registry->call(abi::register_op::buffers2, &request, sizeof request);
        if (!done && done.error() == EINVAL)
            done = state.registry->call(abi::register_op::buffers, state.slots.data(), count);
    }
    if (!done)
        return fail(explain(done.error(), bytes));
    state.registered = true;
    return {};
}

result<> allocate(buffers_state& state, buffers_options const& options) noexcept {
    std::size_t const stride = whole_pages(options.buffer_size);
    std::size_t bytes = 0;
    if (stride < options.buffer_size || __builtin_mul_overflow(stride, options.count, &bytes))
        return fail(ENOMEM, attempt::allocate);
    result<mapping> memory = fail(ENOMEM);
    if (options.huge_pages)
        memory = mapping::anonymous(bytes, {.keep_from_children = true, .huge = true});
    if (!memory)
        memory = mapping::anonymous(bytes, {.keep_from_children = true});
    if (!memory)
        return fail(memory.error());
    state.memory = std::move(*memory);
    for (std::size_t i = 0; i < state.slots.size(); ++i)
        state.slots[i] = {state.memory.data() + i * stride, options.buffer_size};
    return {};
}

result<std::uint32_t> call_update(buffers_state& state, std::uint32_t first, iovecs memory,
                                  std::span<std::uint64_t const> tags) noexcept {
    abi::rsrc_update2 request{};
    request.offset = first;
    request.data = address_of(memory.data());
    request.tags = tags.empty() ? 0 : address_of(tags.data());
    request.nr = static_cast<std::uint32_t>(memory.size());
    return state.registry->call(abi::register_op::buffers_update, &request, sizeof request);
}

/// After `done` of the buffers were replaced and the next was not: why not, and the former back.
error roll_back(buffers_state& state, std::uint32_t first, std::uint32_t done, iovecs memory,
                std::span<std::uint64_t const> tags) noexcept {
    auto const again = call_update(state, first + done, memory.subspan(done, 1),
                                   tags.empty() ? tags : tags.subspan(done, 1));
    error why = again ? error(EAGAIN, attempt_of(abi::register_op::buffers_update))
                      : explain(again.error(), memory[done].iov_len);
    std::uint32_t const changed = again ? done + 1 : done;
    auto const restored =
        call_update(state, first, iovecs(state.slots).subspan(first, changed),
                    std::span<std::uint64_t const>(state.tags).subspan(first, changed));
    // The former were pinned a moment ago; if that is not possible any more, their slots say so.
    for (std::uint32_t i = restored ? *restored : 0; i < changed; ++i) {
        ::iovec const none{};
        static_cast<void>(call_update(state, first + i, {&none, 1}, {}));
        state.slots[first + i] = none;
        state.tags[first + i] = 0;
    }
    return why;
}

} // namespace

void registered_buffer::require_inside(std::size_t offset, std::size_t size) const noexcept {
    RONDO_ASSERT(offset <= size_ && size <= size_ - offset,
                 "bytes outside a registered buffer were asked for");
}

result<buffers> buffers::create(ring& owner, buffers_options const& options) noexcept {
    if (options.count == 0 || options.count > most_slots)
        return fail(EINVAL, attempt_of(abi::register_op::buffers2));
    auto const state = make_state(owner.registry(), options.count);
    if (!state)
        return fail(state.error());
    buffers out(*state);
    if (options.buffer_size != 0)
        if (result<> done = allocate(*out.state_, options); !done)
            return fail(done.error());
    if (result<> done = enrol(*out.state_, false); !done)
        return fail(done.error());
    return out;
}

result<buffers> buffers::create(ring& owner, iovecs memory,
                                std::span<std::uint64_t const> tags) noexcept {
    if (memory.empty() || memory.size() > most_slots ||
        (!tags.empty() && tags.size() != memory.size()))
        return fail(EINVAL, attempt_of(abi::register_op::buffers2));
    auto const state = make_state(owner.registry(), memory.size());
    if (!state)
        return fail(state.error());
    buffers out(*state);
    std::copy(memory.begin(), memory.end(), out.state_->slots.begin());
    std::copy(tags.begin(), tags.end(), out.state_->tags.begin());
    if (result<> done = enrol(*out.state_, !tags.empty()); !done)
        return fail(done.error());
    return out;
}

result<buffers> buffers::clone(ring& into, buffers const& source) noexcept {
    RONDO_ASSERT(source.state_ != nullptr, "a moved-from table of buffers was used");
    auto const state = make_state(into.registry(), 0);
    if (!state)
        return fail(state.error());
    buffers out(*state);
    if (result<> done = out.clone_from(source); !done)
        return fail(done.error());
    return out;
}

buffers& buffers::operator=(buffers&& other) noexcept {
    if (this != &other) {
        delete state_;
        state_ = std::exchange(other.state_, nullptr);
    }
    return *this;
}

buffers::~buffers() { delete state_; }

result<> buffers::update(std::uint32_t first, iovecs memory,
                         std::span<std::uint64_t const> tags) noexcept {
    RONDO_ASSERT(state_ != nullptr, "a moved-from table of buffers was used");
    attempt const what = attempt_of(abi::register_op::buffers_update);
    if (first > size() || memory.size() > size() - first)
        return fail(EINVAL, what, cause::not_registered, first + memory.size());
    if (!tags.empty() && tags.size() != memory.size())
        return fail(EINVAL, what);
    if (memory.empty())
        return {};
    auto const done = call_update(*state_, first, memory, tags);
    if (!done)
        return fail(explain(done.error(), bytes_of(memory)));
    if (*done < memory.size())
        return fail(roll_back(*state_, first, *done, memory, tags));
    auto const at = static_cast<std::ptrdiff_t>(first);
    std::copy(memory.begin(), memory.end(), state_->slots.begin() + at);
    if (tags.empty())
        std::fill_n(state_->tags.begin() + at, memory.size(), std::uint64_t{0});
    else
        std::copy(tags.begin(), tags.end(), state_->tags.begin() + at);
    return {};
}

result<> buffers::update(std::uint32_t index, ::iovec const& memory, std::uint64_t tag) noexcept {
    std::span<std::uint64_t const> const tags(&tag, tag != 0 ? 1 : 0);
    return update(index, iovecs(&memory, 1), tags);
}

result<> buffers::release(std::uint32_t index) noexcept { return update(index, ::iovec{}); }

result<> buffers::clone_from(buffers const& source, clone_range const& range) noexcept {
    RONDO_ASSERT(state_ != nullptr && source.state_ != nullptr,
                 "a moved-from table of buffers was used");
    attempt const what = attempt_of(abi::register_op::clone_buffers);
    if (range.from > source.size() || range.count > source.size() - range.from)
        return fail(EINVAL, what, cause::not_registered, std::uint64_t{range.from} + range.count);
    std::uint32_t const count = range.count != 0 ? range.count : source.size() - range.from;
    if (count == 0 || range.to > most_slots - count)
        return fail(EINVAL, what);
    std::size_t const end = std::size_t{range.to} + count;
    try {
        state_->slots.reserve(end);
        state_->tags.reserve(end);
    } catch (std::bad_alloc const&) {
        return fail(ENOMEM, attempt::allocate);
    }
    registrar const& from = *source.state_->registry.operator->();
    abi::clone_buffers request{};
    // A ring without a descriptor is named by its place in this thread's table.
    bool const by_index = from.fd() < 0;
    request.src_fd = static_cast<std::uint32_t>(by_index ? from.registered_index() : from.fd());
    request.flags = (by_index ? raw(abi::clone_buffers_flag::src_registered) : 0u) |
                    (state_->registered ? raw(abi::clone_buffers_flag::dst_replace) : 0u);
    bool const whole = range.from == 0 && range.to == 0 && count == source.size();
    if (!whole) {
        request.src_off = range.from;
        request.dst_off = range.to;
        request.nr = count;
    }
    if (auto done = state_->registry->call(abi::register_op::clone_buffers, &request, 1); !done)
        return fail(explain(done.error(), 0));
    state_->registered = true;
    state_->slots.resize(std::max(end, state_->slots.size()), ::iovec{});
    state_->tags.resize(state_->slots.size(), 0);
    for (std::uint32_t i = 0; i < count; ++i) {
        state_->slots[range.to + i] = source.state_->slots[range.from + i];
        state_->tags[range.to + i] = 0;
    }
    return {};
}

registered_buffer buffers::operator[](std::uint32_t index) const noexcept {
    RONDO_ASSERT(state_ != nullptr && index < state_->slots.size(),
                 "a slot outside its table of buffers was asked for");
    ::iovec const& slot = state_->slots[index];
    return {slot.iov_base, slot.iov_len, static_cast<std::uint16_t>(index)};
}

std::uint32_t buffers::size() const noexcept {
    return state_ != nullptr ? static_cast<std::uint32_t>(state_->slots.size()) : 0;
}

} // namespace rondo
