/* SPDX-License-Identifier: BSD-3-Clause */
#include "skerry/device.h"

/* Status of a running device without FEATURES_OK, which the version 1 registers do not know. */
#define STATUS_RUNNING (SKR_STATUS_ACKNOWLEDGE | SKR_STATUS_DRIVER | SKR_STATUS_DRIVER_OK)

/* Status bits that a device may show without being asked: SUSPEND (1.4), and one that some back-ends use for "not ready". */
#define STATUS_TOLERATED 0x30U

/* Passes of the PMM awaited after a change of a register: the first may have begun before the change. */
#define FENCE_PASSES 2U

/* Alignment of a ring and of its used ring: pages where the device is told a page number, else a cache line. */
#define ALIGN_PAGES 4096U
#define ALIGN_LINES 64U

/* moving: as far as the set-up has come, all is in order; what a step that touches no ring has to see to.
 * upright: moving, and the description is good. working: the rings are sound besides.
 * opened: a ring lies in the window. fields: a pair of configuration fields that may be read.
 * A ring whose number is a variable is proved in three cases, one for each queue: in each, the provers know every place. */
#ifdef __FRAMAC__
#define device_moving(d) \
    (1 <= (d)->queues <= SKR_DEVICE_QUEUES && (d)->placed <= (d)->queues && (d)->fences <= 2 \
  && SKR_DEVICE_IDLE <= (d)->state <= SKR_DEVICE_FAILED && skr_device_progress(d))

#define device_upright(d) (\valid(d) && (d)->linked != 0 && skr_device_linked(d) && device_moving(d))

#define device_working(d) (skr_device_sound(d) && (d)->linked != 0)

#define device_ring_size(n) \
    ((n) == 0 || (n) == 1 || (n) == 2 || (n) == 4 || (n) == 8 || (n) == 16 || (n) == 32 || (n) == 64 || (n) == 128 \
  || (n) == 256 || (n) == 512 || (n) == 1024)

#define device_opened(q, t) (skr_virtq_sound(q) && (q)->base == (t)->memory && (q)->limit == (t)->memory_size)

#define device_fields(t, offset, width, pair) \
    (\valid_read(t) && skr_transport_sound(t) && ((width) == 2 || (width) == 4) && (offset) + 2 * (width) <= (t)->config_size \
  && \valid((pair) + (0 .. 1)) && \separated(t, (pair) + (0 .. 1)))
#endif

/** Whether the other side is a PMM. */
/*@ requires \valid_read(d);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result <==> d->transport.kind == SKR_TRANSPORT_HVL;
  @*/
static bool is_hvl(const skr_device_t *d)
{
    return d->transport.kind == SKR_TRANSPORT_HVL;
}

/** Write the status register. */
/*@ requires \valid(d) && skr_device_linked(d);
  @ terminates \true; exits \false;
  @ assigns d->status, d->transport.registers[0 .. d->transport.registers_size - 1];
  @*/
static void write_status(skr_device_t *d, uint32_t status)
{
    d->status = status;
    skr_transport_set_status(&d->transport, status);
}

/** Latch a fault. */
/*@ requires \valid(d) && skr_device_linked(d);
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->counters, d->status, d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures d->state == SKR_DEVICE_FAILED;
  @*/
static void give_up(skr_device_t *d, skr_cause_t cause)
{
    if (d->state != SKR_DEVICE_FAILED) {
        /* Before the first write of a set-up nothing says that a device of ours is there. */
        if ((d->state > SKR_DEVICE_IDENTIFY) && (!is_hvl(d))) {
            write_status(d, d->status | SKR_STATUS_FAILED);
        }
        d->state = SKR_DEVICE_FAILED;
        d->cause = cause;
        d->counters.faults++;
    }
}

void skr_device_fail(skr_device_t *d, skr_cause_t cause)
{
    give_up(d, cause);
}

/** Plant one pass fence. */
/*@ requires \valid(d) && skr_device_linked(d);
  @ terminates \true; exits \false;
  @ assigns d->since, d->rung, d->transport.registers[0 .. d->transport.registers_size - 1];
  @*/
static void plant(skr_device_t *d)
{
    d->since = d->now;
    d->rung = d->now;
    skr_transport_fence(&d->transport);
}

/** Let the PMM see what was written before anything else is; virtio-mmio devices see it at once. */
/*@ requires \valid(d) && skr_device_linked(d) && d->fences <= 2;
  @ terminates \true; exits \false;
  @ assigns d->fences, d->since, d->rung, d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures d->fences <= 2;
  @*/
static void fence(skr_device_t *d)
{
    if (is_hvl(d)) {
        d->fences = FENCE_PASSES;
        plant(d);
    }
}

