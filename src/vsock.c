/* SPDX-License-Identifier: BSD-3-Clause */
#include "vsock_core.h"

/* Configuration and the CIDs that are nobody's, VIRTIO 1.4, 5.10.4. */
#define CONFIG_BYTES 8U
#define CONFIG_GUEST_CID 0U
#define CID_LAST_RESERVED 2U
#define CID_ANY 0xFFFFFFFFU

uint16_t skr_vsock_find(const skr_vsock_t *v, uint32_t local_port, uint32_t peer_port)
{
    uint16_t found = SKR_VSOCK_NOWHERE;

    /*@ loop invariant 0 <= i <= SKR_VSOCK_CONNECTIONS;
      @ loop invariant found == SKR_VSOCK_NOWHERE || (found < SKR_VSOCK_CONNECTIONS
      @   && v->flow[found].state != SKR_FLOW_FREE && v->flow[found].state != SKR_FLOW_ENDED
      @   && v->flow[found].local_port == local_port && v->flow[found].peer_port == peer_port);
      @ loop assigns i, found;
      @ loop variant SKR_VSOCK_CONNECTIONS - i;
      @*/
    for (uint16_t i = 0U; (i < SKR_VSOCK_CONNECTIONS) && (found == SKR_VSOCK_NOWHERE); i++) {
        /* from the one that received last: data come in runs */
        const uint16_t at = (uint16_t)(((uint32_t)v->recent + i) % SKR_VSOCK_CONNECTIONS);
        const skr_flow_t *f = &v->flow[at];
        if ((f->local_port == local_port) && (f->peer_port == peer_port) && (f->state != SKR_FLOW_FREE) &&
            (f->state != SKR_FLOW_ENDED)) {
            found = at;
        }
    }
    return found;
}

uint16_t skr_vsock_vacancy(const skr_vsock_t *v)
{
    uint16_t found = SKR_VSOCK_NOWHERE;

    /*@ loop invariant 0 <= i <= SKR_VSOCK_CONNECTIONS;
      @ loop invariant found == SKR_VSOCK_NOWHERE || (found < SKR_VSOCK_CONNECTIONS && v->flow[found].state == SKR_FLOW_FREE);
      @ loop assigns i, found;
      @ loop variant SKR_VSOCK_CONNECTIONS - i;
      @*/
    for (uint16_t i = 0U; (i < SKR_VSOCK_CONNECTIONS) && (found == SKR_VSOCK_NOWHERE); i++) {
        if (v->flow[i].state == SKR_FLOW_FREE) {
            found = i;
        }
    }
    return found;
}

uint16_t skr_vsock_listener(const skr_vsock_t *v, uint32_t port)
{
    uint16_t found = SKR_VSOCK_NOWHERE;

    /*@ loop invariant 0 <= i <= SKR_VSOCK_LISTENERS;
      @ loop invariant found == SKR_VSOCK_NOWHERE || (found < SKR_VSOCK_LISTENERS && v->listener[found].backlog != 0
      @   && v->listener[found].port == port);
      @ loop assigns i, found;
      @ loop variant SKR_VSOCK_LISTENERS - i;
      @*/
    for (uint16_t i = 0U; (i < SKR_VSOCK_LISTENERS) && (found == SKR_VSOCK_NOWHERE); i++) {
        if ((v->listener[i].backlog != 0U) && (v->listener[i].port == port)) {
            found = i;
        }
    }
    return found;
}

/** End one connection as SKR_RESET without telling the peer; one in a backlog is released. */
/*@ requires \valid(f) && skr_flow_sound(f);
  @ terminates \true; exits \false;
  @ assigns *f;
  @ ensures skr_flow_sound(f) && f->owed == 0 && (f->state == SKR_FLOW_FREE || f->state == SKR_FLOW_ENDED);
  @*/
static void forget(skr_flow_t *f)
{
    if ((f->state != SKR_FLOW_FREE) && (f->state != SKR_FLOW_ENDED)) {
        skr_flow_end(f, SKR_RESET, false);
    }
    f->owed = 0U; /* whatever an ended one still owed: nobody remembers it */
    if (f->backlog != 0U) {
        f->backlog = 0U;
        f->released = 1U;
    }
}

