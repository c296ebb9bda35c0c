// SPDX-License-Identifier: MIT
// steps.pml: the steps of a shard, src/ring/shared/{shard,wait}.cpp, for shard.pml and tickets.pml.
//
// Each inline bears the name of the function that it stands for. What a thread does under the lock
// is one step up to where others could notice: before it gives entries of the CQ back, and before
// it lets go. What a flight's waiter could notice meanwhile, that the flight is over, needs no cut:
// nobody may touch a flight that is over, whether its waiter has returned yet or not.
// Left out are what a completion says and the order of sleepers: step "hand on" calls any of them,
// which is more than the code does.

#ifndef SLOTS
#define SLOTS 2 // of the SQ, and of the CQ
#endif
#ifndef REFUSALS
#define REFUSALS 0
#endif
#define FLIGHTS 3
#define NOBODY FLIGHTS
#define mask(f) (1 << (f))

// flight::state
#define idle 0
#define slept 1
#define called 2
#define over 3

// Deadlines. For `limited` the time may be over at any moment, or not before the end.
#define never 0
#define limited 1
#define ended 2

bool locked = false; // word_lock, see lock.pml
byte word[FLIGHTS];
bool alive[FLIGHTS]; // the flight's memory: on a stack, as long as its thread has not returned
byte sleepers = 0;   // a bit for each flight that is listed
byte called_ = 0;
byte reaper = NOBODY;
bool kept_one = false;
byte asleep = 0;    // a bit for each flight whose waiter the kernel has on a futex
byte until = never; // call_deadline::at_

// The kernel's side.
#define none 0
#define queued 1
#define running 2
#define posted 3
byte op[FLIGHTS];    // where a flight's operation is: it goes round once
bool hangs[FLIGHTS]; // it ends by nothing but a cancel
#define OPERATION 0
#define NOP 1
#define CANCEL 2
chan sq = [SLOTS] of { byte, byte }; // what, and which flight
#if REFUSALS > 0
byte refusals = REFUSALS; // times that the kernel may yet say EAGAIN
byte pausing = 0;         // a bit for each process that waits for a millisecond to pass
#endif

byte cq[SLOTS]; // one more than a flight; 0: taken, or never posted
byte khead = 0; // as the kernel sees it
byte head = 0;  // as far as was taken
byte tail = 0;
byte tail_seen = 0;
chan overflow = [4] of { byte };

// What each process needs of its own for these steps.
#define LOCALS            \
    byte wakes = 0;       \
    byte c = NOBODY;      \
    byte was = idle;      \
    byte what = 0;        \
    byte x = 0;           \
    bool taken = false;   \
    bool again = false
#define WAIT_LOCALS       \
    LOCALS;               \
    byte at = never;      \
    byte fixed = never;   \
    bool moving = false;  \
    bool late = false;    \
    bool why = false

// By another than its waiter, or after it was over.
inline touch(f) {
    assert(alive[f] && word[f] != over)
}

// The kernel

inline kernel_puts(f) {
    assert(cq[tail % SLOTS] == 0); // never over an entry that nobody has taken
    cq[tail % SLOTS] = 1 + f;
    tail++
}

inline kernel_posts(f) {
    if
    :: tail - khead < SLOTS && len(overflow) == 0 -> kernel_puts(f)
    :: else -> overflow!f
    fi
}

// What every enter with GETEVENTS begins with.
inline kernel_moves_overflow() {
    do
    :: len(overflow) > 0 && tail - khead < SLOTS -> overflow?x; kernel_puts(x)
    :: else -> break
    od;
    x = 0
}

// An operation ends at once, or later: kernel_ends.
inline kernel_takes(which, f) {
    if
    :: which == OPERATION ->
        assert(op[f] == queued);
        if
        :: op[f] = running
        :: !hangs[f] -> op[f] = posted; kernel_posts(f)
        fi
    :: which == CANCEL -> CANCELLED(f); kernel_posts(NOBODY)
    :: which == NOP -> kernel_posts(NOBODY)
    fi
}

inline kernel_ends(f) {
    atomic { op[f] == running && !hangs[f] -> op[f] = posted; kernel_posts(f) }
}

// Sleepers

inline call(f) {
    touch(f);
    sleepers = sleepers & ~mask(f);
    word[f] = called;
    called_++;
    wakes = wakes | mask(f)
}

inline hand_on() { // step "hand on"
#ifndef MUTANT_no_hand_on
    if
    :: reaper == NOBODY && (sleepers & mask(0)) != 0 && called_ == 0 -> call(0)
    :: reaper == NOBODY && (sleepers & mask(1)) != 0 && called_ == 0 -> call(1)
    :: reaper == NOBODY && (sleepers & mask(2)) != 0 && called_ == 0 -> call(2)
    :: else
    fi;
#endif
    locked = false
}

// The end of hold::let_go. Those who are woken may be gone: only their address is used.
inline wake_found() {
    if
    :: wakes != 0 -> d_step { asleep = asleep & ~wakes; wakes = 0 }
    :: wakes == 0
    fi
}

inline answer_call(f) {
    if
    :: word[f] == called -> word[f] = idle; called_--
    :: else
    fi
}

// Reaping

