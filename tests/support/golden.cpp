// SPDX-License-Identifier: MIT

#include "golden.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cxxabi.h>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>

namespace rondo::test {
namespace {

// A function's static: initialisers of other files call remember_golden() before main().
std::set<std::type_index>& remembered() {
    static std::set<std::type_index> types;
    return types;
}

std::string readable(char const* type) {
    int status = 0;
    std::unique_ptr<char, void (*)(void*)> const name(
        ::abi::__cxa_demangle(type, nullptr, nullptr, &status), std::free);
    return status == 0 ? name.get() : type;
}

std::string byte_text(std::uint8_t byte) {
    char text[3];
    std::snprintf(text, sizeof text, "%02x", byte);
    return text;
}

} // namespace

golden& golden::bytes(std::size_t at, std::span<std::uint8_t const> values) noexcept {
    if (at + values.size() > capacity) {
        std::fprintf(stderr, "golden: bytes %zu to %zu lie outside an SQE\n", at,
                     at + values.size());
        std::abort();
    }
    std::copy(values.begin(), values.end(), bytes_ + at);
    return *this;
}

void expect_same_bytes(std::span<std::uint8_t const> expected, std::span<std::uint8_t const> actual,
                       char const* type) {
    std::string differences;
    for (std::size_t i = 0; i < expected.size(); ++i)
        if (expected[i] != actual[i])
            differences += "\n  offset " + std::to_string(i) + ": " + byte_text(actual[i]) +
                           ", expected " + byte_text(expected[i]);
    if (!differences.empty())
        ADD_FAILURE() << readable(type) << ", " << expected.size()
                      << " bytes of SQE:" << differences;
}

bool remember_golden(std::type_index type) {
    remembered().insert(type);
    return true;
}

bool has_golden(std::type_index type) { return remembered().contains(type); }

} // namespace rondo::test
