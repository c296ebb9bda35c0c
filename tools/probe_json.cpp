// SPDX-License-Identifier: MIT
#include "probe_report.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <string_view>

namespace rondo::tools {
namespace {

using json = nlohmann::ordered_json;

template <class T>
json or_null(std::optional<T> const& value) {
    return value ? json(*value) : json(nullptr);
}

json to_json(support s) { return s == support::unknown ? json(nullptr) : json(s == support::yes); }

json to_json(capability_group const& group) {
    json out = json::array();
    for (capability const& c : group.rows)
        out.push_back({{"name", c.what->name},
                       {"kernel", c.what->kernel},
                       {"since", c.what->since},
                       {"supported", to_json(c.has)}});
    return out;
}

std::string_view name_of(features::source learned_by) {
    switch (learned_by) {
    case features::source::query: return "query";
    case features::source::probe: return "probe";
    case features::source::trial: break;
    }
    return "trial";
}

std::string_view name_of(engine::kind who) {
    return who == engine::emulated ? "emulated" : "kernel";
}

/// Of the causes that a set-up can be refused for.
json name_of(cause why) {
    switch (why) {
    case cause::seccomp: return "seccomp";
    case cause::sysctl_disabled: return "sysctl_disabled";
    case cause::sysctl_group: return "sysctl_group";
    case cause::no_kernel_support: return "no_kernel_support";
    case cause::memlock: return "memlock";
    default: return nullptr;
    }
}

json to_json(error const& e) {
    return {{"code", e.code()}, {"cause", name_of(e.why())}, {"message", e.message().c_str()}};
}

json to_json(result<features> const& ring) {
    if (!ring)
        return {{"created", false}, {"refused", to_json(ring.error())}};
    return {{"created", true},
            {"sq_entries", ring->sq_entries},
            {"cq_entries", ring->cq_entries},
            {"setup", names_of(ring->setup)},
            {"left_out", names_of(ring->refused)},
            {"registered_descriptor", ring->registered_descriptor},
            {"wait_region", ring->wait_region}};
}

json to_json(system_limits const& l) {
    return {{"memlock_bytes", or_null(l.memlock_bytes)},
            {"io_uring_disabled", or_null(l.io_uring_disabled)},
            {"io_uring_group", or_null(l.io_uring_group)},
            {"huge_pages", or_null(l.huge_pages)},
            {"free_huge_pages", or_null(l.free_huge_pages)},
            {"huge_page_kib", or_null(l.huge_page_kib)},
            {"cpus_online", l.cpus_online},
            {"cpus_allowed", l.cpus_allowed}};
}

} // namespace

void print_json(probe_report const& report) {
    json out;
    out["release"] = report.release;
    out["machine"] = report.machine;
    out["available"] = report.refusal() == nullptr;
    out["refused"] = report.refusal() != nullptr ? to_json(*report.refusal()) : json(nullptr);
    out["learned_by"] = report.kernel ? json(name_of(report.kernel->learned_by)) : json(nullptr);
    for (capability_group const& group : report.groups())
        out[std::string(group.key)] = to_json(group);
    out["engine"] = report.engine ? json(name_of(*report.engine)) : json(nullptr);
    out["default_ring"] = to_json(report.default_ring);
    out["limits"] = to_json(report.limits);
    out["notes"] = report.notes();
    // Names of releases come from outside: what is no UTF-8 in them is replaced.
    fmt::print("{}\n", out.dump(2, ' ', false, json::error_handler_t::replace));
}

} // namespace rondo::tools
