/* SPDX-License-Identifier: BSD-3-Clause */
/* One connection: the state x operation table, credit both ways, the receive ring, replies owed, time-outs. */
#include <stdio.h>
#include <string.h>

#include "skerry/vsock_flow.h"
#include "test.h"

#define WINDOW SKR_VSOCK_WINDOW_BYTES
#define CAP SKR_VSOCK_SEND_BYTES_MAX
#define PORT 1234U
#define PEER 0x80000007U
#define BOTH (SKR_VSOCK_SHUTDOWN_RECEIVE | SKR_VSOCK_SHUTDOWN_SEND)

static skr_flow_t flow;

/* An open connection that owes nothing and was given `credit` bytes by the peer. */
static void open_flow(uint32_t credit)
{
    memset(&flow, 0xA5, sizeof flow);
    flow.state = SKR_FLOW_FREE;
    skr_flow_begin(&flow, SKR_FLOW_OPEN, PORT, PEER, 100U);
    flow.owed = 0U;
    (void)skr_flow_credit(&flow, credit, 0U);
}

static void connecting_flow(bool request_sent)
{
    memset(&flow, 0xA5, sizeof flow);
    flow.state = SKR_FLOW_FREE;
    skr_flow_begin(&flow, SKR_FLOW_CONNECTING, PORT, PEER, 100U);
    flow.timeout = 50U;
    if (request_sent) {
        flow.owed = 0U;
    }
}

static void closing_flow(void)
{
    open_flow(5000U);
    flow.state = SKR_FLOW_CLOSING;
    flow.since = 100U;
    flow.shut = SKR_SHUT_LOCAL_RECEIVE | SKR_SHUT_LOCAL_SEND;
}

static void flow_in(skr_flow_state_t state)
{
    if (state == SKR_FLOW_CONNECTING) {
        connecting_flow(true);
    } else if (state == SKR_FLOW_OPEN) {
        open_flow(5000U);
    } else {
        closing_flow();
    }
}

/* A packet that says nothing new about credit. */
static skr_vsock_packet_t packet_of(uint32_t op, uint32_t length, uint32_t flags)
{
    const skr_vsock_packet_t packet = {.src_cid = 2U, .dst_cid = 3U, .src_port = PEER, .dst_port = PORT, .length = length,
        .flags = flags, .buf_alloc = flow.peer_buf_alloc, .fwd_cnt = flow.peer_fwd_cnt, .type = 1U, .op = (uint16_t)op};
    return packet;
}

static skr_flow_verdict_t deliver(uint32_t op, uint32_t length, uint32_t flags, uint32_t *payload)
{
    const skr_vsock_packet_t packet = packet_of(op, length, flags);
    *payload = 0xDEADU;
    return skr_flow_packet(&flow, &packet, payload, 200U);
}

/* Put bytes into the ring as vsock does, in at most two runs; `first` is the number of the first byte in the stream. */
static void put(uint64_t first, uint32_t bytes)
{
    uint32_t done = 0U;
    for (uint32_t i = 0U; (i < 2U) && (done < bytes); i++) {
        uint32_t at = 0U;
        const uint32_t run = skr_flow_span(&flow, &at);
        const uint32_t part = (run < (bytes - done)) ? run : (bytes - done);
        for (uint32_t k = 0U; k < part; k++) {
            const uint64_t n = first + done + k;
            flow.data[at + k] = (uint8_t)(n ^ (n >> 8U) ^ (n >> 17U));
        }
        skr_flow_store(&flow, part);
        done += part;
    }
}

/* Take bytes out; false if one is not the one that is due. */
static bool take(uint64_t first, uint32_t bytes)
{
    bool good = true;
    uint32_t done = 0U;
    for (uint32_t i = 0U; (i < 2U) && (done < bytes); i++) {
        uint32_t at = 0U;
        const uint32_t run = skr_flow_oldest(&flow, &at);
        const uint32_t part = (run < (bytes - done)) ? run : (bytes - done);
        for (uint32_t k = 0U; k < part; k++) {
            const uint64_t n = first + done + k;
            good = good && (flow.data[at + k] == (uint8_t)(n ^ (n >> 8U) ^ (n >> 17U)));
        }
        skr_flow_consume(&flow, part);
        done += part;
    }
    return good && (done == bytes);
}

/* ---- begin and end ---- */

/* [utest->dsn~flow.begin~1] technique: equivalence class */
static void test_flow_begin_connecting_owes_request_and_knows_nothing_of_peer(void)
{
    connecting_flow(false);

    CHECK_EQUAL(flow.state, SKR_FLOW_CONNECTING);
    CHECK_EQUAL(flow.owed, SKR_OWE_REQUEST);
    CHECK_EQUAL(flow.backlog, 0U);
    CHECK_EQUAL(flow.local_port, PORT);
    CHECK_EQUAL(flow.peer_port, PEER);
    CHECK_EQUAL(flow.since, 100U);
    CHECK_EQUAL(flow.asked, 100U);
    CHECK_EQUAL(skr_flow_window(&flow), 0U);
}

/* [utest->dsn~flow.begin~1] technique: equivalence class */
static void test_flow_begin_open_owes_response_and_waits_in_backlog(void)
{
    memset(&flow, 0xFF, sizeof flow);
    flow.state = SKR_FLOW_FREE;

    skr_flow_begin(&flow, SKR_FLOW_OPEN, PORT, PEER, 7U);

    CHECK_EQUAL(flow.state, SKR_FLOW_OPEN);
    CHECK_EQUAL(flow.owed, SKR_OWE_RESPONSE);
    CHECK_EQUAL(flow.backlog, 1U);
    CHECK_EQUAL(flow.end, SKR_OK);
    CHECK_EQUAL(flow.tx_cnt, 0U);
    CHECK_EQUAL(flow.peer_fwd_cnt, 0U);
    CHECK_EQUAL(flow.peer_buf_alloc, 0U);
    CHECK_EQUAL(flow.tx_packets, 0U);
    CHECK_EQUAL(flow.fwd_cnt, 0U);
    CHECK_EQUAL(flow.told_fwd_cnt, 0U);
    CHECK_EQUAL(flow.head, 0U);
    CHECK_EQUAL(flow.stored, 0U);
    CHECK_EQUAL(flow.timeout, 0U);
    CHECK_EQUAL(flow.shut, 0U);
    CHECK_EQUAL(flow.released, 0U);
    CHECK_EQUAL(flow.quarantine, 0U);
}

/* [utest->dsn~flow.begin~1] technique: boundary value */
static void test_flow_begin_generation_counts_and_wraps(void)
{
    static const uint16_t before[] = {0U, 1U, 0x7FFFU, 0xFFFEU, 0xFFFFU};
    static const uint16_t after[] = {1U, 2U, 0x8000U, 0xFFFFU, 0U};

    for (uint32_t i = 0U; i < 5U; i++) {
        flow.state = SKR_FLOW_FREE;
        flow.generation = before[i];
        skr_flow_begin(&flow, SKR_FLOW_OPEN, PORT, PEER, 0U);
        CHECK_EQUAL(flow.generation, after[i]);
    }
}

/* [utest->dsn~flow.end~1] technique: equivalence class */
static void test_flow_end_forgets_what_was_owed_and_keeps_data(void)
{
    static const skr_status_t ends[] = {SKR_CLOSED, SKR_REFUSED, SKR_RESET, SKR_TIMEOUT};

    for (uint32_t i = 0U; i < 4U; i++) {
        for (uint32_t tell = 0U; tell < 2U; tell++) {
            open_flow(100U);
            put(0U, 10U);
            flow.owed = SKR_OWE_ALL;

            skr_flow_end(&flow, ends[i], tell == 1U);

            CHECK_EQUAL(flow.state, SKR_FLOW_ENDED);
            CHECK_EQUAL(flow.end, ends[i]);
            CHECK_EQUAL(flow.owed, (tell == 1U) ? SKR_OWE_RST : 0U);
            CHECK(take(0U, 10U));
        }
    }
}

/* ---- credit towards the peer ---- */

typedef struct {
    const char *what;
    uint32_t tx_cnt;
    uint32_t peer_fwd_cnt;
    uint32_t peer_buf_alloc;
    uint32_t tx_packets;
    uint32_t expected;
} window_row_t;

