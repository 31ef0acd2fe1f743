/* SPDX-License-Identifier: BSD-3-Clause */
/* vsock: ADV-V01 .. V44. The ordinary connection is HOST_PORT of the host with PORT of the island; the host has taken
 * VICTIM->taken bytes of it. */
#include <string.h>

#include "rows.h"

#define OTHER 2000U    /* a port of the host that the ordinary connection has nothing to do with */
#define NOBODY 99U     /* a port of the island where nobody listens */
#define ANY SKR_VSOCK_PORT_ANY
#define COUNT(list) (sizeof(list) / sizeof(list)[0])
#define COUNTER(name) (VSOCK->counters.name)

uint32_t random_packets = 20000U;

static uint8_t bytes[0x4000];

static skr_status_t step(void)
{
    return call_step(VICTIM, 1U);
}

static skr_flow_t *flow_of(skr_vsock_handle_t handle)
{
    return &VSOCK->flow[(handle % 0x10000U) - 1U];
}

static uint32_t places(void)
{
    uint32_t count = 0U;

    for (uint32_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
        count += (VSOCK->flow[i].state != SKR_FLOW_FREE) ? 1U : 0U;
    }
    return count;
}

/* A header of the ordinary connection, right in every field. */
static skr_vsock_packet_t header(uint16_t op)
{
    skr_vsock_packet_t packet = peer_header(PEER, op, HOST_PORT, PORT);

    packet.fwd_cnt = VICTIM->taken;
    return packet;
}

/* Send it with so many bytes behind it, and let the island look. */
static void send(const skr_vsock_packet_t *packet, uint32_t length)
{
    EXPECT(peer_send_packet(PEER, packet, bytes, length));
    EXPECT(step() == SKR_OK);
}

/* A right packet of another connection, and the island looks. */
static void other(uint16_t op, uint32_t host_port, uint32_t port)
{
    EXPECT(peer_send(PEER, op, host_port, port));
    EXPECT(step() == SKR_OK);
}

/* The ordinary connection was cut: the owner learns how, and the host was told once. */
static void is_cut(skr_status_t how)
{
    uint8_t data[64];
    uint32_t got = 0U;
    skr_status_t status = SKR_OK;

    EXPECT(peer_drain_op(PEER, SKR_VSOCK_OP_RST) == 1U);
    for (uint32_t i = 0U; (i < 0x10000U) && (status == SKR_OK); i++) {
        status = call_read(VICTIM, data, sizeof data, &got);
    }
    EXPECT(status == how);
    EXPECT(call_write(VICTIM, data, 1U, &got) == how);
    conclude(RESET);
}

/* It lives, and nothing was sent. */
static void is_ignored(verdict_t verdict)
{
    uint32_t events = 0U;

    EXPECT(peer_drain(PEER) == 0U);
    EXPECT(CALL(VICTIM, 0U, skr_vsock_events(VSOCK, VICTIM->handle, &events)) == SKR_OK);
    EXPECT((events & (SKR_VSOCK_HANGUP | SKR_VSOCK_ERROR)) == 0U);
    conclude(verdict);
}

static skr_vsock_handle_t connecting(uint32_t port, uint32_t host_port, uint32_t timeout)
{
    skr_vsock_handle_t handle = 0U;

    EXPECT(CALL(VICTIM, 0U, skr_vsock_connect(VSOCK, port, host_port, timeout, &handle)) == SKR_OK);
    EXPECT(step() == SKR_OK);
    EXPECT(peer_take_op(PEER) == SKR_VSOCK_OP_REQUEST);
    return handle;
}

static uint32_t events_of(skr_vsock_handle_t handle)
{
    uint32_t events = 0U;

    EXPECT(CALL(VICTIM, 0U, skr_vsock_events(VSOCK, handle, &events)) == SKR_OK);
    return events;
}

static skr_status_t end_of(skr_vsock_handle_t handle)
{
    uint8_t data[4];
    uint32_t got = 0U;

    return (skr_status_t)CALL(VICTIM, 0U, skr_vsock_recv(VSOCK, handle, data, sizeof data, &got));
}

static void let_go(skr_vsock_handle_t handle)
{
    EXPECT(CALL(VICTIM, 0U, skr_vsock_reset(VSOCK, handle)) == SKR_OK);
    EXPECT(step() == SKR_OK);
    (void)peer_drain(PEER);
}

static void adv_v01(void)
{
    static const uint32_t claims[] = { 5U, 1092U, 0x10000U, 0xFFFFFFFFU };

    for (size_t i = 0U; i < COUNT(claims); i++) {
        running();
        skr_vsock_packet_t packet = header(SKR_VSOCK_OP_RW);

        packet.length = claims[i];
        send(&packet, 4U);
        EXPECT(COUNTER(short_packets) == 1U);
        is_cut(SKR_RESET);
    }
    goes_on(RESET);
}

static void adv_v02(void)
{
    uint8_t data[64];
    uint32_t got = 0U;

    comes_up();
    memcpy(bytes, "abcdefghij", 10U);
    skr_vsock_packet_t packet = header(SKR_VSOCK_OP_RW);
    packet.length = 4U;
    send(&packet, 10U);
    EXPECT(call_read(VICTIM, data, sizeof data, &got) == SKR_OK);
    EXPECT((got == 4U) && (memcmp(data, "abcd", 4U) == 0));
    goes_on(CONTAINED);
}

