/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device model of the tests with the fuzzer at its knobs: which transport it is on, what it offers, and every way in which
 * it can lie. What passes through the rings in order is the target's business.
 */
#ifndef SKERRY_FUZZ_ROGUE_H
#define SKERRY_FUZZ_ROGUE_H

#include "backend/model.h"
#include "fuzz.h"

extern model_t rogue;

/* A device of this kind on a transport that the input chooses. Guard and hook begin anew; the guard allows the windows. */
skr_transport_t rogue_open(fuzz_input_t *in, uint32_t device_id);

/* Whether memory is as the rings made it: nothing was poked, no ring was lied about. Only then do contents mean anything. */
bool rogue_is_tame(void);
/* Whether it is tame, and never answered wrong: then the front-end has no excuse for a breach of the standard. */
bool rogue_is_honest(void);
/* From now on it is not tame. */
void rogue_goes_wild(void);

/* Let `turn` act before every n-th access of the library; n is 1 .. 255, 0 is never. */
void rogue_busy(uint32_t n, fuzz_action_t turn);

/* Fill one available buffer and return it; false if there is none. */
bool rogue_fills(uint32_t queue, const void *bytes, uint32_t length);
/* Empty one and return it; the bytes that were in it, -1 if there is none. */
int32_t rogue_empties(uint32_t queue, void *bytes, uint32_t room);
/* Take one available buffer and keep it; false if there is none. */
bool rogue_hold(uint32_t queue, const uint8_t **bytes, uint32_t *length);

/* What it can do at any time, as actions of a target. */
#define ROGUE_ACTIONS                                                                                           \
    rogue_gives_back, rogue_lies, rogue_jumps, rogue_speaks, rogue_pokes, rogue_pokes_later, rogue_breaks, rogue_restarts
void rogue_gives_back(void);  /* a buffer that it keeps, in any order */
void rogue_lies(void);        /* a used element of any content */
void rogue_jumps(void);       /* used.idx, any */
void rogue_speaks(void);      /* used.flags, avail_event, any */
void rogue_pokes(void);       /* any word anywhere */
void rogue_pokes_later(void); /* the same in the middle of a call */
void rogue_breaks(void);      /* a knob of the model is turned, or turned back */
void rogue_restarts(void);    /* the back-end alone: memory wiped, or wiped and fresh */

#endif
