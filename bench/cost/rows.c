/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is measured. Only calls of the library stand between meter_start() and meter_stop(); the other side acts in between,
 * and everything a row says is checked: a call that did not do what it should ends the run.
 */
#include "backend.h"
#include "meter.h"

#include <stddef.h>
#include <string.h>

/* Ten times round the 14 transmit buffers that data may take: what is done lazily is in the mean. A multiple of 14. */
#ifndef COST_SAMPLES
#define COST_SAMPLES 140U
#endif
#define SAMPLES COST_SAMPLES

/* 1: only what grows with the number of connections. */
#ifndef COST_GROWTH
#define COST_GROWTH 0
#endif

#define PORT 7U
#define HOST_PORT 1000U
#define TICKS_LATE 1000U /* the watch and the repeated kick are due */
#define LONG 1000000U
#define ROOM 32768U

static backend_t console_side;
static backend_t vsock_side;
static skr_console_t console;
static skr_vsock_t vsock;
static uint32_t now;
static uint8_t bytes[ROOM] __attribute__((aligned(8))); /* a copy's cost hangs on where it lies */

#define MEASURE(row, call)  \
    do {                    \
        meter_start();      \
        call;               \
        meter_stop(&(row)); \
    } while (0)

/* A row of one sample. */
#define ONCE(name, call, good)              \
    do {                                    \
        meter_row_t once;                   \
        meter_open(&once, name);            \
        MEASURE(once, call);                \
        meter_sample(&once);                \
        meter_close(&once);                 \
        meter_require(good, name);          \
    } while (0)

/* --- rings alone --- */

static uint8_t window[0x8000U] __attribute__((aligned(4096)));
static skr_virtq_t ring;
static uint16_t ring_seen;

static void ring_open(bool from_device, bool event_idx)
{
    uint32_t offset = 0U;

    memset(&ring, 0, sizeof ring);
    memset(window, 0, sizeof window);
    ring_seen = 0U;
    skr_virtq_plan(&ring, from_device, 16U, 64U);
    meter_require(skr_virtq_place(&ring, window, 0U, sizeof window, &offset, SKR_VIRTQ_SIZE_MAX, 64U) == SKR_CAUSE_NONE,
                  "a ring has its place");
    skr_virtq_format(&ring);
    ring.event_idx = event_idx ? 1U : 0U;
    backend_awake(&vsock_side, &ring, !event_idx);
}

/* Add one buffer, decide on the kick, take it back: what one message costs the ring. */
static void ring_row(const char *name, bool event_idx)
{
    meter_row_t row;

    ring_open(false, event_idx);
    meter_open(&row, name);
    for (uint32_t i = 0U; i < SAMPLES; i++) {
        uint16_t id = 0U;
        skr_cause_t cause = SKR_CAUSE_NONE;
        bool kick = true;

        if (i == 16U) { /* the descriptors have their length: from here on it is all the same */
            meter_open(&row, name);
        }
        meter_start();
        id = skr_virtq_take(&ring);
        skr_virtq_add(&ring, id, 64U);
        kick = skr_virtq_publish(&ring);
        meter_stop(&row);
        meter_require(!kick || (event_idx && (i == 0U)), "the device is awake");
        id = backend_take(&ring, &ring_seen);
        if (event_idx) {
            /* avail_event, well behind: awake */
            *(volatile uint16_t *)(volatile void *)&window[ring.used + 4U + (8U * (uint32_t)ring.size)] = (uint16_t)(i + 0x8000U);
        }
        backend_return(&ring, id, 0U);
        meter_start();
        cause = skr_virtq_pop(&ring);
        skr_virtq_release(&ring, ring.popped);
        meter_stop(&row);
        meter_require((cause == SKR_CAUSE_NONE) && (ring.popped == id), "the buffer came back");
        meter_sample(&row);
    }
    meter_close(&row);
}

