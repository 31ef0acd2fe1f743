/* SPDX-License-Identifier: BSD-3-Clause */
#include "vsock_core.h"

#define TICKS_MAX 0x40000000U

/** The handle of a connection. */
/*@ requires \valid_read(flow + (0 .. SKR_VSOCK_CONNECTIONS - 1)) && index < SKR_VSOCK_CONNECTIONS;
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == flow[index].generation * SKR_VSOCK_PLACES + index + 1;
  @*/
static skr_vsock_handle_t handle_of(const skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index)
{
    return ((uint32_t)flow[index].generation * SKR_VSOCK_PLACES) + index + 1U;
}

/** As skr_vsock_resolve(), whether the device was given up or not. */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == SKR_OK || \result == SKR_STALE;
  @ ensures \result == SKR_OK ==> index < SKR_VSOCK_CONNECTIONS;
  @*/
static skr_status_t look_behind(const skr_vsock_t *v, skr_vsock_handle_t handle, uint16_t index)
{
    skr_status_t status = SKR_STALE;

    if (index < SKR_VSOCK_CONNECTIONS) {
        const skr_flow_t *f = &v->flow[index];
        if ((f->state != SKR_FLOW_FREE) && (f->released == 0U) && (f->backlog == 0U) &&
            (f->generation == (handle / SKR_VSOCK_PLACES))) {
            status = SKR_OK;
        }
    }
    return status;
}

skr_status_t skr_vsock_resolve(const skr_vsock_t *v, skr_vsock_handle_t handle, uint16_t index)
{
    skr_status_t status = SKR_FAULT;

    if (v->device.state != SKR_DEVICE_FAILED) {
        status = look_behind(v, handle, index);
    }
    return status;
}

/** Enter a port in the table of those that listen. */
/*@ requires \valid(listener + (0 .. SKR_VSOCK_LISTENERS - 1));
  @ terminates \true; exits \false;
  @ assigns listener[0 .. SKR_VSOCK_LISTENERS - 1];
  @ ensures \result == SKR_OK || \result == SKR_FULL;
  @*/
static skr_status_t enlist(skr_vsock_listener_t listener[SKR_VSOCK_LISTENERS], uint32_t port, uint16_t backlog)
{
    skr_status_t status = SKR_FULL;

    /*@ loop invariant 0 <= i <= SKR_VSOCK_LISTENERS;
      @ loop invariant status == SKR_FULL || status == SKR_OK;
      @ loop assigns i, status, listener[0 .. SKR_VSOCK_LISTENERS - 1];
      @ loop variant SKR_VSOCK_LISTENERS - i;
      @*/
    for (uint16_t i = 0U; (i < SKR_VSOCK_LISTENERS) && (status == SKR_FULL); i++) {
        if (listener[i].backlog == 0U) {
            listener[i].port = port;
            listener[i].backlog = backlog;
            status = SKR_OK;
        }
    }
    return status;
}

skr_status_t skr_vsock_listen(skr_vsock_t *v, uint32_t port, uint16_t backlog)
{
    skr_status_t status = SKR_OK;

    if ((port == 0U) || (port == SKR_VSOCK_PORT_ANY) || (backlog == 0U) || (backlog > SKR_VSOCK_CONNECTIONS)) {
        status = SKR_ARGUMENT;
    } else if (skr_vsock_listener(v, port) != SKR_VSOCK_NOWHERE) {
        status = SKR_IN_USE;
    } else {
        status = enlist(v->listener, port, backlog);
    }
    return status;
}

/** Take a port from the table of those that listen. */
/*@ requires \valid(listener + (0 .. SKR_VSOCK_LISTENERS - 1)) && index < SKR_VSOCK_LISTENERS;
  @ terminates \true; exits \false;
  @ assigns listener[0 .. SKR_VSOCK_LISTENERS - 1];
  @*/
static void delist(skr_vsock_listener_t listener[SKR_VSOCK_LISTENERS], uint16_t index)
{
    listener[index].backlog = 0U;
}

/** Cut a connection if it waits in the backlog of a port. */
/*@ requires skr_vsock_table(flow, index);
  @ terminates \true; exits \false;
  @ assigns flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_flows_sound(flow);
  @*/
