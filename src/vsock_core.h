/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What the parts of vsock share: life cycle and step (vsock.c), receiving (vsock_receive.c), transmitting
 * (vsock_transmit.c), building and sending data (vsock_send.c), the calls of an application (vsock_socket.c, vsock_message.c). Not part of the public interface.
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

/** Whether a RST is still to go out for a tuple: a connection that began on it now would be hit by it.
 *  Bound: loops of SKR_VSOCK_CONNECTIONS and SKR_VSOCK_RESET_LIST passes, no shared access.
 *  [impl->dsn~vsock.owes_reset~1] [proof->dsn~vsock.owes_reset~1] */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
bool skr_vsock_owes_reset(const skr_vsock_t *v, uint32_t local_port, uint32_t peer_port);

/** An empty place for a connection, or SKR_VSOCK_NOWHERE. Bound: as skr_vsock_find().
 *  [impl->dsn~vsock.vacancy~1] [proof->dsn~vsock.vacancy~1] */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == SKR_VSOCK_NOWHERE || \result < SKR_VSOCK_CONNECTIONS;
  @ ensures \result != SKR_VSOCK_NOWHERE ==> v->flow[\result].state == SKR_FLOW_FREE;
  @*/
uint16_t skr_vsock_vacancy(const skr_vsock_t *v);

/** The place of a bound port, or SKR_VSOCK_NOWHERE. Bound: one loop of SKR_VSOCK_LISTENERS passes.
 *  [impl->dsn~vsock.listener~2] [proof->dsn~vsock.listener~2] */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == SKR_VSOCK_NOWHERE || \result < SKR_VSOCK_LISTENERS;
  @ ensures \result != SKR_VSOCK_NOWHERE ==> v->listener[\result].type != 0 && v->listener[\result].port == port;
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

/** Whether the device carries connections of a type. Bound: no loop, no shared access.
 *  [impl->dsn~vsock.carries~1] [proof->dsn~vsock.carries~1] */
/*@ requires \valid_read(v);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result ==> type == SKR_VSOCK_TYPE_STREAM || type == SKR_VSOCK_TYPE_SEQPACKET;
  @*/
bool skr_vsock_carries(const skr_vsock_t *v, uint16_t type);

/** Whether a connection may send, as the status of a call that tries. Bound: no loop, no shared access.
 *  [impl->dsn~vsock.sendable~1] [proof->dsn~vsock.sendable~1] */
/*@ requires \valid_read(f) && skr_flow_sound(f);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == SKR_OK ==> f->state == SKR_FLOW_OPEN;
  @ ensures \result != SKR_FAULT;
  @*/
skr_status_t skr_vsock_sendable(const skr_flow_t *f);

/** Whether skr_vsock_send() would take data: the state allows it, the peer has room, a buffer is free.
 *  Bound: no loop, no shared access. [impl->dsn~vsock.is_writable~1] [proof->dsn~vsock.is_writable~1] */
/*@ requires skr_vsock_sound(v) && \valid_read(f) && skr_flow_sound(f);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
bool skr_vsock_is_writable(const skr_vsock_t *v, const skr_flow_t *f);

/**
 * Write `v->packet` as the header of a transmit buffer whose payload stands there already, and add it to the ring. The CIDs are
 * filled in here; the caller flushes.
 *
 * @param id  a buffer that this side has
 *
 * Bound: no loop; 13 shared accesses. [impl->dsn~vsock.emit~3] [proof->dsn~vsock.emit~3]
 */
/*@ requires skr_vsock_sound(v) && v->device.state == SKR_DEVICE_READY && skr_virtq_taken(&v->device.virtq[SKR_VSOCK_TX], id);
  @ requires v->packet.length <= SKR_VSOCK_PAYLOAD_BYTES;
  @ terminates \true; exits \false;
  @ assigns v->device.virtq[SKR_VSOCK_TX], v->counters, v->packet,
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures skr_since_pre(v->device.virtq[SKR_VSOCK_TX].free_count);
  @*/
