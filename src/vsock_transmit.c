/* SPDX-License-Identifier: BSD-3-Clause */
#include "vsock_core.h"

/* running: READY. */
#ifdef __FRAMAC__
#define transmit_running(v) (skr_vsock_sound(v) && (v)->device.state == SKR_DEVICE_READY)
#endif

/** Free the buffer that came back. One change of a ring in a function: with more, the solvers lose the other rings. */
/*@ requires transmit_running(v) && skr_virtq_taken(&v->device.virtq[SKR_VSOCK_TX], v->device.virtq[SKR_VSOCK_TX].popped);
  @ terminates \true; exits \false;
  @ assigns v->device.virtq[SKR_VSOCK_TX];
  @ ensures transmit_running(v);
  @*/
static void free_popped(skr_vsock_t *v)
{
    skr_virtq_t *q = &v->device.virtq[SKR_VSOCK_TX];

    skr_virtq_release(q, q->popped);
    /*@ assert receive: skr_device_ring(&v->device, 0); */
    /*@ assert event: skr_device_ring(&v->device, 2); */
    /*@ assert tables: skr_vsock_tables(v); */
}

/** Take back every buffer that the device has transmitted. */
/*@ requires skr_vsock_sound(v) && v->device.state == SKR_DEVICE_READY;
  @ terminates \true; exits \false;
  @ assigns v->device.virtq[SKR_VSOCK_TX], v->device.state, v->device.cause, v->device.counters, v->device.status,
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1];
  @ ensures skr_vsock_left(v);
  @*/
static void gather(skr_vsock_t *v)
{
    skr_status_t status = SKR_OK;

    /*@ loop invariant 0 <= i <= SKR_VSOCK_TX_COUNT;
      @ loop invariant skr_vsock_sound(v);
      @ loop invariant v->device.state == SKR_DEVICE_READY || v->device.state == SKR_DEVICE_FAILED;
      @ loop invariant status == SKR_OK ==> v->device.state == SKR_DEVICE_READY;
      @ loop assigns i, status, v->device.virtq[SKR_VSOCK_TX], v->device.state, v->device.cause, v->device.counters,
      @      v->device.status, v->device.transport.registers[0 .. v->device.transport.registers_size - 1];
      @ loop variant SKR_VSOCK_TX_COUNT - i;
      @*/
    for (uint16_t i = 0U; (i < SKR_VSOCK_TX_COUNT) && (status == SKR_OK); i++) {
        status = skr_device_pop(&v->device, SKR_VSOCK_TX);
        /*@ assert popped: skr_vsock_left(v); */
        if (status == SKR_OK) {
            free_popped(v);
        }
    }
}

bool skr_vsock_room(skr_vsock_t *v, uint16_t keep)
{
    const skr_virtq_t *q = &v->device.virtq[SKR_VSOCK_TX];

    if ((v->device.state == SKR_DEVICE_READY) && (q->free_count <= keep)) {
        gather(v);
        /*@ assert gathered: skr_vsock_left(v); */
    }
    return (v->device.state == SKR_DEVICE_READY) && (q->free_count > keep);
}

/** Write a packet into one buffer of a ring. */
/*@ requires \valid_read(q) && skr_virtq_placed(q) && id < q->count && q->stride == SKR_VSOCK_BUFFER_BYTES;
  @ requires \valid_read(packet) && packet->length <= SKR_VSOCK_PAYLOAD_BYTES;
  @ requires \separated(packet, q->base + (0 .. q->limit - 1));
  @ requires packet->length > 0 ==> \valid_read(data + (0 .. packet->length - 1))
  @   && \separated(data + (0 .. packet->length - 1), q->base + (0 .. q->limit - 1));
  @ terminates \true; exits \false;
  @ assigns q->base[0 .. q->limit - 1];
  @*/
static void write_packet(skr_virtq_t *q, uint16_t id, const skr_vsock_packet_t *packet, const uint8_t *data)
{
    const uint32_t at = skr_virtq_buffer(q, id);

    skr_vsock_packet_write(q->base, at, packet);
    if (data != NULL) {
        skr_shm_copy_out(q->base, at + SKR_VSOCK_HEADER_BYTES, data, packet->length);
    }
}

