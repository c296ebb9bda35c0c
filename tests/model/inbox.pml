// SPDX-License-Identifier: MIT
// inbox.pml: inbox, include/rondo/loop/inbox.hpp and src/loop/inbox.cpp.
//
// Producers post twice each: two items (SLOTS 2), or one that they post again when it has run
// (SLOTS 1), so that a word may come back while another looks away; or there are three, scenario
// `three`. The consumer takes, sleeps, and is woken by a post or, once, by something else. It posts
// itself too, scenario `own`, before it sleeps or when it has marked already. It closes when all
// have run or, in scenario `early`, at any time; then the inbox is gone. Found here, for every
// order: an item whose post was true runs once, of a producer in the order of its posts, also when
// it was posted just before the close; one whose post was false never runs; nobody sleeps with an
// item posted and no wake to come; no more wakes than marks; nobody touches the inbox after the
// close but to be refused; everybody comes to an end.
// The word is one, so all agree on the order of its changes, as here; what an item's function may
// see of its poster's memory is said beside the code and looked at by TSan.

#ifndef SLOTS
#define SLOTS 2 // items of a producer
#endif
#ifdef SCENARIO_three
#define PRODUCERS 3
#define ROUNDS 1 // posts of a producer
#else
#define PRODUCERS 2
#define ROUNDS 2
#endif
#ifdef SCENARIO_own
#define OTHERS 0
#define POSTS_OF_ITS_OWN 1
#else
#define OTHERS 1 // times that the consumer wakes for no post
#define POSTS_OF_ITS_OWN 0
#endif
#define OWN (PRODUCERS * SLOTS) // the consumer's item
#define ITEMS (OWN + 1)

// inbox::state_, if it is not an item.
#define empty ITEMS
#define asleep (ITEMS + 1)
#define closed (ITEMS + 2)
#define none empty // a null pointer

byte state = empty;
byte next[ITEMS];
byte woken = 0;
bool waited_for = false;
byte to_wake = 0;
bool marked = false;

bool event = false; // what `wake` signals
bool gone = false;  // close() has returned
bool futex = false; // the consumer sleeps on woken, in close()
byte others = OTHERS;

bool posted[ITEMS];       // and not run yet
byte accepted[PRODUCERS]; // posts that were true
byte ran[PRODUCERS];
byte rounds_of_own = POSTS_OF_ITS_OWN;

// By a post that found the mark.
inline wake() { // step "wake"
    atomic {
        assert(!gone && woken < to_wake + marked);
        event = true
    };
    atomic {
        assert(!gone);
        woken++;
        tell = waited_for
    };
    if
#ifdef MUTANT_last_waker_does_not_tell
    :: true
#else
    :: tell -> futex = false
    :: !tell
#endif
    fi;
    tell = false
}

#ifdef MUTANT_wake_decided_before_push
#define DECIDES first
#else
#define DECIDES was
#endif

// Sets `answer`.
inline post(item) { // step "push"
    was = state;
#ifdef MUTANT_wake_decided_before_push
    first = was;
#endif
    do
    :: atomic { // nobody else looks at the item's link before the exchange
            answer = (was != closed);
            if
            :: !answer -> break
            :: else
            fi;
#ifdef MUTANT_mark_is_linked
            next[item] = was;
#else
            next[item] = (was == asleep -> none : was);
#endif
            if
#ifdef MUTANT_push_without_compare
            :: true -> state = item; posted[item] = true; break
#else
            :: state == was -> state = item; posted[item] = true; break
            :: else -> was = state
#endif
            fi
        }
    od;
    if
#ifdef MUTANT_post_does_not_wake
    :: answer
#else
    :: answer && DECIDES == asleep -> wake()
    :: answer && DECIDES != asleep
#endif
    :: !answer
    fi;
    was = empty
}

proctype producer(byte me) {
    byte was = empty;
    bool tell = false;
#ifdef MUTANT_wake_decided_before_push
    byte first = empty;
#endif
    bool answer = false;
    do
    :: accepted[me] == ROUNDS -> break
    :: accepted[me] < ROUNDS ->
        (!posted[me * SLOTS + accepted[me] % SLOTS]);
        post(me * SLOTS + accepted[me] % SLOTS);
        if
        :: answer -> accepted[me]++; answer = false
        :: !answer -> break // refused for good
        fi
    od
}

// The consumer

// Sets `was`. The code's exchange(), and the step of the mutants that do it in two.
inline exchange(fresh) {
    was = state;
    state = fresh;
#ifndef MUTANT_take_forgets_the_waker
    to_wake = to_wake + (marked && was != asleep -> 1 : 0);
#endif
    marked = false;
    was = (was == asleep -> none : was)
}

