/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Life of a device, the same for console and vsock (internal layer, but for states and counters that an application reads).
 *
 *     IDLE --start--> (set-up, a state per step) --> READY
 *       any state --fault--> FAILED --start--> set-up
 *
 * Set-up is advanced by skr_device_step() with the caller's tick; it never waits, and every wait that stretches over steps
 * ends after SKR_TICKS_SETUP with a cause. A fault is latched: until the next start every call returns SKR_FAULT and
 * touches neither registers nor window. Status bits only grow, but for the reset that begins a set-up over virtio-mmio.
 * Over the hypervisor-less transport a device found running (status 7) is attached to, unless SKR_OPTION_PMM_RESETS allows a reset.
 */
#ifndef SKERRY_DEVICE_H
#define SKERRY_DEVICE_H

#include "skerry/tick.h"
#include "skerry/transport.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Queues of one device: vsock has 3. */
#define SKR_DEVICE_QUEUES 3U

/** Device ids, VIRTIO 1.4, 5. */
#define SKR_DEVICE_ID_CONSOLE 3U
#define SKR_DEVICE_ID_VSOCK 19U

/** Feature bits that are no device's own, VIRTIO 1.4, 6. */
#define SKR_F_ANY_LAYOUT (1ULL << 27U)
#define SKR_F_EVENT_IDX (1ULL << 29U)
#define SKR_F_VERSION_1 (1ULL << 32U)
#define SKR_F_ACCESS_PLATFORM (1ULL << 33U)
#define SKR_F_ORDER_PLATFORM (1ULL << 36U)

/** No status was written yet: no value that the 8-bit register can have. */
#define SKR_DEVICE_STATUS_NONE 0x100U

/** States of a device. */
typedef enum {
    SKR_DEVICE_IDLE = 0,         /**< initialised, never started */
    SKR_DEVICE_IDENTIFY = 1,     /**< looking for magic, version, id */
    SKR_DEVICE_RESET = 2,        /**< waiting for status 0; hypervisor-less: the page to be judged after the first fence */
    SKR_DEVICE_ACKNOWLEDGE = 3,  /**< status ACKNOWLEDGE to be written */
    SKR_DEVICE_DRIVER = 4,       /**< status DRIVER to be written */
    SKR_DEVICE_NEGOTIATE = 5,    /**< features to be read and accepted */
    SKR_DEVICE_CONFIRM = 6,      /**< FEATURES_OK to be read back (mmio version 2) */
    SKR_DEVICE_QUEUE_SIZE = 7,   /**< next queue to be sized and placed */
    SKR_DEVICE_QUEUE_START = 8,  /**< queue to be started */
    SKR_DEVICE_QUEUE_ANSWER = 9, /**< waiting for the queue to be taken */
    SKR_DEVICE_ATTACH = 10,      /**< taking over the rings of an earlier life */
    SKR_DEVICE_START = 11,       /**< status DRIVER_OK to be written */
    SKR_DEVICE_FILL = 12,        /**< receive rings to be filled */
    SKR_DEVICE_READY = 13,       /**< running */
    SKR_DEVICE_FAILED = 14       /**< given up; the cause is latched */
} skr_device_state_t;

/** What was tolerated or repeated. Counters wrap. */
typedef struct {
    uint32_t starts;          /**< set-ups begun */
    uint32_t faults;          /**< faults latched */
    uint32_t kicks;           /**< notifications sent */
    uint32_t kicks_spared;    /**< notifications that the device did not want */
    uint32_t kicks_repeated;  /**< notifications sent on the tick only */
    uint32_t config_retries;  /**< configuration read again because it changed in between */
} skr_device_counters_t;

