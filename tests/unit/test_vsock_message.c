/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections of messages, bound ports, low-water mark, patience. Attacks are named as in the hostile back-end catalogue. */
#include "vsock_core.h"
#include "vsock_island.h"

#define PORT 1024U
#define HOST_PORT 5000U
#define EOM SKR_VSOCK_SEQ_EOM
#define EOR SKR_VSOCK_SEQ_EOR
#define PAYLOAD SKR_VSOCK_PAYLOAD_BYTES
#define WINDOW SKR_VSOCK_WINDOW_BYTES

static island_t a;
static uint8_t bytes[2U * WINDOW];
static uint32_t length;
static uint32_t flags;
static uint32_t taken;

static skr_vsock_handle_t given_messages(void)
{
    island_run_messages(&a);
    return island_accept(&a, PORT, HOST_PORT);
}

static void given_stream(skr_vsock_handle_t *handle)
{
    island_run(&a);
    *handle = island_accept(&a, PORT, HOST_PORT);
}

static void peer_says(const char *text, uint32_t marks)
{
    CHECK(peer_send_part(&a.peer, HOST_PORT, PORT, text, (uint32_t)strlen(text), marks));
    CHECK_EQUAL(island_step(&a), SKR_OK);
}

static skr_status_t receive(skr_vsock_handle_t handle, uint32_t capacity)
{
    length = 0xDEADU;
    flags = 0xDEADU;
    memset(bytes, 0xEE, sizeof bytes);
    return skr_vsock_recv_message(&a.v, handle, bytes, capacity, &length, &flags);
}

static void then_message(skr_vsock_handle_t handle, const char *text, uint32_t marks)
{
    CHECK_EQUAL(receive(handle, sizeof bytes), SKR_OK);
    CHECK_EQUAL(length, strlen(text));
    CHECK_BYTES(bytes, text, (uint32_t)strlen(text));
    CHECK_EQUAL(bytes[strlen(text)], 0xEEU);
    CHECK_EQUAL(flags, marks);
}

/* --- types --- */

/* [utest->dsn~vsock.carries~1] technique: equivalence class: all sets of features, on every transport */
static void test_vsock_carries_types_that_features_stand_for(void)
{
    static const skr_transport_kind_t kinds[] = {SKR_TRANSPORT_MMIO_V2, SKR_TRANSPORT_MMIO_V1, SKR_TRANSPORT_HVL};
    static const struct {
        uint64_t features;
        bool stream;
        bool message;
    } rows[] = {{0U, true, false}, {1U, true, false}, {2U, true, true}, {3U, true, true},
                {5U, true, false}, {6U, false, true}, {7U, true, true}};

    for (uint32_t k = 0U; k < 3U; k++) {
        for (uint32_t n = 0U; n < (sizeof rows / sizeof rows[0]); n++) {
            skr_vsock_handle_t handle = 0U;
            island_open_with(&a, kinds[k], rows[n].features, 0U);
            island_start(&a);

            CHECK_EQUAL(skr_vsock_carries(&a.v, 1U), rows[n].stream);
            CHECK_EQUAL(skr_vsock_carries(&a.v, 2U), rows[n].message);
            CHECK(!skr_vsock_carries(&a.v, 0U));
            CHECK(!skr_vsock_carries(&a.v, 3U));
            CHECK_EQUAL(skr_vsock_connect(&a.v, 1U, SKR_VSOCK_PORT_ANY, 7U, LONG, &handle), rows[n].stream ? SKR_OK : SKR_STATE);
            CHECK_EQUAL(skr_vsock_connect(&a.v, 2U, SKR_VSOCK_PORT_ANY, 7U, LONG, &handle), rows[n].message ? SKR_OK : SKR_STATE);
            CHECK_EQUAL(skr_vsock_connect(&a.v, 3U, SKR_VSOCK_PORT_ANY, 7U, LONG, &handle), SKR_ARGUMENT);
            CHECK_EQUAL(a.model.breaches, 0U);
        }
    }
}