inline finish(f) { // step "finish"
    touch(f);
    assert(op[f] == posted);
    op[f] = none;
    was = word[f];
#ifdef MUTANT_finish_unlinks_last
    word[f] = over;
    touch(f);
#endif
    sleepers = sleepers & ~mask(f);
#ifndef MUTANT_finish_keeps_called
    called_ = called_ - (was == called -> 1 : 0);
#endif
    word[f] = over;
#ifndef MUTANT_finish_does_not_wake
    if
    :: was == slept -> wakes = wakes | mask(f)
    :: else
    fi;
#endif
    was = idle
}

inline give_back(t) { // step "keep one"
    if
    :: reaper != NOBODY -> kept_one = kept_one || t
    :: else
    fi;
#ifdef MUTANT_keeps_none
    khead = head;
#else
#ifdef MUTANT_keeps_one_always
    khead = (reaper != NOBODY -> head - 1 : head);
#else
    khead = (reaper != NOBODY && kept_one -> head - 1 : head);
#endif
#endif
    assert(khead <= head && head <= tail)
}

inline look() {
    tail_seen = tail;
    if
    :: head != tail_seen -> khead = head
    :: else
    fi
}

inline take_all() {
    do
    :: head == tail_seen ->
        look();
        if
        :: head == tail_seen -> break
        :: else
        fi
    :: head != tail_seen ->
        c = cq[head % SLOTS] - 1;
        cq[head % SLOTS] = 0;
        head++;
        taken = true;
        if
        :: c != NOBODY -> finish(c)
        :: else
        fi;
        c = NOBODY
    od
}

// The rest of reap, after take_all.
inline settle() {
    do
    :: atomic {
            give_back(taken);
            again = len(overflow) > 0; // put off for want of room
            if
            :: again -> kernel_moves_overflow(); again = (head != tail)
            :: else
            fi;
            if
            :: again -> take_all()
            :: !again -> taken = false; break
            fi
        }
    od
}

// Submitting

inline submit_one() {
#ifdef MUTANT_flush_submits_twice
    sq?<what, x>;
    kernel_takes(what, x);
#endif
    sq?what, x;
    kernel_takes(what, x);
    what = 0;
    x = 0
}

// Inside atomic, which a pause interrupts.
inline flush() {
    do
    :: len(sq) == 0 -> break
    :: len(sq) > 0 -> submit_one()
#if REFUSALS > 0
    :: len(sq) > 0 && refusals > 0 ->
        refusals--;
        take_all();
        give_back(taken);
        taken = false;
        hand_on(); // step "pause"
        wake_found();
        pausing = pausing | mask(_pid);
        (pausing & mask(_pid)) == 0;
        !locked -> locked = true
#endif
    od
}

inline queue(which, f) {
#ifndef MUTANT_no_room_made
    do // make_room
    :: len(sq) < SLOTS -> break
    :: len(sq) == SLOTS -> flush()
    od;
#endif
    assert(len(sq) < SLOTS);
    sq!which, f;
    if
    :: which == OPERATION -> assert(op[f] == none); op[f] = queued
    :: else
    fi
}

inline stir(f) {
    if
    :: (sleepers & mask(f)) != 0 -> call(f)
    :: (sleepers & mask(f)) == 0 && reaper == f ->
        assert(alive[f]);
#ifndef MUTANT_nudge_without_nop
        queue(NOP, NOBODY);
        flush()
#endif
    :: else -> assert(alive[f])
    fi
}

// Waiting

inline sleep_in_kernel() {
    atomic { kernel_moves_overflow() };
    if
    :: tail - khead >= 1
    :: at == limited -> late = true
    fi
}

inline futex_wait(f) {
    atomic { // the kernel looks and goes to sleep at once, or not at all
        if
        :: word[f] == slept -> asleep = asleep | mask(f)
        :: else
        fi
    };
    if
    :: (asleep & mask(f)) == 0
    :: atomic {
            at == limited && (asleep & mask(f)) != 0 -> asleep = asleep & ~mask(f);
            late = true
        }
    fi
}

// Sets `why` when the flight is not over. `fixed` is the deadline, or `until`, if it is `moving`.
inline wait(f) {
    why = false;
    do
    :: atomic {
            !locked -> locked = true;
            if
            :: reaper == f ->
                reaper = NOBODY; // step "leave the kernel"
                give_back(false);
                kept_one = false
            :: reaper != f ->
                sleepers = sleepers & ~mask(f);
                if
                :: word[f] == slept -> word[f] = idle
                :: else
                fi
            fi;
            answer_call(f);
            flush();
            take_all()
        };
        settle();
        atomic {
            at = (moving -> until : fixed);
            if
            :: word[f] == over -> break
            :: word[f] != over && (at == ended || at == limited) -> why = true; break
            :: word[f] != over && (at == never || (at == limited && !late)) ->
                if
                :: reaper == NOBODY ->
                    reaper = f; // step "become reaper"
                    kept_one = false;
                    hand_on()
                :: reaper != NOBODY ->
                    word[f] = slept; // step "go to sleep"
                    sleepers = sleepers | mask(f);
                    hand_on()
                fi
            fi
        };
        wake_found();
        if
        :: reaper == f -> sleep_in_kernel()
        :: reaper != f ->
            futex_wait(f);
            if
            :: word[f] == over -> goto returned
            :: word[f] != over
            fi
        fi
    od;
    atomic { at = never; late = false; hand_on() };
    wake_found();
returned:
    atomic { at = never; late = false }
}
