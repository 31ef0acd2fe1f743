/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device's word becomes an index without a check. The run-time-error goals must catch it.
 *
 * Must stay open: look_up
 * Must be proved: look_up_checked
 */
#include <stdint.h>

#define SIZE 8U

/*@ requires \valid_read(id) && \valid_read(table + (0 .. SIZE - 1));
  @ terminates \true; exits \false; assigns \nothing;
  @*/
uint8_t look_up(const volatile uint32_t *id, const uint8_t *table)
{
    return table[*id];
}

/*@ requires \valid_read(id) && \valid_read(table + (0 .. SIZE - 1));
  @ terminates \true; exits \false; assigns \nothing;
  @*/
uint8_t look_up_checked(const volatile uint32_t *id, const uint8_t *table)
{
    const uint32_t i = *id;

    return (i < SIZE) ? table[i] : 0U;
}