static void adv_v03(void)
{
    comes_up();
    for (uint16_t op = SKR_VSOCK_OP_RESPONSE; op <= SKR_VSOCK_OP_CREDIT_UPDATE; op++) {
        skr_vsock_packet_t packet = header(op);
        const uint32_t odd = COUNTER(odd_packets);

        if ((op == SKR_VSOCK_OP_RESPONSE) || (op == SKR_VSOCK_OP_CREDIT_UPDATE)) {
            packet.length = 5U;
            send(&packet, 5U);
            EXPECT(COUNTER(odd_packets) == (odd + 1U));
            EXPECT(flow_of(VICTIM->handle)->stored == 0U);
            is_ignored(DROPPED);
        }
    }
    goes_on(DROPPED);
}

static void adv_v04(void)
{
    comes_up();
    for (uint32_t i = 0U; i < 20U; i++) {
        const skr_vsock_packet_t packet = header(SKR_VSOCK_OP_INVALID);

        send(&packet, 0U);
        EXPECT(COUNTER(odd_packets) == (i + 1U));
    }
    is_ignored(DROPPED);
    goes_on(DROPPED);
}

static void adv_v05(void)
{
    static const uint16_t ops[] = { 8U, 9U, 255U, 256U, 0x8005U, 0xFFFFU };

    for (size_t i = 0U; i < COUNT(ops); i++) {
        running();
        const skr_vsock_packet_t packet = header(ops[i]);

        send(&packet, 0U);
        EXPECT(COUNTER(broken_flows) == 1U);
        is_cut(SKR_RESET);
        other(ops[i], OTHER, NOBODY);
        EXPECT(COUNTER(unknown_packets) == 1U);
        (void)peer_drain(PEER);
    }
    goes_on(RESET);
}

static void adv_v06(void)
{
    static const uint16_t types[] = { 0U, 3U, 0x0101U, 0xFFFFU };

    comes_up();
    for (size_t i = 0U; i < COUNT(types); i++) {
        skr_vsock_packet_t packet = header(SKR_VSOCK_OP_RW);

        packet.type = types[i];
        send(&packet, 0U);
        EXPECT(COUNTER(odd_packets) == (2U * i) + 1U);
        EXPECT(peer_drain_op(PEER, SKR_VSOCK_OP_RST) == 1U);
        packet.op = SKR_VSOCK_OP_RST;
        send(&packet, 0U);
        is_ignored(DROPPED); /* a RST is never answered, and one of a wrong type ends nothing */
    }
    conclude(RESET);
    goes_on(DROPPED);
}

static void foreign(uint64_t src_cid, uint64_t dst_cid)
{
    static const uint16_t ops[] = { SKR_VSOCK_OP_RST, SKR_VSOCK_OP_RW, SKR_VSOCK_OP_REQUEST, SKR_VSOCK_OP_SHUTDOWN };

    for (size_t i = 0U; i < COUNT(ops); i++) {
        const uint32_t before = COUNTER(foreign_packets);
        skr_vsock_packet_t packet = header(ops[i]);

        packet.src_cid = src_cid;
        packet.dst_cid = dst_cid;
        packet.flags = 3U;
        packet.length = (ops[i] == SKR_VSOCK_OP_RW) ? 4U : 0U;
        send(&packet, packet.length);
        EXPECT(COUNTER(foreign_packets) == (before + 1U));
        is_ignored(DROPPED);
    }
}

static void adv_v07(void)
{
    static const uint64_t cids[] = { 0U, 2U, CID + 1U, CID | (1ULL << 32U), CID | (1ULL << 63U), ~0ULL };

    comes_up();
    for (size_t i = 0U; i < COUNT(cids); i++) {
        foreign(SKR_VSOCK_CID_HOST, cids[i]);
    }
    goes_on(DROPPED);
}

static void adv_v08(void)
{
    static const uint64_t cids[] = { 0U, 1U, CID, 2U | (1ULL << 32U), 2U | (1ULL << 63U), ~0ULL };

    comes_up();
    for (size_t i = 0U; i < COUNT(cids); i++) {
        foreign(cids[i], CID);
    }
    goes_on(DROPPED);
}

static void adv_v09(void)
{
    comes_up();
    for (uint32_t i = 0U; i < (3U * SKR_VSOCK_RX_COUNT); i++) { /* each buffer held a right packet of some connection before */
        const uint16_t id = model_pop_avail(MODEL, PEER_RX);

        EXPECT(id != MODEL_NO_HEAD);
        model_push_used(MODEL, PEER_RX, id, SKR_VSOCK_HEADER_BYTES);
        EXPECT(step() == SKR_OK);
        EXPECT(COUNTER(foreign_packets) == (i + 1U));
        EXPECT(party_exchange(VICTIM));
    }
    is_ignored(DROPPED);
    goes_on(DROPPED);
}

static void adv_v10(void)
{
    skr_vsock_handle_t handle = 0U;
    skr_vsock_packet_t packet;

    comes_up();
    handle = connecting(5000U, OTHER, 1000U);
    packet = peer_header(PEER, SKR_VSOCK_OP_RW, OTHER, 5000U);
    packet.length = 4U;
    send(&packet, 4U);
    EXPECT(COUNTER(broken_flows) == 1U);
    EXPECT(end_of(handle) == SKR_RESET);
    EXPECT(peer_drain_op(PEER, SKR_VSOCK_OP_RST) == 1U);
    let_go(handle);

    EXPECT(peer_send(PEER, SKR_VSOCK_OP_REQUEST, OTHER, PORT)); /* and data before our RESPONSE can have come */
    packet = peer_header(PEER, SKR_VSOCK_OP_RW, OTHER, PORT);
    packet.length = 4U;
    send(&packet, 4U);
    EXPECT(COUNTER(broken_flows) == 2U);
    EXPECT(peer_drain_op(PEER, SKR_VSOCK_OP_RST) == 1U);
    EXPECT(CALL(VICTIM, 0U, skr_vsock_accept(VSOCK, PORT, &handle, &packet.flags)) == SKR_AGAIN);
    goes_on(RESET);
}

