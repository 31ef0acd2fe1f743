/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One packet at a time is built: in a transmit buffer that is taken when its first bytes come and sent when it is full, when
 * its caller has said all, when another connection wants to send, or with the next step. skr_vsock_send() copies into it,
 * skr_vsock_reserve() shows it to the caller.
 */
#include "vsock_core.h"

/* running: READY. built: the packet at work has a buffer. */
#ifdef __FRAMAC__
#define send_running(v) (skr_vsock_sound(v) && (v)->device.state == SKR_DEVICE_READY)

#define send_built(v) (send_running(v) && skr_virtq_taken(&(v)->device.virtq[SKR_VSOCK_TX], (v)->build.id))
#endif

#define FLAGS_ALL (SKR_VSOCK_MORE | SKR_VSOCK_RECORD)

/** Ask to be interrupted when a buffer was transmitted, or ask no more. */
/*@ requires send_running(v);
  @ terminates \true; exits \false;
  @ assigns v->armed, v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures send_running(v);
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

/** Whether a packet is being built. */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == \true ==> send_built(v);
  @*/
static bool is_building(const skr_vsock_t *v)
{
    return (v->device.state == SKR_DEVICE_READY) && skr_virtq_has(&v->device.virtq[SKR_VSOCK_TX], v->build.id);
}

/** Whether a packet of a connection is being built. */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == \true ==> send_built(v) && v->build.index == index;
  @*/
static bool is_building_for(const skr_vsock_t *v, uint16_t index)
{
    return is_building(v) && (v->build.index == index);
}

/** The header of the packet that was built for one connection. */
/*@ requires skr_vsock_table(flow, index) && \valid(packet) && \separated(flow + (0 .. SKR_VSOCK_CONNECTIONS - 1), packet);
  @ terminates \true; exits \false;
  @ assigns flow[0 .. SKR_VSOCK_CONNECTIONS - 1], *packet;
  @ ensures skr_flows_sound(flow);
  @ ensures packet->length == bytes;
  @*/
static void head(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index, skr_vsock_packet_t *packet, uint32_t bytes,
                 uint32_t flags)
{
    skr_flow_data(&flow[index], packet, bytes, flags);
}

/** Send the packet that is being built. */
/*@ requires send_built(v);
  @ terminates \true; exits \false;
  @ assigns v->build.id, v->device.virtq[SKR_VSOCK_TX], v->counters, v->packet, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures send_running(v);
  @*/
static void end_packet(skr_vsock_t *v, uint32_t flags)
{
    const uint16_t id = v->build.id;

    head(v->flow, v->build.index, &v->packet, v->build.bytes, flags);
    v->build.id = SKR_VIRTQ_NONE;
    /*@ assert headed: send_running(v); */
    skr_vsock_emit(v, id);
}

/** Free the buffer of the packet that is being built. One change of a ring in a function, as in vsock_transmit.c. */
/*@ requires send_built(v);
  @ terminates \true; exits \false;
  @ assigns v->device.virtq[SKR_VSOCK_TX];
  @ ensures send_running(v);
  @*/
static void free_buffer(skr_vsock_t *v)
{
    skr_virtq_release(&v->device.virtq[SKR_VSOCK_TX], v->build.id);
    /*@ assert receive: skr_device_ring(&v->device, 0); */
    /*@ assert event: skr_device_ring(&v->device, 2); */
    /*@ assert tables: skr_vsock_tables(v); */
}

/** Drop the packet that is being built. */
/*@ requires send_built(v);
  @ terminates \true; exits \false;
  @ assigns v->build.id, v->device.virtq[SKR_VSOCK_TX];
  @ ensures send_running(v);
  @*/
static void drop_packet(skr_vsock_t *v)
{
    free_buffer(v);
    v->build.id = SKR_VIRTQ_NONE;
}