/** A device. Belongs to one caller at a time; lies outside every window. */
typedef struct {
    skr_transport_t transport;
    skr_device_counters_t counters;
    uint64_t wanted;         /**< features this side can use */
    uint64_t features;       /**< features negotiated */
    skr_device_state_t state;
    skr_cause_t cause;       /**< why FAILED */
    uint32_t device_id;
    uint32_t config_bytes;   /**< configuration bytes that are read */
    uint32_t status;         /**< status register as last written in this life; SKR_DEVICE_STATUS_NONE before that */
    uint32_t offset;         /**< first byte of the window not placed yet */
    uint32_t since;          /**< tick at which the present wait began */
    uint32_t rung;           /**< tick of the last doorbell */
    uint32_t watched;        /**< tick at which identity and status were last looked at */
    uint32_t now;            /**< tick of the last step */
    uint32_t fences;         /**< pass fences still to be waited for, 0 .. 2 */
    uint32_t attached;       /**< 1: this life took over running rings */
    uint32_t queues;         /**< queues planned, 1 .. SKR_DEVICE_QUEUES */
    uint32_t placed;         /**< queues placed so far, 0 .. queues */
    uint32_t linked;         /**< 1: the description of the transport was checked and found good */
    uint32_t field[2];       /**< what skr_device_read_config() read last */
    skr_virtq_t virtq[SKR_DEVICE_QUEUES]; /**< last: what stands behind so much memory takes longer instructions */
} skr_device_t;

/* What holds of each queue is written out for 0, 1 and 2: the provers need no quantifier over structures then.
 * planned: what the buffers of each queue are. linked: the windows are as described. progress: how far the set-up has come, by
 * state: nothing placed; one to be placed; one placed last; all placed. Without a good description the device is FAILED and
 * stays so. same: what no call but init and plan changes. steady: a ring of which nothing has changed since the call. */
#ifdef __FRAMAC__
#define skr_device_queue_planned(d, i)                                        \
    (i < (d)->queues ==>                                                      \
       1 <= (d)->virtq[i].count <= SKR_VIRTQ_SIZE_MAX && 4 <= (d)->virtq[i].stride <= 0x20000)

#define skr_device_planned(d)                                                 \
    (\valid(d) && 1 <= (d)->queues <= SKR_DEVICE_QUEUES                       \
  && (d)->placed <= (d)->queues && (d)->fences <= 2                           \
  && SKR_DEVICE_IDLE <= (d)->state <= SKR_DEVICE_FAILED                       \
  && skr_device_queue_planned(d, 0) && skr_device_queue_planned(d, 1)         \
  && skr_device_queue_planned(d, 2))

#define skr_device_linked(d)                                                  \
    (skr_transport_sound(&(d)->transport)                                     \
  && (d)->config_bytes <= (d)->transport.config_size                          \
  && \separated(d, (d)->transport.registers + (0 .. (d)->transport.registers_size - 1)) \
  && \separated(d, (d)->transport.memory + (0 .. (d)->transport.memory_size - 1)))

#define skr_device_ring(d, i)                                                 \
    (i < (d)->placed ==> skr_virtq_sound(&(d)->virtq[i])                      \
       && (d)->virtq[i].base == (d)->transport.memory                         \
       && (d)->virtq[i].limit == (d)->transport.memory_size)

#define skr_device_rings(d)                                                   \
    (skr_device_ring(d, 0) && skr_device_ring(d, 1) && skr_device_ring(d, 2))

#define skr_device_progress(d)                                                \
    ((d)->offset <= (d)->transport.memory_size                                \
  && ((d)->state <= SKR_DEVICE_CONFIRM ==> (d)->placed == 0)                  \
  && ((d)->state == SKR_DEVICE_QUEUE_SIZE || (d)->state == SKR_DEVICE_ATTACH ==> (d)->placed < (d)->queues) \
  && ((d)->state == SKR_DEVICE_QUEUE_START || (d)->state == SKR_DEVICE_QUEUE_ANSWER ==> 1 <= (d)->placed) \
  && ((d)->state >= SKR_DEVICE_START && (d)->state != SKR_DEVICE_FAILED ==> (d)->placed == (d)->queues) \
  && ((d)->state == SKR_DEVICE_READY ==> (d)->fences == 0))

#define skr_device_sound(d)                                                   \
    (skr_device_planned(d) && skr_device_rings(d) && skr_device_progress(d)   \
  && ((d)->linked != 0 ==> skr_device_linked(d))                              \
  && ((d)->linked == 0 ==> (d)->state == SKR_DEVICE_FAILED && (d)->placed == 0))

