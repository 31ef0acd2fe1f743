/* SPDX-License-Identifier: BSD-3-Clause */
/** A core in miniature: what the self-tests of the gates put their faults into. */
#ifndef SKERRY_SKERRY_H
#define SKERRY_SKERRY_H

#include "skerry/shm.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Entries of a table. */
#define SKR_SIZE 8U

/** Supplied by the integrator. */
/*@ terminates \true; exits \false; assigns \nothing; */
void skr_port_doorbell(uint32_t doorbell);

/**
 * The entry that the other side names, if it is no more than `limit`, else 0.
 * [impl->dsn~look-up~1] [proof->dsn~look-up~1]
 */
/*@ requires \valid_read(id) && \valid_read(table + (0 .. SKR_SIZE - 1));
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result <= limit;
  @*/
uint32_t skr_look_up(const skr_word_t *id, const uint32_t *table, uint32_t limit);

/**
 * Number of entries in use.
 * [impl->dsn~count~1] [proof->dsn~count~1]
 */
/*@ requires \valid_read(table + (0 .. SKR_SIZE - 1));
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result <= SKR_SIZE;
  @*/
uint32_t skr_count(const uint32_t *table);

#ifdef __cplusplus
}
#endif

#endif