/* [utest->dsn~vsock.step~1] technique: error guess: NO_IMPLIED_STREAM and nothing else leaves nothing to be done */
static void test_vsock_device_that_carries_no_type_is_refused(void)
{
    skr_status_t status = SKR_AGAIN;
    island_open_with(&a, SKR_TRANSPORT_MMIO_V2, SKR_VSOCK_F_NO_IMPLIED_STREAM, 0U);
    CHECK_EQUAL(skr_vsock_start(&a.v, a.now), SKR_OK);

    for (uint32_t n = 0U; (n < STEPS_MAX) && (status == SKR_AGAIN); n++) {
        status = island_step(&a);
    }

    CHECK_EQUAL(status, SKR_FAULT);
    CHECK_EQUAL(skr_vsock_cause(&a.v), SKR_CAUSE_FEATURES);
}

/* ADV-T08, ADV-V06. [utest->dsn~vsock.receive~1] technique: fault injection */
static void test_vsock_request_of_another_type_than_bound_is_refused(void)
{
    island_run_messages(&a);
    CHECK_EQUAL(skr_vsock_listen(&a.v, PORT, 2U), SKR_OK);

    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RST);
    CHECK_EQUAL(a.peer.got.type, SKR_VSOCK_TYPE_SEQPACKET);
    CHECK_EQUAL(a.v.counters.requests_refused, 1U);
    a.peer.type = SKR_VSOCK_TYPE_STREAM;
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RESPONSE);
    CHECK_EQUAL(a.peer.got.type, SKR_VSOCK_TYPE_STREAM);
}

/* ADV-V06. [utest->dsn~flow.packet~2] technique: fault injection: a packet of the other type breaks the connection */
static void test_vsock_packet_of_another_type_than_its_connection_resets_it(void)
{
    const skr_vsock_handle_t handle = given_messages();
    a.peer.type = SKR_VSOCK_TYPE_STREAM;

    CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, "x", 1U));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(receive(handle, 8U), SKR_RESET);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RST);
    CHECK_EQUAL(a.v.counters.broken_flows, 1U);
}

/* ADV-V17. [utest->dsn~flow.packet~2] technique: error guess: a RST is a RST, whatever its type */
static void test_vsock_rst_of_another_type_ends_and_is_not_answered(void)
{
    const skr_vsock_handle_t handle = given_messages();
    a.peer.type = SKR_VSOCK_TYPE_STREAM;

    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RST, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(receive(handle, 8U), SKR_RESET);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
}

/* --- bound ports --- */

/* [utest->dsn~vsock.bind~1] [utest->dsn~vsock.listen~2] technique: boundary value, equivalence class */
static void test_vsock_bind_bounds_and_order_of_calls(void)
{
    skr_vsock_handle_t handle = 0U;
    uint32_t from = 0U;
    island_run(&a);

    CHECK_EQUAL(skr_vsock_bind(&a.v, 0U, 1U), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_bind(&a.v, SKR_VSOCK_PORT_ANY, 1U), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_bind(&a.v, 1U, 0U), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_bind(&a.v, 1U, 3U), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_bind(&a.v, 1U, 2U), SKR_OK);
    CHECK_EQUAL(skr_vsock_bind(&a.v, 1U, 1U), SKR_IN_USE);
    CHECK_EQUAL(skr_vsock_accept(&a.v, 1U, &handle, &from), SKR_STATE);
    CHECK_EQUAL(skr_vsock_listen(&a.v, 1U, 1U), SKR_OK);
    CHECK_EQUAL(skr_vsock_listen(&a.v, 1U, 1U), SKR_IN_USE);
    CHECK_EQUAL(skr_vsock_accept(&a.v, 1U, &handle, &from), SKR_AGAIN);
    CHECK_EQUAL(skr_vsock_bind(&a.v, SKR_VSOCK_PORT_ANY - 1U, 1U), SKR_OK);
    for (uint32_t n = 2U; n < SKR_VSOCK_LISTENERS; n++) {
        CHECK_EQUAL(skr_vsock_bind(&a.v, 100U + n, 1U), SKR_OK);
    }

    CHECK_EQUAL(skr_vsock_bind(&a.v, 99U, 1U), SKR_FULL);
    CHECK_EQUAL(skr_vsock_listen(&a.v, 99U, 1U), SKR_FULL);
    CHECK_EQUAL(skr_vsock_unlisten(&a.v, 1U), SKR_OK);
    CHECK_EQUAL(skr_vsock_bind(&a.v, 1U, 1U), SKR_OK);
}

