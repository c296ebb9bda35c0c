// SPDX-License-Identifier: MIT
#pragma once

// Reads the tables in tests/data that say what the kernel interface is. One thread.

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace rondo::abi_test {

using table_row = std::vector<std::string>;

/// The rows of a tab-separated file below its heading; empty if the file cannot be read.
inline std::vector<table_row> read_table(std::string const& name) {
    std::ifstream file{std::string{RONDO_TEST_DATA} + "/" + name};
    std::vector<table_row> rows;
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) {
        std::istringstream cells{line};
        table_row row;
        for (std::string cell; std::getline(cells, cell, '\t');) {
            row.push_back(cell);
        }
        rows.push_back(row);
    }
    return rows;
}

} // namespace rondo::abi_test
