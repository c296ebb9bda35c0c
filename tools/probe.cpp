// SPDX-License-Identifier: MIT
#include "command.hpp"
#include "probe_report.hpp"

#include <memory>

namespace rondo::tools {

command add_probe(CLI::App& program) {
    struct options {
        bool json = false;
        bool all = false;
    };
    CLI::App* const parser = program.add_subcommand(
        "probe", "Tell what this kernel's io_uring offers and lacks, and which limits apply; "
                 "exits with 1 and says why when it may not be used.");
    auto const how = std::make_shared<options>();
    parser->add_flag("--json", how->json, "One JSON object, with every row, for programs");
    parser->add_flag("--all", how->all, "Every row of the tables, with the Linux version");
    auto const run = [how] {
        probe_report const report = ask_system();
        if (how->json)
            print_json(report);
        else
            print_text(report, how->all);
        return report.refusal() != nullptr ? 1 : 0;
    };
    return {parser, run};
}

} // namespace rondo::tools
