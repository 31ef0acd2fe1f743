/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A length is checked and then read again: between the two the other side may change it. With shared memory seen
 * through `volatile` WP must not prove this; if it does, the proofs of the library are worth nothing.
 *
 * Must stay open: fetch_twice
 * Must be proved: fetch_once
 */
#include <stdint.h>

typedef struct {
    uint32_t length;
} shared_t;

/*@ requires \valid_read(shared);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result <= 64;
  @*/
uint32_t fetch_twice(const volatile shared_t *shared)
{
    uint32_t result = 0U;

    if (shared->length <= 64U) {
        result = shared->length;
    }
    return result;
}

/*@ requires \valid_read(shared);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result <= 64;
  @*/
uint32_t fetch_once(const volatile shared_t *shared)
{
    const uint32_t length = shared->length;
    uint32_t result = 0U;

    if (length <= 64U) {
        result = length;
    }
    return result;
}
