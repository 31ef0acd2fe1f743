/* SPDX-License-Identifier: BSD-3-Clause */
#include "skerry/virtq.h"

/* Fields of the ring, VIRTIO 1.4, 2.7.5 to 2.7.8. */
#define DESC_BYTES 16U
#define DESC_LEN 8U
#define DESC_FLAGS 12U
#define DESC_F_WRITE 2U
#define AVAIL_FLAGS 0U
#define AVAIL_IDX 2U
#define AVAIL_RING 4U
#define AVAIL_F_NO_INTERRUPT 1U
#define USED_FLAGS 0U
#define USED_IDX 2U
#define USED_RING 4U
#define USED_ELEMENT_BYTES 8U
#define USED_ELEMENT_LEN 4U
#define USED_F_NO_NOTIFY 1U

/* Buffers begin on a cache line of most cores, half a line of the others. */
#define BUFFER_ALIGN 16U

/** Distance from `from` to `to` on the circle of 16-bit indices. */
/*@ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == (to - from + 0x10000) % 0x10000;
  @*/
static uint16_t index_distance(uint16_t to, uint16_t from)
{
    return (uint16_t)((((uint32_t)to + 0x10000U) - (uint32_t)from) % 0x10000U);
}

/** The index after `idx`. */
/*@ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == (idx + 1) % 0x10000;
  @*/
static uint16_t index_next(uint16_t idx)
{
    return (uint16_t)(((uint32_t)idx + 1U) % 0x10000U);
}

/** Note what the length of descriptor `id` is now. */
/*@ requires skr_virtq_sound(q) && id < q->count;
  @ terminates \true; exits \false;
  @ assigns q->length[id];
  @ ensures skr_virtq_sound(q) && q->length[id] == length;
  @*/
static void note_length(skr_virtq_t *q, uint16_t id, uint32_t length)
{
    q->length[id] = length;
    /*@ assert placed: skr_virtq_placed(q); */
}

/** Write the part of a descriptor that never changes, and its whole length. */
/*@ requires skr_virtq_sound(q) && id < q->count;
  @ terminates \true; exits \false;
  @ assigns q->base[0 .. q->limit - 1], q->length[id];
  @ ensures q->length[id] == q->stride;
  @ ensures skr_virtq_sound(q);
  @*/
static void write_descriptor(skr_virtq_t *q, uint16_t id)
{
    const uint32_t at = q->desc + (DESC_BYTES * (uint32_t)id);

    skr_shm_write64(q->base, at, q->address + (uint64_t)skr_virtq_buffer(q, id));
    skr_shm_write32(q->base, at + DESC_LEN, q->stride);
    /* flags and next together: no chains */
    skr_shm_write32(q->base, at + DESC_FLAGS, (q->from_device != 0U) ? DESC_F_WRITE : 0U);
    note_length(q, id, q->stride);
}

void skr_virtq_plan(skr_virtq_t *q, bool from_device, uint16_t count, uint32_t stride)
{
    q->from_device = 0U;
    if (from_device) {
        q->from_device = 1U;
    }
    q->count = count;
    q->stride = stride;
    q->size = 0U;
    q->popped = SKR_VIRTQ_NONE;
    q->popped_length = 0U;
}

/** The next multiple of `align`, a power of two: the low half alone decides, and 32-bit cores divide by themselves. */
/*@ requires 1 <= align <= 4096 && value <= 0x1FFFFFFFF;
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures value <= \result < value + align;
  @*/
static uint64_t round_up(uint64_t value, uint32_t align)
{
    const uint32_t over = (uint32_t)(value % 0x100000000ULL) % align;

    return (over == 0U) ? value : (value + ((uint64_t)align - over));
}

/** Empty books: every buffer is free, nothing was made available. */
/*@ requires \valid(q) && skr_virtq_placed(q);
  @ terminates \true; exits \false;
  @ assigns q->avail_idx, q->kicked_idx, q->last_used, q->ready, q->outstanding, q->free_count,
  @         q->free_ids[0 .. SKR_VIRTQ_SIZE_MAX - 1], q->owner[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         q->length[0 .. SKR_VIRTQ_SIZE_MAX - 1];
  @ ensures skr_virtq_placed(q);
  @ ensures skr_virtq_books(q);
  @ ensures q->free_count == q->count && q->outstanding == 0;
  @*/
