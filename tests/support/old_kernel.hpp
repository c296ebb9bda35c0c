// SPDX-License-Identifier: MIT
#pragma once

// This machine's kernel in the clothes of an older one: what came later it does not know. What it
// does not know it answers as that one would, with EINVAL. One thread.

#include <support/wrapped_kernel.hpp>

#include <rondo/abi/names.hpp>
#include <rondo/abi/params.hpp>
#include <rondo/abi/probe.hpp>
#include <rondo/abi/registration.hpp>

#include <cerrno>
#include <ostream>
#include <string>
#include <string_view>

namespace rondo::test {

/// A version of Linux.
struct version {
    int major;
    int minor;
    friend constexpr auto operator<=>(version const&, version const&) = default;
};
inline std::ostream& operator<<(std::ostream& out, version const& v) {
    return out << v.major << '_' << v.minor;
}
/// From "5.10".
inline version parse(std::string_view text) {
    std::string const copy(text);
    std::size_t dot = 0;
    int const major = std::stoi(copy, &dot);
    return {major, std::stoi(copy.substr(dot + 1))};
}

class old_kernel : public wrapped_kernel {
public:
    explicit old_kernel(version v)
        : setup_flags_(known(abi::setup_flags(), v)), features_(known(abi::features(), v)),
          enter_flags_(known(abi::enter_flags(), v)), register_ops_(count(abi::register_ops(), v)),
          opcodes_(count(abi::opcodes(), v)), use_registered_(v >= version{6, 3}) {}

    [[nodiscard]] abi::setup setup_flags() const noexcept {
        return static_cast<abi::setup>(setup_flags_);
    }
    [[nodiscard]] abi::feature features() const noexcept {
        return static_cast<abi::feature>(features_);
    }
    [[nodiscard]] std::uint32_t opcodes() const noexcept { return opcodes_; }

    long setup(std::uint32_t entries, abi::params& p) noexcept override {
        ++set_ups;
        if ((p.flags & ~setup_flags_) != 0)
            return -EINVAL;
        long const answer = wrapped_kernel::setup(entries, p);
        p.features &= features_;
        return answer;
    }
    long enter(int fd, std::uint32_t to_submit, std::uint32_t min_complete, std::uint32_t flags,
               void const* arg, std::size_t arg_size) noexcept override {
        if ((flags & ~enter_flags_) != 0)
            return -EINVAL;
        return wrapped_kernel::enter(fd, to_submit, min_complete, flags, arg, arg_size);
    }
    long register_(int fd, std::uint32_t operation, void* arg,
                   std::uint32_t count) noexcept override {
        std::uint32_t const use_registered = raw(abi::register_op::use_registered_ring);
        std::uint32_t const which = operation & ~use_registered;
        if (which >= register_ops_ || (which != operation && !use_registered_))
            return -EINVAL;
        long const answer = wrapped_kernel::register_(fd, operation, arg, count);
        if (answer >= 0 && which == raw(abi::register_op::probe))
            trim(*static_cast<abi::probe_table*>(arg));
        return answer;
    }

    int set_ups = 0; ///< how often it was asked for a ring

private:
    static std::uint32_t known(std::span<abi::entry const> all, version v) {
        std::uint64_t out = 0;
        for (abi::entry const& e : all)
            if (parse(e.since) <= v)
                out |= e.value;
        return static_cast<std::uint32_t>(out);
    }
    /// One past the last that it knows.
    static std::uint32_t count(std::span<abi::entry const> all, version v) {
        std::uint32_t out = 0;
        for (abi::entry const& e : all)
            if (parse(e.since) <= v)
                out = std::max(out, static_cast<std::uint32_t>(e.value) + 1);
        return out;
    }
    void trim(abi::probe_table& table) const noexcept {
        table.head.last_op = static_cast<std::uint8_t>(opcodes_ - 1);
        table.head.ops_len = static_cast<std::uint8_t>(opcodes_);
        for (std::uint32_t i = opcodes_; i < std::size(table.ops); ++i)
            table.ops[i] = {};
    }

    std::uint32_t setup_flags_;
    std::uint32_t features_;
    std::uint32_t enter_flags_;
    std::uint32_t register_ops_;
    std::uint32_t opcodes_;
    bool use_registered_;
};

} // namespace rondo::test