static void adv_v11(void)
{
    skr_vsock_packet_t packet;

    comes_up();
    packet = header(SKR_VSOCK_OP_RST);
    send(&packet, 0U);
    packet = header(SKR_VSOCK_OP_RW);
    packet.length = 4U;
    send(&packet, 4U);
    EXPECT(COUNTER(unknown_packets) == 1U);
    is_cut(SKR_RESET);

    running();
    packet = header(SKR_VSOCK_OP_SHUTDOWN);
    packet.flags = SKR_VSOCK_SHUTDOWN_SEND;
    send(&packet, 0U);
    EXPECT(end_of(VICTIM->handle) == SKR_CLOSED);
    packet = header(SKR_VSOCK_OP_RW);
    packet.length = 4U;
    send(&packet, 4U);
    EXPECT(COUNTER(broken_flows) == 1U);
    is_cut(SKR_RESET);
    goes_on(RESET);
}

static void adv_v12(void)
{
    comes_up();
    other(SKR_VSOCK_OP_RESPONSE, OTHER, NOBODY);
    EXPECT(peer_drain_op(PEER, SKR_VSOCK_OP_RST) == 1U);
    other(SKR_VSOCK_OP_RESPONSE, OTHER, PORT); /* somebody listens there, and did not ask */
    EXPECT(peer_drain_op(PEER, SKR_VSOCK_OP_RST) == 1U);
    EXPECT(COUNTER(unknown_packets) == 2U);
    conclude(RESET);
    const skr_vsock_packet_t again = header(SKR_VSOCK_OP_RESPONSE);
    send(&again, 0U);
    EXPECT(COUNTER(odd_packets) == 1U);
    is_ignored(DROPPED);
    goes_on(DROPPED);
}

static void adv_v13(void)
{
    comes_up();
    const uint32_t before = places();
    const skr_vsock_packet_t packet = header(SKR_VSOCK_OP_REQUEST);

    send(&packet, 0U);
    EXPECT(COUNTER(broken_flows) == 1U);
    EXPECT(places() == before);
    is_cut(SKR_RESET);
    goes_on(RESET);
}

static void adv_v14(void)
{
    comes_up();
    const uint32_t before = places();

    other(SKR_VSOCK_OP_REQUEST, OTHER, NOBODY);
    EXPECT(COUNTER(requests_refused) == 1U);
    EXPECT(peer_drain_op(PEER, SKR_VSOCK_OP_RST) == 1U);
    EXPECT(places() == before);
    goes_on(RESET);
}

static void adv_v15(void)
{
    uint32_t resets = 0U;
    uint32_t responses = 0U;
    skr_vsock_handle_t handle = 0U;
    uint32_t from = 0U;

    comes_up();
    const uint32_t before = places();
    EXPECT(CALL(VICTIM, 0U, skr_vsock_listen(VSOCK, 9U, 2U)) == SKR_OK);
    for (uint32_t i = 0U; i < 300U; i++) {
        EXPECT(peer_send(PEER, SKR_VSOCK_OP_REQUEST, OTHER + i, 9U));
        if ((i % 12U) == 11U) {
            EXPECT(step() == SKR_OK);
            while (peer_take(PEER)) {
                resets += (PEER->got.op == SKR_VSOCK_OP_RST) ? 1U : 0U;
                responses += (PEER->got.op == SKR_VSOCK_OP_RESPONSE) ? 1U : 0U;
            }
        }
    }
    EXPECT(places() == (before + 2U));
    EXPECT(responses == 2U);
    EXPECT(COUNTER(requests_refused) == 298U);
    EXPECT((resets + COUNTER(resets_dropped)) == 298U);
    for (uint32_t i = 0U; i < 2U; i++) {
        EXPECT(CALL(VICTIM, 0U, skr_vsock_accept(VSOCK, 9U, &handle, &from)) == SKR_OK);
        EXPECT(from == (OTHER + i));
        let_go(handle);
    }
    EXPECT(places() == before);
    goes_on(RESET);
}

static void adv_v16(void)
{
    skr_vsock_handle_t handle = 0U;
    uint32_t from = 0U;

    comes_up();
    const uint32_t before = places();
    for (uint32_t i = 0U; i < 1000U; i++) {
        EXPECT(peer_send(PEER, SKR_VSOCK_OP_REQUEST, OTHER + (i % 3U), PORT));
        if ((i % 2U) == 0U) {
            EXPECT(step() == SKR_OK);
        }
        other(SKR_VSOCK_OP_RST, OTHER + (i % 3U), PORT);
        (void)peer_drain(PEER);
        EXPECT(step() == SKR_OK);
        EXPECT(places() == before);
    }
    EXPECT(CALL(VICTIM, 0U, skr_vsock_accept(VSOCK, PORT, &handle, &from)) == SKR_AGAIN);
    goes_on(CONTAINED);
}

static void adv_v17(void)
{
    comes_up();
    for (uint32_t i = 0U; i < 1000U; i++) {
        other(SKR_VSOCK_OP_RST, OTHER + i, NOBODY);
        EXPECT(call_accesses() <= 30U);
    }
    EXPECT(COUNTER(unknown_packets) == 1000U);
    is_ignored(DROPPED);
    goes_on(DROPPED);
}

