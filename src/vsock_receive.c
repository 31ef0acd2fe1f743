/* SPDX-License-Identifier: BSD-3-Clause */
#include "vsock_core.h"

/* An event, VIRTIO 1.4, 5.10.6.7. */
#define EVENT_BYTES 4U
#define EVENT_TRANSPORT_RESET 0U

/** Owe a RST to a tuple that has no connection; if the list is full it is dropped and counted. */
/*@ requires skr_vsock_sound(v) && \valid_read(packet) && \separated(v, packet);
  @ terminates \true; exits \false;
  @ assigns v->resets, v->reset[0 .. SKR_VSOCK_RESET_LIST - 1], v->counters;
  @ ensures skr_vsock_sound(v);
  @ ensures packet->op == SKR_VSOCK_OP_RST ==> v->resets == \old(v->resets);
  @*/
static void owe_reset(skr_vsock_t *v, const skr_vsock_packet_t *packet)
{
    if (packet->op == SKR_VSOCK_OP_RST) {
        /* a RST is never answered */
    } else if (v->resets < SKR_VSOCK_RESET_LIST) {
        v->reset[v->resets].local_port = packet->dst_port;
        v->reset[v->resets].peer_port = packet->src_port;
        v->resets++;
    } else {
        v->counters.resets_dropped++;
    }
}

/** Connections of a port that wait to be accepted. */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result <= SKR_VSOCK_CONNECTIONS;
  @*/
static uint32_t waiting(const skr_vsock_t *v, uint32_t port)
{
    uint32_t count = 0U;

    /*@ loop invariant 0 <= i <= SKR_VSOCK_CONNECTIONS && count <= i;
      @ loop assigns i, count;
      @ loop variant SKR_VSOCK_CONNECTIONS - i;
      @*/
    for (uint16_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
        const skr_flow_t *f = &v->flow[i];
        if ((f->state != SKR_FLOW_FREE) && (f->backlog != 0U) && (f->local_port == port)) {
            count++;
        }
    }
    return count;
}

/** A REQUEST for a tuple that has no connection: into the backlog of its port, or refused. */
/*@ requires skr_vsock_sound(v) && v->up != 0 && \valid_read(packet) && \separated(v, packet);
  @ terminates \true; exits \false;
  @ assigns v->resets, v->reset[0 .. SKR_VSOCK_RESET_LIST - 1], v->counters, v->next_order,
  @         v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_vsock_sound(v);
  @*/
static void queue_up(skr_vsock_t *v, const skr_vsock_packet_t *packet)
{
    const uint16_t listener = skr_vsock_listener(v, packet->dst_port);
    const uint16_t index = skr_vsock_vacancy(v);

    if ((listener == SKR_VSOCK_NOWHERE) || (index == SKR_VSOCK_NOWHERE)) {
        v->counters.requests_refused++;
        owe_reset(v, packet);
    } else if (waiting(v, packet->dst_port) >= v->listener[listener].backlog) {
        v->counters.requests_refused++;
        owe_reset(v, packet);
    } else {
        skr_flow_t *f = &v->flow[index];
        skr_flow_begin(f, SKR_FLOW_OPEN, packet->dst_port, packet->src_port, v->device.now);
        (void)skr_flow_credit(f, packet->buf_alloc, packet->fwd_cnt);
        f->order = v->next_order;
        v->next_order++;
    }
}

/** Copy payload out of a receive buffer into the connection's ring, which has room for it. */
/*@ requires skr_vsock_sound(v) && v->device.placed > SKR_VSOCK_RX && index < SKR_VSOCK_CONNECTIONS;
  @ requires bytes <= SKR_VSOCK_WINDOW_BYTES - v->flow[index].stored;
  @ requires from + bytes <= v->device.virtq[SKR_VSOCK_RX].limit;
  @ terminates \true; exits \false;
  @ assigns v->flow[index].stored, v->flow[index].data[0 .. SKR_VSOCK_WINDOW_BYTES - 1];
  @ ensures skr_vsock_sound(v);
  @*/