/** An answer is not there yet: repeat the doorbell when it is time, give up when it is too late.
 *  [impl->dsn~device.timeouts~1] [proof->dsn~device.timeouts~1] */
/*@ requires device_upright(d) && SKR_DEVICE_IDENTIFY <= d->state;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->rung, d->counters,
  @         d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures device_moving(d);
  @ ensures d->state == \old(d->state) || d->state == SKR_DEVICE_FAILED;
  @*/
static void await(skr_device_t *d, skr_cause_t late)
{
    if (skr_passed(d->now, d->since, SKR_TICKS_SETUP)) {
        give_up(d, late);
    } else if (is_hvl(d) && skr_passed(d->now, d->rung, SKR_TICKS_KICK)) {
        d->rung = d->now;
        d->counters.kicks_repeated++;
        skr_transport_notify(&d->transport, 0U);
    } else {
        /* not yet */
    }
}

/** Wait for the pass fence that stands.
 *  [impl->dsn~device.fence~1] [proof->dsn~device.fence~1] */
/*@ requires device_upright(d) && d->fences != 0 && SKR_DEVICE_IDENTIFY <= d->state;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->fences, d->since, d->rung, d->counters,
  @         d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures device_moving(d);
  @ ensures d->state == \old(d->state) || d->state == SKR_DEVICE_FAILED;
  @*/
static void await_fence(skr_device_t *d)
{
    if (skr_transport_fence_gone(&d->transport)) {
        d->fences--;
        if (d->fences != 0U) {
            plant(d);
        }
    } else {
        await(d, SKR_CAUSE_FENCE_TIMEOUT);
    }
}

/** Every feature that may be accepted if it is offered. */
/*@ requires \valid_read(d);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
static uint64_t acceptable(const skr_device_t *d)
{
    uint64_t features = d->wanted;

    if ((d->transport.options & SKR_OPTION_EVENT_IDX) != 0U) {
        features |= SKR_F_EVENT_IDX;
    }
    if (d->transport.kind == SKR_TRANSPORT_MMIO_V2) {
        /* Addresses are the device's own by configuration, barriers always strong enough for a device of hardware. */
        features |= SKR_F_VERSION_1 | SKR_F_ACCESS_PLATFORM | SKR_F_ORDER_PLATFORM;
    } else {
        features |= SKR_F_ANY_LAYOUT;
    }
    return features;
}

/** IDENTIFY: look who is there. */
/*@ requires device_upright(d) && d->state == SKR_DEVICE_IDENTIFY;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->fences, d->since, d->rung, d->counters,
  @         d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures device_moving(d);
  @*/
static void step_identify(skr_device_t *d)
{
    skr_cause_t cause = SKR_CAUSE_NONE;
    const skr_status_t answer = skr_transport_identify(&d->transport, d->device_id, &cause);

    if (answer == SKR_AGAIN) {
        if (skr_passed(d->now, d->since, SKR_TICKS_SETUP)) {
            give_up(d, SKR_CAUSE_SILENT);
        }
    } else if (is_hvl(d) && (cause != SKR_CAUSE_MAGIC)) {
        /* The rest of the page is filled in after its magic; once the PMM passes by, all of it is. */
        d->state = SKR_DEVICE_RESET;
        fence(d);
    } else if (answer == SKR_FAULT) {
        give_up(d, cause);
    } else {
        d->state = SKR_DEVICE_RESET;
        d->since = d->now;
        write_status(d, 0U);
    }
}

/** RESET, hypervisor-less, the block being ours: start cold, attach, or start over.
 *  [impl->dsn~device.attach~1] [proof->dsn~device.attach~1] */
/*@ requires device_upright(d) && d->state == SKR_DEVICE_RESET;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->features, d->fences, d->attached, d->since, d->rung, d->counters,
  @         d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures device_moving(d);
  @*/
static void step_found(skr_device_t *d)
{
    const uint32_t status = skr_transport_status(&d->transport);

    if (status == 0U) {
        d->status = 0U;
        d->state = SKR_DEVICE_ACKNOWLEDGE;
    } else if (d->status == 0U) {
        await(d, SKR_CAUSE_RESET_TIMEOUT); /* the reset was asked for and has not come */
    } else if ((d->transport.options & SKR_OPTION_PMM_RESETS) != 0U) {
        /* A set-up that died half way, or an earlier life of this side: the reset ends what belonged to it. */
        write_status(d, 0U);
        fence(d);
    } else if ((status & ~STATUS_TOLERATED) == STATUS_RUNNING) {
        /* An earlier life of this side set the device up. What is offered now and acceptable is what it accepted then. */
        d->state = SKR_DEVICE_ATTACH;
        d->status = STATUS_RUNNING;
        d->attached = 1U;
        d->features = skr_transport_features(&d->transport) & acceptable(d);
    } else {
        give_up(d, SKR_CAUSE_HALF_SETUP);
    }
}