static void open_books(skr_virtq_t *q)
{
    q->avail_idx = 0U;
    q->kicked_idx = 0U;
    q->last_used = 0U;
    q->ready = 0U;
    q->outstanding = 0U;
    q->free_count = q->count;
    /*@ loop invariant 0 <= i <= q->count;
      @ loop invariant skr_virtq_placed(q);
      @ loop invariant \forall integer k; 0 <= k < i ==> q->owner[k] == SKR_VIRTQ_FREE;
      @ loop invariant \forall integer k; 0 <= k < i ==> q->free_ids[k] == k;
      @ loop assigns i, q->owner[0 .. SKR_VIRTQ_SIZE_MAX - 1], q->free_ids[0 .. SKR_VIRTQ_SIZE_MAX - 1],
      @              q->length[0 .. SKR_VIRTQ_SIZE_MAX - 1];
      @ loop variant q->count - i;
      @*/
    for (uint16_t i = 0U; i < q->count; i++) {
        q->owner[i] = SKR_VIRTQ_FREE;
        q->free_ids[i] = (skr_virtq_book_t)i;
        q->length[i] = 0U;
    }
}

skr_cause_t skr_virtq_place(skr_virtq_t *q, skr_shm_t *base, uint64_t address, uint32_t limit, uint32_t *offset,
                            uint16_t size, uint32_t align)
{
    skr_cause_t cause = SKR_CAUSE_NONE;
    /* 64 bits: no sum below can wrap, whatever the offset. */
    const uint64_t desc = round_up(*offset, align);
    const uint64_t avail = desc + (DESC_BYTES * (uint64_t)size);
    const uint64_t used = round_up(avail + 6U + (2U * (uint64_t)size), align); /* as `desc` is aligned, so is the distance */
    const uint64_t buffers = round_up(used + 6U + (USED_ELEMENT_BYTES * (uint64_t)size), BUFFER_ALIGN);
    const uint64_t area = (uint64_t)q->count * q->stride;
    /*@ assert area: area == q->count * q->stride; */
    const uint64_t end = round_up(buffers + area, BUFFER_ALIGN);

    if (size < q->count) {
        cause = SKR_CAUSE_QUEUE_SIZE;
    } else if (end > limit) {
        cause = SKR_CAUSE_MEMORY_SIZE;
    } else {
        /*@ assert order: desc + 16 * size <= end && avail + 6 + 2 * size <= end && used + 6 + 8 * size <= end; */
        /*@ assert room: buffers + area <= end && end <= limit; */
        /*@ assert fits: skr_virtq_fits(buffers, q->count, q->stride, limit); */
        *offset = (uint32_t)end;
        q->base = base;
        q->address = address;
        q->limit = limit;
        q->desc = (uint32_t)desc;
        q->avail = (uint32_t)avail;
        q->used = (uint32_t)used;
        q->buffers = (uint32_t)buffers;
        q->size = size;
        q->event_idx = 0U;
        /*@ assert places: q->desc == desc && q->avail == avail && q->used == used && q->buffers == buffers; */
        /*@ assert same: q->count == \at(q->count, Pre) && q->stride == \at(q->stride, Pre); */
        /*@ assert fits: skr_virtq_fits(q->buffers, q->count, q->stride, q->limit); */
        /*@ assert placed: skr_virtq_placed(q); */
        open_books(q);
    }
    return cause;
}

void skr_virtq_format(skr_virtq_t *q)
{
    skr_shm_clear(q->base, q->desc, DESC_BYTES * q->size);
    skr_shm_clear(q->base, q->avail, 6U + (2U * q->size));
    skr_shm_clear(q->base, q->used, 6U + (8U * q->size));
    /*@ loop invariant 0 <= i <= q->count;
      @ loop invariant skr_virtq_sound(q);
      @ loop assigns i, q->base[0 .. q->limit - 1], q->length[0 .. SKR_VIRTQ_SIZE_MAX - 1];
      @ loop variant q->count - i;
      @*/
    for (uint16_t i = 0U; i < q->count; i++) {
        write_descriptor(q, i);
    }
}

