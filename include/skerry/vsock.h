/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * vsock streams towards the host: listen, accept, connect, send, receive, without waiting. The conventions of console.h hold.
 *
 * Connections live in a fixed table and are named by handles; a handle that outlived its connection is refused. Sending is
 * bounded by the peer's credit and by SKR_VSOCK_SEND_BYTES_MAX; receiving by a private window per connection. All times are
 * measured on the tick of the last skr_vsock_step().
 *
 * A connection's life for its owner:
 *     listen -> accept -> handle        connect -> handle (SKR_AGAIN from send and recv until it is open)
 *     handle -> send, recv or peek+consume, shutdown, events -> close (in order) or reset (at once)
 * Every handle is closed by its owner, also after SKR_CLOSED, SKR_REFUSED, SKR_RESET or SKR_TIMEOUT; only then is its place free.
 */
#ifndef SKERRY_VSOCK_H
#define SKERRY_VSOCK_H

#include "skerry/device.h"
#include "skerry/vsock_flow.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Queues, VIRTIO 1.4, 5.10.2. The event queue is not set up over the hypervisor-less transport, where nobody serves it. */
#define SKR_VSOCK_RX 0U
#define SKR_VSOCK_TX 1U
#define SKR_VSOCK_EVENT 2U

/** "any port": connect() chooses one, and keeps a used one out of use for SKR_TICKS_QUARANTINE. */
#define SKR_VSOCK_PORT_ANY 0xFFFFFFFFU

/** A handle; 0 is never one. */
typedef uint32_t skr_vsock_handle_t;

/** Bits of skr_vsock_events(). */
#define SKR_VSOCK_READABLE 0x1U /**< recv would give data */
#define SKR_VSOCK_WRITABLE 0x2U /**< send would take data */
#define SKR_VSOCK_HANGUP 0x4U   /**< the peer sends no more, or the connection is over */
#define SKR_VSOCK_ERROR 0x8U    /**< it ended as SKR_REFUSED, SKR_RESET or SKR_TIMEOUT */

/** Directions for skr_vsock_shutdown(). */
#define SKR_VSOCK_SHUT_RECEIVE 0x1U
#define SKR_VSOCK_SHUT_SEND 0x2U

/** What passed, and what was put up with. Counters wrap. */
typedef struct {
    uint32_t packets_received;
    uint32_t packets_sent;
    uint32_t short_packets;     /**< shorter than a header, or than the header says */
    uint32_t foreign_packets;   /**< not from the host, or not to us */
    uint32_t odd_packets;       /**< against the rules, harmless, ignored */
    uint32_t broken_flows;      /**< connections reset because the peer broke a rule */
    uint32_t unknown_packets;   /**< for no connection */
    uint32_t resets_dropped;    /**< RST owed to an unknown tuple and not sent: the list was full */
    uint32_t requests_refused;  /**< no listener, backlog full, or no place free */
    uint32_t transport_resets;
    uint32_t odd_events;        /**< events of a wrong size or kind */
} skr_vsock_counters_t;

/** A listening port. */
typedef struct {
    uint32_t port;
    uint32_t backlog;  /**< most connections waiting for accept; 0: the place is free */
} skr_vsock_listener_t;

/** A tuple that is owed a RST. */
typedef struct {
    uint32_t local_port;
    uint32_t peer_port;
} skr_vsock_tuple_t;

/** A local port that rests. */
typedef struct {
    uint32_t port;   /**< 0: none */
    uint32_t since;  /**< tick at which its connection ended */
} skr_vsock_resting_t;

