// SPDX-License-Identifier: MIT
#pragma once

// What the probe found out, apart from how it is printed: what the kernel offers, what a program's
// ring gets of it, and which limits apply. One thread.

#include <rondo/abi/names.hpp>
#include <rondo/core/result.hpp>
#include <rondo/ring/features.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::tools {

/// One constant of the interface and whether this kernel has it.
struct capability {
    abi::entry const* what;
    support has;
};

/// One table of constants.
struct capability_group {
    std::string_view title; ///< for people
    std::string_view key;   ///< for programs
    std::vector<capability> rows;

    [[nodiscard]] std::size_t count(support s) const;
};

struct system_limits {
    std::optional<std::uint64_t> memlock_bytes;    ///< RLIMIT_MEMLOCK; nothing: no limit
    std::optional<std::int64_t> io_uring_disabled; ///< the sysctl; nothing: not there (before 6.6)
    std::optional<std::int64_t> io_uring_group;    ///< the sysctl; -1: no group
    std::optional<std::int64_t> huge_pages;        ///< reserved ones
    std::optional<std::int64_t> free_huge_pages;
    std::optional<std::int64_t> huge_page_kib;
    std::int64_t cpus_online = 0;
    std::int64_t cpus_allowed = 0; ///< by this process's affinity mask
};

struct probe_report {
    std::string release; ///< uname(2): for people, decides nothing
    std::string machine;
    result<features> kernel;                   ///< what there is
    result<features> default_ring;             ///< what ring::create() without options makes of it
    std::optional<rondo::engine::kind> engine; ///< who runs such rings; none: nobody can
    system_limits limits;

    [[nodiscard]] std::vector<capability_group> groups() const;
    /// What to know beside the tables.
    [[nodiscard]] std::vector<std::string> notes() const;
    /// Why io_uring cannot be used, if so.
    [[nodiscard]] error const* refusal() const;
};

/// Asks the kernel that runs this program.
[[nodiscard]] probe_report ask_system();

/// The names of the set-up flags in `flags`.
[[nodiscard]] std::vector<std::string_view> names_of(abi::setup flags);

void print_text(probe_report const& report, bool every_row);
void print_json(probe_report const& report);

} // namespace rondo::tools