/* [utest->dsn~vsock.bind~1] technique: error guess: the kernel's test "bind only" */
static void test_vsock_bound_port_refuses_until_it_listens(void)
{
    island_run(&a);
    CHECK_EQUAL(skr_vsock_bind(&a.v, PORT, SKR_VSOCK_TYPE_STREAM), SKR_OK);

    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RST);
    CHECK_EQUAL(skr_vsock_listen(&a.v, PORT, 1U), SKR_OK);
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RESPONSE);
}

/* [utest->dsn~vsock.unlisten~1] technique: error guess: the kernel's test "multiple connections": listen anew while connections live */
static void test_vsock_port_can_listen_again_at_once(void)
{
    skr_vsock_handle_t handle[3];
    uint32_t from = 0U;
    island_run(&a);

    for (uint32_t n = 0U; n < 3U; n++) {
        CHECK_EQUAL(skr_vsock_listen(&a.v, PORT, 1U), SKR_OK);
        CHECK(peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, HOST_PORT + n, PORT));
        CHECK_EQUAL(island_step(&a), SKR_OK);
        CHECK_EQUAL(skr_vsock_accept(&a.v, PORT, &handle[n], &from), SKR_OK);
        CHECK_EQUAL(skr_vsock_unlisten(&a.v, PORT), SKR_OK);
    }

    for (uint32_t n = 0U; n < 3U; n++) {
        CHECK_EQUAL(island_events(&a, handle[n]), SKR_VSOCK_WRITABLE);
    }
}

/* [utest->dsn~vsock.connect~2] technique: error guess: a bound port is nobody else's */
static void test_vsock_connect_does_not_choose_a_bound_port(void)
{
    skr_vsock_handle_t handle = 0U;
    island_run(&a);
    CHECK_EQUAL(skr_vsock_bind(&a.v, a.v.next_port, SKR_VSOCK_TYPE_STREAM), SKR_OK);
    CHECK_EQUAL(skr_vsock_listen(&a.v, a.v.next_port + 1U, 1U), SKR_OK);
    const uint32_t first = a.v.next_port;

    CHECK_EQUAL(skr_vsock_connect(&a.v, 1U, SKR_VSOCK_PORT_ANY, 1U, LONG, &handle), SKR_OK);

    CHECK_EQUAL(island_flow(&a, handle)->local_port, first + 2U);
}

/* --- messages received --- */

/* [utest->dsn~vsock.recv_message~1] [utest->dsn~flow.message~1] [utest->dsn~flow.forget~1] technique: equivalence class: the
 * kernel's test "msg bounds" */
static void test_vsock_recv_message_keeps_boundaries_and_records(void)
{
    const skr_vsock_handle_t handle = given_messages();
    for (uint32_t n = 0U; n < 7U; n++) {
        peer_says("A", (n == 3U) ? (EOM | EOR) : EOM);
    }
    peer_says("two parts, ", 0U);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_READABLE | SKR_VSOCK_WRITABLE);
    hook_count_from_here();

    for (uint32_t n = 0U; n < 7U; n++) {
        then_message(handle, "A", (n == 3U) ? SKR_VSOCK_RECORD : 0U);
    }
    CHECK_EQUAL(receive(handle, 8U), SKR_AGAIN);
    CHECK_TEXT(hook_order(), "");
    CHECK_EQUAL(length, 0U);
    CHECK_EQUAL(flags, 0U);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_WRITABLE);
    peer_says("one message", EOM | 0xFFFFFFF8U); /* flags that nobody knows */
    peer_says("", EOM);
    peer_says("", EOM | EOR);
    peer_says("next", EOM);

    then_message(handle, "two parts, one message", 0U);
    then_message(handle, "", 0U);
    then_message(handle, "", SKR_VSOCK_RECORD);
    then_message(handle, "next", 0U);
    CHECK_EQUAL(receive(handle, 8U), SKR_AGAIN);
    CHECK_EQUAL(a.v.counters.odd_packets, 0U);
}