static void store(skr_vsock_t *v, uint16_t index, uint32_t from, uint32_t bytes)
{
    skr_flow_t *f = &v->flow[index];
    const skr_virtq_t *q = &v->device.virtq[SKR_VSOCK_RX];
    uint32_t done = 0U;

    /* two passes: the ring's free room is at most two runs */
    /*@ loop invariant 0 <= i <= 2 && done <= bytes;
      @ loop invariant skr_vsock_sound(v) && bytes - done <= SKR_VSOCK_WINDOW_BYTES - f->stored;
      @ loop assigns i, done, f->stored, f->data[0 .. SKR_VSOCK_WINDOW_BYTES - 1];
      @ loop variant 2 - i;
      @*/
    for (uint16_t i = 0U; (i < 2U) && (done < bytes); i++) {
        uint32_t at = 0U;
        const uint32_t run = skr_flow_span(f, &at);
        const uint32_t part = (run < (bytes - done)) ? run : (bytes - done);

        skr_shm_copy_in(&f->data[at], q->base, from + done, part);
        skr_flow_store(f, part);
        done += part;
    }
}

/** A packet for a live connection. */
/*@ requires skr_vsock_sound(v) && v->up != 0 && v->device.placed > SKR_VSOCK_RX && index < SKR_VSOCK_CONNECTIONS;
  @ requires v->flow[index].state != SKR_FLOW_FREE && v->flow[index].state != SKR_FLOW_ENDED;
  @ requires \valid_read(packet) && \separated(v, packet) && from + bytes <= v->device.virtq[SKR_VSOCK_RX].limit;
  @ terminates \true; exits \false;
  @ assigns v->counters, v->recent, v->flow[index];
  @ ensures skr_vsock_sound(v);
  @*/
static void deliver(skr_vsock_t *v, uint16_t index, const skr_vsock_packet_t *packet, uint32_t from, uint32_t bytes)
{
    skr_flow_t *f = &v->flow[index];
    skr_flow_verdict_t verdict = SKR_FLOW_BROKEN;
    uint32_t payload = 0U;

    if (packet->length > bytes) {
        v->counters.short_packets++;
        skr_flow_end(f, SKR_RESET, packet->op != SKR_VSOCK_OP_RST); /* a RST is never answered, not even a wrong one */
    } else {
        verdict = skr_flow_packet(f, packet, &payload, v->device.now);
    }
    store(v, index, from, payload);
    if (verdict == SKR_FLOW_BROKEN) {
        v->counters.broken_flows++;
    }
    if (verdict == SKR_FLOW_ODD) {
        v->counters.odd_packets++;
    }
    if ((f->state == SKR_FLOW_ENDED) && (f->backlog != 0U) && ((f->end != SKR_CLOSED) || (f->stored == 0U))) {
        f->backlog = 0U; /* nobody will ever ask for it */
        f->released = 1U;
    }
    v->recent = index;
}

/** A packet whose header lies complete at `at`, `bytes` of payload behind it. */
/*@ requires skr_vsock_sound(v) && v->up != 0 && v->device.placed > SKR_VSOCK_RX;
  @ requires at + SKR_VSOCK_HEADER_BYTES + bytes <= v->device.virtq[SKR_VSOCK_RX].limit;
  @ terminates \true; exits \false;
  @ assigns v->counters, v->recent, v->resets, v->reset[0 .. SKR_VSOCK_RESET_LIST - 1], v->next_order,
  @         v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_vsock_sound(v);
  @*/
static void dispatch(skr_vsock_t *v, uint32_t at, uint32_t bytes)
{
    skr_vsock_packet_t packet;

    skr_vsock_packet_read(v->device.virtq[SKR_VSOCK_RX].base, at, &packet);
    if ((packet.dst_cid != v->cid) || (packet.src_cid != SKR_VSOCK_CID_HOST)) {
        v->counters.foreign_packets++;
    } else if (packet.type != SKR_VSOCK_TYPE_STREAM) {
        v->counters.odd_packets++;
        owe_reset(v, &packet);
    } else {
        const uint16_t index = skr_vsock_find(v, packet.dst_port, packet.src_port);

        if (index != SKR_VSOCK_NOWHERE) {
            deliver(v, index, &packet, at + SKR_VSOCK_HEADER_BYTES, bytes);
        } else if (packet.op == SKR_VSOCK_OP_REQUEST) {
            queue_up(v, &packet);
        } else {
            v->counters.unknown_packets++;
            owe_reset(v, &packet);
        }
    }
}