/* ADV-V20 V21 V22 V25. [utest->dsn~flow.window~1] technique: boundary value */
static void test_flow_window_is_what_peer_and_cap_leave_and_never_wraps(void)
{
    static const window_row_t rows[] = {
        {"all free", 0U, 0U, 4096U, 0U, 4096U},
        {"part in flight", 100U, 0U, 4096U, 1U, 3996U},
        {"the printed formula's own wrap", 100U, 0xFFFFFF00U, 4096U, 1U, 3740U},
        {"one left", 4095U, 0U, 4096U, 1U, 1U},
        {"just full", 4096U, 0U, 4096U, 1U, 0U},
        {"V20 shrunk below what is in flight", 4000U, 0U, 1024U, 1U, 0U},
        {"V20 shrunk to nothing", 4000U, 0U, 0U, 1U, 0U},
        {"V21 never any", 0U, 0U, 0U, 0U, 0U},
        {"V22 more than we want", 0U, 0U, 0xFFFFFFFFU, 0U, CAP},
        {"V22 with some in flight", 1000U, 0U, 0xFFFFFFFFU, 1U, CAP - 1000U},
        {"V22 cap used up", CAP, 0U, 0xFFFFFFFFU, 1U, 0U},
        {"just the cap", 0U, 0U, CAP, 0U, CAP},
        {"one more than the cap", 0U, 0U, CAP + 1U, 0U, CAP},
        {"V25 before the wrap", 0xFFFFFFFFU, 0xFFFFFFF0U, 100U, 1U, 85U},
        {"V25 at the wrap", 0U, 0xFFFFFFF0U, 100U, 1U, 84U},
        {"V25 after the wrap", 5U, 0xFFFFFFF0U, 100U, 1U, 79U},
        {"V25 full across the wrap", 84U, 0xFFFFFFF0U, 100U, 1U, 0U},
        {"packets just below the bound", 600U, 0U, 4096U, SKR_VSOCK_SEND_PACKETS_MAX - 1U, 3496U},
        {"packets at the bound", 600U, 0U, 4096U, SKR_VSOCK_SEND_PACKETS_MAX, 0U},
        {"packets beyond the bound", 600U, 0U, 4096U, SKR_VSOCK_SEND_PACKETS_MAX + 1U, 0U},
        {"packets at the bound, nothing in flight", 600U, 600U, 4096U, SKR_VSOCK_SEND_PACKETS_MAX, 4096U},
    };

    for (size_t i = 0U; i < (sizeof rows / sizeof rows[0]); i++) {
        open_flow(0U);
        flow.tx_cnt = rows[i].tx_cnt;
        flow.peer_fwd_cnt = rows[i].peer_fwd_cnt;
        flow.peer_buf_alloc = rows[i].peer_buf_alloc;
        flow.tx_packets = rows[i].tx_packets;
        (void)test_equal(skr_flow_window(&flow), rows[i].expected, rows[i].what, __FILE__, __LINE__);
    }
}

typedef struct {
    const char *what;
    uint32_t tx_cnt;
    uint32_t old_fwd;
    uint32_t new_fwd;
    uint32_t believed;
} credit_row_t;

/* ADV-V23 V24 V25. [utest->dsn~flow.credit~1] technique: boundary value, fault injection */
static void test_flow_credit_believes_only_what_was_sent(void)
{
    static const credit_row_t rows[] = {
        {"nothing new", 1000U, 400U, 400U, 1U},
        {"one byte", 1000U, 400U, 401U, 1U},
        {"all", 1000U, 400U, 1000U, 1U},
        {"V23 one ahead of all", 1000U, 400U, 1001U, 0U},
        {"V23 far ahead", 1000U, 400U, 0x80000000U, 0U},
        {"V24 one back", 1000U, 400U, 399U, 0U},
        {"V24 to the start", 1000U, 400U, 0U, 0U},
        {"V23 nothing sent", 0U, 0U, 1U, 0U},
        {"V24 nothing sent", 0U, 0U, 0xFFFFFFFFU, 0U},
        {"V25 up to the wrap", 16U, 0xFFFFFFF0U, 0xFFFFFFFFU, 1U},
        {"V25 onto it", 16U, 0xFFFFFFF0U, 0U, 1U},
        {"V25 all, across it", 16U, 0xFFFFFFF0U, 16U, 1U},
        {"V25 V23 ahead, across it", 16U, 0xFFFFFFF0U, 17U, 0U},
        {"V25 V24 back, before it", 16U, 0xFFFFFFF0U, 0xFFFFFFEFU, 0U},
        {"V25 V24 back, across it", 16U, 8U, 0xFFFFFFFFU, 0U},
    };

    for (size_t i = 0U; i < (sizeof rows / sizeof rows[0]); i++) {
        open_flow(0U);
        flow.tx_cnt = rows[i].tx_cnt;
        flow.peer_fwd_cnt = rows[i].old_fwd;
        flow.tx_packets = 9U;

        const bool believed = skr_flow_credit(&flow, 777U, rows[i].new_fwd);

        const bool moved = (rows[i].believed == 1U) && (rows[i].new_fwd != rows[i].old_fwd);
        (void)test_equal(believed ? 1U : 0U, rows[i].believed, rows[i].what, __FILE__, __LINE__);
        (void)test_equal(flow.peer_fwd_cnt, moved ? rows[i].new_fwd : rows[i].old_fwd, rows[i].what, __FILE__, __LINE__);
        (void)test_equal(flow.tx_packets, moved ? 0U : 9U, rows[i].what, __FILE__, __LINE__);
        CHECK_EQUAL(flow.peer_buf_alloc, 777U);
    }
}

/* ---- the state x operation table ---- */

#define NONE 0xFFU /* column `end` of a connection that goes on */

typedef struct {
    skr_flow_state_t state;
    uint32_t op;
    uint32_t length;
    uint32_t flags;
    skr_flow_verdict_t verdict;
    skr_flow_state_t after;
    uint32_t end;
    uint32_t owed;
    uint32_t payload;
    uint32_t shut; /* the peer's bits */
} row_t;