static void turn_away(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index, uint32_t port)
{
    skr_flow_t *f = &flow[index];

    if ((f->state != SKR_FLOW_FREE) && (f->backlog != 0U) && (f->local_port == port)) {
        if (f->state != SKR_FLOW_ENDED) {
            skr_flow_end(f, SKR_RESET, true);
        }
        f->backlog = 0U;
        f->released = 1U;
    }
}

skr_status_t skr_vsock_unlisten(skr_vsock_t *v, uint32_t port)
{
    const uint16_t listener = skr_vsock_listener(v, port);
    skr_status_t status = SKR_STATE;

    if (listener != SKR_VSOCK_NOWHERE) {
        delist(v->listener, listener);
        /*@ assert skr_vsock_sound(v); */
        /*@ loop invariant 0 <= i <= SKR_VSOCK_CONNECTIONS;
          @ loop invariant skr_vsock_sound(v);
          @ loop assigns i, v->due, v->due_last, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
          @ loop variant SKR_VSOCK_CONNECTIONS - i;
          @*/
        for (uint16_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
            turn_away(v->flow, i, port);
            /*@ assert turned: skr_vsock_sound(v); */
            skr_vsock_attend(v, i);
        }
        status = SKR_OK;
    }
    return status;
}

/** The connection that waits longest in the backlog of a port, or SKR_VSOCK_NOWHERE. */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == SKR_VSOCK_NOWHERE || \result < SKR_VSOCK_CONNECTIONS;
  @ ensures \result != SKR_VSOCK_NOWHERE ==> v->flow[\result].state != SKR_FLOW_FREE && v->flow[\result].backlog != 0
  @   && v->flow[\result].local_port == port;
  @*/
static uint16_t longest_waiting(const skr_vsock_t *v, uint32_t port)
{
    uint16_t found = SKR_VSOCK_NOWHERE;
    uint32_t longest = 0U;

    /*@ loop invariant 0 <= i <= SKR_VSOCK_CONNECTIONS;
      @ loop invariant found == SKR_VSOCK_NOWHERE || (found < SKR_VSOCK_CONNECTIONS
      @   && v->flow[found].state != SKR_FLOW_FREE && v->flow[found].backlog != 0 && v->flow[found].local_port == port);
      @ loop assigns i, found, longest;
      @ loop variant SKR_VSOCK_CONNECTIONS - i;
      @*/
    for (uint16_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
        const skr_flow_t *f = &v->flow[i];
        const uint32_t age = v->next_order - f->order; /* 1 or more, also across the wrap */
        if ((f->state != SKR_FLOW_FREE) && (f->backlog != 0U) && (f->local_port == port) && (age > longest)) {
            longest = age;
            found = i;
        }
    }
    return found;
}

/** Hand a connection over to its owner: it waits no more. */
/*@ requires skr_vsock_table(flow, index);
  @ terminates \true; exits \false;
  @ assigns flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_flows_sound(flow) && \result != 0;
  @*/
static skr_vsock_handle_t hand_over(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index)
{
    flow[index].backlog = 0U;
    return handle_of(flow, index);
}

skr_status_t skr_vsock_accept(skr_vsock_t *v, uint32_t port, skr_vsock_handle_t *handle, uint32_t *peer_port)
{
    skr_status_t status = SKR_AGAIN;

    if (v->device.state == SKR_DEVICE_FAILED) {
        status = SKR_FAULT;
    } else if (skr_vsock_listener(v, port) == SKR_VSOCK_NOWHERE) {
        status = SKR_STATE;
    } else {
        const uint16_t index = longest_waiting(v, port);
        if (index != SKR_VSOCK_NOWHERE) {
            const skr_vsock_handle_t accepted = hand_over(v->flow, index);

            /*@ assert handed: skr_vsock_sound(v); */
            skr_vsock_tell(v, peer_port, v->flow[index].peer_port);
            skr_vsock_tell(v, handle, accepted);
            status = SKR_OK;
        }
    }
    return status;
}