/* [utest->dsn~vsock.recv_message~1] technique: boundary value: the kernel's test "MSG_TRUNC flag" */
static void test_vsock_recv_message_tells_real_length_and_drops_the_rest(void)
{
    static const uint32_t rooms[] = {0U, 1U, 15U, 16U, 31U, 32U, 33U};
    const char *text = "0123456789abcdef0123456789abcdef";
    const skr_vsock_handle_t handle = given_messages();

    for (uint32_t n = 0U; n < (sizeof rooms / sizeof rooms[0]); n++) {
        peer_says(text, EOM);
        peer_says("after", EOM);

        CHECK_EQUAL(receive(handle, rooms[n]), SKR_OK);

        CHECK_EQUAL(length, 32U);
        const uint32_t kept = (rooms[n] < 32U) ? rooms[n] : 32U;
        CHECK_BYTES(bytes, text, kept);
        CHECK_EQUAL(bytes[kept], 0xEEU);
        then_message(handle, "after", 0U);
    }
    CHECK_EQUAL(island_flow(&a, handle)->fwd_cnt, 7U * 37U);
}

/* [utest->dsn~vsock.recv_message~1] technique: boundary value: a message as long as the window, in packets as long as buffers,
 * over and over: credit for the next one is always told */
static void test_vsock_recv_message_as_long_as_the_window(void)
{
    static uint8_t sent[WINDOW];
    const skr_vsock_handle_t handle = given_messages();
    for (uint32_t n = 0U; n < WINDOW; n++) {
        sent[n] = (uint8_t)(n % 253U);
    }
    uint32_t told = 0U; /* what the peer knows of our fwd_cnt */
    uint32_t gone = 0U;

    for (uint32_t turn = 0U; turn < 5U; turn++) {
        for (uint32_t done = 0U; done < WINDOW;) {
            const uint32_t part = ((WINDOW - done) < PAYLOAD) ? (WINDOW - done) : PAYLOAD;
            REQUIRE_EQUAL((gone - told) + part <= WINDOW, true);
            CHECK(peer_send_part(&a.peer, HOST_PORT, PORT, &sent[done], part, ((done + part) == WINDOW) ? EOM : 0U));
            CHECK_EQUAL(island_step(&a), SKR_OK);
            done += part;
            gone += part;
        }
        CHECK_EQUAL(receive(handle, sizeof bytes), SKR_OK);
        CHECK_EQUAL(length, WINDOW);
        CHECK_BYTES(bytes, sent, WINDOW);
        CHECK_EQUAL(island_step(&a), SKR_OK);
        CHECK_EQUAL(peer_drain_op(&a.peer, SKR_VSOCK_OP_CREDIT_UPDATE), 1U);
        told = a.peer.got.fwd_cnt;
    }
}

/* ADV-V29, ADV-V30. [utest->dsn~flow.packet~2] technique: boundary value */
static void test_vsock_message_that_fills_the_window_without_end_is_reset(void)
{
    static uint8_t sent[WINDOW];
    for (uint32_t surplus = 0U; surplus < 2U; surplus++) {
        const skr_vsock_handle_t handle = given_messages();
        uint32_t left = WINDOW;
        while (left > PAYLOAD) {
            CHECK(peer_send_part(&a.peer, HOST_PORT, PORT, sent, PAYLOAD, 0U));
            left -= PAYLOAD;
        }
        CHECK(peer_send_part(&a.peer, HOST_PORT, PORT, sent, left - 1U, 0U));
        CHECK_EQUAL(island_step(&a), SKR_OK);
        CHECK_EQUAL(receive(handle, 8U), SKR_AGAIN);

        CHECK(peer_send_part(&a.peer, HOST_PORT, PORT, sent, 1U + surplus, (surplus == 0U) ? 0U : EOM));
        CHECK_EQUAL(island_step(&a), SKR_OK);

        CHECK_EQUAL(receive(handle, 8U), SKR_RESET);
        CHECK_EQUAL(a.v.counters.broken_flows, 1U);
        CHECK_EQUAL(peer_drain_op(&a.peer, SKR_VSOCK_OP_RST), 1U);
    }
}