/** A vsock device with its connections. */
typedef struct {
    skr_vsock_counters_t counters;
    skr_vsock_packet_t packet; /**< header at work: of the packet being sent, or of the one being received */
    uint32_t cid;              /**< our CID */
    uint32_t next_port;        /**< where the search for a local port begins */
    uint32_t next_order;       /**< arrival number of the next connection in a backlog */
    uint16_t up;               /**< 1: running, and the CID is known */
    uint16_t resets;           /**< tuples in `reset` */
    uint16_t due;              /**< first connection of the list that the next step looks after; SKR_VSOCK_CONNECTIONS: none */
    uint16_t due_last;         /**< last one of it, if there is any */
    uint16_t next_resting;     /**< place in `resting` that is overwritten next */
    uint16_t armed;            /**< 1: transmit interrupts are asked for, a sender is blocked */
    skr_vsock_listener_t listener[SKR_VSOCK_LISTENERS];
    skr_vsock_tuple_t reset[SKR_VSOCK_RESET_LIST];
    skr_vsock_resting_t resting[SKR_VSOCK_QUARANTINE_LIST];
    uint16_t hint[SKR_VSOCK_CONNECTIONS]; /**< where the connection of a tuple was last: looked at first */
    skr_device_t device;
    skr_flow_t flow[SKR_VSOCK_CONNECTIONS];
} skr_vsock_t;

/* tables: places and ports are in range. queues: what the rings are. apart: the context lies outside the windows. */
#ifdef __FRAMAC__
#define skr_vsock_tables(v)                                                   \
    ((v)->resets <= SKR_VSOCK_RESET_LIST && (v)->next_resting < SKR_VSOCK_QUARANTINE_LIST \
  && (v)->due_last < SKR_VSOCK_CONNECTIONS                                   \
  && SKR_VSOCK_PORT_FIRST <= (v)->next_port <= SKR_VSOCK_PORT_LAST            \
  && \valid((v)->flow + (0 .. SKR_VSOCK_CONNECTIONS - 1)) && skr_flows_sound((v)->flow))

#define skr_vsock_queues(v)                                                   \
    (2 <= (v)->device.queues <= 3 && (v)->device.config_bytes == 8            \
  && (v)->device.virtq[SKR_VSOCK_RX].count == SKR_VSOCK_RX_COUNT              \
  && (v)->device.virtq[SKR_VSOCK_RX].stride == SKR_VSOCK_BUFFER_BYTES         \
  && (v)->device.virtq[SKR_VSOCK_RX].from_device == 1                         \
  && (v)->device.virtq[SKR_VSOCK_TX].count == SKR_VSOCK_TX_COUNT              \
  && (v)->device.virtq[SKR_VSOCK_TX].stride == SKR_VSOCK_BUFFER_BYTES         \
  && (v)->device.virtq[SKR_VSOCK_TX].from_device == 0                         \
  && ((v)->device.queues == 3 ==>                                             \
         (v)->device.virtq[SKR_VSOCK_EVENT].count == SKR_VSOCK_EVENT_COUNT    \
      && (v)->device.virtq[SKR_VSOCK_EVENT].stride == 8                       \
      && (v)->device.virtq[SKR_VSOCK_EVENT].from_device == 1))

#define skr_vsock_apart(v)                                                    \
    ((v)->device.linked != 0 ==>                                              \
         \separated(v, (v)->device.transport.registers + (0 .. (v)->device.transport.registers_size - 1)) \
      && \separated(v, (v)->device.transport.config + (0 .. (v)->device.transport.config_size - 1)) \
      && \separated(v, (v)->device.transport.memory + (0 .. (v)->device.transport.memory_size - 1)))

#define skr_vsock_sound(v)                                                    \
    (\valid(v) && skr_device_sound(&(v)->device) && skr_vsock_queues(v)       \
  && skr_vsock_tables(v) && skr_vsock_apart(v)                                \
  && ((v)->up != 0 ==> (v)->device.state == SKR_DEVICE_READY || (v)->device.state == SKR_DEVICE_FAILED))
#endif

/**
 * Prepare a vsock device. Nothing shared is touched.
 *
 * @param v          context, given by the caller; its old contents do not matter
 * @param transport  where the device lies; copied
 * @param seed       any number that differs between two starts of the island (a tick, a boot counter): where the search for
 *                   local ports begins, so that a new life does not meet late packets for the ports of the last one
 *
 * @return SKR_OK     ready for skr_vsock_start()
 * @return SKR_FAULT  the description is bad, skr_vsock_cause() says how
 *
 * Bound: loops over the tables, no shared access. Blocks: never. Context: task.
 * [impl->dsn~vsock.init~1] [proof->dsn~vsock.init~1]
 */
