// SPDX-License-Identifier: MIT
// shard.pml: shared_ring::run from several threads on one shard. The steps are in steps.pml.
//
// A flight has its thread's number, for each of the thread's runs, as flights on a stack have one
// address. Found here, for every order: what is submitted is submitted once and its completion
// delivered once, the SQ is never overfull, no entry of the CQ is used again before it was taken,
// nobody but a futex_wake touches a flight that is over, and everybody comes to an end.

// Which threads there are. Scenarios are told apart so that each can be searched to its end.
#ifdef SCENARIO_run // three threads, one of them twice, and SQEs left in the queue for others
#define RUNS(f) (f == 2 -> 2 : 1)
#define GATHERS true
#endif
#ifdef SCENARIO_refused // the kernel has no memory for one of the entries
#define RUNS(f) 1
#define GATHERS true
#define REFUSALS 1
#endif
#ifdef SCENARIO_limited // thread 1 has a deadline that may pass at any moment
#define RUNS(f) 1
#define LIMITED(f) (f == 1)
#endif
#ifdef SCENARIO_ended // thread 0 hangs, until somebody ends its call_deadline
#define RUNS(f) 1
#define HANGS(f) (f == 0)
#endif
#ifdef SCENARIO_both // of the two, and SQEs left in the queue
#define RUNS(f) (f == 2 -> 0 : 1)
#define HANGS(f) (f == 0)
#define LIMITED(f) (f == 1)
#define GATHERS true
#endif
#ifndef GATHERS
#define GATHERS false
#endif
#ifndef LIMITED
#define LIMITED(f) false
#endif
#ifndef HANGS
#define HANGS(f) false
#endif

#define CANCELLED(f) hangs[f] = false
#include "steps.pml"

// In word[] before the thread's first run. Threads of one kind begin in their order: with their
// names exchanged, the other orders are the same.
#define unused 4
#define TWINS(f) (f != 0 && HANGS(f - 1) == HANGS(f) && LIMITED(f - 1) == LIMITED(f) && \
                  RUNS(f - 1) == RUNS(f))

// call_deadline
bool deadline_locked = false;
bool waits_by_it = false;

proctype thread(byte f) {
    byte runs = RUNS(f);
    WAIT_LOCALS;
    do
    :: runs == 0 -> break
    :: runs > 0 ->
        atomic {
            !locked && (!TWINS(f) || word[f - 1] != unused) -> locked = true;
            runs--;
            alive[f] = true;
            word[f] = idle;
            hangs[f] = HANGS(f);
            queue(OPERATION, f); // begin, or start where it has to make room or to gather
            if // the system call, or send_queued
            :: flush()
            :: GATHERS // submit_delay
            fi;
            take_all() // end
        };
        settle();
        atomic { why = (word[f] != over); hand_on() };
        wake_found();
        atomic {
            if
            :: why && HANGS(f) ->
                moving = true;
                !deadline_locked -> waits_by_it = true
            :: why && LIMITED(f) -> fixed = limited
            :: why && LIMITED(f)
            :: why && !HANGS(f) && !LIMITED(f)
            :: !why
            fi
        };
        do
        :: !why -> break
        :: why ->
            wait(f);
            if
            :: moving -> atomic { !deadline_locked -> waits_by_it = false }
            :: !moving
            fi;
            if
            :: !why
            :: why ->
                assert(moving || fixed == limited);
                atomic {
                    !locked -> locked = true;
                    moving = false;
                    fixed = never;
                    if
                    :: word[f] != over -> queue(CANCEL, f); flush()
                    :: word[f] == over
                    fi;
                    hand_on()
                };
                wake_found()
            fi
        od;
        atomic {
            assert(op[f] == none && word[f] == over);
            alive[f] = false;
            moving = false;
            fixed = never
        }
    od
}

// call_deadline::end
proctype ender() {
    LOCALS;
    atomic { !deadline_locked -> deadline_locked = true; until = ended };
    if
    :: waits_by_it ->
        atomic { !locked -> locked = true; stir(0); hand_on() }; // nudge
        wake_found()
    :: !waits_by_it
    fi;
    deadline_locked = false
}

proctype kernel() {
end:
    do
    :: kernel_ends(0)
    :: kernel_ends(1)
    :: kernel_ends(2)
#if REFUSALS > 0
    :: pausing != 0 -> pausing = 0
#endif
    od
}

init {
    atomic {
        word[0] = unused;
        word[1] = unused;
        word[2] = unused;
        run kernel();
        run thread(0);
        run thread(1);
        run thread(2);
        if
        :: HANGS(0) -> run ender()
        :: else
        fi
    }
}