/* Written from the standard and from the catalogue of attacks, not from the code. */
static const row_t table[] = {
    /* V04: what vhost-device sends in normal use */
    {SKR_FLOW_CONNECTING, 0U, 0U, 0U, SKR_FLOW_ODD, SKR_FLOW_CONNECTING, NONE, 0U, 0U, 0U},
    {SKR_FLOW_OPEN, 0U, 0U, 0U, SKR_FLOW_ODD, SKR_FLOW_OPEN, NONE, 0U, 0U, 0U},
    {SKR_FLOW_CLOSING, 0U, 0U, 0U, SKR_FLOW_ODD, SKR_FLOW_CLOSING, NONE, 0U, 0U, 0U},
    /* V13: REQUEST for a tuple that is in use */
    {SKR_FLOW_CONNECTING, 1U, 0U, 0U, SKR_FLOW_BROKEN, SKR_FLOW_ENDED, SKR_RESET, SKR_OWE_RST, 0U, 0U},
    {SKR_FLOW_OPEN, 1U, 0U, 0U, SKR_FLOW_BROKEN, SKR_FLOW_ENDED, SKR_RESET, SKR_OWE_RST, 0U, 0U},
    {SKR_FLOW_CLOSING, 1U, 0U, 0U, SKR_FLOW_ODD, SKR_FLOW_CLOSING, NONE, 0U, 0U, 0U},
    /* V12: RESPONSE, wanted and doubled */
    {SKR_FLOW_CONNECTING, 2U, 0U, 0U, SKR_FLOW_TAKEN, SKR_FLOW_OPEN, NONE, 0U, 0U, 0U},
    {SKR_FLOW_OPEN, 2U, 0U, 0U, SKR_FLOW_ODD, SKR_FLOW_OPEN, NONE, 0U, 0U, 0U},
    {SKR_FLOW_CLOSING, 2U, 0U, 0U, SKR_FLOW_ODD, SKR_FLOW_CLOSING, NONE, 0U, 0U, 0U},
    /* RST: never answered */
    {SKR_FLOW_CONNECTING, 3U, 0U, 0U, SKR_FLOW_TAKEN, SKR_FLOW_ENDED, SKR_REFUSED, 0U, 0U, 0U},
    {SKR_FLOW_OPEN, 3U, 0U, 0U, SKR_FLOW_TAKEN, SKR_FLOW_ENDED, SKR_RESET, 0U, 0U, 0U},
    {SKR_FLOW_CLOSING, 3U, 0U, 0U, SKR_FLOW_TAKEN, SKR_FLOW_ENDED, SKR_CLOSED, 0U, 0U, 0U},
    /* V32 V35: SHUTDOWN */
    {SKR_FLOW_CONNECTING, 4U, 0U, 3U, SKR_FLOW_BROKEN, SKR_FLOW_ENDED, SKR_RESET, SKR_OWE_RST, 0U, 0U},
    {SKR_FLOW_OPEN, 4U, 0U, 0U, SKR_FLOW_ODD, SKR_FLOW_OPEN, NONE, 0U, 0U, 0U},
    {SKR_FLOW_OPEN, 4U, 0U, 0xFFFFFFFCU, SKR_FLOW_ODD, SKR_FLOW_OPEN, NONE, 0U, 0U, 0U},
    {SKR_FLOW_OPEN, 4U, 0U, 1U, SKR_FLOW_TAKEN, SKR_FLOW_OPEN, NONE, 0U, 0U, SKR_SHUT_PEER_RECEIVE},
    {SKR_FLOW_OPEN, 4U, 0U, 2U, SKR_FLOW_TAKEN, SKR_FLOW_OPEN, NONE, 0U, 0U, SKR_SHUT_PEER_SEND},
    {SKR_FLOW_OPEN, 4U, 0U, 0xFFFFFFFEU, SKR_FLOW_TAKEN, SKR_FLOW_OPEN, NONE, 0U, 0U, SKR_SHUT_PEER_SEND},
    {SKR_FLOW_OPEN, 4U, 0U, 3U, SKR_FLOW_TAKEN, SKR_FLOW_ENDED, SKR_CLOSED, SKR_OWE_RST, 0U, 0xCU},
    {SKR_FLOW_CLOSING, 4U, 0U, 0U, SKR_FLOW_ODD, SKR_FLOW_CLOSING, NONE, 0U, 0U, 0U},
    {SKR_FLOW_CLOSING, 4U, 0U, 2U, SKR_FLOW_TAKEN, SKR_FLOW_CLOSING, NONE, 0U, 0U, SKR_SHUT_PEER_SEND},
    {SKR_FLOW_CLOSING, 4U, 0U, 3U, SKR_FLOW_TAKEN, SKR_FLOW_ENDED, SKR_CLOSED, SKR_OWE_RST, 0U, 0xCU},
    /* V10 V26 V28 V31: RW */
    {SKR_FLOW_CONNECTING, 5U, 10U, 0U, SKR_FLOW_BROKEN, SKR_FLOW_ENDED, SKR_RESET, SKR_OWE_RST, 0U, 0U},
    {SKR_FLOW_CONNECTING, 5U, 0U, 0U, SKR_FLOW_BROKEN, SKR_FLOW_ENDED, SKR_RESET, SKR_OWE_RST, 0U, 0U},
    {SKR_FLOW_OPEN, 5U, 0U, 0U, SKR_FLOW_TAKEN, SKR_FLOW_OPEN, NONE, 0U, 0U, 0U},
    {SKR_FLOW_OPEN, 5U, 1U, 0U, SKR_FLOW_TAKEN, SKR_FLOW_OPEN, NONE, 0U, 1U, 0U},
    {SKR_FLOW_OPEN, 5U, 10U, 0xFFFFFFFFU, SKR_FLOW_TAKEN, SKR_FLOW_OPEN, NONE, 0U, 10U, 0U},
    {SKR_FLOW_OPEN, 5U, WINDOW, 0U, SKR_FLOW_TAKEN, SKR_FLOW_OPEN, NONE, 0U, WINDOW, 0U},
    {SKR_FLOW_OPEN, 5U, WINDOW + 1U, 0U, SKR_FLOW_BROKEN, SKR_FLOW_ENDED, SKR_RESET, SKR_OWE_RST, 0U, 0U},
    {SKR_FLOW_OPEN, 5U, 0xFFFFFFFFU, 0U, SKR_FLOW_BROKEN, SKR_FLOW_ENDED, SKR_RESET, SKR_OWE_RST, 0U, 0U},
    {SKR_FLOW_CLOSING, 5U, 10U, 0U, SKR_FLOW_TAKEN, SKR_FLOW_CLOSING, NONE, 0U, 0U, 0U},
    {SKR_FLOW_CLOSING, 5U, WINDOW + 1U, 0U, SKR_FLOW_BROKEN, SKR_FLOW_ENDED, SKR_RESET, SKR_OWE_RST, 0U, 0U},
    /* V19: credit before RESPONSE */
    {SKR_FLOW_CONNECTING, 6U, 0U, 0U, SKR_FLOW_TAKEN, SKR_FLOW_CONNECTING, NONE, 0U, 0U, 0U},
    {SKR_FLOW_OPEN, 6U, 0U, 0U, SKR_FLOW_TAKEN, SKR_FLOW_OPEN, NONE, 0U, 0U, 0U},
    {SKR_FLOW_CLOSING, 6U, 0U, 0U, SKR_FLOW_TAKEN, SKR_FLOW_CLOSING, NONE, 0U, 0U, 0U},
    {SKR_FLOW_CONNECTING, 7U, 0U, 0U, SKR_FLOW_TAKEN, SKR_FLOW_CONNECTING, NONE, SKR_OWE_CREDIT_UPDATE, 0U, 0U},
    {SKR_FLOW_OPEN, 7U, 0U, 0U, SKR_FLOW_TAKEN, SKR_FLOW_OPEN, NONE, SKR_OWE_CREDIT_UPDATE, 0U, 0U},
    {SKR_FLOW_CLOSING, 7U, 0U, 0U, SKR_FLOW_TAKEN, SKR_FLOW_CLOSING, NONE, SKR_OWE_CREDIT_UPDATE, 0U, 0U},
    /* V05: operations that do not exist */
    {SKR_FLOW_CONNECTING, 8U, 0U, 0U, SKR_FLOW_BROKEN, SKR_FLOW_ENDED, SKR_RESET, SKR_OWE_RST, 0U, 0U},
    {SKR_FLOW_OPEN, 8U, 0U, 0U, SKR_FLOW_BROKEN, SKR_FLOW_ENDED, SKR_RESET, SKR_OWE_RST, 0U, 0U},
    {SKR_FLOW_CLOSING, 8U, 0U, 0U, SKR_FLOW_BROKEN, SKR_FLOW_ENDED, SKR_RESET, SKR_OWE_RST, 0U, 0U},
    {SKR_FLOW_CONNECTING, 65535U, 9U, 0U, SKR_FLOW_BROKEN, SKR_FLOW_ENDED, SKR_RESET, SKR_OWE_RST, 0U, 0U},
    {SKR_FLOW_OPEN, 65535U, 9U, 0U, SKR_FLOW_BROKEN, SKR_FLOW_ENDED, SKR_RESET, SKR_OWE_RST, 0U, 0U},
    {SKR_FLOW_CLOSING, 65535U, 9U, 0U, SKR_FLOW_BROKEN, SKR_FLOW_ENDED, SKR_RESET, SKR_OWE_RST, 0U, 0U},
    /* V03: payload on control operations is passed over; the packet acts all the same */
    {SKR_FLOW_CONNECTING, 2U, 1U, 0U, SKR_FLOW_ODD, SKR_FLOW_OPEN, NONE, 0U, 0U, 0U},
    {SKR_FLOW_CONNECTING, 3U, 1U, 0U, SKR_FLOW_ODD, SKR_FLOW_ENDED, SKR_REFUSED, 0U, 0U, 0U},
    {SKR_FLOW_OPEN, 3U, 0xFFFFFFFFU, 0U, SKR_FLOW_ODD, SKR_FLOW_ENDED, SKR_RESET, 0U, 0U, 0U},
    {SKR_FLOW_OPEN, 4U, 5U, 2U, SKR_FLOW_ODD, SKR_FLOW_OPEN, NONE, 0U, 0U, SKR_SHUT_PEER_SEND},
    {SKR_FLOW_OPEN, 6U, 5U, 0U, SKR_FLOW_ODD, SKR_FLOW_OPEN, NONE, 0U, 0U, 0U},
    {SKR_FLOW_OPEN, 7U, 5U, 0U, SKR_FLOW_ODD, SKR_FLOW_OPEN, NONE, SKR_OWE_CREDIT_UPDATE, 0U, 0U},
    {SKR_FLOW_CLOSING, 7U, 5U, 0U, SKR_FLOW_ODD, SKR_FLOW_CLOSING, NONE, SKR_OWE_CREDIT_UPDATE, 0U, 0U},
    {SKR_FLOW_OPEN, 1U, 5U, 0U, SKR_FLOW_BROKEN, SKR_FLOW_ENDED, SKR_RESET, SKR_OWE_RST, 0U, 0U},
};

static void check_row(const row_t *row)
{
    char where[64];
    uint32_t payload = 0U;

    (void)snprintf(where, sizeof where, "state %d op %u length %u flags %u", (int)row->state, row->op, row->length, row->flags);
    flow_in(row->state);
    const uint32_t local = flow.shut;

    const skr_flow_verdict_t verdict = deliver(row->op, row->length, row->flags, &payload);

    (void)test_equal(verdict, row->verdict, where, __FILE__, __LINE__);
    (void)test_equal(flow.state, row->after, where, __FILE__, __LINE__);
    (void)test_equal(flow.owed, row->owed, where, __FILE__, __LINE__);
    (void)test_equal(payload, row->payload, where, __FILE__, __LINE__);
    (void)test_equal(flow.shut, local | row->shut, where, __FILE__, __LINE__);
    if (row->end != NONE) {
        (void)test_equal(flow.end, row->end, where, __FILE__, __LINE__);
    }
}

/* ADV-V03 V04 V05 V10 V12 V13 V19 V26 V28 V31 V32 V35. [utest->dsn~flow.packet~1] technique: oracle, fault injection */
static void test_flow_packet_every_state_and_operation_does_what_the_table_says(void)
{
    for (size_t i = 0U; i < (sizeof table / sizeof table[0]); i++) {
        check_row(&table[i]);
    }
}

/* ADV-V05. [utest->dsn~flow.packet~1] technique: equivalence class */
static void test_flow_packet_all_unknown_operations_reset(void)
{
    uint32_t bad = 0U;
    uint32_t payload = 0U;

    for (uint32_t op = 8U; op <= 0xFFFFU; op++) {
        flow.state = SKR_FLOW_OPEN;
        flow.owed = 0U;
        flow.stored = 0U;
        flow.shut = 0U;
        if ((deliver(op, 1U, 3U, &payload) != SKR_FLOW_BROKEN) || (payload != 0U) || (flow.owed != SKR_OWE_RST)) {
            bad++;
        }
    }
    CHECK_EQUAL(bad, 0U);
}

