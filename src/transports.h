/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What differs between the transports: one function of each operation and kind, chosen in transport.c. What all kinds have
 * in common stands there. Preconditions are those of the public operation in transport.h.
 */
#ifndef SKERRY_TRANSPORTS_H
#define SKERRY_TRANSPORTS_H

#include "skerry/transport.h"

/* Registers, VIRTIO 1.4, 4.2.2 and 4.2.4. */
#define SKR_REG_MAGIC 0x000U
#define SKR_REG_VERSION 0x004U
#define SKR_REG_DEVICE_ID 0x008U
#define SKR_REG_DEVICE_FEATURES 0x010U
#define SKR_REG_DEVICE_FEATURES_SEL 0x014U
#define SKR_REG_DRIVER_FEATURES 0x020U
#define SKR_REG_DRIVER_FEATURES_SEL 0x024U
#define SKR_REG_GUEST_PAGE_SIZE 0x028U /* version 1 */
#define SKR_REG_QUEUE_SEL 0x030U
#define SKR_REG_QUEUE_SIZE_MAX 0x034U
#define SKR_REG_QUEUE_SIZE 0x038U
#define SKR_REG_QUEUE_ALIGN 0x03CU /* version 1 */
#define SKR_REG_QUEUE_PFN 0x040U   /* version 1 */
#define SKR_REG_QUEUE_READY 0x044U /* version 2 */
#define SKR_REG_QUEUE_NOTIFY 0x050U
#define SKR_REG_INTERRUPT_STATUS 0x060U
#define SKR_REG_INTERRUPT_ACK 0x064U
#define SKR_REG_STATUS 0x070U
#define SKR_REG_QUEUE_DESC 0x080U   /* version 2; low, high */
#define SKR_REG_QUEUE_DRIVER 0x090U /* version 2; low, high */
#define SKR_REG_QUEUE_DEVICE 0x0A0U /* version 2; low, high */
#define SKR_REG_BLOCK_LENGTH 0x0B0U /* hypervisor-less; low, high */
#define SKR_REG_BLOCK_BASE 0x0B8U   /* hypervisor-less; low, high */
#define SKR_REG_GENERATION 0x0FCU   /* version 2 */

/** Page size and queue alignment of the version 1 registers. */
#define SKR_PAGE_BYTES 4096U

/* The operations read the description while they write registers. */
/*@ predicate skr_transport_apart(skr_transport_t *t) =
  @      \separated(t, t->registers + (0 .. t->registers_size - 1));
  @*/

/** Offered features, bits 0..63. Bound: 2 shared writes, 2 shared reads.
 *  [impl->dsn~transport.features~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t) && skr_transport_apart(t);
  @ terminates \true; exits \false; assigns t->registers[0 .. t->registers_size - 1];
  @*/
uint64_t skr_mmio_v2_features(const skr_transport_t *t);

/** Accept features, bits 0..63. Bound: 4 shared writes.
 *  [impl->dsn~transport.accept~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t) && skr_transport_apart(t);
  @ terminates \true; exits \false; assigns t->registers[0 .. t->registers_size - 1];
  @*/
void skr_mmio_v2_accept(const skr_transport_t *t, uint64_t features);

/** Select a queue, see whether it is ready already, read its largest size. Bound: 1 shared write, 2 shared reads.
 *  [impl->dsn~transport.queue_max~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t) && \valid(busy);
  @ requires \separated(t, busy, t->registers + (0 .. t->registers_size - 1));
  @ terminates \true; exits \false; assigns *busy, t->registers[0 .. t->registers_size - 1];
  @*/
uint32_t skr_mmio_v2_queue_max(const skr_transport_t *t, uint16_t index, bool *busy);

/** Write the three addresses of the selected queue and make it ready. Bound: 7 shared writes.
 *  [impl->dsn~transport.queue_start~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t) && skr_virtq_sound(q);
  @ requires \separated(t, q, t->registers + (0 .. t->registers_size - 1));
  @ terminates \true; exits \false; assigns t->registers[0 .. t->registers_size - 1];
  @*/
void skr_mmio_v2_queue_start(const skr_transport_t *t, const skr_virtq_t *q);

/** Whether QueueReady reads 1: SKR_OK or SKR_FAULT. Bound: 1 shared read.
 *  [impl->dsn~transport.queue_answer~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == SKR_OK || \result == SKR_FAULT;
  @*/
SKR_MUST_CHECK skr_status_t skr_mmio_v2_queue_answer(const skr_transport_t *t);

/** Page number of a queue for the device: below 2^31, so never the acknowledgement word. Bound: no shared access.
 *  [impl->dsn~transport.queue_size~1] */
/*@ requires \valid_read(q);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures q->address + q->desc < 0x80000000000 ==> \result == (q->address + q->desc) / SKR_PAGE_BYTES
  @   && \result < 0x80000000;
  @*/
