/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One doorbell per direction, for everything, without a payload. It is a hint with level semantics: many rings may
 * arrive as one, each means "look at everything".
 */
#ifndef PMM_DOORBELL_H
#define PMM_DOORBELL_H

#include <stdbool.h>
#include <stdint.h>

/* Datagram sockets: PREFIX.pmm wakes us, PREFIX.fe wakes the front-end (which comes and goes as it likes). */
void doorbell_open_unix(const char *prefix);

/* No doorbell at all: we look every USEC microseconds and send nothing. */
void doorbell_open_poll(uint64_t usec);

bool doorbell_taken(void); /* since the last call: did the front-end ring, or the timer expire? */
void doorbell_ring(void);  /* ring the front-end at the end of this turn */
void doorbell_flush(void);
void doorbell_stats(void);

#endif
