/* SPDX-License-Identifier: BSD-3-Clause */
/* Receiving on vsock: what each packet does, and what a hostile one cannot do. Attacks are named as in the hostile back-end
 * catalogue (ADV-V..). */
#include "vsock_core.h"
#include "vsock_island.h"

#define PORT 1024U
#define HOST_PORT 5000U
#define PAYLOAD_MAX (SKR_VSOCK_BUFFER_BYTES - 44U)

static island_t a;
static uint8_t bytes[0x10000];
static uint32_t number;

static void given_pattern(void)
{
    for (uint32_t n = 0U; n < sizeof bytes; n++) {
        bytes[n] = (uint8_t)((n * 7U) + (n >> 8U));
    }
}

static skr_vsock_handle_t given_accepted(void)
{
    island_run(&a);
    given_pattern();
    return island_accept(&a, PORT, HOST_PORT);
}

/* The connection was cut, and the peer is told just once. */
static void then_cut(skr_vsock_handle_t handle)
{
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RST);
    CHECK_EQUAL(a.peer.got.src_port, PORT);
    CHECK_EQUAL(a.peer.got.dst_port, HOST_PORT);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
    CHECK_EQUAL(island_send(&a, handle, 1U, &number), SKR_RESET);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
    CHECK_EQUAL(a.model.breaches, 0U);
}

/* --- the packet --- */

/* [utest->dsn~vsock.receive~1] technique: boundary value; ADV-V01 */
static void test_vsock_header_longer_than_buffer_resets_connection(void)
{
    static const uint32_t lies[] = { 11U, PAYLOAD_MAX, PAYLOAD_MAX + 1U, 0x7FFFFFFFU, 0xFFFFFFFFU };

    for (size_t n = 0U; n < (sizeof lies / sizeof lies[0]); n++) {
        const skr_vsock_handle_t handle = given_accepted();
        skr_vsock_packet_t packet = peer_header(&a.peer, SKR_VSOCK_OP_RW, HOST_PORT, PORT);
        packet.length = lies[n];

        CHECK(peer_send_packet(&a.peer, &packet, bytes, 10U));

        then_cut(handle);
        CHECK_EQUAL(island_flow(&a, handle)->stored, 0U);
        CHECK_EQUAL(a.v.counters.short_packets, 1U);
        CHECK_EQUAL(a.v.counters.broken_flows, 1U);
    }
}

/* [utest->dsn~vsock.receive~1] technique: error guess; ADV-V01, ADV-V17: a RST that lies about its length ends, and has no answer */
static void test_vsock_rst_longer_than_buffer_is_not_answered(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    skr_vsock_packet_t packet = peer_header(&a.peer, SKR_VSOCK_OP_RST, HOST_PORT, PORT);
    packet.length = 1U;

    CHECK(peer_send_packet(&a.peer, &packet, bytes, 0U));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(peer_drain(&a.peer), 0U);
    CHECK_EQUAL(island_send(&a, handle, 1U, &number), SKR_RESET);
}

/* [utest->dsn~vsock.receive~1] technique: equivalence class; ADV-V02 */
static void test_vsock_bytes_behind_payload_are_not_data(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    uint8_t got[32];
    skr_vsock_packet_t packet = peer_header(&a.peer, SKR_VSOCK_OP_RW, HOST_PORT, PORT);
    packet.length = 4U;

    CHECK(peer_send_packet(&a.peer, &packet, bytes, 20U));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(island_recv(&a, handle, got, sizeof got, &number), SKR_OK);
    CHECK_EQUAL(number, 4U);
    CHECK_BYTES(got, bytes, 4U);
    CHECK_EQUAL(island_recv(&a, handle, got, sizeof got, &number), SKR_AGAIN);
}

/* [utest->dsn~vsock.receive~1] technique: boundary value; one byte short of a header, and every shorter one */
static void test_vsock_packet_shorter_than_header_is_counted_and_dropped(void)
{
    const skr_vsock_handle_t handle = given_accepted();

    for (uint32_t length = 0U; length < 44U; length++) {
        CHECK(model_receive(&a.model, SKR_VSOCK_RX, bytes, length));
        CHECK_EQUAL(island_step(&a), SKR_OK);
    }

    CHECK_EQUAL(a.v.counters.short_packets, 44U);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_WRITABLE);
    CHECK_EQUAL(model_waiting(&a.model, SKR_VSOCK_RX), SKR_VSOCK_RX_COUNT);
}

/* [utest->dsn~vsock.receive~1] technique: fault injection; ADV-V09: every buffer held a good packet before */
static void test_vsock_buffer_returned_unwritten_replays_nothing(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    for (uint32_t n = 0U; n < (2U * SKR_VSOCK_RX_COUNT); n++) {
        CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, bytes, 4U));
        CHECK_EQUAL(island_step(&a), SKR_OK);
    }
    const uint32_t stored = island_flow(&a, handle)->stored;

    for (uint32_t n = 0U; n < SKR_VSOCK_RX_COUNT; n++) {
        model_push_used(&a.model, SKR_VSOCK_RX, model_pop_avail(&a.model, SKR_VSOCK_RX), 48U);
    }
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(island_flow(&a, handle)->stored, stored);
    CHECK_EQUAL(a.v.counters.foreign_packets, SKR_VSOCK_RX_COUNT);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
}

/* [utest->dsn~vsock.step~1] technique: fault injection; ADV-V09: what an earlier life never took is not replayed to the next one */
static void test_vsock_buffer_returned_unwritten_after_new_start_replays_nothing(void)
{
    for (uint32_t k = 0U; k < 2U; k++) {
        island_open(&a, (k == 0U) ? SKR_TRANSPORT_MMIO_V2 : SKR_TRANSPORT_MMIO_V1, false, 0U);
        island_start(&a);
        REQUIRE_EQUAL(skr_vsock_listen(&a.v, PORT, 1U), SKR_OK);
        while (peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, HOST_PORT, PORT)) {
            /* into every buffer */
        }
        island_start(&a);
        for (uint32_t n = 0U; n < SKR_VSOCK_RX_COUNT; n++) {
            model_push_used(&a.model, SKR_VSOCK_RX, model_pop_avail(&a.model, SKR_VSOCK_RX), 44U);
        }

        CHECK_EQUAL(island_step(&a), SKR_OK);

        CHECK_EQUAL(a.v.counters.foreign_packets, SKR_VSOCK_RX_COUNT);
        CHECK_EQUAL(island_places(&a), 0U);
        CHECK_EQUAL(peer_drain(&a.peer), 0U);
        CHECK_EQUAL(a.model.breaches, 0U);
    }
}