/** Whether a port is in use by a connection, or rests. */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
static bool is_taken(const skr_vsock_t *v, uint32_t port)
{
    bool taken = false;

    /*@ loop invariant 0 <= i <= SKR_VSOCK_CONNECTIONS;
      @ loop assigns i, taken;
      @ loop variant SKR_VSOCK_CONNECTIONS - i;
      @*/
    for (uint16_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
        if ((v->flow[i].state != SKR_FLOW_FREE) && (v->flow[i].local_port == port)) {
            taken = true;
        }
    }
    /*@ loop invariant 0 <= i <= SKR_VSOCK_QUARANTINE_LIST;
      @ loop assigns i, taken;
      @ loop variant SKR_VSOCK_QUARANTINE_LIST - i;
      @*/
    for (uint16_t i = 0U; i < SKR_VSOCK_QUARANTINE_LIST; i++) {
        if ((v->resting[i].port == port) && !skr_passed(v->device.now, v->resting[i].since, SKR_TICKS_QUARANTINE)) {
            taken = true;
        }
    }
    return taken;
}

/** The local port after one, in the circle of those that connect() chooses from. */
/*@ requires SKR_VSOCK_PORT_FIRST <= port <= SKR_VSOCK_PORT_LAST;
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures SKR_VSOCK_PORT_FIRST <= \result <= SKR_VSOCK_PORT_LAST;
  @*/
static uint32_t port_after(uint32_t port)
{
    uint32_t next = SKR_VSOCK_PORT_FIRST;

    if (port < SKR_VSOCK_PORT_LAST) {
        next = port + 1U;
    }
    return next;
}

/** A local port that nobody uses. Connections and resting ports can take all the ports looked at, but not the one after. */
/*@ requires skr_vsock_sound(v);
  @ terminates \true; exits \false;
  @ assigns v->next_port;
  @ ensures skr_vsock_sound(v);
  @ ensures SKR_VSOCK_PORT_FIRST <= \result <= SKR_VSOCK_PORT_LAST;
  @*/
static uint32_t choose_port(skr_vsock_t *v)
{
    uint32_t port = v->next_port;

    /*@ loop invariant 0 <= i <= SKR_VSOCK_CONNECTIONS + SKR_VSOCK_QUARANTINE_LIST;
      @ loop invariant SKR_VSOCK_PORT_FIRST <= port <= SKR_VSOCK_PORT_LAST;
      @ loop assigns i, port;
      @ loop variant SKR_VSOCK_CONNECTIONS + SKR_VSOCK_QUARANTINE_LIST - i;
      @*/
    for (uint16_t i = 0U; (i < (SKR_VSOCK_CONNECTIONS + SKR_VSOCK_QUARANTINE_LIST)) && is_taken(v, port); i++) {
        port = port_after(port);
    }
    v->next_port = port_after(port);
    return port;
}

/** Begin a connection in a free place. */
/*@ requires skr_vsock_table(flow, index) && flow[index].state == SKR_FLOW_FREE;
  @ terminates \true; exits \false;
  @ assigns flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_flows_sound(flow);
  @*/
static void begin(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index, uint32_t local_port, uint32_t peer_port, uint32_t now)
{
    skr_flow_begin(&flow[index], SKR_FLOW_CONNECTING, local_port, peer_port, now);
}

/** Begin a connection from a port that is known to be good, in a place that is free. */
/*@ requires skr_vsock_sound(v) && (vacancy == SKR_VSOCK_NOWHERE || vacancy < SKR_VSOCK_CONNECTIONS);
  @ requires (vacancy < SKR_VSOCK_CONNECTIONS ==> v->flow[vacancy].state == SKR_FLOW_FREE);
  @ terminates \true; exits \false;
  @ assigns v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures \result == SKR_OK || \result == SKR_IN_USE || \result == SKR_FULL;
  @ ensures \result == SKR_OK ==> vacancy < SKR_VSOCK_CONNECTIONS;
  @*/
