/* SPDX-License-Identifier: BSD-3-Clause */
#include "skerry/skerry.h"

/* counted: of the first `n` entries, so many are in use. */
#ifdef __FRAMAC__
#define sample_counted(used, n) ((used) <= (n) && (n) <= SKR_SIZE)
#endif

uint32_t skr_look_up(const skr_word_t *id, const uint32_t *table, uint32_t limit)
{
    const uint32_t i = skr_shm_read(id);
    uint32_t result = 0U;

    if ((i < SKR_SIZE) && (table[i] <= limit)) {
        result = table[i];
    }
    return result;
}

uint32_t skr_count(const uint32_t *table)
{
    uint32_t used = 0U;

    /*@ loop invariant 0 <= i && sample_counted(used, i);
      @ loop assigns i, used;
      @ loop variant SKR_SIZE - i;
      @*/
    for (uint32_t i = 0U; i < SKR_SIZE; i++) {
        if (table[i] != 0U) {
            used++;
        }
    }
    skr_port_doorbell(used);
    return used;
}