/** Whether the packet that is being built has anything to be sent, to a peer that still wants it. */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
static bool is_wanted(const skr_vsock_t *v)
{
    const skr_flow_t *f = &v->flow[v->build.index];
    const bool open = (f->state == SKR_FLOW_OPEN) || (f->state == SKR_FLOW_CLOSING);

    return open && (v->build.bytes != 0U) && ((f->shut & SKR_SHUT_PEER_RECEIVE) == 0U);
}

void skr_vsock_finish(skr_vsock_t *v)
{
    if (!is_building(v)) {
        /* nothing waits */
    } else if (is_wanted(v)) {
        end_packet(v, 0U);
        /*@ assert ended: skr_vsock_sound(v); */
    } else {
        drop_packet(v);
        /*@ assert dropped: skr_vsock_sound(v); */
    }
}

/** Take a buffer; one is free. */
/*@ requires send_running(v) && v->device.virtq[SKR_VSOCK_TX].free_count > 0;
  @ terminates \true; exits \false;
  @ assigns v->device.virtq[SKR_VSOCK_TX];
  @ ensures send_running(v) && skr_virtq_taken(&v->device.virtq[SKR_VSOCK_TX], \result);
  @*/
static uint16_t take_buffer(skr_vsock_t *v)
{
    const uint16_t id = skr_virtq_take(&v->device.virtq[SKR_VSOCK_TX]);

    /*@ assert receive: skr_device_ring(&v->device, 0); */
    /*@ assert event: skr_device_ring(&v->device, 2); */
    /*@ assert tables: skr_vsock_tables(v); */
    return id;
}

/** Begin a packet of a connection behind the one that is being built; whether there was a buffer for it. */
/*@ requires skr_vsock_sound(v) && index < SKR_VSOCK_CONNECTIONS;
  @ terminates \true; exits \false;
  @ assigns v->armed, v->build, v->device.virtq[SKR_VSOCK_TX], v->device.state, v->device.cause, v->device.counters,
  @         v->device.status, v->counters, v->packet, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures skr_since_pre(v->device.state) || v->device.state == SKR_DEVICE_FAILED;
  @ ensures \result == \true ==> send_built(v) && v->build.index == index;
  @*/
static bool begin_packet(skr_vsock_t *v, uint16_t index)
{
    bool room = false;

    skr_vsock_finish(v);
    room = room_for_data(v);
    if (room) {
        v->build.id = take_buffer(v);
        v->build.index = index;
        v->build.bytes = 0U;
        /*@ assert taken: send_built(v); */
    }
    return room;
}

/** See to it that a packet of a connection is being built; whether it is. */
/*@ requires skr_vsock_sound(v) && index < SKR_VSOCK_CONNECTIONS;
  @ terminates \true; exits \false;
  @ assigns v->armed, v->build, v->device.virtq[SKR_VSOCK_TX], v->device.state, v->device.cause, v->device.counters,
  @         v->device.status, v->counters, v->packet, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures skr_since_pre(v->device.state) || v->device.state == SKR_DEVICE_FAILED;
  @ ensures \result == \true ==> send_built(v) && v->build.index == index && skr_since_pre(v->device.state);
  @*/
static bool open_packet(skr_vsock_t *v, uint16_t index)
{
    bool building = is_building_for(v, index);

    if (!building) {
        building = begin_packet(v, index);
        /*@ assert begun: skr_vsock_sound(v); */
    }
    return building;
}

/** Count bytes of payload as under way to the peer of one connection, as many of `wanted` as its credit allows; how many. */
/*@ requires skr_vsock_table(flow, index);
  @ terminates \true; exits \false;
  @ assigns flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_flows_sound(flow) && \result <= wanted;
  @*/
static uint32_t charge(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index, uint32_t wanted)
{
    return skr_flow_charge(&flow[index], wanted);
}

/** Bytes that the packet at work still takes of `length`. */
/*@ requires \valid_read(build) && build->bytes <= SKR_VSOCK_PAYLOAD_BYTES;
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result <= length && build->bytes + \result <= SKR_VSOCK_PAYLOAD_BYTES;
  @*/