/* [utest->dsn~vsock.receive~1] technique: boundary value; ADV-V07, ADV-V08, ADV-V41: all 64 bits of both CIDs count, and a
 * stranger with the ports of a connection is not its peer */
static void test_vsock_packet_with_foreign_cid_is_dropped_without_answer(void)
{
    static const struct { uint64_t src; uint64_t dst; } table[] = {
        { 0U, CID }, { 1U, CID }, { CID, CID }, { 4U, CID }, { 0x100000002ULL, CID }, { 0x8000000000000002ULL, CID },
        { 0xFFFFFFFFU, CID }, { ~0ULL, CID }, { 2U, 0U }, { 2U, 2U }, { 2U, 4U }, { 2U, 0x100000003ULL },
        { 2U, 0x8000000000000003ULL }, { 2U, 0xFFFFFFFFU }, { 2U, ~0ULL } };
    const skr_vsock_handle_t handle = given_accepted();

    for (size_t n = 0U; n < (sizeof table / sizeof table[0]); n++) {
        for (uint16_t op = 0U; op <= 8U; op++) {
            skr_vsock_packet_t packet = peer_header(&a.peer, op, HOST_PORT, PORT);
            packet.src_cid = table[n].src;
            packet.dst_cid = table[n].dst;
            CHECK(peer_send_packet(&a.peer, &packet, NULL, 0U));
            packet.src_port++; /* and for no connection */
            CHECK(peer_send_packet(&a.peer, &packet, NULL, 0U));
            CHECK_EQUAL(island_step(&a), SKR_OK);
        }
    }

    CHECK_EQUAL(a.v.counters.foreign_packets, 18U * (sizeof table / sizeof table[0]));
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_WRITABLE);
    CHECK_EQUAL(island_places(&a), 1U);
}

/* [utest->dsn~vsock.receive~1] technique: boundary value; ADV-V06: VIRTIO 1.4 wants a RST; a RST itself has none */
static void test_vsock_packet_of_unknown_type_is_answered_by_rst_unless_rst(void)
{
    static const uint16_t types[] = { 0U, 2U, 3U, 0x100U, 0xFFFFU };
    island_run(&a);

    for (size_t n = 0U; n < (sizeof types / sizeof types[0]); n++) {
        skr_vsock_packet_t packet = peer_header(&a.peer, SKR_VSOCK_OP_REQUEST, HOST_PORT, PORT);
        packet.type = types[n];

        CHECK(peer_send_packet(&a.peer, &packet, NULL, 0U));
        CHECK_EQUAL(island_step(&a), SKR_OK);
        CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RST);
        CHECK_EQUAL(a.peer.got.src_port, PORT);
        CHECK_EQUAL(a.peer.got.dst_port, HOST_PORT);
        packet.op = SKR_VSOCK_OP_RST;
        CHECK(peer_send_packet(&a.peer, &packet, NULL, 0U));
        CHECK_EQUAL(island_step(&a), SKR_OK);
        CHECK_EQUAL(peer_drain(&a.peer), 0U);
    }

    CHECK_EQUAL(a.v.counters.odd_packets, 2U * (sizeof types / sizeof types[0]));
}

/* [utest->dsn~vsock.receive~1] technique: equivalence class; ADV-V03: the operation counts, the payload does not */
static void test_vsock_payload_of_control_packet_is_ignored_and_counted(void)
{
    static const uint16_t ops[] = { SKR_VSOCK_OP_INVALID, SKR_VSOCK_OP_RESPONSE, SKR_VSOCK_OP_CREDIT_UPDATE,
                                    SKR_VSOCK_OP_CREDIT_REQUEST, SKR_VSOCK_OP_SHUTDOWN };
    const skr_vsock_handle_t handle = given_accepted();

    for (uint32_t n = 0U; n < (sizeof ops / sizeof ops[0]); n++) {
        skr_vsock_packet_t packet = peer_header(&a.peer, ops[n], HOST_PORT, PORT);
        packet.length = 8U;
        packet.flags = SKR_VSOCK_SHUTDOWN_SEND;
        CHECK(peer_send_packet(&a.peer, &packet, bytes, 8U));
        CHECK_EQUAL(island_step(&a), SKR_OK);
        CHECK_EQUAL(a.v.counters.odd_packets, n + 1U);
    }

    CHECK_EQUAL(peer_drain_op(&a.peer, SKR_VSOCK_OP_CREDIT_UPDATE), 1U);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_WRITABLE | SKR_VSOCK_HANGUP);
}

/* [utest->dsn~vsock.receive~1] technique: equivalence class; ADV-V04: as vhost-device sends it; its credit is used */
static void test_vsock_operation_0_is_tolerated_and_its_credit_used(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    a.peer.buf_alloc = 0U;
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_CREDIT_UPDATE, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(island_events(&a, handle), 0U);

    a.peer.buf_alloc = 100U;
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_INVALID, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_WRITABLE);
    CHECK_EQUAL(a.v.counters.odd_packets, 1U);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
}

/* [utest->dsn~vsock.receive~1] technique: boundary value; ADV-V05 */
static void test_vsock_unknown_operation_cuts_connection_or_is_answered_by_rst(void)
{
    static const uint16_t ops[] = { 8U, 9U, 0x100U, 0x105U, 0x7FFFU, 0x8000U, 0xFFFFU };

    for (size_t n = 0U; n < (sizeof ops / sizeof ops[0]); n++) {
        const skr_vsock_handle_t handle = given_accepted();
        CHECK(peer_send(&a.peer, ops[n], HOST_PORT, PORT));
        then_cut(handle);
        CHECK_EQUAL(a.v.counters.broken_flows, 1U);
        CHECK(peer_send(&a.peer, ops[n], HOST_PORT + 1U, PORT));
        CHECK_EQUAL(island_step(&a), SKR_OK);
        CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RST);
        CHECK_EQUAL(a.v.counters.unknown_packets, 1U);
    }
}

/* --- in the wrong state --- */

