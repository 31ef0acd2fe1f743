/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Transports: the dozen register-level operations, chosen by a kind (internal layer; of interest to an integrator is only
 * skr_transport_t, which tells the library where everything lies).
 *
 *   SKR_TRANSPORT_MMIO_V2  virtio-mmio, register version 2 (VIRTIO 1.x)
 *   SKR_TRANSPORT_MMIO_V1  virtio-mmio, register version 1 (legacy); little-endian hosts only
 *   SKR_TRANSPORT_HVL      hypervisor-less: the version 1 register page as plain shared memory, served by a PMM
 *
 * No operation waits and none is retried here: each is a fixed number of register accesses.
 * Addresses never come from the other side: what it says of its own place is compared, never followed.
 */
#ifndef SKERRY_TRANSPORT_H
#define SKERRY_TRANSPORT_H

#include "skerry/virtq.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Which register layout and handshake. */
typedef enum {
    SKR_TRANSPORT_MMIO_V2 = 1,
    SKR_TRANSPORT_MMIO_V1 = 2,
    SKR_TRANSPORT_HVL = 3
} skr_transport_kind_t;

/** Hypervisor-less only: this PMM comes out of a reset, so every set-up begins with one, and what an earlier life of this side
 *  left behind is cleared on both sides. Not true of kvmtool's PMM, which a reset kills: there a running device is attached to. */
#define SKR_OPTION_PMM_RESETS 0x1U

/** Offer EVENT_IDX to the device if it has it. */
#define SKR_OPTION_EVENT_IDX 0x2U

/** Bytes of the hypervisor-less block that belong to the register page; rings begin behind them. */
#define SKR_HVL_HEADER_BYTES 0x1000U

/** Where a device lies. Filled in by the integrator, copied by the library, never changed by it. */
typedef struct {
    skr_transport_kind_t kind;
    skr_shm_t *registers;     /**< register page, 4-aligned */
    uint32_t registers_size;  /**< bytes in it, at least 0x100 */
    skr_shm_t *config;        /**< device configuration, 4-aligned: registers + 0x100, but for the hypervisor-less transport
                                   the block's start + 0x100 */
    uint32_t config_size;     /**< bytes in it: at least 12 for a console, 8 for vsock */
    skr_shm_t *memory;        /**< window for rings and buffers, 4096-aligned; hypervisor-less: the block's start + 0x1000 */
    uint32_t memory_size;     /**< bytes in it */
    uint64_t memory_address;  /**< where the device sees `memory`; a multiple of 4096 */
    uint32_t doorbell;        /**< handed to skr_port_doorbell(); hypervisor-less only */
    uint32_t options;         /**< SKR_OPTION_... */
} skr_transport_t;

/* What the integrator promises: the sizes are true, and the windows are not the library's own memory.
 * What skr_transport_check() has found true of a configuration. */
#ifdef __FRAMAC__
#define skr_transport_known(t) \
    ((t)->kind == SKR_TRANSPORT_MMIO_V2 || (t)->kind == SKR_TRANSPORT_MMIO_V1 || (t)->kind == SKR_TRANSPORT_HVL)

#define skr_transport_given(t) \
    (((t)->registers == \null || \valid((t)->registers + (0 .. (t)->registers_size - 1))) \
  && ((t)->config == \null || \valid((t)->config + (0 .. (t)->config_size - 1))) \
  && ((t)->memory == \null || \valid((t)->memory + (0 .. (t)->memory_size - 1))))

#define skr_transport_alike(a, b) \
    ((a)->kind == (b)->kind && (a)->registers == (b)->registers && (a)->registers_size == (b)->registers_size \
  && (a)->config == (b)->config && (a)->config_size == (b)->config_size && (a)->memory == (b)->memory \
  && (a)->memory_size == (b)->memory_size && (a)->memory_address == (b)->memory_address \
  && (a)->doorbell == (b)->doorbell && (a)->options == (b)->options)

#define skr_transport_sound(t) \
    (skr_transport_known(t) \
  && 0x100 <= (t)->registers_size && \valid((t)->registers + (0 .. (t)->registers_size - 1)) \
  && \valid((t)->config + (0 .. (t)->config_size - 1)) \
  && \valid((t)->memory + (0 .. (t)->memory_size - 1)) \
  && (t)->memory_address + (t)->memory_size <= 0x80000000000)
#endif

/** Device status bits, VIRTIO 1.4, 2.1. */
#define SKR_STATUS_ACKNOWLEDGE 0x01U
#define SKR_STATUS_DRIVER 0x02U
#define SKR_STATUS_DRIVER_OK 0x04U
#define SKR_STATUS_FEATURES_OK 0x08U
#define SKR_STATUS_NEEDS_RESET 0x40U
#define SKR_STATUS_FAILED 0x80U

