/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * virtio console, port 0: text out, text in, without waiting.
 *
 * CONVENTIONS (they hold for every function of console.h and vsock.h)
 *   Owner       a context belongs to one caller at a time: no call while another one on the same context runs. It lies
 *               outside every window, in memory the back-end cannot write, and is not moved while in use.
 *   Pointers    none may be null, except a data pointer whose length is 0. Nothing is kept after the call returns, but the
 *               windows that a transport describes.
 *   Waiting     no function waits, none is called back, none allocates. A tick, where one is asked for, is the caller's
 *               clock: 32 bits, wraps, a millisecond by default (see SKR_TICKS_...).
 *   Bound       the most loop passes and shared accesses a call can make, whatever the other side does.
 *   Fault       SKR_FAULT is latched: every later call returns it and touches no shared memory, until a start.
 *   Interrupts  are hints. All functions are for the owning task; in an interrupt handler call skr_console_acknowledge()
 *               or skr_vsock_acknowledge() and set a flag of your own, nothing else. Polling alone is enough.
 *   Contents    bytes received are copied out of the window before anyone sees them; their meaning is not checked.
 */
#ifndef SKERRY_CONSOLE_H
#define SKERRY_CONSOLE_H

#include "skerry/device.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Feature bits of a console, VIRTIO 1.4, 5.3.3. */
#define SKR_CONSOLE_F_SIZE (1ULL << 0U)

#define SKR_CONSOLE_F_EMERG_WRITE (1ULL << 2U)

/** Queues of port 0. */
#define SKR_CONSOLE_RX 0U
#define SKR_CONSOLE_TX 1U

/** What passed, in bytes unless said. Counters wrap. */
typedef struct {
    uint32_t written;        /**< taken by skr_console_write() */
    uint32_t read;           /**< handed out by skr_console_read() */
    uint32_t dropped;        /**< taken, but still with the device when a new start began: their fate is unknown */
    uint32_t empty_buffers;  /**< receive buffers that came back without a byte */
} skr_console_counters_t;

/** A console. */
typedef struct {
    skr_console_counters_t counters;
    uint32_t rx_at;       /**< bytes of the receive buffer being read that are handed out already */
    uint32_t rx_length;   /**< bytes in it */
    uint16_t rx_id;       /**< the buffer being read, SKR_VIRTQ_NONE if there is none */
    uint16_t columns;     /**< size of the terminal as last read; 0: unknown */
    uint16_t rows;
    uint16_t sized;       /**< 1: the size was read in this life of the device */
    skr_device_t device;
} skr_console_t;

/* sound: what holds of a console between any two calls. reading: while a receive buffer is being read it is with this side,
 * and the marks lie inside it. apart, result: the caller's bytes, or his result, are neither in the context nor in a window. */
#ifdef __FRAMAC__
#define skr_console_queues(c) \
    ((c)->device.queues == 2 && (c)->device.config_bytes == 12 \
  && (c)->device.virtq[SKR_CONSOLE_RX].count == SKR_CONSOLE_RX_COUNT \
  && (c)->device.virtq[SKR_CONSOLE_RX].stride == SKR_CONSOLE_RX_BYTES \
  && (c)->device.virtq[SKR_CONSOLE_RX].from_device == 1 \
  && (c)->device.virtq[SKR_CONSOLE_TX].count == SKR_CONSOLE_TX_COUNT \
  && (c)->device.virtq[SKR_CONSOLE_TX].stride == SKR_CONSOLE_TX_BYTES \
  && (c)->device.virtq[SKR_CONSOLE_TX].from_device == 0)

#define skr_console_windows(c) \
    ((c)->device.linked != 0 ==> \
        \separated(c, (c)->device.transport.registers + (0 .. (c)->device.transport.registers_size - 1)) \
     && \separated(c, (c)->device.transport.config + (0 .. (c)->device.transport.config_size - 1)) \
     && \separated(c, (c)->device.transport.memory + (0 .. (c)->device.transport.memory_size - 1)))

#define skr_console_sound(c) \
    (\valid(c) && skr_device_sound(&(c)->device) && skr_console_queues(c) && skr_console_windows(c))