/** Nothing is free: this side has every buffer. */
/*@ requires skr_virtq_sound(q) && q->outstanding == 0;
  @ terminates \true; exits \false;
  @ assigns q->free_count, q->owner[0 .. SKR_VIRTQ_SIZE_MAX - 1];
  @ ensures skr_virtq_sound(q) && q->free_count == 0;
  @ ensures \forall integer k; 0 <= k < q->count ==> q->owner[k] == SKR_VIRTQ_DRIVER;
  @*/
static void take_all(skr_virtq_t *q)
{
    q->free_count = 0U;
    /*@ loop invariant 0 <= i <= q->count;
      @ loop invariant \forall integer k; 0 <= k < i ==> q->owner[k] == SKR_VIRTQ_DRIVER;
      @ loop assigns i, q->owner[0 .. SKR_VIRTQ_SIZE_MAX - 1];
      @ loop variant q->count - i;
      @*/
    for (uint16_t i = 0U; i < q->count; i++) {
        q->owner[i] = SKR_VIRTQ_DRIVER;
    }
}

/** Give the device what it holds: `in_flight` entries of the available ring, from index `first`. */
/*@ requires skr_virtq_sound(q) && q->outstanding == 0 && q->free_count == 0 && in_flight <= q->count;
  @ requires \forall integer k; 0 <= k < q->count ==> q->owner[k] != SKR_VIRTQ_FREE;
  @ terminates \true; exits \false;
  @ assigns q->owner[0 .. SKR_VIRTQ_SIZE_MAX - 1], q->length[0 .. SKR_VIRTQ_SIZE_MAX - 1];
  @ ensures skr_virtq_sound(q);
  @ ensures \forall integer k; 0 <= k < q->count ==> q->owner[k] != SKR_VIRTQ_FREE;
  @ ensures \result == SKR_CAUSE_NONE || \result == SKR_CAUSE_ATTACH;
  @*/
static skr_cause_t adopt(skr_virtq_t *q, uint16_t first, uint16_t in_flight)
{
    skr_cause_t cause = SKR_CAUSE_NONE;
    uint16_t idx = first;

    /*@ loop invariant 0 <= i <= in_flight;
      @ loop invariant cause == SKR_CAUSE_NONE || cause == SKR_CAUSE_ATTACH;
      @ loop invariant \forall integer k; 0 <= k < q->count ==> q->owner[k] != SKR_VIRTQ_FREE;
      @ loop invariant skr_virtq_sound(q);
      @ loop assigns i, idx, cause, q->owner[0 .. SKR_VIRTQ_SIZE_MAX - 1], q->length[0 .. SKR_VIRTQ_SIZE_MAX - 1];
      @ loop variant in_flight - i;
      @*/
    for (uint16_t i = 0U; (i < in_flight) && (cause == SKR_CAUSE_NONE); i++) {
        const uint32_t slot = (uint32_t)idx % q->size;
        const uint16_t id = skr_shm_read16(q->base, q->avail + AVAIL_RING + (2U * slot));

        if ((id >= q->count) || (q->owner[id] != SKR_VIRTQ_DRIVER)) {
            cause = SKR_CAUSE_ATTACH;
        } else {
            q->owner[id] = SKR_VIRTQ_DEVICE;
            /* What is being sent keeps its descriptor; its length is not known here, and 0 makes add() write it anew. */
            note_length(q, id, (q->from_device != 0U) ? q->stride : 0U);
        }
        idx = index_next(idx);
    }
    return cause;
}

/** Free every buffer that the device does not hold, and count the others. */
/*@ requires skr_virtq_sound(q) && q->outstanding == 0 && q->free_count == 0 && q->kicked_idx == q->avail_idx;
  @ requires \forall integer k; 0 <= k < q->count ==> q->owner[k] != SKR_VIRTQ_FREE;
  @ terminates \true; exits \false;
  @ assigns q->base[0 .. q->limit - 1], *q;
  @ ensures skr_virtq_sound(q) && skr_virtq_settled(q) && q->kicked_idx == q->avail_idx;
  @ ensures q->free_count + q->outstanding == q->count;
  @*/
