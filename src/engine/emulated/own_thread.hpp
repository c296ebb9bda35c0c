// SPDX-License-Identifier: MIT
#pragma once

// Threads of the engine's own: unnoticed by the program's signals, and yet to be got out of a
// system call. Any thread may call what is here.

namespace rondo::engine::emulation {

/// Starts a detached thread that runs body(argument), with all signals blocked but those of a fault
/// and the one of nudge(). False: there was none to be had.
[[nodiscard]] bool start_thread(void* (*body)(void*), void* argument) noexcept;

/// Names the calling thread, by 15 characters at most, for ps(1) and debuggers; its number.
[[nodiscard]] int name_thread(char const* name) noexcept;

/// Makes the system call that the thread `tid`, one of start_thread(), is in answer EINTR. A nudge
/// that comes just before the call begins is lost: nudge again until it has shown effect. The first
/// one installs a handler for a real-time signal that nobody used. False: no signal was to be had,
/// or no such thread.
[[nodiscard]] bool nudge(int tid) noexcept;

} // namespace rondo::engine::emulation
