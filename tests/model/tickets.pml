// SPDX-License-Identifier: MIT
// tickets.pml: tickets that other threads wait for than the one that submitted: claim, unclaim,
// cancel_flight in src/ring/shared/calls.cpp, take_slots in slots.cpp and flight_slot::give_back,
// over the steps of a shard in steps.pml.
//
// Thread 0 submits an operation in slot 0, tells the others its ticket, and ends. Thread 1 waits
// for it, by a deadline that may pass, returns the slot, takes it for an operation of its own and
// waits for that. Thread 2 waits for the first ticket too, or asks for its cancel, at any time, so
// also when it is stale; then it submits in slot 1 and waits. Found here, for every order: one
// thread at most gets a ticket's completion, the other one EBUSY or ESTALE; a stale ticket neither
// takes nor cancels another's operation; who waits is woken, whoever reaps.

#define CANCELLED(f) assert(op[f] != running || generation[f] == cancel_of)
#include "steps.pml"

#define FIRST 1 // the generation of the first ticket
byte generation[FLIGHTS] = FIRST;
bool claimed[FLIGHTS]; // its highest bit
bool told = false;     // there is a ticket
bool is_free = false;  // slot 0 may be taken
byte got = 0;          // how often the first ticket's completion was handed out
byte cancel_of = 0;    // of what generation the cancel in the queue was meant to be

inline submit(f) {
    atomic {
        !locked -> locked = true;
        queue(OPERATION, f);
        if // send_queued
        :: flush()
        :: true
        fi;
        take_all()
    };
    settle();
    atomic { hand_on() };
    wake_found()
}

#define EBUSY 1
#define ESTALE 2
// Step "claim".
inline claim(f, ticket) {
#ifdef MUTANT_claim_without_exchange
    atomic { answer = (generation[f] != ticket -> ESTALE : (claimed[f] -> EBUSY : 0)) };
    if
    :: answer == 0 -> claimed[f] = true
    :: answer != 0
    fi
#else
    d_step {
        answer = (generation[f] != ticket -> ESTALE : (claimed[f] -> EBUSY : 0));
        if
        :: answer == 0 -> claimed[f] = true
        :: else
        fi
    }
#endif
}

inline await_claimed(f) {
    if
    :: word[f] == over -> why = false
    :: word[f] != over -> wait(f)
    fi
}

// Step "return slot". Without the lock.
inline return_slot(f) {
    d_step {
        assert(claimed[f] && word[f] == over);
#ifndef MUTANT_return_keeps_generation
        generation[f]++;
#endif
        claimed[f] = false;
        is_free = true // one word says all three
    }
}

// Under the lock.
inline cancel_flight(f, ticket) {
    atomic { !locked -> locked = true };
    good = (generation[f] == ticket);
    good = good && (word[f] != over);
    atomic {
        if
        :: good ->
            assert(generation[f] == ticket); // f.cancelled is set: it is the ticket's own
            cancel_of = ticket;
            queue(CANCEL, f);
            flush()
        :: !good
        fi;
        good = false;
        hand_on()
    };
    wake_found()
}

proctype submitter() {
    LOCALS;
    submit(0);
    told = true
}

proctype first_waiter() {
    WAIT_LOCALS;
    byte answer = 0;
    told;
    claim(0, FIRST);
    if
    :: answer == 0 ->
        if
        :: fixed = limited
        :: fixed = never
        fi;
        await_claimed(0);
        fixed = never;
        if
        :: why -> claimed[0] = false // unclaim
        :: !why ->
            got++;
            assert(got == 1);
            return_slot(0)
        fi
    :: answer != 0
    fi;
    // Whoever returned it.
    if
    :: is_free ->
#ifdef MUTANT_slot_taken_without_lock
        is_free = false;
        word[0] = idle;
#else
        atomic { !locked -> is_free = false; word[0] = idle }; // step "take slots"
#endif
        submit(0);
        claim(0, FIRST + 1);
        assert(answer == 0);
        await_claimed(0);
        assert(!why)
    :: !is_free
    fi
}

proctype second_waiter() {
    WAIT_LOCALS;
    byte answer = 0;
    bool good = false;
    told;
    if
    :: cancel_flight(0, FIRST)
    :: claim(0, FIRST);
        if
        :: answer == 0 ->
            await_claimed(0);
            got++;
            assert(got == 1);
            return_slot(0)
        :: answer != 0
        fi
    fi;
    submit(1);
    claim(1, FIRST);
    assert(answer == 0);
    await_claimed(1);
    assert(!why)
}

proctype kernel() {
end:
    do
    :: kernel_ends(0)
    :: kernel_ends(1)
    od
}

init {
    atomic {
        alive[0] = true;
        alive[1] = true;
        run kernel();
        run submitter();
        run first_waiter();
        run second_waiter()
    }
}
