// SPDX-License-Identifier: MIT
#include "probe_report.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace rondo::tools {
namespace {

constexpr std::size_t columns = 90;
constexpr std::size_t label_width = 20;

/// Words behind a label, on as many lines as they need.
class paragraph {
public:
    explicit paragraph(std::string_view label, std::size_t indent = label_width)
        : line_(fmt::format("{:<{}}", label, indent)), indent_(indent) {}

    void add(std::string_view word) {
        if (!fresh_ && line_.size() + 1 + word.size() > columns) {
            fmt::print("{}\n", line_);
            line_.assign(indent_, ' ');
            fresh_ = true;
        }
        line_.append(fresh_ ? "" : " ").append(word);
        fresh_ = false;
    }
    void add_words(std::string_view text) {
        while (!text.empty()) {
            std::size_t const end = std::min(text.find(' '), text.size());
            add(text.substr(0, end));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
    }
    void print() const { fmt::print("{}\n", line_.substr(0, line_.find_last_not_of(' ') + 1)); }

private:
    std::string line_;
    std::size_t indent_;
    bool fresh_ = true;
};

void print_words(std::string_view label, std::string_view words) {
    paragraph out(label);
    out.add_words(words);
    out.print();
}

std::string_view word_for(support s) {
    switch (s) {
    case support::yes: return "yes";
    case support::no: return "no";
    case support::unknown: break;
    }
    return "unknown";
}

std::string_view words_for(features::source learned_by) {
    switch (learned_by) {
    case features::source::query: return "asking it (REGISTER_QUERY)";
    case features::source::probe: return "REGISTER_PROBE and trial";
    case features::source::trial: break;
    }
    return "trial";
}

void print_rows(capability_group const& group) {
    fmt::print("{}\n", group.title);
    for (capability const& c : group.rows)
        fmt::print("  {:<32} {:<8} {}\n", c.what->name, c.what->since, word_for(c.has));
    fmt::print("\n");
}

/// One line: how many there are, and which are missing.
void print_summary(capability_group const& group) {
    std::size_t const unknown = group.count(support::unknown);
    paragraph out(fmt::format("{:<{}}{:>3} of {:<3}", group.title, label_width,
                              group.count(support::yes), group.rows.size()),
                  label_width + 11);
    if (unknown == group.rows.size())
        out.add("not known");
    std::size_t left = group.count(support::no);
    for (capability const& c : group.rows)
        if (c.has == support::no)
            out.add(fmt::format("{} ({}){}", c.what->name, c.what->since, --left != 0 ? "," : ""));
    out.print();
}

std::string joined(std::vector<std::string_view> const& words) {
    std::string out;
    for (std::string_view const word : words)
        out.append(out.empty() ? "" : " ").append(word);
    return out.empty() ? "nothing" : out;
}

void print_ring(result<features> const& ring) {
    if (!ring) {
        print_words("default ring", ring.error().message());
        return;
    }
    print_words("default ring",
                fmt::format("{} submissions, {} completions", ring->sq_entries, ring->cq_entries));
    print_words("  set-up", joined(names_of(ring->setup)));
    print_words("  left out", joined(names_of(ring->refused)));
    print_words("  descriptor", ring->registered_descriptor ? "registered" : "plain");
    print_words("  timed waits", ring->wait_region ? "in registered memory" : "copied");
}

std::string with_default(std::optional<std::int64_t> value, std::string_view otherwise) {
    return value ? std::to_string(*value) : std::string(otherwise);
}

void print_limits(system_limits const& l) {
    print_words("locked memory",
                l.memlock_bytes ? fmt::format("{} KiB (RLIMIT_MEMLOCK)", *l.memlock_bytes / 1024)
                                : "no limit (RLIMIT_MEMLOCK)");
    print_words("sysctl kernel.",
                fmt::format("io_uring_disabled={}, io_uring_group={}",
                            with_default(l.io_uring_disabled, "(before Linux 6.6)"),
                            with_default(l.io_uring_group, "(before Linux 6.6)")));
    print_words("huge pages",
                fmt::format("{} free of {}, {} KiB each", with_default(l.free_huge_pages, "?"),
                            with_default(l.huge_pages, "?"), with_default(l.huge_page_kib, "?")));
    print_words("CPUs",
                fmt::format("{} online, {} for this process", l.cpus_online, l.cpus_allowed));
}

} // namespace

void print_text(probe_report const& report, bool every_row) {
    fmt::print("io_uring on Linux {} ({})", report.release, report.machine);
    if (report.kernel)
        fmt::print(", learned by {}", words_for(report.kernel->learned_by));
    fmt::print("\n\n");
    if (error const* const why = report.refusal()) // in one line, so that it can be searched for
        fmt::print("{:<{}}{}\n\n", "refused", label_width, why->message().c_str());
    if (report.kernel) {
        if (!every_row)
            fmt::print("{:<{}}{:<11}what is missing, and since which Linux it exists\n", "",
                       label_width, "there");
        for (capability_group const& group : report.groups())
            every_row ? print_rows(group) : print_summary(group);
        fmt::print("\n");
        print_ring(report.default_ring);
        fmt::print("\n");
    }
    print_limits(report.limits);
    auto const notes = report.notes();
    for (std::string const& note : notes) {
        fmt::print("\n");
        print_words("note", note);
    }
}

} // namespace rondo::tools
