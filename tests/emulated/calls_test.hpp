// SPDX-License-Identifier: MIT
#pragma once

// Runs operations without a ring, as the core would: an attempt that must not block, then what a
// worker does, then waiting for whatever the answer asks for. One thread.

#include <engine/emulated/families.hpp>
#include <engine/emulated/request.hpp>

#include <support/scratch_files.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace rondo::engine::emulation {

class calls_test : public testing::Test, protected test::scratch_files {
protected:
    using finder = operation const* (*)(abi::opcode);
    explicit calls_test(finder find) : find_(find) {
        ::sigset_t pipe_signal; // workers block it, too
        ::sigemptyset(&pipe_signal);
        ::sigaddset(&pipe_signal, SIGPIPE);
        ::pthread_sigmask(SIG_BLOCK, &pipe_signal, nullptr);
    }

    template <class Op>
    static abi::sqe entry_of(Op const& o) {
        abi::sqe entry{};
        entry.opcode = static_cast<std::uint8_t>(Op::code);
        o.prep(entry);
        return entry;
    }
    /// A request as if it had just been taken, its files found.
    request& make(abi::sqe const& entry) {
        request& r = requests_.emplace_back();
        r.entry.head = entry;
        r.what = find_(static_cast<abi::opcode>(entry.opcode));
        if (r.what == nullptr) {
            ADD_FAILURE() << "unknown opcode " << int{entry.opcode};
            std::abort();
        }
        r.fd = r.what->has_file ? entry.fd : -1;
        r.second = entry.splice_fd_in;
        return r;
    }
    template <class Op>
    request& make(Op const& o) {
        return make(entry_of(o));
    }
    std::int32_t check(abi::sqe const& entry) {
        request const& r = make(entry);
        return r.what->check == nullptr ? 0 : r.what->check(r.sqe());
    }
    static bool keep(request& r) {
        bool const first = !std::exchange(r.kept, true);
        return !first || r.what->keep == nullptr || r.what->keep(r);
    }
    /// On the submitter's thread, then if it wants to on a worker's.
    static outcome attempt(request& r) {
        outcome const inlined = r.what->attempt(r, false);
        if (inlined.what != outcome::kind::work)
            return inlined;
        EXPECT_TRUE(keep(r));
        return r.what->attempt(r, true);
    }
    /// To its end, which must come within ten seconds.
    static outcome run(request& r) {
        for (;;) {
            outcome const how = attempt(r);
            if (how.what != outcome::kind::poll)
                return how;
            EXPECT_TRUE(keep(r));
            ::pollfd what{r.fd, static_cast<short>(how.events), 0};
            if (::poll(&what, 1, 10'000) != 1) {
                ADD_FAILURE() << "nothing came";
                return outcome::answer(-ETIME);
            }
        }
    }
    template <class Op>
    outcome run(Op const& o) {
        request& r = make(o);
        std::int32_t const refused = r.what->check == nullptr ? 0 : r.what->check(r.sqe());
        return refused != 0 ? outcome::answer(refused) : run(r);
    }
    template <class Op>
    std::int32_t result(Op const& o) {
        return run(o).res;
    }

private:
    finder find_;
    std::deque<request> requests_;
};

/// Memory that is not there.
inline constexpr std::uint64_t nowhere = 1;

} // namespace rondo::engine::emulation