#define skr_console_reading(c) \
    ((c)->device.state == SKR_DEVICE_READY && (c)->rx_id != SKR_VIRTQ_NONE ==> \
        skr_virtq_taken(&(c)->device.virtq[SKR_CONSOLE_RX], (c)->rx_id) \
     && (c)->rx_at < (c)->rx_length <= SKR_CONSOLE_RX_BYTES)

#define skr_console_apart(c, bytes, n) \
    (\separated(c, (bytes) + (0 .. (n) - 1)) \
  && ((c)->device.linked != 0 ==> \
           \separated((bytes) + (0 .. (n) - 1), (c)->device.transport.registers + (0 .. (c)->device.transport.registers_size - 1)) \
        && \separated((bytes) + (0 .. (n) - 1), (c)->device.transport.memory + (0 .. (c)->device.transport.memory_size - 1))))

#define skr_console_result(c, result) \
    (\valid(result) && \separated(c, result) \
  && ((c)->device.linked != 0 ==> \
           \separated(result, (c)->device.transport.registers + (0 .. (c)->device.transport.registers_size - 1)) \
        && \separated(result, (c)->device.transport.memory + (0 .. (c)->device.transport.memory_size - 1))))
#endif

/**
 * Prepare a console. Nothing shared is touched.
 *
 * @param c          context, given by the caller; its old contents do not matter
 * @param transport  where the device lies; copied
 *
 * @return SKR_OK     ready for skr_console_start()
 * @return SKR_FAULT  the description is bad, skr_console_cause() says how: CONFIGURATION, REGISTERS_SIZE, ALIGNMENT,
 *                    MEMORY_ADDRESS
 *
 * Bound: no loop, no shared access. Blocks: never. Context: task.
 * [impl->dsn~console.init~1] [proof->dsn~console.init~1]
 */
/*@ requires \valid(c) && \valid_read(transport) && \separated(c, transport) && skr_transport_given(transport);
  @ requires \separated(c, transport->registers + (0 .. transport->registers_size - 1));
  @ requires \separated(c, transport->config + (0 .. transport->config_size - 1));
  @ requires \separated(c, transport->memory + (0 .. transport->memory_size - 1));
  @ terminates \true; exits \false;
  @ assigns *c;
  @ ensures skr_console_sound(c) && skr_console_reading(c);
  @ ensures \result == SKR_OK || \result == SKR_FAULT;
  @ ensures \result == SKR_OK <==> c->device.state == SKR_DEVICE_IDLE;
  @ ensures \result == SKR_FAULT <==> c->device.state == SKR_DEVICE_FAILED;
  @ ensures c->rx_id == SKR_VIRTQ_NONE && c->columns == 0 && c->rows == 0;
  @*/
SKR_MUST_CHECK skr_status_t skr_console_init(skr_console_t *c, const skr_transport_t *transport);

/**
 * Begin a set-up: the first, or one after a fault. What was being transmitted is counted as dropped, but for buffers that
 * an earlier program left in flight: how much is in those is not known. Received bytes not read yet are gone.
 *
 * @param now  the caller's tick
 *
 * @return SKR_OK     call skr_console_step() until it returns SKR_OK
 * @return SKR_FAULT  the description is bad; only a new init helps
 *
 * Bound: one loop of SKR_CONSOLE_TX_COUNT passes, no shared access. Blocks: never. Context: task.
 * [impl->dsn~console.start~1] [proof->dsn~console.start~1]
 */
/*@ requires skr_console_sound(c) && skr_console_reading(c);
  @ terminates \true; exits \false;
  @ assigns c->counters, c->device.state, c->device.cause, c->device.status, c->device.features, c->device.offset,
  @         c->device.placed, c->device.fences, c->device.attached, c->device.since, c->device.rung, c->device.watched,
  @         c->device.now, c->device.counters;
  @ ensures skr_console_sound(c) && skr_console_reading(c);
  @ ensures \result == SKR_OK || \result == SKR_FAULT;
  @ ensures \result == SKR_OK <==> c->device.linked != 0;
  @ ensures \result == SKR_OK ==> c->device.state == SKR_DEVICE_IDENTIFY;
  @ ensures \old(c->device.placed) <= SKR_CONSOLE_TX ==> c->counters.dropped == \old(c->counters.dropped);
  @*/
SKR_MUST_CHECK skr_status_t skr_console_start(skr_console_t *c, uint32_t now);