/* [utest->dsn~flow.packet~1] technique: equivalence class */
static void test_flow_packet_response_opens_connection_with_credit_and_time(void)
{
    connecting_flow(true);
    skr_vsock_packet_t packet = packet_of(SKR_VSOCK_OP_RESPONSE, 0U, 0U);
    packet.buf_alloc = 8192U;
    uint32_t payload = 0U;

    const skr_flow_verdict_t verdict = skr_flow_packet(&flow, &packet, &payload, 777U);

    CHECK_EQUAL(verdict, SKR_FLOW_TAKEN);
    CHECK_EQUAL(flow.since, 777U);
    CHECK_EQUAL(skr_flow_window(&flow), 8192U);
}

/* ADV-V12. [utest->dsn~flow.packet~1] technique: error guess */
static void test_flow_packet_response_before_request_went_out_resets(void)
{
    uint32_t payload = 0U;
    connecting_flow(false);

    CHECK_EQUAL(deliver(SKR_VSOCK_OP_RESPONSE, 0U, 0U, &payload), SKR_FLOW_BROKEN);

    CHECK_EQUAL(flow.state, SKR_FLOW_ENDED);
    CHECK_EQUAL(flow.owed, SKR_OWE_RST);
}

/* [utest->dsn~flow.packet~1] technique: equivalence class */
static void test_flow_packet_rst_on_open_connection_is_in_order_only_after_shutdown(void)
{
    static const uint32_t in_order[16] = {0U, 0U, 0U, 1U, 0U, 0U, 0U, 1U, 1U, 1U, 1U, 1U, 1U, 1U, 1U, 1U};
    uint32_t payload = 0U;

    for (uint32_t shut = 0U; shut < 16U; shut++) {
        open_flow(100U);
        put(0U, 20U);
        flow.shut = (uint16_t)shut;
        flow.owed = SKR_OWE_CREDIT_UPDATE;

        CHECK_EQUAL(deliver(SKR_VSOCK_OP_RST, 0U, 0U, &payload), SKR_FLOW_TAKEN);

        CHECK_EQUAL(flow.end, (in_order[shut] == 1U) ? SKR_CLOSED : SKR_RESET);
        CHECK_EQUAL(flow.owed, 0U);
        CHECK(take(0U, 20U));
    }
}

/* ADV-V17. [utest->dsn~flow.packet~1] technique: fault injection */
static void test_flow_packet_rst_with_impossible_credit_changes_no_credit(void)
{
    uint32_t payload = 0U;
    open_flow(100U);
    skr_vsock_packet_t packet = packet_of(SKR_VSOCK_OP_RST, 0U, 0U);
    packet.buf_alloc = 0xFFFFFFFFU;
    packet.fwd_cnt = 55U;

    CHECK_EQUAL(skr_flow_packet(&flow, &packet, &payload, 0U), SKR_FLOW_TAKEN);

    CHECK_EQUAL(flow.peer_buf_alloc, 100U);
    CHECK_EQUAL(flow.peer_fwd_cnt, 0U);
}

/* ADV-V26. [utest->dsn~flow.packet~1] technique: boundary value */
static void test_flow_packet_data_up_to_room_is_taken_and_one_more_resets(void)
{
    static const uint32_t stored[] = {0U, 1U, WINDOW / 2U, WINDOW - 1U, WINDOW};
    uint32_t payload = 0U;

    for (uint32_t i = 0U; i < 5U; i++) {
        open_flow(0U);
        put(0U, stored[i]);
        CHECK_EQUAL(deliver(SKR_VSOCK_OP_RW, WINDOW - stored[i], 0U, &payload), SKR_FLOW_TAKEN);
        CHECK_EQUAL(payload, WINDOW - stored[i]);

        open_flow(0U);
        put(0U, stored[i]);
        CHECK_EQUAL(deliver(SKR_VSOCK_OP_RW, (WINDOW - stored[i]) + 1U, 0U, &payload), SKR_FLOW_BROKEN);
        CHECK_EQUAL(payload, 0U);
        CHECK_EQUAL(flow.end, SKR_RESET);
        CHECK(take(0U, stored[i]));
    }
}

/* ADV-V11 V33. [utest->dsn~flow.packet~1] technique: error guess */
static void test_flow_packet_data_after_peer_shut_sending_resets(void)
{
    static const skr_flow_state_t states[] = {SKR_FLOW_OPEN, SKR_FLOW_CLOSING};
    uint32_t payload = 0U;

    for (uint32_t i = 0U; i < 2U; i++) {
        flow_in(states[i]);
        CHECK_EQUAL(deliver(SKR_VSOCK_OP_SHUTDOWN, 0U, SKR_VSOCK_SHUTDOWN_SEND, &payload), SKR_FLOW_TAKEN);
        CHECK_EQUAL(deliver(SKR_VSOCK_OP_RW, 1U, 0U, &payload), SKR_FLOW_BROKEN);
        CHECK_EQUAL(payload, 0U);
        CHECK_EQUAL(flow.owed, SKR_OWE_RST);
    }
}

/* [utest->dsn~flow.packet~1] technique: equivalence class */
static void test_flow_packet_data_after_peer_shut_receiving_is_stored(void)
{
    uint32_t payload = 0U;
    open_flow(100U);

    CHECK_EQUAL(deliver(SKR_VSOCK_OP_SHUTDOWN, 0U, SKR_VSOCK_SHUTDOWN_RECEIVE, &payload), SKR_FLOW_TAKEN);

    CHECK_EQUAL(deliver(SKR_VSOCK_OP_RW, 9U, 0U, &payload), SKR_FLOW_TAKEN);
    CHECK_EQUAL(payload, 9U);
}

/* ADV-V10. [utest->dsn~flow.packet~1] technique: error guess */
static void test_flow_packet_data_before_our_response_went_out_resets(void)
{
    uint32_t payload = 0U;
    open_flow(100U);
    flow.owed = SKR_OWE_RESPONSE;

    CHECK_EQUAL(deliver(SKR_VSOCK_OP_RW, 1U, 0U, &payload), SKR_FLOW_BROKEN);

    CHECK_EQUAL(flow.owed, SKR_OWE_RST);
}

/* ADV-V10. [utest->dsn~flow.packet~1] technique: equivalence class */
static void test_flow_packet_data_for_connection_not_accepted_yet_is_stored(void)
{
    uint32_t payload = 0U;
    open_flow(100U);
    CHECK_EQUAL(flow.backlog, 1U);

    CHECK_EQUAL(deliver(SKR_VSOCK_OP_RW, 77U, 0U, &payload), SKR_FLOW_TAKEN);

    CHECK_EQUAL(payload, 77U);
}

/* [utest->dsn~flow.packet~1] technique: boundary value */
static void test_flow_packet_data_nobody_will_read_is_given_back_as_credit(void)
{
    uint32_t payload = 0U;
    open_flow(100U);
    flow.shut = SKR_SHUT_LOCAL_RECEIVE;
    flow.fwd_cnt = 0xFFFFFFF0U;
    flow.told_fwd_cnt = 0xFFFFFFF0U;

    CHECK_EQUAL(deliver(SKR_VSOCK_OP_RW, (WINDOW / 2U) - 1U, 0U, &payload), SKR_FLOW_TAKEN);
    CHECK_EQUAL(payload, 0U);
    CHECK_EQUAL(flow.owed, 0U);
    CHECK_EQUAL(deliver(SKR_VSOCK_OP_RW, 1U, 0U, &payload), SKR_FLOW_TAKEN);

    CHECK_EQUAL(payload, 0U);
    CHECK_EQUAL(flow.owed, SKR_OWE_CREDIT_UPDATE);
    CHECK_EQUAL(flow.fwd_cnt, (uint32_t)(0xFFFFFFF0U + (WINDOW / 2U)));
    CHECK_EQUAL(flow.stored, 0U);
}

/* [utest->dsn~flow.packet~1] technique: equivalence class */
static void test_flow_packet_data_while_closing_is_counted_but_owes_nothing(void)
{
    uint32_t payload = 0U;
    closing_flow();

    CHECK_EQUAL(deliver(SKR_VSOCK_OP_RW, WINDOW, 0U, &payload), SKR_FLOW_TAKEN);

    CHECK_EQUAL(payload, 0U);
    CHECK_EQUAL(flow.fwd_cnt, WINDOW);
    CHECK_EQUAL(flow.owed, 0U);
}

/* [utest->dsn~flow.packet~1] technique: structural: the state alone decides, whatever was shut before */
static void test_flow_packet_while_closing_nothing_is_stored_and_rst_is_in_order(void)
{
    uint32_t payload = 0U;

    for (uint32_t shut = 0U; shut < 8U; shut++) {
        closing_flow();
        flow.shut = (uint16_t)shut;

        CHECK_EQUAL(deliver(SKR_VSOCK_OP_RW, 5U, 0U, &payload), SKR_FLOW_TAKEN);
        CHECK_EQUAL(payload, 0U);
        CHECK_EQUAL(deliver(SKR_VSOCK_OP_RST, 0U, 0U, &payload), SKR_FLOW_TAKEN);
        CHECK_EQUAL(flow.end, SKR_CLOSED);
        CHECK_EQUAL(flow.owed, 0U);
    }
}

