/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What the parts of vsock share: life cycle and step (vsock.c), receiving (vsock_receive.c), transmitting
 * (vsock_transmit.c), the calls of an application (vsock_socket.c). Not part of the public interface.
 */
#ifndef SKERRY_VSOCK_CORE_H
#define SKERRY_VSOCK_CORE_H

#include "skerry/vsock.h"

/* table: of connections, and a place in it. left: READY, or a fault was found meanwhile.
 * lasting: a fault stays. */
#ifdef __FRAMAC__
#define skr_vsock_table(flow, index)                                          \
    (\valid((flow) + (0 .. SKR_VSOCK_CONNECTIONS - 1)) && skr_flows_sound(flow) && (index) < SKR_VSOCK_CONNECTIONS)

#define skr_vsock_left(v)                                                     \
    (skr_vsock_sound(v) && ((v)->device.state == SKR_DEVICE_READY || (v)->device.state == SKR_DEVICE_FAILED))

#define skr_vsock_lasting(v)                                                  \
    (\at((v)->device.state, Pre) == SKR_DEVICE_FAILED ==> (v)->device.state == SKR_DEVICE_FAILED)
#endif

/** "no connection" */
#define SKR_VSOCK_NOWHERE 0xFFFFU

/** Where in `hint` the place of a tuple is looked for. Neighbouring ports of either side get places of their own. */
#define SKR_VSOCK_HINT(local_port, peer_port) (((local_port) + (peer_port)) % SKR_VSOCK_CONNECTIONS)

/** A handle is generation * SKR_VSOCK_PLACES + place + 1. */
#define SKR_VSOCK_PLACES 0x10000U

/** Most payload in one packet. */
#define SKR_VSOCK_PAYLOAD_BYTES (SKR_VSOCK_BUFFER_BYTES - SKR_VSOCK_HEADER_BYTES)

/** The place that a handle speaks of, or SKR_VSOCK_NOWHERE if it is none of the table. Only skr_vsock_resolve() says whether it names what is there.
 *  Bound: no loop, no shared access. [impl->dsn~vsock.resolve~2] */
/*@ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == (1 <= handle % SKR_VSOCK_PLACES <= SKR_VSOCK_CONNECTIONS
  @     ? handle % SKR_VSOCK_PLACES - 1 : SKR_VSOCK_NOWHERE);
  @*/
static inline uint16_t skr_vsock_place(skr_vsock_handle_t handle)
{
    const uint32_t counted = handle % SKR_VSOCK_PLACES;
    uint16_t place = SKR_VSOCK_NOWHERE;

    if ((counted != 0U) && (counted <= SKR_VSOCK_CONNECTIONS)) {
        place = (uint16_t)(counted - 1U);
    }
    return place;
}

/**
 * Whether a handle names a connection.
 *
 * @param index  skr_vsock_place() of the handle
 *
 * @return SKR_OK | SKR_STALE | SKR_FAULT (the device was given up). Bound: no loop, no shared access.
 * [impl->dsn~vsock.resolve~2] [proof->dsn~vsock.resolve~2]
 */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == SKR_OK || \result == SKR_STALE || \result == SKR_FAULT;
  @ ensures \result == SKR_FAULT <==> v->device.state == SKR_DEVICE_FAILED;
  @ ensures \result == SKR_OK ==> index < SKR_VSOCK_CONNECTIONS;
  @*/
SKR_MUST_CHECK skr_status_t skr_vsock_resolve(const skr_vsock_t *v, skr_vsock_handle_t handle, uint16_t index);

/**
 * Tell a number to the caller. A function of its own: here alone has it to be shown that the caller's variable is no part of
 * the context. Bound: no loop, no shared access. [impl->dsn~vsock.resolve~2]
 */
/*@ requires skr_vsock_sound(v) && \valid(told) && \separated(v, told);
  @ terminates \true; exits \false; assigns *told;
  @ ensures skr_vsock_sound(v) && skr_since_pre(v->device.state) && *told == number;
  @*/
void skr_vsock_tell(const skr_vsock_t *v, uint32_t *told, uint32_t number);