/* ADV-V28. [utest->dsn~flow.packet~2] technique: boundary value: empty messages cost no credit, and are counted all the same */
static void test_vsock_messages_more_than_the_list_takes_are_reset(void)
{
    const skr_vsock_handle_t handle = given_messages();
    for (uint32_t n = 0U; n < SKR_VSOCK_MESSAGES; n++) {
        peer_says(((n % 2U) == 0U) ? "" : "x", EOM);
    }
    peer_says("unfinished", 0U);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_READABLE | SKR_VSOCK_WRITABLE);
    then_message(handle, "", 0U);
    peer_says(".", EOM); /* takes the place of the one that was read */

    peer_says("", EOM);

    CHECK_EQUAL(a.v.counters.broken_flows, 1U);
    for (uint32_t n = 1U; n < SKR_VSOCK_MESSAGES; n++) {
        then_message(handle, ((n % 2U) == 0U) ? "" : "x", 0U);
    }
    then_message(handle, "unfinished.", 0U);
    CHECK_EQUAL(receive(handle, 8U), SKR_RESET);
}

/* [utest->dsn~vsock.recv_message~1] [utest->dsn~vsock.readable~1] technique: error guess: whole messages outlive the connection, a part does not */
static void test_vsock_message_cut_by_the_end_is_lost_and_whole_ones_are_not(void)
{
    const skr_vsock_handle_t handle = given_messages();
    peer_says("whole", EOM);
    peer_says("cut", 0U);

    CHECK(peer_send_shutdown(&a.peer, HOST_PORT, PORT, 3U));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_READABLE | SKR_VSOCK_HANGUP);
    then_message(handle, "whole", 0U);
    CHECK_EQUAL(receive(handle, 8U), SKR_CLOSED);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_HANGUP);
}

/* [utest->dsn~flow.packet~2] technique: equivalence class: after our shutdown messages are thrown away and paid back */
static void test_vsock_message_after_shut_receive_is_thrown_away(void)
{
    const skr_vsock_handle_t handle = given_messages();
    CHECK_EQUAL(skr_vsock_shutdown(&a.v, handle, SKR_VSOCK_SHUT_RECEIVE), SKR_OK);

    peer_says("unread", EOM);

    CHECK_EQUAL(receive(handle, 8U), SKR_CLOSED);
    CHECK_EQUAL(island_flow(&a, handle)->fwd_cnt, 6U);
    CHECK_EQUAL(island_flow(&a, handle)->messages, 0U);
}

/* [utest->dsn~vsock.recv_message~1] [utest->dsn~vsock.recv~2] [utest->dsn~vsock.peek~2] [utest->dsn~vsock.consume~2]
 * technique: equivalence class: calls for the other type are refused and change nothing */
static void test_vsock_calls_for_the_other_type_are_refused(void)
{
    const uint8_t *at = NULL;
    skr_vsock_handle_t stream = 0U;
    const skr_vsock_handle_t handle = given_messages();
    peer_says("m", EOM);
    CHECK_EQUAL(island_recv(&a, handle, bytes, 8U, &taken), SKR_STATE);
    CHECK_EQUAL(taken, 0U);
    CHECK_EQUAL(skr_vsock_peek(&a.v, handle, &at, &length), SKR_STATE);
    CHECK_EQUAL(skr_vsock_consume(&a.v, handle, 1U), SKR_STATE);
    CHECK_EQUAL(skr_vsock_set_low_water(&a.v, handle, 1U), SKR_STATE);
    then_message(handle, "m", 0U);
    given_stream(&stream);
    CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, "s", 1U));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(receive(stream, 8U), SKR_STATE);
    CHECK_EQUAL(receive(stream + 1U, 8U), SKR_STALE);

    CHECK_EQUAL(island_recv(&a, stream, bytes, 8U, &taken), SKR_OK);
    CHECK_EQUAL(taken, 1U);
}

/* --- messages sent --- */

