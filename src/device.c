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

/* What a device with a good description is, its rings left aside: all that the steps which touch no ring need. */
/*@ predicate upright(skr_device_t *d) =
  @      \valid(d) && d->linked != 0 && skr_device_linked(d) && skr_device_progress(d)
  @   && 1 <= d->queues <= SKR_DEVICE_QUEUES && d->placed <= d->queues && d->fences <= 2
  @   && SKR_DEVICE_IDLE <= d->state <= SKR_DEVICE_FAILED;
  @
  @ predicate working(skr_device_t *d) = skr_device_sound(d) && d->linked != 0;
  @*/

/* Frames. Nothing of a ring has changed that its soundness hangs on; then it is sound as before. Functions that know nothing of
 * the soundness of rings say what they keep; those that do draw the conclusion by these lemmas and look at no field: the
 * product in skr_virtq_placed() keeps the provers from doing both at once. */
/*@ predicate kept{A, B}(skr_virtq_t *q) =
  @      skr_queue_place_kept{A, B}(q) && skr_queue_counts_kept{A, B}(q) && skr_queue_ids_kept{A, B}(q);
  @
  @ predicate kept_frame{A, B}(skr_device_t *d) =
  @      \at(d->linked, A) == \at(d->linked, B) && \at(d->queues, A) == \at(d->queues, B)
  @   && \at(d->transport.memory, A) == \at(d->transport.memory, B)
  @   && \at(d->transport.memory_size, A) == \at(d->transport.memory_size, B);
  @
  @ predicate all_kept{A, B}(skr_device_t *d) =
  @      kept{A, B}(\at(&d->virtq[0], A)) && kept{A, B}(\at(&d->virtq[1], A)) && kept{A, B}(\at(&d->virtq[2], A))
  @   && kept_frame{A, B}(d);
  @
  @ predicate others_kept{A, B}(skr_device_t *d, integer n) =
  @      (n != 0 ==> kept{A, B}(\at(&d->virtq[0], A))) && (n != 1 ==> kept{A, B}(\at(&d->virtq[1], A)))
  @   && (n != 2 ==> kept{A, B}(\at(&d->virtq[2], A))) && kept_frame{A, B}(d);
  @
  @ lemma placed_kept{A, B}: \forall skr_virtq_t *q; kept{A, B}(q) && skr_virtq_placed{A}(q)
  @   && \valid{B}(\at(q->base, B) + (0 .. \at(q->limit, B) - 1)) ==> skr_virtq_placed{B}(q);
  @
  @ lemma books_kept{A, B}: \forall skr_virtq_t *q; kept{A, B}(q) && skr_virtq_books{A}(q)
  @   && \at(q->count, A) <= SKR_VIRTQ_SIZE_MAX ==> skr_virtq_books{B}(q);
  @
  @ lemma sound_kept{A, B}: \forall skr_virtq_t *q; kept{A, B}(q) && skr_virtq_sound{A}(q) && \valid{B}(q)
  @   && \valid{B}(\at(q->base, B) + (0 .. \at(q->limit, B) - 1)) ==> skr_virtq_sound{B}(q);
  @
  @ lemma ring_kept{A, B}: \forall skr_device_t *d, integer i; 0 <= i < SKR_DEVICE_QUEUES && kept{A, B}(\at(&d->virtq[i], A))
  @   && skr_device_ring{A}(d, i) && \valid{B}(d) && skr_device_linked{B}(d)
  @   && \at(d->placed, B) <= \at(d->placed, A) && kept_frame{A, B}(d) ==> skr_device_ring{B}(d, i);
  @
  @ lemma rings_kept{A, B}: \forall skr_device_t *d; all_kept{A, B}(d) && skr_device_rings{A}(d) && upright{B}(d)
  @   && \at(d->placed, B) <= \at(d->placed, A) ==> skr_device_rings{B}(d);
  @
  @ lemma planned_kept{A, B}: \forall skr_device_t *d; all_kept{A, B}(d) && skr_device_planned{A}(d) && upright{B}(d) ==>
  @      skr_device_planned{B}(d);
  @
  @ lemma device_kept{A, B}: \forall skr_device_t *d; all_kept{A, B}(d) && skr_device_sound{A}(d) && upright{B}(d)
  @   && \at(d->placed, B) <= \at(d->placed, A) ==> skr_device_sound{B}(d);
  @
  @ lemma same_kept{A, B}: \forall skr_device_t *d; all_kept{A, B}(d) ==> skr_device_same{A, B}(d);
  @
  @ lemma others_rings{A, B}: \forall skr_device_t *d, integer n; others_kept{A, B}(d, n) && skr_device_rings{A}(d)
  @   && skr_device_ring{B}(d, n) && upright{B}(d) && 0 <= n <= \at(d->placed, A)
  @   && (\at(d->placed, B) <= \at(d->placed, A) || (\at(d->placed, B) == n + 1 && n == \at(d->placed, A))) ==>
  @      skr_device_rings{B}(d);
  @
  @ lemma others_planned{A, B}: \forall skr_device_t *d, integer n; others_kept{A, B}(d, n) && skr_device_planned{A}(d)
  @   && skr_device_queue_planned{B}(d, n) && upright{B}(d) && 0 <= n <= 2 ==> skr_device_planned{B}(d);
  @
  @ lemma others_same{A, B}: \forall skr_device_t *d, integer n; others_kept{A, B}(d, n)
  @   && skr_device_queue_same{A, B}(d, n) && 0 <= n <= 2 ==> skr_device_same{A, B}(d);
  @
  @ predicate ring_size(integer n) = n == 0 || n == 1 || n == 2 || n == 4 || n == 8 || n == 16 || n == 32 || n == 64
  @   || n == 128 || n == 256 || n == 512 || n == 1024;
  @*/

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
/*@ requires upright(d);
  @ terminates \true; exits \false;
  @ assigns d->status, d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures upright(d);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[0]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[1]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[2]);
  @ ensures kept_frame{Pre, Post}(d);
  @ ensures skr_queue_lengths_kept{Pre, Post}(&d->virtq[0]);
  @ ensures skr_queue_lengths_kept{Pre, Post}(&d->virtq[1]);
  @ ensures skr_queue_lengths_kept{Pre, Post}(&d->virtq[2]);
  @*/
