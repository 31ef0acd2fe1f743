/* SPDX-License-Identifier: BSD-3-Clause */
/* Sending on vsock: credit, buffers, replies. Attacks are named as in the hostile back-end catalogue (ADV-V..). */
#include "vsock_core.h"
#include "vsock_island.h"

#define PORT 1024U
#define HOST_PORT 5000U
#define DATA_PACKETS (SKR_VSOCK_TX_COUNT - SKR_VSOCK_TX_RESERVE)

static island_t a;
static uint32_t taken;

static skr_vsock_handle_t given_accepted(void)
{
    island_run(&a);
    return island_accept(&a, PORT, HOST_PORT);
}

/* The peer says what credit it has, and the island hears it. */
static void given_credit(uint32_t buf_alloc, uint32_t fwd_cnt)
{
    a.peer.buf_alloc = buf_alloc;
    a.peer.fwd_cnt = fwd_cnt;
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_CREDIT_UPDATE, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);
}

/* Send until nothing more is taken, the peer taking every packet; the bytes sent. */
static uint32_t send_all(skr_vsock_handle_t handle)
{
    uint32_t sum = 0U;
    skr_status_t status = SKR_OK;

    while (status == SKR_OK) {
        status = island_send(&a, handle, 0x10000U, &taken);
        sum += taken;
        (void)peer_drain(&a.peer);
    }
    CHECK_EQUAL(status, SKR_AGAIN);
    return sum;
}

static skr_virtq_t *ring(void)
{
    return &a.v.device.virtq[SKR_VSOCK_TX];
}

/* --- the packet --- */

/* [utest->dsn~vsock.send~1] [utest->dsn~vsock.emit~2] technique: oracle: the peer decodes the header by itself */
static void test_vsock_send_splits_into_packets_and_keeps_every_byte(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    const uint32_t length = (2U * SKR_VSOCK_PAYLOAD_BYTES) + 1U;
    const uint32_t kicks = a.model.notifies[SKR_VSOCK_TX];
    uint32_t at = 0U;

    CHECK_EQUAL(island_send(&a, handle, length, &taken), SKR_OK);

    CHECK_EQUAL(taken, length);
    model_run(&a.model);
    CHECK_EQUAL(a.model.notifies[SKR_VSOCK_TX], kicks + 1U); /* one for all of them */
    for (uint32_t n = 0U; n < 3U; n++) {
        bool good = true;
        REQUIRE_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RW);
        CHECK_EQUAL(a.peer.got.length, (n < 2U) ? SKR_VSOCK_PAYLOAD_BYTES : 1U);
        CHECK_EQUAL(a.peer.got.src_cid, CID);
        CHECK_EQUAL(a.peer.got.dst_cid, 2U);
        CHECK_EQUAL(a.peer.got.src_port, PORT);
        CHECK_EQUAL(a.peer.got.dst_port, HOST_PORT);
        CHECK_EQUAL(a.peer.got.flags, 0U);
        CHECK_EQUAL(a.peer.got.buf_alloc, SKR_VSOCK_WINDOW_BYTES);
        CHECK_EQUAL(a.peer.got.fwd_cnt, 0U);
        for (uint32_t k = 0U; k < a.peer.got.length; k++) {
            good = good && (a.peer.payload[k] == (uint8_t)((at + k) % 251U));
        }
        CHECK(good);
        at += a.peer.got.length;
    }
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
    CHECK_EQUAL(a.v.counters.packets_sent, 4U);
    CHECK_EQUAL(a.model.breaches, 0U);
}

static void then_header_is(uint16_t op, uint32_t local_port, uint32_t peer_port, uint32_t length, uint32_t buf_alloc)
{
    CHECK_EQUAL(a.peer.got.src_cid, CID);
    CHECK_EQUAL(a.peer.got.dst_cid, 2U);
    CHECK_EQUAL(a.peer.got.src_port, local_port);
    CHECK_EQUAL(a.peer.got.dst_port, peer_port);
    CHECK_EQUAL(a.peer.got.length, length);
    CHECK_EQUAL(a.peer.got.type, SKR_VSOCK_TYPE_STREAM);
    CHECK_EQUAL(a.peer.got.op, op);
    CHECK_EQUAL(a.peer.got.flags, 0U);
    CHECK_EQUAL(a.peer.got.buf_alloc, buf_alloc);
    CHECK_EQUAL(a.peer.got.fwd_cnt, 0U);
}

/* [utest->dsn~vsock.emit~2] [utest->dsn~vsock.settle~2] technique: error guess: one header is at work for all packets, and nothing
 * of the packet received or sent before is in the next one */
static void test_vsock_emit_shows_nothing_of_the_header_before(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    skr_vsock_packet_t odd = peer_header(&a.peer, SKR_VSOCK_OP_RW, 77U, 78U); /* for no connection */
    odd.length = 5U;
    odd.flags = 0xFFFFFFFFU;
    odd.buf_alloc = 0x12345678U;
    odd.fwd_cnt = 0x9ABCDEF0U;

    CHECK(peer_send_packet(&a.peer, &odd, "hello", 5U));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    REQUIRE_EQUAL(peer_take(&a.peer), true);
    then_header_is(SKR_VSOCK_OP_RST, 78U, 77U, 0U, 0U);

    odd = peer_header(&a.peer, SKR_VSOCK_OP_CREDIT_REQUEST, HOST_PORT, PORT);
    odd.flags = 0xFFFFFFFFU;
    CHECK(peer_send_packet(&a.peer, &odd, NULL, 0U));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    REQUIRE_EQUAL(peer_take(&a.peer), true);
    then_header_is(SKR_VSOCK_OP_CREDIT_UPDATE, PORT, HOST_PORT, 0U, SKR_VSOCK_WINDOW_BYTES);

    memset(&a.v.packet, 0xA5, sizeof a.v.packet);
    CHECK_EQUAL(island_send(&a, handle, 3U, &taken), SKR_OK);
    REQUIRE_EQUAL(peer_take(&a.peer), true);
    then_header_is(SKR_VSOCK_OP_RW, PORT, HOST_PORT, 3U, SKR_VSOCK_WINDOW_BYTES);

    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_CREDIT_UPDATE, 77U, 78U));
    skr_vsock_receive(&a.v);
    memset(&a.v.packet, 0xA5, sizeof a.v.packet);
    skr_vsock_settle(&a.v);
    REQUIRE_EQUAL(peer_take(&a.peer), true);
    then_header_is(SKR_VSOCK_OP_RST, 78U, 77U, 0U, 0U);
    CHECK_EQUAL(a.model.breaches, 0U);
}

