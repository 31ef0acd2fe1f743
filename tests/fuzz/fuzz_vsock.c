/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The whole vsock device (vsock.h) on any transport, with any back-end, any peer and an application that calls anything at any
 * time. After each call: the status is one of those documented, a fault is latched with its cause and touches nothing any more,
 * the accesses are within the documented bound, no table holds more than it may, and handles name what they were given for.
 * As long as the back-end is tame and a peer keeps to the protocol, the bytes of a stream arrive as they were sent.
 */
#include <string.h>

#include "rogue.h"
#include "skerry/vsock.h"

#define MOST_ACTIONS 300U
#define OWNED 6U     /* handles that the application remembers */
#define TUPLES 32U
#define DATA 200U
#define HOST 2U

#define PAYLOAD (SKR_VSOCK_BUFFER_BYTES - FUZZ_HEADER)

#define S(s) (1U << (uint32_t)(s))
#define ENDS (S(SKR_CLOSED) | S(SKR_REFUSED) | S(SKR_RESET) | S(SKR_TIMEOUT))

/* Bounds in shared accesses, as vsock.h has them. */
#define SETUP_BOUND (3U + (5U * SKR_VIRTQ_SIZE_MAX) + (2U * SKR_VSOCK_RX_COUNT))
#define STEP_BOUND                                                                                              \
    (16U + (6U * SKR_VSOCK_EVENT_COUNT) + (6U * SKR_CONFIG_TRIES) + (22U * SKR_VSOCK_STEP_PACKETS) +            \
     (18U * (SKR_VSOCK_CONNECTIONS + SKR_VSOCK_RESET_LIST)) + (3U * SKR_VSOCK_TX_COUNT) + (3U * 3U) + 1U)
#define SEND_BOUND ((16U * SKR_VSOCK_TX_COUNT) + (2U * 3U) + (3U * 2U * SKR_VSOCK_TX_COUNT) + 3U + 1U)

static skr_vsock_t v;
static fuzz_input_t in;

/* What the peer knows of the streams of two ports. A connection is `live` from its REQUEST or RESPONSE to a RST. */
typedef struct {
    uint32_t local;
    uint32_t host;
    uint32_t sent;     /* bytes by the peer */
    uint32_t taken;    /* bytes by the island, as they arrived */
    bool asked;        /* the island's REQUEST was seen and not answered */
    bool live;
    bool spoiled;      /* the peer broke a rule here: nothing is compared any more */
} tuple_t;

static struct {
    uint32_t now;
    bool failed;
    skr_cause_t cause;
    tuple_t tuple[TUPLES];
    uint32_t tuples;
    struct {
        skr_vsock_handle_t handle;
        uint32_t local;
        uint32_t host;
        uint32_t read;
        uint32_t written;
    } owned[OWNED];
    uint32_t handles;
    skr_vsock_handle_t stale; /* one that was given up last; 0: none */
} own;

static uint32_t stream_in(uint32_t local, uint32_t host)
{
    return (local * 31U) + host;
}

static uint32_t stream_out(uint32_t local, uint32_t host)
{
    return ~stream_in(local, host);
}

/* Its entry; a spare one that compares nothing if the table is full. */
static tuple_t *tuple_of(uint32_t local, uint32_t host)
{
    static tuple_t spare;
    tuple_t *found = NULL;

    for (uint32_t i = 0U; i < own.tuples; i++) {
        if ((own.tuple[i].local == local) && (own.tuple[i].host == host)) {
            found = &own.tuple[i];
        }
    }
    if ((found == NULL) && (own.tuples < TUPLES)) {
        found = &own.tuple[own.tuples];
        own.tuples++;
        found->local = local;
        found->host = host;
    }
    if (found == NULL) {
        memset(&spare, 0, sizeof spare);
        spare.spoiled = true;
        found = &spare;
    }
    return found;
}

/* --- after every call --- */