static void write_status(skr_device_t *d, uint32_t status)
{
    d->status = status;
    skr_transport_set_status(&d->transport, status);
}

/** Latch a fault. */
/*@ requires upright(d);
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->counters, d->status, d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures upright(d);
  @ ensures d->state == SKR_DEVICE_FAILED;
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[0]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[1]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[2]);
  @ ensures kept_frame{Pre, Post}(d);
  @ ensures skr_queue_lengths_kept{Pre, Post}(&d->virtq[0]);
  @ ensures skr_queue_lengths_kept{Pre, Post}(&d->virtq[1]);
  @ ensures skr_queue_lengths_kept{Pre, Post}(&d->virtq[2]);
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
    /*@ assert all_kept{Pre, Here}(d); */
}

/** Plant one pass fence. */
/*@ requires upright(d);
  @ terminates \true; exits \false;
  @ assigns d->since, d->rung, d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures upright(d);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[0]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[1]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[2]);
  @ ensures kept_frame{Pre, Post}(d);
  @*/
static void plant(skr_device_t *d)
{
    d->since = d->now;
    d->rung = d->now;
    skr_transport_fence(&d->transport);
}

/** Let the PMM see what was written before anything else is; virtio-mmio devices see it at once. */
/*@ requires upright(d);
  @ terminates \true; exits \false;
  @ assigns d->fences, d->since, d->rung, d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures upright(d);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[0]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[1]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[2]);
  @ ensures kept_frame{Pre, Post}(d);
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
/*@ requires upright(d) && SKR_DEVICE_IDENTIFY <= d->state;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->rung, d->counters,
  @         d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures upright(d);
  @ ensures d->state == \old(d->state) || d->state == SKR_DEVICE_FAILED;
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[0]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[1]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[2]);
  @ ensures kept_frame{Pre, Post}(d);
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
/*@ requires upright(d) && d->fences != 0 && SKR_DEVICE_IDENTIFY <= d->state;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->fences, d->since, d->rung, d->counters,
  @         d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures upright(d);
  @ ensures d->state == \old(d->state) || d->state == SKR_DEVICE_FAILED;
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[0]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[1]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[2]);
  @ ensures kept_frame{Pre, Post}(d);
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
/*@ requires upright(d) && d->state == SKR_DEVICE_IDENTIFY;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->fences, d->since, d->rung, d->counters,
  @         d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures upright(d);
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
/*@ requires upright(d) && d->state == SKR_DEVICE_RESET;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->features, d->fences, d->attached, d->since, d->rung, d->counters,
  @         d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures upright(d);
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
    /*@ assert skr_device_linked(d); */
    /*@ assert skr_device_progress(d); */
}

/** RESET: wait for the reset; hypervisor-less: judge the page, now that it is whole. */
/*@ requires upright(d) && d->state == SKR_DEVICE_RESET;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->features, d->fences, d->attached, d->since, d->rung, d->counters,
  @         d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures upright(d);
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
    /*@ assert skr_device_linked(d); */
    /*@ assert skr_device_progress(d); */
}

/** ACKNOWLEDGE, DRIVER, START: write one status bit more and go on.
 *  [impl->dsn~device.sequence~1] [proof->dsn~device.sequence~1] */
/*@ requires upright(d) && SKR_DEVICE_IDENTIFY <= d->state < SKR_DEVICE_FAILED;
  @ requires (SKR_DEVICE_RESET <= next <= SKR_DEVICE_CONFIRM && d->placed == 0)
  @       || (next == SKR_DEVICE_FILL && d->placed == d->queues);
  @ terminates \true; exits \false;
  @ assigns d->state, d->status, d->fences, d->since, d->rung,
  @         d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures upright(d);
  @*/
static void step_status(skr_device_t *d, uint32_t bit, skr_device_state_t next)
{
    d->state = next;
    write_status(d, d->status | bit);
    fence(d);
}

/** NEGOTIATE: accept what is offered and of use.
 *  [impl->dsn~device.features~1] [proof->dsn~device.features~1] */
/*@ requires upright(d) && d->state == SKR_DEVICE_NEGOTIATE;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->features, d->fences, d->since, d->rung, d->counters,
  @         d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures upright(d);
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
/*@ requires upright(d) && d->state == SKR_DEVICE_CONFIRM;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->counters, d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures upright(d);
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
  @ ensures \result <= max && \result <= SKR_VIRTQ_SIZE_MAX && ring_size(\result);
  @ ensures d->transport.kind == SKR_TRANSPORT_HVL ==> \result == max || \result == 0;
  @*/