/* [utest->dsn~vsock.receive~1] technique: equivalence class; ADV-V10: the peer cannot know of credit yet */
static void test_vsock_data_before_response_cuts_connection(void)
{
    skr_vsock_handle_t handle = 0U;
    island_run(&a);
    REQUIRE_EQUAL(skr_vsock_listen(&a.v, PORT, 1U), SKR_OK);

    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, HOST_PORT, PORT));
    CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, bytes, 1U));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RST);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
    CHECK_EQUAL(island_places(&a), 0U);
    CHECK_EQUAL(skr_vsock_accept(&a.v, PORT, &handle, &number), SKR_AGAIN);
    REQUIRE_EQUAL(skr_vsock_connect(&a.v, PORT, HOST_PORT, LONG, &handle), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_REQUEST);
    CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, bytes, 1U));
    then_cut(handle);
}

/* [utest->dsn~vsock.receive~1] technique: equivalence class; after RESPONSE, before accept: the application finds it later */
static void test_vsock_data_before_accept_is_kept(void)
{
    skr_vsock_handle_t handle = 0U;
    uint8_t got[4];
    island_run(&a);
    REQUIRE_EQUAL(skr_vsock_listen(&a.v, PORT, 1U), SKR_OK);
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, "soon", 4U));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    REQUIRE_EQUAL(skr_vsock_accept(&a.v, PORT, &handle, &number), SKR_OK);

    CHECK_EQUAL(island_recv(&a, handle, got, 4U, &number), SKR_OK);
    CHECK_BYTES(got, "soon", 4U);
}

/* [utest->dsn~vsock.receive~1] technique: equivalence class; ADV-V11 */
static void test_vsock_data_after_end_is_answered_by_one_rst(void)
{
    const skr_vsock_handle_t handle = given_accepted();

    CHECK(peer_send_shutdown(&a.peer, HOST_PORT, PORT, SKR_VSOCK_SHUTDOWN_SEND));
    CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, bytes, 1U));
    then_cut(handle);
    CHECK_EQUAL(island_flow(&a, handle)->stored, 0U);

    CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, bytes, 1U)); /* after our RST */
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RST);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
    CHECK_EQUAL(a.v.counters.unknown_packets, 1U);
}

/* [utest->dsn~vsock.receive~1] technique: equivalence class; ADV-V12 */
static void test_vsock_response_unasked_is_refused_twice_is_ignored(void)
{
    island_run(&a);
    REQUIRE_EQUAL(skr_vsock_listen(&a.v, PORT, 1U), SKR_OK);
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RESPONSE, HOST_PORT, PORT));      /* to a listening port */
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RESPONSE, HOST_PORT, PORT + 9U)); /* to nobody */
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_drain_op(&a.peer, SKR_VSOCK_OP_RST), 2U);
    const skr_vsock_handle_t handle = island_connect(&a, 700U, HOST_PORT);

    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RESPONSE, HOST_PORT, 700U));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(peer_drain(&a.peer), 0U);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_WRITABLE);
    CHECK_EQUAL(a.v.counters.odd_packets, 1U);
}

/* [utest->dsn~vsock.receive~1] technique: error guess; a RESPONSE to a REQUEST that has not gone out yet */
static void test_vsock_response_before_request_cuts_connection(void)
{
    skr_vsock_handle_t handle = 0U;
    island_run(&a);
    REQUIRE_EQUAL(skr_vsock_connect(&a.v, PORT, HOST_PORT, LONG, &handle), SKR_OK);

    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RESPONSE, HOST_PORT, PORT));

    then_cut(handle);
}

/* [utest->dsn~vsock.receive~1] technique: equivalence class; ADV-V13: no second place */
static void test_vsock_request_for_established_tuple_cuts_connection(void)
{
    const skr_vsock_handle_t handle = given_accepted();

    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, HOST_PORT, PORT));

    then_cut(handle);
    CHECK_EQUAL(island_places(&a), 1U);
    CHECK_EQUAL(skr_vsock_close(&a.v, handle), SKR_OK);
    (void)island_accept(&a, PORT, HOST_PORT); /* the tuple can be used again */
}

/* [utest->dsn~vsock.receive~1] technique: equivalence class; ADV-V19 */
static void test_vsock_credit_packets_before_response_are_taken(void)
{
    skr_vsock_handle_t handle = 0U;
    island_run(&a);
    REQUIRE_EQUAL(skr_vsock_connect(&a.v, PORT, HOST_PORT, LONG, &handle), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_REQUEST);

    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_CREDIT_UPDATE, HOST_PORT, PORT));
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_CREDIT_REQUEST, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_CREDIT_UPDATE);
    CHECK_EQUAL(a.peer.got.buf_alloc, SKR_VSOCK_WINDOW_BYTES);
    CHECK_EQUAL(island_events(&a, handle), 0U);
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RESPONSE, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_WRITABLE);
}

/* [utest->dsn~vsock.receive~1] technique: equivalence class; ADV-V31: flags mean nothing in a stream */
static void test_vsock_flags_of_stream_data_are_ignored(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    static const uint32_t flags[] = { 1U, 2U, 3U, 4U, 0x80000000U, 0xFFFFFFFFU };

    for (size_t n = 0U; n < (sizeof flags / sizeof flags[0]); n++) {
        uint8_t got[4];
        skr_vsock_packet_t packet = peer_header(&a.peer, SKR_VSOCK_OP_RW, HOST_PORT, PORT);
        packet.flags = flags[n];
        packet.length = 2U;
        CHECK(peer_send_packet(&a.peer, &packet, bytes, 2U));
        CHECK_EQUAL(island_step(&a), SKR_OK);
        CHECK_EQUAL(island_recv(&a, handle, got, 4U, &number), SKR_OK);
        CHECK_EQUAL(number, 2U);
    }
}

/* [utest->dsn~vsock.receive~1] technique: equivalence class; ADV-V32, ADV-V33: flags add up, unknown ones do not count */
static void test_vsock_shutdown_flags_add_up_to_the_end(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    uint8_t got[4];

    CHECK(peer_send_shutdown(&a.peer, HOST_PORT, PORT, 0U));
    CHECK(peer_send_shutdown(&a.peer, HOST_PORT, PORT, 0xFFFFFFFCU));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(a.v.counters.odd_packets, 2U);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_WRITABLE);

    CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, "tail", 4U));
    CHECK(peer_send_shutdown(&a.peer, HOST_PORT, PORT, SKR_VSOCK_SHUTDOWN_RECEIVE));
    CHECK(peer_send_shutdown(&a.peer, HOST_PORT, PORT, SKR_VSOCK_SHUTDOWN_RECEIVE)); /* said twice */
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_READABLE);
    CHECK_EQUAL(island_send(&a, handle, 1U, &number), SKR_CLOSED);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);

    CHECK(peer_send_shutdown(&a.peer, HOST_PORT, PORT, SKR_VSOCK_SHUTDOWN_SEND | 0x10U));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RST); /* both directions: the end, VIRTIO 1.4, 5.10.6.6 */
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_READABLE | SKR_VSOCK_HANGUP);
    CHECK_EQUAL(island_recv(&a, handle, got, 4U, &number), SKR_OK);
    CHECK_BYTES(got, "tail", 4U);
    CHECK_EQUAL(island_recv(&a, handle, got, 4U, &number), SKR_CLOSED);

    CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, bytes, 1U));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RST);
}