static uint32_t space_for(const skr_vsock_build_t *build, uint32_t length)
{
    const uint32_t space = SKR_VSOCK_PAYLOAD_BYTES - build->bytes;

    return (length < space) ? length : space;
}

/** Where the next byte of the packet that is being built goes. */
/*@ requires send_built(v);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result + (SKR_VSOCK_PAYLOAD_BYTES - v->build.bytes) <= v->device.virtq[SKR_VSOCK_TX].limit;
  @*/
static uint32_t payload_end(const skr_vsock_t *v)
{
    return skr_virtq_buffer(&v->device.virtq[SKR_VSOCK_TX], v->build.id) + SKR_VSOCK_HEADER_BYTES + v->build.bytes;
}

/** Add bytes to the packet that is being built, as many as fit and credit allows: `v->build.added`. */
/*@ requires send_built(v) && \valid_read(data + (0 .. length - 1));
  @ requires \separated(data + (0 .. length - 1), v, v->device.transport.memory + (0 .. v->device.transport.memory_size - 1));
  @ terminates \true; exits \false;
  @ assigns v->build.bytes, v->build.added, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures send_built(v) && v->build.added <= length;
  @*/
static void add_bytes(skr_vsock_t *v, const uint8_t *data, uint32_t length)
{
    const uint32_t at = payload_end(v);
    const uint32_t added = charge(v->flow, v->build.index, space_for(&v->build, length));

    /*@ assert charged: send_built(v); */
    skr_shm_copy_out(v->device.virtq[SKR_VSOCK_TX].base, at, data, added);
    v->build.bytes += added;
    v->build.added = added;
}

/** Whether the packet that is being built goes out now: it is full, or nothing follows at once. */
/*@ requires \valid_read(build);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
static bool is_over(const skr_vsock_build_t *build, bool last, uint32_t flags)
{
    return !last || ((flags & SKR_VSOCK_MORE) == 0U) || (build->bytes == SKR_VSOCK_PAYLOAD_BYTES);
}

/** Flags of a packet with the last bytes of a call, or with others. */
/*@ requires \valid_read(f);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
static uint32_t packet_flags(const skr_flow_t *f, bool last, uint32_t flags)
{
    uint32_t marks = 0U;

    if (last && (f->type == SKR_VSOCK_TYPE_SEQPACKET) && ((flags & SKR_VSOCK_MORE) == 0U)) {
        marks = SKR_VSOCK_SEQ_EOM;
        if ((flags & SKR_VSOCK_RECORD) != 0U) {
            marks = SKR_VSOCK_SEQ_EOM | SKR_VSOCK_SEQ_EOR;
        }
    }
    return marks;
}

/** Whether bytes, or an empty message, may be sent with the credit there is; the end of a message always may. */
/*@ requires \valid_read(f);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
static bool has_credit(const skr_flow_t *f, uint32_t length)
{
    return (skr_flow_window(f) != 0U) || ((length == 0U) && (f->tx_message != 0U));
}

/** Add bytes to the packet that is being built, and send it if it is over. */
/*@ requires send_built(v) && \valid_read(data + (0 .. length - 1));
  @ requires \separated(data + (0 .. length - 1), v, v->device.transport.memory + (0 .. v->device.transport.memory_size - 1));
  @ terminates \true; exits \false;
  @ assigns v->build.id, v->build.bytes, v->build.added, v->device.virtq[SKR_VSOCK_TX], v->counters, v->packet, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures send_running(v) && v->build.added <= length;
  @*/
static void add_part(skr_vsock_t *v, const uint8_t *data, uint32_t length, uint32_t flags)
{
    bool last = false;

    add_bytes(v, data, length);
    /*@ assert appended: send_built(v) && v->build.added <= length; */
    last = (v->build.added == length);
    if (is_over(&v->build, last, flags)) {
        end_packet(v, packet_flags(&v->flow[v->build.index], last, flags));
        /*@ assert ended: send_running(v) && v->build.added <= length; */
    }
}