static void adv_v18(void)
{
    uint32_t answers = 0U;

    comes_up();
    for (uint32_t i = 0U; i < 100U; i++) {
        const skr_vsock_packet_t packet = header(SKR_VSOCK_OP_CREDIT_REQUEST);

        for (uint32_t n = 0U; n < 10U; n++) {
            EXPECT(peer_send_packet(PEER, &packet, NULL, 0U));
        }
        EXPECT(step() == SKR_OK);
        answers += peer_drain(PEER);
        EXPECT(answers == (i + 1U)); /* ten questions, one answer */
    }
    goes_on(CONTAINED);
}

static void adv_v19(void)
{
    skr_vsock_handle_t handle = 0U;

    comes_up();
    handle = connecting(5000U, OTHER, 1000U);
    other(SKR_VSOCK_OP_CREDIT_UPDATE, OTHER, 5000U);
    EXPECT(peer_drain(PEER) == 0U);
    other(SKR_VSOCK_OP_CREDIT_REQUEST, OTHER, 5000U);
    EXPECT(peer_drain_op(PEER, SKR_VSOCK_OP_CREDIT_UPDATE) == 1U);
    EXPECT(end_of(handle) == SKR_AGAIN);
    other(SKR_VSOCK_OP_RESPONSE, OTHER, 5000U);
    EXPECT((events_of(handle) & SKR_VSOCK_WRITABLE) != 0U);
    let_go(handle);
    goes_on(CONTAINED);
}

/* Tell the ordinary connection of another credit. */
static void credit(uint32_t buf_alloc, uint32_t fwd_cnt)
{
    skr_vsock_packet_t packet = header(SKR_VSOCK_OP_CREDIT_UPDATE);

    packet.buf_alloc = buf_alloc;
    packet.fwd_cnt = fwd_cnt;
    send(&packet, 0U);
}

static void adv_v20(void)
{
    uint32_t taken = 0U;

    comes_up();
    EXPECT(call_write(VICTIM, bytes, 2000U, &taken) == SKR_OK);
    EXPECT(taken == 2000U);
    (void)peer_drain(PEER);
    credit(100U, VICTIM->taken);
    EXPECT(call_write(VICTIM, bytes, 1U, &taken) == SKR_AGAIN);
    credit(0U, VICTIM->taken);
    EXPECT(call_write(VICTIM, bytes, 1U, &taken) == SKR_AGAIN);
    credit(2100U, VICTIM->taken);
    EXPECT(call_write(VICTIM, bytes, 2000U, &taken) == SKR_OK);
    EXPECT(taken == 100U);
    VICTIM->taken += 2100U;
    credit(0x10000U, VICTIM->taken);
    (void)peer_drain(PEER);
    goes_on(CONTAINED);
}

static void adv_v21(void)
{
    uint32_t taken = 0U;
    uint32_t asked = 0U;
    uint32_t ticks = 0U;

    comes_up();
    credit(0U, VICTIM->taken);
    while (ticks < (20U * SKR_TICKS_CREDIT)) {
        EXPECT(call_write(VICTIM, bytes, 1U, &taken) == SKR_AGAIN);
        EXPECT(step() == SKR_OK);
        asked += peer_drain_op(PEER, SKR_VSOCK_OP_CREDIT_REQUEST);
        ticks++;
    }
    EXPECT((asked >= 19U) && (asked <= 21U));
    credit(0x10000U, VICTIM->taken);
    goes_on(CONTAINED);
}

static void adv_v22(void)
{
    uint32_t total = 0U;
    uint32_t taken = 0U;

    comes_up();
    credit(0xFFFFFFFFU, VICTIM->taken);
    for (uint32_t i = 0U; i < 2000U; i++) {
        taken = 0U;
        (void)call_write(VICTIM, bytes, sizeof bytes, &taken);
        total += taken;
        (void)peer_drain(PEER);
        EXPECT(step() == SKR_OK);
    }
    EXPECT(total == SKR_VSOCK_SEND_BYTES_MAX);
    VICTIM->taken += total;
    credit(0x10000U, VICTIM->taken);
    (void)peer_drain(PEER);
    goes_on(CONTAINED);
}

/* An impossible fwd_cnt is counted and opens nothing. */
static void impossible(uint32_t fwd_cnt)
{
    const uint32_t odd = COUNTER(odd_packets);
    uint32_t taken = 0U;

    credit(100U, fwd_cnt);
    EXPECT(COUNTER(odd_packets) == (odd + 1U));
    EXPECT(call_write(VICTIM, bytes, 1U, &taken) == SKR_AGAIN); /* 100 bytes are under way already */
}

static void adv_v23(void)
{
    uint32_t taken = 0U;

    comes_up();
    EXPECT(call_write(VICTIM, bytes, 100U, &taken) == SKR_OK);
    (void)peer_drain(PEER);
    impossible(VICTIM->taken + 101U);
    impossible(VICTIM->taken + 0x7FFFFFFFU);
    VICTIM->taken += 100U;
    credit(0x10000U, VICTIM->taken);
    (void)peer_drain(PEER);
    goes_on(DROPPED);
}

static void adv_v24(void)
{
    uint32_t taken = 0U;

    comes_up();
    EXPECT(call_write(VICTIM, bytes, 100U, &taken) == SKR_OK);
    (void)peer_drain(PEER);
    impossible(VICTIM->taken - 1U);
    impossible(VICTIM->taken - 0x7FFFFFFFU);
    VICTIM->taken += 100U;
    credit(0x10000U, VICTIM->taken);
    (void)peer_drain(PEER);
    goes_on(DROPPED);
}

