/* SPDX-License-Identifier: BSD-3-Clause */
#include "skerry/device.h"

/** Nothing has been done for this life yet, and every wait begins now. */
/*@ requires \valid(d);
  @ terminates \true; exits \false;
  @ assigns d->cause, d->status, d->features, d->offset, d->placed, d->fences, d->attached, d->since, d->rung, d->watched, d->now;
  @ ensures d->offset == 0 && d->placed == 0 && d->fences == 0 && d->cause == SKR_CAUSE_NONE;
  @*/
static void begin_life(skr_device_t *d, uint32_t now)
{
    d->cause = SKR_CAUSE_NONE;
    d->status = SKR_DEVICE_STATUS_NONE;
    d->features = 0U;
    d->offset = 0U;
    d->placed = 0U;
    d->fences = 0U;
    d->attached = 0U;
    d->since = now;
    d->rung = now;
    d->watched = now;
    d->now = now;
}

/** Keep a description. Field by field: the proofs must not meet a structure by value. */
/*@ requires \valid(kept) && \valid_read(given) && \separated(kept, given);
  @ terminates \true; exits \false;
  @ assigns *kept;
  @ ensures skr_transport_alike(kept, given);
  @*/
static void keep(skr_transport_t *kept, const skr_transport_t *given)
{
    kept->kind = given->kind;
    kept->registers = given->registers;
    kept->registers_size = given->registers_size;
    kept->config = given->config;
    kept->config_size = given->config_size;
    kept->memory = given->memory;
    kept->memory_size = given->memory_size;
    kept->memory_address = given->memory_address;
    kept->doorbell = given->doorbell;
    kept->options = given->options;
}

/** Start counting. */
/*@ requires \valid(counters);
  @ terminates \true; exits \false; assigns *counters;
  @*/
static void clear(skr_device_counters_t *counters)
{
    counters->starts = 0U;
    counters->faults = 0U;
    counters->kicks = 0U;
    counters->kicks_spared = 0U;
    counters->kicks_repeated = 0U;
    counters->config_retries = 0U;
}

skr_status_t skr_device_init(skr_device_t *d, const skr_transport_t *transport, uint32_t device_id, uint32_t config_bytes,
                             uint64_t wanted)
{
    skr_status_t status = SKR_FAULT;

    begin_life(d, 0U);
    clear(&d->counters);
    d->wanted = wanted;
    d->device_id = device_id;
    d->config_bytes = config_bytes;
    d->queues = 0U;
    d->linked = 0U;
    d->state = SKR_DEVICE_FAILED;
    keep(&d->transport, transport);
    d->cause = skr_transport_check(&d->transport, config_bytes);
    if (d->cause == SKR_CAUSE_NONE) {
        d->linked = 1U;
        d->state = SKR_DEVICE_IDLE;
        status = SKR_OK;
    }
    return status;
}

void skr_device_plan_queue(skr_device_t *d, bool from_device, uint16_t count, uint32_t stride)
{
    skr_virtq_plan(&d->virtq[d->queues], from_device, count, stride);
    d->queues++;
}

skr_status_t skr_device_start(skr_device_t *d, uint32_t now)
{
    skr_status_t status = SKR_FAULT;

    if (d->linked != 0U) {
        begin_life(d, now);
        d->state = SKR_DEVICE_IDENTIFY;
        d->counters.starts++;
        status = SKR_OK;
        /*@ assert begun: skr_device_sound(d); */
    }
    return status;
}
