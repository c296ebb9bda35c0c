// SPDX-License-Identifier: MIT
#include "child_watch.hpp"

#include "calls.hpp"
#include "watch.hpp"

#include <cerrno>
#include <csignal>
#include <memory>
#include <new>
#include <sys/wait.h>

namespace rondo::engine::emulation {
namespace {

class child_watch final : public watch {
public:
    child_watch(request& r, int which, int id, int options) noexcept
        : watch(r), which_(which), id_(id), options_(options) {}

protected:
    long sleep() noexcept override {
        ::siginfo_t unused{};
        return call(SYS_waitid, which_, id_, &unused, options_ | WNOWAIT, nullptr);
    }
    // A failure too is told by the next attempt.
    outcome end(long) noexcept override { return outcome::until(0); }

private:
    int const which_;
    int const id_;
    int const options_;
};

} // namespace

outcome watch_children(request& r, int which, int id, int options) noexcept {
    try {
        return watch::start(std::make_shared<child_watch>(r, which, id, options))
                   ? outcome{.what = outcome::kind::kept}
                   : outcome::answer(-ENOMEM);
    } catch (std::bad_alloc const&) {
        return outcome::answer(-ENOMEM);
    }
}

} // namespace rondo::engine::emulation