static void adv_v25(void)
{
    skr_flow_t *f = NULL;

    comes_up();
    f = flow_of(VICTIM->handle);
    f->tx_cnt = 0xFFFFFF00U; /* as if that much had passed */
    f->peer_fwd_cnt = 0xFFFFFF00U;
    f->fwd_cnt = 0xFFFFFF00U;
    f->told_fwd_cnt = 0xFFFFFF00U;
    VICTIM->taken = 0xFFFFFF00U;
    for (uint32_t i = 0U; i < 256U; i++) {
        EXPECT(party_exchange(VICTIM));
    }
    EXPECT((f->tx_cnt < 0x10000U) && (f->fwd_cnt < 0x10000U) && (f->peer_fwd_cnt < 0x10000U));
    EXPECT(COUNTER(odd_packets) == 0U);
    goes_on(CONTAINED);
}

/* Fill the window of the ordinary connection, in packets of `part` bytes. */
static void fill_window(uint32_t part)
{
    uint32_t sent = 0U;

    while (sent < SKR_VSOCK_WINDOW_BYTES) {
        skr_vsock_packet_t packet = header(SKR_VSOCK_OP_RW);

        packet.length = (part < (SKR_VSOCK_WINDOW_BYTES - sent)) ? part : (SKR_VSOCK_WINDOW_BYTES - sent);
        send(&packet, packet.length);
        sent += packet.length;
    }
    EXPECT(flow_of(VICTIM->handle)->stored == SKR_VSOCK_WINDOW_BYTES);
}

static void adv_v26(void)
{
    skr_vsock_packet_t packet;

    comes_up();
    fill_window(512U);
    packet = header(SKR_VSOCK_OP_RW);
    packet.length = 1U;
    send(&packet, 1U);
    EXPECT(COUNTER(broken_flows) == 1U);
    is_cut(SKR_RESET);
    goes_on(RESET);
}

static void adv_v27(void)
{
    uint32_t total = 0U;
    uint32_t got = 0U;

    comes_up();
    fill_window(1U);
    while (call_read(VICTIM, bytes, sizeof bytes, &got) == SKR_OK) {
        total += got;
    }
    EXPECT(total == SKR_VSOCK_WINDOW_BYTES);
    EXPECT(step() == SKR_OK);
    EXPECT(peer_drain_op(PEER, SKR_VSOCK_OP_CREDIT_UPDATE) == 1U);
    goes_on(CONTAINED);
}

static void adv_v28(void)
{
    comes_up();
    for (uint32_t i = 0U; i < 1000U; i++) {
        skr_vsock_packet_t packet = header(SKR_VSOCK_OP_RW);

        packet.flags = i % 4U; /* end of message, end of record: they mean nothing here */
        send(&packet, 0U);
        EXPECT(call_accesses() <= 30U);
        EXPECT(flow_of(VICTIM->handle)->stored == 0U);
    }
    EXPECT(end_of(VICTIM->handle) == SKR_AGAIN);
    is_ignored(CONTAINED);
    goes_on(CONTAINED);
}

static void adv_v31(void)
{
    static const uint32_t flags[] = { 1U, 2U, 3U, 0xFFFFFFFCU, 0xFFFFFFFFU };
    uint8_t data[8];
    uint32_t got = 0U;

    comes_up();
    for (size_t i = 0U; i < COUNT(flags); i++) {
        skr_vsock_packet_t packet = header(SKR_VSOCK_OP_RW);

        packet.flags = flags[i];
        packet.length = 4U;
        memcpy(bytes, "abcd", 4U);
        send(&packet, 4U);
        EXPECT(call_read(VICTIM, data, sizeof data, &got) == SKR_OK);
        EXPECT((got == 4U) && (memcmp(data, "abcd", 4U) == 0));
    }
    goes_on(CONTAINED);
}

static void shut(uint32_t flags)
{
    skr_vsock_packet_t packet = header(SKR_VSOCK_OP_SHUTDOWN);

    packet.flags = flags;
    send(&packet, 0U);
}

static void adv_v32(void)
{
    uint32_t taken = 0U;

    comes_up();
    shut(0U);
    shut(0xFFFFFFFCU);
    EXPECT(COUNTER(odd_packets) == 2U);
    is_ignored(DROPPED);
    for (uint32_t i = 0U; i < 10U; i++) {
        shut(SKR_VSOCK_SHUTDOWN_RECEIVE | 0x80U);
        EXPECT(peer_drain(PEER) == 0U);
    }
    EXPECT(call_write(VICTIM, bytes, 1U, &taken) == SKR_CLOSED);
    EXPECT(end_of(VICTIM->handle) == SKR_AGAIN); /* the other direction is open */
    shut(SKR_VSOCK_SHUTDOWN_RECEIVE | SKR_VSOCK_SHUTDOWN_SEND);
    is_cut(SKR_CLOSED);
    goes_on(RESET);
}

static void adv_v33(void)
{
    skr_vsock_packet_t packet;

    comes_up();
    shut(SKR_VSOCK_SHUTDOWN_RECEIVE | SKR_VSOCK_SHUTDOWN_SEND);
    is_cut(SKR_CLOSED);
    packet = header(SKR_VSOCK_OP_RW);
    packet.length = 4U;
    send(&packet, 4U);
    EXPECT(COUNTER(unknown_packets) == 1U);
    EXPECT(peer_drain_op(PEER, SKR_VSOCK_OP_RST) == 1U);
    EXPECT(end_of(VICTIM->handle) == SKR_CLOSED); /* nothing was delivered */
    goes_on(RESET);
}

