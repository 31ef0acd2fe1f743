/* SPDX-License-Identifier: BSD-3-Clause */
/* A vsock device in any state that it can be in between two calls. */
#ifndef SKERRY_EVA_VSOCK_STATE_H
#define SKERRY_EVA_VSOCK_STATE_H

#include "vsock_core.h"
#include "windows.h"

/* Exactly what the layout takes: the first byte too far is outside. */
#define VSOCK_LINES_BYTES 624U
#define VSOCK_PAGES_BYTES 20528U
#define VSOCK_HVL_BYTES 12448U
static skr_shm_t vsock_lines[VSOCK_LINES_BYTES];
static skr_shm_t vsock_pages[VSOCK_PAGES_BYTES];
static skr_shm_t vsock_hvl[VSOCK_HVL_BYTES];
static skr_shm_t vsock_config[8];

/* The description of a good device of each kind. */
static void describe_vsock(skr_transport_t *t, skr_transport_kind_t kind)
{
    describe(t, kind);
    t->config = vsock_config;
    t->config_size = 8U;
    t->memory = vsock_pages;
    t->memory_size = VSOCK_PAGES_BYTES;
    if (kind == SKR_TRANSPORT_MMIO_V2) {
        t->memory = vsock_lines;
        t->memory_size = VSOCK_LINES_BYTES;
    } else if (kind == SKR_TRANSPORT_HVL) {
        t->memory = vsock_hvl;
        t->memory_size = VSOCK_HVL_BYTES;
    }
}

/* Any connection, its receive ring at one place. */
static void any_flow(skr_flow_t *f, uint32_t head, uint32_t stored)
{
    f->state = (skr_flow_state_t)below(5U);
    f->end = SKR_CLOSED; /* that of an ENDED one is never SKR_OK: skr_flow_end() */
    if (any() != 0U) {
        f->end = (skr_status_t)((uint32_t)SKR_REFUSED + below(3U)); /* or SKR_RESET, SKR_TIMEOUT */
    }
    f->local_port = any();
    f->peer_port = any();
    f->tx_cnt = any();
    f->peer_fwd_cnt = any();
    f->peer_buf_alloc = any();
    f->tx_packets = any();
    f->fwd_cnt = any();
    f->told_fwd_cnt = any();
    f->head = head;
    f->stored = stored;
    f->since = any();
    f->timeout = any();
    f->asked = any();
    f->order = any();
    f->owed = (uint16_t)below(SKR_OWE_ALL + 1U);
    f->shut = (uint16_t)below(SKR_SHUT_ALL + 1U);
    f->generation = (uint16_t)below(0x10000U);
    f->released = (uint16_t)below(2U);
    f->backlog = (uint16_t)below(2U);
    f->quarantine = (uint16_t)below(2U);
    f->next = (uint16_t)below(0x10000U);
    for (uint32_t i = 0U; i < SKR_VSOCK_WINDOW_BYTES; i++) {
        f->data[i] = (uint8_t)below(0x100U);
    }
}

static void any_vsock_counters(skr_vsock_counters_t *n)
{
    n->packets_received = any();
    n->packets_sent = any();
    n->short_packets = any();
    n->foreign_packets = any();
    n->odd_packets = any();
    n->broken_flows = any();
    n->unknown_packets = any();
    n->resets_dropped = any();
    n->requests_refused = any();
    n->transport_resets = any();
    n->odd_events = any();
}

static void any_tables(skr_vsock_t *v)
{
    for (uint32_t i = 0U; i < SKR_VSOCK_LISTENERS; i++) {
        v->listener[i].port = any();
        v->listener[i].backlog = below(SKR_VSOCK_CONNECTIONS + 1U);
    }
    for (uint32_t i = 0U; i < SKR_VSOCK_RESET_LIST; i++) {
        v->reset[i].local_port = any();
        v->reset[i].peer_port = any();
    }
    for (uint32_t i = 0U; i < SKR_VSOCK_QUARANTINE_LIST; i++) {
        v->resting[i].port = any();
        v->resting[i].since = any();
    }
}

/* Any vsock device: what is counted or remembered is unknown, places in tables lie inside them. The header at work (`packet`) stays
 * without a value: no call may build on what another one left in it. */
static void any_vsock(skr_vsock_t *v, uint16_t resets, uint32_t head, uint32_t stored)
{
    any_vsock_counters(&v->counters);
    any_tables(v);
    v->cid = any();
    v->next_port = SKR_VSOCK_PORT_FIRST + below((SKR_VSOCK_PORT_LAST - SKR_VSOCK_PORT_FIRST) + 1U);
    v->next_order = any();
    v->up = (uint16_t)below(2U);
    v->resets = resets;
    v->due = (uint16_t)below(0x10000U);
    v->due_last = (uint16_t)below(SKR_VSOCK_CONNECTIONS);
    v->next_resting = (uint16_t)below(SKR_VSOCK_QUARANTINE_LIST);
    v->armed = (uint16_t)below(2U);
    for (uint32_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
        v->hint[i] = (uint16_t)below(0x10000U);
        any_flow(&v->flow[i], head, stored);
    }
}

/* A running device whose rings hold so many buffers: `rx` of the receive ring and `tx` of the transmit ring are with it. */
static bool running_vsock(skr_vsock_t *v, skr_transport_kind_t kind, uint16_t rx, uint16_t tx)
{
    skr_transport_t t;
    bool good = false;

    describe_vsock(&t, kind);
    if (skr_vsock_init(v, &t, any()) == SKR_OK) {
        good = place_rings(&v->device, v->device.queues);
        any_books(&v->device.virtq[SKR_VSOCK_RX], rx, 0U);
        any_books(&v->device.virtq[SKR_VSOCK_TX], tx, (uint16_t)(SKR_VSOCK_TX_COUNT - tx));
        if (v->device.queues > SKR_VSOCK_EVENT) {
            any_books(&v->device.virtq[SKR_VSOCK_EVENT], SKR_VSOCK_EVENT_COUNT, 0U);
        }
        any_device(&v->device);
        v->device.state = SKR_DEVICE_READY;
    }
    return good;
}

#endif
