/* SPDX-License-Identifier: BSD-3-Clause */
#include "vsock_core.h"

#define PLACES 0x10000U /* a handle is generation * PLACES + place + 1 */
#define TICKS_MAX 0x40000000U

/** The handle of a connection. */
/*@ requires skr_vsock_sound(v) && index < SKR_VSOCK_CONNECTIONS;
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == v->flow[index].generation * PLACES + index + 1;
  @*/
static skr_vsock_handle_t handle_of(const skr_vsock_t *v, uint16_t index)
{
    return ((uint32_t)v->flow[index].generation * PLACES) + index + 1U;
}

/** As skr_vsock_resolve(), whether the device was given up or not. */
/*@ requires skr_vsock_sound(v) && \valid(index) && \separated(v, index);
  @ terminates \true; exits \false;
  @ assigns *index;
  @ ensures \result == SKR_OK || \result == SKR_STALE;
  @ ensures \result == SKR_OK ==> *index < SKR_VSOCK_CONNECTIONS && v->flow[*index].state != SKR_FLOW_FREE
  @   && handle == v->flow[*index].generation * PLACES + *index + 1;
  @ ensures \result != SKR_OK ==> *index == \old(*index);
  @*/
static skr_status_t look_behind(const skr_vsock_t *v, skr_vsock_handle_t handle, uint16_t *index)
{
    const uint32_t place = handle % PLACES;
    skr_status_t status = SKR_STALE;

    if ((place >= 1U) && (place <= SKR_VSOCK_CONNECTIONS)) {
        const skr_flow_t *f = &v->flow[place - 1U];
        if ((f->state != SKR_FLOW_FREE) && (f->released == 0U) && (f->backlog == 0U) &&
            (f->generation == (handle / PLACES))) {
            *index = (uint16_t)(place - 1U);
            status = SKR_OK;
        }
    }
    return status;
}

skr_status_t skr_vsock_resolve(const skr_vsock_t *v, skr_vsock_handle_t handle, uint16_t *index)
{
    skr_status_t status = SKR_FAULT;

    if (v->device.state != SKR_DEVICE_FAILED) {
        status = look_behind(v, handle, index);
    }
    return status;
}

skr_status_t skr_vsock_listen(skr_vsock_t *v, uint32_t port, uint16_t backlog)
{
    skr_status_t status = SKR_FULL;

    if ((port == 0U) || (port == SKR_VSOCK_PORT_ANY) || (backlog == 0U) || (backlog > SKR_VSOCK_CONNECTIONS)) {
        status = SKR_ARGUMENT;
    } else if (skr_vsock_listener(v, port) != SKR_VSOCK_NOWHERE) {
        status = SKR_IN_USE;
    } else {
        /*@ loop invariant 0 <= i <= SKR_VSOCK_LISTENERS;
          @ loop invariant status == SKR_FULL || status == SKR_OK;
          @ loop invariant skr_vsock_sound(v);
          @ loop assigns i, status, v->listener[0 .. SKR_VSOCK_LISTENERS - 1];
          @ loop variant SKR_VSOCK_LISTENERS - i;
          @*/
        for (uint16_t i = 0U; (i < SKR_VSOCK_LISTENERS) && (status == SKR_FULL); i++) {
            if (v->listener[i].backlog == 0U) {
                v->listener[i].port = port;
                v->listener[i].backlog = backlog;
                status = SKR_OK;
            }
        }
    }
    return status;
}

