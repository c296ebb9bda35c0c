// SPDX-License-Identifier: MIT
#include "probe_report.hpp"

#include <rondo/engine/kernel.hpp>
#include <rondo/ring/ring.hpp>

#include <sched.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <span>

namespace rondo::tools {
namespace {

std::string text_of(char const* path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// The first number behind `key`; nothing where there is none.
std::optional<std::int64_t> number_after(std::string_view text, std::string_view key) {
    std::size_t const at = text.find(key);
    if (at == std::string_view::npos)
        return {};
    text.remove_prefix(std::min(text.size(), text.find_first_not_of(" \t", at + key.size())));
    std::int64_t value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc())
        return {};
    return value;
}

system_limits ask_limits() {
    system_limits out;
    ::rlimit memlock{};
    if (::getrlimit(RLIMIT_MEMLOCK, &memlock) == 0 && memlock.rlim_cur != RLIM_INFINITY)
        out.memlock_bytes = memlock.rlim_cur;
    out.io_uring_disabled = number_after(text_of("/proc/sys/kernel/io_uring_disabled"), "");
    out.io_uring_group = number_after(text_of("/proc/sys/kernel/io_uring_group"), "");
    std::string const memory = text_of("/proc/meminfo");
    out.huge_pages = number_after(memory, "HugePages_Total:");
    out.free_huge_pages = number_after(memory, "HugePages_Free:");
    out.huge_page_kib = number_after(memory, "Hugepagesize:");
    out.cpus_online = ::sysconf(_SC_NPROCESSORS_ONLN);
    ::cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0)
        out.cpus_allowed = CPU_COUNT(&allowed);
    return out;
}

/// The features of a ring without options, as it is once a thread uses it.
result<features> ask_default_ring() {
    auto made = ring::create({.engine = engine::kernel});
    if (!made)
        return fail(made.error());
    if (result<> bound = made->bind_to_this_thread(); !bound)
        return fail(bound.error());
    return made->features();
}

/// Who runs the rings of a program that leaves the choice to the library.
std::optional<engine::kind> ask_engine() {
    auto const made = ring::create({.entries = 1});
    return made ? std::optional(made->features().engine) : std::nullopt;
}

template <class Has>
capability_group group(std::string_view title, std::string_view key,
                       std::span<abi::entry const> entries, Has const& has) {
    capability_group out{title, key, {}};
    for (abi::entry const& e : entries)
        out.rows.push_back({&e, has(e.value)});
    return out;
}

constexpr support known(bool yes) { return yes ? support::yes : support::no; }

} // namespace

std::size_t capability_group::count(support s) const {
    return static_cast<std::size_t>(
        std::count_if(rows.begin(), rows.end(), [s](capability const& c) { return c.has == s; }));
}

std::vector<capability_group> probe_report::groups() const {
    auto const f = kernel ? *kernel : features();
    auto const bits = [&](auto set) {
        auto const all = static_cast<std::uint64_t>(raw(set));
        return [all](std::uint64_t flag) {
            return all == 0 ? support::unknown : known((all & flag) == flag);
        };
    };
    auto const has_opcode = [&](std::uint64_t n) {
        return f.opcode_count == 0 ? support::unknown
                                   : known(f.supports(static_cast<abi::opcode>(n)));
    };
    auto const has_registration = [&](std::uint64_t n) {
        return f.supports(static_cast<abi::register_op>(n));
    };
    return {group("opcodes", "opcodes", abi::opcodes(), has_opcode),
            group("set-up flags", "setup_flags", abi::setup_flags(), bits(f.known_setup)),
            group("features", "features", abi::features(), bits(f.kernel)),
            group("enter flags", "enter_flags", abi::enter_flags(), bits(f.enter)),
            group("SQE flags", "sqe_flags", abi::sqe_flags(), bits(f.sqe_flags)),
            group("register operations", "register_ops", abi::register_ops(), has_registration)};
}

error const* probe_report::refusal() const {
    if (!kernel)
        return &kernel.error();
    return default_ring ? nullptr : &default_ring.error();
}

std::vector<std::string> probe_report::notes() const {
    std::vector<std::string> out;
    if (engine == rondo::engine::emulated)
        out.emplace_back("rings run on the emulated engine in user space, unless a program or "
                         "RONDO_ENGINE=kernel insists on the kernel");
    if (!kernel)
        return out;
    if (has(kernel->known_setup, abi::setup::sqpoll))
        out.emplace_back(
            "sqpoll: the kernel's poller keeps a whole CPU busy until nothing came for "
            "its idle time; only worth it where latency is dearer than a CPU");
    if (kernel->learned_by != features::source::query)
        out.emplace_back("this kernel cannot be queried (Linux 6.18): set-up flags were tried one "
                         "by one, enter and SQE flags inferred from its features, and most "
                         "register operations are known only when tried");
    if (limits.free_huge_pages == 0)
        out.emplace_back("no free huge pages (vm.nr_hugepages): rings that ask for them get "
                         "ordinary ones");
    return out;
}

probe_report ask_system() {
    ::utsname name{};
    static_cast<void>(::uname(&name)); // fails for a bad address only
    return {name.release,       name.machine, features::ask(engine::kernel_backend()),
            ask_default_ring(), ask_engine(), ask_limits()};
}

std::vector<std::string_view> names_of(abi::setup flags) {
    std::vector<std::string_view> out;
    for (abi::entry const& e : abi::setup_flags())
        if ((raw(flags) & e.value) != 0)
            out.push_back(e.name);
    return out;
}

} // namespace rondo::tools