void skr_vsock_end_all(skr_vsock_t *v)
{
    /*@ loop invariant 0 <= i <= SKR_VSOCK_CONNECTIONS;
      @ loop invariant \forall integer k; 0 <= k < SKR_VSOCK_CONNECTIONS ==> skr_flow_sound(&v->flow[k]);
      @ loop invariant \forall integer k; 0 <= k < i ==>
      @      (v->flow[k].state == SKR_FLOW_FREE || v->flow[k].state == SKR_FLOW_ENDED) && v->flow[k].owed == 0;
      @ loop assigns i, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
      @ loop variant SKR_VSOCK_CONNECTIONS - i;
      @*/
    for (uint16_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
        forget(&v->flow[i]);
    }
    v->resets = 0U;
    /*@ assert skr_description_kept{Pre, Here}(&v->device); */
    /*@ assert skr_ring_kept{Pre, Here}(&v->device.virtq[0]); */
    /*@ assert skr_ring_kept{Pre, Here}(&v->device.virtq[1]); */
    /*@ assert skr_ring_kept{Pre, Here}(&v->device.virtq[2]); */
    /*@ assert skr_vsock_kept{Pre, Here}(v); */
    /*@ assert skr_vsock_tables(v); */
}

skr_status_t skr_vsock_init(skr_vsock_t *v, const skr_transport_t *transport, uint32_t seed)
{
    const skr_vsock_counters_t none = {0};
    const skr_status_t status = skr_device_init(&v->device, transport, SKR_DEVICE_ID_VSOCK, CONFIG_BYTES, 0U);

    skr_device_plan_queue(&v->device, true, SKR_VSOCK_RX_COUNT, SKR_VSOCK_BUFFER_BYTES);
    skr_device_plan_queue(&v->device, false, SKR_VSOCK_TX_COUNT, SKR_VSOCK_BUFFER_BYTES);
    if (transport->kind != SKR_TRANSPORT_HVL) {
        skr_device_plan_queue(&v->device, true, SKR_VSOCK_EVENT_COUNT, 8U);
    }
    v->counters = none;
    v->cid = 0U;
    v->next_port = SKR_VSOCK_PORT_FIRST + (seed % ((SKR_VSOCK_PORT_LAST - SKR_VSOCK_PORT_FIRST) + 1U));
    v->next_order = 0U;
    v->up = 0U;
    v->resets = 0U;
    v->turn = 0U;
    v->recent = 0U;
    v->next_resting = 0U;
    v->armed = 0U;
    /*@ loop invariant 0 <= i <= SKR_VSOCK_LISTENERS;
      @ loop assigns i, v->listener[0 .. SKR_VSOCK_LISTENERS - 1].backlog;
      @ loop variant SKR_VSOCK_LISTENERS - i;
      @*/
    for (uint16_t i = 0U; i < SKR_VSOCK_LISTENERS; i++) {
        v->listener[i].backlog = 0U;
    }
    /*@ loop invariant 0 <= i <= SKR_VSOCK_QUARANTINE_LIST;
      @ loop assigns i, v->resting[0 .. SKR_VSOCK_QUARANTINE_LIST - 1].port;
      @ loop variant SKR_VSOCK_QUARANTINE_LIST - i;
      @*/
    for (uint16_t i = 0U; i < SKR_VSOCK_QUARANTINE_LIST; i++) {
        v->resting[i].port = 0U;
    }
    /*@ loop invariant 0 <= i <= SKR_VSOCK_CONNECTIONS;
      @ loop invariant \forall integer k; 0 <= k < i ==> skr_flow_sound(&v->flow[k]) && v->flow[k].state == SKR_FLOW_FREE;
      @ loop assigns i, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
      @ loop variant SKR_VSOCK_CONNECTIONS - i;
      @*/
    for (uint16_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
        v->flow[i].state = SKR_FLOW_FREE;
        v->flow[i].local_port = 0U;
        v->flow[i].peer_port = 0U;
        v->flow[i].order = 0U;
        v->flow[i].generation = 0U;
        v->flow[i].head = 0U;
        v->flow[i].stored = 0U;
        v->flow[i].owed = 0U;
        v->flow[i].shut = 0U;
        v->flow[i].backlog = 0U;
        v->flow[i].released = 0U;
    }
    return status;
}