/* A receive ring: take a filled buffer, post it again, decide on the kick. */
static void ring_receive_row(void)
{
    meter_row_t row;

    ring_open(true, false);
    skr_virtq_fill(&ring);
    (void)skr_virtq_publish(&ring);
    meter_open(&row, "ring.receive");
    for (uint32_t i = 0U; i < SAMPLES; i++) {
        skr_cause_t cause = SKR_CAUSE_NONE;

        backend_return(&ring, backend_take(&ring, &ring_seen), 64U);
        meter_start();
        cause = skr_virtq_pop(&ring);
        skr_virtq_add(&ring, ring.popped, 64U);
        (void)skr_virtq_publish(&ring);
        meter_stop(&row);
        meter_require((cause == SKR_CAUSE_NONE) && (ring.popped < ring.count) && (ring.popped_length == 64U), "a buffer came");
        meter_sample(&row);
    }
    meter_close(&row);
}

/* What the C library takes for one copy of payload: contained in the rows below. */
static void copy_row(const char *name, uint32_t length)
{
    ONCE(name, skr_port_copy(bytes, &bytes[ROOM / 2U], length), true);
}

/* --- set-up: steps are counted only if there is a row for them --- */

static void console_up(skr_transport_kind_t kind, meter_row_t *row)
{
    const skr_transport_t t = backend_open(&console_side, kind, SKR_DEVICE_ID_CONSOLE);
    skr_status_t status = SKR_AGAIN;

    meter_require(skr_console_init(&console, &t) == SKR_OK, "console init");
    meter_require(skr_console_start(&console, now) == SKR_OK, "console start");
    for (uint32_t i = 0U; (i < 100U) && (status == SKR_AGAIN); i++) {
        if (row != NULL) {
            MEASURE(*row, status = skr_console_step(&console, now));
            meter_sample(row);
        } else {
            status = skr_console_step(&console, now);
        }
        backend_settle(&console_side, &console.device);
    }
    meter_require(status == SKR_OK, "console set-up");
    backend_awake(&console_side, &console.device.virtq[SKR_CONSOLE_TX], true);
    backend_awake(&console_side, &console.device.virtq[SKR_CONSOLE_RX], true);
}

static void vsock_up(skr_transport_kind_t kind, meter_row_t *row)
{
    const skr_transport_t t = backend_open(&vsock_side, kind, SKR_DEVICE_ID_VSOCK);
    skr_status_t status = SKR_AGAIN;

    meter_require(skr_vsock_init(&vsock, &t, 0U) == SKR_OK, "vsock init");
    meter_require(skr_vsock_start(&vsock, now) == SKR_OK, "vsock start");
    for (uint32_t i = 0U; (i < 100U) && (status == SKR_AGAIN); i++) {
        if (row != NULL) {
            MEASURE(*row, status = skr_vsock_step(&vsock, now));
            meter_sample(row);
        } else {
            status = skr_vsock_step(&vsock, now);
        }
        backend_settle(&vsock_side, &vsock.device);
    }
    meter_require(status == SKR_OK, "vsock set-up");
    for (uint32_t i = 0U; i < vsock.device.queues; i++) {
        backend_awake(&vsock_side, &vsock.device.virtq[i], true);
    }
}

static void vsock_turn(void)
{
    meter_require(skr_vsock_step(&vsock, now) == SKR_OK, "a step");
    backend_transmit(&vsock_side, &vsock.device.virtq[SKR_VSOCK_TX], SKR_VSOCK_TX);
}

/* `count` connections from the host, ports HOST_PORT and up, all accepted; the handle of the last. */
static skr_vsock_handle_t vsock_connected(uint32_t count)
{
    skr_vsock_handle_t handle = 0U;
    uint32_t from = 0U;

    meter_require(skr_vsock_listen(&vsock, PORT, 1U) == SKR_OK, "listen");
    for (uint32_t i = 0U; i < count; i++) {
        backend_packet(&vsock_side, &vsock, SKR_VSOCK_OP_REQUEST, HOST_PORT + i, PORT, 0U);
        vsock_turn();
        meter_require(skr_vsock_accept(&vsock, PORT, &handle, &from) == SKR_OK, "accept");
    }
    return handle;
}

/* --- messages --- */

static void send_row(const char *name, skr_vsock_handle_t handle, uint32_t length)
{
    meter_row_t row;

    meter_open(&row, name);
    for (uint32_t i = 0U; i < (16U + SAMPLES); i++) {
        uint32_t taken = 0U;
        skr_status_t status = SKR_AGAIN;

        if (i == 16U) {
            meter_open(&row, name);
        }
        MEASURE(row, status = skr_vsock_send(&vsock, handle, bytes, length, &taken));
        meter_require((status == SKR_OK) && (taken == length), name);
        meter_sample(&row);
        backend_transmit(&vsock_side, &vsock.device.virtq[SKR_VSOCK_TX], SKR_VSOCK_TX);
    }
    meter_close(&row);
}