#define skr_device_ready(d)                                                   \
    (skr_device_sound(d) && (d)->state == SKR_DEVICE_READY)

#define skr_device_same(d)                                                    \
    (skr_since_pre((d)->linked) && skr_since_pre((d)->queues)                 \
  && skr_virtq_planned(&(d)->virtq[0]) && skr_virtq_planned(&(d)->virtq[1]) && skr_virtq_planned(&(d)->virtq[2]))

#define skr_queue_steady(q)                                                   \
    (skr_virtq_settled(q) && skr_since_pre((q)->ready) && skr_since_pre((q)->outstanding) \
  && skr_since_pre((q)->free_count) && skr_since_pre((q)->avail_idx)          \
  && skr_since_pre((q)->kicked_idx) && skr_since_pre((q)->last_used)          \
  && (\forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==>                      \
         skr_since_pre((q)->free_ids[i]) && skr_since_pre((q)->owner[i])))

#define skr_device_steady(d)                                                  \
    (skr_queue_steady(&(d)->virtq[0]) && skr_queue_steady(&(d)->virtq[1]) && skr_queue_steady(&(d)->virtq[2]))
#endif

/**
 * Prepare a device. Nothing shared is touched.
 *
 * @param d             device; outside the windows
 * @param transport     where it lies; copied. The windows have to exist as described for as long as the device is used
 * @param device_id     SKR_DEVICE_ID_...
 * @param config_bytes  bytes of configuration the device needs
 * @param wanted        features this side can use, without those of the transport
 *
 * @return SKR_OK     the state is SKR_DEVICE_IDLE
 * @return SKR_FAULT  the description is bad, the cause says how; the state is SKR_DEVICE_FAILED for good
 *
 * Bound: no loop, no shared access. Blocks: never. Context: task.
 * [impl->dsn~device.init~1] [proof->dsn~device.init~1]
 */
/*@ requires \valid(d) && \valid_read(transport) && \separated(d, transport) && skr_transport_given(transport);
  @ requires \separated(d, transport->registers + (0 .. transport->registers_size - 1));
  @ requires \separated(d, transport->config + (0 .. transport->config_size - 1));
  @ requires \separated(d, transport->memory + (0 .. transport->memory_size - 1));
  @ terminates \true; exits \false;
  @ assigns *d;
  @ ensures \result == SKR_OK || \result == SKR_FAULT;
  @ ensures \result == SKR_OK ==> d->state == SKR_DEVICE_IDLE && d->linked == 1 && skr_device_linked(d);
  @ ensures \result == SKR_FAULT ==> d->state == SKR_DEVICE_FAILED && d->linked == 0 && d->cause != SKR_CAUSE_NONE;
  @ ensures d->queues == 0 && d->placed == 0 && d->fences == 0 && d->offset == 0;
  @ ensures skr_transport_alike(&d->transport, transport);
  @ ensures d->config_bytes == config_bytes;
  @*/
SKR_MUST_CHECK skr_status_t skr_device_init(skr_device_t *d, const skr_transport_t *transport, uint32_t device_id,
                                            uint32_t config_bytes, uint64_t wanted);

/**
 * Plan the next queue; called once for each, in order, after skr_device_init().
 *
 * @param from_device  true: receive, false: transmit
 * @param count        buffers, 1 .. SKR_VIRTQ_SIZE_MAX
 * @param stride       bytes in one buffer, a multiple of 4, 4 .. 0x20000
 *
 * Bound: no loop, no shared access. Blocks: never. Context: task.
 * [impl->dsn~device.plan_queue~1] [proof->dsn~device.plan_queue~1]
 */