// in_order() and run(): what is taken is the consumer's own. From `was`.
inline run_all() {
    d_step {
        list = none;
        do
        :: was == none -> break
        :: was < ITEMS ->
#ifdef MUTANT_runs_the_last_one_first
            if
            :: list == none -> list = was
            :: else
            fi;
            was = next[was]
#else
            item = next[was];
            next[was] = list;
            list = was;
            was = item
#endif
        od;
        item = none
    };
    do
    :: list == none -> break
    :: list != none ->
        d_step {
            assert(list < ITEMS && posted[list]); // posted, and not run already
            item = list;
            list = next[list];
            if
            :: item < OWN ->
                assert(SLOTS == 1 || item % SLOTS == ran[item / SLOTS]); // in order
                ran[item / SLOTS]++
            :: else
            fi;
            posted[item] = false;
            item = none
        }
    od
}

inline take() { // step "take"
    if
    :: state == empty
    :: state != empty ->
#ifdef MUTANT_take_without_exchange
        was = state;
        marked = false;
        was = (was == asleep -> none : was);
        state = empty;
#else
        atomic { exchange(empty) };
#endif
        run_all()
    fi
}

inline prepare_to_sleep() { // step "mark"
#ifdef MUTANT_mark_without_compare
    answer = (state == empty);
    if
    :: answer -> state = asleep; marked = true
    :: !answer
    fi
#else
#ifdef MUTANT_mark_unlooked
    answer = true;
    marked = true;
    if
    :: state == empty -> state = asleep
    :: else
    fi
#else
    atomic {
        answer = (state == empty);
        if
        :: answer -> state = asleep; marked = true
        :: else
        fi
    }
#endif
#endif
}

inline awake() { // step "unmark"
    atomic {
        if
#ifdef MUTANT_unmark_without_compare
        :: true -> state = empty
#else
        :: state == asleep -> state = empty
        :: else -> to_wake++
#endif
        fi;
        marked = false
    }
}

inline close() { // step "close"
#ifdef MUTANT_close_without_exchange
    was = state;
    atomic {
        to_wake = to_wake + (marked && was != asleep -> 1 : 0);
        marked = false;
        was = (was == asleep -> none : was);
        state = closed
    };
#else
#ifdef MUTANT_close_drops
    atomic { exchange(closed); was = none };
#else
    atomic { exchange(closed) };
#endif
#endif
#ifndef MUTANT_close_does_not_wait
    // Step "wait for wakers". The kernel looks and goes to sleep at once, or not at all.
    atomic { waited_for = true; seen = woken };
    do
    :: seen == to_wake -> break
    :: seen != to_wake ->
        atomic { futex = (woken == seen) };
        !futex;
        seen = woken
    od;
#endif
    gone = true;
    run_all()
}

inline post_own() {
    post(OWN);
    assert(answer);
    rounds_of_own--;
    answer = false
}

proctype consumer() {
    byte was = empty;
    bool tell = false;
#ifdef MUTANT_wake_decided_before_push
    byte first = empty;
#endif
    byte list = none;
    byte item = none;
    byte seen = 0;
    bool answer = false;
    do
    :: true ->
        take();
        if
        :: rounds_of_own > 0 && !posted[OWN] -> post_own()
        :: true
        fi;
#ifdef SCENARIO_early
        if
        :: break
        :: true
        fi;
#endif
        if
        :: ran[0] == ROUNDS && ran[1] == ROUNDS && ran[PRODUCERS - 1] == ROUNDS &&
            !posted[OWN] -> break
        :: else
        fi;
        prepare_to_sleep();
        if
        :: answer ->
            answer = false;
            if
            :: rounds_of_own > 0 && !posted[OWN] -> post_own()
            :: true
            fi;
            if // asleep, in the kernel
            :: event -> event = false
            :: others > 0 -> others--
            fi;
            if // awake, or take at once
            :: awake()
            :: true
#ifdef SCENARIO_early
            :: break // close at once
#endif
            fi
        :: !answer
        fi
    od;
    close()
}

// When everybody has come to an end.
proctype last() {
    timeout;
end:
    assert(gone && state == closed && !posted[OWN]);
    assert(ran[0] == accepted[0] && ran[1] == accepted[1]);
    assert(ran[PRODUCERS - 1] == accepted[PRODUCERS - 1])
}

init {
    atomic {
        run consumer();
        run last();
        run producer(0);
        run producer(1)
#ifdef SCENARIO_three
        ;
        run producer(2)
#endif
    }
}