/** RESET: wait for the reset; hypervisor-less: judge the page, now that it is whole. */
/*@ requires device_upright(d) && d->state == SKR_DEVICE_RESET;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->features, d->fences, d->attached, d->since, d->rung, d->counters,
  @         d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures device_moving(d);
  @*/
static void step_reset(skr_device_t *d)
{
    if (is_hvl(d)) {
        skr_cause_t cause = SKR_CAUSE_IDENTITY_LOST; /* if the magic value went again: the PMM restarts */

        if (skr_transport_identify(&d->transport, d->device_id, &cause) == SKR_OK) {
            step_found(d);
        } else {
            give_up(d, cause);
        }
    } else if (skr_transport_status(&d->transport) == 0U) {
        d->state = SKR_DEVICE_ACKNOWLEDGE;
    } else {
        await(d, SKR_CAUSE_RESET_TIMEOUT);
    }
}

/** ACKNOWLEDGE, DRIVER, START: write one status bit more and go on.
 *  [impl->dsn~device.sequence~1] [proof->dsn~device.sequence~1] */
/*@ requires device_upright(d) && SKR_DEVICE_IDENTIFY <= d->state < SKR_DEVICE_FAILED;
  @ requires (SKR_DEVICE_RESET <= next <= SKR_DEVICE_CONFIRM && d->placed == 0)
  @       || (next == SKR_DEVICE_FILL && d->placed == d->queues);
  @ terminates \true; exits \false;
  @ assigns d->state, d->status, d->fences, d->since, d->rung,
  @         d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures device_moving(d);
  @*/
static void step_status(skr_device_t *d, uint32_t bit, skr_device_state_t next)
{
    d->state = next;
    write_status(d, d->status | bit);
    fence(d);
}

/** NEGOTIATE: accept what is offered and of use.
 *  [impl->dsn~device.features~1] [proof->dsn~device.features~1] */
/*@ requires device_upright(d) && d->state == SKR_DEVICE_NEGOTIATE;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->features, d->fences, d->since, d->rung, d->counters,
  @         d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures device_moving(d);
  @*/
static void step_negotiate(skr_device_t *d)
{
    d->features = skr_transport_features(&d->transport) & acceptable(d);
    if (d->transport.kind != SKR_TRANSPORT_MMIO_V2) {
        d->state = SKR_DEVICE_QUEUE_SIZE;
        skr_transport_accept(&d->transport, d->features);
        fence(d);
    } else if ((d->features & SKR_F_VERSION_1) == 0U) {
        give_up(d, SKR_CAUSE_FEATURES);
    } else {
        d->state = SKR_DEVICE_CONFIRM;
        skr_transport_accept(&d->transport, d->features);
        write_status(d, d->status | SKR_STATUS_FEATURES_OK);
    }
}

/** CONFIRM: the device may have taken FEATURES_OK back. */
/*@ requires device_upright(d) && d->state == SKR_DEVICE_CONFIRM;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->counters, d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures device_moving(d);
  @*/
static void step_confirm(skr_device_t *d)
{
    if ((skr_transport_status(&d->transport) & SKR_STATUS_FEATURES_OK) != 0U) {
        d->state = SKR_DEVICE_QUEUE_SIZE;
    } else {
        give_up(d, SKR_CAUSE_FEATURES);
    }
}

/** The size to give a queue of which the device allows `max` descriptors: a PMM dictates it; 0 if there is none.
 *  [impl->dsn~device.queue_size~1] [proof->dsn~device.queue_size~1] */
/*@ requires \valid_read(d);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result <= max && \result <= SKR_VIRTQ_SIZE_MAX && device_ring_size(\result);
  @ ensures d->transport.kind == SKR_TRANSPORT_HVL ==> \result == max || \result == 0;
  @*/
static uint16_t usable_size(const skr_device_t *d, uint32_t max)
{
    uint16_t size = SKR_VIRTQ_SIZE_MAX;

    /*@ loop invariant 0 <= size <= SKR_VIRTQ_SIZE_MAX && device_ring_size(size);
      @ loop assigns size;
      @ loop variant size;
      @*/
    while (size > max) {
        size = (uint16_t)(size / 2U);
    }
    if (is_hvl(d) && (size != max)) {
        size = 0U;
    }
    return size;
}