typedef enum { BY_RECV, BY_PEEK, ECHO } way_t;

static void receive_row(const char *name, skr_vsock_handle_t handle, uint32_t host_port, uint32_t length, way_t way)
{
    meter_row_t row;

    meter_open(&row, name);
    for (uint32_t i = 0U; i < SAMPLES; i++) {
        uint32_t got = 0U;
        uint32_t taken = length;
        const uint8_t *data = bytes;
        skr_status_t status = SKR_AGAIN;
        skr_status_t next = SKR_AGAIN;
        skr_status_t last = SKR_OK;

        backend_packet(&vsock_side, &vsock, SKR_VSOCK_OP_RW, host_port, PORT, length);
        meter_start();
        status = skr_vsock_step(&vsock, now);
        if (way == BY_PEEK) {
            next = skr_vsock_peek(&vsock, handle, &data, &got);
            last = skr_vsock_consume(&vsock, handle, got);
        } else {
            next = skr_vsock_recv(&vsock, handle, bytes, length, &got);
        }
        if (way == ECHO) {
            last = skr_vsock_send(&vsock, handle, bytes, length, &taken);
        }
        meter_stop(&row);
        meter_require((status == SKR_OK) && (next == SKR_OK) && (last == SKR_OK), name);
        meter_require((got == length) && (taken == length), name);
        meter_sample(&row);
        backend_transmit(&vsock_side, &vsock.device.virtq[SKR_VSOCK_TX], SKR_VSOCK_TX);
    }
    meter_close(&row);
}

/* 16 messages found by one step: a sample is all of them. */
static void receive_batch_row(skr_vsock_handle_t handle)
{
    meter_row_t row;

    meter_open(&row, "vsock.receive_16x64");
    for (uint32_t i = 0U; i < 8U; i++) {
        uint32_t got = 0U;
        skr_status_t status = SKR_AGAIN;
        skr_status_t next = SKR_AGAIN;

        for (uint32_t n = 0U; n < 16U; n++) {
            backend_packet(&vsock_side, &vsock, SKR_VSOCK_OP_RW, HOST_PORT, PORT, 64U);
        }
        meter_start();
        status = skr_vsock_step(&vsock, now);
        next = skr_vsock_recv(&vsock, handle, bytes, 1024U, &got);
        meter_stop(&row);
        meter_require((status == SKR_OK) && (next == SKR_OK) && (got == 1024U), row.name);
        meter_sample(&row);
        backend_transmit(&vsock_side, &vsock.device.virtq[SKR_VSOCK_TX], SKR_VSOCK_TX);
    }
    meter_close(&row);
}

static void vsock_idle_row(const char *name)
{
    meter_row_t row;

    vsock_turn();
    vsock_turn();
    meter_open(&row, name);
    for (uint32_t i = 0U; i < 2U * SKR_VSOCK_CONNECTIONS; i++) {
        skr_status_t status = SKR_AGAIN;

        MEASURE(row, status = skr_vsock_step(&vsock, now));
        meter_require(status == SKR_OK, name);
        meter_sample(&row);
    }
    meter_close(&row);
}

static void console_rows(void)
{
    meter_row_t row;
    skr_status_t status = SKR_AGAIN;
    const skr_virtq_t *const tx = &console.device.virtq[SKR_CONSOLE_TX];
    const skr_virtq_t *const rx = &console.device.virtq[SKR_CONSOLE_RX];

    console_up(SKR_TRANSPORT_HVL, NULL);
    meter_open(&row, "console.write_64");
    for (uint32_t i = 0U; i < (16U + 160U); i++) {
        uint32_t taken = 0U;

        if (i == 16U) {
            meter_open(&row, row.name);
        }
        MEASURE(row, status = skr_console_write(&console, bytes, 64U, &taken));
        meter_require((status == SKR_OK) && (taken == 64U), row.name);
        meter_sample(&row);
        backend_transmit(&console_side, tx, SKR_CONSOLE_TX);
    }
    meter_close(&row);
    meter_open(&row, "console.read_32");
    for (uint32_t i = 0U; i < SAMPLES; i++) {
        uint32_t got = 0U;

        backend_type(&console_side, rx, 32U);
        MEASURE(row, status = skr_console_read(&console, bytes, 32U, &got));
        meter_require((status == SKR_OK) && (got == 32U), row.name);
        meter_sample(&row);
    }
    meter_close(&row);
    meter_require(skr_console_step(&console, now) == SKR_OK, "a step"); /* what was written comes back */
    ONCE("console.idle_step", status = skr_console_step(&console, now), status == SKR_OK);
}