/** Fill a buffer with `v->packet` and what comes behind it, and make it available. */
/*@ requires transmit_running(v) && skr_virtq_taken(&v->device.virtq[SKR_VSOCK_TX], id);
  @ requires v->packet.length <= SKR_VSOCK_PAYLOAD_BYTES;
  @ requires v->packet.length > 0 ==> \valid_read(data + (0 .. v->packet.length - 1)) && \separated(
  @     data + (0 .. v->packet.length - 1), v->device.transport.memory + (0 .. v->device.transport.memory_size - 1));
  @ terminates \true; exits \false;
  @ assigns v->device.virtq[SKR_VSOCK_TX], v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures transmit_running(v) && skr_since_pre(v->device.virtq[SKR_VSOCK_TX].free_count);
  @*/
static void add_packet(skr_vsock_t *v, uint16_t id, const uint8_t *data)
{
    skr_virtq_t *q = &v->device.virtq[SKR_VSOCK_TX];

    write_packet(q, id, &v->packet, data);
    skr_virtq_add(q, id, SKR_VSOCK_HEADER_BYTES + v->packet.length);
}

void skr_vsock_emit(skr_vsock_t *v, const uint8_t *data)
{
    const uint16_t id = skr_virtq_take(&v->device.virtq[SKR_VSOCK_TX]);

    /*@ assert taken: transmit_running(v); */
    v->packet.src_cid = v->cid;
    v->packet.dst_cid = SKR_VSOCK_CID_HOST;
    v->packet.type = SKR_VSOCK_TYPE_STREAM;
    add_packet(v, id, data);
    v->counters.packets_sent++;
}

/** Let a local port rest that connect() had chosen. */
/*@ requires \valid(resting + (0 .. SKR_VSOCK_QUARANTINE_LIST - 1)) && next < SKR_VSOCK_QUARANTINE_LIST;
  @ terminates \true; exits \false;
  @ assigns resting[0 .. SKR_VSOCK_QUARANTINE_LIST - 1];
  @ ensures \result < SKR_VSOCK_QUARANTINE_LIST;
  @*/
static uint16_t rest_in(skr_vsock_resting_t resting[SKR_VSOCK_QUARANTINE_LIST], uint16_t next, uint32_t port, uint32_t now)
{
    resting[next].port = port;
    resting[next].since = now;
    return (uint16_t)((next + 1U) % SKR_VSOCK_QUARANTINE_LIST);
}

/** Let a local port rest that connect() had chosen. */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false;
  @ assigns v->next_resting, v->resting[0 .. SKR_VSOCK_QUARANTINE_LIST - 1];
  @ ensures skr_vsock_sound(v);
  @*/
static void rest_port(skr_vsock_t *v, uint32_t port)
{
    v->next_resting = rest_in(v->resting, v->next_resting, port, v->device.now);
}

/** Whether a connection may send, as the status of a call that tries. */
/*@ requires \valid_read(f) && skr_flow_sound(f);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == SKR_OK ==> f->state == SKR_FLOW_OPEN;
  @ ensures \result != SKR_FAULT;
  @*/
static skr_status_t sendable(const skr_flow_t *f)
{
    skr_status_t status = SKR_OK;

    if (f->state == SKR_FLOW_ENDED) {
        status = f->end;
    } else if ((f->shut & (SKR_SHUT_LOCAL_SEND | SKR_SHUT_PEER_RECEIVE)) != 0U) {
        status = SKR_CLOSED;
    } else if ((f->state != SKR_FLOW_OPEN) || ((f->owed & SKR_OWE_RESPONSE) != 0U)) {
        status = SKR_AGAIN;
    } else {
        /* open */
    }
    return status;
}

/** Whether a connection waits for the peer's credit and has not asked for it of late. */
/*@ requires \valid_read(f) && skr_flow_sound(f);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == \true ==> f->state == SKR_FLOW_OPEN;
  @*/
static bool wants_credit(const skr_flow_t *f, uint32_t now)
{
    return (sendable(f) == SKR_OK) && (skr_flow_window(f) == 0U) && skr_passed(now, f->asked, SKR_TICKS_CREDIT);
}

/** Let time pass for one connection; whether it owes a reply. */
/*@ requires skr_vsock_table(flow, index);
  @ terminates \true; exits \false;
  @ assigns flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_flows_sound(flow);
  @*/
static bool tick(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index, uint32_t now)
{
    skr_flow_t *f = &flow[index];

    skr_flow_tick(f, now);
    /* On the tick and not in skr_vsock_send(): who waits for SKR_VSOCK_WRITABLE does not call it. */
    if (wants_credit(f, now)) {
        f->owed = (uint16_t)((f->owed | SKR_OWE_CREDIT_REQUEST) & SKR_OWE_ALL);
    }
    return f->owed != 0U;
}

