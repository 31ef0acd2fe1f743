/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of vsock start from: an island with one vsock device, a device model and a peer on the host.
 * Ticks pass one by one in island_step(); the model and the peer do only what a test makes them do.
 */
#ifndef SKERRY_TEST_VSOCK_ISLAND_H
#define SKERRY_TEST_VSOCK_ISLAND_H

#include <string.h>

#include "backend/hook.h"
#include "backend/model.h"
#include "backend/peer.h"
#include "skerry/vsock.h"
#include "test.h"

#define CID 3U           /* the model's */
#define STEPS_MAX 200U   /* more than any set-up takes */
#define LONG 1000000U    /* a time-out that no test reaches by chance */

typedef struct {
    model_t model;
    skr_vsock_t v;
    peer_t peer;
    uint32_t now;
} island_t;

/* Initialised, not started. The context holds garbage before. */
static inline void island_open(island_t *i, skr_transport_kind_t kind, bool event_idx, uint32_t seed)
{
    model_open(&i->model, kind, SKR_DEVICE_ID_VSOCK);
    peer_open(&i->peer, &i->model);
    skr_transport_t t = model_transport(&i->model);

    if (event_idx) {
        i->model.offered |= SKR_F_EVENT_IDX;
        model_restart(&i->model); /* a hypervisor-less page shows its features from the start */
        t.options = SKR_OPTION_EVENT_IDX;
    }
    memset(&i->v, 0xA5, sizeof i->v);
    i->now = 1000U;
    REQUIRE_EQUAL(skr_vsock_init(&i->v, &t, seed), SKR_OK);
}

static inline skr_status_t island_step(island_t *i)
{
    i->now++;
    return skr_vsock_step(&i->v, i->now);
}

/* Started, and stepped until it runs. */
static inline void island_start(island_t *i)
{
    skr_status_t status = SKR_AGAIN;

    REQUIRE_EQUAL(skr_vsock_start(&i->v, i->now), SKR_OK);
    for (uint32_t n = 0U; (n < STEPS_MAX) && (status == SKR_AGAIN); n++) {
        status = island_step(i);
    }
    REQUIRE_EQUAL(status, SKR_OK);
}

static inline void island_run(island_t *i)
{
    island_open(i, SKR_TRANSPORT_MMIO_V2, false, 0U);
    island_start(i);
}

/* One step after `ticks` ticks. */
static inline skr_status_t island_wait(island_t *i, uint32_t ticks)
{
    i->now += ticks - 1U;
    return island_step(i);
}

/* A connection from the host, accepted; the peer has our RESPONSE. The port is opened if nobody listens there. */
static inline skr_vsock_handle_t island_accept(island_t *i, uint32_t port, uint32_t host_port)
{
    skr_vsock_handle_t handle = 0U;
    uint32_t from = 0U;
    const skr_status_t listening = skr_vsock_listen(&i->v, port, SKR_VSOCK_CONNECTIONS);

    CHECK((listening == SKR_OK) || (listening == SKR_IN_USE));
    CHECK(peer_send(&i->peer, SKR_VSOCK_OP_REQUEST, host_port, port));
    CHECK_EQUAL(island_step(i), SKR_OK);
    CHECK_EQUAL(peer_take_op(&i->peer), SKR_VSOCK_OP_RESPONSE);
    REQUIRE_EQUAL(skr_vsock_accept(&i->v, port, &handle, &from), SKR_OK);
    CHECK_EQUAL(from, host_port);
    return handle;
}

/* A connection to the host, answered by the peer. */
static inline skr_vsock_handle_t island_connect(island_t *i, uint32_t port, uint32_t host_port)
{
    skr_vsock_handle_t handle = 0U;

    REQUIRE_EQUAL(skr_vsock_connect(&i->v, port, host_port, LONG, &handle), SKR_OK);
    CHECK_EQUAL(island_step(i), SKR_OK);
    REQUIRE_EQUAL(peer_take_op(&i->peer), SKR_VSOCK_OP_REQUEST);
    CHECK_EQUAL(i->peer.got.dst_port, host_port);
    CHECK(peer_send(&i->peer, SKR_VSOCK_OP_RESPONSE, host_port, i->peer.got.src_port));
    CHECK_EQUAL(island_step(i), SKR_OK);
    return handle;
}