/** The size for the next queue; 0 if the device was given up over it. */
/*@ requires device_upright(d) && (d->state == SKR_DEVICE_QUEUE_SIZE || d->state == SKR_DEVICE_ATTACH);
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->counters, d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures device_moving(d);
  @ ensures \result <= SKR_VIRTQ_SIZE_MAX && device_ring_size(\result);
  @ ensures \result != 0 ==> d->state == \old(d->state);
  @ ensures \result == 0 ==> d->state == SKR_DEVICE_FAILED;
  @*/
static uint16_t next_size(skr_device_t *d)
{
    bool busy = false;
    const uint32_t max = skr_transport_queue_max(&d->transport, (uint16_t)d->placed, &busy);
    uint16_t size = usable_size(d, max);

    if (busy) {
        size = 0U;
        give_up(d, SKR_CAUSE_QUEUE_BUSY);
    } else if (size == 0U) {
        give_up(d, SKR_CAUSE_QUEUE_SIZE); /* no such queue, or a size that a PMM should not dictate */
    } else {
        /* usable */
    }
    return size;
}

/** Alignment of a ring, and of its used ring. */
/*@ requires \valid_read(t);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures 16 <= \result <= 4096;
  @*/
static uint32_t ring_align(const skr_transport_t *t)
{
    uint32_t align = ALIGN_PAGES;

    if (t->kind == SKR_TRANSPORT_MMIO_V2) {
        align = ALIGN_LINES;
    }
    return align;
}

/** Lay one ring out, and make it empty or take it over from an earlier life. */
/*@ requires \valid(q) && \valid_read(t) && \valid(offset) && \separated(q, t, offset, t->memory + (0 .. t->memory_size - 1));
  @ requires \valid(t->memory + (0 .. t->memory_size - 1)) && *offset <= t->memory_size;
  @ requires 1 <= q->count <= SKR_VIRTQ_SIZE_MAX && 4 <= q->stride <= 0x20000 && 1 <= size <= SKR_VIRTQ_SIZE_MAX;
  @ terminates \true; exits \false;
  @ assigns *offset, *q, t->memory[0 .. t->memory_size - 1];
  @ ensures skr_virtq_planned(q);
  @ ensures *offset <= t->memory_size;
  @ ensures \result == SKR_CAUSE_NONE ==> device_opened(q, t);
  @*/
static skr_cause_t open_ring(skr_virtq_t *q, skr_transport_t *t, uint32_t *offset, uint16_t size, uint64_t features,
                             bool attach)
{
    skr_cause_t cause = skr_virtq_place(q, t->memory, t->memory_address, t->memory_size, offset, size, ring_align(t));

    if (cause == SKR_CAUSE_NONE) {
        q->event_idx = (uint16_t)(((features & SKR_F_EVENT_IDX) != 0U) ? 1U : 0U);
        if (attach) {
            cause = skr_virtq_attach(q);
            /*@ assert taken_over: device_opened(q, t) && skr_virtq_planned(q) && *offset <= t->memory_size; */
        } else {
            skr_virtq_format(q);
            /*@ assert emptied: device_opened(q, t) && skr_virtq_planned(q) && *offset <= t->memory_size; */
        }
    }
    return cause;
}

/** Lay out the next ring: at the same place in every life, being a function of configuration and queue sizes alone.
 *  [impl->dsn~device.layout~1] [proof->dsn~device.layout~1] */
/*@ requires device_working(d) && n == d->placed && n < d->queues && 1 <= size <= SKR_VIRTQ_SIZE_MAX;
  @ terminates \true; exits \false;
  @ assigns d->offset, d->virtq[0 .. SKR_DEVICE_QUEUES - 1], d->transport.memory[0 .. d->transport.memory_size - 1];
  @ ensures device_working(d) && skr_device_same(d);
  @ ensures \result == SKR_CAUSE_NONE ==> device_opened(&d->virtq[n], &d->transport);
  @*/
static skr_cause_t lay_out(skr_device_t *d, uint16_t n, uint16_t size)
{
    const skr_cause_t cause = open_ring(&d->virtq[n], &d->transport, &d->offset, size, d->features, d->attached != 0U);

    /*@ assert first: n == 0 ==> device_working(d) && skr_device_same(d); */
    /*@ assert second: n == 1 ==> device_working(d) && skr_device_same(d); */
    /*@ assert third: n == 2 ==> device_working(d) && skr_device_same(d); */
    return cause;
}