/**
 * Check the integrator's description, before anything is touched.
 *
 * @param config_bytes  bytes of configuration the device needs
 *
 * @return SKR_CAUSE_NONE | _CONFIGURATION | _REGISTERS_SIZE | _ALIGNMENT | _MEMORY_ADDRESS
 *
 * Bound: no loop, no shared access. Blocks: never. Context: task.
 * [impl->dsn~transport.check~1] [proof->dsn~transport.check~1]
 */
/*@ requires \valid_read(t) && skr_transport_given(t);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == SKR_CAUSE_NONE ==> skr_transport_sound(t) && t->config_size >= config_bytes
  @   && t->registers != \null && t->config != \null && t->memory != \null;
  @ ensures \result == SKR_CAUSE_NONE || \result == SKR_CAUSE_CONFIGURATION || \result == SKR_CAUSE_REGISTERS_SIZE
  @   || \result == SKR_CAUSE_ALIGNMENT || \result == SKR_CAUSE_MEMORY_ADDRESS;
  @*/
SKR_MUST_CHECK skr_cause_t skr_transport_check(const skr_transport_t *t, uint32_t config_bytes);

/**
 * Look who is there: magic, version, device id, and (hypervisor-less) that the block is where the description says.
 *
 * @param cause  out: why, with SKR_FAULT; untouched otherwise
 *
 * @return SKR_OK     the device that was asked for
 * @return SKR_AGAIN  nobody yet: hypervisor-less with a magic value of 0
 * @return SKR_FAULT  _MAGIC, _VERSION, _ABSENT, _DEVICE_ID, _BLOCK
 *
 * Bound: no loop; at most 7 shared reads. Blocks: never. Context: task.
 * [impl->dsn~transport.identify~1] [proof->dsn~transport.identify~1]
 */
/*@ requires \valid_read(t) && skr_transport_sound(t) && \valid(cause);
  @ requires \separated(cause, t);
  @ terminates \true; exits \false; assigns *cause;
  @ ensures \result == SKR_OK || \result == SKR_AGAIN || \result == SKR_FAULT;
  @ ensures \result != SKR_FAULT ==> *cause == \old(*cause);
  @ ensures \result == SKR_FAULT ==> SKR_CAUSE_MAGIC <= *cause <= SKR_CAUSE_BLOCK;
  @*/
SKR_MUST_CHECK skr_status_t skr_transport_identify(const skr_transport_t *t, uint32_t device_id, skr_cause_t *cause);

/** Whether the magic value is still there. Bound: 1 shared read.
 *  [impl->dsn~transport.magic~1] [proof->dsn~transport.magic~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
bool skr_transport_magic(const skr_transport_t *t);

/** Read the status register, low 8 bits. Bound: 1 shared read.
 *  [impl->dsn~transport.status~1] [proof->dsn~transport.status~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result <= 0xFF;
  @*/
uint32_t skr_transport_status(const skr_transport_t *t);

/** Write the status register. Hypervisor-less: the fence that has to follow rings. Bound: 1 shared write.
 *  [impl->dsn~transport.set_status~1] [proof->dsn~transport.set_status~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t);
  @ requires \separated(t, t->registers + (0 .. t->registers_size - 1));
  @ terminates \true; exits \false; assigns t->registers[0 .. t->registers_size - 1];
  @*/
void skr_transport_set_status(const skr_transport_t *t, uint32_t status);

/** Read the offered features: bits 0..63, version 1 registers bits 0..31 only. Bound: 2 shared reads, 2 shared writes.
 *  [impl->dsn~transport.features~1] [proof->dsn~transport.features~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t);
  @ requires \separated(t, t->registers + (0 .. t->registers_size - 1));
  @ terminates \true; exits \false; assigns t->registers[0 .. t->registers_size - 1];
  @*/
uint64_t skr_transport_features(const skr_transport_t *t);

/** Write the accepted features; version 1 registers: and the page size. Hypervisor-less: the fence that has to follow rings.
 *  Bound: 4 shared writes.
 *  [impl->dsn~transport.accept~1] [proof->dsn~transport.accept~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t);
  @ requires \separated(t, t->registers + (0 .. t->registers_size - 1));
  @ terminates \true; exits \false; assigns t->registers[0 .. t->registers_size - 1];
  @*/
void skr_transport_accept(const skr_transport_t *t, uint64_t features);

/**
 * Select a queue and read how large it may be.
 *
 * @param busy  out: true if the device says the queue is in use already (virtio-mmio only)
 *
 * @return descriptors the device allows; 0: no such queue
 *
 * Bound: 1 shared write, 2 shared reads.
 * [impl->dsn~transport.queue_max~1] [proof->dsn~transport.queue_max~1]
 */
/*@ requires \valid_read(t) && skr_transport_sound(t) && \valid(busy);
  @ requires \separated(t, busy, t->registers + (0 .. t->registers_size - 1));
  @ terminates \true; exits \false; assigns *busy, t->registers[0 .. t->registers_size - 1];
  @*/