/* ADV-V32. [utest->dsn~flow.packet~1] technique: equivalence class */
static void test_flow_packet_shutdown_flags_add_up_over_packets(void)
{
    static const skr_flow_state_t states[] = {SKR_FLOW_OPEN, SKR_FLOW_CLOSING};
    uint32_t payload = 0U;

    for (uint32_t i = 0U; i < 4U; i++) {
        const uint32_t first = 1U + (i % 2U);
        flow_in(states[i / 2U]);
        CHECK_EQUAL(deliver(SKR_VSOCK_OP_SHUTDOWN, 0U, first, &payload), SKR_FLOW_TAKEN);
        CHECK_EQUAL(deliver(SKR_VSOCK_OP_SHUTDOWN, 0U, first, &payload), SKR_FLOW_TAKEN);
        CHECK_EQUAL(deliver(SKR_VSOCK_OP_SHUTDOWN, 0U, 0U, &payload), SKR_FLOW_ODD);
        CHECK_EQUAL(flow.state, states[i / 2U]);
        CHECK_EQUAL(deliver(SKR_VSOCK_OP_SHUTDOWN, 0U, 3U - first, &payload), SKR_FLOW_TAKEN);
        CHECK_EQUAL(flow.state, SKR_FLOW_ENDED);
        CHECK_EQUAL(flow.end, SKR_CLOSED);
        CHECK_EQUAL(flow.owed, SKR_OWE_RST);
    }
}

/* ADV-V32. [utest->dsn~flow.packet~1] technique: equivalence class */
static void test_flow_packet_shutdown_both_keeps_stored_data(void)
{
    uint32_t payload = 0U;
    open_flow(100U);
    put(5U, 300U);

    CHECK_EQUAL(deliver(SKR_VSOCK_OP_SHUTDOWN, 0U, BOTH, &payload), SKR_FLOW_TAKEN);

    CHECK_EQUAL(flow.state, SKR_FLOW_ENDED);
    CHECK(take(5U, 300U));
    CHECK_EQUAL(flow.owed, SKR_OWE_RST);
}

/* ADV-V23 V24. [utest->dsn~flow.packet~1] technique: fault injection */
static void test_flow_packet_impossible_credit_is_odd_and_packet_still_acts(void)
{
    uint32_t payload = 0U;

    for (uint32_t op = 1U; op <= 7U; op++) {
        flow_in((op == 2U) ? SKR_FLOW_CONNECTING : SKR_FLOW_OPEN);
        skr_vsock_packet_t packet = packet_of(op, 0U, BOTH);
        packet.fwd_cnt = 1U; /* nothing was ever sent */
        packet.buf_alloc = 123U;
        const skr_flow_verdict_t verdict = skr_flow_packet(&flow, &packet, &payload, 0U);
        if (op == 1U) {
            CHECK_EQUAL(verdict, SKR_FLOW_BROKEN);
        } else if (op == 3U) {
            CHECK_EQUAL(verdict, SKR_FLOW_TAKEN);
        } else {
            CHECK_EQUAL(verdict, SKR_FLOW_ODD);
            CHECK_EQUAL(flow.peer_buf_alloc, 123U);
        }
        CHECK_EQUAL(flow.peer_fwd_cnt, 0U);
        CHECK_EQUAL(payload, 0U);
        if (op == 2U) {
            CHECK_EQUAL(flow.state, SKR_FLOW_OPEN);
        }
        if (op == 4U) {
            CHECK_EQUAL(flow.end, SKR_CLOSED);
        }
        if (op == 7U) {
            CHECK_EQUAL(flow.owed, SKR_OWE_CREDIT_UPDATE);
        }
    }
}

/* ADV-V23. [utest->dsn~flow.packet~1] technique: error guess */
static void test_flow_packet_data_with_impossible_credit_is_not_lost(void)
{
    uint32_t payload = 0U;
    open_flow(0U);
    skr_vsock_packet_t packet = packet_of(SKR_VSOCK_OP_RW, 33U, 0U);
    packet.fwd_cnt = 1U;

    CHECK_EQUAL(skr_flow_packet(&flow, &packet, &payload, 0U), SKR_FLOW_TAKEN);

    CHECK_EQUAL(payload, 33U);
    CHECK_EQUAL(flow.peer_fwd_cnt, 0U);
}

/* ADV-V18. [utest->dsn~flow.packet~1] [utest->dsn~flow.reply~1] technique: fault injection */
static void test_flow_packet_credit_request_flood_owes_one_answer(void)
{
    skr_vsock_packet_t reply;
    uint32_t payload = 0U;
    uint32_t bad = 0U;
    open_flow(100U);

    for (uint32_t i = 0U; i < 100000U; i++) {
        bad += (deliver(SKR_VSOCK_OP_CREDIT_REQUEST, 0U, 0U, &payload) == SKR_FLOW_TAKEN) ? 0U : 1U;
    }

    CHECK_EQUAL(bad, 0U);
    skr_flow_reply(&flow, &reply, 0U);
    CHECK_EQUAL(reply.op, SKR_VSOCK_OP_CREDIT_UPDATE);
    skr_flow_reply(&flow, &reply, 0U);
    CHECK_EQUAL(reply.op, SKR_VSOCK_OP_INVALID);
}

/* ADV-V27 V28. [utest->dsn~flow.packet~1] technique: fault injection */
static void test_flow_packet_flood_of_tiny_packets_costs_only_its_bytes(void)
{
    uint32_t payload = 0U;
    uint32_t bad = 0U;
    open_flow(100U);

    for (uint32_t i = 0U; i < WINDOW; i++) {
        bad += (deliver(SKR_VSOCK_OP_RW, 0U, 3U, &payload) == SKR_FLOW_TAKEN) ? payload : 1U;
        bad += ((deliver(SKR_VSOCK_OP_RW, 1U, 0U, &payload) == SKR_FLOW_TAKEN) && (payload == 1U)) ? 0U : 1U;
        put(i, 1U);
    }

    CHECK_EQUAL(bad, 0U);
    CHECK_EQUAL(flow.stored, WINDOW);
    CHECK_EQUAL(deliver(SKR_VSOCK_OP_RW, 0U, 0U, &payload), SKR_FLOW_TAKEN);
    CHECK_EQUAL(deliver(SKR_VSOCK_OP_RW, 1U, 0U, &payload), SKR_FLOW_BROKEN);
    CHECK(take(0U, WINDOW));
}

/* ---- the receive ring ---- */

/* [utest->dsn~flow.span~1] [utest->dsn~flow.oldest~1] technique: boundary value */
static void test_flow_span_and_oldest_name_runs_inside_the_ring(void)
{
    static const uint32_t rows[][6] = {
        /* head, stored,          span at, span,           oldest run */
        {0U, 0U, 0U, WINDOW, 0U, 0U},
        {0U, 1U, 1U, WINDOW - 1U, 1U, 0U},
        {0U, WINDOW, 0U, 0U, WINDOW, 0U},
        {1U, 0U, 1U, WINDOW - 1U, 0U, 0U},
        {1U, WINDOW - 1U, 0U, 1U, WINDOW - 1U, 0U},
        {1U, WINDOW, 1U, 0U, WINDOW - 1U, 0U},
        {WINDOW - 1U, 0U, WINDOW - 1U, 1U, 0U, 0U},
        {WINDOW - 1U, 1U, 0U, WINDOW - 1U, 1U, 0U},
        {WINDOW - 1U, 2U, 1U, WINDOW - 2U, 1U, 0U},
        {WINDOW - 1U, WINDOW, WINDOW - 1U, 0U, 1U, 0U},
    };

    for (size_t i = 0U; i < (sizeof rows / sizeof rows[0]); i++) {
        uint32_t at = 0xDEADU;
        open_flow(0U);
        flow.head = rows[i][0];
        flow.stored = rows[i][1];
        CHECK_EQUAL(skr_flow_span(&flow, &at), rows[i][3]);
        CHECK_EQUAL(at, rows[i][2]);
        CHECK_EQUAL(skr_flow_oldest(&flow, &at), rows[i][4]);
        CHECK_EQUAL(at, rows[i][0]);
    }
}

/* [utest->dsn~flow.store~1] [utest->dsn~flow.consume~1] technique: boundary value */
static void test_flow_ring_bytes_come_out_in_order_across_the_end(void)
{
    uint64_t in = 0U;
    uint64_t out = 0U;
    bool good = true;
    open_flow(0U);

    for (uint32_t step = 1U; step < 400U; step++) {
        const uint32_t room = WINDOW - flow.stored;
        const uint32_t more = ((step * 37U) < room) ? (step * 37U) : room;
        put(in, more);
        in += more;
        const uint32_t less = ((step * 31U) < flow.stored) ? (step * 31U) : flow.stored;
        good = good && take(out, less);
        out += less;
    }
    good = good && take(out, flow.stored);

    CHECK(good);
    CHECK(in > (4U * (uint64_t)WINDOW));
    CHECK_EQUAL(flow.stored, 0U);
    CHECK_EQUAL(flow.fwd_cnt, in);
}