/** Where the set-up goes once ring `n` has its place. */
/*@ requires \valid_read(d) && n < d->queues <= SKR_DEVICE_QUEUES;
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == (d->state != SKR_DEVICE_ATTACH ? SKR_DEVICE_QUEUE_START
  @     : n + 1 < d->queues ? SKR_DEVICE_ATTACH : SKR_DEVICE_FILL);
  @*/
static skr_device_state_t after_place(const skr_device_t *d, uint16_t n)
{
    const skr_device_state_t attached = (((uint32_t)n + 1U) < d->queues) ? SKR_DEVICE_ATTACH : SKR_DEVICE_FILL;

    return (d->state == SKR_DEVICE_ATTACH) ? attached : SKR_DEVICE_QUEUE_START;
}

/** Give the next queue its place and go on, or give up; whether it has one. */
/*@ requires device_working(d) && (d->state == SKR_DEVICE_QUEUE_SIZE || d->state == SKR_DEVICE_ATTACH);
  @ requires n == d->placed && n < d->queues && 1 <= size <= SKR_VIRTQ_SIZE_MAX;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->offset, d->placed, d->counters, d->virtq[0 .. SKR_DEVICE_QUEUES - 1],
  @         d->transport.registers[0 .. d->transport.registers_size - 1],
  @         d->transport.memory[0 .. d->transport.memory_size - 1];
  @ ensures device_working(d) && skr_device_same(d);
  @ ensures \result == \false ==> d->state == SKR_DEVICE_FAILED;
  @ ensures \result == \true && \old(d->state) == SKR_DEVICE_QUEUE_SIZE ==> d->state == SKR_DEVICE_QUEUE_START;
  @*/
static bool place(skr_device_t *d, uint16_t n, uint16_t size)
{
    const skr_cause_t cause = lay_out(d, n, size);

    if (cause == SKR_CAUSE_NONE) {
        const skr_device_state_t next = after_place(d, n);

        d->placed = (uint32_t)n + 1U;
        d->state = next;
        /*@ assert placed: device_working(d) && skr_device_same(d); */
    } else {
        give_up(d, cause);
        /*@ assert given_up: device_working(d) && skr_device_same(d); */
    }
    return cause == SKR_CAUSE_NONE;
}

/** Say the size of a queue; the PMM must not meet a new page with an old size. */
/*@ requires device_working(d) && d->state == SKR_DEVICE_QUEUE_START;
  @ terminates \true; exits \false;
  @ assigns d->fences, d->since, d->rung, d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures device_working(d) && skr_device_same(d);
  @*/
static void announce(skr_device_t *d, uint16_t n, uint16_t size)
{
    skr_transport_queue_size(&d->transport, n, size);
    fence(d);
}

/** QUEUE_SIZE: place and empty the next queue, and say its size. */
/*@ requires device_working(d) && d->state == SKR_DEVICE_QUEUE_SIZE;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->offset, d->placed, d->fences, d->since, d->rung, d->counters,
  @         d->virtq[0 .. SKR_DEVICE_QUEUES - 1],
  @         d->transport.registers[0 .. d->transport.registers_size - 1],
  @         d->transport.memory[0 .. d->transport.memory_size - 1];
  @ ensures device_working(d) && skr_device_same(d);
  @*/
static void step_queue_size(skr_device_t *d)
{
    const uint16_t n = (uint16_t)d->placed;
    const uint16_t size = next_size(d);

    if (size != 0U) {
        const bool placed = place(d, n, size);

        /*@ assert placed: device_working(d) && skr_device_same(d); */
        if (placed) {
            announce(d, n, size);
            /*@ assert announced: device_working(d) && skr_device_same(d); */
        }
    }
}

/** QUEUE_START: say where the queue lies. */
/*@ requires device_working(d) && d->state == SKR_DEVICE_QUEUE_START;
  @ terminates \true; exits \false;
  @ assigns d->state, d->since, d->rung, d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures device_moving(d);
  @*/
static void step_queue_start(skr_device_t *d)
{
    skr_transport_queue_start(&d->transport, &d->virtq[d->placed - 1U]);
    d->since = d->now;
    d->rung = d->now;
    d->state = SKR_DEVICE_QUEUE_ANSWER;
}

/** QUEUE_ANSWER: wait until the device has taken the queue. */
/*@ requires device_working(d) && d->state == SKR_DEVICE_QUEUE_ANSWER;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->rung, d->counters,
  @         d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures device_moving(d);
  @*/
static void step_queue_answer(skr_device_t *d)
{
    const skr_status_t answer = skr_transport_queue_answer(&d->transport, &d->virtq[d->placed - 1U], &d->cause);

    if (answer == SKR_OK) {
        d->state = (d->placed < d->queues) ? SKR_DEVICE_QUEUE_SIZE : SKR_DEVICE_START;
    } else if (answer == SKR_AGAIN) {
        await(d, SKR_CAUSE_QUEUE_TIMEOUT);
    } else {
        give_up(d, d->cause);
    }
}

