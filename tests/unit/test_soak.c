/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Much data through vsock: the host sends a stream, the island echoes it, the host holds every byte against what it sent.
 * Ring indices (16 bits) and credit counters (32 bits) begin just before their wrap.
 *
 * The usual run passes three wraps of the ring indices and one of each credit counter. SKR_SOAK_BYTES=10737418240 in the
 * environment echoes that many bytes instead, and prints how far it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "vsock_island.h"

#define PORT 7U
#define HOST_PORT 5000U
#define COUNTER_START 0xFFFE0000U /* 128 KiB before the wrap of a credit counter */
#define INDEX_START 0xFF00U       /* a multiple of every ring size, 256 before the wrap of a ring index */
#define PATTERN 65521U            /* a prime: in step with no buffer and no window */
#define PAYLOAD_MAX (SKR_VSOCK_BUFFER_BYTES - 44U)

/* The host's end of the connection. Positions in the stream are 64 bits and never wrap. */
typedef struct {
    uint64_t sent;
    uint64_t echoed;
    uint64_t total;
    uint32_t island_buf_alloc;
    uint32_t island_fwd_cnt;   /* as the island last said */
    uint32_t tx_cnt;           /* as the island counts, wrapping */
    uint32_t fwd_cnt;
    uint64_t to_island;        /* packets */
    uint64_t from_island;
    uint32_t random;
    bool good;
} host_t;

static island_t a;
static host_t host;
static uint8_t pattern[PATTERN + SKR_VSOCK_BUFFER_BYTES];

static void given_pattern(void)
{
    uint32_t state = 19650218U;

    for (uint32_t n = 0U; n < PATTERN; n++) {
        pattern[n] = (uint8_t)test_random(&state);
    }
    memcpy(&pattern[PATTERN], pattern, SKR_VSOCK_BUFFER_BYTES);
}

/* Both ends of a ring as after many rounds of it: slots stay what they are, because INDEX_START is a multiple of the size. */
static void given_ring_at(uint32_t queue)
{
    skr_virtq_t *q = &a.v.device.virtq[queue];
    model_queue_t *m = &a.model.queues[queue];
    const uint16_t avail = (uint16_t)(q->avail_idx + INDEX_START);
    uint8_t *shared = model_at(&a.model, m->avail, 6U);

    q->avail_idx = avail;
    q->kicked_idx = avail;
    q->last_used = (uint16_t)(q->last_used + INDEX_START);
    m->next_avail = (uint16_t)(m->next_avail + INDEX_START);
    memcpy(&shared[2], &avail, 2U);
    model_raw_used_idx(&a.model, queue, q->last_used);
    if (q->event_idx != 0U) {
        skr_virtq_interrupts(q, true);
        model_raw_avail_event(&a.model, queue, m->next_avail);
    }
}

static void given_counters_at(skr_vsock_handle_t handle)
{
    skr_flow_t *f = island_flow(&a, handle);

    f->tx_cnt = COUNTER_START;
    f->peer_fwd_cnt = COUNTER_START;
    f->fwd_cnt = COUNTER_START;
    f->told_fwd_cnt = COUNTER_START;
    host.island_fwd_cnt = COUNTER_START;
    host.island_buf_alloc = SKR_VSOCK_WINDOW_BYTES;
    host.tx_cnt = COUNTER_START;
    host.fwd_cnt = COUNTER_START;
    a.peer.fwd_cnt = COUNTER_START;
}

/* The host sends what the island's credit and posted buffers allow, in packets of changing size. */
static void host_sends(bool large)
{
    bool room = true;

    while (room && (host.sent < host.total)) {
        const uint32_t credit = host.island_buf_alloc - (host.tx_cnt - host.island_fwd_cnt);
        const uint64_t left = host.total - host.sent;
        uint32_t bytes = large ? PAYLOAD_MAX : (1U + (test_random(&host.random) % 200U));

        bytes = (bytes < credit) ? bytes : credit;
        bytes = (bytes < left) ? bytes : (uint32_t)left;
        room = (bytes != 0U) && peer_send_data(&a.peer, HOST_PORT, PORT, &pattern[host.sent % PATTERN], bytes);
        if (room) {
            host.sent += bytes;
            host.tx_cnt += bytes;
            host.to_island++;
        }
    }
}

/* The host takes what the island sent, and checks it. */
static void host_takes(void)
{
    while (peer_take(&a.peer)) {
        const skr_vsock_packet_t *p = &a.peer.got;

        host.from_island++;
        host.island_buf_alloc = p->buf_alloc;
        host.good = host.good && ((host.tx_cnt - p->fwd_cnt) <= (host.tx_cnt - host.island_fwd_cnt)); /* only ever forward */
        host.island_fwd_cnt = p->fwd_cnt;
        if (p->op == SKR_VSOCK_OP_RW) {
            host.good = host.good && (memcmp(a.peer.payload, &pattern[host.echoed % PATTERN], p->length) == 0);
            host.echoed += p->length;
            host.fwd_cnt += p->length;
        } else {
            host.good = host.good && ((p->op == SKR_VSOCK_OP_CREDIT_UPDATE) || (p->op == SKR_VSOCK_OP_CREDIT_REQUEST));
        }
    }
    a.peer.fwd_cnt = host.fwd_cnt;
}