static void expect_connections(void)
{
    uint32_t waiting = 0U;

    for (uint32_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
        const skr_flow_t *f = &v.flow[i];

        EXPECT_AT_MOST("bytes stored", f->stored, SKR_VSOCK_WINDOW_BYTES);
        EXPECT_AT_MOST("replies owed", f->owed, SKR_OWE_ALL);
        if ((f->state == SKR_FLOW_CONNECTING) || (f->state == SKR_FLOW_OPEN) || (f->state == SKR_FLOW_CLOSING)) {
            EXPECT_AT_MOST("bytes in flight", f->tx_cnt - f->peer_fwd_cnt, SKR_VSOCK_SEND_BYTES_MAX);
            EXPECT_AT_MOST("packets in flight", f->tx_packets, SKR_VSOCK_SEND_PACKETS_MAX);
        }
        for (uint32_t k = 0U; k < i; k++) {
            EXPECT("no two live connections of the same ports",
                   (f->state == SKR_FLOW_FREE) || (f->state == SKR_FLOW_ENDED) || (v.flow[k].state == SKR_FLOW_FREE) ||
                       (v.flow[k].state == SKR_FLOW_ENDED) || (f->local_port != v.flow[k].local_port) ||
                       (f->peer_port != v.flow[k].peer_port));
        }
        waiting += ((f->state != SKR_FLOW_FREE) && (f->backlog != 0U)) ? 1U : 0U;
    }
    EXPECT_AT_MOST("connections in a backlog", waiting, SKR_VSOCK_CONNECTIONS);
    EXPECT_AT_MOST("resets owed to unknown tuples", v.resets, SKR_VSOCK_RESET_LIST);
}

static void expect_rings(void)
{
    for (uint32_t i = 0U; (i < v.device.queues) && (v.device.state == SKR_DEVICE_READY); i++) {
        const skr_virtq_t *q = &v.device.virtq[i];

        EXPECT_EQUAL("buffers free and outstanding", q->free_count + q->outstanding, q->count);
        EXPECT_AT_MOST("used elements known", q->ready, q->outstanding);
    }
}

static void after_call(void)
{
    const bool failed = v.device.state == SKR_DEVICE_FAILED;

    EXPECT("a fault stays", failed || !own.failed);
    EXPECT_EQUAL("whether there is a cause", skr_vsock_cause(&v) != SKR_CAUSE_NONE, failed);
    if (own.failed) {
        EXPECT_EQUAL("the cause stays", skr_vsock_cause(&v), own.cause);
    }
    own.failed = failed;
    own.cause = skr_vsock_cause(&v);
    expect_connections();
    expect_rings();
}

static void may_be(const char *call, skr_status_t status, uint32_t allowed)
{
    EXPECT(call, ((allowed >> (uint32_t)status) & 1U) != 0U);
    after_call();
}

/* The same for a call that says SKR_FAULT exactly when the device is given up. */
static void judge(const char *call, skr_status_t status, uint32_t allowed)
{
    EXPECT_EQUAL("SKR_FAULT exactly when given up", status == SKR_FAULT, v.device.state == SKR_DEVICE_FAILED);
    may_be(call, status, allowed | S(SKR_FAULT));
}

/* --- choices --- */

static uint32_t some_local(void)
{
    const uint32_t n = fuzz_below(&in, 8U);

    return (n < 3U) ? (7U + n) : ((n < 6U) ? SKR_VSOCK_PORT_FIRST + (n - 3U) : fuzz_number(&in));
}

static uint32_t some_host(void)
{
    return 1000U + fuzz_below(&in, 3U);
}

static tuple_t *some_tuple(void)
{
    const uint32_t n = fuzz_bytes(&in, 1U);
    tuple_t *t = NULL;

    if ((own.tuples != 0U) && (n < 200U)) {
        t = &own.tuple[n % own.tuples];
    } else {
        const uint32_t local = some_local();

        t = tuple_of(local, some_host());
    }
    return t;
}

/* One of the handles, OWNED if there is none. */
static uint32_t some_owned(void)
{
    const uint32_t n = fuzz_bytes(&in, 1U);

    return (own.handles != 0U) ? (n % own.handles) : OWNED;
}

/* A handle to be used, and which of those owned it is: mostly one, else anything. */
static skr_vsock_handle_t some_handle(uint32_t *which)
{
    skr_vsock_handle_t handle = 0U;

    *which = some_owned();
    if (*which != OWNED) {
        handle = own.owned[*which].handle;
    } else {
        handle = fuzz_number(&in);
    }
    return handle;
}