/** ATTACH: take over the next ring of the earlier life. */
/*@ requires device_working(d) && d->state == SKR_DEVICE_ATTACH;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->offset, d->placed, d->counters,
  @         d->virtq[0 .. SKR_DEVICE_QUEUES - 1],
  @         d->transport.registers[0 .. d->transport.registers_size - 1],
  @         d->transport.memory[0 .. d->transport.memory_size - 1];
  @ ensures device_working(d) && skr_device_same(d);
  @*/
static void step_attach(skr_device_t *d)
{
    const uint16_t n = (uint16_t)d->placed;
    const uint16_t size = next_size(d);

    if (size != 0U) {
        (void)place(d, n, size);
        /*@ assert placed: device_working(d) && skr_device_same(d); */
    }
}

/** Kick every queue of which the device holds buffers; of a PMM one doorbell reaches all.
 *  [impl->dsn~device.kick~1] [proof->dsn~device.kick~1] */
/*@ requires device_upright(d);
  @ terminates \true; exits \false;
  @ assigns d->rung, d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures \result <= d->queues;
  @*/
static uint16_t kick_outstanding(skr_device_t *d)
{
    uint16_t kicked = 0U;

    /*@ loop invariant 0 <= i <= d->queues && 0 <= kicked <= i;
      @ loop assigns i, kicked, d->rung, d->transport.registers[0 .. d->transport.registers_size - 1];
      @ loop variant d->queues - i;
      @*/
    for (uint16_t i = 0U; i < d->queues; i++) {
        if ((d->virtq[i].outstanding != 0U) && ((kicked == 0U) || (!is_hvl(d)))) {
            kicked = (uint16_t)(kicked + 1U);
            d->rung = d->now;
            skr_transport_notify(&d->transport, i);
        }
    }
    return kicked;
}

/** The first receive queue with free buffers, d->queues if there is none. */
/*@ requires device_upright(d);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result <= d->queues;
  @*/
static uint16_t find_empty(const skr_device_t *d)
{
    uint16_t found = (uint16_t)d->queues;

    /*@ loop invariant 0 <= i <= d->queues;
      @ loop invariant found <= d->queues;
      @ loop assigns i, found;
      @ loop variant d->queues - i;
      @*/
    for (uint16_t i = 0U; i < d->queues; i++) {
        if ((found == d->queues) && (d->virtq[i].from_device != 0U) && (d->virtq[i].free_count != 0U)) {
            found = i;
        }
    }
    return found;
}

/** Hand every free buffer of a ring to the device; it is kicked later, with what an attached ring may still hold. */
/*@ requires skr_virtq_sound(q);
  @ terminates \true; exits \false;
  @ assigns *q, q->base[0 .. q->limit - 1];
  @ ensures skr_virtq_sound(q) && skr_virtq_settled(q);
  @*/
static void fill_ring(skr_virtq_t *q)
{
    skr_virtq_fill(q);
    (void)skr_virtq_publish(q);
}

/** Fill one receive queue. */
/*@ requires device_working(d) && d->placed == d->queues && n < d->queues;
  @ terminates \true; exits \false;
  @ assigns d->virtq[0 .. SKR_DEVICE_QUEUES - 1], d->transport.memory[0 .. d->transport.memory_size - 1];
  @ ensures device_working(d) && skr_device_same(d);
  @*/
static void fill_queue(skr_device_t *d, uint16_t n)
{
    /*@ assert window: d->virtq[n].base == d->transport.memory && d->virtq[n].limit == d->transport.memory_size; */
    fill_ring(&d->virtq[n]);
    /*@ assert first: n == 0 ==> device_working(d) && skr_device_same(d); */
    /*@ assert second: n == 1 ==> device_working(d) && skr_device_same(d); */
    /*@ assert third: n == 2 ==> device_working(d) && skr_device_same(d); */
}

/** FILL: fill one receive ring; when all are full, tell the device and run. */
/*@ requires device_working(d) && d->state == SKR_DEVICE_FILL && d->fences == 0;
  @ terminates \true; exits \false;
  @ assigns d->state, d->rung, d->watched, d->counters, d->virtq[0 .. SKR_DEVICE_QUEUES - 1],
  @         d->transport.registers[0 .. d->transport.registers_size - 1],
  @         d->transport.memory[0 .. d->transport.memory_size - 1];
  @ ensures device_working(d) && skr_device_same(d);
  @*/
