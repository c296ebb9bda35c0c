// SPDX-License-Identifier: MIT
#include <rondo/abi/names.hpp>
#include <rondo/core/error.hpp>
#include <rondo/core/short_name.hpp>

#include <cstring>
#include <netdb.h>

namespace rondo {
namespace {

std::string_view words_for(attempt what) noexcept {
    switch (what) {
    case attempt::none: return {};
    case attempt::setup: return "io_uring_setup";
    case attempt::enter: return "io_uring_enter";
    case attempt::map_rings: return "mapping the ring";
    case attempt::allocate: return "allocating memory";
    case attempt::open: return "open";
    case attempt::close: return "close";
    case attempt::read: return "read";
    case attempt::write: return "write";
    case attempt::seek: return "seek";
    case attempt::stat: return "stat";
    case attempt::control: return "ioctl";
    case attempt::push: return "queueing an operation";
    case attempt::wait: return "waiting for completions";
    case attempt::adopt: return "adopting a descriptor";
    case attempt::use_closed: return "using a closed object";
    case attempt::resolve: return "finding an address";
    case attempt::socket_option: return "setsockopt";
    case attempt::registration: break;
    }
    return {};
}

void append_attempt(error_text& out, attempt what) noexcept {
    auto const number = static_cast<std::uint32_t>(what);
    auto const registration = static_cast<std::uint32_t>(attempt::registration);
    if (number >= registration)
        out.append("io_uring_register ")
            .append(abi::name_of(static_cast<abi::register_op>(number - registration)));
    else if (number < static_cast<std::uint32_t>(attempt::none))
        out.append(abi::name_of(static_cast<abi::opcode>(number)));
    else
        out.append(words_for(what));
}

void append_flags(error_text& out, std::uint64_t flags) noexcept {
    bool first = true;
    for (abi::entry const& flag : abi::setup_flags()) {
        if ((flags & flag.value) == 0)
            continue;
        out.append(first ? "" : "|").append(flag.name);
        flags &= ~flag.value;
        first = false;
    }
    if (flags != 0)
        out.append(first ? "" : "|").append("bits ").append(static_cast<std::int64_t>(flags));
}

void append_memlock(error_text& out, std::uint64_t detail) noexcept {
    out.append("RLIMIT_MEMLOCK is ")
        .append(static_cast<std::int64_t>(detail & 0xffffffffu))
        .append(" KiB and ")
        .append(static_cast<std::int64_t>(detail >> 32))
        .append(" KiB more were needed: raise it (ulimit -l, LimitMEMLOCK=) or ask for less");
}

void append_too_long(error_text& out, std::uint64_t detail) noexcept {
    out.append("the submission queue has ")
        .append(static_cast<std::int64_t>(detail >> 32))
        .append(" entries and ")
        .append(static_cast<std::int64_t>(detail & 0xffffffffu))
        .append(" were asked for at once: create the ring with more entries");
}

std::string_view fixed_words_for(cause why) noexcept {
    switch (why) {
    case cause::seccomp:
        return "a seccomp filter forbids io_uring (container engines do by default): allow "
               "io_uring_setup, io_uring_enter and io_uring_register in its profile";
    case cause::sysctl_disabled:
        return "kernel.io_uring_disabled is 2: set it to 0 (sysctl kernel.io_uring_disabled=0)";
    case cause::sysctl_group:
        return "kernel.io_uring_disabled is 1 and this process is not in the group "
               "kernel.io_uring_group: join it, or gain CAP_SYS_ADMIN, or set the sysctl to 0";
    case cause::no_kernel_support:
        return "this kernel has no io_uring (Linux 5.1 and CONFIG_IO_URING are needed)";
    case cause::shared_poller:
        return "the kernel cuts chains on a poller that serves several rings: use a ring of its "
               "own for chains";
    case cause::wrong_thread: return "the ring belongs to another thread";
    case cause::not_registered: return "nothing is registered there";
    case cause::in_use: return "it is taken";
    case cause::disabled:
        return "the ring is not in the right state: restrictions and wait "
               "regions go in before it is enabled, other work after";
    case cause::restricted:
        return "the ring's restrictions do not allow it: name it in them before the ring is "
               "enabled";
    case cause::missing_feature: return "this kernel lacks what that needs";
    case cause::unknown_engine:
        return "RONDO_ENGINE must be automatic, kernel or emulated, or not be set";
    case cause::device_polling:
        return "a ring with setup::iopoll keeps no time and takes no signal mask while it waits: "
               "wait for 0 completions at a time and look at the clock, or add a poller";
    case cause::forked: return "the ring belongs to the parent process: create one here";
    case cause::moved_from: return "the object was moved from";
    case cause::ended: return "it was stopped or closed";
    case cause::stopped: return "its end was asked for, and it ended without a result";
    case cause::stale_ticket: return "the ticket was waited for before, or names nothing";
    default: return {};
    }
}

constexpr std::string_view known_networks = "tcp, tcp4, tcp6, udp, udp4, udp6 and unix";

/// `before`, the name in quotation marks, `after`.
void append_named(error_text& out, std::string_view before, std::uint64_t detail,
                  std::string_view after) noexcept {
    out.append(before).append(" \"").append(short_name(detail)).append("\"").append(after);
}

/// Causes that sockets have, and the names in them.
void append_socket_cause(error_text& out, cause why, std::uint64_t detail) noexcept {
    switch (why) {
    case cause::unknown_network:
        append_named(out, "there is no network", detail, ": the networks are ");
        out.append(known_networks);
        return;
    case cause::unknown_option: return append_named(out, "there is no socket option", detail, "");
    case cause::option_value:
        return append_named(out, "the value is out of range for the socket option", detail, "");
    case cause::option_refused:
        return append_named(out, "the system refuses the socket option", detail, " here");
    case cause::bad_address:
        out.append("an address is host:port, [host]:port or :port, of a unix socket a path or "
                   "@name; this one makes no sense from its character ")
            .append(static_cast<std::int64_t>(detail) + 1)
            .append(" on");
        return;
    case cause::long_path:
        out.append("the path of a unix socket has 107 bytes at most, this one has ")
            .append(static_cast<std::int64_t>(detail));
        return;
    case cause::stale_socket:
        out.append("nobody listens there, the socket file was left behind by a program that ended: "
                   "remove it, or listen with remove_stale");
        return;
    case cause::no_connections:
        out.append("this network has no connections to accept: bind a datagram_socket");
        return;
    default: return;
    }
}

void append_cause(error_text& out, cause why, std::uint64_t detail) noexcept {
    auto const number = static_cast<std::int64_t>(detail);
    switch (why) {
    case cause::memlock: return append_memlock(out, detail);
    case cause::unknown_flag:
        out.append("this kernel does not know the set-up flags ");
        return append_flags(out, detail);
    case cause::bad_combination:
        out.append("these set-up flags do not go together, or one needs another: ");
        return append_flags(out, detail);
    case cause::option_missing:
        out.append("these set-up flags follow from options, and those (poller.idle_ms, "
                   "poller.cpu, cq_entries, attach) were not given: ");
        return append_flags(out, detail);
    case cause::not_for_loops:
        out.append("a loop cannot work with these set-up flags, leave them out of its ring's "
                   "options or use a ring without a loop: ");
        return append_flags(out, detail);
    case cause::entries:
        out.append("a queue cannot have ").append(number);
        out.append(" entries: 1 to 32768 submissions, and at least as many completions, to 65536");
        return;
    case cause::too_long: return append_too_long(out, detail);
    case cause::queue_full:
        out.append("all ").append(number).append(" entries are taken: submit first");
        return;
    case cause::memory_size:
        out.append("page-aligned memory of ").append(number).append(" bytes or more is needed");
        return;
    case cause::unknown_network:
    case cause::unknown_option:
    case cause::option_value:
    case cause::option_refused:
    case cause::bad_address:
    case cause::long_path:
    case cause::stale_socket:
    case cause::no_connections: return append_socket_cause(out, why, detail);
    default: out.append(fixed_words_for(why)); return;
    }
}

void append_code(error_text& out, int code, error_domain domain) noexcept {
    if (domain == error_domain::resolver) {
        out.append(::gai_strerror(code));
        return;
    }
    char const* const words = ::strerrordesc_np(code);
    if (words != nullptr)
        out.append(words);
    else
        out.append("error ").append(std::int64_t{code});
}

} // namespace

error_text error::message() const noexcept {
    error_text out;
    append_attempt(out, attempted_);
    if (attempted_ != attempt::none)
        out.append(": ");
    append_code(out, code_, domain_);
    if (cause_ != cause::none) {
        out.append(": ");
        append_cause(out, cause_, detail_);
    }
    return out;
}

error_text error::context() const noexcept {
    error_text out;
    append_attempt(out, attempted_);
    if (cause_ != cause::none) {
        out.append(attempted_ != attempt::none ? ": " : "");
        append_cause(out, cause_, detail_);
    }
    return out;
}

} // namespace rondo
