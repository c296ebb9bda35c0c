// SPDX-License-Identifier: MIT
#pragma once

// Whether anybody but the caller is at work in this process: the kernel's workers are threads of
// it as the emulated engine's are. Silence for some time tells nothing on a busy machine; that all
// threads sleep does. One thread.

#include <dirent.h>

#include <memory>

namespace fuzz {

class stillness {
public:
    /// Has a descriptor from now on.
    stillness();

    /// All other threads wait for something. What they did before is there for the next look.
    [[nodiscard]] bool all_sleep() noexcept;

private:
    struct closer {
        void operator()(::DIR* d) const noexcept { ::closedir(d); }
    };
    std::unique_ptr<::DIR, closer> tasks_;
    long own_ = 0;
};

} // namespace fuzz
