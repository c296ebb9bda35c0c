// SPDX-License-Identifier: MIT
// stop.pml: with_stop, include/rondo/coro/stop.hpp and src/coro/stop.cpp: a task that a
// std::stop_token of another thread stops.
//
// One thread asks the source for a stop, or never does. The loop's begins the task, which may be
// over at once or at any time; the strand that awaits it may be asked to stop as well. In the
// scenarios `token` and `outer` the task is over only when it is stopped, and the one stop or the
// other is asked for. Then the awaiting frame goes on, and what it kept is gone: the
// callback and the node that was posted. Found here, for every order: a stop that was asked for
// reaches the task, if it is not over; it reaches it once by the token; nobody uses the node when
// the frame has gone on; `sent_` is not read while the callback may write it; the frame goes on
// once, and everybody comes to an end.
// The token does what the standard says: a callback that is registered too late runs in place; to
// destroy one that runs waits for it. The inbox is one step: inbox.pml is about those.

#ifdef SCENARIO_token
#define HANGS true
#define OUTER false
#else
#ifdef SCENARIO_outer
#define HANGS true
#else
#define HANGS false
#endif
#define OUTER true
#endif

bool requested = false;  // the source's
bool registered = false; // callback_, with the token
bool calling = false;    // it runs on the source's thread

// token_base's.
bool is_over = false;
bool starting = false;
bool sent = false;
bool arrived = false;

bool posted = false;   // the node is in the inbox
bool closed = false;   // the inbox
bool ready = false;    // the awaiting frame is in the loop's list
bool alive = true;     // until the frame has gone on
bool begun = false;
bool suspended = false;
bool outer = false;    // a stop of the awaiting strand was asked for
bool stopped = false;  // the task's strand
byte by_token = 0;     // stops that came by the token

// By the callback, on either thread.
inline post_stop() { // step "post the stop"
    atomic {
        assert(alive && !posted);
        answer = !closed;
        posted = answer
    };
    // Here the node may be taken already.
#ifdef MUTANT_stop_sent_unsaid
    skip;
#else
    atomic {
        assert(alive);
        sent = answer;
        answer = false
    }
#endif
}

proctype source() {
    bool answer = false;
    if
#ifndef SCENARIO_token
    :: true // never
#endif
    :: atomic {
            requested = true;
            calling = registered;
            registered = false // it is taken off the list before it is called
        };
        if
        :: calling ->
            post_stop();
            calling = false
        :: !calling
        fi
    fi
}

inline go_on() {
    assert(alive && !ready && !calling);
    alive = false
}

inline post_frame() {
    assert(alive && !ready);
    ready = true
}

// step "over": of the task, on the loop's thread.
inline over() {
    assert(!is_over);
#ifndef MUTANT_over_does_not_wait
    // Step "wait for the callback".
    atomic { registered = false };
    !calling;
#else
    atomic { registered = false };
#endif
    is_over = true;
    atomic {
        assert(!calling); // or `sent` is not known yet
        if
#ifdef MUTANT_over_while_starting_goes_on
        :: (!sent || arrived) -> post_frame()
#else
#ifdef MUTANT_over_forgets_the_message
        :: !starting -> post_frame()
#else
        :: !starting && (!sent || arrived) -> post_frame()
#endif
#endif
        :: else
        fi
    }
}

// Step "arrive".
inline stop_arrived() {
    atomic {
        assert(alive && posted);
        posted = false;
        arrived = true;
        if
        :: is_over ->
#ifdef MUTANT_arrival_does_not_go_on
            skip
#else
            post_frame()
#endif
#ifdef MUTANT_arrival_does_not_stop
        :: !is_over
#else
        :: !is_over -> by_token++; assert(by_token == 1); stopped = true
#endif
        fi
    }
}

inline begin_task() { // step "run"
    if
#ifdef MUTANT_run_does_not_look_for_stops
    :: false
#else
    :: outer || requested -> stopped = true
#endif
    :: else ->
        // Step "register": it looks again, under the token's own lock.
        atomic {
#ifdef MUTANT_registered_unlooked
            registered = true;
            late = false
#else
            late = requested;
            registered = !late
#endif
        };
        if
        :: late -> post_stop()
        :: !late
        fi;
        late = false
    fi;
    starting = true;
    begun = true;
    if
    :: stopped || !HANGS -> over()
    :: true
    fi;
    starting = false;
    if
#ifdef MUTANT_start_forgets_the_message
    :: !is_over -> suspended = true
#else
    :: !is_over || (sent && !arrived) -> suspended = true
#endif
    :: else -> go_on()
    fi
}

proctype loop_thread() {
    bool answer = false;
    bool late = false;
    if // asked for before
    :: OUTER -> outer = true
    :: true
    fi;
#ifdef MUTANT_closes_before_all_is_over
    closed = true;
#endif
    begin_task();
    do
    :: !alive -> break
    :: alive && ready -> ready = false; go_on()
    :: alive && posted -> stop_arrived()
    :: alive && !is_over && stopped -> over()
    :: alive && !is_over && !HANGS -> over()
    :: OUTER && alive && !outer && !ready -> // step "outer stop"
        outer = true;
#ifdef MUTANT_outer_stop_not_passed_on
        skip
#else
        if
        :: !is_over -> stopped = true
        :: is_over
        fi
#endif
    od;
    closed = true
}

// When everybody has come to an end.
proctype last() {
    timeout;
end:
    assert(!alive && is_over && !registered && !calling && !posted);
    assert(suspended || begun)
}

init {
    atomic {
        run source();
        run loop_thread();
        run last()
    }
}