/** The next reply of one connection. */
/*@ requires skr_vsock_table(flow, index) && \valid(packet) && \separated(flow + (0 .. SKR_VSOCK_CONNECTIONS - 1), packet);
  @ terminates \true; exits \false;
  @ assigns flow[0 .. SKR_VSOCK_CONNECTIONS - 1], *packet;
  @ ensures skr_flows_sound(flow) && packet->length == 0;
  @*/
static void take_reply(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index, skr_vsock_packet_t *packet, uint32_t now)
{
    skr_flow_reply(&flow[index], packet, now);
}

/** Free the place of a connection that is over; the local port that has to rest, or 0. */
/*@ requires skr_vsock_table(flow, index);
  @ terminates \true; exits \false;
  @ assigns flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_flows_sound(flow);
  @*/
static uint32_t vacate(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index)
{
    skr_flow_t *f = &flow[index];
    uint32_t port = 0U;

    if ((f->state == SKR_FLOW_ENDED) && (f->released != 0U) && (f->owed == 0U)) {
        f->state = SKR_FLOW_FREE;
        if (f->quarantine != 0U) {
            port = f->local_port;
        }
    }
    return port;
}

/** Send one reply of a connection that owes some. */
/*@ requires transmit_running(v) && index < SKR_VSOCK_CONNECTIONS;
  @ terminates \true; exits \false;
  @ assigns v->device.virtq[SKR_VSOCK_TX], v->device.state, v->device.cause, v->device.counters, v->device.status,
  @         v->counters, v->packet, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_left(v);
  @*/
static void reply(skr_vsock_t *v, uint16_t index)
{
    if (skr_vsock_room(v, 0U)) {
        take_reply(v->flow, index, &v->packet, v->device.now);
        /*@ assert composed: transmit_running(v); */
        skr_vsock_emit(v, NULL);
        /*@ assert sent: skr_vsock_left(v); */
    }
}

/** Free the place of a connection that is over. */
/*@ requires skr_vsock_left(v) && index < SKR_VSOCK_CONNECTIONS;
  @ terminates \true; exits \false;
  @ assigns v->next_resting, v->resting[0 .. SKR_VSOCK_QUARANTINE_LIST - 1], v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_vsock_left(v);
  @*/
static void retire(skr_vsock_t *v, uint16_t index)
{
    const uint32_t port = vacate(v->flow, index);

    if (port != 0U) {
        rest_port(v, port);
    }
}

/** Let time pass for one connection, send one reply if it owes some, and free its place if it is over. */
/*@ requires transmit_running(v) && index < SKR_VSOCK_CONNECTIONS;
  @ terminates \true; exits \false;
  @ assigns v->device.virtq[SKR_VSOCK_TX], v->device.state, v->device.cause, v->device.counters, v->device.status,
  @         v->counters, v->packet, v->next_resting, v->resting[0 .. SKR_VSOCK_QUARANTINE_LIST - 1],
  @         v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_left(v);
  @*/
static void settle_flow(skr_vsock_t *v, uint16_t index)
{
    const bool owes = tick(v->flow, index, v->device.now);

    /*@ assert ticked: transmit_running(v); */
    if (owes) {
        reply(v, index);
        /*@ assert replied: skr_vsock_left(v); */
    }
    /*@ assert told: skr_vsock_left(v); */
    retire(v, index);
}

/** Send the RST owed to tuples that have no connection. */
/*@ requires skr_vsock_left(v);
  @ terminates \true; exits \false;
  @ assigns v->device.virtq[SKR_VSOCK_TX], v->device.state, v->device.cause, v->device.counters, v->device.status,
  @         v->counters, v->packet, v->resets,
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_left(v) && skr_vsock_lasting(v);
  @*/
static void settle_resets(skr_vsock_t *v)
{
    const uint16_t owed = v->resets;
    bool room = true;

    /*@ loop invariant 0 <= i <= owed;
      @ loop invariant skr_vsock_left(v) && skr_vsock_lasting(v);
      @ loop invariant room == \true ==> v->resets == owed - i;
      @ loop assigns i, room, v->device.virtq[SKR_VSOCK_TX], v->device.state, v->device.cause, v->device.counters,
      @      v->device.status, v->counters, v->packet, v->resets,
      @      v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
      @      v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
      @ loop variant owed - i;
      @*/
    for (uint16_t i = 0U; (i < owed) && room; i++) {
        room = skr_vsock_room(v, 0U);
        if (room) {
            v->resets = (uint16_t)(v->resets - 1U);
            v->packet.op = SKR_VSOCK_OP_RST;
            v->packet.src_port = v->reset[v->resets].local_port;
            v->packet.dst_port = v->reset[v->resets].peer_port;
            v->packet.length = 0U;
            v->packet.flags = 0U;
            v->packet.buf_alloc = 0U;
            v->packet.fwd_cnt = 0U;
            skr_vsock_emit(v, NULL);
            /*@ assert sent: transmit_running(v); */
        }
        /*@ assert looked: skr_vsock_left(v); */
    }
}