uint32_t skr_transport_queue_max(const skr_transport_t *t, uint16_t index, bool *busy);

/** Select a queue and write its size and, for version 1 registers, alignment. Hypervisor-less: the fence that has to follow
 *  rings. Bound: 3 shared writes.
 *  [impl->dsn~transport.queue_size~1] [proof->dsn~transport.queue_size~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t);
  @ requires \separated(t, t->registers + (0 .. t->registers_size - 1));
  @ terminates \true; exits \false; assigns t->registers[0 .. t->registers_size - 1];
  @*/
void skr_transport_queue_size(const skr_transport_t *t, uint16_t index, uint16_t size);

/** Tell the device where the selected queue lies and start it. Bound: 7 shared writes; hypervisor-less 1 and 1 doorbell.
 *  [impl->dsn~transport.queue_start~1] [proof->dsn~transport.queue_start~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t) && skr_virtq_sound(q);
  @ requires \separated(t, q, t->registers + (0 .. t->registers_size - 1));
  @ terminates \true; exits \false; assigns t->registers[0 .. t->registers_size - 1];
  @*/
void skr_transport_queue_start(const skr_transport_t *t, const skr_virtq_t *q);

/**
 * Look whether the device has taken the queue.
 *
 * @param cause  out: why, with SKR_FAULT; untouched otherwise
 *
 * @return SKR_OK | SKR_AGAIN (no answer yet) | SKR_FAULT (SKR_CAUSE_QUEUE_ANSWER: a word that is neither the
 *         acknowledgement nor what was written)
 *
 * Bound: 1 shared read.
 * [impl->dsn~transport.queue_answer~1] [proof->dsn~transport.queue_answer~1]
 */
/*@ requires \valid_read(t) && skr_transport_sound(t) && skr_virtq_sound(q) && \valid(cause);
  @ requires \separated(cause, t, q);
  @ terminates \true; exits \false; assigns *cause;
  @ ensures \result == SKR_OK || \result == SKR_AGAIN || \result == SKR_FAULT;
  @ ensures \result == SKR_FAULT ==> *cause == SKR_CAUSE_QUEUE_ANSWER;
  @ ensures \result != SKR_FAULT ==> *cause == \old(*cause);
  @*/
SKR_MUST_CHECK skr_status_t skr_transport_queue_answer(const skr_transport_t *t, const skr_virtq_t *q, skr_cause_t *cause);

/** Kick one queue: QueueNotify, or the doorbell (which makes the PMM look at every queue of every device).
 *  Bound: 1 shared write or 1 doorbell.
 *  [impl->dsn~transport.notify~1] [proof->dsn~transport.notify~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t);
  @ requires \separated(t, t->registers + (0 .. t->registers_size - 1));
  @ terminates \true; exits \false; assigns t->registers[0 .. t->registers_size - 1];
  @*/
void skr_transport_notify(const skr_transport_t *t, uint16_t index);

/** Hypervisor-less: plant the pass fence (a bit that only a pass of the PMM clears) and ring. Otherwise nothing.
 *  Bound: 1 shared write. [impl->dsn~transport.fence~1] [proof->dsn~transport.fence~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t);
  @ requires \separated(t, t->registers + (0 .. t->registers_size - 1));
  @ terminates \true; exits \false; assigns t->registers[0 .. t->registers_size - 1];
  @*/
void skr_transport_fence(const skr_transport_t *t);

/** Whether the pass fence is gone; always true for virtio-mmio. Bound: 1 shared read.
 *  [impl->dsn~transport.fence_gone~1] [proof->dsn~transport.fence_gone~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
bool skr_transport_fence_gone(const skr_transport_t *t);

/** Read ConfigGeneration; 0 where there is none. Bound: 1 shared read.
 *  [impl->dsn~transport.generation~1] [proof->dsn~transport.generation~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
uint32_t skr_transport_generation(const skr_transport_t *t);

/** Read and acknowledge the interrupt: bit 0 used buffers, bit 1 configuration change. Hypervisor-less: nothing is touched
 *  (an acknowledgement would swallow a doorbell), both bits are returned. May be called from an interrupt handler.
 *  Bound: 1 shared read, 1 shared write. [impl->dsn~transport.acknowledge~1] [proof->dsn~transport.acknowledge~1] */
/*@ requires \valid_read(t) && skr_transport_sound(t);
  @ requires \separated(t, t->registers + (0 .. t->registers_size - 1));
  @ terminates \true; exits \false; assigns t->registers[0 .. t->registers_size - 1];
  @ ensures \result <= 3;
  @*/
uint32_t skr_transport_acknowledge(const skr_transport_t *t);

#ifdef __cplusplus
}
#endif

#endif
