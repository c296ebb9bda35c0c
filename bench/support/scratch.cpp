// SPDX-License-Identifier: MIT
#include "scratch.hpp"

#include <rondo/core/result.hpp>

#include <stdlib.h>
#include <string>
#include <system_error>

namespace bench {

scratch::scratch() {
    std::string name = std::filesystem::temp_directory_path() / "rondo-bench-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr)
        rondo::throw_error(rondo::error::last(rondo::attempt::none), name.c_str());
    path_ = name;
}

scratch::~scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

} // namespace bench