/* [utest->dsn~vsock.send~1] technique: boundary value */
static void test_vsock_send_of_nothing_is_ok_and_sends_nothing(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    hook_count_from_here();
    taken = 7U;

    CHECK_EQUAL(skr_vsock_send(&a.v, handle, NULL, 0U, &taken), SKR_OK);

    CHECK_EQUAL(taken, 0U);
    CHECK_TEXT(hook_order(), "");
    CHECK_EQUAL(skr_vsock_close(&a.v, handle), SKR_OK);
    CHECK_EQUAL(skr_vsock_send(&a.v, handle, NULL, 0U, &taken), SKR_STALE);
}

/* [utest->dsn~vsock.send~1] technique: equivalence class: each state of a connection */
static void test_vsock_send_in_each_state_says_why_not(void)
{
    skr_vsock_handle_t handle = 0U;
    uint32_t from = 0U;
    const skr_vsock_handle_t first = given_accepted();
    CHECK_EQUAL(island_send(&a, first, 0x10000U, &taken), SKR_OK); /* nothing is taken from the ring: */
    for (uint32_t n = 0U; n < SKR_VSOCK_TX_RESERVE; n++) {
        CHECK(peer_send(&a.peer, SKR_VSOCK_OP_CREDIT_REQUEST, HOST_PORT, PORT));
        CHECK_EQUAL(island_step(&a), SKR_OK);
    }
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, HOST_PORT + 1U, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    REQUIRE_EQUAL(skr_vsock_accept(&a.v, PORT, &handle, &from), SKR_OK);

    CHECK_EQUAL(island_send(&a, handle, 1U, &taken), SKR_AGAIN); /* the RESPONSE has not gone out */
    CHECK_EQUAL(taken, 0U);
    CHECK_EQUAL(island_events(&a, handle), 0U);
    (void)peer_drain(&a.peer);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(island_send(&a, handle, 1U, &taken), SKR_OK);
    CHECK_EQUAL(skr_vsock_shutdown(&a.v, handle, SKR_VSOCK_SHUT_SEND), SKR_OK);
    CHECK_EQUAL(island_send(&a, handle, 1U, &taken), SKR_CLOSED);
    REQUIRE_EQUAL(skr_vsock_connect(&a.v, 700U, 9U, 10U, &handle), SKR_OK);
    CHECK_EQUAL(island_send(&a, handle, 1U, &taken), SKR_AGAIN);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(island_send(&a, handle, 1U, &taken), SKR_AGAIN);
    CHECK_EQUAL(island_wait(&a, 10U), SKR_OK);
    CHECK_EQUAL(island_send(&a, handle, 1U, &taken), SKR_TIMEOUT);
    CHECK_EQUAL(island_send(&a, 0U, 1U, &taken), SKR_STALE);
    CHECK_EQUAL(taken, 0U);
}

/* --- buffers --- */

/* [utest->dsn~vsock.send~1] [utest->dsn~vsock.room~2] [utest->dsn~vsock.is_writable~1] technique: boundary value: data never take
 * the reserve, replies do */
static void test_vsock_send_stops_at_reserve_and_replies_still_go_out(void)
{
    const skr_vsock_handle_t handle = given_accepted();

    CHECK_EQUAL(island_send(&a, handle, 0x10000U, &taken), SKR_OK);

    CHECK_EQUAL(taken, DATA_PACKETS * SKR_VSOCK_PAYLOAD_BYTES);
    CHECK_EQUAL(ring()->free_count, SKR_VSOCK_TX_RESERVE);
    CHECK_EQUAL(island_send(&a, handle, 1U, &taken), SKR_AGAIN);
    CHECK_EQUAL(taken, 0U);
    CHECK_EQUAL(island_events(&a, handle), 0U);
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_CREDIT_REQUEST, HOST_PORT, PORT));
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RW, 1U, 1U));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(ring()->free_count, 0U);
    CHECK_EQUAL(peer_drain_op(&a.peer, SKR_VSOCK_OP_RW), DATA_PACKETS); /* and the two replies */
    CHECK_EQUAL(island_events(&a, handle), 0U);                      /* until a step has taken the buffers back */
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(ring()->free_count, SKR_VSOCK_TX_COUNT);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_WRITABLE);
    CHECK_EQUAL(a.model.breaches, 0U);
}

/* [utest->dsn~vsock.room~2] [utest->dsn~vsock.send~1] technique: state table: while the device does not run there is no room, and
 * its ring is left alone, though buffers are free and others were returned */