static void vsock_rows(void)
{
    skr_vsock_handle_t handle;

    vsock_up(SKR_TRANSPORT_HVL, NULL);
    vsock_idle_row("vsock.idle_step_unconnected");
    handle = vsock_connected(1U);
    vsock_idle_row("vsock.idle_step");
    send_row("vsock.send_64", handle, 64U);
    vsock_up(SKR_TRANSPORT_HVL, NULL); /* anew, as nobody has given credit back */
    send_row("vsock.send_256", vsock_connected(1U), 256U);
    vsock_up(SKR_TRANSPORT_HVL, NULL);
    handle = vsock_connected(1U);
    receive_row("vsock.receive_64", handle, HOST_PORT, 64U, BY_RECV);
    receive_row("vsock.receive_256", handle, HOST_PORT, 256U, BY_RECV);
    receive_row("vsock.peek_64", handle, HOST_PORT, 64U, BY_PEEK);
    receive_row("vsock.echo_64", handle, HOST_PORT, 64U, ECHO);
    receive_batch_row(handle);
    vsock_up(SKR_TRANSPORT_MMIO_V2, NULL);
    handle = vsock_connected(1U);
    vsock_idle_row("vsock.idle_step_mmio");
    receive_row("vsock.receive_64_mmio", handle, HOST_PORT, 64U, BY_RECV);
}

/* Every place of the table taken by an open connection; the rows are for the last of them. */
static void full_rows(void)
{
    const uint32_t last = HOST_PORT + SKR_VSOCK_CONNECTIONS - 1U;
    meter_row_t row;
    skr_vsock_handle_t handle;

    vsock_up(SKR_TRANSPORT_HVL, NULL);
    handle = vsock_connected(SKR_VSOCK_CONNECTIONS);
    vsock_idle_row("full.idle_step");
    receive_row("full.receive_64", handle, last, 64U, BY_RECV);
    /* The place remembered for this tuple is that of another one in between: the longest way to find it. */
    meter_open(&row, "full.receive_64_collision");
    for (uint32_t i = 0U; i < 16U; i++) {
        uint32_t got = 0U;
        skr_status_t status = SKR_AGAIN;

        (void)memset(vsock.hint, 0, sizeof vsock.hint);
        backend_packet(&vsock_side, &vsock, SKR_VSOCK_OP_RW, last, PORT, 64U);
        MEASURE(row, status = skr_vsock_step(&vsock, now));
        meter_require(status == SKR_OK, row.name);
        MEASURE(row, status = skr_vsock_recv(&vsock, handle, bytes, 64U, &got));
        meter_require((status == SKR_OK) && (got == 64U), row.name);
        meter_sample(&row);
        backend_transmit(&vsock_side, &vsock.device.virtq[SKR_VSOCK_TX], SKR_VSOCK_TX);
    }
    meter_close(&row);
    send_row("full.send_64", handle, 64U);
}

/* --- worst cases: one state each, as bad as the public interface and the other side can make it between two calls --- */

