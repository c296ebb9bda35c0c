// SPDX-License-Identifier: MIT
#include "disk.hpp"

#include "check.hpp"

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace bench {
namespace {

std::filesystem::path file_of(std::filesystem::path const& of) {
    struct ::stat about{};
    checked(::stat(of.c_str(), &about), of.c_str());
    std::filesystem::path const device =
        fmt::format("/sys/dev/block/{}:{}", major(about.st_dev), minor(about.st_dev));
    // A partition's is that of its disk.
    for (auto const* queue : {"queue", "../queue"})
        if (auto const found = device / queue / "read_ahead_kb"; std::filesystem::exists(found))
            return found;
    throw std::runtime_error(fmt::format("{} is on no disk", of.string()));
}

} // namespace

read_ahead_setting::read_ahead_setting(std::filesystem::path const& of, unsigned kib) {
    if (kib == 0)
        return;
    file_ = file_of(of);
    std::ifstream(file_) >> before_;
    std::ofstream to(file_);
    if (before_.empty() || !(to << kib << std::flush))
        throw std::runtime_error(fmt::format("{} cannot be set; run this as root", file_.string()));
}

read_ahead_setting::~read_ahead_setting() {
    if (!before_.empty())
        std::ofstream(file_) << before_;
}

} // namespace bench