static void test_vsock_room_of_a_device_that_does_not_run_is_none(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    CHECK_EQUAL(island_send(&a, handle, 1U, &taken), SKR_OK);
    CHECK_EQUAL(peer_drain(&a.peer), 1U);

    for (uint32_t state = SKR_DEVICE_IDLE; state <= (uint32_t)SKR_DEVICE_FAILED; state++) {
        if (state != (uint32_t)SKR_DEVICE_READY) {
            memcpy(&a.v.device.state, &state, sizeof a.v.device.state);
            const skr_virtq_t before = *ring();
            hook_count_from_here();

            CHECK(!skr_vsock_room(&a.v, 0U));
            CHECK(!skr_vsock_room(&a.v, SKR_VSOCK_TX_COUNT));
            CHECK_EQUAL(island_send(&a, handle, 1U, &taken), (state == (uint32_t)SKR_DEVICE_FAILED) ? SKR_FAULT : SKR_AGAIN);

            CHECK_EQUAL(taken, 0U);
            CHECK_EQUAL(hook_reads() + hook_writes(), 0U);
            CHECK_BYTES(ring(), &before, sizeof before);
        }
    }
    a.v.device.state = SKR_DEVICE_READY;
    CHECK(skr_vsock_room(&a.v, SKR_VSOCK_TX_COUNT - 1U));
    CHECK(!skr_vsock_room(&a.v, SKR_VSOCK_TX_COUNT));
    CHECK_EQUAL(island_send(&a, handle, 1U, &taken), SKR_OK);
}

/* [utest->dsn~vsock.send~1] technique: oracle; who polls sends on without a step in between */
static void test_vsock_send_takes_back_buffers_by_itself(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    uint32_t sum = 0U;
    a.peer.buf_alloc = 0xFFFFFFFFU;
    given_credit(0xFFFFFFFFU, 0U);

    for (uint32_t n = 0U; n < 3U; n++) {
        CHECK_EQUAL(island_send(&a, handle, 0x10000U, &taken), SKR_OK);
        sum += taken;
        CHECK_EQUAL(peer_drain(&a.peer), DATA_PACKETS);
    }

    CHECK_EQUAL(sum, 3U * DATA_PACKETS * SKR_VSOCK_PAYLOAD_BYTES);
}

/* [utest->dsn~vsock.send~1] technique: boundary value: one packet's worth of accesses, then a full call */
static void test_vsock_send_stays_within_bound_of_shared_accesses(void)
{
    for (uint32_t event_idx = 0U; event_idx <= 1U; event_idx++) {
        island_open(&a, SKR_TRANSPORT_MMIO_V2, event_idx != 0U, 0U);
        island_start(&a);
        const skr_vsock_handle_t handle = island_accept(&a, PORT, HOST_PORT);
        CHECK_EQUAL(island_send(&a, handle, 1U, &taken), SKR_OK);
        hook_count_from_here();
        CHECK_EQUAL(island_send(&a, handle, 1U, &taken), SKR_OK);
        CHECK((hook_reads() + hook_writes()) <= (14U + 3U));
        (void)peer_drain(&a.peer);
        CHECK_EQUAL(island_send(&a, handle, 0x10000U, &taken), SKR_OK);
        (void)peer_drain(&a.peer);
        hook_count_from_here();

        CHECK_EQUAL(island_send(&a, handle, 0x10000U, &taken), SKR_OK);

        CHECK((hook_reads() + hook_writes()) <= ((SKR_VSOCK_TX_COUNT * 18U) + (2U * SKR_VSOCK_TX_COUNT * 3U) + 4U));
        CHECK_EQUAL(hook_bytes_written() >= taken, true);
    }
}

/* A device that returns each buffer as soon as the library has added it, shown or not. */
static void return_at_once(void *context, const hook_access_t *access)
{
    const skr_virtq_t *q = context;

    if ((!access->write) && (access->base == q->base) && (access->offset == (q->used + 2U))) {
        for (uint16_t n = 0U; n < q->count; n++) {
            if (q->owner[n] == SKR_VIRTQ_DEVICE) {
                model_raw_element(&a.model, SKR_VSOCK_TX, q->last_used, n, 0U);
                model_raw_used_idx(&a.model, SKR_VSOCK_TX, (uint16_t)(q->last_used + 1U));
                break;
            }
        }
    }
}

/* [utest->dsn~vsock.send~1] technique: fault injection: buffers that come back before they were shown do not hold the call */
static void test_vsock_send_device_returning_at_once_does_not_hold_the_call(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    given_credit(0xFFFFFFFFU, 0U);
    hook_script(return_at_once, ring());
    hook_count_from_here();

    CHECK_EQUAL(island_send(&a, handle, 0x10000U, &taken), SKR_OK);

    CHECK_EQUAL(taken, SKR_VSOCK_TX_COUNT * SKR_VSOCK_PAYLOAD_BYTES);
    CHECK((hook_reads() + hook_writes()) <= ((SKR_VSOCK_TX_COUNT * 18U) + (2U * SKR_VSOCK_TX_COUNT * 3U) + 4U));
    CHECK_EQUAL(skr_vsock_cause(&a.v), SKR_CAUSE_NONE);
}

/* [utest->dsn~vsock.send~1] technique: equivalence class; interrupts for transmitted buffers are asked for only while blocked */
static void test_vsock_send_blocked_asks_for_interrupts_and_unblocked_does_not(void)
{
    const skr_vsock_handle_t handle = given_accepted();

    CHECK_EQUAL(island_send(&a, handle, 1U, &taken), SKR_OK);
    CHECK_EQUAL(model_avail_flags(&a.model, SKR_VSOCK_TX), 1U);
    CHECK_EQUAL(island_send(&a, handle, 0x10000U, &taken), SKR_OK);
    CHECK_EQUAL(model_avail_flags(&a.model, SKR_VSOCK_TX), 0U);
    const uint32_t raised = a.model.interrupts_raised;
    CHECK(peer_take(&a.peer));
    CHECK_EQUAL(a.model.interrupts_raised, raised + 1U);
    (void)peer_drain(&a.peer);
    CHECK_EQUAL(island_send(&a, handle, 1U, &taken), SKR_OK);

    CHECK_EQUAL(model_avail_flags(&a.model, SKR_VSOCK_TX), 1U);
}