/* [utest->dsn~flow.store~1] technique: boundary value */
static void test_flow_store_of_nothing_and_of_all_counts(void)
{
    open_flow(0U);

    skr_flow_store(&flow, 0U);
    CHECK_EQUAL(flow.stored, 0U);
    skr_flow_store(&flow, WINDOW);
    CHECK_EQUAL(flow.stored, WINDOW);
}

/* [utest->dsn~flow.consume~1] technique: boundary value */
static void test_flow_consume_owes_update_at_half_window(void)
{
    static const uint32_t starts[] = {0U, 0xFFFFFFFFU, (uint32_t)(0U - (WINDOW / 2U)), 0x80000000U};

    for (uint32_t i = 0U; i < 4U; i++) {
        open_flow(0U);
        flow.fwd_cnt = starts[i];
        flow.told_fwd_cnt = starts[i];
        put(0U, WINDOW);

        skr_flow_consume(&flow, 0U);
        CHECK_EQUAL(flow.owed, 0U);
        skr_flow_consume(&flow, (WINDOW / 2U) - 1U);
        CHECK_EQUAL(flow.owed, 0U);
        skr_flow_consume(&flow, 1U);
        CHECK_EQUAL(flow.owed, SKR_OWE_CREDIT_UPDATE);
        CHECK_EQUAL(flow.fwd_cnt, (uint32_t)(starts[i] + (WINDOW / 2U)));
        CHECK_EQUAL(flow.stored, WINDOW / 2U);
    }
}

/* [utest->dsn~flow.consume~1] technique: equivalence class */
static void test_flow_consume_owes_nothing_to_peer_that_cannot_send(void)
{
    open_flow(0U);
    put(0U, WINDOW);
    flow.shut = SKR_SHUT_PEER_SEND;
    skr_flow_consume(&flow, WINDOW);
    CHECK_EQUAL(flow.owed, 0U);

    open_flow(0U);
    put(0U, WINDOW);
    skr_flow_end(&flow, SKR_RESET, false);
    skr_flow_consume(&flow, WINDOW);
    CHECK_EQUAL(flow.owed, 0U);
    CHECK_EQUAL(flow.fwd_cnt, WINDOW);
}

/* ---- replies and data ---- */

static void check_header(const skr_vsock_packet_t *packet, uint32_t op)
{
    CHECK_EQUAL(packet->op, op);
    CHECK_EQUAL(packet->type, SKR_VSOCK_TYPE_STREAM);
    CHECK_EQUAL(packet->src_cid, 0U);
    CHECK_EQUAL(packet->dst_cid, 0U);
    CHECK_EQUAL(packet->src_port, PORT);
    CHECK_EQUAL(packet->dst_port, PEER);
    CHECK_EQUAL(packet->buf_alloc, WINDOW);
    CHECK_EQUAL(packet->fwd_cnt, flow.fwd_cnt);
}

typedef struct {
    uint32_t owed;
    uint32_t op;
    uint32_t rest;
} reply_row_t;

/* [utest->dsn~flow.reply~1] technique: equivalence class */
static void test_flow_reply_order_and_what_each_settles(void)
{
    static const reply_row_t rows[] = {
        {0x3FU, SKR_VSOCK_OP_RST, 0U},
        {SKR_OWE_RST | SKR_OWE_REQUEST, SKR_VSOCK_OP_RST, 0U},
        {SKR_OWE_RST, SKR_VSOCK_OP_RST, 0U},
        {0x1FU, SKR_VSOCK_OP_REQUEST, 0x1AU},
        {SKR_OWE_REQUEST, SKR_VSOCK_OP_REQUEST, 0U},
        {0x1EU, SKR_VSOCK_OP_RESPONSE, 0x18U},
        {SKR_OWE_RESPONSE, SKR_VSOCK_OP_RESPONSE, 0U},
        {0x1CU, SKR_VSOCK_OP_CREDIT_UPDATE, 0x18U},
        {SKR_OWE_CREDIT_UPDATE, SKR_VSOCK_OP_CREDIT_UPDATE, 0U},
        {0x18U, SKR_VSOCK_OP_CREDIT_REQUEST, 0x10U},
        {SKR_OWE_CREDIT_REQUEST, SKR_VSOCK_OP_CREDIT_REQUEST, 0U},
        {SKR_OWE_SHUTDOWN, SKR_VSOCK_OP_SHUTDOWN, 0U},
    };

    for (size_t i = 0U; i < (sizeof rows / sizeof rows[0]); i++) {
        skr_vsock_packet_t packet;
        memset(&packet, 0xEE, sizeof packet);
        open_flow(100U);
        flow.owed = (uint16_t)rows[i].owed;
        flow.shut = SKR_SHUT_LOCAL_SEND | SKR_SHUT_PEER_RECEIVE;
        flow.fwd_cnt = 0xFFFFFFFFU;
        flow.told_fwd_cnt = 3U;

        skr_flow_reply(&flow, &packet, 4711U);

        check_header(&packet, rows[i].op);
        CHECK_EQUAL(packet.length, 0U);
        CHECK_EQUAL(packet.flags, (rows[i].op == SKR_VSOCK_OP_SHUTDOWN) ? SKR_VSOCK_SHUTDOWN_SEND : 0U);
        CHECK_EQUAL(flow.owed, rows[i].rest);
        CHECK_EQUAL(flow.told_fwd_cnt, 0xFFFFFFFFU);
        CHECK_EQUAL(flow.asked, (rows[i].op == SKR_VSOCK_OP_CREDIT_REQUEST) ? 4711U : 100U);
    }
}

/* [utest->dsn~flow.reply~1] technique: equivalence class */
static void test_flow_reply_nothing_owed_tells_peer_nothing(void)
{
    skr_vsock_packet_t packet;
    open_flow(100U);
    flow.fwd_cnt = 9U;

    skr_flow_reply(&flow, &packet, 1U);

    check_header(&packet, SKR_VSOCK_OP_INVALID);
    CHECK_EQUAL(packet.length, 0U);
    CHECK_EQUAL(flow.told_fwd_cnt, 0U);
    CHECK_EQUAL(flow.owed, 0U);
}

/* [utest->dsn~flow.reply~1] technique: equivalence class */
static void test_flow_reply_shutdown_names_exactly_our_directions(void)
{
    for (uint32_t shut = 0U; shut < 16U; shut++) {
        skr_vsock_packet_t packet;
        open_flow(100U);
        flow.owed = SKR_OWE_SHUTDOWN;
        flow.shut = (uint16_t)shut;

        skr_flow_reply(&flow, &packet, 1U);

        CHECK_EQUAL(packet.op, SKR_VSOCK_OP_SHUTDOWN);
        CHECK_EQUAL(packet.flags, shut % 4U);
    }
}

/* [utest->dsn~flow.reply~1] technique: structural: any set of owed replies is emptied in at most six packets */
static void test_flow_reply_any_debt_ends_after_six(void)
{
    for (uint32_t owed = 0U; owed <= SKR_OWE_ALL; owed++) {
        skr_vsock_packet_t packet;
        uint32_t sent = 0U;
        open_flow(100U);
        flow.owed = (uint16_t)owed;
        while ((flow.owed != 0U) && (sent < 7U)) {
            const uint16_t before = flow.owed;
            skr_flow_reply(&flow, &packet, 1U);
            CHECK(packet.op != SKR_VSOCK_OP_INVALID);
            CHECK(flow.owed < before);
            sent++;
        }
        CHECK(sent <= 6U);
    }
}

/* [utest->dsn~flow.data~1] technique: equivalence class, boundary value */
static void test_flow_data_counts_bytes_and_packets_and_settles_update(void)
{
    skr_vsock_packet_t packet;
    memset(&packet, 0xEE, sizeof packet);
    open_flow(1000U);
    flow.tx_cnt = 0xFFFFFFFEU;
    flow.peer_fwd_cnt = 0xFFFFFFFEU;
    flow.fwd_cnt = 12U;
    flow.owed = SKR_OWE_CREDIT_UPDATE | SKR_OWE_CREDIT_REQUEST | SKR_OWE_SHUTDOWN;

    skr_flow_data(&flow, &packet, 1000U);

    check_header(&packet, SKR_VSOCK_OP_RW);
    CHECK_EQUAL(packet.length, 1000U);
    CHECK_EQUAL(packet.flags, 0U);
    CHECK_EQUAL(flow.tx_cnt, 998U);
    CHECK_EQUAL(flow.tx_packets, 1U);
    CHECK_EQUAL(flow.told_fwd_cnt, 12U);
    CHECK_EQUAL(flow.owed, SKR_OWE_CREDIT_REQUEST | SKR_OWE_SHUTDOWN);
    CHECK_EQUAL(skr_flow_window(&flow), 0U);
}

