// SPDX-License-Identifier: MIT
#include "fuzzing.hpp"

#include "allowed.hpp"
#include "generator.hpp"
#include "leftovers.hpp"
#include "shrink.hpp"
#include "words.hpp"

#include <rondo/engine/emulated.hpp>
#include <rondo/engine/kernel.hpp>

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>

namespace fuzz {
namespace {

constexpr int confirmations = 4; // runs of what differed
constexpr int few = 2;           // of them that may differ, if it is to hang on the machine's load

std::atomic<std::uint64_t> seed_now = 0;

/// Several engines' worth of files are made and removed: memory is the place for them.
std::string default_directory() {
    char const* const memory = "/dev/shm";
    return ::access(memory, W_OK) == 0 ? memory : std::filesystem::temp_directory_path().string();
}

distortion distortion_of(std::uint64_t n) noexcept {
    if (n == 0)
        return {};
    constexpr std::uint64_t kinds = 5;
    return {static_cast<distortion::kind>(1 + n % kinds),
            static_cast<std::uint32_t>(n / kinds % 12)};
}

std::uint64_t requests_in(program const& p) noexcept {
    std::uint64_t n = 0;
    for (step const& s : p.steps)
        for (action const& a : s)
            n += a.what->act == nullptr;
    return n;
}

/// What a request in flight writes into may be the next program's, so what failed is given time.
void let_it_end() { std::this_thread::sleep_for(std::chrono::milliseconds(20)); }

} // namespace

std::uint64_t running_seed() noexcept { return seed_now.load(); }

fuzzer::fuzzer(options what) : what_(std::move(what)) {
    if (auto const can = rondo::engine::available(); !can)
        throw std::runtime_error(can.error().message().c_str());
    std::string name =
        (what_.directory.empty() ? default_directory() : what_.directory) + "/rondo-fuzz-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr)
        throw std::runtime_error("no directory for files: " + name);
    directory_ = name;
    arena_.kernel.engine = &rondo::engine::kernel_backend();
    arena_.emulated.engine = &rondo::engine::emulated_backend();
    arena_.kernel.directory = directory_ + "/k";
    arena_.emulated.directory = directory_ + "/e";
    std::filesystem::create_directory(arena_.kernel.directory);
    std::filesystem::create_directory(arena_.emulated.directory);
    arena_.wrong = distortion_of(what_.distortion);
    // A process of one thread keeps its words elsewhere, and Linux 6.18 forgets there who
    // waits by a ring when a second thread comes.
    std::thread([] {}).join();
    raw_ring const first(*arena_.emulated.engine, 8, 0, 0); // some descriptors are made only once
}

fuzzer::~fuzzer() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

tally fuzzer::run() {
    tally out;
    out.first_seed = out.last_seed = what_.first_seed;
    auto const start = std::chrono::steady_clock::now();
    auto const passed = [&] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    for (std::uint64_t seed = what_.first_seed;; ++seed) {
        if (what_.programs != 0 && out.programs == what_.programs)
            break;
        if (what_.seconds > 0 && passed() >= what_.seconds)
            break;
        program const p = make_program(seed, what_.operations);
        seed_now = out.last_seed = seed;
        ++out.programs;
        out.operations += requests_in(p);
        ::alarm(60);
        auto const how = find_difference(arena_, p);
        if (!how)
            continue;
        let_it_end();
        if (int const again = differs_again(p); again <= few) {
            out.unsteady.push_back(seed);
            std::printf("seed %llu differed once and %d times of %d: %s\n",
                        static_cast<unsigned long long>(seed), again, confirmations, how->c_str());
            continue;
        }
        ++out.differences;
        report(p, *how);
        if (!what_.goes_on)
            break;
    }
    ::alarm(0);
    out.seconds = passed();
    return out;
}

int fuzzer::differs_again(program const& p) {
    arena_.impatient = true;
    int times = 0;
    for (int i = 0; i < confirmations; ++i) {
        ::alarm(60);
        times += find_difference(arena_, p).has_value();
        let_it_end();
    }
    arena_.impatient = false;
    return times;
}

void fuzzer::report(program const& p, std::string const& first) {
    arena_.impatient = true;
    ::alarm(300);
    program const small = what_.shrinks ? shrink(arena_, p, first.starts_with("hangs")) : p;
    std::vector<std::string> lines;
    arena_.transcript = &lines;
    auto const how = find_difference(arena_, small);
    arena_.transcript = nullptr;
    arena_.impatient = false;
    let_it_end();
    std::printf("seed %llu differs: %s\n", static_cast<unsigned long long>(p.seed), first.c_str());
    if (how != first)
        std::printf("  this time: %s\n", how ? how->c_str() : "no difference");
    std::printf("  topics: %s; set-up flags %#x, completion queue %u\n",
                words_of_topics(p.topics).c_str(), p.setup, p.cq_entries);
    for (std::string const& line : lines)
        std::printf("  %s\n", line.c_str());
    std::printf("  again: fuzz_engines --replay %llu --operations %u%s\n",
                static_cast<unsigned long long>(p.seed), what_.operations,
                what_.shrinks ? "" : " --shrink");
    std::fflush(stdout);
}

bool fuzzer::replay(std::uint64_t seed) {
    seed_now = seed;
    program const p = make_program(seed, what_.operations);
    ::alarm(60);
    if (what_.shrinks)
        if (auto const how = find_difference(arena_, p)) {
            let_it_end();
            report(p, *how);
            return false;
        }
    std::vector<std::string> lines;
    arena_.transcript = &lines;
    auto const how = find_difference(arena_, p);
    arena_.transcript = nullptr;
    std::printf("seed %llu; topics: %s; set-up flags %#x, completion queue %u\n",
                static_cast<unsigned long long>(seed), words_of_topics(p.topics).c_str(), p.setup,
                p.cq_entries);
    for (std::string const& line : lines)
        std::printf("  %s\n", line.c_str());
    std::printf("%s\n", how ? how->c_str() : "both engines agree");
    return !how;
}

bool fuzzer::test_itself() {
    bool all = true;
    for (std::uint64_t n = 1; n <= 20; ++n) {
        arena_.wrong = distortion_of(n);
        arena_.impatient = true;
        bool found = false;
        for (std::uint64_t seed = what_.first_seed; !found && seed < what_.first_seed + 20;
             ++seed) {
            program const p = make_program(seed, what_.operations);
            seed_now = seed;
            ::alarm(60);
            found = find_difference(arena_, p).has_value();
        }
        let_it_end();
        if (!found)
            std::printf("distortion %llu was not found\n", static_cast<unsigned long long>(n));
        all = all && found;
    }
    return all;
}

} // namespace fuzz
