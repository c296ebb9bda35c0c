// SPDX-License-Identifier: MIT
// away.pml: a strand that runs on other loops than the one from which it may be asked to stop:
// away_strand, include/rondo/coro/away.hpp and src/coro/away.cpp, by which on() and resume_on()
// work.
//
// Loop 0 is home. In scenario `on` the strand begins on loop 1 and is over there. Else it begins at
// home, moves up to SLOTS times, home too, and is over wherever it is then. It is asked to stop at
// any time, or never; in scenario `hangs` always, and is over only then. Other loops end, and are
// gone, as soon as the strand has left them for good or is over there, and what they were sent has
// run. Found here, for every order: a stop that was asked for reaches the strand if it is not over,
// once, on the thread that it is on; nobody uses the node when home has heard that the strand is
// over, or back; nobody posts to a loop that is gone; home hears of the end once; and everybody
// comes to an end.
// The inbox is one step: inbox.pml is about those; and the lock is, see lock.pml.

#ifdef SCENARIO_hangs
#define HANGS true
#else
#define HANGS false
#endif

#define HOME 0
#define LOOPS 3
#define nowhere LOOPS

mtype = { MOVE, STOP, BACK };
chan box_0 = [4] of { mtype };
chan box_1 = [4] of { mtype };
chan box_2 = [4] of { mtype };
bool gone[LOOPS];
bool needed[LOOPS]; // it will be moved to again, or is there

// away_strand's.
bool locked = false;
byte where = HOME;
bool asked = false;
bool stop_is_out = false;
bool over = false;
bool held_up = false; // the strand's thread's: it moves when the stop has arrived

bool alive = true;     // the node
bool stopped = false;  // the strand
byte reached = 0;      // stops that reached it
byte on_thread = HOME; // who may touch the strand, by what it knows
bool runs = false;     // the strand; else it is on its way, or over
byte to = nowhere;     // it is about to move there
byte moves = 0;
byte heard = 0;        // what home was told
bool asks = false;     // home is to ask, still

inline take() {
    atomic { assert(alive); !locked -> locked = true }
}
inline let_go() {
    atomic { assert(alive); locked = false }
}
inline post(there, what) {
    atomic {
        assert(alive && !gone[there]);
        if
        :: there == 0 -> box_0!what
        :: there == 1 -> box_1!what
        :: there == 2 -> box_2!what
        fi
    }
}
inline reach(me) {
    atomic {
        assert(alive && !over && on_thread == me);
        reached++;
        assert(reached == 1);
        stopped = true
    }
}

// By home's thread.
inline ask() { // step "ask"
    asks = false;
    if
    :: alive ->
#ifndef MUTANT_asks_without_the_lock
        take();
#endif
        if
#ifdef MUTANT_asks_what_is_over
        :: asked -> good = false
#else
        :: asked || over -> good = false
#endif
        :: else -> asked = true; good = true
        fi;
        there = where;
        if
        :: good && there != HOME ->
            stop_is_out = true;
#ifdef MUTANT_stop_posted_after_the_lock
            let_go();
            post(there, STOP)
#else
            post(there, STOP);
#ifndef MUTANT_asks_without_the_lock
            let_go()
#endif
#endif
        :: else ->
#ifndef MUTANT_asks_without_the_lock
            let_go();
#endif
            if
            :: good -> reach(HOME)
            :: !good
            fi
        fi;
        good = false;
        there = nowhere
    :: !alive -> // it is at home, and nobody's node
        if
        :: heard == 0 -> stopped = true
        :: heard != 0
        fi
    fi
}

// By the strand's thread.
inline end(me) { // step "end"
    runs = false;
    if
    :: !alive -> heard++ // at home
    :: alive ->
#ifndef MUTANT_ends_without_the_lock
        take();
#endif
        over = true;
        good = !stop_is_out;
#ifndef MUTANT_ends_without_the_lock
        let_go();
#endif
        if
#ifdef MUTANT_end_forgets_the_stop
        :: true -> post(HOME, BACK)
#else
        :: good -> post(HOME, BACK)
        :: !good // stop_arrived() does
#endif
        fi;
        good = false
    fi;
    atomic { needed[1] = false; needed[2] = false }
}

inline move(me) { // step "move"
    take();
    if
#ifdef MUTANT_moves_with_a_stop_on_its_way
    :: false
#else
    :: stop_is_out -> held_up = true; let_go()
#endif
    :: else ->
        if
        :: stopped -> let_go(); to = nowhere; runs = true // it stays
        :: else ->
            atomic {
                there = to;
                to = nowhere;
                where = there;
                on_thread = there;
                needed[me] = false
            };
#ifdef MUTANT_moves_under_the_lock
            post(there, MOVE);
            let_go();
#else
            let_go();
            post(there, MOVE);
#endif
            there = nowhere
        fi
    fi
}

inline stop_arrived(me) { // step "stop arrived"
    take();
    stop_is_out = false;
    good = over;
    let_go();
    if
    :: good ->
#ifdef MUTANT_stop_arrived_tells_nobody
        skip
#else
        post(HOME, BACK)
#endif
    :: !good ->
        reach(me);
        if
#ifdef MUTANT_stop_arrived_forgets_the_move
        :: held_up -> held_up = false
#else
        :: held_up -> held_up = false; move(me)
#endif
        :: !held_up
        fi
    fi;
    good = false
}

inline moved(me) { // step "moved"
    if
    :: me == HOME -> assert(alive); alive = false
    :: me != HOME
    fi;
    runs = true
}

inline back() { // step "back"
    assert(alive && over);
    heard++;
    assert(heard == 1);
    alive = false
}

proctype loop_thread(byte me; chan box) {
    byte there = nowhere;
    bool good = false;
    mtype what;
    do
    :: box?what ->
        if
        :: what == MOVE -> moved(me)
        :: what == STOP -> stop_arrived(me)
        :: what == BACK -> back()
        fi
    :: runs && on_thread == me && to != nowhere && !held_up -> runs = false; move(me)
    :: runs && on_thread == me && to == nowhere && (stopped || !HANGS) -> end(me)
    :: atomic { // where to: not to a loop that is gone
            runs && on_thread == me && to == nowhere && moves < SLOTS && alive ->
            if
            :: me != 0 -> to = 0; moves = SLOTS // then there is no node any more
            :: me != 1 && !gone[1] -> to = 1; needed[1] = true; moves++
            :: me != 2 && !gone[2] -> to = 2; needed[2] = true; moves++
            fi
        }
    :: me == HOME && asks && heard == 0 -> ask()
    :: me == HOME && asks && heard != 0 -> asks = false
    :: atomic { me == HOME && heard != 0 && !asks && empty(box) -> break }
    :: atomic { me != HOME && !needed[me] && (moves == SLOTS || over || heard != 0) &&
            empty(box) && on_thread != me -> gone[me] = true; break }
    :: atomic { me != HOME && !needed[me] && over && empty(box) -> gone[me] = true; break }
    od
}

// When everybody has come to an end.
proctype last() {
    timeout;
end_:
    assert(!alive && heard == 1 && !locked && gone[1] && gone[2])
}

init {
    atomic {
        if
        :: asks = true
        :: !HANGS -> asks = false
        fi;
#ifdef SCENARIO_on
        where = 1;
        on_thread = 1;
        needed[1] = true;
        moves = SLOTS;
#endif
        runs = true;
        run loop_thread(0, box_0);
        run loop_thread(1, box_1);
        run loop_thread(2, box_2);
        run last()
    }
}
