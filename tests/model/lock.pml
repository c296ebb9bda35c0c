// SPDX-License-Identifier: MIT
// lock.pml: word_lock, include/rondo/core/word_lock.hpp and src/core/word_lock.cpp.
//
// Three threads take it twice each. Found here: never two inside, and everybody comes to an end,
// whatever the order (the run looks for dead ends and, with -l, for loops without an end).

#define THREADS 3
#define ROUNDS 2
#define LOOKS 1 // most_looks: one is as good as a hundred, the loop is left by either end

#define free 0
#define held 1
#define contended 2 // held, and others may sleep

byte word = free;
byte asleep = 0; // a bit for each thread that the kernel has on the word
byte inside = 0;

// futex_wait(&word_, contended): the kernel looks and goes to sleep at once, or not at all.
inline futex_wait() {
#ifdef MUTANT_futex_does_not_compare
    asleep = asleep | (1 << me);
#else
    atomic {
        if
        :: word == contended -> asleep = asleep | (1 << me)
        :: else
        fi
    };
#endif
    (asleep & (1 << me)) == 0
}

// futex_wake(&word_): one of those who sleep, the kernel chooses which.
inline futex_wake() {
    atomic {
        if
        :: (asleep & 1) != 0 -> asleep = asleep & ~1
        :: (asleep & 2) != 0 -> asleep = asleep & ~2
        :: (asleep & 4) != 0 -> asleep = asleep & ~4
        :: asleep == 0
        fi
    }
}

inline take_slowly() {
    looks = 0;
    do
    :: looks == LOOKS || got -> break
    :: looks < LOOKS && !got ->
        looks++;
        if
        :: word == free ->
            atomic {
                if
                :: word == free -> word = held; got = true
                :: else
                fi
            }
        :: word != free
        fi
    od;
    do
    :: got -> break
    :: !got ->
        atomic {
            got = (word == free);
#ifdef MUTANT_woken_takes_it_as_held
            word = (got && slept -> held : contended)
#else
            word = contended
#endif
        };
        if
        :: got
        :: !got -> futex_wait(); slept = true
        fi
    od;
    slept = false;
    looks = 0
}

inline take() {
    atomic {
        got = (word == free);
#ifdef MUTANT_take_without_exchange
    };
#endif
        if
        :: got -> word = held
        :: else
        fi
#ifndef MUTANT_take_without_exchange
    };
#endif
    take_slowly();
    got = false
}

inline let_go() {
    atomic { was = word; word = free };
    if
#ifdef MUTANT_let_go_does_not_wake
    :: true
#else
    :: was == contended -> futex_wake()
    :: was != contended
#endif
    fi;
    was = free
}

active [THREADS] proctype thread() {
    byte me = _pid;
    byte round = 0;
    byte looks = 0;
    byte was = free;
    bool got = false;
    bool slept = false;
    do
    :: round == ROUNDS -> break
    :: round < ROUNDS ->
        take();
        inside++;
        assert(inside == 1);
        inside--;
        let_go();
        round++
    od
}
