/* SPDX-License-Identifier: BSD-3-Clause */
/** The one place of the sample that touches shared memory. */
#ifndef SKERRY_SHM_H
#define SKERRY_SHM_H

#include <stdint.h>

/** A word that the other side may change at any moment. */
typedef volatile uint32_t skr_word_t;

/** Read once. */
/*@ requires \valid_read(at);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
static inline uint32_t skr_shm_read(const skr_word_t *at)
{
    return *at;
}

#endif