/** Send one packet's worth of `length` bytes, or add it to the packet that is being built; whether anything was. How many bytes
 *  it was stands in `v->build.added`. */
/*@ requires skr_vsock_sound(v) && index < SKR_VSOCK_CONNECTIONS && \valid_read(data + (0 .. length - 1));
  @ requires \separated(data + (0 .. length - 1), v, v->device.transport.memory + (0 .. v->device.transport.memory_size - 1));
  @ terminates \true; exits \false;
  @ assigns v->armed, v->build, v->device.virtq[SKR_VSOCK_TX], v->device.state, v->device.cause, v->device.counters,
  @         v->device.status, v->counters, v->packet, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures skr_since_pre(v->device.state) || v->device.state == SKR_DEVICE_FAILED;
  @ ensures \result == \true ==> v->build.added <= length;
  @*/
static bool send_part(skr_vsock_t *v, uint16_t index, const uint8_t *data, uint32_t length, uint32_t flags)
{
    const bool passed = open_packet(v, index);

    if (passed) {
        add_part(v, data, length, flags);
        /*@ assert added: skr_vsock_sound(v) && v->build.added <= length; */
    }
    return passed;
}

/** Send as much as credit and buffers allow; whether anything was sent. How many bytes stands in `v->build.sent`. */
/*@ requires skr_vsock_sound(v) && index < SKR_VSOCK_CONNECTIONS;
  @ requires \valid_read(data + (0 .. length - 1));
  @ requires \separated(data + (0 .. length - 1), v, v->device.transport.memory + (0 .. v->device.transport.memory_size - 1));
  @ terminates \true; exits \false;
  @ assigns v->armed, v->build, v->device.virtq[SKR_VSOCK_TX], v->device.state, v->device.cause, v->device.counters,
  @         v->device.status, v->counters, v->packet, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures skr_since_pre(v->device.state) || v->device.state == SKR_DEVICE_FAILED;
  @ ensures v->build.sent <= length && (v->build.sent > 0 ==> \result == \true);
  @*/
static bool send_all(skr_vsock_t *v, uint16_t index, const uint8_t *data, uint32_t length, uint32_t flags)
{
    uint32_t sent = 0U;
    bool any = false;
    bool more = true;

    /*@ loop invariant 0 <= i <= SKR_VSOCK_TX_COUNT && sent <= length;
      @ loop invariant skr_vsock_sound(v);
      @ loop invariant skr_since_pre(v->device.state) || v->device.state == SKR_DEVICE_FAILED;
      @ loop invariant sent > 0 ==> any == \true;
      @ loop assigns i, sent, any, more, v->armed, v->build, v->device.virtq[SKR_VSOCK_TX], v->device.state, v->device.cause,
      @      v->device.counters, v->device.status, v->counters, v->packet, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
      @      v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
      @      v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
      @ loop variant SKR_VSOCK_TX_COUNT - i;
      @*/
    for (uint16_t i = 0U; (i < SKR_VSOCK_TX_COUNT) && more; i++) {
        more = has_credit(&v->flow[index], length - sent);
        if (more) {
            more = send_part(v, index, &data[sent], length - sent, flags);
            /*@ assert passed: skr_vsock_sound(v); */
        }
        if (more) {
            any = true;
            sent += v->build.added;
            more = (sent < length);
        }
        /*@ assert looked: skr_vsock_sound(v); */
    }
    v->build.sent = sent;
    return any;
}

/** Whether data with these flags may be sent on a connection, as the status of a call that tries. */
/*@ requires skr_vsock_sound(v) && index < SKR_VSOCK_CONNECTIONS;
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result != SKR_FAULT;
  @ ensures \result == SKR_OK ==> flags <= FLAGS_ALL;
  @*/