static void free_rest(skr_virtq_t *q)
{
    uint16_t held = 0U;

    /*@ loop invariant 0 <= i <= q->count && q->free_count + held == i;
      @ loop invariant \forall integer k; i <= k < q->count ==> q->owner[k] != SKR_VIRTQ_FREE;
      @ loop invariant skr_virtq_sound(q);
      @ loop invariant skr_virtq_settled(q) && q->outstanding == 0 && q->kicked_idx == q->avail_idx;
      @ loop assigns i, held, \at(q->base[0 .. q->limit - 1], Pre), *q;
      @ loop variant q->count - i;
      @*/
    for (uint16_t i = 0U; i < q->count; i++) {
        if (q->owner[i] != SKR_VIRTQ_DRIVER) {
            held = (uint16_t)(held + 1U);
        } else {
            write_descriptor(q, i);
            skr_virtq_release(q, i);
        }
    }
    q->outstanding = held;
}

skr_cause_t skr_virtq_attach(skr_virtq_t *q)
{
    const uint16_t used_idx = skr_shm_read16(q->base, q->used + USED_IDX);
    const uint16_t avail_idx = skr_shm_read16(q->base, q->avail + AVAIL_IDX);
    const uint16_t in_flight = index_distance(avail_idx, used_idx);
    skr_cause_t cause = SKR_CAUSE_ATTACH;

    q->avail_idx = avail_idx;
    q->kicked_idx = avail_idx;
    q->last_used = used_idx;
    take_all(q);
    if (in_flight <= q->count) {
        cause = adopt(q, used_idx, in_flight);
    }
    if (cause == SKR_CAUSE_NONE) {
        free_rest(q);
    }
    return cause;
}

uint16_t skr_virtq_take(skr_virtq_t *q)
{
    uint16_t id = SKR_VIRTQ_NONE;

    if (q->free_count != 0U) {
        const uint32_t left = (uint32_t)q->free_count - 1U;

        q->free_count = (uint16_t)left;
        id = (uint16_t)q->free_ids[left];
        q->owner[id] = SKR_VIRTQ_DRIVER;
    }
    return id;
}

void skr_virtq_release(skr_virtq_t *q, uint16_t id)
{
    q->owner[id] = SKR_VIRTQ_FREE;
    q->free_ids[q->free_count] = (skr_virtq_book_t)id;
    q->free_count = (uint16_t)(q->free_count + 1U);
}

/** Make `length` the length of descriptor `id`; costs a shared write only if it is another one than before. */
/*@ requires skr_virtq_sound(q) && id < q->count;
  @ terminates \true; exits \false;
  @ assigns q->base[0 .. q->limit - 1], q->length[id];
  @ ensures skr_virtq_sound(q) && q->length[id] == length;
  @*/
static void set_length(skr_virtq_t *q, uint16_t id, uint32_t length)
{
    if (length != q->length[id]) {
        skr_shm_write32(q->base, q->desc + (DESC_BYTES * (uint32_t)id) + DESC_LEN, length);
        note_length(q, id, length);
    }
}

void skr_virtq_add(skr_virtq_t *q, uint16_t id, uint32_t length)
{
    const uint16_t idx = q->avail_idx;
    const uint32_t slot = (uint32_t)idx % q->size;

    set_length(q, id, length);
    skr_shm_write16(q->base, q->avail + AVAIL_RING + (2U * slot), id);
    /*@ assert \forall integer i; 0 <= i < q->free_count ==> q->free_ids[i] != id; */
    q->owner[id] = SKR_VIRTQ_DEVICE;
    q->outstanding = (uint16_t)(q->outstanding + 1U);
    q->avail_idx = index_next(idx);
    /*@ assert skr_virtq_placed(q); */
    /*@ assert skr_virtq_books(q); */
}

void skr_virtq_fill(skr_virtq_t *q)
{
    const uint16_t passes = q->free_count;

    /*@ loop invariant 0 <= i <= passes && q->free_count == passes - i;
      @ loop invariant skr_virtq_sound(q) && skr_virtq_settled(q);
      @ loop assigns i, \at(q->base[0 .. q->limit - 1], Pre), *q;
      @ loop variant passes - i;
      @*/
    for (uint16_t i = 0U; i < passes; i++) {
        const uint16_t id = skr_virtq_take(q);
        skr_virtq_add(q, id, q->stride);
    }
}