/* --- credit that we give --- */

/* [utest->dsn~vsock.receive~1] technique: boundary value; ADV-V26 */
static void test_vsock_data_up_to_window_is_kept_one_more_byte_cuts(void)
{
    static uint8_t got[SKR_VSOCK_WINDOW_BYTES];
    const skr_vsock_handle_t handle = given_accepted();
    uint32_t sent = 0U;

    while (sent < SKR_VSOCK_WINDOW_BYTES) {
        const uint32_t left = SKR_VSOCK_WINDOW_BYTES - sent;
        const uint32_t part = (left < PAYLOAD_MAX) ? left : PAYLOAD_MAX;
        CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, &bytes[sent], part));
        CHECK_EQUAL(island_step(&a), SKR_OK);
        sent += part;
    }
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
    CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, bytes, 0U));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);

    CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, bytes, 1U));

    then_cut(handle);
    CHECK_EQUAL(island_recv(&a, handle, got, sizeof got, &number), SKR_OK); /* what was within credit is not lost */
    CHECK_EQUAL(number, SKR_VSOCK_WINDOW_BYTES);
    CHECK_BYTES(got, bytes, SKR_VSOCK_WINDOW_BYTES);
    CHECK_EQUAL(island_recv(&a, handle, got, sizeof got, &number), SKR_RESET);
}

/* [utest->dsn~vsock.receive~1] technique: error guess; ADV-V27: no cost per packet but its bytes */
static void test_vsock_window_full_of_one_byte_packets_is_kept(void)
{
    static uint8_t got[SKR_VSOCK_WINDOW_BYTES];
    const skr_vsock_handle_t handle = given_accepted();

    for (uint32_t n = 0U; n < SKR_VSOCK_WINDOW_BYTES; n++) {
        CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, &bytes[n], 1U));
        CHECK_EQUAL(island_step(&a), SKR_OK);
    }

    CHECK_EQUAL(island_recv(&a, handle, got, sizeof got, &number), SKR_OK);
    CHECK_EQUAL(number, SKR_VSOCK_WINDOW_BYTES);
    CHECK_BYTES(got, bytes, SKR_VSOCK_WINDOW_BYTES);
}

/* [utest->dsn~vsock.receive~1] technique: error guess; ADV-V28 */
static void test_vsock_flood_of_empty_data_costs_no_storage(void)
{
    const skr_vsock_handle_t handle = given_accepted();

    for (uint32_t n = 0U; n < 5000U; n++) {
        skr_vsock_packet_t packet = peer_header(&a.peer, SKR_VSOCK_OP_RW, HOST_PORT, PORT);
        packet.flags = n % 4U;
        CHECK(peer_send_packet(&a.peer, &packet, NULL, 0U));
        CHECK_EQUAL(island_step(&a), SKR_OK);
    }

    CHECK_EQUAL(island_flow(&a, handle)->stored, 0U);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_WRITABLE);
}

/* [utest->dsn~vsock.receive~1] [utest->dsn~vsock.settle~2] technique: error guess; ADV-V18: one answer a step, however many asked */
static void test_vsock_flood_of_credit_requests_gets_one_update_a_step(void)
{
    (void)given_accepted();

    for (uint32_t n = 0U; n < 100U; n++) {
        for (uint32_t k = 0U; k < SKR_VSOCK_STEP_PACKETS; k++) {
            CHECK(peer_send(&a.peer, SKR_VSOCK_OP_CREDIT_REQUEST, HOST_PORT, PORT));
        }
        CHECK_EQUAL(island_step(&a), SKR_OK);
        CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_CREDIT_UPDATE);
        CHECK_EQUAL(peer_drain(&a.peer), 0U);
    }
}

/* [utest->dsn~vsock.receive~1] [utest->dsn~vsock.recv~1] technique: random: packets of any size cross the end of the ring
 * anywhere, and are read in pieces of any size */
static void test_vsock_ring_of_connection_wraps_without_a_byte_wrong(void)
{
    static uint8_t got[SKR_VSOCK_WINDOW_BYTES];
    const skr_vsock_handle_t handle = given_accepted();
    uint32_t state = 20240607U;
    uint32_t sent = 0U;
    uint32_t read = 0U;

    while (sent < (sizeof bytes - PAYLOAD_MAX)) {
        const uint32_t room = SKR_VSOCK_WINDOW_BYTES - (sent - read);
        const uint32_t wish = test_random(&state) % (PAYLOAD_MAX + 1U);
        const uint32_t part = (wish < room) ? wish : room;
        CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, &bytes[sent], part));
        CHECK_EQUAL(island_step(&a), SKR_OK);
        sent += part;
        (void)island_recv(&a, handle, got, test_random(&state) % (SKR_VSOCK_WINDOW_BYTES + 1U), &number);
        CHECK_BYTES(got, &bytes[read], number);
        read += number;
        (void)peer_drain(&a.peer);
    }

    (void)island_recv(&a, handle, got, sizeof got, &number);
    CHECK_BYTES(got, &bytes[read], number);
    CHECK_EQUAL(read + number, sent);
    CHECK_EQUAL(a.v.counters.broken_flows, 0U);
}

/* --- requests --- */

/* [utest->dsn~vsock.receive~1] technique: equivalence class; ADV-V14 */
static void test_vsock_request_without_listener_is_answered_by_rst(void)
{
    island_run(&a);

    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RST);
    CHECK_EQUAL(a.v.counters.requests_refused, 1U);
    CHECK_EQUAL(island_places(&a), 0U);
}