static uint16_t usable_size(const skr_device_t *d, uint32_t max)
{
    uint16_t size = SKR_VIRTQ_SIZE_MAX;

    /*@ loop invariant 0 <= size <= SKR_VIRTQ_SIZE_MAX && ring_size(size);
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
/*@ requires upright(d) && (d->state == SKR_DEVICE_QUEUE_SIZE || d->state == SKR_DEVICE_ATTACH);
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->counters, d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures upright(d);
  @ ensures \result <= SKR_VIRTQ_SIZE_MAX && ring_size(\result);
  @ ensures \result != 0 ==> d->state == \old(d->state);
  @ ensures \result == 0 ==> d->state == SKR_DEVICE_FAILED;
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[0]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[1]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[2]);
  @ ensures kept_frame{Pre, Post}(d);
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
/*@ requires \valid_read(d);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures 16 <= \result <= 4096;
  @*/
static uint32_t ring_align(const skr_device_t *d)
{
    uint32_t align = ALIGN_PAGES;

    if (d->transport.kind == SKR_TRANSPORT_MMIO_V2) {
        align = ALIGN_LINES;
    }
    return align;
}

/** Note in a ring what was negotiated for it. */
/*@ requires skr_virtq_sound(q);
  @ terminates \true; exits \false; assigns q->event_idx;
  @ ensures skr_virtq_sound(q);
  @*/
static void apply_features(skr_virtq_t *q, uint64_t features)
{
    if ((features & SKR_F_EVENT_IDX) != 0U) {
        q->event_idx = 1U; /* skr_virtq_place() has cleared it */
    }
    /*@ assert kept{Pre, Here}(q); */
}

/** Lay a ring out in the window. */
/*@ requires \valid(q) && \valid_read(t) && \valid(offset) && \separated(q, t, offset, t->memory + (0 .. t->memory_size - 1));
  @ requires \valid(t->memory + (0 .. t->memory_size - 1)) && *offset <= t->memory_size;
  @ requires 1 <= q->count <= SKR_VIRTQ_SIZE_MAX && 4 <= q->stride <= 0x20000;
  @ requires 1 <= size <= SKR_VIRTQ_SIZE_MAX && 16 <= align <= 4096;
  @ terminates \true; exits \false;
  @ assigns *offset, *q;
  @ ensures q->count == \old(q->count) && q->stride == \old(q->stride) && q->from_device == \old(q->from_device);
  @ ensures *offset <= t->memory_size;
  @ ensures \result == SKR_CAUSE_NONE ==> skr_virtq_sound(q) && q->base == t->memory && q->limit == t->memory_size
  @   && q->outstanding == 0 && q->free_count == q->count;
  @*/
static skr_cause_t place_ring(skr_virtq_t *q, skr_transport_t *t, uint32_t *offset, uint16_t size, uint32_t align)
{
    return skr_virtq_place(q, t->memory, t->memory_address, t->memory_size, offset, size, align);
}

/** Lay one ring out. */
/*@ requires upright(d) && n < SKR_DEVICE_QUEUES && 1 <= size <= SKR_VIRTQ_SIZE_MAX;
  @ requires 1 <= d->virtq[n].count <= SKR_VIRTQ_SIZE_MAX && 4 <= d->virtq[n].stride <= 0x20000;
  @ terminates \true; exits \false;
  @ assigns d->offset, d->virtq[n];
  @ ensures d->offset <= d->transport.memory_size;
  @ ensures n != 0 ==> skr_queue_place_kept{Pre, Post}(&d->virtq[0]);
  @ ensures n != 0 ==> skr_queue_counts_kept{Pre, Post}(&d->virtq[0]);
  @ ensures n != 0 ==> skr_queue_ids_kept{Pre, Post}(&d->virtq[0]);
  @ ensures n != 1 ==> skr_queue_place_kept{Pre, Post}(&d->virtq[1]);
  @ ensures n != 1 ==> skr_queue_counts_kept{Pre, Post}(&d->virtq[1]);
  @ ensures n != 1 ==> skr_queue_ids_kept{Pre, Post}(&d->virtq[1]);
  @ ensures n != 2 ==> skr_queue_place_kept{Pre, Post}(&d->virtq[2]);
  @ ensures n != 2 ==> skr_queue_counts_kept{Pre, Post}(&d->virtq[2]);
  @ ensures n != 2 ==> skr_queue_ids_kept{Pre, Post}(&d->virtq[2]);
  @ ensures kept_frame{Pre, Post}(d);
  @ ensures skr_device_queue_same{Pre, Post}(d, n);
  @ ensures \result == SKR_CAUSE_NONE ==> skr_virtq_sound(&d->virtq[n]);
  @ ensures \result == SKR_CAUSE_NONE ==>
  @      d->virtq[n].base == d->transport.memory && d->virtq[n].limit == d->transport.memory_size;
  @ ensures \result == SKR_CAUSE_NONE ==>
  @      d->virtq[n].outstanding == 0 && d->virtq[n].free_count == d->virtq[n].count;
  @*/
static skr_cause_t lay_out(skr_device_t *d, uint16_t n, uint16_t size)
{
    return place_ring(&d->virtq[n], &d->transport, &d->offset, size, ring_align(d));
}

/** As next_size(), and what is known of the rings stays known. */
/*@ requires working(d) && (d->state == SKR_DEVICE_QUEUE_SIZE || d->state == SKR_DEVICE_ATTACH);
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->counters, d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures working(d);
  @ ensures skr_device_same{Pre, Post}(d);
  @ ensures \result <= SKR_VIRTQ_SIZE_MAX;
  @ ensures \result != 0 ==> d->state == \old(d->state);
  @ ensures \result == 0 ==> d->state == SKR_DEVICE_FAILED;
  @*/
static uint16_t ask_size(skr_device_t *d)
{
    const uint16_t size = next_size(d);

    /*@ assert all_kept{Pre, Here}(d); */
    return size;
}

/** Give the next queue a place: the same one in every life, being a function of configuration and queue sizes alone.
 *  [impl->dsn~device.layout~1] [proof->dsn~device.layout~1] */
/*@ requires working(d) && (d->state == SKR_DEVICE_QUEUE_SIZE || d->state == SKR_DEVICE_ATTACH);
  @ requires n == d->placed && n < SKR_DEVICE_QUEUES && 1 <= size <= SKR_VIRTQ_SIZE_MAX;
  @ terminates \true; exits \false;
  @ assigns d->offset, d->virtq[0 .. SKR_DEVICE_QUEUES - 1];
  @ ensures working(d);
  @ ensures skr_device_same{Pre, Post}(d);
  @ ensures \result == SKR_CAUSE_NONE ==> skr_virtq_sound(&d->virtq[n]);
  @ ensures \result == SKR_CAUSE_NONE ==>
  @      d->virtq[n].base == d->transport.memory && d->virtq[n].limit == d->transport.memory_size;
  @ ensures \result == SKR_CAUSE_NONE ==>
  @      d->virtq[n].outstanding == 0 && d->virtq[n].free_count == d->virtq[n].count;
  @*/
static skr_cause_t place(skr_device_t *d, uint16_t n, uint16_t size)
{
    /*@ assert n == 0 || n == 1 || n == 2; */
    const skr_cause_t cause = lay_out(d, n, size);

    /*@ assert others_kept{Pre, Here}(d, n); */
    return cause;
}

/** Note in one ring what was negotiated for it. */
/*@ requires n < SKR_DEVICE_QUEUES && \valid(d) && skr_virtq_sound(&d->virtq[n]);
  @ requires \separated(d, d->virtq[n].base + (0 .. d->virtq[n].limit - 1));
  @ terminates \true; exits \false;
  @ assigns d->virtq[n], d->virtq[n].base[0 .. d->virtq[n].limit - 1];
  @ ensures n != 0 ==> skr_queue_place_kept{Pre, Post}(&d->virtq[0]);
  @ ensures n != 0 ==> skr_queue_counts_kept{Pre, Post}(&d->virtq[0]);
  @ ensures n != 0 ==> skr_queue_ids_kept{Pre, Post}(&d->virtq[0]);
  @ ensures n != 1 ==> skr_queue_place_kept{Pre, Post}(&d->virtq[1]);
  @ ensures n != 1 ==> skr_queue_counts_kept{Pre, Post}(&d->virtq[1]);
  @ ensures n != 1 ==> skr_queue_ids_kept{Pre, Post}(&d->virtq[1]);
  @ ensures n != 2 ==> skr_queue_place_kept{Pre, Post}(&d->virtq[2]);
  @ ensures n != 2 ==> skr_queue_counts_kept{Pre, Post}(&d->virtq[2]);
  @ ensures n != 2 ==> skr_queue_ids_kept{Pre, Post}(&d->virtq[2]);
  @ ensures kept_frame{Pre, Post}(d);
  @ ensures skr_device_queue_same{Pre, Post}(d, n);
  @ ensures skr_virtq_sound(&d->virtq[n]);
  @ ensures d->virtq[n].base == \old(d->virtq[n].base) && d->virtq[n].limit == \old(d->virtq[n].limit);
  @ ensures d->virtq[n].outstanding == \old(d->virtq[n].outstanding) && d->virtq[n].free_count == \old(d->virtq[n].free_count);
  @*/
static void negotiate_ring(skr_device_t *d, uint16_t n)
{
    apply_features(&d->virtq[n], d->features);
}

/** Note in the queue placed last what was negotiated. */
/*@ requires working(d) && n == d->placed && n < d->queues && n < SKR_DEVICE_QUEUES && skr_virtq_sound(&d->virtq[n]);
  @ requires d->virtq[n].base == d->transport.memory && d->virtq[n].limit == d->transport.memory_size;
  @ terminates \true; exits \false;
  @ assigns d->virtq[0 .. SKR_DEVICE_QUEUES - 1], d->transport.memory[0 .. d->transport.memory_size - 1];
  @ ensures working(d);
  @ ensures skr_device_same{Pre, Post}(d);
  @ ensures skr_virtq_sound(&d->virtq[n]);
  @ ensures d->virtq[n].base == d->transport.memory && d->virtq[n].limit == d->transport.memory_size;
  @ ensures d->virtq[n].outstanding == \old(d->virtq[n].outstanding) && d->virtq[n].free_count == \old(d->virtq[n].free_count);
  @*/
static void negotiate_queue(skr_device_t *d, uint16_t n)
{
    negotiate_ring(d, n);
    /*@ assert others_kept{Pre, Here}(d, n); */
}

/** Write one ring, empty. */
/*@ requires n < SKR_DEVICE_QUEUES && \valid(d) && skr_virtq_sound(&d->virtq[n]);
  @ requires \separated(d, d->virtq[n].base + (0 .. d->virtq[n].limit - 1));
  @ terminates \true; exits \false;
  @ assigns d->virtq[n], d->virtq[n].base[0 .. d->virtq[n].limit - 1];
  @ ensures n != 0 ==> skr_queue_place_kept{Pre, Post}(&d->virtq[0]);
  @ ensures n != 0 ==> skr_queue_counts_kept{Pre, Post}(&d->virtq[0]);
  @ ensures n != 0 ==> skr_queue_ids_kept{Pre, Post}(&d->virtq[0]);
  @ ensures n != 1 ==> skr_queue_place_kept{Pre, Post}(&d->virtq[1]);
  @ ensures n != 1 ==> skr_queue_counts_kept{Pre, Post}(&d->virtq[1]);
  @ ensures n != 1 ==> skr_queue_ids_kept{Pre, Post}(&d->virtq[1]);
  @ ensures n != 2 ==> skr_queue_place_kept{Pre, Post}(&d->virtq[2]);
  @ ensures n != 2 ==> skr_queue_counts_kept{Pre, Post}(&d->virtq[2]);
  @ ensures n != 2 ==> skr_queue_ids_kept{Pre, Post}(&d->virtq[2]);
  @ ensures kept_frame{Pre, Post}(d);
  @ ensures skr_device_queue_same{Pre, Post}(d, n);
  @ ensures skr_virtq_sound(&d->virtq[n]);
  @ ensures d->virtq[n].base == \old(d->virtq[n].base) && d->virtq[n].limit == \old(d->virtq[n].limit);
  @*/
static void format_ring(skr_device_t *d, uint16_t n)
{
    skr_virtq_format(&d->virtq[n]);
}

/** Write the ring placed last, empty. */
/*@ requires working(d) && n == d->placed && n < d->queues && n < SKR_DEVICE_QUEUES && skr_virtq_sound(&d->virtq[n]);
  @ requires d->virtq[n].base == d->transport.memory && d->virtq[n].limit == d->transport.memory_size;
  @ terminates \true; exits \false;
  @ assigns d->virtq[0 .. SKR_DEVICE_QUEUES - 1], d->transport.memory[0 .. d->transport.memory_size - 1];
  @ ensures working(d);
  @ ensures skr_device_same{Pre, Post}(d);
  @ ensures skr_virtq_sound(&d->virtq[n]);
  @ ensures d->virtq[n].base == d->transport.memory && d->virtq[n].limit == d->transport.memory_size;
  @*/
static void format_queue(skr_device_t *d, uint16_t n)
{
    format_ring(d, n);
    /*@ assert others_kept{Pre, Here}(d, n); */
}

/** Take one ring over. */
/*@ requires n < SKR_DEVICE_QUEUES && \valid(d) && skr_virtq_sound(&d->virtq[n]);
  @ requires \separated(d, d->virtq[n].base + (0 .. d->virtq[n].limit - 1));
  @ requires d->virtq[n].outstanding == 0 && d->virtq[n].free_count == d->virtq[n].count;
  @ terminates \true; exits \false;
  @ assigns d->virtq[n], d->virtq[n].base[0 .. d->virtq[n].limit - 1];
  @ ensures n != 0 ==> skr_queue_place_kept{Pre, Post}(&d->virtq[0]);
  @ ensures n != 0 ==> skr_queue_counts_kept{Pre, Post}(&d->virtq[0]);
  @ ensures n != 0 ==> skr_queue_ids_kept{Pre, Post}(&d->virtq[0]);
  @ ensures n != 1 ==> skr_queue_place_kept{Pre, Post}(&d->virtq[1]);
  @ ensures n != 1 ==> skr_queue_counts_kept{Pre, Post}(&d->virtq[1]);
  @ ensures n != 1 ==> skr_queue_ids_kept{Pre, Post}(&d->virtq[1]);
  @ ensures n != 2 ==> skr_queue_place_kept{Pre, Post}(&d->virtq[2]);
  @ ensures n != 2 ==> skr_queue_counts_kept{Pre, Post}(&d->virtq[2]);
  @ ensures n != 2 ==> skr_queue_ids_kept{Pre, Post}(&d->virtq[2]);
  @ ensures kept_frame{Pre, Post}(d);
  @ ensures skr_device_queue_same{Pre, Post}(d, n);
  @ ensures skr_virtq_sound(&d->virtq[n]);
  @ ensures d->virtq[n].base == \old(d->virtq[n].base) && d->virtq[n].limit == \old(d->virtq[n].limit);
  @*/
static skr_cause_t attach_ring(skr_device_t *d, uint16_t n)
{
    return skr_virtq_attach(&d->virtq[n]);
}

/** Take over the ring placed last. */
/*@ requires working(d) && n == d->placed && n < d->queues && n < SKR_DEVICE_QUEUES && skr_virtq_sound(&d->virtq[n]);
  @ requires d->virtq[n].base == d->transport.memory && d->virtq[n].limit == d->transport.memory_size;
  @ requires d->virtq[n].outstanding == 0 && d->virtq[n].free_count == d->virtq[n].count;
  @ terminates \true; exits \false;
  @ assigns d->virtq[0 .. SKR_DEVICE_QUEUES - 1], d->transport.memory[0 .. d->transport.memory_size - 1];
  @ ensures working(d);
  @ ensures skr_device_same{Pre, Post}(d);
  @ ensures skr_virtq_sound(&d->virtq[n]);
  @ ensures d->virtq[n].base == d->transport.memory && d->virtq[n].limit == d->transport.memory_size;
  @*/
static skr_cause_t attach_queue(skr_device_t *d, uint16_t n)
{
    const skr_cause_t cause = attach_ring(d, n);

    /*@ assert others_kept{Pre, Here}(d, n); */
    return cause;
}

/** Count one queue more as placed. */
/*@ requires \valid(d);
  @ terminates \true; exits \false;
  @ assigns d->state, d->placed;
  @ ensures d->placed == n + 1 && d->state == next;
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[0]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[1]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[2]);
  @ ensures kept_frame{Pre, Post}(d);
  @*/
static void set_placed(skr_device_t *d, uint16_t n, skr_device_state_t next)
{
    d->placed = (uint32_t)n + 1U;
    d->state = next;
}

/** Count the queue placed last, and go on. */
/*@ requires working(d) && n == d->placed && n < d->queues && n < SKR_DEVICE_QUEUES && skr_virtq_sound(&d->virtq[n]);
  @ requires d->virtq[n].base == d->transport.memory && d->virtq[n].limit == d->transport.memory_size;
  @ requires next == SKR_DEVICE_QUEUE_START || (next == SKR_DEVICE_ATTACH && n + 1 < d->queues)
  @       || (next == SKR_DEVICE_FILL && n + 1 == d->queues);
  @ terminates \true; exits \false;
  @ assigns d->state, d->placed;
  @ ensures working(d);
  @ ensures skr_device_same{Pre, Post}(d);
  @ ensures d->state == next;
  @*/
static void count_placed(skr_device_t *d, uint16_t n, skr_device_state_t next)
{
    /*@ assert n == 0 || n == 1 || n == 2; */
    set_placed(d, n, next);
    /*@ assert all_kept{Pre, Here}(d); */
    /*@ assert upright(d); */
    /*@ assert n == 0 ==> skr_virtq_sound(&d->virtq[0]); */
    /*@ assert n == 1 ==> skr_virtq_sound(&d->virtq[1]); */
    /*@ assert n == 2 ==> skr_virtq_sound(&d->virtq[2]); */
    /*@ assert skr_device_ring(d, n); */
    /*@ assert others_kept{Pre, Here}(d, n); */
}

/** As fence(), and what is known of the rings stays known. */
/*@ requires working(d);
  @ terminates \true; exits \false;
  @ assigns d->fences, d->since, d->rung, d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures working(d);
  @ ensures skr_device_same{Pre, Post}(d);
  @*/
static void fence_placed(skr_device_t *d)
{
    fence(d);
    /*@ assert all_kept{Pre, Here}(d); */
}

/** QUEUE_SIZE: place and empty the next queue, and say its size. */
/*@ requires working(d) && d->state == SKR_DEVICE_QUEUE_SIZE;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->offset, d->placed, d->fences, d->since, d->rung, d->counters,
  @         d->virtq[0 .. SKR_DEVICE_QUEUES - 1],
  @         d->transport.registers[0 .. d->transport.registers_size - 1],
  @         d->transport.memory[0 .. d->transport.memory_size - 1];
  @ ensures working(d);
  @ ensures skr_device_same{Pre, Post}(d);
  @*/
static void step_queue_size(skr_device_t *d)
{
    const uint16_t n = (uint16_t)d->placed;
    const uint16_t size = ask_size(d);

    if (size != 0U) {
        const skr_cause_t cause = place(d, n, size);

        if (cause != SKR_CAUSE_NONE) {
            skr_device_fail(d, cause);
        } else {
            negotiate_queue(d, n);
            format_queue(d, n);
            skr_transport_queue_size(&d->transport, n, size);
            count_placed(d, n, SKR_DEVICE_QUEUE_START);
            fence_placed(d); /* the PMM must not meet a new page with an old size */
        }
    }
}

/** QUEUE_START: say where the queue lies. */
/*@ requires upright(d) && d->state == SKR_DEVICE_QUEUE_START && skr_virtq_sound(&d->virtq[d->placed - 1]);
  @ terminates \true; exits \false;
  @ assigns d->state, d->since, d->rung, d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures upright(d);
  @*/
static void step_queue_start(skr_device_t *d)
{
    skr_transport_queue_start(&d->transport, &d->virtq[d->placed - 1U]);
    d->since = d->now;
    d->rung = d->now;
    d->state = SKR_DEVICE_QUEUE_ANSWER;
}

/** QUEUE_ANSWER: wait until the device has taken the queue. */
/*@ requires upright(d) && d->state == SKR_DEVICE_QUEUE_ANSWER && skr_virtq_sound(&d->virtq[d->placed - 1]);
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->rung, d->counters,
  @         d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures upright(d);
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
/*@ requires working(d) && d->state == SKR_DEVICE_ATTACH;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->offset, d->placed, d->attached, d->counters,
  @         d->virtq[0 .. SKR_DEVICE_QUEUES - 1],
  @         d->transport.registers[0 .. d->transport.registers_size - 1],
  @         d->transport.memory[0 .. d->transport.memory_size - 1];
  @ ensures working(d);
  @ ensures skr_device_same{Pre, Post}(d);
  @*/
static void step_attach(skr_device_t *d)
{
    const uint16_t n = (uint16_t)d->placed;
    const uint16_t size = ask_size(d);

    if (size != 0U) {
        skr_cause_t cause = place(d, n, size);

        if (cause == SKR_CAUSE_NONE) {
            negotiate_queue(d, n);
            cause = attach_queue(d, n);
        }
        if (cause != SKR_CAUSE_NONE) {
            skr_device_fail(d, cause);
        } else if (((uint32_t)n + 1U) < d->queues) {
            count_placed(d, n, SKR_DEVICE_ATTACH);
        } else {
            count_placed(d, n, SKR_DEVICE_FILL);
        }
    }
}

/** Kick every queue of which the device holds buffers; of a PMM one doorbell reaches all.
 *  [impl->dsn~device.kick~1] [proof->dsn~device.kick~1] */
/*@ requires upright(d);
  @ terminates \true; exits \false;
  @ assigns d->rung, d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures upright(d);
  @ ensures \result <= d->queues;
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[0]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[1]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[2]);
  @ ensures kept_frame{Pre, Post}(d);
  @ ensures skr_queue_lengths_kept{Pre, Post}(&d->virtq[0]);
  @ ensures skr_queue_lengths_kept{Pre, Post}(&d->virtq[1]);
  @ ensures skr_queue_lengths_kept{Pre, Post}(&d->virtq[2]);
  @*/
static uint16_t kick_outstanding(skr_device_t *d)
{
    uint16_t kicked = 0U;

    /*@ loop invariant 0 <= i <= d->queues && 0 <= kicked <= i;
      @ loop invariant upright(d);
      @ loop invariant skr_queue_place_kept{Pre, Here}(&d->virtq[0]) && skr_queue_lengths_kept{Pre, Here}(&d->virtq[0]);
      @ loop invariant skr_queue_place_kept{Pre, Here}(&d->virtq[1]) && skr_queue_lengths_kept{Pre, Here}(&d->virtq[1]);
      @ loop invariant skr_queue_place_kept{Pre, Here}(&d->virtq[2]) && skr_queue_lengths_kept{Pre, Here}(&d->virtq[2]);
      @ loop invariant kept_frame{Pre, Here}(d);
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
/*@ requires upright(d);
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

/** Hand every free buffer of one ring to the device; it is kicked later, with what an attached ring may still hold. */
/*@ requires n < SKR_DEVICE_QUEUES && \valid(d) && skr_virtq_sound(&d->virtq[n]);
  @ requires \separated(d, d->virtq[n].base + (0 .. d->virtq[n].limit - 1));
  @ terminates \true; exits \false;
  @ assigns d->virtq[n], d->virtq[n].base[0 .. d->virtq[n].limit - 1];
  @ ensures n != 0 ==> skr_queue_place_kept{Pre, Post}(&d->virtq[0]);
  @ ensures n != 0 ==> skr_queue_counts_kept{Pre, Post}(&d->virtq[0]);
  @ ensures n != 0 ==> skr_queue_ids_kept{Pre, Post}(&d->virtq[0]);
  @ ensures n != 1 ==> skr_queue_place_kept{Pre, Post}(&d->virtq[1]);
  @ ensures n != 1 ==> skr_queue_counts_kept{Pre, Post}(&d->virtq[1]);
  @ ensures n != 1 ==> skr_queue_ids_kept{Pre, Post}(&d->virtq[1]);
  @ ensures n != 2 ==> skr_queue_place_kept{Pre, Post}(&d->virtq[2]);
  @ ensures n != 2 ==> skr_queue_counts_kept{Pre, Post}(&d->virtq[2]);
  @ ensures n != 2 ==> skr_queue_ids_kept{Pre, Post}(&d->virtq[2]);
  @ ensures kept_frame{Pre, Post}(d);
  @ ensures skr_device_queue_same{Pre, Post}(d, n);
  @ ensures skr_virtq_sound(&d->virtq[n]);
  @ ensures d->virtq[n].base == \old(d->virtq[n].base) && d->virtq[n].limit == \old(d->virtq[n].limit);
  @*/
static void fill_ring(skr_device_t *d, uint16_t n)
{
    skr_virtq_fill(&d->virtq[n]);
    (void)skr_virtq_publish(&d->virtq[n]);
}

/** Fill one receive queue. */
/*@ requires working(d) && d->placed == d->queues && n < d->queues && n < SKR_DEVICE_QUEUES;
  @ terminates \true; exits \false;
  @ assigns d->virtq[0 .. SKR_DEVICE_QUEUES - 1], d->transport.memory[0 .. d->transport.memory_size - 1];
  @ ensures working(d);
  @ ensures skr_device_same{Pre, Post}(d);
  @*/
static void fill_queue(skr_device_t *d, uint16_t n)
{
    /*@ assert n == 0 || n == 1 || n == 2; */
    fill_ring(d, n);
    /*@ assert others_kept{Pre, Here}(d, n); */
    /*@ assert skr_device_ring(d, n); */
}

/** Every receive ring is full: tell the device, and run. */
/*@ requires upright(d) && d->state == SKR_DEVICE_FILL && d->fences == 0;
  @ terminates \true; exits \false;
  @ assigns d->state, d->rung, d->watched, d->counters, d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures upright(d);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[0]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[1]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[2]);
  @ ensures kept_frame{Pre, Post}(d);
  @*/
static void enter_ready(skr_device_t *d)
{
    d->counters.kicks += kick_outstanding(d);
    d->watched = d->now;
    d->state = SKR_DEVICE_READY;
}

/** FILL: fill one receive ring; when all are full, tell the device and run. */
/*@ requires working(d) && d->state == SKR_DEVICE_FILL && d->fences == 0;
  @ terminates \true; exits \false;
  @ assigns d->state, d->rung, d->watched, d->counters, d->virtq[0 .. SKR_DEVICE_QUEUES - 1],
  @         d->transport.registers[0 .. d->transport.registers_size - 1],
  @         d->transport.memory[0 .. d->transport.memory_size - 1];
  @ ensures working(d);
  @ ensures skr_device_same{Pre, Post}(d);
  @*/
static void step_fill(skr_device_t *d)
{
    const uint16_t next = find_empty(d);

    if (next < d->queues) {
        fill_queue(d, next);
    } else {
        enter_ready(d);
        /*@ assert all_kept{Pre, Here}(d); */
    }
}

/** READY: whether the device is still the one that was set up.
 *  [impl->dsn~device.watch~1] [proof->dsn~device.watch~1] */
/*@ requires upright(d) && d->state == SKR_DEVICE_READY;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->counters, d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures upright(d);
  @ ensures d->state == SKR_DEVICE_READY || d->state == SKR_DEVICE_FAILED;
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[0]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[1]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[2]);
  @ ensures kept_frame{Pre, Post}(d);
  @ ensures skr_queue_lengths_kept{Pre, Post}(&d->virtq[0]);
  @ ensures skr_queue_lengths_kept{Pre, Post}(&d->virtq[1]);
  @ ensures skr_queue_lengths_kept{Pre, Post}(&d->virtq[2]);
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
/*@ requires upright(d) && d->state == SKR_DEVICE_READY;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->rung, d->watched, d->counters,
  @         d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures upright(d);
  @ ensures d->state == SKR_DEVICE_READY || d->state == SKR_DEVICE_FAILED;
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[0]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[1]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[2]);
  @ ensures kept_frame{Pre, Post}(d);
  @ ensures skr_queue_lengths_kept{Pre, Post}(&d->virtq[0]);
  @ ensures skr_queue_lengths_kept{Pre, Post}(&d->virtq[1]);
  @ ensures skr_queue_lengths_kept{Pre, Post}(&d->virtq[2]);
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
/*@ requires upright(d);
  @ requires d->state == SKR_DEVICE_QUEUE_START || d->state == SKR_DEVICE_QUEUE_ANSWER ==>
  @     skr_virtq_sound(&d->virtq[d->placed - 1]);
  @ requires SKR_DEVICE_IDENTIFY <= d->state <= SKR_DEVICE_START;
  @ requires d->state != SKR_DEVICE_QUEUE_SIZE && d->state != SKR_DEVICE_ATTACH;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->features, d->fences, d->attached, d->since, d->rung, d->counters,
  @         d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures upright(d);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[0]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[1]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[2]);
  @ ensures kept_frame{Pre, Post}(d);
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
/*@ requires working(d) && SKR_DEVICE_IDENTIFY <= d->state < SKR_DEVICE_FAILED && d->fences == 0;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->features, d->offset, d->placed, d->fences, d->attached, d->since, d->rung,
  @         d->watched, d->counters, d->virtq[0 .. SKR_DEVICE_QUEUES - 1],
  @         d->transport.registers[0 .. d->transport.registers_size - 1],
  @         d->transport.memory[0 .. d->transport.memory_size - 1];
  @ ensures working(d);
  @ ensures skr_device_same{Pre, Post}(d);
  @ ensures steady: \old(d->state) == SKR_DEVICE_READY ==>
  @      skr_queue_steady{Pre, Post}(&d->virtq[0]) && skr_queue_steady{Pre, Post}(&d->virtq[1])
  @   && skr_queue_steady{Pre, Post}(&d->virtq[2]);
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
        /*@ assert all_kept{Pre, Here}(d); */
        /*@ assert skr_queue_steady{Pre, Here}(&d->virtq[0]); */
        /*@ assert skr_queue_steady{Pre, Here}(&d->virtq[1]); */
        /*@ assert skr_queue_steady{Pre, Here}(&d->virtq[2]); */
        break;
    default:
        /*@ assert d->placed == 1 ==> skr_virtq_sound(&d->virtq[0]); */
        /*@ assert d->placed == 2 ==> skr_virtq_sound(&d->virtq[1]); */
        /*@ assert d->placed == 3 ==> skr_virtq_sound(&d->virtq[2]); */
        advance_registers(d);
        /*@ assert all_kept{Pre, Here}(d); */
        break;
    }
}

