/* SPDX-License-Identifier: BSD-3-Clause */
#include "skerry/device.h"

/* fields: a pair of configuration fields that may be read. */
#ifdef __FRAMAC__
#define device_fields(t, offset, width, pair) \
    (\valid_read(t) && skr_transport_sound(t) && ((width) == 2 || (width) == 4) && (offset) + 2 * (width) <= (t)->config_size \
  && \valid((pair) + (0 .. 1)) && \separated(t, (pair) + (0 .. 1)))
#endif

/** Read two neighbouring configuration fields once. */
/*@ requires device_fields(t, offset, width, pair);
  @ terminates \true; exits \false; assigns pair[0 .. 1];
  @ ensures width == 2 ==> pair[0] <= 0xFFFF && pair[1] <= 0xFFFF;
  @*/
static void read_pair(const skr_transport_t *t, uint32_t offset, uint32_t width, uint32_t pair[2])
{
    const skr_shm_t *const config = t->config;

    if (width == 2U) {
        pair[0] = skr_shm_read16(config, offset);
        pair[1] = skr_shm_read16(config, offset + 2U);
    } else {
        pair[0] = skr_shm_read32(config, offset);
        pair[1] = skr_shm_read32(config, offset + 4U);
    }
}

/** Read two fields twice under one generation; false, and nothing written, if they changed in between. */
/*@ requires device_fields(t, offset, width, value);
  @ terminates \true; exits \false; assigns value[0 .. 1];
  @ ensures \result == \false ==> value[0] == \old(value[0]) && value[1] == \old(value[1]);
  @ ensures width == 2 && \result == \true ==> value[0] <= 0xFFFF && value[1] <= 0xFFFF;
  @*/
static bool read_twice(const skr_transport_t *t, uint32_t offset, uint32_t width, uint32_t value[2])
{
    uint32_t first[2];
    uint32_t second[2];
    bool alike = false;
    const uint32_t before = skr_transport_generation(t);

    read_pair(t, offset, width, first);
    read_pair(t, offset, width, second);
    const uint32_t after = skr_transport_generation(t);

    if ((before == after) && (first[0] == second[0]) && (first[1] == second[1])) {
        value[0] = first[0];
        value[1] = first[1];
        alike = true;
    }
    return alike;
}

/** Read two fields until they rest; the number of tries in vain, SKR_CONFIG_TRIES if all were. */
/*@ requires device_fields(t, offset, width, value);
  @ terminates \true; exits \false; assigns value[0 .. 1];
  @ ensures \result <= SKR_CONFIG_TRIES;
  @ ensures \result == SKR_CONFIG_TRIES ==> value[0] == \old(value[0]) && value[1] == \old(value[1]);
  @ ensures width == 2 && \result < SKR_CONFIG_TRIES ==> value[0] <= 0xFFFF && value[1] <= 0xFFFF;
  @*/
static uint32_t read_until_rest(const skr_transport_t *t, uint32_t offset, uint32_t width, uint32_t value[2])
{
    uint32_t vain = 0U;
    bool alike = false;

    /*@ loop invariant 0 <= i <= SKR_CONFIG_TRIES && vain == (alike == \true ? i - 1 : i) && 0 <= vain;
      @ loop invariant alike == \false ==> value[0] == \at(value[0], Pre) && value[1] == \at(value[1], Pre);
      @ loop invariant width == 2 && alike == \true ==> value[0] <= 0xFFFF && value[1] <= 0xFFFF;
      @ loop invariant device_fields(t, offset, width, value);
      @ loop assigns i, vain, alike, value[0 .. 1];
      @ loop variant SKR_CONFIG_TRIES - i;
      @*/
    for (uint32_t i = 0U; (i < SKR_CONFIG_TRIES) && (!alike); i++) {
        alike = read_twice(t, offset, width, value);
        if (!alike) {
            vain++;
        }
    }
    return vain;
}

skr_status_t skr_device_read_config(skr_device_t *d, uint32_t offset, uint32_t width)
{
    skr_status_t status = SKR_AGAIN;

    if (d->state != SKR_DEVICE_FAILED) { /* then nothing shared is touched any more */
        const uint32_t vain = read_until_rest(&d->transport, offset, width, d->field);

        d->counters.config_retries += vain;
        if (vain < SKR_CONFIG_TRIES) {
            status = SKR_OK;
        }
        /*@ assert read: skr_device_sound(d); */
    }
    return status;
}