static void own_handle(skr_vsock_handle_t handle, uint32_t local, uint32_t host)
{
    EXPECT("a handle is not 0", handle != 0U);
    for (uint32_t i = 0U; i < own.handles; i++) {
        EXPECT("no handle is given twice", own.owned[i].handle != handle);
    }
    if (own.handles == OWNED) { /* forget one: a leak of the application */
        own.handles--;
    }
    own.owned[own.handles].handle = handle;
    own.owned[own.handles].local = local;
    own.owned[own.handles].host = host;
    own.owned[own.handles].read = 0U;
    own.owned[own.handles].written = 0U;
    own.handles++;
}

/* --- the application --- */

static void do_start(void)
{
    const bool described = v.device.linked != 0U;

    own.failed = false;
    guard_begin(true);
    judge("status of start", skr_vsock_start(&v, own.now), described ? S(SKR_OK) : S(SKR_FAULT));
    guard_end_any("accesses of start", 0U);
    for (uint32_t i = 0U; i < own.tuples; i++) { /* the peer is told by other means, or by a RST */
        own.tuple[i].live = false;
        own.tuple[i].asked = false;
    }
}

static void step(void)
{
    const bool ready = v.device.state == SKR_DEVICE_READY;

    const skr_vsock_counters_t before = v.counters;

    guard_begin(own.failed);
    const skr_status_t status = skr_vsock_step(&v, own.now);
    guard_end_any("accesses of step", STEP_BOUND + (ready ? 0U : SETUP_BOUND));
    EXPECT_AT_MOST("packets received in a step", v.counters.packets_received - before.packets_received, SKR_VSOCK_STEP_PACKETS);
    EXPECT_AT_MOST("packets sent in a step", v.counters.packets_sent - before.packets_sent,
                   SKR_VSOCK_CONNECTIONS + SKR_VSOCK_RESET_LIST);
    judge("status of step", status, S(SKR_OK) | (ready ? 0U : S(SKR_AGAIN) | S(SKR_STATE)));
    EXPECT("a step that says SKR_OK knows the CID", (status != SKR_OK) || (skr_vsock_cid(&v) > HOST));
}

static void do_step(void)
{
    own.now += fuzz_bytes(&in, 1U) % 16U;
    step();
}

static void do_steps(void)
{
    for (uint32_t i = 0U; i < 12U; i++) {
        own.now++;
        step();
    }
}

static void do_jump(void)
{
    own.now += fuzz_number(&in);
    step();
}

static void do_listen(void)
{
    const uint32_t port = some_local();
    const uint16_t backlog = (uint16_t)fuzz_below(&in, SKR_VSOCK_CONNECTIONS + 2U);

    guard_begin(true);
    may_be("status of listen", skr_vsock_listen(&v, port, backlog),
           ((port == 0U) || (port == SKR_VSOCK_PORT_ANY) || (backlog == 0U) || (backlog > SKR_VSOCK_CONNECTIONS))
               ? S(SKR_ARGUMENT)
               : (S(SKR_OK) | S(SKR_IN_USE) | S(SKR_FULL)));
    guard_end_any("accesses of listen", 0U);
}

static void do_unlisten(void)
{
    guard_begin(true);
    may_be("status of unlisten", skr_vsock_unlisten(&v, some_local()), S(SKR_OK) | S(SKR_STATE));
    guard_end_any("accesses of unlisten", 0U);
}

static void accept_on(uint32_t port)
{
    skr_vsock_handle_t handle = 0x7777U;
    uint32_t host = 0x7777U;

    guard_begin(true);
    const skr_status_t status = skr_vsock_accept(&v, port, &handle, &host);
    guard_end_any("accesses of accept", 0U);
    judge("status of accept", status, S(SKR_OK) | S(SKR_AGAIN) | S(SKR_STATE));
    if (status == SKR_OK) {
        own_handle(handle, port, host);
    } else {
        EXPECT("accept leaves what it does not give", (handle == 0x7777U) && (host == 0x7777U));
    }
}

static void do_accept(void)
{
    accept_on(some_local());
}