skr_status_t skr_vsock_unlisten(skr_vsock_t *v, uint32_t port)
{
    const uint16_t listener = skr_vsock_listener(v, port);
    skr_status_t status = SKR_STATE;

    if (listener != SKR_VSOCK_NOWHERE) {
        v->listener[listener].backlog = 0U;
        /*@ loop invariant 0 <= i <= SKR_VSOCK_CONNECTIONS;
          @ loop invariant skr_vsock_sound(v);
          @ loop assigns i, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
          @ loop variant SKR_VSOCK_CONNECTIONS - i;
          @*/
        for (uint16_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
            skr_flow_t *f = &v->flow[i];
            if ((f->state != SKR_FLOW_FREE) && (f->backlog != 0U) && (f->local_port == port)) {
                if (f->state != SKR_FLOW_ENDED) {
                    skr_flow_end(f, SKR_RESET, true);
                }
                f->backlog = 0U;
                f->released = 1U;
            }
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
            v->flow[index].backlog = 0U;
            *handle = handle_of(v, index);
            *peer_port = v->flow[index].peer_port;
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

/** Begin a connection from a port that is known to be good. */
/*@ requires skr_vsock_sound(v) && v->up != 0 && \valid(index) && \separated(v, index);
  @ terminates \true; exits \false;
  @ assigns *index, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures \result == SKR_OK || \result == SKR_IN_USE || \result == SKR_FULL;
  @ ensures \result == SKR_OK ==> *index < SKR_VSOCK_CONNECTIONS;
  @*/
static skr_status_t connect_from(skr_vsock_t *v, uint32_t local_port, uint32_t peer_port, uint16_t *index)
{
    skr_status_t status = SKR_OK;

    *index = skr_vsock_vacancy(v);
    if (skr_vsock_find(v, local_port, peer_port) != SKR_VSOCK_NOWHERE) {
        status = SKR_IN_USE;
    } else if (*index == SKR_VSOCK_NOWHERE) {
        status = SKR_FULL;
    } else {
        skr_flow_begin(&v->flow[*index], SKR_FLOW_CONNECTING, local_port, peer_port, v->device.now);
    }
    return status;
}

skr_status_t skr_vsock_connect(skr_vsock_t *v, uint32_t local_port, uint32_t peer_port, uint32_t timeout,
                               skr_vsock_handle_t *handle)
{
    const bool any = (local_port == SKR_VSOCK_PORT_ANY);
    uint16_t index = SKR_VSOCK_NOWHERE;
    skr_status_t status = SKR_OK;

    if (v->device.state == SKR_DEVICE_FAILED) {
        status = SKR_FAULT;
    } else if ((local_port == 0U) || (timeout == 0U) || (timeout > TICKS_MAX)) {
        status = SKR_ARGUMENT;
    } else if (v->up == 0U) {
        status = SKR_AGAIN;
    } else {
        const uint32_t port = any ? choose_port(v) : local_port;
        status = connect_from(v, port, peer_port, &index);
    }
    if (status == SKR_OK) {
        v->flow[index].timeout = timeout;
        v->flow[index].quarantine = (uint16_t)(any ? 1U : 0U);
        *handle = handle_of(v, index);
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

skr_status_t skr_vsock_recv(skr_vsock_t *v, skr_vsock_handle_t handle, uint8_t *data, uint32_t capacity, uint32_t *got)
{
    uint16_t index = SKR_VSOCK_NOWHERE;
    skr_status_t status = skr_vsock_resolve(v, handle, &index);

    *got = 0U;
    if ((status == SKR_OK) && (capacity != 0U)) {
        skr_flow_t *f = &v->flow[index];

        status = readable(f);
        /* two passes: the stored bytes are at most two runs */
        /*@ loop invariant 0 <= i <= 2 && *got <= capacity;
          @ loop invariant skr_vsock_sound(v);
          @ loop invariant *got > 0 ==> status == SKR_OK;
          @ loop invariant status != SKR_OK ==> f->stored == 0;
          @ loop assigns i, *got, data[0 .. capacity - 1], f->stored, f->head, f->fwd_cnt, f->owed;
          @ loop variant 2 - i;
          @*/
        for (uint16_t i = 0U; (i < 2U) && (f->stored != 0U) && (*got < capacity); i++) {
            uint32_t at = 0U;
            const uint32_t run = skr_flow_oldest(f, &at);
            const uint32_t part = (run < (capacity - *got)) ? run : (capacity - *got);

            skr_port_copy(&data[*got], &f->data[at], part);
            skr_flow_consume(f, part);
            *got += part;
        }
    }
    return status;
}

skr_status_t skr_vsock_peek(const skr_vsock_t *v, skr_vsock_handle_t handle, const uint8_t **data, uint32_t *length)
{
    uint16_t index = SKR_VSOCK_NOWHERE;
    skr_status_t status = skr_vsock_resolve(v, handle, &index);

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

skr_status_t skr_vsock_consume(skr_vsock_t *v, skr_vsock_handle_t handle, uint32_t length)
{
    uint16_t index = SKR_VSOCK_NOWHERE;
    skr_status_t status = skr_vsock_resolve(v, handle, &index);

    if (status == SKR_OK) {
        if (length > v->flow[index].stored) {
            status = SKR_ARGUMENT;
        } else {
            skr_flow_consume(&v->flow[index], length);
        }
    }
    return status;
}

skr_status_t skr_vsock_shutdown(skr_vsock_t *v, skr_vsock_handle_t handle, uint32_t directions)
{
    uint16_t index = SKR_VSOCK_NOWHERE;
    skr_status_t status = skr_vsock_resolve(v, handle, &index);

    if (status == SKR_OK) {
        skr_flow_t *f = &v->flow[index];

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
    }
    return status;
}

skr_status_t skr_vsock_close(skr_vsock_t *v, skr_vsock_handle_t handle)
{
    uint16_t index = SKR_VSOCK_NOWHERE;
    const skr_status_t status = look_behind(v, handle, &index);

    if (status == SKR_OK) {
        skr_flow_t *f = &v->flow[index];

        if (f->state == SKR_FLOW_OPEN) {
            f->state = SKR_FLOW_CLOSING;
            f->since = v->device.now;
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
    return status;
}

skr_status_t skr_vsock_reset(skr_vsock_t *v, skr_vsock_handle_t handle)
{
    uint16_t index = SKR_VSOCK_NOWHERE;
    const skr_status_t status = look_behind(v, handle, &index);

    if (status == SKR_OK) {
        skr_flow_t *f = &v->flow[index];

        if (f->state != SKR_FLOW_ENDED) {
            skr_flow_end(f, SKR_RESET, (f->owed & SKR_OWE_REQUEST) == 0U);
        }
        f->stored = 0U;
        f->released = 1U;
    }
    return status;
}

skr_status_t skr_vsock_events(const skr_vsock_t *v, skr_vsock_handle_t handle, uint32_t *events)
{
    uint16_t index = SKR_VSOCK_NOWHERE;
    const skr_status_t status = skr_vsock_resolve(v, handle, &index);

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
        *events = bits;
    }
    return status;
}