static void step_fill(skr_device_t *d)
{
    const uint16_t next = find_empty(d);

    if (next < d->queues) {
        fill_queue(d, next);
    } else {
        d->counters.kicks += kick_outstanding(d);
        d->watched = d->now;
        d->state = SKR_DEVICE_READY;
        /*@ assert ready: device_working(d) && skr_device_same(d); */
    }
}

/** READY: whether the device is still the one that was set up.
 *  [impl->dsn~device.watch~1] [proof->dsn~device.watch~1] */
/*@ requires device_upright(d) && d->state == SKR_DEVICE_READY;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->counters, d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures device_moving(d);
  @ ensures d->state == SKR_DEVICE_READY || d->state == SKR_DEVICE_FAILED;
  @*/
static void watch(skr_device_t *d)
{
    bool there = true;
    uint32_t status = SKR_STATUS_NEEDS_RESET;

    if (is_hvl(d)) {
        there = skr_transport_magic(&d->transport);
    }
    if (there) {
        status = skr_transport_status(&d->transport);
    }
    if (!there) {
        give_up(d, SKR_CAUSE_IDENTITY_LOST);
    } else if ((status & SKR_STATUS_NEEDS_RESET) != 0U) {
        give_up(d, SKR_CAUSE_NEEDS_RESET);
    } else if ((status & ~STATUS_TOLERATED) != d->status) {
        give_up(d, SKR_CAUSE_STATUS_LOST);
    } else {
        /* as it was left */
    }
}

/** READY: watch over the device, and repeat the kick for what it holds. */
/*@ requires device_upright(d) && d->state == SKR_DEVICE_READY;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->rung, d->watched, d->counters,
  @         d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures device_moving(d);
  @ ensures d->state == SKR_DEVICE_READY || d->state == SKR_DEVICE_FAILED;
  @*/
static void step_ready(skr_device_t *d)
{
    if (skr_passed(d->now, d->watched, SKR_TICKS_WATCH)) {
        d->watched = d->now;
        watch(d);
    }
    if ((d->state == SKR_DEVICE_READY) && skr_passed(d->now, d->rung, SKR_TICKS_KICK)) {
        d->counters.kicks_repeated += kick_outstanding(d);
    }
}

/** Do the work of a state that touches no ring. */
/*@ requires device_working(d);
  @ requires SKR_DEVICE_IDENTIFY <= d->state <= SKR_DEVICE_START;
  @ requires d->state != SKR_DEVICE_QUEUE_SIZE && d->state != SKR_DEVICE_ATTACH;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->features, d->fences, d->attached, d->since, d->rung, d->counters,
  @         d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures device_moving(d);
  @*/
static void advance_registers(skr_device_t *d)
{
    switch (d->state) {
    case SKR_DEVICE_IDENTIFY:
        step_identify(d);
        break;
    case SKR_DEVICE_RESET:
        step_reset(d);
        break;
    case SKR_DEVICE_ACKNOWLEDGE:
        step_status(d, SKR_STATUS_ACKNOWLEDGE, SKR_DEVICE_DRIVER);
        break;
    case SKR_DEVICE_DRIVER:
        step_status(d, SKR_STATUS_DRIVER, SKR_DEVICE_NEGOTIATE);
        break;
    case SKR_DEVICE_NEGOTIATE:
        step_negotiate(d);
        break;
    case SKR_DEVICE_CONFIRM:
        step_confirm(d);
        break;
    case SKR_DEVICE_QUEUE_START:
        step_queue_start(d);
        break;
    case SKR_DEVICE_QUEUE_ANSWER:
        step_queue_answer(d);
        break;
    default: /* SKR_DEVICE_START: no other comes here */
        step_status(d, SKR_STATUS_DRIVER_OK, SKR_DEVICE_FILL);
        break;
    }
}

/** Do the work of the present state. */
/*@ requires device_working(d) && SKR_DEVICE_IDENTIFY <= d->state < SKR_DEVICE_FAILED && d->fences == 0;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->features, d->offset, d->placed, d->fences, d->attached, d->since, d->rung,
  @         d->watched, d->counters, d->virtq[0 .. SKR_DEVICE_QUEUES - 1],
  @         d->transport.registers[0 .. d->transport.registers_size - 1],
  @         d->transport.memory[0 .. d->transport.memory_size - 1];
  @ ensures device_working(d) && skr_device_same(d);
  @ ensures lasting: \old(d->state) == SKR_DEVICE_READY ==> d->state == SKR_DEVICE_READY || d->state == SKR_DEVICE_FAILED;
  @ ensures steady: \old(d->state) == SKR_DEVICE_READY ==> skr_device_steady(d);
  @*/