static void do_connect(void)
{
    skr_vsock_handle_t handle = 0x7777U;
    const uint32_t local = (fuzz_below(&in, 2U) == 0U) ? SKR_VSOCK_PORT_ANY : some_local();
    const uint32_t host = some_host();
    const uint32_t timeout = fuzz_number(&in);

    guard_begin(true);
    const skr_status_t status = skr_vsock_connect(&v, SKR_VSOCK_TYPE_STREAM, local, host, timeout, &handle);
    guard_end_any("accesses of connect", 0U);
    judge("status of connect", status, S(SKR_OK) | S(SKR_AGAIN) | S(SKR_ARGUMENT) | S(SKR_IN_USE) | S(SKR_FULL));
    if ((local == 0U) || (timeout == 0U) || (timeout > 0x40000000U)) {
        EXPECT("connect refuses ports and time-outs out of range", (status == SKR_ARGUMENT) || (status == SKR_FAULT));
    }
    if (status == SKR_OK) {
        own_handle(handle, v.flow[(handle % 0x10000U) - 1U].local_port, host);
    } else {
        EXPECT_EQUAL("connect leaves what it does not give", handle, 0x7777U);
    }
}

static void do_send(void)
{
    uint8_t data[DATA];
    uint32_t taken = 0x7777U;
    uint32_t which = OWNED;
    const skr_vsock_handle_t handle = some_handle(&which);
    const uint32_t length = fuzz_below(&in, DATA + 1U);

    for (uint32_t i = 0U; (i < length) && (which != OWNED); i++) {
        data[i] = fuzz_pattern(stream_out(own.owned[which].local, own.owned[which].host), own.owned[which].written + i);
    }
    for (uint32_t i = 0U; (i < length) && (which == OWNED); i++) {
        data[i] = (uint8_t)i;
    }
    guard_begin(own.failed);
    const skr_status_t status = skr_vsock_send(&v, handle, data, length, 0U, &taken);
    guard_end_any("accesses of send", SEND_BOUND);
    judge("status of send", status, S(SKR_OK) | S(SKR_AGAIN) | ENDS | S(SKR_STALE));
    EXPECT_AT_MOST("bytes taken", taken, length);
    EXPECT_EQUAL("whether bytes were taken", (taken != 0U) || ((status == SKR_OK) && (length == 0U)), status == SKR_OK);
    if ((which != OWNED) && (status == SKR_OK)) {
        const skr_flow_t *f = &v.flow[(handle % 0x10000U) - 1U];

        own.owned[which].written += taken;
        if (taken != 0U) {
            EXPECT_AT_MOST("bytes in flight after a send", f->tx_cnt - f->peer_fwd_cnt, f->peer_buf_alloc);
        }
    } else {
        EXPECT("an unknown handle sends nothing", (which != OWNED) || (taken == 0U) || (handle != 0U));
    }
}

/* Bytes of a stream have come out of the island. */
static void expect_received(uint32_t which, const uint8_t *data, uint32_t length)
{
    const tuple_t *t = tuple_of(own.owned[which].local, own.owned[which].host);

    for (uint32_t i = 0U; (i < length) && rogue_is_tame() && !t->spoiled; i++) {
        EXPECT_EQUAL("a byte of the stream towards the island", data[i],
                     fuzz_pattern(stream_in(t->local, t->host), own.owned[which].read + i));
    }
}

static void recv_from(skr_vsock_handle_t handle, uint32_t which)
{
    uint8_t data[DATA];
    uint32_t got = 0x7777U;
    const uint32_t capacity = fuzz_below(&in, DATA + 1U);

    guard_begin(true);
    const skr_status_t status = skr_vsock_recv(&v, handle, data, capacity, &got);
    guard_end_any("accesses of recv", 0U);
    judge("status of recv", status, S(SKR_OK) | S(SKR_AGAIN) | ENDS | S(SKR_STALE));
    EXPECT_AT_MOST("bytes received", got, (capacity < SKR_VSOCK_WINDOW_BYTES) ? capacity : SKR_VSOCK_WINDOW_BYTES);
    EXPECT_EQUAL("whether bytes were received", (got != 0U) || ((status == SKR_OK) && (capacity == 0U)), status == SKR_OK);
    if (which != OWNED) {
        expect_received(which, data, got);
        own.owned[which].read += got;
    }
}