/* [utest->dsn~vsock.send~1] technique: equivalence class; the same by EVENT_IDX */
static void test_vsock_send_blocked_with_event_idx_is_interrupted_by_next_buffer(void)
{
    island_open(&a, SKR_TRANSPORT_MMIO_V2, true, 0U);
    island_start(&a);
    const skr_vsock_handle_t handle = island_accept(&a, PORT, HOST_PORT);
    CHECK_EQUAL(island_send(&a, handle, 1U, &taken), SKR_OK);
    const uint32_t quiet = a.model.interrupts_raised;
    CHECK(peer_take(&a.peer));
    CHECK_EQUAL(a.model.interrupts_raised, quiet);

    CHECK_EQUAL(island_send(&a, handle, 0x10000U, &taken), SKR_OK);

    CHECK_EQUAL(model_used_event(&a.model, SKR_VSOCK_TX), ring()->last_used);
    CHECK(peer_take(&a.peer));
    CHECK_EQUAL(a.model.interrupts_raised, quiet + 1U);
}

/* [utest->dsn~vsock.send~1] technique: error guess: buffers come back one by one, fewer than the reserve; a sender that tries only
 * when it was interrupted is interrupted until it can go on */
static void test_vsock_send_blocked_is_interrupted_until_it_can_go_on(void)
{
    for (uint32_t event_idx = 0U; event_idx <= 1U; event_idx++) {
        island_open(&a, SKR_TRANSPORT_MMIO_V2, event_idx != 0U, 0U);
        island_start(&a);
        const skr_vsock_handle_t handle = island_accept(&a, PORT, HOST_PORT);
        uint32_t raised = 0U;
        CHECK_EQUAL(island_send(&a, handle, 0x10000U, &taken), SKR_OK);
        for (uint32_t n = 0U; n < SKR_VSOCK_TX_RESERVE; n++) {
            CHECK(peer_send(&a.peer, SKR_VSOCK_OP_CREDIT_REQUEST, HOST_PORT, PORT));
            CHECK_EQUAL(island_step(&a), SKR_OK);
        }
        CHECK_EQUAL(island_send(&a, handle, 1U, &taken), SKR_AGAIN);

        for (uint32_t n = 0U; n <= SKR_VSOCK_TX_RESERVE; n++) {
            raised = a.model.interrupts_raised;
            CHECK(peer_take(&a.peer));
            CHECK_EQUAL(a.model.interrupts_raised, raised + 1U);
            CHECK_EQUAL(island_send(&a, handle, 1U, &taken), (n < SKR_VSOCK_TX_RESERVE) ? SKR_AGAIN : SKR_OK);
        }
    }
}

/* Take one packet back just when the library asks for interrupts. */
static void return_on_request(void *context, const hook_access_t *access)
{
    const skr_virtq_t *q = context;

    if (access->write && (access->base == q->base) && (access->offset == q->avail)) {
        (void)peer_take(&a.peer);
    }
}

/* [utest->dsn~vsock.send~1] technique: fault injection: the buffer comes between the look and the request for an interrupt */
static void test_vsock_send_sees_buffer_that_came_just_before_the_request(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    CHECK_EQUAL(island_send(&a, handle, DATA_PACKETS * SKR_VSOCK_PAYLOAD_BYTES, &taken), SKR_OK);
    CHECK_EQUAL(taken, DATA_PACKETS * SKR_VSOCK_PAYLOAD_BYTES);
    hook_script(return_on_request, ring());

    CHECK_EQUAL(island_send(&a, handle, 5U, &taken), SKR_OK);

    CHECK_EQUAL(taken, 5U);
}

/* --- credit that the peer gives --- */

/* [utest->dsn~vsock.send~1] technique: boundary value */
static void test_vsock_send_never_exceeds_credit_of_peer(void)
{
    static const uint32_t credit[] = { 0U, 1U, SKR_VSOCK_PAYLOAD_BYTES, SKR_VSOCK_PAYLOAD_BYTES + 1U, 20000U };

    for (size_t n = 0U; n < (sizeof credit / sizeof credit[0]); n++) {
        const skr_vsock_handle_t handle = given_accepted();
        given_credit(credit[n], 0U);

        CHECK_EQUAL(send_all(handle), credit[n]);

        CHECK_EQUAL(island_events(&a, handle), 0U);
        given_credit(credit[n], credit[n]); /* all of it was taken */
        CHECK_EQUAL(island_events(&a, handle), (credit[n] != 0U) ? SKR_VSOCK_WRITABLE : 0U);
    }
}

/* [utest->dsn~vsock.send~1] technique: boundary value; ADV-V22, ADV-V25: the local cap, counters on their way past 2^32 */
static void test_vsock_send_huge_credit_is_capped_and_counters_wrap(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    skr_flow_t *f = island_flow(&a, handle);
    f->tx_cnt = 0xFFFFFF00U; /* as after 4 GiB */
    f->peer_fwd_cnt = 0xFFFFFF00U;
    given_credit(0xFFFFFFFFU, 0xFFFFFF00U);

    CHECK(send_all(handle) <= SKR_VSOCK_SEND_BYTES_MAX);

    CHECK_EQUAL(f->tx_cnt - f->peer_fwd_cnt, (f->tx_packets < SKR_VSOCK_SEND_PACKETS_MAX) ? SKR_VSOCK_SEND_BYTES_MAX :
                                             f->tx_cnt - 0xFFFFFF00U);
    CHECK(f->tx_cnt < 0xFFFFFF00U);
    given_credit(0xFFFFFFFFU, f->tx_cnt);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_WRITABLE);
    CHECK(send_all(handle) <= SKR_VSOCK_SEND_BYTES_MAX);
}

