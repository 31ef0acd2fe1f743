/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vsock against a second opinion (reference.c). A correct back-end carries any packets of the peer and any calls of the
 * application to both; after each of them everything that can be seen has to be the same: status, bytes, events, counters, and
 * each packet that goes out, field by field. The device is emptied after every call, so that no buffer is ever missing.
 */
#include <string.h>

#include "backend/model.h"
#include "fuzz.h"
#include "reference.h"

#define MOST_ACTIONS 400U
#define CID 3U
#define QUEUED SKR_VSOCK_STEP_PACKETS
#define DATA 128U

static model_t model;
static skr_vsock_t v;
static ref_t ref;
static fuzz_input_t in;

typedef struct {
    skr_vsock_packet_t packet;
    uint8_t payload[REF_PAYLOAD];
    uint32_t bytes; /* in the buffer, header and all */
} sent_t;

static struct {
    uint32_t now;
    sent_t sent[QUEUED];  /* by the peer, since the last step */
    uint32_t sents;
    bool reset;           /* a transport reset is on its way */
    uint32_t cid;         /* which it will be then */
    struct {
        skr_vsock_handle_t handle;
        uint32_t place;   /* in the reference */
        uint32_t written;
    } owned[SKR_VSOCK_CONNECTIONS];
    uint32_t handles;
    uint32_t streamed;    /* bytes sent by the peer in all */
} own;

/* --- comparing --- */

/* The first packet that the reference wants to go out between these two ports has to be this one. */
static void expect_packet(const skr_vsock_packet_t *packet)
{
    uint32_t i = 0U;

    while ((i < ref.outs) && ((ref.out[i].src_port != packet->src_port) || (ref.out[i].dst_port != packet->dst_port))) {
        i++;
    }
    EXPECT("a packet goes out that the reference knows of", i < ref.outs);
    EXPECT_EQUAL("operation of a packet", packet->op, ref.out[i].op);
    EXPECT_EQUAL("source CID of a packet", packet->src_cid, ref.out[i].src_cid);
    EXPECT_EQUAL("destination CID of a packet", packet->dst_cid, ref.out[i].dst_cid);
    EXPECT_EQUAL("type of a packet", packet->type, ref.out[i].type);
    EXPECT_EQUAL("length of a packet", packet->length, ref.out[i].length);
    EXPECT_EQUAL("flags of a packet", packet->flags, ref.out[i].flags);
    EXPECT_EQUAL("buf_alloc of a packet", packet->buf_alloc, ref.out[i].buf_alloc);
    EXPECT_EQUAL("fwd_cnt of a packet", packet->fwd_cnt, ref.out[i].fwd_cnt);
    ref.outs--;
    memmove(&ref.out[i], &ref.out[i + 1U], (ref.outs - i) * sizeof ref.out[0]);
    ref.counters.packets_sent++;
}

/* Empty the device, and compare. `data`: what the payload of data packets is, one behind the other. */
static void expect_packets(const uint8_t *data)
{
    uint8_t wire[FUZZ_HEADER + REF_PAYLOAD];
    skr_vsock_packet_t packet;
    uint32_t at = 0U;
    int32_t length = 0;

    while ((length = model_transmit(&model, SKR_VSOCK_TX, wire, sizeof wire)) >= 0) {
        EXPECT("a packet has a header", (uint32_t)length >= FUZZ_HEADER);
        fuzz_decode(&packet, wire);
        EXPECT_EQUAL("bytes of a packet", (uint32_t)length, FUZZ_HEADER + packet.length);
        expect_packet(&packet);
        for (uint32_t i = 0U; i < packet.length; i++, at++) {
            EXPECT("data goes out when it was sent", data != NULL);
            EXPECT_EQUAL("a byte that goes out", wire[FUZZ_HEADER + i], data[at]);
        }
    }
    EXPECT_EQUAL("packets that did not go out", ref.outs, 0U);
    EXPECT_EQUAL("breaches of the standard", model.breaches, 0U);
}

