// SPDX-License-Identifier: MIT
#include "trace.hpp"

#include <array>
#include <cstdio>

namespace rondo::engine::simulation {

void trace::add(std::int64_t ns, std::string_view line) {
    std::array<char, 32> time{};
    constexpr std::int64_t microsecond = 1000;
    int const size =
        std::snprintf(time.data(), time.size(), "%10lld.%03d us  ",
                      static_cast<long long>(ns / microsecond), static_cast<int>(ns % microsecond));
    std::string whole(time.data(), static_cast<std::size_t>(size));
    whole += line;
    for (char const c : whole)
        digest_ = (digest_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    lines_.push_back(std::move(whole));
    if (lines_.size() > most_) {
        lines_.pop_front();
        ++dropped_;
    }
}

std::string trace::text() const {
    std::string out;
    if (dropped_ != 0)
        out += "(" + std::to_string(dropped_) + " lines before)\n";
    for (std::string const& line : lines_)
        (out += line) += '\n';
    return out;
}

} // namespace rondo::engine::simulation