/* [utest->dsn~vsock.send~1] technique: boundary value; ADV-V20: no underflow */
static void test_vsock_send_credit_shrunk_below_bytes_in_flight_blocks(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    given_credit(5000U, 0U);
    CHECK_EQUAL(send_all(handle), 5000U);

    given_credit(1000U, 0U);
    CHECK_EQUAL(island_send(&a, handle, 1U, &taken), SKR_AGAIN);
    given_credit(1000U, 4000U); /* 1000 in flight still */
    CHECK_EQUAL(island_send(&a, handle, 1U, &taken), SKR_AGAIN);
    given_credit(1000U, 4001U);

    CHECK_EQUAL(send_all(handle), 1U);
}

/* [utest->dsn~vsock.send~1] technique: boundary value; ADV-V23, ADV-V24: impossible acknowledgements open nothing */
static void test_vsock_send_impossible_acknowledgement_never_enlarges_window(void)
{
    static const uint32_t lies[] = { 5001U, 0x7FFFFFFFU, 0x80000000U, 0xFFFFFFFFU, 999U, 0U };
    const skr_vsock_handle_t handle = given_accepted();
    given_credit(5000U, 0U);
    CHECK_EQUAL(send_all(handle), 5000U);
    given_credit(4000U, 1000U); /* 4000 of 4000 in flight */

    for (uint32_t n = 0U; n < (sizeof lies / sizeof lies[0]); n++) {
        given_credit(4000U, lies[n]);
        CHECK_EQUAL(island_send(&a, handle, 1U, &taken), SKR_AGAIN);
        CHECK_EQUAL(a.v.counters.odd_packets, n + 1U);
    }

    given_credit(4000U, 5000U);
    CHECK_EQUAL(send_all(handle), 4000U);
}

/* [utest->dsn~vsock.send~1] technique: boundary value: packets in flight are bounded as bytes are */
static void test_vsock_send_of_many_short_packets_is_bounded(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    uint32_t packets = 0U;

    while (island_send(&a, handle, 1U, &taken) == SKR_OK) {
        packets++;
        (void)peer_drain(&a.peer);
    }

    CHECK_EQUAL(packets, SKR_VSOCK_SEND_PACKETS_MAX);
    given_credit(65536U, 1U);
    CHECK_EQUAL(island_send(&a, handle, 1U, &taken), SKR_OK);
}

/* [utest->dsn~vsock.settle~2] technique: boundary value; ADV-V21, ADV-V43, ADV-V44: asked once in SKR_TICKS_CREDIT, for as long
 * as it takes, though the application only waits for SKR_VSOCK_WRITABLE */
static void test_vsock_blocked_connection_asks_for_credit_on_the_tick(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    given_credit(100U, 0U);
    CHECK_EQUAL(send_all(handle), 100U);
    const uint32_t begun = a.v.flow[0].asked;

    while (!skr_passed(a.now + 1U, begun, SKR_TICKS_CREDIT)) {
        CHECK_EQUAL(island_step(&a), SKR_OK);
    }
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_CREDIT_REQUEST);
    uint32_t asked = 0U;
    for (uint32_t n = 0U; n < (10U * SKR_TICKS_CREDIT); n++) {
        CHECK_EQUAL(island_step(&a), SKR_OK);
        asked += peer_drain_op(&a.peer, SKR_VSOCK_OP_CREDIT_REQUEST);
    }
    CHECK_EQUAL(asked, 10U);
    given_credit(100U, 100U);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_WRITABLE);

    CHECK_EQUAL(island_wait(&a, 10U * SKR_TICKS_CREDIT), SKR_OK);
    CHECK_EQUAL(peer_drain(&a.peer), 0U); /* nobody is blocked any more */
}

/* [utest->dsn~vsock.settle~2] [utest->dsn~vsock.receive~1] technique: error guess: nobody calls after the packet that takes credit
 * back, and it is asked for all the same */
static void test_vsock_credit_taken_back_by_data_is_asked_for(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    given_credit(SKR_VSOCK_SEND_BYTES_MAX, 0U);
    CHECK_EQUAL(island_send(&a, handle, 100U, &taken), SKR_OK);
    CHECK_EQUAL(peer_drain(&a.peer), 1U);

    a.peer.buf_alloc = 100U;
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RW, HOST_PORT, PORT));
    CHECK_EQUAL(island_wait(&a, 2U * SKR_TICKS_CREDIT), SKR_OK);
    CHECK_EQUAL(peer_drain_op(&a.peer, SKR_VSOCK_OP_CREDIT_REQUEST), 1U);
}

/* The places in the list of those that are due, in its order. */
static uint32_t due_places(uint16_t places[SKR_VSOCK_CONNECTIONS])
{
    uint32_t n = 0U;

    for (uint16_t at = a.v.due; (at < SKR_VSOCK_CONNECTIONS) && (n < SKR_VSOCK_CONNECTIONS); at = a.v.flow[at].next) {
        places[n] = at;
        n++;
    }
    return n;
}

/* [utest->dsn~vsock.attend~1] [utest->dsn~vsock.settle~2] technique: structural: who is due is there once, in the order of the
 * calls; who is not costs the step nothing */
static void test_vsock_only_connections_that_are_due_are_listed(void)
{
    skr_vsock_handle_t handle[3];
    uint16_t places[SKR_VSOCK_CONNECTIONS];
    island_run(&a);
    for (uint32_t n = 0U; n < 3U; n++) {
        handle[n] = island_accept(&a, PORT, n);
    }
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(due_places(places), 0U); /* open and idle */

    CHECK_EQUAL(skr_vsock_shutdown(&a.v, handle[1], SKR_VSOCK_SHUT_SEND), SKR_OK);
    CHECK_EQUAL(skr_vsock_reset(&a.v, handle[2]), SKR_OK);
    CHECK_EQUAL(skr_vsock_shutdown(&a.v, handle[1], SKR_VSOCK_SHUT_SEND), SKR_OK);
    CHECK_EQUAL(skr_vsock_close(&a.v, handle[0]), SKR_OK);
    skr_vsock_attend(&a.v, 3U); /* free: not due */

    CHECK_EQUAL(due_places(places), 3U);
    CHECK_EQUAL(places[0], 1U);
    CHECK_EQUAL(places[1], 2U);
    CHECK_EQUAL(places[2], 0U);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(due_places(places), 1U); /* waits for the answer to its SHUTDOWN */
    CHECK_EQUAL(places[0], 0U);
    CHECK_EQUAL(peer_drain(&a.peer), 3U);
}