static void expect_counters(void)
{
    EXPECT_EQUAL("packets_received", v.counters.packets_received, ref.counters.packets_received);
    EXPECT_EQUAL("packets_sent", v.counters.packets_sent, ref.counters.packets_sent);
    EXPECT_EQUAL("short_packets", v.counters.short_packets, ref.counters.short_packets);
    EXPECT_EQUAL("foreign_packets", v.counters.foreign_packets, ref.counters.foreign_packets);
    EXPECT_EQUAL("odd_packets", v.counters.odd_packets, ref.counters.odd_packets);
    EXPECT_EQUAL("broken_flows", v.counters.broken_flows, ref.counters.broken_flows);
    EXPECT_EQUAL("unknown_packets", v.counters.unknown_packets, ref.counters.unknown_packets);
    EXPECT_EQUAL("resets_dropped", v.counters.resets_dropped, ref.counters.resets_dropped);
    EXPECT_EQUAL("requests_refused", v.counters.requests_refused, ref.counters.requests_refused);
    EXPECT_EQUAL("transport_resets", v.counters.transport_resets, ref.counters.transport_resets);
}

/* Every handle, every time. WRITABLE says too little while transmitted buffers have not been looked at: not compared then. */
static void expect_events(void)
{
    const bool room = v.device.virtq[SKR_VSOCK_TX].free_count > SKR_VSOCK_TX_RESERVE;

    for (uint32_t i = 0U; i < own.handles; i++) {
        uint32_t events = 0U;

        EXPECT_EQUAL("status of events", skr_vsock_events(&v, own.owned[i].handle, &events), SKR_OK);
        EXPECT_EQUAL("events", events, ref_events(&ref, own.owned[i].place) & (room ? 15U : ~SKR_VSOCK_WRITABLE));
    }
}

static void expect_same(void)
{
    expect_packets(NULL);
    expect_counters();
    expect_events();
}

/* --- step --- */

static void step(uint32_t ticks)
{
    own.now += ticks;
    EXPECT_EQUAL("status of step", skr_vsock_step(&v, own.now), SKR_OK);
    if (own.reset) {
        ref_transport_reset(&ref, own.cid);
        own.reset = false;
        EXPECT_EQUAL("CID", skr_vsock_cid(&v), own.cid);
    }
    for (uint32_t i = 0U; i < own.sents; i++) {
        ref_packet(&ref, &own.sent[i].packet, own.sent[i].payload, own.sent[i].bytes, own.now);
    }
    own.sents = 0U;
    ref_settle(&ref, own.now);
}

static void do_step(void)
{
    step(fuzz_below(&in, 32U));
}

static void do_steps(void)
{
    for (uint32_t i = fuzz_below(&in, 8U); i != 0U; i--) {
        step(1U);
        expect_same();
    }
}

static void do_jump(void)
{
    step(fuzz_number(&in));
}

/* --- the application --- */

static uint32_t some_port(void)
{
    const uint32_t n = fuzz_below(&in, 16U);

    return (n < 12U) ? (7U + (n % 3U)) : fuzz_number(&in);
}

static uint32_t some_host(void)
{
    return 1000U + fuzz_below(&in, 3U);
}

static void own_handle(skr_vsock_handle_t handle, uint32_t place)
{
    own.owned[own.handles].handle = handle;
    own.owned[own.handles].place = place;
    own.owned[own.handles].written = 0U;
    own.handles++;
}

static void do_listen(void)
{
    const uint32_t port = some_port();
    const uint16_t backlog = (uint16_t)fuzz_below(&in, SKR_VSOCK_CONNECTIONS + 2U);

    EXPECT_EQUAL("status of listen", skr_vsock_listen(&v, port, backlog), ref_listen(&ref, port, backlog));
}

static void do_unlisten(void)
{
    const uint32_t port = some_port();

    EXPECT_EQUAL("status of unlisten", skr_vsock_unlisten(&v, port), ref_unlisten(&ref, port));
}