/**
 * The live connection of a tuple.
 *
 * @return its place, or SKR_VSOCK_NOWHERE. Bound: one loop of SKR_VSOCK_CONNECTIONS passes, no shared access.
 * [impl->dsn~vsock.find~1] [proof->dsn~vsock.find~1]
 */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == SKR_VSOCK_NOWHERE || \result < SKR_VSOCK_CONNECTIONS;
  @ ensures \result != SKR_VSOCK_NOWHERE ==> v->flow[\result].state != SKR_FLOW_FREE
  @   && v->flow[\result].state != SKR_FLOW_ENDED && v->flow[\result].local_port == local_port
  @   && v->flow[\result].peer_port == peer_port;
  @*/
uint16_t skr_vsock_find(const skr_vsock_t *v, uint32_t local_port, uint32_t peer_port);

/** An empty place for a connection, or SKR_VSOCK_NOWHERE. Bound: as skr_vsock_find().
 *  [impl->dsn~vsock.vacancy~1] [proof->dsn~vsock.vacancy~1] */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == SKR_VSOCK_NOWHERE || \result < SKR_VSOCK_CONNECTIONS;
  @ ensures \result != SKR_VSOCK_NOWHERE ==> v->flow[\result].state == SKR_FLOW_FREE;
  @*/
uint16_t skr_vsock_vacancy(const skr_vsock_t *v);

/** The place of a listening port, or SKR_VSOCK_NOWHERE. Bound: one loop of SKR_VSOCK_LISTENERS passes.
 *  [impl->dsn~vsock.listener~1] [proof->dsn~vsock.listener~1] */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == SKR_VSOCK_NOWHERE || \result < SKR_VSOCK_LISTENERS;
  @ ensures \result != SKR_VSOCK_NOWHERE ==> v->listener[\result].backlog != 0 && v->listener[\result].port == port;
  @*/
uint16_t skr_vsock_listener(const skr_vsock_t *v, uint32_t port);

/**
 * End every connection as SKR_RESET without telling the peer; those in a backlog are released. The next step looks after all.
 * Bound: one loop of SKR_VSOCK_CONNECTIONS passes, no shared access.
 * [impl->dsn~vsock.end_all~2] [proof->dsn~vsock.end_all~2]
 */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false;
  @ assigns v->due, v->due_last, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1], v->resets;
  @ ensures skr_vsock_sound(v) && v->resets == 0;
  @ ensures \forall integer i; 0 <= i < SKR_VSOCK_CONNECTIONS ==>
  @      (v->flow[i].state == SKR_FLOW_FREE || v->flow[i].state == SKR_FLOW_ENDED) && v->flow[i].owed == 0;
  @*/
void skr_vsock_end_all(skr_vsock_t *v);

/**
 * Enter a connection in the list of those that the next step looks after, if it is due and not in there already. To be called
 * by whatever may have made it due.
 *
 * Bound: no loop, no shared access. [impl->dsn~vsock.attend~1] [proof->dsn~vsock.attend~1]
 */
/*@ requires skr_vsock_sound(v) && index < SKR_VSOCK_CONNECTIONS;
  @ terminates \true; exits \false;
  @ assigns v->due, v->due_last, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_vsock_sound(v) && skr_since_pre(v->device.state);
  @*/
void skr_vsock_attend(skr_vsock_t *v, uint16_t index);

/**
 * Whether more than `keep` transmit buffers are free; transmitted ones are taken back only if not.
 *
 * @return true: there is room. false: none, or the device does not run, or was given up meanwhile.
 *
 * Bound: one loop of SKR_VSOCK_TX_COUNT passes, 2 shared accesses each.
 * [impl->dsn~vsock.room~2] [proof->dsn~vsock.room~2]
 */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false;
  @ assigns v->device.virtq[SKR_VSOCK_TX], v->device.state, v->device.cause, v->device.counters, v->device.status,
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures skr_since_pre(v->device.state) || v->device.state == SKR_DEVICE_FAILED;
  @ ensures \result == \true ==> v->device.state == SKR_DEVICE_READY && v->device.virtq[SKR_VSOCK_TX].free_count > keep;
  @*/
bool skr_vsock_room(skr_vsock_t *v, uint16_t keep);