/*@ requires \valid(d) && d->queues < SKR_DEVICE_QUEUES && d->placed == 0;
  @ requires 1 <= count <= SKR_VIRTQ_SIZE_MAX && 4 <= stride <= 0x20000;
  @ terminates \true; exits \false;
  @ assigns d->virtq[d->queues], d->queues;
  @ ensures d->queues == \old(d->queues) + 1;
  @ ensures d->virtq[\old(d->queues)].count == count && d->virtq[\old(d->queues)].stride == stride
  @   && d->virtq[\old(d->queues)].from_device == (from_device ? 1 : 0);
  @*/
void skr_device_plan_queue(skr_device_t *d, bool from_device, uint16_t count, uint32_t stride);

/**
 * Begin a set-up; also the only way out of a fault, and of READY.
 *
 * @param now  the caller's tick
 *
 * @return SKR_OK     set-up begun; call skr_device_step()
 * @return SKR_FAULT  the description is bad; only a new init helps
 *
 * Bound: no loop, no shared access. Blocks: never. Context: task.
 * [impl->dsn~device.start~1] [proof->dsn~device.start~1]
 */
/*@ requires skr_device_sound(d);
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->features, d->offset, d->placed, d->fences, d->attached, d->since, d->rung,
  @         d->watched, d->now, d->counters;
  @ ensures skr_device_sound(d);
  @ ensures \result == SKR_OK || \result == SKR_FAULT;
  @ ensures \result == SKR_OK <==> d->linked != 0;
  @ ensures \result == SKR_OK ==> d->state == SKR_DEVICE_IDENTIFY;
  @*/
SKR_MUST_CHECK skr_status_t skr_device_start(skr_device_t *d, uint32_t now);

/**
 * Advance the set-up by one state, or watch over the running device.
 *
 * @param now  the caller's tick; wraps at 2^32
 *
 * @return SKR_OK     running
 * @return SKR_AGAIN  set-up goes on; call again
 * @return SKR_STATE  not started
 * @return SKR_FAULT  given up, now or before; the cause says why
 *
 * Bound: at most one ring is formatted, attached or filled (loops of its `count` passes), and one pass over the queues;
 * 16 other shared accesses. Blocks: never. Context: task, one owner.
 * [impl->dsn~device.step~1] [proof->dsn~device.step~1]
 */
/*@ requires skr_device_sound(d);
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->status, d->features, d->offset, d->placed, d->fences, d->attached, d->since, d->rung,
  @         d->watched, d->now, d->counters, d->virtq[0 .. SKR_DEVICE_QUEUES - 1],
  @         d->transport.registers[0 .. d->transport.registers_size - 1],
  @         d->transport.memory[0 .. d->transport.memory_size - 1];
  @ ensures skr_device_sound(d);
  @ ensures skr_device_same(d);
  @ ensures \result == SKR_OK || \result == SKR_AGAIN || \result == SKR_STATE || \result == SKR_FAULT;
  @ ensures \result == SKR_OK <==> d->state == SKR_DEVICE_READY;
  @ ensures \result == SKR_FAULT <==> d->state == SKR_DEVICE_FAILED;
  @ ensures lasting: \old(d->state) == SKR_DEVICE_READY || \old(d->state) == SKR_DEVICE_FAILED ==>
  @      \result == SKR_OK || \result == SKR_FAULT;
  @ ensures steady: \old(d->state) == SKR_DEVICE_READY && \result == SKR_OK ==>
  @      skr_device_steady(d);
  @*/
SKR_MUST_CHECK skr_status_t skr_device_step(skr_device_t *d, uint32_t now);

/**
 * Give the device up. Over virtio-mmio FAILED is written to the status register, the last access until the next start; over
 * the hypervisor-less transport nothing is, so that a later life can still attach.
 *
 * @param cause  why; latched unless a cause is latched already
 *
 * Bound: no loop; 1 shared write. Blocks: never. Context: task, one owner.
 * [impl->dsn~device.fail~1] [proof->dsn~device.fail~1]
 */
/*@ requires skr_device_sound(d) && d->linked != 0;
  @ terminates \true; exits \false;
  @ assigns d->state, d->cause, d->counters, d->status, d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures skr_device_sound(d);
  @ ensures d->state == SKR_DEVICE_FAILED;
  @*/
void skr_device_fail(skr_device_t *d, skr_cause_t cause);

