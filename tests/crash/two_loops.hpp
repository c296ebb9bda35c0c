// SPDX-License-Identifier: MIT
#pragma once

// Two loops, of which one is about to be destroyed, and what their tasks wait for.

#include <rondo/coro/event.hpp>
#include <rondo/coro/resume_on.hpp>
#include <rondo/coro/task.hpp>
#include <rondo/loop/loop.hpp>

#include <optional>

struct two_loops {
    rondo::event never;
    std::optional<rondo::loop> home{rondo::loop::create().or_throw("loop")};
    std::optional<rondo::loop> other{rondo::loop::create().or_throw("loop")};

    rondo::task<> goes_there() {
        (co_await rondo::resume_on(*other)).or_throw("there");
        co_await waits();
    }
    rondo::task<> waits() { static_cast<void>(co_await never.wait()); }
    static void run(rondo::loop& which) {
        static_cast<void>(which.run_ready().or_throw("run_ready"));
    }
};