static skr_status_t admit(const skr_vsock_t *v, uint16_t index, uint32_t length, uint32_t flags)
{
    const skr_flow_t *f = &v->flow[index];
    skr_status_t status = skr_vsock_sendable(f);

    if (flags > FLAGS_ALL) {
        status = SKR_ARGUMENT;
    } else if ((status == SKR_OK) && (f->type == SKR_VSOCK_TYPE_SEQPACKET) && !skr_flow_holds(f, length)) {
        status = SKR_ARGUMENT;
    } else {
        /* as the connection says */
    }
    return status;
}

/** How an attempt to send ended. */
/*@ requires \valid_read(v);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == SKR_FAULT <==> v->device.state == SKR_DEVICE_FAILED;
  @ ensures \result == SKR_OK || \result == SKR_AGAIN || \result == SKR_FAULT;
  @ ensures v->device.state != SKR_DEVICE_FAILED && any == \true ==> \result == SKR_OK;
  @ ensures any == \false ==> \result != SKR_OK;
  @*/
static skr_status_t judge_sent(const skr_vsock_t *v, bool any)
{
    skr_status_t status = SKR_AGAIN;

    if (v->device.state == SKR_DEVICE_FAILED) {
        status = SKR_FAULT;
    } else if (any) {
        status = SKR_OK;
    } else {
        /* nothing passed on */
    }
    return status;
}

/** Show the device what was sent, unless more follows; and look after a connection that has no credit left. */
/*@ requires skr_vsock_sound(v) && index < SKR_VSOCK_CONNECTIONS;
  @ terminates \true; exits \false;
  @ assigns v->due, v->due_last, v->device.virtq[SKR_VSOCK_TX].kicked_idx, v->device.counters, v->device.rung,
  @         v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_sound(v) && skr_since_pre(v->device.state);
  @*/
static void follow_up(skr_vsock_t *v, uint16_t index, uint32_t flags)
{
    if (skr_flow_window(&v->flow[index]) == 0U) {
        skr_vsock_attend(v, index);
        /*@ assert waits: skr_vsock_sound(v) && skr_since_pre(v->device.state); */
    }
    /*@ assert noted: skr_vsock_sound(v) && skr_since_pre(v->device.state); */
    if ((flags & SKR_VSOCK_MORE) == 0U) {
        skr_vsock_flush(v);
        /*@ assert flushed: skr_vsock_sound(v) && skr_since_pre(v->device.state); */
    }
}

/** Send on a connection that may; the status. */
/*@ requires skr_vsock_sound(v) && index < SKR_VSOCK_CONNECTIONS;
  @ requires \valid_read(data + (0 .. length - 1));
  @ requires \separated(data + (0 .. length - 1), v, v->device.transport.memory + (0 .. v->device.transport.memory_size - 1));
  @ terminates \true; exits \false;
  @ assigns v->armed, v->build, v->due, v->due_last, v->device.virtq[SKR_VSOCK_TX], v->device.state, v->device.cause,
  @         v->device.counters, v->device.status, v->device.rung, v->counters, v->packet,
  @         v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_sound(v) && v->build.sent <= length;
  @ ensures skr_since_pre(v->device.state) || v->device.state == SKR_DEVICE_FAILED;
  @ ensures \result == SKR_FAULT <==> v->device.state == SKR_DEVICE_FAILED;
  @ ensures \result == SKR_OK || v->build.sent == 0 || \result == SKR_FAULT;
  @*/
static skr_status_t send_on(skr_vsock_t *v, uint16_t index, const uint8_t *data, uint32_t length, uint32_t flags)
{
    bool any = true;

    v->build.sent = 0U;
    if ((length != 0U) || (v->flow[index].type == SKR_VSOCK_TYPE_SEQPACKET)) {
        any = send_all(v, index, data, length, flags);
        /*@ assert sent: skr_vsock_sound(v); */
        follow_up(v, index, flags);
        /*@ assert over: skr_vsock_sound(v) && v->build.sent <= length && (v->build.sent > 0 ==> any == \true); */
    }
    /*@ assert told: v->build.sent > 0 ==> any == \true; */
    return judge_sent(v, any);
}

