/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A distance on the circle of 16-bit indices, taken without the wrap: right until the index passes 0xFFFF.
 *
 * Must stay open: distance_flat
 * Must be proved: distance
 */
#include <stdint.h>

/*@ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == (to - from + 0x10000) % 0x10000;
  @*/
uint32_t distance_flat(uint16_t to, uint16_t from)
{
    return (to >= from) ? ((uint32_t)to - from) : ((uint32_t)from - to);
}

/*@ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == (to - from + 0x10000) % 0x10000;
  @*/
uint32_t distance(uint16_t to, uint16_t from)
{
    return (((uint32_t)to + 0x10000U) - from) % 0x10000U;
}