/* [utest->dsn~flow.data~1] [utest->dsn~flow.window~1] technique: boundary value */
static void test_flow_data_short_packets_are_bounded_until_peer_takes_some(void)
{
    skr_vsock_packet_t packet;
    uint32_t sent = 0U;
    open_flow(1000000U);

    while ((skr_flow_window(&flow) != 0U) && (sent < 10000U)) {
        skr_flow_data(&flow, &packet, 1U);
        sent++;
    }
    CHECK_EQUAL(sent, SKR_VSOCK_SEND_PACKETS_MAX);
    skr_flow_data(&flow, &packet, 1U); /* a caller that does not ask */
    CHECK_EQUAL(flow.tx_packets, SKR_VSOCK_SEND_PACKETS_MAX);

    CHECK(skr_flow_credit(&flow, 1000000U, 0U));
    CHECK_EQUAL(skr_flow_window(&flow), 0U);
    CHECK(skr_flow_credit(&flow, 1000000U, 1U));

    CHECK_EQUAL(skr_flow_window(&flow), CAP - sent);
}

/* ---- time ---- */

/* ADV-V35. [utest->dsn~flow.tick~1] technique: boundary value */
static void test_flow_tick_unanswered_request_times_out_and_is_taken_back(void)
{
    static const uint32_t starts[] = {0U, 100U, 0xFFFFFFFFU, 0xFFFFFFD0U};

    for (uint32_t i = 0U; i < 4U; i++) {
        connecting_flow(true);
        flow.since = starts[i];
        skr_flow_tick(&flow, starts[i]);
        skr_flow_tick(&flow, starts[i] + 49U);
        CHECK_EQUAL(flow.state, SKR_FLOW_CONNECTING);

        skr_flow_tick(&flow, starts[i] + 50U);

        CHECK_EQUAL(flow.state, SKR_FLOW_ENDED);
        CHECK_EQUAL(flow.end, SKR_TIMEOUT);
        CHECK_EQUAL(flow.owed, SKR_OWE_RST);
    }
}

/* [utest->dsn~flow.tick~1] technique: error guess */
static void test_flow_tick_request_that_never_went_out_is_not_taken_back(void)
{
    connecting_flow(false);

    skr_flow_tick(&flow, 150U);

    CHECK_EQUAL(flow.end, SKR_TIMEOUT);
    CHECK_EQUAL(flow.owed, 0U);
}

/* ADV-V34. [utest->dsn~flow.tick~1] technique: boundary value */
static void test_flow_tick_unanswered_close_ends_with_rst(void)
{
    closing_flow();
    skr_flow_tick(&flow, 100U + (SKR_TICKS_CLOSE - 1U));
    CHECK_EQUAL(flow.state, SKR_FLOW_CLOSING);

    skr_flow_tick(&flow, 100U + SKR_TICKS_CLOSE);

    CHECK_EQUAL(flow.state, SKR_FLOW_ENDED);
    CHECK_EQUAL(flow.end, SKR_CLOSED);
    CHECK_EQUAL(flow.owed, SKR_OWE_RST);
}

/* [utest->dsn~flow.tick~1] technique: equivalence class */
static void test_flow_tick_leaves_every_other_state_alone(void)
{
    static const skr_flow_state_t states[] = {SKR_FLOW_FREE, SKR_FLOW_OPEN, SKR_FLOW_ENDED};

    for (uint32_t i = 0U; i < 3U; i++) {
        open_flow(1U);
        flow.state = states[i];
        flow.owed = SKR_OWE_RST;
        skr_flow_tick(&flow, 0x7FFFFFFFU);
        CHECK_EQUAL(flow.state, states[i]);
        CHECK_EQUAL(flow.owed, SKR_OWE_RST);
        CHECK_EQUAL(flow.end, SKR_OK);
    }
}

/* ---- due ---- */

/* [utest->dsn~flow.due~1] technique: equivalence class, each state with and without what makes it due */
static void test_flow_due_is_what_waits_or_owes(void)
{
    open_flow(5000U);
    CHECK(!skr_flow_due(&flow));
    flow.owed = SKR_OWE_CREDIT_UPDATE;
    CHECK(skr_flow_due(&flow));
    connecting_flow(true);
    CHECK(skr_flow_due(&flow));
    closing_flow();
    CHECK(skr_flow_due(&flow));
    skr_flow_end(&flow, SKR_RESET, false);
    CHECK(!skr_flow_due(&flow));
    flow.released = 1U;
    CHECK(skr_flow_due(&flow));
    flow.state = SKR_FLOW_FREE;
    CHECK(!skr_flow_due(&flow));
}

/* [utest->dsn~flow.due~1] technique: boundary value: the last byte of credit, the last packet */
static void test_flow_due_without_credit(void)
{
    skr_vsock_packet_t packet;

    open_flow(10U);
    skr_flow_data(&flow, &packet, 9U);
    CHECK(!skr_flow_due(&flow));
    skr_flow_data(&flow, &packet, 1U);
    CHECK(skr_flow_due(&flow));
    open_flow(5000U);
    for (uint32_t n = 1U; n < SKR_VSOCK_SEND_PACKETS_MAX; n++) {
        skr_flow_data(&flow, &packet, 1U);
    }
    CHECK(!skr_flow_due(&flow));
    skr_flow_data(&flow, &packet, 1U);
    CHECK(skr_flow_due(&flow));
}

/* ---- property: a million operations against counters that cannot wrap ---- */

typedef struct {
    uint64_t sent;      /* by us */
    uint64_t taken;     /* of these, believed to be taken by the peer */
    uint32_t alloc;     /* last said by the peer */
    uint32_t packets;   /* data packets since `taken` moved */
    uint64_t arrived;   /* from the peer */
    uint64_t consumed;  /* of these, by our application */
    uint64_t told;      /* of `consumed`, known to the peer */
    uint32_t faults;
} model_t;

static void model_expect(model_t *m, bool holds)
{
    m->faults += holds ? 0U : 1U;
}

static uint64_t model_window(const model_t *m)
{
    const uint64_t most = (m->alloc < CAP) ? m->alloc : CAP;
    const uint64_t in_flight = m->sent - m->taken;
    uint64_t window = (most > in_flight) ? (most - in_flight) : 0U;
    if ((in_flight != 0U) && (m->packets >= SKR_VSOCK_SEND_PACKETS_MAX)) {
        window = 0U;
    }
    return window;
}

static void model_send(model_t *m, uint32_t random)
{
    skr_vsock_packet_t packet;
    const uint32_t window = skr_flow_window(&flow);
    const uint32_t wish = 1U + (((random % 8U) == 0U) ? (random >> 15U) : ((random >> 8U) % 2000U));

    model_expect(m, window == model_window(m));
    if (window != 0U) {
        skr_flow_data(&flow, &packet, (wish < window) ? wish : window);
        m->sent += packet.length;
        m->packets++;
        m->told = m->consumed;
        model_expect(m, packet.fwd_cnt == (uint32_t)m->consumed);
        model_expect(m, (m->sent - m->taken) <= ((m->alloc < CAP) ? m->alloc : CAP));
    }
}

/* The peer acknowledges: usually something true, sometimes nonsense. */
static void model_acknowledge(model_t *m, uint32_t random)
{
    static const uint32_t allocs[] = {0U, 1U, 1000U, 65536U, 262144U, 262145U, 1000000U, 0xFFFFFFFFU};
    const uint64_t in_flight = m->sent - m->taken;
    skr_vsock_packet_t packet = packet_of(SKR_VSOCK_OP_CREDIT_UPDATE, 0U, 0U);
    uint32_t payload = 0U;
    uint64_t step = 0U;

    if ((random % 4U) != 0U) {
        step = (in_flight == 0U) ? 0U : ((random >> 8U) % (in_flight + 1U));
    } else if ((random % 16U) != 0U) {
        step = in_flight + 1U + ((random >> 8U) % 5000U); /* more than there is */
    } else {
        step = 0x100000000U - (1U + ((random >> 8U) % 5000U)); /* back */
    }
    packet.fwd_cnt = (uint32_t)(m->taken + step);
    packet.buf_alloc = allocs[(random >> 4U) % 8U];
    m->alloc = packet.buf_alloc;
    const bool possible = step <= in_flight;
    if (possible && (step != 0U)) {
        m->taken += step;
        m->packets = 0U;
    }
    model_expect(m, skr_flow_packet(&flow, &packet, &payload, 0U) == (possible ? SKR_FLOW_TAKEN : SKR_FLOW_ODD));
    model_expect(m, payload == 0U);
}

/* The peer sends as much as it was told it may. */
static void model_arrive(model_t *m, uint32_t random)
{
    const uint32_t credit = (uint32_t)(WINDOW - (m->arrived - m->told));
    const uint32_t bytes = ((random % 4U) == 0U) ? credit : ((random >> 8U) % (credit + 1U));
    uint32_t payload = 0U;

    model_expect(m, deliver(SKR_VSOCK_OP_RW, bytes, random, &payload) == SKR_FLOW_TAKEN);
    model_expect(m, payload == bytes);
    put(m->arrived, payload);
    m->arrived += bytes;
}

static void model_consume(model_t *m, uint32_t random)
{
    const uint32_t bytes = ((random % 4U) == 0U) ? flow.stored : ((random >> 8U) % (flow.stored + 1U));

    model_expect(m, take(m->consumed, bytes));
    m->consumed += bytes;
    model_expect(m, ((flow.owed & SKR_OWE_CREDIT_UPDATE) != 0U) || ((m->consumed - m->told) < (WINDOW / 2U)));
}