/**
 * Advance the set-up, or watch over the running device. Call it on every tick, or on every turn of the main loop.
 *
 * Besides, it takes back the buffers that were transmitted, and reads the size of the terminal: once when the device
 * begins to run, and again after skr_console_resized(). A size that changes while it is read is left for the next step.
 *
 * @param now  the caller's tick
 *
 * @return SKR_OK     running
 * @return SKR_AGAIN  set-up goes on
 * @return SKR_STATE  not started
 * @return SKR_FAULT  given up; skr_console_cause() says why
 *
 * Bound: that of skr_device_step(); then one loop of at most SKR_CONSOLE_TX_COUNT passes, 2 shared reads a pass, 1 shared
 * write, and that of one skr_device_read_config(). Blocks: never. Context: task.
 * [impl->dsn~console.step~1] [proof->dsn~console.step~1]
 */
/*@ requires skr_console_sound(c) && skr_console_reading(c);
  @ terminates \true; exits \false;
  @ assigns c->rx_at, c->rx_length, c->rx_id, c->columns, c->rows, c->sized,
  @         c->device.state, c->device.cause, c->device.status, c->device.features, c->device.offset,
  @         c->device.placed, c->device.fences, c->device.attached, c->device.since, c->device.rung, c->device.watched,
  @         c->device.now, c->device.counters, c->device.field[0 .. 1], c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1],
  @         c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_sound(c);
  @ ensures skr_console_reading(c);
  @ ensures \result == SKR_OK || \result == SKR_AGAIN || \result == SKR_STATE || \result == SKR_FAULT;
  @ ensures \result == SKR_OK <==> c->device.state == SKR_DEVICE_READY;
  @ ensures \result == SKR_FAULT <==> c->device.state == SKR_DEVICE_FAILED;
  @ ensures kept: \old(c->device.state) == SKR_DEVICE_READY ==>
  @      c->rx_id == \old(c->rx_id) && c->rx_at == \old(c->rx_at) && c->rx_length == \old(c->rx_length);
  @*/
SKR_MUST_CHECK skr_status_t skr_console_step(skr_console_t *c, uint32_t now);

/**
 * Give text to the device, as much as there are free buffers for.
 *
 * @param data    bytes to be written; the caller's, not kept
 * @param length  how many
 * @param taken   out: how many were taken, 0 .. length; the first ones of `data`. Always written
 *
 * @return SKR_OK     `taken` > 0, or `length` is 0; if less than `length`, come back with the rest after a step
 * @return SKR_AGAIN  no buffer is free, or the device is not running yet; `taken` is 0
 * @return SKR_FAULT  given up; `taken` is 0
 *
 * Bound: two loops of at most SKR_CONSOLE_TX_COUNT passes. The first runs only if the free buffers are too few: 2 shared
 * reads a pass. The second: a copy of at most SKR_CONSOLE_TX_BYTES and 2 shared writes a pass. Then one skr_device_flush().
 * Blocks: never. Context: task.
 * [impl->dsn~console.write~1] [proof->dsn~console.write~1]
 */
/*@ requires skr_console_sound(c) && skr_console_reading(c) && skr_console_result(c, taken);
  @ requires \valid_read(data + (0 .. length - 1)) && skr_console_apart(c, (uint8_t *)data, length);
  @ terminates \true; exits \false;
  @ assigns *taken, c->counters.written, c->device.virtq[SKR_CONSOLE_TX], c->device.state, c->device.cause,
  @         c->device.counters, c->device.status, c->device.rung,
  @         c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_sound(c);
  @ ensures skr_console_reading(c);
  @ ensures *taken <= length;
  @ ensures c->counters.written == (uint32_t)(\old(c->counters.written) + *taken);
  @ behavior latched:
  @   assumes c->device.state == SKR_DEVICE_FAILED;
  @   assigns *taken;
  @   ensures \result == SKR_FAULT && *taken == 0;
  @ behavior early:
  @   assumes c->device.state != SKR_DEVICE_FAILED && c->device.state != SKR_DEVICE_READY;
  @   assigns *taken;
  @   ensures \result == SKR_AGAIN && *taken == 0;
  @ behavior running:
  @   assumes c->device.state == SKR_DEVICE_READY;
  @   ensures \result == SKR_OK || \result == SKR_AGAIN || \result == SKR_FAULT;
  @   ensures \result == SKR_OK ==> *taken > 0 || length == 0;
  @   ensures \result != SKR_OK ==> *taken == 0;
  @   ensures \result == SKR_FAULT <==> c->device.state == SKR_DEVICE_FAILED;
  @   ensures \result != SKR_FAULT ==> c->device.state == SKR_DEVICE_READY;
  @ complete behaviors; disjoint behaviors;
  @*/