skr_status_t skr_vsock_start(skr_vsock_t *v, uint32_t now)
{
    skr_vsock_end_all(v);
    v->up = 0U;
    v->cid = 0U;
    v->armed = 0U;
    return skr_device_start(&v->device, now);
}

/** Read our CID; from here on connections are possible. */
/*@ requires skr_vsock_sound(v) && v->device.state == SKR_DEVICE_READY && v->up == 0;
  @ terminates \true; exits \false;
  @ assigns v->cid, v->up, v->armed, v->device.state, v->device.cause, v->device.counters, v->device.status,
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures (v->up != 0 && v->device.state == SKR_DEVICE_READY && v->cid > CID_LAST_RESERVED && v->cid != CID_ANY)
  @      || (v->up == 0 && v->device.state == SKR_DEVICE_FAILED);
  @*/
static void come_up(skr_vsock_t *v)
{
    uint32_t cid[2] = {0U, 0U};

    if (skr_device_read_config(&v->device, CONFIG_GUEST_CID, 4U, cid) != SKR_OK) {
        skr_device_fail(&v->device, SKR_CAUSE_CONFIG_UNSTABLE);
    } else if ((cid[1] != 0U) || (cid[0] <= CID_LAST_RESERVED) || (cid[0] == CID_ANY)) {
        skr_device_fail(&v->device, SKR_CAUSE_CID);
    } else {
        v->cid = cid[0];
        v->up = 1U;
        v->armed = 1U; /* as the device begins; the first send puts it right */
    }
}

/** Make the receive buffers nobody's packets before they are posted: an earlier life may have left some in them. */
/*@ requires skr_vsock_sound(v) && v->device.state == SKR_DEVICE_FILL;
  @ terminates \true; exits \false;
  @ assigns v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_sound(v);
  @*/
static void blank(skr_vsock_t *v)
{
    const skr_virtq_t *q = &v->device.virtq[SKR_VSOCK_RX];
    skr_shm_t *const base = q->base;

    /*@ loop invariant 0 <= i <= q->free_count;
      @ loop invariant skr_vsock_sound(v);
      @ loop assigns i, v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
      @ loop variant q->free_count - i;
      @*/
    for (uint16_t i = 0U; i < q->free_count; i++) {
        skr_shm_write64(base, skr_virtq_buffer(q, q->free_ids[i]), 0U);
    }
}

skr_status_t skr_vsock_step(skr_vsock_t *v, uint32_t now)
{
    skr_status_t status = SKR_FAULT;

    if (v->device.state == SKR_DEVICE_FILL) {
        blank(v);
    }
    status = skr_device_step(&v->device, now);
    if ((status == SKR_OK) && (v->device.queues > SKR_VSOCK_EVENT)) {
        skr_vsock_take_events(v);
    }
    if ((v->device.state == SKR_DEVICE_READY) && (v->up == 0U)) {
        come_up(v);
    }
    if (v->device.state == SKR_DEVICE_READY) {
        skr_vsock_receive(v);
    }
    if (v->device.state == SKR_DEVICE_READY) {
        skr_vsock_settle(v);
    }
    if ((status == SKR_OK) && (v->device.state != SKR_DEVICE_READY)) {
        status = SKR_FAULT;
    }
    return status;
}

uint32_t skr_vsock_cid(const skr_vsock_t *v)
{
    return v->cid;
}

skr_cause_t skr_vsock_cause(const skr_vsock_t *v)
{
    return v->device.cause;
}

uint32_t skr_vsock_acknowledge(const skr_vsock_t *v)
{
    uint32_t bits = 0U;

    if ((v->device.state != SKR_DEVICE_IDLE) && (v->device.state != SKR_DEVICE_FAILED)) {
        bits = skr_transport_acknowledge(&v->device.transport);
    }
    return bits;
}