static void model_reply(model_t *m, uint32_t random)
{
    skr_vsock_packet_t packet;
    uint32_t payload = 0U;

    if ((random % 8U) == 0U) {
        model_expect(m, deliver(SKR_VSOCK_OP_CREDIT_REQUEST, 0U, 0U, &payload) == SKR_FLOW_TAKEN);
    }
    if (flow.owed != 0U) {
        skr_flow_reply(&flow, &packet, random);
        m->told = m->consumed;
        model_expect(m, packet.op == SKR_VSOCK_OP_CREDIT_UPDATE);
        model_expect(m, packet.fwd_cnt == (uint32_t)m->consumed);
    }
}

/* ADV-V20 V22 V23 V24 V25 V42. [utest->dsn~flow.window~1] [utest->dsn~flow.credit~1] [utest->dsn~flow.data~1] technique: random, oracle */
static void test_flow_million_random_operations_agree_with_model(void)
{
    model_t m = {.sent = 0xFFFFF000U, .taken = 0xFFFFF000U, .arrived = 0xFFFFF800U, .consumed = 0xFFFFF800U,
                 .told = 0xFFFFF800U, .alloc = 1000U};
    uint32_t seed = 0x0BADCAFEU;
    uint32_t turn = 0U;

    open_flow(1000U);
    flow.tx_cnt = (uint32_t)m.sent;
    flow.peer_fwd_cnt = (uint32_t)m.taken;
    flow.fwd_cnt = (uint32_t)m.consumed;
    flow.told_fwd_cnt = (uint32_t)m.told;
    while ((turn < 1000000U) && (m.faults == 0U)) {
        const uint32_t random = test_random(&seed);
        const uint32_t choice = test_random(&seed) % 8U;
        if (choice < 2U) {
            model_send(&m, random);
        } else if (choice < 4U) {
            model_acknowledge(&m, random);
        } else if (choice < 6U) {
            model_arrive(&m, random);
        } else if (choice < 7U) {
            model_consume(&m, random);
        } else {
            model_reply(&m, random);
        }
        model_expect(&m, flow.state == SKR_FLOW_OPEN);
        model_expect(&m, (flow.tx_cnt == (uint32_t)m.sent) && (flow.peer_fwd_cnt == (uint32_t)m.taken));
        model_expect(&m, (flow.fwd_cnt == (uint32_t)m.consumed) && (flow.told_fwd_cnt == (uint32_t)m.told));
        model_expect(&m, (flow.stored <= WINDOW) && (flow.stored == (m.arrived - m.consumed)));
        model_expect(&m, skr_flow_window(&flow) == model_window(&m));
        turn++;
    }

    CHECK_EQUAL(m.faults, 0U);
    CHECK_EQUAL(turn, 1000000U);
    CHECK(m.sent > 0x140000000U); /* the counters did wrap */
    CHECK(m.arrived > 0x100000000U);
    CHECK(take(m.consumed, flow.stored));
}

/* ADV-V42. [utest->dsn~flow.packet~1] technique: random */
static void test_flow_packet_any_header_keeps_books_sound(void)
{
    static const skr_flow_state_t states[] = {SKR_FLOW_CONNECTING, SKR_FLOW_OPEN, SKR_FLOW_CLOSING};
    uint32_t seed = 0xC0FFEE01U;
    uint32_t bad = 0U;

    for (uint32_t i = 0U; i < 300000U; i++) {
        skr_vsock_packet_t packet;
        uint32_t payload = 0xDEADU;
        const uint32_t random = test_random(&seed);
        flow.state = states[random % 3U];
        flow.owed = (uint16_t)((random >> 4U) % 0x20U);
        flow.shut = (uint16_t)((random >> 10U) % 0x10U);
        flow.stored = test_random(&seed) % (WINDOW + 1U);
        flow.head = test_random(&seed) % WINDOW;
        flow.tx_cnt = test_random(&seed);
        flow.peer_fwd_cnt = flow.tx_cnt - (test_random(&seed) % 100000U);
        packet = packet_of(((random >> 16U) % 4U == 0U) ? test_random(&seed) : (test_random(&seed) % 9U),
                           test_random(&seed) % (2U * WINDOW), test_random(&seed));
        packet.buf_alloc = test_random(&seed);
        packet.fwd_cnt = flow.tx_cnt - (test_random(&seed) % 200000U);
        const uint32_t before = flow.tx_cnt - flow.peer_fwd_cnt;

        const skr_flow_verdict_t verdict = skr_flow_packet(&flow, &packet, &payload, i);

        const bool sound = (flow.owed <= SKR_OWE_ALL) && (flow.shut <= SKR_SHUT_ALL) &&
                           ((flow.tx_cnt - flow.peer_fwd_cnt) <= before) && (skr_flow_window(&flow) <= CAP);
        const bool fits = (payload <= (WINDOW - flow.stored)) && (payload <= packet.length);
        const bool ended = (verdict != SKR_FLOW_BROKEN) ||
                           ((flow.state == SKR_FLOW_ENDED) && (flow.owed == SKR_OWE_RST) && (payload == 0U));
        bad += (sound && fits && ended) ? 0U : 1U;
    }
    CHECK_EQUAL(bad, 0U);
}

SKR_SUITE(vsock_flow,
    SKR_TEST(test_flow_begin_connecting_owes_request_and_knows_nothing_of_peer),
    SKR_TEST(test_flow_begin_open_owes_response_and_waits_in_backlog),
    SKR_TEST(test_flow_begin_generation_counts_and_wraps),
    SKR_TEST(test_flow_end_forgets_what_was_owed_and_keeps_data),
    SKR_TEST(test_flow_window_is_what_peer_and_cap_leave_and_never_wraps),
    SKR_TEST(test_flow_credit_believes_only_what_was_sent),
    SKR_TEST(test_flow_packet_every_state_and_operation_does_what_the_table_says),
    SKR_TEST(test_flow_packet_all_unknown_operations_reset),
    SKR_TEST(test_flow_packet_response_opens_connection_with_credit_and_time),
    SKR_TEST(test_flow_packet_response_before_request_went_out_resets),
    SKR_TEST(test_flow_packet_rst_on_open_connection_is_in_order_only_after_shutdown),
    SKR_TEST(test_flow_packet_rst_with_impossible_credit_changes_no_credit),
    SKR_TEST(test_flow_packet_data_up_to_room_is_taken_and_one_more_resets),
    SKR_TEST(test_flow_packet_data_after_peer_shut_sending_resets),
    SKR_TEST(test_flow_packet_data_after_peer_shut_receiving_is_stored),
    SKR_TEST(test_flow_packet_data_before_our_response_went_out_resets),
    SKR_TEST(test_flow_packet_data_for_connection_not_accepted_yet_is_stored),
    SKR_TEST(test_flow_packet_data_nobody_will_read_is_given_back_as_credit),
    SKR_TEST(test_flow_packet_data_while_closing_is_counted_but_owes_nothing),
    SKR_TEST(test_flow_packet_while_closing_nothing_is_stored_and_rst_is_in_order),
    SKR_TEST(test_flow_packet_shutdown_flags_add_up_over_packets),
    SKR_TEST(test_flow_packet_shutdown_both_keeps_stored_data),
    SKR_TEST(test_flow_packet_impossible_credit_is_odd_and_packet_still_acts),
    SKR_TEST(test_flow_packet_data_with_impossible_credit_is_not_lost),
    SKR_TEST(test_flow_packet_credit_request_flood_owes_one_answer),
    SKR_TEST(test_flow_packet_flood_of_tiny_packets_costs_only_its_bytes),
    SKR_TEST(test_flow_span_and_oldest_name_runs_inside_the_ring),
    SKR_TEST(test_flow_ring_bytes_come_out_in_order_across_the_end),
    SKR_TEST(test_flow_store_of_nothing_and_of_all_counts),
    SKR_TEST(test_flow_consume_owes_update_at_half_window),
    SKR_TEST(test_flow_consume_owes_nothing_to_peer_that_cannot_send),
    SKR_TEST(test_flow_reply_order_and_what_each_settles),
    SKR_TEST(test_flow_reply_nothing_owed_tells_peer_nothing),
    SKR_TEST(test_flow_reply_shutdown_names_exactly_our_directions),
    SKR_TEST(test_flow_reply_any_debt_ends_after_six),
    SKR_TEST(test_flow_data_counts_bytes_and_packets_and_settles_update),
    SKR_TEST(test_flow_data_short_packets_are_bounded_until_peer_takes_some),
    SKR_TEST(test_flow_tick_unanswered_request_times_out_and_is_taken_back),
    SKR_TEST(test_flow_tick_request_that_never_went_out_is_not_taken_back),
    SKR_TEST(test_flow_tick_unanswered_close_ends_with_rst),
    SKR_TEST(test_flow_tick_leaves_every_other_state_alone),
    SKR_TEST(test_flow_due_is_what_waits_or_owes),
    SKR_TEST(test_flow_due_without_credit),
    SKR_TEST(test_flow_million_random_operations_agree_with_model),
    SKR_TEST(test_flow_packet_any_header_keeps_books_sound))