static skr_status_t connect_from(skr_vsock_t *v, uint16_t vacancy, uint32_t local_port, uint32_t peer_port)
{
    skr_status_t status = SKR_OK;

    if (skr_vsock_find(v, local_port, peer_port) != SKR_VSOCK_NOWHERE) {
        status = SKR_IN_USE;
    } else if (vacancy == SKR_VSOCK_NOWHERE) {
        status = SKR_FULL;
    } else {
        begin(v->flow, vacancy, local_port, peer_port, v->device.now);
        /*@ assert begun: skr_vsock_sound(v); */
    }
    return status;
}

/** Complete a connection just begun with what only our side knows; its handle. */
/*@ requires skr_vsock_table(flow, index);
  @ terminates \true; exits \false;
  @ assigns flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_flows_sound(flow) && \result != 0;
  @*/
static skr_vsock_handle_t complete(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index, uint32_t timeout, bool quarantine)
{
    flow[index].timeout = timeout;
    flow[index].quarantine = (uint16_t)(quarantine ? 1U : 0U);
    return handle_of(flow, index);
}

skr_status_t skr_vsock_connect(skr_vsock_t *v, uint32_t local_port, uint32_t peer_port, uint32_t timeout,
                               skr_vsock_handle_t *handle)
{
    const bool any = (local_port == SKR_VSOCK_PORT_ANY);
    const uint16_t index = skr_vsock_vacancy(v);
    skr_status_t status = SKR_OK;

    if (v->device.state == SKR_DEVICE_FAILED) {
        status = SKR_FAULT;
    } else if ((local_port == 0U) || (timeout == 0U) || (timeout > TICKS_MAX)) {
        status = SKR_ARGUMENT;
    } else if (v->up == 0U) {
        status = SKR_AGAIN;
    } else {
        const uint32_t port = any ? choose_port(v) : local_port;
        /*@ assert chosen: skr_vsock_sound(v); */
        status = connect_from(v, index, port, peer_port);
        /*@ assert connected: skr_vsock_sound(v); */
    }
    /*@ assert decided: skr_vsock_sound(v); */
    if (status == SKR_OK) {
        const skr_vsock_handle_t begun = complete(v->flow, index, timeout, any);

        /*@ assert completed: skr_vsock_sound(v); */
        skr_vsock_attend(v, index);
        skr_vsock_tell(v, handle, begun);
    }
    return status;
}

/** Whether received bytes, or the end of them, can be had; as the status of a call that tries. */
/*@ requires \valid_read(f) && skr_flow_sound(f);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == SKR_OK <==> f->stored > 0;
  @ ensures \result != SKR_FAULT;
  @*/
static skr_status_t readable(const skr_flow_t *f)
{
    skr_status_t status = SKR_AGAIN;

    if (f->stored != 0U) {
        status = SKR_OK;
    } else if (f->state == SKR_FLOW_ENDED) {
        status = f->end;
    } else if ((f->shut & (SKR_SHUT_LOCAL_RECEIVE | SKR_SHUT_PEER_SEND)) != 0U) {
        status = SKR_CLOSED;
    } else {
        /* nothing yet */
    }
    return status;
}

/** Move the oldest received bytes out of a connection, as many as there are and `data` has room for; how many. */
/*@ requires skr_vsock_table(flow, index) && \valid(data + (0 .. capacity - 1));
  @ requires \separated(data + (0 .. capacity - 1), flow + (0 .. SKR_VSOCK_CONNECTIONS - 1));
  @ terminates \true; exits \false;
  @ assigns data[0 .. capacity - 1], flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_flows_sound(flow) && \result <= capacity;
  @ ensures \result > 0 ==> \old(flow[index].stored) > 0;
  @*/
static uint32_t move_out(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index, uint8_t *data, uint32_t capacity)
{
    skr_flow_t *f = &flow[index];
    uint32_t got = 0U;

    /* two passes: the stored bytes are at most two runs */
    /*@ loop invariant 0 <= i <= 2 && got <= capacity;
      @ loop invariant skr_flows_sound(flow);
      @ loop invariant got > 0 ==> \at(flow[index].stored, Pre) > 0;
      @ loop invariant got == 0 ==> f->stored == \at(flow[index].stored, Pre);
      @ loop assigns i, got, data[0 .. capacity - 1], flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
      @ loop variant 2 - i;
      @*/
    for (uint16_t i = 0U; (i < 2U) && (f->stored != 0U) && (got < capacity); i++) {
        uint32_t at = 0U;
        const uint32_t run = skr_flow_oldest(f, &at);
        const uint32_t part = (run < (capacity - got)) ? run : (capacity - got);

        skr_port_copy(&data[got], &f->data[at], part);
        skr_flow_consume(f, part);
        got += part;
    }
    return got;
}

