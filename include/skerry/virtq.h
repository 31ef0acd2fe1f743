/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Split virtqueue with a private twin (internal layer; applications use console.h and vsock.h).
 *
 * The ring and its buffers lie in the window, at offsets that are a pure function of the configuration:
 *
 *     descriptor table | available ring | gap | used ring ...... buffer 0 | buffer 1 | ...
 *
 * Buffer i belongs to descriptor i for ever: one descriptor per buffer, no chains. Everything this side needs to know
 * stands in skr_virtq_t. The shared descriptors and the available ring are written and, but for skr_virtq_attach(),
 * never read back. Of the used ring each word is read once, checked, and only then used:
 *   - used.idx is ahead by no more than the buffers outstanding            (SKR_CAUSE_USED_INDEX)
 *   - the id, all 32 bits, is below the number of buffers                  (SKR_CAUSE_USED_ID)
 *   - the device holds that buffer                                         (SKR_CAUSE_USED_TWICE)
 *   - the length is within the buffer, where the device writes             (SKR_CAUSE_USED_LENGTH)
 *
 * Barriers (VIRTIO 1.4, 2.7.13): descriptor and ring slot are released before avail.idx; avail.idx is fully fenced before
 * used.flags or avail_event is read; used.idx is acquired before the used element and the payload.
 */
#ifndef SKERRY_VIRTQ_H
#define SKERRY_VIRTQ_H

#include "skerry/shm.h"

