// SPDX-License-Identifier: MIT
#include <rondo/ring/restrictions.hpp>

#include "registration.hpp"

#include <rondo/abi/restriction.hpp>

#include <cerrno>

namespace rondo {
namespace {

/// Every opcode and register operation, and both kinds of flags.
constexpr std::size_t most_entries = 256 + 64 + 2;

class entry_list {
public:
    explicit entry_list(abi::restriction* entries) noexcept : entries_(entries) {}

    void add(abi::restriction_op kind, std::uint8_t what) noexcept {
        abi::restriction& entry = entries_[size_++];
        entry = abi::restriction{};
        entry.opcode = static_cast<std::uint16_t>(kind);
        entry.sqe_op = what;
    }
    [[nodiscard]] std::uint32_t size() const noexcept { return size_; }

private:
    abi::restriction* entries_;
    std::uint32_t size_ = 0;
};

std::uint32_t write_entries(restrictions const& from, abi::sqe_flag allowed, abi::sqe_flag required,
                            abi::restriction* into) noexcept {
    entry_list list(into);
    for (std::uint32_t i = 0; i < 64; ++i)
        if (from.allows(static_cast<abi::register_op>(i)))
            list.add(abi::restriction_op::register_op, static_cast<std::uint8_t>(i));
    for (std::uint32_t i = 0; i < 256; ++i)
        if (from.allows(static_cast<abi::opcode>(i)))
            list.add(abi::restriction_op::sqe_op, static_cast<std::uint8_t>(i));
    list.add(abi::restriction_op::sqe_flags_allowed, raw(allowed));
    if (any(required))
        list.add(abi::restriction_op::sqe_flags_required, raw(required));
    return list.size();
}

constexpr attempt restricting = attempt_to_register(raw(abi::register_op::restrictions));

} // namespace

result<> restrictions::apply(ring& owner) const noexcept {
    abi::restriction entries[most_entries];
    std::uint32_t const count = write_entries(*this, allowed_, required_, entries);
    if (auto done = register_explained(owner, abi::register_op::restrictions, entries, count);
        !done)
        return fail(done.error());
    return {};
}

result<> restrictions::apply_to_this_task(engine::backend& who) const noexcept {
    abi::task_restriction_table<most_entries> table{};
    table.head.nr_res =
        static_cast<std::uint16_t>(write_entries(*this, allowed_, required_, table.restrictions));
    // Naming no ring names the calling task.
    long const answer = who.register_(-1, raw(abi::register_op::restrictions), &table, 1);
    if (answer == -EPERM)
        return fail(EPERM, restricting, cause::in_use);
    if (answer < 0)
        return fail(explain_registration(error(static_cast<int>(-answer), restricting),
                                         support::unknown, arguments::checked));
    return {};
}

} // namespace rondo