/* [utest->dsn~vsock.send~2] [utest->dsn~flow.holds~1] technique: oracle: the peer puts the packets together */
static void test_vsock_send_message_ends_with_its_last_packet(void)
{
    island_run_messages(&a);
    const skr_vsock_handle_t handle = island_connect(&a, PORT, HOST_PORT);
    CHECK_EQUAL(a.peer.got.type, SKR_VSOCK_TYPE_SEQPACKET);

    CHECK_EQUAL(island_send(&a, handle, (2U * PAYLOAD) + 1U, &taken), SKR_OK);
    CHECK_EQUAL(taken, (2U * PAYLOAD) + 1U);
    CHECK_EQUAL(skr_vsock_send(&a.v, handle, bytes, 0U, SKR_VSOCK_RECORD, &taken), SKR_OK);
    CHECK_EQUAL(skr_vsock_send(&a.v, handle, bytes, PAYLOAD, SKR_VSOCK_RECORD, &taken), SKR_OK);

    static const uint32_t sizes[] = {PAYLOAD, PAYLOAD, 1U, 0U, PAYLOAD};
    static const uint32_t marks[] = {0U, 0U, EOM, EOM | EOR, EOM | EOR};
    for (uint32_t n = 0U; n < 5U; n++) {
        CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RW);
        CHECK_EQUAL(a.peer.got.length, sizes[n]);
        CHECK_EQUAL(a.peer.got.flags, marks[n]);
        CHECK_EQUAL(a.peer.got.type, SKR_VSOCK_TYPE_SEQPACKET);
    }
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
    CHECK_EQUAL(a.model.breaches, 0U);
}

/* [utest->dsn~vsock.send~2] [utest->dsn~flow.charge~1] technique: boundary value: credit for a part of it, then for the rest */
static void test_vsock_send_message_cut_by_credit_goes_on_and_ends_once(void)
{
    island_run_messages(&a);
    a.peer.buf_alloc = 100U;
    const skr_vsock_handle_t handle = island_connect(&a, PORT, HOST_PORT);
    CHECK_EQUAL(island_send(&a, handle, 30U, &taken), SKR_OK);
    CHECK_EQUAL(taken, 30U);
    CHECK_EQUAL(island_send(&a, handle, 100U, &taken), SKR_OK);
    CHECK_EQUAL(taken, 70U);
    CHECK_EQUAL(island_send(&a, handle, 30U, &taken), SKR_AGAIN);
    CHECK_EQUAL(skr_vsock_send(&a.v, handle, bytes, 0U, 0U, &taken), SKR_OK); /* an end needs no credit */
    CHECK_EQUAL(skr_vsock_send(&a.v, handle, bytes, 0U, 0U, &taken), SKR_AGAIN); /* an empty message does */
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RW);
    CHECK_EQUAL(a.peer.got.flags, EOM);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RW);
    CHECK_EQUAL(a.peer.got.length, 70U);
    CHECK_EQUAL(a.peer.got.flags, 0U);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RW);
    CHECK_EQUAL(a.peer.got.length, 0U);
    CHECK_EQUAL(a.peer.got.flags, EOM);

    a.peer.fwd_cnt = 100U;
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_CREDIT_UPDATE, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(skr_vsock_send(&a.v, handle, bytes, 60U, SKR_VSOCK_MORE, &taken), SKR_OK);
    CHECK_EQUAL(skr_vsock_send(&a.v, handle, bytes, 40U, 0U, &taken), SKR_OK);
    (void)peer_drain_op(&a.peer, SKR_VSOCK_OP_CREDIT_REQUEST);
    CHECK_EQUAL(a.peer.got.length, 100U);
    CHECK_EQUAL(a.peer.got.flags, EOM);
}

/* [utest->dsn~vsock.send~2] [utest->dsn~flow.holds~1] technique: boundary value: what no peer could put together is refused whole */
static void test_vsock_send_message_longer_than_peers_window_is_refused(void)
{
    island_run_messages(&a);
    a.peer.buf_alloc = 100U;
    const skr_vsock_handle_t handle = island_connect(&a, PORT, HOST_PORT);

    CHECK_EQUAL(island_send(&a, handle, 101U, &taken), SKR_ARGUMENT);
    CHECK_EQUAL(taken, 0U);
    CHECK_EQUAL(skr_vsock_send(&a.v, handle, bytes, 60U, SKR_VSOCK_MORE, &taken), SKR_OK);
    CHECK_EQUAL(skr_vsock_send(&a.v, handle, bytes, 41U, 0U, &taken), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_send(&a.v, handle, bytes, 40U, 0U, &taken), SKR_OK);

    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RW);
    CHECK_EQUAL(a.peer.got.length, 100U);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
}

/* --- low-water mark --- */