/** Look after a connection whose credit update has become due by reading. */
/*@ requires skr_vsock_sound(v) && index < SKR_VSOCK_CONNECTIONS;
  @ terminates \true; exits \false;
  @ assigns v->due, v->due_last, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_vsock_sound(v) && skr_since_pre(v->device.state);
  @*/
static void owe(skr_vsock_t *v, uint16_t index)
{
    if (v->flow[index].owed != 0U) {
        skr_vsock_attend(v, index);
    }
}

skr_status_t skr_vsock_recv(skr_vsock_t *v, skr_vsock_handle_t handle, uint8_t *data, uint32_t capacity, uint32_t *got)
{
    const uint16_t index = skr_vsock_place(handle);
    uint32_t moved = 0U;
    skr_status_t status = skr_vsock_resolve(v, handle, index);

    if ((status == SKR_OK) && (capacity != 0U)) {
        status = readable(&v->flow[index]);
        moved = move_out(v->flow, index, data, capacity);
        /*@ assert moved: skr_vsock_sound(v); */
        owe(v, index);
    }
    skr_vsock_tell(v, got, moved);
    return status;
}

skr_status_t skr_vsock_peek(const skr_vsock_t *v, skr_vsock_handle_t handle, const uint8_t **data, uint32_t *length)
{
    const uint16_t index = skr_vsock_place(handle);
    skr_status_t status = skr_vsock_resolve(v, handle, index);

    if (status == SKR_OK) {
        status = readable(&v->flow[index]);
    }
    if (status == SKR_OK) {
        uint32_t at = 0U;
        *length = skr_flow_oldest(&v->flow[index], &at);
        *data = &v->flow[index].data[at];
    }
    return status;
}

/** Give up the oldest received bytes of a connection, if there are that many. */
/*@ requires skr_vsock_table(flow, index);
  @ terminates \true; exits \false;
  @ assigns flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_flows_sound(flow) && (\result == SKR_OK || \result == SKR_ARGUMENT);
  @*/
static skr_status_t drop_oldest(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index, uint32_t length)
{
    skr_status_t status = SKR_ARGUMENT;

    if (length <= flow[index].stored) {
        skr_flow_consume(&flow[index], length);
        status = SKR_OK;
    }
    return status;
}

skr_status_t skr_vsock_consume(skr_vsock_t *v, skr_vsock_handle_t handle, uint32_t length)
{
    const uint16_t index = skr_vsock_place(handle);
    skr_status_t status = skr_vsock_resolve(v, handle, index);

    if (status == SKR_OK) {
        status = drop_oldest(v->flow, index, length);
        /*@ assert dropped: skr_vsock_sound(v); */
        owe(v, index);
    }
    return status;
}

/** Shut directions of a connection that has any. */
/*@ requires skr_vsock_table(flow, index);
  @ terminates \true; exits \false;
  @ assigns flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_flows_sound(flow) && \result != SKR_FAULT;
  @*/
static skr_status_t shut(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index, uint32_t directions)
{
    skr_flow_t *f = &flow[index];
    skr_status_t status = SKR_OK;

    if ((directions == 0U) || (directions > (SKR_VSOCK_SHUT_RECEIVE | SKR_VSOCK_SHUT_SEND))) {
        status = SKR_ARGUMENT;
    } else if (f->state == SKR_FLOW_ENDED) {
        status = f->end;
    } else if (f->state == SKR_FLOW_CONNECTING) {
        status = SKR_AGAIN;
    } else {
        f->shut = (uint16_t)((f->shut | directions) & SKR_SHUT_ALL); /* the same bits: SKR_SHUT_LOCAL_... */
        f->owed = (uint16_t)((f->owed | SKR_OWE_SHUTDOWN) & SKR_OWE_ALL);
    }
    return status;
}

