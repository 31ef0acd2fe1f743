/* SPDX-License-Identifier: BSD-3-Clause */
#include "vsock_core.h"

/* running: READY. */
#ifdef __FRAMAC__
#define receive_running(v) (skr_vsock_sound(v) && (v)->device.state == SKR_DEVICE_READY)
#endif

/* An event, VIRTIO 1.4, 5.10.6.7. */
#define EVENT_BYTES 4U
#define EVENT_BUFFER_BYTES 8U
#define EVENT_TRANSPORT_RESET 0U

/** Enter a tuple in the list of those that are owed a RST. */
/*@ requires \valid(reset + (0 .. SKR_VSOCK_RESET_LIST - 1)) && index < SKR_VSOCK_RESET_LIST;
  @ terminates \true; exits \false;
  @ assigns reset[0 .. SKR_VSOCK_RESET_LIST - 1];
  @*/
static void enter(skr_vsock_tuple_t reset[SKR_VSOCK_RESET_LIST], uint16_t index, uint32_t local_port, uint32_t peer_port)
{
    reset[index].local_port = local_port;
    reset[index].peer_port = peer_port;
}

/** Owe a RST to the tuple of a packet that has no connection; if the list is full it is dropped and counted. */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false;
  @ assigns v->resets, v->reset[0 .. SKR_VSOCK_RESET_LIST - 1], v->counters;
  @ ensures skr_vsock_sound(v);
  @ ensures v->packet.op == SKR_VSOCK_OP_RST ==> skr_since_pre(v->resets);
  @*/