/** Take one connection off the list of those that are due; the next one. */
/*@ requires skr_vsock_table(flow, index);
  @ terminates \true; exits \false;
  @ assigns flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_flows_sound(flow);
  @*/
static uint16_t leave_due(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index)
{
    const uint16_t next = flow[index].next;

    flow[index].next = SKR_VSOCK_NOWHERE;
    return next;
}

/** Look after one connection that is due, and enter it anew if it is `listed` and still due; the next one of the old list. */
/*@ requires transmit_running(v) && index < SKR_VSOCK_CONNECTIONS;
  @ terminates \true; exits \false;
  @ assigns v->device.virtq[SKR_VSOCK_TX], v->device.state, v->device.cause, v->device.counters, v->device.status,
  @         v->counters, v->packet, v->due, v->due_last, v->next_resting, v->resting[0 .. SKR_VSOCK_QUARANTINE_LIST - 1],
  @         v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_left(v);
  @*/
static uint16_t look_after(skr_vsock_t *v, uint16_t index, bool listed)
{
    const uint16_t next = leave_due(v->flow, index);

    /*@ assert off: transmit_running(v); */
    settle_flow(v, index);
    /*@ assert settled: skr_vsock_left(v); */
    if (listed) {
        skr_vsock_attend(v, index);
        /*@ assert on: skr_vsock_left(v); */
    }
    return next;
}

/** Look after every connection that is due, and make a new list of those that are due again. The first one becomes the last:
 *  where there are fewer buffers than replies, each comes first in turn. */
/*@ requires skr_vsock_left(v);
  @ terminates \true; exits \false;
  @ assigns v->device.virtq[SKR_VSOCK_TX], v->device.state, v->device.cause, v->device.counters, v->device.status,
  @         v->counters, v->packet, v->due, v->due_last, v->next_resting, v->resting[0 .. SKR_VSOCK_QUARANTINE_LIST - 1],
  @         v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_left(v) && skr_vsock_lasting(v);
  @*/
static void settle_flows(skr_vsock_t *v)
{
    const uint16_t first = v->due;
    uint16_t at = first;

    v->due = SKR_VSOCK_CONNECTIONS;
    /*@ loop invariant 0 <= i <= SKR_VSOCK_CONNECTIONS;
      @ loop invariant skr_vsock_left(v) && skr_vsock_lasting(v);
      @ loop assigns i, at, v->device.virtq[SKR_VSOCK_TX], v->device.state, v->device.cause, v->device.counters, v->device.status,
      @      v->counters, v->packet, v->due, v->due_last, v->next_resting, v->resting[0 .. SKR_VSOCK_QUARANTINE_LIST - 1],
      @      v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
      @      v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
      @      v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
      @ loop variant SKR_VSOCK_CONNECTIONS - i;
      @*/
    for (uint16_t i = 0U; (i < SKR_VSOCK_CONNECTIONS) && (at < SKR_VSOCK_CONNECTIONS) && (v->device.state == SKR_DEVICE_READY);
         i++) {
        at = look_after(v, at, at != first);
    }
    if (first < SKR_VSOCK_CONNECTIONS) {
        skr_vsock_attend(v, first);
    }
}

/** Show the device what was added to the transmit ring, unless it was given up meanwhile. */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false;
  @ assigns v->device.virtq[SKR_VSOCK_TX].kicked_idx, v->device.counters, v->device.rung,
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_sound(v) && skr_since_pre(v->device.state);
  @*/
static void flush(skr_vsock_t *v)
{
    if (v->device.state == SKR_DEVICE_READY) {
        skr_device_flush(&v->device, SKR_VSOCK_TX);
    }
}

void skr_vsock_settle(skr_vsock_t *v)
{
    (void)skr_vsock_room(v, SKR_VSOCK_TX_RESERVE); /* so that skr_vsock_events() sees what the device has given back */
    settle_flows(v);
    settle_resets(v);
    flush(v);
}