skr_status_t skr_vsock_send(skr_vsock_t *v, skr_vsock_handle_t handle, const uint8_t *data, uint32_t length,
                            uint32_t flags, uint32_t *taken)
{
    const uint16_t index = skr_vsock_place(handle);
    uint32_t sent = 0U;
    skr_status_t status = skr_vsock_resolve(v, handle, index);

    if (status == SKR_OK) {
        status = admit(v, index, length, flags);
    }
    if (status == SKR_OK) {
        status = send_on(v, index, data, length, flags);
        /*@ assert over: skr_vsock_sound(v); */
        sent = (status == SKR_OK) ? v->build.sent : 0U;
    }
    skr_vsock_tell(v, taken, sent);
    return status;
}

/** Bytes that may be added to the packet that is being built. */
/*@ requires send_built(v);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures v->build.bytes + \result <= SKR_VSOCK_PAYLOAD_BYTES;
  @*/
static uint32_t room_in_packet(const skr_vsock_t *v)
{
    return space_for(&v->build, skr_flow_window(&v->flow[v->build.index]));
}

/** Find room for the next bytes of a connection: how much stands in `v->build.added`; whether there is any. */
/*@ requires skr_vsock_sound(v) && index < SKR_VSOCK_CONNECTIONS;
  @ terminates \true; exits \false;
  @ assigns v->armed, v->build, v->device.virtq[SKR_VSOCK_TX], v->device.state, v->device.cause, v->device.counters,
  @         v->device.status, v->counters, v->packet, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures skr_since_pre(v->device.state) || v->device.state == SKR_DEVICE_FAILED;
  @ ensures \result == \true ==> send_built(v) && 1 <= v->build.added
  @   && v->build.bytes + v->build.added <= SKR_VSOCK_PAYLOAD_BYTES;
  @*/
static bool find_room(skr_vsock_t *v, uint16_t index)
{
    bool found = open_packet(v, index);

    if (found) {
        v->build.added = room_in_packet(v);
        found = (v->build.added != 0U);
        /*@ assert found: send_built(v) && v->build.bytes + v->build.added <= SKR_VSOCK_PAYLOAD_BYTES; */
    }
    return found;
}

/** Tell the caller where the room is that was found. */
/*@ requires send_built(v) && v->build.bytes + v->build.added <= SKR_VSOCK_PAYLOAD_BYTES;
  @ requires \valid(place) && \separated(v, place);
  @ terminates \true; exits \false; assigns *place;
  @ ensures send_running(v) && \valid(*place + (0 .. v->build.added - 1));
  @*/
static void tell_place(const skr_vsock_t *v, skr_shm_t **place)
{
    *place = &v->device.virtq[SKR_VSOCK_TX].base[payload_end(v)];
}

/** Reserve room for a connection that may send; the status. */
/*@ requires skr_vsock_sound(v) && index < SKR_VSOCK_CONNECTIONS && v->device.state != SKR_DEVICE_FAILED;
  @ requires \valid(place) && \valid(room) && \separated(v, place, room);
  @ terminates \true; exits \false;
  @ assigns *place, *room, v->armed, v->build, v->due, v->due_last, v->device.virtq[SKR_VSOCK_TX], v->device.state,
  @         v->device.cause, v->device.counters, v->device.status, v->counters, v->packet,
  @         v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures \result == SKR_OK ==> 1 <= *room <= SKR_VSOCK_PAYLOAD_BYTES && \valid(*place + (0 .. *room - 1));
  @ ensures fault: \result == SKR_FAULT <==> v->device.state == SKR_DEVICE_FAILED;
  @*/
static skr_status_t reserve_on(skr_vsock_t *v, uint16_t index, skr_shm_t **place, uint32_t *room)
{
    const bool found = find_room(v, index);
    const skr_status_t status = judge_sent(v, found);

    if (found) {
        tell_place(v, place);
        /*@ assert told: skr_vsock_sound(v) && status == SKR_OK && \valid(*place + (0 .. v->build.added - 1)); */
        skr_vsock_tell(v, room, v->build.added);
        /*@ assert both: skr_vsock_sound(v); */
    } else {
        skr_vsock_attend(v, index);
        /*@ assert waits: skr_vsock_sound(v) && status != SKR_OK; */
    }
    return status;
}