bool skr_virtq_publish(skr_virtq_t *q)
{
    skr_shm_t *const base = q->base; /* in locals: the compiler keeps nothing that lies in memory over a barrier */
    const uint32_t used = q->used;
    const uint16_t avail_idx = q->avail_idx;
    const uint16_t kicked_idx = q->kicked_idx;
    const uint16_t event_idx = q->event_idx;
    bool wanted = false;

    if (avail_idx != kicked_idx) {
        q->kicked_idx = avail_idx;
        skr_port_barrier_release(); /* slots and descriptors before the index; pairs with the device's acquire of avail.idx */
        skr_shm_write16(base, q->avail + AVAIL_IDX, avail_idx);
        if ((event_idx != 0U) && (q->from_device != 0U)) {
            /* used_event: what comes after the buffers seen so far is to be told; without this, one interrupt would be all */
            skr_shm_write16(base, q->avail + AVAIL_RING + (2U * q->size), q->last_used);
        }
        skr_port_barrier_full(); /* index before the device's wish; pairs with its fence between wish and re-check */
        if (event_idx != 0U) {
            const uint16_t event = skr_shm_read16(base, used + USED_RING + (USED_ELEMENT_BYTES * q->size));
            wanted = index_distance(avail_idx, index_next(event)) < index_distance(avail_idx, kicked_idx);
        } else {
            wanted = (skr_shm_read16(base, used + USED_FLAGS) & USED_F_NO_NOTIFY) == 0U;
        }
    }
    return wanted;
}

/** Check one used element against the books; SKR_CAUSE_NONE if it can be believed. */
/*@ requires skr_virtq_sound(q);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == SKR_CAUSE_NONE <==>
  @     (id < q->count && q->owner[id] == SKR_VIRTQ_DEVICE && length <= q->length[id]);
  @ ensures \result == SKR_CAUSE_NONE || \result == SKR_CAUSE_USED_ID || \result == SKR_CAUSE_USED_TWICE
  @     || \result == SKR_CAUSE_USED_LENGTH;
  @*/
static skr_cause_t judge(const skr_virtq_t *q, uint32_t id, uint32_t length)
{
    skr_cause_t cause = SKR_CAUSE_NONE;

    if (id >= q->count) {
        cause = SKR_CAUSE_USED_ID;
    } else if (q->owner[id] != SKR_VIRTQ_DEVICE) {
        cause = SKR_CAUSE_USED_TWICE;
    } else if (length > q->length[id]) {
        cause = SKR_CAUSE_USED_LENGTH;
    } else {
        /* as it should be */
    }
    return cause;
}

/** How many used elements there are that were not looked at yet, if the device is to be believed. */
/*@ requires skr_virtq_sound(q) && last_used == q->last_used;
  @ terminates \true; exits \false; assigns \nothing;
  @*/
static uint16_t look(const skr_virtq_t *q, uint16_t last_used)
{
    const uint16_t ahead = index_distance(skr_shm_read16(q->base, q->used + USED_IDX), last_used);

    skr_port_barrier_acquire(); /* index before elements and payload; pairs with the device's release of used.idx */
    return ahead;
}

/** The device has given buffer `id` back, as the first of `ready`. */
/*@ requires skr_virtq_sound(q) && id < q->count && q->owner[id] == SKR_VIRTQ_DEVICE && 0 < ready <= q->outstanding;
  @ requires last_used == q->last_used;
  @ terminates \true; exits \false;
  @ assigns q->last_used, q->ready, q->outstanding, q->owner[id];
  @ ensures skr_virtq_sound(q);
  @ ensures skr_virtq_taken(q, id) && q->outstanding == \old(q->outstanding) - 1;
  @*/
static void take_back(skr_virtq_t *q, uint32_t id, uint16_t last_used, uint16_t ready)
{
    /*@ assert \forall integer i; 0 <= i < q->free_count ==> 0 <= q->free_ids[i] < q->count && q->free_ids[i] != id; */
    q->owner[id] = SKR_VIRTQ_DRIVER;
    /*@ assert owners: \forall integer i; 0 <= i < q->free_count ==> q->owner[q->free_ids[i]] == SKR_VIRTQ_FREE; */
    q->last_used = index_next(last_used);
    q->ready = (uint16_t)(ready - 1U);
    q->outstanding = (uint16_t)(q->outstanding - 1U);
    /*@ assert placed: skr_virtq_placed(q); */
    /*@ assert bounds: \forall integer i; 0 <= i < q->free_count ==> 0 <= q->free_ids[i] < q->count; */
    /*@ assert owners: \forall integer i; 0 <= i < q->free_count ==> q->owner[q->free_ids[i]] == SKR_VIRTQ_FREE; */
    /*@ assert apart: \forall integer i, j; 0 <= i < j < q->free_count ==> q->free_ids[i] != q->free_ids[j]; */
    /*@ assert books: skr_virtq_books(q); */
}