#ifdef __cplusplus
extern "C" {
#endif

/** "no buffer" */
#define SKR_VIRTQ_NONE 0xFFFFU

/** Who has a buffer. */
#define SKR_VIRTQ_FREE 0   /**< nobody: it lies on the free stack */
#define SKR_VIRTQ_DEVICE 1 /**< the device: made available and not returned yet */
#define SKR_VIRTQ_DRIVER 2 /**< this side: taken to be filled, or returned and being read */

/** An entry of a ring's books, never negative. No other private object has this type: whoever reasons about memory by its
 *  types, an optimizer or a prover, sees that only ring operations change the books. */
typedef int16_t skr_virtq_book_t;

/** Private twin of one ring. All ring counters are 16 bits and wrap as the ring's do. */
typedef struct {
    skr_virtq_book_t owner[SKR_VIRTQ_SIZE_MAX];    /**< SKR_VIRTQ_FREE, _DEVICE or _DRIVER */
    skr_shm_t *base;       /**< the window */
    uint32_t popped_length; /**< bytes the device wrote to `popped` */
    uint64_t address;      /**< where the device sees `base` */
    uint32_t limit;        /**< bytes in the window */
    uint32_t desc;         /**< offset of the descriptor table */
    uint32_t avail;        /**< offset of the available ring */
    uint32_t used;         /**< offset of the used ring */
    uint32_t buffers;      /**< offset of buffer 0 */
    uint32_t stride;       /**< bytes in one buffer, a multiple of 4 */
    uint32_t size;         /**< descriptors in the ring, a power of two up to SKR_VIRTQ_SIZE_MAX */
    uint16_t count;        /**< buffers, 1 .. size */
    uint16_t from_device;  /**< 1: the device writes the buffers (receive), 0: it reads them (transmit) */
    uint16_t event_idx;    /**< 1: EVENT_IDX was negotiated */
    uint16_t avail_idx;    /**< next index to make available */
    uint16_t kicked_idx;   /**< avail_idx at the last kick decision */
    uint16_t last_used;    /**< next used index to look at */
    uint16_t ready;        /**< used elements known to be there and not looked at yet, 0 .. outstanding */
    uint16_t outstanding;  /**< buffers that the device holds, 0 .. count */
    uint16_t free_count;   /**< buffers on the free stack; free_count + outstanding <= count */
    uint16_t popped;       /**< buffer that the last skr_virtq_pop() gave back, or SKR_VIRTQ_NONE */
    skr_virtq_book_t free_ids[SKR_VIRTQ_SIZE_MAX]; /**< the one returned last is taken first: its cache lines are warm */
    uint32_t length[SKR_VIRTQ_SIZE_MAX];   /**< len of descriptor i as last written */
} skr_virtq_t;

/** Offset of the used ring behind the descriptor table; `align` is 16 or more, 4096 for a legacy layout. */
#define SKR_VIRTQ_USED_OFFSET(size, align) ((((18U * (size)) + 6U) + ((align) - 1U)) & ~((align) - 1U))

/* fits: `n` buffers of `stride` bytes from `start` end by `limit`. The plain product would say the same, but the solvers lose
 * themselves in it whenever memory next to it changes; a predicate of its own is carried over unopened.
 * ids: the first `n` entries of a stack of free buffers are below `count`, free, and each another.
 * Invariants are macros, and what changes a ring says that it assigns all of it: the provers then see for each field of
 * another object that nothing has written to it (proofs/README.md).
 * planned, settled: of the ring, what only plan, and what only place writes.
 * placed: ring and buffers lie inside the window. books: no buffer has two owners. taken: buffer `id` is with this side,
 * that is, neither free nor with the device. */
/*@ inductive skr_virtq_fits(integer start, integer n, integer stride, integer limit) {
  @ case product: \forall integer start, n, stride, limit;
  @     start + n * stride <= limit ==> skr_virtq_fits(start, n, stride, limit);
  @ }
  @
  @ predicate skr_virtq_ids(integer count, integer n, skr_virtq_book_t *free_ids, skr_virtq_book_t *owner) =
  @      (\forall integer i; 0 <= i < n ==> 0 <= free_ids[i] < count && owner[free_ids[i]] == SKR_VIRTQ_FREE)
  @   && (\forall integer i, j; 0 <= i < j < n ==> free_ids[i] != free_ids[j]);
  @
  @ lemma skr_virtq_ids_stay{A, B}: \forall integer count, n, skr_virtq_book_t *free_ids, *owner;
  @     0 <= n <= SKR_VIRTQ_SIZE_MAX && count <= SKR_VIRTQ_SIZE_MAX
  @  && (\forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==>
  @        \at(free_ids[i], A) == \at(free_ids[i], B) && \at(owner[i], A) == \at(owner[i], B))
  @  && skr_virtq_ids{A}(count, n, free_ids, owner) ==> skr_virtq_ids{B}(count, n, free_ids, owner);
  @*/
#ifdef __FRAMAC__
#define skr_since_pre(x) ((x) == \at((x), Pre))

#define skr_virtq_planned(q)                                                  \
    (skr_since_pre((q)->stride) && skr_since_pre((q)->count) && skr_since_pre((q)->from_device))

#define skr_virtq_settled(q)                                                  \
    (skr_virtq_planned(q) && skr_since_pre((q)->base) && skr_since_pre((q)->address) \
  && skr_since_pre((q)->limit) && skr_since_pre((q)->desc) && skr_since_pre((q)->avail) \
  && skr_since_pre((q)->used) && skr_since_pre((q)->buffers) && skr_since_pre((q)->size) \
  && skr_since_pre((q)->event_idx))

#define skr_virtq_placed(q)                                                   \
    (\valid((q)->base + (0 .. (q)->limit - 1))                                \
  && 1 <= (q)->count <= (q)->size <= SKR_VIRTQ_SIZE_MAX                       \
  && 4 <= (q)->stride <= 0x20000                                              \
  && (q)->desc + 16 * (q)->size <= (q)->limit                                 \
  && (q)->avail + 6 + 2 * (q)->size <= (q)->limit                             \
  && (q)->used + 6 + 8 * (q)->size <= (q)->limit                              \
  && skr_virtq_fits((q)->buffers, (q)->count, (q)->stride, (q)->limit))

#define skr_virtq_books(q)                                                    \
    ((q)->free_count + (q)->outstanding <= (q)->count                         \
  && (q)->ready <= (q)->outstanding                                           \
  && skr_virtq_ids((q)->count, (q)->free_count, &(q)->free_ids[0], &(q)->owner[0]))

#define skr_virtq_books_stay(q, label)                                        \
    (\forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==>                       \
         (q)->free_ids[i] == \at((q)->free_ids[i], label) && (q)->owner[i] == \at((q)->owner[i], label))

#define skr_virtq_sound(q)                                                    \
    (\valid(q) && skr_virtq_placed(q) && skr_virtq_books(q)                   \
  && \separated(q, (q)->base + (0 .. (q)->limit - 1)))

#define skr_virtq_taken(q, id)                                                \
    (0 <= (id) < (q)->count && (q)->owner[id] == SKR_VIRTQ_DRIVER             \
  && (q)->free_count + (q)->outstanding < (q)->count)
#endif

/**
 * Say what the buffers of a ring are, before the ring is placed.
 *
 * @param q            ring, owned by the caller
 * @param from_device  true: the device writes the buffers, false: it reads them
 * @param count        buffers, 1 .. SKR_VIRTQ_SIZE_MAX
 * @param stride       bytes in one buffer, a multiple of 4, 4 .. 0x20000
 *
 * Bound: no loop, no shared access. Blocks: never. Context: task, one owner.
 * [impl->dsn~virtq.plan~2] [proof->dsn~virtq.plan~2]
 */
/*@ requires \valid(q) && 1 <= count <= SKR_VIRTQ_SIZE_MAX && 4 <= stride <= 0x20000;
  @ terminates \true; exits \false;
  @ assigns q->from_device, q->count, q->stride, q->size, q->popped, q->popped_length;
  @ ensures q->count == count && q->stride == stride && q->size == 0;
  @ ensures q->from_device == (from_device ? 1 : 0);
  @*/
void skr_virtq_plan(skr_virtq_t *q, bool from_device, uint16_t count, uint32_t stride);

/**
 * Give a planned ring its place in the window. Layout: ring at `offset`, then the buffers, then whatever comes next.
 *
 * @param q        ring, planned
 * @param base     window, valid for `limit` bytes; 4-aligned
 * @param address  where the device sees `base`
 * @param limit    bytes in the window
 * @param offset   in: first free byte of the window; out: first byte behind the buffers, a multiple of 16.
 *                 Untouched if the result is not SKR_CAUSE_NONE
 * @param size     descriptors, a power of two, 1 .. SKR_VIRTQ_SIZE_MAX
 * @param align    alignment of ring and used ring: a power of two, 16 .. 4096
 *
 * @return SKR_CAUSE_NONE         placed; every buffer is free
 * @return SKR_CAUSE_QUEUE_SIZE   `size` is smaller than the number of buffers
 * @return SKR_CAUSE_MEMORY_SIZE  ring and buffers do not fit between `offset` and `limit`
 *
 * Bound: one loop of `count` passes, no shared access. Blocks: never. Context: task, one owner.
 * [impl->dsn~virtq.place~1] [proof->dsn~virtq.place~1]
 */
/*@ requires \valid(q) && \valid(offset) && \separated(q, offset, base + (0 .. limit - 1));
  @ requires \valid(base + (0 .. limit - 1));
  @ requires 1 <= q->count <= SKR_VIRTQ_SIZE_MAX && 4 <= q->stride <= 0x20000;
  @ requires 1 <= size <= SKR_VIRTQ_SIZE_MAX && 16 <= align <= 4096 && *offset <= limit;
  @ terminates \true; exits \false;
  @ assigns *offset, *q;
  @ ensures skr_virtq_planned(q);
  @ ensures \result == SKR_CAUSE_NONE || \result == SKR_CAUSE_QUEUE_SIZE || \result == SKR_CAUSE_MEMORY_SIZE;
  @ ensures placed: \result == SKR_CAUSE_NONE ==>
  @      skr_virtq_sound(q) && q->base == base && q->limit == limit && q->size == size
  @   && q->free_count == q->count && q->outstanding == 0 && \old(*offset) <= *offset <= limit;
  @ ensures unplaced: \result != SKR_CAUSE_NONE ==> *offset == \old(*offset);
  @*/
skr_cause_t skr_virtq_place(skr_virtq_t *q, skr_shm_t *base, uint64_t address, uint32_t limit, uint32_t *offset,
                            uint16_t size, uint32_t align);

/**
 * Write an empty ring and the fixed part of each descriptor.
 *
 * @param q  ring, placed
 *
 * Bound: one loop of `count` passes; one clear of the ring, 4 shared writes a pass. Blocks: never. Context: task.
 * [impl->dsn~virtq.format~1] [proof->dsn~virtq.format~1]
 */
/*@ requires skr_virtq_sound(q);
  @ terminates \true; exits \false;
  @ assigns q->base[0 .. q->limit - 1], q->length[0 .. SKR_VIRTQ_SIZE_MAX - 1];
  @ ensures skr_virtq_sound(q);
  @*/
void skr_virtq_format(skr_virtq_t *q);

/**
 * Take over a ring that an earlier life of this side left running. The only place where the available ring is read back,
 * and what it says is checked like a word of the device. The device holds the last `avail.idx - used.idx` entries of the
 * available ring; everything else becomes free.
 *
 * @param q  ring, placed and not used since
 *
 * @return SKR_CAUSE_NONE    taken over: each buffer is free or with the device. Kick the device: whether the earlier life did
 *                           so is not known
 * @return SKR_CAUSE_ATTACH  the indices are further apart than there are buffers, or an entry names no buffer or one twice;
 *                           place the ring again before any other use
 *
 * Bound: three loops of at most `count` passes; at most `count` + 2 shared reads and 4 * `count` shared writes. Blocks: never.
 * Context: task, one owner.
 * [impl->dsn~virtq.attach~1] [proof->dsn~virtq.attach~1]
 */
/*@ requires skr_virtq_sound(q) && q->outstanding == 0 && q->free_count == q->count;
  @ terminates \true; exits \false;
  @ assigns q->base[0 .. q->limit - 1], *q;
  @ ensures skr_virtq_settled(q);
  @ ensures \result == SKR_CAUSE_NONE || \result == SKR_CAUSE_ATTACH;
  @ ensures skr_virtq_sound(q);
  @ ensures attached: \result == SKR_CAUSE_NONE ==> q->free_count + q->outstanding == q->count
  @      && q->kicked_idx == q->avail_idx;
  @ ensures refused: \result == SKR_CAUSE_ATTACH ==> q->free_count == 0 && q->outstanding == 0;
  @*/
SKR_MUST_CHECK skr_cause_t skr_virtq_attach(skr_virtq_t *q);

/**
 * Take a free buffer.
 *
 * @return index of the buffer, < q->count; it is the caller's until skr_virtq_add() or skr_virtq_release()
 * @return SKR_VIRTQ_NONE  no buffer is free
 *
 * Bound: no loop, no shared access. Blocks: never. Context: task, one owner.
 * [impl->dsn~virtq.take~1] [proof->dsn~virtq.take~1]
 */
/*@ requires skr_virtq_sound(q);
  @ terminates \true; exits \false;
  @ assigns *q;
  @ ensures skr_virtq_settled(q) && skr_since_pre(q->outstanding);
  @ ensures skr_virtq_sound(q);
  @ ensures none: \old(q->free_count) == 0 ==> \result == SKR_VIRTQ_NONE && q->free_count == 0;
  @ ensures taken: \old(q->free_count) > 0 ==> \result == \old(q->free_ids[q->free_count - 1])
  @      && skr_virtq_taken(q, \result) && q->free_count == \old(q->free_count) - 1;
  @ ensures others: \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX && i != \result ==> q->owner[i] == \old(q->owner[i]);
  @*/
uint16_t skr_virtq_take(skr_virtq_t *q);

/**
 * Put back a buffer that this side has and does not want to make available.
 *
 * Bound: no loop, no shared access. Blocks: never. Context: task, one owner.
 * [impl->dsn~virtq.release~1] [proof->dsn~virtq.release~1]
 */
/*@ requires skr_virtq_sound(q) && skr_virtq_taken(q, id);
  @ terminates \true; exits \false;
  @ assigns *q;
  @ ensures skr_virtq_settled(q) && skr_since_pre(q->outstanding);
  @ ensures skr_virtq_sound(q);
  @ ensures q->free_count == \old(q->free_count) + 1 && q->owner[id] == SKR_VIRTQ_FREE;
  @ ensures skr_since_pre(q->avail_idx) && skr_since_pre(q->kicked_idx);
  @ ensures others: \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX && i != id ==> q->owner[i] == \old(q->owner[i]);
  @*/
void skr_virtq_release(skr_virtq_t *q, uint16_t id);

/**
 * Make a buffer available; the device learns of it with the next skr_virtq_publish().
 *
 * @param id      a buffer that this side has
 * @param length  bytes to be read or written by the device, 1 .. q->stride
 *
 * Bound: no loop; at most 2 shared writes. Blocks: never. Context: task, one owner.
 * [impl->dsn~virtq.add~1] [proof->dsn~virtq.add~1]
 */
/*@ requires skr_virtq_sound(q) && skr_virtq_taken(q, id) && 1 <= length <= q->stride;
  @ terminates \true; exits \false;
  @ assigns q->base[0 .. q->limit - 1], *q;
  @ ensures skr_virtq_settled(q) && skr_since_pre(q->free_count);
  @ ensures skr_virtq_sound(q);
  @ ensures others: \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX && i != id ==> q->owner[i] == \old(q->owner[i]);
  @ ensures q->owner[id] == SKR_VIRTQ_DEVICE && q->length[id] == length;
  @ ensures q->outstanding == \old(q->outstanding) + 1;
  @ ensures q->avail_idx == (\old(q->avail_idx) + 1) % 0x10000;
  @*/
void skr_virtq_add(skr_virtq_t *q, uint16_t id, uint32_t length);

/**
 * Make every free buffer available at its whole length: how a receive ring is filled.
 *
 * Bound: one loop of at most `count` passes; 2 shared writes a pass. Blocks: never. Context: task, one owner.
 * [impl->dsn~virtq.fill~1] [proof->dsn~virtq.fill~1]
 */
/*@ requires skr_virtq_sound(q);
  @ terminates \true; exits \false;
  @ assigns q->base[0 .. q->limit - 1], *q;
  @ ensures skr_virtq_settled(q);
  @ ensures skr_virtq_sound(q);
  @ ensures q->free_count == 0;
  @*/
void skr_virtq_fill(skr_virtq_t *q);

/**
 * Show the device everything added so far, and find out whether it wants to be told. With EVENT_IDX a receive ring also asks
 * for an interrupt at the next buffer after those seen: look once more before going to sleep.
 *
 * @return true  kick the device
 * @return false  nothing new, or the device has said that it is awake
 *
 * Bound: no loop; 2 shared writes, 1 shared read, 1 full barrier; none of them if nothing was added. Blocks: never.
 * [impl->dsn~virtq.publish~1] [proof->dsn~virtq.publish~1]
 */
/*@ requires skr_virtq_sound(q);
  @ terminates \true; exits \false;
  @ assigns q->base[0 .. q->limit - 1], q->kicked_idx;
  @ ensures skr_virtq_sound(q);
  @ ensures q->kicked_idx == q->avail_idx;
  @ ensures q->avail_idx == \old(q->kicked_idx) ==> \result == \false;
  @*/
bool skr_virtq_publish(skr_virtq_t *q);

/**
 * Take back one buffer that the device has finished with. What came back stands in the ring: no other memory is written, so
 * no other has to be shown apart from it.
 *
 *   q->popped         the buffer, < q->count, now the caller's; SKR_VIRTQ_NONE if there was nothing new, or the ring is broken
 *   q->popped_length  bytes the device wrote to it, <= what was made available; 0 where the device only reads
 *
 * @return SKR_CAUSE_NONE  a buffer came back, or there is nothing new
 * @return SKR_CAUSE_USED_INDEX | _USED_ID | _USED_TWICE | _USED_LENGTH  the device broke the ring; the books are unchanged, do
 *         not use the ring again
 *
 * Bound: no loop; at most 3 shared reads, 2 where the device only reads; 1 acquire barrier. Blocks: never. Context: task, one owner.
 * [impl->dsn~virtq.pop~2] [proof->dsn~virtq.pop~2]
 */
/*@ requires skr_virtq_sound(q);
  @ terminates \true; exits \false;
  @ assigns *q;
  @ ensures skr_virtq_settled(q) && skr_since_pre(q->free_count);
  @ ensures skr_virtq_sound(q);
  @ ensures returned: q->popped != SKR_VIRTQ_NONE ==>
  @      skr_virtq_taken(q, q->popped) && \old(q->owner[\at(q->popped, Post)]) == SKR_VIRTQ_DEVICE
  @   && q->popped_length <= (q->from_device != 0 ? q->length[q->popped] : 0)
  @   && q->outstanding == \old(q->outstanding) - 1;
  @ ensures others: \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX && i != q->popped ==> q->owner[i] == \old(q->owner[i]);
  @ ensures unchanged: q->popped == SKR_VIRTQ_NONE ==> skr_since_pre(q->last_used) && skr_since_pre(q->outstanding);
  @ ensures why: \result == SKR_CAUSE_NONE || \result == SKR_CAUSE_USED_INDEX || \result == SKR_CAUSE_USED_ID
  @   || \result == SKR_CAUSE_USED_TWICE || \result == SKR_CAUSE_USED_LENGTH;
  @ ensures broken: \result != SKR_CAUSE_NONE ==> q->popped == SKR_VIRTQ_NONE;
  @*/
SKR_MUST_CHECK skr_cause_t skr_virtq_pop(skr_virtq_t *q);

/**
 * Ask for interrupts of this ring, or ask the device to spare them. A hint: the device may ignore it.
 *
 * Bound: no loop; 1 shared write, 1 full barrier. Blocks: never. Context: task, one owner.
 * [impl->dsn~virtq.interrupts~1] [proof->dsn~virtq.interrupts~1]
 */
/*@ requires skr_virtq_sound(q);
  @ terminates \true; exits \false;
  @ assigns q->base[0 .. q->limit - 1];
  @ ensures skr_virtq_sound(q);
  @*/
void skr_virtq_interrupts(const skr_virtq_t *q, bool wanted);

/** Offset of buffer `id` in the window. Bound: no loop, no shared access.
 *  [impl->dsn~virtq.buffer~1] [proof->dsn~virtq.buffer~1] */
/*@ requires \valid_read(q) && skr_virtq_placed(q) && 0 <= id < q->count;
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == q->buffers + id * q->stride && \result + q->stride <= q->limit;
  @*/
static inline uint32_t skr_virtq_buffer(const skr_virtq_t *q, uint16_t id)
{
    /*@ assert room: q->buffers + q->count * q->stride <= q->limit; */
    /*@ assert part: (id + 1) * q->stride <= q->count * q->stride; */
    /*@ assert offset: 0 <= id * q->stride <= q->limit; */
    return q->buffers + ((uint32_t)id * q->stride);
}

#ifdef __cplusplus
}
#endif

#endif