/* [utest->dsn~vsock.receive~1] technique: boundary value; ADV-V15: the bound of a backlog, then that of the table */
static void test_vsock_flood_of_requests_fills_backlogs_and_no_more(void)
{
    skr_vsock_handle_t handle = 0U;
    uint32_t refused = 0U;
    island_run(&a);
    REQUIRE_EQUAL(skr_vsock_listen(&a.v, PORT, 2U), SKR_OK);
    REQUIRE_EQUAL(skr_vsock_listen(&a.v, PORT + 1U, SKR_VSOCK_CONNECTIONS), SKR_OK);

    for (uint32_t n = 0U; n < 100U; n++) {
        CHECK(peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, HOST_PORT + n, PORT));
        CHECK_EQUAL(island_step(&a), SKR_OK);
        CHECK_EQUAL(peer_take_op(&a.peer), (n < 2U) ? SKR_VSOCK_OP_RESPONSE : SKR_VSOCK_OP_RST);
        refused += (n < 2U) ? 0U : 1U;
    }
    CHECK_EQUAL(island_places(&a), 2U);
    for (uint32_t n = 0U; n < 100U; n++) {
        const bool fits = n < (SKR_VSOCK_CONNECTIONS - 2U);
        CHECK(peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, HOST_PORT + n, PORT + 1U));
        CHECK_EQUAL(island_step(&a), SKR_OK);
        CHECK_EQUAL(peer_take_op(&a.peer), fits ? SKR_VSOCK_OP_RESPONSE : SKR_VSOCK_OP_RST);
        refused += fits ? 0U : 1U;
    }

    CHECK_EQUAL(a.v.counters.requests_refused, refused);
    CHECK_EQUAL(island_places(&a), SKR_VSOCK_CONNECTIONS);
    CHECK_EQUAL(skr_vsock_accept(&a.v, PORT, &handle, &number), SKR_OK);
    CHECK_EQUAL(number, HOST_PORT);
    CHECK_EQUAL(skr_vsock_accept(&a.v, PORT, &handle, &number), SKR_OK);
    CHECK_EQUAL(skr_vsock_accept(&a.v, PORT, &handle, &number), SKR_AGAIN);
    CHECK_EQUAL(a.model.breaches, 0U);
}

/* [utest->dsn~vsock.receive~1] [utest->dsn~vsock.settle~2] technique: error guess; ADV-V16, in one step and in two */
static void test_vsock_request_and_rst_repeated_leaks_no_place(void)
{
    skr_vsock_handle_t handle = 0U;
    bool good = true;
    island_run(&a);
    REQUIRE_EQUAL(skr_vsock_listen(&a.v, PORT, SKR_VSOCK_CONNECTIONS), SKR_OK);

    for (uint32_t n = 0U; n < 100000U; n++) {
        good = good && peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, n, PORT);
        if ((n % 2U) == 0U) {
            good = good && (island_step(&a) == SKR_OK) && (island_places(&a) == 1U);
        }
        good = good && peer_send(&a.peer, SKR_VSOCK_OP_RST, n, PORT);
        good = good && (island_step(&a) == SKR_OK) && (island_places(&a) == 0U);
        (void)peer_drain(&a.peer);
    }

    CHECK(good);
    CHECK_EQUAL(skr_vsock_accept(&a.v, PORT, &handle, &number), SKR_AGAIN);
    for (uint32_t n = 0U; n < SKR_VSOCK_CONNECTIONS; n++) {
        (void)island_accept(&a, PORT, n);
    }
    CHECK_EQUAL(a.model.breaches, 0U);
}

/* [utest->dsn~vsock.receive~1] technique: error guess; ADV-V17 */
static void test_vsock_flood_of_rst_is_never_answered(void)
{
    uint32_t most = 0U;
    island_run(&a);

    for (uint32_t n = 0U; n < 1000U; n++) {
        for (uint32_t k = 0U; k < SKR_VSOCK_RX_COUNT; k++) {
            CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RST, n + k, PORT));
        }
        hook_count_from_here();
        CHECK_EQUAL(island_step(&a), SKR_OK);
        most = ((hook_reads() + hook_writes()) > most) ? (hook_reads() + hook_writes()) : most;
    }

    CHECK_EQUAL(peer_drain(&a.peer), 0U);
    CHECK_EQUAL(a.v.counters.unknown_packets, 1000U * SKR_VSOCK_RX_COUNT);
    CHECK_EQUAL(a.v.counters.resets_dropped, 0U);
    CHECK(most <= (16U + (20U * SKR_VSOCK_RX_COUNT) + 4U));
}

/* [utest->dsn~vsock.receive~1] technique: boundary value: the list of owed RST just full, and one more */
static void test_vsock_rst_owed_beyond_the_list_is_dropped_and_counted(void)
{
    island_run(&a);

    for (uint32_t n = 0U; n < SKR_VSOCK_RESET_LIST; n++) {
        CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RW, n, 1U));
    }
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(a.v.counters.resets_dropped, 0U);
    CHECK_EQUAL(peer_drain_op(&a.peer, SKR_VSOCK_OP_RST), SKR_VSOCK_RESET_LIST);
    for (uint32_t n = 0U; n < (SKR_VSOCK_RESET_LIST + 1U); n++) {
        CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RW, n, 1U));
    }
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(a.v.counters.resets_dropped, 1U);
    CHECK_EQUAL(peer_drain_op(&a.peer, SKR_VSOCK_OP_RST), SKR_VSOCK_RESET_LIST);
}

/* --- ends while waiting to be accepted --- */

/* [utest->dsn~vsock.receive~1] [utest->dsn~vsock.accept~1] technique: equivalence class: an orderly end with data is still of use,
 * one without is not, nor is a cut */
static void test_vsock_end_in_backlog_keeps_only_connections_with_data_in_order(void)
{
    skr_vsock_handle_t handle = 0U;
    uint8_t got[8];
    island_run(&a);
    REQUIRE_EQUAL(skr_vsock_listen(&a.v, PORT, SKR_VSOCK_CONNECTIONS), SKR_OK);
    for (uint32_t n = 1U; n <= 4U; n++) {
        CHECK(peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, n, PORT));
    }
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_drain_op(&a.peer, SKR_VSOCK_OP_RESPONSE), 4U);

    CHECK(peer_send_data(&a.peer, 1U, PORT, "kept", 4U));
    CHECK(peer_send_shutdown(&a.peer, 1U, PORT, 3U));
    CHECK(peer_send_shutdown(&a.peer, 2U, PORT, 3U));
    CHECK(peer_send_data(&a.peer, 3U, PORT, "lost", 4U));
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RST, 3U, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(peer_drain_op(&a.peer, SKR_VSOCK_OP_RST), 2U);
    CHECK_EQUAL(island_places(&a), 2U);
    CHECK_EQUAL(skr_vsock_accept(&a.v, PORT, &handle, &number), SKR_OK);
    CHECK_EQUAL(number, 1U);
    CHECK_EQUAL(island_recv(&a, handle, got, sizeof got, &number), SKR_OK);
    CHECK_BYTES(got, "kept", 4U);
    CHECK_EQUAL(island_recv(&a, handle, got, sizeof got, &number), SKR_CLOSED);
    CHECK_EQUAL(skr_vsock_accept(&a.v, PORT, &handle, &number), SKR_OK);
    CHECK_EQUAL(number, 4U);
    CHECK_EQUAL(skr_vsock_accept(&a.v, PORT, &handle, &number), SKR_AGAIN);
}