static void do_recv(void)
{
    uint32_t which = OWNED;
    const skr_vsock_handle_t handle = some_handle(&which);

    recv_from(handle, which);
}

static void do_peek(void)
{
    const uint8_t *data = NULL;
    uint32_t length = 0x7777U;
    uint32_t which = OWNED;
    const skr_vsock_handle_t handle = some_handle(&which);

    guard_begin(true);
    const skr_status_t status = skr_vsock_peek(&v, handle, &data, &length);
    guard_end_any("accesses of peek", 0U);
    judge("status of peek", status, S(SKR_OK) | S(SKR_AGAIN) | ENDS | S(SKR_STALE));
    if (status == SKR_OK) {
        EXPECT("peek shows at least a byte, in private memory",
               (length != 0U) && (data >= (const uint8_t *)&v) && ((data + length) <= (const uint8_t *)(&v + 1)));
        EXPECT_AT_MOST("bytes shown", length, SKR_VSOCK_WINDOW_BYTES);
        if (which != OWNED) {
            expect_received(which, data, length);
        }
    } else {
        EXPECT("peek leaves what it does not give", (data == NULL) && (length == 0x7777U));
    }
}

static void do_consume(void)
{
    uint32_t which = OWNED;
    const skr_vsock_handle_t handle = some_handle(&which);
    const uint32_t length = fuzz_number(&in);

    guard_begin(true);
    const skr_status_t status = skr_vsock_consume(&v, handle, length);
    guard_end_any("accesses of consume", 0U);
    judge("status of consume", status, S(SKR_OK) | S(SKR_ARGUMENT) | S(SKR_STALE));
    if (status == SKR_OK) {
        EXPECT_AT_MOST("bytes consumed", length, SKR_VSOCK_WINDOW_BYTES);
        own.owned[(which != OWNED) ? which : 0U].read += (which != OWNED) ? length : 0U;
    }
}

static void do_shutdown(void)
{
    uint32_t which = OWNED;
    const skr_vsock_handle_t handle = some_handle(&which);
    const uint32_t directions = fuzz_below(&in, 5U);

    guard_begin(true);
    judge("status of shutdown", skr_vsock_shutdown(&v, handle, directions),
          S(SKR_OK) | S(SKR_ARGUMENT) | S(SKR_AGAIN) | ENDS | S(SKR_STALE));
    guard_end_any("accesses of shutdown", 0U);
}

static void give_up(bool in_order)
{
    uint32_t which = OWNED;
    const skr_vsock_handle_t handle = some_handle(&which);

    guard_begin(true);
    may_be("status of close and reset", in_order ? skr_vsock_close(&v, handle) : skr_vsock_reset(&v, handle),
           (which != OWNED) ? S(SKR_OK) : (S(SKR_OK) | S(SKR_STALE)));
    guard_end_any("accesses of close and reset", 0U);
    if (which != OWNED) {
        own.stale = handle;
        own.handles--;
        own.owned[which] = own.owned[own.handles];
    }
}

static void do_close(void)
{
    give_up(true);
}

static void do_reset(void)
{
    give_up(false);
}

static void do_events(void)
{
    uint32_t which = OWNED;
    const skr_vsock_handle_t handle = some_handle(&which);
    uint32_t events = 0x7777U;

    guard_begin(true);
    const skr_status_t status = skr_vsock_events(&v, handle, &events);
    guard_end_any("accesses of events", 0U);
    judge("status of events", status, (which != OWNED) ? S(SKR_OK) : (S(SKR_OK) | S(SKR_STALE)));
    if (status == SKR_OK) {
        EXPECT_AT_MOST("events", events, 15U);
    } else {
        EXPECT_EQUAL("events are left", events, 0x7777U);
    }
    if (own.stale != 0U) {
        judge("status of a handle that was given up", skr_vsock_events(&v, own.stale, &events), S(SKR_STALE));
    }
}

static void do_acknowledge(void)
{
    guard_begin(own.failed);
    EXPECT_AT_MOST("bits of acknowledge", skr_vsock_acknowledge(&v), own.failed ? 0U : 3U);
    guard_end_any("accesses of acknowledge", 2U);
    after_call();
}

/* --- the peer --- */