skr_status_t skr_vsock_reserve(skr_vsock_t *v, skr_vsock_handle_t handle, skr_shm_t **place, uint32_t *room)
{
    const uint16_t index = skr_vsock_place(handle);
    skr_status_t status = skr_vsock_resolve(v, handle, index);

    if (status == SKR_OK) {
        status = skr_vsock_sendable(&v->flow[index]);
        if (status == SKR_OK) {
            status = reserve_on(v, index, place, room);
            /*@ assert reserved: skr_vsock_sound(v); */
        }
        /*@ assert judged: status == SKR_FAULT <==> v->device.state == SKR_DEVICE_FAILED; */
    }
    return status;
}

/** Whether the packet that is being built goes out with the last bytes of a call, if it says anything: bytes, or the end of a
 *  message. */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
static bool goes_out(const skr_vsock_t *v, uint32_t flags)
{
    const bool empty = (v->build.bytes == 0U) && (v->flow[v->build.index].type != SKR_VSOCK_TYPE_SEQPACKET);

    return !empty && is_over(&v->build, true, flags);
}

/** Take bytes that stand in the packet that is being built, `length` or none; the status. */
/*@ requires send_built(v);
  @ terminates \true; exits \false;
  @ assigns v->build.id, v->build.bytes, v->device.virtq[SKR_VSOCK_TX], v->counters, v->packet, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures send_running(v) && (\result == SKR_OK || \result == SKR_ARGUMENT);
  @*/
static skr_status_t take_built(skr_vsock_t *v, uint32_t length, uint32_t flags)
{
    skr_status_t status = SKR_ARGUMENT;

    if (length <= room_in_packet(v)) {
        v->build.bytes += charge(v->flow, v->build.index, length);
        /*@ assert charged: send_built(v); */
        if (goes_out(v, flags)) {
            end_packet(v, packet_flags(&v->flow[v->build.index], true, flags));
            /*@ assert ended: send_running(v); */
        }
        status = SKR_OK;
        /*@ assert built: send_running(v); */
    }
    return status;
}

/** Commit bytes on a connection that may send; the status. */
/*@ requires skr_vsock_sound(v) && index < SKR_VSOCK_CONNECTIONS;
  @ terminates \true; exits \false;
  @ assigns v->build, v->due, v->due_last, v->device.virtq[SKR_VSOCK_TX], v->device.counters, v->device.rung, v->counters,
  @         v->packet, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_sound(v) && skr_since_pre(v->device.state);
  @ ensures \result == SKR_OK || \result == SKR_ARGUMENT || \result == SKR_STATE;
  @*/
static skr_status_t commit_on(skr_vsock_t *v, uint16_t index, uint32_t length, uint32_t flags)
{
    skr_status_t status = SKR_STATE;

    if (is_building_for(v, index)) {
        status = take_built(v, length, flags);
        /*@ assert taken: skr_vsock_sound(v) && skr_since_pre(v->device.state); */
        follow_up(v, index, flags);
        /*@ assert over: skr_vsock_sound(v) && skr_since_pre(v->device.state); */
    }
    return status;
}

skr_status_t skr_vsock_commit(skr_vsock_t *v, skr_vsock_handle_t handle, uint32_t length, uint32_t flags)
{
    const uint16_t index = skr_vsock_place(handle);
    skr_status_t status = skr_vsock_resolve(v, handle, index);

    if (status == SKR_OK) {
        status = admit(v, index, length, flags);
        if (status == SKR_OK) {
            status = commit_on(v, index, length, flags);
            /*@ assert committed: skr_vsock_sound(v) && skr_since_pre(v->device.state); */
        }
        /*@ assert judged: status != SKR_FAULT && v->device.state != SKR_DEVICE_FAILED; */
    }
    return status;
}