/* --- the ring --- */

/* [utest->dsn~vsock.receive~1] technique: fault injection: each check of the ring, behind one good packet */
static void test_vsock_receive_ring_broken_is_fault_and_latched(void)
{
    for (uint32_t n = 0U; n < 4U; n++) {
        const skr_vsock_handle_t handle = given_accepted();
        skr_cause_t cause = SKR_CAUSE_USED_INDEX;
        CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, bytes, 10U));
        if (n == 0U) {
            model_raw_used_idx(&a.model, SKR_VSOCK_RX,
                               (uint16_t)(model_raw_get_used_idx(&a.model, SKR_VSOCK_RX) + SKR_VSOCK_RX_COUNT));
        } else if (n == 1U) {
            model_raw_push(&a.model, SKR_VSOCK_RX, SKR_VSOCK_RX_COUNT, 44U);
            cause = SKR_CAUSE_USED_ID;
        } else if (n == 2U) {
            const uint16_t id = model_pop_avail(&a.model, SKR_VSOCK_RX);
            model_raw_push(&a.model, SKR_VSOCK_RX, id, 44U);
            model_raw_push(&a.model, SKR_VSOCK_RX, id, 44U); /* reposted in between: see below */
            cause = SKR_CAUSE_NONE;
        } else {
            model_raw_push(&a.model, SKR_VSOCK_RX, model_pop_avail(&a.model, SKR_VSOCK_RX), SKR_VSOCK_BUFFER_BYTES + 1U);
            cause = SKR_CAUSE_USED_LENGTH;
        }

        /* A receive buffer is posted again as soon as it was read, so that "twice" is a buffer that the device does hold. */
        CHECK_EQUAL(island_step(&a), (n == 2U) ? SKR_OK : SKR_FAULT);

        CHECK_EQUAL(skr_vsock_cause(&a.v), cause);
        if (n != 2U) {
            then_every_call_faults(&a, handle, PORT);
        }
    }
}

/* [utest->dsn~vsock.receive~1] technique: boundary value: as many packets as a step takes, then more than that */
static void test_vsock_step_takes_a_bounded_number_of_packets(void)
{
    (void)given_accepted();
    for (uint32_t n = 0U; n < SKR_VSOCK_STEP_PACKETS; n++) {
        CHECK(peer_send(&a.peer, SKR_VSOCK_OP_CREDIT_UPDATE, HOST_PORT, PORT));
    }
    const uint32_t before = a.v.counters.packets_received;

    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(a.v.counters.packets_received, before + SKR_VSOCK_STEP_PACKETS);
    CHECK_EQUAL(model_waiting(&a.model, SKR_VSOCK_RX), SKR_VSOCK_RX_COUNT);
}

/* A device that returns every buffer the moment it is posted: the script sees the library's look at used.idx. */
static void push_for_ever(void *context, const hook_access_t *access)
{
    island_t *i = context;
    const skr_virtq_t *q = &i->v.device.virtq[SKR_VSOCK_RX];

    if ((!access->write) && (access->base == q->base) && (access->offset == (q->used + 2U))) {
        for (uint16_t n = 0U; n < q->count; n++) {
            if (q->owner[n] == SKR_VIRTQ_DEVICE) {
                model_raw_element(&i->model, SKR_VSOCK_RX, q->last_used, n, 44U);
                model_raw_used_idx(&i->model, SKR_VSOCK_RX, (uint16_t)(q->last_used + 1U));
                break;
            }
        }
    }
}

/* [utest->dsn~vsock.receive~1] technique: fault injection; a device faster than the island does not hold it in a call */
static void test_vsock_device_returning_buffers_without_end_does_not_hold_a_step(void)
{
    (void)given_accepted();
    const uint32_t before = a.v.counters.packets_received;
    hook_script(push_for_ever, &a);
    hook_count_from_here();

    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(a.v.counters.packets_received, before + SKR_VSOCK_STEP_PACKETS);
    CHECK((hook_reads() + hook_writes()) <= (16U + (20U * SKR_VSOCK_STEP_PACKETS) + 4U));
}

/* [utest->dsn~vsock.receive~1] technique: fault injection: the device changes the header after each access of the step; every
 * word is read once, so that what was checked is what is used (the sanitizers watch the copies) */
static void test_vsock_header_changed_between_any_two_accesses_does_no_harm(void)
{
    static const uint8_t evil[4] = { 0xFFU, 0xFFU, 0xFFU, 0xFFU };

    for (uint32_t word = 0U; word < 11U; word++) {
        bool came = true;
        for (uint32_t n = 1U; came; n++) {
            const skr_vsock_handle_t handle = given_accepted();
            const uint16_t id = model_avail_slot(&a.model, SKR_VSOCK_RX, a.model.queues[SKR_VSOCK_RX].next_avail);
            bool writable = false;
            uint32_t room = 0U;
            uint8_t *buffer = model_buffer(&a.model, SKR_VSOCK_RX, id, &room, &writable);
            CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, bytes, 100U));

            hook_poke_at(n, &buffer[4U * word], evil, 4U);
            CHECK_EQUAL(island_step(&a), SKR_OK);

            came = hook_poked();
            const skr_flow_t *f = island_flow(&a, handle);
            CHECK((f->stored == 0U) || ((f->stored == 100U) && (memcmp(f->data, bytes, 100U) == 0)));
        }
    }
    CHECK_EQUAL(a.model.breaches, 0U);
}

/* --- receiving while nothing can be sent --- */

/* [utest->dsn~vsock.receive~1] [utest->dsn~vsock.settle~2] technique: fault injection; ADV-V39: the device never takes what is
 * sent, and sends what needs replies */