static void worst_console_rows(void)
{
    const skr_virtq_t *const tx = &console.device.virtq[SKR_CONSOLE_TX];
    const skr_virtq_t *const rx = &console.device.virtq[SKR_CONSOLE_RX];
    const skr_transport_t t = backend_open(&console_side, SKR_TRANSPORT_MMIO_V2, SKR_DEVICE_ID_CONSOLE);
    meter_row_t row;
    skr_status_t status = SKR_AGAIN;
    skr_cause_t cause = SKR_CAUSE_NONE;
    uint32_t count = 0U;
    uint16_t columns = 0U;
    uint16_t lines = 0U;

    ONCE("worst.console_init", status = skr_console_init(&console, &t), status == SKR_OK);
    meter_open(&row, "worst.console_step_setup"); /* the costliest of all steps of a set-up */
    console_up(SKR_TRANSPORT_HVL, &row);
    console_up(SKR_TRANSPORT_MMIO_V2, &row);
    meter_close(&row);
    /* All buffers transmitted and none taken back yet: taken back first, then filled. */
    meter_require(skr_console_write(&console, bytes, SKR_CONSOLE_TX_COUNT * SKR_CONSOLE_TX_BYTES, &count) == SKR_OK, "fill");
    backend_transmit(&console_side, tx, SKR_CONSOLE_TX);
    ONCE("worst.console_write",
         status = skr_console_write(&console, bytes, SKR_CONSOLE_TX_COUNT * SKR_CONSOLE_TX_BYTES, &count),
         (status == SKR_OK) && (count == (SKR_CONSOLE_TX_COUNT * SKR_CONSOLE_TX_BYTES)));
    backend_transmit(&console_side, tx, SKR_CONSOLE_TX);
    skr_console_resized(&console);
    now += TICKS_LATE;
    ONCE("worst.console_step", status = skr_console_step(&console, now), status == SKR_OK);
    for (uint32_t i = 0U; i < SKR_CONSOLE_RX_COUNT; i++) {
        backend_type(&console_side, rx, SKR_CONSOLE_RX_BYTES);
    }
    ONCE("worst.console_read",
         status = skr_console_read(&console, bytes, SKR_CONSOLE_RX_COUNT * SKR_CONSOLE_RX_BYTES, &count),
         (status == SKR_OK) && (count == (SKR_CONSOLE_RX_COUNT * SKR_CONSOLE_RX_BYTES)));
    ONCE("worst.console_acknowledge", count = skr_console_acknowledge(&console), true);
    ONCE("worst.console_size", skr_console_size(&console, &columns, &lines), (columns == 80U) && (lines == 24U));
    ONCE("worst.console_resized", skr_console_resized(&console), console.sized == 0U);
    ONCE("worst.console_cause", cause = skr_console_cause(&console), cause == SKR_CAUSE_NONE);
    meter_require(skr_console_write(&console, bytes, SKR_CONSOLE_TX_COUNT * SKR_CONSOLE_TX_BYTES, &count) == SKR_OK, "fill");
    ONCE("worst.console_start", status = skr_console_start(&console, now), status == SKR_OK);
    ONCE("worst.console_emergency", status = skr_console_emergency(&console, (uint8_t)'!'), status == SKR_OK);
}

/* Of calls that touch one connection. */
static void worst_connection_rows(skr_vsock_handle_t handle, skr_vsock_handle_t other)
{
    const uint8_t *data = NULL;
    skr_status_t status = SKR_AGAIN;
    uint32_t count = 0U;

    /* A full window that begins in the middle of the ring: two runs. */
    backend_packet(&vsock_side, &vsock, SKR_VSOCK_OP_RW, HOST_PORT, PORT, 1000U);
    vsock_turn();
    meter_require(skr_vsock_recv(&vsock, handle, bytes, 1000U, &count) == SKR_OK, "half-way");
    for (uint32_t left = SKR_VSOCK_WINDOW_BYTES; left != 0U;) {
        const uint32_t part = (left < 1024U) ? left : 1024U;
        backend_packet(&vsock_side, &vsock, SKR_VSOCK_OP_RW, HOST_PORT, PORT, part);
        vsock_turn();
        left -= part;
    }
    ONCE("worst.vsock_events", status = skr_vsock_events(&vsock, handle, &count),
         (status == SKR_OK) && (count == (SKR_VSOCK_READABLE | SKR_VSOCK_WRITABLE)));
    ONCE("worst.vsock_peek", status = skr_vsock_peek(&vsock, handle, &data, &count), status == SKR_OK);
    ONCE("worst.vsock_recv", status = skr_vsock_recv(&vsock, handle, bytes, SKR_VSOCK_WINDOW_BYTES, &count),
         (status == SKR_OK) && (count == SKR_VSOCK_WINDOW_BYTES));
    vsock_turn();
    backend_packet(&vsock_side, &vsock, SKR_VSOCK_OP_RW, HOST_PORT, PORT, 1000U);
    backend_packet(&vsock_side, &vsock, SKR_VSOCK_OP_RW, HOST_PORT, PORT, 1048U + 24U);
    vsock_turn();
    ONCE("worst.vsock_consume", status = skr_vsock_consume(&vsock, handle, 2072U), status == SKR_OK);
    /* Every transmit buffer of ours used and given back, none taken back yet. */
    vsock_turn();
    meter_require(skr_vsock_send(&vsock, handle, bytes, ROOM, &count) == SKR_OK, "fill");
    backend_transmit(&vsock_side, &vsock.device.virtq[SKR_VSOCK_TX], SKR_VSOCK_TX);
    ONCE("worst.vsock_send", status = skr_vsock_send(&vsock, handle, bytes, ROOM, &count),
         (status == SKR_OK) && (count == ((SKR_VSOCK_TX_COUNT - SKR_VSOCK_TX_RESERVE) *
                                          (SKR_VSOCK_BUFFER_BYTES - SKR_VSOCK_HEADER_BYTES))));
    ONCE("worst.vsock_shutdown",
         status = skr_vsock_shutdown(&vsock, handle, SKR_VSOCK_SHUT_RECEIVE | SKR_VSOCK_SHUT_SEND), status == SKR_OK);
    ONCE("worst.vsock_close", status = skr_vsock_close(&vsock, handle), status == SKR_OK);
    ONCE("worst.vsock_reset", status = skr_vsock_reset(&vsock, other), status == SKR_OK);
}

