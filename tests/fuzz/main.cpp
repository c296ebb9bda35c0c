// SPDX-License-Identifier: MIT
// Runs random programs on the kernel's engine and on the emulated one and compares what they do.
// Exit status: 0 when both agree, 1 when they do not, 77 where there is no io_uring. What differs
// seldom when it is run again is told of, but is no failure unless there is much of it.
#include "allowed.hpp"
#include "fuzzing.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>

namespace {

constexpr int skipped = 77;

/// Async-signal-safe: which seed it was.
void tell_seed(int signal) {
    char text[96] = "fuzz_engines: ended by a signal in seed ";
    std::size_t n = std::strlen(text);
    char digits[24];
    std::size_t count = 0;
    for (std::uint64_t seed = fuzz::running_seed(); seed != 0 || count == 0; seed /= 10)
        digits[count++] = static_cast<char>('0' + seed % 10);
    while (count != 0)
        text[n++] = digits[--count];
    text[n++] = '\n';
    static_cast<void>(!::write(STDERR_FILENO, text, n));
    if (signal == SIGALRM)
        ::_exit(1);
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

void print(fuzz::tally const& t) {
    auto const number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
    std::printf("seeds %llu..%llu: %llu programs, %llu operations on each engine, %.0f a second, "
                "%llu differences\n",
                number(t.first_seed), number(t.last_seed), number(t.programs), number(t.operations),
                static_cast<double>(t.operations) / t.seconds, number(t.differences));
    if (t.unsteady.empty())
        return;
    std::printf("differed, but seldom:");
    for (std::uint64_t const seed : t.unsteady)
        std::printf(" %llu", number(seed));
    std::printf("\n");
}

} // namespace

int main(int argc, char** argv) {
    CLI::App app("Compares the engines of rondo by random programs of requests");
    fuzz::options what;
    std::uint64_t replayed = 0;
    bool tests_itself = false, lists_allowed = false;
    app.add_option("--seed", what.first_seed, "the first seed");
    app.add_option("--programs", what.programs, "how many programs");
    app.add_option("--operations", what.operations, "requests and deeds of a program");
    app.add_option("--seconds", what.seconds, "stop after that time");
    auto* const replay = app.add_option("--replay", replayed, "run this seed and tell of it");
    app.add_option("--break", what.distortion, "falsify an answer of the emulated engine");
    app.add_option("--directory", what.directory, "where temporary files may be made");
    app.add_flag("--shrink", what.shrinks, "leave out of a program what need not be there");
    app.add_flag("--go-on", what.goes_on, "do not stop at the first difference");
    app.add_flag("--self-test", tests_itself, "see that falsified answers are found");
    app.add_flag("--allowed", lists_allowed, "list in what the engines may differ");
    CLI11_PARSE(app, argc, argv);
    if (lists_allowed) {
        for (fuzz::allowance const& one : fuzz::allowances())
            std::printf("%s\n", one.reason);
        return 0;
    }
    if (what.programs == 0 && what.seconds == 0)
        what.programs = 1000;
    std::signal(SIGPIPE, SIG_IGN);
    for (int const signal : {SIGALRM, SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL})
        std::signal(signal, tell_seed);
    try {
        fuzz::fuzzer all(what);
        if (tests_itself)
            return all.test_itself() ? 0 : 1;
        if (*replay)
            return all.replay(replayed) ? 0 : 1;
        fuzz::tally const t = all.run();
        print(t);
        return t.agree() ? 0 : 1;
    } catch (std::runtime_error const& e) {
        std::printf("skipped: %s\n", e.what());
        return skipped;
    }
}