/** Ask to be interrupted when a buffer was transmitted, or ask no more. */
/*@ requires transmit_running(v);
  @ terminates \true; exits \false;
  @ assigns v->armed, v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures transmit_running(v);
  @*/
static void arm(skr_vsock_t *v, bool blocked)
{
    const uint16_t wanted = (uint16_t)(blocked ? 1U : 0U);
    const bool passed = blocked && (v->device.virtq[SKR_VSOCK_TX].event_idx != 0U); /* the index asked for may lie behind us */

    if ((v->armed != wanted) || passed) {
        v->armed = wanted;
        skr_virtq_interrupts(&v->device.virtq[SKR_VSOCK_TX], blocked);
    }
}

/** Whether there is a buffer for data; if not, the device is asked to say when there is. */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false;
  @ assigns v->armed, v->device.virtq[SKR_VSOCK_TX], v->device.state, v->device.cause, v->device.counters, v->device.status,
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures skr_since_pre(v->device.state) || v->device.state == SKR_DEVICE_FAILED;
  @ ensures \result == \true ==> v->device.state == SKR_DEVICE_READY
  @   && v->device.virtq[SKR_VSOCK_TX].free_count > SKR_VSOCK_TX_RESERVE;
  @*/
static bool room_for_data(skr_vsock_t *v)
{
    bool room = skr_vsock_room(v, SKR_VSOCK_TX_RESERVE);

    if (v->device.state == SKR_DEVICE_READY) {
        arm(v, !room);
        if (!room) {
            room = skr_vsock_room(v, SKR_VSOCK_TX_RESERVE); /* it may have come between the look and the request */
        }
        /*@ assert asked: skr_vsock_left(v); */
    }
    return room;
}

/** Bytes of payload in the next packet: what is left, what the peer has room for, what a buffer takes. */
/*@ terminates \true; exits \false; assigns \nothing;
  @ ensures \result <= length && \result <= window && \result <= SKR_VSOCK_PAYLOAD_BYTES;
  @ ensures 1 <= length && 1 <= window ==> 1 <= \result;
  @*/
static uint32_t payload(uint32_t length, uint32_t window)
{
    const uint32_t bytes = (length < window) ? length : window;

    return (bytes < SKR_VSOCK_PAYLOAD_BYTES) ? bytes : SKR_VSOCK_PAYLOAD_BYTES;
}

/** The header of the next data packet of one connection. */
/*@ requires skr_vsock_table(flow, index) && \valid(packet) && \separated(flow + (0 .. SKR_VSOCK_CONNECTIONS - 1), packet);
  @ requires flow[index].state == SKR_FLOW_OPEN && 1 <= bytes;
  @ requires skr_flow_admits(flow + index, bytes);
  @ terminates \true; exits \false;
  @ assigns flow[0 .. SKR_VSOCK_CONNECTIONS - 1], *packet;
  @ ensures skr_flows_sound(flow);
  @ ensures flow[index].state == SKR_FLOW_OPEN && packet->length == bytes;
  @*/
static void take_data(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index, skr_vsock_packet_t *packet, uint32_t bytes)
{
    skr_flow_data(&flow[index], packet, bytes);
}

/** Send one packet of at most `length` bytes of a connection that has a window; the bytes sent. */
/*@ requires transmit_running(v) && index < SKR_VSOCK_CONNECTIONS;
  @ requires v->flow[index].state == SKR_FLOW_OPEN && v->device.virtq[SKR_VSOCK_TX].free_count > 0;
  @ requires 1 <= length && \valid_read(data + (0 .. length - 1));
  @ requires 1 <= window && skr_flow_admits(&v->flow[index], window);
  @ requires \separated(data + (0 .. length - 1), v->device.transport.memory + (0 .. v->device.transport.memory_size - 1));
  @ terminates \true; exits \false;
  @ assigns v->device.virtq[SKR_VSOCK_TX], v->counters, v->packet, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures transmit_running(v) && v->flow[index].state == SKR_FLOW_OPEN;
  @ ensures 1 <= \result <= length && \result <= window;
  @*/
static uint32_t send_packet(skr_vsock_t *v, uint16_t index, const uint8_t *data, uint32_t length, uint32_t window)
{
    const uint32_t bytes = payload(length, window);

    take_data(v->flow, index, &v->packet, bytes);
    /*@ assert headed: transmit_running(v); */
    skr_vsock_emit(v, data);
    return bytes;
}