/**
 * Take back one buffer of a running device, as skr_virtq_pop(); a broken ring latches the fault.
 *
 * @param queue  index of the queue; what came back stands in its `popped` and `popped_length`
 *
 * @return SKR_OK     a buffer came back
 * @return SKR_AGAIN  nothing new
 * @return SKR_FAULT  given up
 *
 * Bound: no loop; at most 3 shared reads, 1 shared write. Blocks: never. Context: task, one owner.
 * [impl->dsn~device.pop~2] [proof->dsn~device.pop~2]
 */
/*@ requires skr_device_ready(d) && queue < d->queues;
  @ terminates \true; exits \false;
  @ assigns d->virtq[queue], d->state, d->cause, d->counters, d->status,
  @         d->transport.registers[0 .. d->transport.registers_size - 1];
  @ ensures skr_device_sound(d);
  @ ensures skr_virtq_settled(&d->virtq[queue]) && skr_since_pre(d->virtq[queue].free_count);
  @ ensures \result == SKR_OK || \result == SKR_AGAIN || \result == SKR_FAULT;
  @ ensures \result == SKR_FAULT <==> d->state == SKR_DEVICE_FAILED;
  @ ensures \result != SKR_FAULT ==> d->state == SKR_DEVICE_READY;
  @ ensures returned: \result == SKR_OK ==>
  @      skr_virtq_taken(&d->virtq[queue], d->virtq[queue].popped)
  @   && d->virtq[queue].popped_length
  @        <= (d->virtq[queue].from_device != 0 ? d->virtq[queue].length[d->virtq[queue].popped] : 0)
  @   && d->virtq[queue].outstanding == \old(d->virtq[queue].outstanding) - 1;
  @ ensures unchanged: \result != SKR_OK ==> skr_since_pre(d->virtq[queue].outstanding);
  @*/
SKR_MUST_CHECK skr_status_t skr_device_pop(skr_device_t *d, uint16_t queue);

/**
 * Show the device what was added to a queue, and notify it if it wants that.
 *
 * Bound: no loop; 3 shared writes, 1 shared read, 1 full barrier; nothing if nothing was added. Blocks: never.
 * [impl->dsn~device.flush~1] [proof->dsn~device.flush~1]
 */
/*@ requires skr_device_ready(d) && queue < d->queues;
  @ terminates \true; exits \false;
  @ assigns d->virtq[queue].kicked_idx, d->counters, d->rung,
  @         d->transport.registers[0 .. d->transport.registers_size - 1],
  @         d->transport.memory[0 .. d->transport.memory_size - 1];
  @ ensures skr_device_ready(d);
  @*/
void skr_device_flush(skr_device_t *d, uint16_t queue);

/**
 * Read two neighbouring configuration fields of the same width, consistently: under one generation where there is one, else
 * twice alike. They stand in `d->field` then.
 *
 * @param offset  of the first field, in bytes
 * @param width   2 or 4 bytes
 *
 * @return SKR_OK     read
 * @return SKR_AGAIN  they changed at each of SKR_CONFIG_TRIES tries; `d->field` means nothing
 *
 * Bound: one loop of SKR_CONFIG_TRIES passes, 6 shared reads a pass. Blocks: never. Context: task, one owner.
 * [impl->dsn~device.read_config~2] [proof->dsn~device.read_config~2]
 */
/*@ requires skr_device_sound(d) && d->linked != 0 && (width == 2 || width == 4) && offset + 2 * width <= d->config_bytes;
  @ terminates \true; exits \false;
  @ assigns d->field[0 .. 1], d->counters;
  @ ensures skr_device_sound(d);
  @ ensures \result == SKR_OK || \result == SKR_AGAIN;
  @ ensures width == 2 && \result == SKR_OK ==> d->field[0] <= 0xFFFF && d->field[1] <= 0xFFFF;
  @*/
SKR_MUST_CHECK skr_status_t skr_device_read_config(skr_device_t *d, uint32_t offset, uint32_t width);

#ifdef __cplusplus
}
#endif

#endif
