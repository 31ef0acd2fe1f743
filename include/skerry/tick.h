/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Time: the caller's tick, a 32-bit count that wraps. Internal layer.
 */
#ifndef SKERRY_TICK_H
#define SKERRY_TICK_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Whether `ticks` ticks have passed since `since`, on a clock that wraps at 2^32.
 *
 * Bound: no loop, no shared access.
 */
/*@ terminates \true; exits \false; assigns \nothing;
  @ ensures \result <==> ticks <= (now >= since ? now - since : now - since + 0x100000000);
  @*/
static inline bool skr_passed(uint32_t now, uint32_t since, uint32_t ticks)
{
    /* 64 bits: the wrap is in the remainder, where a prover follows it; compilers make one subtraction of this. */
    return ((((uint64_t)now + 0x100000000U) - since) % 0x100000000U) >= ticks;
}

#ifdef __cplusplus
}
#endif

#endif