/* [utest->dsn~vsock.end_all~2] [utest->dsn~vsock.settle~2] technique: error guess: a fault in the middle of the list must not lose the
 * rest of it */
static void test_vsock_list_of_due_connections_is_whole_after_a_new_start(void)
{
    skr_vsock_handle_t handle[SKR_VSOCK_CONNECTIONS];
    uint16_t places[SKR_VSOCK_CONNECTIONS];
    island_run(&a);
    for (uint32_t n = 0U; n < SKR_VSOCK_CONNECTIONS; n++) {
        handle[n] = island_accept(&a, PORT, n);
    }
    for (uint32_t n = 0U; n < SKR_VSOCK_CONNECTIONS; n++) {
        CHECK_EQUAL(skr_vsock_close(&a.v, handle[n]), SKR_OK);
    }
    /* Enough buffers for the first replies; the next one looks at the ring, which is broken. */
    a.v.device.virtq[SKR_VSOCK_TX].free_count = SKR_VSOCK_TX_RESERVE + 1U;
    model_raw_used_idx(&a.model, SKR_VSOCK_TX, (uint16_t)(a.v.device.virtq[SKR_VSOCK_TX].last_used + 100U));
    const uint32_t sent = a.v.counters.packets_sent;
    CHECK_EQUAL(island_step(&a), SKR_FAULT);
    CHECK_EQUAL(a.v.counters.packets_sent - sent, SKR_VSOCK_TX_RESERVE + 1U);
    CHECK(due_places(places) < SKR_VSOCK_CONNECTIONS); /* cut short */

    CHECK_EQUAL(skr_vsock_start(&a.v, a.now), SKR_OK);
    CHECK_EQUAL(due_places(places), SKR_VSOCK_CONNECTIONS);
    island_start(&a);
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(island_places(&a), 0U);
    CHECK_EQUAL(due_places(places), 0U);
}

/* [utest->dsn~vsock.settle~2] technique: equivalence class: who cannot send asks for nothing */
static void test_vsock_shut_connection_does_not_ask_for_credit(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    given_credit(0U, 0U);
    CHECK_EQUAL(skr_vsock_shutdown(&a.v, handle, SKR_VSOCK_SHUT_SEND), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_SHUTDOWN);

    CHECK_EQUAL(island_wait(&a, 2U * SKR_TICKS_CREDIT), SKR_OK);

    CHECK_EQUAL(peer_drain(&a.peer), 0U);
}

/* [utest->dsn~vsock.send~1] technique: equivalence class: any packet that gives room makes the connection writable */
static void test_vsock_send_blocked_is_freed_by_credit_in_any_packet(void)
{
    static const uint16_t ops[] = { SKR_VSOCK_OP_RW, SKR_VSOCK_OP_CREDIT_UPDATE, SKR_VSOCK_OP_CREDIT_REQUEST };

    for (size_t n = 0U; n < (sizeof ops / sizeof ops[0]); n++) {
        const skr_vsock_handle_t handle = given_accepted();
        given_credit(10U, 0U);
        CHECK_EQUAL(send_all(handle), 10U);
        a.peer.fwd_cnt = 10U;

        CHECK(peer_send(&a.peer, ops[n], HOST_PORT, PORT));
        CHECK_EQUAL(island_step(&a), SKR_OK);

        CHECK_EQUAL(island_events(&a, handle) & SKR_VSOCK_WRITABLE, SKR_VSOCK_WRITABLE);
    }
}

/* --- credit that we tell of --- */

/* [utest->dsn~vsock.settle~2] [utest->dsn~vsock.recv~1] technique: boundary value; ADV-V43: half a window, unasked */
static void test_vsock_credit_update_goes_out_at_half_a_window(void)
{
    static uint8_t data[SKR_VSOCK_WINDOW_BYTES];
    const skr_vsock_handle_t handle = given_accepted();
    uint32_t sent = 0U;
    while (sent < SKR_VSOCK_WINDOW_BYTES) {
        const uint32_t left = SKR_VSOCK_WINDOW_BYTES - sent;
        const uint32_t part = (left < SKR_VSOCK_PAYLOAD_BYTES) ? left : SKR_VSOCK_PAYLOAD_BYTES;
        CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, data, part));
        sent += part;
    }
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(island_recv(&a, handle, data, (SKR_VSOCK_WINDOW_BYTES / 2U) - 1U, &taken), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
    CHECK_EQUAL(island_recv(&a, handle, data, 1U, &taken), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_CREDIT_UPDATE);
    CHECK_EQUAL(a.peer.got.fwd_cnt, SKR_VSOCK_WINDOW_BYTES / 2U);
    CHECK_EQUAL(a.peer.got.buf_alloc, SKR_VSOCK_WINDOW_BYTES);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
}

/* [utest->dsn~vsock.send~1] technique: equivalence class: data that go out anyway tell of the credit as well */
static void test_vsock_credit_update_is_spared_by_data(void)
{
    static uint8_t data[SKR_VSOCK_WINDOW_BYTES];
    const skr_vsock_handle_t handle = given_accepted();
    for (uint32_t n = 0U; n < 3U; n++) {
        CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, data, SKR_VSOCK_PAYLOAD_BYTES));
    }
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(island_recv(&a, handle, data, sizeof data, &taken), SKR_OK);

    CHECK_EQUAL(island_send(&a, handle, 1U, &taken), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RW);
    CHECK_EQUAL(a.peer.got.fwd_cnt, 3U * SKR_VSOCK_PAYLOAD_BYTES);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
}