static void adv_v34(void)
{
    comes_up();
    const uint32_t before = places();

    EXPECT(CALL(VICTIM, 0U, skr_vsock_close(VSOCK, VICTIM->handle)) == SKR_OK);
    EXPECT(step() == SKR_OK);
    EXPECT(peer_drain_op(PEER, SKR_VSOCK_OP_SHUTDOWN) == 1U);
    EXPECT(places() == before);
    EXPECT(call_step(VICTIM, SKR_TICKS_CLOSE) == SKR_OK);
    EXPECT(step() == SKR_OK);
    EXPECT(peer_drain_op(PEER, SKR_VSOCK_OP_RST) == 1U);
    EXPECT(places() == (before - 1U));
    goes_on(RESET);
}

static void adv_v35(void)
{
    static const uint16_t answers[] = { SKR_VSOCK_OP_SHUTDOWN, SKR_VSOCK_OP_RW, SKR_VSOCK_OP_REQUEST };
    skr_vsock_handle_t handle = 0U;

    comes_up();
    handle = connecting(5000U, OTHER, 500U);
    EXPECT(call_step(VICTIM, 490U) == SKR_OK);
    EXPECT(end_of(handle) == SKR_AGAIN);
    EXPECT(call_step(VICTIM, 10U) == SKR_OK);
    EXPECT(end_of(handle) == SKR_TIMEOUT);
    EXPECT(peer_drain_op(PEER, SKR_VSOCK_OP_RST) == 1U);
    other(SKR_VSOCK_OP_RESPONSE, OTHER, 5000U); /* too late */
    EXPECT(peer_drain_op(PEER, SKR_VSOCK_OP_RST) == 1U);
    EXPECT(end_of(handle) == SKR_TIMEOUT);
    let_go(handle);
    for (size_t i = 0U; i < COUNT(answers); i++) {
        handle = connecting(5000U, OTHER, 500U);
        other(answers[i], OTHER, 5000U);
        EXPECT(end_of(handle) == SKR_RESET);
        EXPECT(peer_drain_op(PEER, SKR_VSOCK_OP_RST) == 1U);
        let_go(handle);
    }
    goes_on(RESET);
}

static void adv_v36(void)
{
    skr_vsock_handle_t handle = 0U;

    comes_up();
    handle = connecting(5000U, OTHER, 1000U);
    for (uint32_t i = 0U; i < 100U; i++) {
        while (peer_send_event(PEER, 0U, 4U)) {
            /* as many as there are buffers */
        }
        EXPECT(step() == SKR_OK);
    }
    EXPECT(COUNTER(transport_resets) == (100U * SKR_VSOCK_EVENT_COUNT));
    EXPECT(end_of(VICTIM->handle) == SKR_RESET);
    EXPECT(end_of(handle) == SKR_RESET);
    EXPECT(peer_drain(PEER) == 0U); /* who was it who should be told */
    let_go(handle);
    const uint64_t cid = CID + 5U;
    memcpy(MODEL->config, &cid, sizeof cid);
    EXPECT(peer_send_event(PEER, 0U, 4U));
    EXPECT(step() == SKR_OK);
    EXPECT(skr_vsock_cid(VSOCK) == (CID + 5U));
    EXPECT(CALL(VICTIM, 0U, skr_vsock_listen(VSOCK, PORT, 1U)) == SKR_IN_USE); /* who listened listens */
    goes_on(RESET);
}

static void adv_v37(void)
{
    static const struct { uint32_t event; uint32_t length; } odd[] = {
        { 0U, 0U }, { 0U, 1U }, { 0U, 3U }, { 0U, 5U }, { 0U, 8U }, { 1U, 4U }, { 0xFFFFFFFFU, 4U } };

    comes_up();
    for (size_t i = 0U; i < COUNT(odd); i++) {
        EXPECT(peer_send_event(PEER, odd[i].event, odd[i].length));
        EXPECT(step() == SKR_OK);
        EXPECT(COUNTER(odd_events) == (i + 1U));
        EXPECT(model_waiting(MODEL, PEER_EVENT) == SKR_VSOCK_EVENT_COUNT);
    }
    EXPECT(COUNTER(transport_resets) == 0U);
    is_ignored(DROPPED);
    goes_on(DROPPED);
    model_push_used(MODEL, PEER_EVENT, model_pop_avail(MODEL, PEER_EVENT), 9U);
    broken(SKR_CAUSE_USED_LENGTH);
}

static void adv_v38(void)
{
    static const uint64_t cids[] = { 0U, 2U, 0xFFFFFFFFU, 0x100000003U };

    for (size_t i = 0U; i < COUNT(cids); i++) {
        running();
        memcpy(MODEL->config, &cids[i], sizeof cids[i]);
        EXPECT(peer_send_event(PEER, 0U, 4U));
        broken(SKR_CAUSE_CID);
    }
}

static void adv_v39(void)
{
    uint32_t sent = 0U;
    uint32_t told = 0U;

    comes_up();
    const uint32_t before = COUNTER(packets_received);
    for (uint32_t i = 0U; i < 500U; i++) {
        EXPECT(peer_send(PEER, SKR_VSOCK_OP_REQUEST, OTHER + i, NOBODY));
        sent++;
        EXPECT(call_step(VICTIM, 1U) == SKR_OK);
    }
    EXPECT((COUNTER(packets_received) - before) == sent); /* receiving does not wait for sending */
    EXPECT(COUNTER(resets_dropped) >= (sent - (SKR_VSOCK_TX_COUNT + SKR_VSOCK_RESET_LIST)));
    for (uint32_t i = 0U; i < 10U; i++) {
        told += peer_drain_op(PEER, SKR_VSOCK_OP_RST);
        EXPECT(step() == SKR_OK);
    }
    EXPECT((told + COUNTER(resets_dropped)) == sent);
    goes_on(DROPPED);
}