SKR_MUST_CHECK skr_status_t skr_console_write(skr_console_t *c, const uint8_t *data, uint32_t length, uint32_t *taken);

/**
 * Take text that the device has delivered. What is not taken stays in the window, and the device gets no buffer back for
 * it: a caller that does not read slows the device down, and loses nothing.
 *
 * Buffers are given back when they are read to the end, and the device is told once, at the end of the call. Buffers that
 * came back without a byte are counted and given back as well; if there was nothing else, the device is not told: a
 * back-end at the end of its input answers each notification with another empty buffer, and both sides would run in a
 * circle. It finds them by itself, or with the notification that skr_console_step() repeats every SKR_TICKS_KICK.
 *
 * @param data      out: room for `capacity` bytes; the caller's
 * @param capacity  bytes of room
 * @param got       out: how many bytes were written to `data`, 0 .. capacity. Always written
 *
 * @return SKR_OK     `got` > 0, or `capacity` is 0
 * @return SKR_AGAIN  nothing there, or the device is not running yet; `got` is 0
 * @return SKR_FAULT  given up; `got` is 0, `data` may have changed
 *
 * Bound: one loop of at most SKR_CONSOLE_RX_COUNT passes; a pass makes at most 3 shared reads, a copy of at most
 * SKR_CONSOLE_RX_BYTES and 1 shared write. Then one skr_device_flush(). Blocks: never. Context: task.
 * [impl->dsn~console.read~1] [proof->dsn~console.read~1] [impl->dsn~console.read_empty~1]
 */
/*@ requires skr_console_sound(c) && skr_console_reading(c) && skr_console_result(c, got);
  @ requires \valid(data + (0 .. capacity - 1)) && skr_console_apart(c, data, capacity);
  @ terminates \true; exits \false;
  @ assigns *got, data[0 .. capacity - 1], c->counters, c->rx_at, c->rx_length, c->rx_id,
  @         c->device.virtq[SKR_CONSOLE_RX], c->device.state, c->device.cause, c->device.counters, c->device.status,
  @         c->device.rung, c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_sound(c);
  @ ensures skr_console_reading(c);
  @ ensures *got <= capacity;
  @ ensures c->counters.read == (uint32_t)(\old(c->counters.read) + *got);
  @ behavior latched:
  @   assumes c->device.state == SKR_DEVICE_FAILED;
  @   assigns *got;
  @   ensures \result == SKR_FAULT && *got == 0;
  @ behavior early:
  @   assumes c->device.state != SKR_DEVICE_FAILED && c->device.state != SKR_DEVICE_READY;
  @   assigns *got;
  @   ensures \result == SKR_AGAIN && *got == 0;
  @ behavior running:
  @   assumes c->device.state == SKR_DEVICE_READY;
  @   ensures \result == SKR_OK || \result == SKR_AGAIN || \result == SKR_FAULT;
  @   ensures \result == SKR_OK ==> *got > 0 || capacity == 0;
  @   ensures \result != SKR_OK ==> *got == 0;
  @   ensures \result == SKR_FAULT <==> c->device.state == SKR_DEVICE_FAILED;
  @   ensures \result != SKR_FAULT ==> c->device.state == SKR_DEVICE_READY;
  @ complete behaviors; disjoint behaviors;
  @*/
SKR_MUST_CHECK skr_status_t skr_console_read(skr_console_t *c, uint8_t *data, uint32_t capacity, uint32_t *got);

/**
 * Show one character by the emergency register: no queue, no set-up needed, from init on. The device has to offer
 * F_EMERG_WRITE; before it runs, it is asked each time. Over the hypervisor-less transport the register is plain memory
 * that nobody looks at: always SKR_STATE.
 *
 * @return SKR_OK     written; whether anybody shows it cannot be known
 * @return SKR_STATE  the device does not offer it, or is not there
 * @return SKR_FAULT  given up
 *
 * Bound: no loop; 1 shared access while the device runs, before that at most 8. Blocks: never. Context: task.
 * [impl->dsn~console.emergency~1] [proof->dsn~console.emergency~1]
 */