static inline uint32_t island_events(const island_t *i, skr_vsock_handle_t handle)
{
    uint32_t events = 0x80000000U;

    CHECK_EQUAL(skr_vsock_events(&i->v, handle, &events), SKR_OK);
    return events;
}

/* Places that are not free. */
static inline uint32_t island_places(const island_t *i)
{
    uint32_t count = 0U;

    for (uint32_t n = 0U; n < SKR_VSOCK_CONNECTIONS; n++) {
        count += (i->v.flow[n].state != SKR_FLOW_FREE) ? 1U : 0U;
    }
    return count;
}

/* The connection behind a handle; for a look at private state. */
static inline skr_flow_t *island_flow(island_t *i, skr_vsock_handle_t handle)
{
    return &i->v.flow[(handle % 0x10000U) - 1U];
}

static inline skr_status_t island_send(island_t *i, skr_vsock_handle_t handle, uint32_t length, uint32_t *taken)
{
    static uint8_t bytes[0x10000];

    if (bytes[1] == 0U) {
        for (uint32_t n = 0U; n < sizeof bytes; n++) {
            bytes[n] = (uint8_t)(n % 251U);
        }
    }
    *taken = 0xDEADU;
    return skr_vsock_send(&i->v, handle, bytes, length, taken);
}

static inline skr_status_t island_recv(island_t *i, skr_vsock_handle_t handle, uint8_t *data, uint32_t capacity,
                                       uint32_t *got)
{
    *got = 0xDEADU;
    return skr_vsock_recv(&i->v, handle, data, capacity, got);
}

/* After a fault: each call says so and touches nothing shared. */
static inline void then_every_call_faults(island_t *i, skr_vsock_handle_t handle, uint32_t port)
{
    skr_vsock_handle_t other = 0x77U;
    uint32_t number = 0x77U;
    uint8_t byte = 0U;
    const uint8_t *bytes = NULL;

    hook_count_from_here();
    CHECK_EQUAL(island_step(i), SKR_FAULT);
    CHECK_EQUAL(island_wait(i, 100000U), SKR_FAULT);
    CHECK_EQUAL(skr_vsock_accept(&i->v, port, &other, &number), SKR_FAULT);
    CHECK_EQUAL(skr_vsock_connect(&i->v, SKR_VSOCK_PORT_ANY, 1U, 1U, &other), SKR_FAULT);
    CHECK_EQUAL(other, 0x77U);
    CHECK_EQUAL(number, 0x77U);
    CHECK_EQUAL(skr_vsock_send(&i->v, handle, &byte, 1U, &number), SKR_FAULT);
    CHECK_EQUAL(number, 0U);
    number = 0x77U;
    CHECK_EQUAL(skr_vsock_recv(&i->v, handle, &byte, 1U, &number), SKR_FAULT);
    CHECK_EQUAL(number, 0U);
    number = 0x77U;
    CHECK_EQUAL(skr_vsock_peek(&i->v, handle, &bytes, &number), SKR_FAULT);
    CHECK_EQUAL(skr_vsock_consume(&i->v, handle, 0U), SKR_FAULT);
    CHECK_EQUAL(skr_vsock_shutdown(&i->v, handle, SKR_VSOCK_SHUT_SEND), SKR_FAULT);
    CHECK_EQUAL(skr_vsock_events(&i->v, handle, &number), SKR_FAULT);
    CHECK_EQUAL(number, 0x77U);
    CHECK_EQUAL(skr_vsock_acknowledge(&i->v), 0U);
    CHECK_TEXT(hook_order(), "");
}

#endif