/** Whether skr_vsock_send() would take data: the state allows it, the peer has room, a buffer is free.
 *  Bound: no loop, no shared access. [impl->dsn~vsock.is_writable~1] [proof->dsn~vsock.is_writable~1] */
/*@ requires skr_vsock_sound(v) && \valid_read(f) && skr_flow_sound(f);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
bool skr_vsock_is_writable(const skr_vsock_t *v, const skr_flow_t *f);

/**
 * Add `v->packet` to the transmit ring. The caller has made sure of a free buffer, and flushes. CIDs and type are filled in here;
 * `length` is the payload's, at most SKR_VSOCK_BUFFER_BYTES - 44.
 *
 * @param data  payload; NULL if there is none
 *
 * Bound: no loop; 14 shared accesses and a copy of the payload.
 * [impl->dsn~vsock.emit~2] [proof->dsn~vsock.emit~2]
 */
/*@ requires skr_vsock_sound(v) && v->device.state == SKR_DEVICE_READY && v->device.virtq[SKR_VSOCK_TX].free_count > 0;
  @ requires v->packet.length <= SKR_VSOCK_PAYLOAD_BYTES;
  @ requires v->packet.length > 0 ==> \valid_read(data + (0 .. v->packet.length - 1)) && \separated(
  @     data + (0 .. v->packet.length - 1), v->device.transport.memory + (0 .. v->device.transport.memory_size - 1));
  @ terminates \true; exits \false;
  @ assigns v->device.virtq[SKR_VSOCK_TX], v->counters, v->packet,
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures v->device.virtq[SKR_VSOCK_TX].free_count == \old(v->device.virtq[SKR_VSOCK_TX].free_count) - 1;
  @*/
void skr_vsock_emit(skr_vsock_t *v, const uint8_t *data);

/**
 * Let time pass for the connections that are due, send what they and unknown tuples are owed, and free the places of those that
 * are over. Nothing if the device was given up.
 *
 * Bound: SKR_VSOCK_CONNECTIONS + SKR_VSOCK_RESET_LIST packets, loops of as many passes; of none for connections that are not due.
 * [impl->dsn~vsock.settle~2] [proof->dsn~vsock.settle~2]
 */
/*@ requires skr_vsock_left(v);
  @ terminates \true; exits \false;
  @ assigns v->device.virtq[SKR_VSOCK_TX], v->device.state, v->device.cause, v->device.counters, v->device.status,
  @         v->device.rung, v->counters, v->packet, v->due, v->due_last, v->resets, v->next_resting, v->resting[0 .. SKR_VSOCK_QUARANTINE_LIST - 1],
  @         v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_left(v) && skr_vsock_lasting(v);
  @*/
void skr_vsock_settle(skr_vsock_t *v);

/** Take received packets; none if the device was given up. Bound: SKR_VSOCK_STEP_PACKETS packets, 20 shared accesses and the copy of a payload each.
 *  [impl->dsn~vsock.receive~1] [proof->dsn~vsock.receive~1] */
/*@ requires skr_vsock_left(v);
  @ terminates \true; exits \false;
  @ assigns v->device.virtq[SKR_VSOCK_RX], v->device.state, v->device.cause, v->device.counters, v->device.status,
  @         v->device.rung, v->counters, v->packet, v->due, v->due_last, v->resets, v->reset[0 .. SKR_VSOCK_RESET_LIST - 1], v->next_order,
  @         v->hint[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_left(v) && skr_vsock_lasting(v);
  @*/
void skr_vsock_receive(skr_vsock_t *v);

/** Take events. Bound: SKR_VSOCK_EVENT_COUNT events, 6 shared accesses each.
 *  [impl->dsn~vsock.take_events~1] [proof->dsn~vsock.take_events~1] */
/*@ requires skr_vsock_sound(v) && v->device.state == SKR_DEVICE_READY && v->device.queues == 3;
  @ terminates \true; exits \false;
  @ assigns v->device.virtq[SKR_VSOCK_EVENT], v->device.state, v->device.cause, v->device.counters, v->device.status,
  @         v->device.rung, v->counters, v->up, v->due, v->due_last, v->resets,
  @         v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_left(v);
  @*/
void skr_vsock_take_events(skr_vsock_t *v);

#endif
