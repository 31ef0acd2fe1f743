/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages, and what an application sets of a connection. */
#include "vsock_core.h"

#define TICKS_LONGEST 0x40000000U

/** Throw away received bytes of one connection, as many as are there; nobody reads them. */
/*@ requires skr_vsock_table(flow, index);
  @ terminates \true; exits \false;
  @ assigns flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_flows_sound(flow);
  @*/
static void throw_away(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index, uint32_t bytes)
{
    skr_flow_t *f = &flow[index];

    skr_flow_consume(f, (bytes < f->stored) ? bytes : f->stored);
    skr_flow_forget(f);
}

/** Take the oldest message of one connection: what `data` has room for, and the rest is thrown away. */
/*@ requires skr_vsock_table(flow, index) && \valid(data + (0 .. capacity - 1));
  @ requires \separated(data + (0 .. capacity - 1), flow + (0 .. SKR_VSOCK_CONNECTIONS - 1));
  @ terminates \true; exits \false;
  @ assigns data[0 .. capacity - 1], flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_flows_sound(flow);
  @*/
static void take_oldest(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index, uint8_t *data, uint32_t capacity,
                         uint32_t bytes)
{
    const uint32_t wanted = (bytes < capacity) ? bytes : capacity;
    const uint32_t moved = skr_vsock_move_out(flow, index, data, wanted);

    throw_away(flow, index, bytes - moved);
}

/** As skr_vsock_resolve(), of a connection of messages that has one to be read. */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == SKR_FAULT <==> v->device.state == SKR_DEVICE_FAILED;
  @ ensures \result == SKR_OK ==> index < SKR_VSOCK_CONNECTIONS;
  @*/
static skr_status_t resolve_message(const skr_vsock_t *v, skr_vsock_handle_t handle, uint16_t index)
{
    skr_status_t status = skr_vsock_resolve(v, handle, index);

    if (status != SKR_OK) {
        /* no such connection */
    } else if (v->flow[index].type != SKR_VSOCK_TYPE_SEQPACKET) {
        status = SKR_STATE;
    } else {
        status = skr_vsock_readable(&v->flow[index]);
    }
    return status;
}

skr_status_t skr_vsock_recv_message(skr_vsock_t *v, skr_vsock_handle_t handle, uint8_t *data, uint32_t capacity,
                                    uint32_t *length, uint32_t *flags)
{
    const uint16_t index = skr_vsock_place(handle);
    const skr_status_t status = resolve_message(v, handle, index);
    uint32_t bytes = 0U;
    uint32_t marks = 0U;

    if (status == SKR_OK) {
        const uint32_t message = skr_flow_message(&v->flow[index]);

        bytes = message % SKR_FLOW_RECORD;
        if (message >= SKR_FLOW_RECORD) {
            marks = SKR_VSOCK_RECORD;
        }
        take_oldest(v->flow, index, data, capacity, bytes);
        /*@ assert taken: skr_vsock_sound(v); */
        skr_vsock_owe(v, index);
    }
    skr_vsock_tell(v, length, bytes);
    skr_vsock_tell(v, flags, marks);
    return status;
}

/** Set the low-water mark of one connection, if it is a stream. */
/*@ requires skr_vsock_table(flow, index) && 1 <= bytes <= SKR_VSOCK_WINDOW_BYTES;
  @ terminates \true; exits \false;
  @ assigns flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_flows_sound(flow) && (\result == SKR_OK || \result == SKR_STATE);
  @*/
static skr_status_t mark(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index, uint32_t bytes)
{
    skr_status_t status = SKR_STATE;

    if (flow[index].type != SKR_VSOCK_TYPE_SEQPACKET) {
        skr_flow_low_water(&flow[index], bytes);
        status = SKR_OK;
    }
    return status;
}

skr_status_t skr_vsock_set_low_water(skr_vsock_t *v, skr_vsock_handle_t handle, uint32_t bytes)
{
    const uint16_t index = skr_vsock_place(handle);
    skr_status_t status = skr_vsock_resolve(v, handle, index);

    if (status != SKR_OK) {
        /* no such connection */
    } else if ((bytes == 0U) || (bytes > SKR_VSOCK_WINDOW_BYTES)) {
        status = SKR_ARGUMENT;
    } else {
        status = mark(v->flow, index, bytes);
        /*@ assert marked: skr_vsock_sound(v); */
        skr_vsock_owe(v, index);
    }
    return status;
}

/** Set the time-out of one connection, unless it is connecting under another. */
/*@ requires skr_vsock_table(flow, index);
  @ terminates \true; exits \false;
  @ assigns flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_flows_sound(flow) && (\result == SKR_OK || \result == SKR_AGAIN);
  @*/
static skr_status_t limit(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index, uint32_t ticks)
{
    skr_status_t status = SKR_AGAIN;

    if (flow[index].state != SKR_FLOW_CONNECTING) {
        flow[index].timeout = ticks;
        status = SKR_OK;
    }
    return status;
}

skr_status_t skr_vsock_set_patience(skr_vsock_t *v, skr_vsock_handle_t handle, uint32_t ticks)
{
    const uint16_t index = skr_vsock_place(handle);
    skr_status_t status = skr_vsock_resolve(v, handle, index);

    if (status != SKR_OK) {
        /* no such connection */
    } else if (ticks > TICKS_LONGEST) {
        status = SKR_ARGUMENT;
    } else {
        status = limit(v->flow, index, ticks);
        /*@ assert limited: skr_vsock_sound(v); */
    }
    return status;
}