static void adv_v40(void)
{
    skr_vsock_handle_t handle = 0U;
    uint32_t first = 0U;

    comes_up();
    for (uint32_t i = 0U; i < 20U; i++) {
        handle = connecting(ANY, OTHER, 1000U);
        const uint32_t port = PEER->got.src_port;

        EXPECT(port != first);
        other(SKR_VSOCK_OP_RESPONSE, OTHER, port);
        other(SKR_VSOCK_OP_RST, OTHER, first); /* late, for whoever had the port before */
        EXPECT(events_of(handle) == SKR_VSOCK_WRITABLE);
        EXPECT(CALL(VICTIM, 0U, skr_vsock_close(VSOCK, handle)) == SKR_OK);
        EXPECT(step() == SKR_OK);
        EXPECT(peer_drain_op(PEER, SKR_VSOCK_OP_SHUTDOWN) == 1U);
        other(SKR_VSOCK_OP_RST, OTHER, port);
        first = port;
    }
    EXPECT(COUNTER(unknown_packets) == 20U);
    EXPECT(peer_drain(PEER) == 0U);
    goes_on(DROPPED);
}

static void adv_v41(void)
{
    comes_up();
    const uint32_t before = places();

    for (uint64_t cid = 3U; cid < 40U; cid++) {
        skr_vsock_packet_t packet = header(SKR_VSOCK_OP_REQUEST);

        packet.src_cid = cid;
        send(&packet, 0U);
    }
    EXPECT(COUNTER(foreign_packets) == 37U);
    EXPECT(places() == before);
    is_ignored(DROPPED);
    goes_on(DROPPED);
}

/* --- every field random --- */

static uint32_t one_of(const uint32_t *list, uint32_t count)
{
    const uint32_t at = hostile_random() % (count + 1U);

    return (at == count) ? hostile_random() : list[at];
}

static uint64_t random_cid(uint32_t right)
{
    const uint32_t dice = hostile_random() % 16U;

    return (dice == 0U) ? (((uint64_t)hostile_random() << 32U) | right) : ((dice == 1U) ? hostile_random() : right);
}

static void random_packet(void)
{
    static const uint32_t ports[] = { HOST_PORT, PORT, 8U, 9U, OTHER, 5000U, 5001U };
    static const uint32_t lengths[] = { 0U, 0U, 1U, 4U, 40U, 64U };
    static const uint32_t credits[] = { 0U, 1U, 4096U, 0x10000U, 0xFFFFFFFFU };
    const uint32_t length = hostile_random() % 65U;
    skr_vsock_packet_t packet;

    packet.src_cid = random_cid(SKR_VSOCK_CID_HOST);
    packet.dst_cid = random_cid(CID);
    packet.src_port = one_of(ports, COUNT(ports));
    packet.dst_port = one_of(ports, COUNT(ports));
    packet.length = ((hostile_random() % 2U) == 0U) ? length : one_of(lengths, COUNT(lengths));
    packet.flags = one_of(lengths, COUNT(lengths));
    packet.buf_alloc = one_of(credits, COUNT(credits));
    packet.fwd_cnt = one_of(lengths, COUNT(lengths));
    packet.type = (uint16_t)(((hostile_random() % 16U) == 0U) ? hostile_random() : 1U);
    packet.op = (uint16_t)(((hostile_random() % 32U) == 0U) ? hostile_random() : (hostile_random() % 9U));
    (void)peer_send_packet(PEER, &packet, bytes, length);
}

/* What holds of every connection, whatever was sent. */
static bool books_are_right(void)
{
    bool right = VSOCK->resets <= SKR_VSOCK_RESET_LIST;

    for (uint32_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
        const skr_flow_t *f = &VSOCK->flow[i];

        right = right && (f->stored <= SKR_VSOCK_WINDOW_BYTES) && (f->head < SKR_VSOCK_WINDOW_BYTES);
        right = right && ((f->state == SKR_FLOW_FREE) || ((f->tx_cnt - f->peer_fwd_cnt) <= SKR_VSOCK_SEND_BYTES_MAX));
    }
    return right;
}

#define HANDLES 8U

/* An application that does this and that. */
static void random_use(skr_vsock_handle_t handles[HANDLES])
{
    skr_vsock_handle_t *handle = &handles[hostile_random() % HANDLES];
    uint32_t number = 0U;
    uint8_t data[64];

    switch (hostile_random() % 8U) {
    case 0U:
        if (*handle == 0U) {
            (void)CALL(VICTIM, 0U, skr_vsock_accept(VSOCK, PORT + (hostile_random() % 2U), handle, &number));
        }
        break;
    case 1U:
        if (*handle == 0U) {
            (void)CALL(VICTIM, 0U, skr_vsock_connect(VSOCK, 5000U + (hostile_random() % 2U), OTHER, 50U, handle));
        }
        break;
    case 2U:
    case 3U:
        (void)CALL(VICTIM, BOUND_VSOCK_SEND, skr_vsock_send(VSOCK, *handle, bytes, hostile_random() % 3000U, &number));
        break;
    case 4U:
    case 5U:
        (void)CALL(VICTIM, 0U, skr_vsock_recv(VSOCK, *handle, data, sizeof data, &number));
        break;
    case 6U:
        (void)CALL(VICTIM, 0U, skr_vsock_shutdown(VSOCK, *handle, hostile_random() % 4U));
        break;
    default:
        (void)(((hostile_random() % 2U) == 0U) ? CALL(VICTIM, 0U, skr_vsock_close(VSOCK, *handle))
                                               : CALL(VICTIM, 0U, skr_vsock_reset(VSOCK, *handle)));
        *handle = 0U;
        break;
    }
}