static skr_vsock_packet_t header_to(const tuple_t *t, uint16_t op)
{
    const skr_vsock_packet_t packet = { .src_cid = HOST, .dst_cid = skr_vsock_cid(&v), .src_port = t->host, .dst_port = t->local,
                                        .buf_alloc = fuzz_number(&in), .fwd_cnt = t->taken, .type = SKR_VSOCK_TYPE_STREAM,
                                        .op = op };

    return packet;
}

static bool deliver(const skr_vsock_packet_t *packet, const uint8_t *payload, uint32_t bytes, uint32_t used)
{
    uint8_t wire[FUZZ_HEADER + PAYLOAD];

    memset(wire, 0, sizeof wire);
    fuzz_encode(wire, packet);
    if (bytes != 0U) {
        memcpy(&wire[FUZZ_HEADER], payload, bytes);
    }
    return rogue_fills(SKR_VSOCK_RX, wire, (used < sizeof wire) ? used : sizeof wire);
}

/* One packet from the transmit ring; the peer keeps the buffer, or gives it back at once. */
static void hear(const uint8_t *wire, uint32_t length)
{
    skr_vsock_packet_t packet;
    tuple_t *t = NULL;

    if ((wire == NULL) || (length < FUZZ_HEADER) || !rogue_is_tame()) {
        EXPECT("a packet has a header", !rogue_is_tame() || (length >= FUZZ_HEADER));
        return;
    }
    fuzz_decode(&packet, wire);
    EXPECT_EQUAL("CID of the host in a packet", packet.dst_cid, HOST);
    EXPECT_EQUAL("type of a packet", packet.type, SKR_VSOCK_TYPE_STREAM);
    EXPECT("operation of a packet", (packet.op >= SKR_VSOCK_OP_REQUEST) && (packet.op <= SKR_VSOCK_OP_CREDIT_REQUEST));
    EXPECT_EQUAL("length of a packet", length, FUZZ_HEADER + packet.length);
    EXPECT_EQUAL("whether a packet has a payload", packet.length != 0U, packet.op == SKR_VSOCK_OP_RW);
    t = tuple_of(packet.src_port, packet.dst_port);
    if (packet.op == SKR_VSOCK_OP_RST) {
        t->live = false;
        t->asked = false;
    } else if (packet.op == SKR_VSOCK_OP_REQUEST) {
        t->spoiled = t->spoiled || t->live; /* two ends began at once, or the peer has missed an end */
        t->asked = true;
        t->taken = 0U;
        t->sent = 0U;
    } else if (packet.op == SKR_VSOCK_OP_RESPONSE) {
        t->taken = 0U;
    } else if (packet.op == SKR_VSOCK_OP_RW) {
        for (uint32_t i = 0U; (i < packet.length) && !t->spoiled; i++) {
            EXPECT_EQUAL("a byte of the stream towards the host", wire[FUZZ_HEADER + i],
                         fuzz_pattern(stream_out(t->local, t->host), t->taken + i));
        }
        t->taken += packet.length;
    } else {
        /* nothing to note */
    }
}

static void take_packets(uint32_t most)
{
    uint8_t wire[FUZZ_HEADER + PAYLOAD];

    for (uint32_t i = 0U; i < most; i++) {
        const int32_t length = rogue_empties(SKR_VSOCK_TX, wire, sizeof wire);

        if (length >= 0) {
            hear(wire, (uint32_t)length);
        }
    }
}

static void peer_takes(void)
{
    take_packets(1U + fuzz_below(&in, 8U));
}

static void peer_holds(void)
{
    const uint8_t *wire = NULL;
    uint32_t length = 0U;

    if (rogue_hold(SKR_VSOCK_TX, &wire, &length)) {
        hear(wire, length);
    }
}

static void request_on(uint32_t local)
{
    tuple_t *t = tuple_of(local, some_host());
    const skr_vsock_packet_t packet = header_to(t, SKR_VSOCK_OP_REQUEST);

    if (deliver(&packet, NULL, 0U, FUZZ_HEADER)) {
        t->live = true;
        t->asked = false;
        t->sent = 0U;
    }
}

static void peer_requests(void)
{
    request_on(some_local());
}