void skr_vsock_emit(skr_vsock_t *v, uint16_t id);

/** Send the packet that is being built, without ending a message; one that is empty, or whose connection is cut, is dropped.
 *  Nothing if none is being built, or the device was given up. Bound: no loop; 13 shared accesses.
 *  [impl->dsn~vsock.finish~1] [proof->dsn~vsock.finish~1] */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false;
  @ assigns v->build.id, v->device.virtq[SKR_VSOCK_TX], v->counters, v->packet, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_sound(v) && skr_since_pre(v->device.state);
  @*/
void skr_vsock_finish(skr_vsock_t *v);

/** Show the device what was added to the transmit ring, unless it was given up meanwhile. Bound: no loop; 3 shared accesses.
 *  [impl->dsn~vsock.flush~1] [proof->dsn~vsock.flush~1] */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false;
  @ assigns v->device.virtq[SKR_VSOCK_TX].kicked_idx, v->device.counters, v->device.rung,
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_sound(v) && skr_since_pre(v->device.state);
  @*/
void skr_vsock_flush(skr_vsock_t *v);

/** Look after a connection that owes something since received bytes were taken. Bound: no loop, no shared access.
 *  [impl->dsn~vsock.attend~1] */
/*@ requires skr_vsock_sound(v) && index < SKR_VSOCK_CONNECTIONS;
  @ terminates \true; exits \false;
  @ assigns v->due, v->due_last, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_vsock_sound(v) && skr_since_pre(v->device.state);
  @*/
void skr_vsock_owe(skr_vsock_t *v, uint16_t index);

/** Move the oldest received bytes out of a connection, as many as there are and `data` has room for; how many.
 *  Bound: one loop of 2 passes, no shared access. [impl->dsn~vsock.move_out~1] [proof->dsn~vsock.move_out~1] */
/*@ requires skr_vsock_table(flow, index) && \valid(data + (0 .. capacity - 1));
  @ requires \separated(data + (0 .. capacity - 1), flow + (0 .. SKR_VSOCK_CONNECTIONS - 1));
  @ terminates \true; exits \false;
  @ assigns data[0 .. capacity - 1], flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_flows_sound(flow) && \result <= capacity;
  @ ensures \result > 0 ==> \old(flow[index].stored) > 0;
  @*/
uint32_t skr_vsock_move_out(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index, uint8_t *data, uint32_t capacity);

/** Whether what skr_vsock_recv() or skr_vsock_recv_message() gives can be had, or the end of it; as the status of a call that tries.
 *  Bound: no loop, no shared access. [impl->dsn~vsock.readable~1] [proof->dsn~vsock.readable~1] */
/*@ requires \valid_read(f) && skr_flow_sound(f);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures f->type != SKR_VSOCK_TYPE_SEQPACKET ==> (\result == SKR_OK <==> f->stored > 0);
  @ ensures f->type == SKR_VSOCK_TYPE_SEQPACKET ==> (\result == SKR_OK <==> f->messages > 0);
  @ ensures \result != SKR_FAULT;
  @*/
skr_status_t skr_vsock_readable(const skr_flow_t *f);

/**
 * Let time pass for the connections that are due, send what they and unknown tuples are owed, and free the places of those that
 * are over. Nothing if the device was given up.
 *
 * Bound: SKR_VSOCK_CONNECTIONS + SKR_VSOCK_RESET_LIST packets, loops of as many passes; of none for connections that are not due.
 * [impl->dsn~vsock.settle~2] [proof->dsn~vsock.settle~2]
 */
/*@ requires skr_vsock_left(v);
  @ terminates \true; exits \false;
  @ assigns v->build.id, v->device.virtq[SKR_VSOCK_TX], v->device.state, v->device.cause, v->device.counters, v->device.status,
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