/* [utest->dsn~vsock.set_low_water~1] [utest->dsn~vsock.events~2] technique: boundary value: the kernel's test "poll() + SO_RCVLOWAT" */
static void test_vsock_low_water_readable_from_there_on(void)
{
    skr_vsock_handle_t handle = 0U;
    given_stream(&handle);
    CHECK_EQUAL(skr_vsock_set_low_water(&a.v, handle, 0U), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_set_low_water(&a.v, handle, WINDOW + 1U), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_set_low_water(&a.v, handle + 1U, 1U), SKR_STALE);
    CHECK_EQUAL(skr_vsock_set_low_water(&a.v, handle, WINDOW), SKR_OK);
    CHECK_EQUAL(skr_vsock_set_low_water(&a.v, handle, 128U), SKR_OK);

    for (uint32_t n = 0U; n < 128U; n++) {
        CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_WRITABLE);
        CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, "A", 1U));
        CHECK_EQUAL(island_step(&a), SKR_OK);
    }

    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_READABLE | SKR_VSOCK_WRITABLE);
    CHECK_EQUAL(island_recv(&a, handle, bytes, 128U, &taken), SKR_OK);
    CHECK_EQUAL(taken, 128U);
    CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, "A", 1U));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_WRITABLE);
    CHECK(peer_send_shutdown(&a.peer, HOST_PORT, PORT, SKR_VSOCK_SHUTDOWN_SEND));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_READABLE | SKR_VSOCK_WRITABLE | SKR_VSOCK_HANGUP);
}

/* ADV-V43. [utest->dsn~flow.low_water~1] [utest->dsn~flow.consume~2] technique: boundary value: a peer that never asks is told as soon as
 * the mark asks for more than it can send, by taking bytes and by setting the mark: the kernel's tests "credit update" */
static void test_vsock_low_water_never_leaves_the_peer_without_credit_for_it(void)
{
    static uint8_t sent[WINDOW];
    skr_vsock_handle_t handle = 0U;
    given_stream(&handle);
    for (uint32_t done = 0U; done < WINDOW;) {
        const uint32_t part = ((WINDOW - done) < PAYLOAD) ? (WINDOW - done) : PAYLOAD;
        CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, sent, part));
        CHECK_EQUAL(island_step(&a), SKR_OK);
        done += part;
    }
    CHECK_EQUAL(island_recv(&a, handle, bytes, (WINDOW / 2U) - 1U, &taken), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);

    CHECK_EQUAL(skr_vsock_set_low_water(&a.v, handle, (WINDOW / 2U) + 1U), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_drain(&a.peer), 0U); /* it can send exactly as many */
    CHECK_EQUAL(skr_vsock_set_low_water(&a.v, handle, (WINDOW / 2U) + 2U), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(peer_drain_op(&a.peer, SKR_VSOCK_OP_CREDIT_UPDATE), 1U);
    CHECK_EQUAL(skr_vsock_set_low_water(&a.v, handle, WINDOW), SKR_OK);
    CHECK_EQUAL(island_recv(&a, handle, bytes, 1U, &taken), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_drain_op(&a.peer, SKR_VSOCK_OP_CREDIT_UPDATE), 1U);
}

/* --- patience --- */

/* ADV-V21. [utest->dsn~vsock.set_patience~1] [utest->dsn~flow.tick~2] technique: boundary value */
static void test_vsock_patience_ends_a_sender_blocked_for_so_long(void)
{
    skr_vsock_handle_t handle = 0U;
    given_stream(&handle);
    CHECK_EQUAL(skr_vsock_set_patience(&a.v, handle, 0x40000001U), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_set_patience(&a.v, handle + 1U, 1U), SKR_STALE);
    CHECK_EQUAL(skr_vsock_set_patience(&a.v, handle, 0x40000000U), SKR_OK);
    CHECK_EQUAL(skr_vsock_set_patience(&a.v, handle, 50U), SKR_OK);
    CHECK_EQUAL(island_wait(&a, 1000U), SKR_OK); /* an idle connection has all the time in the world */
    a.peer.buf_alloc = 0U;
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_CREDIT_UPDATE, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK); /* blocked from here on */
    CHECK_EQUAL(island_wait(&a, 49U), SKR_OK);
    a.peer.buf_alloc = 1U; /* just in time */
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_CREDIT_UPDATE, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    a.peer.buf_alloc = 0U;
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_CREDIT_UPDATE, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(island_wait(&a, 49U), SKR_OK);
    CHECK_EQUAL(island_send(&a, handle, 1U, &taken), SKR_AGAIN);
    (void)peer_drain(&a.peer);

    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(island_send(&a, handle, 1U, &taken), SKR_TIMEOUT);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_HANGUP | SKR_VSOCK_ERROR);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RST);
}