static void owe_reset(skr_vsock_t *v)
{
    if (v->packet.op == SKR_VSOCK_OP_RST) {
        /* a RST is never answered */
    } else if (v->resets < SKR_VSOCK_RESET_LIST) {
        enter(v->reset, v->resets, v->packet.dst_port, v->packet.src_port);
        v->resets++;
        /*@ assert entered: skr_vsock_sound(v); */
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

/** Let the sender of a REQUEST into an empty place, as the last in the backlog of its port. */
/*@ requires skr_vsock_table(flow, index) && flow[index].state == SKR_FLOW_FREE && \valid_read(packet);
  @ requires \separated(flow + (0 .. SKR_VSOCK_CONNECTIONS - 1), packet);
  @ terminates \true; exits \false;
  @ assigns flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_flows_sound(flow);
  @*/
static void let_in(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index, const skr_vsock_packet_t *packet, uint32_t order,
                   uint32_t now)
{
    skr_flow_t *f = &flow[index];

    skr_flow_begin(f, SKR_FLOW_OPEN, packet->dst_port, packet->src_port, now);
    (void)skr_flow_credit(f, packet->buf_alloc, packet->fwd_cnt);
    f->order = order;
}

/** Let the sender of the REQUEST in `v->packet` into an empty place. */
/*@ requires skr_vsock_sound(v) && index < SKR_VSOCK_CONNECTIONS && v->flow[index].state == SKR_FLOW_FREE;
  @ terminates \true; exits \false;
  @ assigns v->next_order, v->due, v->due_last, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_vsock_sound(v);
  @*/
static void enqueue(skr_vsock_t *v, uint16_t index)
{
    let_in(v->flow, index, &v->packet, v->next_order, v->device.now);
    v->next_order++;
    /*@ assert let_in: skr_vsock_sound(v); */
    skr_vsock_attend(v, index);
}

/** Refuse the REQUEST in `v->packet`. */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false;
  @ assigns v->resets, v->reset[0 .. SKR_VSOCK_RESET_LIST - 1], v->counters;
  @ ensures skr_vsock_sound(v);
  @*/
static void refuse(skr_vsock_t *v)
{
    v->counters.requests_refused++;
    owe_reset(v);
}

/** Whether somebody listens on a port whose backlog takes one connection more. */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
static bool takes_another(const skr_vsock_t *v, uint32_t port)
{
    const uint16_t listener = skr_vsock_listener(v, port);
    bool takes = false;

    if (listener != SKR_VSOCK_NOWHERE) {
        takes = waiting(v, port) < v->listener[listener].backlog;
    }
    return takes;
}

/** An empty place for the sender of the REQUEST in `v->packet`, or SKR_VSOCK_NOWHERE if it is to be refused. */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == SKR_VSOCK_NOWHERE || \result < SKR_VSOCK_CONNECTIONS;
  @ ensures \result != SKR_VSOCK_NOWHERE ==> v->flow[\result].state == SKR_FLOW_FREE;
  @*/
static uint16_t place_for(const skr_vsock_t *v)
{
    uint16_t index = SKR_VSOCK_NOWHERE;

    if (takes_another(v, v->packet.dst_port)) {
        index = skr_vsock_vacancy(v);
    }
    return index;
}

/** A REQUEST for a tuple that has no connection: into the backlog of its port, or refused. */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false;
  @ assigns v->resets, v->reset[0 .. SKR_VSOCK_RESET_LIST - 1], v->counters, v->next_order, v->due, v->due_last,
  @         v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_vsock_sound(v);
  @*/
static void queue_up(skr_vsock_t *v)
{
    const uint16_t index = place_for(v);

    if (index != SKR_VSOCK_NOWHERE) {
        enqueue(v, index);
        /*@ assert enqueued: skr_vsock_sound(v); */
    } else {
        refuse(v);
        /*@ assert refused: skr_vsock_sound(v); */
    }
}

/** Copy payload out of a receive buffer into a connection's ring, which has room for it. */
/*@ requires \valid(f) && skr_flow_sound(f) && bytes <= SKR_VSOCK_WINDOW_BYTES - f->stored;
  @ requires bytes > 0 ==> \valid_read(base + (0 .. from + bytes - 1)) && \separated(f, base + (0 .. from + bytes - 1));
  @ requires from + bytes <= 0xFFFFFFFF;
  @ terminates \true; exits \false;
  @ assigns f->stored, f->data[0 .. SKR_VSOCK_WINDOW_BYTES - 1];
  @ ensures skr_flow_sound(f);
  @*/
static void store(skr_flow_t *f, const skr_shm_t *base, uint32_t from, uint32_t bytes)
{
    uint32_t done = 0U;

    /* two passes: the ring's free room is at most two runs */
    /*@ loop invariant 0 <= i <= 2 && done <= bytes;
      @ loop invariant skr_flow_sound(f) && bytes - done <= SKR_VSOCK_WINDOW_BYTES - f->stored;
      @ loop assigns i, done, f->stored, f->data[0 .. SKR_VSOCK_WINDOW_BYTES - 1];
      @ loop variant 2 - i;
      @*/
    for (uint16_t i = 0U; (i < 2U) && (done < bytes); i++) {
        uint32_t at = 0U;
        const uint32_t run = skr_flow_span(f, &at);
        const uint32_t part = (run < (bytes - done)) ? run : (bytes - done);

        skr_shm_copy_in(&f->data[at], base, from + done, part);
        skr_flow_store(f, part);
        done += part;
    }
}

/** A connection that ended in the backlog with nothing to be read: nobody will ever ask for it. */
/*@ requires \valid(f) && skr_flow_sound(f);
  @ terminates \true; exits \false;
  @ assigns f->backlog, f->released;
  @ ensures skr_flow_sound(f);
  @*/
static void release_ended(skr_flow_t *f)
{
    if ((f->state == SKR_FLOW_ENDED) && (f->backlog != 0U) && ((f->end != SKR_CLOSED) || (f->stored == 0U))) {
        f->backlog = 0U;
        f->released = 1U;
    }
}

/** A packet for a live connection, complete in its buffer; the payload begins at `from`. */
/*@ requires skr_vsock_table(flow, index) && flow[index].state != SKR_FLOW_FREE && flow[index].state != SKR_FLOW_ENDED;
  @ requires \valid_read(packet) && \separated(flow + (0 .. SKR_VSOCK_CONNECTIONS - 1), packet);
  @ requires \valid_read(base + (0 .. from + packet->length - 1)) && from + packet->length <= 0xFFFFFFFF;
  @ requires \separated(flow + (0 .. SKR_VSOCK_CONNECTIONS - 1), base + (0 .. from + packet->length - 1));
  @ terminates \true; exits \false;
  @ assigns flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_flows_sound(flow);
  @*/
static skr_flow_verdict_t take_in(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index, const skr_vsock_packet_t *packet,
                                  const skr_shm_t *base, uint32_t from, uint32_t now)
{
    skr_flow_t *f = &flow[index];
    uint32_t payload = 0U;
    const skr_flow_verdict_t verdict = skr_flow_packet(f, packet, &payload, now);

    store(f, base, from, payload);
    release_ended(f);
    return verdict;
}

/** A packet for a live connection that says it is longer than it is. */
/*@ requires skr_vsock_table(flow, index);
  @ terminates \true; exits \false;
  @ assigns flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_flows_sound(flow);
  @*/
static void cut_short(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index, bool tell)
{
    skr_flow_end(&flow[index], SKR_RESET, tell);
    release_ended(&flow[index]);
}

/** Whether a packet may have made a connection due. Credit is short for want of packets, or of all that we ever use of it, only
 *  because we sent: skr_vsock_send() sees that. */
/*@ requires \valid_read(f);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
static bool may_be_due(const skr_flow_t *f)
{
    return (f->owed != 0U) || (f->state != SKR_FLOW_OPEN) || (f->peer_buf_alloc < SKR_VSOCK_SEND_BYTES_MAX);
}

/** Remember where the connection of a packet was found: its next one is looked for there first. */
/*@ requires \valid(hint + (0 .. SKR_VSOCK_CONNECTIONS - 1)) && \valid_read(packet);
  @ terminates \true; exits \false;
  @ assigns hint[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @*/
static void remember(uint16_t hint[SKR_VSOCK_CONNECTIONS], const skr_vsock_packet_t *packet, uint16_t index)
{
    hint[SKR_VSOCK_HINT(packet->dst_port, packet->src_port)] = index;
}

/** A packet for a live connection, of which `bytes` of payload lie at `from`. */
/*@ requires skr_vsock_sound(v) && v->device.placed > SKR_VSOCK_RX && index < SKR_VSOCK_CONNECTIONS;
  @ requires v->flow[index].state != SKR_FLOW_FREE && v->flow[index].state != SKR_FLOW_ENDED;
  @ requires from + bytes <= v->device.virtq[SKR_VSOCK_RX].limit;
  @ terminates \true; exits \false;
  @ assigns v->counters, v->due, v->due_last, v->hint[0 .. SKR_VSOCK_CONNECTIONS - 1], v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_vsock_sound(v);
  @*/
static void deliver(skr_vsock_t *v, uint16_t index, uint32_t from, uint32_t bytes)
{
    const skr_virtq_t *q = &v->device.virtq[SKR_VSOCK_RX];
    skr_flow_verdict_t verdict = SKR_FLOW_BROKEN;

    if (v->packet.length > bytes) {
        v->counters.short_packets++;
        cut_short(v->flow, index, v->packet.op != SKR_VSOCK_OP_RST); /* a RST is never answered, not even a wrong one */
        /*@ assert cut: skr_vsock_sound(v); */
    } else {
        verdict = take_in(v->flow, index, &v->packet, q->base, from, v->device.now);
        /*@ assert taken: skr_vsock_sound(v); */
    }
    if (verdict == SKR_FLOW_BROKEN) {
        v->counters.broken_flows++;
    }
    if (verdict == SKR_FLOW_ODD) {
        v->counters.odd_packets++;
    }
    remember(v->hint, &v->packet, index);
    /*@ assert remembered: skr_vsock_sound(v); */
    if (may_be_due(&v->flow[index])) {
        skr_vsock_attend(v, index);
    }
}

/** A packet from the host to us, of which `bytes` of payload lie at `from`: to its connection, or to none. */
/*@ requires skr_vsock_sound(v) && v->device.placed > SKR_VSOCK_RX;
  @ requires from + bytes <= v->device.virtq[SKR_VSOCK_RX].limit;
  @ terminates \true; exits \false;
  @ assigns v->counters, v->due, v->due_last, v->resets, v->reset[0 .. SKR_VSOCK_RESET_LIST - 1], v->next_order,
  @         v->hint[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_vsock_sound(v);
  @*/
static void route(skr_vsock_t *v, uint32_t from, uint32_t bytes)
{
    const uint16_t index = skr_vsock_find(v, v->packet.dst_port, v->packet.src_port);

    if (index != SKR_VSOCK_NOWHERE) {
        deliver(v, index, from, bytes);
        /*@ assert delivered: skr_vsock_sound(v); */
    } else if (v->packet.op == SKR_VSOCK_OP_REQUEST) {
        queue_up(v);
        /*@ assert queued: skr_vsock_sound(v); */
    } else {
        v->counters.unknown_packets++;
        owe_reset(v);
        /*@ assert unknown: skr_vsock_sound(v); */
    }
}

/** Whether the packet in `v->packet` is from the host, and to us. */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result <==> v->packet.dst_cid == v->cid && v->packet.src_cid == SKR_VSOCK_CID_HOST;
  @*/
static bool is_ours(const skr_vsock_t *v)
{
    return (v->packet.dst_cid == v->cid) && (v->packet.src_cid == SKR_VSOCK_CID_HOST);
}

/** A packet that is not between the host and us: none of our business. */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false; assigns v->counters;
  @ ensures skr_vsock_sound(v);
  @*/
static void ignore(skr_vsock_t *v)
{
    v->counters.foreign_packets++;
}

/** A packet of a type that was not negotiated. */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false;
  @ assigns v->resets, v->reset[0 .. SKR_VSOCK_RESET_LIST - 1], v->counters;
  @ ensures skr_vsock_sound(v);
  @*/
static void reject(skr_vsock_t *v)
{
    v->counters.odd_packets++;
    owe_reset(v);
}

/** A packet whose header lies complete at `at`, `bytes` of payload behind it. */
/*@ requires skr_vsock_sound(v) && v->device.placed > SKR_VSOCK_RX;
  @ requires at + SKR_VSOCK_HEADER_BYTES + bytes <= v->device.virtq[SKR_VSOCK_RX].limit;
  @ terminates \true; exits \false;
  @ assigns v->counters, v->packet, v->due, v->due_last, v->resets, v->reset[0 .. SKR_VSOCK_RESET_LIST - 1], v->next_order,
  @         v->hint[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_vsock_sound(v);
  @*/
static void dispatch(skr_vsock_t *v, uint32_t at, uint32_t bytes)
{
    skr_vsock_packet_read(v->device.virtq[SKR_VSOCK_RX].base, at, &v->packet);
    /*@ assert read: skr_vsock_sound(v); */
    if (!is_ours(v)) {
        ignore(v);
        /*@ assert foreign: skr_vsock_sound(v); */
    } else if (v->packet.type != SKR_VSOCK_TYPE_STREAM) {
        reject(v);
        /*@ assert odd: skr_vsock_sound(v); */
    } else {
        route(v, at + SKR_VSOCK_HEADER_BYTES, bytes);
        /*@ assert routed: skr_vsock_sound(v); */
    }
}

/** Look at a receive buffer that came back with `length` bytes in it. */
/*@ requires receive_running(v) && id < v->device.virtq[SKR_VSOCK_RX].count;
  @ terminates \true; exits \false;
  @ assigns v->counters, v->packet, v->due, v->due_last, v->resets, v->reset[0 .. SKR_VSOCK_RESET_LIST - 1], v->next_order,
  @         v->hint[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures receive_running(v);
  @*/
static void look_at(skr_vsock_t *v, uint16_t id, uint32_t length)
{
    /* The queue has compared the length with what was posted; that this is never more than a buffer is said here once more,
     * where the reading depends on it. */
    const uint32_t whole = (length < SKR_VSOCK_BUFFER_BYTES) ? length : SKR_VSOCK_BUFFER_BYTES;

    v->counters.packets_received++;
    if (whole < SKR_VSOCK_HEADER_BYTES) {
        v->counters.short_packets++;
        /*@ assert cut: receive_running(v); */
    } else {
        dispatch(v, skr_virtq_buffer(&v->device.virtq[SKR_VSOCK_RX], id), whole - SKR_VSOCK_HEADER_BYTES);
        /*@ assert dispatched: receive_running(v); */
    }
}

/** Give a receive buffer back to the device, as nobody's packet: one returned without being written must not replay the last,
 *  and CID 0 is nobody. One change of a ring in a function, as in vsock_transmit.c. */
/*@ requires receive_running(v) && skr_virtq_taken(&v->device.virtq[SKR_VSOCK_RX], id);
  @ terminates \true; exits \false;
  @ assigns v->device.virtq[SKR_VSOCK_RX], v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures receive_running(v);
  @*/
static void post_packet(skr_vsock_t *v, uint16_t id)
{
    skr_virtq_t *q = &v->device.virtq[SKR_VSOCK_RX];

    skr_shm_write64(q->base, skr_virtq_buffer(q, id), 0U);
    skr_virtq_add(q, id, SKR_VSOCK_BUFFER_BYTES);
    /*@ assert transmit: skr_device_ring(&v->device, 1); */
    /*@ assert event: skr_device_ring(&v->device, 2); */
    /*@ assert tables: skr_vsock_tables(v); */
}

void skr_vsock_receive(skr_vsock_t *v)
{
    const skr_virtq_t *q = &v->device.virtq[SKR_VSOCK_RX];
    bool more = (v->device.state == SKR_DEVICE_READY);

    /*@ loop invariant 0 <= i <= SKR_VSOCK_STEP_PACKETS;
      @ loop invariant skr_vsock_left(v) && skr_vsock_lasting(v);
      @ loop invariant more == \true ==> v->device.state == SKR_DEVICE_READY;
      @ loop assigns i, more, v->device.virtq[SKR_VSOCK_RX], v->device.state, v->device.cause, v->device.counters,
      @      v->device.status, v->counters, v->packet, v->due, v->due_last, v->resets, v->reset[0 .. SKR_VSOCK_RESET_LIST - 1],
      @      v->next_order, v->hint[0 .. SKR_VSOCK_CONNECTIONS - 1], v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
      @      v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
      @      v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
      @ loop variant SKR_VSOCK_STEP_PACKETS - i;
      @*/
    for (uint16_t i = 0U; (i < SKR_VSOCK_STEP_PACKETS) && more; i++) {
        more = (skr_device_pop(&v->device, SKR_VSOCK_RX) == SKR_OK);
        /*@ assert popped: skr_vsock_left(v); */
        if (more) {
            const uint16_t id = q->popped;

            look_at(v, id, q->popped_length);
            post_packet(v, id);
            /*@ assert posted: receive_running(v); */
        }
    }
    if (v->device.state == SKR_DEVICE_READY) {
        skr_device_flush(&v->device, SKR_VSOCK_RX);
        /*@ assert flushed: receive_running(v); */
    }
}

/** Give an event buffer back to the device. */
/*@ requires receive_running(v) && v->device.queues == 3 && skr_virtq_taken(&v->device.virtq[SKR_VSOCK_EVENT], id);
  @ terminates \true; exits \false;
  @ assigns v->device.virtq[SKR_VSOCK_EVENT], v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures receive_running(v);
  @*/
static void post_event(skr_vsock_t *v, uint16_t id)
{
    skr_virtq_add(&v->device.virtq[SKR_VSOCK_EVENT], id, EVENT_BUFFER_BYTES);
    /*@ assert receive: skr_device_ring(&v->device, 0); */
    /*@ assert transmit: skr_device_ring(&v->device, 1); */
    /*@ assert tables: skr_vsock_tables(v); */
}

/** Look at an event buffer that came back with `length` bytes in it; whether the transport was reset. */
/*@ requires receive_running(v) && v->device.queues == 3 && id < v->device.virtq[SKR_VSOCK_EVENT].count;
  @ terminates \true; exits \false;
  @ assigns v->counters;
  @ ensures receive_running(v);
  @*/
static bool says_reset(skr_vsock_t *v, uint16_t id, uint32_t length)
{
    const skr_virtq_t *q = &v->device.virtq[SKR_VSOCK_EVENT];
    const uint32_t event = skr_shm_read32(q->base, skr_virtq_buffer(q, id));
    const bool reset = (length == EVENT_BYTES) && (event == EVENT_TRANSPORT_RESET);

    if (reset) {
        v->counters.transport_resets++;
    } else {
        v->counters.odd_events++;
    }
    return reset;
}

/** Take events; whether any said that the transport was reset. */
/*@ requires receive_running(v) && v->device.queues == 3;
  @ terminates \true; exits \false;
  @ assigns v->device.virtq[SKR_VSOCK_EVENT], v->device.state, v->device.cause, v->device.counters, v->device.status,
  @         v->counters, v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_left(v);
  @*/
static bool read_events(skr_vsock_t *v)
{
    const skr_virtq_t *q = &v->device.virtq[SKR_VSOCK_EVENT];
    bool more = true;
    bool reset = false;

    /*@ loop invariant 0 <= i <= SKR_VSOCK_EVENT_COUNT;
      @ loop invariant skr_vsock_left(v);
      @ loop invariant more == \true ==> v->device.state == SKR_DEVICE_READY;
      @ loop assigns i, more, reset, v->device.virtq[SKR_VSOCK_EVENT], v->device.state, v->device.cause, v->device.counters,
      @      v->device.status, v->counters,
      @      v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
      @      v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
      @ loop variant SKR_VSOCK_EVENT_COUNT - i;
      @*/
    for (uint16_t i = 0U; (i < SKR_VSOCK_EVENT_COUNT) && more; i++) {
        more = (skr_device_pop(&v->device, SKR_VSOCK_EVENT) == SKR_OK);
        /*@ assert popped: skr_vsock_left(v); */
        if (more) {
            const uint16_t id = q->popped;
            const bool said = says_reset(v, id, q->popped_length);

            reset = reset || said;
            post_event(v, id);
            /*@ assert posted: receive_running(v); */
        }
    }
    return reset;
}

/** The transport was reset: connections are gone, and the CID may be another one now. */
/*@ requires skr_vsock_left(v);
  @ terminates \true; exits \false;
  @ assigns v->up, v->due, v->due_last, v->resets, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_vsock_left(v) && v->up == 0;
  @*/
static void begin_anew(skr_vsock_t *v)
{
    skr_vsock_end_all(v);
    v->up = 0U;
}

void skr_vsock_take_events(skr_vsock_t *v)
{
    if (read_events(v)) {
        begin_anew(v); /* once, however often it was said */
        /*@ assert anew: skr_vsock_left(v); */
    }
    /*@ assert read: skr_vsock_left(v); */
    if (v->device.state == SKR_DEVICE_READY) {
        skr_device_flush(&v->device, SKR_VSOCK_EVENT);
        /*@ assert flushed: receive_running(v); */
    }
}