/*@ requires \valid(v) && \valid_read(transport) && \separated(v, transport) && skr_transport_given(transport);
  @ requires \separated(v, transport->registers + (0 .. transport->registers_size - 1));
  @ requires \separated(v, transport->config + (0 .. transport->config_size - 1));
  @ requires \separated(v, transport->memory + (0 .. transport->memory_size - 1));
  @ terminates \true; exits \false;
  @ assigns *v;
  @ ensures skr_vsock_sound(v) && v->up == 0;
  @ ensures \result == SKR_OK || \result == SKR_FAULT;
  @ ensures \result == SKR_OK <==> v->device.state == SKR_DEVICE_IDLE;
  @ ensures \forall integer i; 0 <= i < SKR_VSOCK_CONNECTIONS ==> v->flow[i].state == SKR_FLOW_FREE;
  @*/
SKR_MUST_CHECK skr_status_t skr_vsock_init(skr_vsock_t *v, const skr_transport_t *transport, uint32_t seed);

/**
 * Begin a set-up: the first, or one after a fault. Connections end as SKR_RESET, listening ports stay.
 *
 * @return SKR_OK     call skr_vsock_step() until it returns SKR_OK
 * @return SKR_FAULT  the description is bad; only a new init helps
 *
 * Bound: one loop of SKR_VSOCK_CONNECTIONS passes, no shared access. Blocks: never. Context: task.
 * [impl->dsn~vsock.start~1] [proof->dsn~vsock.start~1]
 */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false;
  @ assigns v->device.state, v->device.cause, v->device.status, v->device.features, v->device.offset, v->device.placed,
  @         v->device.fences, v->device.attached, v->device.since, v->device.rung, v->device.watched, v->device.now,
  @         v->device.counters, v->up, v->cid, v->armed, v->due, v->due_last, v->resets, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_vsock_sound(v) && v->up == 0;
  @ ensures \result == SKR_OK || \result == SKR_FAULT;
  @ ensures \result == SKR_OK <==> v->device.linked != 0;
  @*/
SKR_MUST_CHECK skr_status_t skr_vsock_start(skr_vsock_t *v, uint32_t now);

/**
 * Do what is due: advance the set-up, take received packets, send replies, let time pass. Call it on every tick, or on every
 * turn of the main loop.
 *
 * @param now  the caller's tick; wraps at 2^32
 *
 * @return SKR_OK     running
 * @return SKR_AGAIN  set-up goes on
 * @return SKR_STATE  not started
 * @return SKR_FAULT  given up; skr_vsock_cause() says why
 *
 * Bound: that of skr_device_step(). While it runs, in shared accesses: SKR_VSOCK_EVENT_COUNT events, 6 each; 6 *
 * SKR_CONFIG_TRIES for the CID after a transport reset; SKR_VSOCK_STEP_PACKETS packets received, 20 and a copy each;
 * SKR_VSOCK_CONNECTIONS + SKR_VSOCK_RESET_LIST packets sent, 15 each; as many buffers taken back and SKR_VSOCK_TX_COUNT more,
 * 3 each; 3 for each queue that is kicked, 1 for a fault. In the last steps of a set-up 2 for each receive buffer.
 * Blocks: never. Context: task.
 * [impl->dsn~vsock.step~1] [proof->dsn~vsock.step~1]
 */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false;
  @ assigns v->device.state, v->device.cause, v->device.status, v->device.features, v->device.offset, v->device.placed,
  @         v->device.fences, v->device.attached, v->device.since, v->device.rung, v->device.watched, v->device.now,
  @         v->device.counters, v->device.field[0 .. 1], v->device.virtq[0 .. SKR_DEVICE_QUEUES - 1],
  @         v->counters, v->packet, v->cid, v->up, v->armed, v->due, v->due_last, v->resets, v->reset[0 .. SKR_VSOCK_RESET_LIST - 1],
  @         v->next_order, v->hint[0 .. SKR_VSOCK_CONNECTIONS - 1], v->next_resting, v->resting[0 .. SKR_VSOCK_QUARANTINE_LIST - 1],
  @         v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures \result == SKR_OK || \result == SKR_AGAIN || \result == SKR_STATE || \result == SKR_FAULT;
  @ ensures \result == SKR_OK <==> v->device.state == SKR_DEVICE_READY;
  @ ensures \result == SKR_OK ==> v->up != 0;
  @ ensures fault: \result == SKR_FAULT <==> v->device.state == SKR_DEVICE_FAILED;
  @*/