skr_status_t skr_vsock_shutdown(skr_vsock_t *v, skr_vsock_handle_t handle, uint32_t directions)
{
    const uint16_t index = skr_vsock_place(handle);
    skr_status_t status = skr_vsock_resolve(v, handle, index);

    if (status == SKR_OK) {
        status = shut(v->flow, index, directions);
        /*@ assert shut: skr_vsock_sound(v); */
        skr_vsock_attend(v, index);
    }
    return status;
}

/** Take leave of a connection in order: nobody reads any more, and the peer is told. */
/*@ requires skr_vsock_table(flow, index);
  @ terminates \true; exits \false;
  @ assigns flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_flows_sound(flow);
  @*/
static void leave(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index, uint32_t now)
{
    skr_flow_t *f = &flow[index];

    if (f->state == SKR_FLOW_OPEN) {
        f->state = SKR_FLOW_CLOSING;
        f->since = now;
        f->shut = (uint16_t)((f->shut | SKR_SHUT_LOCAL_RECEIVE | SKR_SHUT_LOCAL_SEND) & SKR_SHUT_ALL);
        f->owed = (uint16_t)((f->owed | SKR_OWE_SHUTDOWN) & SKR_OWE_ALL);
    } else if (f->state == SKR_FLOW_CONNECTING) {
        skr_flow_end(f, SKR_CLOSED, (f->owed & SKR_OWE_REQUEST) == 0U);
    } else {
        /* over already */
    }
    f->stored = 0U;
    f->released = 1U;
}

skr_status_t skr_vsock_close(skr_vsock_t *v, skr_vsock_handle_t handle)
{
    const uint16_t index = skr_vsock_place(handle);
    const skr_status_t status = look_behind(v, handle, index);

    if (status == SKR_OK) {
        leave(v->flow, index, v->device.now);
        /*@ assert gone: skr_vsock_sound(v); */
        skr_vsock_attend(v, index);
    }
    return status;
}

/** Cut a connection that its owner has no more use for. */
/*@ requires skr_vsock_table(flow, index);
  @ terminates \true; exits \false;
  @ assigns flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_flows_sound(flow);
  @*/
static void cut(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t index)
{
    skr_flow_t *f = &flow[index];

    if (f->state != SKR_FLOW_ENDED) {
        skr_flow_end(f, SKR_RESET, (f->owed & SKR_OWE_REQUEST) == 0U);
    }
    f->stored = 0U;
    f->released = 1U;
}

skr_status_t skr_vsock_reset(skr_vsock_t *v, skr_vsock_handle_t handle)
{
    const uint16_t index = skr_vsock_place(handle);
    const skr_status_t status = look_behind(v, handle, index);

    if (status == SKR_OK) {
        cut(v->flow, index);
        /*@ assert gone: skr_vsock_sound(v); */
        skr_vsock_attend(v, index);
    }
    return status;
}

skr_status_t skr_vsock_events(const skr_vsock_t *v, skr_vsock_handle_t handle, uint32_t *events)
{
    const uint16_t index = skr_vsock_place(handle);
    const skr_status_t status = skr_vsock_resolve(v, handle, index);

    if (status == SKR_OK) {
        const skr_flow_t *f = &v->flow[index];
        uint32_t bits = 0U;

        if (f->stored != 0U) {
            bits |= SKR_VSOCK_READABLE;
        }
        if (skr_vsock_is_writable(v, f)) {
            bits |= SKR_VSOCK_WRITABLE;
        }
        if ((f->state == SKR_FLOW_ENDED) || ((f->shut & SKR_SHUT_PEER_SEND) != 0U)) {
            bits |= SKR_VSOCK_HANGUP;
        }
        if ((f->state == SKR_FLOW_ENDED) && (f->end != SKR_CLOSED)) {
            bits |= SKR_VSOCK_ERROR;
        }
        skr_vsock_tell(v, events, bits);
    }
    return status;
}