/** Send as much as credit and buffers allow; the bytes sent. */
/*@ requires skr_vsock_sound(v) && index < SKR_VSOCK_CONNECTIONS;
  @ requires v->flow[index].state == SKR_FLOW_OPEN;
  @ requires \valid_read(data + (0 .. length - 1));
  @ requires \separated(data + (0 .. length - 1), v->device.transport.memory + (0 .. v->device.transport.memory_size - 1));
  @ terminates \true; exits \false;
  @ assigns v->armed, v->due, v->due_last, v->device.virtq[SKR_VSOCK_TX], v->device.state, v->device.cause, v->device.counters, v->device.status,
  @         v->counters, v->packet, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_sound(v) && \result <= length;
  @ ensures skr_since_pre(v->device.state) || v->device.state == SKR_DEVICE_FAILED;
  @*/
static uint32_t send_data(skr_vsock_t *v, uint16_t index, const uint8_t *data, uint32_t length)
{
    uint32_t taken = 0U;
    uint32_t window = skr_flow_window(&v->flow[index]);
    bool room = true;

    /*@ loop invariant 0 <= i <= SKR_VSOCK_TX_COUNT && taken <= length;
      @ loop invariant skr_vsock_sound(v) && v->flow[index].state == SKR_FLOW_OPEN;
      @ loop invariant skr_since_pre(v->device.state) || v->device.state == SKR_DEVICE_FAILED;
      @ loop invariant credit: window > 0 ==> skr_flow_admits(&v->flow[index], window);
      @ loop assigns i, taken, window, room, v->armed, v->device.virtq[SKR_VSOCK_TX], v->device.state, v->device.cause,
      @      v->device.counters, v->device.status, v->counters, v->packet, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
      @      v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
      @      v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
      @ loop variant SKR_VSOCK_TX_COUNT - i;
      @*/
    for (uint16_t i = 0U; (i < SKR_VSOCK_TX_COUNT) && (taken < length) && (window != 0U) && room; i++) {
        room = room_for_data(v);
        /*@ assert kept: window > 0 ==> skr_flow_admits(&v->flow[index], window); */
        if (room) {
            taken += send_packet(v, index, &data[taken], length - taken, window);
            window = skr_flow_window(&v->flow[index]);
            /*@ assert left: window > 0 ==> skr_flow_admits(&v->flow[index], window); */
            /*@ assert sent: transmit_running(v); */
        }
        /*@ assert looked: skr_vsock_sound(v); */
    }
    if (window == 0U) {
        skr_vsock_attend(v, index); /* it waits for credit */
    }
    return taken;
}

bool skr_vsock_is_writable(const skr_vsock_t *v, const skr_flow_t *f)
{
    return (sendable(f) == SKR_OK) && (skr_flow_window(f) != 0U) &&
           (v->device.virtq[SKR_VSOCK_TX].free_count > SKR_VSOCK_TX_RESERVE);
}

/** How an attempt to send ended that passed `sent` bytes on. */
/*@ requires \valid_read(v);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == SKR_FAULT <==> v->device.state == SKR_DEVICE_FAILED;
  @ ensures \result == SKR_OK || \result == SKR_AGAIN || \result == SKR_FAULT;
  @*/
static skr_status_t judge_sent(const skr_vsock_t *v, uint32_t sent)
{
    skr_status_t status = SKR_OK;

    if (v->device.state == SKR_DEVICE_FAILED) {
        status = SKR_FAULT;
    } else if (sent == 0U) {
        status = SKR_AGAIN;
    } else {
        /* passed on */
    }
    return status;
}

skr_status_t skr_vsock_send(skr_vsock_t *v, skr_vsock_handle_t handle, const uint8_t *data, uint32_t length,
                            uint32_t *taken)
{
    const uint16_t index = skr_vsock_place(handle);
    uint32_t sent = 0U;
    skr_status_t status = skr_vsock_resolve(v, handle, index);

    if (status == SKR_OK) {
        status = sendable(&v->flow[index]);
    }
    if ((status == SKR_OK) && (length != 0U)) {
        sent = send_data(v, index, data, length);
        /*@ assert sent: skr_vsock_sound(v); */
        flush(v);
        status = judge_sent(v, sent);
        /*@ assert over: skr_vsock_sound(v); */
        /*@ assert judged: status == SKR_FAULT <==> v->device.state == SKR_DEVICE_FAILED; */
    }
    skr_vsock_tell(v, taken, (status == SKR_OK) ? sent : 0U);
    return status;
}