SKR_MUST_CHECK skr_status_t skr_vsock_step(skr_vsock_t *v, uint32_t now);

/**
 * Accept connections on a port from now on.
 *
 * @param port     1 .. 0xFFFFFFFE
 * @param backlog  most connections that wait for skr_vsock_accept(), 1 .. SKR_VSOCK_CONNECTIONS; further ones are refused
 *
 * @return SKR_OK | SKR_ARGUMENT | SKR_IN_USE (already listening) | SKR_FULL (no place for another listening port)
 *
 * Bound: one loop of SKR_VSOCK_LISTENERS passes, no shared access. Blocks: never. Context: task; any time after init.
 * [impl->dsn~vsock.listen~1] [proof->dsn~vsock.listen~1]
 */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false;
  @ assigns v->listener[0 .. SKR_VSOCK_LISTENERS - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures \result == SKR_OK || \result == SKR_ARGUMENT || \result == SKR_IN_USE || \result == SKR_FULL;
  @ ensures \result == SKR_ARGUMENT <==>
  @      (port == 0 || port == SKR_VSOCK_PORT_ANY || backlog == 0 || backlog > SKR_VSOCK_CONNECTIONS);
  @*/
SKR_MUST_CHECK skr_status_t skr_vsock_listen(skr_vsock_t *v, uint32_t port, uint16_t backlog);

/**
 * Stop accepting on a port. Connections still in the backlog are reset; accepted ones go on.
 *
 * @return SKR_OK | SKR_STATE (nobody listens there)
 *
 * Bound: loops of SKR_VSOCK_LISTENERS and SKR_VSOCK_CONNECTIONS passes, no shared access. Blocks: never. Context: task.
 * [impl->dsn~vsock.unlisten~1] [proof->dsn~vsock.unlisten~1]
 */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false;
  @ assigns v->due, v->due_last, v->listener[0 .. SKR_VSOCK_LISTENERS - 1], v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures \result == SKR_OK || \result == SKR_STATE;
  @*/
SKR_MUST_CHECK skr_status_t skr_vsock_unlisten(skr_vsock_t *v, uint32_t port);

/**
 * Take the connection that waits longest in the backlog of a port.
 *
 * @param handle     out: the connection; untouched unless SKR_OK
 * @param peer_port  out: the host's port; untouched unless SKR_OK
 *
 * @return SKR_OK | SKR_AGAIN (none waits) | SKR_STATE (nobody listens there) | SKR_FAULT
 *
 * Bound: loops of SKR_VSOCK_LISTENERS and SKR_VSOCK_CONNECTIONS passes, no shared access. Blocks: never. Context: task.
 * [impl->dsn~vsock.accept~1] [proof->dsn~vsock.accept~1]
 */
/*@ requires skr_vsock_sound(v) && \valid(handle) && \valid(peer_port) && \separated(v, handle, peer_port);
  @ terminates \true; exits \false;
  @ assigns *handle, *peer_port, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures \result == SKR_OK || \result == SKR_AGAIN || \result == SKR_STATE || \result == SKR_FAULT;
  @ ensures fault: \result == SKR_FAULT <==> v->device.state == SKR_DEVICE_FAILED;
  @ ensures \result == SKR_OK ==> *handle != 0;
  @ ensures \result != SKR_OK ==> *handle == \old(*handle) && *peer_port == \old(*peer_port);
  @*/
SKR_MUST_CHECK skr_status_t skr_vsock_accept(skr_vsock_t *v, uint32_t port, skr_vsock_handle_t *handle, uint32_t *peer_port);

/**
 * Begin a connection to a port of the host. It is open when skr_vsock_events() shows SKR_VSOCK_WRITABLE.
 *
 * @param local_port  1 .. 0xFFFFFFFE, or SKR_VSOCK_PORT_ANY
 * @param peer_port   any
 * @param timeout     longest wait for the peer's answer, in ticks, 1 .. 2^30
 * @param handle      out: the connection; untouched unless SKR_OK
 *
 * @return SKR_OK        begun
 * @return SKR_AGAIN     the device is not running yet
 * @return SKR_ARGUMENT  a port or time-out out of range
 * @return SKR_IN_USE    `local_port` is connected to `peer_port` already
 * @return SKR_FULL      no place for another connection
 * @return SKR_FAULT     given up
 *
 * Bound: loops over connections and resting ports, at most (SKR_VSOCK_CONNECTIONS + SKR_VSOCK_QUARANTINE_LIST + 1)^2
 * comparisons; no shared access, the REQUEST goes out with the next step. Blocks: never. Context: task.
 * [impl->dsn~vsock.connect~1] [proof->dsn~vsock.connect~1]
 */
/*@ requires skr_vsock_sound(v) && \valid(handle) && \separated(v, handle);
  @ terminates \true; exits \false;
  @ assigns *handle, v->next_port, v->due, v->due_last, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures \result == SKR_OK || \result == SKR_AGAIN || \result == SKR_ARGUMENT || \result == SKR_IN_USE
  @   || \result == SKR_FULL || \result == SKR_FAULT;
  @ ensures fault: \result == SKR_FAULT <==> v->device.state == SKR_DEVICE_FAILED;
  @ ensures \result == SKR_OK ==> *handle != 0;
  @ ensures \result != SKR_OK ==> *handle == \old(*handle);
  @*/
SKR_MUST_CHECK skr_status_t skr_vsock_connect(skr_vsock_t *v, uint32_t local_port, uint32_t peer_port, uint32_t timeout,
                                              skr_vsock_handle_t *handle);

/**
 * Send bytes, as many as credit and free buffers allow.
 *
 * @param data    bytes to be sent; the caller's, not kept
 * @param length  how many
 * @param taken   out: how many were taken, 0 .. length; the first ones of `data`. Always written
 *
 * @return SKR_OK     `taken` > 0, or `length` is 0; if less than `length`, come back with the rest
 * @return SKR_AGAIN  connecting, no credit, or no free buffer; `taken` is 0
 * @return SKR_CLOSED our sending direction was shut, or the peer receives no more
 * @return SKR_REFUSED | SKR_RESET | SKR_TIMEOUT  how the connection ended
 * @return SKR_STALE  no such connection
 * @return SKR_FAULT  given up
 *
 * Bound: at most SKR_VSOCK_TX_COUNT packets, 15 shared accesses each and a copy of `taken` bytes, and 2 looks in vain; at most
 * 2 * SKR_VSOCK_TX_COUNT buffers taken back (a device can return those of this very call), 3 each; 3 for the kick, 1 for a
 * fault. Blocks: never. Context: task.
 * [impl->dsn~vsock.send~1] [proof->dsn~vsock.send~1]
 */
/*@ requires skr_vsock_sound(v) && \valid(taken) && \valid_read(data + (0 .. length - 1));
  @ requires \separated(v, taken, v->device.transport.memory + (0 .. v->device.transport.memory_size - 1));
  @ requires \separated(taken, v->device.transport.registers + (0 .. v->device.transport.registers_size - 1));
  @ requires \separated(data + (0 .. length - 1), v, taken,
  @                     v->device.transport.memory + (0 .. v->device.transport.memory_size - 1));
  @ terminates \true; exits \false;
  @ assigns *taken, v->armed, v->due, v->due_last, v->device.virtq[SKR_VSOCK_TX], v->device.state, v->device.cause, v->device.counters,
  @         v->device.status, v->device.rung, v->counters, v->packet, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures *taken <= length;
  @ ensures *taken > 0 ==> \result == SKR_OK;
  @ ensures fault: \result == SKR_FAULT <==> v->device.state == SKR_DEVICE_FAILED;
  @*/
SKR_MUST_CHECK skr_status_t skr_vsock_send(skr_vsock_t *v, skr_vsock_handle_t handle, const uint8_t *data, uint32_t length,
                                           uint32_t *taken);

/**
 * Receive bytes.
 *
 * @param data      out: room for `capacity` bytes; the caller's
 * @param capacity  bytes of room
 * @param got       out: how many bytes were written to `data`. Always written
 *
 * @return SKR_OK      `got` > 0, or `capacity` is 0
 * @return SKR_AGAIN   nothing there now
 * @return SKR_CLOSED  end of the stream: the peer sends no more, or our receiving direction was shut
 * @return SKR_REFUSED | SKR_RESET | SKR_TIMEOUT  how the connection ended; received bytes come first
 * @return SKR_STALE   no such connection
 * @return SKR_FAULT   given up
 *
 * Bound: one loop of 2 passes, no shared access; a copy of `got` bytes. Blocks: never. Context: task.
 * [impl->dsn~vsock.recv~1] [proof->dsn~vsock.recv~1]
 */
/*@ requires skr_vsock_sound(v) && \valid(got) && \valid(data + (0 .. capacity - 1));
  @ requires \separated(data + (0 .. capacity - 1), v, got) && \separated(v, got);
  @ terminates \true; exits \false;
  @ assigns *got, data[0 .. capacity - 1], v->due, v->due_last, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures *got <= capacity;
  @ ensures *got > 0 ==> \result == SKR_OK;
  @ ensures fault: \result == SKR_FAULT <==> v->device.state == SKR_DEVICE_FAILED;
  @*/
SKR_MUST_CHECK skr_status_t skr_vsock_recv(skr_vsock_t *v, skr_vsock_handle_t handle, uint8_t *data, uint32_t capacity,
                                           uint32_t *got);

/**
 * Look at received bytes in place, in private memory: no second copy.
 *
 * @param data    out: first byte; stays as it is until skr_vsock_consume(), close or reset of this connection
 * @param length  out: bytes from there on in one piece; after these were consumed more may follow at another place
 *
 * @return as skr_vsock_recv(); `*data` and `*length` are untouched unless SKR_OK
 *
 * Bound: no loop, no shared access. Blocks: never. Context: task.
 * [impl->dsn~vsock.peek~1] [proof->dsn~vsock.peek~1]
 */
/*@ requires skr_vsock_sound(v) && \valid(data) && \valid(length) && \separated(v, data, length);
  @ terminates \true; exits \false;
  @ assigns *data, *length;
  @ ensures \result == SKR_OK ==> *length >= 1 && \valid_read(*data + (0 .. *length - 1));
  @ ensures \result != SKR_OK ==> *length == \old(*length) && *data == \old(*data);
  @ ensures fault: \result == SKR_FAULT <==> v->device.state == SKR_DEVICE_FAILED;
  @*/
SKR_MUST_CHECK skr_status_t skr_vsock_peek(const skr_vsock_t *v, skr_vsock_handle_t handle, const uint8_t **data,
                                           uint32_t *length);

/**
 * Give up bytes seen with skr_vsock_peek(), and give the peer room for as many.
 *
 * @param length  0 .. the bytes received and not consumed
 *
 * @return SKR_OK | SKR_ARGUMENT (more than there are) | SKR_STALE | SKR_FAULT
 *
 * Bound: no loop, no shared access; a credit update goes out with the next step. Blocks: never. Context: task.
 * [impl->dsn~vsock.consume~1] [proof->dsn~vsock.consume~1]
 */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false;
  @ assigns v->due, v->due_last, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures \result == SKR_OK || \result == SKR_ARGUMENT || \result == SKR_STALE || \result == SKR_FAULT;
  @ ensures fault: \result == SKR_FAULT <==> v->device.state == SKR_DEVICE_FAILED;
  @*/
SKR_MUST_CHECK skr_status_t skr_vsock_consume(skr_vsock_t *v, skr_vsock_handle_t handle, uint32_t length);

/**
 * Shut one or both directions of an open connection; the handle stays.
 *
 * @param directions  SKR_VSOCK_SHUT_RECEIVE, SKR_VSOCK_SHUT_SEND or both
 *
 * @return SKR_OK | SKR_ARGUMENT | SKR_AGAIN (connecting) | SKR_CLOSED | SKR_REFUSED | SKR_RESET | SKR_TIMEOUT | SKR_STALE
 *         | SKR_FAULT
 *
 * Bound: no loop, no shared access; the packet goes out with the next step. Blocks: never. Context: task.
 * [impl->dsn~vsock.shutdown~1] [proof->dsn~vsock.shutdown~1]
 */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false;
  @ assigns v->due, v->due_last, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures fault: \result == SKR_FAULT <==> v->device.state == SKR_DEVICE_FAILED;
  @*/
SKR_MUST_CHECK skr_status_t skr_vsock_shutdown(skr_vsock_t *v, skr_vsock_handle_t handle, uint32_t directions);

/**
 * Give the connection up in order: what was sent is delivered, what was received and not read is gone, the peer is told, and
 * its answer awaited for SKR_TICKS_CLOSE in the background. The handle is stale afterwards.
 *
 * @return SKR_OK | SKR_STALE; works after a fault too
 *
 * Bound: one loop of SKR_VSOCK_LISTENERS passes at most, no shared access. Blocks: never. Context: task.
 * [impl->dsn~vsock.close~1] [proof->dsn~vsock.close~1]
 */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false;
  @ assigns v->due, v->due_last, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures \result == SKR_OK || \result == SKR_STALE;
  @*/
SKR_MUST_CHECK skr_status_t skr_vsock_close(skr_vsock_t *v, skr_vsock_handle_t handle);

/**
 * Cut the connection: the peer gets a RST. The handle is stale afterwards.
 *
 * @return SKR_OK | SKR_STALE; works after a fault too
 *
 * Bound: as skr_vsock_close(). Blocks: never. Context: task.
 * [impl->dsn~vsock.reset~1] [proof->dsn~vsock.reset~1]
 */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false;
  @ assigns v->due, v->due_last, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures \result == SKR_OK || \result == SKR_STALE;
  @*/
SKR_MUST_CHECK skr_status_t skr_vsock_reset(skr_vsock_t *v, skr_vsock_handle_t handle);

/**
 * What can be done with a connection now.
 *
 * @param events  out: SKR_VSOCK_READABLE, _WRITABLE, _HANGUP, _ERROR; untouched unless SKR_OK
 *
 * @return SKR_OK | SKR_STALE | SKR_FAULT
 *
 * Bound: no loop, no shared access. Blocks: never. Context: task.
 * [impl->dsn~vsock.events~1] [proof->dsn~vsock.events~1]
 */
/*@ requires skr_vsock_sound(v) && \valid(events) && \separated(v, events);
  @ terminates \true; exits \false;
  @ assigns *events;
  @ ensures \result == SKR_OK || \result == SKR_STALE || \result == SKR_FAULT;
  @ ensures fault: \result == SKR_FAULT <==> v->device.state == SKR_DEVICE_FAILED;
  @ ensures \result != SKR_OK ==> *events == \old(*events);
  @*/
SKR_MUST_CHECK skr_status_t skr_vsock_events(const skr_vsock_t *v, skr_vsock_handle_t handle, uint32_t *events);

/** Our CID; 0 until the device runs. Bound: no loop, no shared access.
 *  [impl->dsn~vsock.cid~1] [proof->dsn~vsock.cid~1] */
/*@ requires \valid_read(v);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == v->cid;
  @*/
uint32_t skr_vsock_cid(const skr_vsock_t *v);

/** Why the device was given up; SKR_CAUSE_NONE while it is not. Bound: no loop, no shared access.
 *  [impl->dsn~vsock.cause~1] [proof->dsn~vsock.cause~1] */
/*@ requires \valid_read(v);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == v->device.cause;
  @*/
skr_cause_t skr_vsock_cause(const skr_vsock_t *v);

/**
 * For the interrupt handler: acknowledge the device's interrupt, touching nothing else.
 *
 * @return bit 0: buffers were used; bit 1: the configuration changed; 0: not this device, or given up
 *
 * Bound: no loop; 2 shared accesses. Blocks: never. Context: interrupt or task.
 * [impl->dsn~vsock.acknowledge~1] [proof->dsn~vsock.acknowledge~1]
 */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false;
  @ assigns v->device.transport.registers[0 .. v->device.transport.registers_size - 1];
  @ ensures \result <= 3;
  @*/
uint32_t skr_vsock_acknowledge(const skr_vsock_t *v);

#ifdef __cplusplus
}
#endif

#endif