static void respond_to(tuple_t *t)
{
    const skr_vsock_packet_t packet = header_to(t, SKR_VSOCK_OP_RESPONSE);
    const bool in_time = t->asked && (model_waiting(&rogue, SKR_VSOCK_TX) == 0U);

    if (deliver(&packet, NULL, 0U, FUZZ_HEADER)) {
        t->spoiled = t->spoiled || !in_time;
        t->live = true;
        t->asked = false;
    }
}

static void peer_responds(void)
{
    respond_to(some_tuple());
}

/* What fills the window of a connection to the brim, and so many bytes more. */
static uint32_t to_the_brim(const tuple_t *t, uint32_t more)
{
    uint32_t length = 0U;

    for (uint32_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
        const skr_flow_t *f = &v.flow[i];

        if ((f->state == SKR_FLOW_OPEN) && (f->local_port == t->local) && (f->peer_port == t->host)) {
            length = (SKR_VSOCK_WINDOW_BYTES - f->stored) + more;
        }
    }
    return length;
}

/* The next bytes of a stream that is live. */
static void send_on(tuple_t *t, uint32_t length)
{
    skr_vsock_packet_t packet = header_to(t, SKR_VSOCK_OP_RW);
    uint8_t data[PAYLOAD];

    packet.length = (length < PAYLOAD) ? length : PAYLOAD;
    for (uint32_t i = 0U; i < packet.length; i++) {
        data[i] = fuzz_pattern(stream_in(t->local, t->host), t->sent + i);
    }
    if (t->live && deliver(&packet, data, packet.length, FUZZ_HEADER + packet.length)) {
        t->sent += packet.length;
    }
}

static void peer_sends(void)
{
    tuple_t *t = some_tuple();

    send_on(t, fuzz_below(&in, PAYLOAD + 1U));
}

/* RST, SHUTDOWN, credit: what needs no state of the peer's. */
static void peer_says(void)
{
    static const uint16_t ops[4] = { SKR_VSOCK_OP_RST, SKR_VSOCK_OP_SHUTDOWN, SKR_VSOCK_OP_CREDIT_UPDATE,
                                     SKR_VSOCK_OP_CREDIT_REQUEST };
    tuple_t *t = some_tuple();
    skr_vsock_packet_t packet = header_to(t, ops[fuzz_below(&in, 4U)]);

    packet.flags = fuzz_below(&in, 4U);
    if (deliver(&packet, NULL, 0U, FUZZ_HEADER) && (packet.op == SKR_VSOCK_OP_RST)) {
        t->live = false;
    }
}

/* Any header, any payload, and a used length of its own. */
static void peer_babbles(void)
{
    tuple_t *t = some_tuple();
    skr_vsock_packet_t packet = header_to(t, (uint16_t)fuzz_below(&in, 10U));
    uint8_t data[PAYLOAD];
    const uint32_t bytes = fuzz_below(&in, PAYLOAD + 1U);

    memset(data, 0x55, sizeof data);
    packet.length = bytes;
    switch (fuzz_below(&in, 12U)) {
    case 0U: packet.src_cid = fuzz_number(&in); break;
    case 1U: packet.src_cid |= (uint64_t)fuzz_number(&in) << 32U; break;
    case 2U: packet.dst_cid = fuzz_number(&in); break;
    case 3U: packet.dst_cid |= (uint64_t)fuzz_number(&in) << 32U; break;
    case 4U: packet.src_port = fuzz_number(&in); break;
    case 5U: packet.dst_port = fuzz_number(&in); break;
    case 6U: packet.length = fuzz_number(&in); break;
    case 7U: packet.type = (uint16_t)fuzz_number(&in); break;
    case 8U: packet.op = (uint16_t)fuzz_number(&in); break;
    case 9U: packet.flags = fuzz_number(&in); break;
    case 10U: packet.fwd_cnt = fuzz_number(&in); break;
    default: break;
    }
    t->spoiled = true;
    tuple_of(packet.dst_port, packet.src_port)->spoiled = true;
    (void)deliver(&packet, data, bytes, (fuzz_below(&in, 4U) == 0U) ? fuzz_bytes(&in, 1U) : (FUZZ_HEADER + bytes));
}

/* --- short scenes, so that what lies behind them is not far --- */

