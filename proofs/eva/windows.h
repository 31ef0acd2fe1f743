/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What all Eva drivers share: a back-end that may do anything, a port, and rings with any books.
 *
 * How a driver works. Registers, configuration and rings are `volatile`, so each read gives any value: that is the back-end.
 * The context is a local without a value, so that reading what init does not set is an alarm. It is prepared by the library's
 * own init and placement; then everything that a sequence of calls could have left in it is made unknown within the invariant
 * of its type (skr_device_sound, skr_vsock_sound, ...), and one call is analysed from there. That a call keeps the invariant is
 * what WP proves of it; together the two stand for every sequence of calls.
 *
 * Nothing is taken from the contracts: -no-annot keeps Eva from reading any annotation, so its verdict owes nothing to WP's,
 * and an access outside an object is an alarm where it happens and not an undecided precondition before it.
 *
 * What has to be known together (buffers free and with the device, place and fill of a receive ring) is counted through by
 * loops of the driver; everything else is one unknown value. `-eva-split-return full`, and the last branch kept apart through
 * returns, let Eva tell the outcomes of a call from each other.
 *
 * What the small configuration shows and what not: see config_eva.h.
 */
#ifndef SKERRY_EVA_WINDOWS_H
#define SKERRY_EVA_WINDOWS_H

#include "skerry/skerry.h"

/* Any value at each read. */
static volatile uint32_t anything;

static uint32_t any(void)
{
    return anything;
}

/* Any value below `limit`. */
static uint32_t below(uint32_t limit)
{
    return anything % limit;
}

#define REGISTERS_BYTES 0x100U
static skr_shm_t registers[REGISTERS_BYTES];

/* The description of a good device, its memory and configuration left to the caller. */
static void describe(skr_transport_t *t, skr_transport_kind_t kind)
{
    t->kind = kind;
    t->registers = registers;
    t->registers_size = REGISTERS_BYTES;
    t->memory_address = 0x10000000U;
    t->doorbell = any();
    t->options = below(4U);
}

/* The port: barriers and doorbell change nothing here, copies touch each byte that they are given. */

void skr_port_doorbell(uint32_t doorbell)
{
    (void)doorbell;
}

void skr_port_barrier_release(void)
{
}

void skr_port_barrier_acquire(void)
{
}

void skr_port_barrier_full(void)
{
}

void skr_port_copy_in(uint8_t *to, const skr_shm_t *from, uint32_t bytes)
{
    for (uint32_t i = 0U; i < bytes; i++) {
        to[i] = from[i];
    }
}

void skr_port_copy_out(skr_shm_t *to, const uint8_t *from, uint32_t bytes)
{
    for (uint32_t i = 0U; i < bytes; i++) {
        to[i] = from[i];
    }
}

void skr_port_copy(uint8_t *to, const uint8_t *from, uint32_t bytes)
{
    for (uint32_t i = 0U; i < bytes; i++) {
        to[i] = from[i];
    }
}

void skr_port_clear(skr_shm_t *to, uint32_t bytes)
{
    for (uint32_t i = 0U; i < bytes; i++) {
        to[i] = 0U;
    }
}

/* Any books of a placed ring of which so many buffers are with the device and so many on the free stack. What the last pop left
 * is any value, of a buffer or not: nobody may build on it. */
static void any_books(skr_virtq_t *q, uint16_t outstanding, uint16_t free_count)
{
    q->event_idx = (uint16_t)below(2U);
    q->avail_idx = (uint16_t)below(0x10000U);
    q->kicked_idx = (uint16_t)below(0x10000U);
    q->last_used = (uint16_t)below(0x10000U);
    q->outstanding = outstanding;
    q->ready = (uint16_t)below((uint32_t)outstanding + 1U);
    q->free_count = free_count;
    q->popped = (uint16_t)below(0x10000U);
    q->popped_length = any();
    for (uint32_t i = 0U; i < q->count; i++) {
        q->free_ids[i] = (skr_virtq_book_t)below(q->count);
        q->owner[i] = (skr_virtq_book_t)below((uint32_t)SKR_VIRTQ_DRIVER + 1U);
        q->length[i] = below(q->stride + 1U);
    }
}

/* Any history of a device: counters, ticks, what was negotiated. `field` stays without a value: only what skr_device_read_config()
 * read in the same call may be looked at. */
static void any_device(skr_device_t *d)
{
    d->counters.starts = any();
    d->counters.faults = any();
    d->counters.kicks = any();
    d->counters.kicks_spared = any();
    d->counters.kicks_repeated = any();
    d->counters.config_retries = any();
    d->features = ((uint64_t)any() << 32U) | any();
    d->since = any();
    d->rung = any();
    d->watched = any();
    d->now = any();
    d->status = below(SKR_DEVICE_STATUS_NONE + 1U);
    d->attached = (uint16_t)below(2U);
    d->cause = (skr_cause_t)below((uint32_t)SKR_CAUSE_USED_LENGTH + 1U);
}

/* Place the first `placed` rings; false if one does not fit, and nothing is analysed then. */
static bool place_rings(skr_device_t *d, uint16_t placed)
{
    const uint32_t align = (d->transport.kind == SKR_TRANSPORT_MMIO_V2) ? 64U : 4096U;
    bool good = true;

    for (uint16_t i = 0U; (i < placed) && good; i++) {
        good = skr_virtq_place(&d->virtq[i], d->transport.memory, d->transport.memory_address, d->transport.memory_size,
                               &d->offset, SKR_VIRTQ_SIZE_MAX, align) == SKR_CAUSE_NONE;
        d->placed = (uint16_t)(i + 1U);
    }
    return good;
}

/* How far the set-up of a device can be in a state (skr_device_progress): fewest and most rings placed. */
static uint16_t fewest_placed(skr_device_state_t state, uint16_t queues)
{
    uint16_t placed = 0U;

    if ((state == SKR_DEVICE_QUEUE_START) || (state == SKR_DEVICE_QUEUE_ANSWER)) {
        placed = 1U;
    } else if ((state >= SKR_DEVICE_START) && (state <= SKR_DEVICE_READY)) {
        placed = queues;
    }
    return placed;
}

static uint16_t most_placed(skr_device_state_t state, uint16_t queues)
{
    uint16_t placed = queues;

    if (state <= SKR_DEVICE_CONFIRM) {
        placed = 0U;
    } else if ((state == SKR_DEVICE_QUEUE_SIZE) || (state == SKR_DEVICE_ATTACH)) {
        placed = (uint16_t)(queues - 1U);
    }
    return placed;
}

#endif