static void adv_v42(void)
{
    skr_vsock_handle_t handles[HANDLES] = { 0U };
    bool right = true;

    comes_up();
    EXPECT(CALL(VICTIM, 0U, skr_vsock_listen(VSOCK, PORT + 1U, 3U)) == SKR_OK);
    for (uint32_t i = 0U; (i < random_packets) && right; i++) {
        random_packet();
        if ((hostile_random() % 4U) == 0U) {
            random_use(handles);
            right = call_step(VICTIM, hostile_random() % 64U) == SKR_OK;
        }
        if ((hostile_random() % 16U) == 0U) {
            (void)peer_drain(PEER);
        }
        right = right && books_are_right();
    }
    EXPECT(right);
    EXPECT(MODEL->breaches == 0U);
    for (uint32_t i = 0U; i < HANDLES; i++) {
        (void)CALL(VICTIM, 0U, skr_vsock_reset(VSOCK, handles[i]));
    }
    EXPECT(CALL(VICTIM, 0U, skr_vsock_unlisten(VSOCK, PORT)) == SKR_OK);
    EXPECT(CALL(VICTIM, 0U, skr_vsock_unlisten(VSOCK, PORT + 1U)) == SKR_OK);
    (void)CALL(VICTIM, 0U, skr_vsock_reset(VSOCK, VICTIM->handle));
    for (uint32_t i = 0U; i < 20U; i++) {
        (void)peer_drain(PEER);
        EXPECT(call_step(VICTIM, SKR_TICKS_CLOSE / 4U) == SKR_OK);
    }
    EXPECT(places() == 0U); /* none was lost */
    goes_on(CONTAINED);
}

/* 64 KiB to the island from a peer that obeys our credit and never asks for it. */
static void adv_v43(void)
{
    uint32_t sent = 0U;
    uint32_t read = 0U;
    uint32_t credit_left = SKR_VSOCK_WINDOW_BYTES - 4U; /* of the exchange, which is not told of yet */
    uint32_t turns = 0U;

    comes_up();
    while ((read < 0x10000U) && (turns < 1000U)) {
        skr_vsock_packet_t packet = header(SKR_VSOCK_OP_RW);
        uint32_t got = 0U;

        packet.length = (credit_left < 512U) ? credit_left : 512U;
        if (packet.length != 0U) {
            EXPECT(peer_send_packet(PEER, &packet, bytes, packet.length));
            sent += packet.length;
        }
        EXPECT(step() == SKR_OK);
        (void)call_read(VICTIM, bytes, 256U, &got); /* a slow reader: the window fills up again and again */
        read += got;
        EXPECT(step() == SKR_OK);
        while (peer_take(PEER)) {
            EXPECT(PEER->got.op == SKR_VSOCK_OP_CREDIT_UPDATE);
        }
        credit_left = (PEER->got.buf_alloc + PEER->got.fwd_cnt) - (sent + 4U);
        turns++;
    }
    EXPECT(read >= 0x10000U);
    let_go(VICTIM->handle);
    goes_on(CONTAINED);
}

/* The peer's answers are lost, twice; the question is repeated on the tick. */
static void adv_v44(void)
{
    uint32_t taken = 0U;
    uint32_t asked = 0U;

    comes_up();
    credit(8U, VICTIM->taken);
    EXPECT(call_write(VICTIM, bytes, 100U, &taken) == SKR_OK);
    EXPECT(taken == 8U);
    (void)peer_drain(PEER);
    for (uint32_t i = 0U; i < 3U; i++) {
        EXPECT(call_step(VICTIM, SKR_TICKS_CREDIT) == SKR_OK);
        asked += peer_drain_op(PEER, SKR_VSOCK_OP_CREDIT_REQUEST);
        EXPECT(asked == (i + 1U));
        EXPECT(call_write(VICTIM, bytes, 1U, &taken) == SKR_AGAIN);
    }
    VICTIM->taken += 8U;
    credit(0x10000U, VICTIM->taken);
    goes_on(CONTAINED);
}

const row_t rows_vsock[] = {
    ROW(adv_v01), ROW(adv_v02), ROW(adv_v03), ROW(adv_v04), ROW(adv_v05), ROW(adv_v06), ROW(adv_v07), ROW(adv_v08),
    ROW(adv_v09), ROW(adv_v10), ROW(adv_v11), ROW(adv_v12), ROW(adv_v13), ROW(adv_v14), ROW(adv_v15), ROW(adv_v16),
    ROW(adv_v17), ROW(adv_v18), ROW(adv_v19), ROW(adv_v20), ROW(adv_v21), ROW(adv_v22), ROW(adv_v23), ROW(adv_v24),
    ROW(adv_v25), ROW(adv_v26), ROW(adv_v27), ROW(adv_v28), ROW(adv_v31), ROW(adv_v32), ROW(adv_v33), ROW(adv_v34),
    ROW(adv_v35), ROW(adv_v36), ROW(adv_v37), ROW(adv_v38), ROW(adv_v39), ROW(adv_v40), ROW(adv_v41), ROW(adv_v42),
    ROW(adv_v43), ROW(adv_v44), { NULL, NULL } };