static void scene_accept(void)
{
    request_on(7U);
    step();
    take_packets(SKR_VSOCK_TX_COUNT);
    accept_on(7U);
}

static void scene_connect(void)
{
    do_connect();
    step();
    take_packets(SKR_VSOCK_TX_COUNT);
    for (uint32_t i = 0U; i < own.tuples; i++) {
        if (own.tuple[i].asked) {
            respond_to(&own.tuple[i]);
        }
    }
    step();
}

/* More than a window of bytes through a connection that somebody has, read now and then. */
static void scene_stream(void)
{
    const uint32_t which = some_owned();
    const uint32_t more = fuzz_below(&in, 4U) / 3U;

    for (uint32_t i = 0U; (i < (4U * SKR_VSOCK_WINDOW_BYTES / PAYLOAD)) && (which != OWNED); i++) {
        tuple_t *t = tuple_of(own.owned[which].local, own.owned[which].host);

        send_on(t, to_the_brim(t, more));
        step();
        if (fuzz_below(&in, 3U) == 0U) {
            recv_from(own.owned[which].handle, which);
        }
    }
}

/* --- the device --- */

static void device_tells(void)
{
    const uint32_t event[2] = { fuzz_below(&in, 2U) * fuzz_number(&in), 0U };

    (void)rogue_fills(SKR_VSOCK_EVENT, event, (fuzz_below(&in, 4U) == 0U) ? fuzz_below(&in, 9U) : 4U);
    for (uint32_t i = 0U; i < own.tuples; i++) {
        own.tuple[i].spoiled = true; /* which packets lie before it and which behind is not known */
    }
}

static void device_readdresses(void)
{
    const uint32_t cid = fuzz_number(&in);

    memcpy(rogue.config, &cid, sizeof cid);
    rogue.config[4] = (uint8_t)(fuzz_below(&in, 4U) == 0U);
    model_run(&rogue);
    model_config_changed(&rogue);
}

/* In the middle of a call, again and again: so that no call waits for the device to be quiet. */
static void device_turn(void)
{
    uint8_t wire[FUZZ_HEADER + PAYLOAD];
    const skr_vsock_packet_t packet = { .op = SKR_VSOCK_OP_RW };
    const int32_t length = rogue_empties(SKR_VSOCK_TX, wire, sizeof wire);

    if (length >= 0) {
        hear(wire, (uint32_t)length);
    }
    (void)deliver(&packet, NULL, 0U, FUZZ_HEADER);
}

static void device_hurries(void)
{
    rogue_busy(fuzz_bytes(&in, 1U), device_turn);
}

static void nothing(void)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const fuzz_action_t table[] = {
        do_step, do_steps, do_jump, do_listen, do_unlisten, do_accept, do_connect, do_send, do_recv, do_peek, do_consume,
        do_shutdown, do_close, do_reset, do_events, do_acknowledge, do_start, do_step, do_send, do_recv, do_accept, do_connect,
        peer_takes, peer_holds, peer_requests, peer_responds, peer_sends, peer_says, peer_babbles, peer_takes, peer_requests,
        peer_sends, scene_accept, scene_connect, scene_stream, device_tells, device_readdresses, device_hurries, ROGUE_ACTIONS,
    };

    in = (fuzz_input_t){ data, size };
    memset(&own, 0, sizeof own);
    memset(&v, 0xA5, sizeof v);
    const skr_transport_t t = rogue_open(&in, SKR_DEVICE_ID_VSOCK);
    guard_begin(true);
    may_be("status of init", skr_vsock_init(&v, &t, fuzz_bytes(&in, 1U)), S(SKR_OK) | S(SKR_FAULT));
    guard_end_any("accesses of init", 0U);
    if (fuzz_below(&in, 4U) != 0U) {
        (void)skr_vsock_listen(&v, 7U, 1U + fuzz_below(&in, SKR_VSOCK_CONNECTIONS));
        do_start();
        for (uint32_t i = 0U; i < 3U; i++) {
            do_steps();
        }
    }
    fuzz_run(&in, table, sizeof table / sizeof table[0], MOST_ACTIONS, nothing);
    if (rogue_is_honest()) {
        EXPECT_EQUAL("breaches of the standard by the front-end", rogue.breaches, 0U);
    }
    return 0;
}