static void test_vsock_receiving_goes_on_while_transmit_ring_is_full(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    uint8_t got[16];
    uint32_t taken = 0U;
    CHECK_EQUAL(island_send(&a, handle, 0x10000U, &taken), SKR_OK);
    for (uint32_t n = 0U; n < 500U; n++) {
        CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RW, n, 1U));                          /* for nobody */
        CHECK(peer_send(&a.peer, SKR_VSOCK_OP_CREDIT_REQUEST, HOST_PORT, PORT));
        CHECK_EQUAL(island_step(&a), SKR_OK);
    }
    CHECK_EQUAL(a.v.device.virtq[SKR_VSOCK_TX].free_count, 0U);
    CHECK_EQUAL(a.v.resets, SKR_VSOCK_RESET_LIST);

    CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, "go on", 5U));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(island_recv(&a, handle, got, sizeof got, &number), SKR_OK);
    CHECK_BYTES(got, "go on", 5U);
    CHECK(a.v.counters.resets_dropped > 400U);
    (void)peer_drain(&a.peer);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_drain(&a.peer), SKR_VSOCK_RESET_LIST + 1U); /* what is owed is not forgotten */
    CHECK_EQUAL(a.model.breaches, 0U);
}

/* --- random --- */

/* One call of an application that does not care what came of the last one. */
static skr_status_t random_call(skr_vsock_handle_t *handle, uint32_t which, uint32_t random)
{
    const uint32_t wish = random / 64U;
    uint8_t got[256];
    skr_status_t status = SKR_OK;

    switch (random % 6U) {
    case 0U:
        status = skr_vsock_close(&a.v, *handle); /* or the test itself would lose a place */
        status = (status == SKR_FAULT) ? status : skr_vsock_accept(&a.v, 1U + (which % 2U), handle, &number);
        break;
    case 1U:
        status = skr_vsock_close(&a.v, *handle);
        status = (status == SKR_FAULT) ? status : skr_vsock_connect(&a.v, which, wish % 4U, 500U, handle);
        break;
    case 2U:
        status = island_send(&a, *handle, wish % 3000U, &number);
        break;
    case 3U:
        status = island_recv(&a, *handle, got, sizeof got, &number);
        break;
    case 4U:
        status = skr_vsock_shutdown(&a.v, *handle, wish % 4U);
        break;
    default:
        status = skr_vsock_reset(&a.v, *handle);
        break;
    }
    return status;
}

/* [utest->dsn~vsock.receive~1] [utest->dsn~vsock.step~1] technique: random; ADV-V42: every field random, near what matters; the
 * application calls at random as well */
static void test_vsock_random_packets_stay_within_bounds(void)
{
    static const uint64_t cids[] = { 2U, 2U, 2U, 2U, 2U, 2U, 2U, 3U, 0x100000002ULL, 0U };
    uint32_t state = 0xC0FFEEU;
    uint32_t most = 0U;
    bool good = true;
    skr_vsock_handle_t handle[4] = { 0U, 0U, 0U, 0U };
    island_run(&a);
    given_pattern();
    REQUIRE_EQUAL(skr_vsock_listen(&a.v, 1U, 3U), SKR_OK);
    REQUIRE_EQUAL(skr_vsock_listen(&a.v, 2U, 2U), SKR_OK);

    for (uint32_t n = 0U; n < 40000U; n++) {
        skr_vsock_packet_t packet = peer_header(&a.peer, (uint16_t)(test_random(&state) % 9U), test_random(&state) % 4U,
                                                test_random(&state) % 4U);
        const uint32_t length = ((test_random(&state) % 4U) == 0U) ? (test_random(&state) % PAYLOAD_MAX) : 0U;
        const uint32_t which = test_random(&state) % 4U;
        packet.src_cid = cids[test_random(&state) % 10U];
        packet.dst_cid = ((test_random(&state) % 16U) == 0U) ? test_random(&state) : CID;
        packet.type = (uint16_t)(((test_random(&state) % 16U) == 0U) ? test_random(&state) : 1U);
        packet.length = ((test_random(&state) % 16U) == 0U) ? test_random(&state) : length;
        packet.flags = test_random(&state) % 8U;
        packet.buf_alloc = test_random(&state) >> (test_random(&state) % 32U);
        packet.fwd_cnt = test_random(&state) >> (test_random(&state) % 32U);
        good = good && peer_send_packet(&a.peer, &packet, bytes, length);
        hook_count_from_here();
        good = good && (island_wait(&a, 1U + (test_random(&state) % 60U)) == SKR_OK);
        most = ((hook_reads() + hook_writes()) > most) ? (hook_reads() + hook_writes()) : most;
        good = good && (random_call(&handle[which], which, test_random(&state)) != SKR_FAULT);
        for (uint32_t k = 0U; k < SKR_VSOCK_CONNECTIONS; k++) {
            const skr_flow_t *f = &a.v.flow[k];
            good = good && (f->stored <= SKR_VSOCK_WINDOW_BYTES) && (f->head < SKR_VSOCK_WINDOW_BYTES);
            good = good && (skr_flow_window(f) <= SKR_VSOCK_SEND_BYTES_MAX);
        }
        if ((test_random(&state) % 3U) == 0U) {
            (void)peer_drain(&a.peer);
        }
    }

    CHECK(good);
    CHECK_EQUAL(skr_vsock_cause(&a.v), SKR_CAUSE_NONE);
    CHECK_EQUAL(a.model.breaches, 0U);
    CHECK(most <= 600U);
    for (uint32_t k = 0U; k < 4U; k++) {
        CHECK(skr_vsock_close(&a.v, handle[k]) != SKR_FAULT);
    }
    CHECK_EQUAL(skr_vsock_unlisten(&a.v, 1U), SKR_OK);
    CHECK_EQUAL(skr_vsock_unlisten(&a.v, 2U), SKR_OK);
    for (uint32_t k = 0U; k < 4U; k++) {
        (void)peer_drain(&a.peer);
        CHECK_EQUAL(island_wait(&a, SKR_TICKS_CLOSE), SKR_OK);
    }
    CHECK_EQUAL(island_places(&a), 0U); /* nothing has leaked */
}

/* --- private parts --- */