/* The application: an echo without a copy of its own. */
static void island_echoes(skr_vsock_handle_t handle, uint32_t most)
{
    const uint8_t *data = NULL;
    uint32_t length = 0U;
    uint32_t taken = 1U;

    while ((taken != 0U) && (skr_vsock_peek(&a.v, handle, &data, &length) == SKR_OK)) {
        const skr_status_t sent = skr_vsock_send(&a.v, handle, data, (length < most) ? length : most, &taken);

        host.good = host.good && ((sent == SKR_OK) || (sent == SKR_AGAIN));
        host.good = host.good && (skr_vsock_consume(&a.v, handle, taken) == SKR_OK);
    }
}

static void echo(skr_transport_kind_t kind, bool event_idx, uint64_t total, bool large)
{
    uint64_t idle = 0U;
    uint64_t told = 0U;
    const time_t begun = time(NULL);

    given_pattern();
    memset(&host, 0, sizeof host);
    host.total = total;
    host.random = 88172645U;
    host.good = true;
    island_open(&a, kind, event_idx, 0U);
    island_start(&a);
    given_ring_at(SKR_VSOCK_RX);
    given_ring_at(SKR_VSOCK_TX);
    const skr_vsock_handle_t handle = island_accept(&a, PORT, HOST_PORT);
    given_counters_at(handle);

    while (host.good && (host.echoed < total) && (idle < 1000U)) {
        const uint64_t before = host.sent + host.echoed;

        host_sends(large);
        host.good = host.good && (island_step(&a) == SKR_OK);
        island_echoes(handle, large ? SKR_VSOCK_WINDOW_BYTES : 120U);
        host_takes();
        idle = ((host.sent + host.echoed) == before) ? (idle + 1U) : 0U;
        if (large && ((host.echoed - told) >= (1ULL << 28U))) {
            told = host.echoed;
            printf("soak: %llu of %llu bytes echoed\n", (unsigned long long)told, (unsigned long long)total);
            (void)fflush(stdout);
        }
    }

    CHECK(host.good);
    CHECK_EQUAL(host.echoed, total);
    CHECK_EQUAL(a.model.breaches, 0U);
    CHECK_EQUAL(a.v.counters.broken_flows, 0U);
    CHECK_EQUAL(a.v.counters.odd_packets, 0U);
    CHECK_EQUAL(island_flow(&a, handle)->tx_cnt, (uint32_t)(COUNTER_START + total));
    CHECK_EQUAL(island_flow(&a, handle)->fwd_cnt, (uint32_t)(COUNTER_START + total));
    if (large) {
        printf("soak: %llu bytes there and back in %llu + %llu packets, %ld s, no byte wrong: %s\n",
               (unsigned long long)host.echoed, (unsigned long long)host.to_island, (unsigned long long)host.from_island,
               (long)(time(NULL) - begun), host.good ? "yes" : "NO");
    }
}

/* Whether the long run was asked for instead; its bytes. */
static uint64_t asked(void)
{
    const char *text = getenv("SKR_SOAK_BYTES");

    return (text == NULL) ? 0U : strtoull(text, NULL, 0);
}

/* [utest->dsn~vsock.step~1] [utest->dsn~vsock.send~1] [utest->dsn~vsock.peek~1] technique: oracle, boundary value; ADV-V25: three
 * wraps of the indices of both rings, one of every credit counter. 27 MB in packets of 1 .. 200
 * bytes towards the island, and of up to 120 back */
static void test_soak_echo_across_wraps_without_a_byte_wrong(void)
{
    if (asked() == 0U) {
        echo(SKR_TRANSPORT_MMIO_V2, false, 27000000U, false);
        CHECK(host.to_island > (3ULL * 65536ULL)); /* three rounds of the indices of each ring */
        CHECK(host.from_island > (3ULL * 65536ULL));
    } else {
        CHECK(asked() != 0U);
    }
}

/* [utest->dsn~vsock.step~1] [utest->dsn~vsock.send~1] technique: oracle; with EVENT_IDX, whose comparison wraps as well, and over the
 * other transports: one wrap of the indices each */
static void test_soak_echo_with_event_idx_and_other_transports(void)
{
    if (asked() == 0U) {
        echo(SKR_TRANSPORT_MMIO_V2, true, 500000U, false);
        echo(SKR_TRANSPORT_MMIO_V1, true, 500000U, false);
        echo(SKR_TRANSPORT_HVL, true, 500000U, false);
        echo(SKR_TRANSPORT_HVL, false, 500000U, false);
    }
    CHECK_EQUAL(a.model.breaches, 0U);
}

/* [utest->dsn~vsock.step~1] [utest->dsn~vsock.recv~1] technique: oracle; the long run, of SKR_SOAK_BYTES; 1 MiB if nobody asks */
static void test_soak_echo_of_large_packets_without_a_byte_wrong(void)
{
    echo(SKR_TRANSPORT_HVL, false, (asked() == 0U) ? 0x100000U : asked(), true);
}

SKR_SUITE(soak,
    SKR_TEST(test_soak_echo_across_wraps_without_a_byte_wrong),
    SKR_TEST(test_soak_echo_with_event_idx_and_other_transports),
    SKR_TEST(test_soak_echo_of_large_packets_without_a_byte_wrong))