/* A step with all there is to do: packets for every connection and for nobody, every reply owed, every buffer to be taken
 * back, odd events, watch and repeated kick. */
static void worst_step_row(void)
{
    const uint32_t connections = (SKR_VSOCK_CONNECTIONS < 8U) ? SKR_VSOCK_CONNECTIONS : 8U;
    const skr_virtq_t *const events = &vsock.device.virtq[SKR_VSOCK_EVENT];
    const skr_vsock_handle_t handle = (vsock_up(SKR_TRANSPORT_MMIO_V2, NULL), vsock_connected(connections));
    skr_status_t status = SKR_AGAIN;
    uint32_t count = 0U;
    uint16_t seen = 0U;

    for (uint32_t i = 0U; i < connections; i++) {
        backend_packet(&vsock_side, &vsock, SKR_VSOCK_OP_RW, HOST_PORT + i, PORT, 1092U);
        backend_packet(&vsock_side, &vsock, SKR_VSOCK_OP_RW, HOST_PORT + i, PORT, 1092U);
    }
    vsock_turn();
    for (uint32_t i = 0U; i < connections; i++) {
        const skr_vsock_handle_t each = ((uint32_t)vsock.flow[i].generation * 0x10000U) + i + 1U;
        meter_require(skr_vsock_consume(&vsock, each, 2184U) == SKR_OK, "credit is owed");
    }
    meter_require(skr_vsock_send(&vsock, handle, bytes, ROOM, &count) == SKR_OK, "fill");
    vsock.flow[connections - 1U].owed |= SKR_OWE_CREDIT_UPDATE; /* the data have carried it */
    backend_transmit(&vsock_side, &vsock.device.virtq[SKR_VSOCK_TX], SKR_VSOCK_TX);
    for (uint32_t i = 0U; i < 8U; i++) {
        backend_packet(&vsock_side, &vsock, SKR_VSOCK_OP_RW, HOST_PORT + (i % connections), PORT, 1092U);
        backend_packet(&vsock_side, &vsock, SKR_VSOCK_OP_RW, HOST_PORT, 1U + i, 0U); /* nobody */
    }
    for (uint32_t i = 0U; i < SKR_VSOCK_EVENT_COUNT; i++) {
        backend_return(events, backend_take(events, &seen), 1U);
    }
    now += TICKS_LATE;
    count = vsock.counters.packets_received;
    ONCE("worst.vsock_step", status = skr_vsock_step(&vsock, now),
         (status == SKR_OK) && ((vsock.counters.packets_received - count) == SKR_VSOCK_STEP_PACKETS));
}