/* --- replies --- */

/* [utest->dsn~vsock.settle~2] technique: equivalence class; a place is free only when its RST has gone out */
static void test_vsock_place_stays_until_rst_has_gone_out(void)
{
    const skr_vsock_handle_t first = given_accepted();
    const skr_vsock_handle_t second = island_accept(&a, PORT, HOST_PORT + 1U);
    CHECK_EQUAL(island_send(&a, first, 0x10000U, &taken), SKR_OK);
    for (uint32_t n = 0U; n < SKR_VSOCK_TX_RESERVE; n++) {
        CHECK(peer_send(&a.peer, SKR_VSOCK_OP_CREDIT_REQUEST, HOST_PORT, PORT));
        CHECK_EQUAL(island_step(&a), SKR_OK);
    }
    CHECK_EQUAL(ring()->free_count, 0U);

    CHECK_EQUAL(skr_vsock_reset(&a.v, second), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(island_places(&a), 2U);
    CHECK_EQUAL(peer_drain_op(&a.peer, SKR_VSOCK_OP_RST), 0U);
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(island_places(&a), 1U);
    CHECK_EQUAL(peer_drain_op(&a.peer, SKR_VSOCK_OP_RST), 1U);
}

/* [utest->dsn~vsock.settle~2] technique: error guess: with one buffer a step, each connection has its turn */
static void test_vsock_replies_of_connections_take_turns(void)
{
    bool served[SKR_VSOCK_CONNECTIONS] = { false };
    island_run(&a);
    const skr_vsock_handle_t first = island_accept(&a, PORT, 0U);
    for (uint32_t n = 1U; n < SKR_VSOCK_CONNECTIONS; n++) {
        (void)island_accept(&a, PORT, n);
    }
    CHECK_EQUAL(island_send(&a, first, 0x10000U, &taken), SKR_OK);
    for (uint32_t n = 0U; n < SKR_VSOCK_TX_RESERVE; n++) {
        CHECK(peer_send(&a.peer, SKR_VSOCK_OP_CREDIT_REQUEST, 0U, PORT));
        CHECK_EQUAL(island_step(&a), SKR_OK);
    }

    for (uint32_t n = 0U; n < ((2U * SKR_VSOCK_CONNECTIONS) + SKR_VSOCK_TX_COUNT); n++) {
        for (uint32_t k = 0U; k < SKR_VSOCK_CONNECTIONS; k++) {
            CHECK(peer_send(&a.peer, SKR_VSOCK_OP_CREDIT_REQUEST, k, PORT));
        }
        CHECK(peer_take(&a.peer));
        if (a.peer.got.op == SKR_VSOCK_OP_CREDIT_UPDATE) {
            served[a.peer.got.dst_port] = true;
        }
        CHECK_EQUAL(island_step(&a), SKR_OK);
    }

    for (uint32_t k = 0U; k < SKR_VSOCK_CONNECTIONS; k++) {
        CHECK(served[k]);
    }
}

/* --- a broken ring --- */

/* [utest->dsn~vsock.send~1] [utest->dsn~vsock.room~2] technique: fault injection: every call says so, nothing shared is touched;
 * a new start works, old handles end as SKR_RESET, listeners are there */
static void test_vsock_send_over_broken_ring_is_fault_until_start(void)
{
    static const skr_transport_kind_t kinds[3] = { SKR_TRANSPORT_MMIO_V2, SKR_TRANSPORT_MMIO_V1, SKR_TRANSPORT_HVL };

    for (uint32_t n = 0U; n < 6U; n++) {
        skr_cause_t cause = SKR_CAUSE_USED_INDEX;
        island_open(&a, kinds[n / 2U], false, 0U);
        island_start(&a);
        const skr_vsock_handle_t handle = island_accept(&a, PORT, HOST_PORT);
        CHECK_EQUAL(island_send(&a, handle, 0x10000U, &taken), SKR_OK);
        if ((n % 2U) == 0U) {
            model_raw_used_idx(&a.model, SKR_VSOCK_TX, (uint16_t)(ring()->last_used + SKR_VSOCK_TX_COUNT + 1U));
        } else {
            model_raw_push(&a.model, SKR_VSOCK_TX, (uint32_t)ring()->free_ids[0], 0U);
            cause = SKR_CAUSE_USED_TWICE;
        }

        CHECK_EQUAL(island_send(&a, handle, 5U, &taken), SKR_FAULT);

        CHECK_EQUAL(taken, 0U);
        CHECK_EQUAL(skr_vsock_cause(&a.v), cause);
        then_every_call_faults(&a, handle, PORT);
        if (kinds[n / 2U] == SKR_TRANSPORT_HVL) {
            model_restart(&a.model); /* the rings of a running PMM that lied cannot be attached to */
        }
        island_start(&a);
        CHECK_EQUAL(island_send(&a, handle, 5U, &taken), SKR_RESET);
        CHECK_EQUAL(skr_vsock_close(&a.v, handle), SKR_OK);
        (void)island_accept(&a, PORT, HOST_PORT);
    }
}

/* Break the ring just when the library asks for interrupts. */
static void break_on_request(void *context, const hook_access_t *access)
{
    const skr_virtq_t *q = context;

    if (access->write && (access->base == q->base) && (access->offset == q->avail)) {
        model_raw_used_idx(&a.model, SKR_VSOCK_TX, (uint16_t)(q->last_used + q->outstanding + 1U));
    }
}

/* [utest->dsn~vsock.send~1] technique: fault injection: broken in the second look; what the first packets took is not said */
static void test_vsock_send_ring_broken_in_second_look_is_fault(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    CHECK_EQUAL(island_send(&a, handle, 1U, &taken), SKR_OK); /* no interrupts are asked for now */
    hook_script(break_on_request, ring());

    CHECK_EQUAL(island_send(&a, handle, 0x10000U, &taken), SKR_FAULT);

    CHECK_EQUAL(taken, 0U);
    CHECK_EQUAL(skr_vsock_cause(&a.v), SKR_CAUSE_USED_INDEX);
    then_every_call_faults(&a, handle, PORT);
}

/* [utest->dsn~vsock.settle~2] [utest->dsn~vsock.step~1] technique: fault injection: found in the step, before any reply */
static void test_vsock_step_over_broken_transmit_ring_is_fault(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    CHECK_EQUAL(island_send(&a, handle, 0x10000U, &taken), SKR_OK);
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RW, 1U, 1U));
    model_raw_push(&a.model, SKR_VSOCK_TX, 0xFFFFFFFFU, 0U);

    CHECK_EQUAL(island_step(&a), SKR_FAULT);

    CHECK_EQUAL(skr_vsock_cause(&a.v), SKR_CAUSE_USED_ID);
    then_every_call_faults(&a, handle, PORT);
}