uint32_t skr_mmio_v1_page(const skr_virtq_t *q);

/** Offered features, bits 0..31. Bound: 1 shared write, 1 shared read.
 *  [impl->dsn~transport.features~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t) && skr_transport_apart(t);
  @ terminates \true; exits \false; assigns t->registers[0 .. t->registers_size - 1];
  @*/
uint64_t skr_mmio_v1_features(const skr_transport_t *t);

/** Accept features, bits 0..31; say the page size, once for all queues to come. Bound: 3 shared writes.
 *  [impl->dsn~transport.accept~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t) && skr_transport_apart(t);
  @ terminates \true; exits \false; assigns t->registers[0 .. t->registers_size - 1];
  @*/
void skr_mmio_v1_accept(const skr_transport_t *t, uint64_t features);

/** Select a queue, see whether it has a page already, read its largest size. Bound: 1 shared write, 2 shared reads.
 *  [impl->dsn~transport.queue_max~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t) && \valid(busy);
  @ requires \separated(t, busy, t->registers + (0 .. t->registers_size - 1));
  @ terminates \true; exits \false; assigns *busy, t->registers[0 .. t->registers_size - 1];
  @*/
uint32_t skr_mmio_v1_queue_max(const skr_transport_t *t, uint16_t index, bool *busy);

/** Write the page of the selected queue. Bound: 1 shared write.
 *  [impl->dsn~transport.queue_start~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t) && skr_virtq_sound(q);
  @ requires \separated(t, q, t->registers + (0 .. t->registers_size - 1));
  @ terminates \true; exits \false; assigns t->registers[0 .. t->registers_size - 1];
  @*/
void skr_mmio_v1_queue_start(const skr_transport_t *t, const skr_virtq_t *q);

/** Whether QueuePFN reads what was written: SKR_OK or SKR_FAULT. Bound: 1 shared read.
 *  [impl->dsn~transport.queue_answer~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t) && skr_virtq_sound(q);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == SKR_OK || \result == SKR_FAULT;
  @*/
SKR_MUST_CHECK skr_status_t skr_mmio_v1_queue_answer(const skr_transport_t *t, const skr_virtq_t *q);

/** Whether the block is where the description says, and no shorter. Compared only. Bound: 4 shared reads.
 *  [impl->dsn~transport.identify~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
bool skr_hvl_block(const skr_transport_t *t);

/** Offered features, bits 0..31; there is no selector. Bound: 1 shared read.
 *  [impl->dsn~transport.features~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
uint64_t skr_hvl_features(const skr_transport_t *t);

/** Accept features, bits 0..31. Bound: 1 shared write.
 *  [impl->dsn~transport.accept~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t) && skr_transport_apart(t);
  @ terminates \true; exits \false; assigns t->registers[0 .. t->registers_size - 1];
  @*/
void skr_hvl_accept(const skr_transport_t *t, uint64_t features);

/** Size of every queue; none is selected, the PMM counts queues by itself. Bound: 1 shared read.
 *  [impl->dsn~transport.queue_max~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
uint32_t skr_hvl_queue_max(const skr_transport_t *t);

/** Write the page of the next queue and ring. Bound: 1 shared write, 1 doorbell.
 *  [impl->dsn~transport.queue_start~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t) && skr_virtq_sound(q);
  @ requires \separated(t, q, t->registers + (0 .. t->registers_size - 1));
  @ terminates \true; exits \false; assigns t->registers[0 .. t->registers_size - 1];
  @*/
void skr_hvl_queue_start(const skr_transport_t *t, const skr_virtq_t *q);

/** Whether the PMM has acknowledged the page: SKR_OK, SKR_AGAIN or SKR_FAULT. Bound: 1 shared read.
 *  [impl->dsn~transport.queue_answer~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t) && skr_virtq_sound(q);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == SKR_OK || \result == SKR_AGAIN || \result == SKR_FAULT;
  @*/
SKR_MUST_CHECK skr_status_t skr_hvl_queue_answer(const skr_transport_t *t, const skr_virtq_t *q);

/** Ring. Bound: 1 doorbell.
 *  [impl->dsn~transport.notify~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
void skr_hvl_notify(const skr_transport_t *t);

/** Plant the pass fence and ring. Bound: 1 shared write, 1 doorbell.
 *  [impl->dsn~transport.fence~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t) && skr_transport_apart(t);
  @ terminates \true; exits \false; assigns t->registers[0 .. t->registers_size - 1];
  @*/
void skr_hvl_fence(const skr_transport_t *t);

/** Whether the pass fence is gone. Bound: 1 shared read.
 *  [impl->dsn~transport.fence_gone~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
bool skr_hvl_fence_gone(const skr_transport_t *t);

#endif