/*@ requires skr_console_sound(c);
  @ terminates \true; exits \false;
  @ assigns c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
  @         c->device.transport.config[8 .. 11];
  @ behavior latched:
  @   assumes c->device.state == SKR_DEVICE_FAILED;
  @   assigns \nothing;
  @   ensures \result == SKR_FAULT;
  @ behavior memory:
  @   assumes c->device.state != SKR_DEVICE_FAILED && c->device.transport.kind == SKR_TRANSPORT_HVL;
  @   assigns \nothing;
  @   ensures \result == SKR_STATE;
  @ behavior register:
  @   assumes c->device.state != SKR_DEVICE_FAILED && c->device.transport.kind != SKR_TRANSPORT_HVL;
  @   ensures \result == SKR_OK || \result == SKR_STATE;
  @ complete behaviors; disjoint behaviors;
  @*/
SKR_MUST_CHECK skr_status_t skr_console_emergency(skr_console_t *c, uint8_t character);

/**
 * Size of the terminal, if the device tells one. Data from the other side: never use it as a bound.
 *
 * @param columns  out: 0 .. 65535; 0: unknown
 * @param rows     out: likewise
 *
 * Bound: no loop, no shared access. Blocks: never. Context: task.
 * [impl->dsn~console.size~1] [proof->dsn~console.size~1]
 */
/*@ requires \valid_read(c) && \valid(columns) && \valid(rows) && \separated(c, columns, rows);
  @ terminates \true; exits \false;
  @ assigns *columns, *rows;
  @ ensures *columns == c->columns && *rows == c->rows;
  @*/
void skr_console_size(const skr_console_t *c, uint16_t *columns, uint16_t *rows);

/**
 * Have the size of the terminal read again by the next step: for a caller that was told of a change of configuration
 * (bit 1 of skr_console_acknowledge()), or that polls and asks now and then. Until then the old size is told.
 *
 * Bound: no loop, no shared access. Blocks: never. Context: task.
 * [impl->dsn~console.resized~1] [proof->dsn~console.resized~1]
 */
/*@ requires \valid(c);
  @ terminates \true; exits \false;
  @ assigns c->sized;
  @ ensures c->sized == 0;
  @*/
void skr_console_resized(skr_console_t *c);

/**
 * Why the console was given up; SKR_CAUSE_NONE while it is not.
 *
 * Bound: no loop, no shared access. Blocks: never. Context: task.
 * [impl->dsn~console.cause~1] [proof->dsn~console.cause~1]
 */
/*@ requires \valid_read(c);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == (c->device.state == SKR_DEVICE_FAILED ? c->device.cause : SKR_CAUSE_NONE);
  @*/
skr_cause_t skr_console_cause(const skr_console_t *c);

/**
 * For the interrupt handler: acknowledge the device's interrupt, touching nothing else. Once the console is given up the
 * registers are not touched any more: an interrupt line that stays raised then has to be masked by the caller.
 *
 * @return bit 0: buffers were used; bit 1: the configuration changed; 0: not this device's interrupt, not started, or
 *         given up
 *
 * Bound: no loop; 2 shared accesses. Blocks: never. Context: interrupt or task.
 * [impl->dsn~console.acknowledge~1] [proof->dsn~console.acknowledge~1]
 */
/*@ requires skr_console_sound(c);
  @ terminates \true; exits \false;
  @ assigns c->device.transport.registers[0 .. c->device.transport.registers_size - 1];
  @ ensures \result <= 3;
  @ behavior silent:
  @   assumes c->device.state == SKR_DEVICE_FAILED || c->device.state == SKR_DEVICE_IDLE;
  @   assigns \nothing;
  @   ensures \result == 0;
  @ behavior live:
  @   assumes c->device.state != SKR_DEVICE_FAILED && c->device.state != SKR_DEVICE_IDLE;
  @ complete behaviors; disjoint behaviors;
  @*/
uint32_t skr_console_acknowledge(const skr_console_t *c);

#ifdef __cplusplus
}
#endif

#endif