static void do_accept(void)
{
    const uint32_t port = some_port();
    skr_vsock_handle_t handle = 0U;
    uint32_t host = 0U, place = 0U;
    const skr_status_t status = skr_vsock_accept(&v, port, &handle, &host);

    EXPECT_EQUAL("status of accept", status, ref_accept(&ref, port, &place));
    if (status == SKR_OK) {
        EXPECT_EQUAL("port of the host that is accepted", host, ref.connection[place].host);
        own_handle(handle, place);
    }
}

static void do_connect(void)
{
    const uint32_t local = (fuzz_below(&in, 2U) == 0U) ? SKR_VSOCK_PORT_ANY : some_port();
    const uint32_t host = some_host();
    const uint32_t timeout = fuzz_number(&in);
    skr_vsock_handle_t handle = 0U;
    uint32_t place = 0U;

    if (fuzz_below(&in, 4U) == 0U) {
        v.next_port = SKR_VSOCK_PORT_FIRST + fuzz_below(&in, 4U); /* the search has come round the circle */
    }
    const skr_status_t status = skr_vsock_connect(&v, SKR_VSOCK_TYPE_STREAM, local, host, timeout, &handle);

    EXPECT_EQUAL("status of connect", status, ref_connect(&ref, local, host, timeout, &place));
    if (status == SKR_OK) {
        if (local == SKR_VSOCK_PORT_ANY) { /* which it chose is the library's business, as long as it may */
            const uint32_t chosen = v.flow[(handle % 0x10000U) - 1U].local_port;

            EXPECT("a port that connect may choose", ref_may_choose(&ref, chosen));
            ref.connection[place].local = chosen;
        }
        own_handle(handle, place);
    }
}

/* One of the handles, or none. */
static uint32_t some_handle(void)
{
    const uint32_t n = fuzz_bytes(&in, 1U);

    return (own.handles != 0U) ? (n % own.handles) : SKR_VSOCK_CONNECTIONS;
}

static void do_send(void)
{
    const uint32_t i = some_handle();
    const uint32_t length = fuzz_below(&in, DATA + 1U);
    uint8_t data[DATA];
    uint32_t taken = 0U, expected = 0U;

    if (i != SKR_VSOCK_CONNECTIONS) {
        for (uint32_t n = 0U; n < length; n++) {
            data[n] = fuzz_pattern(own.owned[i].handle, own.owned[i].written + n);
        }
        EXPECT_EQUAL("status of send", skr_vsock_send(&v, own.owned[i].handle, data, length, 0U, &taken),
                     ref_send(&ref, own.owned[i].place, length, &expected));
        EXPECT_EQUAL("bytes taken", taken, expected);
        own.owned[i].written += taken;
        expect_packets(data);
    }
}

static void do_recv(void)
{
    const uint32_t i = some_handle();
    const uint32_t capacity = fuzz_below(&in, DATA + 1U);
    uint8_t data[DATA], expected[DATA];
    uint32_t got = 0U, there = 0U;

    if (i != SKR_VSOCK_CONNECTIONS) {
        EXPECT_EQUAL("status of recv", skr_vsock_recv(&v, own.owned[i].handle, data, capacity, &got),
                     ref_recv(&ref, own.owned[i].place, capacity, &there, expected));
        EXPECT_EQUAL("bytes received", got, there);
        EXPECT("the bytes received are those sent", memcmp(data, expected, got) == 0);
    }
}

static void do_peek_and_consume(void)
{
    const uint32_t i = some_handle();
    const uint8_t *data = NULL;
    uint32_t length = 0U, consumed = 0U;

    if (i != SKR_VSOCK_CONNECTIONS) {
        const ref_connection_t *c = &ref.connection[own.owned[i].place];
        const skr_status_t status = skr_vsock_peek(&v, own.owned[i].handle, &data, &length);

        EXPECT_EQUAL("status of peek", status, ref_peek(&ref, own.owned[i].place));
        if (status == SKR_OK) {
            EXPECT_AT_MOST("bytes shown", length, c->stored_bytes);
            EXPECT("the bytes shown are those sent", memcmp(data, c->stored, length) == 0);
        }
        consumed = (fuzz_below(&in, 2U) == 0U) ? length : fuzz_number(&in);
        EXPECT_EQUAL("status of consume", skr_vsock_consume(&v, own.owned[i].handle, consumed),
                     ref_consume(&ref, own.owned[i].place, consumed));
    }
}