/** Take the next used element, the first of `ready` that are there, if it can be believed. */
/*@ requires skr_virtq_sound(q) && 0 < ready <= q->outstanding && last_used == q->last_used;
  @ terminates \true; exits \false;
  @ assigns q->popped, q->popped_length, q->last_used, q->ready, q->outstanding, q->owner[0 .. SKR_VIRTQ_SIZE_MAX - 1];
  @ ensures skr_virtq_sound(q);
  @ ensures returned: q->popped != SKR_VIRTQ_NONE ==>
  @      skr_virtq_taken(q, q->popped) && \old(q->owner[\at(q->popped, Post)]) == SKR_VIRTQ_DEVICE
  @   && q->popped_length <= (q->from_device != 0 ? q->length[q->popped] : 0)
  @   && q->outstanding == \old(q->outstanding) - 1;
  @ ensures others: \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX && i != q->popped ==> q->owner[i] == \old(q->owner[i]);
  @ ensures unchanged: q->popped == SKR_VIRTQ_NONE ==> skr_since_pre(q->last_used) && skr_since_pre(q->outstanding);
  @ ensures \result == SKR_CAUSE_NONE || \result == SKR_CAUSE_USED_ID || \result == SKR_CAUSE_USED_TWICE
  @     || \result == SKR_CAUSE_USED_LENGTH;
  @ ensures broken: \result != SKR_CAUSE_NONE ==> q->popped == SKR_VIRTQ_NONE;
  @*/
static skr_cause_t pop_element(skr_virtq_t *q, uint16_t last_used, uint16_t ready)
{
    const uint32_t slot = (uint32_t)last_used % q->size;
    const uint32_t at = q->used + USED_RING + (USED_ELEMENT_BYTES * slot);
    const uint32_t id = skr_shm_read32(q->base, at);
    uint32_t length = 0U;
    skr_cause_t found = SKR_CAUSE_NONE;

    if (q->from_device != 0U) { /* the length of a buffer that the device only reads means nothing, and is not read */
        length = skr_shm_read32(q->base, at + USED_ELEMENT_LEN);
    }
    found = judge(q, id, length);
    if (found == SKR_CAUSE_NONE) {
        take_back(q, id, last_used, ready);
        q->popped = (uint16_t)id;
        q->popped_length = length;
        /*@ assert placed: skr_virtq_placed(q); */
        /*@ assert books: skr_virtq_books(q); */
    } else {
        q->popped = SKR_VIRTQ_NONE;
    }
    return found;
}

skr_cause_t skr_virtq_pop(skr_virtq_t *q)
{
    const uint16_t last_used = q->last_used;
    uint16_t ready = q->ready;
    skr_cause_t found = SKR_CAUSE_NONE;

    if (ready == 0U) {
        ready = look(q, last_used);
    }
    if (ready > q->outstanding) {
        found = SKR_CAUSE_USED_INDEX;
        q->popped = SKR_VIRTQ_NONE;
    } else if (ready != 0U) {
        found = pop_element(q, last_used, ready);
    } else {
        q->popped = SKR_VIRTQ_NONE;
    }
    return found;
}

void skr_virtq_interrupts(const skr_virtq_t *q, bool wanted)
{
    skr_shm_t *base = q->base;

    if (q->event_idx != 0U) {
        /* The furthest index away is the one just passed: 65535 completions from now. */
        const uint16_t event = wanted ? q->last_used : index_distance(q->last_used, 1U);
        skr_shm_write16(base, q->avail + AVAIL_RING + (2U * q->size), event);
    } else {
        uint16_t flags = AVAIL_F_NO_INTERRUPT;

        if (wanted) {
            flags = 0U;
        }
        skr_shm_write16(base, q->avail + AVAIL_FLAGS, flags);
    }
    skr_port_barrier_full(); /* the wish before the next look at used.idx; pairs with the device's fence before its decision */
}