/** As await_fence(), and what is known of the rings stays known. */
/*@ requires working(d) && d->fences != 0 && SKR_DEVICE_IDENTIFY <= d->state;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->fences, d->since, d->rung, d->counters,
  @         d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures working(d);
  @ ensures skr_device_same{Pre, Post}(d);
  @ ensures d->state == \old(d->state) || d->state == SKR_DEVICE_FAILED;
  @*/
static void await_placed(skr_device_t *d)
{
    await_fence(d);
    /*@ assert all_kept{Pre, Here}(d); */
}

/** Note the tick. */
/*@ requires \valid(d);
  @ terminates \true; exits \false;
  @ assigns d->now;
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[0]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[1]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[2]);
  @ ensures kept_frame{Pre, Post}(d);
  @ ensures skr_queue_lengths_kept{Pre, Post}(&d->virtq[0]);
  @ ensures skr_queue_lengths_kept{Pre, Post}(&d->virtq[1]);
  @ ensures skr_queue_lengths_kept{Pre, Post}(&d->virtq[2]);
  @*/
static void set_now(skr_device_t *d, uint32_t now)
{
    d->now = now;
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

skr_status_t skr_device_init(skr_device_t *d, const skr_transport_t *transport, uint32_t device_id, uint32_t config_bytes,
                             uint64_t wanted)
{
    const skr_device_counters_t zero = { 0U, 0U, 0U, 0U, 0U, 0U };
    skr_status_t status = SKR_FAULT;

    d->counters = zero;
    d->wanted = wanted;
    d->features = 0U;
    d->device_id = device_id;
    d->config_bytes = config_bytes;
    d->status = SKR_DEVICE_STATUS_NONE;
    d->offset = 0U;
    d->since = 0U;
    d->rung = 0U;
    d->watched = 0U;
    d->now = 0U;
    d->fences = 0U;
    d->attached = 0U;
    d->queues = 0U;
    d->placed = 0U;
    d->linked = 0U;
    d->state = SKR_DEVICE_FAILED;
    d->transport = *transport;
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

/** Clear the books of the life before. */
/*@ requires \valid(d);
  @ terminates \true; exits \false;
  @ assigns d->cause, d->status, d->features, d->offset, d->fences, d->attached;
  @ ensures d->offset == 0 && d->fences == 0;
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[0]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[1]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[2]);
  @ ensures kept_frame{Pre, Post}(d);
  @*/
static void clear_books(skr_device_t *d)
{
    d->cause = SKR_CAUSE_NONE;
    d->status = SKR_DEVICE_STATUS_NONE;
    d->features = 0U;
    d->offset = 0U;
    d->fences = 0U;
    d->attached = 0U;
}

/** Let every wait begin now. */
/*@ requires \valid(d);
  @ terminates \true; exits \false;
  @ assigns d->since, d->rung, d->watched, d->now;
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[0]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[1]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[2]);
  @ ensures kept_frame{Pre, Post}(d);
  @*/
static void set_ticks(skr_device_t *d, uint32_t now)
{
    d->since = now;
    d->rung = now;
    d->watched = now;
    d->now = now;
}

/** Set everything to the beginning of a life. */
/*@ requires \valid(d) && d->linked != 0 && skr_device_linked(d) && 1 <= d->queues <= SKR_DEVICE_QUEUES;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->features, d->offset, d->placed, d->fences, d->attached, d->since, d->rung,
  @         d->watched, d->now, d->counters;
  @ ensures upright(d);
  @ ensures d->state == SKR_DEVICE_IDENTIFY && d->placed == 0;
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[0]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[1]);
  @ ensures skr_queue_place_kept{Pre, Post}(&d->virtq[2]);
  @ ensures kept_frame{Pre, Post}(d);
  @*/
static void begin_life(skr_device_t *d, uint32_t now)
{
    clear_books(d);
    set_ticks(d, now);
    d->placed = 0U;
    d->state = SKR_DEVICE_IDENTIFY;
    d->counters.starts++;
    /*@ assert skr_device_linked(d); */
}

skr_status_t skr_device_start(skr_device_t *d, uint32_t now)
{
    skr_status_t status = SKR_FAULT;

    if (d->linked != 0U) {
        begin_life(d, now);
        /*@ assert all_kept{Pre, Here}(d); */
        status = SKR_OK;
    }
    return status;
}

skr_status_t skr_device_step(skr_device_t *d, uint32_t now)
{
    set_now(d, now);
    /*@ assert all_kept{Pre, Here}(d); */
    /*@ assert skr_queue_steady{Pre, Here}(&d->virtq[0]); */
    /*@ assert skr_queue_steady{Pre, Here}(&d->virtq[1]); */
    /*@ assert skr_queue_steady{Pre, Here}(&d->virtq[2]); */
    if ((d->state == SKR_DEVICE_IDLE) || (d->state == SKR_DEVICE_FAILED)) {
        /* nothing shared is touched */
    } else if (d->fences != 0U) {
        await_placed(d);
    } else {
        take_step(d);
    }
    return answer_in(d->state);
}

skr_status_t skr_device_pop(skr_device_t *d, uint16_t queue, uint16_t *id, uint32_t *length)
{
    const skr_status_t status = skr_virtq_pop(&d->virtq[queue], id, length, &d->cause);

    if (status == SKR_FAULT) {
        give_up(d, d->cause);
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
/*@ requires skr_device_sound(d) && d->linked != 0 && (width == 2 || width == 4);
  @ requires offset + 2 * width <= d->config_bytes && \valid(pair + (0 .. 1)) && \separated(d, pair + (0 .. 1));
  @ terminates \true; exits \false; assigns pair[0 .. 1];
  @ ensures width == 2 ==> pair[0] <= 0xFFFF && pair[1] <= 0xFFFF;
  @*/
static void read_pair(const skr_device_t *d, uint32_t offset, uint32_t width, uint32_t pair[2])
{
    if (width == 2U) {
        pair[0] = skr_shm_read16(d->transport.config, offset);
        pair[1] = skr_shm_read16(d->transport.config, offset + 2U);
    } else {
        pair[0] = skr_shm_read32(d->transport.config, offset);
        pair[1] = skr_shm_read32(d->transport.config, offset + 4U);
    }
}

skr_status_t skr_device_read_config(skr_device_t *d, uint32_t offset, uint32_t width, uint32_t value[2])
{
    skr_status_t status = SKR_AGAIN;
    uint16_t tries = SKR_CONFIG_TRIES;

    if (d->state == SKR_DEVICE_FAILED) {
        tries = 0U; /* nothing shared is touched any more */
    }
    /*@ loop invariant 0 <= i <= tries && (status == SKR_AGAIN || status == SKR_OK);
      @ loop invariant status == SKR_AGAIN ==> value[0] == \at(value[0], Pre) && value[1] == \at(value[1], Pre);
      @ loop invariant width == 2 && status == SKR_OK ==> value[0] <= 0xFFFF && value[1] <= 0xFFFF;
      @ loop invariant working(d) && skr_device_same{Pre, Here}(d);
      @ loop assigns i, status, value[0 .. 1], d->counters;
      @ loop variant tries - i;
      @*/
    for (uint16_t i = 0U; (i < tries) && (status == SKR_AGAIN); i++) {
        uint32_t first[2];
        uint32_t second[2];
        const uint32_t before = skr_transport_generation(&d->transport);

        read_pair(d, offset, width, first);
        read_pair(d, offset, width, second);
        const uint32_t after = skr_transport_generation(&d->transport);

        if ((before == after) && (first[0] == second[0]) && (first[1] == second[1])) {
            value[0] = first[0];
            value[1] = first[1];
            status = SKR_OK;
        } else {
            d->counters.config_retries++;
        }
    }
    return status;
}
