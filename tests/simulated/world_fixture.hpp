// SPDX-License-Identifier: MIT
#pragma once

// System calls in a world of the test's own. One thread.

#include <engine/emulated/calls.hpp>
#include <engine/simulated/world.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace rondo::engine::simulation {

class world_fixture : public ::testing::Test {
protected:
    explicit world_fixture(habits how = {}, std::uint64_t seed = 1) : w(seed, how) {}
    ~world_fixture() override {
        for (long const fd : opened_)
            w.close(static_cast<int>(fd));
    }

    template <class... Arguments>
    long call(long number, Arguments... arguments) {
        long const all[6] = {emulation::to_word(arguments)...};
        return w.call(number, all);
    }
    /// A descriptor, or -errno, that is closed at the end.
    long keep(long fd) {
        if (fd >= 0)
            opened_.push_back(fd);
        return fd;
    }
    long write(long fd, std::string_view text, long at = -1) {
        ::iovec const all = parts_of(text);
        return call(SYS_pwritev2, fd, &all, 1, at, 0, 0);
    }
    /// What there was, or "error N".
    std::string read(long fd, std::size_t bytes = 100, long at = -1) {
        std::string out(bytes, '?');
        ::iovec const all{out.data(), out.size()};
        return outcome_of(call(SYS_preadv2, fd, &all, 1, at, 0, 0), out);
    }
    static std::string error(int number) { return "error " + std::to_string(number); }
    static std::string outcome_of(long done, std::string const& bytes) {
        return done < 0 ? error(static_cast<int>(-done))
                        : bytes.substr(0, static_cast<std::size_t>(done));
    }
    static ::iovec parts_of(std::string_view text) {
        return {const_cast<char*>(text.data()), text.size()};
    }

    world w;

private:
    std::vector<long> opened_;
};

} // namespace rondo::engine::simulation