static void worst_vsock_rows(void)
{
    const skr_transport_t t = backend_open(&vsock_side, SKR_TRANSPORT_MMIO_V2, SKR_DEVICE_ID_VSOCK);
    meter_row_t row;
    skr_status_t status = SKR_AGAIN;
    skr_cause_t cause = SKR_CAUSE_NONE;
    skr_vsock_handle_t handle = 0U;
    uint32_t count = 0U;

    ONCE("worst.vsock_init", status = skr_vsock_init(&vsock, &t, 0U), status == SKR_OK);
    meter_open(&row, "worst.vsock_step_setup");
    vsock_up(SKR_TRANSPORT_HVL, &row);
    vsock_up(SKR_TRANSPORT_MMIO_V2, &row);
    meter_close(&row);
    /* The port that is asked for is the last of the list. */
    for (uint32_t i = 1U; i < SKR_VSOCK_LISTENERS; i++) {
        meter_require(skr_vsock_listen(&vsock, 100U + i, 1U) == SKR_OK, "listen");
    }
    ONCE("worst.vsock_listen", status = skr_vsock_listen(&vsock, PORT, (uint16_t)SKR_VSOCK_CONNECTIONS), status == SKR_OK);
    for (uint32_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
        backend_packet(&vsock_side, &vsock, SKR_VSOCK_OP_REQUEST, HOST_PORT + i, PORT, 0U);
        vsock_turn();
    }
    ONCE("worst.vsock_accept", status = skr_vsock_accept(&vsock, PORT, &handle, &count), status == SKR_OK);
    vsock.flow[0].backlog = 1U; /* back to where it was */
    ONCE("worst.vsock_unlisten", status = skr_vsock_unlisten(&vsock, PORT), status == SKR_OK);
    /* All ports looked at are taken, by connections and by resting ones; one place is free, the last. */
    vsock_up(SKR_TRANSPORT_MMIO_V2, NULL);
    for (uint32_t i = 1U; i < SKR_VSOCK_CONNECTIONS; i++) {
        meter_require(skr_vsock_connect(&vsock, SKR_VSOCK_PORT_ANY, 5U, LONG, &handle) == SKR_OK, "connect");
    }
    for (uint32_t i = 0U; i < SKR_VSOCK_QUARANTINE_LIST; i++) {
        vsock.resting[i].port = vsock.next_port + i;
        vsock.resting[i].since = now;
    }
    vsock.next_port = SKR_VSOCK_PORT_FIRST;
    ONCE("worst.vsock_connect", status = skr_vsock_connect(&vsock, SKR_VSOCK_PORT_ANY, 5U, LONG, &handle), status == SKR_OK);
    ONCE("worst.vsock_acknowledge", count = skr_vsock_acknowledge(&vsock), true);
    ONCE("worst.vsock_cid", count = skr_vsock_cid(&vsock), count == 3U);
    ONCE("worst.vsock_cause", cause = skr_vsock_cause(&vsock), cause == SKR_CAUSE_NONE);
    ONCE("worst.vsock_start", status = skr_vsock_start(&vsock, now), status == SKR_OK);
    vsock_up(SKR_TRANSPORT_HVL, NULL);
    if (SKR_VSOCK_CONNECTIONS > 1U) {
        handle = vsock_connected(2U);
        worst_connection_rows(((uint32_t)vsock.flow[0].generation * 0x10000U) + 1U, handle);
        worst_step_row();
    }
}

/* --- memory --- */

static void size_rows(void)
{
    const uint32_t arrays = sizeof ring.free_ids + sizeof ring.owner + sizeof ring.length;

    meter_value("ram.queue_per_descriptor", "bytes", arrays / SKR_VIRTQ_SIZE_MAX);
    meter_value("ram.queue_fixed", "bytes", (uint32_t)sizeof ring - arrays);
    meter_value("ram.connection_fixed", "bytes", (uint32_t)(sizeof(skr_flow_t) - SKR_VSOCK_WINDOW_BYTES));
    meter_value("ram.console", "bytes", (uint32_t)sizeof console);
    meter_value("ram.vsock", "bytes", (uint32_t)sizeof vsock);
}

void rows(void)
{
    size_rows();
    full_rows();
    if (COST_GROWTH == 0) {
        copy_row("copy.64", 64U);
        copy_row("copy.256", 256U);
        ring_row("ring.send", false);
        ring_row("ring.send_event_idx", true);
        ring_receive_row();
        vsock_rows();
        console_rows();
        worst_console_rows();
        worst_vsock_rows();
    }
}