static void do_shutdown(void)
{
    const uint32_t i = some_handle();
    const uint32_t directions = fuzz_below(&in, 5U);

    if (i != SKR_VSOCK_CONNECTIONS) {
        EXPECT_EQUAL("status of shutdown", skr_vsock_shutdown(&v, own.owned[i].handle, directions),
                     ref_shutdown(&ref, own.owned[i].place, directions));
    }
}

static void do_give_up(void)
{
    const uint32_t i = some_handle();

    if (i != SKR_VSOCK_CONNECTIONS) {
        if (fuzz_below(&in, 3U) != 0U) {
            EXPECT_EQUAL("status of close", skr_vsock_close(&v, own.owned[i].handle), SKR_OK);
            ref_close(&ref, own.owned[i].place);
        } else {
            EXPECT_EQUAL("status of reset", skr_vsock_reset(&v, own.owned[i].handle), SKR_OK);
            ref_reset(&ref, own.owned[i].place);
        }
        own.handles--;
        own.owned[i] = own.owned[own.handles];
    }
}

/* --- the peer --- */

static void send_packet(const skr_vsock_packet_t *packet, uint32_t bytes)
{
    sent_t *sent = &own.sent[own.sents];
    uint8_t wire[FUZZ_HEADER + REF_PAYLOAD];

    if (own.sents < QUEUED) {
        sent->packet = *packet;
        sent->bytes = (bytes < sizeof wire) ? bytes : sizeof wire;
        for (uint32_t i = 0U; i < REF_PAYLOAD; i++) {
            sent->payload[i] = fuzz_pattern(0U, own.streamed + i);
        }
        own.streamed += packet->length % 64U;
        fuzz_encode(wire, packet);
        memcpy(&wire[FUZZ_HEADER], sent->payload, REF_PAYLOAD);
        if (model_receive(&model, SKR_VSOCK_RX, wire, sent->bytes)) {
            own.sents++;
        }
    }
}

/* A packet to a connection that there is, or to ports of its own; its credit is possible, or nearly so. */
static skr_vsock_packet_t some_packet(uint16_t op)
{
    const uint32_t n = fuzz_bytes(&in, 1U);
    skr_vsock_packet_t packet = { .src_cid = 2U, .dst_cid = own.cid, .type = SKR_VSOCK_TYPE_STREAM, .op = op };
    const ref_connection_t *c = &ref.connection[n % SKR_VSOCK_CONNECTIONS];

    if ((n < 200U) && (c->state != REF_FREE)) {
        packet.src_port = c->host;
        packet.dst_port = c->local;
        packet.fwd_cnt = c->acknowledged + fuzz_below(&in, c->in_flight + 2U);
    } else {
        packet.dst_port = some_port();
        packet.src_port = some_host();
    }
    packet.buf_alloc = fuzz_number(&in);
    return packet;
}

static void peer_sends(void)
{
    skr_vsock_packet_t packet = some_packet(SKR_VSOCK_OP_RW);

    packet.length = fuzz_below(&in, REF_PAYLOAD + 1U);
    for (uint32_t i = 0U; (i < SKR_VSOCK_CONNECTIONS) && (fuzz_below(&in, 4U) == 0U); i++) { /* to the brim, or a byte more */
        if ((ref.connection[i].local == packet.dst_port) && (ref.connection[i].host == packet.src_port)) {
            packet.length = (SKR_VSOCK_WINDOW_BYTES - ref.connection[i].stored_bytes) + fuzz_below(&in, 2U);
        }
    }
    packet.length = (packet.length < REF_PAYLOAD) ? packet.length : REF_PAYLOAD;
    packet.flags = fuzz_below(&in, 4U);
    send_packet(&packet, FUZZ_HEADER + packet.length);
}