/* [utest->dsn~vsock.find~1] technique: structural: free and ended places keep their ports and are not found */
static void test_vsock_find_passes_over_free_and_ended_places(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    const uint16_t place = (uint16_t)((handle % 0x10000U) - 1U);

    CHECK_EQUAL(skr_vsock_find(&a.v, PORT, HOST_PORT), place);
    CHECK_EQUAL(a.v.hint[SKR_VSOCK_HINT(PORT, HOST_PORT)], place);
    CHECK_EQUAL(skr_vsock_find(&a.v, PORT, HOST_PORT + 1U), SKR_VSOCK_NOWHERE);
    CHECK_EQUAL(skr_vsock_find(&a.v, PORT + 1U, HOST_PORT), SKR_VSOCK_NOWHERE);
    for (uint32_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
        a.v.hint[i] = SKR_VSOCK_CONNECTIONS - 1U;
    }
    CHECK_EQUAL(skr_vsock_find(&a.v, PORT, HOST_PORT), place);
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RST, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(a.v.flow[place].state, SKR_FLOW_ENDED);
    CHECK_EQUAL(skr_vsock_find(&a.v, PORT, HOST_PORT), SKR_VSOCK_NOWHERE);
    CHECK_EQUAL(skr_vsock_close(&a.v, handle), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(a.v.flow[place].state, SKR_FLOW_FREE);
    CHECK_EQUAL(a.v.flow[place].local_port, PORT);
    CHECK_EQUAL(skr_vsock_find(&a.v, PORT, HOST_PORT), SKR_VSOCK_NOWHERE);
}

/* [utest->dsn~vsock.vacancy~1] [utest->dsn~vsock.listener~1] technique: boundary value: first, last and no place */
static void test_vsock_vacancy_and_listener_find_first_last_and_none(void)
{
    island_run(&a);

    CHECK_EQUAL(skr_vsock_vacancy(&a.v), 0U);
    for (uint32_t n = 0U; n < SKR_VSOCK_CONNECTIONS; n++) {
        (void)island_accept(&a, PORT, n);
        CHECK_EQUAL(skr_vsock_vacancy(&a.v), (n < (SKR_VSOCK_CONNECTIONS - 1U)) ? (n + 1U) : SKR_VSOCK_NOWHERE);
    }
    for (uint32_t n = 1U; n < SKR_VSOCK_LISTENERS; n++) {
        CHECK_EQUAL(skr_vsock_listen(&a.v, PORT + n, 1U), SKR_OK);
    }
    CHECK_EQUAL(skr_vsock_listener(&a.v, PORT), 0U);
    CHECK_EQUAL(skr_vsock_listener(&a.v, PORT + SKR_VSOCK_LISTENERS - 1U), SKR_VSOCK_LISTENERS - 1U);
    CHECK_EQUAL(skr_vsock_listener(&a.v, PORT + SKR_VSOCK_LISTENERS), SKR_VSOCK_NOWHERE);
    CHECK_EQUAL(skr_vsock_unlisten(&a.v, PORT), SKR_OK);
    CHECK_EQUAL(skr_vsock_listener(&a.v, PORT), SKR_VSOCK_NOWHERE);
}

SKR_SUITE(vsock_receive,
    SKR_TEST(test_vsock_header_longer_than_buffer_resets_connection),
    SKR_TEST(test_vsock_rst_longer_than_buffer_is_not_answered),
    SKR_TEST(test_vsock_bytes_behind_payload_are_not_data),
    SKR_TEST(test_vsock_packet_shorter_than_header_is_counted_and_dropped),
    SKR_TEST(test_vsock_buffer_returned_unwritten_replays_nothing),
    SKR_TEST(test_vsock_buffer_returned_unwritten_after_new_start_replays_nothing),
    SKR_TEST(test_vsock_packet_with_foreign_cid_is_dropped_without_answer),
    SKR_TEST(test_vsock_packet_of_unknown_type_is_answered_by_rst_unless_rst),
    SKR_TEST(test_vsock_payload_of_control_packet_is_ignored_and_counted),
    SKR_TEST(test_vsock_operation_0_is_tolerated_and_its_credit_used),
    SKR_TEST(test_vsock_unknown_operation_cuts_connection_or_is_answered_by_rst),
    SKR_TEST(test_vsock_data_before_response_cuts_connection),
    SKR_TEST(test_vsock_data_before_accept_is_kept),
    SKR_TEST(test_vsock_data_after_end_is_answered_by_one_rst),
    SKR_TEST(test_vsock_response_unasked_is_refused_twice_is_ignored),
    SKR_TEST(test_vsock_response_before_request_cuts_connection),
    SKR_TEST(test_vsock_request_for_established_tuple_cuts_connection),
    SKR_TEST(test_vsock_credit_packets_before_response_are_taken),
    SKR_TEST(test_vsock_flags_of_stream_data_are_ignored),
    SKR_TEST(test_vsock_shutdown_flags_add_up_to_the_end),
    SKR_TEST(test_vsock_data_up_to_window_is_kept_one_more_byte_cuts),
    SKR_TEST(test_vsock_window_full_of_one_byte_packets_is_kept),
    SKR_TEST(test_vsock_flood_of_empty_data_costs_no_storage),
    SKR_TEST(test_vsock_flood_of_credit_requests_gets_one_update_a_step),
    SKR_TEST(test_vsock_ring_of_connection_wraps_without_a_byte_wrong),
    SKR_TEST(test_vsock_request_without_listener_is_answered_by_rst),
    SKR_TEST(test_vsock_flood_of_requests_fills_backlogs_and_no_more),
    SKR_TEST(test_vsock_request_and_rst_repeated_leaks_no_place),
    SKR_TEST(test_vsock_flood_of_rst_is_never_answered),
    SKR_TEST(test_vsock_rst_owed_beyond_the_list_is_dropped_and_counted),
    SKR_TEST(test_vsock_end_in_backlog_keeps_only_connections_with_data_in_order),
    SKR_TEST(test_vsock_receive_ring_broken_is_fault_and_latched),
    SKR_TEST(test_vsock_step_takes_a_bounded_number_of_packets),
    SKR_TEST(test_vsock_device_returning_buffers_without_end_does_not_hold_a_step),
    SKR_TEST(test_vsock_header_changed_between_any_two_accesses_does_no_harm),
    SKR_TEST(test_vsock_receiving_goes_on_while_transmit_ring_is_full),
    SKR_TEST(test_vsock_random_packets_stay_within_bounds),
    SKR_TEST(test_vsock_find_passes_over_free_and_ended_places),
    SKR_TEST(test_vsock_vacancy_and_listener_find_first_last_and_none))