static void take_step(skr_device_t *d)
{
    switch (d->state) {
    case SKR_DEVICE_QUEUE_SIZE:
        step_queue_size(d);
        break;
    case SKR_DEVICE_ATTACH:
        step_attach(d);
        break;
    case SKR_DEVICE_FILL:
        step_fill(d);
        break;
    case SKR_DEVICE_READY:
        step_ready(d);
        /*@ assert ready: device_working(d) && skr_device_same(d) && skr_device_steady(d); */
        break;
    default:
        advance_registers(d);
        /*@ assert registers: device_working(d) && skr_device_same(d); */
        break;
    }
}

/** What a step answers in a state. */
/*@ requires SKR_DEVICE_IDLE <= state <= SKR_DEVICE_FAILED;
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == SKR_OK <==> state == SKR_DEVICE_READY;
  @ ensures \result == SKR_FAULT <==> state == SKR_DEVICE_FAILED;
  @ ensures \result == SKR_STATE <==> state == SKR_DEVICE_IDLE;
  @ ensures \result == SKR_OK || \result == SKR_AGAIN || \result == SKR_STATE || \result == SKR_FAULT;
  @*/
static skr_status_t answer_in(skr_device_state_t state)
{
    skr_status_t status;

    switch (state) {
    case SKR_DEVICE_READY:
        status = SKR_OK;
        break;
    case SKR_DEVICE_FAILED:
        status = SKR_FAULT;
        break;
    case SKR_DEVICE_IDLE:
        status = SKR_STATE;
        break;
    default:
        status = SKR_AGAIN;
        break;
    }
    return status;
}

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

/** Whether nothing is to be done: not started, or given up. Nothing shared is touched then. */
/*@ requires \valid_read(d);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result <==> d->state == SKR_DEVICE_IDLE || d->state == SKR_DEVICE_FAILED;
  @*/
static bool is_at_rest(const skr_device_t *d)
{
    return (d->state == SKR_DEVICE_IDLE) || (d->state == SKR_DEVICE_FAILED);
}

/** Do the work of the present state, or wait for the fence that stands before it. */
/*@ requires device_working(d) && SKR_DEVICE_IDENTIFY <= d->state < SKR_DEVICE_FAILED;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->features, d->offset, d->placed, d->fences, d->attached, d->since, d->rung,
  @         d->watched, d->counters, d->virtq[0 .. SKR_DEVICE_QUEUES - 1],
  @         d->transport.registers[0 .. d->transport.registers_size - 1],
  @         d->transport.memory[0 .. d->transport.memory_size - 1];
  @ ensures device_working(d) && skr_device_same(d);
  @ ensures lasting: \old(d->state) == SKR_DEVICE_READY ==> d->state == SKR_DEVICE_READY || d->state == SKR_DEVICE_FAILED;
  @ ensures steady: \old(d->state) == SKR_DEVICE_READY ==> skr_device_steady(d);
  @*/
static void move_on(skr_device_t *d)
{
    if (d->fences != 0U) {
        await_fence(d);
        /*@ assert fenced: device_working(d) && skr_device_same(d); */
    } else {
        take_step(d);
    }
}

skr_status_t skr_device_step(skr_device_t *d, uint32_t now)
{
    d->now = now;
    if (!is_at_rest(d)) {
        move_on(d);
        /*@ assert moved: skr_device_sound(d) && skr_device_same(d); */
    }
    return answer_in(d->state);
}

skr_status_t skr_device_pop(skr_device_t *d, uint16_t queue)
{
    const skr_cause_t cause = skr_virtq_pop(&d->virtq[queue]);
    skr_status_t status = SKR_AGAIN;

    /*@ assert first: queue == 0 ==> device_working(d); */
    /*@ assert second: queue == 1 ==> device_working(d); */
    /*@ assert third: queue == 2 ==> device_working(d); */
    if (cause != SKR_CAUSE_NONE) {
        give_up(d, cause);
        /*@ assert given_up: device_working(d); */
        status = SKR_FAULT;
    } else if (d->virtq[queue].popped != SKR_VIRTQ_NONE) {
        status = SKR_OK;
    } else {
        /* nothing new */
    }
    return status;
}

void skr_device_flush(skr_device_t *d, uint16_t queue)
{
    skr_virtq_t *const q = &d->virtq[queue];

    if (q->avail_idx != q->kicked_idx) {
        if (skr_virtq_publish(q)) {
            d->counters.kicks++;
            d->rung = d->now;
            skr_transport_notify(&d->transport, queue);
        } else {
            d->counters.kicks_spared++;
        }
    }
}

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