static void peer_says(void)
{
    const skr_vsock_packet_t packet = some_packet((uint16_t)fuzz_below(&in, 9U));

    send_packet(&packet, FUZZ_HEADER);
}

static void peer_shuts(void)
{
    skr_vsock_packet_t packet = some_packet(SKR_VSOCK_OP_SHUTDOWN);

    packet.flags = fuzz_number(&in);
    send_packet(&packet, FUZZ_HEADER);
}

static void peer_requests(void)
{
    skr_vsock_packet_t packet = some_packet(SKR_VSOCK_OP_REQUEST);

    packet.dst_port = some_port();
    packet.src_port = some_host();
    send_packet(&packet, FUZZ_HEADER);
}

static void peer_responds(void)
{
    const skr_vsock_packet_t packet = some_packet(SKR_VSOCK_OP_RESPONSE);

    send_packet(&packet, FUZZ_HEADER);
}

static void peer_babbles(void)
{
    skr_vsock_packet_t packet = some_packet((uint16_t)fuzz_below(&in, 9U));
    const uint32_t bytes = fuzz_below(&in, FUZZ_HEADER + REF_PAYLOAD + 1U);

    packet.length = fuzz_number(&in);
    switch (fuzz_below(&in, 6U)) {
    case 0U: packet.src_cid = fuzz_number(&in); break;
    case 1U: packet.dst_cid |= (uint64_t)fuzz_number(&in) << 32U; break;
    case 2U: packet.type = (uint16_t)fuzz_number(&in); break;
    case 3U: packet.op = (uint16_t)fuzz_number(&in); break;
    case 4U: packet.fwd_cnt = fuzz_number(&in); break;
    default: break;
    }
    send_packet(&packet, bytes);
}

/* Over the rings both can be seen in a step: the event comes first. So that what was sent before it is for the new life. */
static void device_resets(void)
{
    const uint32_t event = 0U;

    if (!own.reset && model_receive(&model, SKR_VSOCK_EVENT, &event, sizeof event)) {
        own.reset = true;
        own.cid = CID + fuzz_below(&in, 4U);
        memcpy(model.config, &own.cid, sizeof own.cid);
        model_config_changed(&model);
    }
}

static void begin(void)
{
    skr_transport_t t;
    skr_status_t status = SKR_AGAIN;

    guard_open();
    model_open(&model, SKR_TRANSPORT_MMIO_V2, SKR_DEVICE_ID_VSOCK);
    guard_allow(model.block, MODEL_BLOCK_BYTES, GUARD_READ | GUARD_WRITE);
    for (uint32_t i = 0U; i < 3U; i++) {
        model.queues[i].size_max = SKR_VIRTQ_SIZE_MAX;
    }
    t = model_transport(&model);
    memset(&v, 0xA5, sizeof v);
    EXPECT_EQUAL("status of init", skr_vsock_init(&v, &t, 0U), SKR_OK);
    EXPECT_EQUAL("status of start", skr_vsock_start(&v, own.now), SKR_OK);
    for (uint32_t i = 0U; (i < 40U) && (status == SKR_AGAIN); i++) {
        status = skr_vsock_step(&v, own.now);
    }
    EXPECT_EQUAL("status of step once it runs", status, SKR_OK);
    ref_open(&ref, CID, own.now);
    own.cid = CID;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const fuzz_action_t table[] = {
        do_step, do_steps, do_jump, do_step, do_step, do_listen, do_unlisten, do_accept, do_connect, do_send, do_recv, do_send,
        do_peek_and_consume, do_shutdown, do_give_up, peer_sends, peer_says, peer_shuts, peer_requests, peer_responds,
        peer_babbles, peer_sends, peer_requests, do_accept, device_resets,
    };

    in = (fuzz_input_t){ data, size };
    memset(&own, 0, sizeof own);
    own.now = fuzz_number(&in);
    begin();
    EXPECT_EQUAL("status of listen", skr_vsock_listen(&v, 7U, 2U), ref_listen(&ref, 7U, 2U));
    fuzz_run(&in, table, sizeof table / sizeof table[0], MOST_ACTIONS, expect_same);
    return 0;
}