void skr_vsock_receive(skr_vsock_t *v)
{
    skr_virtq_t *q = &v->device.virtq[SKR_VSOCK_RX];
    skr_status_t status = SKR_OK;

    /*@ loop invariant 0 <= i <= SKR_VSOCK_STEP_PACKETS;
      @ loop invariant skr_vsock_sound(v);
      @ loop invariant v->device.state == SKR_DEVICE_READY || v->device.state == SKR_DEVICE_FAILED;
      @ loop invariant status == SKR_OK ==> v->device.state == SKR_DEVICE_READY;
      @ loop assigns i, status, v->device.virtq[SKR_VSOCK_RX], v->device.state, v->device.cause, v->device.counters,
      @      v->device.status, v->counters, v->recent, v->resets, v->reset[0 .. SKR_VSOCK_RESET_LIST - 1], v->next_order,
      @      v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
      @      v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
      @      v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
      @ loop variant SKR_VSOCK_STEP_PACKETS - i;
      @*/
    for (uint16_t i = 0U; (i < SKR_VSOCK_STEP_PACKETS) && (status == SKR_OK); i++) {
        uint16_t id = 0U;
        uint32_t length = 0U;
        status = skr_device_pop(&v->device, SKR_VSOCK_RX, &id, &length);
        if (status == SKR_OK) {
            const uint32_t at = skr_virtq_buffer(q, id);

            v->counters.packets_received++;
            if (length < SKR_VSOCK_HEADER_BYTES) {
                v->counters.short_packets++;
            } else {
                dispatch(v, at, length - SKR_VSOCK_HEADER_BYTES);
            }
            /* A device that returns the buffer without writing it must not replay the last packet: CID 0 is nobody. */
            skr_shm_write64(q->base, at, 0U);
            skr_virtq_add(q, id, q->stride);
        }
    }
    if (v->device.state == SKR_DEVICE_READY) {
        skr_device_flush(&v->device, SKR_VSOCK_RX);
    }
}

void skr_vsock_take_events(skr_vsock_t *v)
{
    skr_virtq_t *q = &v->device.virtq[SKR_VSOCK_EVENT];
    skr_status_t status = SKR_OK;
    bool reset = false;

    /*@ loop invariant 0 <= i <= SKR_VSOCK_EVENT_COUNT;
      @ loop invariant skr_vsock_sound(v);
      @ loop invariant v->device.state == SKR_DEVICE_READY || v->device.state == SKR_DEVICE_FAILED;
      @ loop invariant status == SKR_OK ==> v->device.state == SKR_DEVICE_READY;
      @ loop assigns i, status, reset, v->device.virtq[SKR_VSOCK_EVENT], v->device.state, v->device.cause, v->device.counters,
      @      v->device.status, v->counters,
      @      v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
      @      v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
      @ loop variant SKR_VSOCK_EVENT_COUNT - i;
      @*/
    for (uint16_t i = 0U; (i < SKR_VSOCK_EVENT_COUNT) && (status == SKR_OK); i++) {
        uint16_t id = 0U;
        uint32_t length = 0U;
        status = skr_device_pop(&v->device, SKR_VSOCK_EVENT, &id, &length);
        if (status == SKR_OK) {
            const uint32_t event = skr_shm_read32(q->base, skr_virtq_buffer(q, id));

            if ((length == EVENT_BYTES) && (event == EVENT_TRANSPORT_RESET)) {
                v->counters.transport_resets++;
                reset = true;
            } else {
                v->counters.odd_events++;
            }
            skr_virtq_add(q, id, q->stride);
        }
    }
    if (reset) {
        skr_vsock_end_all(v); /* once, however often it was said */
        v->up = 0U;           /* the CID may be another one now */
    }
    if (v->device.state == SKR_DEVICE_READY) {
        skr_device_flush(&v->device, SKR_VSOCK_EVENT);
    }
}