/* Break the ring at the look that a reply makes: the second one of the step. */
static void break_at_second_look(void *context, const hook_access_t *access)
{
    static uint32_t looks;
    const skr_virtq_t *q = context;

    if (access->number == 1U) {
        looks = 0U;
    }
    if ((!access->write) && (access->base == q->base) && (access->offset == (q->used + 2U))) {
        looks++;
        if (looks == 2U) {
            model_raw_used_idx(&a.model, SKR_VSOCK_TX, (uint16_t)(q->last_used + q->outstanding + 1U));
        }
    }
}

/* [utest->dsn~vsock.settle~2] technique: fault injection: found among the replies: of a connection, then of unknown tuples */
static void test_vsock_step_ring_broken_between_replies_is_fault(void)
{
    for (uint32_t n = 0U; n < 2U; n++) {
        const skr_vsock_handle_t handle = given_accepted();
        CHECK_EQUAL(island_send(&a, handle, 0x10000U, &taken), SKR_OK);
        for (uint32_t k = 0U; k < SKR_VSOCK_TX_RESERVE; k++) {
            CHECK(peer_send(&a.peer, SKR_VSOCK_OP_CREDIT_REQUEST, HOST_PORT, PORT));
            CHECK_EQUAL(island_step(&a), SKR_OK);
        }
        CHECK(peer_send(&a.peer, (n == 0U) ? SKR_VSOCK_OP_CREDIT_REQUEST : SKR_VSOCK_OP_RW, HOST_PORT + n, PORT));
        hook_script(break_at_second_look, ring());
        hook_count_from_here();

        CHECK_EQUAL(island_step(&a), SKR_FAULT);

        hook_script(NULL, NULL);
        CHECK_EQUAL(skr_vsock_cause(&a.v), SKR_CAUSE_USED_INDEX);
        then_every_call_faults(&a, handle, PORT);
    }
}

SKR_SUITE(vsock_transmit,
    SKR_TEST(test_vsock_send_splits_into_packets_and_keeps_every_byte),
    SKR_TEST(test_vsock_emit_shows_nothing_of_the_header_before),
    SKR_TEST(test_vsock_send_of_nothing_is_ok_and_sends_nothing),
    SKR_TEST(test_vsock_send_in_each_state_says_why_not),
    SKR_TEST(test_vsock_send_stops_at_reserve_and_replies_still_go_out),
    SKR_TEST(test_vsock_room_of_a_device_that_does_not_run_is_none),
    SKR_TEST(test_vsock_send_takes_back_buffers_by_itself),
    SKR_TEST(test_vsock_send_stays_within_bound_of_shared_accesses),
    SKR_TEST(test_vsock_send_device_returning_at_once_does_not_hold_the_call),
    SKR_TEST(test_vsock_send_blocked_asks_for_interrupts_and_unblocked_does_not),
    SKR_TEST(test_vsock_send_blocked_with_event_idx_is_interrupted_by_next_buffer),
    SKR_TEST(test_vsock_send_blocked_is_interrupted_until_it_can_go_on),
    SKR_TEST(test_vsock_send_sees_buffer_that_came_just_before_the_request),
    SKR_TEST(test_vsock_send_never_exceeds_credit_of_peer),
    SKR_TEST(test_vsock_send_huge_credit_is_capped_and_counters_wrap),
    SKR_TEST(test_vsock_send_credit_shrunk_below_bytes_in_flight_blocks),
    SKR_TEST(test_vsock_send_impossible_acknowledgement_never_enlarges_window),
    SKR_TEST(test_vsock_send_of_many_short_packets_is_bounded),
    SKR_TEST(test_vsock_blocked_connection_asks_for_credit_on_the_tick),
    SKR_TEST(test_vsock_credit_taken_back_by_data_is_asked_for),
    SKR_TEST(test_vsock_only_connections_that_are_due_are_listed),
    SKR_TEST(test_vsock_list_of_due_connections_is_whole_after_a_new_start),
    SKR_TEST(test_vsock_shut_connection_does_not_ask_for_credit),
    SKR_TEST(test_vsock_send_blocked_is_freed_by_credit_in_any_packet),
    SKR_TEST(test_vsock_credit_update_goes_out_at_half_a_window),
    SKR_TEST(test_vsock_credit_update_is_spared_by_data),
    SKR_TEST(test_vsock_place_stays_until_rst_has_gone_out),
    SKR_TEST(test_vsock_replies_of_connections_take_turns),
    SKR_TEST(test_vsock_send_over_broken_ring_is_fault_until_start),
    SKR_TEST(test_vsock_send_ring_broken_in_second_look_is_fault),
    SKR_TEST(test_vsock_step_over_broken_transmit_ring_is_fault),
    SKR_TEST(test_vsock_step_ring_broken_between_replies_is_fault))