/* ADV-V34. [utest->dsn~flow.tick~2] technique: boundary value */
static void test_vsock_patience_bounds_the_wait_after_close(void)
{
    skr_vsock_handle_t handle = 0U;
    given_stream(&handle);
    CHECK_EQUAL(skr_vsock_set_patience(&a.v, handle, 30U), SKR_OK);
    CHECK_EQUAL(skr_vsock_close(&a.v, handle), SKR_OK);
    CHECK_EQUAL(island_wait(&a, 29U), SKR_OK);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_SHUTDOWN);
    CHECK_EQUAL(island_places(&a), 1U);

    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RST);
    CHECK_EQUAL(island_places(&a), 0U);
}

/* [utest->dsn~vsock.set_patience~1] technique: equivalence class: connecting has a time-out of its own, and is rid of it once open */
static void test_vsock_patience_begins_without_limit(void)
{
    skr_vsock_handle_t handle = 0U;
    island_run(&a);
    a.peer.buf_alloc = 0U;
    CHECK_EQUAL(skr_vsock_connect(&a.v, 1U, PORT, HOST_PORT, 10U, &handle), SKR_OK);
    CHECK_EQUAL(skr_vsock_set_patience(&a.v, handle, 1U), SKR_AGAIN);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RESPONSE, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(island_wait(&a, 1000000U), SKR_OK);
    CHECK_EQUAL(island_wait(&a, 1000000U), SKR_OK);

    CHECK_EQUAL(island_send(&a, handle, 1U, &taken), SKR_AGAIN);
}

SKR_SUITE(vsock_message,
    SKR_TEST(test_vsock_carries_types_that_features_stand_for),
    SKR_TEST(test_vsock_device_that_carries_no_type_is_refused),
    SKR_TEST(test_vsock_request_of_another_type_than_bound_is_refused),
    SKR_TEST(test_vsock_packet_of_another_type_than_its_connection_resets_it),
    SKR_TEST(test_vsock_rst_of_another_type_ends_and_is_not_answered),
    SKR_TEST(test_vsock_bind_bounds_and_order_of_calls),
    SKR_TEST(test_vsock_bound_port_refuses_until_it_listens),
    SKR_TEST(test_vsock_port_can_listen_again_at_once),
    SKR_TEST(test_vsock_connect_does_not_choose_a_bound_port),
    SKR_TEST(test_vsock_recv_message_keeps_boundaries_and_records),
    SKR_TEST(test_vsock_recv_message_tells_real_length_and_drops_the_rest),
    SKR_TEST(test_vsock_recv_message_as_long_as_the_window),
    SKR_TEST(test_vsock_message_that_fills_the_window_without_end_is_reset),
    SKR_TEST(test_vsock_messages_more_than_the_list_takes_are_reset),
    SKR_TEST(test_vsock_message_cut_by_the_end_is_lost_and_whole_ones_are_not),
    SKR_TEST(test_vsock_message_after_shut_receive_is_thrown_away),
    SKR_TEST(test_vsock_calls_for_the_other_type_are_refused),
    SKR_TEST(test_vsock_send_message_ends_with_its_last_packet),
    SKR_TEST(test_vsock_send_message_cut_by_credit_goes_on_and_ends_once),
    SKR_TEST(test_vsock_send_message_longer_than_peers_window_is_refused),
    SKR_TEST(test_vsock_low_water_readable_from_there_on),
    SKR_TEST(test_vsock_low_water_never_leaves_the_peer_without_credit_for_it),
    SKR_TEST(test_vsock_patience_ends_a_sender_blocked_for_so_long),
    SKR_TEST(test_vsock_patience_bounds_the_wait_after_close),
    SKR_TEST(test_vsock_patience_begins_without_limit))
