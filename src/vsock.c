/* SPDX-License-Identifier: BSD-3-Clause */
#include "vsock_core.h"

/* planned: the device and its queues are as they begin. */
#ifdef __FRAMAC__
#define vsock_planned(v) (skr_device_sound(&(v)->device) && skr_vsock_queues(v) && skr_vsock_apart(v))
#endif

/* Configuration and the CIDs that are nobody's, VIRTIO 1.4, 5.10.4. */
#define CONFIG_BYTES 8U
#define CONFIG_GUEST_CID 0U
#define CID_LAST_RESERVED 2U
#define CID_ANY 0xFFFFFFFFU

uint16_t skr_vsock_find(const skr_vsock_t *v, uint32_t local_port, uint32_t peer_port)
{
    const uint32_t first = v->hint[SKR_VSOCK_HINT(local_port, peer_port)];
    uint16_t found = SKR_VSOCK_NOWHERE;

    /*@ loop invariant 0 <= i <= SKR_VSOCK_CONNECTIONS;
      @ loop invariant found == SKR_VSOCK_NOWHERE || (found < SKR_VSOCK_CONNECTIONS
      @   && v->flow[found].state != SKR_FLOW_FREE && v->flow[found].state != SKR_FLOW_ENDED
      @   && v->flow[found].local_port == local_port && v->flow[found].peer_port == peer_port);
      @ loop assigns i, found;
      @ loop variant SKR_VSOCK_CONNECTIONS - i;
      @*/
    for (uint16_t i = 0U; (i < SKR_VSOCK_CONNECTIONS) && (found == SKR_VSOCK_NOWHERE); i++) {
        const uint16_t at = (uint16_t)((first + i) % SKR_VSOCK_CONNECTIONS);
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

/** Do so with every connection, and put all into the list of those that are due, in their order. */
/*@ requires \valid(flow + (0 .. SKR_VSOCK_CONNECTIONS - 1)) && skr_flows_sound(flow);
  @ terminates \true; exits \false;
  @ assigns flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_flows_sound(flow) && skr_flows_over(flow);
  @ ensures \forall integer i; 0 <= i < SKR_VSOCK_CONNECTIONS ==> flow[i].owed == 0;
  @*/
static void forget_all(skr_flow_t flow[SKR_VSOCK_CONNECTIONS])
{
    /*@ loop invariant 0 <= i <= SKR_VSOCK_CONNECTIONS;
      @ loop invariant skr_flows_sound(flow);
      @ loop invariant \forall integer k; 0 <= k < i ==>
      @      (flow[k].state == SKR_FLOW_FREE || flow[k].state == SKR_FLOW_ENDED) && flow[k].owed == 0;
      @ loop assigns i, flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
      @ loop variant SKR_VSOCK_CONNECTIONS - i;
      @*/
    for (uint16_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
        forget(&flow[i]);
        flow[i].next = (uint16_t)(i + 1U);
    }
}

void skr_vsock_end_all(skr_vsock_t *v)
{
    forget_all(v->flow);
    v->due = 0U;
    v->due_last = SKR_VSOCK_CONNECTIONS - 1U;
    v->resets = 0U;
}

/** Put a connection behind the last one of the list of those that are due; behind itself if it is the first. */
/*@ requires skr_vsock_table(flow, index) && last < SKR_VSOCK_CONNECTIONS;
  @ terminates \true; exits \false;
  @ assigns flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_flows_sound(flow);
  @*/
static void append(skr_flow_t flow[SKR_VSOCK_CONNECTIONS], uint16_t last, uint16_t index)
{
    flow[last].next = index;
    flow[index].next = SKR_VSOCK_CONNECTIONS;
}

/** Whether a connection is to be entered in the list of those that are due. */
/*@ requires \valid_read(f);
  @ terminates \true; exits \false; assigns \nothing;
  @*/
static bool joins(const skr_flow_t *f)
{
    return (f->next == SKR_VSOCK_NOWHERE) && skr_flow_due(f);
}

void skr_vsock_attend(skr_vsock_t *v, uint16_t index)
{
    if (joins(&v->flow[index])) {
        uint16_t last = v->due_last;

        if (v->due >= SKR_VSOCK_CONNECTIONS) {
            v->due = index;
            last = index;
        }
        append(v->flow, last, index);
        v->due_last = index;
        /*@ assert entered: skr_vsock_sound(v); */
    }
}

/** Make one place for a connection empty. */
/*@ requires \valid(f);
  @ terminates \true; exits \false;
  @ assigns *f;
  @ ensures skr_flow_sound(f) && f->state == SKR_FLOW_FREE;
  @*/
static void clear_flow(skr_flow_t *f)
{
    f->state = SKR_FLOW_FREE;
    f->local_port = 0U;
    f->peer_port = 0U;
    f->order = 0U;
    f->generation = 0U;
    f->head = 0U;
    f->stored = 0U;
    f->owed = 0U;
    f->shut = 0U;
    f->backlog = 0U;
    f->released = 0U;
    f->next = SKR_VSOCK_NOWHERE;
}

/** Empty the table of connections. */
/*@ requires \valid(flow + (0 .. SKR_VSOCK_CONNECTIONS - 1));
  @ terminates \true; exits \false;
  @ assigns flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @ ensures skr_flows_sound(flow);
  @ ensures \forall integer i; 0 <= i < SKR_VSOCK_CONNECTIONS ==> flow[i].state == SKR_FLOW_FREE;
  @*/
static void clear_flows(skr_flow_t flow[SKR_VSOCK_CONNECTIONS])
{
    /*@ loop invariant 0 <= i <= SKR_VSOCK_CONNECTIONS;
      @ loop invariant \forall integer k; 0 <= k < i ==> skr_flow_sound(&flow[k]) && flow[k].state == SKR_FLOW_FREE;
      @ loop assigns i, flow[0 .. SKR_VSOCK_CONNECTIONS - 1];
      @ loop variant SKR_VSOCK_CONNECTIONS - i;
      @*/
    for (uint16_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
        clear_flow(&flow[i]);
    }
}

/** Empty the list of hints. */
/*@ requires \valid(hint + (0 .. SKR_VSOCK_CONNECTIONS - 1));
  @ terminates \true; exits \false;
  @ assigns hint[0 .. SKR_VSOCK_CONNECTIONS - 1];
  @*/
static void clear_hints(uint16_t hint[SKR_VSOCK_CONNECTIONS])
{
    /*@ loop invariant 0 <= i <= SKR_VSOCK_CONNECTIONS;
      @ loop assigns i, hint[0 .. SKR_VSOCK_CONNECTIONS - 1];
      @ loop variant SKR_VSOCK_CONNECTIONS - i;
      @*/
    for (uint16_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
        hint[i] = 0U;
    }
}

/** Empty the lists of ports. */
/*@ requires \valid(listener + (0 .. SKR_VSOCK_LISTENERS - 1)) && \valid(resting + (0 .. SKR_VSOCK_QUARANTINE_LIST - 1));
  @ terminates \true; exits \false;
  @ assigns listener[0 .. SKR_VSOCK_LISTENERS - 1], resting[0 .. SKR_VSOCK_QUARANTINE_LIST - 1];
  @*/
static void clear_ports(skr_vsock_listener_t listener[SKR_VSOCK_LISTENERS],
                        skr_vsock_resting_t resting[SKR_VSOCK_QUARANTINE_LIST])
{
    /*@ loop invariant 0 <= i <= SKR_VSOCK_LISTENERS;
      @ loop assigns i, listener[0 .. SKR_VSOCK_LISTENERS - 1];
      @ loop variant SKR_VSOCK_LISTENERS - i;
      @*/
    for (uint16_t i = 0U; i < SKR_VSOCK_LISTENERS; i++) {
        listener[i].backlog = 0U;
    }
    /*@ loop invariant 0 <= i <= SKR_VSOCK_QUARANTINE_LIST;
      @ loop assigns i, resting[0 .. SKR_VSOCK_QUARANTINE_LIST - 1];
      @ loop variant SKR_VSOCK_QUARANTINE_LIST - i;
      @*/
    for (uint16_t i = 0U; i < SKR_VSOCK_QUARANTINE_LIST; i++) {
        resting[i].port = 0U;
    }
}

/** Prepare the device and plan its queues. */
/*@ requires \valid(v) && \valid_read(transport) && \separated(v, transport) && skr_transport_given(transport);
  @ requires \separated(v, transport->registers + (0 .. transport->registers_size - 1));
  @ requires \separated(v, transport->config + (0 .. transport->config_size - 1));
  @ requires \separated(v, transport->memory + (0 .. transport->memory_size - 1));
  @ terminates \true; exits \false;
  @ assigns v->device;
  @ ensures vsock_planned(v);
  @ ensures \result == SKR_OK || \result == SKR_FAULT;
  @ ensures v->device.state == (\result == SKR_OK ? SKR_DEVICE_IDLE : SKR_DEVICE_FAILED);
  @*/
static skr_status_t plan(skr_vsock_t *v, const skr_transport_t *transport)
{
    const skr_status_t status = skr_device_init(&v->device, transport, SKR_DEVICE_ID_VSOCK, CONFIG_BYTES, 0U);

    skr_device_plan_queue(&v->device, true, SKR_VSOCK_RX_COUNT, SKR_VSOCK_BUFFER_BYTES);
    skr_device_plan_queue(&v->device, false, SKR_VSOCK_TX_COUNT, SKR_VSOCK_BUFFER_BYTES);
    /*@ assert two: vsock_planned(v) && v->device.state == (status == SKR_OK ? SKR_DEVICE_IDLE : SKR_DEVICE_FAILED); */
    if (transport->kind != SKR_TRANSPORT_HVL) {
        skr_device_plan_queue(&v->device, true, SKR_VSOCK_EVENT_COUNT, 8U);
        /*@ assert three: vsock_planned(v) && v->device.state == (status == SKR_OK ? SKR_DEVICE_IDLE : SKR_DEVICE_FAILED); */
    }
    return status;
}

/** Start counting. Field by field: the proofs must not meet a structure by value. */
/*@ requires \valid(counters);
  @ terminates \true; exits \false; assigns *counters;
  @*/
static void clear_counters(skr_vsock_counters_t *counters)
{
    counters->packets_received = 0U;
    counters->packets_sent = 0U;
    counters->short_packets = 0U;
    counters->foreign_packets = 0U;
    counters->odd_packets = 0U;
    counters->broken_flows = 0U;
    counters->unknown_packets = 0U;
    counters->resets_dropped = 0U;
    counters->requests_refused = 0U;
    counters->transport_resets = 0U;
    counters->odd_events = 0U;
}

skr_status_t skr_vsock_init(skr_vsock_t *v, const skr_transport_t *transport, uint32_t seed)
{
    const skr_status_t status = plan(v, transport);

    clear_counters(&v->counters);
    v->cid = 0U;
    v->next_port = SKR_VSOCK_PORT_FIRST + (seed % ((SKR_VSOCK_PORT_LAST - SKR_VSOCK_PORT_FIRST) + 1U));
    v->next_order = 0U;
    v->up = 0U;
    v->resets = 0U;
    v->due = SKR_VSOCK_CONNECTIONS;
    v->due_last = 0U;
    v->next_resting = 0U;
    v->armed = 0U;
    clear_ports(v->listener, v->resting);
    clear_hints(v->hint);
    clear_flows(v->flow);
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
  @         v->device.field[0 .. 1],
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1];
  @ ensures skr_vsock_sound(v);
  @ ensures (v->up != 0 && v->device.state == SKR_DEVICE_READY && v->cid > CID_LAST_RESERVED && v->cid != CID_ANY)
  @      || (v->up == 0 && v->device.state == SKR_DEVICE_FAILED);
  @*/
static void come_up(skr_vsock_t *v)
{
    const skr_status_t status = skr_device_read_config(&v->device, CONFIG_GUEST_CID, 4U);

    if (status != SKR_OK) {
        skr_device_fail(&v->device, SKR_CAUSE_CONFIG_UNSTABLE);
    } else if ((v->device.field[1] != 0U) || (v->device.field[0] <= CID_LAST_RESERVED) || (v->device.field[0] == CID_ANY)) {
        skr_device_fail(&v->device, SKR_CAUSE_CID);
    } else {
        v->cid = v->device.field[0];
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
        skr_shm_write64(base, skr_virtq_buffer(q, (uint16_t)q->free_ids[i]), 0U);
    }
}

/** Take events where there are any: nobody serves the queue over the hypervisor-less transport. */
/*@ requires skr_vsock_sound(v) && v->device.state == SKR_DEVICE_READY;
  @ terminates \true; exits \false;
  @ assigns v->device.virtq[SKR_VSOCK_EVENT], v->device.state, v->device.cause, v->device.counters, v->device.status,
  @         v->device.rung, v->counters, v->up, v->due, v->due_last, v->resets, v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_left(v);
  @*/
static void hear(skr_vsock_t *v)
{
    if (v->device.queues > SKR_VSOCK_EVENT) {
        skr_vsock_take_events(v);
        /*@ assert heard: skr_vsock_left(v); */
    }
}

/** Learn our CID while it is not known: at first, and after a transport reset. */
/*@ requires skr_vsock_left(v);
  @ terminates \true; exits \false;
  @ assigns v->cid, v->up, v->armed, v->device.state, v->device.cause, v->device.counters, v->device.field[0 .. 1],
  @         v->device.status, v->device.transport.registers[0 .. v->device.transport.registers_size - 1];
  @ ensures skr_vsock_left(v) && (v->device.state == SKR_DEVICE_READY ==> v->up != 0);
  @*/
static void stay_up(skr_vsock_t *v)
{
    if ((v->device.state == SKR_DEVICE_READY) && (v->up == 0U)) {
        come_up(v);
        /*@ assert risen: skr_vsock_left(v) && (v->device.state == SKR_DEVICE_READY ==> v->up != 0); */
    }
    /*@ assert up: v->device.state == SKR_DEVICE_READY ==> v->up != 0; */
    /*@ assert left: skr_vsock_left(v); */
}

/** What is due while the device runs. */
/*@ requires skr_vsock_sound(v) && v->device.state == SKR_DEVICE_READY;
  @ terminates \true; exits \false;
  @ assigns v->device.virtq[0 .. SKR_DEVICE_QUEUES - 1], v->device.state, v->device.cause, v->device.counters,
  @         v->device.field[0 .. 1], v->device.status, v->device.rung, v->counters, v->packet, v->cid, v->up, v->armed,
  @         v->due, v->due_last, v->resets, v->reset[0 .. SKR_VSOCK_RESET_LIST - 1], v->next_order,
  @         v->hint[0 .. SKR_VSOCK_CONNECTIONS - 1], v->next_resting,
  @         v->resting[0 .. SKR_VSOCK_QUARANTINE_LIST - 1], v->flow[0 .. SKR_VSOCK_CONNECTIONS - 1],
  @         v->device.transport.registers[0 .. v->device.transport.registers_size - 1],
  @         v->device.transport.memory[0 .. v->device.transport.memory_size - 1];
  @ ensures skr_vsock_left(v) && (v->device.state == SKR_DEVICE_READY ==> v->up != 0);
  @*/
static void serve(skr_vsock_t *v)
{
    hear(v);
    stay_up(v);
    skr_vsock_receive(v);
    /*@ assert received: v->device.state == SKR_DEVICE_READY ==> v->up != 0; */
    skr_vsock_settle(v);
}

skr_status_t skr_vsock_step(skr_vsock_t *v, uint32_t now)
{
    skr_status_t status = SKR_FAULT;

    if (v->device.state == SKR_DEVICE_FILL) {
        blank(v);
    }
    status = skr_device_step(&v->device, now);
    if (status == SKR_OK) {
        serve(v);
        if (v->device.state != SKR_DEVICE_READY) {
            status = SKR_FAULT;
        }
    }
    return status;
}

void skr_vsock_tell(const skr_vsock_t *v, uint32_t *told, uint32_t number)
{
    (void)v;
    *told = number;
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
